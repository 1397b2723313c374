//! Dates and timestamps as SQL writes them.

use super::calendar::{self, Civil};
use super::{DAY, Instant, PICOS, Zone};

/// What a text says about a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ParsedTimestamp {
    pub(crate) local: Instant,
    /// Digits of the fraction that were written; those after the twelfth are rounded off.
    pub(crate) precision: u8,
    pub(crate) zone: Option<Zone>,
}

/// Digits at the start of a text, from `least` to `most` of them.
pub(crate) fn take_digits<'t>(text: &mut &'t str, least: usize, most: usize) -> Option<&'t str> {
    let end = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    if end < least {
        return None;
    }
    let (digits, rest) = text.split_at(end);
    *text = rest;
    Some(digits)
}

fn take_char(text: &mut &str, wanted: char) -> Option<()> {
    *text = text.strip_prefix(wanted)?;
    Some(())
}

fn take_date(text: &mut &str, year_digits: usize) -> Option<i64> {
    let negative = text.starts_with('-');
    if negative || text.starts_with('+') {
        *text = &text[1..];
    }
    let year: i64 = take_digits(text, year_digits, 9)?.parse().ok()?;
    take_char(text, '-')?;
    let month = take_digits(text, 1, 2)?.parse().ok()?;
    take_char(text, '-')?;
    let day = take_digits(text, 1, 2)?.parse().ok()?;
    calendar::days(if negative { -year } else { year }, month, day)
}

/// `2026-01-31`, with or without the zeros, as days since 1970-01-01.
pub(crate) fn parse_date(text: &str) -> Option<i32> {
    let mut rest = text.trim();
    let days = take_date(&mut rest, 1)?;
    rest.is_empty().then(|| i32::try_from(days).ok()).flatten()
}

/// `2026-01-31 23:59:59.123 Europe/Berlin`: all but the date may be absent.
pub(crate) fn parse_timestamp(text: &str) -> Option<ParsedTimestamp> {
    let mut rest = text;
    let days = take_date(&mut rest, 4)?;
    let mut micros = days.checked_mul(DAY)?;
    let (mut picos, mut precision, mut zone) = (0, 0, None);
    if !rest.is_empty() {
        take_char(&mut rest, ' ')?;
        if rest.starts_with(|c: char| c.is_ascii_digit()) {
            let (time, fraction, digits) = take_time(&mut rest)?;
            micros = micros.checked_add(time)?;
            (picos, precision) = (fraction, digits);
        }
        let name = rest.trim_start();
        if !name.is_empty() {
            zone = Some(Zone::parse(name)?);
        }
    }
    let local = Instant {
        micros: micros.checked_add((picos / u64::from(PICOS)) as i64)?,
        picos: (picos % u64::from(PICOS)) as u32,
    };
    Some(ParsedTimestamp { local, precision, zone })
}

/// `3:4:5.678`: microseconds of the whole seconds, picoseconds of the fraction,
/// and how many digits that has. Seconds may be absent.
fn take_time(text: &mut &str) -> Option<(i64, u64, u8)> {
    let hour = take_digits(text, 1, 2)?.parse().ok()?;
    take_char(text, ':')?;
    let minute = take_digits(text, 1, 2)?.parse().ok()?;
    let mut second = 0;
    let (mut picos, mut precision) = (0, 0);
    if take_char(text, ':').is_some() {
        second = take_digits(text, 1, 2)?.parse().ok()?;
        if take_char(text, '.').is_some() {
            (picos, precision) = take_fraction(text)?;
        }
    }
    let clock = Civil { year: 1970, month: 1, day: 1, hour, minute, second, micro: 0 };
    Some((clock.to_micros()?, picos, precision))
}

