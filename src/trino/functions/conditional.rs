//! The greatest, the least, and names of types.

use std::cmp::Ordering;

use super::{Bind, Function, bound, kernel, plain};
use crate::trino::error::EvalError;
use crate::trino::expr::Kernel;
use crate::trino::value::{Eval, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    plain("greatest", &["<T: orderable>(T, T...) -> T"], |values| {
        extreme(values, Ordering::Greater)
    }),
    plain("least", &["<T: orderable>(T, T...) -> T"], |values| {
        extreme(values, Ordering::Less)
    }),
    bound("typeof", &["(T) -> varchar"], type_of).takes_null(),
];

/// NaN is passed over: it is neither greater nor less.
fn extreme<'a>(values: &[Value<'a>], wanted: Ordering) -> Eval<'a> {
    let mut best: Option<&Value<'a>> = None;
    for value in values {
        let better = match best {
            None => true,
            Some(best) if value.is_nan() => best.is_nan(),
            Some(best) => best.is_nan() || value.compare(best)? == wanted,
        };
        if better {
            best = Some(value);
        }
    }
    Ok(best.cloned().unwrap_or(Value::Null))
}

fn type_of(bind: &Bind<'_>) -> Result<Kernel, EvalError> {
    let name = bind.types.first().map(ToString::to_string).unwrap_or_default();
    kernel(move |_| Ok(Value::text(name.clone())))
}
