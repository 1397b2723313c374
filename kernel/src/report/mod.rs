//! Reports: an executed notebook as one HTML file.
//!
//! A report needs the notebook alone. Its prose, tables and charts are the
//! narrative; the evidence records in its outputs make the cover, the
//! checklist, the summary, the scope and the appendix. The file has no scripts
//! and refers to nothing, and nothing in the notebook can put such a thing into
//! it: what is text is escaped, what is markup goes through `sanitize`.
//!
//! The templates beside this file are handlebars; a team can replace any of
//! them, and the style sheet, with its own.

mod defang;
mod evidence;
#[allow(dead_code, reason = "shared with the library, which shows text in terminals too")]
#[path = "../../../src/show/html.rs"]
mod html;
mod markdown;
mod notebook;
#[path = "../../../src/show/number.rs"]
mod number;
pub(crate) mod request;
mod sanitize;
mod templates;
mod tlp;
mod view;

#[cfg(test)]
#[allow(dead_code, reason = "shared with the library")]
#[path = "../../../src/show/testing.rs"]
mod testing;

pub(crate) use notebook::EVIDENCE;

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::Value;

/// An executed notebook.
#[derive(Debug)]
pub(crate) struct Document {
    /// The text of its file, of format 4.
    pub(crate) text: String,
    /// What the report calls it.
    pub(crate) name: String,
    /// Whether there is a file of just this text, which its SHA-256 identifies.
    pub(crate) is_file: bool,
    /// An evidence record that no output holds yet.
    pub(crate) record: Option<Value>,
}

/// A report of a notebook.
#[derive(Debug)]
pub(crate) struct Report {
    html: String,
    /// Why it is a draft; a final one has none.
    pub(crate) reasons: Vec<String>,
}

impl Report {
    /// The report of a notebook; templates in the folder take the place of those
    /// of the same name.
    ///
    /// # Errors
    ///
    /// The text is not a notebook, or a replaced template is wrong.
    pub(crate) fn of(document: &Document, templates: Option<&Path>) -> Result<Report> {
        let (view, reasons) = view::view(document, chrono::Utc::now())?;
        Ok(Report { html: templates::render(&view, templates)?, reasons })
    }

    /// Writes it as one HTML file.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        crate::notebook::write(path, &self.html)
    }

    /// `The report is final`, for a sentence that goes on with its place.
    pub(crate) fn status(&self) -> &'static str {
        if self.reasons.is_empty() { "The report is final" } else { "The report is a draft" }
    }
}

