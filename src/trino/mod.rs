//! Trino's scalar language, as plain Rust: types, values, typed expressions,
//! functions, casts and their evaluation. Nothing here knows a table or a
//! column of Arrow.
//!
//! The way of an expression:
//!
//! 1. [`analyze`] takes the syntax tree of a scalar expression and a
//!    [`Columns`] that knows what names mean, settles names, functions, types
//!    and the widenings Trino inserts, and gives an [`Expr`] or a [`Problem`]
//!    that says what is wrong, where, and how to mend it. What is constant is
//!    computed there and then; a pattern, path or format that is constant is
//!    compiled once.
//! 2. [`Expr::eval`] gives the [`Value`] on one [`Row`]. Values borrow text
//!    from the row.
//!
//! `Expr` is a plain tree: `expr.ty` is its type, `expr.kind` what it does, so
//! that a planner can look for comparisons of a column with a constant.

mod analyze;
mod cast;
#[cfg(test)]
mod conformance;
mod decimal;
mod error;
mod eval;
mod expr;
mod functions;
mod json;
mod operators;
mod signature;
#[cfg(test)]
mod testing;
pub(crate) mod time;
mod type_name;
mod types;
mod value;

pub(crate) use analyze::{AGGREGATES, Column, Columns, Session, WINDOW_FUNCTIONS, analyze, coerce};
pub(crate) use cast::cast;
pub(crate) use error::{EvalError, Problem};
pub(crate) use eval::Row;
pub(crate) use expr::{Call, Comparison, Expr, ExprKind, Kernel};
pub(crate) use types::{Field, Type};
pub(crate) use value::{Eval, Key, Value};
