//! The scan: objects are read, inflated, searched, walked through and built
//! into batches, by workers that each take the next object.

use std::{
    ops::ControlFlow,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use datafusion::{
    arrow::{datatypes::SchemaRef, record_batch::RecordBatch},
    error::Result,
    physical_expr::PhysicalExpr,
};
use tokio::sync::mpsc::Sender;

use super::{
    columns::{EVENT_TIME, Source},
    condition::{Condition, Search},
    feed::{Feed, Taken},
    fields::Fields,
    json::Span,
    ledger::{Ledger, Reading},
    object::Reader,
    probe::Probe,
    record::{Records, looks_whole},
    rows::Rows,
    table::ScanOptions,
    tree::Tree,
    unique::Unique,
};

/// A batch ends when its records have this many bytes, if not for its number of rows.
const BATCH_BYTES: usize = 16 << 20;

/// Rows in the first batch where a filter learns from them.
const FIRST_ROWS: usize = 256;

/// A literal this frequent, in bytes between its occurrences, saves no reading.
const DENSE: usize = 512;

/// What is to be scanned.
#[derive(Clone, Debug)]
pub(super) struct Scan {
    pub(super) tree: Arc<Tree>,
    /// The objects to read, by their place in the tree.
    pub(super) objects: Arc<[usize]>,
    pub(super) schema: SchemaRef,
    /// Where each of the schema's columns comes from.
    pub(super) sources: Vec<Source>,
    /// What is known to hold for every row that is needed.
    pub(super) condition: Condition,
    /// Filters that tell more and more of it while the query runs.
    pub(super) dynamic: Vec<Arc<dyn PhysicalExpr>>,
    /// Enough rows, if that is known.
    pub(super) limit: Option<usize>,
    pub(super) options: ScanOptions,
    pub(super) ledger: Arc<Ledger>,
}

/// What the workers of one run share.
#[derive(Debug)]
pub(super) struct Progress {
    feed: Feed,
    rows: AtomicUsize,
    unique: Unique,
}

impl Progress {
    /// The start of a run, inside the runtime that fetches what has to be.
    pub(super) fn new(scan: &Scan) -> Progress {
        let feed = Feed::new(scan.tree.clone(), scan.worth_reading(), scan.options.object_limit);
        Progress { feed, rows: AtomicUsize::new(0), unique: Unique::default() }
    }
}

/// Where batches go. It closes when nobody needs more.
type Batches = Sender<Result<RecordBatch>>;

impl Scan {
    /// What `filter`, over the scan's columns, demands of a record.
    pub(super) fn demands(&self, filter: &Arc<dyn PhysicalExpr>) -> Condition {
        Condition::of(filter, &self.sources, self.options.null_json_as_text)
    }

    /// When the earliest event that can match happened, less a margin: an object that was
    /// delivered before holds none.
    ///
    /// The margin is for clocks, and for names that tell the start of the five minutes
    /// that an object covers.
    fn earliest_delivery(&self) -> Option<DateTime<Utc>> {
        // Whether a record is a duplicate depends on records that do not match.
        let bound =
            self.condition.lower_bound(&[EVENT_TIME]).filter(|_| !self.options.looks_for_duplicates())?;
        let minute = NaiveDateTime::parse_from_str(bound.get(..16)?, "%Y-%m-%dT%H:%M").ok()?;
        minute.and_utc().checked_sub_signed(TimeDelta::hours(1))
    }

    /// The objects that can hold what is wanted, in their order.
    fn worth_reading(&self) -> Arc<[usize]> {
        let Some(earliest) = self.earliest_delivery() else { return self.objects.clone() };
        let is_too_early = |object: &usize| {
            self.tree.objects()[*object].delivered().is_some_and(|delivered| delivered < earliest)
        };
        self.objects.iter().copied().filter(|object| !is_too_early(object)).collect()
    }

    /// Reads objects, each time the next that no other worker has taken, until there are no more.
    pub(super) fn run(&self, progress: &Progress, batch_size: usize, batches: &Batches) -> Result<()> {
        let mut worker = Worker::new(self, progress, batch_size, batches);
        while !batches.is_closed() && !worker.has_enough() {
            let Some(taken) = progress.feed.next(&self.tree) else {
                worker.flush()?;
                break;
            };
            if worker.scan(taken)?.is_break() {
                break;
            }
        }
        Ok(())
    }
}

struct Worker<'a> {
    scan: &'a Scan,
    progress: &'a Progress,
    batches: &'a Batches,
    batch_size: usize,
    /// How many rows the next batch will have.
    target: usize,
    reader: Reader,
    probe: Probe<'a>,
    fields: Fields,
    slots: Vec<Option<Span>>,
    search: Option<Search>,
    rows: Rows,
    /// Bytes of the records in `rows`.
    pending: usize,
}

