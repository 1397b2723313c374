//! Rows in the one spelling that the oracle hashes.

use std::collections::HashMap;

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// What the oracle noted of an answer.
pub(crate) struct Expected<'a> {
    record: &'a Value,
    columns: Vec<String>,
    types: Vec<Type>,
}

/// The rows of an answer, each as its hash.
pub(crate) struct Rows(Vec<String>);

/// As much of a type as the spelling hangs on.
#[derive(Clone, Debug)]
enum Type {
    Text,
    Number,
    Timestamp,
    Json,
    Array(Box<Type>),
    Map(Box<Type>),
    Row(HashMap<String, Type>),
}

impl<'a> Expected<'a> {
    pub(crate) fn new(record: &'a Value) -> Self {
        let texts = |key: &str| {
            let list = record[key].as_array().into_iter().flatten();
            list.filter_map(|text| text.as_str()).map(str::to_owned).collect::<Vec<_>>()
        };
        let columns = texts("columns").iter().map(|name| name.to_lowercase()).collect();
        Expected { record, columns, types: texts("types").iter().map(|text| Type::parse(text)).collect() }
    }

    /// Whether these are the rows, in an order that the query allows.
    pub(crate) fn check(&self, Rows(rows): &Rows) -> Result<(), String> {
        let record = self.record;
        if Some(rows.len() as u64) != record["rows"].as_u64() {
            return Err(format!("{} rows, expected {}", rows.len(), record["rows"]));
        }
        let boundary = record["boundary"]["rows"].as_array();
        if boundary.is_none() && multiset(rows) != record["multiset"] {
            return Err(format!("the rows differ; expected some like {}", record["sample"]));
        }
        let order = &record["order"];
        let mut done = 0;
        if let Some(groups) = order["groups"].as_array() {
            for group in groups {
                let size = group[0].as_u64().unwrap_or_default() as usize;
                if Some(&multiset(&rows[done..done + size])[..16]) != group[1].as_str() {
                    return Err(format!("rows {} to {} differ", done + 1, done + size));
                }
                done += size;
            }
        } else if let Some(length) = order["length"].as_u64() {
            done = length as usize;
            if sha256(&rows[..done].join("\n")) != order["sequence"] {
                return Err("the rows come in another order".into());
            }
        }
        // A limit may keep any of the last group of equal rows.
        if let Some(boundary) = boundary {
            let mut left: HashMap<&str, usize> = HashMap::new();
            for row in boundary.iter().filter_map(Value::as_str) {
                *left.entry(row).or_default() += 1;
            }
            for (i, row) in rows.iter().enumerate().skip(done) {
                match left.get_mut(row.as_str()) {
                    Some(count) if *count > 0 => *count -= 1,
                    _ => return Err(format!("row {} does not belong there", i + 1)),
                }
            }
        }
        Ok(())
    }

    fn sorts(&self, column: usize) -> bool {
        let sorted = self.record["sort_arrays"].as_array().into_iter().flatten();
        sorted.into_iter().any(|index| index.as_u64() == Some(column as u64))
    }
}

impl Rows {
    /// Reads rows as `trailbook query --format ndjson` prints them.
    pub(crate) fn read(ndjson: &str, expected: &Expected<'_>) -> Result<Rows, String> {
        ndjson.lines().map(|line| row(line, expected)).collect::<Result<_, _>>().map(Rows)
    }
}

fn row(line: &str, expected: &Expected<'_>) -> Result<String, String> {
    let Members(members) = serde_json::from_str(line).map_err(|error| format!("{error}: {line}"))?;
    let mut names: Vec<String> = members.iter().map(|(name, _)| name.to_lowercase()).collect();
    let mut values: Vec<Value> = members.into_iter().map(|(_, value)| value).collect();
    if expected.record["star"] == Value::Bool(true) {
        // `*` may show more than the official columns.
        let is_known = |name: &String| expected.columns.contains(name);
        let kept: Vec<bool> = names.iter().map(is_known).collect();
        let mut keep = kept.iter();
        names.retain(|_| keep.next() == Some(&true));
        let mut keep = kept.iter();
        values.retain(|_| keep.next() == Some(&true));
    }
    if names != expected.columns {
        return Err(format!("columns {names:?}, expected {:?}", expected.columns));
    }
    let cells = values.into_iter().zip(&expected.types).enumerate().map(|(i, (value, ty))| {
        let mut cell = canonical(value, ty);
        if let Value::Array(elements) = &mut cell
            && expected.sorts(i)
        {
            elements.sort_by_key(spell);
        }
        cell
    });
    Ok(sha256(&spell(&Value::Array(cells.collect())))[..16].to_owned())
}

