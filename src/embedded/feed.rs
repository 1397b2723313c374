//! What the workers of a scan take their objects from, one after the other.

use std::{
    borrow::Cow,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures::{StreamExt, TryStreamExt, stream};
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt, aws::AmazonS3, path::Path as Key};
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    task::JoinHandle,
};

use super::tree::Tree;
use crate::{progress::Progress, show};

/// How many objects are fetched, or wait to be taken, at once.
const AT_ONCE: usize = 32;

/// How many bytes may be fetched and not yet read, in KiB; one object may be larger.
const AHEAD_KIB: usize = 64 << 10;

/// Larger objects are fetched in parts of this size, in bytes, some at once.
const PART: u64 = 8 << 20;

/// The objects to read, in their order.
#[derive(Debug)]
pub(super) struct Feed {
    objects: Arc<[usize]>,
    next: AtomicUsize,
    /// What fetches the bodies of a bucket's objects, in the same order, ahead of the workers.
    fetches: Option<Mutex<mpsc::Receiver<Fetch>>>,
    progress: Progress,
}

type Fetch = JoinHandle<(Body, Option<OwnedSemaphorePermit>)>;

/// An object that a worker has to read.
#[derive(Debug)]
pub(super) struct Taken {
    /// Its place among the objects to read.
    pub(super) turn: usize,
    /// Its place in the tree.
    pub(super) object: usize,
    pub(super) source: Source,
}

/// Where an object's bytes come from.
#[derive(Debug)]
pub(super) enum Source {
    File(PathBuf),
    /// They are here, or why they are not.
    Body(Body),
}

type Body = Result<Vec<u8>, Cow<'static, str>>;

impl Feed {
    /// `objects` of `tree`; of each, `limit` bytes and one more are fetched at most. Inside a runtime.
    pub(super) fn new(tree: Arc<Tree>, objects: Arc<[usize]>, limit: usize) -> Feed {
        let fetches = tree.store().map(|store| {
            let (fetches, taken) = mpsc::channel(AT_ONCE);
            tokio::spawn(fetch_all(store.s3(), tree.clone(), objects.clone(), limit as u64 + 1, fetches));
            Mutex::new(taken)
        });
        let progress = Progress::new(format!("reading {}", tree.root()));
        Feed { objects, next: AtomicUsize::new(0), fetches, progress }
    }

    /// The next object that no other worker has taken. Waits for it.
    pub(super) fn next(&self, tree: &Tree) -> Option<Taken> {
        let Some(fetches) = &self.fetches else {
            let turn = self.next.fetch_add(1, Ordering::Relaxed);
            let object = *self.objects.get(turn)?;
            return Some(Taken { turn, object, source: Source::File(tree.objects()[object].path()) });
        };
        let (turn, fetch) = {
            let mut fetches = fetches.lock().unwrap_or_else(PoisonError::into_inner);
            let fetch = fetches.blocking_recv()?;
            (self.next.fetch_add(1, Ordering::Relaxed), fetch)
        };
        let object = *self.objects.get(turn)?;
        self.progress
            .tell(|| format!("{} of {}", turn + 1, show::count(self.objects.len() as u64, "object")));
        let body = match Handle::current().block_on(fetch) {
            Ok((body, _)) => body,
            Err(error) => Err(format!("could not be fetched: {error}").into()),
        };
        Some(Taken { turn, object, source: Source::Body(body) })
    }
}

/// Starts to fetch objects, some ahead of those who take them, until nobody does.
async fn fetch_all(
    s3: Arc<AmazonS3>,
    tree: Arc<Tree>,
    objects: Arc<[usize]>,
    limit: u64,
    fetches: mpsc::Sender<Fetch>,
) {
    let room = Arc::new(Semaphore::new(AHEAD_KIB));
    for &object in objects.iter() {
        let object = &tree.objects()[object];
        let key = object.path().to_string_lossy().into_owned();
        let size = object.size().unwrap_or(0).min(limit);
        let kib = ((size >> 10) as usize + 1).min(AHEAD_KIB);
        // In the order in which bodies are taken: nobody waits for a body that waits for room.
        let room = room.clone().acquire_many_owned(kib as u32).await.ok();
        let s3 = s3.clone();
        let fetch = tokio::spawn(async move { (fetch(&s3, &key, size).await.map_err(describe), room) });
        if fetches.send(fetch).await.is_err() {
            break;
        }
    }
}

/// The first `size` bytes of an object, or all of it if that fits one part.
async fn fetch(s3: &AmazonS3, key: &str, size: u64) -> object_store::Result<Vec<u8>> {
    let key = Key::parse(key)?;
    if size <= PART {
        return Ok(s3.get(&key).await?.bytes().await?.into());
    }
    let starts: Vec<u64> = (0..size).step_by(PART as usize).collect();
    let parts = starts.into_iter().map(|start| {
        let range = Some(GetRange::Bounded(start..(start + PART).min(size)));
        let options = GetOptions { range, ..GetOptions::default() };
        async { s3.get_opts(&key, options).await?.bytes().await }
    });
    let parts: Vec<_> = stream::iter(parts).buffered(4).try_collect().await?;
    Ok(parts.concat())
}

fn describe(error: object_store::Error) -> Cow<'static, str> {
    use object_store::Error as E;
    match &error {
        E::NotFound { .. } => "vanished before it was read".into(),
        E::PermissionDenied { .. } | E::Unauthenticated { .. } => {
            "access is denied (s3:GetObject, and kms:Decrypt where a KMS key encrypts)".into()
        }
        error => format!("could not be fetched: {}", crate::aws::chain(error)).into(),
    }
}
