//! The weeks that the sample covers, and the ways CloudTrail writes a time.

use std::io::Write as _;

use chrono::{DateTime, Datelike as _, Timelike as _, Utc};

pub(super) const DAY: i64 = 86_400;

/// Monday 2026-09-28, 00:00 UTC, in seconds since 1970.
pub(super) const START: i64 = 1_790_553_600;

/// Four weeks but for the last Sunday: up to and including Saturday 2026-10-24.
pub(super) const DAYS: i64 = 27;

/// Seconds since 1970 of a time that the scripts give as `"2026-10-15T21:52:07Z"`.
pub(super) fn at(time: &str) -> i64 {
    time.parse::<DateTime<Utc>>().expect("the scripts give RFC 3339").timestamp()
}

/// The calendar's view of a second.
#[derive(Clone, Copy)]
pub(super) struct Stamp(DateTime<Utc>);

impl Stamp {
    pub(super) fn of(seconds: i64) -> Self {
        Stamp(DateTime::from_timestamp(seconds, 0).unwrap_or_default())
    }

    /// `2026-10-15T21:52:07Z`
    pub(super) fn iso(self, out: &mut Vec<u8>) {
        let time = self.0;
        number(out, time.year() as u32, 4);
        for (separator, part) in [
            (b'-', time.month()),
            (b'-', time.day()),
            (b'T', time.hour()),
            (b':', time.minute()),
            (b':', time.second()),
        ] {
            out.push(separator);
            number(out, part, 2);
        }
        out.push(b'Z');
    }

    /// `Oct 15, 2026, 9:52:07 PM`, as response elements have it.
    pub(super) fn words(self, out: &mut Vec<u8>) {
        const MONTHS: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let (afternoon, hour) = self.0.hour12();
        let month = MONTHS[self.0.month0() as usize];
        out.extend_from_slice(month.as_bytes());
        out.push(b' ');
        decimal(out, self.0.day().into());
        out.extend_from_slice(b", ");
        number(out, self.0.year() as u32, 4);
        out.extend_from_slice(b", ");
        decimal(out, hour.into());
        out.push(b':');
        number(out, self.0.minute(), 2);
        out.push(b':');
        number(out, self.0.second(), 2);
        out.extend_from_slice(if afternoon { b" PM" } else { b" AM" });
    }

    /// `2026/10/15`, the last folders of an object's path.
    pub(super) fn folders(self) -> String {
        self.0.format("%Y/%m/%d").to_string()
    }

    /// `20261015T2155Z`, the delivery time in an object's name.
    pub(super) fn delivery(self) -> String {
        self.0.format("%Y%m%dT%H%MZ").to_string()
    }
}

/// A number with leading zeroes.
fn number(out: &mut Vec<u8>, value: u32, digits: u32) {
    for place in (0..digits).rev() {
        out.push(b'0' + (value / 10u32.pow(place) % 10) as u8);
    }
}

pub(super) fn decimal(out: &mut Vec<u8>, value: u64) {
    // Writing to a vector cannot fail.
    let _ = write!(out, "{value}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_day_is_a_monday() {
        assert_eq!(Stamp::of(START).0.to_rfc3339(), "2026-09-28T00:00:00+00:00");
        assert_eq!(Stamp::of(START).0.weekday(), chrono::Weekday::Mon);
        assert_eq!(Stamp::of(START + (DAYS - 1) * DAY).folders(), "2026/10/24");
    }

    #[test]
    fn times_are_written_as_cloudtrail_writes_them() {
        let check = |time: &str, words: &str, delivery: &str| {
            let (mut iso, mut long) = (Vec::new(), Vec::new());
            Stamp::of(at(time)).iso(&mut iso);
            Stamp::of(at(time)).words(&mut long);
            assert_eq!(String::from_utf8(iso).unwrap(), time);
            assert_eq!(String::from_utf8(long).unwrap(), words);
            assert_eq!(Stamp::of(at(time)).delivery(), delivery);
        };
        check("2026-10-05T21:02:07Z", "Oct 5, 2026, 9:02:07 PM", "20261005T2102Z");
        check("2026-10-16T00:00:00Z", "Oct 16, 2026, 12:00:00 AM", "20261016T0000Z");
        check("2026-09-30T12:59:59Z", "Sep 30, 2026, 12:59:59 PM", "20260930T1259Z");
    }
}
