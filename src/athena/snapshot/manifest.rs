//! What a snapshot was made of, kept beside the journal.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::embedded::tree::{Partition, Tree};
use crate::{Error, Result};

/// Of the file's layout: another one is not read.
const VERSION: u32 = 1;

/// A table of Parquet that holds folders of the logs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::athena) struct Manifest {
    version: u32,
    pub(super) of: Origin,
    /// Its name, in the database of the logs' table.
    pub(super) table: String,
    /// Where its files are: `s3://bucket/prefix/`.
    pub(super) location: String,
    /// What was listed there.
    pub(super) files: Listing,
    /// When, as RFC 3339 in UTC.
    pub(super) made: String,
    pub(super) events: u64,
    /// What was read to make it, as stored, and what Athena bills for it in US dollars.
    pub(super) scanned: u64,
    pub(super) cost: f64,
    pub(super) folders: Folders,
}

/// What every version of a manifest has.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

/// The table that a snapshot is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Origin {
    pub(super) region: String,
    pub(super) catalog: String,
    pub(super) database: String,
    pub(super) table: String,
    /// Where the logs are.
    pub(super) location: String,
    /// Names and types.
    pub(super) columns: Vec<(String, String)>,
}

/// The objects of a folder, as they were listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Listing {
    pub(super) objects: u64,
    pub(super) bytes: u64,
    /// SHA-256 over their names, sizes and times.
    sha256: String,
}

/// Folders of the logs by their paths.
pub(super) type Folders = BTreeMap<String, Listing>;

impl Manifest {
    pub(super) fn new(of: Origin, table: String, made: String) -> Manifest {
        Manifest {
            version: VERSION,
            of,
            table,
            location: String::new(),
            files: Listing::default(),
            made,
            events: 0,
            scanned: 0,
            cost: 0.0,
            folders: Folders::new(),
        }
    }

    /// The folders as partitions.
    pub(super) fn partitions(&self) -> Vec<Partition> {
        self.folders.keys().filter_map(|path| Partition::of_folder(Path::new(path))).collect()
    }

    /// The log objects that it holds, and their bytes as stored.
    pub(super) fn logs(&self) -> (u64, u64) {
        let sum = |of: fn(&Listing) -> u64| self.folders.values().map(of).sum();
        (sum(|folder| folder.objects), sum(|folder| folder.bytes))
    }

    /// Writes it, for its owner alone, so that it is there whole or not at all.
    ///
    /// # Errors
    ///
    /// [`is_io`](Error::is_io).
    pub(super) fn save(&self) -> Result<()> {
        let folder = make_folder()?;
        let path = folder.join(format!("{}.json", self.table));
        let named = |error| Error::io(format!("{} cannot be written", path.display()), error);
        let unfinished = folder.join(format!(".{}-{}", self.table, std::process::id()));
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let text = serde_json::to_vec(self).map_err(|error| named(error.into()))?;
        let mut file = options.open(&unfinished).map_err(named)?;
        file.write_all(&text).and_then(|()| file.sync_data()).map_err(named)?;
        fs::rename(&unfinished, &path).map_err(named)
    }

    fn read(path: &Path) -> Result<Option<Manifest>> {
        let damaged = |why: String| {
            Error::failed(format!("the snapshot's manifest {} cannot be read: {why}", path.display()))
                .hint("delete it, and questions go to the logs")
        };
        let text = fs::read(path).map_err(|error| damaged(error.to_string()))?;
        let read: Versioned = serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
        if read.version != VERSION {
            return Ok(None);
        }
        serde_json::from_slice(&text).map(Some).map_err(|error| damaged(error.to_string()))
    }
}

