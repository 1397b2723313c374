//! How fast large results come from Athena, beside two other clients over the same endpoint on loopback.
//!
//! `cargo bench --profile dev --bench athena`; the peers, awswrangler and PyAthena with pandas, are measured
//! if the Python named by `TRAILBOOK_BENCH_PYTHON` has them.

#![allow(clippy::disallowed_macros, reason = "a bench prints")]

#[path = "../tests/support/athena/mod.rs"]
mod server;
#[path = "../tests/support/mod.rs"]
mod support;

use std::process::Command;
use std::time::Instant;

use trailbook::{Logs, QueryOptions};

use crate::server::Server;
use crate::support::Dir;

/// Set in the process that is measured, so that the server's memory is not in its figure.
const INSIDE: &str = "TRAILBOOK_BENCH_INSIDE";

/// A million rows of ten columns: texts, numbers, times.
const SQL: &str = "SELECT eventid, eventname, useragent, 1 AS n, 1.5E0 AS x, true AS flag, \
                   TIMESTAMP '2026-10-12 08:00:00' AS at, eventsource, awsregion, BIGINT '7' AS big \
                   FROM cloudtrail_logs.cloudtrail_partitioned \
                   WHERE account_id = '111122223333' AND year = '2026' AND month = '10' AND day = '12' \
                   -- generate 1000000 rows";

const PYATHENA: &str = r#"
from pyathena import connect
from pyathena.pandas.cursor import PandasCursor
connection = connect(s3_staging_dir="s3://results/", schema_name="cloudtrail_logs", poll_interval=0.05,
                     cursor_class=PandasCursor)
def query(sql):
    return connection.cursor().execute(sql).as_pandas()
"#;

const AWSWRANGLER: &str = r#"
import awswrangler
def query(sql):
    return awswrangler.athena.read_sql_query(sql, database="cloudtrail_logs", ctas_approach=False,
                                             s3_output="s3://results/wr/")
"#;

const MEASURE: &str = r#"
import resource, sys, time
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.monotonic()
rows = len(query(sys.argv[1]))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(f"{rows} rows in {time.monotonic() - start:.2f} s, {peak / 1024:.0f} MiB more")
"#;

fn main() {
    if std::env::var_os(INSIDE).is_some() {
        return measure();
    }
    let (logs, home) = (Dir::with_logs(), Dir::new());
    let server = Server::start(logs.path().as_ref());
    let run = |command: &mut Command| {
        let output = command.envs(server.environment(home.path())).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            return format!("failed: {}", String::from_utf8_lossy(&output.stderr));
        }
        said.lines()
            .filter(|line| line.contains(" rows in ") || line.contains(" ms"))
            .collect::<Vec<_>>()
            .join("; ")
    };
    let ours = || {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        run(command.env(INSIDE, "1"))
    };
    // The first run makes the rows up.
    ours();
    let python = std::env::var("TRAILBOOK_BENCH_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    for round in 1..=3 {
        eprintln!("round {round}");
        eprintln!("  trailbook    {}", ours());
        for (name, script) in [("awswrangler", AWSWRANGLER), ("PyAthena", PYATHENA)] {
            let mut command = Command::new(&python);
            let module = if name == "PyAthena" { "pyathena" } else { name };
            if !Command::new(&python)
                .args(["-c", &format!("import {module}, pandas")])
                .output()
                .is_ok_and(|run| run.status.success())
            {
                eprintln!("  {name:12} not measured: {python} has no {module} with pandas");
                continue;
            }
            command.args(["-c", &format!("{script}{MEASURE}"), SQL]);
            eprintln!("  {name:12} {}", run(&mut command));
        }
    }
    let csv = server.largest_result();
    eprintln!("the result file has {:.0} MiB", csv as f64 / f64::from(1 << 20));
}

fn measure() {
    let logs = Logs::open("athena://cloudtrail_logs.cloudtrail_partitioned").expect("a table");
    let small = "SELECT 1 AS n";
    let options = QueryOptions::new().allow_full_scan(true);
    logs.query_with(small, &options).expect("an answer");
    let start = Instant::now();
    logs.query_with(small, &options).expect("an answer");
    println!("small query took {} ms", start.elapsed().as_millis());
    let before = peak();
    let start = Instant::now();
    let answer = logs.query_with(SQL, &options).expect("an answer");
    let seconds = start.elapsed().as_secs_f64();
    println!("{} rows in {seconds:.2} s, {} MiB more", answer.height(), (peak() - before) >> 10);
    let start = Instant::now();
    let mut sink = std::io::sink();
    let export = logs.export(SQL, &options, trailbook::Format::Csv, &mut sink).expect("an answer");
    println!("exported {} rows in {:.2} s", export.rows(), start.elapsed().as_secs_f64());
}

/// The most memory that this process has held, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse().ok()).unwrap_or(0)
}
