//! The rows of the embedded engine as the texts in which Athena gives them.

use trailbook::Answer;
use trailbook::polars::prelude::{AnyValue, TimeUnit};

/// A column: its name, and its type as Trino names it.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) ty: String,
}

/// Rows of texts; `None` is NULL.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Vec<Option<String>>>,
}

impl Rows {
    pub(super) fn of(answer: &Answer) -> Rows {
        let columns: Vec<Column> = answer
            .column_names()
            .iter()
            .zip(answer.column_types())
            .map(|(name, ty)| Column { name: (*name).to_owned(), ty: ty.to_owned() })
            .collect();
        let types: Vec<Ty> = columns.iter().map(|column| Ty::parse(&column.ty)).collect();
        let rows = (0..answer.height())
            .map(|row| {
                let cells = answer.columns().iter().zip(&types);
                cells.map(|(column, ty)| text(&column.get(row).expect("a value"), ty)).collect()
            })
            .collect();
        Rows { columns, rows }
    }

    /// As the result file: every value in quotes, NULL without.
    pub(super) fn csv(&self) -> Vec<u8> {
        let mut out = String::new();
        let mut push = |fields: &mut dyn Iterator<Item = Option<&str>>| {
            for (n, field) in fields.enumerate() {
                if n > 0 {
                    out.push(',');
                }
                if let Some(field) = field {
                    out.push('"');
                    out.push_str(&field.replace('"', "\"\""));
                    out.push('"');
                }
            }
            out.push('\n');
        };
        push(&mut self.columns.iter().map(|column| Some(column.name.as_str())));
        for row in &self.rows {
            push(&mut row.iter().map(Option::as_deref));
        }
        out.into_bytes()
    }

    /// So many rows of made-up values of the columns' types.
    pub(super) fn generated(columns: Vec<Column>, count: usize) -> Rows {
        const NAMES: [&str; 5] =
            ["ConsoleLogin", "GetObject", "AssumeRole", "DescribeInstances", "PutObject"];
        let rows = (0..count)
            .map(|n| {
                let cell =
                    |(index, column): (usize, &Column)| match column.ty.split('(').next().unwrap_or_default()
                    {
                        _ if (n + index) % 17 == 0 => None,
                        "bigint" | "integer" => Some((n * 7 % 100_003).to_string()),
                        "double" => Some(java(n as f64 / 8.0)),
                        "boolean" => Some((n % 2 == 0).to_string()),
                        "timestamp" => {
                            Some(format!("2026-10-{:02} {:02}:00:{:02}.000", 1 + n % 28, n % 24, n % 60))
                        }
                        "date" => Some(format!("2026-10-{:02}", 1 + n % 28)),
                        _ if index % 3 == 0 => Some(format!("{n:08x}-0000-4000-8000-{index:012}")),
                        _ if index % 3 == 1 => Some(NAMES[n % NAMES.len()].to_owned()),
                        _ => Some(format!("arn:aws:iam::111122223333:user/\"u{}\", and more", n % 1000)),
                    };
                columns.iter().enumerate().map(cell).collect()
            })
            .collect();
        Rows { columns, rows }
    }
}

