//! Rounding, signs and remainders.

use super::{Bind, Function, bound, kernel, plain, unexpected};
use crate::trino::decimal;
use crate::trino::error::EvalError;
use crate::trino::expr::Kernel;
use crate::trino::operators::{Arithmetic, IntegerRange, arithmetic};
use crate::trino::types::Type;
use crate::trino::value::{Eval, Value};

/// A function of each number to its own type.
const SAME: &[&str] = &[
    "(tinyint) -> tinyint",
    "(smallint) -> smallint",
    "(integer) -> integer",
    "(bigint) -> bigint",
    "(real) -> real",
    "(double) -> double",
];
const OF_DECIMAL: &[&str] = &["(decimal(p, s)) -> decimal(p, s)"];

pub(super) const FUNCTIONS: &[Function] = &[
    bound("abs", SAME, abs),
    bound("abs", OF_DECIMAL, abs),
    plain("sign", SAME, sign),
    plain("sign", OF_DECIMAL, sign).result(|_| Type::Decimal(1, 0)),
    plain("ceil|ceiling", SAME, |values| whole(values, f64::ceil)),
    bound("ceil|ceiling", OF_DECIMAL, |bind| whole_decimal(bind, |x, unit| -(-x).div_euclid(unit)))
        .result(whole_type),
    plain("floor", SAME, |values| whole(values, f64::floor)),
    bound("floor", OF_DECIMAL, |bind| whole_decimal(bind, i128::div_euclid)).result(whole_type),
    plain("truncate", &["(real) -> real", "(double) -> double"], |values| whole(values, f64::trunc)),
    bound("truncate", OF_DECIMAL, |bind| whole_decimal(bind, |x, unit| x / unit)).result(
        |types| match types {
            [Type::Decimal(precision, scale)] => Type::Decimal((precision - scale).max(1), 0),
            _ => Type::Decimal(1, 0),
        },
    ),
    bound("truncate", &["(decimal(p, s), integer) -> decimal(p, s)"], |bind| {
        decimal_digits(bind, |x, unit| Some(x / unit * unit))
    }),
    plain("round", SAME, |values| whole(values, f64::round)),
    bound("round", OF_DECIMAL, |bind| whole_decimal(bind, decimal::divide_rounded)).result(whole_type),
    bound(
        "round",
        &[
            "(tinyint, integer) -> tinyint",
            "(smallint, integer) -> smallint",
            "(integer, integer) -> integer",
            "(bigint, integer) -> bigint",
        ],
        round_integer,
    ),
    plain("round", &["(real, integer) -> real", "(double, integer) -> double"], round_digits),
    bound("round", &["(decimal(p, s), integer) -> decimal(p, s)"], |bind| {
        decimal_digits(bind, |x, unit| decimal::divide_rounded(x, unit).checked_mul(unit))
    })
    .result(|types| match types {
        [Type::Decimal(precision, scale), ..] => {
            Type::Decimal((precision + 1).min(decimal::MAX_PRECISION), *scale)
        }
        _ => Type::Decimal(1, 0),
    }),
    bound(
        "mod",
        &[
            "(tinyint, tinyint) -> tinyint",
            "(smallint, smallint) -> smallint",
            "(integer, integer) -> integer",
            "(bigint, bigint) -> bigint",
            "(real, real) -> real",
            "(double, double) -> double",
            "(decimal(p, s), decimal(q, t)) -> decimal(p, s)",
        ],
        modulo,
    )
    .result(|types| match types {
        [left, right] => match arithmetic(Arithmetic::Modulo, left, right) {
            Ok(Some(operator)) => operator.result,
            _ => left.clone(),
        },
        _ => Type::Unknown,
    }),
];

fn abs(bind: &Bind<'_>) -> Result<Kernel, EvalError> {
    let range = IntegerRange::of(bind.result);
    kernel(move |values| match values {
        [Value::Integer(x)] => match x.checked_abs().filter(|x| range.contains(*x)) {
            Some(x) => Ok(Value::Integer(x)),
            None => Err(EvalError::range(format!("Value {x} is out of range for abs"))),
        },
        [Value::Real(x)] => Ok(Value::Real(x.abs())),
        [Value::Double(x)] => Ok(Value::Double(x.abs())),
        [Value::Decimal(x)] => Ok(Value::Decimal(x.abs())),
        _ => unexpected(values),
    })
}

fn sign<'a>(values: &[Value<'a>]) -> Eval<'a> {
    match values {
        [Value::Integer(x)] => Ok(Value::Integer(x.signum())),
        // Zero and NaN are their own signs.
        [Value::Real(x)] => Ok(Value::Real(if *x == 0.0 { *x } else { x.signum() })),
        [Value::Double(x)] => Ok(Value::Double(if *x == 0.0 { *x } else { x.signum() })),
        [Value::Decimal(x)] => Ok(Value::Decimal(x.signum())),
        _ => unexpected(values),
    }
}

fn whole<'a>(values: &[Value<'a>], round: fn(f64) -> f64) -> Eval<'a> {
    match values {
        [Value::Integer(x)] => Ok(Value::Integer(*x)),
        [Value::Real(x)] => Ok(Value::Real(round(f64::from(*x)) as f32)),
        [Value::Double(x)] => Ok(Value::Double(round(*x))),
        _ => unexpected(values),
    }
}

