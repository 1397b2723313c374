//! A scope's events, kept in a form that is quick to ask again.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::show::{self, Bundle, Panel};

/// A scope's events in one Parquet file, sorted by `eventtime`.
///
/// Made by [`Logs::snapshot`](crate::Logs::snapshot). The file's metadata holds the list of the log objects
/// it was made of, with their SHA-256. It can be deleted at any time: questions then go to the logs again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    pub(crate) path: PathBuf,
    pub(crate) made: String,
    pub(crate) objects: u64,
    pub(crate) unread: u64,
    pub(crate) events: u64,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

impl Snapshot {
    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// When it was made, as RFC 3339 in UTC.
    pub fn made(&self) -> &str {
        &self.made
    }

    /// The log objects it was made of.
    pub fn objects(&self) -> u64 {
        self.objects
    }

    /// The events in it: all of the scope's partitions, duplicates included.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// The size of the file.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The SHA-256 of the file.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The snapshot in one sentence: `50,000 events of 1,950 objects in 6.2 MB`.
    pub fn summary(&self) -> String {
        let (events, objects) = (show::count(self.events, "event"), show::count(self.objects, "object"));
        format!("{events} of {objects} in {}", show::bytes(self.bytes))
    }

    fn bundle(&self) -> Bundle {
        let mut panel = Panel::new("Snapshot");
        panel.note(&self.summary());
        panel.note(&format!("{}, made {}", self.path.display(), self.made));
        panel.note(&format!("SHA-256 {}", self.sha256));
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
