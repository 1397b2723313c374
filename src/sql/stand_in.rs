//! Another table in the place of the logs', in the text of a query.

use datafusion::sql::sqlparser::ast::{ObjectName, Spanned};
use datafusion::sql::sqlparser::tokenizer::{Location, Span};

/// Where a query names the logs' table in FROM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TableName {
    whole: Span,
    /// Its last part, by which columns are qualified where there is no alias.
    last: Span,
    has_alias: bool,
}

impl TableName {
    pub(super) fn new(name: &ObjectName, has_alias: bool) -> TableName {
        let last = name.0.last().map_or_else(Span::empty, Spanned::span);
        TableName { whole: name.span(), last, has_alias }
    }
}

/// The query `sql`, asked of the table `other`. What it calls the columns stays as it is, but for columns that are
/// qualified by a database too.
pub(crate) fn stand_in(sql: &str, names: &[TableName], other: &str) -> String {
    // A subquery may have been planned more than once.
    let mut names = names.to_vec();
    names.sort_unstable();
    names.dedup();
    let mut text = sql.to_owned();
    for name in names.iter().rev() {
        let range = offset(sql, name.whole.start)..offset(sql, name.whole.end);
        match name.has_alias {
            true => text.replace_range(range, other),
            false => {
                let alias = &sql[offset(sql, name.last.start)..offset(sql, name.last.end)];
                text.replace_range(range, &format!("{other} AS {alias}"));
            }
        }
    }
    text
}

/// The byte at which a line's character stands; both are counted from 1.
fn offset(sql: &str, at: Location) -> usize {
    let (mut line, mut column) = (1, 1);
    for (offset, character) in sql.char_indices() {
        if (line, column) >= (at.line, at.column) {
            return offset;
        }
        match character {
            '\n' => (line, column) = (line + 1, 1),
            _ => column += 1,
        }
    }
    sql.len()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::datasource::empty::EmptyTable;
    use datafusion::datasource::provider_as_source;

    use super::*;
    use crate::embedded::columns;
    use crate::sql::{Catalog, read};
    use crate::trino::Session;
    use crate::trino::time::Instant;

    #[track_caller]
    fn check(sql: &str, expected: &str) {
        let table = Arc::new(EmptyTable::new(columns::schema()));
        let catalog = Catalog::new(provider_as_source(table), Some("logs.trail"));
        let query = read(sql, &catalog, Session { start: Instant::from_micros(0) }).unwrap();
        let text = stand_in(sql, &query.tables, "logs.kept");
        assert_eq!(text, expected);
        let catalog = Catalog::new(catalog.source(), Some("logs.kept"));
        let again = read(&text, &catalog, Session { start: Instant::from_micros(0) }).unwrap();
        assert_eq!(query.columns.len(), again.columns.len());
    }

    #[test]
    fn the_table_is_replaced_wherever_it_is_asked() {
        check("SELECT eventname FROM trail", "SELECT eventname FROM logs.kept AS trail");
        check(
            "-- é of logs.trail\nSELECT trail.eventname, 'é trail' FROM logs.trail WHERE year = '2026' -- trail",
            "-- é of logs.trail\nSELECT trail.eventname, 'é trail' FROM logs.kept AS trail WHERE year = '2026' -- trail",
        );
        check(
            "SELECT t.day\r\n\tFROM \"LOGS\" . \"Trail\" AS t, awsdatacatalog.logs.trail u",
            "SELECT t.day\r\n\tFROM logs.kept AS t, logs.kept u",
        );
        check(
            "SELECT a.n FROM (SELECT count(*) AS n FROM trail) a WHERE EXISTS (SELECT 1 FROM trail b WHERE b.day = '1')",
            "SELECT a.n FROM (SELECT count(*) AS n FROM logs.kept AS trail) a WHERE EXISTS (SELECT 1 FROM logs.kept b WHERE b.day = '1')",
        );
        check(
            "SELECT eventname, (SELECT max(b.eventtime) FROM trail b WHERE b.eventname = a.eventname) AS m FROM trail a",
            "SELECT eventname, (SELECT max(b.eventtime) FROM logs.kept b WHERE b.eventname = a.eventname) AS m FROM logs.kept a",
        );
    }

    #[test]
    fn a_query_of_with_is_no_table() {
        check(
            "WITH trail AS (SELECT day AS d FROM trail) SELECT d FROM trail UNION ALL SELECT day FROM logs.trail",
            "WITH trail AS (SELECT day AS d FROM logs.kept AS trail) SELECT d FROM trail UNION ALL SELECT day FROM logs.kept AS trail",
        );
    }
}
