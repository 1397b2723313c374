//! Which logs a command asks, and how they are read.

use clap::Args;
use trailbook::{Logs, QueryOptions, Result};

#[derive(Args)]
pub(super) struct LogsArguments {
    /// A folder or file of CloudTrail logs, at any level of an AWSLogs tree, or `sample`.
    #[arg(long, value_name = "LOGS", default_value = "sample")]
    logs: String,
    /// The one table name that a query may use; any name by default.
    #[arg(long, value_name = "NAME")]
    table: Option<String>,
    /// What a JSON null is in a column of JSON text: SQL NULL, or the text `null` as AWS's older SerDe has it.
    #[arg(long, value_name = "HOW", default_value = "null")]
    null_json: NullJson,
    /// Count an event once that was delivered twice, by its id; say how many were dropped.
    #[arg(long)]
    deduplicate: bool,
}

#[derive(Clone, Copy, PartialEq, clap::ValueEnum)]
enum NullJson {
    Null,
    String,
}

impl LogsArguments {
    pub(super) fn open(&self, allow_full_scan: bool) -> Result<Logs> {
        let options = QueryOptions::default()
            .allow_full_scan(allow_full_scan)
            .null_json_as_text(self.null_json == NullJson::String)
            .deduplicate(self.deduplicate);
        let options = match &self.table {
            Some(table) => options.table(table),
            None => options,
        };
        Logs::open_with(&self.logs, options)
    }
}
