//! One value of a result, as JSON and as text.
//!
//! Results are compared, hashed and kept in these forms, so they hold all of a
//! value and depend on nothing else. Numbers have the fewest digits that read
//! back to the same number; NaN and the infinities, which JSON lacks, are
//! those words in quotes. Decimals are texts, because most readers of JSON
//! would round them. A timestamp is `2023-07-10 12:00:00.000`, with ` UTC`
//! after it when its type has a zone. Binary is hexadecimal. Arrays are
//! arrays; maps and rows are objects, in their own order. A value of type JSON
//! is its text.

use std::borrow::Cow;
use std::fmt::Write;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta};
use polars::prelude::{AnyValue, Series, TimeUnit};

use super::column::Kind;

/// Appends the value as compact JSON.
pub(crate) fn push_json(out: &mut String, value: &AnyValue<'_>, kind: &Kind) {
    match value {
        AnyValue::Null => out.push_str("null"),
        AnyValue::List(items) => match kind {
            Kind::Map(kind) => push_map(out, items, kind),
            Kind::Array(kind) => push_array(out, items, kind),
            _ => push_array(out, items, &Kind::Plain),
        },
        AnyValue::Struct(_, _, fields) => {
            let names = fields.iter().map(|field| field.name().as_str());
            push_row(out, names.zip(value._iter_struct_av()), kind);
        }
        AnyValue::StructOwned(row) => {
            let names = row.1.iter().map(|field| field.name().as_str());
            push_row(out, names.zip(row.0.iter().map(AnyValue::as_borrowed)), kind);
        }
        value => match scalar(value, kind) {
            Scalar::Bare(text) => out.push_str(&text),
            Scalar::Quoted(text) => push_quoted(out, &text),
        },
    }
}

/// The value as text, or nothing for NULL. Nested values are compact JSON.
pub(crate) fn text<'a>(value: &'a AnyValue<'_>, kind: &Kind) -> Option<Cow<'a, str>> {
    match value {
        AnyValue::Null => None,
        AnyValue::List(_) | AnyValue::Struct(..) | AnyValue::StructOwned(_) => {
            let mut out = String::new();
            push_json(&mut out, value, kind);
            Some(Cow::Owned(out))
        }
        value => match scalar(value, kind) {
            Scalar::Bare(text) | Scalar::Quoted(text) => Some(text),
        },
    }
}

/// Appends a JSON string.
pub(crate) fn push_quoted(out: &mut String, text: &str) {
    out.push('"');
    let mut copied = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..0x20 => "",
            _ => continue,
        };
        out.push_str(&text[copied..at]);
        out.push_str(escape);
        if escape.is_empty() {
            let _ = write!(out, "\\u{byte:04x}");
        }
        copied = at + 1;
    }
    out.push_str(&text[copied..]);
    out.push('"');
}

fn push_array(out: &mut String, items: &Series, kind: &Kind) {
    out.push('[');
    for (n, item) in items.iter().enumerate() {
        if n > 0 {
            out.push(',');
        }
        push_json(out, &item, kind);
    }
    out.push(']');
}

/// A map is a list of (key, value) rows.
fn push_map(out: &mut String, entries: &Series, kind: &Kind) {
    out.push('{');
    for (n, entry) in entries.iter().enumerate() {
        let mut parts = match &entry {
            AnyValue::Struct(..) => entry._iter_struct_av().collect(),
            AnyValue::StructOwned(row) => row.0.iter().map(AnyValue::as_borrowed).collect(),
            _ => Vec::new(),
        }
        .into_iter();
        let (key, value) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        if n > 0 {
            out.push(',');
        }
        push_quoted(out, &text(&key, &Kind::Plain).unwrap_or_default());
        out.push(':');
        push_json(out, &value, kind);
    }
    out.push('}');
}

fn push_row<'a>(out: &mut String, fields: impl Iterator<Item = (&'a str, AnyValue<'a>)>, kind: &Kind) {
    let kinds: &[Kind] = if let Kind::Row(kinds) = kind { kinds } else { &[] };
    out.push('{');
    for (n, (name, value)) in fields.enumerate() {
        if n > 0 {
            out.push(',');
        }
        push_quoted(out, name);
        out.push(':');
        push_json(out, &value, kinds.get(n).unwrap_or(&Kind::Plain));
    }
    out.push('}');
}

