//! Rows written as they come, for results that are too large to hold.

use std::io::Write;

use chrono::{DateTime, Utc};

use super::engine::Outcome;
use super::{Logs, QueryOptions};
use crate::answer::{elapsed, summary, warnings};
use crate::{Format, Result};

/// What became of a query whose rows were written and not kept.
#[derive(Clone, Debug)]
pub struct Export {
    rows: u64,
    summary: String,
    warnings: Vec<String>,
    seconds: f64,
}

impl Export {
    /// How many rows were written.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// As [`Answer::summary`](crate::Answer::summary).
    pub fn summary(&self) -> &str {
        &self.summary
    }

    /// As [`Answer::warnings`](crate::Answer::warnings).
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Seconds from the start of the query to its last row.
    pub fn seconds(&self) -> f64 {
        self.seconds
    }

    fn new(rows: u64, outcome: &Outcome, started: DateTime<Utc>) -> Export {
        Export {
            rows,
            summary: summary(rows, &outcome.coverage, outcome.execution.as_ref()),
            warnings: warnings(&outcome.warnings, &outcome.coverage),
            seconds: elapsed(started, Utc::now()),
        }
    }
}

impl Logs {
    /// Runs a query and writes its rows. From Athena, CSV and NDJSON are written as the rows come, so that a
    /// result of any size takes little memory.
    ///
    /// # Errors
    ///
    /// As [`query_with`](Logs::query_with); [`is_io`](crate::Error::is_io) when `out` fails.
    pub fn export(
        &self,
        sql: &str,
        options: &QueryOptions,
        format: Format,
        out: &mut (dyn Write + Send),
    ) -> Result<Export> {
        let started = Utc::now();
        let mut rows = 0;
        let mut is_first = true;
        let outcome = match format {
            Format::Csv | Format::Ndjson => self.engine.stream(sql, options, &mut |frame, columns| {
                rows += frame.height() as u64;
                format.write_part(frame, columns, out, std::mem::take(&mut is_first))
            })?,
            Format::Table | Format::Json => {
                let outcome = self.engine.run(sql, options)?;
                rows = outcome.frame.height() as u64;
                format.write(&outcome.frame, &outcome.columns, out)?;
                outcome
            }
        };
        Ok(Export::new(rows, &outcome, started))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_exported_is_what_an_answer_writes() {
        let logs = Logs::open("sample").unwrap();
        let sql = "SELECT eventname, eventtime FROM t WHERE year = '2026' AND month = '10' AND day = '12' ORDER BY 2, 1";
        let answer = logs.query(sql).unwrap();
        for format in [Format::Csv, Format::Ndjson, Format::Json, Format::Table] {
            let (mut exported, mut written) = (Vec::new(), Vec::new());
            let export = logs.export(sql, &QueryOptions::new(), format, &mut exported).unwrap();
            answer.write(format, &mut written).unwrap();
            assert!(exported == written, "{format:?}");
            assert_eq!(export.rows(), answer.height() as u64);
            assert_eq!(export.summary(), answer.summary());
        }
    }
}
