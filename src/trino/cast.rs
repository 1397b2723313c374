//! CAST: the conversion of a value from one type to another.

use super::error::EvalError;
use super::types::Type;
use super::value::{Eval, Value};

/// The value as one of the type `to`.
///
/// # Errors
///
/// The value has no counterpart there.
pub(crate) fn cast<'a>(value: Value<'a>, from: &Type, to: &Type) -> Eval<'a> {
    match (value, to) {
        (Value::Null, _) => Ok(Value::Null),
        (value, to) if from == to => Ok(value),
        _ => Err(EvalError::cast(format!("Cannot cast {from} to {to}"))),
    }
}
