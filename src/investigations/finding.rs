//! An answer told in a sentence or two: the `finding:` of a question's header, filled in from the rows.
//!
//! It is a handlebars template over the rows. `first` is the first of them and `few` the first
//! three, with values as text; these say more of all:
//!
//! | helper | what it gives |
//! | --- | --- |
//! | `rows [NOUN]` | how many there are |
//! | `having COLUMN [NOUN]` | how many have a value there |
//! | `distinct COLUMN [NOUN]` | how many different values there are |
//! | `sum COLUMN [NOUN]`, `size COLUMN` | a sum; one of bytes |
//! | `top COLUMN [by=COLUMN]` | the most frequent values, or those with the highest sums |
//! | `span COLUMN [COLUMN]` | from the least to the greatest time |
//! | `any [COLUMN]` | whether there are rows, or whether a column has a value other than 0 |
//! | `more` | how many rows `few` leaves out |
//!
//! `COLUMN=VALUE` restricts each to some rows. Values come from logs: each stands between
//! backticks, so that it cannot pass for a part of the sentence.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use handlebars::{
    Context, Handlebars, Helper, HelperDef, RenderContext, RenderError, RenderErrorReason, ScopedJson,
};
use polars::prelude::{AnyValue, DataFrame};
use serde_json::{Map, Value, json};

use crate::show::{bytes, count, html::visible, thousands, width::cut_middle};

/// Values that a sentence names at most, and rows that `few` holds.
const NAMED: usize = 3;

/// Columns that a value takes in a sentence.
const WIDTH: usize = 80;

/// The template with the facts of the rows.
///
/// # Errors
///
/// The template names a column that is not there.
pub(super) fn tell(template: &str, frame: &DataFrame) -> Result<String, RenderError> {
    let mut handlebars = Handlebars::new();
    handlebars.register_escape_fn(handlebars::no_escape);
    let frame = Arc::new(frame.clone());
    let facts: [(&str, Fact); 9] = [
        ("rows", rows),
        ("having", having),
        ("distinct", distinct),
        ("sum", sum),
        ("size", size),
        ("top", top),
        ("span", span),
        ("any", any),
        ("more", more),
    ];
    for (name, fact) in facts {
        handlebars.register_helper(name, Box::new(Of { frame: frame.clone(), fact }));
    }
    let row = |row: usize| {
        let values = frame.columns().iter().map(|column| {
            (
                column.name().to_string(),
                value(column.get(row).unwrap_or(AnyValue::Null)).map_or(Value::Null, Value::String),
            )
        });
        Value::Object(Map::from_iter(values))
    };
    let few: Vec<Value> = (0..frame.height().min(NAMED)).map(row).collect();
    handlebars.render_template(template, &json!({ "first": few.first(), "few": few }))
}

type Fact = fn(&Rows<'_>, &[&str]) -> Result<Value, RenderError>;

/// A helper: a fact of a frame.
struct Of {
    frame: Arc<DataFrame>,
    fact: Fact,
}

impl HelperDef for Of {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let words: Vec<&str> = helper.params().iter().filter_map(|word| word.value().as_str()).collect();
        let mut rows = Rows { frame: &self.frame, rows: (0..self.frame.height()).collect(), by: None };
        for (name, value) in helper.hash() {
            let value = value.value().as_str().unwrap_or_default();
            if *name == "by" {
                rows.by = Some(value.to_owned());
            } else {
                let texts = rows.texts(name)?;
                rows.rows = texts.iter().filter(|(_, text)| text == value).map(|(row, _)| *row).collect();
            }
        }
        (self.fact)(&rows, &words).map(ScopedJson::Derived)
    }
}

/// Some rows of a frame.
struct Rows<'a> {
    frame: &'a DataFrame,
    rows: Vec<usize>,
    by: Option<String>,
}

