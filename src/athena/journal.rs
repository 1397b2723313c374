//! The queries that were started, so that any process can take them up.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::source::Source;
use crate::logs::location::Location;
use crate::{Error, Result};

/// A query that was started at Athena.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) id: String,
    /// When it was started, RFC 3339 in UTC.
    pub(super) started: String,
    /// The source of the logs, as it was opened: `athena://…`.
    pub(super) source: String,
    /// The region that the query runs in.
    pub(super) region: String,
    pub(super) sql: String,
}

impl Entry {
    /// Where it runs.
    ///
    /// # Errors
    ///
    /// [`is_invalid`](Error::is_invalid): the journal was changed by something else.
    pub(super) fn source(&self) -> Result<Source> {
        let location = Location::parse(&self.source)?;
        let location =
            location.ok_or_else(|| Error::invalid(format!("`{}` is no source at Athena", self.source)))?;
        Ok(Source { region: self.region.clone(), ..Source::of(&location)? })
    }
}

/// The file: a JSON object a line.
#[derive(Clone, Debug)]
pub(super) struct Journal(PathBuf);

impl Journal {
    /// `athena/queries.jsonl` in trailbook's folder.
    ///
    /// # Errors
    ///
    /// There is no such folder.
    pub(super) fn open() -> Result<Journal> {
        Ok(Self::at(&crate::case::home()?))
    }

    fn at(home: &Path) -> Journal {
        Journal(home.join("athena").join("queries.jsonl"))
    }

    /// Adds a query, and sees that it is on the disk.
    ///
    /// # Errors
    ///
    /// [`is_io`](Error::is_io).
    pub(super) fn add(&self, entry: &Entry) -> Result<()> {
        let named = |error| Error::io(format!("{} cannot be written", self.0.display()), error);
        if let Some(folder) = self.0.parent() {
            fs::create_dir_all(folder).map_err(named)?;
        }
        let mut line = serde_json::to_string(entry).map_err(|error| named(error.into()))?;
        line.push('\n');
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        // Queries may name people and addresses.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&self.0).map_err(named)?;
        // In one call, so that lines of several processes do not mix.
        file.write_all(line.as_bytes()).and_then(|()| file.sync_data()).map_err(named)
    }

    /// The query of an id.
    ///
    /// # Errors
    ///
    /// [`is_not_found`](Error::is_not_found): it was not started from here;
    /// [`is_io`](Error::is_io): the journal cannot be read.
    pub(super) fn find(&self, id: &str) -> Result<Entry> {
        let entry = self.newest(usize::MAX)?.into_iter().find(|entry| entry.id == id);
        entry.ok_or_else(|| {
            Error::not_found(format!("no query `{}` was started from here", id.escape_debug())).hint(format!(
                "`trailbook athena list` tells those that were, as noted in {}; TRAILBOOK_HOME says where that is",
                self.0.display()
            ))
        })
    }

    /// The newest queries, newest first.
    ///
    /// # Errors
    ///
    /// [`is_io`](Error::is_io): the journal cannot be read.
    pub(super) fn newest(&self, most: usize) -> Result<Vec<Entry>> {
        let text = match fs::read_to_string(&self.0) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            read => read.map_err(|error| Error::io(format!("{} cannot be read", self.0.display()), error))?,
        };
        let entries = text.lines().rev().filter_map(|line| serde_json::from_str(line).ok());
        Ok(entries.take(most).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_found_again() {
        let home = tempfile::tempdir().unwrap();
        let entry = |id: &str| Entry {
            id: id.into(),
            started: "2026-10-12T08:00:00Z".into(),
            source: "athena://a.b".into(),
            region: "eu-west-1".into(),
            sql: "SELECT 'a\n\u{2028}'".into(),
        };
        let journal = Journal::at(home.path());
        assert!(journal.find("q-1").unwrap_err().is_not_found());
        journal.add(&entry("q-1")).unwrap();
        journal.add(&entry("q-2")).unwrap();
        fs::write(&journal.0, [&fs::read(&journal.0).unwrap()[..], b"{\"id\":\"q-3"].concat()).unwrap();
        assert_eq!(journal.find("q-1").unwrap(), entry("q-1"));
        assert_eq!(journal.find("q-2").unwrap(), entry("q-2"));
        assert_eq!(journal.newest(9).unwrap(), [entry("q-2"), entry("q-1")]);
        assert!(journal.find("q-3").unwrap_err().to_string().contains("queries.jsonl"));
    }
}
