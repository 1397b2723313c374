//! Literals.

use datafusion::sql::sqlparser::ast;
use datafusion::sql::sqlparser::ast::DateTimeField;

use super::{Analyzed, parse_type};
use crate::trino::cast::cast;
use crate::trino::decimal;
use crate::trino::error::Problem;
use crate::trino::expr::Expr;
use crate::trino::json;
use crate::trino::time::{self, text::ParsedTimestamp};
use crate::trino::types::Type;
use crate::trino::value::Value;

pub(super) fn value(value: &ast::Value) -> Analyzed {
    match value {
        ast::Value::Null => Ok(Expr::literal(Value::Null, Type::Unknown)),
        ast::Value::Boolean(truth) => Ok(Expr::literal(Value::Boolean(*truth), Type::Boolean)),
        ast::Value::Number(text, false) => number(text, false),
        ast::Value::SingleQuotedString(text) | ast::Value::UnicodeStringLiteral(text) => Ok(varchar(text)),
        ast::Value::HexStringLiteral(text) => match from_hex(text) {
            Some(bytes) => Ok(Expr::literal(Value::bytes(bytes), Type::Varbinary)),
            None => Err(Problem::new("Binary literal must contain an even number of hexadecimal digits")),
        },
        ast::Value::Placeholder(name) => Err(Problem::new(format!("the parameter {name} has no value"))),
        other => Err(Problem::new(format!("{other} is not a literal of Trino's"))
            .hint("write text in single quotes and names in double quotes")),
    }
}

fn varchar(text: &str) -> Expr {
    let length = u32::try_from(text.chars().count()).ok();
    Expr::literal(Value::text(text.to_owned()), Type::Varchar(length))
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| Some(c.to_digit(16)? as u8))
        .collect::<Option<_>>()?;
    let pairs = digits.chunks_exact(2);
    pairs.remainder().is_empty().then(|| pairs.map(|pair| pair[0] << 4 | pair[1]).collect())
}

/// The literal of a number with a minus ahead of it; the least bigint has no positive twin.
pub(super) fn negative(expr: &ast::Expr) -> Option<Analyzed> {
    match expr {
        ast::Expr::Value(value) => match &value.value {
            ast::Value::Number(text, false) => Some(number(text, true)),
            _ => None,
        },
        ast::Expr::Interval(literal) => Some(interval(literal, true)),
        _ => None,
    }
}

fn number(text: &str, is_negative: bool) -> Analyzed {
    let invalid = || Problem::new(format!("Invalid numeric literal: {text}"));
    if text.contains(['.', 'e', 'E']) {
        let number: f64 = text.parse().map_err(|_| invalid())?;
        return Ok(Expr::literal(Value::Double(if is_negative { -number } else { number }), Type::Double));
    }
    let digits = if is_negative { format!("-{text}") } else { text.to_owned() };
    let number: i64 =
        digits.parse().map_err(|_| invalid().hint("write DECIMAL '…' for more than 18 digits"))?;
    let ty = if i32::try_from(number).is_ok() { Type::Integer } else { Type::Bigint };
    Ok(Expr::literal(Value::Integer(number), ty))
}

