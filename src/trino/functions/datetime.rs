//! Dates and times: their fields, and arithmetic with units.

use super::{Bind, Function, bound, kernel, plain, unexpected};
use crate::trino::cast::cast;
use crate::trino::error::EvalError;
use crate::trino::expr::Kernel;
use crate::trino::time::calendar;
use crate::trino::time::{self, DAY, HOUR, Instant, MILLI, MINUTE, SECOND, Zone};
use crate::trino::types::Type;
use crate::trino::value::{Eval, Value};

const OF_DATES: &[&str] =
    &["(date) -> bigint", "(timestamp(p)) -> bigint", "(timestamp(p) with time zone) -> bigint"];
const OF_CLOCKS: &[&str] = &[
    "(timestamp(p)) -> bigint",
    "(timestamp(p) with time zone) -> bigint",
    "(interval day to second) -> bigint",
];
const OF_DAYS: &[&str] = &[
    "(date) -> bigint",
    "(timestamp(p)) -> bigint",
    "(timestamp(p) with time zone) -> bigint",
    "(interval day to second) -> bigint",
];
const OF_MONTHS: &[&str] = &[
    "(date) -> bigint",
    "(timestamp(p)) -> bigint",
    "(timestamp(p) with time zone) -> bigint",
    "(interval year to month) -> bigint",
];
const OF_ZONES: &[&str] = &["(timestamp(p) with time zone) -> bigint"];

pub(super) const FUNCTIONS: &[Function] = &[
    plain("year", OF_MONTHS, |values| match values {
        [Value::Months(months)] => Ok(Value::Integer(i64::from(months / 12))),
        _ => date_field(values, |days| calendar::from_days(days).0),
    }),
    plain("month", OF_MONTHS, |values| match values {
        [Value::Months(months)] => Ok(Value::Integer(i64::from(months % 12))),
        _ => date_field(values, |days| i64::from(calendar::from_days(days).1)),
    }),
    plain("quarter", OF_DATES, |values| {
        date_field(values, |days| i64::from(calendar::from_days(days).1 - 1) / 3 + 1)
    }),
    plain("week|week_of_year", OF_DATES, |values| date_field(values, |days| calendar::iso_week(days).1)),
    plain("year_of_week|yow", OF_DATES, |values| date_field(values, |days| calendar::iso_week(days).0)),
    plain("day|day_of_month", OF_DAYS, |values| match values {
        [Value::Millis(millis)] => Ok(Value::Integer(millis / (DAY / MILLI))),
        _ => date_field(values, |days| i64::from(calendar::from_days(days).2)),
    }),
    plain("day_of_week|dow", OF_DATES, |values| date_field(values, calendar::day_of_week)),
    plain("day_of_year|doy", OF_DATES, |values| date_field(values, calendar::day_of_year)),
    plain("hour", OF_CLOCKS, |values| clock_field(values, HOUR, 24)),
    plain("minute", OF_CLOCKS, |values| clock_field(values, MINUTE, 60)),
    plain("second", OF_CLOCKS, |values| clock_field(values, SECOND, 60)),
    plain("millisecond", OF_CLOCKS, |values| clock_field(values, MILLI, 1000)),
    plain("timezone_hour", OF_ZONES, |values| zone_field(values, |minutes| minutes / 60)),
    plain("timezone_minute", OF_ZONES, |values| zone_field(values, |minutes| minutes % 60)),
    plain(
        "last_day_of_month",
        &["(date) -> date", "(timestamp(p)) -> date", "(timestamp(p) with time zone) -> date"],
        last_day_of_month,
    ),
    bound("date_trunc", OF_TRUNC, date_trunc),
    bound(
        "date_add",
        &[
            "(varchar, bigint, date) -> date",
            "(varchar, bigint, timestamp(p)) -> timestamp(p)",
            "(varchar, bigint, timestamp(p) with time zone) -> timestamp(p) with time zone",
        ],
        date_add,
    ),
    bound(
        "date_diff",
        &[
            "(varchar, date, date) -> bigint",
            "(varchar, timestamp(p), timestamp(p)) -> bigint",
            "(varchar, timestamp(p) with time zone, timestamp(p) with time zone) -> bigint",
        ],
        date_diff,
    ),
    bound(
        "date",
        &["(varchar) -> date", "(timestamp(p)) -> date", "(timestamp(p) with time zone) -> date"],
        |bind| {
            let from = bind.types.first().cloned().unwrap_or(Type::VARCHAR);
            kernel(move |values| match values {
                [value] => cast(value.clone(), &from, &Type::Date),
                _ => unexpected(values),
            })
        },
    ),
    bound(
        "at_timezone",
        &[
            "(timestamp(p) with time zone, varchar) -> timestamp(p) with time zone",
            "(timestamp(p) with time zone, interval day to second) -> timestamp(p) with time zone",
        ],
        at_timezone,
    ),
    bound("with_timezone", &["(timestamp(p), varchar) -> timestamp(p) with time zone"], with_timezone),
];

