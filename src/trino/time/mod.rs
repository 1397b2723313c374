//! Instants, time zones and the calendar.

mod zone;

pub(crate) use zone::Zone;

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
