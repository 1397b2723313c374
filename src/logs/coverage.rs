//! What a query read, and what it could not.

/// What the embedded engine looked at to answer a query; of a query at Athena, the snapshot alone.
///
/// Part of every answer: an object that could not be read is named here, and
/// the answer holds the rest.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Coverage {
    /// Log objects listed: all of a folder's; of a bucket's, those that the question may need.
    pub objects_listed: u64,
    /// Objects read; the others lie outside the partitions asked for.
    pub objects_read: u64,
    /// When the snapshot was made, as RFC 3339 in UTC, that was read in the objects' place.
    pub snapshot: Option<String>,
    /// Compressed bytes of the objects read.
    pub bytes_read: u64,
    /// Bytes of JSON that they hold.
    pub bytes_inflated: u64,
    /// Records found in them. Objects, and parts of objects, in which a text that the
    /// query asks for does not occur are not looked through.
    pub records: u64,
    /// Records left out because an earlier one has the same event id, if that was asked for.
    pub duplicates_dropped: u64,
    /// Objects that are damaged or could not be read, wholly or in part.
    pub damaged: Vec<Damaged>,
}

/// An object that could not be read in full.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Damaged {
    /// Its path, relative to the root of the logs.
    pub object: String,
    /// Why, as a clause: `gzip stream ends early`.
    pub reason: String,
    /// Records of it that are in the answer all the same.
    pub records_kept: u64,
}
