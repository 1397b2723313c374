//! What Athena's results cost beside two other clients, over one endpoint on loopback.
//!
//! `cargo bench --profile dev --bench athena`, in the profile that everything is built in. The endpoint is
//! the tests' server. The peers, awswrangler and PyAthena with pandas, are measured if the Python named by
//! `TRAILBOOK_BENCH_PYTHON` has them (`benches/requirements.txt`).
//!
//! Every variant is a process of its own and all take turns, so that what else the machine does falls on
//! all of them. Times are from the query's start to its rows in memory, without the start of the process;
//! memory is what the process held at most beyond what it held before.

#![allow(clippy::disallowed_macros, reason = "a program of its own: its stdout is what it tells")]

mod process;
#[path = "../tests/support/athena/mod.rs"]
mod server;
#[path = "../tests/support/mod.rs"]
mod support;

use std::error::Error;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use trailbook::sample::{self, SampleOptions};
use trailbook::{Format, Logs, QueryOptions};

use process::{peak, processor_time};
use server::{Faults, Server};
use support::Dir;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How often each variant has its turn.
const ROUNDS: usize = 3;

/// What a process of its own measures: `rows`, `export`, `small` or `estimates`.
const INSIDE: &str = "TRAILBOOK_BENCH_INSIDE";

const SOURCE: &str = "athena://cloudtrail_logs.cloudtrail_partitioned?workgroup=primary";

/// A million rows of ten columns: texts, numbers, times.
const ROWS: &str = "SELECT eventid, eventname, useragent, 1 AS n, 1.5E0 AS x, true AS flag, \
                    TIMESTAMP '2026-10-12 08:00:00' AS at, eventsource, awsregion, BIGINT '7' AS big \
                    FROM cloudtrail_logs.cloudtrail_partitioned \
                    WHERE account_id = '111122223333' AND year = '2026' AND month = '10' AND day = '12' \
                    -- generate 1000000 rows";

/// A question of a second.
const SMALL: &str = "SELECT eventtime, eventname FROM cloudtrail_logs.cloudtrail_partitioned \
                     WHERE account_id = '111122223333' AND region = 'us-east-1' AND year = '2026' \
                     AND month = '10' AND day = '12' ORDER BY eventtime DESC LIMIT 50";
const SECOND: Duration = Duration::from_secs(1);

const ESTIMATES: [(&str, &str); 3] = [
    ("a day of an account", "account_id = '111122223333' AND year = '2026' AND month = '10' AND day = '12'"),
    ("a region", "region = 'us-east-1' AND year = '2026'"),
    ("everything", "year > '0'"),
];

const AWSWRANGLER: &str = "
import awswrangler, pandas
def query(sql):
    return awswrangler.athena.read_sql_query(sql, database='cloudtrail_logs', workgroup='primary', ctas_approach=False,
                                             s3_output='s3://results/wr/', athena_query_wait_polling_delay=0.05)
";

const PYATHENA: &str = "
import pandas
from pyathena import connect
from pyathena.pandas.cursor import PandasCursor
connection = connect(s3_staging_dir='s3://results/', schema_name='cloudtrail_logs', poll_interval=0.05,
                     cursor_class=PandasCursor)
def query(sql):
    return connection.cursor().execute(sql).as_pandas()
";

const PEERS: [(&str, &str); 2] = [("awswrangler", AWSWRANGLER), ("PyAthena with pandas", PYATHENA)];

/// As [`measure`] measures.
const MEASURE: &str = r"
import re, sys, time
peak = lambda: int(re.search(r'VmHWM:\s*(\d+)', open('/proc/self/status').read())[1]) * 1024
before, start, processor = peak(), time.perf_counter(), time.process_time()
rows = len(query(sys.argv[1]))
print('took', rows, time.perf_counter() - start, time.process_time() - processor, peak() - before, sep='\t')
";

fn main() -> Result<()> {
    if let Ok(what) = std::env::var(INSIDE) {
        return inside(&what);
    }
    let (folder, home) = (Dir::new(), Dir::new());
    let logs = folder.join("logs");
    sample::write(Path::new(&logs), &SampleOptions { events: 20_000, ..SampleOptions::default() })?;
    let python = std::env::var("TRAILBOOK_BENCH_PYTHON").ok();
    if python.is_none() {
        println!(
            "peers: not measured, as TRAILBOOK_BENCH_PYTHON names no Python with benches/requirements.txt"
        );
    }
    let bench = Bench { server: Server::start(logs.as_ref()), home, python };
    bench.rows()?;
    bench.small()?;
    bench.estimates()
}

struct Bench {
    server: Server,
    home: Dir,
    /// That of the peers.
    python: Option<String>,
}

/// What one variant took at its best, and at most of memory.
#[derive(Clone, Copy, Debug)]
struct Took {
    rows: f64,
    wall: f64,
    processor: f64,
    memory: f64,
}

impl Bench {
    /// What a program prints that takes the server for AWS.
    fn run(&self, command: &mut Command) -> Result<String> {
        let output = command.envs(self.server.environment(self.home.path())).output()?;
        match output.status.success() {
            true => Ok(String::from_utf8(output.stdout)?),
            false => Err(String::from_utf8_lossy(&output.stderr).into()),
        }
    }

    fn ours(&self, what: &str) -> Result<Took> {
        Took::parse(&self.run(Command::new(std::env::current_exe()?).env(INSIDE, what))?)
    }

    /// What the peers take, by name.
    fn theirs(&self, sql: &str) -> Result<Vec<(&'static str, Took)>> {
        let Some(python) = &self.python else { return Ok(Vec::new()) };
        let run = |(name, script)| {
            let script = format!("{script}{MEASURE}");
            Ok((name, Took::parse(&self.run(Command::new(python).args(["-c", &script, sql]))?)?))
        };
        PEERS.into_iter().map(run).collect()
    }

