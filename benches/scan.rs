//! What questions cost, beside what inflating the logs costs and what other engines take.
//!
//! `cargo benchmark` is `cargo bench` in the profile that everything is built in: nothing is built twice.
//! The logs are those in the folders that `TRAILBOOK_BENCH_LOGS` lists, separated by `:`, else a generated
//! sample of `TRAILBOOK_BENCH_EVENTS` events (200,000) in two trees: small objects as they are delivered,
//! and one large object a day. Peers are measured if the Python named by `TRAILBOOK_BENCH_PYTHON` has chdb
//! and duckdb (`benches/peers.py`).
//!
//! All variants take turns, so that what else the machine does falls on all of them. The ratios are those
//! of the best wall times; beside them, those of processor time, which others disturb less.

#![allow(clippy::disallowed_macros, reason = "a program of its own: its stdout is what it tells")]

mod process;

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use trailbook::sample::{self, SampleOptions};
use trailbook::{Logs, QueryOptions};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How often each variant has its turn.
const ROUNDS: usize = 7;

const COUNT: &str = "SELECT eventname, count(*) AS n FROM t GROUP BY eventname";
const LOGINS: &str = "SELECT eventtime, useridentity.arn, sourceipaddress, errormessage, responseelements \
                      FROM t WHERE eventname = 'ConsoleLogin'";
const PRINCIPALS: &str = "SELECT useridentity.arn, count(*) AS n FROM t GROUP BY 1 ORDER BY n DESC LIMIT 20";
const PATH: &str = "SELECT json_extract_scalar(requestparameters, '$.bucketName') AS bucket, count(*) AS n \
                    FROM t GROUP BY 1";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--peak") {
        return peak(&arguments[at + 1]);
    }
    // No snapshots of the user's, and none left to him.
    let folder = tempdir()?;
    if std::env::var_os("TRAILBOOK_HOME").is_none() {
        let arguments = arguments.into_iter().skip(1);
        let status = Command::new(std::env::current_exe()?)
            .args(arguments)
            .env("TRAILBOOK_HOME", folder.join("home"))
            .status()?;
        fs::remove_dir_all(&folder)?;
        return if status.success() { Ok(()) } else { Err(status.to_string().into()) };
    }
    for (name, tree) in trees(&folder)? {
        measure(&name, &tree)?;
    }
    Ok(fs::remove_dir_all(&folder)?)
}

fn tempdir() -> Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("trailbook-bench-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// The trees to measure, by their names.
fn trees(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    if let Some(logs) = std::env::var_os("TRAILBOOK_BENCH_LOGS") {
        return Ok(std::env::split_paths(&logs).map(|tree| (tree.display().to_string(), tree)).collect());
    }
    let events = std::env::var("TRAILBOOK_BENCH_EVENTS").map_or(Ok(200_000), |events| events.parse())?;
    let (small, large) = (folder.join("small"), folder.join("large"));
    sample::write(&small, &SampleOptions { events, ..SampleOptions::default() })?;
    join(&small, &large)?;
    Ok(vec![("large objects".into(), large), ("small objects".into(), small)])
}

/// Makes one object of all that lie in one folder.
fn join(from: &Path, to: &Path) -> Result<()> {
    let mut folders: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
    for object in objects(from) {
        folders
            .entry(object.parent().unwrap_or(from).strip_prefix(from)?.to_owned())
            .or_default()
            .push(object);
    }
    let mut inflater = Inflater::default();
    for (folder, objects) in folders {
        let mut text = b"{\"Records\":[".to_vec();
        for object in &objects {
            let whole = inflater.inflate(&fs::read(object)?)?;
            let records = whole.strip_prefix(b"{\"Records\":[").and_then(|rest| rest.strip_suffix(b"]}"));
            let records = records.filter(|records| !records.is_empty());
            if let Some(records) = records {
                text.extend_from_slice(records);
                text.push(b',');
            }
        }
        text.pop();
        text.extend_from_slice(b"]}");
        let mut compressor = libdeflater::Compressor::new(libdeflater::CompressionLvl::default());
        let mut gz = vec![0; compressor.gzip_compress_bound(text.len())];
        let length = compressor.gzip_compress(&text, &mut gz)?;
        let name = objects[0].file_name().ok_or("an object without a name")?;
        fs::create_dir_all(to.join(&folder))?;
        fs::write(to.join(folder).join(name), &gz[..length])?;
    }
    Ok(())
}

fn objects(tree: &Path) -> Vec<PathBuf> {
    let files = walkdir::WalkDir::new(tree).sort_by_file_name().into_iter().flatten();
    let files = files.map(walkdir::DirEntry::into_path);
    let is_log = |path: &PathBuf| {
        path.extension().is_some_and(|extension| extension == "gz")
            && path.components().any(|part| part.as_os_str() == "CloudTrail")
    };
    files.filter(is_log).collect()
}

/// What one variant took.
#[derive(Clone, Default)]
struct Times {
    wall: Vec<Duration>,
    processor: Duration,
}

impl Times {
    fn best(&self) -> f64 {
        self.wall.iter().min().copied().unwrap_or_default().as_secs_f64()
    }

    fn processor(&self) -> f64 {
        self.processor.as_secs_f64() / self.wall.len().max(1) as f64
    }
}

type Variant<'a> = (&'static str, &'static str, Box<dyn FnMut() -> Result<()> + 'a>);

