//! JSON: paths, arrays, parsing and formatting.

use std::borrow::Cow;

use super::{Bind, Function, bound, kernel, part_of, plain, unexpected};
use crate::trino::error::EvalError;
use crate::trino::expr::Kernel;
use crate::trino::json::path::Path;
use crate::trino::json::write::{canonical, compact};
use crate::trino::json::{Malformed, Reader, Token};
use crate::trino::value::{Eval, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    bound("json_extract", &["(varchar, varchar) -> json", "(json, varchar) -> json"], json_extract),
    bound(
        "json_extract_scalar",
        &["(varchar, varchar) -> varchar", "(json, varchar) -> varchar"],
        json_extract_scalar,
    ),
    bound("json_size", &["(varchar, varchar) -> bigint", "(json, varchar) -> bigint"], json_size),
    plain("json_parse", &["(varchar) -> json"], json_parse),
    plain("json_format", &["(json) -> varchar"], json_format),
    plain("is_json_scalar", &["(varchar) -> boolean", "(json) -> boolean"], is_json_scalar),
    plain("json_array_length", &["(varchar) -> bigint", "(json) -> bigint"], json_array_length),
    plain("json_array_get", &["(varchar, bigint) -> json", "(json, bigint) -> json"], json_array_get),
    plain(
        "json_array_contains",
        &[
            "(varchar, boolean) -> boolean",
            "(json, boolean) -> boolean",
            "(varchar, bigint) -> boolean",
            "(json, bigint) -> boolean",
            "(varchar, double) -> boolean",
            "(json, double) -> boolean",
            "(varchar, varchar) -> boolean",
            "(json, varchar) -> boolean",
        ],
        json_array_contains,
    ),
];

fn json_extract(bind: &Bind<'_>) -> Result<Kernel, EvalError> {
    with_path(bind, |path, json| Ok(part_of(json, |json| path.json(json)).map_or(Value::Null, Value::Json)))
}

fn json_extract_scalar(bind: &Bind<'_>) -> Result<Kernel, EvalError> {
    with_path(bind, |path, json| {
        Ok(part_of(json, |json| path.scalar(json)).map_or(Value::Null, Value::Varchar))
    })
}

fn json_size(bind: &Bind<'_>) -> Result<Kernel, EvalError> {
    with_path(bind, |path, json| Ok(path.size(json).map_or(Value::Null, Value::Integer)))
}

/// The code of a function of JSON and a path; a constant path is parsed once.
fn with_path(
    bind: &Bind<'_>,
    run: impl for<'a> Fn(&Path, &Cow<'a, str>) -> Eval<'a> + Send + Sync + 'static,
) -> Result<Kernel, EvalError> {
    let constant = bind.text(1).map(Path::parse).transpose().map_err(EvalError::argument)?;
    kernel(move |values| match (values, &constant) {
        ([Value::Varchar(json) | Value::Json(json), _], Some(path)) => run(path, json),
        ([Value::Varchar(json) | Value::Json(json), Value::Varchar(path)], None) => {
            run(&Path::parse(path).map_err(EvalError::argument)?, json)
        }
        _ => unexpected(values),
    })
}

fn json_parse<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Varchar(text)] = values else {
        return unexpected(values);
    };
    match canonical(text) {
        Ok(json) => Ok(Value::json(json)),
        Err(Malformed) => {
            Err(EvalError::argument(format!("Cannot convert value to JSON: '{}'", shorten(text))))
        }
    }
}

/// What of a long text is told in a message.
fn shorten(text: &str) -> String {
    let mut shown: String = text.chars().take(200).collect();
    if shown.len() < text.len() {
        shown.push_str("...");
    }
    shown
}

fn json_format<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Json(json)] = values else {
        return unexpected(values);
    };
    Ok(Value::Varchar(json.clone()))
}

fn is_json_scalar<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Varchar(json) | Value::Json(json)] = values else {
        return unexpected(values);
    };
    let is_scalar = || {
        let mut reader = Reader::new(json);
        let first = reader.next()?;
        reader.skip_rest(first)?;
        let is_scalar = !matches!(first, Token::BeginArray | Token::BeginObject);
        if reader.is_at_end() { Ok(is_scalar) } else { Err(Malformed) }
    };
    match is_scalar() {
        Ok(is_scalar) => Ok(Value::Boolean(is_scalar)),
        Err(Malformed) => Err(EvalError::argument(format!("Invalid JSON value: {}", shorten(json)))),
    }
}

