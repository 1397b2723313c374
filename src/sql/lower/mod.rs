//! From Trino's expressions to DataFusion's.
//!
//! Where DataFusion means the same, an expression becomes its own: it runs on
//! whole columns, and the scan sees through it. All else becomes one function
//! ([`scalar`]) for the largest tree that has to, over columns and over parts
//! that DataFusion computes.
//!
//! Trino evaluates an expression row by row and leaves out what a CASE or an
//! AND makes needless; DataFusion may compute it for all rows. That makes no
//! difference to what cannot fail; so what can fail stays, with the AND or
//! CASE around it, in one function.

mod fallible;
mod in_set;
mod row_bytes;
mod scalar;

use std::sync::Arc;

use datafusion::common::{Column, TableReference};
use datafusion::functions::core::get_field;
use datafusion::logical_expr::expr::{BinaryExpr, InList, Like, ScalarFunction};
use datafusion::logical_expr::{self as df, Operator, ScalarUDF, Volatility, lit};
use datafusion::scalar::ScalarValue;

pub(super) use fallible::can_fail;

use super::arrow::{self, Builder, data_type};
use crate::trino::{Comparison, Expr, ExprKind, Type, Value};

/// The name of the call that tells whether a value is in an array of a subquery's values.
pub(super) const IN_SET: &str = "$in_set";

/// What the columns of an expression are in a plan.
pub(super) type Columns<'a> = &'a dyn Fn(usize) -> df::Expr;

/// The expression in DataFusion's terms.
pub(super) fn lower(expr: &Expr, columns: Columns<'_>) -> df::Expr {
    mixed(expr, columns).unwrap_or_else(|| function(expr, columns))
}

/// A constant.
pub(super) fn literal(value: &Value<'_>, ty: &Type) -> df::Expr {
    let mut builder = Builder::new(ty, 1);
    builder.append(value);
    // An array of one row has a row 0.
    ScalarValue::try_from_array(&builder.finish(), 0).map_or_else(|_| lit(ScalarValue::Null), lit)
}

/// DataFusion's own, through and through.
fn native(expr: &Expr, columns: Columns<'_>) -> Option<df::Expr> {
    translate(expr, columns, &|part| native(part, columns))
}

/// DataFusion's own on the outside, with functions for the parts that need them.
fn mixed(expr: &Expr, columns: Columns<'_>) -> Option<df::Expr> {
    if let Some(native) = native(expr, columns) {
        return Some(native);
    }
    let may_mix = match &expr.kind {
        // Both sides are evaluated anyway.
        ExprKind::Not(_) | ExprKind::IsNull(_) | ExprKind::Compare { .. } | ExprKind::Identical(..) => true,
        ExprKind::And(parts) | ExprKind::Or(parts) => !parts.iter().any(can_fail),
        ExprKind::In { list, .. } => list.iter().all(|item| item.as_literal().is_some()),
        ExprKind::Between { low, high, .. } => !can_fail(low) && !can_fail(high),
        ExprKind::Call(call) => call.name == IN_SET,
        _ => false,
    };
    if !may_mix {
        return None;
    }
    translate(expr, columns, &|part| Some(lower(part, columns)))
}

