//! Patterns of times: Joda's letters, as `format_datetime` takes them, and
//! MySQL's, as `date_format` does. Both print and parse milliseconds.

use super::calendar::{self, Civil};
use super::{DAY, HOUR, Instant, MILLI, MINUTE, SECOND, Zone};

/// A pattern, taken apart.
#[derive(Clone, Debug)]
pub(crate) struct Format {
    items: Vec<Item>,
}

/// In the order in which a parsed value settles them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Field {
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

#[derive(Clone, Debug)]
enum Item {
    Literal(String),
    Number {
        field: Field,
        least: usize,
        most: usize,
    },
    /// Parsed to within 50 years of the pivot; any other number of digits is taken as it is, if that is lenient.
    TwoDigitYear {
        field: Field,
        pivot: i64,
        is_lenient: bool,
    },
    Text {
        field: Field,
        is_short: bool,
    },
    Fraction {
        least: usize,
        most: usize,
    },
    Offset {
        has_colon: bool,
    },
    ZoneName,
    ZoneId,
}

/// A time that was read: its wall clock, and the zone if it says so.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parsed {
    pub(crate) local_micros: i64,
    pub(crate) zone: Option<Zone>,
}

const MONTHS: [&str; 12] = [
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
const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// MySQL's two-digit years are those from 1970 to 2069.
const MYSQL_PIVOT: i64 = 2020;

impl Format {
    /// A pattern with MySQL's letters after `%`.
    ///
    /// # Errors
    ///
    /// A letter that Trino does not support.
    pub(crate) fn mysql(pattern: &str) -> Result<Format, String> {
        use Field::*;
        let mut items = Items::default();
        let mut chars = pattern.chars();
        while let Some(c) = chars.next() {
            if c != '%' {
                items.literal(c);
                continue;
            }
            match chars.next() {
                None => items.literal('%'),
                Some('a') => items.push(Item::Text { field: DayOfWeek, is_short: true }),
                Some('b') => items.push(Item::Text { field: Month, is_short: true }),
                Some('c') => items.number(Month, 1, 2),
                Some('d') => items.number(Day, 2, 2),
                Some('e') => items.number(Day, 1, 2),
                Some('f') => items.push(Item::Fraction { least: 6, most: 9 }),
                Some('H') => items.number(Hour, 2, 2),
                Some('h' | 'I') => items.number(ClockHourOfHalf, 2, 2),
                Some('i') => items.number(Minute, 2, 2),
                Some('j') => items.number(DayOfYear, 3, 3),
                Some('k') => items.number(Hour, 1, 2),
                Some('l') => items.number(ClockHourOfHalf, 1, 2),
                Some('M') => items.push(Item::Text { field: Month, is_short: false }),
                Some('m') => items.number(Month, 2, 2),
                Some('p') => items.push(Item::Text { field: HalfDay, is_short: false }),
                Some('r') => {
                    items.clock(ClockHourOfHalf);
                    items.literal(' ');
                    items.push(Item::Text { field: HalfDay, is_short: false });
                }
                Some('S' | 's') => items.number(Second, 2, 2),
                Some('T') => items.clock(Hour),
                Some('v') => items.number(Week, 2, 2),
                Some('x') => items.number(WeekYear, 4, 4),
                Some('W') => items.push(Item::Text { field: DayOfWeek, is_short: false }),
                Some('Y') => items.number(Year, 4, 4),
                Some('y') => {
                    items.push(Item::TwoDigitYear { field: Year, pivot: MYSQL_PIVOT, is_lenient: false })
                }
                Some(c @ ('w' | 'U' | 'u' | 'V' | 'X' | 'D')) => {
                    return Err(format!("%{c} not supported in date format string"));
                }
                Some(c) => items.literal(c),
            }
        }
        Ok(Format { items: items.0 })
    }

    /// A pattern of Joda's, whose letters count: `yyyy-MM-dd HH:mm:ss.SSS Z`.
    ///
    /// # Errors
    ///
    /// A letter without a meaning.
    pub(crate) fn joda(pattern: &str, this_year: i64) -> Result<Format, String> {
        use Field::*;
        let mut items = Items::default();
        let tokens = joda_tokens(pattern);
        for (i, token) in tokens.iter().enumerate() {
            let length = token.chars().count();
            let next_is_number = tokens.get(i + 1).is_some_and(|next| is_numeric(next));
            match token.chars().next() {
                Some('\'') => token[1..].chars().for_each(|c| items.literal(c)),
                Some('G') => items.push(Item::Text { field: Era, is_short: true }),
                Some('C') => items.number(Century, length, length),
                Some(letter @ ('x' | 'y' | 'Y')) => {
                    let field = match letter {
                        'x' => WeekYear,
                        'y' => Year,
                        _ => YearOfEra,
                    };
                    if length == 2 {
                        let pivot = this_year - 30;
                        items.push(Item::TwoDigitYear { field, pivot, is_lenient: !next_is_number });
                    } else {
                        items.number(field, length, if next_is_number { length } else { 9 });
                    }
                }
                Some('M') if length >= 3 => items.push(Item::Text { field: Month, is_short: length == 3 }),
                Some('M') => items.number(Month, length, 2),
                Some('d') => items.number(Day, length, 2),
                Some('a') => items.push(Item::Text { field: HalfDay, is_short: false }),
                Some('h') => items.number(ClockHourOfHalf, length, 2),
                Some('H') => items.number(Hour, length, 2),
                Some('k') => items.number(ClockHour, length, 2),
                Some('K') => items.number(HourOfHalf, length, 2),
                Some('m') => items.number(Minute, length, 2),
                Some('s') => items.number(Second, length, 2),
                Some('S') => items.push(Item::Fraction { least: length, most: length }),
                Some('e') => items.number(DayOfWeek, length, 1),
                Some('E') => items.push(Item::Text { field: DayOfWeek, is_short: length < 4 }),
                Some('D') => items.number(DayOfYear, length, 3),
                Some('w') => items.number(Week, length, 2),
                Some('z') if length < 4 => items.push(Item::ZoneName),
                Some('z') => return Err("the long name of a time zone (zzzz) is not supported".to_owned()),
                Some('Z') if length < 3 => items.push(Item::Offset { has_colon: length == 2 }),
                Some('Z') => items.push(Item::ZoneId),
                Some(c) if c.is_ascii_alphabetic() => {
                    return Err(format!("Illegal pattern component: {token}"));
                }
                _ => token.chars().for_each(|c| items.literal(c)),
            }
        }
        Ok(Format { items: items.0 })
    }

    /// Whether it shows or reads a zone.
    pub(crate) fn has_zone(&self) -> bool {
        self.items.iter().any(|item| matches!(item, Item::Offset { .. } | Item::ZoneName | Item::ZoneId))
    }

    /// The text of a time in a zone, rounded to milliseconds.
    ///
    /// # Errors
    ///
    /// The zone has no name in letters.
    pub(crate) fn print(&self, instant: Instant, zone: Zone) -> Result<String, String> {
        let utc = super::round(instant, 3).micros;
        let offset = zone.offset_at(utc);
        let local = utc.saturating_add(offset);
        let clock = Civil::from_micros(local);
        let mut out = String::new();
        for item in &self.items {
            match item {
                Item::Literal(text) => out.push_str(text),
                Item::Number { field, least, .. } => {
                    let number = field.get(local, &clock);
                    let sign = if number < 0 { "-" } else { "" };
                    out.push_str(&format!("{sign}{:0least$}", number.abs()));
                }
                Item::TwoDigitYear { field, .. } => {
                    out.push_str(&format!("{:02}", field.get(local, &clock).rem_euclid(100)));
                }
                Item::Text { field, is_short } => {
                    out.push_str(name(*field, field.get(local, &clock), *is_short))
                }
                Item::Fraction { least, most } => {
                    let digits = format!("{:06}", clock.micro);
                    let shown = digits.trim_end_matches('0').len().clamp(*least, (*most).max(*least));
                    out.push_str(&format!("{digits:0<shown$}")[..shown]);
                }
                Item::Offset { has_colon } => out.push_str(&print_offset(offset, *has_colon)),
                Item::ZoneId => out.push_str(&zone.to_string()),
                Item::ZoneName => out.push_str(&zone_name(zone, utc)?),
            }
        }
        Ok(out)
    }

    /// The time a text means.
    ///
    /// # Errors
    ///
    /// The text does not follow the pattern.
    pub(crate) fn parse(&self, text: &str) -> Result<Parsed, String> {
        let mut rest = text;
        let mut fields: Vec<(Field, i64)> = Vec::new();
        let mut zone = None;
        for item in &self.items {
            let before = rest;
            parse_item(item, &mut rest, &mut fields, &mut zone).ok_or_else(|| malformed(text, before))?;
        }
        if !rest.is_empty() {
            return Err(malformed(text, rest));
        }
        let local_micros =
            settle(fields).map_err(|field| format!("Cannot parse \"{text}\": {field} is out of range"))?;
        Ok(Parsed { local_micros, zone })
    }
}

fn malformed(text: &str, rest: &str) -> String {
    if rest.is_empty() {
        return format!("Invalid format: \"{text}\" is too short");
    }
    if rest.len() == text.len() {
        return format!("Invalid format: \"{text}\"");
    }
    format!("Invalid format: \"{text}\" is malformed at \"{rest}\"")
}

#[derive(Default)]
struct Items(Vec<Item>);

impl Items {
    fn push(&mut self, item: Item) {
        self.0.push(item);
    }

    fn literal(&mut self, c: char) {
        match self.0.last_mut() {
            Some(Item::Literal(text)) => text.push(c),
            _ => self.0.push(Item::Literal(c.into())),
        }
    }

    fn number(&mut self, field: Field, least: usize, most: usize) {
        self.0.push(Item::Number { field, least, most });
    }

    fn clock(&mut self, hour: Field) {
        self.number(hour, 2, 2);
        self.literal(':');
        self.number(Field::Minute, 2, 2);
        self.literal(':');
        self.number(Field::Second, 2, 2);
    }
}

/// Runs of one letter, and literals, which begin with a quote if they were quoted.
fn joda_tokens(pattern: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        let mut token = String::from(c);
        if c == '\'' {
            if chars.next_if_eq(&'\'').is_some() {
                token.push('\'');
            } else {
                while let Some(c) = chars.next() {
                    if c == '\'' && chars.next_if_eq(&'\'').is_none() {
                        break;
                    }
                    token.push(c);
                }
            }
        } else if c.is_ascii_alphabetic() {
            while let Some(c) = chars.next_if_eq(&c) {
                token.push(c);
            }
        }
        tokens.push(token);
    }
    tokens
}

