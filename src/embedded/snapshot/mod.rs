//! Snapshots: the events of a scope as one Parquet file, which answers in the place of the logs.
//!
//! A snapshot holds whole partitions, every record of them, sorted by `eventtime`: a scan is
//! answered from it if all objects that it would read are in it as they are listed now, and the
//! file holds nothing else that its conditions leave. So no condition has to be understood.

mod read;
mod write;

use std::{
    collections::{BTreeSet, HashMap},
    ffi::OsStr,
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use datafusion::{
    arrow::datatypes::{Field, Fields, Schema, SchemaRef},
    catalog::Session,
    logical_expr::Expr,
    parquet::file::reader::{FileReader, SerializedFileReader},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    columns::{self, Source},
    ledger::Reading,
    partitions,
    tree::{LogObject, Partition, Tree},
};
use crate::{Error, Result};

pub(super) use write::write;

/// Of the file's layout: another one is not read.
const VERSION: u32 = 1;

/// The key of the manifest in the file's metadata.
const MANIFEST: &str = "trailbook.snapshot";

/// What reading objects gave, by their places in the tree.
type Readings = Vec<(usize, Reading)>;

/// A snapshot that was made.
#[derive(Debug)]
pub(super) struct Snapshot {
    path: PathBuf,
    manifest: Manifest,
    /// The places of the entries by their objects' paths.
    by_path: HashMap<String, usize>,
    /// How many entries lie in each folder.
    by_folder: HashMap<String, usize>,
    /// The entries of the objects of a tree on disk, which stays as it was listed.
    on_disk: OnceLock<Vec<Option<usize>>>,
}

/// What a snapshot was made of.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    version: u32,
    /// The root of the tree.
    root: String,
    /// When, as RFC 3339 in UTC.
    made: String,
    events: u64,
    objects: Vec<Entry>,
}

/// An object, as it was when it was read, and what reading it gave.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    /// As seen from the root.
    path: String,
    size: u64,
    /// In microseconds since 1970.
    modified: i64,
    sha256: String,
    inflated: u64,
    records: u64,
    duplicates: u64,
    damage: Option<String>,
}

impl Snapshot {
    /// The snapshots of a tree.
    ///
    /// # Errors
    ///
    /// [`is_failed`](Error::is_failed): a file that should be one is damaged.
    pub(super) fn all(folder: &Path, tree: &Tree) -> Result<Vec<Arc<Snapshot>>> {
        files(folder, &tree.root()).into_iter().map(|path| Ok(Arc::new(Snapshot::open(path)?))).collect()
    }

    fn open(path: PathBuf) -> Result<Snapshot> {
        let damaged = |why: &dyn std::fmt::Display| {
            Error::failed(format!("the snapshot {} cannot be read: {why}", path.display()))
                .hint("delete it, and make it again")
        };
        let file = fs::File::open(&path).map_err(|error| damaged(&error))?;
        let reader = SerializedFileReader::new(file).map_err(|error| damaged(&error))?;
        let metadata = reader.metadata().file_metadata().key_value_metadata();
        let manifest = metadata.into_iter().flatten().find(|pair| pair.key == MANIFEST);
        let manifest = manifest.and_then(|pair| pair.value.as_deref()).unwrap_or_default();
        let manifest: Manifest = serde_json::from_str(manifest).map_err(|error| damaged(&error))?;
        if manifest.version != VERSION {
            return Err(damaged(&"another version made it"));
        }
        Ok(Snapshot::new(path, manifest))
    }

    fn new(path: PathBuf, manifest: Manifest) -> Snapshot {
        let mut by_folder = HashMap::new();
        let mut by_path = HashMap::with_capacity(manifest.objects.len());
        for (place, entry) in manifest.objects.iter().enumerate() {
            by_path.insert(entry.path.clone(), place);
            let folder = entry.path.rsplit_once('/').map_or("", |(folder, _)| folder);
            *by_folder.entry(folder.to_owned()).or_default() += 1;
        }
        Snapshot { path, manifest, by_path, by_folder, on_disk: OnceLock::new() }
    }

    /// When it was made, as RFC 3339 in UTC.
    pub(super) fn made(&self) -> &str {
        &self.manifest.made
    }

