//! Arithmetic: which types it takes, and its code.

use std::sync::Arc;

use super::decimal;
use super::error::{EvalError, Problem};
use super::expr::Kernel;
use super::time::{self, Instant, Zone, calendar};
use super::types::Type;
use super::value::{Eval, Value};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

impl Arithmetic {
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Arithmetic::Add => "+",
            Arithmetic::Subtract => "-",
            Arithmetic::Multiply => "*",
            Arithmetic::Divide => "/",
            Arithmetic::Modulo => "%",
        }
    }

    fn noun(self) -> &'static str {
        match self {
            Arithmetic::Add => "addition",
            Arithmetic::Subtract => "subtraction",
            Arithmetic::Multiply => "multiplication",
            Arithmetic::Divide => "division",
            Arithmetic::Modulo => "modulus",
        }
    }
}

/// An operator for two types.
pub(crate) struct Operator {
    /// What the sides are widened to.
    pub(crate) left: Type,
    pub(crate) right: Type,
    pub(crate) result: Type,
    pub(crate) kernel: Kernel,
}

/// Code of two arguments.
fn binary(run: impl for<'a> Fn(&Value<'a>, &Value<'a>) -> Eval<'static> + Send + Sync + 'static) -> Kernel {
    Kernel::Bound(Arc::new(move |values| match values {
        [left, right] => run(left, right),
        _ => Err(EvalError::other("an operator takes two arguments")),
    }))
}

fn unexpected(left: &Value<'_>, right: &Value<'_>) -> EvalError {
    EvalError::other(format!("unexpected operands {left:?} and {right:?}"))
}

/// The operator for two types, or `None` where Trino has none.
///
/// # Errors
///
/// The result would have more digits after the point than any decimal.
pub(crate) fn arithmetic(op: Arithmetic, left: &Type, right: &Type) -> Result<Option<Operator>, Problem> {
    use Arithmetic::*;
    if left.is_number() && right.is_number() {
        return numbers(op, left, right).map(Some);
    }
    Ok(match (left, right) {
        (Type::Unknown, Type::Unknown) => None,
        (Type::Unknown, ty) if ty.is_number() => numbers(op, ty, ty).map(Some)?,
        (ty, Type::Unknown) if ty.is_number() => numbers(op, ty, ty).map(Some)?,
        (time, interval) if is_time(time) && is_interval(interval) && matches!(op, Add | Subtract) => {
            let sign = if op == Add { 1 } else { -1 };
            let kernel = binary(move |time, interval| shift(time, interval, sign));
            Some(Operator {
                left: time.clone(),
                right: interval.clone(),
                result: shifted(time, interval),
                kernel,
            })
        }
        (interval, time) if is_interval(interval) && is_time(time) && op == Add => Some(Operator {
            left: interval.clone(),
            right: time.clone(),
            result: shifted(time, interval),
            kernel: binary(|interval, time| shift(time, interval, 1)),
        }),
        (a, b) if is_time(a) && is_time(b) && op == Subtract => difference(a, b),
        (a, b) if is_interval(a) && a == b && matches!(op, Add | Subtract) => Some(Operator {
            left: a.clone(),
            right: b.clone(),
            result: a.clone(),
            kernel: binary(move |a, b| add_intervals(a, b, op)),
        }),
        (interval, number)
            if is_interval(interval) && number.is_number() && matches!(op, Multiply | Divide) =>
        {
            scale_interval(op, interval, number)
        }
        (number, interval) if number.is_number() && is_interval(interval) && op == Multiply => {
            let swapped = scale_interval(op, interval, number);
            swapped.map(|operator| Operator {
                left: operator.right,
                right: operator.left,
                result: operator.result,
                kernel: binary(|number, interval| scale(interval, number, Multiply)),
            })
        }
        _ => None,
    })
}

fn is_time(ty: &Type) -> bool {
    matches!(ty, Type::Date | Type::Timestamp(_) | Type::TimestampTz(_))
}

fn is_interval(ty: &Type) -> bool {
    matches!(ty, Type::IntervalDayToSecond | Type::IntervalYearToMonth)
}