const OF_TRUNC: &[&str] = &[
    "(varchar, date) -> date",
    "(varchar, timestamp(p)) -> timestamp(p)",
    "(varchar, timestamp(p) with time zone) -> timestamp(p) with time zone",
];

/// Microseconds on the wall clock of a time.
fn local(value: &Value<'_>) -> Option<i64> {
    match value {
        Value::Timestamp(local) => Some(local.micros),
        Value::TimestampTz(instant, zone) => Some(zone.to_local(instant.micros)),
        _ => None,
    }
}

/// The day of a date, or on the wall clock of a time.
fn day(value: &Value<'_>) -> Option<i64> {
    match value {
        Value::Date(days) => Some(i64::from(*days)),
        value => local(value).map(|local| local.div_euclid(DAY)),
    }
}

fn date_field<'a>(values: &[Value<'a>], field: impl Fn(i64) -> i64) -> Eval<'a> {
    match values.first().and_then(day) {
        Some(day) => Ok(Value::Integer(field(day))),
        None => unexpected(values),
    }
}

fn clock_field<'a>(values: &[Value<'a>], size: i64, count: i64) -> Eval<'a> {
    if let [Value::Millis(millis)] = values {
        return Ok(Value::Integer(millis / (size / MILLI) % count));
    }
    match values.first().and_then(local) {
        Some(local) => Ok(Value::Integer(local.div_euclid(size).rem_euclid(count))),
        None => unexpected(values),
    }
}

fn zone_field<'a>(values: &[Value<'a>], field: impl Fn(i64) -> i64) -> Eval<'a> {
    let [Value::TimestampTz(instant, zone)] = values else {
        return unexpected(values);
    };
    Ok(Value::Integer(field(zone.offset_at(instant.micros) / MINUTE)))
}

fn last_day_of_month<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let Some(day) = values.first().and_then(day) else { return unexpected(values) };
    let (year, month, _) = calendar::from_days(day);
    let last = calendar::days(year, month, calendar::days_in_month(year, month));
    Ok(last.and_then(|days| i32::try_from(days).ok()).map_or(Value::Null, Value::Date))
}

/// The code of a function of a time and a zone; a constant zone is looked up once.
fn with_zone(
    bind: &Bind<'_>,
    run: fn(&Value<'_>, Zone) -> Option<Value<'static>>,
) -> Result<Kernel, EvalError> {
    let constant = match bind.constants.get(1) {
        Some(Some(zone)) if !zone.is_null() => Some(zone_of(zone)?),
        _ => None,
    };
    kernel(move |values| {
        let [value, zone] = values else { return unexpected(values) };
        let zone = constant.map_or_else(|| zone_of(zone), Ok)?;
        run(value, zone).map_or_else(|| unexpected(values), Ok)
    })
}

fn at_timezone(bind: &Bind<'_>) -> Result<Kernel, EvalError> {
    with_zone(bind, |value, zone| match value {
        Value::TimestampTz(instant, _) => Some(Value::TimestampTz(*instant, zone)),
        _ => None,
    })
}

fn with_timezone(bind: &Bind<'_>) -> Result<Kernel, EvalError> {
    with_zone(bind, |value, zone| match value {
        Value::Timestamp(local) => {
            Some(Value::TimestampTz(Instant { micros: zone.to_utc(local.micros), ..*local }, zone))
        }
        _ => None,
    })
}

/// The zone of a name, or of an interval as its offset.
pub(super) fn zone_of(value: &Value<'_>) -> Result<Zone, EvalError> {
    match value {
        Value::Varchar(name) => {
            Zone::parse(name).ok_or_else(|| EvalError::argument(format!("'{name}' is not a valid time zone")))
        }
        Value::Millis(millis) if millis % 60_000 == 0 => Zone::from_minutes(millis / 60_000)
            .ok_or_else(|| EvalError::argument("Invalid offset: a time zone is at most 14 hours from UTC")),
        Value::Millis(_) => {
            Err(EvalError::argument("Invalid time zone offset interval: interval contains seconds"))
        }
        other => Err(EvalError::other(format!("{other:?} is no time zone"))),
    }
}

/// The unit of `date_add` and its like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    /// A fixed number of microseconds.
    Time(i64),
    Day,
    Week,
    /// So many of them.
    Months(i64),
}