/// The shape of a type.
enum Ty {
    Array(Box<Ty>),
    Map(Box<Ty>),
    Row(Vec<Ty>),
    /// Digits of a second, and what is said of the zone.
    Timestamp(usize, &'static str),
    Other,
}

impl Ty {
    fn parse(text: &str) -> Ty {
        let text = text.trim();
        let inner = text.find('(').zip(text.rfind(')')).map_or("", |(open, close)| &text[open + 1..close]);
        match text.split('(').next().unwrap_or_default() {
            "array" => Ty::Array(Box::new(Ty::parse(inner))),
            "map" => Ty::Map(Box::new(Ty::parse(parts(inner)[1]))),
            "row" => Ty::Row(parts(inner).into_iter().map(|field| Ty::parse(type_of_field(field))).collect()),
            "timestamp" => {
                let zone = if text.ends_with("zone") { " UTC" } else { "" };
                Ty::Timestamp(inner.parse().unwrap_or(3), zone)
            }
            _ => Ty::Other,
        }
    }
}

fn parts(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts
}

/// The type of `name type`; a row may have fields without names.
fn type_of_field(field: &str) -> &str {
    match field.split_once(' ') {
        Some((name, ty)) if !name.contains('(') && !ty.starts_with("with ") => ty,
        _ => field,
    }
}

fn text(value: &AnyValue<'_>, ty: &Ty) -> Option<String> {
    let joined = |items: Vec<String>| items.join(", ");
    let or_null = |text: Option<String>| text.unwrap_or_else(|| "null".to_owned());
    Some(match (value, ty) {
        (AnyValue::Null, _) => return None,
        (AnyValue::String(text), _) => (*text).to_owned(),
        (AnyValue::StringOwned(text), _) => text.to_string(),
        (AnyValue::Boolean(flag), _) => flag.to_string(),
        (AnyValue::Int32(n), _) => n.to_string(),
        (AnyValue::Int64(n), _) => n.to_string(),
        (AnyValue::Float32(x), _) => java(f64::from(*x)),
        (AnyValue::Float64(x), _) => java(*x),
        (AnyValue::Binary(bytes), _) => hex(bytes),
        (AnyValue::BinaryOwned(bytes), _) => hex(bytes),
        (AnyValue::Date(days), _) => {
            let date = chrono::NaiveDate::from_epoch_days(*days).expect("a date");
            date.format("%Y-%m-%d").to_string()
        }
        (
            AnyValue::Datetime(at, unit, None) | AnyValue::DatetimeOwned(at, unit, None),
            Ty::Timestamp(digits, zone),
        ) => {
            let nanos = i128::from(*at)
                * match unit {
                    TimeUnit::Milliseconds => 1_000_000,
                    TimeUnit::Microseconds => 1_000,
                    TimeUnit::Nanoseconds => 1,
                };
            let (seconds, fraction) = (nanos.div_euclid(1_000_000_000), nanos.rem_euclid(1_000_000_000));
            let time = chrono::DateTime::from_timestamp(seconds as i64, 0).expect("a time");
            let fraction = format!("{fraction:09}");
            format!("{}.{}{zone}", time.format("%Y-%m-%d %H:%M:%S"), &fraction[..(*digits).min(9)])
        }
        (AnyValue::List(items), Ty::Array(element)) => {
            let items = items.iter().map(|item| or_null(text(&item, element)));
            format!("[{}]", joined(items.collect()))
        }
        (AnyValue::List(entries), Ty::Map(value)) => {
            let entries = entries.iter().map(|entry| {
                let parts = members(&entry);
                format!("{}={}", or_null(text(&parts[0].1, &Ty::Other)), or_null(text(&parts[1].1, value)))
            });
            format!("{{{}}}", joined(entries.collect()))
        }
        (row, Ty::Row(types)) => {
            let members = members(row);
            let members = members.iter().zip(types);
            let fields = members.map(|((name, value), ty)| format!("{name}={}", or_null(text(value, ty))));
            format!("{{{}}}", joined(fields.collect()))
        }
        (other, _) => panic!("no text for {other:?}"),
    })
}

/// The members of a struct.
fn members<'a>(value: &'a AnyValue<'_>) -> Vec<(String, AnyValue<'a>)> {
    match value {
        AnyValue::Struct(_, _, fields) => {
            let names = fields.iter().map(|field| field.name().to_string());
            names.zip(value._iter_struct_av()).collect()
        }
        AnyValue::StructOwned(row) => {
            let names = row.1.iter().map(|field| field.name().to_string());
            names.zip(row.0.iter().map(AnyValue::as_borrowed)).collect()
        }
        other => panic!("{other:?} is no struct"),
    }
}

/// A number as Java prints it.
fn java(x: f64) -> String {
    if x.is_nan() {
        return "NaN".to_owned();
    }
    if x.is_infinite() {
        return if x > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    if x == 0.0 || (1e-3..1e7).contains(&x.abs()) {
        return format!("{x:?}");
    }
    let text = format!("{x:E}");
    let (digits, exponent) = text.split_once('E').expect("an exponent");
    if digits.contains('.') { text } else { format!("{digits}.0E{exponent}") }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}
