//! `query` and `explain`: SQL of the user's own.

use std::io::{self, Read};
use std::path::PathBuf;

use clap::Args;
use trailbook::{Error, Format, Result};

use super::Account;
use super::logs::LogsArguments;

/// Run a query: rows on stdout, coverage and statistics on stderr.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Query {
    #[command(flatten)]
    logs: LogsArguments,
    #[command(flatten)]
    sql: SqlArguments,
    /// How to print the rows.
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Format,
    /// Run a query that does not constrain the partition columns.
    #[arg(long)]
    allow_full_scan: bool,
    /// Send the query to Athena as it is: nothing reads or guards it.
    #[arg(long)]
    unchecked: bool,
}

/// Say what a query would read, and what it would cost on Athena, without running it.
#[derive(Args)]
pub(super) struct Explain {
    #[command(flatten)]
    logs: LogsArguments,
    #[command(flatten)]
    sql: SqlArguments,
}

#[derive(Args)]
struct SqlArguments {
    /// The query, in Athena's SQL; `-` reads it from stdin.
    #[arg(required_unless_present = "sql_file", conflicts_with = "sql_file")]
    sql: Option<String>,
    /// A file that holds the query.
    #[arg(long, value_name = "FILE")]
    sql_file: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  trailbook query --allow-full-scan \\
    \"SELECT eventname, count(*) AS events FROM cloudtrail_logs GROUP BY eventname ORDER BY events DESC LIMIT 10\"
  trailbook query --logs ./bucket --format csv --sql-file logins.sql > logins.csv";

impl Query {
    pub(super) fn run(&self, account: &Account) -> Result<()> {
        let options = self.logs.options().allow_full_scan(self.allow_full_scan).unchecked(self.unchecked);
        let logs = self.logs.open(account, options.clone())?;
        let export = logs.export(&self.sql.read()?, &options, self.format, &mut io::stdout())?;
        for warning in export.warnings() {
            eprintln!("warning: {warning}");
        }
        eprintln!("{} in {:.2} s", export.summary(), export.seconds());
        Ok(())
    }
}

impl Explain {
    pub(super) fn run(&self, account: &Account) -> Result<()> {
        let plan = self.logs.open(account, self.logs.options())?.explain(&self.sql.read()?)?;
        super::say(&plan.to_string())
    }
}

impl SqlArguments {
    fn read(&self) -> Result<String> {
        let named = |what: &str, error| Error::io(format!("{what} cannot be read"), error);
        match (&self.sql_file, &self.sql) {
            (Some(file), _) => {
                std::fs::read_to_string(file).map_err(|error| named(&file.display().to_string(), error))
            }
            (None, Some(text)) if text == "-" => {
                let mut text = String::new();
                io::stdin().read_to_string(&mut text).map_err(|error| named("stdin", error))?;
                Ok(text)
            }
            (None, Some(text)) => Ok(text.clone()),
            (None, None) => Ok(String::new()),
        }
    }
}
