//! Which runbooks to run next, as command lines.
//!
//! An answer's evidence names runbooks and the parameters that its rows give
//! them. The values were read from logs, so an attacker wrote them: each is one
//! quoted word of the shell, or it is not printed.

use std::path::Path;

use serde_json::Value;

use crate::report::EVIDENCE;
use crate::{notebook, parameters};

/// Lines printed at most.
const LINES: usize = 12;

/// A runbook to go on with, its parameters, and the answers that lead there.
#[derive(Debug)]
pub(crate) struct Lead {
    pub(crate) runbook: String,
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) why: Vec<String>,
    /// The positions of the answers.
    pub(crate) answers: Vec<usize>,
    /// How much the answers say: a row among few says more than one among many.
    weight: f64,
}

/// Where answers lead, each runbook with the same parameters once, what says most first.
pub(crate) fn leads(answers: &[Value]) -> Vec<Lead> {
    let mut leads: Vec<Lead> = Vec::new();
    for (at, answer) in answers.iter().enumerate() {
        let weight = 1.0 / answer["rows"].as_u64().unwrap_or(1).max(1) as f64;
        for step in answer["next"].as_array().into_iter().flatten() {
            let Some(lead) = read(step, at, weight) else { continue };
            let same =
                |known: &&mut Lead| known.runbook == lead.runbook && known.parameters == lead.parameters;
            match leads.iter_mut().find(same) {
                Some(known) if known.answers.contains(&at) => {}
                Some(known) => {
                    known.why.extend(lead.why);
                    known.answers.push(at);
                    known.weight += weight;
                }
                None => leads.push(lead),
            }
        }
    }
    leads.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    leads
}

/// The command lines for what an executed notebook leads to, each after a comment that says why.
///
/// `path` is where the notebook lies, beside the next ones, and `named` is how it was named.
/// `given` are the parameters that it was run with; what the next one takes of them, it gets too.
pub(crate) fn commands(executed: &str, path: &Path, named: &Path, given: &[(String, String)]) -> Vec<String> {
    let mut answers = Vec::new();
    if let Ok(executed) = serde_json::from_str::<Value>(executed) {
        for output in executed["cells"].as_array().into_iter().flatten().flat_map(outputs) {
            collect(&output["data"][EVIDENCE], &mut answers);
        }
    }
    let own = path.file_stem().unwrap_or_default();
    let mut leads = leads(&answers);
    leads.retain(|lead| {
        lead.runbook.as_str() != own || lead.parameters.iter().any(|one| !given.contains(one))
    });
    leads.iter().filter_map(|lead| command(lead, path, named, given)).take(LINES).collect()
}

fn outputs(cell: &Value) -> impl Iterator<Item = &Value> {
    cell["outputs"].as_array().into_iter().flatten()
}

/// Takes a record, and those in it, each once.
fn collect(record: &Value, answers: &mut Vec<Value>) {
    for part in record["parts"].as_array().into_iter().flatten() {
        collect(part, answers);
    }
    if !record["next"].is_null() && !answers.contains(record) {
        answers.push(record.clone());
    }
}

fn read(step: &Value, at: usize, weight: f64) -> Option<Lead> {
    let parameters = step["parameters"].as_object()?;
    let text = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
    Some(Lead {
        runbook: step["runbook"].as_str()?.to_owned(),
        parameters: parameters.iter().map(text).collect::<Option<_>>()?,
        why: step["why"].as_str().map(str::to_owned).into_iter().collect(),
        answers: vec![at],
        weight,
    })
}

/// Nothing where the runbook is not there, does not take the parameters, or a value cannot be quoted.
fn command(lead: &Lead, path: &Path, named: &Path, given: &[(String, String)]) -> Option<String> {
    let is_name = lead.runbook.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    let file = format!("{}.ipynb", lead.runbook);
    let path = path.with_file_name(&file);
    if !is_name || !path.exists() {
        return None;
    }
    let takes = parameters::names(&notebook::read(&path).ok()?)?;
    if lead.parameters.iter().any(|(name, _)| !takes.contains(name)) {
        return None;
    }
    let mut line = format!("cargo runbook {}", quoted(named.with_file_name(file).to_str()?)?);
    let known = |name: &String| lead.parameters.iter().any(|(own, _)| own == name);
    let shared = given.iter().filter(|(name, _)| takes.contains(name) && !known(name));
    let mut words: Vec<&(String, String)> = lead.parameters.iter().chain(shared).collect();
    // A runbook declares last what is its own, and that is what one looks for.
    words.sort_by_key(|(name, _)| std::cmp::Reverse(takes.iter().position(|taken| taken == name)));
    for (name, value) in words {
        line.push_str(&format!(" -p {name} {}", quoted(value)?));
    }
    let why: Vec<&str> = lead.why.iter().filter(|why| is_printable(why)).map(String::as_str).collect();
    Some(if why.is_empty() { line } else { format!("# {}\n{line}", why.join(", ")) })
}

