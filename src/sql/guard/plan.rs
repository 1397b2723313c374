//! What a query would read, as data.

use std::collections::BTreeSet;

use super::{Guard, PARTITION_COLUMNS};
use crate::embedded::tree::Tree;

/// What a query would read: told from its conditions and the listing of the logs, before a log is read.
///
/// # Examples
///
/// ```
/// # fn main() -> trailbook::Result<()> {
/// use trailbook::Logs;
///
/// let logs = Logs::open("sample")?;
/// let plan = logs.explain("SELECT eventname FROM logs WHERE year = '2026' AND month = '10' AND day = '12'")?;
/// assert_eq!(plan.days(), ["2026-10-12"]);
/// assert!(plan.objects() > 0 && plan.is_bounded());
/// assert_eq!(plan.unbounded(), ["account_id", "region"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    accounts: Vec<String>,
    regions: Vec<String>,
    days: Vec<String>,
    partitions: u64,
    objects: u64,
    bytes: u64,
    unbounded: Vec<&'static str>,
    is_bounded: bool,
    corrected: Option<String>,
    warnings: Vec<String>,
}

impl Plan {
    /// Asks the file system for the size of every object to be read.
    pub(super) fn new(guard: Guard, tree: &Tree) -> Plan {
        let mut plan = Plan {
            accounts: Vec::new(),
            regions: Vec::new(),
            days: Vec::new(),
            partitions: 0,
            objects: 0,
            bytes: 0,
            unbounded: Vec::new(),
            is_bounded: !guard.scans.iter().any(super::Scan::is_unbounded),
            corrected: guard.corrected,
            warnings: guard.warnings,
        };
        // How often each partition is read: a query that names the table twice reads it twice.
        let mut times = vec![0u64; tree.partitions().len()];
        for scan in &guard.scans {
            plan.partitions += scan.partitions.len() as u64;
            scan.partitions.iter().for_each(|partition| times[partition.index] += 1);
        }
        for object in tree.objects() {
            let times = times[object.partition.index];
            if times > 0 {
                plan.objects += times;
                // An object that vanished since is told by the answer's coverage.
                plan.bytes += times * object.size().unwrap_or(0);
            }
        }
        let selected = || tree.partitions().iter().filter(|partition| times[partition.index] > 0);
        let distinct =
            |values: BTreeSet<String>| values.into_iter().filter(|value| !value.is_empty()).collect();
        plan.accounts = distinct(selected().map(|partition| partition.account_id.clone()).collect());
        plan.regions = distinct(selected().map(|partition| partition.region.clone()).collect());
        plan.days = distinct(selected().map(|partition| partition.date('-')).collect());
        let is_unbounded = |column: &&str| guard.scans.iter().any(|scan| scan.unbounded.contains(column));
        plan.unbounded = PARTITION_COLUMNS.into_iter().filter(|column| is_unbounded(column)).collect();
        plan
    }

    /// The accounts whose logs would be read, sorted.
    pub fn accounts(&self) -> &[String] {
        &self.accounts
    }

    /// The regions, sorted.
    pub fn regions(&self) -> &[String] {
        &self.regions
    }

    /// The days of delivery, as `2023-07-10`, sorted.
    pub fn days(&self) -> &[String] {
        &self.days
    }

    /// How many partitions would be read: an account's day in a region is one. A query that
    /// names the table twice reads it twice.
    pub fn partitions(&self) -> u64 {
        self.partitions
    }

    /// How many objects.
    pub fn objects(&self) -> u64 {
        self.objects
    }

    /// Their bytes, compressed as they are.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What Athena would bill for it, in US dollars: 5 a terabyte, for 10 MB at least. Requests to
    /// S3 are billed besides.
    pub fn price(&self) -> f64 {
        price(self.bytes)
    }

    /// The partition columns that no condition bounds, of `account_id, region, year, month, day`.
    pub fn unbounded(&self) -> &[&'static str] {
        &self.unbounded
    }

    /// Whether the query runs without [`allow_full_scan`](crate::QueryOptions::allow_full_scan).
    pub fn is_bounded(&self) -> bool {
        self.is_bounded
    }

    /// The query with conditions that bound it to the last day of the logs, where it has none.
    pub fn corrected(&self) -> Option<&str> {
        self.corrected.as_deref()
    }

    /// Conditions that lose rows in silence, and the like; each a sentence.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

/// What Athena bills for a query that reads so many bytes, in US dollars.
pub(crate) fn price(bytes: u64) -> f64 {
    const MEGABYTE: u64 = 1_000_000;
    let billed = bytes.div_ceil(MEGABYTE).max(10) * MEGABYTE;
    billed as f64 / 1e12 * 5.0
}
