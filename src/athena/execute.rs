//! A query's way at Athena: start, wait, stop.

use std::time::{Duration, Instant};

use aws_sdk_athena::Client;
use aws_sdk_athena::types::{
    QueryExecution, QueryExecutionContext, QueryExecutionState as State, ResultConfiguration,
    ResultReuseByAgeConfiguration, ResultReuseConfiguration, StatementType,
};

use super::errors;
use super::interrupt::Running;
use super::source::Source;
use crate::logs::engine::Execution;
use crate::progress::Progress;
use crate::{Error, Result, show, sql};

/// Between two looks at a query: a tenth of the time it has taken, within these bounds. So little is added
/// to a short query, and little is asked about a long one.
const PAUSE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// A query that succeeded.
#[derive(Clone, Debug)]
pub(super) struct Finished {
    pub(super) id: String,
    pub(super) workgroup: String,
    /// Bytes read, as they are stored.
    pub(super) scanned: u64,
    /// Whether the result is that of an earlier run, which costs nothing.
    pub(super) is_reused: bool,
    /// The result file: `s3://bucket/prefix/id.csv`. None where Athena keeps results itself.
    pub(super) location: Option<String>,
    /// Whether it is a SELECT, whose results begin with the columns' names.
    pub(super) is_select: bool,
}

impl Finished {
    /// In US dollars.
    pub(super) fn cost(&self) -> f64 {
        if self.is_reused || !self.is_select { 0.0 } else { sql::price(self.scanned) }
    }

    /// The run as an answer tells of it, with the bytes that the listing let expect.
    pub(super) fn into_execution(self, estimate: Option<u64>) -> Execution {
        Execution {
            cost_usd: self.cost(),
            query_id: self.id,
            workgroup: self.workgroup,
            bytes_scanned: self.scanned,
            is_reused: self.is_reused,
            estimate,
        }
    }
}

/// Starts a query and gives its id. AWS's throttling is waited out by the client.
///
/// # Errors
///
/// Athena refuses it.
pub(super) async fn start(
    client: &Client,
    sql: &str,
    source: &Source,
    location: Option<String>,
) -> Result<String> {
    // A statement that makes the database cannot run in it.
    let database = Some(&source.database).filter(|name| !name.is_empty()).cloned();
    let context = QueryExecutionContext::builder().catalog(&source.catalog).set_database(database).build();
    let reuse = source.reuse.map(|minutes| {
        let age = ResultReuseByAgeConfiguration::builder().enabled(true).max_age_in_minutes(minutes).build();
        ResultReuseConfiguration::builder().result_reuse_by_age_configuration(age).build()
    });
    // The client adds a token, the same for every attempt: what is tried again is not run twice.
    let call = client
        .start_query_execution()
        .query_string(sql)
        .query_execution_context(context)
        .work_group(&source.workgroup)
        .set_result_configuration(
            location.map(|place| ResultConfiguration::builder().output_location(place).build()),
        )
        .set_result_reuse_configuration(reuse);
    let what =
        format!("starting a query in the workgroup `{}` (athena:StartQueryExecution)", source.workgroup);
    let started = call.send().await.map_err(|error| errors::call(&what, error))?;
    started.query_execution_id.ok_or_else(|| Error::failed(format!("{what}: Athena gave it no id")))
}

/// Waits until a query has succeeded, and tells how far it is when it takes long.
///
/// A query whose waiting fails, or that the user interrupts, is stopped at Athena.
///
/// # Errors
///
/// The query failed or was cancelled, it cannot be asked after, or the user interrupted it.
pub(super) async fn wait(client: &Client, id: &str, known: &[&str]) -> Result<Finished> {
    let running = Running::begin();
    let waited = tokio::select! {
        waited = poll(client, id, known) => waited,
        () = running.interrupted() => Err(Lost(Error::failed(format!("the query {id} was interrupted")))),
    };
    match waited {
        Ok(finished) => finished,
        Err(Lost(error)) => Err(match stop(client, id).await {
            Ok(()) => error.or("run it again: it was stopped at Athena, which bills what it had read"),
            Err(_) => error.or(&format!(
                "take it up with `trailbook athena resume {id}`, or stop it with `cancel`: it may still run"
            )),
        }),
    }
}

