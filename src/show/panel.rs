//! Several things in one output.

use polars::prelude::DataFrame;
use serde_json::Value;

use super::charts::Chart;
use super::column::Column;
use super::emit::{Bundle, emit};
use super::html::{escape, marked, visible};
use super::result;

/// A chart, the table under it and remarks, as one output.
///
/// A notebook cell shows one result; a panel is how it shows several.
///
/// # Examples
///
/// ```
/// use trailbook::Panel;
/// use trailbook::polars::prelude::df;
///
/// let frame = df!("eventname" => ["ConsoleLogin"], "events" => [2i64])?;
/// let mut panel = Panel::new("Who signed in?");
/// panel.rows(&frame);
/// panel.note("Both without MFA.");
/// panel.evcxr_display();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Panel {
    title: String,
    /// Whether a part shows the panel's own title.
    titled: bool,
    parts: Vec<Bundle>,
}

impl Panel {
    /// A panel with a title and nothing below it.
    pub fn new(title: &str) -> Panel {
        Panel { title: title.to_owned(), titled: false, parts: Vec::new() }
    }

    /// Adds a remark; what stands between backticks is shown as code.
    pub fn note(&mut self, text: &str) {
        self.line("tb-note", "", text);
    }

    /// Adds what must not be overlooked.
    pub fn warning(&mut self, text: &str) {
        self.line("tb-warning", "⚠ ", text);
    }

    /// Adds a sentence that says what the rows say, with values out of logs between backticks.
    pub(crate) fn finding(&mut self, text: &str) {
        self.part(Bundle {
            html: format!("<p class=\"tb-finding\">{}</p>\n", marked(text)),
            plain: format!("{}\n", visible(text)),
            evidence: None,
        });
    }

    /// Adds a chart.
    pub fn chart(&mut self, chart: &Chart) {
        self.titled |= chart.title() == self.title;
        self.part(chart.bundle());
    }

    /// Adds a table of the first and last rows of a frame.
    pub fn rows(&mut self, frame: &DataFrame) {
        self.table(frame, &Column::of(frame));
    }

    /// [`Panel::rows`] with names and types that the frame does not know.
    pub(crate) fn table(&mut self, frame: &DataFrame, columns: &[Column]) {
        self.part(result(frame, columns));
    }

    /// Adds what would be an output of its own.
    pub(crate) fn part(&mut self, part: Bundle) {
        self.parts.push(part);
    }

    /// Shows the panel below the cell; evcxr calls it.
    pub fn evcxr_display(&self) {
        emit(&self.bundle());
    }

    /// The panel as an output, with the evidence of its parts.
    pub(crate) fn bundle(&self) -> Bundle {
        let Bundle { html, plain, evidence } = Bundle::of(&self.parts);
        if self.titled {
            return Bundle { html, plain, evidence };
        }
        Bundle {
            html: format!("<p class=\"tb-title\">{}</p>\n{html}", escape(&self.title)),
            plain: format!("{}\n{plain}", visible(&self.title)),
            evidence,
        }
    }

    /// The panel as an output, with evidence of its own.
    pub(crate) fn with_evidence(self, evidence: Value) -> Bundle {
        Bundle { evidence: Some(evidence), ..self.bundle() }
    }

    fn line(&mut self, class: &str, mark: &str, text: &str) {
        self.part(Bundle {
            html: format!("<p class=\"{class}\">{mark}{}</p>\n", marked(text)),
            plain: format!("{mark}{}\n", visible(text)),
            evidence: None,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::prelude::df;
    use proptest::prelude::*;
    use serde_json::json;

    use crate::show::testing::{hostile, markup};

    #[test]
    fn a_title_that_the_chart_has_is_not_repeated() {
        let frame = df!("name" => ["a"], "events" => [1i64]).unwrap();
        let chart = Chart::bars("Who?", &frame, "name", "events", None).unwrap();
        let mut panel = Panel::new("Who?");
        assert!(panel.bundle().html.contains("<p class=\"tb-title\">Who?</p>"));
        panel.chart(&chart);
        assert!(!panel.bundle().html.contains("tb-title"));
        assert!(panel.bundle().plain.starts_with("Who?\n"));
    }

    #[test]
    fn evidence_of_the_parts_is_kept() {
        let part =
            |n: u64| Bundle { evidence: Some(json!({ "kind": "answer", "rows": n })), ..Bundle::default() };
        let mut panel = Panel::new("Both");
        assert_eq!(panel.bundle().evidence, None);
        panel.part(part(1));
        assert_eq!(panel.bundle().evidence, Some(json!({ "kind": "answer", "rows": 1 })));
        panel.part(part(2));
        assert_eq!(panel.bundle().evidence.unwrap()["parts"][1]["rows"], 2);
    }

    proptest! {
        #[test]
        fn words_and_labels_are_text(title in hostile(), label in hostile(), note in hostile()) {
            let frame = df!("name" => [label.as_str()], "events" => [3i64], "errors" => [1i64]).unwrap();
            let mut panel = Panel::new(&title);
            panel.chart(&Chart::bars(&title, &frame, "name", "events", Some("errors")).unwrap());
            panel.note(&note);
            panel.warning(&note);
            panel.rows(&frame);
            let harmless = ["a", "b", "c"];
            let expected = {
                let frame = df!("name" => [harmless[0]], "events" => [3i64], "errors" => [1i64]).unwrap();
                let mut panel = Panel::new(harmless[1]);
                panel.chart(&Chart::bars(harmless[1], &frame, "name", "events", Some("errors")).unwrap());
                panel.note(harmless[2]);
                panel.warning(harmless[2]);
                panel.rows(&frame);
                names(&markup(&panel.bundle().html))
            };
            prop_assert_eq!(names(&markup(&panel.bundle().html)), expected);
        }
    }

    /// The elements, less those that depend on how long a text is, or on backticks in it.
    fn names(markup: &crate::show::testing::Markup) -> Vec<String> {
        let elements = markup.elements.iter().map(|(name, _)| name.clone());
        elements.filter(|name| !["title", "text", "span", "code"].contains(&name.as_str())).collect()
    }
}
