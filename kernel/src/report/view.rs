//! What a report says, as the templates want it.

use anyhow::Result;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Document;
use super::defang::defang;
use super::evidence::{Evidence, scope, text, texts};
use super::html::{escape, escape_lines, marked};
use super::markdown;
use super::notebook::{Cell, Content, Kind, Output, read};
use super::number::{count, thousands};
use super::sanitize::sanitize;
use super::tlp::Tlp;

/// Next steps that a report shows at once; the others are folded away.
const NEXT: usize = 12;

/// Everything that the templates may name, and why the report is a draft.
pub(super) fn view(document: &Document, now: DateTime<Utc>) -> Result<(Value, Vec<String>)> {
    let cells = read(&document.text)?;
    let mut evidence = Evidence::default();
    let (narrative, conclusions) = narrate(&cells, &mut evidence);
    if let Some(record) = &document.record {
        evidence.add(record);
    }
    let headings = headings(&cells);
    let case = evidence.case.clone().unwrap_or_default();
    let tlp = text(&case["tlp"]).and_then(|label| Tlp::named(&label));
    let steps = steps(&evidence);
    let reasons = reasons(&cells, &headings, &steps, tlp, evidence.case.is_some());
    let title = text(&case["title"]).or_else(|| cells.iter().find_map(first_heading));
    let register = evidence.register();
    let gaps = not_looked_at(&evidence, &register);
    let incident = text(&case["id"]);
    let mut next = evidence.next();
    let more = next.split_off(next.len().min(NEXT));
    let sha256 =
        || Sha256::digest(&document.text).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let view = json!({
        "title": title.unwrap_or_else(|| document.name.clone()),
        "incident": incident,
        "incident_in_css": incident.as_deref().map(css_text),
        "opened": text(&case["opened"]).map(|at| seconds(&at)),
        "tlp": tlp.map(|tlp| json!({
            "label": tlp.label, "color": tlp.color, "meaning": tlp.meaning, "width": format!("{}em", tlp.width()),
        })),
        "status": if reasons.is_empty() { "Final" } else { "Draft" },
        "is_draft": !reasons.is_empty(),
        "reasons": reasons,
        "generated": now.to_rfc3339_opts(SecondsFormat::Secs, true),
        "generator": concat!("trailbook ", env!("CARGO_PKG_VERSION")),
        "engines": evidence.engines(),
        "notebook": { "name": document.name, "sha256": document.is_file.then(sha256) },
        "steps": steps,
        "conclusions": conclusions,
        "next": next,
        "more": more,
        "hidden": thousands(more.len() as u64),
        "checks": evidence.checks(),
        "scopes": evidence.scopes.iter().filter_map(scope).collect::<Vec<_>>(),
        "gaps": gaps,
        "narrative": narrative,
        "evidence": register,
        "parameters": parameters(&cells),
    });
    Ok((view, reasons))
}

/// The cells as they are read one after the other, and the conclusions among
/// them, each with the numbers of the answers since the heading above it.
fn narrate(cells: &[Cell], evidence: &mut Evidence) -> (Vec<Value>, Vec<Value>) {
    let (mut narrative, mut conclusions, mut since) = (Vec::new(), Vec::new(), Vec::new());
    for cell in cells {
        if is_conclusion(cell) {
            conclusions.push(json!({ "html": markdown::render(&cell.source), "numbers": since }));
        } else if first_heading(cell).is_some() {
            since.clear();
        }
        let mut outputs = Vec::new();
        for output in &cell.outputs {
            let (shown, numbers) = show(output, evidence);
            outputs.extend(shown);
            since.extend(numbers);
        }
        narrative.extend(passage(cell, outputs));
    }
    (narrative, conclusions)
}

