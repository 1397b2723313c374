//! CREATE TABLE AS and INSERT INTO: folders of the logs as a table of their own.

use std::collections::BTreeSet;
use std::path::PathBuf;

use hyper::body::Bytes;
use trailbook::{Logs, QueryOptions};

use super::metastore::Table;
use super::render::Rows;
use super::{LOGS, State, lock};

/// Partitions that a statement may write.
const PARTITIONS: usize = 100;

/// A table that was made: the folders of the logs that it was made of, which answer for it.
pub(super) struct Made {
    folder: tempfile::TempDir,
    by: Vec<String>,
    /// `bucket/prefix/`.
    place: String,
}

impl Made {
    /// A query on it, and the bytes of the files that it reads.
    pub(super) fn run(&self, state: &State, sql: &str) -> (Result<Rows, String>, u64) {
        let logs = Logs::open(self.folder.path().to_str().expect("UTF-8")).expect("logs");
        let answer = match logs.query_with(sql, &QueryOptions::new().allow_full_scan(true)) {
            Ok(answer) => answer,
            Err(error) => return (Err(format!("SYNTAX_ERROR: {error}")), 0),
        };
        let days = logs.explain(sql).expect("a plan").days().to_vec();
        let objects = lock(&state.objects);
        let files = objects.range(self.place.clone()..).take_while(|(name, _)| name.starts_with(&self.place));
        let is_read = |name: &str| {
            days.iter().any(|day| {
                let parts: Vec<&str> = day.split('-').collect();
                name.contains(&format!("year={}/month={}/day={}/", parts[0], parts[1], parts[2]))
            })
        };
        let scanned = files.filter(|(name, _)| is_read(name)).map(|(_, file)| file.len() as u64).sum();
        // Rows are counted from the files' footers.
        let is_count = sql.starts_with("SELECT count(*)") && !sql.contains("WHERE");
        (Ok(Rows::of(&answer)), if is_count { 0 } else { scanned })
    }
}

/// A statement that writes what a query gives.
pub(super) struct Copy<'a> {
    table: String,
    /// What stands in WITH, if the table is to be made.
    properties: Option<&'a str>,
    select: &'a str,
}

impl<'a> Copy<'a> {
    pub(super) fn parse(sql: &'a str) -> Option<Copy<'a>> {
        let name = |rest: &str| rest.split_whitespace().next().expect("a name").to_owned();
        if let Some(rest) = sql.strip_prefix("CREATE TABLE ") {
            let (properties, select) = rest.split_once("\nAS ")?;
            return Some(Copy { table: name(rest), properties: Some(properties), select });
        }
        let rest = sql.strip_prefix("INSERT INTO ")?;
        Some(Copy { table: name(rest), properties: None, select: rest.split_once('\n')?.1 })
    }

    fn property(&self, name: &str) -> Option<&'a str> {
        let (_, rest) = self.properties?.split_once(&format!("{name} = "))?;
        Some(rest)
    }