/// The members of a JSON object as they come, repeated ones too.
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Members;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Collect)
    }
}

impl Type {
    fn parse(text: &str) -> Type {
        let inner = |prefix: &str| text.strip_prefix(prefix)?.strip_suffix(')');
        if let Some(element) = inner("array(") {
            return Type::Array(Box::new(Type::parse(element)));
        }
        if let Some(entries) = inner("map(") {
            return Type::Map(Box::new(Type::parse(parts(entries).last().copied().unwrap_or_default())));
        }
        if let Some(fields) = inner("row(") {
            let field =
                |field: &str| field.split_once(' ').map(|(name, ty)| (name.to_owned(), Type::parse(ty)));
            return Type::Row(parts(fields).into_iter().filter_map(field).collect());
        }
        match text.split('(').next().unwrap_or_default() {
            "bigint" | "integer" | "smallint" | "tinyint" | "double" | "real" | "decimal" => Type::Number,
            "timestamp" => Type::Timestamp,
            "json" => Type::Json,
            _ => Type::Text,
        }
    }
}

/// What stands between the commas that are not in parentheses.
fn parts(text: &str) -> Vec<&str> {
    let mut depth = 0;
    let split = text.split(move |c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        c == ',' && depth == 0
    });
    split.map(str::trim).collect()
}

fn canonical(value: Value, ty: &Type) -> Value {
    match (ty, value) {
        (Type::Json, Value::String(text)) => match serde_json::from_str(&text) {
            Ok(value) => json!({ "json": canonical(value, &Type::Text) }),
            Err(_) => json!({ "json": text }),
        },
        (Type::Json, Value::Null) => Value::Null,
        (Type::Json, value) => json!({ "json": canonical(value, &Type::Text) }),
        (Type::Timestamp, Value::String(text)) => Value::String(timestamp(&text)),
        (Type::Number, Value::String(text)) => match text.parse::<f64>() {
            Ok(_) => json!({ "#": text }),
            Err(_) => Value::String(text),
        },
        (_, Value::Number(number)) => json!({ "#": spell_number(&number) }),
        (ty, Value::Array(elements)) => {
            let element = if let Type::Array(element) = ty { element } else { &Type::Text };
            Value::Array(elements.into_iter().map(|value| canonical(value, element)).collect())
        }
        (ty, Value::Object(members)) => {
            // NULL and nothing are one in nested values.
            let members = members.into_iter().filter_map(|(name, value)| {
                let (name, ty) = match ty {
                    Type::Row(fields) => {
                        let name = name.to_lowercase();
                        let ty = fields.get(&name);
                        (name, ty.unwrap_or(&Type::Text))
                    }
                    Type::Map(value) => (name, &**value),
                    _ => (name, &Type::Text),
                };
                let value = canonical(value, ty);
                (!value.is_null()).then_some((name, value))
            });
            let mut members: Vec<(String, Value)> = members.collect();
            members.sort_by(|(a, _), (b, _)| a.cmp(b));
            if members.is_empty() { Value::Null } else { Value::Object(Map::from_iter(members)) }
        }
        (_, value) => value,
    }
}

/// Doubles to twelve digits.
fn spell_number(number: &serde_json::Number) -> String {
    if number.is_i64() || number.is_u64() {
        return number.to_string();
    }
    let rounded = format!("{:.11e}", number.as_f64().unwrap_or(f64::NAN)).parse().unwrap_or(f64::NAN);
    let text = format!("{rounded}");
    if text == "-0" { "0".into() } else { text }
}

/// `2024-05-06 07:08:09.000`, whatever stands between day and time, of a time in UTC.
fn timestamp(text: &str) -> String {
    let plain = text.trim_end_matches("UTC").trim_end_matches('Z').trim_end().replacen('T', " ", 1);
    let (seconds, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    format!("{seconds}.{fraction:0<3.3}")
}

fn spell(value: &Value) -> String {
    value.to_string()
}

fn multiset(rows: &[String]) -> String {
    let mut sorted = rows.to_vec();
    sorted.sort();
    sha256(&sorted.join("\n"))
}

fn sha256(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
