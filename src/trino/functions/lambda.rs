//! Arrays and lambdas.

use std::cmp::Ordering;

use super::{Function, higher, plain, unexpected};
use crate::trino::error::EvalError;
use crate::trino::eval::{Lambda, truth};
use crate::trino::value::{Eval, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    higher("transform", &["(array(T), function(T, U)) -> array(U)"], |values, lambdas| {
        let ([Value::Array(elements), _], [make]) = (values, lambdas) else {
            return unexpected(values);
        };
        elements
            .iter()
            .map(|element| make.call(std::slice::from_ref(element)))
            .collect::<Result<_, _>>()
            .map(Value::Array)
    }),
    higher("filter", &["(array(T), function(T, boolean)) -> array(T)"], filter),
    higher("any_match", &["(array(T), function(T, boolean)) -> boolean"], |values, lambdas| {
        Ok(truth(any(values, lambdas, true)?))
    }),
    higher("none_match", &["(array(T), function(T, boolean)) -> boolean"], |values, lambdas| {
        Ok(truth(any(values, lambdas, true)?.map(|any| !any)))
    }),
    higher("all_match", &["(array(T), function(T, boolean)) -> boolean"], |values, lambdas| {
        Ok(truth(any(values, lambdas, false)?.map(|any| !any)))
    }),
    higher("reduce", &["(array(T), S, function(S, T, S), function(S, R)) -> R"], reduce).takes_null(),
    higher("zip_with", &["(array(T), array(U), function(T, U, R)) -> array(R)"], zip_with),
    higher("array_sort", &["(array(T), function(T, T, integer)) -> array(T)"], array_sort_by),
    plain("array_sort", &["<T: orderable>(array(T)) -> array(T)"], array_sort),
];

fn filter<'a>(values: &[Value<'a>], lambdas: &[Lambda<'_, 'a>]) -> Eval<'a> {
    let ([Value::Array(elements), _], [keeps]) = (values, lambdas) else {
        return unexpected(values);
    };
    let mut kept = Vec::new();
    for element in elements.iter() {
        if let Value::Boolean(true) = keeps.call(std::slice::from_ref(element))? {
            kept.push(element.clone());
        }
    }
    Ok(Value::array(kept))
}

/// Whether the lambda is so for any element; open if it is for none and NULL for one.
fn any<'a>(
    values: &[Value<'a>],
    lambdas: &[Lambda<'_, 'a>],
    wanted: bool,
) -> Result<Option<bool>, EvalError> {
    let ([Value::Array(elements), _], [matches]) = (values, lambdas) else {
        return Err(EvalError::other("a match takes an array and a lambda"));
    };
    let mut result = Some(false);
    for element in elements.iter() {
        match matches.call(std::slice::from_ref(element))? {
            Value::Boolean(truth) if truth == wanted => return Ok(Some(true)),
            Value::Boolean(_) => {}
            _ => result = None,
        }
    }
    Ok(result)
}

fn reduce<'a>(values: &[Value<'a>], lambdas: &[Lambda<'_, 'a>]) -> Eval<'a> {
    let ([array, state, ..], [step, finish]) = (values, lambdas) else {
        return unexpected(values);
    };
    let Value::Array(elements) = array else {
        return Ok(Value::Null);
    };
    let mut state = state.clone();
    for element in elements.iter() {
        state = step.call(&[state, element.clone()])?;
    }
    finish.call(&[state])
}

fn zip_with<'a>(values: &[Value<'a>], lambdas: &[Lambda<'_, 'a>]) -> Eval<'a> {
    let ([Value::Array(a), Value::Array(b), _], [make]) = (values, lambdas) else {
        return unexpected(values);
    };
    let at = |array: &[Value<'a>], i: usize| array.get(i).cloned().unwrap_or(Value::Null);
    (0..a.len().max(b.len()))
        .map(|i| make.call(&[at(a, i), at(b, i)]))
        .collect::<Result<_, _>>()
        .map(Value::Array)
}

/// NULLs come last.
fn array_sort<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Array(elements)] = values else {
        return unexpected(values);
    };
    let sorted = sort(elements.to_vec(), &mut |a, b| match (a.is_null(), b.is_null()) {
        (false, false) => a.compare(b),
        (a, b) => Ok(a.cmp(&b)),
    })?;
    Ok(Value::array(sorted))
}

