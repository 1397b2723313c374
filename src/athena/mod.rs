//! Amazon Athena: the engine for logs that one machine is too small for.
//!
//! `Logs::open("athena://database.table?workgroup=W")` opens a table. The way of a query:
//!
//! 1. The front end of both engines reads it and the guard checks it; [`table`] says which partitions
//!    Athena looks at, and the listing of those that the conditions leave is the estimate.
//! 2. [`execute`] starts it in its [`workgroup`], the [`journal`] notes its id on the disk, and it is
//!    waited for; an [`interrupt`] stops it at Athena.
//! 3. [`results`] brings the rows: pages, or the [`csv`] file, or Parquet by [`unload`]. A [`column`] is built
//!    from texts; [`value`] reads arrays, maps and rows.
//!
//! What goes wrong is told by [`errors`]: in one sentence with the query's id, and what to do.
//!
//! A [`snapshot`] of a scope, a table of Parquet beside the logs', answers in their place.
//!
//! A query's id outlives the process that started it: [`list`] tells it, [`resume`] takes the query up, [`cancel`]
//! stops it.

mod column;
mod csv;
mod errors;
mod execute;
mod interrupt;
mod journal;
mod list;
mod results;
mod snapshot;
mod source;
mod table;
mod unload;
mod value;
mod workgroup;

use std::fmt;
use std::sync::Arc;

use aws_sdk_athena::Client;
use chrono::{DateTime, Utc};
use tokio::sync::OnceCell;

use crate::answer::{Answer, Provenance};
use crate::aws::{Aws, split_url};
use crate::embedded::Engine;
use crate::logs::engine::{Outcome, Part, QueryEngine};
use crate::logs::location::Location;
use crate::logs::scope::{Layout, utc};
use crate::sql::{OutputColumn, Plan};
use crate::{Coverage, Error, Inventory, QueryOptions, Result, Scope, Snapshot, runtime, show};
use execute::Finished;
use journal::{Entry, Journal};
pub use list::list;
use results::Results;
use snapshot::StandIn;
pub(crate) use snapshot::prefix as snapshots_of;
pub(crate) use source::{Source, WORKGROUP};
use table::Table;
use workgroup::Workgroup;

/// What is known of a query before it runs.
struct Checked {
    columns: Vec<OutputColumn>,
    plan: Plan,
    /// The snapshot that can answer it.
    stand_in: Option<StandIn>,
    /// Why a snapshot that it may have been asked of cannot.
    warning: Option<String>,
}

/// A table at Athena, and what runs queries on it.
pub(crate) struct Athena {
    /// As it was opened.
    name: String,
    sql_name: String,
    source: Source,
    aws: Aws,
    client: Client,
    table: Arc<Table>,
    workgroup: OnceCell<Workgroup>,
    /// Reads queries and lists the table's objects.
    front: Engine,
    /// Why the objects cannot be listed.
    unlisted: Option<String>,
}

impl Athena {
    /// Looks the table up and lists the first folder of its logs.
    ///
    /// # Errors
    ///
    /// [`is_invalid`](Error::is_invalid), [`is_not_found`](Error::is_not_found), [`is_denied`](Error::is_denied).
    pub(crate) fn open(name: &str, location: &Location) -> Result<Athena> {
        Self::of(name, Source::of(location)?)
    }

    fn of(name: &str, source: Source) -> Result<Athena> {
        let aws = Aws::open(&source.profile, &source.region)?;
        let client = aws.athena();
        let table = Arc::new(runtime::block_on(Table::get(&client, &source, aws.region()))??);
        let (front, unlisted) = match front(&aws, &table) {
            Ok(front) => (front, None),
            Err(error) => {
                // It is in another region, which is not to become that of Athena.
                let error = match error.is_invalid() {
                    true => error.hint("Athena reads it all the same, and AWS bills the transfer"),
                    false => error,
                };
                (Engine::unlisted(&table.location)?, Some(error.to_string()))
            }
        };
        Ok(Athena {
            name: name.to_owned(),
            sql_name: source.sql_name(),
            source,
            aws,
            client,
            table,
            workgroup: OnceCell::new(),
            front,
            unlisted,
        })
    }

    async fn workgroup(&self) -> Result<&Workgroup> {
        self.workgroup.get_or_try_init(|| Workgroup::get(&self.client, &self.source.workgroup)).await
    }