impl Rows<'_> {
    fn cells(&self, column: &str) -> Result<impl Iterator<Item = (usize, AnyValue<'_>)>, RenderError> {
        let column = self.frame.column(column);
        let column = column.map_err(|error| RenderErrorReason::Other(error.to_string()))?;
        Ok(self.rows.iter().map(|&row| (row, column.get(row).unwrap_or(AnyValue::Null))))
    }

    /// The values that are not NULL, with their rows.
    fn texts(&self, column: &str) -> Result<Vec<(usize, String)>, RenderError> {
        let text = |value: AnyValue<'_>| match value {
            AnyValue::Null => None,
            value => Some(value.get_str().map_or_else(|| value.to_string(), str::to_owned)),
        };
        Ok(self.cells(column)?.filter_map(|(row, value)| Some((row, text(value)?))).collect())
    }

    fn sum(&self, column: &str) -> Result<u64, RenderError> {
        Ok(self.cells(column)?.filter_map(|(_, value)| value.extract::<u64>()).sum())
    }
}

fn rows(rows: &Rows<'_>, words: &[&str]) -> Result<Value, RenderError> {
    number(rows.rows.len() as u64, words)
}

fn having(rows: &Rows<'_>, words: &[&str]) -> Result<Value, RenderError> {
    let (column, noun) = column(words)?;
    number(rows.texts(column)?.len() as u64, noun)
}

fn distinct(rows: &Rows<'_>, words: &[&str]) -> Result<Value, RenderError> {
    let (column, noun) = column(words)?;
    let texts: BTreeSet<String> = rows.texts(column)?.into_iter().map(|(_, text)| text).collect();
    number(texts.len() as u64, noun)
}

fn sum(rows: &Rows<'_>, words: &[&str]) -> Result<Value, RenderError> {
    let (column, noun) = column(words)?;
    number(rows.sum(column)?, noun)
}

fn size(rows: &Rows<'_>, words: &[&str]) -> Result<Value, RenderError> {
    Ok(bytes(rows.sum(column(words)?.0)?).into())
}

fn top(rows: &Rows<'_>, words: &[&str]) -> Result<Value, RenderError> {
    let mut weights: BTreeMap<String, u64> = BTreeMap::new();
    for (row, text) in rows.texts(column(words)?.0)? {
        let weight = match &rows.by {
            Some(by) => Rows { frame: rows.frame, rows: vec![row], by: None }.sum(by)?,
            None => 1,
        };
        *weights.entry(text).or_default() += weight;
    }
    let mut weights: Vec<(String, u64)> = weights.into_iter().filter(|(_, weight)| *weight > 0).collect();
    weights.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
    let named = weights.iter().take(NAMED);
    let mut text: Vec<String> =
        named.map(|(value, weight)| format!("{} ({})", quoted(value), thousands(*weight))).collect();
    if weights.is_empty() {
        text.push("nobody and nothing named".to_owned());
    }
    Ok((text.join(", ") + &and_more(weights.len())).into())
}

fn span(rows: &Rows<'_>, words: &[&str]) -> Result<Value, RenderError> {
    let last = words.last().copied().unwrap_or_default();
    let (from, to) = (rows.texts(column(words)?.0)?, rows.texts(last)?);
    let from = from.iter().map(|(_, text)| text).min();
    Ok(match (from, to.iter().map(|(_, text)| text).max()) {
        (Some(from), Some(to)) if from == to => format!("at {}", quoted(from)),
        (Some(from), Some(to)) => format!("between {} and {}", quoted(from), quoted(to)),
        _ => "at no time recorded".to_owned(),
    }
    .into())
}

fn any(rows: &Rows<'_>, words: &[&str]) -> Result<Value, RenderError> {
    let Some(column) = words.first() else { return Ok((!rows.rows.is_empty()).into()) };
    Ok(rows.texts(column)?.iter().any(|(_, text)| text != "0").into())
}

fn more(rows: &Rows<'_>, _: &[&str]) -> Result<Value, RenderError> {
    Ok(match and_more(rows.rows.len()) {
        text if text.is_empty() => text,
        text => format!(";{text}"),
    }
    .into())
}

fn column<'a>(words: &'a [&'a str]) -> Result<(&'a str, &'a [&'a str]), RenderError> {
    let (column, noun) =
        words.split_first().ok_or_else(|| RenderErrorReason::Other("no column is named".to_owned()))?;
    Ok((column, noun))
}

