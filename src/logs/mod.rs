//! What a notebook cell holds of the logs.

pub(crate) mod coverage;
pub(crate) mod days;
pub(crate) mod engine;
mod export;
mod inventory;
pub(crate) mod location;
mod options;
pub(crate) mod scope;
pub(crate) mod snapshot;

use std::path::Path;
use std::sync::Arc;

use crate::answer::{Answer, Provenance};
use crate::athena::Athena;
use crate::embedded::Engine;
use crate::investigations::Investigation;
use crate::sql::Plan;
use crate::{Aws, Error, Result, sample};
use engine::QueryEngine;
pub use export::Export;
pub use inventory::Inventory;
use location::Location;
pub use options::QueryOptions;
use scope::Scope;
pub use snapshot::Snapshot;

/// The table that questions are asked of: the name that the set-up gives it on Athena.
///
/// The embedded engine takes any name.
pub const TABLE: &str = "cloudtrail_logs.cloudtrail_partitioned";

/// A handle to CloudTrail logs. Cheap to clone.
///
/// # Examples
///
/// ```
/// # fn main() -> trailbook::Result<()> {
/// use trailbook::Logs;
///
/// let logs = Logs::open("sample")?;
/// let answer = logs.query(
///     "SELECT eventname, count(*) AS events
///      FROM cloudtrail_logs.cloudtrail_partitioned
///      WHERE account_id = '111122223333' AND region = 'us-east-1'
///        AND year = '2026' AND month = '10' AND day BETWEEN '12' AND '13'
///      GROUP BY eventname ORDER BY events DESC LIMIT 5",
/// )?;
/// assert_eq!(answer.height(), 5);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Logs {
    source: String,
    engine: Arc<dyn QueryEngine>,
    options: QueryOptions,
}

impl Logs {
    /// Opens logs: `sample`, a folder or file of CloudTrail logs, or a bucket's.
    ///
    /// A folder may be any level of a tree as an S3 bucket holds it
    /// (`[prefix/]AWSLogs/[o-…/]<account>/CloudTrail/<region>/<yyyy>/<mm>/<dd>/*.json.gz`).
    /// `sample` is a small organization's logs of four weeks with an incident in them, generated
    /// into the user's cache folder when first asked for.
    ///
    /// `s3://bucket/prefix[?profile=P&region=R]` reads the same tree, or one object, from S3, with the
    /// credentials that the AWS CLI would use.
    ///
    /// `athena://database.table[?workgroup=W&region=R&profile=P&catalog=C&results=s3://…&reuse=MINUTES&format=parquet]`
    /// asks Amazon Athena. The results go where the workgroup says, or to `results`; those of the same
    /// query that are at most `reuse` minutes old are taken instead of running it; with `format=parquet`
    /// they come by UNLOAD, which keeps every type. What is not named is that of the set-up: the table
    /// [`TABLE`] and the workgroup `trailbook`, in which no query scans more than it allows. `primary` is never
    /// taken unless it is named.
    ///
    /// A folder is listed here, a bucket as far as each question needs; no log is read.
    ///
    /// # Errors
    ///
    /// [`is_not_found`](Error::is_not_found) when nothing is there; [`is_denied`](Error::is_denied) when
    /// AWS does not let the caller see it.
    pub fn open(source: &str) -> Result<Logs> {
        Self::open_with(source, QueryOptions::default())
    }

    /// As [`open`](Logs::open), with options that every question is asked with.
    ///
    /// # Errors
    ///
    /// As [`open`](Logs::open).
    pub fn open_with(source: &str, options: QueryOptions) -> Result<Logs> {
        let engine: Arc<dyn QueryEngine> = match source {
            "sample" => Arc::new(Engine::open(&sample::cached()?)?),
            source => match Location::parse(source)? {
                None => Arc::new(Engine::open(Path::new(source))?),
                Some(location) if location.scheme == "athena" => Arc::new(Athena::open(source, &location)?),
                Some(location) if location.scheme == "s3" => {
                    let [profile, region] = location.parameters(["profile", "region"])?;
                    let (bucket, prefix) = location.path.split_once('/').unwrap_or((&location.path, ""));
                    let bucket = Aws::open(&profile, &region)?.bucket(bucket)?;
                    Arc::new(Engine::open_bucket(bucket, prefix.trim_end_matches('/'))?)
                }
                Some(location) => {
                    return Err(Error::invalid(format!("logs at `{}://` cannot be opened", location.scheme))
                        .hint("name a folder, s3://bucket/prefix, or athena://database.table"));
                }
            },
        };
        Ok(Logs { source: source.to_owned(), engine, options })
    }

    /// What was opened, as it was named.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// A scope of these logs: accounts, regions, and the half-open UTC window `[from, to)`.
    ///
    /// No account or no region means all that the logs hold. A time is a day (`2026-10-12`) or
    /// an instant (`2026-10-12T08:00:00Z`).
    ///
    /// # Errors
    ///
    /// [`is_invalid`](Error::is_invalid) for a malformed time or an empty window;
    /// [`is_not_found`](Error::is_not_found) for an account or a region that the logs do not hold,
    /// naming those that they do: asking for it would silently find nothing.
    pub fn scope(&self, accounts: &[String], regions: &[String], from: &str, to: &str) -> Result<Scope> {
        let accounts = held("account", accounts, self.engine.accounts()?)?;
        let regions = held("region", regions, self.engine.regions()?)?;
        Scope::new(accounts, regions, from, to)
    }