fn numbers(op: Arithmetic, left: &Type, right: &Type) -> Result<Operator, Problem> {
    let ty = left.common(right).unwrap_or(Type::Double);
    let kernel = match &ty {
        Type::Decimal(..) => return decimals(op, left, right),
        Type::Double => binary(move |a, b| match (a, b) {
            (Value::Double(a), Value::Double(b)) => Ok(Value::Double(float(op, *a, *b))),
            _ => Err(unexpected(a, b)),
        }),
        Type::Real => binary(move |a, b| match (a, b) {
            (Value::Real(a), Value::Real(b)) => Ok(Value::Real(float32(op, *a, *b))),
            _ => Err(unexpected(a, b)),
        }),
        integer => {
            let range = IntegerRange::of(integer);
            binary(move |a, b| match (a, b) {
                (Value::Integer(a), Value::Integer(b)) => range.apply(op, *a, *b).map(Value::Integer),
                _ => Err(unexpected(a, b)),
            })
        }
    };
    Ok(Operator { left: ty.clone(), right: ty.clone(), result: ty, kernel })
}

fn float(op: Arithmetic, a: f64, b: f64) -> f64 {
    match op {
        Arithmetic::Add => a + b,
        Arithmetic::Subtract => a - b,
        Arithmetic::Multiply => a * b,
        Arithmetic::Divide => a / b,
        Arithmetic::Modulo => a % b,
    }
}

fn float32(op: Arithmetic, a: f32, b: f32) -> f32 {
    match op {
        Arithmetic::Add => a + b,
        Arithmetic::Subtract => a - b,
        Arithmetic::Multiply => a * b,
        Arithmetic::Divide => a / b,
        Arithmetic::Modulo => a % b,
    }
}

/// The values of an integer type.
#[derive(Clone, Copy)]
pub(crate) struct IntegerRange {
    name: &'static str,
    min: i64,
    max: i64,
}

impl IntegerRange {
    pub(crate) fn of(ty: &Type) -> Self {
        let (name, min, max) = match ty {
            Type::Tinyint => ("tinyint", i64::from(i8::MIN), i64::from(i8::MAX)),
            Type::Smallint => ("smallint", i64::from(i16::MIN), i64::from(i16::MAX)),
            Type::Integer => ("integer", i64::from(i32::MIN), i64::from(i32::MAX)),
            _ => ("bigint", i64::MIN, i64::MAX),
        };
        IntegerRange { name, min, max }
    }

    pub(crate) fn contains(self, value: i64) -> bool {
        (self.min..=self.max).contains(&value)
    }

    fn apply(self, op: Arithmetic, a: i64, b: i64) -> Result<i64, EvalError> {
        if b == 0 && matches!(op, Arithmetic::Divide | Arithmetic::Modulo) {
            return Err(EvalError::division_by_zero());
        }
        let result = match op {
            Arithmetic::Add => a.checked_add(b),
            Arithmetic::Subtract => a.checked_sub(b),
            Arithmetic::Multiply => a.checked_mul(b),
            Arithmetic::Divide => a.checked_div(b),
            Arithmetic::Modulo => Some(a.wrapping_rem(b)),
        };
        result.filter(|result| self.contains(*result)).ok_or_else(|| {
            EvalError::range(format!("{} {} overflow: {a} {} {b}", self.name, op.noun(), op.symbol()))
        })
    }
}

fn decimals(op: Arithmetic, left: &Type, right: &Type) -> Result<Operator, Problem> {
    let (p1, s1) = left.as_decimal().unwrap_or((decimal::MAX_PRECISION, 0));
    let (p2, s2) = right.as_decimal().unwrap_or((decimal::MAX_PRECISION, 0));
    let scale = s1.max(s2);
    let (precision, scale) = match op {
        Arithmetic::Add | Arithmetic::Subtract => (scale + (p1 - s1).max(p2 - s2) + 1, scale),
        Arithmetic::Multiply => (p1 + p2, s1 + s2),
        Arithmetic::Divide => (p1 + s2 + s2.saturating_sub(s1), scale),
        Arithmetic::Modulo => ((p1 - s1).min(p2 - s2) + scale, scale),
    };
    let precision = precision.clamp(1, decimal::MAX_PRECISION);
    if scale > precision {
        return Err(Problem::new(format!(
            "DECIMAL scale must be in range [0, precision ({precision})]: {scale}"
        ))
        .hint("CAST one side to a decimal with fewer digits, or to double"));
    }
    let kernel = binary(move |a, b| {
        let (Value::Decimal(a), Value::Decimal(b)) = (a, b) else {
            return Err(unexpected(a, b));
        };
        let (a, b) = (*a, *b);
        // On the way there may be more digits than a decimal has.
        let at_scale =
            |x: i128, from| x.checked_mul(decimal::power(scale - from)).ok_or_else(decimal::overflow);
        let result = match op {
            Arithmetic::Add => {
                at_scale(a, s1)?.checked_add(at_scale(b, s2)?).ok_or_else(decimal::overflow)?
            }
            Arithmetic::Subtract => {
                at_scale(a, s1)?.checked_sub(at_scale(b, s2)?).ok_or_else(decimal::overflow)?
            }
            Arithmetic::Multiply => a.checked_mul(b).ok_or_else(decimal::overflow)?,
            Arithmetic::Divide => decimal::divide(a, scale + s2 - s1, b)?,
            Arithmetic::Modulo => decimal::remainder(a, s1, b, s2)?,
        };
        if decimal::fits(result, precision) { Ok(Value::Decimal(result)) } else { Err(decimal::overflow()) }
    });
    Ok(Operator {
        left: Type::Decimal(p1, s1),
        right: Type::Decimal(p2, s2),
        result: Type::Decimal(precision, scale),
        kernel,
    })
}

