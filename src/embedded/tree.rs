//! The log objects of an AWSLogs tree, found by their folders.

use std::{
    borrow::Cow,
    collections::BTreeSet,
    ffi::{OsStr, OsString},
    fs, io,
    num::NonZero,
    path::{Component, Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use chrono::{DateTime, NaiveDate, Utc};

use crate::{Damaged, Error, Result};

/// The log objects below a folder, in the order of their paths.
///
/// An object lies in `…/<account>/CloudTrail/<region>/<yyyy>/<mm>/<dd>/`, which
/// covers account and organization trails with or without a prefix. The tree
/// may be opened at any level of that path: what lies above is read off the
/// folder's own path.
///
/// Where no folder is laid out like that, all JSON files count, and what their
/// names do not tell about account, region and day is unknown.
#[derive(Debug)]
pub(crate) struct Tree {
    root: PathBuf,
    objects: Vec<LogObject>,
    partitions: Vec<Arc<Partition>>,
    ignored: u64,
    damaged: Vec<Damaged>,
}

/// One folder of log objects: an account's day in a region.
#[derive(Debug, Default, PartialEq, Eq)]
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

/// One log object. Nothing but its name is known before it is read.
#[derive(Debug)]
pub(crate) struct LogObject {
    pub(crate) partition: Arc<Partition>,
    name: Box<OsStr>,
}

impl Tree {
    /// Lists the objects below `path`, a folder, or the one object that `path` is.
    ///
    /// # Errors
    ///
    /// When there is nothing at `path`, or something that cannot be listed.
    pub(crate) fn open(path: &Path) -> Result<Tree> {
        let named = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => Error::not_found(format!("there is no {}", path.display()))
                .hint("name a folder of CloudTrail logs, or one log file"),
            _ => Error::io(format!("cannot open {}", path.display()), error),
        };
        // A path with `..` does not show the folders above it.
        let root = match path.components().any(|component| component == Component::ParentDir) {
            true => fs::canonicalize(path),
            false => std::path::absolute(path),
        }
        .map_err(named)?;
        let kind = fs::metadata(&root).map_err(named)?;
        if kind.is_dir() {
            fs::read_dir(&root).map_err(named)?;
            return Ok(Walk::new(root).run());
        }
        if kind.is_file() {
            let (Some(folder), Some(name)) = (root.parent(), root.file_name()) else {
                return Err(Error::invalid(format!("{} has no name", path.display())));
            };
            let folder = Folder { path: folder.to_owned(), files: vec![name.into()], ..Folder::default() };
            return Ok(Tree::gather(folder.path.clone(), vec![folder]));
        }
        Err(Error::invalid(format!("{} is neither a folder nor a regular file", path.display())))
    }

    /// The tree of what was found in `folders`.
    fn gather(root: PathBuf, mut folders: Vec<Folder>) -> Tree {
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
        let laid_out =
            folders.iter().any(|folder| !folder.files.is_empty() && layout(&folder.path).is_some());
        let mut tree =
            Tree { root, objects: Vec::new(), partitions: Vec::new(), ignored: 0, damaged: Vec::new() };
        for mut folder in folders {
            tree.ignored += folder.foreign;
            if let Some(error) = folder.error {
                tree.damaged.push(Damaged {
                    object: tree.relative(&folder.path).display().to_string(),
                    reason: format!("folder could not be listed: {error}"),
                    records_kept: 0,
                });
            }
            folder.files.sort();
            match layout(&folder.path) {
                Some(partition) if !folder.files.is_empty() => {
                    let partition = tree.partition(partition);
                    tree.objects.extend(
                        folder.files.into_iter().map(|name| LogObject { partition: partition.clone(), name }),
                    );
                }
                None if !laid_out => {
                    for name in folder.files {
                        let partition = match tree.partitions.last() {
                            Some(last) if last.describes(&folder.path, &name) => last.clone(),
                            _ => tree.partition(Partition::named(&folder.path, &name)),
                        };
                        tree.objects.push(LogObject { partition, name });
                    }
                }
                _ => tree.ignored += folder.files.len() as u64,
            }
        }
        tree
    }

    fn partition(&mut self, mut partition: Partition) -> Arc<Partition> {
        partition.index = self.partitions.len();
        let partition = Arc::new(partition);
        self.partitions.push(partition.clone());
        partition
    }

    /// The folder that was opened, or the one that holds the object that was.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Every object, in the order of their paths.
    pub(crate) fn objects(&self) -> &[LogObject] {
        &self.objects
    }

    /// Every folder of objects, in the order of their paths.
    pub(crate) fn partitions(&self) -> &[Arc<Partition>] {
        &self.partitions
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

    /// `path` as seen from the root.
    pub(crate) fn relative<'a>(&self, path: &'a Path) -> &'a Path {
        path.strip_prefix(&self.root).unwrap_or(path)
    }
}

