//! An answer: the rows, and how they came about.

use std::fmt;
use std::io::Write;
use std::ops::Deref;

use chrono::{DateTime, Utc};
use polars::prelude::DataFrame;
use serde_json::{Value, json};

use crate::investigations::{Investigation, NextStep};
use crate::logs::engine::Execution;
use crate::logs::scope::{Scope, utc};
use crate::show::{self, Bundle, Chart, Column, Format, Panel};
use crate::{Coverage, Result};

/// The rows that answer a question, as a polars [`DataFrame`], with their provenance.
///
/// Dereferences to the data frame: `answer.height()`, `answer.column("eventname")?`.
/// In a notebook it shows itself as a table (with a chart, where the question has
/// a shape) and hands its evidence record to the report.
///
/// # Examples
///
/// ```
/// # fn main() -> trailbook::Result<()> {
/// use trailbook::Logs;
/// use trailbook::investigations::root_use;
///
/// let logs = Logs::open("sample")?;
/// let scope = logs.scope(&[], &[], "2026-09-28", "2026-10-26")?;
/// let answer = logs.ask(&root_use(), &scope)?;
/// assert!(answer.height() > 0);
/// assert_eq!(answer.column_names()[..2], ["eventtime", "eventsource"]);
/// assert!(answer.coverage().damaged.is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Answer {
    frame: DataFrame,
    columns: Vec<Column>,
    provenance: Provenance,
}

/// How an answer came about.
#[derive(Clone, Debug)]
pub(crate) struct Provenance {
    pub(crate) question: Option<Investigation>,
    pub(crate) step: Option<String>,
    pub(crate) engine: String,
    pub(crate) source: String,
    pub(crate) sql: String,
    pub(crate) scope: Option<Scope>,
    pub(crate) coverage: Coverage,
    pub(crate) warnings: Vec<String>,
    /// Nothing on the embedded engine.
    pub(crate) execution: Option<Execution>,
    pub(crate) started: DateTime<Utc>,
    pub(crate) finished: DateTime<Utc>,
}

impl Answer {
    pub(crate) fn new(frame: DataFrame, columns: Vec<Column>, provenance: Provenance) -> Answer {
        let mut answer = Answer { frame, columns, provenance };
        if answer.reached_limit() {
            answer.provenance.warnings.push(format!(
                "the limit of {} rows was reached: there may be more, narrow the scope or raise `limit`",
                answer.frame.height()
            ));
        }
        let question = answer.provenance.question.as_ref();
        answer.warn(question.and_then(|question| question.warning(&answer.frame)));
        answer
    }

    /// What was asked: the investigation's title, or `SQL query`.
    pub fn title(&self) -> &str {
        self.provenance.question.as_ref().map_or("SQL query", Investigation::title)
    }

    /// The SQL that was run.
    pub fn sql(&self) -> &str {
        &self.provenance.sql
    }

    /// The scope, if the question had one.
    pub fn scope(&self) -> Option<&Scope> {
        self.provenance.scope.as_ref()
    }

    /// What was read to answer, and what could not be.
    pub fn coverage(&self) -> &Coverage {
        &self.provenance.coverage
    }

    /// The query's id at Athena; nothing on the embedded engine, as the next ones.
    pub fn query_id(&self) -> Option<&str> {
        self.provenance.execution.as_ref().map(|execution| execution.query_id.as_str())
    }

    /// The workgroup that it ran in.
    pub fn workgroup(&self) -> Option<&str> {
        self.provenance.execution.as_ref().map(|execution| execution.workgroup.as_str())
    }

    /// The bytes that Athena read.
    pub fn bytes_scanned(&self) -> Option<u64> {
        self.provenance.execution.as_ref().map(|execution| execution.bytes_scanned)
    }

    /// The bytes that Athena was expected to read, from the listing of the partitions asked for.
    pub fn bytes_estimated(&self) -> Option<u64> {
        self.provenance.execution.as_ref()?.estimate
    }

    /// What Athena bills for the query, in US dollars; S3 bills its requests besides.
    pub fn cost_usd(&self) -> Option<f64> {
        self.provenance.execution.as_ref().map(|execution| execution.cost_usd)
    }

    /// What to know when reading the rows: a limit reached, damaged objects, traps in the SQL.
    pub fn warnings(&self) -> Vec<String> {
        warnings(&self.provenance.warnings, &self.provenance.coverage)
    }

    /// The columns' names as Athena gives them: lower case, `_col0` for unnamed, repeated if repeated.
    pub fn column_names(&self) -> Vec<&str> {
        self.columns.iter().map(|column| column.name.as_str()).collect()
    }

    pub(crate) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The columns' types, as Trino names them: `varchar`, `array(row(arn varchar))`.
    pub fn column_types(&self) -> Vec<&str> {
        self.columns.iter().map(|column| column.kind.as_str()).collect()
    }

    /// Seconds from the start of the query to its last row.
    pub fn seconds(&self) -> f64 {
        elapsed(self.provenance.started, self.provenance.finished)
    }

