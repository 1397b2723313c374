//! Reads what a chart needs out of the columns of a `DataFrame`.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use polars::prelude::{AnyValue, Column, DataFrame, TimeUnit};

use super::bars::Entry;
use super::events_over_time::Point;
use super::timeline::Event;
use crate::show::column::Kind;
use crate::show::redact::redact;
use crate::show::value::text;
use crate::{Error, Result};

/// `time`, `events`, and `outcome` or `errors` where one is there.
pub(super) fn points(frame: &DataFrame) -> Result<Vec<Point>> {
    let (times, events) = (column(frame, "time")?, column(frame, "events")?);
    let (outcomes, errors) = (optional(frame, "outcome"), optional(frame, "errors"));
    let mut points = Vec::with_capacity(frame.height());
    for row in 0..frame.height() {
        // Where the time is NULL there is no place to draw at.
        if let Some(time) = time(times, row)? {
            let events = number(events, row)?;
            let errors = match (outcomes, errors) {
                (Some(outcomes), _) if words(outcomes, row).as_deref() == Some("success") => 0,
                (Some(_), _) => events,
                (None, Some(errors)) => number(errors, row)?,
                (None, None) => 0,
            };
            points.push(Point { time, events, errors });
        }
    }
    Ok(points)
}

/// Whether [`points`] tell failures from successes.
pub(super) fn is_split(frame: &DataFrame) -> bool {
    optional(frame, "outcome").or(optional(frame, "errors")).is_some()
}

/// Columns of labels, of counts and, where they were counted, of failures; rows of one label together.
pub(super) fn entries(
    frame: &DataFrame,
    label: &str,
    events: &str,
    errors: Option<&str>,
) -> Result<Vec<Entry>> {
    let (labels, events) = (column(frame, label)?, column(frame, events)?);
    let errors = errors.map(|errors| column(frame, errors)).transpose()?;
    let mut entries: Vec<Entry> = Vec::new();
    let mut places: BTreeMap<Option<String>, usize> = BTreeMap::new();
    for row in 0..frame.height() {
        let label = words(labels, row);
        let place = *places.entry(label.clone()).or_insert(entries.len());
        if place == entries.len() {
            entries.push(Entry { label, events: 0, errors: 0 });
        }
        entries[place].events += number(events, row)?;
        entries[place].errors += errors.map_or(Ok(0), |errors| number(errors, row))?;
    }
    Ok(entries)
}

/// How often each value of a column occurs, the most frequent first, and how
/// often with an error.
pub(super) fn counts(frame: &DataFrame, label: &str, error: Option<&str>) -> Result<Vec<Entry>> {
    let labels = column(frame, label)?;
    let errors = error.map(|error| column(frame, error)).transpose()?;
    let mut entries: BTreeMap<Option<String>, (u64, u64)> = BTreeMap::new();
    for row in 0..frame.height() {
        let (events, failed) = entries.entry(words(labels, row)).or_default();
        *events += 1;
        *failed += u64::from(errors.is_some_and(|errors| failed_in(errors, row)));
    }
    let mut entries: Vec<Entry> =
        entries.into_iter().map(|(label, (events, errors))| Entry { label, events, errors }).collect();
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.events));
    Ok(entries)
}

/// Events of a row each, by the columns that say when, who, what and, where
/// there is one, whether it failed.
pub(super) fn events(
    frame: &DataFrame,
    when: &str,
    actor: &str,
    event: &str,
    error: Option<&str>,
) -> Result<Vec<Event>> {
    let (times, actors, events) = (column(frame, when)?, column(frame, actor)?, column(frame, event)?);
    let errors = error.map(|error| column(frame, error)).transpose()?;
    let mut out = Vec::with_capacity(frame.height());
    for row in 0..frame.height() {
        if let Some(time) = time(times, row)? {
            let failed = errors.is_some_and(|errors| failed_in(errors, row));
            out.push(Event { time, actor: words(actors, row), what: words(events, row), failed });
        }
    }
    Ok(out)
}

/// Times, and how many events each stands for: one a row where they are not counted.
pub(super) fn moments(frame: &DataFrame, when: &str, events: Option<&str>) -> Result<Vec<Point>> {
    let times = column(frame, when)?;
    let events = events.map(|events| column(frame, events)).transpose()?;
    let mut points = Vec::with_capacity(frame.height());
    for row in 0..frame.height() {
        if let Some(time) = time(times, row)? {
            let events = events.map_or(Ok(1), |events| number(events, row))?;
            points.push(Point { time, events, errors: 0 });
        }
    }
    Ok(points)
}

/// Whether a row has an error: what is NULL or empty is none.
fn failed_in(errors: &Column, row: usize) -> bool {
    words(errors, row).is_some_and(|error| !error.is_empty())
}

fn optional<'a>(frame: &'a DataFrame, name: &str) -> Option<&'a Column> {
    frame.columns().iter().find(|column| column.name().as_str() == name)
}

fn column<'a>(frame: &'a DataFrame, name: &str) -> Result<&'a Column> {
    optional(frame, name).ok_or_else(|| {
        let names: Vec<_> = frame.columns().iter().map(|column| column.name().as_str()).collect();
        Error::invalid(format!("the chart needs a column `{name}`, and the result has: {}", names.join(", ")))
            .hint(format!("name it with `AS {name}` in the query"))
    })
}

fn value(column: &Column, row: usize) -> AnyValue<'_> {
    column.get(row).unwrap_or(AnyValue::Null)
}

fn words(column: &Column, row: usize) -> Option<String> {
    text(&value(column, row), &Kind::Plain).map(|text| redact(column.name(), text).into_owned())
}

