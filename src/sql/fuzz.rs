//! Whatever text a query is: no panic, and a refusal in one line.

use std::sync::Arc;

use datafusion::datasource::empty::EmptyTable;
use datafusion::datasource::provider_as_source;

use super::Catalog;
use crate::embedded::columns;
use crate::runtime::on_own_thread;
use crate::trino::Session;
use crate::trino::time::Instant;

/// Reads the text as a query, as far as there is a plan.
///
/// # Panics
///
/// A refusal is none, or has no message of one line.
pub(crate) fn query(sql: &str) {
    let catalog = Catalog::new(provider_as_source(Arc::new(EmptyTable::new(columns::schema()))), None);
    let session = Session { start: Instant::from_micros(1_790_000_000_000_000) };
    let read = on_own_thread(|_| super::read(sql, &catalog, session));
    if let Err(error) = read {
        let message = error.to_string();
        assert!(error.is_rejected() && !message.is_empty() && message.lines().count() == 1, "{error:?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What fuzzing found, and what it starts from.
    #[test]
    fn findings() {
        let seeds = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/seeds/sql");
        let mut count = 0;
        for entry in std::fs::read_dir(seeds).unwrap() {
            query(&std::fs::read_to_string(entry.unwrap().path()).unwrap());
            count += 1;
        }
        assert!(count > 0);
    }
}
