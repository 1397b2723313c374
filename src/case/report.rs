//! The request for a case's report, from a cell.

use serde_json::{Value, json};

use crate::show::{Bundle, emit};

/// Where the report is, as the cell that ends in [`Case::report`](super::Case::report) shows it.
///
/// The trailbook kernel and `cargo runbook` take the record that this hands over and write the
/// report, because they know the notebook; any other kernel shows how to make it.
#[derive(Clone, Debug)]
pub struct ReportRequest {
    pub(super) incident: String,
    /// The case and its checklist as they stand: no other cell need have shown them.
    pub(super) parts: Vec<Value>,
}

impl ReportRequest {
    fn bundle(&self) -> Bundle {
        let (before, command, after) = (
            "This kernel writes no reports. Save the notebook, then run",
            "cargo run -p trailbook-kernel -- report NOTEBOOK.ipynb",
            "in the checkout.",
        );
        Bundle {
            html: format!("<p>{before} <code>{command}</code> {after}</p>"),
            plain: format!("{before} `{command}` {after}\n"),
            evidence: Some(json!({
                "schema": "trailbook.evidence/1",
                "kind": "report",
                "incident": self.incident,
                "parts": self.parts,
            })),
        }
    }

    /// Asks for the report; evcxr calls it.
    pub fn evcxr_display(&self) {
        emit(&self.bundle());
    }
}
