//! The checklist of a case, read back from its ledger.

use serde_json::{Value, json};

use crate::show::{Bundle, emit, html};

/// The steps of a case and how each stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checklist {
    steps: Vec<StepState>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct StepState {
    title: String,
    state: String,
    at: Option<String>,
    note: Option<String>,
}

impl StepState {
    fn to_do(title: &str) -> StepState {
        StepState { title: title.to_owned(), state: "to do".to_owned(), at: None, note: None }
    }

    fn mark(&self) -> char {
        match self.state.as_str() {
            "done" => '☑',
            "failed" => '☒',
            "not applicable" => '⊘',
            _ => '☐',
        }
    }
}

impl Checklist {
    /// The checklist after these entries: the last plan's order, each step as it was last closed.
    ///
    /// A step that an earlier plan held, or that was closed without a plan, stays listed.
    pub(super) fn replay(entries: &[Value]) -> Checklist {
        let mut steps: Vec<StepState> = Vec::new();
        for entry in entries {
            match entry["kind"].as_str() {
                Some("plan") => {
                    let titles = entry["steps"].as_array().map_or(&[][..], Vec::as_slice);
                    let mut planned = Vec::new();
                    for title in titles.iter().filter_map(Value::as_str) {
                        let known = steps.iter().position(|step| step.title == title);
                        planned.push(known.map_or_else(|| StepState::to_do(title), |at| steps.remove(at)));
                    }
                    planned.append(&mut steps);
                    steps = planned;
                }
                Some("step") => {
                    let text = |name: &str| entry[name].as_str().map(str::to_owned);
                    let (Some(title), Some(state)) = (text("title"), text("state")) else { continue };
                    let closed = StepState { title, state, at: text("at"), note: text("note") };
                    match steps.iter_mut().find(|step| step.title == closed.title) {
                        Some(step) => *step = closed,
                        None => steps.push(closed),
                    }
                }
                _ => {}
            }
        }
        Checklist { steps }
    }

    /// The titles and states (`to do`, `done`, `failed`, `not applicable`) of the steps, in order.
    pub fn steps(&self) -> Vec<(String, String)> {
        self.steps.iter().map(|step| (step.title.clone(), step.state.clone())).collect()
    }

    pub(super) fn bundle(&self) -> Bundle {
        let mut rows = String::new();
        for step in &self.steps {
            rows.push_str(&format!(
                "<p class=\"tb-note\">{} <b>{}</b> <i>{}</i> {} <small>{}</small></p>",
                step.mark(),
                html::escape(&step.title),
                step.state,
                html::escape(step.note.as_deref().unwrap_or_default()),
                html::escape(step.at.as_deref().unwrap_or_default()),
            ));
        }
        let steps: Vec<Value> = self
            .steps
            .iter()
            .map(|step| json!({ "title": step.title, "state": step.state, "at": step.at, "note": step.note }))
            .collect();
        Bundle {
            html: rows,
            plain: self.to_string(),
            evidence: Some(json!({ "schema": "trailbook.evidence/1", "kind": "checklist", "steps": steps })),
        }
    }

    /// Shows the checklist in a notebook cell.
    pub fn evcxr_display(&self) {
        emit(&self.bundle());
    }
}

impl std::fmt::Display for Checklist {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for step in &self.steps {
            write!(f, "{} {} ({})", step.mark(), step.title, step.state)?;
            if let Some(note) = step.note.as_deref().filter(|note| !note.is_empty()) {
                write!(f, ": {note}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(entries: &[Value], want: &[(&str, &str)]) {
        let steps = Checklist::replay(entries).steps();
        let steps: Vec<(&str, &str)> =
            steps.iter().map(|(title, state)| (title.as_str(), state.as_str())).collect();
        assert_eq!(steps, want);
    }

    #[test]
    fn states_follow_the_ledger() {
        let plan = json!({"kind": "plan", "steps": ["a", "b"]});
        let step = |title: &str, state: &str| json!({"kind": "step", "title": title, "state": state, "at": "t", "note": ""});
        check(std::slice::from_ref(&plan), &[("a", "to do"), ("b", "to do")]);
        check(&[plan.clone(), step("b", "failed")], &[("a", "to do"), ("b", "failed")]);
        check(&[plan.clone(), step("b", "failed"), step("b", "done")], &[("a", "to do"), ("b", "done")]);
        check(
            &[
                plan.clone(),
                step("a", "done"),
                step("c", "done"),
                json!({"kind": "plan", "steps": ["b", "a"]}),
            ],
            &[("b", "to do"), ("a", "done"), ("c", "done")],
        );
    }
}