/// The type of a time that an interval moves: milliseconds need three digits.
fn shifted(time: &Type, interval: &Type) -> Type {
    match (time, interval) {
        (Type::Timestamp(p), Type::IntervalDayToSecond) => Type::Timestamp((*p).max(3)),
        (Type::TimestampTz(p), Type::IntervalDayToSecond) => Type::TimestampTz((*p).max(3)),
        _ => time.clone(),
    }
}

/// The time an interval later, or earlier if the sign is -1.
///
/// # Errors
///
/// It is out of range, or a date would get a time.
pub(crate) fn shift(time: &Value<'_>, interval: &Value<'_>, sign: i64) -> Eval<'static> {
    let out_of_range = || EvalError::range("the time is out of range");
    match (time, interval) {
        (Value::Date(days), Value::Millis(millis)) => {
            let millis = millis * sign;
            if millis % (time::DAY / time::MILLI) != 0 {
                let verb = if sign > 0 { "add" } else { "subtract" };
                return Err(EvalError::argument(format!(
                    "Cannot {verb} hour, minutes or seconds from a date"
                )));
            }
            date(i64::from(*days) + millis / (time::DAY / time::MILLI)).ok_or_else(out_of_range)
        }
        (Value::Date(days), Value::Months(months)) => {
            calendar::add_months_to_days(i64::from(*days), i64::from(*months) * sign)
                .and_then(date)
                .ok_or_else(out_of_range)
        }
        (Value::Timestamp(instant), Value::Millis(millis)) => {
            Ok(Value::Timestamp(plus_millis(*instant, *millis, sign).ok_or_else(out_of_range)?))
        }
        (Value::TimestampTz(instant, zone), Value::Millis(millis)) => {
            Ok(Value::TimestampTz(plus_millis(*instant, *millis, sign).ok_or_else(out_of_range)?, *zone))
        }
        (Value::Timestamp(instant), Value::Months(months)) => {
            let moved =
                calendar::add_months(instant.micros, i64::from(*months) * sign).ok_or_else(out_of_range)?;
            Ok(Value::Timestamp(Instant { micros: moved, ..*instant }))
        }
        (Value::TimestampTz(instant, zone), Value::Months(months)) => {
            let moved =
                plus_months(instant.micros, *zone, i64::from(*months) * sign).ok_or_else(out_of_range)?;
            Ok(Value::TimestampTz(Instant { micros: moved, ..*instant }, *zone))
        }
        _ => Err(unexpected(time, interval)),
    }
}

fn date(days: i64) -> Option<Value<'static>> {
    i32::try_from(days).ok().map(Value::Date)
}

fn plus_millis(instant: Instant, millis: i64, sign: i64) -> Option<Instant> {
    let micros = instant.micros.checked_add(millis.checked_mul(sign * time::MILLI)?)?;
    Some(Instant { micros, ..instant })
}

/// Months later on the wall clock of a zone.
fn plus_months(utc_micros: i64, zone: Zone, months: i64) -> Option<i64> {
    calendar::add_months(zone.to_local(utc_micros), months).map(|local| zone.to_utc(local))
}

