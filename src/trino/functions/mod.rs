//! The functions, one file a family, and how a call finds its function.

mod array;
mod binary;
mod bitwise;
mod conditional;
mod datetime;
mod format;
mod hash;
mod ip;
mod json;
mod lambda;
mod like;
mod map;
mod math;
mod random;
mod regex;
mod round;
mod sequence;
mod set;
mod split;
mod statistics;
pub(super) mod string;
mod time_text;
mod url;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use super::analyze::Session;
use super::error::{EvalError, Problem};
use super::eval::Lambda;
use super::expr::Kernel;
use super::signature::{Argument, Match, Signature, TypeLambda};
use super::types::Type;
use super::value::{Eval, Value};

/// A function: its names, what it takes and gives, and its code.
pub(super) struct Function {
    /// One or more, `|` between.
    names: &'static str,
    signatures: &'static [&'static str],
    pub(super) body: Body,
    pub(super) takes_null: bool,
    pub(super) volatile: bool,
    /// Computes the result's type from those of the arguments, where the signature cannot say it.
    result: Option<fn(&[Type]) -> Type>,
}

type Plain = for<'a> fn(&[Value<'a>]) -> Eval<'a>;
type Higher = for<'e, 'a> fn(&[Value<'a>], &[Lambda<'e, 'a>]) -> Eval<'a>;

#[derive(Clone, Copy)]
pub(super) enum Body {
    Plain(Plain),
    Higher(Higher),
    /// Makes the code for the types and constants of one call.
    Bound(fn(&Bind<'_>) -> Result<Kernel, EvalError>),
}

/// What is known of a call before it runs.
pub(super) struct Bind<'b> {
    /// Of the arguments, as the function takes them.
    pub(super) types: &'b [Type],
    /// The arguments that are constants.
    pub(super) constants: &'b [Option<Value<'static>>],
    pub(super) result: &'b Type,
    pub(super) session: &'b Session,
}

impl Bind<'_> {
    /// The text of an argument, where it is a constant.
    pub(super) fn text(&self, index: usize) -> Option<&str> {
        match self.constants.get(index)? {
            Some(Value::Varchar(text)) => Some(text),
            _ => None,
        }
    }
}

const fn plain(names: &'static str, signatures: &'static [&'static str], body: Plain) -> Function {
    Function { names, signatures, body: Body::Plain(body), takes_null: false, volatile: false, result: None }
}

const fn higher(names: &'static str, signatures: &'static [&'static str], body: Higher) -> Function {
    Function { names, signatures, body: Body::Higher(body), takes_null: false, volatile: false, result: None }
}

const fn bound(
    names: &'static str,
    signatures: &'static [&'static str],
    body: fn(&Bind<'_>) -> Result<Kernel, EvalError>,
) -> Function {
    Function { names, signatures, body: Body::Bound(body), takes_null: false, volatile: false, result: None }
}

impl Function {
    /// Called on NULL too.
    const fn takes_null(mut self) -> Self {
        self.takes_null = true;
        self
    }

    /// Gives another value each time.
    const fn volatile(mut self) -> Self {
        self.volatile = true;
        self
    }

    const fn result(mut self, result: fn(&[Type]) -> Type) -> Self {
        self.result = Some(result);
        self
    }
}

/// The code of a [`Body::Bound`].
fn kernel(
    run: impl for<'a> Fn(&[Value<'a>]) -> Eval<'a> + Send + Sync + 'static,
) -> Result<Kernel, EvalError> {
    Ok(Kernel::Bound(Arc::new(run)))
}

/// A part of a text, borrowed from the row if the text is.
fn part_of<'a>(
    text: &Cow<'a, str>,
    part: impl for<'t> FnOnce(&'t str) -> Option<Cow<'t, str>>,
) -> Option<Cow<'a, str>> {
    match text {
        Cow::Borrowed(text) => part(text),
        Cow::Owned(text) => part(text).map(|part| Cow::Owned(part.into_owned())),
    }
}

/// The error of a call whose values are not of the types it was bound to.
#[cold]
fn unexpected<'a>(values: &[Value<'_>]) -> Eval<'a> {
    Err(EvalError::other(format!("unexpected arguments: {values:?}")))
}

