//! Trino's own unit tests of scalar functions, as far as they are at hand.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use datafusion::sql::sqlparser::ast;
use datafusion::sql::sqlparser::parser::Parser;
use serde_json::Value as Json;

use super::cast::{format_ip, parse_ip};
use super::eval::NoRow;
use super::testing::{NoColumns, SESSION};
use super::time::text::{format_date, parse_timestamp};
use super::{Type, Value, analyze, cast};
use crate::sql::dialect::Athena;

/// The families of which nearly all cases must agree.
const FAMILIES: [&str; 6] = ["json", "string", "regex", "datetime", "array", "conditional"];

#[derive(Default)]
struct Tally {
    equal: u32,
    wrong: u32,
    refused: u32,
}

#[test]
fn agrees_with_trino() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/queries/functions_dev.jsonl");
    let Ok(cases) = std::fs::read_to_string(&path) else {
        assert!(std::env::var_os("TRAILBOOK_REQUIRE_ALL").is_none(), "{} is absent", path.display());
        eprintln!("skipped: {} is absent", path.display());
        return;
    };
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    let mut wrong = String::new();
    for line in cases.lines() {
        let case: Json = serde_json::from_str(line).unwrap();
        let text = |key: &str| case[key].as_str().unwrap_or_default().to_owned();
        let tally = tallies.entry(text("family")).or_default();
        match run(&text("sql")) {
            Outcome::Refused if text("expect") != "error" => tally.refused += 1,
            Outcome::Refused | Outcome::Failed if text("expect") == "error" => tally.equal += 1,
            Outcome::Value(value, ty) if text("expect") != "error" && same(&value, &ty, &case["value"]) => {
                tally.equal += 1;
            }
            _ => {
                tally.wrong += 1;
                writeln!(wrong, "  {} {}", text("id"), text("sql")).unwrap();
            }
        }
    }
    let mut table = String::new();
    for (family, Tally { equal, wrong, refused }) in &tallies {
        writeln!(table, "{family:12} equal {equal:4}  wrong {wrong:2}  refused {refused:2}").unwrap();
    }
    eprintln!("{table}{wrong}");
    let all: u32 = tallies.values().map(|tally| tally.equal + tally.wrong + tally.refused).sum();
    let wrongs: u32 = tallies.values().map(|tally| tally.wrong).sum();
    assert!(f64::from(wrongs) <= 0.003 * f64::from(all), "{wrongs} of {all} are wrong:\n{wrong}");
    for family in FAMILIES {
        let Tally { equal, wrong, refused } = tallies.get(family).unwrap();
        let share = f64::from(*equal) / f64::from(equal + wrong + refused);
        assert!(share >= 0.98, "{family}: {share:.3}\n{table}");
    }
}

enum Outcome {
    Value(Value<'static>, Type),
    Refused,
    Failed,
}

fn run(sql: &str) -> Outcome {
    let Ok(statements) = Parser::parse_sql(&Athena, sql) else {
        return Outcome::Refused;
    };
    let item = match statements.first() {
        Some(ast::Statement::Query(query)) => match &*query.body {
            ast::SetExpr::Select(select) => select.projection.first(),
            _ => None,
        },
        _ => None,
    };
    let Some(ast::SelectItem::ExprWithAlias { expr, .. }) = item else {
        return Outcome::Refused;
    };
    let Ok(expr) = analyze(expr, &NoColumns, &SESSION) else {
        return Outcome::Refused;
    };
    match expr.eval(&NoRow) {
        Ok(value) => Outcome::Value(value.into_owned(), expr.ty.clone()),
        Err(_) => Outcome::Failed,
    }
}

fn same(value: &Value<'_>, ty: &Type, expected: &Json) -> bool {
    match (value, ty, expected) {
        (Value::Null, _, expected) => expected.is_null(),
        (Value::Boolean(truth), ..) => expected.as_bool() == Some(*truth),
        (Value::Integer(number), ..) => expected.as_i64() == Some(*number),
        (Value::Double(number), ..) => near(*number, expected, 1e-12),
        (Value::Real(number), ..) => near(f64::from(*number), expected, 1e-6),
        (Value::Decimal(unscaled), Type::Decimal(_, scale), _) => {
            near(super::decimal::to_double(*unscaled, *scale), expected, 1e-12)
        }
        (Value::Json(json), _, Json::String(text)) => {
            let parse =
                |text: &str| serde_json::from_str::<Json>(text).unwrap_or(Json::String(text.to_owned()));
            json_same(&parse(json), &parse(text))
        }
        (Value::Varbinary(bytes), _, Json::String(hex)) => {
            bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>() == *hex
        }
        (Value::Date(days), _, Json::String(text)) => format_date(i64::from(*days)) == *text,
        (Value::Timestamp(instant) | Value::TimestampTz(instant, _), _, Json::String(text)) => {
            parse_timestamp(text).is_some_and(|parsed| parsed.local == *instant)
        }
        (Value::IpAddress(bits), _, Json::String(text)) => {
            parse_ip(text) == Some(*bits) || *text == format_ip(*bits)
        }
        (Value::Array(values), Type::Array(element), Json::Array(expected)) => {
            values.len() == expected.len() && values.iter().zip(expected).all(|(v, e)| same(v, element, e))
        }
        (Value::Row(values), Type::Row(fields), Json::Array(expected)) => {
            values.len() == expected.len()
                && values.iter().zip(fields.iter()).zip(expected).all(|((v, f), e)| same(v, &f.ty, e))
        }
        (Value::Map(entries), Type::Map(key_type, value_type), Json::Object(expected)) => {
            entries.len() == expected.len()
                && entries.iter().all(|(key, value)| {
                    expected.iter().any(|(k, v)| is_key(key, key_type, k) && same(value, value_type, v))
                })
        }
        (value, ty, Json::String(text)) => match cast(value.clone(), ty, &Type::VARCHAR) {
            Ok(Value::Varchar(shown)) => shown == *text,
            _ => false,
        },
        _ => false,
    }
}

fn is_key(key: &Value<'_>, ty: &Type, expected: &str) -> bool {
    let as_text = Json::String(expected.to_owned());
    let as_number = expected.parse::<serde_json::Number>().map_or(Json::Null, Json::Number);
    let as_truth = expected.parse().map_or(Json::Null, Json::Bool);
    same(key, ty, &as_text) || same(key, ty, &as_number) || same(key, ty, &as_truth)
}

fn near(number: f64, expected: &Json, tolerance: f64) -> bool {
    let expected = match expected {
        Json::String(text) => text.parse().unwrap_or(f64::NAN),
        other => other.as_f64().unwrap_or(f64::NAN),
    };
    number == expected
        || (number.is_nan() && expected.is_nan())
        || (number - expected).abs() <= tolerance * number.abs().max(expected.abs())
}

fn json_same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(x), b) => near(x.as_f64().unwrap_or(f64::NAN), b, 1e-12) && b.is_number(),
        (Json::Array(x), Json::Array(y)) => {
            x.len() == y.len() && x.iter().zip(y).all(|(x, y)| json_same(x, y))
        }
        (Json::Object(x), Json::Object(y)) => {
            x.len() == y.len() && x.iter().all(|(key, x)| y.get(key).is_some_and(|y| json_same(x, y)))
        }
        _ => a == b,
    }
}