    /// The place that it names.
    pub(super) fn location(&self) -> Option<&'a str> {
        self.property("external_location")?.split('\'').nth(1)
    }

    /// Runs it; `place` is where the files of a new table go.
    pub(super) fn run(&self, state: &State, place: &str) -> (Result<(), String>, u64) {
        let answer = match state.logs().query_with(self.select, &QueryOptions::new().allow_full_scan(true)) {
            Ok(answer) => answer,
            Err(error) => return (Err(format!("SYNTAX_ERROR: {error}")), 0),
        };
        let scanned = answer.coverage().bytes_read;
        let rows = Rows::of(&answer);
        (self.write(state, place, &rows), scanned)
    }

    fn write(&self, state: &State, place: &str, rows: &Rows) -> Result<(), String> {
        let mut made = lock(&state.made);
        if self.properties.is_some() {
            if lock(&state.tables).contains_key(&self.table) {
                return Err(format!("TABLE_ALREADY_EXISTS: Table '{}' already exists", self.table));
            }
            let by = self.property("partitioned_by").map(|rest| rest.split(']').next().expect("an end"));
            let by: Vec<String> = by
                .map(|by| by.split('\'').skip(1).step_by(2).map(str::to_owned).collect())
                .unwrap_or_default();
            let names: Vec<&str> = rows.columns.iter().map(|column| column.name.as_str()).collect();
            if !names.ends_with(&by.iter().map(String::as_str).collect::<Vec<_>>()) {
                return Err(format!(
                    "HIVE_COLUMN_ORDER_MISMATCH: Partition keys must be the last columns in the table and in the same order as the table properties: {by:?}"
                ));
            }
            let text = |name: &&str| ((*name).to_owned(), "string".to_owned());
            let (columns, keys) = names.split_at(names.len() - by.len());
            let table = Table {
                columns: columns.iter().map(text).collect(),
                keys: keys.iter().map(text).collect(),
                parameters: [("location".to_owned(), format!("s3://{place}"))].into(),
            };
            lock(&state.tables).insert(self.table.clone(), table);
            let folder = tempfile::tempdir().expect("a folder");
            made.insert(self.table.clone(), Made { folder, by, place: place.to_owned() });
        }
        let made = made.get(&self.table).ok_or_else(|| missing(&self.table))?;
        let values = |row: &[Option<String>], names: &[String]| -> Vec<String> {
            let index = |name: &String| rows.columns.iter().position(|column| column.name == *name);
            names.iter().map(|name| row[index(name).expect("a column")].clone().unwrap_or_default()).collect()
        };
        let partitions: BTreeSet<Vec<String>> = rows.rows.iter().map(|row| values(row, &made.by)).collect();
        if partitions.len() > PARTITIONS {
            lock(&state.tables).remove(&self.table);
            return Err(
                "HIVE_TOO_MANY_OPEN_PARTITIONS: Exceeded limit of 100 open writers for partitions/buckets"
                    .into(),
            );
        }
        for partition in partitions {
            let of_it = rows.rows.iter().filter(|row| values(row, &made.by) == partition).cloned().collect();
            let part = Rows { columns: rows.columns.clone(), rows: of_it };
            let folders = made.by.iter().zip(&partition).map(|(name, value)| format!("{name}={value}/"));
            let name = format!("{}{}20261012_080000_00001_abcde", made.place, folders.collect::<String>());
            lock(&state.objects).insert(name, compressed(&part.csv()));
        }
        let key = ["account_id", "region", "year", "month", "day"].map(str::to_owned);
        let folders: BTreeSet<Vec<String>> = rows.rows.iter().map(|row| values(row, &key)).collect();
        let mut objects = lock(&state.objects).clone();
        objects.retain(|name, _| name.starts_with(&format!("{LOGS}/")));
        for (name, object) in objects {
            let of_it = |parts: &Vec<String>| {
                let [account, region, year, month, day] = parts.as_slice() else { return false };
                name.contains(&format!("/{account}/CloudTrail/{region}/{year}/{month}/{day}/"))
            };
            if folders.iter().any(of_it) {
                let path: PathBuf = made.folder.path().join(name.trim_start_matches(&format!("{LOGS}/")));
                std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
                std::fs::write(path, object).expect("a file");
            }
        }
        Ok(())
    }
}

/// As large as a column store would be: larger.
fn compressed(bytes: &[u8]) -> Bytes {
    let mut compressor = libdeflater::Compressor::new(libdeflater::CompressionLvl::default());
    let mut gz = vec![0; compressor.gzip_compress_bound(bytes.len())];
    let length = compressor.gzip_compress(bytes, &mut gz).expect("room");
    gz.truncate(length);
    gz.into()
}

/// The table made from the logs that a query names.
pub(super) fn named(sql: &str) -> Option<&str> {
    let at = sql.find("_snapshot_")?;
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    let start = sql[..at].rfind(|c: char| !is_part(c)).map_or(0, |before| before + 1);
    let end = sql[at..].find(|c: char| !is_part(c)).map_or(sql.len(), |after| at + after);
    Some(&sql[start..end])
}

pub(super) fn missing(table: &str) -> String {
    format!("TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.{table}' does not exist")
}