    fn rows(&self) -> Result<()> {
        // The first makes the rows up.
        self.ours("rows")?;
        let mut best: Vec<(&str, Took)> = Vec::new();
        for round in 0..ROUNDS {
            let mut took = vec![("trailbook", self.ours("rows")?)];
            took.extend(self.theirs(ROWS)?);
            match round {
                0 => best = took,
                _ => best.iter_mut().zip(took).for_each(|(best, (_, took))| best.1 = best.1.and(took)),
            }
        }
        let ours = best[0].1;
        let csv = self.server.largest_result() as f64;
        println!("\n{:.0} rows of 10 columns, {:.0} MB of CSV, into a data frame", ours.rows, csv / 1e6);
        println!(
            "  {:24} {:>9} {:>7} {:>7} {:>7} {:>7} {:>9} {:>6}  must",
            "", "rows/s", "wall s", "cpu s", "wall x", "cpu x", "memory MB", "x CSV"
        );
        let line = |name: &str, took: &Took, must: &str| {
            println!(
                "  {name:24} {:9.0} {:7.2} {:7.2} {:7.2} {:7.2} {:9.0} {:6.2}  {must}",
                took.rows / took.wall,
                took.wall,
                took.processor,
                took.wall / ours.wall,
                took.processor / ours.processor,
                took.memory / 1e6,
                took.memory / csv,
            );
        };
        for (index, (name, took)) in best.iter().enumerate() {
            line(name, took, if index == 0 { "x CSV at most 3" } else { "wall x above 1; of the slower, 3" });
        }
        line("trailbook, into a file", &self.ours("export")?, "");
        Ok(())
    }

    /// What is added to a query that takes a second.
    fn small(&self) -> Result<()> {
        self.server.fault(Faults { takes: SECOND, ..Faults::default() });
        println!("\na query that takes Athena a second: ms beyond that");
        let line = |name: &str, wall: f64, must: &str| {
            println!("  {name:40} {:5.0}  {must}", (wall - SECOND.as_secs_f64()) * 1e3);
        };
        line("trailbook, logs opened", self.ours("small")?.wall, "at most 300");
        let start = Instant::now();
        let mut program = Command::new(env!("CARGO_BIN_EXE_trailbook"));
        self.run(program.args(["query", "--logs", SOURCE, SMALL]))?;
        line("`trailbook query`, the whole process", start.elapsed().as_secs_f64(), "");
        for (name, took) in self.theirs(SMALL)? {
            line(name, took.wall, "");
        }
        self.server.fault(Faults::default());
        Ok(())
    }

    /// What the listing says a query will read, and what it read.
    fn estimates(&self) -> Result<()> {
        println!("\n{:30} {:>12} {:>12} {:>6}  must", "bytes", "estimated", "scanned", "x");
        for line in self.run(Command::new(std::env::current_exe()?).env(INSIDE, "estimates"))?.lines() {
            let Some([name, estimated, scanned]) = fields(line) else { continue };
            let (estimated, scanned): (f64, f64) = (estimated.parse()?, scanned.parse()?);
            println!("  {name:28} {estimated:12} {scanned:12} {:6.3}  0.9 to 1.1", estimated / scanned);
        }
        Ok(())
    }
}

/// A line that the processes print for this one.
fn fields<const N: usize>(line: &str) -> Option<[&str; N]> {
    line.strip_prefix("took\t")?.split('\t').collect::<Vec<_>>().try_into().ok()
}

impl Took {
    fn parse(printed: &str) -> Result<Took> {
        let line = printed.lines().find_map(fields::<4>).ok_or_else(|| format!("it printed {printed:?}"))?;
        let [rows, wall, processor, memory] = line;
        Ok(Took {
            rows: rows.parse()?,
            wall: wall.parse()?,
            processor: processor.parse()?,
            memory: memory.parse()?,
        })
    }

    fn and(self, other: Took) -> Took {
        Took {
            rows: self.rows,
            wall: self.wall.min(other.wall),
            processor: self.processor.min(other.processor),
            memory: self.memory.max(other.memory),
        }
    }
}

/// In a process of its own, so that the server's memory is not in its figures.
fn inside(what: &str) -> Result<()> {
    let options = QueryOptions::new().allow_full_scan(true);
    match what {
        "rows" => measure(|| Ok(Logs::open(SOURCE)?.query_with(ROWS, &options)?.height())),
        "export" => measure(|| {
            let exported = Logs::open(SOURCE)?.export(ROWS, &options, Format::Csv, &mut std::io::sink())?;
            Ok(exported.rows() as usize)
        }),
        "small" => {
            let logs = Logs::open(SOURCE)?;
            measure(|| Ok(logs.query(SMALL)?.height()))
        }
        _ => {
            let logs = Logs::open(SOURCE)?;
            for (name, condition) in ESTIMATES {
                let sql = format!(
                    "SELECT count(*) AS n FROM cloudtrail_logs.cloudtrail_partitioned WHERE {condition}"
                );
                let answer = logs.query_with(&sql, &options)?;
                let estimated = answer.bytes_estimated().ok_or("no estimate")?;
                println!("took\t{name}\t{estimated}\t{}", answer.bytes_scanned().ok_or("no bytes")?);
            }
            Ok(())
        }
    }
}

fn measure(run: impl FnOnce() -> Result<usize>) -> Result<()> {
    let (before, start, processor) = (peak()?, Instant::now(), processor_time()?);
    let rows = run()?;
    let (wall, processor) = (start.elapsed(), processor_time()? - processor);
    println!("took\t{rows}\t{}\t{}\t{}", wall.as_secs_f64(), processor.as_secs_f64(), peak()? - before);
    Ok(())
}