/// A value that is not nested, and whether JSON puts it in quotes.
enum Scalar<'a> {
    Bare(Cow<'a, str>),
    Quoted(Cow<'a, str>),
}

fn scalar<'a>(value: &'a AnyValue<'_>, kind: &Kind) -> Scalar<'a> {
    let quoted = |text: String| Scalar::Quoted(text.into());
    match value {
        AnyValue::String(text) => Scalar::Quoted((*text).into()),
        AnyValue::StringOwned(text) => Scalar::Quoted(text.as_str().into()),
        AnyValue::Boolean(flag) => Scalar::Bare(if *flag { "true" } else { "false" }.into()),
        AnyValue::Float32(x) => float(f64::from(*x), serde_json::to_string(x).ok()),
        AnyValue::Float64(x) => float(*x, serde_json::to_string(x).ok()),
        AnyValue::Date(days) => quoted(date(*days)),
        AnyValue::Time(nanoseconds) => quoted(time_of_day(*nanoseconds)),
        AnyValue::Datetime(at, unit, zone) => quoted(timestamp(*at, *unit, zone.is_some(), kind)),
        AnyValue::DatetimeOwned(at, unit, zone) => quoted(timestamp(*at, *unit, zone.is_some(), kind)),
        AnyValue::Duration(length, unit) => quoted(duration(nanoseconds(*length, *unit))),
        AnyValue::Binary(bytes) => quoted(hex(bytes)),
        AnyValue::BinaryOwned(bytes) => quoted(hex(bytes)),
        value => integer(value),
    }
}

/// What polars itself prints depends on its settings, as for a thousands separator.
fn integer<'a>(value: &AnyValue<'_>) -> Scalar<'a> {
    let text = match value {
        AnyValue::Int8(n) => n.to_string(),
        AnyValue::Int16(n) => n.to_string(),
        AnyValue::Int32(n) => n.to_string(),
        AnyValue::Int64(n) => n.to_string(),
        AnyValue::UInt8(n) => n.to_string(),
        AnyValue::UInt16(n) => n.to_string(),
        AnyValue::UInt32(n) => n.to_string(),
        AnyValue::UInt64(n) => n.to_string(),
        AnyValue::Int128(n) => n.to_string(),
        AnyValue::UInt128(n) => n.to_string(),
        other => return Scalar::Quoted(other.to_string().into()),
    };
    Scalar::Bare(text.into())
}

fn float<'a>(x: f64, shortest: Option<String>) -> Scalar<'a> {
    match shortest {
        Some(text) if x.is_finite() => Scalar::Bare(text.into()),
        _ if x.is_nan() => Scalar::Quoted("NaN".into()),
        _ => Scalar::Quoted(if x > 0.0 { "Infinity" } else { "-Infinity" }.into()),
    }
}

fn nanoseconds(n: i64, unit: TimeUnit) -> i128 {
    i128::from(n)
        * match unit {
            TimeUnit::Nanoseconds => 1,
            TimeUnit::Microseconds => 1_000,
            TimeUnit::Milliseconds => 1_000_000,
        }
}

fn timestamp(at: i64, unit: TimeUnit, zoned: bool, kind: &Kind) -> String {
    let (digits, zoned) = match kind {
        Kind::Timestamp { digits, zoned } => (*digits, *zoned),
        _ => (3, zoned),
    };
    let at = nanoseconds(at, unit);
    let (seconds, fraction) = (at.div_euclid(1_000_000_000), at.rem_euclid(1_000_000_000));
    let time = i64::try_from(seconds).ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    let Some(time) = time else {
        return format!("{seconds} s since 1970");
    };
    let fraction = format!("{fraction:09}");
    let zone = if zoned { " UTC" } else { "" };
    format!("{}.{}{zone}", time.format("%Y-%m-%d %H:%M:%S"), &fraction[..digits])
}

fn date(days: i32) -> String {
    let epoch = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap_or_default();
    match epoch.checked_add_signed(TimeDelta::days(days.into())) {
        Some(date) => date.format("%Y-%m-%d").to_string(),
        None => format!("{days} days since 1970"),
    }
}

fn time_of_day(nanoseconds: i64) -> String {
    let (seconds, fraction) = (nanoseconds.div_euclid(1_000_000_000), nanoseconds.rem_euclid(1_000_000_000));
    let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
    match NaiveTime::from_num_seconds_from_midnight_opt(seconds, fraction as u32) {
        Some(time) => time.format("%H:%M:%S%.3f").to_string(),
        None => format!("{nanoseconds} ns"),
    }
}

/// As Trino prints `INTERVAL DAY TO SECOND`.
fn duration(nanoseconds: i128) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let milliseconds = nanoseconds.abs() / 1_000_000;
    let (seconds, milliseconds) = (milliseconds / 1000, milliseconds % 1000);
    let (minutes, hours) = (seconds / 60 % 60, seconds / 3600 % 24);
    format!("{sign}{} {hours:02}:{minutes:02}:{:02}.{milliseconds:03}", seconds / 86_400, seconds % 60)
}

fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _ = write!(out, "{byte:02x}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::prelude::{Column, DataFrame, IntoColumn, IntoSeries, NamedFrom, StructChunked};
    use proptest::prelude::*;

    use crate::show::testing::hostile;

    fn check(value: AnyValue<'_>, kind: &str, json: &str, shown: &str) {
        let kind = Kind::parse(kind);
        let mut out = String::new();
        push_json(&mut out, &value, &kind);
        assert_eq!(out, json);
        assert_eq!(text(&value, &kind).as_deref(), Some(shown));
    }

    #[test]
    fn scalars() {
        check(AnyValue::Boolean(true), "boolean", "true", "true");
        check(AnyValue::Int64(i64::MIN), "bigint", "-9223372036854775808", "-9223372036854775808");
        check(AnyValue::Float64(0.1 + 0.2), "double", "0.30000000000000004", "0.30000000000000004");
        check(AnyValue::Float64(2.0), "double", "2.0", "2.0");
        check(AnyValue::Float32(0.1), "real", "0.1", "0.1");
        check(AnyValue::Float64(f64::NAN), "double", "\"NaN\"", "NaN");
        check(AnyValue::Float64(f64::NEG_INFINITY), "double", "\"-Infinity\"", "-Infinity");
        check(AnyValue::String("false"), "varchar", "\"false\"", "false");
        check(AnyValue::String("12.50"), "decimal(10,2)", "\"12.50\"", "12.50");
        check(AnyValue::String("{\"a\":1}"), "json", r#""{\"a\":1}""#, "{\"a\":1}");
        check(AnyValue::Binary(&[0, 255]), "varbinary", "\"00ff\"", "00ff");
        check(AnyValue::Date(19_548), "date", "\"2023-07-10\"", "2023-07-10");
        check(AnyValue::Time(43_200_001_000_000), "time(3)", "\"12:00:00.001\"", "12:00:00.001");
    }

    #[test]
    fn timestamps_have_the_digits_of_their_type() {
        let at = |n, unit, kind, text: &str| {
            check(AnyValue::Datetime(n, unit, None), kind, &format!("\"{text}\""), text);
        };
        at(1_688_990_400_000, TimeUnit::Milliseconds, "timestamp(3)", "2023-07-10 12:00:00.000");
        at(-1, TimeUnit::Milliseconds, "timestamp(3)", "1969-12-31 23:59:59.999");
        at(1_688_990_400_000_001, TimeUnit::Microseconds, "timestamp(6)", "2023-07-10 12:00:00.000001");
        at(
            1_688_990_400_000,
            TimeUnit::Milliseconds,
            "timestamp(3) with time zone",
            "2023-07-10 12:00:00.000 UTC",
        );
        at(0, TimeUnit::Nanoseconds, "varchar", "1970-01-01 00:00:00.000");
    }

    #[test]
    fn nested_values_are_objects_and_arrays() {
        let keys = Column::new("key".into(), ["b", "a"]);
        let values = Column::new("value".into(), [Some(1i64), None]);
        let entries = StructChunked::from_columns("".into(), 2, &[keys, values]).unwrap().into_series();
        check(
            AnyValue::List(entries.clone()),
            "map(varchar, bigint)",
            r#"{"b":1,"a":null}"#,
            r#"{"b":1,"a":null}"#,
        );
        let rows = r#"[{"key":"b","value":1},{"key":"a","value":null}]"#;
        check(AnyValue::List(entries), "array(row(key varchar, value bigint))", rows, rows);
        let arn = Column::new("arn".into(), [Some("x"), None]);
        let lists =
            Series::new("list".into(), [Series::new("".into(), ["1.0"]), Series::new("".into(), ["2.0"])]);
        let rows =
            StructChunked::from_columns("r".into(), 2, &[arn, lists.into_column()]).unwrap().into_series();
        let frame = DataFrame::new(2, vec![rows.into_column()]).unwrap();
        let row = frame.columns()[0].get(1).unwrap();
        let text = r#"{"arn":null,"list":["2.0"]}"#;
        check(row, "row(arn varchar, list array(decimal(2,1)))", text, text);
    }

    proptest! {
        #[test]
        fn strings_are_json(value in hostile()) {
            let mut out = String::new();
            push_quoted(&mut out, &value);
            prop_assert_eq!(serde_json::from_str::<String>(&out).unwrap(), value);
        }

        #[test]
        fn doubles_read_back(bits in any::<u64>()) {
            let x = f64::from_bits(bits);
            prop_assume!(x.is_finite());
            let mut out = String::new();
            push_json(&mut out, &AnyValue::Float64(x), &Kind::Plain);
            prop_assert_eq!(out.parse::<f64>().unwrap().to_bits(), bits);
        }
    }
}
