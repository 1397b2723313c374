//! The log objects in a bucket of S3, listed as far as a query needs.

use std::{
    collections::HashMap,
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use futures::{StreamExt, stream};
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, path::Path as Key};

use super::{
    File, Folder, Partition, Stored, Tree,
    names::{is_log, keep_logs, layout_so_far},
};
use crate::{Error, Result, aws::Store, progress::Progress, show};

/// How many folders are listed at once. S3 answers thousands a second, each in some 50 ms.
const AT_ONCE: usize = 64;

/// What lies below a prefix of a bucket. What was listed once is not listed again.
#[derive(Debug)]
pub(crate) struct Bucket {
    store: Store,
    /// Without a slash at its end.
    prefix: PathBuf,
    listed: Mutex<HashMap<PathBuf, Folder>>,
}

/// Which partitions may have what is wanted, as far as their paths are known: what is not
/// known yet is empty. One verdict for each.
pub(crate) type Admits<'a> = dyn Fn(&[Partition]) -> Result<Vec<bool>> + Sync + 'a;

impl Bucket {
    /// The objects below `prefix`, or the one that it is the key of.
    ///
    /// # Errors
    ///
    /// [`is_not_found`](Error::is_not_found) when there is none, [`is_denied`](Error::is_denied) when
    /// the caller may not list them, [`is_invalid`](Error::is_invalid) when the prefix cannot be one.
    pub(crate) async fn open(store: Store, prefix: &str) -> Result<Bucket> {
        let key = Key::parse(prefix).map_err(|error| {
            Error::invalid(format!("`{}` is no prefix of S3: {error}", prefix.escape_debug()))
        })?;
        let mut bucket = Bucket { store, prefix: PathBuf::from(key.as_ref()), listed: Mutex::default() };
        let place = bucket.place(&bucket.prefix);
        let what = format!("listing {place} (s3:ListBucket)");
        let root = bucket.fetch(&bucket.prefix).await.map_err(|error| bucket.store.explain(&what, error))?;
        if !root.is_empty() || !root.folders.is_empty() {
            bucket.remember(&root);
            return Ok(bucket);
        }
        let nothing = || {
            Error::not_found(format!("there is nothing at {place}"))
                .hint("name the prefix above AWSLogs, any folder below it, or one log object")
        };
        let object = match key.as_ref() {
            "" => return Err(nothing()),
            _ => bucket.store.s3().head(&key).await.map_err(|error| match error {
                object_store::Error::NotFound { .. } => nothing(),
                error => bucket.store.explain(&format!("looking for {place} (s3:GetObject)"), error),
            })?,
        };
        let mut only = Folder::new(bucket.prefix.parent().unwrap_or(Path::new("")).to_owned());
        only.files.extend(file(&object));
        bucket.prefix = only.path.clone();
        bucket.remember(&only);
        Ok(bucket)
    }

    /// The tree of the partitions that `admits` lets through, with their objects.
    ///
    /// Goes from folder to folder and never below one that is not let through. Folders that cannot be
    /// listed are in the tree's [`damaged`](Tree::damaged).
    ///
    /// # Errors
    ///
    /// Those of `admits`.
    pub(crate) async fn narrow(&self, admits: &Admits<'_>) -> Result<Tree> {
        let progress = Progress::new(format!("listing {}", self.place(&self.prefix)));
        let objects = AtomicU64::new(0);
        let list = async |path: PathBuf| {
            let folder = self.list(path).await;
            let sum =
                objects.fetch_add(folder.files.len() as u64, Ordering::Relaxed) + folder.files.len() as u64;
            progress.tell(|| show::count(sum, "object"));
            folder
        };
        let mut level = vec![self.prefix.clone()];
        let (mut found, mut left_out) = (Vec::new(), Vec::new());
        while !level.is_empty() {
            let known: Vec<Option<Partition>> = level.iter().map(|path| layout_so_far(path)).collect();
            let on_the_way: Vec<Partition> = known.iter().flatten().cloned().collect();
            let mut verdicts = admits(&on_the_way)?.into_iter();
            let mut admitted = Vec::with_capacity(level.len());
            for (path, known) in level.into_iter().zip(known) {
                match known {
                    Some(partition) if !verdicts.next().unwrap_or(true) => left_out.push(partition),
                    _ => admitted.push(path),
                }
            }
            let mut folders: Vec<Folder> =
                stream::iter(admitted).map(&list).buffered(AT_ONCE).collect().await;
            level = folders.iter_mut().flat_map(|folder| std::mem::take(&mut folder.folders)).collect();
            found.extend(folders.into_iter().filter(|folder| !folder.is_empty()));
        }
        Ok(self.tree(found, left_out))
    }

    fn tree(&self, found: Vec<Folder>, left_out: Vec<Partition>) -> Tree {
        // What was left out is laid out.
        let mut tree = match left_out.is_empty() {
            true => Tree::gather(self.prefix.clone(), found),
            false => Tree::gather_as(self.prefix.clone(), found, true),
        };
        tree.store = Some(self.store.clone());
        tree.is_whole = left_out.is_empty();
        for partition in left_out {
            tree.partition(partition);
        }
        tree
    }

    /// Lists a folder, unless it was before.
    async fn list(&self, path: PathBuf) -> Folder {
        let known = self.listed.lock().unwrap_or_else(PoisonError::into_inner).get(&path).cloned();
        if let Some(known) = known {
            return known;
        }
        match self.fetch(&path).await {
            Ok(folder) => {
                self.remember(&folder);
                folder
            }
            Err(error) => {
                let error = self.store.explain("s3:ListBucket", error).to_string();
                Folder { error: Some(error), ..Folder::new(path) }
            }
        }
    }

