//! `trailbook`: the data command line.

use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use trailbook::investigations::Investigation;
use trailbook::sample::SampleOptions;
use trailbook::{Answer, Error, Format, Logs, QueryOptions, Result, sample};

/// Ask CloudTrail logs in Athena's SQL, on this machine.
#[derive(Parser)]
#[command(version, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str =
    "Exit codes: 0 answered; 2 the SQL, or a use of it or of this program, is rejected; 1 any other failure.";

#[derive(Subcommand)]
enum Command {
    /// Run a query: rows on stdout, coverage and statistics on stderr.
    #[command(after_help = QUERY_EXAMPLES)]
    Query {
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
    },
    /// Say what a query would read, and what it would cost on Athena, without running it.
    Explain {
        #[command(flatten)]
        logs: LogsArguments,
        #[command(flatten)]
        sql: SqlArguments,
    },
    /// Ask a saved question of a scope; without a question, list them.
    #[command(after_help = ASK_EXAMPLES)]
    Ask {
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
    },
    /// Write sample logs: a small organization over four weeks, and an incident in them.
    Sample {
        /// The folder to write them into; it must be empty or absent.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// How many events, roughly.
        #[arg(long, default_value_t = SampleOptions::default().events)]
        events: u64,
        /// The same seed gives the same bytes.
        #[arg(long, default_value_t = SampleOptions::default().seed)]
        seed: u64,
        /// Lay them out as the trail of this organization, such as o-exampleorgid.
        #[arg(long, value_name = "ID")]
        organization: Option<String>,
    },
}

#[derive(Args)]
struct LogsArguments {
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

#[derive(Args)]
struct SqlArguments {
    /// The query, in Athena's SQL; `-` reads it from stdin.
    #[arg(required_unless_present = "sql_file", conflicts_with = "sql_file")]
    sql: Option<String>,
    /// A file that holds the query.
    #[arg(long, value_name = "FILE")]
    sql_file: Option<PathBuf>,
}

const QUERY_EXAMPLES: &str = "\
Examples:
  trailbook query --allow-full-scan \\
    \"SELECT eventname, count(*) AS events FROM cloudtrail_logs GROUP BY eventname ORDER BY events DESC LIMIT 10\"
  trailbook query --logs ./bucket --format csv --sql-file logins.sql > logins.csv";

const ASK_EXAMPLES: &str = "\
Examples:
  trailbook ask
  trailbook ask console-logins --from 2026-10-01 --to 2026-10-20
  trailbook ask one-ip --from 2026-10-01 --to 2026-10-20 -p ip 203.0.113.66 --format ndjson";

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads the rows has enough of them, as `head` has.
        Err(error) if error.is_broken_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(if error.is_rejected() || error.is_invalid() { 2 } else { 1 })
        }
    }
}

fn run(command: Command) -> Result<()> {
    match command {
        Command::Query { logs, sql, format, allow_full_scan } => {
            let options = logs.options().allow_full_scan(allow_full_scan);
            let answer = Logs::open_with(&logs.logs, options)?.query(&sql.read()?)?;
            print(&answer, format)
        }
        Command::Explain { logs, sql } => {
            let plan = Logs::open_with(&logs.logs, logs.options())?.explain(&sql.read()?)?;
            say(&plan.to_string())
        }
        Command::Ask { question: None, .. } => {
            for question in Investigation::catalogue() {
                say(&format!("{:24} {}\n", question.id(), question.title()))?;
            }
            Ok(())
        }
        Command::Ask { question: Some(id), logs, from, to, accounts, regions, parameters, format } => {
            let (Some(from), Some(to)) = (from, to) else {
                return Err(
                    Error::invalid("a question needs a window").hint("give it one with `--from` and `--to`")
                );
            };
            let mut question = Investigation::named(&id)?;
            for pair in parameters.chunks_exact(2) {
                question = question.with(&pair[0], &pair[1])?;
            }
            let logs = Logs::open_with(&logs.logs, logs.options())?;
            let scope = logs.scope(&accounts, &regions, &from, &to)?;
            print(&logs.ask(&question, &scope)?, format)
        }
        Command::Sample { out, events, seed, organization } => {
            let options = SampleOptions { events, seed, organization };
            say(&format!("{}\n", sample::write(&out, &options)?))
        }
    }
}

impl LogsArguments {
    fn options(&self) -> QueryOptions {
        let options = QueryOptions::default()
            .null_json_as_text(self.null_json == NullJson::String)
            .deduplicate(self.deduplicate);
        match &self.table {
            Some(table) => options.table(table),
            None => options,
        }
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
