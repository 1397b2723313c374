//! Maps.

use std::collections::{HashMap, HashSet};

use super::array::shown;
use super::{Function, higher, plain, unexpected};
use crate::trino::error::EvalError;
use crate::trino::eval::Lambda;
use crate::trino::value::{Eval, Key, Value};

type Entry<'a> = (Value<'a>, Value<'a>);

pub(super) const FUNCTIONS: &[Function] = &[
    plain("map", &["() -> map(unknown, unknown)"], |_| Ok(Value::Map([].into()))),
    plain("map", &["<K: comparable>(array(K), array(V)) -> map(K, V)"], map),
    plain("map_from_entries", &["<K: comparable>(array(row(K, V))) -> map(K, V)"], map_from_entries),
    plain(
        "multimap_from_entries",
        &["<K: comparable>(array(row(K, V))) -> map(K, array(V))"],
        multimap_from_entries,
    ),
    plain("map_entries", &["(map(K, V)) -> array(row(K, V))"], |values| match values {
        [Value::Map(entries)] => {
            Ok(Value::array(entries.iter().map(|(key, value)| Value::row([key.clone(), value.clone()]))))
        }
        _ => unexpected(values),
    }),
    plain("map_keys", &["(map(K, V)) -> array(K)"], |values| match values {
        [Value::Map(entries)] => Ok(Value::array(entries.iter().map(|(key, _)| key.clone()))),
        _ => unexpected(values),
    }),
    plain("map_values", &["(map(K, V)) -> array(V)"], |values| match values {
        [Value::Map(entries)] => Ok(Value::array(entries.iter().map(|(_, value)| value.clone()))),
        _ => unexpected(values),
    }),
    plain("map_concat", &["(map(K, V), map(K, V), map(K, V)...) -> map(K, V)"], map_concat),
    higher("map_filter", &["(map(K, V), function(K, V, boolean)) -> map(K, V)"], map_filter),
    higher("transform_keys", &["<L: comparable>(map(K, V), function(K, V, L)) -> map(L, V)"], transform_keys),
    higher("transform_values", &["(map(K, V), function(K, V, W)) -> map(K, W)"], transform_values),
    higher("map_zip_with", &["(map(K, V), map(K, W), function(K, V, W, R)) -> map(K, R)"], map_zip_with),
];

/// A map of entries whose keys are known and differ.
fn make<'a>(entries: Vec<Entry<'a>>) -> Eval<'a> {
    let mut seen = HashSet::with_capacity(entries.len());
    for (key, _) in &entries {
        check_key(key)?;
        if !seen.insert(Key(key.clone())) {
            return Err(EvalError::argument(format!("Duplicate map keys ({}) are not allowed", shown(key))));
        }
    }
    Ok(Value::Map(entries.into()))
}

fn check_key(key: &Value<'_>) -> Result<(), EvalError> {
    if key.is_null() {
        return Err(EvalError::argument("map key cannot be null"));
    }
    if key.is_indeterminate() {
        return Err(EvalError::argument("map key cannot be indeterminate: it holds a NULL"));
    }
    Ok(())
}

fn map<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Array(keys), Value::Array(items)] = values else {
        return unexpected(values);
    };
    if keys.len() != items.len() {
        return Err(EvalError::argument("Key and value arrays must be the same length"));
    }
    make(keys.iter().cloned().zip(items.iter().cloned()).collect())
}

/// Keys and values of an array of rows.
fn entries<'a>(values: &[Value<'a>]) -> Result<Vec<Entry<'a>>, EvalError> {
    let [Value::Array(rows)] = values else {
        return Err(EvalError::other("entries are an array of rows"));
    };
    rows.iter()
        .map(|row| match row {
            Value::Row(fields) => match &**fields {
                [key, value] => Ok((key.clone(), value.clone())),
                _ => Err(EvalError::argument("a map entry has a key and a value")),
            },
            _ => Err(EvalError::argument("map entry cannot be null")),
        })
        .collect()
}

fn map_from_entries<'a>(values: &[Value<'a>]) -> Eval<'a> {
    make(entries(values)?)
}

fn multimap_from_entries<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let mut positions: HashMap<Key<'a>, usize> = HashMap::new();
    let mut groups: Vec<(Value<'a>, Vec<Value<'a>>)> = Vec::new();
    for (key, value) in entries(values)? {
        check_key(&key)?;
        let position = *positions.entry(Key(key.clone())).or_insert(groups.len());
        if position == groups.len() {
            groups.push((key, Vec::new()));
        }
        groups[position].1.push(value);
    }
    Ok(Value::Map(groups.into_iter().map(|(key, values)| (key, Value::array(values))).collect()))
}

/// Of equal keys the last map's counts.
fn map_concat<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let mut positions: HashMap<Key<'a>, usize> = HashMap::new();
    let mut result: Vec<Entry<'a>> = Vec::new();
    for value in values {
        let Value::Map(entries) = value else {
            return unexpected(values);
        };
        for (key, value) in entries.iter() {
            let position = *positions.entry(Key(key.clone())).or_insert(result.len());
            if position == result.len() {
                result.push((key.clone(), value.clone()));
            } else {
                result[position].1 = value.clone();
            }
        }
    }
    Ok(Value::Map(result.into()))
}

