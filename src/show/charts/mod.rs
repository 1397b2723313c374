//! Pictures of answers, as SVG that needs no script.
//!
//! Each chart has a file, which turns plain numbers into a drawing; `frame`
//! reads the numbers from a `DataFrame`, `theme` holds the look, `canvas` the
//! drawing, `axis` where labels go, `plain` pictures made of letters.

mod axis;
mod bars;
mod canvas;
mod events_over_time;
mod frame;
mod heatmap;
mod plain;
mod theme;
mod timeline;

#[cfg(test)]
mod samples;

use polars::prelude::DataFrame;

use super::emit::{Bundle, emit};
use super::html::{escape, visible};
use crate::{Error, Result, Scope};

/// A window of time: seconds since 1970, UTC, half-open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) from: i64,
    pub(crate) to: i64,
}

/// A picture of an answer, titled with the question that it answers.
///
/// It is an SVG that suits light and dark pages and grey prints, has a text
/// alternative, and shows what a mark stands for when one points at it. Where
/// there is nothing to draw it is a sentence that says so.
///
/// The columns that a chart reads have names, which a query gives them with
/// `AS`. Times may be timestamps, dates or text such as `2023-07-10T12`;
/// they are UTC. Rows whose time is NULL are left out.
///
/// # Examples
///
/// ```
/// use polars::prelude::df;
/// use trailbook::Chart;
///
/// let frame = df!("eventname" => ["GetObject", "PutObject"], "events" => [120i64, 7], "errors" => [0i64, 2])?;
/// let title = "Which calls were made most?";
/// let chart = Chart::bars(title, &frame, "eventname", "events", Some("errors"))?;
/// assert!(chart.svg().unwrap().contains("GetObject"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Chart {
    title: String,
    svg: Option<String>,
    plain: String,
}

impl Chart {
    /// Bars over time, stacked by outcome.
    ///
    /// Reads `time` and `events` (how many), and either `outcome` (`success` or
    /// anything else) or `errors` (how many of the events failed), where one is
    /// there. The bars are as fine as the times, but no more than about a hundred.
    ///
    /// # Errors
    ///
    /// When a column is missing, or holds something else.
    pub fn events_over_time(title: &str, frame: &DataFrame) -> Result<Chart> {
        let points = frame::points(frame)?;
        events_over_time::events_over_time(title, &points, frame::is_split(frame), None)
    }

    /// [`Chart::events_over_time`] over all of a scope's window, which is
    /// highlighted where there are events outside of it.
    ///
    /// # Errors
    ///
    /// As [`Chart::events_over_time`].
    pub fn events_around(title: &str, frame: &DataFrame, scope: &Scope) -> Result<Chart> {
        let points = frame::points(frame)?;
        let window = scope.seconds();
        events_over_time::events_over_time(title, &points, frame::is_split(frame), Some(window))
    }

    /// A bar for each of the first 20 rows.
    ///
    /// `label` names the column of labels, `events` that of counts, and
    /// `errors` that of how many of them failed, if they were counted.
    ///
    /// # Errors
    ///
    /// When a column is missing, or holds something else.
    pub fn bars(
        title: &str,
        frame: &DataFrame,
        label: &str,
        events: &str,
        errors: Option<&str>,
    ) -> Result<Chart> {
        let entries = frame::entries(frame, label, events, errors)?;
        bars::bars(title, &entries, label, events, errors.is_some())
    }

    /// How many rows there are of each value of a column: a bar for each of the
    /// 20 most frequent.
    ///
    /// `label` names the column of values and `error` the one that is not NULL
    /// in a row that failed, if there is one.
    ///
    /// # Errors
    ///
    /// When a column is missing.
    pub fn counts(title: &str, frame: &DataFrame, label: &str, error: Option<&str>) -> Result<Chart> {
        bars::bars(title, &frame::counts(frame, label, error)?, label, "events", error.is_some())
    }

    /// Events in time, in a lane for each of the 20 actors that have most, with
    /// a marker where each was first seen.
    ///
    /// Reads a row an event, from the columns of these names: when it was, who
    /// did it, what was done, and the error, which is not NULL when it failed,
    /// if there is one. Events that are too close to be told apart become one
    /// mark, which names them.
    ///
    /// # Errors
    ///
    /// When a column is missing, or holds something else.
    pub fn timeline(
        title: &str,
        frame: &DataFrame,
        time: &str,
        actor: &str,
        event: &str,
        error: Option<&str>,
    ) -> Result<Chart> {
        timeline::timeline(title, &frame::events(frame, time, actor, event, error)?, error.is_some())
    }

    /// Hours of the day over days, darker where there are more events.
    ///
    /// `time` names the column of times, no coarser than hours, and `events`
    /// that of how many events there were then; without it a row is an event.
    ///
    /// # Errors
    ///
    /// When a column is missing, or holds something else.
    pub fn heatmap(title: &str, frame: &DataFrame, time: &str, events: Option<&str>) -> Result<Chart> {
        heatmap::heatmap(title, &frame::moments(frame, time, events)?)
    }

    /// The chart that the words of an investigation's `chart:` header ask for.
    pub(crate) fn shaped(
        shape: &str,
        title: &str,
        frame: &DataFrame,
        scope: Option<&Scope>,
    ) -> Result<Chart> {
        let words: Vec<&str> = shape.split(' ').collect();
        match (words.as_slice(), scope) {
            (["over-time"], Some(scope)) => Chart::events_around(title, frame, scope),
            (["over-time"], None) => Chart::events_over_time(title, frame),
            (["bars", label, events], _) => Chart::bars(title, frame, label, events, None),
            (["bars", label, events, errors], _) => Chart::bars(title, frame, label, events, Some(errors)),
            (["counts", label], _) => Chart::counts(title, frame, label, None),
            (["counts", label, error], _) => Chart::counts(title, frame, label, Some(error)),
            (["timeline", time, actor, event], _) => Chart::timeline(title, frame, time, actor, event, None),
            (["timeline", time, actor, event, error], _) => {
                Chart::timeline(title, frame, time, actor, event, Some(error))
            }
            (["heatmap", time], _) => Chart::heatmap(title, frame, time, None),
            (["heatmap", time, events], _) => Chart::heatmap(title, frame, time, Some(events)),
            _ => Err(Error::invalid(format!("`{shape}` is no shape of a chart")).hint(
                "use over-time, bars LABEL EVENTS [ERRORS], counts LABEL [ERROR], \
                 timeline TIME ACTOR EVENT [ERROR] or heatmap TIME [EVENTS]",
            )),
        }
    }

    /// The question that the chart answers.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The picture as a self-contained SVG document, to keep in a file; nothing
    /// when there was nothing to draw.
    pub fn svg(&self) -> Option<&str> {
        self.svg.as_deref()
    }

    /// Shows the chart below the cell; evcxr calls it.
    pub fn evcxr_display(&self) {
        emit(&self.bundle());
    }

    pub(crate) fn bundle(&self) -> Bundle {
        let html = match &self.svg {
            Some(svg) => svg.clone(),
            None => format!(
                "<p class=\"tb-title\">{}</p>\n<p class=\"tb-empty\">{}</p>\n",
                escape(&self.title),
                escape(self.plain.trim_end())
            ),
        };
        Bundle { html, plain: format!("{}\n{}", visible(&self.title), self.plain), evidence: None }
    }

    fn new(title: &str, svg: String, plain: String) -> Chart {
        Chart { title: title.to_owned(), svg: Some(svg), plain }
    }

    fn empty(title: &str, sentence: &str) -> Chart {
        Chart { title: title.to_owned(), svg: None, plain: format!("{sentence}\n") }
    }
}
