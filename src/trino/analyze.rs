//! From the syntax tree of an expression to a typed [`Expr`].

use datafusion::sql::sqlparser::ast;
use datafusion::sql::sqlparser::ast::{Ident, Spanned};

use super::error::Problem;
use super::expr::{Expr, ExprKind};
use super::time::Instant;
use super::types::Type;

/// What the names of an expression mean.
pub(crate) trait Columns {
    /// The column that `parts` begins with, as `t.useridentity.arn` begins with
    /// `t.useridentity`; the rest are fields of it. `None`: there is none.
    ///
    /// # Errors
    ///
    /// The name has two meanings, or none and a better message than the general one.
    fn resolve(&self, parts: &[Ident]) -> Result<Option<Column>, Problem>;

    /// Asked for every expression before it is looked into: a column that
    /// stands for it, as for an aggregate, a window function, a subquery or a
    /// key of GROUP BY.
    fn replace(&self, _: &ast::Expr) -> Option<Result<Expr, Problem>> {
        None
    }
}

/// A resolved name.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) index: usize,
    pub(crate) ty: Type,
    /// How many parts of the name it took.
    pub(crate) parts: usize,
}

/// What is the same for all rows of a query.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Session {
    /// When the query began, in UTC: `now()`. The zone of a session is UTC.
    pub(crate) start: Instant,
}

/// Settles names, functions and types of a scalar expression.
///
/// # Errors
///
/// Trino would refuse it, or it uses what is not supported here.
pub(crate) fn analyze(expr: &ast::Expr, columns: &dyn Columns, session: &Session) -> Result<Expr, Problem> {
    let _ = (columns, session);
    Err(Problem::new("expressions are not supported").at(expr.span()))
}

/// The expression as one of a type it widens to, as for the sides of UNION.
pub(crate) fn coerce(expr: Expr, ty: &Type) -> Expr {
    if expr.ty == *ty {
        return expr;
    }
    Expr::new(
        ExprKind::Cast {
            expr: Box::new(expr),
            is_try: false,
        },
        ty.clone(),
    )
}
