//! Times as text and as numbers.

use super::datetime::zone_of;
use super::{Bind, Function, bound, kernel, plain, unexpected};
use crate::trino::decimal;
use crate::trino::error::EvalError;
use crate::trino::expr::Kernel;
use crate::trino::time::calendar;
use crate::trino::time::iso8601;
use crate::trino::time::pattern::Format;
use crate::trino::time::text::{format_date, format_timestamp};
use crate::trino::time::{self, DAY, Instant, MILLI, MINUTE, SECOND, Zone};
use crate::trino::types::Type;
use crate::trino::value::{Eval, Value};

const TO_TEXT: &[&str] =
    &["(timestamp(p), varchar) -> varchar", "(timestamp(p) with time zone, varchar) -> varchar"];

pub(super) const FUNCTIONS: &[Function] = &[
    bound("date_format", TO_TEXT, |bind| print(bind, |pattern, _| Format::mysql(pattern))),
    bound("format_datetime", TO_TEXT, |bind| print(bind, Format::joda)),
    bound("date_parse", &["(varchar, varchar) -> timestamp(3)"], |bind| {
        parse(
            bind,
            |pattern, _| Format::mysql(pattern),
            |local, _| Value::Timestamp(Instant::from_micros(local)),
        )
    }),
    bound("parse_datetime", &["(varchar, varchar) -> timestamp(3) with time zone"], |bind| {
        parse(bind, Format::joda, |local, zone| {
            let zone = zone.unwrap_or(Zone::UTC);
            Value::TimestampTz(Instant::from_micros(zone.to_utc(local)), zone)
        })
    }),
    plain("from_iso8601_timestamp", &["(varchar) -> timestamp(3) with time zone"], |values| {
        from_iso8601(values, 3)
    }),
    plain("from_iso8601_timestamp_nanos", &["(varchar) -> timestamp(9) with time zone"], |values| {
        from_iso8601(values, 9)
    }),
    plain("from_iso8601_date", &["(varchar) -> date"], from_iso8601_date),
    bound(
        "to_iso8601",
        &["(date) -> varchar", "(timestamp(p)) -> varchar", "(timestamp(p) with time zone) -> varchar"],
        to_iso8601,
    ),
    plain(
        "from_unixtime",
        &[
            "(double) -> timestamp(3) with time zone",
            "(double, varchar) -> timestamp(3) with time zone",
            "(double, bigint, bigint) -> timestamp(3) with time zone",
        ],
        from_unixtime,
    ),
    plain("from_unixtime_nanos", &["(bigint) -> timestamp(9) with time zone"], from_unixtime_nanos),
    bound("from_unixtime_nanos", &["(decimal(p, s)) -> timestamp(9) with time zone"], |bind| {
        let scale = if let Some(Type::Decimal(_, scale)) = bind.types.first() { *scale } else { 0 };
        kernel(move |values| match values {
            [Value::Decimal(unscaled)] => match decimal::rescale(*unscaled, scale, 0).map(i64::try_from) {
                Some(Ok(nanos)) => from_unixtime_nanos(&[Value::Integer(nanos)]),
                _ => Err(EvalError::argument("long overflow")),
            },
            _ => unexpected(values),
        })
    }),
    plain(
        "to_unixtime",
        &["(timestamp(p)) -> double", "(timestamp(p) with time zone) -> double"],
        to_unixtime,
    ),
    plain("to_milliseconds", &["(interval day to second) -> bigint"], |values| match values {
        [Value::Millis(millis)] => Ok(Value::Integer(*millis)),
        _ => unexpected(values),
    }),
    plain("parse_duration", &["(varchar) -> interval day to second"], parse_duration),
    plain("human_readable_seconds", &["(double) -> varchar"], human_readable_seconds),
];

/// The year of now, for two-digit years.
fn this_year(bind: &Bind<'_>) -> i64 {
    calendar::from_days(bind.session.start.micros.div_euclid(DAY)).0
}

type MakeFormat = fn(&str, i64) -> Result<Format, String>;

fn print(bind: &Bind<'_>, make: MakeFormat) -> Result<Kernel, EvalError> {
    let year = this_year(bind);
    let has_zone = matches!(bind.types.first(), Some(Type::TimestampTz(_)));
    let make = move |pattern: &str| {
        let format = make(pattern, year).map_err(EvalError::argument)?;
        if !has_zone && format.has_zone() {
            return Err(EvalError::argument(
                "format_datetime for TIMESTAMP type, cannot use 'Z' nor 'z' in format, as this type does not contain TZ information",
            ));
        }
        Ok(format)
    };
    let constant = bind.text(1).map(make).transpose()?;
    kernel(move |values| {
        let (instant, zone, pattern) = match values {
            [Value::Timestamp(local), pattern] => (*local, Zone::UTC, pattern),
            [Value::TimestampTz(instant, zone), pattern] => (*instant, *zone, pattern),
            _ => return unexpected(values),
        };
        let printed = match (&constant, pattern) {
            (Some(format), _) => format.print(instant, zone),
            (None, Value::Varchar(pattern)) => make(pattern)?.print(instant, zone),
            _ => return unexpected(values),
        };
        printed.map(Value::text).map_err(EvalError::other)
    })
}