impl Unit {
    fn parse(name: &str, of_date: bool) -> Result<Unit, EvalError> {
        let unit = match name.to_ascii_lowercase().as_str() {
            "millisecond" => Unit::Time(MILLI),
            "second" => Unit::Time(SECOND),
            "minute" => Unit::Time(MINUTE),
            "hour" => Unit::Time(HOUR),
            "day" => Unit::Day,
            "week" => Unit::Week,
            "month" => Unit::Months(1),
            "quarter" => Unit::Months(3),
            "year" => Unit::Months(12),
            _ => return Err(invalid(name, of_date)),
        };
        if of_date && matches!(unit, Unit::Time(_)) {
            return Err(invalid(name, of_date));
        }
        Ok(unit)
    }
}

fn invalid(name: &str, of_date: bool) -> EvalError {
    let (what, units) = if of_date {
        ("DATE", "day, week, month, quarter or year")
    } else {
        ("Timestamp", "millisecond, second, minute, hour, day, week, month, quarter or year")
    };
    EvalError::argument(format!("'{name}' is not a valid {what} field: use {units}"))
}

/// The code of a function of a unit and times; a constant unit is read once.
fn with_unit(
    bind: &Bind<'_>,
    run: impl for<'a> Fn(Unit, &[Value<'a>]) -> Eval<'a> + Send + Sync + 'static,
) -> Result<Kernel, EvalError> {
    let of_date = matches!(bind.types.last(), Some(Type::Date));
    let constant = bind.text(0).map(|name| Unit::parse(name, of_date)).transpose()?;
    kernel(move |values| match (values, constant) {
        ([_, rest @ ..], Some(unit)) => run(unit, rest),
        ([Value::Varchar(name), rest @ ..], None) => run(Unit::parse(name, of_date)?, rest),
        _ => unexpected(values),
    })
}

fn truncate(unit: Unit, local: i64) -> Option<i64> {
    match unit {
        Unit::Time(size) => Some(local.div_euclid(size) * size),
        unit => truncate_day(unit, local.div_euclid(DAY))?.checked_mul(DAY),
    }
}

fn truncate_day(unit: Unit, day: i64) -> Option<i64> {
    match unit {
        Unit::Time(_) | Unit::Day => Some(day),
        Unit::Week => Some(day - calendar::day_of_week(day) + 1),
        Unit::Months(size) => {
            let (year, month, _) = calendar::from_days(day);
            let month = (i64::from(month) - 1) / size * size + 1;
            calendar::days(year, month as u32, 1)
        }
    }
}

fn out_of_range() -> EvalError {
    EvalError::range("the time is out of range")
}

fn date<'a>(day: Option<i64>) -> Eval<'a> {
    day.and_then(|day| i32::try_from(day).ok()).map(Value::Date).ok_or_else(out_of_range)
}

fn date_trunc(bind: &Bind<'_>) -> Result<Kernel, EvalError> {
    with_unit(bind, |unit, values| match values {
        [Value::Date(days)] => date(truncate_day(unit, i64::from(*days))),
        [Value::Timestamp(local)] => {
            let micros = truncate(unit, local.micros).ok_or_else(out_of_range)?;
            Ok(Value::Timestamp(Instant::from_micros(micros)))
        }
        [Value::TimestampTz(instant, zone)] => {
            let local = truncate(unit, zone.to_local(instant.micros)).ok_or_else(out_of_range)?;
            Ok(Value::TimestampTz(Instant::from_micros(zone.to_utc(local)), *zone))
        }
        _ => unexpected(values),
    })
}

