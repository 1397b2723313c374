//! The log objects of an AWSLogs tree, found by their folders: on [`disk`] or in a [`bucket`].

pub(crate) mod bucket;
mod disk;
mod names;

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono::{DateTime, Utc};

use crate::{Damaged, aws::Store};
use names::{Name, layout};

/// The log objects below a folder, in the order of their paths.
///
/// An object lies in `…/<account>/CloudTrail/<region>/<yyyy>/<mm>/<dd>/`, which
/// covers account and organization trails with or without a prefix. The tree
/// may be opened at any level of that path: what lies above is read off the
/// folder's own path.
///
/// Where no folder is laid out like that, all JSON files count, and what their
/// names do not tell about account, region and day is unknown.
///
/// Of a bucket, only as much may be listed as a query needs: of the rest there
/// are partitions that have no objects and whose region or day is empty.
#[derive(Debug)]
pub(crate) struct Tree {
    root: PathBuf,
    /// The bucket that the paths are keys in; without one they are files.
    store: Option<Store>,
    objects: Vec<LogObject>,
    partitions: Vec<Arc<Partition>>,
    is_whole: bool,
    ignored: u64,
    damaged: Vec<Damaged>,
}

/// One folder of log objects: an account's day in a region.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Partition {
    /// Its place in [`Tree::partitions`].
    pub(crate) index: usize,
    pub(crate) folder: PathBuf,
    /// As in the path; empty if the path does not tell, as the others.
    pub(crate) account_id: String,
    pub(crate) region: String,
    pub(crate) year: String,
    pub(crate) month: String,
    pub(crate) day: String,
}

/// One log object. Nothing but what the listing tells is known before it is read.
#[derive(Debug)]
pub(crate) struct LogObject {
    pub(crate) partition: Arc<Partition>,
    file: File,
}

/// A file that may be a log object.
#[derive(Clone, Debug)]
struct File {
    name: Arc<OsStr>,
    stored: Option<Stored>,
}

/// What a bucket's listing tells of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Stored {
    /// In bytes.
    pub(crate) size: u64,
    pub(crate) modified: DateTime<Utc>,
}

/// What was found in one folder.
#[derive(Clone, Debug, Default)]
struct Folder {
    path: PathBuf,
    files: Vec<File>,
    folders: Vec<PathBuf>,
    links: Vec<PathBuf>,
    foreign: u64,
    /// Why it could not be listed.
    error: Option<String>,
}

impl Folder {
    fn new(path: PathBuf) -> Folder {
        Folder { path, ..Folder::default() }
    }

    /// Whether there is nothing to tell of it.
    fn is_empty(&self) -> bool {
        self.files.is_empty() && self.foreign == 0 && self.error.is_none()
    }
}

impl Tree {
    /// The tree of what was found in `folders`.
    fn gather(root: PathBuf, folders: Vec<Folder>) -> Tree {
        let is_laid_out = |folder: &Folder| !folder.files.is_empty() && layout(&folder.path).is_some();
        let laid_out = folders.iter().any(is_laid_out);
        Self::gather_as(root, folders, laid_out)
    }

    /// As [`gather`](Self::gather), where it is known whether there are folders laid out as CloudTrail does.
    fn gather_as(root: PathBuf, mut folders: Vec<Folder>, laid_out: bool) -> Tree {
        folders.sort_by(|a, b| a.path.cmp(&b.path));
        // A link to a file comes in a folder entry of its own.
        folders.dedup_by(|link, folder| {
            let same = link.path == folder.path;
            if same {
                folder.files.append(&mut link.files);
                folder.foreign += link.foreign;
            }
            same
        });
        let mut tree = Tree {
            root,
            store: None,
            objects: Vec::new(),
            partitions: Vec::new(),
            is_whole: true,
            ignored: 0,
            damaged: Vec::new(),
        };
        for mut folder in folders {
            tree.ignored += folder.foreign;
            if let Some(error) = folder.error {
                tree.damaged.push(Damaged {
                    object: tree.name(&folder.path),
                    reason: format!("folder could not be listed: {error}"),
                    records_kept: 0,
                });
            }
            folder.files.sort_by(|a, b| a.name.cmp(&b.name));
            match layout(&folder.path) {
                Some(partition) if !folder.files.is_empty() => {
                    let partition = tree.partition(partition);
                    tree.objects.extend(
                        folder.files.into_iter().map(|file| LogObject { partition: partition.clone(), file }),
                    );
                }
                None if !laid_out => {
                    for file in folder.files {
                        let partition = match tree.partitions.last() {
                            Some(last) if last.describes(&folder.path, &file.name) => last.clone(),
                            _ => tree.partition(Partition::named(&folder.path, &file.name)),
                        };
                        tree.objects.push(LogObject { partition, file });
                    }
                }
                _ => tree.ignored += folder.files.len() as u64,
            }
        }
        tree
    }

    /// Logs at a place that cannot be listed.
    pub(crate) fn unlisted(place: &str) -> Tree {
        Tree { is_whole: false, ..Self::gather(PathBuf::from(place), Vec::new()) }
    }

