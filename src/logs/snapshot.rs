//! A scope's events, kept in a form that is quick to ask again.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::show::{self, Bundle, Panel};
use crate::sql;

/// A scope's events as Parquet: a file on this machine, sorted by `eventtime`, or a table at Athena.
///
/// Made by [`Logs::snapshot`](crate::Logs::snapshot). What it was made of is known: the file's metadata has the
/// list of the log objects with their SHA-256, and beside the journal of Athena's queries lies one by
/// their names, sizes and times. The file, or the table with its files, can be removed at any time: questions then
/// go to the logs again.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    pub(crate) kept: Kept,
    pub(crate) made: String,
    pub(crate) objects: u64,
    pub(crate) unread: u64,
    pub(crate) events: u64,
    pub(crate) log_bytes: u64,
    pub(crate) bytes: u64,
}

/// Where a snapshot is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kept {
    File {
        path: PathBuf,
        sha256: String,
    },
    Table {
        /// As SQL names it.
        name: String,
        /// Where its files are.
        location: String,
        making: Making,
    },
}

/// What it took to make one at Athena.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Making {
    pub(crate) bytes_scanned: u64,
    pub(crate) cost_usd: f64,
}

impl Snapshot {
    /// The file; nothing at Athena, as [`sha256`](Snapshot::sha256).
    pub fn path(&self) -> Option<&Path> {
        match &self.kept {
            Kept::File { path, .. } => Some(path),
            Kept::Table { .. } => None,
        }
    }

    /// The SHA-256 of the file.
    pub fn sha256(&self) -> Option<&str> {
        match &self.kept {
            Kept::File { sha256, .. } => Some(sha256),
            Kept::Table { .. } => None,
        }
    }

    /// The table at Athena, as SQL names it; nothing for a file, as the next ones.
    pub fn table(&self) -> Option<&str> {
        match &self.kept {
            Kept::Table { name, .. } => Some(name),
            Kept::File { .. } => None,
        }
    }

    /// Where the table's files are: `s3://bucket/prefix/`.
    pub fn location(&self) -> Option<&str> {
        match &self.kept {
            Kept::Table { location, .. } => Some(location),
            Kept::File { .. } => None,
        }
    }

    /// The bytes that Athena read to make it.
    pub fn bytes_scanned(&self) -> Option<u64> {
        self.making().map(|making| making.bytes_scanned)
    }

    /// What Athena bills for making it, in US dollars.
    pub fn cost_usd(&self) -> Option<f64> {
        self.making().map(|making| making.cost_usd)
    }

    fn making(&self) -> Option<Making> {
        match self.kept {
            Kept::Table { making, .. } => Some(making),
            Kept::File { .. } => None,
        }
    }

    /// When it was made, as RFC 3339 in UTC.
    pub fn made(&self) -> &str {
        &self.made
    }

    /// The log objects it was made of.
    pub fn objects(&self) -> u64 {
        self.objects
    }

    /// The bytes of those objects, as stored: what a question on all of them reads of the logs.
    pub fn log_bytes(&self) -> u64 {
        self.log_bytes
    }

    /// The events in it: all of the scope's partitions, duplicates included.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// The size of the file, or of the table's files: the most that a question reads of it.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The snapshot in one sentence: `50,000 events of 1,950 objects in 6.2 MB`.
    pub fn summary(&self) -> String {
        let (events, objects) = (show::count(self.events, "event"), show::count(self.objects, "object"));
        format!("{events} of {objects} in {}", show::bytes(self.bytes))
    }

    fn bundle(&self) -> Bundle {
        let mut panel = Panel::new("Snapshot");
        panel.note(&self.summary());
        match &self.kept {
            Kept::File { path, sha256 } => {
                panel.note(&format!("{}, made {}", path.display(), self.made));
                panel.note(&format!("SHA-256 {sha256}"));
            }
            Kept::Table { name, location, making } => {
                let priced = |bytes| format!("{} (${:.4})", show::bytes(bytes), sql::price(bytes));
                panel.note(&format!(
                    "{name}, made {}: {} read by Athena for ${:.4} (estimated {})",
                    self.made,
                    show::bytes(making.bytes_scanned),
                    making.cost_usd,
                    show::bytes(self.log_bytes)
                ));
                panel.note(&format!(
                    "A question on all of it reads {} at most, instead of {}",
                    priced(self.bytes),
                    priced(self.log_bytes)
                ));
                panel.note(&format!("To remove it: DROP TABLE {name}, and delete {location}"));
            }
        }
        if self.unread > 0 {
            panel.warning(&format!(
                "{} could not be read and {} not in it: questions about their days go to the logs.",
                show::count(self.unread, "object"),
                if self.unread == 1 { "is" } else { "are" }
            ));
        }
        panel.bundle()
    }

    /// Shows the snapshot in a notebook cell.
    pub fn evcxr_display(&self) {
        show::emit(&self.bundle());
    }
}

impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.bundle().plain)
    }
}
