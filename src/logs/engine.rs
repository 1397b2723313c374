//! What answers queries on logs: the embedded engine, or Athena.

use std::fmt;

use polars::prelude::DataFrame;

use super::scope::{Layout, Scope};
use super::{Inventory, QueryOptions, Snapshot, TABLE};
use crate::show::{self, Column};
use crate::sql::Plan;
use crate::{Coverage, Result};

/// An engine with the logs that it was opened on.
pub(crate) trait QueryEngine: fmt::Debug + Send + Sync {
    /// What answers, for the record of an answer.
    fn name(&self) -> String;

    /// What the saved questions name in FROM.
    fn table(&self) -> &str {
        TABLE
    }

    /// What the table calls its partition columns.
    fn layout(&self) -> Layout {
        Layout::default()
    }

    /// The accounts that the logs hold, sorted.
    fn accounts(&self) -> Result<Vec<String>>;

    /// The regions that the logs hold, sorted.
    fn regions(&self) -> Result<Vec<String>>;

    /// What the logs hold of a scope.
    fn inventory(&self, source: &str, scope: &Scope) -> Result<Inventory>;

    /// Keeps the events of a scope for later questions.
    ///
    /// # Errors
    ///
    /// It cannot be written, or Athena refuses it.
    fn snapshot(&self, scope: &Scope) -> Result<Snapshot>;

    /// What a query would read.
    ///
    /// # Errors
    ///
    /// [`is_rejected`](crate::Error::is_rejected) where Athena would refuse it.
    fn plan(&self, sql: &str, options: &QueryOptions) -> Result<Plan>;

    /// Answers a query.
    ///
    /// # Errors
    ///
    /// [`is_rejected`](crate::Error::is_rejected) where Athena or the guard refuses it,
    /// [`is_failed`](crate::Error::is_failed) where it fails on the rows it meets.
    fn run(&self, sql: &str, options: &QueryOptions) -> Result<Outcome>;

    /// Answers a query part by part, as its rows come; at least one part is given. The outcome's frame is
    /// not to be looked at.
    ///
    /// # Errors
    ///
    /// As [`run`](QueryEngine::run), and those of `part`.
    fn stream(&self, sql: &str, options: &QueryOptions, part: &mut Part<'_>) -> Result<Outcome> {
        let outcome = self.run(sql, options)?;
        part(&outcome.frame, &outcome.columns)?;
        Ok(outcome)
    }
}

/// What takes some of a result's rows.
pub(crate) type Part<'a> = dyn FnMut(&DataFrame, &[Column]) -> Result<()> + Send + 'a;

/// The answer to a query.
pub(crate) struct Outcome {
    pub(crate) frame: DataFrame,
    pub(crate) columns: Vec<Column>,
    pub(crate) coverage: Coverage,
    pub(crate) warnings: Vec<String>,
    pub(crate) execution: Option<Execution>,
    /// The statement that ran, where it is not the one that was asked.
    pub(crate) ran: Option<String>,
}

/// What became of a query at Athena.
#[derive(Clone, Debug)]
pub(crate) struct Execution {
    pub(crate) query_id: String,
    pub(crate) workgroup: String,
    /// As stored.
    pub(crate) bytes_scanned: u64,
    pub(crate) cost_usd: f64,
    /// Whether the result is that of an earlier run.
    pub(crate) is_reused: bool,
    /// The bytes that the listing let expect, if there was one.
    pub(crate) estimate: Option<u64>,
}

impl fmt::Display for Execution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.is_reused {
            true => f.write_str("of an earlier run, for nothing")?,
            false => {
                write!(f, "{} read by Athena for ${:.4}", show::bytes(self.bytes_scanned), self.cost_usd)?
            }
        }
        if let Some(bytes) = self.estimate.filter(|_| !self.is_reused) {
            write!(f, " (estimated {})", show::bytes(bytes))?;
        }
        write!(f, ", query {}", self.query_id)
    }
}