fn parse(
    bind: &Bind<'_>,
    make: MakeFormat,
    value: fn(i64, Option<Zone>) -> Value<'static>,
) -> Result<Kernel, EvalError> {
    let year = this_year(bind);
    let constant =
        bind.text(1).map(|pattern| make(pattern, year)).transpose().map_err(EvalError::argument)?;
    kernel(move |values| {
        let parsed = match (values, &constant) {
            ([Value::Varchar(text), _], Some(format)) => format.parse(text),
            ([Value::Varchar(text), Value::Varchar(pattern)], None) => {
                make(pattern, year).and_then(|format| format.parse(text))
            }
            _ => return unexpected(values),
        };
        parsed.map(|parsed| value(parsed.local_micros, parsed.zone)).map_err(EvalError::argument)
    })
}

fn from_iso8601<'a>(values: &[Value<'a>], precision: u8) -> Eval<'a> {
    let [Value::Varchar(text)] = values else {
        return unexpected(values);
    };
    match iso8601::parse_timestamp(text) {
        Some((instant, zone)) => Ok(Value::TimestampTz(time::truncate(instant, precision), zone)),
        None => Err(EvalError::argument(format!("Invalid format: \"{text}\" is no time of ISO 8601"))),
    }
}

fn from_iso8601_date<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Varchar(text)] = values else {
        return unexpected(values);
    };
    match iso8601::parse_date(text).and_then(|days| i32::try_from(days).ok()) {
        Some(days) => Ok(Value::Date(days)),
        None => Err(EvalError::argument(format!("Invalid format: \"{text}\" is no date of ISO 8601"))),
    }
}

fn to_iso8601(bind: &Bind<'_>) -> Result<Kernel, EvalError> {
    let precision = match bind.types.first() {
        Some(Type::Timestamp(precision) | Type::TimestampTz(precision)) => *precision,
        _ => 0,
    };
    kernel(move |values| match values {
        [Value::Date(days)] => Ok(Value::text(format_date(i64::from(*days)))),
        [Value::Timestamp(local)] => Ok(Value::text(format_timestamp(*local, precision, 'T'))),
        [Value::TimestampTz(instant, zone)] => Ok(Value::text(iso8601_text(*instant, *zone, precision))),
        _ => unexpected(values),
    })
}

/// With the offset, or Z for none.
pub(super) fn iso8601_text(instant: Instant, zone: Zone, precision: u8) -> String {
    let offset = zone.offset_at(instant.micros);
    let local = Instant { micros: instant.micros.saturating_add(offset), ..instant };
    let mut text = format_timestamp(local, precision, 'T');
    let minutes = offset / MINUTE;
    match Zone::from_minutes(minutes) {
        Some(Zone::UTC) => text.push('Z'),
        Some(offset) => text.push_str(&offset.to_string()),
        None => {}
    }
    text
}

fn from_unixtime<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let (seconds, zone) = match values {
        [Value::Double(seconds)] => (*seconds, Zone::UTC),
        [Value::Double(seconds), zone] => (*seconds, zone_of(zone)?),
        [Value::Double(seconds), Value::Integer(hours), Value::Integer(minutes)] => {
            let zone =
                hours.checked_mul(60).and_then(|m| m.checked_add(*minutes)).and_then(Zone::from_minutes);
            let invalid = || EvalError::argument(format!("Invalid time zone offset: {hours}:{minutes}"));
            (*seconds, zone.ok_or_else(invalid)?)
        }
        _ => return unexpected(values),
    };
    let millis = (seconds * 1000.0).round();
    // Rounding of NaN and what is out of range would make times up.
    if !millis.is_finite() || millis.abs() >= i64::MAX as f64 / 1000.0 {
        return Err(EvalError::argument(format!("Seconds out of range: {seconds}")));
    }
    Ok(Value::TimestampTz(Instant::from_micros(millis as i64 * MILLI), zone))
}

fn from_unixtime_nanos<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Integer(nanos)] = values else {
        return unexpected(values);
    };
    let picos = (nanos.rem_euclid(1000) * 1000) as u32;
    Ok(Value::TimestampTz(Instant { micros: nanos.div_euclid(1000), picos }, Zone::UTC))
}