/// `DATE '2026-01-31'`
pub(super) fn typed(literal: &ast::TypedString) -> Analyzed {
    let text = match &literal.value.value {
        ast::Value::SingleQuotedString(text) | ast::Value::UnicodeStringLiteral(text) => text,
        other => return Err(Problem::new(format!("{other} is not text in single quotes"))),
    };
    let ty = parse_type(&literal.data_type)?;
    let invalid = |ty: &str| Problem::new(format!("'{text}' is not a valid {ty} literal"));
    match ty {
        Type::Varchar(_) => Ok(varchar(text)),
        Type::Varbinary => Ok(Expr::literal(Value::bytes(text.clone().into_bytes()), Type::Varbinary)),
        Type::Json => match json::write::canonical(text) {
            Ok(json) => Ok(Expr::literal(Value::json(json), Type::Json)),
            Err(_) => Err(invalid("JSON")),
        },
        Type::Decimal(..) => {
            let (unscaled, precision, scale) =
                decimal::parse(text.trim()).ok_or_else(|| invalid("DECIMAL"))?;
            if precision > 38 {
                return Err(invalid("DECIMAL"));
            }
            Ok(Expr::literal(Value::Decimal(unscaled), Type::Decimal(precision, scale)))
        }
        Type::Timestamp(_) | Type::TimestampTz(_) => {
            let parsed = time::text::parse_timestamp(text).ok_or_else(|| {
                invalid("TIMESTAMP")
                    .hint("write it like TIMESTAMP '2026-01-31 23:59:59' or use from_iso8601_timestamp")
            })?;
            let ParsedTimestamp { local, precision, zone } = parsed;
            if precision > 12 {
                return Err(invalid("TIMESTAMP"));
            }
            Ok(match zone {
                None => Expr::literal(Value::Timestamp(local), Type::Timestamp(precision)),
                Some(zone) if zone.shows(local.micros) => {
                    let instant = time::Instant { micros: zone.to_utc(local.micros), ..local };
                    Expr::literal(Value::TimestampTz(instant, zone), Type::TimestampTz(precision))
                }
                Some(_) => return Err(invalid("TIMESTAMP")),
            })
        }
        ty => match cast(Value::text(text.clone()), &Type::VARCHAR, &ty) {
            Ok(value) => Ok(Expr::literal(value.into_owned(), ty)),
            Err(_) => Err(invalid(&ty.to_string().to_uppercase())),
        },
    }
}

/// `INTERVAL '2' DAY`, `INTERVAL -'1-6' YEAR TO MONTH`
pub(super) fn interval(literal: &ast::Interval, is_negative: bool) -> Analyzed {
    let (text, is_negative) = interval_text(&literal.value, is_negative)?;
    let unit = |field: &DateTimeField| time::interval::Unit::parse(&field.to_string());
    let from = literal.leading_field.as_ref().and_then(unit);
    let (Some(from), Some(to)) = (from, literal.last_field.as_ref().map_or(from, unit)) else {
        return Err(Problem::new("the unit of an INTERVAL is YEAR, MONTH, DAY, HOUR, MINUTE or SECOND")
            .hint(format!("write it like INTERVAL '{text}' DAY")));
    };
    let parsed = time::interval::parse(&text, from, to)
        .ok_or_else(|| Problem::new(format!("'{text}' is not a valid INTERVAL literal")))?;
    Ok(match parsed {
        Value::Months(months) => Expr::literal(
            Value::Months(if is_negative { -months } else { months }),
            Type::IntervalYearToMonth,
        ),
        Value::Millis(millis) => Expr::literal(
            Value::Millis(if is_negative { -millis } else { millis }),
            Type::IntervalDayToSecond,
        ),
        _ => return Err(Problem::new("not an interval")),
    })
}

fn interval_text(value: &ast::Expr, is_negative: bool) -> Result<(String, bool), Problem> {
    match value {
        ast::Expr::Value(value) => match &value.value {
            ast::Value::SingleQuotedString(text) => Ok((text.clone(), is_negative)),
            other => Err(Problem::new(format!("the number of an INTERVAL is text: '{other}'"))
                .hint(format!("write INTERVAL '{other}' DAY, or multiply: {other} * INTERVAL '1' DAY"))),
        },
        ast::Expr::UnaryOp { op: ast::UnaryOperator::Minus, expr } => interval_text(expr, !is_negative),
        ast::Expr::UnaryOp { op: ast::UnaryOperator::Plus, expr } => interval_text(expr, is_negative),
        other => Err(Problem::new(format!("the number of an INTERVAL is text, not {other}"))
            .hint(format!("multiply instead: {other} * INTERVAL '1' DAY"))),
    }
}
