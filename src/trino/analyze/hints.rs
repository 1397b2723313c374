//! What is said when Trino would refuse an expression: what, and how to mend it.

use datafusion::sql::sqlparser::ast;
use datafusion::sql::sqlparser::ast::{BinaryOperator, Ident};

use super::names_of_functions as names;
use crate::trino::error::{EvalError, Problem};
use crate::trino::expr::{Expr, ExprKind};
use crate::trino::functions;
use crate::trino::functions::string::edit_distance;
use crate::trino::operators::Arithmetic;
use crate::trino::signature::Argument;
use crate::trino::types::Type;

pub(super) fn unsupported(expr: &ast::Expr) -> Problem {
    use ast::Expr as E;
    match expr {
        E::ILike { expr, pattern, .. } => {
            Problem::new("Trino has no ILIKE").hint(format!("write lower({expr}) LIKE lower({pattern})"))
        }
        E::RLike { expr, pattern, .. } | E::SimilarTo { expr, pattern, .. } => {
            Problem::new("Trino has no RLIKE, REGEXP or SIMILAR TO")
                .hint(format!("write regexp_like({expr}, {pattern})"))
        }
        E::IsTrue(inner) | E::IsNotFalse(inner) => Problem::new("Trino has no IS TRUE")
            .hint(format!("write coalesce({inner}, false) or the condition alone")),
        E::IsFalse(inner) | E::IsNotTrue(inner) => {
            Problem::new("Trino has no IS FALSE").hint(format!("write NOT coalesce({inner}, false)"))
        }
        E::IsUnknown(inner) => Problem::new("Trino has no IS UNKNOWN").hint(format!("write {inner} IS NULL")),
        E::IsNotUnknown(inner) => {
            Problem::new("Trino has no IS NOT UNKNOWN").hint(format!("write {inner} IS NOT NULL"))
        }
        E::Cast { expr, data_type, .. } => {
            Problem::new("this is not a cast of Trino's").hint(format!("write CAST({expr} AS {data_type})"))
        }
        E::Convert { expr, .. } => {
            Problem::new("Trino has no CONVERT").hint(format!("write CAST({expr} AS type)"))
        }
        E::Array(array) => {
            Problem::new("an array begins with its keyword").hint(format!("write ARRAY{array}"))
        }
        E::Subquery(_) | E::Exists { .. } | E::InSubquery { .. } | E::AnyOp { .. } | E::AllOp { .. } => {
            Problem::new("a subquery is not allowed here")
        }
        E::Like { .. } => {
            Problem::new("Trino has no LIKE ANY").hint("write one LIKE after the other, with OR between")
        }
        E::Lambda(_) => Problem::new("a lambda is an argument of functions like filter and transform"),
        E::Wildcard(_) | E::QualifiedWildcard(..) => {
            Problem::new("* is not a value").hint("name the columns")
        }
        E::Ceil { .. } | E::Floor { .. } => {
            Problem::new("Trino's ceil and floor take a number").hint("use date_trunc for times")
        }
        E::IsNormalized { .. } => Problem::new("Trino has no IS NORMALIZED"),
        E::Overlay { .. } => {
            Problem::new("Trino has no OVERLAY").hint("join the parts: substr(x, 1, n) || y || substr(x, m)")
        }
        E::Collate { .. } => Problem::new("Trino has no COLLATE"),
        E::GroupingSets(_) | E::Cube(_) | E::Rollup(_) => Problem::new("this belongs to GROUP BY"),
        other => Problem::new(format!("the expression {other} is not supported")),
    }
}

pub(super) fn cast(from: &Type, to: &Type) -> Problem {
    let problem = Problem::new(format!("Cannot cast {} to {}", from.brief(), to.brief()));
    match (from, to) {
        (Type::Row(_) | Type::Array(_) | Type::Map(..), Type::Varchar(_)) => {
            problem.hint("write json_format(CAST(x AS json)) for its text")
        }
        (Type::Varchar(_), Type::Array(_) | Type::Map(..) | Type::Row(_)) => {
            problem.hint("parse the text first: CAST(json_parse(x) AS …)")
        }
        _ => problem,
    }
}