fn to_unixtime<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Timestamp(instant) | Value::TimestampTz(instant, _)] = values else {
        return unexpected(values);
    };
    let fraction = f64::from(instant.picos) / 1e6;
    Ok(Value::Double((instant.micros as f64 + fraction) / SECOND as f64))
}

/// `42.8ms`
fn parse_duration<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Varchar(text)] = values else { return unexpected(values) };
    let trimmed = text.trim();
    let split = trimmed.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(trimmed.len());
    let (number, unit) = trimmed.split_at(split);
    let millis = match unit.trim() {
        "ns" => 1e-6,
        "us" => 1e-3,
        "ms" => 1.0,
        "s" => 1e3,
        "m" => 60e3,
        "h" => 3_600e3,
        "d" => 86_400e3,
        _ => f64::NAN,
    };
    match number.parse::<f64>().map(|number| (number * millis).round()) {
        Ok(millis) if millis.abs() < i64::MAX as f64 => Ok(Value::Millis(millis as i64)),
        _ => Err(EvalError::argument(format!("duration is not a valid data duration string: {text}"))),
    }
}

/// `1 day, 2 hours, 3 seconds`
fn human_readable_seconds<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Double(seconds)] = values else {
        return unexpected(values);
    };
    if !seconds.is_finite() {
        return Err(EvalError::argument("Invalid argument found: seconds must be finite"));
    }
    let mut rest = seconds.round().abs() as u64;
    let mut parts = Vec::new();
    for (name, size) in [("week", 604_800), ("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)] {
        let count = rest / size;
        rest %= size;
        if count > 0 || (size == 1 && parts.is_empty()) {
            parts.push(format!("{count} {name}{}", if count == 1 { "" } else { "s" }));
        }
    }
    Ok(Value::text(parts.join(", ")))
}

#[cfg(test)]
mod tests {
    use crate::trino::testing::check;

    #[test]
    fn printing() {
        check("date_format(TIMESTAMP '2026-03-04 05:06:07', '%Y-%m-%dT%H:%i:%sZ')", "2026-03-04T05:06:07Z");
        check("date_format(DATE '2026-03-04', '%d.%m.')", "04.03.");
        check("date_format(now(), '%U')", "! date_format: %U not supported in date format string");
        check("format_datetime(now(), 'yyyy-MM-dd''T''HH:mm Z')", "2026-03-04T05:06 +0000");
        check(
            "format_datetime(localtimestamp, 'HH:mm Z')",
            "! format_datetime: format_datetime for TIMESTAMP type",
        );
        check("to_iso8601(TIMESTAMP '2026-03-04 05:06:07.1 +05:30')", "2026-03-04T05:06:07.1+05:30");
        check("to_iso8601(now())", "2026-03-04T05:06:07.089Z");
        check("to_iso8601(DATE '2026-03-04')", "2026-03-04");
        check("human_readable_seconds(93784.4)", "1 day, 2 hours, 3 minutes, 4 seconds");
        check("human_readable_seconds(0)", "0 seconds");
        check("parse_duration('1.5h')", "0 01:30:00.000");
        check("parse_duration('1 fortnight')", "! duration is not a valid");
    }

    #[test]
    fn parsing() {
        check("from_iso8601_timestamp('2026-03-04T05:06:07.0899Z')", "2026-03-04 05:06:07.089 UTC");
        check("from_iso8601_timestamp('2026-03-04 05:06:07')", "! Invalid format");
        check("TRY(from_iso8601_timestamp('yesterday'))", "NULL");
        check("date_parse('04/03/2026', '%d/%m/%Y')", "2026-03-04 00:00:00.000");
        check(
            "parse_datetime('2026-03-04 05:06 +01:00', 'yyyy-MM-dd HH:mm Z')",
            "2026-03-04 05:06:00.000 +01:00",
        );
        check("from_iso8601_date('2026-W10-3')", "2026-03-04");
    }

    #[test]
    fn numbers() {
        check("from_unixtime(1772600767)", "2026-03-04 05:06:07.000 UTC");
        check("from_unixtime(1772600767.0895, 'Asia/Tokyo')", "2026-03-04 14:06:07.090 Asia/Tokyo");
        check("from_unixtime(0, 5, 30)", "1970-01-01 05:30:00.000 +05:30");
        check("from_unixtime_nanos(1)", "1970-01-01 00:00:00.000000001 UTC");
        check("to_unixtime(from_iso8601_timestamp('2026-03-04T05:06:07.5Z'))", "1.7726007675E9");
    }
}