fn measure(name: &str, tree: &Path) -> Result<()> {
    let paths = objects(tree);
    let stored: u64 = paths.iter().flat_map(fs::metadata).map(|metadata| metadata.len()).sum();
    let inflated = inflate_all(&paths)?;
    println!(
        "\n{name}: {:.0} MB of JSON in {} objects ({:.0} MB compressed), {} threads",
        inflated as f64 / 1e6,
        paths.len(),
        stored as f64 / 1e6,
        threads()
    );

    let source = tree.to_str().ok_or("the folder's name is not UTF-8")?;
    let options = QueryOptions::default().allow_full_scan(true);
    let logs = Logs::open_with(source, options.clone())?;
    let ask = |logs: &Logs, sql: &str| logs.query(sql).map(drop).map_err(Into::into);
    let day = last_day(&paths)?;
    let mut variants: Vec<Variant<'_>> = vec![
        ("inflate alone", "", Box::new(|| inflate_all(&paths).map(drop))),
        ("open (list the tree)", "", Box::new(|| Logs::open(source).map(drop).map_err(Into::into))),
        ("count by eventname", "3.5 large, 2.2 small", Box::new(|| ask(&logs, COUNT))),
        ("console logins, 5 columns", "2 large, 1.6 small", Box::new(|| ask(&logs, LOGINS))),
        ("top principals", "", Box::new(|| ask(&logs, PRINCIPALS))),
        ("JSON path group by", "5 large", Box::new(|| ask(&logs, PATH))),
        (
            "one day, count by eventname",
            "",
            Box::new(|| ask(&logs, &format!("{COUNT_OF} WHERE {day} {GROUPED}"))),
        ),
        ("`trailbook query` of one day", "0.150 s", Box::new(|| ask_in_a_process(source, &day))),
    ];
    let times = take_turns(&mut variants, ROUNDS)?;
    print_table(&variants, &times, &times[0]);

    // A snapshot of everything: afterwards the same questions are answered from it.
    drop(variants);
    let (first, last) = window(&paths)?;
    let scope = logs.scope(&[], &[], &first, &last)?;
    let start = Instant::now();
    let snapshot = logs.snapshot(&scope)?;
    println!("  snapshot built in {:.2} s: {}", start.elapsed().as_secs_f64(), snapshot.summary());
    let check = logs.query(COUNT)?;
    if check.coverage().snapshot.is_none() {
        return Err("the snapshot did not answer".into());
    }
    let mut variants: Vec<Variant<'_>> = vec![
        ("count by eventname, snapshot", "0.060 s", Box::new(|| ask(&logs, COUNT))),
        ("console logins, snapshot", "0.060 s", Box::new(|| ask(&logs, LOGINS))),
        ("top principals, snapshot", "0.060 s", Box::new(|| ask(&logs, PRINCIPALS))),
        ("JSON path group by, snapshot", "0.060 s", Box::new(|| ask(&logs, PATH))),
    ];
    let repeated = take_turns(&mut variants, ROUNDS)?;
    print_table(&variants, &repeated, &times[0]);
    drop(variants);
    if let Some(path) = snapshot.path() {
        fs::remove_file(path)?;
    }

    memory(source)?;
    peers(source, &times)
}

