//! A report that a cell asks for.
//!
//! `case.report()?` hands over an evidence record of the kind `report`: the
//! library cannot write a report, as it knows neither the notebook nor what other
//! cells have shown. Whoever runs the cell writes it, and shows where it is.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::{Map, Value, json};

use super::html::escape;
use super::notebook::EVIDENCE;
use super::{Document, Report};
use crate::session::{Failure, Outcome};

/// Where a report that a cell asked for goes.
#[derive(Debug)]
pub(crate) enum Place {
    /// To this file.
    File(PathBuf),
    /// Next to this notebook, named after it and the incident.
    Beside(PathBuf),
    /// Into the working directory: the notebook is not known.
    Here,
}

/// Writes the report that a cell's outcome asks for, if it does, and shows where
/// it is. The cell fails when the report cannot be written.
///
/// `document` gives the notebook as it stands, the cell included.
pub(crate) fn fulfil(
    outcome: &mut Outcome,
    place: &Place,
    templates: Option<&Path>,
    document: impl FnOnce() -> Result<Document>,
) {
    let record = &outcome.data.get(EVIDENCE).cloned().unwrap_or_default();
    if outcome.failure.is_some() || record["kind"] != "report" {
        return;
    }
    let path = place.path(record["incident"].as_str().unwrap_or_default());
    let written = document().and_then(|mut document| {
        // The record stands in the output that is still to come.
        document.record = Some(record.clone());
        let report = Report::of(&document, templates)?;
        report.write(&path)?;
        Ok(report)
    });
    match written {
        Ok(report) => outcome.data = shown(&path, matches!(place, Place::Beside(_)), &report, record),
        Err(error) => {
            outcome.data = Map::new();
            outcome.failure = Some(Failure::new("Report", format!("{error:#}")));
        }
    }
}

impl Place {
    fn path(&self, incident: &str) -> PathBuf {
        match self {
            Place::File(path) => path.clone(),
            Place::Beside(notebook) => {
                let stem = notebook.file_stem().unwrap_or_default().to_string_lossy();
                notebook.with_file_name(file_name(&format!("{incident}-{stem}")))
            }
            Place::Here => std::env::current_dir().unwrap_or_default().join(file_name(incident)),
        }
    }
}

/// A name that leads out of no folder and needs no quoting.
fn file_name(words: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let name: String = words.chars().map(plain).collect();
    let name = name.trim_matches(['.', '-']);
    format!("{}.html", if name.is_empty() { "report" } else { name })
}

/// What the cell shows: where the report is, and what keeps it a draft.
fn shown(path: &Path, beside: bool, report: &Report, record: &Value) -> Map<String, Value> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let file = match beside {
        // JupyterLab opens what lies beside the notebook.
        true => format!("<a href=\"{name}\" target=\"_blank\">{name}</a>", name = escape(&name)),
        false => format!("<code>{}</code>", escape(&path.to_string_lossy())),
    };
    // JupyterLab would typeset what stands between dollar signs.
    let mut html = format!("<div class=\"mathjax_ignore\"><p><b>{}</b>: {file}</p>", report.status());
    let mut plain = format!("{}: {}\n", report.status(), path.display());
    if !report.reasons.is_empty() {
        html.push_str("<ul>");
        for reason in &report.reasons {
            html.push_str(&format!("<li>{}</li>", escape(reason)));
            plain.push_str(&format!("- {reason}\n"));
        }
        html.push_str("</ul>");
    }
    html.push_str("</div>");
    let Value::Object(data) = json!({ "text/html": html, "text/plain": plain, EVIDENCE: record }) else {
        return Map::new();
    };
    data
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn asked() -> Outcome {
        let record = json!({"kind": "report", "incident": "IR-1", "parts": [
            {"kind": "case", "id": "IR-1", "title": "A <leaked> key", "tlp": "red"},
        ]});
        let Value::Object(data) = json!({ "text/html": "fallback", EVIDENCE: record }) else {
            unreachable!()
        };
        Outcome { data, failure: None, elapsed: Duration::ZERO }
    }

    fn document() -> Result<Document> {
        let text = json!({"nbformat": 4, "cells": []}).to_string();
        Ok(Document { text, name: "first look.ipynb".into(), is_file: false, record: None })
    }

    #[test]
    fn the_report_is_written_beside_the_notebook() {
        let folder = std::env::temp_dir().join(format!("trailbook-request-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let place = Place::Beside(folder.join("first look.ipynb"));
        let mut outcome = asked();
        fulfil(&mut outcome, &place, None, document);
        assert_eq!(outcome.failure, None);
        let path = folder.join("IR-1-first-look.html");
        let plain = outcome.data["text/plain"].as_str().unwrap();
        assert!(plain.starts_with(&format!("The report is a draft: {}\n", path.display())), "{plain}");
        assert!(outcome.data["text/html"].as_str().unwrap().contains("<a href=\"IR-1-first-look.html\""));
        assert_eq!(outcome.data[EVIDENCE]["kind"], "report");
        assert!(std::fs::read_to_string(&path).unwrap().contains("<h1>A &lt;leaked&gt; key</h1>"));

        let mut outcome = asked();
        fulfil(&mut outcome, &place, Some(&folder.join("absent")), document);
        assert!(outcome.data.is_empty());
        assert!(outcome.failure.unwrap().message.contains("absent cannot be read"));
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn other_cells_are_left_alone() {
        let Value::Object(data) = json!({ EVIDENCE: {"kind": "answer"} }) else { unreachable!() };
        let mut outcome = Outcome { data: data.clone(), failure: None, elapsed: Duration::ZERO };
        fulfil(&mut outcome, &Place::Here, None, || panic!("nothing is asked for"));
        assert_eq!(outcome.data, data);
    }

    #[test]
    fn names_lead_out_of_no_folder() {
        for (words, name) in [
            ("IR-1-01-first-look", "IR-1-01-first-look.html"),
            ("../../etc/passwd", "etc-passwd.html"),
            ("a b\"<c>", "a-b--c.html"),
            ("..", "report.html"),
            ("", "report.html"),
        ] {
            assert_eq!(file_name(words), name);
        }
    }
}