/// The digits after the point, as picoseconds.
pub(crate) fn take_fraction(text: &mut &str) -> Option<(u64, u8)> {
    let digits = take_digits(text, 1, usize::MAX)?;
    let kept = &digits[..digits.len().min(12)];
    let mut picos = kept.parse::<u64>().ok()? * 10u64.pow(12 - kept.len() as u32);
    if digits.as_bytes().get(12).is_some_and(|digit| *digit >= b'5') {
        picos += 1;
    }
    Some((picos, u8::try_from(digits.len()).ok()?))
}

/// `2026-01-31`
pub(crate) fn format_date(days: i64) -> String {
    let mut text = String::with_capacity(10);
    push_date(&mut text, days);
    text
}

fn push_date(text: &mut String, days: i64) {
    let (year, month, day) = calendar::from_days(days);
    if year < 0 {
        text.push('-');
    }
    push_padded(text, year.unsigned_abs(), 4);
    text.push('-');
    push_padded(text, month.into(), 2);
    text.push('-');
    push_padded(text, day.into(), 2);
}

/// Appends a number with zeros ahead of it, up to so many digits. Times are
/// made of little else, and the formatting machinery takes its time.
pub(crate) fn push_padded(text: &mut String, number: u64, width: usize) {
    let mut digits = [b'0'; 20];
    let mut rest = number;
    let mut start = digits.len();
    while rest > 0 {
        start -= 1;
        digits[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    let start = start.min(digits.len().saturating_sub(width));
    text.extend(std::iter::repeat_n('0', width.saturating_sub(digits.len())));
    text.push_str(std::str::from_utf8(&digits[start..]).unwrap_or_default());
}

/// `2026-01-31 23:59:59.123`, with so many digits after the point.
pub(crate) fn format_timestamp(local: Instant, precision: u8, separator: char) -> String {
    let mut text = String::with_capacity(32);
    push_date(&mut text, local.micros.div_euclid(DAY));
    let clock = Civil::from_micros(local.micros.rem_euclid(DAY));
    text.push(separator);
    push_padded(&mut text, clock.hour.into(), 2);
    text.push(':');
    push_padded(&mut text, clock.minute.into(), 2);
    text.push(':');
    push_padded(&mut text, clock.second.into(), 2);
    if precision > 0 {
        text.push('.');
        let end = text.len() + usize::from(precision.min(12));
        push_padded(&mut text, clock.micro.into(), 6);
        push_padded(&mut text, local.picos.into(), 6);
        text.truncate(end);
    }
    text
}

/// The same with the zone after it.
pub(crate) fn format_timestamp_tz(instant: Instant, zone: Zone, precision: u8) -> String {
    let local = Instant { micros: zone.to_local(instant.micros), ..instant };
    format!("{} {zone}", format_timestamp(local, precision, ' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let shown = parse_timestamp(text).map_or("invalid".to_owned(), |parsed| {
            let zone = parsed.zone.map_or(String::new(), |zone| format!(" {zone}"));
            format!("{}{zone}", format_timestamp(parsed.local, parsed.precision, ' '))
        });
        assert_eq!(shown, expected, "{text}");
    }

    #[test]
    fn timestamps() {
        check("2026-01-31 23:59:59.123456789 Europe/Berlin", "2026-01-31 23:59:59.123456789 Europe/Berlin");
        check("2026-1-2 3:4+05:30", "2026-01-02 03:04:00 +05:30");
        check("2026-01-02 UTC", "2026-01-02 00:00:00 UTC");
        check("2026-01-02", "2026-01-02 00:00:00");
        check("-0044-03-15 12:00", "-0044-03-15 12:00:00");
        check("2026-13-02", "invalid");
        check("2026-01-02 24:00", "invalid");
        check("2026-01-02T00:00:00", "invalid");
        check("2026-01-02 00:00:00 Mars/Base", "invalid");
    }

    #[test]
    fn dates() {
        assert_eq!(parse_date(" +2013-2-02 "), Some(15_738));
        assert_eq!(parse_date("2013-02-29"), None);
        assert_eq!(parse_date("2013-002-02"), None);
        assert_eq!(parse_date("2013-02-02 "), parse_date("2013-02-02"));
    }
}
