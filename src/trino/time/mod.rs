//! Instants, time zones, the calendar, and their text.

pub(crate) mod calendar;
pub(crate) mod interval;
pub(crate) mod iso8601;
pub(crate) mod pattern;
pub(crate) mod text;
mod zone;

pub(crate) use zone::Zone;

/// Microseconds.
pub(crate) const MILLI: i64 = 1_000;
pub(crate) const SECOND: i64 = 1_000_000;
pub(crate) const MINUTE: i64 = 60 * SECOND;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;

/// Picoseconds in a microsecond.
const PICOS: u32 = 1_000_000;

/// A point on a time line: microseconds since 1970-01-01T00:00:00 and the
/// picoseconds (0 to 999,999) after that microsecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Instant {
    pub(crate) micros: i64,
    pub(crate) picos: u32,
}

impl Instant {
    pub(crate) fn from_micros(micros: i64) -> Self {
        Instant { micros, picos: 0 }
    }
}

/// The instant with so many digits of the second's fraction, rounded half up.
pub(crate) fn round(instant: Instant, precision: u8) -> Instant {
    let Instant { micros, picos } = instant;
    if precision >= 12 || (precision >= 3 && picos == 0 && micros % MILLI == 0) {
        return instant;
    }
    if precision >= 6 {
        let unit = 10u32.pow(u32::from(12 - precision));
        let rounded = (picos + unit / 2) / unit * unit;
        return if rounded >= PICOS {
            Instant { micros: micros.saturating_add(1), picos: rounded - PICOS }
        } else {
            Instant { micros, picos: rounded }
        };
    }
    // Picoseconds cannot reach the half that a whole microsecond does not.
    let unit = 10i64.pow(u32::from(6 - precision));
    Instant::from_micros((micros.saturating_add(unit / 2)).div_euclid(unit) * unit)
}

/// The instant without the digits of the fraction after so many.
pub(crate) fn truncate(instant: Instant, precision: u8) -> Instant {
    let Instant { micros, picos } = instant;
    if precision >= 6 {
        let unit = 10u32.pow(u32::from(12 - precision.min(12)));
        return Instant { micros, picos: picos / unit * unit };
    }
    let unit = 10i64.pow(u32::from(6 - precision));
    Instant::from_micros(micros.div_euclid(unit) * unit)
}
