//! Arrays that are made: sequences and repetitions.

use super::{Function, plain, unexpected};
use crate::trino::error::EvalError;
use crate::trino::operators::shift;
use crate::trino::time::{DAY, MILLI};
use crate::trino::value::{Eval, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    plain("repeat", &["(T, bigint) -> array(T)"], repeat).takes_null(),
    plain(
        "sequence",
        &[
            "(bigint, bigint) -> array(bigint)",
            "(bigint, bigint, bigint) -> array(bigint)",
            "(date, date) -> array(date)",
            "(date, date, interval day to second) -> array(date)",
            "(date, date, interval year to month) -> array(date)",
            "(timestamp(p), timestamp(p), interval day to second) -> array(timestamp(p))",
            "(timestamp(p), timestamp(p), interval year to month) -> array(timestamp(p))",
        ],
        sequence,
    ),
];

/// The greatest number of elements that `sequence` and `repeat` make.
const MAX_ELEMENTS: usize = 10_000;

/// The element may be NULL; the count may not.
fn repeat<'a>(values: &[Value<'a>]) -> Eval<'a> {
    /// Of the memory that Trino grants.
    const MAX_BYTES: usize = 1_000_000;
    let (element, count) = match values {
        [_, Value::Null] => return Ok(Value::Null),
        [element, Value::Integer(count)] => (element, *count),
        _ => return unexpected(values),
    };
    let Ok(count) = usize::try_from(count) else {
        return Err(EvalError::argument(
            "count argument of repeat function must be greater than or equal to 0",
        ));
    };
    if count > MAX_ELEMENTS {
        return Err(EvalError::argument(
            "count argument of repeat function must be less than or equal to 10000",
        ));
    }
    if size(element).saturating_mul(count) >= MAX_BYTES {
        return Err(EvalError::argument("result of repeat function must not take more than 1000000 bytes"));
    }
    Ok(Value::array(std::iter::repeat_n(element, count).cloned()))
}

/// About the bytes that a value takes.
fn size(value: &Value<'_>) -> usize {
    match value {
        Value::Varchar(text) | Value::Json(text) => text.len() + 5,
        Value::Varbinary(bytes) => bytes.len() + 5,
        Value::Array(values) | Value::Row(values) => 5 + values.iter().map(size).sum::<usize>(),
        Value::Map(entries) => 5 + entries.iter().map(|(key, value)| size(key) + size(value)).sum::<usize>(),
        _ => 5,
    }
}

/// From a start to a stop, both of which may belong to it.
fn sequence<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let default_step;
    let (start, stop, step) = match values {
        [start, stop, step] => (start, stop, step),
        [start, stop] => {
            let sign = if stop.compare(start)?.is_lt() { -1 } else { 1 };
            default_step = match start {
                Value::Integer(_) => Value::Integer(sign),
                _ => Value::Millis(sign * (DAY / MILLI)),
            };
            (start, stop, &default_step)
        }
        _ => return unexpected(values),
    };
    let step_sign = match step {
        Value::Integer(step) | Value::Millis(step) => step.signum(),
        Value::Months(step) => i64::from(step.signum()),
        _ => return unexpected(values),
    };
    if let (Value::Date(_), Value::Millis(step)) = (start, step)
        && step % (DAY / MILLI) != 0
    {
        return Err(EvalError::argument(
            "sequence step must be a day interval if start and end values are dates",
        ));
    }
    if step_sign == 0 {
        return Err(EvalError::argument("sequence step must not be zero"));
    }
    let is_past = |value: &Value<'_>| {
        let ordering = value.compare(stop)?;
        Ok::<bool, EvalError>(if step_sign > 0 { ordering.is_gt() } else { ordering.is_lt() })
    };
    if is_past(start)? {
        return Err(EvalError::argument(
            "sequence stop value should be greater than or equal to start value if step is greater than zero \
             otherwise stop should be less than or equal to start",
        ));
    }
    let mut result: Vec<Value<'a>> = Vec::new();
    loop {
        let index = result.len() as i64;
        // Months are counted from the start: the last day of one is not that of the next.
        let next = match (start, step) {
            (Value::Integer(start), Value::Integer(step)) => {
                step.checked_mul(index).and_then(|offset| start.checked_add(offset)).map(Value::Integer)
            }
            (start, Value::Millis(step)) => {
                step.checked_mul(index).and_then(|offset| shift(start, &Value::Millis(offset), 1).ok())
            }
            (start, Value::Months(step)) => {
                step.checked_mul(index as i32).and_then(|offset| shift(start, &Value::Months(offset), 1).ok())
            }
            _ => None,
        };
        match next {
            Some(value) if !is_past(&value)? => {
                if result.len() == MAX_ELEMENTS {
                    return Err(EvalError::argument(
                        "result of sequence function must not have more than 10000 entries",
                    ));
                }
                result.push(value);
            }
            _ => return Ok(Value::array(result)),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::trino::testing::check;

    #[test]
    fn sequences() {
        check("repeat(NULL, 2)", "[NULL, NULL]");
        check("sequence(5, 1, -2)", "[5, 3, 1]");
        check("sequence(1, 20000)", "! result of sequence function must not have more than 10000 entries");
        check(
            "sequence(DATE '2026-01-31', DATE '2026-04-30', INTERVAL '1' MONTH)",
            "[2026-01-31, 2026-02-28, 2026-03-31, 2026-04-30]",
        );
        check("sequence(DATE '2026-01-03', DATE '2026-01-01')", "[2026-01-03, 2026-01-02, 2026-01-01]");
        check("sequence(1, 5, 0)", "! sequence step must not be zero");
    }
}
