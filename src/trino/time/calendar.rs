//! The proleptic Gregorian calendar.

use super::{DAY, HOUR, MINUTE, SECOND};

/// What a calendar and a clock on the wall show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Civil {
    pub(crate) year: i64,
    /// 1 to 12.
    pub(crate) month: u32,
    /// 1 to 31.
    pub(crate) day: u32,
    pub(crate) hour: u32,
    pub(crate) minute: u32,
    pub(crate) second: u32,
    pub(crate) micro: u32,
}

impl Civil {
    pub(crate) fn from_micros(micros: i64) -> Self {
        let (year, month, day) = from_days(micros.div_euclid(DAY));
        let time = micros.rem_euclid(DAY);
        Civil {
            year,
            month,
            day,
            hour: (time / HOUR) as u32,
            minute: (time / MINUTE % 60) as u32,
            second: (time / SECOND % 60) as u32,
            micro: (time % SECOND) as u32,
        }
    }

    /// `None` where no calendar shows it, or beyond what 64 bits count.
    pub(crate) fn to_micros(self) -> Option<i64> {
        if self.hour > 23 || self.minute > 59 || self.second > 59 {
            return None;
        }
        let time = i64::from(self.hour) * HOUR
            + i64::from(self.minute) * MINUTE
            + i64::from(self.second) * SECOND
            + i64::from(self.micro);
        days(self.year, self.month, self.day)?.checked_mul(DAY)?.checked_add(time)
    }
}

/// Days since 1970-01-01, or `None` where the calendar has no such day.
pub(crate) fn days(year: i64, month: u32, day: u32) -> Option<i64> {
    if !(1..=12).contains(&month) || day == 0 || day > days_in_month(year, month) || year.abs() > 300_000_000
    {
        return None;
    }
    // Years begin in March, so that the leap day is a year's last.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = i64::from((153 * ((month + 9) % 12) + 2) / 5 + day - 1);
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

/// Year, month and day of a day counted from 1970-01-01.
pub(crate) fn from_days(days: i64) -> (i64, u32, u32) {
    let days = days.saturating_add(719_468);
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month as u32, day as u32)
}

pub(crate) fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

pub(crate) fn days_in_month(year: i64, month: u32) -> u32 {
    match month {
        2 => 28 + u32::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// 1 (Monday) to 7 (Sunday).
pub(crate) fn day_of_week(days: i64) -> i64 {
    (days + 3).rem_euclid(7) + 1
}

/// 1 to 366.
pub(crate) fn day_of_year(days: i64) -> i64 {
    let (year, ..) = from_days(days);
    days - self::days(year, 1, 1).unwrap_or(days) + 1
}

/// The year and the week of ISO 8601: a week belongs to the year of its Thursday.
pub(crate) fn iso_week(days: i64) -> (i64, i64) {
    let thursday = days - day_of_week(days) + 4;
    (from_days(thursday).0, (day_of_year(thursday) - 1) / 7 + 1)
}

/// The wall clock so many months later, on the month's last day at most.
pub(crate) fn add_months(micros: i64, months: i64) -> Option<i64> {
    let date = add_months_to_days(micros.div_euclid(DAY), months)?;
    date.checked_mul(DAY)?.checked_add(micros.rem_euclid(DAY))
}

pub(crate) fn add_months_to_days(days: i64, months: i64) -> Option<i64> {
    let (year, month, day) = from_days(days);
    let total = year.checked_mul(12)?.checked_add(i64::from(month) - 1)?.checked_add(months)?;
    let (year, month) = (total.div_euclid(12), total.rem_euclid(12) as u32 + 1);
    self::days(year, month, day.min(days_in_month(year, month)))
}

/// Whole months from one day and time of day to another, towards zero. The last
/// day of a month completes one that began on a later day.
pub(crate) fn months_between(from: (i64, i64), to: (i64, i64)) -> i64 {
    if to < from {
        return -months_between(to, from);
    }
    let ((a_year, a_month, _), (b_year, b_month, _)) = (from_days(from.0), from_days(to.0));
    let months = (b_year - a_year) * 12 + i64::from(b_month) - i64::from(a_month);
    match add_months_to_days(from.0, months) {
        Some(reached) if (reached, from.1) > to => months - 1,
        _ => months,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_back() {
        assert_eq!(days(1970, 1, 1), Some(0));
        assert_eq!(days(2000, 2, 29), Some(11_016));
        assert_eq!(days(2001, 2, 29), None);
        assert_eq!(days(-4, 3, 1), Some(-720_929));
        for day in (-800_000..3_000_000).step_by(97) {
            let (year, month, date) = from_days(day);
            assert_eq!(days(year, month, date), Some(day));
        }
    }

    #[test]
    fn weeks() {
        let week = |y, m, d| iso_week(days(y, m, d).unwrap());
        assert_eq!(week(2008, 12, 28), (2008, 52));
        assert_eq!(week(2008, 12, 29), (2009, 1));
        assert_eq!(week(2010, 1, 3), (2009, 53));
        assert_eq!(day_of_week(0), 4);
    }

    #[test]
    fn months() {
        let at = |y, m, d| (days(y, m, d).unwrap(), 0);
        assert_eq!(add_months_to_days(at(2024, 1, 31).0, 1), days(2024, 2, 29));
        assert_eq!(add_months_to_days(at(2024, 3, 31).0, -1), days(2024, 2, 29));
        assert_eq!(months_between(at(2024, 1, 31), at(2024, 2, 29)), 1);
        assert_eq!(months_between(at(2024, 2, 29), at(2024, 1, 31)), -1);
        assert_eq!(months_between(at(2024, 1, 15), at(2024, 3, 14)), 1);
    }
}