/// The snapshots of a table that were made from here, the newest first.
///
/// # Errors
///
/// [`is_failed`](Error::is_failed): a manifest is damaged.
pub(super) fn all(of: &Origin) -> Result<Vec<Manifest>> {
    // Where there is no folder there are no snapshots.
    let Ok(entries) = folder().and_then(|folder| {
        fs::read_dir(&folder).map_err(|error| Error::io(format!("{}", folder.display()), error))
    }) else {
        return Ok(Vec::new());
    };
    let is_one = |path: &PathBuf| {
        path.extension().is_some_and(|extension| extension == "json")
            && path.file_stem().is_some_and(|name| name.to_string_lossy().starts_with(&prefix(&of.table)))
    };
    let mut manifests = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()).filter(is_one) {
        manifests.extend(Manifest::read(&path)?.filter(|manifest| manifest.of == *of));
    }
    manifests.sort_by(|a, b| (&b.made, &b.table).cmp(&(&a.made, &a.table)));
    Ok(manifests)
}

/// The folder that they are kept in, which is made if it is not there.
///
/// # Errors
///
/// [`is_io`](Error::is_io).
pub(super) fn make_folder() -> Result<PathBuf> {
    let folder = folder()?;
    let named = |error| Error::io(format!("{} cannot be made", folder.display()), error);
    fs::create_dir_all(&folder).map_err(named)?;
    Ok(folder)
}

/// How the names of a table's snapshots begin.
pub(crate) fn prefix(table: &str) -> String {
    // Athena's CREATE TABLE takes no other special characters.
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    format!("{}_snapshot_", table.chars().map(plain).collect::<String>())
}

/// Where they are kept: `athena/snapshots` in trailbook's folder.
pub(super) fn folder() -> Result<PathBuf> {
    Ok(crate::case::home()?.join("athena").join("snapshots"))
}

/// The folders of `tree` whose partitions are wanted: a verdict for each.
pub(super) fn folders(tree: &Tree, wanted: &[bool]) -> Folders {
    let mut folders: BTreeMap<&Path, Sum> = BTreeMap::new();
    for object in tree.objects() {
        // A bucket's listing has told of all.
        if let (true, Ok(stored)) = (wanted[object.partition.index], object.stored()) {
            let sum = folders.entry(&object.partition.folder).or_default();
            sum.add(&object.path().to_string_lossy(), stored.size, stored.modified.timestamp_micros());
        }
    }
    let folders = folders.into_iter();
    folders.map(|(path, sum)| (path.to_string_lossy().into_owned(), sum.finish())).collect()
}

/// Objects of a listing, one after another in the order of their names.
#[derive(Default)]
pub(super) struct Sum {
    objects: u64,
    bytes: u64,
    hash: Sha256,
}

impl Sum {
    /// `modified` is in microseconds since 1970.
    pub(super) fn add(&mut self, path: &str, size: u64, modified: i64) {
        self.objects += 1;
        self.bytes += size;
        // The length first, so that no two listings are the same text.
        self.hash.update(format!("{}\n{path}\n{size}\n{modified}\n", path.len()));
    }

    pub(super) fn finish(self) -> Listing {
        let hash = self.hash.finalize();
        let sha256 = hash.iter().fold(String::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        Listing { objects: self.objects, bytes: self.bytes, sha256 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_known_by_its_names_sizes_and_times() {
        let listing = |objects: &[(&str, u64, i64)]| {
            let mut sum = Sum::default();
            objects.iter().for_each(|(path, size, modified)| sum.add(path, *size, *modified));
            sum.finish()
        };
        let one = listing(&[("a", 1, 2), ("b", 3, 4)]);
        assert_eq!((one.objects, one.bytes), (2, 4));
        assert_eq!(one, listing(&[("a", 1, 2), ("b", 3, 4)]));
        for other in [
            &[("a", 1, 2)][..],
            &[("a", 1, 2), ("b", 3, 5)],
            &[("a", 2, 2), ("b", 2, 4)],
            &[("a", 1, 2), ("c", 3, 4)],
        ] {
            assert_ne!(one, listing(other));
        }
    }

    #[test]
    fn names_are_what_athena_takes() {
        assert_eq!(prefix("cloudtrail_partitioned"), "cloudtrail_partitioned_snapshot_");
        assert_eq!(prefix("trail-1"), "trail_1_snapshot_");
    }
}
