//! Joda's patterns: `yyyy-MM-dd HH:mm:ss.SSS Z`.

use super::field::Field;
use super::{Format, Item, Items};

impl Format {
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
