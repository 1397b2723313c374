//! Patterns of times, as `format_datetime` (Joda's letters) and `date_format`
//! (MySQL's) take them. Both print and parse milliseconds.

mod field;
mod joda;
mod mysql;

use super::calendar::Civil;
use super::text::{push_padded, take_digits};
use super::{Instant, MINUTE, Zone};
use field::{DAYS, Field, MONTHS, name, settle};

/// A pattern, taken apart.
#[derive(Clone, Debug)]
pub(crate) struct Format {
    items: Vec<Item>,
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

impl Format {
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
        let mut out = String::with_capacity(32);
        for item in &self.items {
            match item {
                Item::Literal(text) => out.push_str(text),
                Item::Number { field, least, .. } => {
                    let number = field.get(local, &clock);
                    if number < 0 {
                        out.push('-');
                    }
                    push_padded(&mut out, number.unsigned_abs(), *least);
                }
                Item::TwoDigitYear { field, .. } => {
                    push_padded(&mut out, field.get(local, &clock).rem_euclid(100).unsigned_abs(), 2);
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
                let two: i64 = take_digits(rest, 2, 2)?.parse().ok()?;
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
            let digits = take_digits(rest, 1, *most)?;
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
    let number: i64 = take_digits(rest, 1, most)?.parse().ok()?;
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
    let hours: i64 = take_digits(rest, 2, 2)?.parse().ok()?;
    let mut after = rest.strip_prefix(':').unwrap_or(rest);
    let minutes = match take_digits(&mut after, 2, 2) {
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
    use crate::trino::time::HOUR;
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