/// A cell of the narrative; nothing for one that has nothing to read.
fn passage(cell: &Cell, outputs: Vec<Value>) -> Option<Value> {
    let tagged = |tags: &[&str]| cell.tags.iter().any(|tag| tags.contains(&tag.as_str()));
    let hidden =
        tagged(&["remove-cell", "remove_cell", "parameters", "injected-parameters"]) || is_conclusion(cell);
    match cell.kind {
        _ if hidden => None,
        Kind::Markdown => {
            Some(json!({ "prose": markdown::render(&cell.source), "code": null, "outputs": [] }))
        }
        Kind::Code if !cell.source.trim().is_empty() => {
            let quiet = tagged(&["remove-input", "remove_input", "hide-input"]);
            let code = (!quiet).then(|| escape_lines(cell.source.trim_end()).into_owned());
            Some(json!({ "prose": null, "code": code, "was_run": cell.count.is_some(), "outputs": outputs }))
        }
        Kind::Code | Kind::Raw => None,
    }
}

/// An output, its kind and HTML that is safe, and the numbers of the answers in it.
fn show(output: &Output, evidence: &mut Evidence) -> (Option<Value>, Vec<String>) {
    let html = match output {
        Output::Stream { stderr, text } => {
            let name = if *stderr { "messages" } else { "text" };
            let text = escape_lines(&defang(text.trim_end())).into_owned();
            return (Some(json!({ "kind": name, "html": text, "numbers": [] })), Vec::new());
        }
        Output::Error { name, message, traceback } => {
            let head = escape(&defang(&format!("{name}: {message}"))).into_owned();
            let traceback = escape_lines(&defang(traceback.trim_end())).into_owned();
            let error = json!({ "kind": "error", "head": head, "html": traceback, "numbers": [] });
            return (Some(error), Vec::new());
        }
        // The cover and the checklist show these, and where a report was written is no part of it.
        Output::Result { evidence: Some(record), .. }
            if ["case", "checklist", "report"].iter().any(|kind| record["kind"] == *kind) =>
        {
            String::new()
        }
        Output::Result { content, .. } => match content {
            Content::Html(html) => sanitize(html),
            Content::Markdown(source) => markdown::render(source),
            Content::Plain(text) => format!("<pre>{}</pre>", escape_lines(&defang(text))),
            Content::Png(base64) => {
                let letters = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
                let data: String = base64.chars().filter(|&c| letters(c)).collect();
                format!("<img alt=\"\" src=\"data:image/png;base64,{data}\">")
            }
            Content::None => String::new(),
        },
    };
    let numbers = match output {
        Output::Result { evidence: Some(record), .. } => evidence.add(record),
        _ => Vec::new(),
    };
    let shown = (!html.is_empty()).then(|| json!({ "kind": "result", "html": html, "numbers": numbers }));
    (shown, numbers)
}

/// Prose that belongs into the summary: a cell tagged `finding` or `summary`.
fn is_conclusion(cell: &Cell) -> bool {
    cell.kind == Kind::Markdown && cell.tags.iter().any(|tag| tag == "finding" || tag == "summary")
}

fn first_heading(cell: &Cell) -> Option<String> {
    (cell.kind == Kind::Markdown).then(|| markdown::title(&cell.source)).flatten()
}

/// For each cell, the heading above it.
fn headings(cells: &[Cell]) -> Vec<String> {
    let mut heading = String::new();
    cells
        .iter()
        .map(|cell| {
            if let Some(found) = first_heading(cell) {
                heading = found;
            }
            heading.clone()
        })
        .collect()
}

fn steps(evidence: &Evidence) -> Vec<Value> {
    let steps = evidence.checklist.as_ref().and_then(|checklist| checklist["steps"].as_array());
    steps
        .into_iter()
        .flatten()
        .map(|step| {
            let state = text(&step["state"]).unwrap_or_else(|| "to do".into());
            let mark = match state.as_str() {
                "done" => "✓",
                "failed" => "✗",
                "not applicable" => "–",
                _ => "○",
            };
            json!({
                "title": text(&step["title"]),
                "state": state,
                "mark": mark,
                "at": text(&step["at"]).map(|at| seconds(&at).replace(['T', 'Z'], " ").trim_end().to_owned()),
                "note": text(&step["note"]),
            })
        })
        .collect()
}

