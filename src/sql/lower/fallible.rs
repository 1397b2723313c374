//! Which expressions can fail on the values of a row.

use crate::trino::{Call, Expr, ExprKind, Type};

/// Whether evaluating the expression may end in an error.
///
/// Says yes when it does not know.
pub(in crate::sql) fn can_fail(expr: &Expr) -> bool {
    let itself = match &expr.kind {
        ExprKind::Try(_) => return false,
        ExprKind::Call(call) => call_can_fail(call),
        ExprKind::Cast { expr: inner, is_try } => !is_try && cast_can_fail(&inner.ty, &expr.ty),
        ExprKind::Compare { left, .. } => orders_nested(&left.ty),
        ExprKind::Between { value, .. } => orders_nested(&value.ty),
        _ => false,
    };
    itself || expr.children().into_iter().any(can_fail)
}

/// The order of two arrays or rows fails on a NULL inside.
fn orders_nested(ty: &Type) -> bool {
    matches!(ty, Type::Array(_) | Type::Map(..) | Type::Row(_))
}

fn call_can_fail(call: &Call) -> bool {
    /// Any arguments.
    const TOTAL: [&str; 31] = [
        super::IN_SET,
        "concat",
        "lower",
        "upper",
        "length",
        "reverse",
        "strpos",
        "position",
        "replace",
        "starts_with",
        "substr",
        "substring",
        "like",
        "cardinality",
        "contains",
        "is_null",
        "to_iso8601",
        "year",
        "month",
        "day",
        "hour",
        "minute",
        "second",
        "day_of_week",
        "to_unixtime",
        "json_array_length",
        "map_keys",
        "map_values",
        "url_extract_host",
        "array_distinct",
        "greatest",
    ];
    /// With constants after the first argument, which were looked at when the query was read.
    const PREPARED: [&str; 6] =
        ["json_extract", "json_extract_scalar", "json_size", "date_format", "date_trunc", "split_part"];
    let name = call.name;
    let is_prepared = call.args.iter().filter(|arg| arg.as_literal().is_none()).count() <= 1;
    !(TOTAL.contains(&name) || is_prepared && PREPARED.contains(&name))
}

fn cast_can_fail(from: &Type, to: &Type) -> bool {
    match (from, to) {
        (Type::Unknown, _) => false,
        (from, to) if from == to => false,
        (from, Type::Varchar(None)) => matches!(from, Type::Json | Type::Varbinary),
        (Type::Varchar(_), Type::Varchar(_)) => false,
        (from, Type::Double) if from.is_number() => false,
        (Type::Tinyint | Type::Smallint | Type::Integer, Type::Bigint | Type::Integer) => {
            from == &Type::Bigint
        }
        (Type::Date, Type::Timestamp(_) | Type::TimestampTz(_)) => false,
        (Type::Timestamp(_), Type::TimestampTz(_) | Type::Timestamp(_)) => false,
        (Type::TimestampTz(_), Type::TimestampTz(_) | Type::Timestamp(_) | Type::Date) => false,
        _ => true,
    }
}