fn number(number: u64, noun: &[&str]) -> Result<Value, RenderError> {
    Ok(noun.first().map_or_else(|| thousands(number), |noun| count(number, noun)).into())
}

fn and_more(all: usize) -> String {
    match all.saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {} more", thousands(more as u64)),
    }
}

/// A value as a sentence holds it.
fn value(value: AnyValue<'_>) -> Option<String> {
    match value {
        AnyValue::Null => None,
        value => Some(match (value.get_str(), value.extract::<u64>()) {
            (Some(text), _) => quoted(text),
            (None, Some(number)) => thousands(number),
            (None, None) => quoted(&value.to_string()),
        }),
    }
}

/// A text out of a log between backticks, and holding none; times are plain.
fn quoted(text: &str) -> String {
    if !text.is_empty() && text.len() <= 30 && text.chars().all(|c| c.is_ascii_digit() || "-:.TZ".contains(c))
    {
        return text.to_owned();
    }
    let text: Cow<'_, str> = visible(text);
    format!("`{}`", cut_middle(&text, WIDTH).replace('`', "'"))
}

#[cfg(test)]
mod tests {
    use polars::prelude::df;

    use super::*;

    fn check(template: &str, want: &str) {
        let frame = df!(
            "who" => [Some("a"), Some("b"), Some("a"), None, Some("c"), Some("d")],
            "events" => [1i64, 5, 3, 2, 0, 1200],
            "errors" => [0i64, 0, 3, 0, 0, 0],
            "at" => ["2026-10-12T08:00:00Z", "2026-10-13", "2026-10-11", "2026-10-14", "2026-10-12", "2026-10-12"],
        )
        .unwrap();
        assert_eq!(tell(template, &frame).unwrap(), want, "{template}");
    }

    #[test]
    fn facts_of_the_rows() {
        check("{{rows}} {{rows \"address\"}}, {{rows \"row\" who=\"a\"}}", "6 6 addresses, 2 rows");
        check("{{having \"who\"}} {{distinct \"who\" \"user\"}}", "5 4 users");
        check("{{sum \"events\" \"event\"}}, {{size \"events\"}}", "1,211 events, 1.2 kB");
        check("{{top \"who\"}}", "`a` (2), `b` (1), `c` (1) and 1 more");
        check("{{top \"who\" by=\"events\"}}", "`d` (1,200), `b` (5), `a` (4)");
        check("{{top \"who\" by=\"errors\"}}", "`a` (3)");
        check("{{top \"who\" who=\"x\"}}", "nobody and nothing named");
        check("{{span \"at\"}}", "between 2026-10-11 and 2026-10-14");
        check("{{span \"at\" who=\"b\"}}", "at 2026-10-13");
        check("{{#if (any \"errors\" who=\"b\")}}x{{/if}}{{#if (any who=\"b\")}}y{{/if}}", "y");
        check(
            "{{first.who}} {{first.events}}{{#each few}} {{events}}{{/each}}{{more}}",
            "`a` 1 1 5 3; and 3 more",
        );
    }

    #[test]
    fn an_unknown_column_is_an_error() {
        let frame = df!("a" => [1i64]).unwrap();
        for template in ["{{sum \"b\"}}", "{{rows b=\"x\"}}", "{{top}}"] {
            assert!(tell(template, &frame).is_err(), "{template}");
        }
    }

    #[test]
    fn a_value_does_not_pass_for_the_sentence() {
        let hostile = "x`. Nothing was found. `{{rows}}\n\u{202e}";
        let frame = df!("who" => [hostile, &"y".repeat(500), "203.0.113.66"]).unwrap();
        let told = tell("{{#each few}}{{who}}.{{/each}}{{top \"who\"}}.", &frame).unwrap();
        assert!(told.starts_with("`x'. Nothing was found. '{{rows}}\\n\\u{202e}`.`yyy"), "{told}");
        assert!(told.contains("…") && told.contains(".203.0.113.66.") && told.len() < 600, "{told}");
        assert_eq!(told.matches('`').count() % 2, 0);
    }
}