/// A time without what is below the second.
fn seconds(at: &str) -> String {
    match DateTime::parse_from_rfc3339(at) {
        Ok(time) => time.to_utc().to_rfc3339_opts(SecondsFormat::Secs, true),
        Err(_) => at.to_owned(),
    }
}

/// Why a report is a draft: all that a final one must not have.
fn reasons(
    cells: &[Cell],
    headings: &[String],
    steps: &[Value],
    tlp: Option<Tlp>,
    has_case: bool,
) -> Vec<String> {
    let mut reasons = Vec::new();
    if !has_case {
        reasons.push("No case was opened: the incident has no identifier.".to_owned());
    }
    if tlp.is_none() {
        reasons.push("No TLP label says who may see this report.".to_owned());
    }
    let run = |cell: &&Cell| cell.kind == Kind::Code && !is_blank(&cell.source);
    for (cell, heading) in cells.iter().zip(headings) {
        for output in &cell.outputs {
            if let Output::Error { name, message, .. } = output {
                let first = message.lines().next().unwrap_or_default();
                reasons.push(format!("A step failed, under “{heading}”: {name}: {first}"));
            }
        }
    }
    let not_run = cells.iter().filter(run).filter(|cell| cell.count.is_none()).count() as u64;
    if not_run > 0 {
        reasons.push(format!(
            "{} not run.",
            if not_run == 1 { "1 cell was".into() } else { format!("{} were", count(not_run, "cell")) }
        ));
    }
    let counts: Vec<u64> = cells.iter().filter(run).filter_map(|cell| cell.count).collect();
    if !counts.is_sorted_by(|a, b| a < b) {
        reasons.push("Cells were run in another order than they stand in.".to_owned());
    }
    for step in steps {
        let (title, state) = (text(&step["title"]).unwrap_or_default(), &step["state"]);
        if state == "failed" {
            reasons.push(format!("The step “{title}” failed."));
        } else if state == "to do" {
            reasons.push(format!("The step “{title}” was not done."));
        }
    }
    reasons
}

/// Nothing but white space and comments, which a kernel may not count as a run.
fn is_blank(source: &str) -> bool {
    source.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with("//"))
}

/// What the answers do not cover, in sentences of HTML.
fn not_looked_at(evidence: &Evidence, register: &[Value]) -> Vec<String> {
    let told = evidence.scopes.iter().flat_map(|scope| texts(&scope["not_covered"]));
    let mut gaps: Vec<String> = told.map(|gap| marked(&defang(&gap))).collect();
    for answer in register {
        let number = answer["number"].as_str().unwrap_or_default();
        let damaged = answer["damaged"].as_array().map_or(0, Vec::len) as u64;
        if damaged > 0 {
            gaps.push(format!("{number}: {} could not be read in full.", count(damaged, "log object")));
        }
        gaps.extend(texts(&answer["warnings"]).into_iter().map(|warning| format!("{number}: {warning}")));
    }
    if evidence.scopes.is_empty() {
        gaps.push("The notebook holds no record of its scope and coverage.".to_owned());
    }
    gaps.dedup();
    gaps
}

/// The values of `let name: Type = value;` in the parameter cells; injected ones win.
fn parameters(cells: &[Cell]) -> Vec<Value> {
    let mut parameters: Vec<(String, String)> = Vec::new();
    for tag in ["parameters", "injected-parameters"] {
        for cell in cells.iter().filter(|cell| cell.tags.iter().any(|found| found == tag)) {
            for line in cell.source.lines() {
                let Some((left, value)) =
                    line.trim().strip_prefix("let ").and_then(|line| line.split_once('='))
                else {
                    continue;
                };
                let name = left.split(':').next().unwrap_or(left).trim().to_owned();
                let value = value.trim().trim_end_matches(';').trim_end_matches(".to_string()").to_owned();
                match parameters.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, known)) => *known = value,
                    None => parameters.push((name, value)),
                }
            }
        }
    }
    parameters.into_iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
}

/// A text for inside of quotes in a style sheet: letters, digits and a little more.
fn css_text(text: &str) -> String {
    text.chars().filter(|&c| c.is_alphanumeric() || " -_./#".contains(c)).take(60).collect()
}
