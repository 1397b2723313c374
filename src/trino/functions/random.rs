//! Chance: numbers and UUIDs, good enough for samples, not for secrets.

use std::cell::Cell;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use super::{Function, plain, unexpected};
use crate::trino::error::EvalError;
use crate::trino::value::{Eval, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    plain("random|rand", &["() -> double"], |_| Ok(Value::Double(fraction()))).volatile(),
    plain("random|rand", &["(bigint) -> bigint", "(bigint, bigint) -> bigint"], random).volatile(),
    plain("uuid", &["() -> uuid"], |_| Ok(Value::Uuid(uuid()))).volatile(),
];

/// 64 random bits: xorshift, seeded once a thread by the standard library's own randomness.
fn next() -> u64 {
    thread_local! {
        static STATE: Cell<u64> = Cell::new(RandomState::new().hash_one(0) | 1);
    }
    STATE.with(|state| {
        let mut x = state.get();
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        state.set(x);
        x.wrapping_mul(0x2545_F491_4F6C_DD1D)
    })
}

/// A number from 0 up to a limit that is not 0.
pub(super) fn below(limit: u64) -> u64 {
    ((u128::from(next()) * u128::from(limit)) >> 64) as u64
}

fn fraction() -> f64 {
    (next() >> 11) as f64 / (1u64 << 53) as f64
}

fn random<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let (low, high) = match values {
        [Value::Integer(high)] => (0, *high),
        [Value::Integer(low), Value::Integer(high)] => (*low, *high),
        _ => return unexpected(values),
    };
    if low >= high {
        return Err(EvalError::argument(if values.len() == 1 {
            "bound must be positive"
        } else {
            "start value must be less than stop value"
        }));
    }
    Ok(Value::Integer(low.wrapping_add(below(high.abs_diff(low)) as i64)))
}

fn uuid() -> u128 {
    let bits = u128::from(next()) << 64 | u128::from(next());
    // Version 4, variant 1.
    bits & !(0xF << 76) & !(0x3 << 62) | 4 << 76 | 2 << 62
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trino::testing::check;

    #[test]
    fn ranges() {
        for _ in 0..1_000 {
            assert!(below(3) < 3);
            assert!((0.0..1.0).contains(&fraction()));
        }
        check("random(5, 6)", "5");
        check("random(0)", "! bound must be positive");
        check("length(CAST(uuid() AS varchar))", "36");
        check("uuid() = uuid()", "false");
        check("cardinality(shuffle(ARRAY[1, 2, 3]))", "3");
    }
}
