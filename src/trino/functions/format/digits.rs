//! Decimal digits, rounded half up to a number of places.

/// Decimal digits and after how many of them the point is.
pub(super) struct Digits {
    pub(super) digits: String,
    pub(super) point: i64,
}

impl Digits {
    pub(super) fn parse((mantissa, exponent): (String, i32)) -> Digits {
        Digits { digits: mantissa.replace('.', ""), point: i64::from(exponent) + 1 }
    }

    fn is_zero(&self) -> bool {
        self.digits.bytes().all(|digit| digit == b'0')
    }

    /// The digits up to a position after the point, half up, with the position of the point.
    fn rounded(&self, kept: i64) -> (Vec<u8>, i64) {
        let digit = |index: i64| {
            usize::try_from(index).ok().and_then(|i| self.digits.as_bytes().get(i)).map_or(0, |b| b - b'0')
        };
        let mut digits: Vec<u8> = (0..kept.max(0)).map(digit).collect();
        let mut point = self.point;
        if kept >= 0 && digit(kept) >= 5 {
            let mut carries = true;
            for digit in digits.iter_mut().rev() {
                carries = *digit == 9;
                *digit = if carries { 0 } else { *digit + 1 };
                if !carries {
                    break;
                }
            }
            if carries {
                digits.insert(0, 1);
                point += 1;
            }
        }
        (digits, point)
    }

    pub(super) fn fixed(&self, precision: usize) -> String {
        let (digits, point) = self.rounded(self.point + precision as i64);
        let digit = |position: i64| {
            let digit = usize::try_from(position).ok().and_then(|i| digits.get(i)).copied().unwrap_or(0);
            (b'0' + digit) as char
        };
        let whole: String = (0..point).map(digit).collect();
        let fraction: String = (point..point + precision as i64).map(digit).collect();
        let whole = if whole.is_empty() { "0" } else { &whole };
        if precision == 0 { whole.to_owned() } else { format!("{whole}.{fraction}") }
    }

    /// One digit before the point, and the exponent.
    pub(super) fn scientific(&self, precision: usize) -> (String, Option<i64>) {
        let zeros = self.digits.bytes().take_while(|digit| *digit == b'0').count();
        let significant = if self.is_zero() {
            Digits { digits: "0".to_owned(), point: 1 }
        } else {
            Digits { digits: self.digits[zeros..].to_owned(), point: self.point - zeros as i64 }
        };
        let (digits, point) = significant.rounded(precision as i64 + 1);
        let mut text: String =
            digits.iter().take(precision + 1).map(|digit| (b'0' + digit) as char).collect();
        if precision > 0 {
            text.insert(1, '.');
        }
        (text, Some(point - 1))
    }
}

/// `1234567` as `1,234,567`
pub(super) fn grouped(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
