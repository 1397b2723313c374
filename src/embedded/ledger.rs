//! What was read, object by object.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    sync::{Mutex, OnceLock, PoisonError},
};

use super::tree::Tree;
use crate::{Coverage, Damaged};

/// What all scans of a table have read.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// By the objects' places in the tree.
    readings: Mutex<BTreeMap<usize, Reading>>,
    /// When the snapshot was made that answered in the objects' place.
    snapshot: OnceLock<String>,
}

/// What reading one object gave.
#[derive(Clone, Debug, Default)]
pub(super) struct Reading {
    /// As stored.
    pub(super) bytes: usize,
    pub(super) inflated: usize,
    /// Of the object as it is stored, if that was asked for.
    pub(super) sha256: Option<[u8; 32]>,
    /// Records gone through.
    pub(super) records: usize,
    /// Records dropped because an earlier one has the same event id.
    pub(super) duplicates: usize,
    pub(super) damage: Option<Cow<'static, str>>,
}

impl Ledger {
    /// Notes what reading an object gave. An object that several scans read counts
    /// once, as the scan saw it that went farthest.
    pub(super) fn note(&self, object: usize, reading: Reading) {
        let mut readings = self.readings.lock().unwrap_or_else(PoisonError::into_inner);
        let noted = readings.entry(object).or_default();
        let damage = noted.damage.take();
        if (reading.records, reading.bytes) >= (noted.records, noted.bytes) {
            *noted = reading;
        }
        noted.damage = noted.damage.take().or(damage);
    }

    /// Notes that objects were not read, but answered for by the snapshot made at `made`.
    pub(super) fn note_snapshot(&self, made: &str) {
        self.snapshot.get_or_init(|| made.to_owned());
    }

    /// What reading each object gave.
    pub(super) fn readings(&self) -> BTreeMap<usize, Reading> {
        self.readings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The sum of it.
    pub(super) fn coverage(&self, tree: &Tree) -> Coverage {
        let readings = self.readings.lock().unwrap_or_else(PoisonError::into_inner);
        let mut coverage = Coverage {
            objects_listed: tree.objects().len() as u64,
            objects_read: readings.len() as u64,
            damaged: tree.damaged().to_vec(),
            snapshot: self.snapshot.get().cloned(),
            ..Coverage::default()
        };
        for (&object, reading) in &*readings {
            coverage.bytes_read += reading.bytes as u64;
            coverage.bytes_inflated += reading.inflated as u64;
            coverage.records += reading.records as u64;
            coverage.duplicates_dropped += reading.duplicates as u64;
            if let Some(reason) = &reading.damage {
                let path = tree.objects()[object].path();
                coverage.damaged.push(Damaged {
                    object: tree.name(&path),
                    reason: reason.to_string(),
                    records_kept: reading.records as u64,
                });
            }
        }
        coverage
    }
}
