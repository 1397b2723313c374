//! Decimals of up to 38 digits: an integer and where its point is.

use std::cmp::Ordering;

use super::error::EvalError;

/// The greatest number of digits.
pub(crate) const MAX_PRECISION: u8 = 38;

pub(crate) fn overflow() -> EvalError {
    EvalError::range("Decimal overflow")
}

/// 10 to a power up to 38.
pub(crate) fn power(exponent: u8) -> i128 {
    10i128.pow(u32::from(exponent.min(MAX_PRECISION)))
}

/// Whether a value has at most so many digits.
pub(crate) fn fits(unscaled: i128, precision: u8) -> bool {
    unscaled.unsigned_abs() < power(precision).unsigned_abs()
}

/// The value, precision and scale of `-12.50`.
pub(crate) fn parse(text: &str) -> Option<(i128, u8, u8)> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    if !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
        return None;
    }
    let significant = whole.trim_start_matches('0');
    let precision = (significant.len() + fraction.len()).max(1);
    if precision > usize::from(MAX_PRECISION) {
        return None;
    }
    let unscaled: i128 = format!("0{significant}{fraction}").parse().ok()?;
    Some((if negative { -unscaled } else { unscaled }, precision as u8, fraction.len() as u8))
}

/// The value of a text with an exponent or more digits than fit, rounded half
/// up to a scale. `None`: it is no number, or has too many digits.
pub(crate) fn parse_rounded(text: &str, precision: u8, scale: u8) -> Option<i128> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (negative, digits) = match mantissa.as_bytes().first()? {
        b'-' => (true, &mantissa[1..]),
        b'+' => (false, &mantissa[1..]),
        _ => (false, mantissa),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if (whole.is_empty() && fraction.is_empty())
        || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit())
    {
        return None;
    }
    let all = format!("{whole}{fraction}");
    // How many of the digits are kept: those before the point and `scale` after it.
    let kept = whole.len() as i64 + i64::from(exponent) + i64::from(scale);
    let leading = all.bytes().take_while(|b| *b == b'0').count() as i64;
    if leading == all.len() as i64 {
        return Some(0);
    }
    if kept - leading > i64::from(MAX_PRECISION) {
        return None;
    }
    let digit =
        |index: i64| usize::try_from(index).ok().and_then(|i| all.as_bytes().get(i)).map_or(0, |b| b - b'0');
    let mut unscaled: i128 = 0;
    for index in leading..kept {
        unscaled = unscaled * 10 + i128::from(digit(index));
    }
    if digit(kept) >= 5 {
        unscaled += 1;
    }
    fits(unscaled, precision).then_some(if negative { -unscaled } else { unscaled })
}

