//! Arrays: their elements, parts and combinations.

use std::cmp::Ordering;

use super::conditional::extreme;
use super::{Bind, Function, bound, kernel, plain, unexpected};
use crate::trino::cast::{cast, is_castable};
use crate::trino::error::EvalError;
use crate::trino::expr::Kernel;
use crate::trino::types::Type;
use crate::trino::value::{Eval, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    plain("$subscript", &["(array(T), bigint) -> T", "(map(K, V), K) -> V"], subscript),
    plain("element_at", &["(array(T), bigint) -> T", "(map(K, V), K) -> V"], element_at),
    plain("cardinality", &["(array(T)) -> bigint", "(map(K, V)) -> bigint"], |values| match values {
        [Value::Array(elements)] => Ok(Value::Integer(elements.len() as i64)),
        [Value::Map(entries)] => Ok(Value::Integer(entries.len() as i64)),
        _ => unexpected(values),
    }),
    plain(
        "concat",
        &[
            "(varchar, varchar, varchar...) -> varchar",
            "(varbinary, varbinary, varbinary...) -> varbinary",
            "(array(T), array(T), array(T)...) -> array(T)",
        ],
        concat,
    ),
    plain("concat", &["(array(T), T) -> array(T)"], |values| match values {
        [Value::Array(elements), last] => Ok(Value::array(elements.iter().chain([last]).cloned())),
        _ => unexpected(values),
    }),
    plain("concat", &["(T, array(T)) -> array(T)"], |values| match values {
        [first, Value::Array(elements)] => {
            Ok(Value::array([first].into_iter().chain(elements.iter()).cloned()))
        }
        _ => unexpected(values),
    }),
    plain("contains", &["<T: comparable>(array(T), T) -> boolean"], contains),
    plain("contains_sequence", &["<T: comparable>(array(T), array(T)) -> boolean"], contains_sequence),
    plain(
        "array_position",
        &["<T: comparable>(array(T), T) -> bigint", "<T: comparable>(array(T), T, bigint) -> bigint"],
        array_position,
    ),
    plain("array_remove", &["<T: comparable>(array(T), T) -> array(T)"], array_remove),
    plain("array_max", &["<T: orderable>(array(T)) -> T"], |values| array_extreme(values, Ordering::Greater)),
    plain("array_min", &["<T: orderable>(array(T)) -> T"], |values| array_extreme(values, Ordering::Less)),
    bound(
        "array_join",
        &["(array(T), varchar) -> varchar", "(array(T), varchar, varchar) -> varchar"],
        array_join,
    ),
    plain("flatten", &["(array(array(T))) -> array(T)"], flatten),
    plain(
        "reverse",
        &["(varchar(x)) -> varchar(x)", "(varbinary) -> varbinary", "(array(T)) -> array(T)"],
        reverse,
    ),
    plain("slice", &["(array(T), bigint, bigint) -> array(T)"], slice),
    plain("trim_array", &["(array(T), bigint) -> array(T)"], trim_array),
    plain("shuffle", &["(array(T)) -> array(T)"], shuffle).volatile(),
    plain("ngrams", &["(array(T), bigint) -> array(array(T))"], ngrams),
    plain("combinations", &["(array(T), bigint) -> array(array(T))"], combinations),
    plain(
        "zip",
        &[
            "(array(A), array(B)) -> array(row(A, B))",
            "(array(A), array(B), array(C)) -> array(row(A, B, C))",
            "(array(A), array(B), array(C), array(D)) -> array(row(A, B, C, D))",
            "(array(A), array(B), array(C), array(D), array(E)) -> array(row(A, B, C, D, E))",
        ],
        zip,
    ),
];

fn subscript<'a>(values: &[Value<'a>]) -> Eval<'a> {
    match values {
        [Value::Array(elements), Value::Integer(index)] => match usize::try_from(*index) {
            Ok(0) => Err(EvalError::argument("SQL array indices start at 1")),
            Ok(position) => elements.get(position - 1).cloned().ok_or_else(|| {
                EvalError::argument(format!(
                    "Array subscript must be less than or equal to array length: {index} > {}",
                    elements.len()
                ))
            }),
            Err(_) => Err(EvalError::argument(format!("Array subscript is negative: {index}"))),
        },
        [Value::Map(entries), key] => {
            let found = entries.iter().find(|(known, _)| known.is_identical(key));
            found
                .map(|(_, value)| value.clone())
                .ok_or_else(|| EvalError::argument(format!("Key not present in map: {}", shown(key))))
        }
        _ => unexpected(values),
    }
}