fn map_filter<'a>(values: &[Value<'a>], lambdas: &[Lambda<'_, 'a>]) -> Eval<'a> {
    let ([Value::Map(entries), _], [keeps]) = (values, lambdas) else {
        return unexpected(values);
    };
    let mut kept = Vec::new();
    for (key, value) in entries.iter() {
        if let Value::Boolean(true) = keeps.call(&[key.clone(), value.clone()])? {
            kept.push((key.clone(), value.clone()));
        }
    }
    Ok(Value::Map(kept.into()))
}

fn transform_keys<'a>(values: &[Value<'a>], lambdas: &[Lambda<'_, 'a>]) -> Eval<'a> {
    let ([Value::Map(entries), _], [rename]) = (values, lambdas) else {
        return unexpected(values);
    };
    let renamed =
        entries.iter().map(|(key, value)| Ok((rename.call(&[key.clone(), value.clone()])?, value.clone())));
    make(renamed.collect::<Result<_, EvalError>>()?)
}

fn transform_values<'a>(values: &[Value<'a>], lambdas: &[Lambda<'_, 'a>]) -> Eval<'a> {
    let ([Value::Map(entries), _], [change]) = (values, lambdas) else {
        return unexpected(values);
    };
    let changed =
        entries.iter().map(|(key, value)| Ok((key.clone(), change.call(&[key.clone(), value.clone()])?)));
    changed.collect::<Result<_, EvalError>>().map(Value::Map)
}

fn map_zip_with<'a>(values: &[Value<'a>], lambdas: &[Lambda<'_, 'a>]) -> Eval<'a> {
    let ([Value::Map(a), Value::Map(b), _], [make]) = (values, lambdas) else {
        return unexpected(values);
    };
    let find = |entries: &[Entry<'a>], key: &Value<'a>| {
        entries.iter().find(|(known, _)| known.is_identical(key)).map(|(_, value)| value.clone())
    };
    let mut result = Vec::new();
    for (key, value) in a.iter() {
        let other = find(b, key).unwrap_or(Value::Null);
        result.push((key.clone(), make.call(&[key.clone(), value.clone(), other])?));
    }
    for (key, value) in b.iter().filter(|(key, _)| find(a, key).is_none()) {
        result.push((key.clone(), make.call(&[key.clone(), Value::Null, value.clone()])?));
    }
    Ok(Value::Map(result.into()))
}

#[cfg(test)]
mod tests {
    use crate::trino::testing::{check, check_type};

    #[test]
    fn maps() {
        check("MAP(ARRAY['a', 'b'], ARRAY[1, NULL])", "{a=1, b=NULL}");
        check("MAP(ARRAY['a', 'a'], ARRAY[1, 2])", "! Duplicate map keys (a) are not allowed");
        check("MAP(ARRAY[NULL], ARRAY[1])", "! map key cannot be null");
        check("MAP(ARRAY['a'], ARRAY[1])['b']", "! Key not present in map: b");
        check("element_at(MAP(ARRAY['a'], ARRAY[1]), 'b')", "NULL");
        check("map_from_entries(ARRAY[('a', 1)])", "{a=1}");
        check("multimap_from_entries(ARRAY[('a', 1), ('b', 2), ('a', 3)])", "{a=[1, 3], b=[2]}");
        check(
            "map_concat(MAP(ARRAY[1, 2], ARRAY['a', 'b']), MAP(ARRAY[2, 3], ARRAY['c', 'd']))",
            "{1=a, 2=c, 3=d}",
        );
        check("map_keys(MAP(ARRAY[1], ARRAY['a']))", "[1]");
        check("map_entries(MAP(ARRAY[1], ARRAY['a']))", "[{1, a}]");
        check("MAP(ARRAY[1, 2], ARRAY[3, 4]) = MAP(ARRAY[2, 1], ARRAY[4, 3])", "true");
        check_type("MAP(ARRAY['a'], ARRAY[1])", "map(varchar(1), integer)");
    }

    #[test]
    fn lambdas() {
        check("map_filter(MAP(ARRAY[1, 2], ARRAY['a', 'b']), (k, v) -> k > 1)", "{2=b}");
        check("transform_keys(MAP(ARRAY[1, 2], ARRAY['a', 'b']), (k, v) -> v)", "{a=a, b=b}");
        check("transform_values(MAP(ARRAY[1, 2], ARRAY['a', 'b']), (k, v) -> k + 1)", "{1=2, 2=3}");
        check(
            "map_zip_with(MAP(ARRAY[1], ARRAY['a']), MAP(ARRAY[2], ARRAY['b']), (k, v, w) -> (v, w))",
            "{1={a, NULL}, 2={NULL, b}}",
        );
    }
}
