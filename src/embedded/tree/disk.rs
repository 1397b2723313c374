//! The log objects in a folder of the file system.

use std::{
    ffi::OsString,
    fs, io,
    num::NonZero,
    path::{Component, Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use super::{
    File, Folder, Tree,
    names::{is_log, keep_logs},
};
use crate::{Error, Result};

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
            let mut only = Folder::new(folder.to_owned());
            only.files.push(File { name: name.into(), stored: None });
            return Ok(Tree::gather(folder.to_owned(), vec![only]));
        }
        Err(Error::invalid(format!("{} is neither a folder nor a regular file", path.display())))
    }
}

impl Folder {
    fn list(path: PathBuf) -> Folder {
        let mut folder = Folder::new(path);
        if let Err(error) = folder.fill() {
            folder.error = Some(error.to_string());
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
                self.files.push(File { name: name.into(), stored: None });
            } else {
                self.foreign += 1;
            }
        }
        keep_logs(&self.path, &mut folders);
        self.folders.extend(folders.into_iter().map(|name| self.path.join(name)));
        self.links.sort();
        Ok(())
    }
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
            found.retain(|folder| !folder.is_empty());
            self.found.append(&mut found);
        }
    }

    /// Follows a link unless it leads to where the walk has been, or above it.
    fn follow(&mut self, link: PathBuf) {
        let target = fs::canonicalize(&link).and_then(|target| Ok((fs::metadata(&target)?, target)));
        let mut strange = Folder::new(link.parent().unwrap_or(&link).to_owned());
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
                let name = link.file_name().map(|name| File { name: name.into(), stored: None });
                strange.files.extend(name);
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
    use std::ffi::OsStr;

    use super::{
        super::{LogObject, Partition},
        *,
    };

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
            let name = object.file.name.to_string_lossy();
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
    fn a_million_objects_are_listed() {
        let day =
            |n: usize| format!("AWSLogs/{:012}/CloudTrail/us-east-1/2024/05/{:02}", n % 50, 1 + n / 50 % 20);
        let folders = (0..1000).map(|n| Folder {
            files: (0..1000)
                .map(|k| File {
                    name: OsStr::new(&format!("{}.json.gz", k * 7919 % 1000)).into(),
                    stored: None,
                })
                .collect(),
            ..Folder::new(PathBuf::from(day(n)))
        });
        let tree = Tree::gather(PathBuf::from("AWSLogs"), folders.collect());
        assert_eq!((tree.objects().len(), tree.partitions().len()), (1_000_000, 1000));
        assert_eq!((tree.accounts().len(), tree.days().len()), (50, 20));
        let paths: Vec<_> = tree.objects().iter().map(LogObject::path).collect();
        assert!(paths.is_sorted(), "the order of paths");
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
