//! CAST to JSON and from it.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

use super::write::{compact, java_double, java_real, push_double, push_object, push_string};
use super::{Malformed, Reader, Token};
use crate::trino::cast::{cast, number_to_integer};
use crate::trino::decimal;
use crate::trino::error::EvalError;
use crate::trino::types::{Field, Type};
use crate::trino::value::{Eval, Key, Value};

/// Whether a value of the type can be JSON.
pub(crate) fn is_writable(ty: &Type) -> bool {
    match ty {
        Type::Unknown | Type::Boolean | Type::Json | Type::Varchar(_) | Type::Date => true,
        Type::Timestamp(_) | Type::TimestampTz(_) => true,
        Type::Array(element) => is_writable(element),
        Type::Map(key, value) => is_key(key) && is_writable(value),
        Type::Row(fields) => fields.iter().all(|field| is_writable(&field.ty)),
        ty => ty.is_number(),
    }
}

/// Whether JSON can become a value of the type.
pub(crate) fn is_readable(ty: &Type) -> bool {
    match ty {
        Type::Boolean | Type::Json | Type::Varchar(_) => true,
        Type::Array(element) => is_readable(element),
        Type::Map(key, value) => is_key(key) && is_readable(value),
        Type::Row(fields) => fields.iter().all(|field| is_readable(&field.ty)),
        ty => ty.is_number(),
    }
}

fn is_key(ty: &Type) -> bool {
    matches!(ty, Type::Unknown | Type::Boolean | Type::Varchar(_)) || ty.is_number()
}

/// Appends a value as JSON.
///
/// # Errors
///
/// The key of a map is NULL or none at all.
pub(crate) fn push(out: &mut String, value: &Value<'_>, ty: &Type) -> Result<(), EvalError> {
    match (value, ty) {
        (Value::Null, _) => out.push_str("null"),
        (Value::Json(json), _) => out.push_str(json),
        (Value::Varchar(text), _) => push_string(out, text),
        (Value::Double(number), _) => push_double(out, *number),
        (Value::Real(number), _) if number.is_finite() => out.push_str(&java_real(*number)),
        (Value::Real(number), _) => push_string(out, &java_real(*number)),
        (Value::Boolean(_) | Value::Integer(_) | Value::Decimal(_), _) => out.push_str(&text(value, ty)?),
        (Value::Date(_) | Value::Timestamp(_) | Value::TimestampTz(..), _) => {
            push_string(out, &text(value, ty)?)
        }
        (Value::Array(elements), Type::Array(element)) => {
            let mut separator = '[';
            for value in elements.iter() {
                out.push(separator);
                separator = ',';
                push(out, value, element)?;
            }
            out.push_str(if separator == '[' { "[]" } else { "]" });
        }
        (Value::Map(entries), Type::Map(key_type, value_type)) => {
            let mut sorted: BTreeMap<Cow<'_, str>, String> = BTreeMap::new();
            for (key, value) in entries.iter() {
                let mut json = String::new();
                push(&mut json, value, value_type)?;
                sorted.insert(Cow::Owned(text(key, key_type)?), json);
            }
            push_object(out, &sorted);
        }
        (Value::Row(values), Type::Row(fields)) => {
            let mut separator = '{';
            for (value, field) in values.iter().zip(fields.iter()) {
                out.push(separator);
                separator = ',';
                push_string(out, field.name.as_deref().unwrap_or(""));
                out.push(':');
                push(out, value, &field.ty)?;
            }
            out.push_str(if separator == '{' { "{}" } else { "}" });
        }
        (value, ty) => return Err(EvalError::cast(format!("Cannot cast {ty} to json: {value:?}"))),
    }
    Ok(())
}

/// The text of a scalar, as the key of an object.
fn text(value: &Value<'_>, ty: &Type) -> Result<String, EvalError> {
    match value {
        Value::Double(number) => Ok(java_double(*number)),
        Value::Real(number) => Ok(java_real(*number)),
        other => match cast(other.clone(), ty, &Type::VARCHAR)? {
            Value::Varchar(text) => Ok(text.into_owned()),
            _ => Err(EvalError::cast("Cannot cast a NULL key to json")),
        },
    }
}

/// The value that JSON means as a value of a type.
///
/// # Errors
///
/// The JSON is of another shape, or a number does not fit.
pub(crate) fn read<'a>(json: &str, ty: &Type) -> Eval<'a> {
    let mut reader = Reader::new(json);
    let mut read = || {
        let token = reader.next()?;
        let value = read_value(&mut reader, token, ty)?;
        if reader.is_at_end() { Ok(value) } else { Err(Failure::Malformed(Malformed)) }
    };
    read().map_err(|failure| {
        let reason = match failure {
            Failure::Malformed(_) => String::new(),
            Failure::Shape(reason) => reason,
            Failure::Value(error) => return error,
        };
        let shown: String = json.chars().take(200).collect();
        EvalError::cast(format!("Cannot cast to {ty}. {reason}\n{shown}"))
    })
}

enum Failure {
    Malformed(Malformed),
    Shape(String),
    Value(EvalError),
}

impl From<Malformed> for Failure {
    fn from(malformed: Malformed) -> Self {
        Failure::Malformed(malformed)
    }
}

impl From<EvalError> for Failure {
    fn from(error: EvalError) -> Self {
        Failure::Value(error)
    }
}