pub(super) fn subscript(ty: &Type) -> Problem {
    let problem = Problem::new(format!("Cannot use {} for subscript", ty.brief()));
    match ty {
        Type::Json => problem.hint("use json_extract(x, '$.key') or json_array_get(x, index)"),
        ty if ty.is_varchar() => {
            problem.hint("the text of JSON has no elements: use json_extract_scalar(x, '$.key')")
        }
        _ => problem,
    }
}

/// `path` has no fields, and `rest` asks for one.
pub(super) fn field_of(ty: &Type, path: &str, rest: &[Ident]) -> Problem {
    let keys: Vec<&str> = rest.iter().map(|key| key.value.as_str()).collect();
    let problem = Problem::new(format!(
        "{path} is not a row, it is {}: it has no field {}",
        ty.brief(),
        keys.join(".")
    ));
    match ty {
        Type::Varchar(_) | Type::Json => problem.hint(format!(
            "use json_extract_scalar({path}, '$.{}') with the key as CloudTrail writes it: letter case matters",
            keys.join(".")
        )),
        Type::Array(_) => {
            problem.hint(format!("take an element, as {path}[1], or unfold it with CROSS JOIN UNNEST({path})"))
        }
        Type::Map(..) => problem.hint(format!("use element_at({path}, '{}')", keys.join("."))),
        _ => problem,
    }
}

pub(super) fn no_field(of: &str, name: &str, names: &[&str]) -> Problem {
    let problem = Problem::new(format!("Column '{of}.{name}' cannot be resolved: {of} has no such field"));
    match nearest(name, names.iter().copied()) {
        Some(near) => problem.hint(format!("did you mean {of}.{near}?")),
        None if names.is_empty() => problem.hint("its fields have no names: use a subscript, as x[1]"),
        None => problem.hint(format!("it has {}", names.join(", "))),
    }
}

pub(super) fn comparison(symbol: &str, left: &Expr, right: &Expr, asts: &[&ast::Expr]) -> Problem {
    let problem =
        Problem::new(format!("Cannot apply operator: {} {symbol} {}", left.ty.brief(), right.ty.brief()));
    let (text, other, text_ast, other_ast) = match (asts, left.ty.is_varchar(), right.ty.is_varchar()) {
        ([a, b], true, _) => (left, right, *a, *b),
        ([a, b], _, true) => (right, left, *b, *a),
        _ => return hint_without_text(problem, left, right),
    };
    let is_constant = matches!(text.kind, ExprKind::Literal(_));
    match &other.ty {
        Type::Timestamp(_) | Type::TimestampTz(_) | Type::Date if is_constant => problem.hint(format!(
            "make the text a time: TIMESTAMP {text_ast}, or from_iso8601_timestamp({text_ast}) for ISO 8601"
        )),
        Type::Timestamp(_) | Type::TimestampTz(_) | Type::Date => problem.hint(format!(
            "parse the text: from_iso8601_timestamp({text_ast}), or compare text with text: to_iso8601({other_ast})"
        )),
        ty if ty.is_number() && is_constant => {
            problem.hint(format!("write a number without quotes, or CAST({other_ast} AS varchar)"))
        }
        ty if ty.is_number() && matches!(other.kind, ExprKind::Literal(_)) => {
            problem.hint(format!("quote the value, '{other_ast}', or CAST({text_ast} AS bigint)"))
        }
        ty if ty.is_number() => problem.hint(format!("CAST({text_ast} AS bigint)")),
        Type::Boolean if !is_constant => {
            problem.hint(format!("{text_ast} is text: compare it with 'true' or 'false'"))
        }
        Type::Boolean => problem.hint("write true or false without quotes"),
        Type::Json => problem.hint(format!("use json_extract_scalar for the text, or CAST({other_ast} AS varchar)")),
        Type::Array(_) => problem.hint(format!("write contains({other_ast}, {text_ast})")),
        Type::IpAddress => problem.hint(format!("CAST({text_ast} AS ipaddress)")),
        Type::Uuid => problem.hint(format!("CAST({text_ast} AS uuid)")),
        _ => problem.hint("CAST one side to the type of the other"),
    }
}

