//! One incident: its checklist, and the record of every step and answer.

mod checklist;
mod ledger;
mod report;
mod tlp;

use std::path::PathBuf;

use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::setup::{Checks, Verdict};
use crate::show::{Bundle, Panel, emit, html};
use crate::{Error, Inventory, Plan, Result};
pub use checklist::Checklist;
use ledger::Ledger;
pub use report::ReportRequest;
pub use tlp::Tlp;

/// One incident under investigation.
///
/// Everything done in a case is appended to its ledger, a JSONL file in which each
/// entry holds the SHA-256 of the one before, so that a changed or removed entry shows.
/// It lies in `trailbook/cases/<id>/ledger.jsonl` under the user's data folder
/// (`~/.local/share` on Linux), or under `$TRAILBOOK_HOME/cases/<id>/`. The state of the
/// checklist is read back from it: it outlives the kernel.
///
/// # Examples
///
/// ```no_run
/// # fn main() -> trailbook::Result<()> {
/// use trailbook::investigations::root_use;
/// use trailbook::{Case, Logs};
///
/// let case = Case::open("IR-2026-001", "Leaked access key", "TLP:AMBER")?;
/// let logs = Logs::open("sample")?;
/// let scope = logs.scope(&[], &[], "2026-10-01", "2026-10-20")?;
/// let answer = case.step("Root use").answer(logs.ask(&root_use(), &scope))?;
/// println!("{}", case.checklist()?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Case {
    id: String,
    title: String,
    tlp: Tlp,
    ledger: Ledger,
}

impl Case {
    /// Opens a case, new or begun before, for one runbook.
    ///
    /// `title` is the runbook's: the steps of other runbooks in the same case are kept apart from its own.
    /// `tlp` is the report's Traffic Light Protocol 2.0 label: `TLP:RED`, `TLP:AMBER+STRICT`,
    /// `TLP:AMBER`, `TLP:GREEN` or `TLP:CLEAR`. There is no default: someone must decide it.
    ///
    /// # Errors
    ///
    /// [`is_invalid`](Error::is_invalid) for an id that cannot be a folder's name, an unknown label,
    /// or a ledger that was tampered with; [`is_io`](Error::is_io) when the folder cannot be written.
    pub fn open(id: &str, title: &str, tlp: &str) -> Result<Case> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if id.is_empty() || id.len() > 64 || id.starts_with('.') || !id.chars().all(plain) {
            return Err(Error::invalid(format!("`{}` cannot be the id of a case", id.escape_debug()))
                .hint("use up to 64 letters, digits, `-`, `_` and `.`, as in IR-2026-001"));
        }
        let case = Case {
            id: id.to_owned(),
            title: title.to_owned(),
            tlp: tlp.parse()?,
            ledger: Ledger::open(&home()?.join("cases").join(id))?,
        };
        case.ledger.append(
            "opened",
            Map::from_iter([
                ("title".to_owned(), json!(title)),
                ("tlp".to_owned(), json!(case.tlp.to_string())),
                ("version".to_owned(), json!(env!("CARGO_PKG_VERSION"))),
            ]),
        )?;
        Ok(case)
    }

    /// The id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The title.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The ledger's path.
    pub fn ledger(&self) -> PathBuf {
        self.ledger.path().to_owned()
    }

    /// Lists the steps of the runbook, all to do unless they were done in this case before.
    ///
    /// # Errors
    ///
    /// As [`open`](Case::open).
    pub fn plan(&self, steps: &[&str]) -> Result<Checklist> {
        self.ledger.append(
            "plan",
            Map::from_iter([("runbook".to_owned(), json!(self.title)), ("steps".to_owned(), json!(steps))]),
        )?;
        self.checklist()
    }

    /// One step of the checklist, by its title.
    pub fn step(&self, title: &str) -> Step {
        Step { case: self.clone(), title: title.to_owned() }
    }

    /// The checklist as it stands.
    ///
    /// # Errors
    ///
    /// As [`open`](Case::open).
    pub fn checklist(&self) -> Result<Checklist> {
        Ok(Checklist::replay(&self.ledger.entries()?, &self.title))
    }

    /// The report of the notebook up to this cell, as one HTML file beside it: put it last.
    ///
    /// The cell shows where the file is, and what keeps the report a draft. `cargo runbook` writes
    /// it where `--report` says.
    ///
    /// # Errors
    ///
    /// As [`open`](Case::open). The cell fails too when the report cannot be written.
    pub fn report(&self) -> Result<ReportRequest> {
        let parts = [self.bundle().evidence, self.checklist()?.bundle().evidence];
        Ok(ReportRequest { incident: self.id.clone(), parts: parts.into_iter().flatten().collect() })
    }

    fn record(&self, title: &str, state: &str, note: &str, more: Value) -> Result<()> {
        let mut fields = Map::from_iter([
            ("runbook".to_owned(), json!(self.title)),
            ("title".to_owned(), json!(title)),
            ("state".to_owned(), json!(state)),
            ("note".to_owned(), json!(note)),
        ]);
        if let Value::Object(mut more) = more {
            fields.append(&mut more);
        }
        self.ledger.append("step", fields)
    }

    fn bundle(&self) -> Bundle {
        let others = self.others();
        let mut html = format!(
            "<p><b>{}</b> {} <span style=\"{}\">{}</span></p>\n",
            html::escape(&self.id),
            html::escape(&self.title),
            self.tlp.style(),
            self.tlp
        );
        for line in &others {
            html.push_str(&format!("<p class=\"tb-note\">{}</p>\n", html::escape(line)));
        }
        Bundle {
            html,
            plain: format!("{} {} {}\n{}", self.id, html::visible(&self.title), self.tlp, others.join("\n")),
            evidence: Some(json!({
                "schema": "trailbook.evidence/1",
                "kind": "case",
                "id": self.id,
                "title": self.title,
                "tlp": self.tlp.to_string(),
                "opened": self.opened(),
            })),
        }
    }

    /// How far the other runbooks of this case are, a line each, in the order in which they were begun.
    fn others(&self) -> Vec<String> {
        // Opening the case has read the ledger: it is whole.
        let entries = self.ledger.entries().unwrap_or_default();
        let mut titles: Vec<&str> = Vec::new();
        for title in entries.iter().filter_map(|entry| entry["runbook"].as_str()) {
            if title != self.title && !titles.contains(&title) {
                titles.push(title);
            }
        }
        let progress = |title: &&str| {
            format!("In this case: {title}, {}", Checklist::replay(&entries, title).progress())
        };
        titles.iter().map(progress).collect()
    }

    /// When the case was first opened, from the ledger's first entry.
    fn opened(&self) -> Option<String> {
        let entries = self.ledger.entries().ok()?;
        entries.first().and_then(|entry| entry["at"].as_str()).map(str::to_owned)
    }

    /// Shows the case in a notebook cell.
    pub fn evcxr_display(&self) {
        emit(&self.bundle());
    }
}

