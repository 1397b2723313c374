//! Which logs a command asks, and how they are read.

use clap::Args;
use trailbook::{Logs, QueryOptions, Result};

use super::Account;

#[derive(Args)]
pub(super) struct LogsArguments {
    /// A folder or file of CloudTrail logs, at any level of an AWSLogs tree; s3://bucket/prefix;
    /// athena://database.table?workgroup=W, by default in the workgroup `trailbook`; or `sample`.
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
    /// Read no object beyond this many MiB, stored or inflated.
    #[arg(long, value_name = "MIB", default_value_t = 512)]
    object_limit: u64,
}

#[derive(Clone, Copy, PartialEq, clap::ValueEnum)]
enum NullJson {
    Null,
    String,
}

impl LogsArguments {
    pub(super) fn options(&self) -> QueryOptions {
        let options = QueryOptions::default()
            .null_json_as_text(self.null_json == NullJson::String)
            .deduplicate(self.deduplicate)
            .object_limit(self.object_limit.saturating_mul(1 << 20));
        match &self.table {
            Some(table) => options.table(table),
            None => options,
        }
    }

    /// The logs; where they are at AWS, those of the account that the program was given.
    pub(super) fn open(&self, account: &Account, options: QueryOptions) -> Result<Logs> {
        let mut source = self.logs.clone();
        if source.contains("://") {
            for (name, value) in [("profile", &account.profile), ("region", &account.region)] {
                let is_given = source.contains(&format!("?{name}=")) || source.contains(&format!("&{name}="));
                if !value.is_empty() && !is_given {
                    source.push(if source.contains('?') { '&' } else { '?' });
                    source.push_str(&format!("{name}={value}"));
                }
            }
        }
        Logs::open_with(&source, options)
    }
}
