//! Bits.

use super::{Bind, Function, bound, kernel, plain, unexpected};
use crate::trino::error::EvalError;
use crate::trino::expr::Kernel;
use crate::trino::types::Type;
use crate::trino::value::{Eval, Value};

const SHIFT: &[&str] = &[
    "(tinyint, bigint) -> tinyint",
    "(smallint, bigint) -> smallint",
    "(integer, bigint) -> integer",
    "(bigint, bigint) -> bigint",
];

pub(super) const FUNCTIONS: &[Function] = &[
    plain("bitwise_and", &["(bigint, bigint) -> bigint"], |values| two(values, |a, b| a & b)),
    plain("bitwise_or", &["(bigint, bigint) -> bigint"], |values| two(values, |a, b| a | b)),
    plain("bitwise_xor", &["(bigint, bigint) -> bigint"], |values| two(values, |a, b| a ^ b)),
    plain("bitwise_not", &["(bigint) -> bigint"], |values| match values {
        [Value::Integer(x)] => Ok(Value::Integer(!x)),
        _ => unexpected(values),
    }),
    bound("bitwise_left_shift", SHIFT, |bind| {
        shift(bind, |x, count, width| if count < width { sign_extend(x << count, width) } else { 0 })
    }),
    bound("bitwise_right_shift", SHIFT, |bind| {
        shift(bind, |x, count, width| {
            let mask = u64::MAX >> (64 - width);
            if count < width { sign_extend(((x as u64 & mask) >> count) as i64, width) } else { 0 }
        })
    }),
    bound("bitwise_right_shift_arithmetic", SHIFT, |bind| shift(bind, |x, count, _| x >> count.min(63))),
    plain("bit_count", &["(bigint, bigint) -> bigint"], bit_count),
];

fn two<'a>(values: &[Value<'a>], combine: fn(i64, i64) -> i64) -> Eval<'a> {
    let [Value::Integer(a), Value::Integer(b)] = values else {
        return unexpected(values);
    };
    Ok(Value::Integer(combine(*a, *b)))
}

/// The value of the lowest bits, the highest of which is a sign.
fn sign_extend(x: i64, width: u32) -> i64 {
    x << (64 - width) >> (64 - width)
}

/// `apply` gets the value, how far to shift, and how wide its type is.
fn shift(bind: &Bind<'_>, apply: fn(i64, u32, u32) -> i64) -> Result<Kernel, EvalError> {
    let width = match bind.result {
        Type::Tinyint => 8,
        Type::Smallint => 16,
        Type::Integer => 32,
        _ => 64,
    };
    kernel(move |values| match values {
        [Value::Integer(x), Value::Integer(count)] => {
            let count = u32::try_from(*count).unwrap_or(u32::MAX);
            Ok(Value::Integer(apply(*x, count, width)))
        }
        _ => unexpected(values),
    })
}

fn bit_count<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Integer(x), Value::Integer(bits)] = values else {
        return unexpected(values);
    };
    if !(2..=64).contains(bits) {
        return Err(EvalError::argument(format!(
            "Bits specified in bit_count must be between 2 and 64, got {bits}"
        )));
    }
    let width = *bits as u32;
    if sign_extend(*x, width) != *x {
        return Err(EvalError::argument(format!(
            "Number must be representable with the bits specified. {x} can not be represented with {bits} bits"
        )));
    }
    Ok(Value::Integer(i64::from((*x as u64 & (u64::MAX >> (64 - width))).count_ones())))
}

#[cfg(test)]
mod tests {
    use crate::trino::testing::check;

    #[test]
    fn bits() {
        check("bitwise_and(12, 10)", "8");
        check("bitwise_not(0)", "-1");
        check("bitwise_left_shift(TINYINT '64', 1)", "-128");
        check("bitwise_left_shift(1, 31)", "-2147483648");
        check("bitwise_left_shift(1, 32)", "0");
        check("bitwise_right_shift(TINYINT '-1', 4)", "15");
        check("bitwise_right_shift_arithmetic(-8, 1)", "-4");
        check("bitwise_right_shift_arithmetic(-8, 100)", "-1");
        check("bit_count(-1, 8)", "8");
        check("bit_count(128, 8)", "! Number must be representable");
    }
}
