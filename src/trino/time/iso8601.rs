//! Times and dates of ISO 8601.

use super::calendar;
use super::pattern::parse_offset;
use super::text::{take_digits, take_fraction};
use super::{DAY, HOUR, Instant, MINUTE, SECOND, Zone};

/// The instant of `2026-01-31T23:59:59.123Z`, with the zone that it names or UTC.
/// Everything after the year may be absent, from the end.
pub(crate) fn parse_timestamp(text: &str) -> Option<(Instant, Zone)> {
    let mut rest = text;
    let days = if rest.starts_with('T') { 0 } else { take_date(&mut rest)? };
    let (mut micros, mut picos) = (days.checked_mul(DAY)?, 0);
    let mut zone = Zone::UTC;
    if let Some(after) = rest.strip_prefix('T') {
        rest = after;
        if rest.starts_with(|c: char| c.is_ascii_digit()) {
            let time = take_time(&mut rest)?;
            micros = micros.checked_add(time.micros)?;
            picos = time.picos;
        }
        if let Some(after) = rest.strip_prefix('Z') {
            rest = after;
        } else if !rest.is_empty() {
            zone = parse_offset(&mut rest)?;
        }
    }
    rest.is_empty().then_some((Instant { micros: zone.to_utc(micros), picos }, zone))
}

/// `2026-01-31`, `2026-031` or `2026-W05-6`, as days since 1970-01-01.
pub(crate) fn parse_date(text: &str) -> Option<i64> {
    let mut rest = text;
    let days = take_date(&mut rest)?;
    rest.is_empty().then_some(days)
}

fn take_date(rest: &mut &str) -> Option<i64> {
    let negative = rest.starts_with('-');
    if negative || rest.starts_with('+') {
        *rest = &rest[1..];
    }
    let year: i64 = take_digits(rest, 1, 9)?.parse().ok()?;
    let year = if negative { -year } else { year };
    let Some(after) = rest.strip_prefix('-') else {
        return calendar::days(year, 1, 1);
    };
    *rest = after;
    if let Some(after) = rest.strip_prefix('W') {
        *rest = after;
        let week: i64 = take_digits(rest, 1, 2)?.parse().ok()?;
        let day = take_part(rest, '-', 1)?.unwrap_or(1);
        let fourth = calendar::days(year, 1, 4)?;
        let date = fourth - calendar::day_of_week(fourth) + 7 * (week - 1) + day;
        let is_real =
            (1..=53).contains(&week) && (1..=7).contains(&day) && calendar::iso_week(date) == (year, week);
        return is_real.then_some(date);
    }
    let digits = take_digits(rest, 1, 3)?;
    let number: u32 = digits.parse().ok()?;
    if digits.len() == 3 {
        let last = if calendar::is_leap(year) { 366 } else { 365 };
        return (1..=last)
            .contains(&number)
            .then(|| Some(calendar::days(year, 1, 1)? + i64::from(number) - 1))?;
    }
    let day = take_part(rest, '-', 2)?.unwrap_or(1);
    calendar::days(year, number, u32::try_from(day).ok()?)
}

/// A number after a separator, if that follows; `None`: it does, and no number.
fn take_part(rest: &mut &str, separator: char, most: usize) -> Option<Option<i64>> {
    let Some(after) = rest.strip_prefix(separator) else {
        return Some(None);
    };
    *rest = after;
    take_digits(rest, 1, most)?.parse().ok().map(Some)
}

/// Hours, minutes and seconds, the last of them with a fraction.
fn take_time(rest: &mut &str) -> Option<Instant> {
    let mut micros = 0;
    for (size, limit, separator) in [(HOUR, 24, None), (MINUTE, 60, Some(':')), (SECOND, 60, Some(':'))] {
        let number = match separator {
            None => take_digits(rest, 1, 2)?.parse::<i64>().ok()?,
            Some(separator) => match take_part(rest, separator, 2)? {
                Some(number) => number,
                None => break,
            },
        };
        if number >= limit {
            return None;
        }
        micros += number * size;
        if let Some(after) = rest.strip_prefix(['.', ',']) {
            *rest = after;
            let (fraction, _) = take_fraction(rest)?;
            // Picoseconds of a second, or as many parts of a minute or an hour.
            let picos = u128::from(fraction) * (size / SECOND) as u128;
            return Some(Instant {
                micros: micros + (picos / 1_000_000) as i64,
                picos: (picos % 1_000_000) as u32,
            });
        }
    }
    Some(Instant::from_micros(micros))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trino::time::text::{format_date, format_timestamp_tz};

    fn check(text: &str, expected: &str) {
        let shown = parse_timestamp(text)
            .map_or("invalid".to_owned(), |(instant, zone)| format_timestamp_tz(instant, zone, 6));
        assert_eq!(shown, expected, "{text}");
    }

    #[test]
    fn timestamps() {
        check("2026-03-04T05:06:07Z", "2026-03-04 05:06:07.000000 UTC");
        check("2026-03-04T05:06:07.1234567+05:30", "2026-03-04 05:06:07.123456 +05:30");
        check("2026-03-04T05:06", "2026-03-04 05:06:00.000000 UTC");
        check("2026-03-04T05.5-01", "2026-03-04 05:30:00.000000 -01:00");
        check("2026-03-04", "2026-03-04 00:00:00.000000 UTC");
        check("2026-03-04T", "2026-03-04 00:00:00.000000 UTC");
        check("2026-03", "2026-03-01 00:00:00.000000 UTC");
        check("2026-03-04 05:06:07", "invalid");
        check("2026-03-04T24:00:00Z", "invalid");
        check("2026-02-30T00:00:00Z", "invalid");
        check("2026-03-04T05:06:07Zulu", "invalid");
        check("", "invalid");
    }

    #[test]
    fn dates() {
        let date = |text| parse_date(text).map(format_date);
        assert_eq!(date("2026-W10-3").as_deref(), Some("2026-03-04"));
        assert_eq!(date("2026-W10").as_deref(), Some("2026-03-02"));
        assert_eq!(date("2026-063").as_deref(), Some("2026-03-04"));
        assert_eq!(date("2026-W54"), None);
        assert_eq!(date("2026-366"), None);
    }
}