    /// What reading each of `objects` of `tree`, those that `filters` leave, gave, if the snapshot can answer in
    /// their place: if it has all of them, as they are now, and nothing else that the filters leave.
    ///
    /// # Errors
    ///
    /// A filter fails on a partition's values.
    pub(super) fn stands_for(
        &self,
        tree: &Tree,
        objects: &[usize],
        deduplicate: bool,
        filters: &[Expr],
        session: &dyn Session,
    ) -> datafusion::error::Result<Option<Readings>> {
        // Which record is the first with its id depends on all that are read.
        if deduplicate && objects.len() != self.manifest.objects.len() {
            return Ok(None);
        }
        let Some((readings, folders)) = self.readings(tree, objects, deduplicate) else { return Ok(None) };
        let (mut partitions, mut counts) = (Vec::new(), Vec::new());
        let mut held = 0;
        for (folder, count) in &self.by_folder {
            match Partition::of_folder(&tree.absolute(folder)) {
                Some(partition) => {
                    partitions.push(partition);
                    counts.push(count);
                }
                // What its path does not tell, its objects do.
                None if folders.contains(folder) => held += count,
                None => {}
            }
        }
        let admitted = partitions::admits(&partitions, filters, session)?;
        held += counts
            .into_iter()
            .zip(admitted)
            .filter_map(|(count, is_in)| is_in.then_some(count))
            .sum::<usize>();
        Ok((held == objects.len()).then_some(readings))
    }

    /// What reading the objects gave, if all are as they were, and their folders.
    fn readings(
        &self,
        tree: &Tree,
        objects: &[usize],
        deduplicate: bool,
    ) -> Option<(Readings, BTreeSet<String>)> {
        let on_disk = match tree.store() {
            Some(_) => None,
            None => Some(
                self.on_disk
                    .get_or_init(|| tree.objects().iter().map(|object| self.entry(tree, object)).collect()),
            ),
        };
        let mut folders = BTreeSet::new();
        let mut last = None;
        let mut readings = Vec::with_capacity(objects.len());
        for &place in objects {
            let object = &tree.objects()[place];
            let entry = match on_disk {
                Some(entries) => entries[place]?,
                None => self.entry(tree, object)?,
            };
            // Objects of a folder follow one another, and comparing paths takes time.
            if last.replace(object.partition.index) != Some(object.partition.index) {
                folders.insert(told(tree, &object.partition.folder));
            }
            readings.push((place, self.manifest.objects[entry].reading(deduplicate)));
        }
        Some((readings, folders))
    }

    /// Whether `objects` are all that it has.
    fn is_whole_of(&self, objects: usize) -> bool {
        self.manifest.objects.len() == objects
    }

    fn entry(&self, tree: &Tree, object: &LogObject) -> Option<usize> {
        let place = *self.by_path.get(&told(tree, &object.path()))?;
        let entry = &self.manifest.objects[place];
        let stored = object.stored().ok()?;
        let is_same = stored.size == entry.size && stored.modified.timestamp_micros() == entry.modified;
        is_same.then_some(place)
    }
}

impl Entry {
    fn reading(&self, deduplicate: bool) -> Reading {
        Reading {
            bytes: self.size as usize,
            inflated: self.inflated as usize,
            sha256: None,
            records: self.records as usize,
            duplicates: if deduplicate { self.duplicates as usize } else { 0 },
            damage: self.damage.clone().map(Into::into),
        }
    }
}

/// A path as the manifest has it.
fn told(tree: &Tree, path: &Path) -> String {
    tree.relative(path).to_string_lossy().into_owned()
}

/// The table's columns, and what else a snapshot knows of a record.
pub(super) fn sources() -> Vec<Source> {
    (0..).map_while(Source::column).chain(Source::facts()).collect()
}

pub(super) fn schema() -> SchemaRef {
    let facts = Source::facts().map(|fact| Arc::new(Field::new(fact.to_string(), fact.data_type(), true)));
    let columns = columns::schema();
    Arc::new(Schema::new(columns.fields().iter().cloned().chain(facts).collect::<Fields>()))
}

/// Where snapshots are kept: `$TRAILBOOK_HOME/snapshots`, or `trailbook/snapshots` in the user's cache folder.
pub(super) fn folder() -> Option<PathBuf> {
    match std::env::var_os("TRAILBOOK_HOME").filter(|home| !home.is_empty()) {
        Some(home) => Some(PathBuf::from(home).join("snapshots")),
        None => dirs::cache_dir().map(|cache| cache.join("trailbook/snapshots")),
    }
}

/// The files of the snapshots of the tree at `root`, sorted.
fn files(folder: &Path, root: &str) -> Vec<PathBuf> {
    // Where there is no folder there are no snapshots.
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let prefix = prefix(root);
    let is_one = |path: &PathBuf| {
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        name.starts_with(&prefix) && name.ends_with(".parquet")
    };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(is_one).collect();
    files.sort();
    files
}

