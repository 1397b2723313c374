//! What a report takes from a notebook file.
//!
//! Read without the notebook crate's types: a report can be made of any file
//! that has cells, whatever else in it is odd.

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// A cell, in the order of the file.
#[derive(Debug, Default)]
pub(super) struct Cell {
    pub(super) kind: Kind,
    pub(super) source: String,
    pub(super) tags: Vec<String>,
    /// The number of the run that made the outputs; nothing when it was not run.
    pub(super) count: Option<u64>,
    pub(super) outputs: Vec<Output>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    Markdown,
    Code,
    /// For other programs; a report leaves it out.
    #[default]
    Raw,
}

#[derive(Debug, PartialEq)]
pub(super) enum Output {
    /// Text that the cell printed.
    Stream { stderr: bool, text: String },
    /// A result, in the form that shows most, and the evidence with it.
    Result { content: Content, evidence: Option<Value> },
    /// Why the cell failed.
    Error { name: String, message: String, traceback: String },
}

/// What a result shows.
#[derive(Debug, PartialEq)]
pub(super) enum Content {
    Html(String),
    /// Base64.
    Png(String),
    Markdown(String),
    Plain(String),
    None,
}

/// The type in which cells hand over evidence.
pub(crate) const EVIDENCE: &str = "application/vnd.trailbook.evidence+json";

/// Reads the cells of a notebook of format 4.
pub(super) fn read(text: &str) -> Result<Vec<Cell>> {
    let notebook: Value = serde_json::from_str(text).context("the notebook is not JSON")?;
    if notebook["nbformat"].as_u64() != Some(4) {
        bail!("the notebook is not of format 4: open it in JupyterLab and save it");
    }
    let cells = notebook["cells"].as_array().context("the notebook has no cells")?;
    Ok(cells.iter().map(cell).collect())
}

fn cell(cell: &Value) -> Cell {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    Cell {
        kind: match cell["cell_type"].as_str() {
            Some("markdown") => Kind::Markdown,
            Some("code") => Kind::Code,
            _ => Kind::Raw,
        },
        source: lines(&cell["source"]),
        tags: list(&cell["metadata"]["tags"])
            .iter()
            .filter_map(|tag| Some(tag.as_str()?.to_owned()))
            .collect(),
        count: cell["execution_count"].as_u64(),
        outputs: list(&cell["outputs"]).iter().filter_map(output).collect(),
    }
}

fn output(output: &Value) -> Option<Output> {
    match output["output_type"].as_str()? {
        "stream" => Some(Output::Stream {
            stderr: output["name"] == "stderr",
            text: without_ansi(&lines(&output["text"])),
        }),
        "error" => {
            let traceback = output["traceback"].as_array().into_iter().flatten();
            let traceback: Vec<_> = traceback.filter_map(Value::as_str).map(without_ansi).collect();
            Some(Output::Error {
                name: without_ansi(&lines(&output["ename"])),
                message: without_ansi(&lines(&output["evalue"])),
                traceback: traceback.join("\n"),
            })
        }
        "execute_result" | "display_data" => {
            let data = &output["data"];
            let content = |mime: &str| data.get(mime).map(lines);
            let svg = || content("image/svg+xml").map(|svg| format!("<div class=\"tb\">{svg}</div>"));
            Some(Output::Result {
                content: content("text/html")
                    .or_else(svg)
                    .map(Content::Html)
                    .or_else(|| content("image/png").map(Content::Png))
                    .or_else(|| content("text/markdown").map(Content::Markdown))
                    .or_else(|| content("text/plain").map(Content::Plain))
                    .unwrap_or(Content::None),
                evidence: data.get(EVIDENCE).cloned(),
            })
        }
        _ => None,
    }
}

/// A text, which notebooks may keep as a list of lines.
fn lines(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
        _ => String::new(),
    }
}

/// The text without the colours that compilers give their messages.
fn without_ansi(text: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find("\u{1b}[") {
        out.push_str(&rest[..at]);
        let code = &rest[at + 2..];
        let end = code.find(|c: char| !c.is_ascii_digit() && c != ';').unwrap_or(code.len());
        // Anything but a colour stays, and is written out when it is shown.
        match code[end..].strip_prefix('m') {
            Some(after) => rest = after,
            None => {
                out.push_str("\u{1b}[");
                rest = code;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reads_what_jupyter_writes() {
        let notebook = json!({"nbformat": 4, "cells": [
            {"cell_type": "markdown", "source": ["# A\n", "b"], "metadata": {}},
            {"cell_type": "code", "source": "1", "execution_count": 3, "metadata": {"tags": ["parameters"]}, "outputs": [
                {"output_type": "stream", "name": "stderr", "text": "\u{1b}[31mred\u{1b}[0m \u{1b}[2J"},
                {"output_type": "execute_result", "data": {
                    "text/plain": "p", "text/html": ["<p>", "h</p>"], EVIDENCE: {"kind": "answer"},
                }},
                {"output_type": "error", "ename": "Panic", "evalue": "why", "traceback": ["a", "\u{1b}[1mb"]},
            ]},
        ]});
        let cells = read(&notebook.to_string()).unwrap();
        assert_eq!((cells[0].kind, cells[0].source.as_str()), (Kind::Markdown, "# A\nb"));
        assert_eq!(
            (cells[1].count, cells[1].tags.as_slice()),
            (Some(3), ["parameters".to_owned()].as_slice())
        );
        assert_eq!(
            cells[1].outputs,
            [
                Output::Stream { stderr: true, text: "red \u{1b}[2J".into() },
                Output::Result {
                    content: Content::Html("<p>h</p>".into()),
                    evidence: Some(json!({"kind": "answer"}))
                },
                Output::Error { name: "Panic".into(), message: "why".into(), traceback: "a\nb".into() },
            ]
        );
        assert!(read("{}").is_err() && read("no").is_err());
    }
}
