//! CREATE TABLE AS and INSERT INTO: folders of the logs as a table of their own, asked alone or with the logs.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::path::Path;

use trailbook::{Logs, QueryOptions};

use super::metastore::Table;
use super::render::Rows;
use super::{LOGS, State, lock, s3};

/// Partitions that a statement may write.
const PARTITIONS: usize = 100;

/// A table that was made: the folders of the logs that it was made of, which answer for it.
pub(super) struct Made {
    folder: tempfile::TempDir,
    by: Vec<String>,
    /// `bucket/prefix/`.
    place: String,
    /// The bytes that each column takes in each file.
    columns: HashMap<String, Vec<(String, u64)>>,
}

impl Made {
    /// A query that names it as `name`, and the bytes that it reads.
    pub(super) fn run(&self, state: &State, name: &str, sql: &str) -> (Result<Rows, String>, u64) {
        let mut sql = sql.to_owned();
        let mut of_logs = BTreeSet::new();
        while let Some((range, condition)) = united(&sql, name) {
            let days = format!("SELECT DISTINCT year, month, day FROM t WHERE {condition}");
            for logs in [self.logs(), state.logs()] {
                let days = logs.query_with(&days, &QueryOptions::new().allow_full_scan(true)).expect("days");
                let text =
                    |row: &Vec<Option<String>>| row.iter().flatten().cloned().collect::<Vec<_>>().join("/");
                of_logs.extend(Rows::of(&days).rows.iter().map(text));
            }
            sql.replace_range(range, name);
        }
        let is_of_logs = |path: &str| of_logs.iter().any(|day| path.contains(&format!("/{day}/")));
        let both = tempfile::tempdir().expect("a folder");
        for (folder, from_logs) in [(self.folder.path(), false), (state.folder.as_path(), true)] {
            for (path, object) in s3::read("", folder) {
                let path = path.trim_start_matches('/');
                if is_of_logs(path) == from_logs {
                    write(&both.path().join(path), &object);
                }
            }
        }
        let logs = super::open(both.path());
        let answer = match logs.query_with(&sql, &QueryOptions::new().allow_full_scan(true)) {
            Ok(answer) => answer,
            Err(error) => return (Err(format!("SYNTAX_ERROR: {error}")), 0),
        };
        // Rows are counted from the files' footers.
        if sql.starts_with("SELECT count(*)") && !sql.contains("WHERE") {
            return (Ok(Rows::of(&answer)), 0);
        }
        let days = logs.explain(&sql).expect("a plan").days().to_vec();
        let days: Vec<String> = days.iter().map(|day| day.replace('-', "/")).collect();
        let is_read = |name: &str| match name.starts_with(&self.place) {
            true => days.iter().filter(|day| !of_logs.contains(*day)).any(|day| {
                let parts: Vec<&str> = day.split('/').collect();
                name.contains(&format!("year={}/month={}/day={}/", parts[0], parts[1], parts[2]))
            }),
            false => {
                days.iter().filter(|day| of_logs.contains(*day)).any(|day| name.contains(&format!("/{day}/")))
            }
        };
        let objects = lock(&state.objects);
        let asked: BTreeSet<&str> = sql.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
        let read = objects.iter().filter(|(name, _)| is_read(name)).map(|(name, object)| {
            match self.columns.get(name) {
                Some(columns) => {
                    let columns = columns
                        .iter()
                        .filter(|(name, _)| sql.contains("SELECT *") || asked.contains(name.as_str()));
                    columns.map(|(_, bytes)| bytes).sum()
                }
                None => object.len() as u64,
            }
        });
        (Ok(Rows::of(&answer)), read.sum())
    }

    fn logs(&self) -> Logs {
        super::open(self.folder.path())
    }
}

/// Where a query has the table `name` without some days and the logs for those, and which days they are.
fn united(sql: &str, name: &str) -> Option<(Range<usize>, String)> {
    let head = format!(" FROM {name} WHERE NOT (");
    let at = sql.find(&head)?;
    let start = sql[..at].rfind("(SELECT ").expect("a subquery");
    let rest = &sql[at + head.len()..];
    let (condition, _) = rest.split_once(") UNION ALL SELECT ").expect("the logs");
    let tail = format!(" FROM cloudtrail_logs.cloudtrail_partitioned WHERE {condition})");
    let end = sql[at..].find(&tail).expect("the same days") + at + tail.len();
    Some((start..end, condition.to_owned()))
}

fn write(path: &Path, object: &[u8]) {
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
    std::fs::write(path, object).expect("a file");
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
            let made_of = Made { folder, by, place: place.to_owned(), columns: HashMap::new() };
            made.insert(self.table.clone(), made_of);
        }
        let made = made.get_mut(&self.table).ok_or_else(|| missing(&self.table))?;
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
            let of_it: Vec<_> = rows.rows.iter().filter(|row| values(row, &made.by) == partition).collect();
            let mut file = Vec::new();
            let mut columns = Vec::new();
            for (n, column) in rows.columns.iter().enumerate() {
                let texts: Vec<&str> =
                    of_it.iter().map(|row| row[n].as_deref().unwrap_or_default()).collect();
                let bytes = compressed(texts.join("\n").as_bytes());
                columns.push((column.name.clone(), bytes.len() as u64));
                file.extend(bytes);
            }
            let folders = made.by.iter().zip(&partition).map(|(name, value)| format!("{name}={value}/"));
            let name = format!("{}{}20261012_080000_00001_abcde", made.place, folders.collect::<String>());
            made.columns.insert(name.clone(), columns);
            lock(&state.objects).insert(name, file.into());
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
                write(&made.folder.path().join(name.trim_start_matches(&format!("{LOGS}/"))), &object);
            }
        }
        Ok(())
    }
}

fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut compressor = libdeflater::Compressor::new(libdeflater::CompressionLvl::default());
    let mut gz = vec![0; compressor.gzip_compress_bound(bytes.len())];
    let length = compressor.gzip_compress(bytes, &mut gz).expect("room");
    gz.truncate(length);
    gz
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