impl LogObject {
    pub(crate) fn path(&self) -> PathBuf {
        self.partition.folder.join(&*self.name)
    }

    /// Its size as stored. Asks the file system.
    pub(crate) fn size(&self) -> io::Result<u64> {
        fs::metadata(self.path()).map(|metadata| metadata.len())
    }

    /// When it was delivered, to the minute, if its name is one that CloudTrail gives.
    pub(crate) fn delivered(&self) -> Option<DateTime<Utc>> {
        Name::parse(&self.name)?.delivered()
    }
}

impl Partition {
    /// The delivery day, as `2023/07/10` if the separator is `/`; empty if unknown.
    pub(crate) fn date(&self, separator: char) -> String {
        match self.year.is_empty() {
            true => String::new(),
            false => format!("{}{separator}{}{separator}{}", self.year, self.month, self.day),
        }
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

/// The parts of `<account>_CloudTrail_<region>_<yyyymmddTHHmmZ>_<random>.json.gz`.
struct Name<'a> {
    account: &'a str,
    region: &'a str,
    time: &'a str,
}

impl<'a> Name<'a> {
    fn parse(name: &'a OsStr) -> Option<Self> {
        let mut parts = name.to_str()?.split('_');
        let name = match [parts.next()?, parts.next()?, parts.next()?, parts.next()?] {
            [account, "CloudTrail", region, time] => Name { account, region, time },
            _ => return None,
        };
        let shape: String = name.time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        (shape == "00000000T0000Z" && parts.next().is_some()).then_some(name)
    }

    fn delivered(&self) -> Option<DateTime<Utc>> {
        let number = |range: std::ops::Range<usize>| self.time.get(range)?.parse().ok();
        let date = NaiveDate::from_ymd_opt(number(0..4)? as i32, number(4..6)?, number(6..8)?)?;
        Some(date.and_hms_opt(number(9..11)?, number(11..13)?, 0)?.and_utc())
    }
}

/// What a day's folder tells by its own path.
fn layout(folder: &Path) -> Option<Partition> {
    let mut parts = folder.components().rev().map(|component| match component {
        Component::Normal(name) => name.to_string_lossy(),
        _ => "".into(),
    });
    let [day, month, year, region, cloudtrail, account] = std::array::from_fn(|_| parts.next());
    if cloudtrail? != "CloudTrail" {
        return None;
    }
    Some(Partition {
        index: 0,
        folder: folder.to_owned(),
        account_id: account.filter(|account| !account.is_empty())?.into_owned(),
        region: region?.into_owned(),
        year: digits(year?, 4)?,
        month: digits(month?, 2)?,
        day: digits(day?, 2)?,
    })
}

fn digits(part: Cow<'_, str>, length: usize) -> Option<String> {
    let number = part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
    number.then(|| part.into_owned())
}

/// Whether a file may be a log object, by its name.
fn is_log(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    let name = name.strip_suffix(b".gz").unwrap_or(name);
    [&b".json"[..], b".jsonl", b".ndjson"].iter().any(|suffix| name.ends_with(suffix))
}

/// What a folder holds.
#[derive(Debug, Default)]
struct Folder {
    path: PathBuf,
    files: Vec<Box<OsStr>>,
    folders: Vec<PathBuf>,
    links: Vec<PathBuf>,
    foreign: u64,
    error: Option<io::Error>,
}

impl Folder {
    fn list(path: PathBuf) -> Folder {
        let mut folder = Folder { path, ..Folder::default() };
        if let Err(error) = folder.fill() {
            folder.error = Some(error);
        }
        folder
    }