/// A value in a message.
pub(super) fn shown(value: &Value<'_>) -> String {
    match value {
        Value::Varchar(text) => text.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Double(number) => number.to_string(),
        Value::Boolean(truth) => truth.to_string(),
        Value::Date(days) => crate::trino::time::text::format_date(i64::from(*days)),
        other => format!("{other:?}"),
    }
}

fn element_at<'a>(values: &[Value<'a>]) -> Eval<'a> {
    match values {
        [Value::Array(elements), Value::Integer(index)] => {
            if *index == 0 {
                return Err(EvalError::argument("SQL array indices start at 1"));
            }
            let position = if *index > 0 { index - 1 } else { elements.len() as i64 + index };
            Ok(usize::try_from(position).ok().and_then(|i| elements.get(i)).cloned().unwrap_or(Value::Null))
        }
        [Value::Map(entries), key] => {
            let found = entries.iter().find(|(known, _)| known.is_identical(key));
            Ok(found.map_or(Value::Null, |(_, value)| value.clone()))
        }
        _ => unexpected(values),
    }
}

fn concat<'a>(values: &[Value<'a>]) -> Eval<'a> {
    match values.first() {
        Some(Value::Varchar(_)) => {
            let length =
                values.iter().map(|value| if let Value::Varchar(text) = value { text.len() } else { 0 });
            let mut joined = String::with_capacity(length.sum());
            for value in values {
                let Value::Varchar(text) = value else {
                    return unexpected(values);
                };
                joined.push_str(text);
            }
            Ok(Value::text(joined))
        }
        Some(Value::Varbinary(_)) => {
            let mut joined = Vec::new();
            for value in values {
                let Value::Varbinary(bytes) = value else {
                    return unexpected(values);
                };
                joined.extend_from_slice(bytes);
            }
            Ok(Value::bytes(joined))
        }
        _ => {
            let mut joined = Vec::new();
            for value in values {
                let Value::Array(elements) = value else {
                    return unexpected(values);
                };
                joined.extend(elements.iter().cloned());
            }
            Ok(Value::array(joined))
        }
    }
}

fn contains<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Array(elements), wanted] = values else {
        return unexpected(values);
    };
    let mut result = Value::Boolean(false);
    for element in elements.iter() {
        match element.equals(wanted) {
            Some(true) => return Ok(Value::Boolean(true)),
            Some(false) => {}
            None => result = Value::Null,
        }
    }
    Ok(result)
}

fn contains_sequence<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Array(elements), Value::Array(wanted)] = values else {
        return unexpected(values);
    };
    let is_same = |window: &[Value<'a>]| window.iter().zip(wanted.iter()).all(|(a, b)| a.is_identical(b));
    Ok(Value::Boolean(wanted.is_empty() || elements.windows(wanted.len()).any(is_same)))
}

fn array_position<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let (elements, wanted, instance) = match values {
        [Value::Array(elements), wanted] => (elements, wanted, 1),
        [Value::Array(elements), wanted, Value::Integer(instance)] => (elements, wanted, *instance),
        _ => return unexpected(values),
    };
    let mut positions =
        (1..).zip(elements.iter()).filter(|(_, element)| element.equals(wanted) == Some(true));
    let skip = usize::try_from(instance.unsigned_abs()).unwrap_or(usize::MAX);
    let found = match instance {
        0 => {
            return Err(EvalError::argument("array_position cannot take a 0-valued instance argument."));
        }
        1.. => positions.nth(skip - 1),
        _ => positions.collect::<Vec<_>>().into_iter().rev().nth(skip - 1),
    };
    Ok(Value::Integer(found.map_or(0, |(position, _)| position)))
}