const COUNT_OF: &str = "SELECT eventname, count(*) AS n FROM t";
const GROUPED: &str = "GROUP BY eventname";

/// Every variant once, then every variant again: the first time does not count.
fn take_turns(variants: &mut [Variant<'_>], rounds: usize) -> Result<Vec<Times>> {
    let mut times = vec![Times::default(); variants.len()];
    for round in 0..=rounds {
        for ((_, _, run), times) in variants.iter_mut().zip(&mut times) {
            let (start, before) = (Instant::now(), process::processor_time()?);
            run()?;
            if round > 0 {
                times.wall.push(start.elapsed());
                times.processor += process::processor_time()?.saturating_sub(before);
            }
        }
    }
    Ok(times)
}

fn print_table(variants: &[Variant<'_>], times: &[Times], floor: &Times) {
    println!("  {:32} {:>8} {:>8} {:>7} {:>7}  must", "", "wall s", "cpu s", "wall x", "cpu x");
    for ((name, must, _), time) in variants.iter().zip(times) {
        let ratio = |of: f64, by: f64| if by > 0.0 { format!("{:.2}", of / by) } else { "-".into() };
        println!(
            "  {name:32} {:8.3} {:8.3} {:>7} {:>7}  {must}",
            time.best(),
            time.processor(),
            ratio(time.best(), floor.best()),
            ratio(time.processor(), floor.processor()),
        );
    }
}

/// Reads and inflates, on as many threads as the engine has.
fn inflate_all(paths: &[PathBuf]) -> Result<usize> {
    let (next, sum) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let work = || -> std::result::Result<(), String> {
            let mut inflater = Inflater::default();
            while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
                let raw = fs::read(path).map_err(|error| error.to_string())?;
                let text = inflater.inflate(&raw).map_err(|error| error.to_string())?;
                sum.fetch_add(text.len(), Ordering::Relaxed);
            }
            Ok(())
        };
        let threads: Vec<_> = (0..threads()).map(|_| scope.spawn(work)).collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().map_err(|_| "a thread panicked".to_owned())?)
    })?;
    Ok(sum.into_inner())
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

struct Inflater {
    inflater: libdeflater::Decompressor,
    text: Vec<u8>,
}

impl Default for Inflater {
    fn default() -> Self {
        Inflater { inflater: libdeflater::Decompressor::new(), text: Vec::new() }
    }
}

impl Inflater {
    fn inflate(&mut self, raw: &[u8]) -> Result<&[u8]> {
        // The last four bytes of a member are its length.
        let length = raw.last_chunk::<4>().map_or(0, |bytes| u32::from_le_bytes(*bytes)) as usize;
        if self.text.len() < length {
            self.text.resize(length, 0);
        }
        let length = self.inflater.gzip_decompress(raw, &mut self.text)?;
        Ok(&self.text[..length])
    }
}

/// The condition on the last day of the tree.
fn last_day(paths: &[PathBuf]) -> Result<String> {
    let day = paths.iter().map(|path| date(path)).max().flatten().ok_or("the tree has no days")?;
    let [year, month, day] = day;
    Ok(format!("year = '{year}' AND month = '{month}' AND day = '{day}'"))
}

