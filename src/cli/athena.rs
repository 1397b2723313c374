//! `athena`: queries that were started before.

use clap::{Args, Subcommand};
use trailbook::{Error, Format, Result, athena};

use super::Account;

/// List, take up or stop queries at Athena that this machine started.
#[derive(Args)]
pub(super) struct Athena {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List the newest queries, with what Athena says of each now.
    List {
        /// How many.
        #[arg(long, value_name = "N", default_value_t = 20)]
        last: usize,
        /// How to print them.
        #[arg(long, value_name = "FORMAT", default_value = "table")]
        format: Format,
    },
    /// Wait for a query and print its rows.
    Resume {
        /// The query's id.
        id: String,
        /// How to print the rows.
        #[arg(long, value_name = "FORMAT", default_value = "table")]
        format: Format,
    },
    /// Stop a query; what it has read is billed.
    Cancel {
        /// The query's id.
        id: String,
    },
}

impl Athena {
    pub(super) fn run(&self, account: &Account) -> Result<()> {
        if !account.profile.is_empty() || !account.region.is_empty() {
            return Err(Error::invalid(
                "a query is where it was started: `--profile` and `--region` do not move it",
            )
            .hint("leave them out; AWS_PROFILE has a say where the query's source named no profile"));
        }
        match &self.command {
            Command::List { last, format } => {
                format.write_frame(&athena::list(*last)?, &mut std::io::stdout().lock())
            }
            Command::Resume { id, format } => super::print(&athena::resume(id)?, *format),
            Command::Cancel { id } => athena::cancel(id),
        }
    }
}
