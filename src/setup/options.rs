//! What is to be set up, and under which names.

use super::names;
use crate::Result;
use crate::athena::WORKGROUP;

/// What is to be set up, and under which names.
///
/// # Examples
///
/// ```
/// use trailbook::setup::SetupOptions;
///
/// let options = SetupOptions::new().workgroup("incident-response").results("s3://my-results/trailbook/");
/// # let _ = options;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetupOptions {
    pub(super) trail: String,
    pub(super) database: String,
    pub(super) table: String,
    pub(super) workgroup: String,
    pub(super) results: String,
    pub(super) date_partition: bool,
    pub(super) apply: bool,
}

impl Default for SetupOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl SetupOptions {
    /// The table `cloudtrail_logs.cloudtrail_partitioned` in the workgroup `trailbook`, over the only trail or
    /// the organization's; nothing is changed.
    pub fn new() -> Self {
        SetupOptions {
            trail: String::new(),
            database: super::DATABASE.to_owned(),
            table: super::TABLE.to_owned(),
            workgroup: WORKGROUP.to_owned(),
            results: String::new(),
            date_partition: false,
            apply: false,
        }
    }

    /// Refuses names that cannot be one.
    pub(super) fn check(&self) -> Result<()> {
        names::identifier(&self.database)?;
        names::identifier(&self.table)?;
        names::workgroup(&self.workgroup)?;
        if !self.results.is_empty() {
            names::location(&self.results)?;
        }
        Ok(())
    }

    /// The trail, by name or ARN; empty for the only one or the organization's.
    pub fn trail(mut self, name_or_arn: &str) -> Self {
        self.trail = name_or_arn.to_owned();
        self
    }

    /// The database of the table.
    pub fn database(mut self, name: &str) -> Self {
        self.database = name.to_ascii_lowercase();
        self
    }

    /// The table.
    pub fn table(mut self, name: &str) -> Self {
        self.table = name.to_ascii_lowercase();
        self
    }

    /// The workgroup that queries run in.
    pub fn workgroup(mut self, name: &str) -> Self {
        self.workgroup = name.to_owned();
        self
    }

    /// Where query results go, as `s3://bucket/prefix/`, for a workgroup that is made or has no place yet.
    pub fn results(mut self, place: &str) -> Self {
        self.results = place.to_owned();
        self
    }

    /// Days as one partition column of dates, in place of `year`, `month` and `day`.
    pub fn date_partition(mut self, by_date: bool) -> Self {
        self.date_partition = by_date;
        self
    }

    /// Whether what is missing is made: workgroup, database, table, named queries. Nothing is ever deleted.
    pub fn apply(mut self, apply: bool) -> Self {
        self.apply = apply;
        self
    }
}