/// A word of a POSIX shell that means the value and nothing else.
///
/// Nothing for what a terminal would act on, or would show as something else, and
/// for what the program would take for an option.
fn quoted(value: &str) -> Option<String> {
    if value.starts_with('-') || !is_printable(value) {
        return None;
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_./:@%+=,-".contains(c);
    match !value.is_empty() && value.chars().all(is_plain) {
        true => Some(value.to_owned()),
        false => Some(format!("'{}'", value.replace('\'', r"'\''"))),
    }
}

/// Free of control characters, and of those that have no width or turn the direction of text.
fn is_printable(text: &str) -> bool {
    let is_hidden = |c: char| matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    !text.chars().any(|c| c.is_control() || is_hidden(c))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use serde_json::json;

    use super::*;

    fn notebook(parameters: &str) -> String {
        json!({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{
            "cell_type": "code", "id": "a", "metadata": {"tags": ["parameters"]}, "source": parameters,
            "outputs": [], "execution_count": null,
        }]})
        .to_string()
    }

    fn executed(answers: Vec<Value>) -> String {
        let output = |record: Value| json!({"output_type": "execute_result", "data": {EVIDENCE: record}});
        json!({"cells": [{"cell_type": "markdown"}, {"outputs": [
            {"output_type": "stream"}, output(json!({"kind": "panel", "parts": answers})),
        ]}]})
        .to_string()
    }

    fn answer(rows: u64, steps: Value) -> Value {
        json!({"kind": "answer", "rows": rows, "next": steps})
    }

    fn check(answers: Vec<Value>, want: &[&str]) {
        let folder = std::env::temp_dir().join(format!("trailbook-next-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let text = notebook(
            "let source: String = String::new();\nlet tlp: String = String::new();\nlet ip: String = String::new();",
        );
        fs::write(folder.join("07-one-ip.ipynb"), text).unwrap();
        let given = [("tlp".to_owned(), "TLP:RED".to_owned()), ("limit".to_owned(), "5".to_owned())];
        let lines = commands(&executed(answers), &folder.join("01.ipynb"), Path::new("01.ipynb"), &given);
        assert_eq!(lines, want);
    }

    fn ip(value: &str, why: &str) -> Value {
        json!({"runbook": "07-one-ip", "parameters": {"ip": value}, "why": why})
    }

    #[test]
    fn what_the_shortest_answers_lead_to_comes_first() {
        let many = json!([ip("192.0.2.1", "from “a”"), ip("192.0.2.2", "from “a”")]);
        let few = json!([ip("192.0.2.2", "from “b”"), ip("192.0.2.2", "from “b”")]);
        check(
            vec![answer(300, many), answer(2, few)],
            &[
                "# from “a”, from “b”\ncargo runbook 07-one-ip.ipynb -p ip 192.0.2.2 -p tlp TLP:RED",
                "# from “a”\ncargo runbook 07-one-ip.ipynb -p ip 192.0.2.1 -p tlp TLP:RED",
            ],
        );
        let other = json!([
            {"runbook": "no-such", "parameters": {"ip": "x"}, "why": "w"},
            {"runbook": "../07-one-ip", "parameters": {"ip": "x"}, "why": "w"},
            {"runbook": "07-one-ip", "parameters": {"principal": "x"}, "why": "w"},
            {"runbook": "07-one-ip", "parameters": {"ip": 1}, "why": "w"},
            {"runbook": "07-one-ip"},
            "07-one-ip",
        ]);
        check(vec![answer(1, other)], &[]);
    }

    #[test]
    fn hostile_values_are_one_word_or_nothing() {
        for value in
            ["a\nrm -rf /", "a\u{1b}]0;x\u{7}", "\u{202e}gpj", "-o", "--report", "zero\u{200b}width", "\0"]
        {
            assert_eq!(quoted(value), None, "{value:?}");
        }
        let values = [
            "",
            "a b",
            "$(id)",
            "`id`",
            "it's",
            "';id;'",
            "a\\",
            "é*?[x]",
            "~",
            "#x",
            "!!",
            "\"$HOME\"",
            "a;b|c&d>e",
            "{a,b}",
        ];
        for value in values {
            let line = format!("printf %s {}", quoted(value).unwrap());
            let output = Command::new("sh").args(["-c", &line]).output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), value, "{line}");
        }
        check(
            vec![answer(1, json!([ip("$(id)", "w")]))],
            &["# w\ncargo runbook 07-one-ip.ipynb -p ip '$(id)' -p tlp TLP:RED"],
        );
        check(
            vec![answer(1, json!([ip("192.0.2.1", "w\nrm")]))],
            &["cargo runbook 07-one-ip.ipynb -p ip 192.0.2.1 -p tlp TLP:RED"],
        );
    }
}