/// Why a query is no longer waited for although it may still run.
struct Lost(Error);

async fn poll(client: &Client, id: &str, known: &[&str]) -> Result<Result<Finished>, Lost> {
    let start = Instant::now();
    let progress = Progress::new(format!("query {id}"));
    loop {
        let execution = get(client, id).await.map_err(Lost)?;
        let status = execution.status();
        let state = status.and_then(|status| status.state());
        match state {
            Some(State::Succeeded) => return Ok(Ok(finished(id, &execution))),
            Some(State::Failed) => {
                let reason =
                    status.and_then(|status| status.state_change_reason()).unwrap_or("no reason given");
                return Ok(Err(errors::failed(id, reason, known)));
            }
            Some(State::Cancelled) => {
                let reason = status.and_then(|status| status.state_change_reason()).unwrap_or_default();
                let scanned = show::bytes(scanned(&execution));
                return Ok(Err(match reason.contains("limit was exceeded") {
                    true => errors::failed(id, reason, known),
                    false => Error::failed(format!(
                        "the query {id} was cancelled after reading {scanned}: {reason}"
                    ))
                    .hint("what it read is billed; run it again"),
                }));
            }
            _ => progress.tell(|| {
                let bytes = scanned(&execution);
                format!(
                    "{}, {:.0} s, {} read, about ${:.4} so far",
                    state.map_or("unknown", State::as_str).to_lowercase(),
                    start.elapsed().as_secs_f64(),
                    show::bytes(bytes),
                    sql::price(bytes),
                )
            }),
        }
        tokio::time::sleep((start.elapsed() / 10).clamp(PAUSE.0, PAUSE.1)).await;
    }
}

/// What Athena knows of a query.
///
/// # Errors
///
/// [`is_not_found`](Error::is_not_found), or it cannot be asked.
pub(super) async fn get(client: &Client, id: &str) -> Result<QueryExecution> {
    let what = format!("asking after the query {id} (athena:GetQueryExecution)");
    let answer = client.get_query_execution().query_execution_id(id).send().await;
    let answer = answer.map_err(|error| errors::call(&what, error))?;
    answer.query_execution.ok_or_else(|| Error::failed(format!("{what}: Athena says nothing")))
}

/// Stops a query; one that is over stays as it is.
///
/// # Errors
///
/// Athena does not know it, or the caller may not.
pub(super) async fn stop(client: &Client, id: &str) -> Result<()> {
    let what = format!("stopping the query {id} (athena:StopQueryExecution)");
    client
        .stop_query_execution()
        .query_execution_id(id)
        .send()
        .await
        .map_err(|error| errors::call(&what, error))?;
    Ok(())
}

fn finished(id: &str, execution: &QueryExecution) -> Finished {
    let statistics = execution.statistics();
    let results = execution.result_configuration();
    let reuse = statistics.and_then(|statistics| statistics.result_reuse_information());
    Finished {
        id: id.to_owned(),
        workgroup: execution.work_group().unwrap_or_default().to_owned(),
        scanned: scanned(execution),
        is_reused: reuse.is_some_and(|reuse| reuse.reused_previous_result()),
        location: results.and_then(|results| results.output_location()).map(str::to_owned),
        is_select: execution.statement_type() == Some(&StatementType::Dml),
    }
}

/// The bytes that it has read so far.
pub(super) fn scanned(execution: &QueryExecution) -> u64 {
    let bytes = execution.statistics().and_then(|statistics| statistics.data_scanned_in_bytes());
    bytes.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0)
}