fn date_add(bind: &Bind<'_>) -> Result<Kernel, EvalError> {
    let precision = match bind.result {
        Type::Timestamp(precision) | Type::TimestampTz(precision) => *precision,
        _ => 0,
    };
    with_unit(bind, move |unit, values| match values {
        [Value::Integer(count), Value::Date(days)] => date(add_to_day(unit, *count, i64::from(*days))),
        [Value::Integer(count), Value::Timestamp(local)] => {
            let micros = add(unit, *count, local.micros, Zone::UTC).ok_or_else(out_of_range)?;
            Ok(Value::Timestamp(time::round(Instant { micros, ..*local }, precision)))
        }
        [Value::Integer(count), Value::TimestampTz(instant, zone)] => {
            let micros = add(unit, *count, instant.micros, *zone).ok_or_else(out_of_range)?;
            Ok(Value::TimestampTz(time::round(Instant { micros, ..*instant }, precision), *zone))
        }
        _ => unexpected(values),
    })
}

/// So many units later. Days are those of the zone: one of 23 hours counts as one.
fn add(unit: Unit, count: i64, utc_micros: i64, zone: Zone) -> Option<i64> {
    match unit {
        Unit::Time(size) => utc_micros.checked_add(count.checked_mul(size)?),
        unit => {
            let local = zone.to_local(utc_micros);
            let day = add_to_day(unit, count, local.div_euclid(DAY))?;
            Some(zone.to_utc(day.checked_mul(DAY)?.checked_add(local.rem_euclid(DAY))?))
        }
    }
}

fn add_to_day(unit: Unit, count: i64, day: i64) -> Option<i64> {
    match unit {
        Unit::Time(_) => None,
        Unit::Day => day.checked_add(count),
        Unit::Week => day.checked_add(count.checked_mul(7)?),
        Unit::Months(size) => calendar::add_months_to_days(day, count.checked_mul(size)?),
    }
}

fn date_diff(bind: &Bind<'_>) -> Result<Kernel, EvalError> {
    with_unit(bind, |unit, values| {
        let (from, to, zone) = match values {
            [Value::Date(from), Value::Date(to)] => {
                return Ok(Value::Integer(days_between(unit, (i64::from(*from), 0), (i64::from(*to), 0))));
            }
            [Value::Timestamp(from), Value::Timestamp(to)] => (from.micros, to.micros, Zone::UTC),
            [Value::TimestampTz(from, zone), Value::TimestampTz(to, _)] => (from.micros, to.micros, *zone),
            _ => return unexpected(values),
        };
        // Trino counts in milliseconds.
        let whole = |micros: i64| micros.div_euclid(MILLI) * MILLI;
        let (from, to) = (whole(from), whole(to));
        if let Unit::Time(size) = unit {
            let diff = to.checked_sub(from).ok_or_else(out_of_range)?;
            return Ok(Value::Integer(diff / size));
        }
        let parts = |local: i64| (local.div_euclid(DAY), local.rem_euclid(DAY));
        Ok(Value::Integer(days_between(unit, parts(zone.to_local(from)), parts(zone.to_local(to)))))
    })
}

/// Whole units from one day and time of day to another, towards zero.
fn days_between(unit: Unit, from: (i64, i64), to: (i64, i64)) -> i64 {
    if to < from {
        return -days_between(unit, to, from);
    }
    let days = to.0 - from.0 - i64::from(to.1 < from.1);
    match unit {
        Unit::Time(_) | Unit::Day => days,
        Unit::Week => days / 7,
        Unit::Months(size) => calendar::months_between(from, to) / size,
    }
}

#[cfg(test)]
mod tests {
    use crate::trino::testing::{check, check_type};

