//! `ask`: the saved questions.

use clap::Args;
use trailbook::investigations::Investigation;
use trailbook::{Error, Format, Result};

use super::Account;
use super::logs::LogsArguments;

/// Ask a saved question of a scope; without a question, list them.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Ask {
    /// The id of the question.
    question: Option<String>,
    #[command(flatten)]
    logs: LogsArguments,
    /// First day or instant of the window, UTC.
    #[arg(long, value_name = "TIME", requires = "question")]
    from: Option<String>,
    /// First day or instant after the window, UTC.
    #[arg(long, value_name = "TIME", requires = "from")]
    to: Option<String>,
    /// Accounts, all by default.
    #[arg(long, value_delimiter = ',')]
    accounts: Vec<String>,
    /// Regions, all by default.
    #[arg(long, value_delimiter = ',')]
    regions: Vec<String>,
    /// A parameter of the question.
    #[arg(short, long = "parameter", value_names = ["NAME", "VALUE"], num_args = 2)]
    parameters: Vec<String>,
    /// How to print the rows.
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Format,
}

const EXAMPLES: &str = "\
Examples:
  trailbook ask
  trailbook ask console-logins --from 2026-10-01 --to 2026-10-20
  trailbook ask one-ip --from 2026-10-01 --to 2026-10-20 -p ip 203.0.113.66 --format ndjson";

impl Ask {
    pub(super) fn run(&self, account: &Account) -> Result<()> {
        let Some(id) = &self.question else { return list() };
        let (Some(from), Some(to)) = (&self.from, &self.to) else {
            return Err(
                Error::invalid("a question needs a window").hint("give it one with `--from` and `--to`")
            );
        };
        let mut question = Investigation::named(id)?;
        for pair in self.parameters.chunks_exact(2) {
            question = question.with(&pair[0], &pair[1])?;
        }
        let logs = self.logs.open(account, self.logs.options())?;
        let scope = logs.scope(&self.accounts, &self.regions, from, to)?;
        super::print(&logs.ask(&question, &scope)?, self.format)
    }
}

fn list() -> Result<()> {
    for question in Investigation::catalogue() {
        super::say(&format!("{:24} {}\n", question.id(), question.title()))?;
    }
    Ok(())
}
