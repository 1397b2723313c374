//! Numbers.

use super::{Function, plain, unexpected};
use crate::trino::decimal;
use crate::trino::error::EvalError;
use crate::trino::types::Type;
use crate::trino::value::{Eval, Value};

pub(super) const FUNCTIONS: &[Function] = &[
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
    plain("parse_data_size|parse_presto_data_size", &["(varchar) -> decimal(p, s)"], parse_data_size)
        .result(|_| Type::Decimal(decimal::MAX_PRECISION, 0)),
    plain("format_number", &["(bigint) -> varchar", "(double) -> varchar"], format_number),
];

const OF_DOUBLE: &[&str] = &["(double) -> double"];
const OF_TWO_DOUBLES: &[&str] = &["(double, double) -> double"];

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

/// Bytes of `2.3MB`, in powers of 1024.
fn parse_data_size<'a>(values: &[Value<'a>]) -> Eval<'a> {
    const UNITS: [&str; 9] = ["B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];
    let [Value::Varchar(text)] = values else { return unexpected(values) };
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let size = || {
        let (unscaled, _, scale) = decimal::parse(number)?;
        let exponent = UNITS.iter().position(|known| *known == unit)? as u32;
        let bytes = unscaled.checked_mul(1i128 << (10 * exponent))? / decimal::power(scale);
        decimal::fits(bytes, decimal::MAX_PRECISION).then_some(bytes)
    };
    size().map(Value::Decimal).ok_or_else(|| EvalError::argument(format!("Invalid data size: '{text}'")))
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
    fn functions() {
        check("power(2, 10)", "1.024E3");
        check("log(2, 8)", "3E0");
        check("from_base('ff', 16)", "255");
        check("to_base(-255, 16)", "-ff");
        check("width_bucket(5, 0, 10, 5)", "3");
        check("width_bucket(5, ARRAY[0, 5, 10])", "2");
        check("greatest(1, 2.5, NULL)", "NULL");
        check("least('b', 'a')", "a");
        check("format_number(1234567)", "1.23M");
        check("parse_data_size('2.3MB')", "2411724");
        check("parse_data_size('1')", "! Invalid data size: '1'");
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