    #[test]
    fn fields() {
        check("extract(year FROM DATE '2026-03-04')", "2026");
        check("day_of_week(DATE '2026-03-01')", "7");
        check("week(DATE '2027-01-01')", "53");
        check("year_of_week(DATE '2027-01-01')", "2026");
        check("quarter(DATE '2026-12-31')", "4");
        check("doy(DATE '2024-12-31')", "366");
        check("hour(TIMESTAMP '2026-03-04 05:06:07.089 UTC' AT TIME ZONE 'Asia/Kolkata')", "10");
        check("millisecond(TIMESTAMP '1969-12-31 23:59:59.999')", "999");
        check("minute(INTERVAL '1 02:03' DAY TO MINUTE)", "3");
        check("timezone_minute(TIMESTAMP '2026-03-04 05:06:07 -08:35')", "-35");
        check("hour('2026')", "! Unexpected parameters (varchar(4)) for function hour.");
        check("hour(DATE '2026-03-04')", "0");
        check("extract(hour FROM DATE '2026-03-04')", "! Cannot extract hour from date");
    }

    #[test]
    fn units() {
        check("date_trunc('week', DATE '2026-03-04')", "2026-03-02");
        check(
            "date_trunc('day', TIMESTAMP '2026-03-29 12:00:00 Europe/Berlin')",
            "2026-03-29 00:00:00 Europe/Berlin",
        );
        check(
            "date_trunc('hour', DATE '2026-03-04')",
            "! date_trunc: 'hour' is not a valid DATE field: use day",
        );
        check(
            "date_add('day', 1, TIMESTAMP '2026-03-28 12:00:00 Europe/Berlin')",
            "2026-03-29 12:00:00 Europe/Berlin",
        );
        check(
            "date_add('hour', 24, TIMESTAMP '2026-03-28 12:00:00 Europe/Berlin')",
            "2026-03-29 13:00:00 Europe/Berlin",
        );
        check("date_add('month', -1, DATE '2024-03-31')", "2024-02-29");
        check("date_diff('hour', TIMESTAMP '2026-01-01 10:59:00', TIMESTAMP '2026-01-01 11:01:00')", "0");
        check("date_diff('day', DATE '2026-03-04', TIMESTAMP '2026-03-03 23:00:00')", "0");
        check("date_diff('month', DATE '2026-01-31', DATE '2026-02-28')", "1");
        check("date_diff('year', DATE '2024-02-29', DATE '2026-02-28')", "2");
        check(
            "date_add('fortnight', 1, DATE '2026-01-01')",
            "! date_add: 'fortnight' is not a valid DATE field",
        );
        check_type("date_add('day', 1, TIMESTAMP '2026-01-01 00:00:00.000000')", "timestamp(6)");
    }

    #[test]
    fn zones() {
        check("at_timezone(TIMESTAMP '2026-03-04 05:06:07 UTC', '+05:30')", "2026-03-04 10:36:07 +05:30");
        check("TIMESTAMP '2026-03-04 05:06:07' AT TIME ZONE 'utc'", "2026-03-04 05:06:07 UTC");
        check(
            "with_timezone(TIMESTAMP '2026-07-04 05:06:07', 'Europe/Berlin')",
            "2026-07-04 05:06:07 Europe/Berlin",
        );
        check(
            "with_timezone(TIMESTAMP '2026-07-04 05:06:07', 'Mars')",
            "! with_timezone: 'Mars' is not a valid time zone",
        );
        check("date(TIMESTAMP '2026-07-04 23:06:07 UTC' AT TIME ZONE 'Europe/Berlin')", "2026-07-05");
    }

    #[test]
    fn arithmetic() {
        check("DATE '2026-01-31' + INTERVAL '1' MONTH", "2026-02-28");
        check("TIMESTAMP '2026-01-01 00:00:00' - INTERVAL '1.5' SECOND", "2025-12-31 23:59:58.500");
        check("DATE '2026-01-31' + INTERVAL '1' HOUR", "! Cannot add hour, minutes or seconds from a date");
        check("DATE '2026-03-04' - DATE '2026-03-01'", "3 00:00:00.000");
        check("2 * INTERVAL '36' HOUR", "3 00:00:00.000");
        check("now()", "2026-03-04 05:06:07.089 UTC");
        check("current_date - INTERVAL '7' DAY", "2026-02-25");
        check("localtimestamp(0)", "2026-03-04 05:06:07");
    }
}
