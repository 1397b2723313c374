//! Text in pieces.

use std::borrow::Cow;
use std::collections::HashSet;

use super::{Function, higher, part_of, plain, unexpected};
use crate::trino::error::EvalError;
use crate::trino::eval::Lambda;
use crate::trino::value::{Eval, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    plain(
        "split",
        &["(varchar, varchar) -> array(varchar)", "(varchar, varchar, bigint) -> array(varchar)"],
        split,
    ),
    plain("split_part", &["(varchar, varchar, bigint) -> varchar"], split_part),
    plain("split_to_map", &["(varchar, varchar, varchar) -> map(varchar, varchar)"], split_to_map),
    higher(
        "split_to_map",
        &[
            "(varchar, varchar, varchar, function(varchar, varchar, varchar, varchar)) -> map(varchar, varchar)",
        ],
        split_to_map_resolving,
    ),
    plain(
        "split_to_multimap",
        &["(varchar, varchar, varchar) -> map(varchar, array(varchar))"],
        split_to_multimap,
    ),
];

fn split<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let (text, delimiter, limit) = match values {
        [Value::Varchar(text), Value::Varchar(delimiter)] => (text, delimiter, i64::MAX),
        [Value::Varchar(text), Value::Varchar(delimiter), Value::Integer(limit)] => (text, delimiter, *limit),
        _ => return unexpected(values),
    };
    if limit <= 0 {
        return Err(EvalError::argument("Limit must be positive"));
    }
    if delimiter.is_empty() {
        return Err(EvalError::argument("The delimiter may not be the empty string"));
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    Ok(match text {
        Cow::Borrowed(text) => Value::array(text.splitn(limit, &**delimiter).map(Value::text)),
        Cow::Owned(text) => {
            Value::array(text.splitn(limit, &**delimiter).map(|part| Value::text(part.to_owned())))
        }
    })
}

fn split_part<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Varchar(text), Value::Varchar(delimiter), Value::Integer(index)] = values else {
        return unexpected(values);
    };
    let Some(index) = usize::try_from(*index).ok().and_then(|index| index.checked_sub(1)) else {
        return Err(EvalError::argument("Index must be greater than zero"));
    };
    let part = part_of(text, |text| {
        if delimiter.is_empty() {
            let (at, c) = text.char_indices().nth(index)?;
            return Some(Cow::Borrowed(&text[at..at + c.len_utf8()]));
        }
        text.split(&**delimiter).nth(index).map(Cow::Borrowed)
    });
    Ok(part.map_or(Value::Null, Value::Varchar))
}

/// Keys and values of `a=1,b=2`.
fn entries<'v>(values: &'v [Value<'_>]) -> Result<Vec<(&'v str, &'v str)>, EvalError> {
    let [Value::Varchar(text), Value::Varchar(entry), Value::Varchar(key), ..] = values else {
        return Err(EvalError::other("split_to_map takes three texts"));
    };
    if entry.is_empty() {
        return Err(EvalError::argument("entryDelimiter is empty"));
    }
    if key.is_empty() {
        return Err(EvalError::argument("keyValueDelimiter is empty"));
    }
    if entry == key {
        return Err(EvalError::argument("entryDelimiter and keyValueDelimiter must not be the same"));
    }
    let text = text.strip_suffix(&**entry).unwrap_or(text);
    if text.is_empty() {
        return Ok(Vec::new());
    }
    text.split(&**entry)
        .map(|pair| match pair.split_once(&**key) {
            Some((name, value)) if !value.contains(&**key) => Ok((name, value)),
            _ => Err(EvalError::argument(format!(
                "Key-value delimiter must appear exactly once in each entry. Bad input: '{pair}'"
            ))),
        })
        .collect()
}

fn owned<'a>(text: &str) -> Value<'a> {
    Value::text(text.to_owned())
}

fn split_to_map<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let entries = entries(values)?;
    let mut seen = HashSet::new();
    if let Some((key, _)) = entries.iter().find(|(key, _)| !seen.insert(*key)) {
        return Err(EvalError::argument(format!("Duplicate keys ({key}) are not allowed")));
    }
    Ok(Value::Map(entries.iter().map(|(key, value)| (owned(key), owned(value))).collect()))
}

fn split_to_map_resolving<'a>(values: &[Value<'a>], lambdas: &[Lambda<'_, 'a>]) -> Eval<'a> {
    let [resolve] = lambdas else {
        return unexpected(values);
    };
    let mut map: Vec<(Value<'a>, Value<'a>)> = Vec::new();
    for (key, value) in entries(values)? {
        let (key, value) = (owned(key), owned(value));
        match map.iter_mut().find(|(known, _)| known.is_identical(&key)) {
            Some((_, old)) => *old = resolve.call(&[key, old.clone(), value])?,
            None => map.push((key, value)),
        }
    }
    Ok(Value::Map(map.into()))
}

fn split_to_multimap<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let mut map: Vec<(&str, Vec<Value<'a>>)> = Vec::new();
    for (key, value) in entries(values)? {
        match map.iter_mut().find(|(known, _)| *known == key) {
            Some((_, values)) => values.push(owned(value)),
            None => map.push((key, vec![owned(value)])),
        }
    }
    Ok(Value::Map(map.into_iter().map(|(key, values)| (owned(key), Value::array(values))).collect()))
}

#[cfg(test)]
mod tests {
    use crate::trino::testing::check;

    #[test]
    fn pieces() {
        check("split('a,b,,c', ',', 3)", "[a, b, ,c]");
        check("split_part('arn:aws:iam::1:role/x', ':', 4)", "");
        check("split_part('a:b', ':', 3)", "NULL");
        check("split_part('a:b', ':', 0)", "! Index must be greater than zero");
        check("split_to_map('a=1,b=2', ',', '=')", "{a=1, b=2}");
        check("split_to_map('a=1,a=2', ',', '=', (k, v, w) -> v || w)", "{a=12}");
        check("split_to_multimap('a=1,a=2', ',', '=')", "{a=[1, 2]}");
    }
}