fn hint_without_text(problem: Problem, left: &Expr, right: &Expr) -> Problem {
    match (&left.ty, &right.ty) {
        (Type::Array(element), ty) | (ty, Type::Array(element)) if ty.widens_to(element) => {
            problem.hint("write contains(array, element)")
        }
        _ => problem.hint("CAST one side to the type of the other"),
    }
}

pub(super) fn operator(op: &BinaryOperator) -> Problem {
    let problem = Problem::new(format!("the operator {op} is not one of Trino's"));
    match op {
        BinaryOperator::Spaceship => problem.hint("write IS NOT DISTINCT FROM"),
        BinaryOperator::BitwiseAnd => problem.hint("write bitwise_and(a, b)"),
        BinaryOperator::BitwiseOr => problem.hint("write bitwise_or(a, b)"),
        BinaryOperator::BitwiseXor | BinaryOperator::PGBitwiseXor => problem.hint("write bitwise_xor(a, b)"),
        BinaryOperator::PGRegexMatch | BinaryOperator::PGRegexIMatch => {
            problem.hint("write regexp_like(a, b)")
        }
        BinaryOperator::Arrow | BinaryOperator::LongArrow => {
            problem.hint("write json_extract_scalar(a, '$.key')")
        }
        BinaryOperator::DuckIntegerDivide | BinaryOperator::MyIntegerDivide => {
            problem.hint("write a / b: of integers, it is an integer")
        }
        BinaryOperator::Xor => problem.hint("write a <> b"),
        _ => problem,
    }
}

pub(super) fn concat(pair: &str) -> Problem {
    Problem::new(format!("Cannot apply operator: {pair}")).hint("CAST what is not text: CAST(x AS varchar)")
}

pub(super) fn arithmetic(op: Arithmetic, left: &Expr, right: &Expr, asts: &[&ast::Expr]) -> Problem {
    let problem = Problem::new(format!(
        "Cannot apply operator: {} {} {}",
        left.ty.brief(),
        op.symbol(),
        right.ty.brief()
    ));
    let is_time = |ty: &Type| matches!(ty, Type::Date | Type::Timestamp(_) | Type::TimestampTz(_));
    let is_interval = |ty: &Type| matches!(ty, Type::IntervalDayToSecond | Type::IntervalYearToMonth);
    match (&left.ty, &right.ty, asts) {
        (a, b, [left, right]) if is_time(a) && b.is_number() => problem.hint(format!(
            "write date_add('day', {right}, {left}) or {left} {} INTERVAL '{right}' DAY",
            op.symbol()
        )),
        (a, b, [left, right]) if is_time(a) && is_time(b) && op == Arithmetic::Subtract => {
            problem.hint(format!("write date_diff('second', {right}, {left})"))
        }
        (a, b, [left, _]) if a.is_varchar() && (is_interval(b) || is_time(b)) => {
            problem.hint(format!("parse the text first: from_iso8601_timestamp({left})"))
        }
        (a, b, _) if a.is_varchar() && b.is_varchar() && op == Arithmetic::Add => {
            problem.hint("join text with ||")
        }
        (a, _, [left, _]) if a.is_varchar() => {
            problem.hint(format!("make the text a number: CAST({left} AS bigint)"))
        }
        (_, b, [_, right]) if b.is_varchar() => {
            problem.hint(format!("make the text a number: CAST({right} AS bigint)"))
        }
        _ => problem,
    }
}

pub(super) fn like(ty: &Type, value: &ast::Expr) -> Problem {
    let problem = Problem::new(format!("the left side of LIKE must be varchar, and this is {}", ty.brief()));
    match ty {
        Type::Row(_) | Type::Array(_) | Type::Map(..) => {
            problem.hint(format!("write json_format(CAST({value} AS json)), or name a field of it"))
        }
        Type::Json => problem.hint(format!("write json_format({value})")),
        _ => problem.hint(format!("write CAST({value} AS varchar)")),
    }
}