fn shown(token: Token<'_>) -> Cow<'_, str> {
    match token {
        Token::BeginObject => "{".into(),
        Token::EndObject => "}".into(),
        Token::BeginArray => "[".into(),
        Token::EndArray => "]".into(),
        Token::Key(text) | Token::String(text) => text.text(),
        Token::Number(number) => number.into(),
        Token::Bool(true) => "true".into(),
        Token::Bool(false) => "false".into(),
        Token::Null => "null".into(),
        Token::End => "the end".into(),
    }
}

fn read_value<'a, 'j>(reader: &mut Reader<'j>, token: Token<'j>, ty: &Type) -> Result<Value<'a>, Failure> {
    match (ty, token) {
        // A JSON null is a JSON value; elsewhere it is NULL.
        (Type::Json, token) => Ok(Value::json(compact(reader, token)?.into_owned())),
        (_, Token::Null) => Ok(Value::Null),
        (Type::Array(element), Token::BeginArray) => {
            let mut values = Vec::new();
            loop {
                let token = reader.next()?;
                if token == Token::EndArray {
                    return Ok(Value::array(values));
                }
                values.push(read_value(reader, token, element)?);
            }
        }
        (Type::Map(key_type, value_type), Token::BeginObject) => {
            let mut entries = Vec::new();
            let mut seen = HashSet::new();
            while let Token::Key(key) = reader.next()? {
                let key = scalar(Token::String(key), key_type)?;
                let token = reader.next()?;
                let value = read_value(reader, token, value_type)?;
                if !seen.insert(Key(key.clone())) {
                    return Err(Failure::Shape("Duplicate map keys are not allowed".to_owned()));
                }
                entries.push((key, value));
            }
            Ok(Value::Map(entries.into()))
        }
        (Type::Row(fields), Token::BeginArray) => {
            let mut values = Vec::with_capacity(fields.len());
            for field in fields.iter() {
                let token = reader.next()?;
                if token == Token::EndArray {
                    return Err(Failure::Shape("Expected as many elements as the row has fields".to_owned()));
                }
                values.push(read_value(reader, token, &field.ty)?);
            }
            match reader.next()? {
                Token::EndArray => Ok(Value::row(values)),
                token => Err(Failure::Shape(format!("Expected json array ending, but got {}", shown(token)))),
            }
        }
        (Type::Row(fields), Token::BeginObject) => read_row(reader, fields),
        (Type::Array(_), token) => {
            Err(Failure::Shape(format!("Expected a json array, but got {}", shown(token))))
        }
        (Type::Map(..), token) => {
            Err(Failure::Shape(format!("Expected a json object, but got {}", shown(token))))
        }
        (Type::Row(_), token) => {
            Err(Failure::Shape(format!("Expected a json array or object, but got {}", shown(token))))
        }
        (ty, token) => scalar(token, ty),
    }
}

fn read_row<'a>(reader: &mut Reader<'_>, fields: &[Field]) -> Result<Value<'a>, Failure> {
    if fields.iter().any(|field| field.name.is_none()) {
        return Err(Failure::Shape("A json object needs a row type whose fields have names".to_owned()));
    }
    let mut values: Vec<Option<Value<'a>>> = vec![None; fields.len()];
    while let Token::Key(key) = reader.next()? {
        let name = key.text();
        let token = reader.next()?;
        // A name is in lower case unless it was quoted, and keys are taken in any case.
        let is_named =
            |field: &&Field| field.name.as_deref().is_some_and(|field| field.eq_ignore_ascii_case(&name));
        match fields.iter().position(|field| is_named(&field)) {
            None => reader.skip_rest(token)?,
            Some(index) => {
                let value = read_value(reader, token, &fields[index].ty)?;
                if values[index].replace(value).is_some() {
                    return Err(Failure::Shape(format!("Duplicate field: {}", name.to_lowercase())));
                }
            }
        }
    }
    Ok(Value::row(values.into_iter().map(|value| value.unwrap_or(Value::Null))))
}

fn scalar<'a>(token: Token<'_>, ty: &Type) -> Result<Value<'a>, Failure> {
    let wrong = || EvalError::cast(format!("Cannot cast '{}' to {ty}", shown(token)));
    let double = |number: &str| number.parse::<f64>().map_err(|_| wrong());
    let value = match (ty, token) {
        (_, Token::String(string)) => cast(Value::text(string.text().into_owned()), &Type::VARCHAR, ty)?,
        (Type::Varchar(_), Token::Number(number)) if !number.contains(['.', 'e', 'E']) => {
            cast(Value::text(number.to_owned()), &Type::VARCHAR, ty)?
        }
        (Type::Varchar(_), Token::Number(number)) => cast(Value::Double(double(number)?), &Type::Double, ty)?,
        (Type::Varchar(_) | Type::Boolean, Token::Bool(truth)) => {
            cast(Value::Boolean(truth), &Type::Boolean, ty)?
        }
        (Type::Boolean, Token::Number(number)) => Value::Boolean(double(number)? != 0.0),
        (Type::Double, Token::Number(number)) => Value::Double(double(number)?),
        (Type::Real, Token::Number(number)) => Value::Real(double(number)? as f32),
        (Type::Decimal(precision, scale), Token::Number(number)) => {
            let unscaled = decimal::parse_rounded(number, *precision, *scale).ok_or_else(wrong)?;
            Value::Decimal(unscaled)
        }
        (ty, Token::Number(number)) if ty.is_integer() => match number.parse::<i64>() {
            Ok(integer) => cast(Value::Integer(integer), &Type::Bigint, ty)?,
            Err(_) if !number.contains(['.', 'e', 'E']) => return Err(wrong().into()),
            Err(_) => number_to_integer(double(number)?, ty).map_err(|_| wrong())?,
        },
        (ty, Token::Bool(truth)) if ty.is_number() => cast(Value::Boolean(truth), &Type::Boolean, ty)?,
        (ty, token @ (Token::BeginObject | Token::BeginArray)) => {
            return Err(Failure::Shape(format!("Unexpected token when cast to {ty}: {}", shown(token))));
        }
        _ => return Err(wrong().into()),
    };
    Ok(value.into_owned())
}