fn date(path: &Path) -> Option<[String; 3]> {
    let mut parts =
        path.parent()?.components().rev().map(|part| part.as_os_str().to_string_lossy().into_owned());
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    Some([year, month, day])
}

/// A window that holds every day of the tree.
fn window(paths: &[PathBuf]) -> Result<(String, String)> {
    let days: Vec<[String; 3]> = paths.iter().filter_map(|path| date(path)).collect();
    let (first, last) = (days.iter().min().ok_or("no days")?, days.iter().max().ok_or("no days")?);
    Ok((first.join("-"), format!("{}T23:59:59Z", last.join("-"))))
}

fn ask_in_a_process(source: &str, day: &str) -> Result<()> {
    let output = Command::new(env!("CARGO_BIN_EXE_trailbook"))
        .args(["query", "--format", "csv", "--logs", source, &format!("{COUNT_OF} WHERE {day} {GROUPED}")])
        .output()?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into()),
    }
}

/// The peak memory of a process that asks every question of the tree, and of one on four times the tree.
fn memory(source: &str) -> Result<()> {
    let once = peak_of(source)?;
    let four = tempdir()?.join("four");
    for copy in 0..4 {
        for object in objects(Path::new(source)) {
            let name = object.strip_prefix(source)?;
            let link = four.join(copy.to_string()).join(name);
            fs::create_dir_all(link.parent().unwrap_or(&four))?;
            if fs::hard_link(&object, &link).is_err() {
                fs::copy(&object, &link)?;
            }
        }
    }
    let times_four = peak_of(four.to_str().ok_or("the folder's name is not UTF-8")?)?;
    println!(
        "  peak memory {once:.0} MB; on four times the tree {times_four:.0} MB (must: 400 MB, not growing)"
    );
    Ok(fs::remove_dir_all(four)?)
}

fn peak_of(source: &str) -> Result<f64> {
    let output = Command::new(std::env::current_exe()?).args(["--peak", source]).output()?;
    let text = String::from_utf8(output.stdout)?;
    text.trim().parse().map_err(|_| String::from_utf8_lossy(&output.stderr).into())
}

fn peak(source: &str) -> Result<()> {
    let logs = Logs::open_with(source, QueryOptions::default().allow_full_scan(true))?;
    for sql in [COUNT, LOGINS, PRINCIPALS, PATH] {
        logs.query(sql)?;
    }
    println!("{:.1}", process::peak()? as f64 / 1e6);
    Ok(())
}

/// What other engines take for the same questions, from the listing of the tree on.
fn peers(source: &str, times: &[Times]) -> Result<()> {
    let Some(python) = std::env::var_os("TRAILBOOK_BENCH_PYTHON") else {
        println!("  peers: not measured, as TRAILBOOK_BENCH_PYTHON names no Python with chdb and duckdb");
        return Ok(());
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers.py");
    let output = Command::new(python).arg(script).args([source, &threads().to_string()]).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    println!(
        "  {:46} {:>8} {:>8} {:>7} {:>7}",
        "a peer, and how many times ours it takes", "wall s", "cpu s", "wall x", "cpu x"
    );
    for line in String::from_utf8(output.stdout)?.lines() {
        let [question, peer, wall, processor] = line.split('\t').collect::<Vec<_>>()[..] else { continue };
        let (wall, processor): (f64, f64) = (wall.parse()?, processor.parse()?);
        // They list the tree each time.
        let ours = [&times[1], &times[if question == "count" { 2 } else { 3 }]];
        println!(
            "  {:46} {wall:8.3} {processor:8.3} {:7.1} {:7.1}",
            format!("{question}: {peer}"),
            wall / ours.iter().map(|times| times.best()).sum::<f64>(),
            processor / ours.iter().map(|times| times.processor()).sum::<f64>(),
        );
    }
    Ok(())
}
