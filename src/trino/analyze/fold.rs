//! Widening, and the computation of what is constant.

use crate::trino::cast::cast;
use crate::trino::eval::NoRow;
use crate::trino::expr::{Call, Expr, ExprKind};
use crate::trino::types::Type;
use crate::trino::value::Value;

/// The expression as one of a type it widens to, as for the sides of UNION.
pub(crate) fn coerce(expr: Expr, ty: &Type) -> Expr {
    if expr.ty == *ty {
        return expr;
    }
    if let Some(value) = expr.as_literal()
        && let Ok(value) = cast(value.clone(), &expr.ty, ty)
    {
        return Expr::literal(value, ty.clone());
    }
    if is_same_value(&expr.ty, ty) {
        return Expr { ty: ty.clone(), ..expr };
    }
    Expr::new(ExprKind::Cast { expr: Box::new(expr), is_try: false }, ty.clone())
}

/// Whether the widening changes the type's name and nothing of the value.
fn is_same_value(from: &Type, to: &Type) -> bool {
    match (from, to) {
        (Type::Varchar(_), Type::Varchar(None)) => true,
        (Type::Varchar(Some(a)), Type::Varchar(Some(b))) => a <= b,
        (Type::Timestamp(a), Type::Timestamp(b)) | (Type::TimestampTz(a), Type::TimestampTz(b)) => a <= b,
        (a, b) if a.is_integer() && b.is_integer() => true,
        (Type::Array(a), Type::Array(b)) => a == b || is_same_value(a, b),
        (Type::Map(k, v), Type::Map(l, w)) => {
            (k == l || is_same_value(k, l)) && (v == w || is_same_value(v, w))
        }
        (Type::Row(a), Type::Row(b)) => {
            a.len() == b.len()
                && a.iter().zip(b.iter()).all(|(a, b)| a.ty == b.ty || is_same_value(&a.ty, &b.ty))
        }
        _ => false,
    }
}

/// The value in place of an expression of constants. One that fails stays, to
/// fail when it is needed.
pub(super) fn fold(expr: Expr) -> Expr {
    let constant = match &expr.kind {
        ExprKind::Literal(_) | ExprKind::Column(_) | ExprKind::Parameter { .. } | ExprKind::Lambda(_) => {
            false
        }
        // The body of LET has a parameter, and that is no constant; nor has it any use for this.
        ExprKind::Let { .. } => false,
        ExprKind::Call(call) => !call.volatile && call.args.iter().all(|arg| arg.as_literal().is_some()),
        _ => expr.children().iter().all(|child| child.as_literal().is_some()),
    };
    if !constant {
        return simplify(expr);
    }
    match expr.eval(&NoRow).map(Value::into_owned) {
        Ok(value) => Expr::literal(value, expr.ty),
        Err(_) => expr,
    }
}

/// A function that gives NULL for NULL does so for a constant one.
fn simplify(expr: Expr) -> Expr {
    match &expr.kind {
        ExprKind::Call(call) if is_null(call) => Expr::literal(Value::Null, expr.ty),
        _ => expr,
    }
}

fn is_null(call: &Call) -> bool {
    !call.takes_null
        && !call.volatile
        && call.args.iter().any(|arg| arg.as_literal().is_some_and(Value::is_null))
}
