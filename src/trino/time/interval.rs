//! The two kinds of intervals and their text.

use super::super::value::Value;

/// A field of an interval literal, from the greatest to the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Unit {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
}

impl Unit {
    pub(crate) fn parse(name: &str) -> Option<Unit> {
        Some(match name.to_ascii_lowercase().as_str() {
            "year" => Unit::Year,
            "month" => Unit::Month,
            "day" => Unit::Day,
            "hour" => Unit::Hour,
            "minute" => Unit::Minute,
            "second" => Unit::Second,
            _ => return None,
        })
    }

    fn next(self) -> Option<(char, Unit)> {
        match self {
            Unit::Year => Some(('-', Unit::Month)),
            Unit::Day => Some((' ', Unit::Hour)),
            Unit::Hour => Some((':', Unit::Minute)),
            Unit::Minute => Some((':', Unit::Second)),
            Unit::Month | Unit::Second => None,
        }
    }

    /// Months, or milliseconds.
    fn size(self) -> i64 {
        match self {
            Unit::Year => 12,
            Unit::Month => 1,
            Unit::Day => 86_400_000,
            Unit::Hour => 3_600_000,
            Unit::Minute => 60_000,
            Unit::Second => 1_000,
        }
    }
}

/// The interval of a literal's text, as `1-6` YEAR TO MONTH. Fields at the end may be absent.
pub(crate) fn parse(text: &str, from: Unit, to: Unit) -> Option<Value<'static>> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let is_months = from <= Unit::Month;
    if to < from || (is_months && to > Unit::Month) {
        return None;
    }
    let mut unit = from;
    let mut total: i64 = 0;
    loop {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        total = total.checked_add(number.parse::<i64>().ok()?.checked_mul(unit.size())?)?;
        rest = after;
        if unit == Unit::Second
            && let Some(fraction) = rest.strip_prefix('.')
        {
            total = total.checked_add(millis(fraction)?)?;
            rest = "";
        }
        if rest.is_empty() {
            break;
        }
        let (separator, next) = unit.next()?;
        if unit == to {
            return None;
        }
        rest = rest.strip_prefix(separator)?;
        unit = next;
    }
    let total = if negative { -total } else { total };
    if is_months { i32::try_from(total).ok().map(Value::Months) } else { Some(Value::Millis(total)) }
}

/// The fraction of a second, without digits beyond its thousandths.
fn millis(digits: &str) -> Option<i64> {
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    format!("{:0<3}", digits)[..3].parse().ok()
}

/// `1-6`
pub(crate) fn format_months(months: i32) -> String {
    let sign = if months < 0 { "-" } else { "" };
    let months = months.unsigned_abs();
    format!("{sign}{}-{}", months / 12, months % 12)
}

/// `2 03:04:05.678`
pub(crate) fn format_millis(millis: i64) -> String {
    let sign = if millis < 0 { "-" } else { "" };
    let millis = millis.unsigned_abs();
    let (days, rest) = (millis / 86_400_000, millis % 86_400_000);
    let (hours, minutes, seconds) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1_000 % 60);
    format!("{sign}{days} {hours:02}:{minutes:02}:{seconds:02}.{:03}", rest % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, from: Unit, to: Unit, expected: &str) {
        let shown = match parse(text, from, to) {
            Some(Value::Millis(millis)) => format_millis(millis),
            Some(Value::Months(months)) => format_months(months),
            _ => "invalid".to_owned(),
        };
        assert_eq!(shown, expected, "{text}");
    }

    #[test]
    fn literals() {
        check("124-11", Unit::Year, Unit::Month, "124-11");
        check("30", Unit::Month, Unit::Month, "2-6");
        check("-1-2", Unit::Year, Unit::Month, "-1-2");
        check("1--2", Unit::Year, Unit::Month, "invalid");
        check("12 10:45:32.1234", Unit::Day, Unit::Second, "12 10:45:32.123");
        check("12", Unit::Day, Unit::Second, "12 00:00:00.000");
        check("12 10", Unit::Day, Unit::Day, "invalid");
        check("-1.5", Unit::Second, Unit::Second, "-0 00:00:01.500");
        check("1x", Unit::Day, Unit::Day, "invalid");
        check("", Unit::Day, Unit::Day, "invalid");
    }
}
