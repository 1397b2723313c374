//! What can go wrong: in the text of an expression, and while it runs.

use std::borrow::Cow;
use std::fmt;

/// Trino refuses the expression, or has something here that this engine lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// One sentence without its full stop.
    pub(crate) message: String,
    /// How to mend it, without its full stop.
    pub(crate) hint: Option<String>,
    /// Where in the query, both from 1.
    pub(crate) at: Option<(u64, u64)>,
}

impl Problem {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Problem { message: message.into(), hint: None, at: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Sets the place, unless one was set nearer to the cause.
    pub(crate) fn at(mut self, span: datafusion::sql::sqlparser::tokenizer::Span) -> Self {
        if self.at.is_none() && span.start.line > 0 {
            self.at = Some((span.start.line, span.start.column));
        }
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((line, column)) = self.at {
            write!(f, "line {line}:{column}: ")?;
        }
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

/// An accepted expression failed on the values of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EvalError {
    pub(crate) kind: ErrorKind,
    pub(crate) message: Cow<'static, str>,
}

/// Trino's error code, as far as anything depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    DivisionByZero,
    InvalidCast,
    InvalidArgument,
    OutOfRange,
    /// Everything that TRY lets through.
    Other,
}

impl EvalError {
    pub(crate) fn argument(message: impl Into<Cow<'static, str>>) -> Self {
        EvalError { kind: ErrorKind::InvalidArgument, message: message.into() }
    }

    pub(crate) fn cast(message: impl Into<Cow<'static, str>>) -> Self {
        EvalError { kind: ErrorKind::InvalidCast, message: message.into() }
    }

    pub(crate) fn range(message: impl Into<Cow<'static, str>>) -> Self {
        EvalError { kind: ErrorKind::OutOfRange, message: message.into() }
    }

    pub(crate) fn division_by_zero() -> Self {
        EvalError { kind: ErrorKind::DivisionByZero, message: "Division by zero".into() }
    }

    pub(crate) fn other(message: impl Into<Cow<'static, str>>) -> Self {
        EvalError { kind: ErrorKind::Other, message: message.into() }
    }

    /// Whether TRY turns it into NULL.
    pub(crate) fn is_caught_by_try(&self) -> bool {
        self.kind != ErrorKind::Other
    }
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for EvalError {}
