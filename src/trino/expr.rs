//! Typed expressions.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use super::eval::Lambda;
use super::types::Type;
use super::value::{Eval, Key, Value};

/// An expression whose names, functions and types are settled.
#[derive(Clone, Debug)]
pub(crate) struct Expr {
    pub(crate) kind: ExprKind,
    pub(crate) ty: Type,
}

#[derive(Clone, Debug)]
pub(crate) enum ExprKind {
    Literal(Value<'static>),
    /// A column of the row, by position.
    Column(usize),
    /// A parameter of an enclosing lambda: how many lambdas out, and which.
    Parameter {
        depth: usize,
        index: usize,
    },
    Call(Box<Call>),
    /// From the type of the inner expression to the type of this one.
    Cast {
        expr: Box<Expr>,
        is_try: bool,
    },
    /// Of two or more.
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Not(Box<Expr>),
    IsNull(Box<Expr>),
    /// Both sides are of one type.
    Compare {
        op: Comparison,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    /// `IS NOT DISTINCT FROM`.
    Identical(Box<Expr>, Box<Expr>),
    /// Both bounds belong to it; all three are of one type.
    Between {
        value: Box<Expr>,
        low: Box<Expr>,
        high: Box<Expr>,
    },
    In {
        value: Box<Expr>,
        list: Vec<Expr>,
        constants: Option<Arc<Constants>>,
    },
    Case(Box<Case>),
    Coalesce(Vec<Expr>),
    /// Names a value for the body, which sees it as the one parameter of a lambda around it.
    Let {
        value: Box<Expr>,
        body: Box<Expr>,
    },
    Try(Box<Expr>),
    /// A field of a row value.
    Field(Box<Expr>, usize),
    Array(Vec<Expr>),
    Row(Vec<Expr>),
    /// An argument of a [`Kernel::Higher`]; has no value of its own.
    Lambda(Box<Expr>),
}

/// A call of a function that is chosen and prepared.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) name: &'static str,
    pub(crate) kernel: Kernel,
    /// Of the types that the function declares.
    pub(crate) args: Vec<Expr>,
    /// Called with NULL arguments too; otherwise a NULL argument gives NULL.
    pub(crate) takes_null: bool,
    /// The same arguments may give another result.
    pub(crate) volatile: bool,
}

/// The code of a function.
#[derive(Clone)]
pub(crate) enum Kernel {
    Plain(for<'a> fn(&[Value<'a>]) -> Eval<'a>),
    /// Prepared for the types and constants it is called with.
    Bound(Arc<Bound>),
    /// Takes lambdas: they come apart, in order; their places among the values are NULL.
    Higher(for<'e, 'a> fn(&[Value<'a>], &[Lambda<'e, 'a>]) -> Eval<'a>),
}

/// Code that holds what it was prepared for.
pub(crate) type Bound = dyn for<'a> Fn(&[Value<'a>]) -> Eval<'a> + Send + Sync;

impl fmt::Debug for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kernel")
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// `CASE WHEN`: conditions with their results.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) branches: Vec<(Expr, Expr)>,
    pub(crate) otherwise: Option<Expr>,
}

/// The constants of an IN list, for a look-up instead of a walk.
#[derive(Debug)]
pub(crate) struct Constants {
    pub(crate) values: HashSet<Key<'static>>,
    pub(crate) has_null: bool,
}

impl Expr {
    pub(crate) fn new(kind: ExprKind, ty: Type) -> Self {
        Expr { kind, ty }
    }

    pub(crate) fn literal(value: Value<'static>, ty: Type) -> Self {
        Expr { kind: ExprKind::Literal(value), ty }
    }

    pub(crate) fn column(index: usize, ty: Type) -> Self {
        Expr { kind: ExprKind::Column(index), ty }
    }

    /// The value, where it is the same for every row.
    pub(crate) fn as_literal(&self) -> Option<&Value<'static>> {
        match &self.kind {
            ExprKind::Literal(value) => Some(value),
            _ => None,
        }
    }

    /// The number of the column that it is.
    pub(crate) fn as_column(&self) -> Option<usize> {
        match self.kind {
            ExprKind::Column(index) => Some(index),
            _ => None,
        }
    }

    /// The conditions that AND connects in it.
    pub(crate) fn into_conjuncts(self) -> Vec<Expr> {
        match self.kind {
            ExprKind::And(parts) => parts,
            _ => vec![self],
        }
    }

    /// The expressions directly inside.
    pub(crate) fn children(&self) -> Vec<&Expr> {
        match &self.kind {
            ExprKind::Literal(_) | ExprKind::Column(_) | ExprKind::Parameter { .. } => Vec::new(),
            ExprKind::Call(call) => call.args.iter().collect(),
            ExprKind::Cast { expr, .. }
            | ExprKind::Not(expr)
            | ExprKind::IsNull(expr)
            | ExprKind::Try(expr)
            | ExprKind::Field(expr, _)
            | ExprKind::Lambda(expr) => vec![expr],
            ExprKind::And(parts)
            | ExprKind::Or(parts)
            | ExprKind::Coalesce(parts)
            | ExprKind::Array(parts)
            | ExprKind::Row(parts) => parts.iter().collect(),
            ExprKind::Compare { left, right, .. } | ExprKind::Identical(left, right) => vec![left, right],
            ExprKind::Let { value, body } => vec![value, body],
            ExprKind::Between { value, low, high } => vec![value, low, high],
            ExprKind::In { value, list, .. } => std::iter::once(&**value).chain(list).collect(),
            ExprKind::Case(case) => {
                let branches = case.branches.iter().flat_map(|(condition, result)| [condition, result]);
                branches.chain(&case.otherwise).collect()
            }
        }
    }

    /// The same, to change them.
    pub(crate) fn children_mut(&mut self) -> Vec<&mut Expr> {
        match &mut self.kind {
            ExprKind::Literal(_) | ExprKind::Column(_) | ExprKind::Parameter { .. } => Vec::new(),
            ExprKind::Call(call) => call.args.iter_mut().collect(),
            ExprKind::Cast { expr, .. }
            | ExprKind::Not(expr)
            | ExprKind::IsNull(expr)
            | ExprKind::Try(expr)
            | ExprKind::Field(expr, _)
            | ExprKind::Lambda(expr) => vec![expr],
            ExprKind::And(parts)
            | ExprKind::Or(parts)
            | ExprKind::Coalesce(parts)
            | ExprKind::Array(parts)
            | ExprKind::Row(parts) => parts.iter_mut().collect(),
            ExprKind::Compare { left, right, .. } | ExprKind::Identical(left, right) => vec![left, right],
            ExprKind::Let { value, body } => vec![value, body],
            ExprKind::Between { value, low, high } => vec![value, low, high],
            ExprKind::In { value, list, .. } => std::iter::once(&mut **value).chain(list).collect(),
            ExprKind::Case(case) => {
                let branches = case.branches.iter_mut().flat_map(|(condition, result)| [condition, result]);
                branches.chain(&mut case.otherwise).collect()
            }
        }
    }

    /// Renumbers the columns.
    pub(crate) fn map_columns(&mut self, map: &dyn Fn(usize) -> usize) {
        if let ExprKind::Column(index) = &mut self.kind {
            *index = map(*index);
        }
        for child in self.children_mut() {
            child.map_columns(map);
        }
    }
}