fn array_remove<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Array(elements), unwanted] = values else {
        return unexpected(values);
    };
    let mut kept = Vec::new();
    for element in elements.iter() {
        match element.equals(unwanted) {
            Some(true) => {}
            None if !element.is_null() => {
                return Err(EvalError::other("array_remove cannot compare values that hold a NULL"));
            }
            _ => kept.push(element.clone()),
        }
    }
    Ok(Value::array(kept))
}

fn array_extreme<'a>(values: &[Value<'a>], wanted: Ordering) -> Eval<'a> {
    let [Value::Array(elements)] = values else {
        return unexpected(values);
    };
    if elements.iter().any(Value::is_null) {
        return Ok(Value::Null);
    }
    extreme(elements, wanted)
}

fn array_join(bind: &Bind<'_>) -> Result<Kernel, EvalError> {
    let element = match bind.types.first() {
        Some(Type::Array(element)) => Type::clone(element),
        _ => Type::Unknown,
    };
    if !is_castable(&element, &Type::VARCHAR) {
        return Err(EvalError::argument(format!("Input type array({element}) has no text to join")));
    }
    kernel(move |values| {
        let (elements, delimiter, null) = match values {
            [Value::Array(elements), Value::Varchar(delimiter)] => (elements, delimiter, None),
            [Value::Array(elements), Value::Varchar(delimiter), Value::Varchar(null)] => {
                (elements, delimiter, Some(null))
            }
            _ => return unexpected(values),
        };
        let mut joined = String::new();
        let mut is_first = true;
        for value in elements.iter() {
            let text = match cast(value.clone(), &element, &Type::VARCHAR)? {
                Value::Varchar(text) => text,
                _ => match null {
                    Some(null) => null.clone(),
                    None => continue,
                },
            };
            if !is_first {
                joined.push_str(delimiter);
            }
            is_first = false;
            joined.push_str(&text);
        }
        Ok(Value::text(joined))
    })
}

fn flatten<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Array(arrays)] = values else {
        return unexpected(values);
    };
    let mut flat = Vec::new();
    for array in arrays.iter() {
        if let Value::Array(elements) = array {
            flat.extend(elements.iter().cloned());
        }
    }
    Ok(Value::array(flat))
}

fn reverse<'a>(values: &[Value<'a>]) -> Eval<'a> {
    match values {
        [Value::Varchar(text)] => Ok(Value::text(text.chars().rev().collect::<String>())),
        [Value::Varbinary(bytes)] => Ok(Value::bytes(bytes.iter().rev().copied().collect::<Vec<u8>>())),
        [Value::Array(elements)] => Ok(Value::array(elements.iter().rev().cloned())),
        _ => unexpected(values),
    }
}

fn slice<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Array(elements), Value::Integer(start), Value::Integer(length)] = values else {
        return unexpected(values);
    };
    let Ok(length) = usize::try_from(*length) else {
        return Err(EvalError::argument("length must be greater than or equal to 0"));
    };
    if *start == 0 {
        return Err(EvalError::argument("SQL array indices start at 1"));
    }
    let skip = if *start > 0 { start - 1 } else { elements.len() as i64 + start };
    Ok(match usize::try_from(skip) {
        Ok(skip) => Value::array(elements.iter().skip(skip).take(length).cloned()),
        Err(_) => Value::array([]),
    })
}

fn trim_array<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Array(elements), Value::Integer(count)] = values else {
        return unexpected(values);
    };
    let Ok(count) = usize::try_from(*count) else {
        return Err(EvalError::argument(format!("size must not be negative: {count}")));
    };
    match elements.len().checked_sub(count) {
        Some(kept) => Ok(Value::array(elements.iter().take(kept).cloned())),
        None => Err(EvalError::argument(format!(
            "size must not exceed array cardinality {}: {count}",
            elements.len()
        ))),
    }
}

fn shuffle<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Array(elements)] = values else {
        return unexpected(values);
    };
    let mut shuffled: Vec<Value<'a>> = elements.to_vec();
    for last in (1..shuffled.len()).rev() {
        shuffled.swap(last, super::random::below(last as u64 + 1) as usize);
    }
    Ok(Value::array(shuffled))
}