const FAMILIES: &[&[Function]] = &[
    array::FUNCTIONS,
    binary::FUNCTIONS,
    bitwise::FUNCTIONS,
    conditional::FUNCTIONS,
    datetime::FUNCTIONS,
    format::FUNCTIONS,
    hash::FUNCTIONS,
    ip::FUNCTIONS,
    json::FUNCTIONS,
    lambda::FUNCTIONS,
    like::FUNCTIONS,
    map::FUNCTIONS,
    math::FUNCTIONS,
    random::FUNCTIONS,
    regex::FUNCTIONS,
    round::FUNCTIONS,
    sequence::FUNCTIONS,
    set::FUNCTIONS,
    split::FUNCTIONS,
    statistics::FUNCTIONS,
    string::FUNCTIONS,
    time_text::FUNCTIONS,
    url::FUNCTIONS,
];

type Overload = (Signature, &'static str, &'static Function);

static REGISTRY: LazyLock<HashMap<&'static str, Vec<Overload>>> = LazyLock::new(|| {
    let mut registry: HashMap<&str, Vec<Overload>> = HashMap::new();
    for function in FAMILIES.iter().flat_map(|family| family.iter()) {
        for name in function.names.split('|') {
            for text in function.signatures {
                if let Some(signature) = Signature::parse(text) {
                    registry.entry(name).or_default().push((signature, *text, function));
                }
            }
        }
    }
    registry
});

/// A function chosen for a call.
pub(super) struct Resolved {
    pub(super) name: &'static str,
    pub(super) function: &'static Function,
    pub(super) matched: Match,
}

/// The overload that Trino would call.
///
/// # Errors
///
/// No overload takes these arguments, or the body of a lambda is wrong.
/// `Ok(None)`: there is no function of this name.
pub(super) fn resolve(
    name: &str,
    arguments: &[Argument],
    type_lambda: &mut TypeLambda<'_>,
) -> Result<Option<Resolved>, Problem> {
    let Some((name, overloads)) = REGISTRY.get_key_value(name) else {
        return Ok(None);
    };
    let mut fits = Vec::new();
    for overload in overloads {
        if let Some(matched) = overload.0.fit(arguments, type_lambda)? {
            fits.push((overload, matched));
        }
    }
    if let Some(best) = best(fits, arguments).map_err(|message| Problem::new(format!("{name}: {message}")))? {
        let ((_, _, function), mut matched) = best;
        if let Some(result) = function.result {
            matched.result = result(&matched.parameters);
        }
        return Ok(Some(Resolved { name, function, matched }));
    }
    let given: Vec<String> = arguments
        .iter()
        .map(|argument| match argument {
            Argument::Value(ty) => ty.brief(),
            Argument::Lambda(_) => "function".to_owned(),
        })
        .collect();
    let expected: Vec<String> =
        overloads.iter().map(|(_, text, _)| format!("{name}{}", parameters(text))).collect();
    Err(Problem::new(format!(
        "Unexpected parameters ({}) for function {name}. Expected: {}",
        given.join(", "),
        expected.join(", ")
    )))
}

/// Of the overloads that fit, the one without widening, or the one that takes least.
///
/// # Errors
///
/// Two take as little as each other.
fn best<'o>(
    mut fits: Vec<(&'o Overload, Match)>,
    arguments: &[Argument],
) -> Result<Option<(&'o Overload, Match)>, &'static str> {
    let exact = |concrete: bool| {
        fits.iter()
            .position(|((signature, ..), matched)| matched.is_exact && (!concrete || signature.is_concrete()))
    };
    if let Some(index) = exact(true).or_else(|| exact(false)) {
        return Ok(Some(fits.swap_remove(index)));
    }
    let is_least = |index: &usize| {
        let parameters = &fits[*index].1.parameters;
        fits.iter().all(|((other, ..), matched)| {
            // All that this one takes is taken by every other one, or by this one alone.
            other.takes(parameters) || !fits[*index].0.0.takes(&matched.parameters)
        })
    };
    let least: Vec<usize> = (0..fits.len()).filter(is_least).collect();
    let has_null = arguments.iter().any(|argument| matches!(argument, Argument::Value(Type::Unknown)));
    match least.as_slice() {
        [] => Ok(None),
        [index] => Ok(Some(fits.swap_remove(*index))),
        [index, ..] if has_null => Ok(Some(fits.swap_remove(*index))),
        _ => Err("Could not choose a best candidate function. Explicit type casts must be added"),
    }
}

/// The part of a signature that says what it takes.
fn parameters(signature: &str) -> &str {
    let start = signature.find('(').unwrap_or(0);
    let end = signature.rfind(" -> ").unwrap_or(signature.len());
    &signature[start..end]
}

/// The names of all functions.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    REGISTRY.keys().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_signature_can_be_read() {
        for function in FAMILIES.iter().flat_map(|family| family.iter()) {
            for text in function.signatures {
                assert!(Signature::parse(text).is_some(), "{}: {text}", function.names);
            }
        }
    }
}
