//! `snapshot`: a scope kept for later questions.

use clap::Args;
use trailbook::Result;

use super::Account;
use super::logs::LogsArguments;

/// Keep a scope's events as Parquet, from which later questions about it are answered: one file here, or, of a
/// table at Athena, another table beside it, which costs what reading the scope once costs.
#[derive(Args)]
pub(super) struct Snapshot {
    #[command(flatten)]
    logs: LogsArguments,
    /// First day or instant of the window, UTC.
    #[arg(long, value_name = "TIME")]
    from: String,
    /// First day or instant after the window, UTC.
    #[arg(long, value_name = "TIME")]
    to: String,
    /// Accounts, all by default.
    #[arg(long, value_delimiter = ',')]
    accounts: Vec<String>,
    /// Regions, all by default.
    #[arg(long, value_delimiter = ',')]
    regions: Vec<String>,
}

impl Snapshot {
    pub(super) fn run(&self, account: &Account) -> Result<()> {
        let logs = self.logs.open(account, self.logs.options())?;
        let scope = logs.scope(&self.accounts, &self.regions, &self.from, &self.to)?;
        super::say(&logs.snapshot(&scope)?.to_string())
    }
}