fn ngrams<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Array(elements), Value::Integer(count)] = values else {
        return unexpected(values);
    };
    let count = match usize::try_from(*count) {
        Ok(count @ 1..) => count.min(elements.len()),
        _ => return Err(EvalError::argument("N must be positive")),
    };
    if count == 0 {
        return Ok(Value::array([Value::array([])]));
    }
    Ok(Value::array(elements.windows(count).map(|window| Value::array(window.iter().cloned()))))
}

fn combinations<'a>(values: &[Value<'a>]) -> Eval<'a> {
    const MAX_RESULT: usize = 100_000;
    let [Value::Array(elements), Value::Integer(count)] = values else {
        return unexpected(values);
    };
    let count = match usize::try_from(*count) {
        Ok(count @ 0..=5) => count,
        _ => {
            return Err(EvalError::argument("combination size must not be negative or exceed 5"));
        }
    };
    let mut result = Vec::new();
    let mut picked: Vec<usize> = (0..count).collect();
    while count <= elements.len() {
        if result.len() == MAX_RESULT {
            return Err(EvalError::argument("combinations exceed max size of 100000"));
        }
        result.push(Value::array(picked.iter().map(|index| elements[*index].clone())));
        // The first index that can still move; those before it start over.
        let limit = |i: usize| picked.get(i + 1).copied().unwrap_or(elements.len());
        let Some(i) = (0..count).find(|i| picked[*i] + 1 < limit(*i)) else {
            break;
        };
        picked[i] += 1;
        (0..i).for_each(|before| picked[before] = before);
    }
    Ok(Value::array(result))
}

fn zip<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let mut arrays = Vec::with_capacity(values.len());
    for value in values {
        let Value::Array(elements) = value else {
            return unexpected(values);
        };
        arrays.push(elements);
    }
    let length = arrays.iter().map(|array| array.len()).max().unwrap_or(0);
    Ok(Value::array(
        (0..length)
            .map(|i| Value::row(arrays.iter().map(|array| array.get(i).cloned().unwrap_or(Value::Null)))),
    ))
}

#[cfg(test)]
mod tests {
    use crate::trino::testing::{check, check_type};

    #[test]
    fn elements() {
        check("ARRAY[1, 2][2]", "2");
        check("ARRAY[1, 2][0]", "! SQL array indices start at 1");
        check("ARRAY[1, 2][3]", "! Array subscript must be less than or equal to array length: 3 > 2");
        check("element_at(ARRAY[1, 2], -1)", "2");
        check("element_at(ARRAY[1, 2], 3)", "NULL");
        check("contains(ARRAY['a', NULL], 'b')", "NULL");
        check(
            "contains('text', 'x')",
            "! Unexpected parameters (varchar(4), varchar(1)) for function contains.",
        );
        check("array_position(ARRAY['a', 'b', 'a'], 'a', -1)", "3");
        check("array_remove(ARRAY[1, NULL, 2], 2)", "[1, NULL]");
        check("array_max(ARRAY[1, 3, 2])", "3");
        check("array_min(ARRAY[1, NULL])", "NULL");
        check("ROW(1, 'x')[2]", "x");
    }

    #[test]
    fn building() {
        check("ARRAY[1] || ARRAY[2.5] || 3", "[1E0, 2.5E0, 3E0]");
        check("1 || ARRAY[2]", "[1, 2]");
        check("'a' || 1", "! Cannot apply operator: varchar(1) || integer");
        check("array_join(ARRAY[1, NULL, 3], ',', '?')", "1,?,3");
        check(
            "array_join(ARRAY[ROW(1)], ',')",
            "! array_join: Input type array(row(integer)) has no text to join",
        );
        check("flatten(ARRAY[ARRAY[1], NULL, ARRAY[2, 3]])", "[1, 2, 3]");
        check("slice(ARRAY[1, 2, 3, 4], -3, 2)", "[2, 3]");
        check("zip(ARRAY[1, 2], ARRAY['a'])", "[{1, a}, {2, NULL}]");
        check("ngrams(ARRAY['a', 'b', 'c'], 2)", "[[a, b], [b, c]]");
        check("combinations(ARRAY[1, 2, 3], 2)", "[[1, 2], [1, 3], [2, 3]]");
        check_type("ARRAY[1, 2.5]", "array(double)");
    }
}
