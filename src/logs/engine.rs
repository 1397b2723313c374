//! What answers queries on logs: the embedded engine, or Athena.

use std::fmt;

use polars::prelude::DataFrame;

use super::scope::Scope;
use super::{Inventory, QueryOptions, TABLE};
use crate::show::Column;
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

    /// The accounts that the logs hold, sorted.
    fn accounts(&self) -> Result<Vec<String>>;

    /// The regions that the logs hold, sorted.
    fn regions(&self) -> Result<Vec<String>>;

    /// What the logs hold of a scope.
    fn inventory(&self, source: &str, scope: &Scope) -> Result<Inventory>;

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
}

/// The answer to a query.
pub(crate) struct Outcome {
    pub(crate) frame: DataFrame,
    pub(crate) columns: Vec<Column>,
    pub(crate) coverage: Coverage,
    pub(crate) warnings: Vec<String>,
}