    fn partition(&mut self, mut partition: Partition) -> Arc<Partition> {
        partition.index = self.partitions.len();
        let partition = Arc::new(partition);
        self.partitions.push(partition.clone());
        partition
    }

    /// What was opened, or the folder that holds the object that was: a path, or `s3://bucket/prefix`.
    pub(crate) fn root(&self) -> String {
        match &self.store {
            None => self.root.display().to_string(),
            Some(store) => format!("s3://{}/{}", store.bucket(), self.root.display()),
        }
    }

    /// The bucket that the objects are in, if they are not files.
    pub(crate) fn store(&self) -> Option<&Store> {
        self.store.as_ref()
    }

    /// Every object, in the order of their paths.
    pub(crate) fn objects(&self) -> &[LogObject] {
        &self.objects
    }

    /// Every folder of objects, in the order of their paths; then what was left out of a bucket.
    pub(crate) fn partitions(&self) -> &[Arc<Partition>] {
        &self.partitions
    }

    /// Whether all that there is was listed, not just what a query needs.
    pub(crate) fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// Files that are no log objects: digests, other services' logs, and strangers.
    pub(crate) fn ignored(&self) -> u64 {
        self.ignored
    }

    /// Folders that could not be listed.
    pub(crate) fn damaged(&self) -> &[Damaged] {
        &self.damaged
    }

    /// The accounts that have objects, sorted.
    pub(crate) fn accounts(&self) -> Vec<String> {
        self.distinct(|partition| partition.account_id.clone())
    }

    /// The regions that have objects, sorted.
    pub(crate) fn regions(&self) -> Vec<String> {
        self.distinct(|partition| partition.region.clone())
    }

    /// The delivery days that have objects, as `2023-07-10`, sorted.
    pub(crate) fn days(&self) -> Vec<String> {
        self.distinct(|partition| partition.date('-'))
    }

    fn distinct(&self, value: impl Fn(&Partition) -> String) -> Vec<String> {
        let values: BTreeSet<String> = self.partitions.iter().map(|partition| value(partition)).collect();
        values.into_iter().filter(|value| !value.is_empty()).collect()
    }

    /// `path` as seen from the root, to be shown: whoever can write to the logs can name files.
    pub(crate) fn name(&self, path: &Path) -> String {
        crate::show::html::visible(&self.relative(path).to_string_lossy()).into_owned()
    }

    /// Where a path lies that is seen from the root.
    pub(crate) fn absolute(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// `path` as seen from the root.
    pub(crate) fn relative<'a>(&self, path: &'a Path) -> &'a Path {
        path.strip_prefix(&self.root).unwrap_or(path)
    }
}

impl LogObject {
    /// Its path in the file system, or its key in the bucket.
    pub(crate) fn path(&self) -> PathBuf {
        self.partition.folder.join(&*self.file.name)
    }

    /// Its size as stored, in bytes. Asks the file system where the listing did not tell.
    pub(crate) fn size(&self) -> io::Result<u64> {
        match self.file.stored {
            Some(stored) => Ok(stored.size),
            None => fs::metadata(self.path()).map(|metadata| metadata.len()),
        }
    }

    /// Its size and when it was last written. Asks the file system where the listing did not tell.
    pub(crate) fn stored(&self) -> io::Result<Stored> {
        if let Some(stored) = self.file.stored {
            return Ok(stored);
        }
        let metadata = fs::metadata(self.path())?;
        Ok(Stored { size: metadata.len(), modified: metadata.modified()?.into() })
    }

    /// When it was delivered, to the minute, if its name is one that CloudTrail gives.
    pub(crate) fn delivered(&self) -> Option<DateTime<Utc>> {
        Name::parse(&self.file.name)?.delivered()
    }
}

impl Partition {
    /// The delivery day, as `2023/07/10` if the separator is `/`; empty if unknown.
    pub(crate) fn date(&self, separator: char) -> String {
        match self.day.is_empty() {
            true => String::new(),
            false => format!("{}{separator}{}{separator}{}", self.year, self.month, self.day),
        }
    }

    /// What a day's folder tells by its own path, if it lies where CloudTrail makes it.
    pub(crate) fn of_folder(folder: &Path) -> Option<Partition> {
        layout(folder)
    }

    /// What a file's name tells, for files outside the usual folders.
    fn named(folder: &Path, name: &OsStr) -> Partition {
        let mut partition = Partition { folder: folder.to_owned(), ..Partition::default() };
        if let Some(name) = Name::parse(name)
            && let Some((year, rest)) = name.time.split_at_checked(4)
            && let Some((month, rest)) = rest.split_at_checked(2)
            && let Some((day, _)) = rest.split_at_checked(2)
        {
            partition.account_id = name.account.to_owned();
            partition.region = name.region.to_owned();
            (partition.year, partition.month, partition.day) = (year.into(), month.into(), day.into());
        }
        partition
    }

    fn describes(&self, folder: &Path, name: &OsStr) -> bool {
        *self == Partition { index: self.index, ..Partition::named(folder, name) }
    }
}
