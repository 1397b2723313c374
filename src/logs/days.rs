//! Days in words.

use chrono::NaiveDate;

/// Days as ranges: `2026-10-01 to 2026-10-03, 2026-10-07`.
pub(crate) fn ranges(days: &[NaiveDate]) -> String {
    let mut ranges: Vec<(NaiveDate, NaiveDate)> = Vec::new();
    for &day in days {
        match ranges.last_mut() {
            Some((_, end)) if end.succ_opt() == Some(day) => *end = day,
            _ => ranges.push((day, day)),
        }
    }
    let text = |(first, last): &(NaiveDate, NaiveDate)| {
        if first == last { first.to_string() } else { format!("{first} to {last}") }
    };
    ranges.iter().map(text).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_told_as_ranges() {
        let day = |n| NaiveDate::from_ymd_opt(2026, 10, n).unwrap();
        assert_eq!(ranges(&[day(1), day(2), day(3), day(7)]), "2026-10-01 to 2026-10-03, 2026-10-07");
    }
}
