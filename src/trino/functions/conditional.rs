//! The greatest, the least, and names of types.

use std::cmp::Ordering;

use super::{Bind, Function, bound, kernel, plain};
use crate::trino::error::EvalError;
use crate::trino::expr::Kernel;
use crate::trino::value::{Eval, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    plain("greatest", &["<T: orderable>(T, T...) -> T"], |values| extreme(values, Ordering::Greater)),
    plain("least", &["<T: orderable>(T, T...) -> T"], |values| extreme(values, Ordering::Less)),
    bound("typeof", &["(T) -> varchar"], type_of).takes_null(),
];

/// The first of the greatest or the least. NaN is neither, while there is anything else.
pub(super) fn extreme<'a>(values: &[Value<'a>], wanted: Ordering) -> Eval<'a> {
    let mut best: Option<&Value<'a>> = None;
    for value in values {
        let is_better = match best {
            None => true,
            Some(best) => value.compare_with(best, wanted.reverse())? == wanted,
        };
        if is_better {
            best = Some(value);
        }
    }
    Ok(best.cloned().unwrap_or(Value::Null))
}

fn type_of(bind: &Bind<'_>) -> Result<Kernel, EvalError> {
    let name = bind.types.first().map(ToString::to_string).unwrap_or_default();
    kernel(move |_| Ok(Value::text(name.clone())))
}