    /// What the logs hold of a scope, from their listing: no log is read.
    ///
    /// # Errors
    ///
    /// When a bucket cannot be listed; never for a folder.
    pub fn inventory(&self, scope: &Scope) -> Result<Inventory> {
        self.engine.inventory(&self.source, scope)
    }

    /// Keeps a scope's events in a form that is quick to ask: an incident is asked twenty questions over
    /// one window.
    ///
    /// Reads the logs of the scope once and writes them as Parquet into `$TRAILBOOK_HOME/snapshots`, or
    /// into the user's cache folder. From then on a question that needs nothing but the scope's days,
    /// accounts and regions is answered from it, with the same rows, and says so; where the listing of
    /// the logs has changed since, from the logs.
    ///
    /// On Athena it is a table of Parquet beside the logs', made by CREATE TABLE AS, for which Athena bills what
    /// it reads; its list of objects is kept under `$TRAILBOOK_HOME/athena/snapshots`. A question is asked of it
    /// and, for the days that have changed since or that it does not have, of the logs. A snapshot that is
    /// there and has the scope as it is now is not made again.
    ///
    /// # Errors
    ///
    /// [`is_io`](Error::is_io) when it cannot be written; on Athena [`is_denied`](Error::is_denied) when
    /// the caller may not make tables, [`is_rejected`](Error::is_rejected) when the workgroup would stop it,
    /// [`is_invalid`](Error::is_invalid) when the table has no days or the workgroup no place.
    pub fn snapshot(&self, scope: &Scope) -> Result<Snapshot> {
        self.engine.snapshot(scope)
    }

    /// Asks a saved question of a scope.
    ///
    /// # Errors
    ///
    /// [`is_invalid`](Error::is_invalid) when a parameter has no value; otherwise as [`query`](Logs::query).
    pub fn ask(&self, question: &Investigation, scope: &Scope) -> Result<Answer> {
        let sql = question.sql_in(self.engine.table(), scope, &self.engine.layout())?;
        let mut options = self.options.clone();
        if scope.accounts().is_empty() || scope.regions().is_empty() {
            // The folders do not say what the conditions would be on.
            options = options.allow_full_scan(true);
        }
        let mut answer = self.run(&sql, &options, Some(question), Some(scope))?;
        if question.is_global() {
            answer.warn(self.elsewhere(scope)?);
        }
        Ok(answer)
    }

    /// What a scope cannot show of events that are recorded, and delivered, in a region of their own choice.
    fn elsewhere(&self, scope: &Scope) -> Result<Option<String>> {
        let mut left_out = self.engine.regions()?;
        left_out.retain(|region| !scope.regions().is_empty() && !scope.regions().contains(region));
        Ok((!left_out.is_empty()).then(|| {
            format!(
                "sign-ins and changes in IAM are recorded in the region of their endpoint, and delivered under that \
                 or another one; the scope leaves out {}: ask all regions to be sure",
                left_out.join(", ")
            )
        }))
    }

    /// Runs a query in Athena's SQL.
    ///
    /// # Errors
    ///
    /// [`is_rejected`](Error::is_rejected) when Athena would refuse it, or when it does not constrain
    /// the partition columns; [`is_failed`](Error::is_failed) when it fails while it runs. A damaged
    /// object is no error: it is in the answer's [`coverage`](Answer::coverage).
    pub fn query(&self, sql: &str) -> Result<Answer> {
        self.run(sql, &self.options, None, None)
    }

    /// As [`query`](Logs::query), with options for this query.
    ///
    /// # Errors
    ///
    /// As [`query`](Logs::query).
    pub fn query_with(&self, sql: &str, options: &QueryOptions) -> Result<Answer> {
        self.run(sql, options, None, None)
    }

    /// What a query would read, without reading it.
    ///
    /// # Errors
    ///
    /// [`is_rejected`](Error::is_rejected) when Athena would refuse the query.
    pub fn explain(&self, sql: &str) -> Result<Plan> {
        self.engine.plan(sql, &self.options)
    }

    fn run(
        &self,
        sql: &str,
        options: &QueryOptions,
        question: Option<&Investigation>,
        scope: Option<&Scope>,
    ) -> Result<Answer> {
        let started = chrono::Utc::now();
        let outcome = self.engine.run(sql, options)?;
        let provenance = Provenance {
            question: question.cloned(),
            step: None,
            engine: self.engine.name(),
            source: self.source.clone(),
            sql: outcome.ran.unwrap_or_else(|| sql.to_owned()),
            scope: scope.cloned(),
            coverage: outcome.coverage,
            warnings: outcome.warnings,
            execution: outcome.execution,
            started,
            finished: chrono::Utc::now(),
        };
        Ok(Answer::new(outcome.frame, outcome.columns, provenance))
    }
}

/// The values asked for, or all that there are.
fn held(what: &str, asked: &[String], there: Vec<String>) -> Result<Vec<String>> {
    if asked.is_empty() {
        return Ok(there);
    }
    if let Some(missing) = asked.iter().find(|value| !there.contains(value)) {
        return Err(Error::not_found(format!("the logs hold no {what} `{}`", missing.escape_debug())).hint(
            match there.as_slice() {
                [] => format!("their folders name no {what}"),
                there => format!("they hold {}", there.join(", ")),
            },
        ));
    }
    let mut asked = asked.to_vec();
    asked.sort();
    asked.dedup();
    Ok(asked)
}
