//! How many events, when, and how many of them failed.

use super::axis::{BELOW, DAY, HOUR, MINUTE, STEPS, TimeAxis, count_ticks, floor, span, stamp, step_name};
use super::canvas::{Align, Canvas, MARGIN, Mark, Words, draw};
use super::plain::spark;
use super::theme::{Ink, LABEL, WIDTH, text_width};
use super::{Chart, Window};
use crate::Result;
use crate::show::number::{count, thousands};

/// Bars that a chart holds at most: each is a few pixels wide then.
const MOST_BARS: i64 = 110;

const HEIGHT: i32 = 170;

/// So many events at a time, some of them errors.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    /// Seconds since 1970, UTC.
    pub(super) time: i64,
    pub(super) events: u64,
    pub(super) errors: u64,
}

/// Bars of equal steps of time.
struct Bars {
    start: i64,
    step: i64,
    /// Whether errors were counted.
    split: bool,
    bars: Vec<Bar>,
}

#[derive(Clone, Copy, Default)]
struct Bar {
    ok: u64,
    errors: u64,
}

impl Bar {
    fn events(&self) -> u64 {
        self.ok + self.errors
    }
}

impl Bars {
    /// Bars over the points and the window. No bar is finer than the points.
    fn new(points: &[Point], split: bool, window: Option<Window>) -> Option<Bars> {
        let times = points.iter().map(|point| point.time);
        let (mut from, mut to) = (times.clone().min()?, times.clone().max()?);
        if let Some(window) = window {
            (from, to) = (from.min(window.from), to.max(window.to - 1));
        }
        let finest = [DAY, HOUR, MINUTE].into_iter().find(|step| times.clone().all(|time| time % step == 0));
        let least = finest.unwrap_or(1).max((to - from) / MOST_BARS + 1);
        let longest = STEPS[STEPS.len() - 1];
        let step = STEPS.into_iter().find(|&step| step >= least).unwrap_or((least / longest + 1) * longest);
        let start = floor(from, step);
        let mut bars = vec![Bar::default(); ((to - start) / step + 1) as usize];
        for point in points {
            let bar = &mut bars[((point.time - start) / step) as usize];
            let errors = point.errors.min(point.events);
            bar.errors += errors;
            bar.ok += point.events - errors;
        }
        Some(Bars { start, step, split, bars })
    }

    fn end(&self) -> i64 {
        self.start + self.step * self.bars.len() as i64
    }

    fn time(&self, bar: usize) -> i64 {
        self.start + self.step * bar as i64
    }

    fn told(&self, bar: usize) -> String {
        let Bar { ok, errors } = self.bars[bar];
        format!("{}: {}", span(self.time(bar), self.step), self.amount(ok, errors))
    }

    fn amount(&self, ok: u64, errors: u64) -> String {
        match self.split {
            true => format!("{} ok, {}", thousands(ok), count(errors, "error")),
            false => count(ok, "event"),
        }
    }
}