/// The type of a decimal without its fraction: rounding up may take one digit more.
fn whole_type(types: &[Type]) -> Type {
    match types {
        [Type::Decimal(precision, scale), ..] => {
            Type::Decimal((precision - scale + (*scale).min(1)).clamp(1, decimal::MAX_PRECISION), 0)
        }
        _ => Type::Decimal(1, 0),
    }
}

fn scale_of(bind: &Bind<'_>) -> u8 {
    match bind.types.first() {
        Some(Type::Decimal(_, scale)) => *scale,
        _ => 0,
    }
}

/// `divide` gets the value and what stands for 1.
fn whole_decimal(bind: &Bind<'_>, divide: fn(i128, i128) -> i128) -> Result<Kernel, EvalError> {
    let unit = decimal::power(scale_of(bind));
    kernel(move |values| match values {
        [Value::Decimal(x)] => Ok(Value::Decimal(divide(*x, unit))),
        _ => unexpected(values),
    })
}

/// Keeps so many digits after the point; negative: so many before it become zeros.
fn decimal_digits(bind: &Bind<'_>, keep: fn(i128, i128) -> Option<i128>) -> Result<Kernel, EvalError> {
    let scale = i64::from(scale_of(bind));
    let precision = match bind.result {
        Type::Decimal(precision, _) => *precision,
        _ => decimal::MAX_PRECISION,
    };
    kernel(move |values| match values {
        [Value::Decimal(x), Value::Integer(digits)] => {
            let dropped = scale.saturating_sub(*digits);
            match u8::try_from(dropped) {
                Err(_) | Ok(0) if dropped <= 0 => Ok(Value::Decimal(*x)),
                Ok(dropped) if dropped <= decimal::MAX_PRECISION => keep(*x, decimal::power(dropped))
                    .filter(|x| decimal::fits(*x, precision))
                    .map(Value::Decimal)
                    .ok_or_else(decimal::overflow),
                _ => Ok(Value::Decimal(0)),
            }
        }
        _ => unexpected(values),
    })
}

fn round_integer(bind: &Bind<'_>) -> Result<Kernel, EvalError> {
    let range = IntegerRange::of(bind.result);
    kernel(move |values| match values {
        [Value::Integer(x), Value::Integer(digits)] => match u32::try_from(-digits) {
            Err(_) | Ok(0) => Ok(Value::Integer(*x)),
            Ok(dropped) if i32::try_from(dropped).is_err() => {
                Err(EvalError::range(format!("Out of range: {digits} digits")))
            }
            Ok(dropped @ 1..=19) => {
                let unit = 10i128.pow(dropped);
                let rounded = decimal::divide_rounded(i128::from(*x), unit) * unit;
                match i64::try_from(rounded).ok().filter(|x| range.contains(*x)) {
                    Some(x) => Ok(Value::Integer(x)),
                    None => Err(EvalError::range(format!("Out of range: {rounded}"))),
                }
            }
            Ok(_) => Ok(Value::Integer(0)),
        },
        _ => unexpected(values),
    })
}

fn round_digits<'a>(values: &[Value<'a>]) -> Eval<'a> {
    match values {
        [Value::Double(x), Value::Integer(digits)] => Ok(Value::Double(round_double(*x, *digits))),
        [Value::Real(x), Value::Integer(digits)] => {
            Ok(Value::Real(round_double(f64::from(*x), *digits) as f32))
        }
        _ => unexpected(values),
    }
}

/// Half away from zero. A double beyond 2^52 is whole, and one that has fewer digits stays.
fn round_double(x: f64, digits: i64) -> f64 {
    let factor = 10f64.powi(digits.clamp(-400, 400) as i32);
    let scaled = x * factor;
    if !x.is_finite() || !scaled.is_finite() || scaled.abs() >= 4_503_599_627_370_496.0 {
        return x;
    }
    let rounded = scaled.round();
    if rounded == 0.0 { 0.0 } else { rounded / factor }
}

fn modulo(bind: &Bind<'_>) -> Result<Kernel, EvalError> {
    match bind.types {
        [left, right] => match arithmetic(Arithmetic::Modulo, left, right) {
            Ok(Some(operator)) => Ok(operator.kernel),
            _ => Err(EvalError::argument(format!("mod cannot take {left} and {right}"))),
        },
        _ => Err(EvalError::argument("mod takes two numbers")),
    }
}

#[cfg(test)]
mod tests {
    use crate::trino::testing::{check, check_type};

    #[test]
    fn rounding() {
        check("abs(-9223372036854775808)", "! Value -9223372036854775808 is out of range for abs");
        check("mod(-7, 3)", "-1");
        check("mod(7, DECIMAL '2.5')", "2.0");
        check("mod(7, 0)", "! Division by zero");
        check("round(2.5)", "3E0");
        check("round(-2.5)", "-3E0");
        check("round(2.345, 2)", "2.35E0");
        check("round(1e300, 10)", "1E300");
        check("round(15, -1)", "20");
        check("round(TINYINT '127', -1)", "! Out of range: 130");
        check("round(DECIMAL '-2.55', 1)", "-2.60");
        check("ceil(DECIMAL '-2.55')", "-2");
        check("floor(DECIMAL '-2.55')", "-3");
        check("truncate(DECIMAL '-2.55', 1)", "-2.50");
        check("floor(-0.5)", "-1E0");
        check_type("round(DECIMAL '2.55')", "decimal(2,0)");
        check_type("round(DECIMAL '2.55', 1)", "decimal(4,2)");
        check_type("ceil(5)", "integer");
    }
}
