//! Where the lines and labels of an axis go.

use chrono::{DateTime, Datelike, NaiveDate, Utc};

use super::canvas::{Align, Canvas};
use super::theme::{Ink, LABEL, WIDTH, text_width};
use crate::Result;

pub(super) const MINUTE: i64 = 60;
pub(super) const HOUR: i64 = 60 * MINUTE;
pub(super) const DAY: i64 = 24 * HOUR;
pub(super) const WEEK: i64 = 7 * DAY;

/// Steps that people count time in.
pub(super) const STEPS: [i64; 16] = [
    1,
    10,
    MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    WEEK,
    4 * WEEK,
    13 * WEEK,
    52 * WEEK,
];

/// The start of the step that a time lies in; weeks start on Mondays.
pub(super) fn floor(time: i64, step: i64) -> i64 {
    let origin = if step % WEEK == 0 { 4 * DAY } else { 0 };
    (time - origin).div_euclid(step) * step + origin
}

/// `hour`, `5 minutes`.
pub(super) fn step_name(step: i64) -> String {
    let units = [(WEEK, "week"), (DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"), (1, "second")];
    let (unit, name) = units.into_iter().find(|(unit, _)| step % unit == 0).unwrap_or((1, "second"));
    match step / unit {
        1 => name.into(),
        n => format!("{n} {name}s"),
    }
}

/// `2023-07-10 12:00`, with seconds where there are some.
pub(super) fn stamp(time: i64) -> String {
    let format = if time % MINUTE == 0 { "%Y-%m-%d %H:%M" } else { "%Y-%m-%d %H:%M:%S" };
    format_time(time, format)
}

/// The step that starts at a time: `2023-07-10 12:00 to 13:00 UTC`, `2023-07-10`.
pub(super) fn span(start: i64, step: i64) -> String {
    let end = start + step;
    match step {
        DAY => format_time(start, "%Y-%m-%d"),
        step if step > DAY => {
            format!("{} to {}", format_time(start, "%Y-%m-%d"), format_time(end - 1, "%Y-%m-%d"))
        }
        _ => {
            let full = stamp(end);
            let end = if floor(start, DAY) == floor(end, DAY) { &full[11..] } else { &full };
            format!("{} to {end} UTC", stamp(start))
        }
    }
}

pub(super) fn format_time(time: i64, format: &str) -> String {
    match DateTime::<Utc>::from_timestamp(time, 0) {
        Some(time) => time.format(format).to_string(),
        None => time.to_string(),
    }
}

/// Times at which a time axis is labelled, at most `most` of them, and the labels.
fn time_ticks(from: i64, to: i64, most: usize) -> Vec<(i64, String)> {
    let most = most.max(2) as i64;
    let mut steps = STEPS.into_iter().filter(|step| (MINUTE..=WEEK).contains(step));
    if let Some(step) = steps.find(|step| (to - from) / step < most) {
        let first = floor(from + step - 1, step);
        return (0..)
            .map(|n| first + n * step)
            .take_while(|&time| time <= to)
            .map(|time| (time, format_time(time, if time % DAY == 0 { "%-d %b" } else { "%H:%M" })))
            .collect();
    }
    let months = (to - from) / (30 * DAY) + 1;
    let step = [1, 2, 3, 6, 12, 24, 60, 120].into_iter().find(|step| months / step <= most).unwrap_or(1200);
    let Some(start) = DateTime::<Utc>::from_timestamp(from, 0) else {
        return Vec::new();
    };
    let first = (i64::from(start.year()) * 12 + i64::from(start.month0())).div_euclid(step) * step;
    (0..=most + 1)
        .filter_map(|n| {
            let month = first + n * step;
            let (year, month) = (i32::try_from(month.div_euclid(12)).ok()?, month.rem_euclid(12) as u32 + 1);
            let time = NaiveDate::from_ymd_opt(year, month, 1)?.and_hms_opt(0, 0, 0)?.and_utc().timestamp();
            let label = format_time(time, if step < 12 { "%b %Y" } else { "%Y" });
            (from..=to).contains(&time).then_some((time, label))
        })
        .collect()
}

/// Space below a drawing that the labels of its time axis take.
pub(super) const BELOW: i32 = 40;

/// Pixels that a label of a time axis has at least.
const ROOM: i32 = 84;

/// A horizontal axis of time.
#[derive(Clone, Copy, Debug)]
pub(super) struct TimeAxis {
    /// Seconds since 1970, UTC.
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) left: i32,
    pub(super) right: i32,
}

impl TimeAxis {
    /// Where a time is, in pixels.
    pub(super) fn x(&self, time: i64) -> i32 {
        let part = (time - self.from) as f64 / (self.to - self.from).max(1) as f64;
        self.left + (part * f64::from(self.right - self.left)).round() as i32
    }

    /// Labels the axis at the height `bottom`, with lines from `top` down.
    pub(super) fn draw(&self, canvas: &mut Canvas<'_>, ink: Ink, top: i32, bottom: i32) -> Result<()> {
        let mut free = 0;
        for (time, label) in time_ticks(self.from, self.to, ((self.right - self.left) / ROOM) as usize) {
            let (x, half) = (self.x(time), text_width(&label, LABEL) / 2);
            canvas.line(ink, (x, top), (x, bottom + 4))?;
            if x - half >= free && x + half <= WIDTH {
                canvas.text(Ink::Soft, Align::Center, (x, bottom + 14), &label)?;
                free = x + half + 8;
            }
        }
        let range = format!("UTC, {} to {}", stamp(self.from), stamp(self.to));
        canvas.text(Ink::Soft, Align::Left, (self.left, bottom + 32), &range)
    }
}

/// Counts at which a count axis is labelled: from 0, at most six, the last one
/// no smaller than `max`.
pub(super) fn count_ticks(max: u64) -> Vec<u64> {
    let max = max.max(1);
    let mut unit: u64 = 1;
    loop {
        for step in [1, 2, 5].map(|n| unit.saturating_mul(n)) {
            let steps = max.div_ceil(step);
            if steps <= 5 {
                return (0..=steps).map(|n| n.saturating_mul(step)).collect();
            }
        }
        unit = unit.saturating_mul(10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        DateTime::parse_from_rfc3339(text).unwrap().timestamp()
    }

    #[test]
    fn counts_end_at_or_above_the_largest() {
        for (max, ticks) in [
            (0, vec![0, 1]),
            (1, vec![0, 1]),
            (5, vec![0, 1, 2, 3, 4, 5]),
            (6, vec![0, 2, 4, 6]),
            (23, vec![0, 5, 10, 15, 20, 25]),
            (1234, vec![0, 500, 1000, 1500]),
        ] {
            assert_eq!(count_ticks(max), ticks);
        }
        assert!(count_ticks(u64::MAX).len() <= 6);
    }

    #[test]
    fn times_are_labelled_at_round_times() {
        let labels = |from: &str, to: &str| -> Vec<String> {
            time_ticks(at(from), at(to), 8).into_iter().map(|(_, label)| label).collect()
        };
        assert_eq!(
            labels("2023-07-10T00:00:00Z", "2023-07-11T00:00:00Z"),
            ["10 Jul", "06:00", "12:00", "18:00", "11 Jul"]
        );
        assert_eq!(
            labels("2023-07-08T10:00:00Z", "2023-07-11T00:00:00Z"),
            ["12:00", "9 Jul", "12:00", "10 Jul", "12:00", "11 Jul"]
        );
        assert_eq!(
            labels("2023-01-15T00:00:00Z", "2023-06-15T00:00:00Z"),
            ["Feb 2023", "Mar 2023", "Apr 2023", "May 2023", "Jun 2023"]
        );
        assert_eq!(labels("2019-01-15T00:00:00Z", "2023-06-15T00:00:00Z"), ["2020", "2021", "2022", "2023"]);
        assert_eq!(labels("2023-07-10T10:02:03Z", "2023-07-10T10:02:03Z"), Vec::<String>::new());
    }

    #[test]
    fn spans_are_half_open() {
        assert_eq!(span(at("2023-07-10T12:00:00Z"), HOUR), "2023-07-10 12:00 to 13:00 UTC");
        assert_eq!(span(at("2023-07-10T23:00:00Z"), HOUR), "2023-07-10 23:00 to 2023-07-11 00:00 UTC");
        assert_eq!(span(at("2023-07-10T00:00:00Z"), DAY), "2023-07-10");
        assert_eq!(span(at("2023-07-10T00:00:00Z"), WEEK), "2023-07-10 to 2023-07-16");
        assert_eq!(floor(at("2023-07-13T05:00:00Z"), WEEK), at("2023-07-10T00:00:00Z"));
        assert_eq!(step_name(HOUR), "hour");
        assert_eq!(step_name(5 * MINUTE), "5 minutes");
        assert_eq!(step_name(4 * WEEK), "4 weeks");
    }
}
