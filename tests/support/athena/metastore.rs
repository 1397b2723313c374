//! Tables, and the statements that make them.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use trailbook::QueryOptions;

use super::{LOGS, State, lock};

/// A table as the catalogue has it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub(crate) columns: Vec<(String, String)>,
    pub(crate) keys: Vec<(String, String)>,
    pub(crate) parameters: BTreeMap<String, String>,
}

impl Table {
    /// The table with five partition columns over the logs.
    pub(super) fn of_logs(state: &State) -> Table {
        let plan = state.logs().explain("SELECT * FROM t").expect("a plan");
        let text = |name: &&str| ((*name).to_owned(), "string".to_owned());
        let keys = ["account_id", "region", "year", "month", "day"];
        let all =
            state.logs().query_with("SELECT * FROM t LIMIT 0", &QueryOptions::new().allow_full_scan(true));
        let all = all.expect("columns");
        let mut columns = all.column_names();
        columns.retain(|name| !keys.contains(name));
        let parameters = [
            ("EXTERNAL", "TRUE".to_owned()),
            ("projection.enabled", "true".to_owned()),
            ("projection.account_id.type", "enum".to_owned()),
            ("projection.account_id.values", plan.accounts().join(",")),
            ("projection.region.type", "enum".to_owned()),
            ("projection.region.values", plan.regions().join(",")),
            ("projection.year.type", "integer".to_owned()),
            ("projection.year.range", "2023,2030".to_owned()),
            ("location", format!("s3://{LOGS}/AWSLogs/")),
            (
                "storage.location.template",
                format!(
                    "s3://{LOGS}/AWSLogs/${{account_id}}/CloudTrail/${{region}}/${{year}}/${{month}}/${{day}}"
                ),
            ),
        ];
        Table {
            columns: columns.iter().map(text).collect(),
            keys: keys.iter().map(text).collect(),
            parameters: parameters.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        }
    }

    pub(super) fn metadata(&self, name: &str) -> Value {
        let columns = |columns: &[(String, String)]| -> Vec<Value> {
            columns.iter().map(|(name, ty)| json!({ "Name": name, "Type": ty })).collect()
        };
        json!({
            "Name": name,
            "TableType": "EXTERNAL_TABLE",
            "Columns": columns(&self.columns),
            "PartitionKeys": columns(&self.keys),
            "Parameters": self.parameters,
        })
    }
}

/// Runs a statement that defines something; nothing if it is none.
pub(super) fn define(state: &State, sql: &str) -> Option<Result<(), String>> {
    let flat = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    let upper = flat.to_uppercase();
    let name = |after: &str| {
        let rest = &flat[upper.find(after).map_or(0, |at| at + after.len())..];
        let rest = rest.trim_start().trim_start_matches("IF NOT EXISTS ").trim_start_matches("IF EXISTS ");
        rest.split([' ', '(', ';']).next().unwrap_or_default().replace(['`', '"'], "").to_lowercase()
    };
    if upper.starts_with("CREATE DATABASE") || upper.starts_with("CREATE SCHEMA") {
        let name =
            name(if upper.starts_with("CREATE DATABASE") { "CREATE DATABASE" } else { "CREATE SCHEMA" });
        lock(&state.databases).push(name);
        return Some(Ok(()));
    }
    if upper.starts_with("DROP TABLE") {
        lock(&state.tables).remove(&name("DROP TABLE"));
        return Some(Ok(()));
    }
    if upper.starts_with("CREATE EXTERNAL TABLE") {
        let name = name("EXTERNAL TABLE");
        let mut tables = lock(&state.tables);
        tables.entry(name).or_insert_with(|| table(&flat));
        return Some(Ok(()));
    }
    if upper.starts_with("ALTER TABLE") {
        let name = name("ALTER TABLE");
        let mut tables = lock(&state.tables);
        let Some(table) = tables.get_mut(&name) else { return Some(Err(format!("no table {name}"))) };
        if let Some(at) = upper.find("TBLPROPERTIES") {
            table.parameters.extend(properties(&flat[at..]));
        }
        if let Some(at) = upper.find("ADD COLUMNS") {
            table.columns.extend(columns(&flat[at..]));
        }
        return Some(Ok(()));
    }
    None
}

fn table(flat: &str) -> Table {
    let upper = flat.to_uppercase();
    let mut table = Table { columns: columns(flat), ..Table::default() };
    if let Some(at) = upper.find("PARTITIONED BY") {
        table.keys = columns(&flat[at..]);
    }
    if let Some(at) = upper.find("TBLPROPERTIES") {
        table.parameters = properties(&flat[at..]);
    }
    if let Some(at) = upper.find("LOCATION '") {
        let location = flat[at + "LOCATION '".len()..].split('\'').next().unwrap_or_default();
        table.parameters.insert("location".into(), location.to_owned());
    }
    table
}

/// The columns in the first parentheses.
fn columns(text: &str) -> Vec<(String, String)> {
    let parts = split(enclosed(text), ',').into_iter();
    let columns = parts.filter_map(|part| {
        let (name, ty) = part.trim().split_once(' ')?;
        Some((name.replace('`', "").to_lowercase(), ty.trim().to_owned()))
    });
    columns.collect()
}

/// What stands in the first parentheses.
fn enclosed(text: &str) -> &str {
    let Some(open) = text.find('(') else { return "" };
    let mut depth = 0;
    for (at, c) in text[open..].char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth == 1 => return &text[open + 1..open + at],
            ')' => depth -= 1,
            _ => {}
        }
    }
    ""
}

/// Parts between separators that stand in no brackets and no quotes.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut depth, mut quoted, mut start) = (Vec::new(), 0, false, 0);
    for (at, c) in text.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            '<' | '(' if !quoted => depth += 1,
            '>' | ')' if !quoted => depth -= 1,
            c if c == separator && !quoted && depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn properties(text: &str) -> BTreeMap<String, String> {
    let pairs = split(enclosed(text), ',').into_iter().filter_map(split_once_outside);
    pairs.collect()
}

fn split_once_outside(pair: &str) -> Option<(String, String)> {
    let parts = split(pair, '=');
    let [name, value] = parts.as_slice() else { return None };
    let plain = |text: &str| text.trim().trim_matches(['\'', '"']).replace("''", "'");
    Some((plain(name), plain(value)))
}
