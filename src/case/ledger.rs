//! The append-only record of a case: one JSON object a line, each holding the hash of the one before.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::logs::scope::utc;
use crate::{Error, Result};

/// What the first entry names as the entry before it.
const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

#[derive(Clone, Debug)]
pub(super) struct Ledger {
    path: PathBuf,
}

impl Ledger {
    /// The ledger of a folder, which is made when absent.
    pub(super) fn open(folder: &Path) -> Result<Ledger> {
        fs::create_dir_all(folder).map_err(|error| {
            Error::io(format!("the case folder {} cannot be made", folder.display()), error)
        })?;
        Ok(Ledger { path: folder.join("ledger.jsonl") })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Appends an entry, chained to the last.
    ///
    /// The file is locked from reading the last entry to writing the next: two
    /// notebooks may work on one case.
    pub(super) fn append(&self, kind: &str, mut fields: Map<String, Value>) -> Result<()> {
        let failed =
            |error| Error::io(format!("the ledger {} cannot be written", self.path.display()), error);
        let mut file =
            OpenOptions::new().read(true).append(true).create(true).open(&self.path).map_err(failed)?;
        file.lock().map_err(failed)?;
        let entries = self.read_from(&mut file)?;
        let previous = entries.last().map_or(GENESIS, |entry| entry["sha256"].as_str().unwrap_or(GENESIS));
        let mut entry = Map::new();
        entry.insert("sequence".into(), json!(entries.len() + 1));
        entry.insert("at".into(), json!(utc(chrono::Utc::now())));
        entry.insert("kind".into(), json!(kind));
        entry.append(&mut fields);
        entry.insert("previous".into(), json!(previous));
        let hash = hash(&entry);
        entry.insert("sha256".into(), json!(hash));
        let mut line = Value::Object(entry).to_string();
        line.push('\n');
        file.write_all(line.as_bytes()).and_then(|()| file.sync_data()).map_err(failed)
    }

    /// All entries, after checking that none was changed or removed.
    ///
    /// # Errors
    ///
    /// [`is_invalid`](Error::is_invalid), naming the first line at which the chain breaks.
    pub(super) fn entries(&self) -> Result<Vec<Value>> {
        match File::open(&self.path) {
            Ok(mut file) => self.read_from(&mut file),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(Error::io(format!("the ledger {} cannot be read", self.path.display()), error)),
        }
    }

    fn read_from(&self, file: &mut File) -> Result<Vec<Value>> {
        let failed = |error| Error::io(format!("the ledger {} cannot be read", self.path.display()), error);
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        let mut entries: Vec<Value> = Vec::new();
        for (number, line) in BufReader::new(file).lines().enumerate() {
            let line = line.map_err(failed)?;
            let broken = |why: &str| {
                Error::invalid(format!("line {} of the ledger {} {why}", number + 1, self.path.display()))
                    .hint("the record of this case was changed after it was written: keep the file as it is, and open a case under another id")
            };
            let entry: Map<String, Value> = serde_json::from_str(&line).map_err(|_| broken("is no entry"))?;
            let expected = entries.last().map_or(GENESIS, |last| last["sha256"].as_str().unwrap_or(GENESIS));
            if entry.get("previous").and_then(Value::as_str) != Some(expected) {
                return Err(broken("does not follow the one before it"));
            }
            let mut content = entry.clone();
            let claimed = content.remove("sha256");
            if claimed.as_ref().and_then(Value::as_str) != Some(hash(&content).as_str()) {
                return Err(broken("does not have the hash that it claims"));
            }
            entries.push(Value::Object(entry));
        }
        Ok(entries)
    }
}

/// The SHA-256 of an entry without its own hash, as the line it would be.
fn hash(entry: &Map<String, Value>) -> String {
    let text = serde_json::to_string(entry).unwrap_or_default();
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(note: &str) -> Map<String, Value> {
        Map::from_iter([("note".to_owned(), json!(note))])
    }

    fn three() -> (tempfile::TempDir, Ledger) {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path()).unwrap();
        for note in ["one", "two", "three\nlines"] {
            ledger.append("note", fields(note)).unwrap();
        }
        (folder, ledger)
    }

    #[test]
    fn entries_come_back_in_order() {
        let (_folder, ledger) = three();
        let entries = ledger.entries().unwrap();
        assert_eq!(entries.len(), 3);
        assert_eq!(entries[2]["note"], "three\nlines");
        assert_eq!(entries[2]["sequence"], 3);
        assert_eq!(entries[1]["previous"], entries[0]["sha256"]);
    }

    #[test]
    fn a_changed_entry_is_found() {
        let (_folder, ledger) = three();
        let text = fs::read_to_string(ledger.path()).unwrap();
        fs::write(ledger.path(), text.replace("\"two\"", "\"too\"")).unwrap();
        let error = ledger.entries().unwrap_err();
        assert!(error.to_string().contains("line 2"), "{error}");
        assert!(ledger.append("note", fields("four")).is_err());
    }

    #[test]
    fn a_removed_entry_is_found() {
        let (_folder, ledger) = three();
        let text = fs::read_to_string(ledger.path()).unwrap();
        let kept: Vec<&str> = text.lines().filter(|line| !line.contains("\"two\"")).collect();
        fs::write(ledger.path(), kept.join("\n") + "\n").unwrap();
        let error = ledger.entries().unwrap_err();
        assert!(error.to_string().contains("does not follow"), "{error}");
    }

    #[test]
    fn writers_at_once_keep_one_chain() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path()).unwrap();
        std::thread::scope(|threads| {
            for n in 0..4 {
                let ledger = ledger.clone();
                threads.spawn(move || {
                    for m in 0..5 {
                        ledger.append("note", fields(&format!("{n}.{m}"))).unwrap();
                    }
                });
            }
        });
        assert_eq!(ledger.entries().unwrap().len(), 20);
    }
}