/// Calls `visit` with each element's first token, to read the rest of it, until
/// that gives something. `None`: the text is no array, or is malformed.
fn each_element<'j, T>(
    json: &'j str,
    mut visit: impl FnMut(&mut Reader<'j>, Token<'j>) -> Result<Option<T>, Malformed>,
) -> Option<Option<T>> {
    let mut reader = Reader::new(json);
    if reader.next().ok()? != Token::BeginArray {
        return None;
    }
    loop {
        match reader.next().ok()? {
            Token::EndArray => return Some(None),
            token => {
                let found = visit(&mut reader, token).ok()?;
                if found.is_some() {
                    return Some(found);
                }
            }
        }
    }
}

fn json_array_length<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Varchar(json) | Value::Json(json)] = values else {
        return unexpected(values);
    };
    let mut length = 0;
    let is_array = each_element(json, |reader, token| {
        length += 1;
        reader.skip_rest(token)?;
        Ok(None::<()>)
    });
    Ok(if is_array.is_some() { Value::Integer(length) } else { Value::Null })
}

/// An element by position, from the end if that is negative. A string comes without its quotes.
fn json_array_get<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Varchar(json) | Value::Json(json), Value::Integer(index)] = values else {
        return unexpected(values);
    };
    let index = if *index >= 0 {
        *index
    } else {
        match json_array_length(&values[..1])? {
            Value::Integer(length) if length + index >= 0 => length + index,
            _ => return Ok(Value::Null),
        }
    };
    let element = part_of(json, |json| {
        let mut position = 0;
        each_element(json, |reader, token| {
            if position < index {
                position += 1;
                reader.skip_rest(token)?;
                return Ok(None);
            }
            match token {
                Token::Null => Err(Malformed),
                Token::String(string) => Ok(Some(string.text())),
                token => compact(reader, token).map(Some),
            }
        })
        .flatten()
    });
    Ok(element.map_or(Value::Null, Value::Json))
}

fn json_array_contains<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Varchar(json) | Value::Json(json), wanted] = values else {
        return unexpected(values);
    };
    let found = each_element(json, |reader, token| {
        let is_found = match (token, wanted) {
            (Token::String(string), Value::Varchar(text)) => string.is(text),
            (Token::Bool(truth), Value::Boolean(wanted)) => truth == *wanted,
            (Token::Number(number), Value::Integer(wanted)) => number.parse() == Ok(*wanted),
            (Token::Number(number), Value::Double(wanted)) => {
                number.contains(['.', 'e', 'E']) && number.parse() == Ok(*wanted)
            }
            _ => false,
        };
        reader.skip_rest(token)?;
        Ok(is_found.then_some(()))
    });
    Ok(found.map_or(Value::Null, |found| Value::Boolean(found.is_some())))
}

#[cfg(test)]
mod tests {
    use crate::trino::testing::check;

    #[test]
    fn extraction() {
        check("json_extract_scalar('{\"a\":{\"b\":[1.50]}}', '$.a.b[0]')", "1.50");
        check("json_extract('{\"a\": {\"b\" : [1.50]}}', '$.a')", "{\"b\":[1.5]}");
        check("json_extract_scalar('no json', '$.a')", "NULL");
        check("json_extract_scalar(NULL, '$.a')", "NULL");
        check("json_size(JSON '{\"x\":[1,2]}', '$.x')", "2");
        check(
            "json_extract_scalar('{}', '$.tls-details')",
            "! json_extract_scalar: Invalid JSON path: '$.tls-details': write keys with special characters in \
             brackets and double quotes, as '$[\"tls-details\"]'",
        );
    }

    #[test]
    fn arrays() {
        check("json_array_get('[1, \"two\", null]', 1)", "two");
        check("json_array_get('[1, \"two\", null]', -1)", "NULL");
        check("json_array_get('[[1 , 2]]', 0)", "[1,2]");
        check("json_array_length('[1,[2,3]]')", "2");
        check("json_array_length('{}')", "NULL");
        check("json_array_contains('[1, 2.0, \"x\"]', 2)", "false");
        check("json_array_contains('[1, 2.0, \"x\"]', 2e0)", "true");
        check("json_array_contains('[1, 2.0, \"x\"]', 'x')", "true");
    }

    #[test]
    fn casts() {
        check(
            "CAST(JSON '{\"b\":[1,null],\"a\":\"x\"}' AS row(a varchar, b array(bigint)))",
            "{x, [1, NULL]}",
        );
        check(
            "CAST(CAST(MAP(ARRAY['k'], ARRAY[1.5]) AS JSON) AS varchar)",
            "! Cannot cast to varchar. Unexpected token when cast to varchar: {\n{\"k\":1.5}",
        );
        check(
            "json_format(CAST(CAST(ROW(1, 'x') AS row(a int, b varchar)) AS JSON))",
            "{\"a\":1,\"b\":\"x\"}",
        );
    }
}
