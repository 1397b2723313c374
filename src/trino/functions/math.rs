//! Numbers.

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
    plain("sqrt", OF_DOUBLE, |values| double(values, f64::sqrt)),
    plain("cbrt", OF_DOUBLE, |values| double(values, f64::cbrt)),
    plain("exp", OF_DOUBLE, |values| double(values, f64::exp)),
    plain("ln", OF_DOUBLE, |values| double(values, f64::ln)),
    plain("log2", OF_DOUBLE, |values| double(values, f64::log2)),
    plain("log10", OF_DOUBLE, |values| double(values, f64::log10)),
    plain("log", OF_TWO_DOUBLES, |values| two_doubles(values, |base, x| x.ln() / base.ln())),
    plain("power|pow", OF_TWO_DOUBLES, |values| two_doubles(values, power)),
    plain("sin", OF_DOUBLE, |values| double(values, f64::sin)),
    plain("cos", OF_DOUBLE, |values| double(values, f64::cos)),
    plain("tan", OF_DOUBLE, |values| double(values, f64::tan)),
    plain("asin", OF_DOUBLE, |values| double(values, f64::asin)),
    plain("acos", OF_DOUBLE, |values| double(values, f64::acos)),
    plain("atan", OF_DOUBLE, |values| double(values, f64::atan)),
    plain("atan2", OF_TWO_DOUBLES, |values| two_doubles(values, f64::atan2)),
    plain("sinh", OF_DOUBLE, |values| double(values, f64::sinh)),
    plain("cosh", OF_DOUBLE, |values| double(values, f64::cosh)),
    plain("tanh", OF_DOUBLE, |values| double(values, f64::tanh)),
    plain("degrees", OF_DOUBLE, |values| double(values, f64::to_degrees)),
    plain("radians", OF_DOUBLE, |values| double(values, f64::to_radians)),
    plain("pi", &["() -> double"], |_| Ok(Value::Double(std::f64::consts::PI))),
    plain("e", &["() -> double"], |_| Ok(Value::Double(std::f64::consts::E))),
    plain("nan", &["() -> double"], |_| Ok(Value::Double(f64::NAN))),
    plain("infinity", &["() -> double"], |_| Ok(Value::Double(f64::INFINITY))),
    plain("is_nan", &["(real) -> boolean", "(double) -> boolean"], |values| test(values, f64::is_nan)),
    plain("is_finite", &["(double) -> boolean"], |values| test(values, f64::is_finite)),
    plain("is_infinite", &["(real) -> boolean", "(double) -> boolean"], |values| {
        test(values, f64::is_infinite)
    }),
    plain("from_base", &["(varchar, bigint) -> bigint"], from_base),
    plain("to_base", &["(bigint, bigint) -> varchar"], to_base),
    plain("width_bucket", &["(double, double, double, bigint) -> bigint"], width_bucket),
    plain("width_bucket", &["(double, array(double)) -> bigint"], width_bucket_of_bins),
    plain(
        "cosine_similarity",
        &["(map(varchar, double), map(varchar, double)) -> double"],
        cosine_similarity,
    ),
    plain("format_number", &["(bigint) -> varchar", "(double) -> varchar"], format_number),
];

const OF_DOUBLE: &[&str] = &["(double) -> double"];
const OF_TWO_DOUBLES: &[&str] = &["(double, double) -> double"];

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

fn double<'a>(values: &[Value<'a>], function: fn(f64) -> f64) -> Eval<'a> {
    let [Value::Double(x)] = values else {
        return unexpected(values);
    };
    Ok(Value::Double(function(*x)))
}

fn two_doubles<'a>(values: &[Value<'a>], function: fn(f64, f64) -> f64) -> Eval<'a> {
    let [Value::Double(a), Value::Double(b)] = values else {
        return unexpected(values);
    };
    Ok(Value::Double(function(*a, *b)))
}

/// As Java has it, one to a power that is no number is no number.
fn power(base: f64, exponent: f64) -> f64 {
    if exponent.is_nan() || (base.abs() == 1.0 && exponent.is_infinite()) {
        f64::NAN
    } else {
        base.powf(exponent)
    }
}

fn test<'a>(values: &[Value<'a>], function: fn(f64) -> bool) -> Eval<'a> {
    match values {
        [Value::Double(x)] => Ok(Value::Boolean(function(*x))),
        [Value::Real(x)] => Ok(Value::Boolean(function(f64::from(*x)))),
        _ => unexpected(values),
    }
}

fn radix(radix: i64) -> Result<u32, EvalError> {
    match u32::try_from(radix) {
        Ok(radix @ 2..=36) => Ok(radix),
        _ => Err(EvalError::argument("Radix must be between 2 and 36")),
    }
}

fn from_base<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Varchar(text), Value::Integer(base)] = values else {
        return unexpected(values);
    };
    let base = radix(*base)?;
    i64::from_str_radix(text, base)
        .map(Value::Integer)
        .map_err(|_| EvalError::argument(format!("Not a valid base-{base} number: {text}")))
}

fn to_base<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Integer(number), Value::Integer(base)] = values else {
        return unexpected(values);
    };
    let base = u64::from(radix(*base)?);
    let mut rest = number.unsigned_abs();
    let mut digits = Vec::new();
    loop {
        digits.push(char::from_digit((rest % base) as u32, base as u32).unwrap_or('0'));
        rest /= base;
        if rest == 0 {
            break;
        }
    }
    if *number < 0 {
        digits.push('-');
    }
    Ok(Value::text(digits.into_iter().rev().collect::<String>()))
}

