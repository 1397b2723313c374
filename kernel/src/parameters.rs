//! A runbook's parameters: `let` lines of literals in the cell tagged `parameters`.
//!
//! As with papermill, values given from outside go into a cell of their own
//! right after it, tagged `injected-parameters`. They are checked against the
//! declared types and written as literals, so a value can never be code.

use anyhow::{Context, Result, bail};
use nbformat::v4::{Cell, Notebook};

use crate::notebook::{has_tag, source, tagged_cell};

const DECLARED: &str = "parameters";
const INJECTED: &str = "injected-parameters";

/// `let name: Type = literal;`
#[derive(Clone, Debug, PartialEq, Eq)]
struct Declaration {
    name: String,
    type_name: String,
}

/// Puts the values into the notebook, in place of those of an earlier run.
///
/// # Errors
///
/// The notebook has no such parameter, or the value is not of its type.
pub(crate) fn inject(notebook: &mut Notebook, values: &[(String, String)]) -> Result<()> {
    notebook.cells.retain(|cell| !has_tag(cell.metadata(), INJECTED));
    if values.is_empty() {
        return Ok(());
    }
    let declared = notebook.cells.iter().position(|cell| has_tag(cell.metadata(), DECLARED));
    let position =
        declared.context("the notebook takes no parameters: it has no cell tagged `parameters`")?;
    let declarations = declarations(&source(&notebook.cells[position]))?;
    let text = injected(&declarations, values)?;
    let cell = tagged_cell(notebook, INJECTED, &text);
    notebook.cells.insert(position + 1, cell);
    Ok(())
}

/// Whether a cell declares or sets parameters.
pub(crate) fn is_parameters(cell: &Cell) -> bool {
    has_tag(cell.metadata(), DECLARED) || has_tag(cell.metadata(), INJECTED)
}

/// The names of the parameters that a notebook takes; nothing where it declares none that can be read.
pub(crate) fn names(notebook: &Notebook) -> Option<Vec<String>> {
    let cell = notebook.cells.iter().find(|cell| has_tag(cell.metadata(), DECLARED))?;
    let declarations = declarations(&source(cell)).ok()?;
    Some(declarations.into_iter().map(|declaration| declaration.name).collect())
}

/// The code that sets the values, in the order of the declarations.
fn injected(declarations: &[Declaration], values: &[(String, String)]) -> Result<String> {
    for (name, _) in values {
        if !declarations.iter().any(|declaration| declaration.name == *name) {
            let known: Vec<&str> = declarations.iter().map(|declaration| declaration.name.as_str()).collect();
            bail!("the notebook has no parameter `{name}`; it has: {}", known.join(", "));
        }
    }
    let mut lines = Vec::new();
    for Declaration { name, type_name } in declarations {
        // Given twice, the last one counts.
        if let Some((_, value)) = values.iter().rev().find(|(given, _)| given == name) {
            let literal = literal(type_name, value).with_context(|| format!("the parameter `{name}`"))?;
            lines.push(format!("let {name}: {type_name} = {literal};"));
        }
    }
    Ok(lines.join("\n"))
}

/// A value as a Rust literal of the type.
fn literal(type_name: &str, value: &str) -> Result<String> {
    macro_rules! number {
        ($($type:ty),*) => {
            match type_name {
                $(stringify!($type) => value.trim().parse::<$type>().ok().map(|value| format!("{value:?}")),)*
                _ => bail!("is a `{type_name}`, which cannot be set from outside"),
            }
        };
    }
    let literal = match type_name {
        "String" => Some(format!("String::from({value:?})")),
        "&str" | "&'static str" => Some(format!("{value:?}")),
        "Vec<String>" => {
            let items = value.split(',').map(str::trim).filter(|item| !item.is_empty());
            let items: Vec<String> = items.map(|item| format!("String::from({item:?})")).collect();
            Some(format!("vec![{}]", items.join(", ")))
        }
        "bool" => value.trim().parse::<bool>().ok().map(|value| value.to_string()),
        "f32" | "f64" => {
            let number = value.trim().parse::<f64>().ok().filter(|number| number.is_finite());
            number.map(|number| format!("{number:?}"))
        }
        _ => number!(i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize),
    };
    literal.with_context(|| format!("is a `{type_name}`, and {value:?} is none"))
}