    fn fill(&mut self) -> io::Result<()> {
        let mut folders: Vec<OsString> = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            let name = entry.file_name();
            if kind.is_dir() {
                folders.push(name);
            } else if kind.is_symlink() {
                self.links.push(entry.path());
            } else if kind.is_file() && is_log(&name) {
                self.files.push(name.into());
            } else {
                self.foreign += 1;
            }
        }
        // Beside an account's CloudTrail folder lie other services' logs, often many more.
        let account = self.path.file_name().is_some_and(is_account);
        if account && folders.iter().any(|name| name == "CloudTrail") {
            folders.retain(|name| name == "CloudTrail");
        }
        folders.retain(|name| !name.as_encoded_bytes().starts_with(b"CloudTrail-"));
        folders.sort();
        self.folders.extend(folders.into_iter().map(|name| self.path.join(name)));
        self.links.sort();
        Ok(())
    }
}

fn is_account(name: &OsStr) -> bool {
    name.len() == 12 && name.as_encoded_bytes().iter().all(u8::is_ascii_digit)
}

/// A walk through the folders below a root, level by level, on several threads.
struct Walk {
    root: PathBuf,
    found: Vec<Folder>,
    links: Vec<PathBuf>,
    /// The real paths of the folders that were walked through.
    walked: Vec<PathBuf>,
}

impl Walk {
    fn new(root: PathBuf) -> Self {
        Walk { root, found: Vec::new(), links: Vec::new(), walked: Vec::new() }
    }

    fn run(mut self) -> Tree {
        self.walked.extend(fs::canonicalize(&self.root));
        self.descend(vec![self.root.clone()]);
        // Links come last: what can be reached without one is not read twice.
        while !self.links.is_empty() {
            for link in std::mem::take(&mut self.links) {
                self.follow(link);
            }
        }
        Tree::gather(self.root, self.found)
    }

    fn descend(&mut self, mut level: Vec<PathBuf>) {
        while !level.is_empty() {
            let mut found = list_all(level);
            level = found.iter_mut().flat_map(|folder| std::mem::take(&mut folder.folders)).collect();
            self.links.extend(found.iter_mut().flat_map(|folder| std::mem::take(&mut folder.links)));
            found.retain(|folder| !folder.files.is_empty() || folder.foreign > 0 || folder.error.is_some());
            self.found.append(&mut found);
        }
    }

    /// Follows a link unless it leads to where the walk has been, or above it.
    fn follow(&mut self, link: PathBuf) {
        let target = fs::canonicalize(&link).and_then(|target| Ok((fs::metadata(&target)?, target)));
        let mut strange = Folder { path: link.parent().unwrap_or(&link).to_owned(), ..Folder::default() };
        match target {
            Ok((_, target)) if self.walked.iter().any(|walked| target.starts_with(walked)) => {}
            Ok((kind, target)) if kind.is_dir() => {
                if !self.walked.iter().any(|walked| walked.starts_with(&target)) {
                    self.walked.push(target);
                    self.descend(vec![link]);
                }
                return;
            }
            Ok((kind, target)) if kind.is_file() && is_log(link.file_name().unwrap_or_default()) => {
                self.walked.push(target);
                strange.files.extend(link.file_name().map(Into::into));
            }
            Ok(_) | Err(_) => strange.foreign = 1,
        }
        self.found.push(strange);
    }
}