/// Whether a letter is printed as a number, so that one ahead of it must know where it ends.
fn is_numeric(token: &str) -> bool {
    match token.chars().next() {
        Some('M') => token.len() < 3,
        Some(c) => "cCxyYdhHmsSeDFwWkK".contains(c),
        None => false,
    }
}

impl Field {
    fn get(self, local: i64, clock: &Civil) -> i64 {
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
    fn rank(self) -> u8 {
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
fn settle(mut fields: Vec<(Field, i64)>) -> Result<i64, String> {
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

fn name(field: Field, value: i64, is_short: bool) -> &'static str {
    let long = match field {
        Field::Month => MONTHS.get(value as usize - 1),
        Field::DayOfWeek => DAYS.get(value as usize - 1),
        Field::HalfDay => ["AM", "PM"].get(value as usize),
        _ => ["BC", "AD"].get(value as usize),
    };
    let long = long.copied().unwrap_or("");
    if is_short { &long[..long.len().min(3)] } else { long }
}

fn print_offset(offset_micros: i64, has_colon: bool) -> String {
    let sign = if offset_micros < 0 { '-' } else { '+' };
    let minutes = offset_micros.abs() / MINUTE;
    let colon = if has_colon { ":" } else { "" };
    format!("{sign}{:02}{colon}{:02}", minutes / 60, minutes % 60)
}

/// The short name of a zone at an instant, as `CET`.
///
/// # Errors
///
/// The tz database has none.
pub(crate) fn zone_name(zone: Zone, utc_micros: i64) -> Result<String, String> {
    use chrono::TimeZone;
    match zone {
        Zone::Region(tz) => {
            let utc = chrono::DateTime::from_timestamp_micros(utc_micros).unwrap_or_default();
            let offset = tz.offset_from_utc_datetime(&utc.naive_utc());
            let name = chrono_tz::OffsetName::abbreviation(&offset).unwrap_or("");
            // The tz database gives up on invented names where Java keeps them.
            if name.starts_with(|c: char| c.is_ascii_alphabetic()) {
                return Ok(name.to_owned());
            }
            Err(format!("the short name of the time zone {zone} (z) is not supported"))
        }
        zone => Ok(zone.to_string()),
    }
}

fn parse_item(
    item: &Item,
    rest: &mut &str,
    fields: &mut Vec<(Field, i64)>,
    zone: &mut Option<Zone>,
) -> Option<()> {
    match item {
        Item::Literal(text) => {
            let prefix = rest.get(..text.len())?;
            if !prefix.eq_ignore_ascii_case(text) {
                return None;
            }
            *rest = &rest[text.len()..];
        }
        Item::Number { field, most, .. } => {
            let is_signed = matches!(field, Field::Year | Field::WeekYear);
            fields.push((*field, parse_number(rest, *most, is_signed)?));
        }
        Item::TwoDigitYear { field, pivot, is_lenient } => {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let is_signed = rest.starts_with(['+', '-']);
            let year = if *is_lenient && (is_signed || digits != 2) {
                parse_number(rest, 9, true)?
            } else {
                let two: i64 = super::text::take_digits(rest, 2, 2)?.parse().ok()?;
                let low = pivot - 50;
                low + (two - low).rem_euclid(100)
            };
            fields.push((*field, year));
        }
        Item::Text { field, .. } => {
            let names: &[&str] = match field {
                Field::Month => &MONTHS,
                Field::DayOfWeek => &DAYS,
                Field::HalfDay => &["AM", "PM"],
                _ => &["BC", "AD"],
            };
            let first = i64::from(matches!(field, Field::Month | Field::DayOfWeek));
            let (length, index) = names
                .iter()
                .enumerate()
                .flat_map(|(index, name)| [(name.len(), index), (name.len().min(3), index)])
                .filter(|(length, index)| {
                    rest.get(..*length)
                        .is_some_and(|start| start.eq_ignore_ascii_case(&names[*index][..*length]))
                })
                .max_by_key(|(length, _)| *length)?;
            *rest = &rest[length..];
            fields.push((*field, index as i64 + first));
        }
        Item::Fraction { most, .. } => {
            let digits = super::text::take_digits(rest, 1, *most)?;
            let millis = format!("{digits:0<3}")[..3].parse().ok()?;
            fields.push((Field::Milli, millis));
        }
        Item::Offset { .. } => {
            *zone = Some(if let Some(after) = rest.strip_prefix('Z') {
                *rest = after;
                Zone::UTC
            } else {
                parse_offset(rest)?
            });
        }
        Item::ZoneId | Item::ZoneName => {
            let end = rest
                .find(|c: char| !(c.is_ascii_alphanumeric() || "/_+-:".contains(c)))
                .unwrap_or(rest.len());
            let length = (1..=end)
                .rev()
                .find(|length| rest.get(..*length).is_some_and(|id| Zone::parse(id).is_some()))?;
            *zone = Zone::parse(&rest[..length]);
            *rest = &rest[length..];
        }
    }
    Some(())
}

fn parse_number(rest: &mut &str, most: usize, is_signed: bool) -> Option<i64> {
    let negative = is_signed && rest.starts_with('-');
    if negative || (is_signed && rest.starts_with('+')) {
        *rest = &rest[1..];
    }
    let number: i64 = super::text::take_digits(rest, 1, most)?.parse().ok()?;
    Some(if negative { -number } else { number })
}

/// `+05`, `+0530` or `+05:30`
pub(crate) fn parse_offset(rest: &mut &str) -> Option<Zone> {
    let sign = match rest.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    *rest = &rest[1..];
    let hours: i64 = super::text::take_digits(rest, 2, 2)?.parse().ok()?;
    let mut after = rest.strip_prefix(':').unwrap_or(rest);
    let minutes = match super::text::take_digits(&mut after, 2, 2) {
        Some(minutes) => {
            *rest = after;
            minutes.parse().ok().filter(|minutes| *minutes < 60)?
        }
        None => 0,
    };
    Zone::from_minutes(sign * (hours * 60 + minutes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trino::time::text::format_timestamp;

    fn print(format: Result<Format, String>, micros: i64, zone: Zone) -> String {
        format
            .and_then(|format| format.print(Instant::from_micros(micros), zone))
            .unwrap_or_else(|error| error)
    }

    fn parse(format: Result<Format, String>, text: &str) -> String {
        match format.and_then(|format| format.parse(text)) {
            Ok(parsed) => {
                let zone = parsed.zone.map_or(String::new(), |zone| format!(" {zone}"));
                format_timestamp(Instant::from_micros(parsed.local_micros), 3, ' ') + &zone
            }
            Err(error) => error,
        }
    }

    /// 2026-03-04T05:06:07.089Z
    const TIME: i64 = 1_772_600_767_089_000;

    #[test]
    fn mysql() {
        let zone = Zone::parse("Europe/Berlin").unwrap();
        assert_eq!(
            print(Format::mysql("%Y-%m-%d %H:%i:%s.%f"), TIME, Zone::UTC),
            "2026-03-04 05:06:07.089000"
        );
        assert_eq!(
            print(Format::mysql("%a %W %b %M %c %e %y %j %x-%v"), TIME, zone),
            "Wed Wednesday Mar March 3 4 26 063 2026-10"
        );
        assert_eq!(
            print(Format::mysql("%r %k %l %p 100%% %z%"), TIME + 12 * HOUR, zone),
            "06:06:07 PM 18 6 PM 100% z%"
        );
        assert_eq!(print(Format::mysql("%U"), TIME, zone), "%U not supported in date format string");
        assert_eq!(parse(Format::mysql("%Y-%m-%d %H:%i"), "2026-1-31 23:59"), "2026-01-31 23:59:00.000");
        assert_eq!(parse(Format::mysql("%Y%m%dT%H%i%sZ"), "20260131T235958Z"), "2026-01-31 23:59:58.000");
        assert_eq!(
            parse(Format::mysql("%d/%b/%Y %h:%i %p"), "04/MAR/2026 12:30 am"),
            "2026-03-04 00:30:00.000"
        );
        assert_eq!(parse(Format::mysql("%m-%d"), "02-29"), "2000-02-29 00:00:00.000");
        assert_eq!(parse(Format::mysql("%x %v"), "2026 10"), "2026-03-02 00:00:00.000");
        assert_eq!(
            parse(Format::mysql("%Y-%m-%d"), "2026-02-30"),
            "Cannot parse \"2026-02-30\": Day 30 is out of range"
        );
        assert_eq!(parse(Format::mysql("%Y-%m-%d"), "2026-02"), "Invalid format: \"2026-02\" is too short");
        assert_eq!(
            parse(Format::mysql("%Y-%m-%d"), "2026-02-01T"),
            "Invalid format: \"2026-02-01T\" is malformed at \"T\""
        );
    }

    #[test]
    fn joda() {
        let zone = Zone::parse("Asia/Kathmandu").unwrap();
        let format = |pattern| Format::joda(pattern, 2026);
        assert_eq!(
            print(format("yyyy-MM-dd'T'HH:mm:ss.SSS Z ZZ ZZZ"), TIME, zone),
            "2026-03-04T10:51:07.089 +0545 +05:45 Asia/Kathmandu"
        );
        assert_eq!(
            print(format("EEEE, d MMMM yy 'o''clock' h a K k e D w G z"), TIME, Zone::UTC),
            "Wednesday, 4 March 26 o'clock 5 AM 5 5 3 63 10 AD UTC"
        );
        assert_eq!(print(format("Q"), TIME, zone), "Illegal pattern component: Q");
        assert_eq!(
            parse(format("yyyy/MM/dd HH:mm Z"), "1960/01/22 03:04 +0500"),
            "1960-01-22 03:04:00.000 +05:00"
        );
        assert_eq!(
            parse(format("yyyy/MM/dd ZZZ"), "1960/01/22 Asia/Oral"),
            "1960-01-22 00:00:00.000 Asia/Oral"
        );
        assert_eq!(parse(format("yyyyMMdd"), "20260304"), "2026-03-04 00:00:00.000");
        assert_eq!(parse(format("MMM d, yy"), "Mar 4, 26"), "2026-03-04 00:00:00.000");
    }
}