impl<'a> Worker<'a> {
    fn new(scan: &'a Scan, progress: &'a Progress, batch_size: usize, batches: &'a Batches) -> Self {
        let mut fields = Fields::new();
        let rows = Rows::new(scan.schema.clone(), &scan.sources, scan.options.null_json_as_text, &mut fields);
        Worker {
            scan,
            progress,
            batches,
            batch_size,
            target: match scan.limit {
                Some(limit) => batch_size.min(limit.max(1)),
                // What a filter learns from the first rows saves building more of them.
                None if !scan.dynamic.is_empty() => batch_size.min(FIRST_ROWS),
                None => batch_size,
            },
            reader: Reader::new(scan.options.object_limit, scan.options.for_snapshot),
            probe: Probe::new(scan),
            slots: vec![None; fields.len()],
            fields,
            // Whether a record is a duplicate depends on records that do not match.
            search: Search::new(&scan.condition).filter(|_| !scan.options.looks_for_duplicates()),
            rows,
            pending: 0,
        }
    }

    fn has_enough(&self) -> bool {
        self.scan.limit.is_some_and(|limit| self.progress.rows.load(Ordering::Relaxed) >= limit)
    }

    /// Adds the rows of one object, and hands on the batches that become full.
    fn scan(&mut self, taken: Taken) -> Result<ControlFlow<()>> {
        let Taken { turn, object, source } = taken;
        let options = &self.scan.options;
        let claim = options.looks_for_duplicates().then(|| self.progress.unique.claim(turn));
        self.probe.watch()?;
        let log = &self.scan.tree.objects()[object];
        let content = self.reader.read(source);
        let text = content.text;
        let mut reading = Reading {
            bytes: content.bytes,
            inflated: text.len(),
            sha256: content.sha256,
            ..Reading::default()
        };

        let mut spots = None;
        if let Some(search) = &mut self.search
            && content.damage.is_none()
            && looks_whole(text)
        {
            let found = search.find(text);
            if found.is_empty() {
                self.scan.ledger.note(object, reading);
                return Ok(ControlFlow::Continue(()));
            }
            spots = (found.len() < text.len() / DENSE).then(|| found.iter().copied().peekable());
        }
        let duplicates = claim.map(|claim| claim.duplicates(text)).unwrap_or_default();
        let mut records = Records::new(text);
        let mut flow = ControlFlow::Continue(());
        while let Some(open) = records.next() {
            let mut wanted = true;
            let end = records.read(open, |cursor| {
                if let Some(spots) = &mut spots {
                    while spots.next_if(|spot| *spot < open).is_some() {}
                    let mut ahead = cursor.clone();
                    let end = ahead.container(open)?;
                    if spots.peek().is_none_or(|spot| *spot >= end) {
                        wanted = false;
                        *cursor = ahead;
                        return Ok(end);
                    }
                }
                if self.probe.pays() {
                    let bookmark = cursor.clone();
                    let (end, passes) = self.probe.look(cursor, open)?;
                    wanted = passes;
                    if !passes || self.fields.len() == 0 {
                        return Ok(end);
                    }
                    *cursor = bookmark;
                }
                self.fields.find(cursor, open, &mut self.slots)
            });
            let Some(end) = end else {
                continue;
            };
            let duplicate = duplicates.get(reading.records).copied().unwrap_or(false);
            reading.records += 1;
            reading.duplicates += usize::from(duplicate);
            if wanted && !(duplicate && options.deduplicate) {
                self.rows.append(text, &self.slots, &log.partition, duplicate);
                self.pending += end - open;
                if self.rows.len() >= self.target || self.pending >= BATCH_BYTES {
                    self.pending = 0;
                    self.target = self.batch_size.min(self.target * 2);
                    flow = send(&mut self.rows, self.scan.limit, self.progress, self.batches)?;
                }
            } else if let Some(spots) = &mut spots
                && spots.peek().is_none()
            {
                // Nothing further on can match.
                break;
            }
            if flow.is_break() {
                break;
            }
        }
        reading.damage = content.damage.or_else(|| records.damage().map(|damage| damage.to_string().into()));
        self.scan.ledger.note(object, reading);
        Ok(flow)
    }

    fn flush(&mut self) -> Result<()> {
        if self.rows.len() > 0 {
            let _ = send(&mut self.rows, self.scan.limit, self.progress, self.batches)?;
        }
        Ok(())
    }
}

/// Hands on the rows built so far. Breaks if nobody wants more.
fn send(
    rows: &mut Rows,
    limit: Option<usize>,
    progress: &Progress,
    batches: &Batches,
) -> Result<ControlFlow<()>> {
    let batch = rows.finish()?;
    let count = batch.num_rows();
    let before = progress.rows.fetch_add(count, Ordering::Relaxed);
    let left = limit.map_or(count, |limit| limit.saturating_sub(before));
    // Nothing above drops what is more than the limit.
    let batch = if left < count { batch.slice(0, left) } else { batch };
    Ok(match batches.blocking_send(Ok(batch)) {
        Ok(()) if left > count || limit.is_none() => ControlFlow::Continue(()),
        _ => ControlFlow::Break(()),
    })
}