    /// The SHA-256 of the rows as `trailbook query --format ndjson` prints them.
    pub fn sha256(&self) -> String {
        show::canonical_sha256(&self.frame, &self.columns)
    }

    /// The data frame, without its provenance.
    pub fn into_frame(self) -> DataFrame {
        self.frame
    }

    /// Writes the rows: the whole of them, in any format.
    ///
    /// # Errors
    ///
    /// [`is_io`](crate::Error::is_io) when `writer` fails.
    pub fn write(&self, format: Format, writer: &mut dyn Write) -> Result<()> {
        format.write(&self.frame, &self.columns, writer)
    }

    /// The rows in one sentence: `2 rows from 55 objects (426 kB)`, or
    /// `2 rows, 426 kB read by Athena for $0.0001 (estimated 426 kB), query 1f2e…`.
    pub fn summary(&self) -> String {
        let provenance = &self.provenance;
        summary(self.frame.height() as u64, &provenance.coverage, provenance.execution.as_ref())
    }

    /// What the rows say, in a sentence or two, with values out of logs between backticks; nothing for SQL of
    /// one's own: `3 sign-ins between 2026-10-12T08:15:00Z and …`, or `Nothing found in 55 log objects.`
    pub fn finding(&self) -> Option<String> {
        let question = self.provenance.question.as_ref()?;
        if self.frame.height() == 0 {
            return Some(self.nothing());
        }
        let mut finding = question.finding(&self.frame);
        if self.reached_limit() {
            let rows = show::thousands(self.frame.height() as u64);
            finding.push_str(&format!(" Only the {rows} rows that the limit allows are counted here."));
        }
        Some(finding)
    }

    fn nothing(&self) -> String {
        let coverage = &self.provenance.coverage;
        let looked_at = match &self.provenance.execution {
            Some(execution) => format!("the {} that Athena read", show::bytes(execution.bytes_scanned)),
            None => format!("{} of the scope", show::count(coverage.objects_read, "log object")),
        };
        match coverage.damaged.len() as u64 {
            0 => format!("Nothing found in {looked_at}."),
            damaged => format!("Nothing found in {looked_at}, {} of them damaged.", show::thousands(damaged)),
        }
    }

    fn reached_limit(&self) -> bool {
        let limit = self.provenance.question.as_ref().and_then(Investigation::limit);
        limit.is_some_and(|limit| self.frame.height() as u64 >= limit)
    }

    /// The runbooks that go on with values of these rows: an address, a principal.
    pub fn next(&self) -> Vec<NextStep> {
        self.provenance.question.as_ref().map_or_else(Vec::new, |question| question.next(&self.frame))
    }

    pub(crate) fn warn(&mut self, warning: Option<String>) {
        self.provenance.warnings.extend(warning);
    }

    pub(crate) fn belongs_to(&mut self, step: &str) {
        self.provenance.step = Some(step.to_owned());
    }

    /// The chart of the question's shape, if it has one and the answer has rows.
    ///
    /// # Errors
    ///
    /// [`is_invalid`](crate::Error::is_invalid) when the columns are not those that the chart needs.
    pub fn chart(&self) -> Result<Option<Chart>> {
        let Some(shape) = self.provenance.question.as_ref().and_then(Investigation::chart) else {
            return Ok(None);
        };
        let provenance = &self.provenance;
        Chart::shaped(shape, self.title(), &self.frame, provenance.scope.as_ref()).map(Some)
    }

    /// What the report and the kernel need to go on: the runbook's own parameters, and what it is to look at.
    fn next_evidence(&self) -> Vec<Value> {
        let provenance = &self.provenance;
        let why = format!("from “{}”", self.title());
        let scope = provenance.scope.as_ref();
        let shared = [
            ("source", Some(provenance.source.clone())),
            ("from", scope.map(Scope::from)),
            ("to", scope.map(Scope::to)),
        ];
        let with_shared = |step: NextStep| {
            let mut parameters = serde_json::Map::new();
            for (name, value) in step.parameters() {
                parameters.insert(name.clone(), json!(value));
            }
            for (name, value) in &shared {
                if let Some(value) = value {
                    parameters.insert((*name).to_owned(), json!(value));
                }
            }
            json!({ "runbook": step.runbook(), "parameters": parameters, "why": why })
        };
        self.next().into_iter().map(with_shared).collect()
    }