    /// The options with which the front end reads a query.
    fn reading(&self, options: &QueryOptions) -> Result<QueryOptions> {
        let only_here = |what: &str| {
            Err(Error::invalid(format!("{what} is not possible on Athena, which reads the table as it is")))
        };
        if options.deduplicate {
            return only_here("to drop duplicates")
                .map_err(|error: Error| error.hint("count with count(DISTINCT eventid)"));
        }
        if options.null_json_as_text {
            return only_here("to choose what a JSON null is");
        }
        let mut options = options.clone();
        options.table.get_or_insert_with(|| format!("{}.{}", self.source.database, self.source.table));
        Ok(options)
    }

    /// What the front end makes of a query; nothing if it is not to look.
    fn check(&self, sql: &str, options: &QueryOptions) -> Result<Option<Checked>> {
        let options = self.reading(options)?;
        if options.unchecked {
            return Ok(None);
        }
        let snapshots = self.snapshots()?;
        if !snapshots.is_empty() {
            self.front.forget();
        }
        let prepared = self.front.prepare(sql, &options, !options.allow_full_scan);
        let prepared = prepared.map_err(|error| match error.is_rejected() {
            true => error.or("send it as it is, unguarded (`--unchecked`, `unchecked(true)`)"),
            false => error,
        })?;
        let (stand_in, warning) = self.stand_in(snapshots, sql, &prepared, &options)?;
        let (columns, plan) = prepared.into_plan();
        Ok(Some(Checked { columns, plan, stand_in, warning }))
    }

    /// The query would be stopped half-way.
    async fn check_cutoff(&self, bytes: u64) -> Result<()> {
        match self.workgroup().await?.cutoff {
            Some(cutoff) if bytes > cutoff => Err(Error::rejected(format!(
                "the query would read {}, and the workgroup `{}` stops queries at {}",
                show::bytes(bytes),
                self.source.workgroup,
                show::bytes(cutoff)
            ))
            .hint("narrow accounts, regions and days, or raise the workgroup's cutoff")),
            _ => Ok(()),
        }
    }

    /// Runs a statement to its end.
    async fn execute(&self, sql: &str) -> Result<(Finished, Vec<String>)> {
        let location = self.workgroup().await?.output_location(&self.source)?;
        let id = execute::start(&self.client, sql, &self.source, location).await?;
        let noted = Journal::open().and_then(|journal| journal.add(&self.entry(&id, sql)));
        let warnings = noted.err().map(|error| {
            format!("the query's id {id} is not noted, so no other process can take it up: {error}")
        });
        let finished = execute::wait(&self.client, &id, &self.known()).await?;
        Ok((finished, warnings.into_iter().collect()))
    }

    /// Runs a query and brings its rows.
    async fn rows(
        &self,
        sql: &str,
        columns: Option<&[OutputColumn]>,
        mut parts: Option<&mut Part<'_>>,
    ) -> Result<(Finished, Results)> {
        let place = self.workgroup().await?.place(&self.source);
        let obstacle = match (self.source.unload, columns, place) {
            (false, ..) => None,
            (true, Some(columns), Some(place)) => match unload::obstacle(columns) {
                None => {
                    let folder = unload::folder(place, std::process::id());
                    let (finished, warnings) = self.execute(&unload::statement(sql, &folder)).await?;
                    let mut results = unload::fetch(&self.aws, &folder, columns).await?;
                    results.warnings.extend(warnings);
                    if let Some(parts) = &mut parts {
                        parts(&results.frame, &results.columns)?;
                    }
                    return Ok((finished, results));
                }
                obstacle => obstacle,
            },
            (true, None, _) => Some("the columns' types are not known"),
            (true, _, None) => Some("the workgroup has no place in S3 for it"),
        };
        let (finished, warnings) = self.execute(sql).await?;
        let mut results = results::fetch(&self.aws, &self.client, &finished, columns, parts).await?;
        results.warnings.extend(warnings);
        results.warnings.extend(obstacle.map(|why| format!("the results did not come as Parquet: {why}")));
        Ok((finished, results))
    }

    fn entry(&self, id: &str, sql: &str) -> Entry {
        Entry {
            id: id.to_owned(),
            started: utc(Utc::now()),
            source: self.name.clone(),
            region: self.aws.region().to_owned(),
            sql: sql.to_owned(),
        }
    }

