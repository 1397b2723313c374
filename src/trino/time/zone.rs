//! Time zones: UTC, fixed offsets and the regions of the tz database.

use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

use chrono::{MappedLocalTime, Offset, TimeZone};
use chrono_tz::{TZ_VARIANTS, Tz};

use super::{DAY, MINUTE, SECOND};

/// The zone a `timestamp with time zone` is shown in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Zone {
    /// Minutes east of UTC, within 14 hours. Zero is UTC.
    Offset(i16),
    Region(Tz),
}

impl Zone {
    pub(crate) const UTC: Zone = Zone::Offset(0);

    /// The zone of a name, in any case: `UTC`, `+05:30`, `GMT-3`, `Europe/Berlin`.
    pub(crate) fn parse(name: &str) -> Option<Zone> {
        static REGIONS: LazyLock<HashMap<String, Tz>> =
            LazyLock::new(|| TZ_VARIANTS.iter().map(|tz| (tz.name().to_lowercase(), *tz)).collect());
        const UTC: [&str; 10] =
            ["utc", "z", "ut", "uct", "gmt", "gmt0", "greenwich", "universal", "zulu", "etc/gmt0"];
        let lower = name.to_ascii_lowercase();
        let short = lower.strip_prefix("etc/").unwrap_or(&lower);
        if UTC.contains(&short) {
            return Some(Zone::UTC);
        }
        let offset =
            ["utc", "gmt", "ut"].iter().find_map(|prefix| short.strip_prefix(prefix)).unwrap_or(short);
        // POSIX counts `Etc/GMT+5` to the west.
        let west = short.len() < lower.len() && short.starts_with("gmt");
        if let Some(minutes) = parse_offset(offset) {
            return Some(Zone::Offset(if west { -minutes } else { minutes }));
        }
        REGIONS.get(&lower).map(|tz| Zone::Region(*tz))
    }

    /// A fixed offset, within 14 hours.
    pub(crate) fn from_minutes(minutes: i64) -> Option<Zone> {
        (minutes.abs() <= 14 * 60).then_some(Zone::Offset(minutes as i16))
    }

    /// Microseconds to add to UTC for the wall clock at an instant.
    pub(crate) fn offset_at(self, utc_micros: i64) -> i64 {
        match self {
            Zone::Offset(minutes) => i64::from(minutes) * MINUTE,
            Zone::Region(tz) => match chrono::DateTime::from_timestamp_micros(utc_micros) {
                Some(utc) => {
                    let offset = tz.offset_from_utc_datetime(&utc.naive_utc());
                    i64::from(offset.fix().local_minus_utc()) * SECOND
                }
                None => 0,
            },
        }
    }

    /// The wall clock at an instant.
    pub(crate) fn to_local(self, utc_micros: i64) -> i64 {
        utc_micros.saturating_add(self.offset_at(utc_micros))
    }

    /// The instant at which the wall clock shows this. Of two, the earlier; a
    /// time that the clock skips moves forward by what it skips.
    pub(crate) fn to_utc(self, local_micros: i64) -> i64 {
        match self {
            Zone::Offset(minutes) => local_micros.saturating_sub(i64::from(minutes) * MINUTE),
            Zone::Region(tz) => {
                let Some(local) = chrono::DateTime::from_timestamp_micros(local_micros) else {
                    return local_micros;
                };
                let offset =
                    |offset: &<Tz as TimeZone>::Offset| i64::from(offset.fix().local_minus_utc()) * SECOND;
                match tz.offset_from_local_datetime(&local.naive_utc()) {
                    MappedLocalTime::Single(x) | MappedLocalTime::Ambiguous(x, _) => {
                        local_micros.saturating_sub(offset(&x))
                    }
                    MappedLocalTime::None => {
                        local_micros.saturating_sub(self.offset_at(local_micros.saturating_sub(DAY)))
                    }
                }
            }
        }
    }

    /// Whether the wall clock ever shows this.
    pub(crate) fn shows(self, local_micros: i64) -> bool {
        self.to_local(self.to_utc(local_micros)) == local_micros
    }
}

/// `+H`, `+HH`, `+HHMM` or `+HH:MM`, as minutes.
fn parse_offset(text: &str) -> Option<i16> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some((hours, minutes)) if minutes.len() == 2 => (hours, minutes),
        Some(_) => return None,
        None if digits.len() == 4 => digits.split_at_checked(2)?,
        None => (digits, "0"),
    };
    if !(1..=2).contains(&hours.len()) || !digits.bytes().all(|b| b.is_ascii_digit() || b == b':') {
        return None;
    }
    let (hours, minutes): (i16, i16) = (hours.parse().ok()?, minutes.parse().ok()?);
    let total = hours * 60 + minutes;
    (minutes < 60 && total <= 14 * 60).then_some(sign * total)
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Zone::Offset(0) => f.write_str("UTC"),
            Zone::Offset(minutes) => {
                let sign = if *minutes < 0 { '-' } else { '+' };
                write!(f, "{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
            }
            Zone::Region(tz) => f.write_str(tz.name()),
        }
    }
}
