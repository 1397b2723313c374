//! How a query is to be run.

/// How a query is to be run.
///
/// The same query gives the same rows in the same order however many threads run it: whatever
/// ORDER BY leaves open is ordered by all columns. Two things hang on the order in which records
/// are read, as on Athena: which rows a LIMIT without ORDER BY keeps, and which of equal rows
/// comes first in a window's ORDER BY (`row_number`, `lag`, frames of ROWS).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryOptions {
    pub(crate) allow_full_scan: bool,
    pub(crate) null_json_as_text: bool,
    pub(crate) deduplicate: bool,
    pub(crate) unchecked: bool,
    pub(crate) table: Option<String>,
    pub(crate) object_limit: Option<u64>,
}

impl QueryOptions {
    /// The defaults: no full scans, JSON null is NULL, every record is a row, the logs have any table's name.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets a query run that does not constrain the partition columns, and may read all logs.
    pub fn allow_full_scan(mut self, allow: bool) -> Self {
        self.allow_full_scan = allow;
        self
    }

    /// Reads a JSON null in the columns that hold JSON as the text `null`, as tables with AWS's
    /// older SerDe do, not as NULL.
    pub fn null_json_as_text(mut self, as_text: bool) -> Self {
        self.null_json_as_text = as_text;
        self
    }

    /// Takes only the first of records with the same event id: CloudTrail delivers at least once,
    /// and trails overlap.
    pub fn deduplicate(mut self, deduplicate: bool) -> Self {
        self.deduplicate = deduplicate;
        self
    }

    /// Sends a query to Athena as it is: nothing reads or guards it. For what Athena can do and the
    /// embedded engine cannot. Arrays, maps and rows of its answer are texts.
    pub fn unchecked(mut self, unchecked: bool) -> Self {
        self.unchecked = unchecked;
        self
    }

    /// The name the logs have in FROM, with or without a database. Without one, any name is theirs.
    pub fn table(mut self, name: &str) -> Self {
        self.table = Some(name.to_owned());
        self
    }

    /// Reads no object beyond this many bytes, stored or inflated; 512 MiB by default and at most. What stands
    /// before the limit is answered, and the object is named in the answer's
    /// [`Coverage`](crate::Coverage).
    pub fn object_limit(mut self, bytes: u64) -> Self {
        self.object_limit = Some(bytes);
        self
    }
}
