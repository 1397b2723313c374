//! A plan as a notebook and the command line show it.

use std::fmt;

use polars::prelude::{DataFrame, NamedFrom, Series};

use super::Plan;
use crate::show::{self, Bundle, Column, Panel};

impl Plan {
    /// The plan as a data frame of two text columns, `what` and `value`.
    pub fn frame(&self) -> DataFrame {
        let rows = self.rows();
        let column = |name: &str, values: Vec<String>| Series::new(name.into(), values).into();
        let (what, value): (Vec<_>, Vec<_>) =
            rows.into_iter().map(|(what, value)| (what.to_owned(), value)).unzip();
        let height = what.len();
        DataFrame::new(height, vec![column("what", what), column("value", value)]).unwrap_or_default()
    }

    fn rows(&self) -> Vec<(&'static str, String)> {
        let days = match (self.days().first(), self.days().last()) {
            (Some(first), Some(last)) => {
                format!("{} ({first} to {last})", show::count(self.days().len() as u64, "day"))
            }
            _ => "none".to_owned(),
        };
        vec![
            ("accounts", listed(self.accounts())),
            ("regions", listed(self.regions())),
            ("days of delivery", days),
            ("partitions", show::thousands(self.partitions())),
            ("objects", show::thousands(self.objects())),
            ("compressed bytes", show::bytes(self.bytes())),
            ("price on Athena", format!("${:.6}", self.price())),
            ("not bounded", listed(self.unbounded())),
            (
                "runs as it is",
                if self.is_bounded() { "yes" } else { "no: it would read too much" }.to_owned(),
            ),
        ]
    }

    /// What a bad and a good query would read, side by side: `what`, `bad` and `good`, all text.
    pub(crate) fn beside(&self, good: &Plan) -> DataFrame {
        let column = |name: &str, values: Vec<String>| Series::new(name.into(), values).into();
        let values = |plan: &Plan| plan.rows().into_iter().map(|(_, value)| value).collect::<Vec<_>>();
        let what: Vec<String> = self.rows().into_iter().map(|(what, _)| what.to_owned()).collect();
        let height = what.len();
        let columns = vec![column("what", what), column("bad", values(self)), column("good", values(good))];
        DataFrame::new(height, columns).unwrap_or_default()
    }

    /// The size of it in one clause: `1,944 objects, 10.7 MB, $0.000053 on Athena`.
    pub(crate) fn size(&self) -> String {
        format!(
            "{}, {}, ${:.6} on Athena",
            show::count(self.objects(), "object"),
            show::bytes(self.bytes()),
            self.price()
        )
    }

    fn bundle(&self) -> Bundle {
        let mut panel = Panel::new("What the query would read");
        panel.table(&self.frame(), &[Column::new("what", "varchar"), Column::new("value", "varchar")]);
        for warning in self.warnings() {
            panel.warning(warning);
        }
        if let Some(corrected) = self.corrected() {
            panel.note(&format!("This would run: {corrected}"));
        }
        panel.bundle()
    }

    /// Shows the plan in a notebook cell.
    pub fn evcxr_display(&self) {
        show::emit(&self.bundle());
    }
}

fn listed<T: AsRef<str>>(values: &[T]) -> String {
    match values {
        [] => "none".to_owned(),
        values => values.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", "),
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, value) in self.rows() {
            writeln!(f, "{what:17} {value}")?;
        }
        for warning in self.warnings() {
            writeln!(f, "warning: {warning}")?;
        }
        if let Some(corrected) = self.corrected() {
            writeln!(f, "\nThis would run:\n{corrected}")?;
        }
        Ok(())
    }
}