fn array_sort_by<'a>(values: &[Value<'a>], lambdas: &[Lambda<'_, 'a>]) -> Eval<'a> {
    let ([Value::Array(elements), _], [compare]) = (values, lambdas) else {
        return unexpected(values);
    };
    let sorted = sort(elements.to_vec(), &mut |a, b| match compare.call(&[a.clone(), b.clone()])? {
        Value::Integer(-1) => Ok(Ordering::Less),
        Value::Integer(0) => Ok(Ordering::Equal),
        Value::Integer(1) => Ok(Ordering::Greater),
        _ => Err(EvalError::argument("Lambda comparator must return either -1, 0, or 1")),
    })?;
    Ok(Value::array(sorted))
}

type Compare<'c, 'a> = dyn FnMut(&Value<'a>, &Value<'a>) -> Result<Ordering, EvalError> + 'c;

/// A stable merge sort, which asks about the later of two first, as Java's does. The standard library's sorts can neither fail nor bear
/// an order that contradicts itself, as a lambda's may.
fn sort<'a>(mut values: Vec<Value<'a>>, compare: &mut Compare<'_, 'a>) -> Result<Vec<Value<'a>>, EvalError> {
    if values.len() < 2 {
        return Ok(values);
    }
    let right = values.split_off(values.len() / 2);
    let mut left = sort(values, compare)?.into_iter().peekable();
    let mut right = sort(right, compare)?.into_iter().peekable();
    let mut merged = Vec::with_capacity(left.len() + right.len());
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        let next = if compare(b, a)?.is_lt() { right.next() } else { left.next() };
        merged.extend(next);
    }
    merged.extend(left);
    merged.extend(right);
    Ok(merged)
}

#[cfg(test)]
mod tests {
    use crate::trino::testing::{check, check_type};

    #[test]
    fn lambdas() {
        check("transform(ARRAY[1, NULL], x -> x + 1)", "[2, NULL]");
        check("filter(ARRAY['a', 'bb', NULL], x -> length(x) > 1)", "[bb]");
        check("any_match(ARRAY[1, NULL], x -> x = 2)", "NULL");
        check("all_match(ARRAY[1, NULL], x -> x = 2)", "false");
        check("none_match(ARRAY[], x -> x)", "true");
        check("reduce(ARRAY[1, 2, 3], 0, (s, x) -> s + x, s -> s * 10)", "60");
        check("reduce(ARRAY[2, 3], 0, (s, x) -> s + x * 1e0, s -> s)", "5E0");
        check(
            "zip_with(ARRAY[1, 2], ARRAY['a'], (x, y) -> CAST(x AS varchar) || coalesce(y, '-'))",
            "[1a, 2-]",
        );
        check_type("transform(ARRAY['a'], x -> length(x))", "array(bigint)");
    }

    #[test]
    fn nesting() {
        check("transform(ARRAY[1, 2], x -> transform(ARRAY[10, 20], y -> x * y))", "[[10, 20], [20, 40]]");
        check("transform(ARRAY[1, 2], x -> CASE x + 1 WHEN 2 THEN x ELSE -x END)", "[1, -2]");
        check("transform(ARRAY[1, 2], x -> reduce(ARRAY[x], 0, (s, x) -> s + x, s -> s + x))", "[2, 4]");
        check("transform(ARRAY[1], X -> x)", "[1]");
        check("transform(ARRAY[ROW(1)], r -> r[1])", "[1]");
        check("transform(ARRAY[1], x -> y)", "! Column 'y' cannot be resolved");
    }

    #[test]
    fn sorting() {
        check("array_sort(ARRAY[3, NULL, 1, 2])", "[1, 2, 3, NULL]");
        check("array_sort(ARRAY['b', 'a', 'c'], (x, y) -> IF(x < y, 1, IF(x = y, 0, -1)))", "[c, b, a]");
        check("array_sort(ARRAY[1, 2, 3], (x, y) -> -1)", "[3, 2, 1]");
        check("array_sort(ARRAY[1, 2], (x, y) -> 2)", "! Lambda comparator must return either -1, 0, or 1");
        check(
            "array_sort(ARRAY[MAP()])",
            "! Unexpected parameters (array(map(unknown, unknown))) for function array_sort.",
        );
    }
}
