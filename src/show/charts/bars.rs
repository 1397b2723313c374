//! Which values occur most, and how many of their events failed.

use super::Chart;
use super::canvas::{Align, Canvas, MARGIN, Mark, Words, draw};
use super::plain::{bar, brief, named};
use super::theme::{Ink, LABEL, WIDTH, text_width};
use crate::Result;
use crate::show::html::visible;
use crate::show::number::{count, thousands};
use crate::show::width::{cut, width};

/// Bars that a chart holds at most.
const MOST: usize = 20;

const ROW: i32 = 22;

/// A value and how often it occurs.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Nothing for NULL.
    pub(super) label: Option<String>,
    pub(super) events: u64,
    pub(super) errors: u64,
}

impl Entry {
    fn label(&self) -> &str {
        named(self.label.as_deref())
    }

    fn told(&self) -> String {
        let ok = self.events - self.errors.min(self.events);
        let errors = count(self.errors, "error");
        format!("{}: {}, {} ok, {errors}", visible(self.label()), count(self.events, "event"), thousands(ok))
    }

    fn amount(&self, split: bool) -> String {
        match self.errors {
            errors if split && errors > 0 => {
                format!("{}, {}", thousands(self.events), count(errors, "error"))
            }
            _ => thousands(self.events),
        }
    }
}

/// Draws the first entries as bars, in their order. `split` when errors were counted.
pub(super) fn bars(title: &str, entries: &[Entry], what: &str, unit: &str, split: bool) -> Result<Chart> {
    if entries.is_empty() {
        return Ok(Chart::empty(title, "No rows: there is nothing to draw."));
    }
    let shown = &entries[..entries.len().min(MOST)];
    let total: u64 = entries.iter().map(|entry| entry.events).sum();
    let values = count(entries.len() as u64, "value");
    let mut subtitle = format!("{} by {}: {} in {values}", visible(unit), visible(what), thousands(total));
    if let Some(first) = subtitle.get(..1).map(str::to_ascii_uppercase) {
        subtitle.replace_range(..1, &first);
    }
    if shown.len() < entries.len() {
        let hidden: u64 = entries[shown.len()..].iter().map(|entry| entry.events).sum();
        let others = thousands((entries.len() - shown.len()) as u64);
        subtitle.push_str(&format!(
            "; the first {MOST} are shown, the other {others} have {}",
            thousands(hidden)
        ));
    }
    let first = &shown[0];
    let description = format!("{subtitle}. First: {}.", first.told());
    let legend: &[_] =
        if split { &[(Mark::Square, Ink::Ok, "ok"), (Mark::Square, Ink::Error, "error")] } else { &[] };
    let words = Words { title, subtitle: &subtitle, description: &description, legend };
    let height = ROW * shown.len() as i32 + 8;
    let svg = draw(&words, height, |canvas, top| paint(canvas, top, shown, split))?;
    Ok(Chart::new(title, svg, plain(&subtitle, shown, split)))
}

fn paint(canvas: &mut Canvas<'_>, top: i32, shown: &[Entry], split: bool) -> Result<()> {
    let widest = |of: &dyn Fn(&Entry) -> i32| shown.iter().map(of).max().unwrap_or(0);
    let labels = widest(&|entry| text_width(&visible(brief(entry.label())), LABEL)).min(WIDTH * 2 / 5);
    let amounts = widest(&|entry| text_width(&entry.amount(split), LABEL));
    let left = MARGIN + labels + 10;
    let room = WIDTH - MARGIN - amounts - 8 - left;
    let most = shown.iter().map(|entry| entry.events).max().unwrap_or(0).max(1);
    let length = |count: u64| match count {
        0 => 0,
        count => ((count as f64 / most as f64 * f64::from(room)).round() as i32).max(2),
    };
    for (n, entry) in shown.iter().enumerate() {
        let (upper, lower) = (top + ROW * n as i32 + 3, top + ROW * (n as i32 + 1) - 3);
        let middle = (upper + lower) / 2;
        canvas.label(Align::Right, (left - 8, middle), labels, entry.label())?;
        let errors = if split { entry.errors.min(entry.events) } else { 0 };
        let (seam, mut end) = (left + length(errors), left + length(errors));
        if errors > 0 {
            canvas.rect(Ink::Error, (left, upper), (seam, lower), Some(entry.told()))?;
        }
        if entry.events > errors {
            end = seam + length(entry.events - errors);
            let start = seam + i32::from(errors > 0);
            canvas.rect(Ink::Ok, (start, upper), (end.max(start + 1), lower), Some(entry.told()))?;
        }
        canvas.text(Ink::Soft, Align::Left, (end + 6, middle), &entry.amount(split))?;
    }
    canvas.line(Ink::Soft, (left, top), (left, top + ROW * shown.len() as i32))
}

fn plain(subtitle: &str, shown: &[Entry], split: bool) -> String {
    let labels: Vec<_> =
        shown.iter().map(|entry| cut(&visible(brief(entry.label())), 40).into_owned()).collect();
    let margin = labels.iter().map(|label| width(label)).max().unwrap_or(0);
    let most = shown.iter().map(|entry| entry.events).max().unwrap_or(0);
    let mut out = format!("{subtitle}\n");
    for (entry, label) in shown.iter().zip(&labels) {
        let pad = " ".repeat(margin - width(label));
        out.push_str(&format!("{label}{pad} {} {}\n", bar(entry.events, most, 30, "█"), entry.amount(split)));
    }
    out
}