/// The expression as DataFusion's, if it has the same, of parts as `lower` gives them.
fn translate(
    expr: &Expr,
    columns: Columns<'_>,
    lower: &dyn Fn(&Expr) -> Option<df::Expr>,
) -> Option<df::Expr> {
    let binary = |left: df::Expr, op, right: df::Expr| {
        df::Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right)))
    };
    let chain = |parts: &[Expr], op| {
        let parts = parts.iter().map(lower).collect::<Option<Vec<_>>>()?;
        parts.into_iter().reduce(|left, right| binary(left, op, right))
    };
    Some(match &expr.kind {
        ExprKind::Literal(value) => literal(value, &expr.ty),
        ExprKind::Column(index) => columns(*index),
        ExprKind::And(parts) => chain(parts, Operator::And)?,
        ExprKind::Or(parts) => chain(parts, Operator::Or)?,
        ExprKind::Not(inner) => df::not(lower(inner)?),
        ExprKind::IsNull(inner) => lower(inner)?.is_null(),
        ExprKind::Compare { op, left, right } if compares_alike(&left.ty, *op) => {
            binary(key(lower(left)?, &left.ty), operator(*op), key(lower(right)?, &right.ty))
        }
        ExprKind::Identical(left, right) if compares_alike(&left.ty, Comparison::Equal) => {
            let (left, right) = (key(lower(left)?, &left.ty), key(lower(right)?, &right.ty));
            binary(left, Operator::IsNotDistinctFrom, right)
        }
        ExprKind::Between { value, low, high } if compares_alike(&value.ty, Comparison::Less) => {
            let [value, low, high] = [value, low, high].map(|part| lower(part).map(|x| key(x, &part.ty)));
            value?.between(low?, high?)
        }
        ExprKind::In { value, list, .. } if compares_alike(&value.ty, Comparison::Equal) => {
            let items = list.iter().map(|item| Some(key(lower(item)?, &item.ty)));
            let items = items.collect::<Option<Vec<_>>>()?;
            df::Expr::InList(InList::new(Box::new(key(lower(value)?, &value.ty)), items, false))
        }
        ExprKind::Case(branches) => {
            let [(condition, result), rest @ ..] = branches.branches.as_slice() else { return None };
            let mut builder = df::when(lower(condition)?, lower(result)?);
            for (condition, result) in rest {
                builder = builder.when(lower(condition)?, lower(result)?);
            }
            match &branches.otherwise {
                Some(otherwise) => builder.otherwise(lower(otherwise)?).ok()?,
                None => builder.end().ok()?,
            }
        }
        ExprKind::Field(row, index) => field(lower(row)?, &row.ty, *index)?,
        ExprKind::Cast { expr: inner, .. } if is_same(&inner.ty, &expr.ty) => lower(inner)?,
        ExprKind::Cast { expr: inner, .. } if inner.ty.is_integer() && expr.ty == Type::Bigint => {
            df::cast(lower(inner)?, data_type(&expr.ty))
        }
        ExprKind::Call(call) => match (call.name, call.args.as_slice()) {
            (IN_SET, [value, set]) if compares_alike(&value.ty, Comparison::Equal) && !has_key(&value.ty) => {
                let function = ScalarUDF::new_from_impl(in_set::InSet::new());
                function.call(vec![lower(value)?, lower(set)?])
            }
            ("concat" | "||", args) if args.iter().all(|arg| arg.ty.is_varchar()) => {
                chain(args, Operator::StringConcat)?
            }
            ("like", [value, pattern]) if value.ty.is_varchar() => like(lower(value)?, pattern, None)?,
            ("like", [value, pattern, escape]) if value.ty.is_varchar() => {
                like(lower(value)?, pattern, Some(escape))?
            }
            _ => return None,
        },
        _ => return None,
    })
}

/// Whether DataFusion compares the arrays as Trino compares the values.
///
/// Floats are out: Arrow orders -0.0 before 0.0 and finds NaN equal to itself.
fn compares_alike(ty: &Type, op: Comparison) -> bool {
    match ty {
        Type::Boolean | Type::Varchar(_) | Type::Varbinary | Type::Date | Type::Decimal(..) => true,
        Type::IpAddress | Type::Uuid => true,
        Type::IntervalDayToSecond | Type::IntervalYearToMonth => true,
        Type::Timestamp(precision) | Type::TimestampTz(precision) => *precision <= arrow::MICROS,
        Type::Json => matches!(op, Comparison::Equal | Comparison::NotEqual),
        ty => ty.is_integer(),
    }
}

fn operator(op: Comparison) -> Operator {
    match op {
        Comparison::Equal => Operator::Eq,
        Comparison::NotEqual => Operator::NotEq,
        Comparison::Less => Operator::Lt,
        Comparison::LessOrEqual => Operator::LtEq,
        Comparison::Greater => Operator::Gt,
        Comparison::GreaterOrEqual => Operator::GtEq,
    }
}

/// What of a value counts when it is compared, grouped, ordered or joined by.
pub(super) fn key(value: df::Expr, ty: &Type) -> df::Expr {
    match ty {
        Type::TimestampTz(_) => get(value, arrow::INSTANT),
        _ => value,
    }
}

/// What of a value counts when rows are joined by it.
pub(super) fn join_key(value: df::Expr, ty: &Type) -> df::Expr {
    match ty {
        // DataFusion looks for the least and the greatest key, and knows no order of these.
        Type::Array(_) | Type::Row(_) => {
            ScalarUDF::new_from_impl(row_bytes::RowBytes::new()).call(vec![value])
        }
        ty => key(value, ty),
    }
}

/// Whether [`key`] drops a part of the value.
pub(super) fn has_key(ty: &Type) -> bool {
    matches!(ty, Type::TimestampTz(_))
}

