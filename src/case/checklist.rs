//! The checklist of a case, read back from its ledger.

use serde_json::{Value, json};

use crate::show::{Bundle, emit, html};

/// The steps of a runbook in a case, and how each stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Checklist {
    steps: Vec<StepState>,
}

/// How one step stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct StepState {
    title: String,
    state: String,
    at: Option<String>,
    note: Option<String>,
    /// `title`, `question`, `summary`, `rows`, `sha256` and `finished` of each answer, the last one to a question.
    answers: Vec<Value>,
}

impl StepState {
    pub(super) fn to_do(title: &str) -> StepState {
        StepState {
            title: title.to_owned(),
            state: "to do".to_owned(),
            at: None,
            note: None,
            answers: Vec::new(),
        }
    }

    /// The state after an entry of the ledger that closes the step.
    fn close(&mut self, entry: &Value) {
        let text = |name: &str| entry[name].as_str().map(str::to_owned);
        self.state = text("state").unwrap_or_default();
        self.at = text("at");
        self.note = text("note");
        if let answer @ Value::Object(_) = &entry["answer"] {
            self.answers.retain(|known| known["question"] != answer["question"]);
            let told = ["title", "question", "summary", "rows", "sha256", "finished"];
            self.answers.push(told.iter().map(|&name| (name.to_owned(), answer[name].clone())).collect());
        }
    }

    /// The step with its answers.
    pub(super) fn panel(&self) -> Bundle {
        let mut bundle = Bundle { html: self.html(), plain: self.plain(), evidence: None };
        for answer in &self.answers {
            let text = |name: &str| answer[name].as_str().unwrap_or_default();
            let line = format!(
                "{}: {}, {}, SHA-256 {}",
                text("title"),
                text("summary"),
                text("finished"),
                text("sha256").get(..16).unwrap_or_default()
            );
            bundle.html.push_str(&format!("<p class=\"tb-note\">{}</p>\n", html::escape(&line)));
            bundle.plain.push_str(&format!("  {}\n", html::visible(&line)));
        }
        bundle
    }

    fn html(&self) -> String {
        format!(
            "<p class=\"tb-note\">{} <b>{}</b> <i>{}</i> {} <small>{}</small></p>\n",
            self.mark(),
            html::escape(&self.title),
            self.state,
            html::escape(self.note.as_deref().unwrap_or_default()),
            html::escape(self.at.as_deref().unwrap_or_default()),
        )
    }

    fn plain(&self) -> String {
        let mut line = format!("{} {} ({})", self.mark(), html::visible(&self.title), self.state);
        if let Some(note) = self.note.as_deref().filter(|note| !note.is_empty()) {
            line.push_str(&format!(": {}", html::visible(note)));
        }
        line.push('\n');
        line
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
    /// The checklist of a runbook after these entries: its last plan's order, each step as it was last closed.
    ///
    /// A step that an earlier plan held, or that was closed without a plan, stays listed.
    pub(super) fn replay(entries: &[Value], runbook: &str) -> Checklist {
        let mut steps: Vec<StepState> = Vec::new();
        for entry in entries.iter().filter(|entry| entry["runbook"] == runbook) {
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
                    let Some(title) = entry["title"].as_str() else { continue };
                    match steps.iter_mut().find(|step| step.title == title) {
                        Some(step) => step.close(entry),
                        None => {
                            let mut step = StepState::to_do(title);
                            step.close(entry);
                            steps.push(step);
                        }
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

    /// The step of that title, to do if there is none.
    pub(super) fn step(&self, title: &str) -> StepState {
        let known = self.steps.iter().find(|step| step.title == title);
        known.cloned().unwrap_or_else(|| StepState::to_do(title))
    }

    /// How many of how many steps need nothing more: `6 of 7 steps`.
    pub(super) fn progress(&self) -> String {
        let closed = |step: &&StepState| matches!(step.state.as_str(), "done" | "not applicable");
        format!("{} of {} steps", self.steps.iter().filter(closed).count(), self.steps.len())
    }

    pub(super) fn bundle(&self) -> Bundle {
        let steps: Vec<Value> = self
            .steps
            .iter()
            .map(|step| {
                json!({
                    "title": step.title,
                    "state": step.state,
                    "at": step.at,
                    "note": step.note,
                    "answers": step.answers,
                })
            })
            .collect();
        Bundle {
            html: self.steps.iter().map(StepState::html).collect(),
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
        self.steps.iter().try_for_each(|step| f.write_str(&step.plain()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(entries: &[Value], want: &[(&str, &str)]) {
        let steps = Checklist::replay(entries, "r").steps();
        let steps: Vec<(&str, &str)> =
            steps.iter().map(|(title, state)| (title.as_str(), state.as_str())).collect();
        assert_eq!(steps, want);
    }

    #[test]
    fn states_follow_the_ledger() {
        let plan = json!({"kind": "plan", "runbook": "r", "steps": ["a", "b"]});
        let step = |title: &str, state: &str| json!({"kind": "step", "runbook": "r", "title": title, "state": state, "at": "t", "note": ""});
        check(std::slice::from_ref(&plan), &[("a", "to do"), ("b", "to do")]);
        check(&[plan.clone(), step("b", "failed")], &[("a", "to do"), ("b", "failed")]);
        check(&[plan.clone(), step("b", "failed"), step("b", "done")], &[("a", "to do"), ("b", "done")]);
        check(
            &[
                plan.clone(),
                step("a", "done"),
                step("c", "done"),
                json!({"kind": "plan", "runbook": "r", "steps": ["b", "a"]}),
            ],
            &[("b", "to do"), ("a", "done"), ("c", "done")],
        );
    }
    #[test]
    fn runbooks_of_a_case_do_not_mix() {
        let entry = |runbook: &str, state: &str| json!({"kind": "step", "runbook": runbook, "title": "a", "state": state});
        check(&[entry("r", "done"), entry("other", "failed")], &[("a", "done")]);
    }

    #[test]
    fn answers_stay_with_their_step() {
        let entry = |question: &str, rows: u64| {
            let answer = json!({"question": question, "title": "T<b>", "rows": rows, "summary": "s", "sha256": "0123456789abcdef0", "finished": "f"});
            json!({"kind": "step", "runbook": "r", "title": "a", "state": "done", "at": "t", "note": "n", "answer": answer})
        };
        let checklist = Checklist::replay(&[entry("x", 1), entry("y", 2), entry("x", 3)], "r");
        let step = checklist.step("a");
        let rows: Vec<_> = step.answers.iter().map(|answer| answer["rows"].as_u64()).collect();
        assert_eq!(rows, [Some(2), Some(3)]);
        assert_eq!(
            step.panel().plain,
            "☑ a (done): n\n  T<b>: s, f, SHA-256 0123456789abcdef\n  T<b>: s, f, SHA-256 0123456789abcdef\n"
        );
        assert!(step.panel().html.contains("T&lt;b&gt;"));
        assert_eq!(checklist.step("b").plain(), "☐ b (to do)\n");
        assert_eq!(checklist.progress(), "1 of 1 steps");
    }
}
