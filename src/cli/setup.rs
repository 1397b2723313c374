//! `setup`: from the trail to a table that answers.

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use trailbook::setup::policy::Policy;
use trailbook::setup::{Readiness, SetupOptions, TableSpec};
use trailbook::{Aws, Result};

use super::Account;

/// Check the trail, its logs, the workgroup and the table on Athena, and make what is missing.
///
/// Without `--apply` nothing is changed, and what would be is shown.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, after_help = AFTER)]
pub(super) struct Setup {
    #[command(subcommand)]
    command: Option<Offline>,
    /// The trail; by default the only one, or the organization's.
    #[arg(long, value_name = "NAME|ARN", default_value = "", hide_default_value = true)]
    trail: String,
    #[command(flatten)]
    names: Names,
    /// The Athena workgroup.
    #[arg(long, default_value = "trailbook")]
    workgroup: String,
    /// Where query results go, for a workgroup that is to be made or has no place yet.
    #[arg(long, value_name = "s3://BUCKET/PREFIX/", default_value = "", hide_default_value = true)]
    results: String,
    /// Make what is missing: the workgroup, the database, the table, the named queries.
    #[arg(long)]
    apply: bool,
    /// How to print the checks.
    #[arg(long, default_value = "table")]
    format: Format,
}

const AFTER: &str = "\
Exit codes: 0 no check failed (a warning is no failure); 1 one did; 2 this program was used wrongly.

Examples:
  trailbook setup
  trailbook setup --results s3://my-results/trailbook/ --apply
  trailbook setup ddl --bucket my-logs --accounts 111122223333 --regions us-east-1,eu-west-1 --years 2023-2030
  trailbook setup policy investigate --bucket my-logs --results s3://my-results/trailbook/";

#[derive(Args)]
struct Names {
    /// The database.
    #[arg(long, default_value = "cloudtrail_logs")]
    database: String,
    /// The table.
    #[arg(long, default_value = "cloudtrail_partitioned")]
    table: String,
    /// Days as one partition column of dates, in place of year, month and day.
    #[arg(long)]
    date_partition: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Table,
    Json,
}

#[derive(Subcommand)]
enum Offline {
    /// Print the table's DDL, asking nothing of AWS.
    Ddl {
        /// The bucket that the trail delivers to.
        #[arg(long)]
        bucket: String,
        /// What stands before AWSLogs/ in the objects' names.
        #[arg(long, default_value = "", hide_default_value = true)]
        prefix: String,
        /// The organization's id, for the form of an organization's trail.
        #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
        organization: String,
        /// The accounts.
        #[arg(long, required = true, value_delimiter = ',')]
        accounts: Vec<String>,
        /// The regions.
        #[arg(long, required = true, value_delimiter = ',')]
        regions: Vec<String>,
        /// The first and the last year, as 2023-2030.
        #[arg(long, value_name = "YEARS")]
        years: String,
        #[command(flatten)]
        names: Names,
    },
    /// Print the least IAM policy that a task needs, asking nothing of AWS.
    Policy {
        /// The task: setup, investigate, or snapshot, which is to investigate and to make snapshots.
        task: Policy,
        /// The bucket that the trail delivers to.
        #[arg(long)]
        bucket: String,
        /// Where query results go.
        #[arg(long, value_name = "s3://BUCKET/PREFIX/")]
        results: String,
        #[command(flatten)]
        names: Names,
        /// The Athena workgroup.
        #[arg(long, default_value = "trailbook")]
        workgroup: String,
    },
}

impl Setup {
    pub(super) fn run(&self, account: &Account) -> Result<ExitCode> {
        if let Some(command) = &self.command {
            command.run()?;
            return Ok(ExitCode::SUCCESS);
        }
        let options = SetupOptions::new()
            .trail(&self.trail)
            .database(&self.names.database)
            .table(&self.names.table)
            .workgroup(&self.workgroup)
            .results(&self.results)
            .date_partition(self.names.date_partition)
            .apply(self.apply);
        let readiness = Readiness::of_account(&Aws::open(&account.profile, &account.region)?, &options)?;
        let mut failed = false;
        let mut steps = Vec::new();
        for step in Readiness::STEPS {
            let checks = step(&readiness)?;
            failed |= checks.has_failed();
            match self.format {
                Format::Table => super::say(&format!("{checks}\n"))?,
                Format::Json => steps.push(checks.to_json()),
            }
        }
        match self.format {
            Format::Json => super::say(&format!("[\n{}\n]\n", steps.join(",\n")))?,
            Format::Table if failed => {}
            Format::Table => super::say(&format!("The source to ask is {}\n", readiness.source()))?,
        }
        Ok(ExitCode::from(u8::from(failed)))
    }
}

impl Offline {
    fn run(&self) -> Result<()> {
        match self {
            Offline::Ddl { bucket, prefix, organization, accounts, regions, years, names } => {
                let spec = TableSpec::new(bucket, prefix, organization, accounts, regions, years)?;
                let spec = spec.named(&names.database, &names.table)?.by_date(names.date_partition);
                super::say(&format!("{};\n\n{};\n", spec.database_ddl(), spec.ddl()?.trim_end()))
            }
            Offline::Policy { task, bucket, results, names, workgroup } => {
                super::say(&task.render(bucket, results, &names.database, &names.table, workgroup)?)
            }
        }
    }
}