/// Whether arrays of the type can be sorted, and sort by all of the value.
pub(super) fn has_total_order(ty: &Type) -> bool {
    ty.is_orderable() && !matches!(ty, Type::Unknown | Type::Array(_) | Type::Row(_) | Type::TimestampTz(_))
}

fn field(row: df::Expr, ty: &Type, index: usize) -> Option<df::Expr> {
    let Type::Row(fields) = ty else { return None };
    let name = arrow::field_name(fields.get(index)?, index);
    Some(match row {
        // The table has the members of its structs as columns too.
        df::Expr::Column(Column { relation: Some(table), name: path, .. }) if is_scan(&table) => {
            df::Expr::Column(Column::new(Some(table), format!("{path}.{name}")))
        }
        row => get(row, &name),
    })
}

/// A name for a scan of the table, which nothing else in a plan has.
pub(super) fn scan_name(number: usize) -> TableReference {
    TableReference::bare(format!("scan{number}"))
}

fn is_scan(table: &TableReference) -> bool {
    table.table().starts_with("scan")
}

fn get(row: df::Expr, name: &str) -> df::Expr {
    get_field().call(vec![row, lit(name)])
}

/// Whether a cast changes no value and no array.
fn is_same(from: &Type, to: &Type) -> bool {
    match (from, to) {
        (Type::Varchar(_), Type::Varchar(None)) => true,
        (Type::Varchar(Some(from)), Type::Varchar(Some(to))) => from <= to,
        (from, to) => from == to,
    }
}

/// LIKE with a constant pattern, spelled for Arrow: there, a backslash escapes.
fn like(value: df::Expr, pattern: &Expr, escape: Option<&Expr>) -> Option<df::Expr> {
    let text = |expr: &Expr| match expr.as_literal() {
        Some(Value::Varchar(text)) => Some(text.to_string()),
        _ => None,
    };
    let escape = match escape.map(text) {
        Some(escape) => Some(escape?.parse::<char>().ok()?),
        None => None,
    };
    let pattern = text(pattern)?;
    let mut spelled = String::with_capacity(pattern.len());
    let mut rest = pattern.chars();
    while let Some(c) = rest.next() {
        let literal = match c {
            c if Some(c) == escape => {
                rest.next().filter(|next| Some(*next) == escape || matches!(next, '%' | '_'))?
            }
            '%' | '_' => {
                spelled.push(c);
                continue;
            }
            c => c,
        };
        if matches!(literal, '%' | '_' | '\\') {
            spelled.push('\\');
        }
        spelled.push(literal);
    }
    let pattern = literal(&Value::text(spelled), &Type::VARCHAR);
    Some(df::Expr::Like(Like::new(false, Box::new(value), Box::new(pattern), None, false)))
}

/// The whole expression as one function.
fn function(expr: &Expr, columns: Columns<'_>) -> df::Expr {
    let mut arguments = Vec::new();
    let mut types = Vec::new();
    let mut expr = expr.clone();
    for child in expr.children_mut() {
        take_arguments(child, columns, &mut arguments, &mut types);
    }
    let volatility = if is_volatile(&expr) || can_fail(&expr) {
        // DataFusion moves what is volatile nowhere: what can fail on rows that
        // a filter drops must not run before it.
        Volatility::Volatile
    } else {
        Volatility::Immutable
    };
    let function = ScalarUDF::new_from_impl(scalar::Scalar::new(expr, types, volatility));
    df::Expr::ScalarFunction(ScalarFunction::new_udf(Arc::new(function), arguments))
}

/// Makes the largest parts that DataFusion computes arguments, and columns in their places.
fn take_arguments(
    expr: &mut Expr,
    columns: Columns<'_>,
    arguments: &mut Vec<df::Expr>,
    types: &mut Vec<Type>,
) {
    if expr.as_literal().is_some() {
        return;
    }
    let Some(argument) = native(expr, columns) else {
        for child in expr.children_mut() {
            take_arguments(child, columns, arguments, types);
        }
        return;
    };
    let index = arguments.iter().position(|known| *known == argument).unwrap_or_else(|| {
        arguments.push(argument);
        types.push(expr.ty.clone());
        arguments.len() - 1
    });
    *expr = Expr::column(index, types[index].clone());
}

fn is_volatile(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Call(call) if call.volatile)
        || expr.children().into_iter().any(is_volatile)
}