/// Draws the points as bars, stacked by outcome where errors were counted; the
/// window is marked when it is not all that is shown.
pub(super) fn events_over_time(
    title: &str,
    points: &[Point],
    split: bool,
    window: Option<Window>,
) -> Result<Chart> {
    let some = points.iter().any(|point| point.events > 0);
    let Some(bars) = Bars::new(points, split, window).filter(|_| some) else {
        return Ok(Chart::empty(title, "No events: there is nothing to draw."));
    };
    let (ok, errors) = bars.bars.iter().fold((0, 0), |(ok, errors), bar| (ok + bar.ok, errors + bar.errors));
    let step = step_name(bars.step);
    let most = (0..bars.bars.len()).max_by_key(|&n| (bars.bars[n].events(), usize::MAX - n)).unwrap_or(0);
    let subtitle = format!("Events per {step}, UTC: {}", bars.amount(ok, errors));
    let (from, to) = (stamp(bars.start), stamp(bars.end()));
    let total = bars.amount(ok, errors);
    let description = format!("{total} from {from} to {to} UTC. Most in one {step}: {}.", bars.told(most));
    let window = window.filter(|window| window.from > bars.start || window.to < bars.end());
    let mut legend = Vec::new();
    if split {
        legend.extend([(Mark::Square, Ink::Ok, "ok"), (Mark::Square, Ink::Error, "error")]);
    }
    if window.is_some() {
        legend.push((Mark::Square, Ink::Scope, "scope asked about"));
    }
    let words = Words { title, subtitle: &subtitle, description: &description, legend: &legend };
    let svg = draw(&words, HEIGHT + BELOW + 6, |canvas, top| paint(canvas, top, &bars, window))?;
    let row = |name: &str, of: fn(&Bar) -> u64| {
        format!("{name:5} {}\n", spark(&bars.bars.iter().map(of).collect::<Vec<_>>()))
    };
    let mut plain = format!("{description}\n{}", row(if split { "ok" } else { "" }, |bar| bar.ok));
    if split {
        plain.push_str(&row("error", |bar| bar.errors));
    }
    plain.push_str(&format!("      {from} … {to} UTC, a column per {step}\n"));
    Ok(Chart::new(title, svg, plain))
}

fn paint(canvas: &mut Canvas<'_>, top: i32, bars: &Bars, window: Option<Window>) -> Result<()> {
    let ticks = count_ticks(bars.bars.iter().map(Bar::events).max().unwrap_or(0));
    let highest = ticks.last().copied().unwrap_or(1).max(1);
    let labels: Vec<String> = ticks.iter().map(|&tick| thousands(tick)).collect();
    let left = MARGIN + labels.iter().map(|label| text_width(label, LABEL)).max().unwrap_or(0) + 8;
    let (right, bottom) = (WIDTH - MARGIN, top + HEIGHT);
    let axis = TimeAxis { from: bars.start, to: bars.end(), left, right };
    let height = |count: u64| {
        let exact = count as f64 / highest as f64 * f64::from(HEIGHT);
        // One error among thousands is what is looked for: it stays visible.
        if count == 0 { 0 } else { (exact.round() as i32).max(2) }
    };
    if let Some(window) = window {
        let (from, to) = (axis.x(window.from.max(axis.from)), axis.x(window.to.min(axis.to)));
        let told = format!("scope asked about: {} to {} UTC", stamp(window.from), stamp(window.to));
        canvas.shade(Ink::Scope, 0.14, (from, top), (to, bottom), Some(told))?;
        canvas.rect(Ink::Scope, (from, top - 3), (to, top), None)?;
    }
    for (&tick, label) in ticks.iter().zip(&labels) {
        let y = bottom - (tick as f64 / highest as f64 * f64::from(HEIGHT)).round() as i32;
        canvas.line(Ink::Grid, (left, y), (right, y))?;
        canvas.text(Ink::Soft, Align::Right, (left - 6, y), label)?;
    }
    for (n, bar) in bars.bars.iter().enumerate() {
        if bar.events() == 0 {
            continue;
        }
        let (from, to) = (axis.x(bars.time(n)), axis.x(bars.time(n + 1)));
        let gap = i32::from(to - from > 3);
        let (from, to) =
            if to - from > 60 { ((from + to) / 2 - 30, (from + to) / 2 + 30) } else { (from, to - gap) };
        let base = bottom - height(bar.errors);
        if bar.errors > 0 {
            canvas.rect(Ink::Error, (from, base), (to, bottom), Some(bars.told(n)))?;
        }
        if bar.ok > 0 {
            // A line of the page keeps the two apart in print.
            let seam = i32::from(bar.errors > 0);
            let upper = base - height(bar.ok);
            canvas.rect(Ink::Ok, (from, upper), (to, (base - seam).max(upper + 1)), Some(bars.told(n)))?;
        }
    }
    axis.draw(canvas, Ink::Soft, bottom, bottom)
}