/// The folder of a team's own templates: the one given, or `TRAILBOOK_TEMPLATES`.
pub(crate) fn templates(given: Option<PathBuf>) -> Option<PathBuf> {
    let set = || std::env::var_os("TRAILBOOK_TEMPLATES").filter(|folder| !folder.is_empty());
    given.or_else(|| set().map(PathBuf::from))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::testing::markup;
    use super::*;

    fn code(source: &str, count: Option<u64>, outputs: Value) -> Value {
        json!({"cell_type": "code", "source": source, "execution_count": count, "metadata": {}, "outputs": outputs})
    }

    fn result(html: &str, evidence: Value) -> Value {
        json!([{"output_type": "execute_result", "metadata": {}, "data": {
            "text/html": html, "application/vnd.trailbook.evidence+json": evidence,
        }}])
    }

    fn answer(title: &str, rows: u64) -> Value {
        json!({
            "kind": "answer", "title": title, "engine": "embedded", "rows": rows, "sql": "SELECT 1\nFROM t",
            "sha256": "ab".repeat(32), "objects_read": 3, "bytes_read": 2048, "records": 40, "damaged": [],
            "finding": "2 sign-ins of `eve` from `203.0.113.66`.", "warnings": [], "columns": [{"name": "eventtime", "type": "varchar"}],
        })
    }

    fn case(tlp: &str) -> Value {
        json!({"kind": "case", "id": "IR-1", "title": "A leaked key", "tlp": tlp, "opened": "2026-03-02T08:15:00Z"})
    }

    fn checklist(state: &str) -> Value {
        json!({"kind": "checklist", "steps": [{"title": "Who signed in", "state": state, "at": null, "note": null}]})
    }

    fn scope() -> Value {
        json!({"kind": "scope", "accounts": ["1"], "regions": [], "from": "2026-03-01", "to": "2026-03-02",
            "not_covered": ["No objects of account 2."]})
    }

    fn notebook(cells: Vec<Value>) -> String {
        json!({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}).to_string()
    }

    fn complete() -> Vec<Value> {
        vec![
            json!({"cell_type": "markdown", "source": "# First look\n\nProse.", "metadata": {}}),
            code("case", Some(1), result("<p>case</p>", case("TLP:AMBER"))),
            code("scope", Some(2), result("<p>scope</p>", scope())),
            code("answer", Some(3), result("<p>two rows</p>", answer("Who signed in", 2))),
            json!({"cell_type": "markdown", "source": "The key **leaked**.", "metadata": {"tags": ["finding"]}}),
            code("checklist", Some(4), result("<p>done</p>", checklist("done"))),
        ]
    }

    fn html(notebook: String, name: &str, templates: Option<&Path>) -> Result<String> {
        let document = Document { text: notebook, name: name.to_owned(), is_file: true, record: None };
        Ok(Report::of(&document, templates)?.html)
    }

    fn report(cells: Vec<Value>) -> String {
        html(notebook(cells), "x.ipynb", None).unwrap()
    }

    #[test]
    fn a_complete_notebook_is_final() {
        let report = report(complete());
        for part in [
            "<title>TLP:AMBER IR-1 A leaked key</title>",
            "<p class=\"status final\">Final</p>",
            "<b>TLP:AMBER</b>",
            "@top-right { content: \"TLP:AMBER\"; color: #FFC000;",
            "<div class=\"prose finding\"><p>The key <strong>leaked</strong>.</p>\n<p class=\"refs\">Evidence: <a class=\"ref\" href=\"#E-001\">",
            "<b>Who signed in.</b> 2 sign-ins of <code>eve</code> from <code>203[.]0[.]113[.]66</code>. <a class=\"ref\" href=\"#E-001\">E-001</a>",
            "<li>No objects of account 2.</li>",
            "<div class=\"output\"><p>two rows</p><p class=\"refs\">Evidence: <a class=\"ref\" href=\"#E-001\">E-001</a>",
            "<article id=\"E-001\">",
            "3 objects, 2.0 kB compressed, 40 records",
            "<pre class=\"sql\">SELECT 1\nFROM t</pre>",
        ] {
            assert!(report.contains(part), "{part} is missing in\n{report}");
        }
        assert!(!report.contains("(draft)"));
    }

    #[test]
    fn what_was_not_done_keeps_it_a_draft() {
        let check = |at: usize, cell: Value, reason: &str| {
            let mut cells = complete();
            cells[at] = cell;
            let report = report(cells);
            assert!(report.contains("<p class=\"status draft\">Draft</p>"), "{reason}");
            assert!(report.contains(&format!("<li>{reason}</li>")), "{reason}");
        };
        let error = json!([{"output_type": "error", "ename": "Error", "evalue": "no <such> log\nmore", "traceback": []}]);
        check(
            3,
            code("answer", Some(3), error),
            "A step failed, under “First look”: Error: no &lt;such&gt; log",
        );
        check(3, code("answer", None, json!([])), "1 cell was not run.");
        check(3, code("answer", Some(9), json!([])), "Cells were run in another order than they stand in.");
        check(
            5,
            code("x", Some(4), result("", checklist("to do"))),
            "The step “Who signed in” was not done.",
        );
        check(5, code("x", Some(4), result("", checklist("failed"))), "The step “Who signed in” failed.");
        check(1, code("x", Some(1), result("", case("amber"))), "No TLP label says who may see this report.");
        check(1, code("x", Some(1), json!([])), "No case was opened: the incident has no identifier.");
    }

    #[test]
    fn a_hostile_notebook_puts_nothing_into_the_report() {
        let hostile = "</style></title></pre><script>alert(1)</script><img src=x onerror=alert(1)>\" onload=\"x\u{202e}";
        let record = |mut record: Value| {
            fn poison(value: &mut Value, hostile: &str) {
                match value {
                    Value::String(text) => text.push_str(hostile),
                    Value::Array(items) => items.iter_mut().for_each(|item| poison(item, hostile)),
                    Value::Object(fields) => fields.values_mut().for_each(|field| poison(field, hostile)),
                    _ => {}
                }
            }
            let kind = record["kind"].clone();
            poison(&mut record, hostile);
            record["kind"] = kind;
            record
        };
        let stream = json!([{"output_type": "stream", "name": "stdout", "text": hostile},
            {"output_type": "error", "ename": hostile, "evalue": hostile, "traceback": [hostile]}]);
        let cells = vec![
            json!({"cell_type": "markdown", "source": format!("# {hostile}\n\n{hostile}"), "metadata": {}}),
            code(hostile, Some(1), result(hostile, record(case("TLP:RED")))),
            code("a", Some(2), result(hostile, record(scope()))),
            code("b", Some(3), result(hostile, record(answer("t", 2)))),
            code("c", Some(4), result(hostile, record(checklist("done")))),
            code("d", Some(5), stream),
        ];
        let report = html(notebook(cells), hostile, None).unwrap();
        let (head, body) = report.split_once("</head>").unwrap();
        assert_eq!(head.matches("</style>").count(), 1);
        assert_eq!(head.matches("</title>").count(), 1);
        for (element, attributes) in markup(body.strip_suffix("</html>\n").unwrap()).elements {
            assert!(
                !["script", "img", "style", "link", "iframe", "object"].contains(&element.as_str()),
                "{element}"
            );
            assert!(attributes.iter().all(|name| !name.starts_with("on") && name != "src"), "{attributes:?}");
        }
        assert!(!report.contains('\u{202e}'));
    }

    #[test]
    fn a_team_can_have_its_own_templates() {
        let folder = std::env::temp_dir().join(format!("trailbook-templates-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let render = || html(notebook(complete()), "x.ipynb", Some(&folder));
        assert!(render().unwrap_err().to_string().contains("holds no templates"));
        fs::write(folder.join("cover.html.hbs"), "<h1>ACME: {{title}}</h1>{{> legal}}").unwrap();
        fs::write(folder.join("legal.html.hbs"), "<p>Confidential</p>").unwrap();
        fs::write(folder.join("report.css"), "h1 { color: red }").unwrap();
        let report = render().unwrap();
        assert!(report.contains("<h1>ACME: A leaked key</h1><p>Confidential</p>"));
        assert!(report.contains("h1 { color: red }") && report.contains("<h2>Evidence</h2>"));
        fs::write(folder.join("cover.html.hbs"), "{{#if}}").unwrap();
        assert!(render().unwrap_err().to_string().contains("cover.html.hbs is wrong"));
        fs::remove_dir_all(&folder).unwrap();
    }
}