    /// From now on everything is listed anew.
    pub(crate) fn forget(&self) {
        self.listed.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn remember(&self, folder: &Folder) {
        let mut listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        listed.insert(folder.path.clone(), folder.clone());
    }

    async fn fetch(&self, path: &Path) -> object_store::Result<Folder> {
        let prefix = Key::parse(path.to_string_lossy())?;
        let listed = self.store.s3().list_with_delimiter(Some(&prefix)).await?;
        let mut folder = Folder::new(path.to_owned());
        // An object may be named as the folder is, with a slash at the end: the console makes such.
        for object in listed.objects.iter().filter(|object| object.location != prefix) {
            match file(object).filter(|file| is_log(&file.name)) {
                Some(file) => folder.files.push(file),
                None => folder.foreign += 1,
            }
        }
        // An empty name would lead back to where one is.
        let names = listed.common_prefixes.iter().filter(|below| **below != prefix).filter_map(Key::filename);
        let mut folders: Vec<OsString> = names.map(OsString::from).collect();
        keep_logs(path, &mut folders);
        folder.folders.extend(folders.into_iter().map(|name| path.join(name)));
        Ok(folder)
    }

    fn place(&self, path: &Path) -> String {
        format!("s3://{}/{}", self.store.bucket(), path.display())
    }
}

fn file(object: &ObjectMeta) -> Option<File> {
    let name = object.location.filename()?;
    let stored = Some(Stored { size: object.size, modified: object.last_modified });
    Some(File { name: OsStr::new(name).into(), stored })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Aws, QueryOptions, embedded::Engine, logs::engine::QueryEngine, moto::Moto};

    /// Objects of two accounts, three regions and some days, each with one event.
    fn upload(moto: &Moto) {
        moto.run(
            r#"
s3 = client("s3")
s3.create_bucket(Bucket="logs")
for account in ["111122223333", "444455556666"]:
    for region in ["eu-west-1", "us-east-1", "us-west-2"]:
        for day in ["2025/12/31", "2026/01/01", "2026/10/12", "2026/10/13"]:
            key = f"p/AWSLogs/o-abc/{account}/CloudTrail/{region}/{day}/a.json"
            s3.put_object(Bucket="logs", Key=key, Body=b'{"Records":[{"eventName":"A"}]}')
"#,
        );
    }

    fn store(moto: &Moto) -> Store {
        Aws::at(moto.endpoint()).bucket("logs").unwrap()
    }

    const COUNT: &str = "SELECT count(*) AS n FROM t WHERE region = 'us-east-1' AND year = '2026'";

    #[test]
    fn only_what_a_question_needs_is_listed_and_only_once() {
        let Some(moto) = Moto::start() else { return };
        upload(&moto);
        let engine = Engine::open_bucket(store(&moto), "p").unwrap();
        assert_eq!(engine.accounts().unwrap(), ["111122223333", "444455556666"]);
        assert_eq!(engine.regions().unwrap(), ["eu-west-1", "us-east-1", "us-west-2"]);
        let plan = engine.plan(COUNT, &QueryOptions::default()).unwrap();
        assert_eq!((plan.partitions(), plan.objects()), (6, 6));
        assert_eq!(plan.regions(), ["us-east-1"]);
        // It would list again what it has not yet, and fail.
        let listed = plan;
        drop(moto);
        assert_eq!(engine.plan(COUNT, &QueryOptions::default()).unwrap(), listed);
    }

    #[test]
    fn what_vanishes_before_it_is_read_is_told() {
        let Some(moto) = Moto::start() else { return };
        upload(&moto);
        let engine = Engine::open_bucket(store(&moto), "p").unwrap();
        engine.plan(COUNT, &QueryOptions::default()).unwrap();
        let key = "p/AWSLogs/o-abc/444455556666/CloudTrail/us-east-1/2026/10/12/a.json";
        moto.run(&format!("client('s3').delete_object(Bucket='logs', Key='{key}')"));
        let outcome = engine.run(COUNT, &QueryOptions::default()).unwrap();
        assert_eq!(outcome.coverage.objects_read, 6);
        assert_eq!(outcome.coverage.records, 5);
        let damaged = &outcome.coverage.damaged[0];
        assert_eq!(format!("p/{}", damaged.object), key);
        assert_eq!(damaged.reason, "vanished before it was read");
    }

    #[test]
    fn large_objects_come_in_parts() {
        let Some(moto) = Moto::start() else { return };
        moto.run(
            r#"
s3 = client("s3")
s3.create_bucket(Bucket="logs")
records = ",".join('{"eventName":"%d"}' % n for n in range(1_200_000))
s3.put_object(Bucket="logs", Key="large.json", Body=('{"Records":[' + records + ']}').encode())
"#,
        );
        let engine = Engine::open_bucket(store(&moto), "large.json").unwrap();
        let sql = "SELECT count(DISTINCT eventname) AS n FROM t";
        let outcome = engine.run(sql, &QueryOptions::default().allow_full_scan(true)).unwrap();
        assert_eq!(outcome.frame.column("n").unwrap().i64().unwrap().get(0), Some(1_200_000));
        assert!(outcome.coverage.damaged.is_empty());
    }
}
