//! Expressions in tests: SQL in, the value as text out.

use datafusion::sql::sqlparser::ast;
use datafusion::sql::sqlparser::parser::Parser;

use super::eval::NoRow;
use super::{Column, Columns, Expr, Problem, Session, Type, Value, analyze, cast, time};
use crate::sql::dialect::Athena;

pub(crate) struct NoColumns;

impl Columns for NoColumns {
    fn resolve(&self, _: &[ast::Ident]) -> Result<Option<Column>, Problem> {
        Ok(None)
    }
}

/// 2026-03-04T05:06:07.089Z
pub(crate) const SESSION: Session =
    Session { start: time::Instant { micros: 1_772_600_767_089_000, picos: 0 } };

pub(crate) fn parse(sql: &str) -> ast::Expr {
    Parser::new(&Athena).try_with_sql(sql).and_then(|mut parser| parser.parse_expr()).unwrap()
}

/// The expression of a text without columns.
pub(crate) fn expression(sql: &str) -> Result<Expr, Problem> {
    analyze(&parse(sql), &NoColumns, &SESSION)
}

/// Asserts the value of an expression; an error is expected as `! ` and the start of its message.
pub(crate) fn check(sql: &str, expected: &str) {
    let shown = match expression(sql) {
        Err(problem) => format!("! {}", Problem { at: None, ..problem }),
        Ok(expr) => match expr.eval(&NoRow) {
            Ok(value) => show(&value, &expr.ty),
            Err(error) => format!("! {error}"),
        },
    };
    if expected.starts_with('!') {
        assert!(shown.starts_with(expected), "{sql}\n  gives    {shown}\n  expected {expected}");
    } else {
        assert_eq!(shown, expected, "{sql}");
    }
}

/// Asserts the type of an expression.
pub(crate) fn check_type(sql: &str, expected: &str) {
    let shown = expression(sql).map_or_else(|problem| format!("! {problem}"), |expr| expr.ty.to_string());
    assert_eq!(shown, expected, "{sql}");
}

fn show(value: &Value<'_>, ty: &Type) -> String {
    let list = |parts: Vec<String>| parts.join(", ");
    match (value, ty) {
        (Value::Null, _) => "NULL".to_owned(),
        (Value::Json(json), _) => json.to_string(),
        (Value::Varbinary(bytes), _) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        (Value::Array(values), Type::Array(element)) => {
            format!("[{}]", list(values.iter().map(|value| show(value, element)).collect()))
        }
        (Value::Row(values), Type::Row(fields)) => {
            format!(
                "{{{}}}",
                list(values.iter().zip(fields.iter()).map(|(value, field)| show(value, &field.ty)).collect())
            )
        }
        (Value::Map(entries), Type::Map(key, item)) => {
            format!(
                "{{{}}}",
                list(entries.iter().map(|(k, v)| format!("{}={}", show(k, key), show(v, item))).collect())
            )
        }
        (value, ty) => match cast(value.clone(), ty, &Type::VARCHAR) {
            Ok(Value::Varchar(text)) => text.into_owned(),
            other => format!("{other:?}"),
        },
    }
}
