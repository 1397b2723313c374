//! Arrays as sets: elements are the same where `IS NOT DISTINCT FROM` says so.

use std::collections::HashSet;

use super::{Function, plain, unexpected};
use crate::trino::value::{Eval, Key, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    plain("array_distinct", &["<T: comparable>(array(T)) -> array(T)"], |values| match values {
        [Value::Array(elements)] => Ok(distinct(elements.iter())),
        _ => unexpected(values),
    }),
    plain("array_union", &["<T: comparable>(array(T), array(T)) -> array(T)"], |values| match values {
        [Value::Array(a), Value::Array(b)] => Ok(distinct(a.iter().chain(b.iter()))),
        _ => unexpected(values),
    }),
    plain("array_except", &["<T: comparable>(array(T), array(T)) -> array(T)"], |values| match values {
        [Value::Array(a), Value::Array(b)] => {
            let unwanted = set(b);
            Ok(distinct(a.iter().filter(|value| !unwanted.contains(&Key((*value).clone())))))
        }
        _ => unexpected(values),
    }),
    plain("array_intersect", &["<T: comparable>(array(T), array(T)) -> array(T)"], |values| match values {
        [Value::Array(a), Value::Array(b)] => {
            // In the order of the longer one.
            let (long, short) = if a.len() < b.len() { (b, a) } else { (a, b) };
            let wanted = set(short);
            Ok(distinct(long.iter().filter(|value| wanted.contains(&Key((*value).clone())))))
        }
        _ => unexpected(values),
    }),
    plain("arrays_overlap", &["<T: comparable>(array(T), array(T)) -> boolean"], arrays_overlap),
];

fn set<'a>(values: &[Value<'a>]) -> HashSet<Key<'a>> {
    values.iter().cloned().map(Key).collect()
}

/// The first of each.
fn distinct<'v, 'a: 'v>(values: impl Iterator<Item = &'v Value<'a>>) -> Value<'a> {
    let mut seen = HashSet::new();
    Value::array(values.filter(|value| seen.insert(Key((*value).clone()))).cloned())
}

/// NULL where only a NULL could be in both.
fn arrays_overlap<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Array(a), Value::Array(b)] = values else {
        return unexpected(values);
    };
    let known: HashSet<Key<'a>> = a.iter().filter(|value| !value.is_null()).cloned().map(Key).collect();
    if b.iter().any(|value| known.contains(&Key(value.clone()))) {
        return Ok(Value::Boolean(true));
    }
    let is_open = !a.is_empty() && !b.is_empty() && a.iter().chain(b.iter()).any(Value::is_null);
    Ok(if is_open { Value::Null } else { Value::Boolean(false) })
}

#[cfg(test)]
mod tests {
    use crate::trino::testing::check;

    #[test]
    fn sets() {
        check("array_distinct(ARRAY[2, 1, NULL, 2, NULL])", "[2, 1, NULL]");
        check("array_union(ARRAY[1, 2], ARRAY[2, 3])", "[1, 2, 3]");
        check("array_except(ARRAY[1, 2, 1], ARRAY[2])", "[1]");
        check("array_intersect(ARRAY['a', 'b'], ARRAY['b', 'c'])", "[b]");
        check("arrays_overlap(ARRAY[1], ARRAY[2, NULL])", "NULL");
        check("arrays_overlap(ARRAY[1, NULL], ARRAY[1])", "true");
    }
}