fn width_bucket<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Double(x), Value::Double(first), Value::Double(second), Value::Integer(count)] = values
    else {
        return unexpected(values);
    };
    let reason = if *count <= 0 {
        "bucketCount must be greater than 0"
    } else if x.is_nan() {
        "operand must not be NaN"
    } else if !first.is_finite() {
        "first bound must be finite"
    } else if !second.is_finite() {
        "second bound must be finite"
    } else if first == second {
        "bounds cannot equal each other"
    } else {
        ""
    };
    if !reason.is_empty() {
        return Err(EvalError::argument(reason));
    }
    let (low, high) = (first.min(*second), first.max(*second));
    let bucket = if *x < low {
        0
    } else if *x >= high {
        match count.checked_add(1) {
            Some(bucket) => bucket,
            None => return Err(EvalError::range(format!("Bucket for value {x} is out of range"))),
        }
    } else {
        (*count as f64 * (x - low) / (high - low) + 1.0) as i64
    };
    Ok(Value::Integer(if first > second { count - bucket + 1 } else { bucket }))
}

fn width_bucket_of_bins<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Double(x), Value::Array(bins)] = values else {
        return unexpected(values);
    };
    if bins.is_empty() {
        return Err(EvalError::argument("Bins cannot be an empty array"));
    }
    if x.is_nan() {
        return Err(EvalError::argument("Operand cannot be NaN"));
    }
    let mut bounds = Vec::with_capacity(bins.len());
    for bin in bins.iter() {
        match bin {
            Value::Double(bin) if bin.is_finite() => bounds.push(*bin),
            other => {
                return Err(EvalError::argument(format!("Bin value must be finite, got {other:?}")));
            }
        }
    }
    if !bounds.is_sorted() {
        return Err(EvalError::argument("Bin values are not sorted in ascending order"));
    }
    Ok(Value::Integer(bounds.partition_point(|bound| bound <= x) as i64))
}

fn cosine_similarity<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Map(a), Value::Map(b)] = values else {
        return unexpected(values);
    };
    let number = |value: &Value<'_>| {
        if let Value::Double(x) = value { Some(*x) } else { None }
    };
    let mut dot = 0.0;
    let (mut norm_a, mut norm_b) = (0.0, 0.0);
    for (key, value) in a.iter() {
        let Some(x) = number(value) else {
            return Ok(Value::Null);
        };
        norm_a += x * x;
        if let Some((_, value)) = b.iter().find(|(known, _)| known.is_identical(key)) {
            dot += x * number(value).unwrap_or(0.0);
        }
    }
    for (_, value) in b.iter() {
        let Some(x) = number(value) else {
            return Ok(Value::Null);
        };
        norm_b += x * x;
    }
    if norm_a == 0.0 || norm_b == 0.0 {
        return Ok(Value::Null);
    }
    Ok(Value::Double(dot / (f64::sqrt(norm_a) * f64::sqrt(norm_b))))
}

/// `1.23M`: three significant digits and a unit.
fn format_number<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let number = match values {
        [Value::Integer(number)] => *number as f64,
        [Value::Double(number)] => *number,
        _ => return unexpected(values),
    };
    let mut rest = number;
    let mut units = ["", "K", "M", "B", "T", "Q"].into_iter().peekable();
    let mut unit = units.next().unwrap_or("");
    while rest.abs() >= 1000.0 && units.peek().is_some() {
        rest /= 1000.0;
        unit = units.next().unwrap_or("");
    }
    let digits = match rest.abs() {
        magnitude if magnitude < 10.0 => 2,
        magnitude if magnitude < 100.0 => 1,
        _ => 0,
    };
    let text = format!("{rest:.digits$}");
    let text = if digits > 0 { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    Ok(Value::text(format!("{text}{unit}")))
}

#[cfg(test)]
mod tests {
    use crate::trino::testing::{check, check_type};

    #[test]
    fn rounding() {
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

    #[test]
    fn functions() {
        check("abs(-9223372036854775808)", "! Value -9223372036854775808 is out of range for abs");
        check("mod(-7, 3)", "-1");
        check("mod(7, DECIMAL '2.5')", "2.0");
        check("mod(7, 0)", "! Division by zero");
        check("power(2, 10)", "1.024E3");
        check("log(2, 8)", "3E0");
        check("from_base('ff', 16)", "255");
        check("to_base(-255, 16)", "-ff");
        check("width_bucket(5, 0, 10, 5)", "3");
        check("width_bucket(5, ARRAY[0, 5, 10])", "2");
        check("greatest(1, 2.5, NULL)", "NULL");
        check("least('b', 'a')", "a");
        check("format_number(1234567)", "1.23M");
        check("sqrt('x')", "! Unexpected parameters (varchar(1)) for function sqrt.");
    }

    #[test]
    fn operators() {
        check("7 / 2", "3");
        check("-7 % 3", "-1");
        check("1 / 0", "! Division by zero");
        check("1e0 / 0", "Infinity");
        check("2147483647 + 1", "! integer addition overflow: 2147483647 + 1");
        check("DECIMAL '1' / 3", "0");
        check("DECIMAL '1.00' / DECIMAL '3.000'", "0.333");
        check("-(-2147483648)", "! integer negation overflow: -2147483648");
        check_type("1.5 + 1", "double");
        check_type("DECIMAL '1.5' * DECIMAL '2.25'", "decimal(5,3)");
        check_type("DECIMAL '1.5' + 1", "decimal(12,1)");
        check("9223372036854775808", "! Invalid numeric literal: 9223372036854775808");
    }
}