/// Where cases and other records are kept: `$TRAILBOOK_HOME`, or `trailbook` in the user's data folder.
pub(crate) fn home() -> Result<PathBuf> {
    if let Some(home) = std::env::var_os("TRAILBOOK_HOME").filter(|home| !home.is_empty()) {
        return Ok(PathBuf::from(home));
    }
    dirs::data_dir().map(|data| data.join("trailbook")).ok_or_else(|| {
        Error::not_found("there is no folder for this user's data")
            .hint("set TRAILBOOK_HOME to a folder for them")
    })
}

/// One step of a case's checklist, to be closed by what came of it.
///
/// One that fails shows how the checklist stands, since no cell after it will.
#[derive(Clone, Debug)]
pub struct Step {
    case: Case,
    title: String,
}

impl Step {
    /// Closes the step with an answer: done when there is one, failed when there is an error.
    ///
    /// The answer is given back, marked with the step, so that the cell shows it.
    ///
    /// # Errors
    ///
    /// The error that was given, after it is recorded.
    pub fn answer(&self, answer: Result<Answer>) -> Result<Answer> {
        match answer {
            Ok(mut answer) => {
                answer.belongs_to(&self.title);
                let mut evidence = answer.evidence();
                if let Value::Object(fields) = &mut evidence {
                    // The rows are known by their hash; a ledger is read whole each time.
                    fields.remove("csv");
                }
                self.case.record(&self.title, "done", &answer.summary(), json!({ "answer": evidence }))?;
                Ok(answer)
            }
            Err(error) => self.fail(error),
        }
    }