fn number(column: &Column, row: usize) -> Result<u64> {
    let number = match value(column, row) {
        AnyValue::Null => Some(0),
        AnyValue::Int32(n) => u64::try_from(n).ok(),
        AnyValue::Int64(n) => u64::try_from(n).ok(),
        AnyValue::UInt32(n) => Some(n.into()),
        AnyValue::UInt64(n) => Some(n),
        AnyValue::Float64(n) if (0.0..1e15).contains(&n) => Some(n.round() as u64),
        _ => None,
    };
    number.ok_or_else(|| {
        let value = words(column, row).unwrap_or_default();
        Error::invalid(format!(
            "the chart needs counts in column `{}`, and row {} has {value}",
            column.name(),
            row + 1
        ))
    })
}

/// Seconds since 1970 of a timestamp, a date or a text that holds either.
fn time(column: &Column, row: usize) -> Result<Option<i64>> {
    let unit = |unit: TimeUnit| match unit {
        TimeUnit::Nanoseconds => 1_000_000_000,
        TimeUnit::Microseconds => 1_000_000,
        TimeUnit::Milliseconds => 1_000,
    };
    let value = value(column, row);
    let time = match &value {
        AnyValue::Null => return Ok(None),
        AnyValue::Datetime(at, units, _) => Some(at.div_euclid(unit(*units))),
        AnyValue::DatetimeOwned(at, units, _) => Some(at.div_euclid(unit(*units))),
        AnyValue::Date(days) => Some(i64::from(*days) * 86_400),
        value => value.get_str().and_then(parse),
    };
    time.map(Some).ok_or_else(|| {
        let value = words(column, row).unwrap_or_default();
        Error::invalid(format!("the chart needs times in column `{}`, and row {} has {value}", column.name(), row + 1))
            .hint("use `date_trunc('hour', from_iso8601_timestamp(eventtime))`, `substr(eventtime, 1, 13)` or a date")
    })
}

/// `2023-07-10T12:00:00Z`, `2023-07-10 12:00`, `2023-07-10T12`, `2023-07-10`, in UTC.
fn parse(text: &str) -> Option<i64> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.timestamp());
    }
    let text = text.trim_end_matches("UTC").trim_end_matches('Z').trim_end().replacen('T', " ", 1);
    let full = match text.len() {
        13 => format!("{text}:00:00"),
        16 => format!("{text}:00"),
        _ => text,
    };
    if let Ok(time) = NaiveDateTime::parse_from_str(&full, "%Y-%m-%d %H:%M:%S%.f") {
        return Some(time.and_utc().timestamp());
    }
    let date = NaiveDate::parse_from_str(&full.replace('/', "-"), "%Y-%m-%d").ok()?;
    Some(date.and_hms_opt(0, 0, 0)?.and_utc().timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::prelude::df;

    #[test]
    fn times_come_as_texts_too() {
        for (text, time) in [
            ("2023-07-10T12:00:00Z", Some(1_688_990_400)),
            ("2023-07-10T14:00:00+02:00", Some(1_688_990_400)),
            ("2023-07-10 12:00:00.000", Some(1_688_990_400)),
            ("2023-07-10 12:00:00.000 UTC", Some(1_688_990_400)),
            ("2023-07-10T12", Some(1_688_990_400)),
            ("2023-07-10", Some(1_688_947_200)),
            ("2023/07/10", Some(1_688_947_200)),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(parse(text), time, "{text}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let frame = df!("hour" => ["2023-07-10"], "events" => [1i64]).unwrap();
        let error = points(&frame).unwrap_err();
        assert!(error.is_invalid());
        assert_eq!(
            error.to_string(),
            "the chart needs a column `time`, and the result has: hour, events; name it with `AS time` in the query"
        );
        let frame = df!("time" => ["soon"], "events" => [1i64]).unwrap();
        assert!(points(&frame).unwrap_err().to_string().contains("row 1 has soon"));
    }

    #[test]
    fn values_are_counted_with_their_errors() {
        let frame = df!(
            "eventname" => [Some("b"), Some("a"), Some("a"), None],
            "errorcode" => [None, Some(""), Some("AccessDenied"), None],
        )
        .unwrap();
        let counted = |error| -> Vec<(Option<String>, u64, u64)> {
            let entries = counts(&frame, "eventname", error).unwrap().into_iter();
            entries.map(|entry| (entry.label, entry.events, entry.errors)).collect()
        };
        let (a, b) = (Some("a".to_owned()), Some("b".to_owned()));
        assert_eq!(counted(Some("errorcode")), [(a.clone(), 2, 1), (None, 1, 0), (b.clone(), 1, 0)]);
        assert_eq!(counted(None), [(a, 2, 0), (None, 1, 0), (b, 1, 0)]);
        assert!(counts(&frame, "eventname", Some("error")).is_err());
    }

    #[test]
    fn rows_of_one_label_are_one_entry() {
        let frame =
            df!("bucket" => ["b", "a", "b"], "events" => [5i64, 2, 1], "errors" => [1i64, 0, 1]).unwrap();
        let entries = entries(&frame, "bucket", "events", Some("errors")).unwrap();
        let entries: Vec<_> =
            entries.iter().map(|entry| (entry.label.as_deref(), entry.events, entry.errors)).collect();
        assert_eq!(entries, [(Some("b"), 6, 2), (Some("a"), 2, 0)]);
    }

    #[test]
    fn rows_without_a_time_are_left_out() {
        let frame =
            df!("time" => [None, Some("2023-07-10")], "events" => [1i64, 2], "errors" => [Some(1i64), None])
                .unwrap();
        let points = points(&frame).unwrap();
        assert_eq!(points.len(), 1);
        assert_eq!((points[0].events, points[0].errors), (2, 0));
    }
}