    /// The names that a query may have meant.
    fn known(&self) -> Vec<&str> {
        self.table
            .columns
            .iter()
            .map(|(name, _)| name.as_str())
            .chain([self.source.table.as_str(), &self.source.database])
            .collect()
    }

    fn answer(&self, sql: &str, options: &QueryOptions, parts: Option<&mut Part<'_>>) -> Result<Outcome> {
        let checked = runtime::on_own_thread(|_| self.check(sql, options))?;
        runtime::block_on(self.answer_checked(sql, checked, parts))?
    }

    async fn answer_checked(
        &self,
        sql: &str,
        checked: Option<Checked>,
        mut parts: Option<&mut Part<'_>>,
    ) -> Result<Outcome> {
        let Some(Checked { columns, plan, stand_in, warning }) = checked else {
            let (finished, rows) = self.rows(sql, None, parts).await?;
            let unguarded = "the query was sent as it is: nothing checked its conditions on the partitions";
            return Ok(outcome(finished, rows, None, vec![unguarded.to_owned()]));
        };
        let mut warnings: Vec<String> = warning.into_iter().chain(plan.warnings().iter().cloned()).collect();
        if let Some(stand_in) = stand_in {
            self.check_cutoff(stand_in.of_logs).await?;
            match self.ask_snapshot(&stand_in, &columns, parts.as_deref_mut()).await? {
                Ok((finished, rows)) => {
                    warnings.push(stand_in.saving(finished.scanned, plan.bytes()));
                    let mut outcome = outcome(finished, rows, None, warnings);
                    outcome.coverage.snapshot = Some(stand_in.made().to_owned());
                    outcome.ran = Some(stand_in.sql);
                    return Ok(outcome);
                }
                Err(why) => warnings.push(stand_in.unused(&why)),
            }
        }
        self.check_cutoff(plan.bytes()).await?;
        let (finished, rows) = self.rows(sql, Some(&columns), parts).await?;
        if let Some(why) = &self.unlisted {
            warnings.push(format!("there is no estimate: the logs' objects could not be listed ({why})"));
        }
        let estimate = self.unlisted.is_none().then(|| plan.bytes());
        Ok(outcome(finished, rows, estimate, warnings))
    }

    /// The rows of a snapshot, or why it has none to give: it is gone, or the caller may not read it.
    async fn ask_snapshot(
        &self,
        stand_in: &StandIn,
        columns: &[OutputColumn],
        parts: Option<&mut Part<'_>>,
    ) -> Result<Result<(Finished, Results), String>> {
        match self.is_whole(stand_in).await {
            Ok(true) => {}
            Ok(false) => return Ok(Err("its files are not those that were made".to_owned())),
            Err(error) => return Ok(Err(error.to_string())),
        }
        match self.rows(&stand_in.sql, Some(columns), parts).await {
            Err(error) if error.is_not_found() || error.is_denied() => Ok(Err(error.to_string())),
            rows => rows.map(Ok),
        }
    }
}

fn outcome(finished: Finished, rows: Results, estimate: Option<u64>, mut warnings: Vec<String>) -> Outcome {
    warnings.extend(rows.warnings);
    Outcome {
        frame: rows.frame,
        columns: rows.columns,
        coverage: Coverage::default(),
        warnings,
        execution: Some(finished.into_execution(estimate)),
        ran: None,
    }
}

/// The engine that reads queries and lists the table's objects.
fn front(aws: &Aws, table: &Arc<Table>) -> Result<Engine> {
    let Some((bucket, prefix)) = split_url(&table.location) else {
        return Err(Error::invalid(format!("the table's location `{}` is not in S3", table.location)));
    };
    let table = table.clone();
    Engine::open_within(aws.bucket(bucket)?, prefix.trim_end_matches('/'), move |partition| {
        table.projects(partition)
    })
}

impl QueryEngine for Athena {
    fn name(&self) -> String {
        format!("Athena, {} in {}", self.source.workgroup, self.aws.region())
    }

    fn table(&self) -> &str {
        &self.sql_name
    }

    fn layout(&self) -> Layout {
        self.table.layout.clone()
    }