/// Adds the usual way out to a complaint about the types of arguments.
pub(super) fn arguments(problem: Problem, name: &str, arguments: &[Argument]) -> Problem {
    let ty = |index: usize| match arguments.get(index) {
        Some(Argument::Value(ty)) => Some(ty),
        _ => None,
    };
    if problem.hint.is_some() || !problem.message.starts_with("Unexpected parameters") {
        return problem;
    }
    let is_text = |index: usize| ty(index).is_some_and(Type::is_varchar);
    let takes_time = names::OF_TIMES.contains(&name);
    let has_text_for_time = match name {
        "date_add" => is_text(2),
        "date_diff" => is_text(1) || is_text(2),
        "date_trunc" => is_text(1),
        _ => takes_time && is_text(0),
    };
    match name {
        _ if has_text_for_time => problem.hint("parse the text first: from_iso8601_timestamp(eventtime)"),
        "from_iso8601_timestamp" => problem.hint("the argument is text; a time needs no parsing"),
        "json_extract" | "json_extract_scalar" | "json_size" if matches!(ty(0), Some(Type::Row(_))) => {
            problem.hint(
                "the first argument is text or JSON; fields of a row are read with dots: useridentity.arn",
            )
        }
        "element_at" if is_text(0) => {
            problem.hint("the column is text that holds JSON: json_extract_scalar(x, '$.key')")
        }
        "cardinality" if is_text(0) => {
            problem.hint("use length(x) for text, json_array_length(x) for a JSON array")
        }
        "contains" if is_text(0) => problem.hint("use strpos(text, part) > 0, or LIKE"),
        "array_join" => problem.hint("the first argument is an array: array_join(array_agg(x), ',')"),
        "md5" | "sha1" | "sha256" | "sha512" | "xxhash64" | "crc32" | "to_hex" | "to_base64"
            if is_text(0) =>
        {
            problem.hint(format!("it takes bytes: {name}(to_utf8(x))"))
        }
        "length" | "concat" | "lower" | "upper" | "replace" | "substr" | "substring" | "regexp_like"
        | "regexp_extract" | "regexp_replace" | "split_part" | "split" | "strpos" | "trim"
        | "starts_with" => match ty(0) {
            Some(Type::Row(_) | Type::Array(_) | Type::Map(..)) => {
                problem.hint("for the text of a nested value write json_format(CAST(x AS json))")
            }
            _ => problem.hint("CAST what is not text: CAST(x AS varchar)"),
        },
        _ if is_text(0) && names::OF_NUMBERS.contains(&name) => {
            problem.hint("make the text a number: CAST(x AS double)")
        }
        _ => problem,
    }
}

/// A constant argument that no row could mend.
pub(super) fn constant(name: &str, error: &EvalError) -> Problem {
    let name = if name == "$like" { "LIKE" } else { name };
    Problem::new(format!("{name}: {error}"))
}

pub(super) fn unknown_function(name: &str) -> Problem {
    if names::AGGREGATES.contains(&name) {
        return Problem::new(format!("the aggregate function {name} is not allowed here"));
    }
    if names::WINDOW_FUNCTIONS.contains(&name) {
        return Problem::new(format!("the window function {name} needs an OVER clause"));
    }
    if names::UNSUPPORTED.contains(&name) || name.starts_with("st_") {
        return Problem::new(format!("Trino's function {name} is not supported"));
    }
    let problem = Problem::new(format!("Function '{name}' not registered: unknown function"));
    if let Some((_, instead)) = names::ELSEWHERE.iter().find(|(names, _)| names.split('|').any(|n| n == name))
    {
        return problem.hint(format!("in Trino: {instead}"));
    }
    let known =
        functions::names().filter(|name| !name.starts_with('$')).chain(names::AGGREGATES.iter().copied());
    match nearest(name, known) {
        Some(near) => problem.hint(format!("did you mean {near}?")),
        None => problem,
    }
}

/// The name most like a mistyped one, if any is like it at all.
fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let wanted: Vec<char> = name.to_lowercase().chars().collect();
    let distance = |known: &str| {
        if known.replace('_', "").eq_ignore_ascii_case(&name.replace('_', "")) {
            return 0;
        }
        edit_distance(&wanted, &known.chars().collect::<Vec<_>>())
    };
    let (distance, nearest) = names.map(|known| (distance(known), known)).min()?;
    (distance <= (wanted.len() / 3).clamp(1, 3)).then_some(nearest)
}