/// `-12.50`
pub(crate) fn format(unscaled: i128, scale: u8) -> String {
    let sign = if unscaled < 0 { "-" } else { "" };
    let digits = unscaled.unsigned_abs().to_string();
    let scale = usize::from(scale);
    if scale == 0 {
        return format!("{sign}{digits}");
    }
    let digits = format!("{digits:0>width$}", width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    format!("{sign}{whole}.{fraction}")
}

/// The nearest double.
pub(crate) fn to_double(unscaled: i128, scale: u8) -> f64 {
    // Both are exact up to here, and one division rounds once.
    if unscaled.unsigned_abs() < 1 << 53 && scale <= 22 {
        return unscaled as f64 / 10f64.powi(i32::from(scale));
    }
    format(unscaled, scale).parse().unwrap_or(f64::NAN)
}

/// The nearest real.
pub(crate) fn to_real(unscaled: i128, scale: u8) -> f32 {
    format(unscaled, scale).parse().unwrap_or(f32::NAN)
}

/// Half up, where up is away from zero.
pub(crate) fn divide_rounded(dividend: i128, divisor: i128) -> i128 {
    let (quotient, remainder) = (dividend / divisor, dividend % divisor);
    let twice = remainder.unsigned_abs().saturating_mul(2);
    if twice >= divisor.unsigned_abs() && remainder != 0 {
        quotient + if (dividend < 0) == (divisor < 0) { 1 } else { -1 }
    } else {
        quotient
    }
}

/// The value at another scale, half up; `None` past 38 digits.
pub(crate) fn rescale(unscaled: i128, from: u8, to: u8) -> Option<i128> {
    match from.cmp(&to) {
        Ordering::Equal => Some(unscaled),
        Ordering::Less => unscaled.checked_mul(power(to - from)).filter(|x| fits(*x, MAX_PRECISION)),
        Ordering::Greater => Some(divide_rounded(unscaled, power(from - to))),
    }
}

/// `dividend * 10^shift / divisor`, half up.
///
/// # Errors
///
/// A division by zero, or more than 38 digits.
pub(crate) fn divide(dividend: i128, shift: u8, divisor: i128) -> Result<i128, EvalError> {
    if divisor == 0 {
        return Err(EvalError::division_by_zero());
    }
    if shift <= MAX_PRECISION
        && let Some(dividend) = dividend.checked_mul(power(shift))
    {
        let quotient = divide_rounded(dividend, divisor);
        return if fits(quotient, MAX_PRECISION) { Ok(quotient) } else { Err(overflow()) };
    }
    // Digit by digit, as on paper: the remainder stays below the divisor.
    let negative = (dividend < 0) != (divisor < 0);
    let divisor = divisor.unsigned_abs();
    let (mut quotient, mut remainder) =
        (dividend.unsigned_abs() / divisor, dividend.unsigned_abs() % divisor);
    for _ in 0..shift {
        let (digit, rest) = times_ten(remainder, divisor);
        remainder = rest;
        quotient = quotient.checked_mul(10).and_then(|q| q.checked_add(digit)).ok_or_else(overflow)?;
    }
    if remainder >= divisor - remainder {
        quotient += 1;
    }
    let quotient = i128::try_from(quotient).ok().filter(|q| fits(*q, MAX_PRECISION)).ok_or_else(overflow)?;
    Ok(if negative { -quotient } else { quotient })
}

/// The digit and the rest of `remainder * 10 / divisor`, which may not fit 128 bits.
fn times_ten(remainder: u128, divisor: u128) -> (u128, u128) {
    let (mut digit, mut rest) = (0, 0);
    for _ in 0..10 {
        // rest + remainder without going past the divisor, let alone 128 bits.
        if rest >= divisor - remainder {
            rest -= divisor - remainder;
            digit += 1;
        } else {
            rest += remainder;
        }
    }
    (digit, rest)
}

/// Remainder of two values of scales `a` and `b`, at the greater scale.
///
/// # Errors
///
/// A division by zero.
pub(crate) fn remainder(x: i128, a: u8, y: i128, b: u8) -> Result<i128, EvalError> {
    if y == 0 {
        return Err(EvalError::division_by_zero());
    }
    let scale = a.max(b);
    let multiplied = |value: i128, by: u8| value.checked_mul(power(by));
    match (multiplied(x, scale - a), multiplied(y, scale - b)) {
        (Some(x), Some(y)) => Ok(x % y),
        // A divisor beyond all values leaves the dividend as it is.
        (Some(x), None) => Ok(x),
        (None, Some(y)) => {
            let mut rest = x % y;
            for _ in 0..scale - a {
                let magnitude = times_ten(rest.unsigned_abs(), y.unsigned_abs()).1 as i128;
                rest = if x < 0 { -magnitude } else { magnitude };
            }
            Ok(rest)
        }
        (None, None) => Err(overflow()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        assert_eq!(parse("0012.50"), Some((1250, 4, 2)));
        assert_eq!(parse("-.5"), Some((-5, 1, 1)));
        assert_eq!(parse("0"), Some((0, 1, 0)));
        assert_eq!(parse("1e3"), None);
        assert_eq!(parse(&"9".repeat(39)), None);
        assert_eq!(format(-5, 2), "-0.05");
        assert_eq!(format(1250, 2), "12.50");
        assert_eq!(parse_rounded("1.25E1", 3, 0), Some(13));
        assert_eq!(parse_rounded("-0.05", 3, 1), Some(-1));
        assert_eq!(parse_rounded("1E-30", 3, 1), Some(0));
        assert_eq!(parse_rounded("999.95", 4, 1), None);
    }

    #[test]
    fn arithmetic() {
        assert_eq!(divide(1, 3, 3), Ok(333));
        assert_eq!(divide(2, 3, -3), Ok(-667));
        assert_eq!(divide(power(37), 38, power(37) * 3), Ok(power(38) / 3));
        assert_eq!(divide(power(37), 38, 1), Err(overflow()));
        assert_eq!(remainder(-75, 1, 2, 0), Ok(-15));
        assert_eq!(remainder(power(37), 0, 7, 2), Ok(power(37) % 7 * 100 % 7));
        assert_eq!(rescale(125, 2, 1), Some(13));
        assert_eq!(rescale(-125, 2, 1), Some(-13));
    }
}