    pub(crate) fn evidence(&self) -> Value {
        let provenance = &self.provenance;
        let coverage = &provenance.coverage;
        let damaged: Vec<Value> = coverage
            .damaged
            .iter()
            .map(|one| json!({ "object": one.object, "reason": one.reason }))
            .collect();
        let columns: Vec<Value> =
            self.columns.iter().map(|column| json!({ "name": column.name, "type": column.kind })).collect();
        let mut evidence = json!({
            "schema": "trailbook.evidence/1",
            "kind": "answer",
            "step": provenance.step,
            "title": self.title(),
            "question": provenance.question.as_ref().map(Investigation::id),
            "engine": provenance.engine,
            "source": provenance.source,
            "sql": provenance.sql,
            "scope": provenance.scope.as_ref().map(|scope| json!({
                "accounts": scope.accounts(),
                "regions": scope.regions(),
                "from": scope.from(),
                "to": scope.to(),
            })),
            "started": utc(provenance.started),
            "finished": utc(provenance.finished),
            "columns": columns,
            "rows": self.frame.height(),
            "sha256": self.sha256(),
            "csv": show::attachment(&self.frame, &self.columns),
            "objects_read": coverage.objects_read,
            "bytes_read": coverage.bytes_read,
            "records": coverage.records,
            "snapshot": coverage.snapshot,
            "damaged": damaged,
            "warnings": self.warnings(),
            "summary": self.summary(),
            "finding": self.finding(),
            "next": self.next_evidence(),
        });
        if let (Some(execution), Some(fields)) = (&provenance.execution, evidence.as_object_mut()) {
            fields.insert("query_id".into(), json!(execution.query_id));
            fields.insert("workgroup".into(), json!(execution.workgroup));
            fields.insert("bytes_scanned".into(), json!(execution.bytes_scanned));
            fields.insert("cost_usd".into(), json!(execution.cost_usd));
        }
        evidence
    }

    fn bundle(&self) -> Bundle {
        let mut panel = Panel::new(self.title());
        match self.chart() {
            Ok(Some(chart)) => panel.chart(&chart),
            Ok(None) => {}
            Err(error) => panel.note(&error.to_string()),
        }
        if let Some(finding) = self.finding() {
            panel.finding(&finding);
        }
        panel.table(&self.frame, &self.columns);
        panel.note(&format!("{} in {:.2} s", self.summary(), self.seconds()));
        for warning in self.warnings() {
            panel.warning(&warning);
        }
        for line in next_lines(&self.next()) {
            panel.note(&line);
        }
        if let Some(step) = &self.provenance.step {
            panel.note(&format!("☑ {step}: done"));
        }
        panel.with_evidence(self.evidence())
    }

    /// Shows the answer in a notebook cell.
    pub fn evcxr_display(&self) {
        show::emit(&self.bundle());
    }
}

/// A line a runbook and parameter, with all values for it.
fn next_lines(steps: &[NextStep]) -> Vec<String> {
    let mut lines: Vec<(String, Vec<&str>)> = Vec::new();
    for step in steps {
        let (parameter, value) = match step.parameters() {
            [(name, value), ..] => (format!(" with `{name}`"), Some(value.as_str())),
            [] => (String::new(), None),
        };
        let head = format!("→ {}{parameter}", step.runbook());
        match lines.iter_mut().find(|(known, _)| *known == head) {
            Some((_, values)) => values.extend(value),
            None => lines.push((head, value.into_iter().collect())),
        }
    }
    let join = |(head, values): (String, Vec<&str>)| match values.as_slice() {
        [] => head,
        [one] => format!("{head} {one}"),
        several => format!("{head} one of {}", several.join(", ")),
    };
    lines.into_iter().map(join).collect()
}

impl Deref for Answer {
    type Target = DataFrame;

    fn deref(&self) -> &DataFrame {
        &self.frame
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.bundle().plain)
    }
}

/// How a result came about, in one sentence.
pub(crate) fn summary(rows: u64, coverage: &Coverage, execution: Option<&Execution>) -> String {
    let rows = match rows {
        0 => "No rows".to_owned(),
        rows => show::count(rows, "row"),
    };
    let of_snapshot = |made: &String| format!(", from the snapshot of {made}");
    let snapshot = coverage.snapshot.as_ref().map(of_snapshot).unwrap_or_default();
    if let Some(execution) = execution {
        return format!("{rows}{snapshot}, {execution}");
    }
    let (objects, bytes) = (show::count(coverage.objects_read, "object"), show::bytes(coverage.bytes_read));
    let mut text = format!("{rows} from {objects} ({bytes}){snapshot}");
    if !coverage.damaged.is_empty() {
        text.push_str(&format!(", {} of them damaged", coverage.damaged.len()));
    }
    if coverage.duplicates_dropped > 0 {
        text.push_str(&format!(", {} dropped", show::count(coverage.duplicates_dropped, "duplicate")));
    }
    text
}

/// The warnings of a result, with what could not be read.
pub(crate) fn warnings(warnings: &[String], coverage: &Coverage) -> Vec<String> {
    let damaged = coverage.damaged.iter();
    let damaged = damaged.map(|one| format!("{} could not be read in full: {}", one.object, one.reason));
    warnings.iter().cloned().chain(damaged).collect()
}

/// Seconds between two times.
pub(crate) fn elapsed(started: DateTime<Utc>, finished: DateTime<Utc>) -> f64 {
    (finished - started).num_microseconds().unwrap_or(i64::MAX) as f64 / 1e6
}