/// The declarations of a parameters cell.
///
/// # Errors
///
/// Something in it is not `let name: Type = literal;`.
fn declarations(code: &str) -> Result<Vec<Declaration>> {
    statements(code)
        .iter()
        .map(|statement| {
            declaration(statement).with_context(|| {
                format!(
                    "in the parameters cell, `{statement}` is not of the form `let name: Type = literal;`"
                )
            })
        })
        .collect()
}

fn declaration(statement: &str) -> Option<Declaration> {
    let rest = statement.strip_prefix("let")?.strip_prefix(char::is_whitespace)?.trim_start();
    let rest = rest.strip_prefix("mut ").unwrap_or(rest);
    let (name, rest) = rest.split_once(':')?;
    let (type_name, _) = rest.split_once('=')?;
    let name = name.trim();
    let is_name = !name.is_empty() && name.chars().all(|c| c == '_' || c.is_alphanumeric());
    let type_name = type_name.split_whitespace().collect::<Vec<_>>().join(" ");
    is_name.then(|| Declaration { name: name.to_owned(), type_name })
}

/// Splits code at its semicolons, without comments. Strings may hold both.
fn statements(code: &str) -> Vec<String> {
    let mut statements = Vec::new();
    let mut statement = String::new();
    let mut chars = code.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '/' if chars.peek() == Some(&'/') => {
                chars.by_ref().find(|&c| c == '\n');
                statement.push(' ');
            }
            '"' => {
                statement.push(c);
                while let Some(c) = chars.next() {
                    statement.push(c);
                    match c {
                        '\\' => statement.extend(chars.next()),
                        '"' => break,
                        _ => {}
                    }
                }
            }
            ';' => statements.push(std::mem::take(&mut statement)),
            _ => statement.push(c),
        }
    }
    statements.push(statement);
    statements.iter().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CELL: &str = r#"// Where the logs are.
let source: String = "sample".into(); // or a folder; or a bucket
let accounts: Vec<String> = vec![];
let limit: u8 = 10;
let deep: bool = false;
let share: f64 = 0.5;
let mut note: String = "a; \" // b".to_string();
"#;

    #[track_caller]
    fn check(values: &[(&str, &str)], expected: &str) {
        let values: Vec<_> = values.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let code = injected(&declarations(CELL).unwrap(), &values);
        assert_eq!(code.unwrap_or_else(|error| format!("{error:#}")), expected);
    }

    #[test]
    fn values_become_literals_of_the_declared_types() {
        check(&[("source", "s3://logs")], r#"let source: String = String::from("s3://logs");"#);
        check(
            &[("accounts", "1, 2,")],
            r#"let accounts: Vec<String> = vec![String::from("1"), String::from("2")];"#,
        );
        check(&[("accounts", "")], "let accounts: Vec<String> = vec![];");
        check(&[("deep", "true"), ("limit", "255")], "let limit: u8 = 255;\nlet deep: bool = true;");
        check(&[("share", "2")], "let share: f64 = 2.0;");
        check(&[("limit", "1"), ("limit", "2")], "let limit: u8 = 2;");
    }

    #[test]
    fn a_value_cannot_be_code() {
        let evil = "\"); std::process::exit(0); (\"\\\n\u{202e}";
        check(
            &[("source", evil)],
            r#"let source: String = String::from("\"); std::process::exit(0); (\"\\\n\u{202e}");"#,
        );
        check(&[("limit", "1; panic!()")], "the parameter `limit`: is a `u8`, and \"1; panic!()\" is none");
    }

    #[test]
    fn a_value_that_does_not_fit_is_refused() {
        check(&[("limit", "256")], "the parameter `limit`: is a `u8`, and \"256\" is none");
        check(&[("deep", "yes")], "the parameter `deep`: is a `bool`, and \"yes\" is none");
        check(&[("share", "NaN")], "the parameter `share`: is a `f64`, and \"NaN\" is none");
        check(
            &[("form", "x")],
            "the notebook has no parameter `form`; it has: source, accounts, limit, deep, share, note",
        );
    }

    #[test]
    fn a_parameters_cell_holds_nothing_but_declarations() {
        assert_eq!(declarations(CELL).unwrap().len(), 6);
        for code in ["let a = 1;", "let a: i32 = 1; println!();", "use std::fs;"] {
            assert!(declarations(code).is_err(), "{code}");
        }
    }
}
