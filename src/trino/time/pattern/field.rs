//! The fields of a pattern: what they show of a time, and how they set one.

use super::super::calendar::{self, Civil};
use super::super::{DAY, HOUR, MILLI, MINUTE, SECOND};

/// In the order in which a parsed value settles them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Field {
    Era,
    Century,
    Year,
    YearOfEra,
    WeekYear,
    Month,
    Week,
    DayOfYear,
    Day,
    DayOfWeek,
    HalfDay,
    Hour,
    ClockHour,
    HourOfHalf,
    ClockHourOfHalf,
    Minute,
    Second,
    Milli,
}

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub(super) const DAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

impl Field {
    pub(super) fn get(self, local: i64, clock: &Civil) -> i64 {
        let days = local.div_euclid(DAY);
        let of_era = if clock.year > 0 { clock.year } else { 1 - clock.year };
        match self {
            Field::Era => i64::from(clock.year > 0),
            Field::Century => of_era / 100,
            Field::Year => clock.year,
            Field::YearOfEra => of_era,
            Field::WeekYear => calendar::iso_week(days).0,
            Field::Month => i64::from(clock.month),
            Field::Week => calendar::iso_week(days).1,
            Field::DayOfYear => calendar::day_of_year(days),
            Field::Day => i64::from(clock.day),
            Field::DayOfWeek => calendar::day_of_week(days),
            Field::HalfDay => i64::from(clock.hour / 12),
            Field::Hour => i64::from(clock.hour),
            Field::ClockHour => i64::from((clock.hour + 23) % 24 + 1),
            Field::HourOfHalf => i64::from(clock.hour % 12),
            Field::ClockHourOfHalf => i64::from((clock.hour + 11) % 12 + 1),
            Field::Minute => i64::from(clock.minute),
            Field::Second => i64::from(clock.second),
            Field::Milli => i64::from(clock.micro / 1000),
        }
    }

    /// The wall clock with the field set, and all lesser ones at their start.
    fn set(self, local: i64, value: i64) -> Option<i64> {
        let clock = Civil::from_micros(local);
        let days = local.div_euclid(DAY);
        let first_of = |year: i64| calendar::days(year, 1, 1);
        let within = |low: i64, high: i64| (low..=high).contains(&value).then_some(value);
        let day = |days: i64| days.checked_mul(DAY);
        match self {
            Field::Era => within(0, 1).map(|_| local),
            Field::Century => {
                day(first_of(value.checked_mul(100)?.checked_add(clock.year.rem_euclid(100))?)?)
            }
            Field::Year => day(first_of(value)?),
            Field::YearOfEra => day(first_of(within(1, i64::MAX)?)?),
            Field::WeekYear => {
                let fourth = calendar::days(value, 1, 4)?;
                day(fourth - calendar::day_of_week(fourth) + 1)
            }
            Field::Month => day(calendar::days(clock.year, within(1, 12)? as u32, 1)?),
            Field::Week => {
                let (year, week) = calendar::iso_week(days);
                let monday = days - calendar::day_of_week(days) + 1 + 7 * (within(1, 53)? - week);
                (calendar::iso_week(monday).0 == year).then(|| day(monday))?
            }
            Field::DayOfYear => {
                let last = if calendar::is_leap(clock.year) { 366 } else { 365 };
                day(first_of(clock.year)? + within(1, last)? - 1)
            }
            Field::Day => day(calendar::days(clock.year, clock.month, u32::try_from(value).ok()?)?),
            Field::DayOfWeek => day(days - calendar::day_of_week(days) + within(1, 7)?),
            Field::HalfDay => Some(days * DAY + within(0, 1)? * 12 * HOUR),
            Field::Hour => Some(days * DAY + within(0, 23)? * HOUR),
            Field::ClockHour => Some(days * DAY + within(1, 24)? % 24 * HOUR),
            Field::HourOfHalf => Some(local - local.rem_euclid(12 * HOUR) + within(0, 11)? * HOUR),
            Field::ClockHourOfHalf => Some(local - local.rem_euclid(12 * HOUR) + within(1, 12)? % 12 * HOUR),
            Field::Minute => Some(local - local.rem_euclid(HOUR) + within(0, 59)? * MINUTE),
            Field::Second => Some(local - local.rem_euclid(MINUTE) + within(0, 59)? * SECOND),
            Field::Milli => Some(local - local.rem_euclid(SECOND) + within(0, 999)? * MILLI),
        }
    }

    /// The size of the field, so that greater ones are settled first.
    pub(super) fn rank(self) -> u8 {
        match self {
            Field::Era => 0,
            Field::Century => 1,
            Field::Year | Field::YearOfEra | Field::WeekYear => 2,
            Field::Month => 3,
            Field::Week => 4,
            Field::DayOfYear | Field::Day | Field::DayOfWeek => 5,
            Field::HalfDay => 6,
            Field::Hour | Field::ClockHour | Field::HourOfHalf | Field::ClockHourOfHalf => 7,
            Field::Minute => 8,
            Field::Second => 9,
            Field::Milli => 10,
        }
    }
}

/// The wall clock of parsed fields, from the greatest to the least; of two of one size the later counts.
pub(super) fn settle(mut fields: Vec<(Field, i64)>) -> Result<i64, String> {
    fields.sort_by_key(|(field, _)| field.rank());
    // Without a year a date is one of 2000, so that February has 29 days.
    let mut local = match fields.first() {
        Some((field, _)) if (Field::Month.rank()..=Field::Day.rank()).contains(&field.rank()) => {
            calendar::days(2000, 1, 1).unwrap_or(0) * DAY
        }
        _ => 0,
    };
    for (field, value) in fields {
        local = field.set(local, value).ok_or_else(|| format!("{field:?} {value}"))?;
    }
    Ok(local)
}

pub(super) fn name(field: Field, value: i64, is_short: bool) -> &'static str {
    let long = match field {
        Field::Month => MONTHS.get(value as usize - 1),
        Field::DayOfWeek => DAYS.get(value as usize - 1),
        Field::HalfDay => ["AM", "PM"].get(value as usize),
        _ => ["BC", "AD"].get(value as usize),
    };
    let long = long.copied().unwrap_or("");
    if is_short { &long[..long.len().min(3)] } else { long }
}