/// How the names of a tree's snapshots begin.
fn prefix(root: &str) -> String {
    let mut prefix = hex(&Sha256::digest(root))[..16].to_owned();
    prefix.push('-');
    prefix
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn cannot(what: &str, path: &Path) -> impl Fn(io::Error) -> Error {
    let what = format!("the snapshot {} cannot be {what}", path.display());
    move |error| Error::io(&what, error)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::{
        QueryOptions, Scope,
        embedded::Engine,
        logs::engine::{Outcome, QueryEngine},
        moto::Moto,
        show::Format,
    };

    use super::*;

    /// Logs of three days in two accounts, with all that a snapshot has to keep.
    fn logs() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (n, day) in [(0, "2026/10/11"), (1, "2026/10/12"), (2, "2026/10/13")] {
            for account in ["111122223333", "444455556666"] {
                let event = |id: &str, time: u32, more: Value| {
                    let mut event = json!({
                        "eventTime": format!("2026-10-{:02}T{time:02}:00:00Z", 11 + n), "eventID": id,
                        "eventName": "A", "userIdentity": {"type": "Root", "arn": account},
                    });
                    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
                    event
                };
                let records = json!([
                    event("late", 9, json!({"requestParameters": null, "responseElements": "null"})),
                    event(&format!("{account}{n}"), 7, json!({"requestParameters": {"b": 1.50, "a": "\u{e9}"}})),
                    event("x", 8, json!({"userIdentity": {}, "resources": [{"ARN": "r"}], "tlsDetails": null})),
                    {"eventName": "without all"},
                ]);
                let folder = root.path().join(format!("AWSLogs/{account}/CloudTrail/us-east-1/{day}"));
                fs::create_dir_all(&folder).unwrap();
                fs::write(folder.join("a.json"), json!({ "Records": records }).to_string()).unwrap();
            }
        }
        root
    }

    /// An engine that keeps snapshots in `folder`.
    fn engine(logs: &Path, folder: &Path) -> Engine {
        Engine::open(logs).unwrap().with_snapshots_in(folder)
    }

    fn scope() -> Scope {
        let accounts = vec!["111122223333".into(), "444455556666".into()];
        Scope::new(accounts, vec!["us-east-1".into()], "2026-10-11", "2026-10-12").unwrap()
    }

    const IN_SCOPE: [&str; 6] = [
        "SELECT * FROM t WHERE account_id IN ('111122223333', '444455556666') AND region = 'us-east-1' \
         AND year = '2026' AND month = '10' AND day BETWEEN '11' AND '12'",
        "SELECT eventname, day, useridentity.arn, count(*) AS n FROM t WHERE day = '12' GROUP BY 1, 2, 3",
        "SELECT eventid, requestparameters, responseelements, account_id FROM t \
         WHERE day = '11' AND account_id = '444455556666' ORDER BY eventtime DESC LIMIT 3",
        "SELECT count(*) AS n FROM t WHERE day < '13' AND requestparameters = 'null'",
        "SELECT count(*) AS n, count(useridentity) AS u, count(tlsdetails) AS t FROM t WHERE day < '13'",
        "SELECT r.arn, day FROM t CROSS JOIN UNNEST(resources) AS u(r) WHERE day < '13' AND eventid = 'x'",
    ];

    fn text(outcome: &Outcome) -> String {
        let mut out = Vec::new();
        Format::Ndjson.write(&outcome.frame, &outcome.columns, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn answers_are_those_of_the_logs() {
        let (logs, folder) = (logs(), tempfile::tempdir().unwrap());
        let without = engine(logs.path(), &folder.path().join("none"));
        let with = engine(logs.path(), folder.path());
        let snapshot = with.snapshot(&scope()).unwrap();
        assert_eq!((snapshot.objects(), snapshot.events(), snapshot.unread), (4, 16, 0));
        let file = fs::read(snapshot.path().unwrap()).unwrap();
        assert_eq!(Some(hex(&Sha256::digest(file)).as_str()), snapshot.sha256());
        for sql in IN_SCOPE {
            for null_as_text in [false, true] {
                for deduplicate in [false, true] {
                    let options =
                        QueryOptions::default().null_json_as_text(null_as_text).deduplicate(deduplicate);
                    let (from_logs, from_it) =
                        (without.run(sql, &options).unwrap(), with.run(sql, &options).unwrap());
                    assert_eq!(text(&from_it), text(&from_logs), "{sql} {options:?}");
                    let coverage = from_it.coverage;
                    // Which is the first of two depends on all that is read.
                    let whole = coverage.objects_read == 4;
                    assert_eq!(coverage.snapshot.is_some(), whole || !deduplicate, "{sql} {options:?}");
                    assert_eq!(
                        crate::Coverage { snapshot: None, records: 0, ..coverage },
                        crate::Coverage { records: 0, ..from_logs.coverage },
                        "{sql}"
                    );
                }
            }
        }
    }

    #[test]
    fn what_it_does_not_have_comes_from_the_logs() {
        let (logs, folder) = (logs(), tempfile::tempdir().unwrap());
        engine(logs.path(), folder.path()).snapshot(&scope()).unwrap();
        let day = logs.path().join("AWSLogs/111122223333/CloudTrail/us-east-1/2026/10/12");
        let check = |sql: &str, from_snapshot: bool, count: &str| {
            let outcome = engine(logs.path(), folder.path()).run(sql, &QueryOptions::default()).unwrap();
            assert_eq!(text(&outcome), format!("{{\"n\":{count}}}\n"), "{sql}");
            assert_eq!(outcome.coverage.snapshot.is_some(), from_snapshot, "{sql}");
        };
        let twelfth = "SELECT count(*) AS n FROM t WHERE day = '12'";
        check(twelfth, true, "8");
        check("SELECT count(*) AS n FROM t WHERE day >= '12'", false, "16");
        // More was delivered.
        let more = r#"{"Records":[{"eventName":"B"}]}"#;
        fs::write(day.join("b.json"), more).unwrap();
        check(twelfth, false, "9");
        check("SELECT count(*) AS n FROM t WHERE day = '11'", true, "8");
        // One was removed, as many are left.
        fs::remove_file(day.join("a.json")).unwrap();
        check(twelfth, false, "5");
        // One changed.
        fs::remove_file(day.join("b.json")).unwrap();
        fs::write(day.join("a.json"), more).unwrap();
        check(twelfth, false, "5");
        // A new one takes the place of the old.
        let made = engine(logs.path(), folder.path()).snapshot(&scope()).unwrap();
        check(twelfth, true, "5");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        // All of a day of one account is gone.
        fs::remove_dir_all(logs.path().join("AWSLogs/444455556666/CloudTrail/us-east-1/2026/10/11")).unwrap();
        check("SELECT count(*) AS n FROM t WHERE day = '11'", false, "4");
        fs::write(made.path().unwrap(), "damaged").unwrap();
        let error = engine(logs.path(), folder.path()).run(twelfth, &QueryOptions::default()).err().unwrap();
        assert!(error.to_string().contains("delete it"), "{error}");
    }

    #[test]
    fn objects_that_cannot_be_read_are_not_in_it_and_damaged_ones_are_told() {
        let (logs, folder) = (logs(), tempfile::tempdir().unwrap());
        let day = logs.path().join("AWSLogs/111122223333/CloudTrail/us-east-1/2026/10/12");
        fs::write(day.join("cut.json"), r#"{"Records":[{"eventName":"B"},{"event"#).unwrap();
        let engine = engine(logs.path(), folder.path());
        assert_eq!(engine.snapshot(&scope()).unwrap().objects(), 5);
        let sql = "SELECT count(*) AS n FROM t WHERE day = '12'";
        let outcome = engine.run(sql, &QueryOptions::default()).unwrap();
        assert!(outcome.coverage.snapshot.is_some());
        assert_eq!(outcome.coverage.damaged.len(), 1);
        fs::remove_file(day.join("cut.json")).unwrap();
        // It is listed and gone.
        let snapshot = engine.snapshot(&scope()).unwrap();
        assert_eq!((snapshot.objects(), snapshot.unread), (4, 1));
        let outcome = engine.run(sql, &QueryOptions::default()).unwrap();
        assert!(outcome.coverage.snapshot.is_none());
    }

    #[test]
    fn a_bucket_has_snapshots_too() {
        let Some(moto) = Moto::start() else { return };
        let (logs, folder) = (logs(), tempfile::tempdir().unwrap());
        moto.upload("logs", logs.path());
        let open = || {
            let store = crate::Aws::at(moto.endpoint()).bucket("logs").unwrap();
            Engine::open_bucket(store, "").unwrap().with_snapshots_in(folder.path())
        };
        open().snapshot(&scope()).unwrap();
        for (sql, from_snapshot) in [
            ("SELECT count(*) AS n FROM t WHERE day = '12'", true),
            ("SELECT count(*) AS n FROM t WHERE day = '13'", false),
        ] {
            let outcome = open().run(sql, &QueryOptions::default()).unwrap();
            assert_eq!(text(&outcome), "{\"n\":8}\n");
            assert_eq!(outcome.coverage.snapshot.is_some(), from_snapshot, "{sql}");
        }
    }
}
