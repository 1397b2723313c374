//! Delivery: events are gathered for a while, and then become one object in the
//! folder of their account, region and day, as CloudTrail does it.

use std::fs;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use libdeflater::{CompressionLvl, Compressor};

use super::clock::{START, Stamp};
use super::event::Event;
use super::json::Object;
use super::organization::{DEVELOPMENT, MAIN_TRAIL, PLACES, Place, VIRGINIA};
use super::random::{ALPHANUMERIC, Random};
use crate::{Error, Result};

/// Objects are delivered at the end of such a span, in seconds: five minutes.
const SPAN: i64 = 300;
/// The longest that an event waits for others, in seconds. CloudTrail itself waits
/// for one span; here quiet hours are gathered, to keep the number of objects down.
const LONGEST_WAIT: i64 = 3 * 3_600;

/// Writes objects below a root folder, day by day.
pub(super) struct Delivery {
    /// `AWSLogs`, or `AWSLogs/o-…`.
    root: PathBuf,
    seed: u64,
    /// How many events make an object worth its while.
    enough: usize,
    /// What CloudTrail has, or will have soon, and has not delivered.
    pending: Vec<Event>,
    pub(super) written: Written,
}

/// What has been written.
#[derive(Clone, Copy, Default)]
pub(super) struct Written {
    pub(super) objects: u64,
    pub(super) events: u64,
    pub(super) bytes: u64,
}

/// Events that are delivered together.
struct Batch<'a> {
    place: Place,
    delivered: i64,
    events: &'a [Event],
}

impl Delivery {
    pub(super) fn new(root: PathBuf, seed: u64, total: u64) -> Self {
        // 25 for 50,000 events; of a hundred times as many, ten times the objects, each
        // ten times as big.
        let enough = (total / 80).isqrt().max(25);
        Delivery { root, seed, enough: enough as usize, pending: Vec::new(), written: Written::default() }
    }

    /// Takes events, and delivers what is there by `end`, the end of a day.
    pub(super) fn deliver(&mut self, events: Vec<Event>, end: i64) -> Result<()> {
        self.pending.extend(events);
        let (mut ready, pending) = std::mem::take(&mut self.pending)
            .into_iter()
            .partition::<Vec<_>, _>(|event| event.ready() < end - SPAN);
        self.pending = pending;
        ready.sort_by_key(|event| (event.place, event.ready()));
        let batches: Vec<Batch<'_>> =
            ready.chunk_by(|a, b| a.place == b.place).flat_map(|events| self.batches(events)).collect();
        self.write_all(&batches)
    }

    /// Cuts the events of one place, in the order they come in, at the ends of spans.
    fn batches<'a>(&self, mut events: &'a [Event]) -> Vec<Batch<'a>> {
        let span = |event: &Event| event.ready().div_euclid(SPAN);
        let mut batches = Vec::new();
        while let Some(first) = events.first() {
            let (mut count, mut last) = (0, span(first));
            for event in events {
                let worth_it = count >= self.enough || event.ready() - first.ready() >= LONGEST_WAIT;
                if span(event) != last && worth_it {
                    break;
                }
                (count, last) = (count + 1, span(event));
            }
            let (batch, rest) = events.split_at(count);
            batches.push(Batch { place: first.place, delivered: (last + 1) * SPAN, events: batch });
            events = rest;
        }
        batches
    }

    fn write_all(&mut self, batches: &[Batch<'_>]) -> Result<()> {
        let next = AtomicUsize::new(0);
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        let work = || -> Result<Written> {
            let mut writer = Writer::new();
            let mut written = Written::default();
            while let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
                written.add(Written {
                    objects: 1,
                    events: batch.events.len() as u64,
                    bytes: writer.write(&self.path(batch), |json| batch.write(json))?,
                });
            }
            Ok(written)
        };
        let results: Vec<_> = thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            workers.into_iter().map(|worker| worker.join()).collect()
        });
        for result in results {
            self.written.add(result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        }
        Ok(())
    }

    fn path(&self, batch: &Batch<'_>) -> PathBuf {
        let Place { account, region } = batch.place;
        let stamp = Stamp::of(batch.delivered);
        let name = format!("{account}_CloudTrail_{region}_{}_", stamp.delivery());
        let mut name = name.into_bytes();
        let label = String::from_utf8_lossy(&name).into_owned();
        Random::for_label(self.seed, &label).characters(&mut name, 16, ALPHANUMERIC);
        let name = String::from_utf8_lossy(&name);
        self.root.join(format!("{account}/CloudTrail/{region}/{}/{name}.json.gz", stamp.folders()))
    }

    /// What lies beside the logs in every such tree, and is none: each region's
    /// first digest, which has nothing to list, and a check file of AWS Config.
    pub(super) fn write_neighbours(&self) -> Result<()> {
        let mut writer = Writer::new();
        for (Place { account, region }, _) in PLACES {
            let folder = format!("{account}/CloudTrail-Digest/{region}/{}", Stamp::of(START).folders());
            let name = format!(
                "{account}_CloudTrail-Digest_{region}_{MAIN_TRAIL}_{VIRGINIA}_20260928T000000Z.json.gz"
            );
            writer.write(&self.root.join(folder).join(name), |json| {
                let mut digest = Object::open(json);
                digest.text("awsAccountId", account);
                digest.quoted("digestStartTime", |out| Stamp::of(START - 3_600).iso(out));
                digest.quoted("digestEndTime", |out| Stamp::of(START).iso(out));
                digest.text("digestS3Bucket", "example-trail-logs");
                digest.text("digestSignatureAlgorithm", "SHA256withRSA");
                for key in [
                    "newestEventTime",
                    "oldestEventTime",
                    "previousDigestS3Bucket",
                    "previousDigestHashValue",
                ] {
                    digest.key(key).extend_from_slice(b"null");
                }
                digest.key("logFiles").extend_from_slice(b"[]");
            })?;
        }
        write_file(&self.root.join(DEVELOPMENT).join("Config/ConfigWritabilityCheckFile"), b"")
    }
}

impl Written {
    fn add(&mut self, other: Written) {
        self.objects += other.objects;
        self.events += other.events;
        self.bytes += other.bytes;
    }
}

impl Batch<'_> {
    fn write(&self, json: &mut Vec<u8>) {
        json.extend_from_slice(br#"{"Records":["#);
        for (index, event) in self.events.iter().enumerate() {
            if index > 0 {
                json.push(b',');
            }
            event.write(json);
        }
        json.extend_from_slice(b"]}");
    }
}

/// Compresses and writes; its buffers and its compressor serve every object.
struct Writer {
    json: Vec<u8>,
    gzip: Vec<u8>,
    compressor: Compressor,
}

impl Writer {
    fn new() -> Self {
        // Level 6, as gzip's own default.
        let compressor = Compressor::new(CompressionLvl::default());
        Writer { json: Vec::new(), gzip: Vec::new(), compressor }
    }

    /// Writes what `content` puts into the buffer; gives the compressed size.
    fn write(&mut self, path: &Path, content: impl FnOnce(&mut Vec<u8>)) -> Result<u64> {
        self.json.clear();
        content(&mut self.json);
        self.gzip.resize(self.compressor.gzip_compress_bound(self.json.len()), 0);
        let size = self
            .compressor
            .gzip_compress(&self.json, &mut self.gzip)
            .map_err(|error| Error::failed(format!("cannot compress `{}`: {error}", path.display())))?;
        write_file(path, &self.gzip[..size])?;
        Ok(size as u64)
    }
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, bytes))
        .map_err(|error| Error::io(format_args!("cannot write `{}`", path.display()), error))
}
