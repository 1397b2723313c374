//! MySQL's patterns: `%Y-%m-%d %H:%i:%s`.

use super::field::Field;
use super::{Format, Item, Items};

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
}