    fn accounts(&self) -> Result<Vec<String>> {
        match self.table.accounts.is_empty() {
            true => self.front.accounts(),
            false => Ok(self.table.accounts.iter().cloned().collect()),
        }
    }

    fn regions(&self) -> Result<Vec<String>> {
        match self.table.regions.is_empty() {
            true => self.front.regions(),
            false => Ok(self.table.regions.iter().cloned().collect()),
        }
    }

    fn inventory(&self, source: &str, scope: &Scope) -> Result<Inventory> {
        match &self.unlisted {
            Some(why) => Err(Error::denied(format!("the logs' objects cannot be listed: {why}"))),
            None => self.front.inventory(source, scope),
        }
    }

    fn snapshot(&self, scope: &Scope) -> Result<Snapshot> {
        self.make_snapshot(scope)
    }

    fn plan(&self, sql: &str, options: &QueryOptions) -> Result<Plan> {
        if let Some(why) = &self.unlisted {
            return Err(Error::denied(format!("the logs' objects cannot be listed: {why}")));
        }
        self.front.plan(sql, &self.reading(options)?)
    }

    fn run(&self, sql: &str, options: &QueryOptions) -> Result<Outcome> {
        self.answer(sql, options, None)
    }

    fn stream(&self, sql: &str, options: &QueryOptions, part: &mut Part<'_>) -> Result<Outcome> {
        self.answer(sql, options, Some(part))
    }
}

impl fmt::Debug for Athena {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Athena").field("source", &self.source).finish_non_exhaustive()
    }
}

/// Runs a statement of the set-up, which names no table's rows, and waits for its end.
///
/// # Errors
///
/// What Athena says of it.
pub(crate) fn run_statement(aws: &Aws, workgroup: &str, sql: &str) -> Result<()> {
    let (client, source) = (aws.athena(), Source::in_workgroup(workgroup));
    runtime::block_on(async {
        let id = execute::start(&client, sql, &source, None).await?;
        execute::wait(&client, &id, &[]).await.map(drop)
    })?
}

/// Takes up a query that was started from this machine: waits for it and gives its answer.
///
/// # Errors
///
/// [`is_not_found`](Error::is_not_found) when no such query was started from here; otherwise as
/// [`Logs::query`](crate::Logs::query).
pub fn resume(id: &str) -> Result<Answer> {
    let (entry, source) = noted(id)?;
    let athena = Athena::of(&entry.source, source)?;
    let (sql, folder) = match unload::parse(&entry.sql) {
        Some((sql, folder)) => (sql, Some(folder)),
        None => (entry.sql.clone(), None),
    };
    let columns = athena.front.columns(&sql, &athena.reading(&QueryOptions::default())?).ok();
    runtime::block_on(async {
        let finished = execute::wait(&athena.client, id, &athena.known()).await?;
        let rows = match (&folder, &columns) {
            (Some(folder), Some(columns)) => unload::fetch(&athena.aws, folder, columns).await?,
            _ => results::fetch(&athena.aws, &athena.client, &finished, columns.as_deref(), None).await?,
        };
        let started = DateTime::parse_from_rfc3339(&entry.started).map(|started| started.with_timezone(&Utc));
        let provenance = Provenance {
            question: None,
            step: None,
            engine: athena.name(),
            source: entry.source,
            sql,
            scope: None,
            coverage: Coverage::default(),
            warnings: rows.warnings,
            execution: Some(finished.into_execution(None)),
            started: started.unwrap_or_default(),
            finished: Utc::now(),
        };
        Ok(Answer::new(rows.frame, rows.columns, provenance))
    })?
}

/// Stops a query that was started from this machine; one that is over stays as it is. Athena bills what it
/// had read.
///
/// # Errors
///
/// [`is_not_found`](Error::is_not_found) when no such query was started from here;
/// [`is_denied`](Error::is_denied) when the caller may not stop it.
pub fn cancel(id: &str) -> Result<()> {
    let (_, source) = noted(id)?;
    let client = Aws::open(&source.profile, &source.region)?.athena();
    runtime::block_on(execute::stop(&client, id))?
}

/// What was noted of a query, and where it runs.
fn noted(id: &str) -> Result<(Entry, Source)> {
    let entry = Journal::open()?.find(id)?;
    let source = entry.source()?;
    Ok((entry, source))
}