/// Lists folders on as many threads as the machine has cores; the result is in the order given.
fn list_all(folders: Vec<PathBuf>) -> Vec<Folder> {
    const ENOUGH_FOR_A_THREAD: usize = 16;
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = threads.min(folders.len().div_ceil(ENOUGH_FOR_A_THREAD));
    if threads <= 1 {
        return folders.into_iter().map(Folder::list).collect();
    }
    let next = AtomicUsize::new(0);
    let listed = Mutex::new(Vec::with_capacity(folders.len()));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut mine = Vec::new();
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(path) = folders.get(index) else {
                        break;
                    };
                    mine.push((index, Folder::list(path.clone())));
                }
                listed.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).append(&mut mine);
            });
        }
    });
    let mut listed = listed.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    listed.sort_by_key(|(index, _)| *index);
    listed.into_iter().map(|(_, folder)| folder).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tree of empty files; `a -> b` is a symbolic link.
    fn tree(entries: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for entry in entries {
            let (name, target) = entry.split_once(" -> ").unwrap_or((entry, ""));
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            if target.is_empty() {
                fs::write(path, "").unwrap();
            } else {
                #[cfg(unix)]
                std::os::unix::fs::symlink(target, path).unwrap();
            }
        }
        root
    }

    /// Every object as `account region date name`.
    fn objects(tree: &Tree) -> Vec<String> {
        let describe = |object: &LogObject| {
            let Partition { account_id, region, .. } = &*object.partition;
            let name = object.name.to_string_lossy();
            format!("{account_id} {region} {} {name}", object.partition.date('/'))
        };
        tree.objects().iter().map(describe).collect()
    }

    #[track_caller]
    fn check(entries: &[&str], open: &str, expected: &[&str]) {
        let root = tree(entries);
        assert_eq!(objects(&Tree::open(&root.path().join(open)).unwrap()), expected, "{open}");
    }

    const ONE: &str = "AWSLogs/111122223333/CloudTrail/us-east-1/2024/05/06/a.json.gz";

    #[test]
    fn any_level_of_the_tree_may_be_opened() {
        let expected = ["111122223333 us-east-1 2024/05/06 a.json.gz"];
        let mut open = PathBuf::new();
        for part in Path::new(ONE).components() {
            check(&[ONE], open.to_str().unwrap(), &expected);
            open.push(part);
        }
        check(&[ONE], ONE, &expected);
        check(&[ONE], "AWSLogs/../AWSLogs/111122223333/CloudTrail/us-east-1/2024/05/06/..", &expected);
    }

    #[test]
    fn organizations_prefixes_and_several_trees() {
        check(
            &[
                "p/q/AWSLogs/o-abc/222233334444/CloudTrail/eu-west-1/2024/01/31/b.json.gz",
                "p/q/AWSLogs/o-abc/0000/CloudTrail/sagov-westsouth-1r/2024/01/31/c.json",
                "CloudTrail/AWSLogs/333344445555/CloudTrail/eu-west-1/2023/12/31/d.ndjson.gz",
            ],
            "",
            &[
                "333344445555 eu-west-1 2023/12/31 d.ndjson.gz",
                "0000 sagov-westsouth-1r 2024/01/31 c.json",
                "222233334444 eu-west-1 2024/01/31 b.json.gz",
            ],
        );
    }

    #[test]
    fn other_files_do_not_count() {
        let root = tree(&[
            ONE,
            "AWSLogs/111122223333/CloudTrail/us-east-1/2024/05/06/notes.txt",
            "AWSLogs/111122223333/CloudTrail/us-east-1/2024/05/06/deeper/b.json.gz",
            "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2024/05/06/c.json.gz",
            "AWSLogs/111122223333/elasticloadbalancing/us-east-1/2024/05/06/d.json.gz",
            "AWSLogs/111122223333/CloudTrail/us-east-1/2024/5/6/e.json.gz",
            "figures.json",
        ]);
        let tree = Tree::open(root.path()).unwrap();
        assert_eq!(objects(&tree), ["111122223333 us-east-1 2024/05/06 a.json.gz"]);
        assert_eq!(tree.ignored(), 4);
    }

    #[test]
    fn loose_files_count_where_there_is_no_layout() {
        check(
            &["x/111122223333_CloudTrail_us-east-1_20240506T0705Z_abc.json.gz", "x/z.json", "x/readme.md"],
            "",
            &[
                "111122223333 us-east-1 2024/05/06 111122223333_CloudTrail_us-east-1_20240506T0705Z_abc.json.gz",
                "   z.json",
            ],
        );
        check(&["export.txt"], "export.txt", &["   export.txt"]);
    }

    #[test]
    fn names_tell_when_objects_were_delivered() {
        for (name, expected) in [
            ("1_CloudTrail_us-east-1_20240506T0705Z_abc.json.gz", Some("2024-05-06T07:05:00Z")),
            ("1_CloudTrail_us-east-1-20240506T0705.json.gz", None),
            ("1_CloudTrail_us-east-1_20241306T0705Z_abc.json.gz", None),
            ("a.json.gz", None),
        ] {
            let object = LogObject { partition: Arc::default(), name: OsStr::new(name).into() };
            let delivered =
                object.delivered().map(|time| time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true));
            assert_eq!(delivered.as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn summaries_are_sorted_and_distinct() {
        let root = tree(&[
            "2/CloudTrail/b/2024/05/07/a.json",
            "1/CloudTrail/b/2024/05/06/a.json",
            "1/CloudTrail/a/2024/05/06/a.json",
        ]);
        let tree = Tree::open(root.path()).unwrap();
        assert_eq!(tree.accounts(), ["1", "2"]);
        assert_eq!(tree.regions(), ["a", "b"]);
        assert_eq!(tree.days(), ["2024-05-06", "2024-05-07"]);
    }

    #[test]
    fn what_cannot_be_opened_is_an_error() {
        assert!(Tree::open(Path::new("/no/such/folder")).unwrap_err().is_not_found());
    }

    #[cfg(unix)]
    mod unix {
        use std::os::unix::{ffi::OsStrExt, fs::PermissionsExt, net::UnixListener};

        use super::*;

        #[test]
        fn links_are_followed_once() {
            let outside = tree(&["AWSLogs/222233334444/CloudTrail/eu-west-1/2024/01/31/b.json"]);
            let outside = outside.path().display();
            let file = tree(&["c.json"]);
            let file = file.path().join("c.json");
            let day = "AWSLogs/111122223333/CloudTrail/us-east-1/2024/05/06";
            check(
                &[
                    ONE,
                    &format!("{day}/again.json -> a.json.gz"),
                    &format!("{day}/far.json -> {}", file.display()),
                    &format!("{day}/dangling.json -> nowhere"),
                    &format!("{day}/self.json -> self.json"),
                    "AWSLogs/loop -> ..",
                    "up -> ../..",
                    "latest -> AWSLogs/111122223333/CloudTrail/us-east-1",
                    &format!("far -> {outside}"),
                    &format!("twice -> {outside}/AWSLogs"),
                ],
                "",
                &[
                    "111122223333 us-east-1 2024/05/06 a.json.gz",
                    "111122223333 us-east-1 2024/05/06 far.json",
                    "222233334444 eu-west-1 2024/01/31 b.json",
                ],
            );
        }

        #[test]
        fn sockets_and_hostile_names_do_no_harm() {
            let root = tree(&[ONE]);
            let day = root.path().join(ONE).parent().unwrap().to_owned();
            let _socket = UnixListener::bind(day.join("s.json")).unwrap();
            fs::write(day.join(OsStr::from_bytes(b"\xff\n<b>.json")), "").unwrap();
            let region = root.path().join("AWSLogs/1/CloudTrail").join(OsStr::from_bytes(b"\xfe"));
            fs::create_dir_all(region.join("2024/01/01")).unwrap();
            fs::write(region.join("2024/01/01/z.json"), "").unwrap();
            let tree = Tree::open(root.path()).unwrap();
            assert_eq!(
                objects(&tree),
                [
                    "1 \u{fffd} 2024/01/01 z.json",
                    "111122223333 us-east-1 2024/05/06 a.json.gz",
                    "111122223333 us-east-1 2024/05/06 \u{fffd}\n<b>.json",
                ]
            );
            assert_eq!(tree.ignored(), 1);
        }

        #[test]
        fn folders_that_cannot_be_listed_are_told() {
            let root = tree(&[ONE, "AWSLogs/9/CloudTrail/x/2024/01/01/b.json"]);
            let closed = root.path().join("AWSLogs/9/CloudTrail");
            fs::set_permissions(&closed, fs::Permissions::from_mode(0o0)).unwrap();
            if fs::read_dir(&closed).is_ok() {
                return; // the superuser may list anything
            }
            let tree = Tree::open(root.path()).unwrap();
            assert_eq!(tree.damaged()[0].object, "AWSLogs/9/CloudTrail");
            assert_eq!(tree.objects().len(), 1);
            fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
}
