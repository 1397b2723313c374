//! `athena`: queries that were started before.

use clap::{Args, Subcommand};
use trailbook::{Format, Result, athena};

/// Take up or stop a query at Athena that this machine started.
#[derive(Args)]
pub(super) struct Athena {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
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
    pub(super) fn run(&self) -> Result<()> {
        match &self.command {
            Command::Resume { id, format } => super::print(&athena::resume(id)?, *format),
            Command::Cancel { id } => athena::cancel(id),
        }
    }
}