fn difference(left: &Type, right: &Type) -> Option<Operator> {
    let ty = left.common(right)?;
    let kernel = binary(|a, b| {
        let micros = match (a, b) {
            (Value::Date(a), Value::Date(b)) => {
                let days = i64::from(*a) - i64::from(*b);
                return Ok(Value::Millis(days * (time::DAY / time::MILLI)));
            }
            (Value::Timestamp(a), Value::Timestamp(b))
            | (Value::TimestampTz(a, _), Value::TimestampTz(b, _)) => a
                .micros
                .checked_sub(b.micros)
                .ok_or_else(|| EvalError::range("the interval is out of range"))?,
            _ => return Err(unexpected(a, b)),
        };
        Ok(Value::Millis(micros.saturating_add(time::MILLI / 2).div_euclid(time::MILLI)))
    });
    Some(Operator { left: ty.clone(), right: ty, result: Type::IntervalDayToSecond, kernel })
}

fn add_intervals(a: &Value<'_>, b: &Value<'_>, op: Arithmetic) -> Eval<'static> {
    let out_of_range = || EvalError::range("the interval is out of range");
    match (a, b, op) {
        (Value::Millis(a), Value::Millis(b), Arithmetic::Add) => {
            a.checked_add(*b).map(Value::Millis).ok_or_else(out_of_range)
        }
        (Value::Millis(a), Value::Millis(b), _) => {
            a.checked_sub(*b).map(Value::Millis).ok_or_else(out_of_range)
        }
        (Value::Months(a), Value::Months(b), Arithmetic::Add) => {
            a.checked_add(*b).map(Value::Months).ok_or_else(out_of_range)
        }
        (Value::Months(a), Value::Months(b), _) => {
            a.checked_sub(*b).map(Value::Months).ok_or_else(out_of_range)
        }
        _ => Err(unexpected(a, b)),
    }
}

fn scale_interval(op: Arithmetic, interval: &Type, number: &Type) -> Option<Operator> {
    let number = if number.is_integer() { Type::Bigint } else { Type::Double };
    Some(Operator {
        left: interval.clone(),
        right: number,
        result: interval.clone(),
        kernel: binary(move |interval, number| scale(interval, number, op)),
    })
}

fn scale(interval: &Value<'_>, number: &Value<'_>, op: Arithmetic) -> Eval<'static> {
    let amount = match interval {
        Value::Millis(millis) => *millis,
        Value::Months(months) => i64::from(*months),
        _ => return Err(unexpected(interval, number)),
    };
    let out_of_range = || EvalError::range("the interval is out of range");
    let scaled = match (number, op) {
        (Value::Integer(0), Arithmetic::Divide) => return Err(EvalError::division_by_zero()),
        (Value::Integer(by), Arithmetic::Divide) => amount / by,
        (Value::Integer(by), _) => amount.checked_mul(*by).ok_or_else(out_of_range)?,
        (Value::Double(by), _) if by.is_nan() => {
            return Err(EvalError::argument("Cannot multiply or divide an interval by NaN"));
        }
        (Value::Double(by), Arithmetic::Divide) if *by == 0.0 => return Err(EvalError::division_by_zero()),
        (Value::Double(by), Arithmetic::Divide) => (amount as f64 / by) as i64,
        (Value::Double(by), _) => (amount as f64 * by) as i64,
        _ => return Err(unexpected(interval, number)),
    };
    match interval {
        Value::Months(_) => i32::try_from(scaled).map(Value::Months).map_err(|_| out_of_range()),
        _ => Ok(Value::Millis(scaled)),
    }
}

/// The code of a minus ahead of a value.
pub(crate) fn negate(ty: &Type) -> Option<Kernel> {
    if !(ty.is_number() || is_interval(ty) || *ty == Type::Unknown) {
        return None;
    }
    let range = IntegerRange::of(ty);
    Some(Kernel::Bound(Arc::new(move |values| match values {
        [Value::Integer(x)] => match x.checked_neg().filter(|x| range.contains(*x)) {
            Some(x) => Ok(Value::Integer(x)),
            None => Err(EvalError::range(format!("{} negation overflow: {x}", range.name))),
        },
        [Value::Double(x)] => Ok(Value::Double(-x)),
        [Value::Real(x)] => Ok(Value::Real(-x)),
        [Value::Decimal(x)] => Ok(Value::Decimal(-x)),
        [Value::Millis(x)] => Ok(Value::Millis(x.wrapping_neg())),
        [Value::Months(x)] => Ok(Value::Months(x.wrapping_neg())),
        _ => Ok(Value::Null),
    })))
}