    /// Closes the step with what the logs hold of the scope: done, or failed when they hold nothing of it.
    ///
    /// # Errors
    ///
    /// [`is_not_found`](Error::is_not_found) when there is no object in the scope: every answer over it
    /// would be empty, and look like all clear. The error that was given, after it is recorded.
    pub fn inventory(&self, inventory: Result<Inventory>) -> Result<Inventory> {
        let inventory = match inventory {
            Ok(inventory) => inventory,
            Err(error) => return self.fail(error),
        };
        if inventory.objects() == 0 {
            let error =
                Error::not_found(format!("the logs hold no object in the scope ({})", inventory.scope()))
                    .hint("widen the window, or check the source");
            return self.fail(error);
        }
        self.case.record(&self.title, "done", &inventory.summary(), Value::Null)?;
        Ok(inventory)
    }

    /// Closes the step with the checks of a set-up step: done, failed when a check failed, or not applicable
    /// where nothing of it applies.
    ///
    /// # Errors
    ///
    /// [`is_failed`](Error::is_failed) when a check failed, saying which and what to do; the checks are shown
    /// all the same. The error that was given, after it is recorded.
    pub fn checks(&self, checks: Result<Checks>) -> Result<Checks> {
        let mut checks = match checks {
            Ok(checks) => checks,
            Err(error) => return self.fail(error),
        };
        checks.belongs_to(&self.title);
        let state = match checks.verdict() {
            Verdict::Pass | Verdict::Warn => "done",
            Verdict::Fail => "failed",
            Verdict::NotApplicable => "not applicable",
        };
        self.case.record(&self.title, state, &checks.summary(), json!({ "checks": checks.evidence() }))?;
        match checks.failure() {
            Some(error) => {
                emit(&Bundle::of(&[checks.bundle(), self.case.checklist()?.bundle()]));
                Err(error)
            }
            None => Ok(checks),
        }
    }

    /// Closes the step with what a bad and a good query would read, side by side. Neither is run.
    ///
    /// # Errors
    ///
    /// The error of either plan, after it is recorded.
    pub fn compare(&self, bad: Result<Plan>, good: Result<Plan>) -> Result<Panel> {
        let (bad, good) = match bad.and_then(|bad| Ok((bad, good?))) {
            Ok(plans) => plans,
            Err(error) => return self.fail(error),
        };
        let note = format!("the bad query would read {}; the good one {}", bad.size(), good.size());
        self.case.record(&self.title, "done", &note, Value::Null)?;
        let mut panel = Panel::new(&self.title);
        panel.rows(&bad.beside(&good));
        panel.note(&note);
        for warning in bad.warnings() {
            panel.warning(&format!("bad: {warning}"));
        }
        for warning in good.warnings() {
            panel.warning(&format!("good: {warning}"));
        }
        Ok(panel)
    }

    /// Closes the step as done, with a note of what was seen.
    ///
    /// # Errors
    ///
    /// As [`Case::open`].
    pub fn done(&self, note: &str) -> Result<Checklist> {
        self.close("done", note)
    }

    /// Closes the step as failed, with the reason.
    ///
    /// # Errors
    ///
    /// As [`Case::open`].
    pub fn failed(&self, reason: &str) -> Result<Checklist> {
        self.close("failed", reason)
    }

    /// Closes the step as not applicable here, with the reason. It does not count as done.
    ///
    /// # Errors
    ///
    /// As [`Case::open`].
    pub fn not_applicable(&self, reason: &str) -> Result<Checklist> {
        self.close("not applicable", reason)
    }

    /// Shows how the step stands, with its answers, in a notebook cell.
    pub fn evcxr_display(&self) {
        match self.case.checklist() {
            Ok(checklist) => emit(&checklist.step(&self.title).panel()),
            Err(error) => {
                let mut panel = Panel::new(&self.title);
                panel.warning(&error.to_string());
                panel.evcxr_display();
            }
        }
    }

    /// Closes the step as failed, and shows how the checklist stands.
    fn fail<T>(&self, error: Error) -> Result<T> {
        emit(&self.close("failed", &error.to_string())?.bundle());
        Err(error)
    }

    fn close(&self, state: &str, note: &str) -> Result<Checklist> {
        self.case.record(&self.title, state, note, Value::Null)?;
        self.case.checklist()
    }
}
