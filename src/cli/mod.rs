//! The commands, one file a family of them.

mod ask;
mod athena;
mod logs;
mod query;
mod sample;
mod setup;
mod snapshot;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use trailbook::{Answer, Error, Format, Result};

/// Ask CloudTrail logs in Athena's SQL, on this machine or on Athena.
#[derive(Parser)]
#[command(version, after_help = EXIT_CODES)]
struct Cli {
    #[command(flatten)]
    account: Account,
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str =
    "Exit codes: 0 answered; 2 the SQL, or a use of it or of this program, is rejected; 1 any other failure.";

/// Which AWS account is used, where one is.
#[derive(Args)]
struct Account {
    /// The profile of the AWS configuration; AWS_PROFILE by default.
    #[arg(long, global = true, value_name = "NAME", default_value = "", hide_default_value = true)]
    profile: String,
    /// The AWS region; that of the profile or AWS_REGION by default.
    #[arg(long, global = true, value_name = "REGION", default_value = "", hide_default_value = true)]
    region: String,
}

#[derive(Subcommand)]
enum Command {
    Query(query::Query),
    Explain(query::Explain),
    Ask(ask::Ask),
    Snapshot(snapshot::Snapshot),
    Athena(athena::Athena),
    Setup(setup::Setup),
    Sample(sample::Sample),
}

/// Runs the command that the program was given.
pub(crate) fn main() -> ExitCode {
    let Cli { account, command } = Cli::parse();
    let done = match command {
        Command::Query(query) => query.run(&account),
        Command::Explain(explain) => explain.run(&account),
        Command::Ask(ask) => ask.run(&account),
        Command::Snapshot(snapshot) => snapshot.run(&account),
        Command::Athena(athena) => athena.run(&account),
        Command::Setup(setup) => return exit(setup.run(&account)),
        Command::Sample(sample) => sample.run(),
    };
    exit(done.map(|()| ExitCode::SUCCESS))
}

fn exit(done: Result<ExitCode>) -> ExitCode {
    match done {
        Ok(code) => code,
        // Whoever reads the rows has enough of them, as `head` has.
        Err(error) if error.is_broken_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(if error.is_rejected() || error.is_invalid() { 2 } else { 1 })
        }
    }
}

/// Rows on stdout, what to know of them on stderr.
fn print(answer: &Answer, format: Format) -> Result<()> {
    let mut stdout = io::stdout().lock();
    answer.write(format, &mut stdout)?;
    stdout.flush().map_err(|error| Error::io("stdout cannot be written", error))?;
    for warning in answer.warnings() {
        eprintln!("warning: {warning}");
    }
    eprintln!("{} in {:.2} s", answer.summary(), answer.seconds());
    Ok(())
}

fn say(text: &str) -> Result<()> {
    io::stdout().write_all(text.as_bytes()).map_err(|error| Error::io("stdout cannot be written", error))
}
