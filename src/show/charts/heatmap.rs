//! At what hour of which day: habits, and what breaks them.

use super::Chart;
use super::axis::{BELOW, DAY, HOUR, WEEK, floor, format_time, span, stamp};
use super::canvas::{Align, Canvas, MARGIN, Words, draw};
use super::events_over_time::Point;
use super::theme::{Ink, LABEL, WIDTH, text_width};
use crate::Result;
use crate::show::number::{count, thousands};

const ROW: i32 = 11;

/// Columns that a chart holds at most; beyond it a column is a week, or several.
const MOST: i64 = 90;

/// How much of the colour each class of counts gets. Few classes can be told apart by eye.
const SHADES: [f64; 5] = [0.16, 0.34, 0.55, 0.77, 1.0];

struct Grid {
    start: i64,
    /// Length of a column: a day or some weeks.
    step: i64,
    /// By column, then hour of the day.
    counts: Vec<[u64; 24]>,
}

impl Grid {
    fn new(points: &[Point]) -> Option<Grid> {
        let times = points.iter().map(|point| point.time);
        let (from, to) = (times.clone().min()?, times.max()?);
        let days = (to - from) / DAY + 1;
        let step = if days <= MOST { DAY } else { WEEK * (days / 7 / MOST + 1) };
        let start = floor(from, step);
        let mut counts = vec![[0; 24]; ((to - start) / step + 1) as usize];
        for point in points {
            let column = ((point.time - start) / step) as usize;
            counts[column][(point.time.rem_euclid(DAY) / HOUR) as usize] += point.events;
        }
        Some(Grid { start, step, counts })
    }

    fn time(&self, column: usize) -> i64 {
        self.start + self.step * column as i64
    }

    fn told(&self, column: usize, hour: usize) -> String {
        let days = match self.step {
            DAY => format_time(self.time(column), "%a %Y-%m-%d"),
            step => span(self.time(column), step),
        };
        format!("{days}, {hour:02}:00 to {hour:02}:59 UTC: {}", count(self.counts[column][hour], "event"))
    }
}

/// Draws hours of the day over days; darker is more.
pub(super) fn heatmap(title: &str, points: &[Point]) -> Result<Chart> {
    let total: u64 = points.iter().map(|point| point.events).sum();
    let Some(grid) = Grid::new(points).filter(|_| total > 0) else {
        return Ok(Chart::empty(title, "No events: there is nothing to draw."));
    };
    let most = grid.counts.iter().flatten().copied().max().unwrap_or(0);
    let limits = limits(most);
    let unit = match grid.step {
        DAY => "day".to_owned(),
        WEEK => "week".to_owned(),
        step => format!("{} weeks", step / WEEK),
    };
    let subtitle = format!("Events by hour of the day (UTC) and {unit}: {} in all", thousands(total));
    let busiest = (0..grid.counts.len())
        .flat_map(|column| (0..24).map(move |hour| (column, hour)))
        .max_by_key(|&(column, hour)| (grid.counts[column][hour], usize::MAX - column * 24 - hour))
        .unwrap_or_default();
    let description = format!("{subtitle}. Most: {}.", grid.told(busiest.0, busiest.1));
    let words = Words { title, subtitle: &subtitle, description: &description, legend: &[] };
    let svg = draw(&words, 24 * ROW + BELOW + 26, |canvas, top| paint(canvas, top, &grid, &limits))?;
    Ok(Chart::new(title, svg, plain(&description, &grid)))
}

/// The largest count of each class, from few to most. They grow as squares do:
/// counts of events are many small ones and a few large ones.
fn limits(most: u64) -> Vec<u64> {
    let classes = SHADES.len() as u64;
    let mut limits: Vec<u64> =
        (1..=classes).map(|n| most.saturating_mul(n * n) / (classes * classes)).collect();
    limits.retain(|&limit| limit > 0);
    limits.dedup();
    limits
}

/// The shade of a count; 0 has none.
fn shade(value: u64, limits: &[u64]) -> Option<f64> {
    let class = limits.iter().position(|&limit| value <= limit)?;
    (value > 0).then(|| SHADES[SHADES.len() - limits.len() + class])
}

fn paint(canvas: &mut Canvas<'_>, top: i32, grid: &Grid, limits: &[u64]) -> Result<()> {
    let (left, right) = (MARGIN + text_width("00:00", LABEL) + 8, WIDTH - MARGIN);
    let bottom = top + 24 * ROW;
    let wide = ((right - left) / grid.counts.len() as i32).clamp(1, 84);
    for hour in (0..24).step_by(6) {
        canvas.text(
            Ink::Soft,
            Align::Right,
            (left - 8, top + hour * ROW + ROW / 2),
            &format!("{hour:02}:00"),
        )?;
    }
    for (column, hours) in grid.counts.iter().enumerate() {
        let x = left + wide * column as i32;
        for (hour, &value) in hours.iter().enumerate() {
            let y = top + ROW * hour as i32;
            let (from, to) = ((x, y), (x + wide - i32::from(wide > 4), y + ROW - 1));
            match shade(value, limits) {
                Some(part) => canvas.shade(Ink::Heat, part, from, to, Some(grid.told(column, hour)))?,
                None => canvas.shade(Ink::Grid, 0.25, from, to, None)?,
            }
        }
    }
    let format = if grid.step == DAY { "%a %-d %b" } else { "%-d %b %Y" };
    let names: Vec<String> =
        (0..grid.counts.len()).map(|column| format_time(grid.time(column), format)).collect();
    let room = names.iter().map(|name| text_width(name, LABEL)).max().unwrap_or(0) + 10;
    let every = ((room + wide - 1) / wide) as usize;
    // The days that are named are of one kind, where not all are.
    let every = if grid.step == DAY && every > 1 { every.next_multiple_of(7) } else { every };
    for (column, name) in names.iter().enumerate().step_by(every) {
        let x = left + wide * column as i32 + wide / 2;
        let half = text_width(name, LABEL) / 2;
        if x + half <= WIDTH {
            canvas.line(Ink::Soft, (x, bottom), (x, bottom + 4))?;
            canvas.text(Ink::Soft, Align::Center, (x.max(half), bottom + 14), name)?;
        }
    }
    let range = format!("UTC, {} to {}", stamp(grid.start), stamp(grid.time(grid.counts.len())));
    canvas.text(Ink::Soft, Align::Left, (left, bottom + 32), &range)?;
    legend(canvas, (left, bottom + BELOW + 12), limits)
}

fn legend(canvas: &mut Canvas<'_>, (mut x, y): (i32, i32), limits: &[u64]) -> Result<()> {
    canvas.text(Ink::Soft, Align::Left, (x, y), "Events:")?;
    x += text_width("Events:", LABEL) + 10;
    let mut from = 1;
    for &limit in limits {
        let name = if from == limit {
            thousands(limit)
        } else {
            format!("{}–{}", thousands(from), thousands(limit))
        };
        if let Some(part) = shade(limit, limits) {
            canvas.shade(Ink::Heat, part, (x, y - 5), (x + 14, y + 5), None)?;
        }
        canvas.text(Ink::Soft, Align::Left, (x + 20, y), &name)?;
        x += 20 + text_width(&name, LABEL) + 16;
        from = limit + 1;
    }
    Ok(())
}

fn plain(description: &str, grid: &Grid) -> String {
    let by_hour: Vec<u64> = (0..24).map(|hour| grid.counts.iter().map(|hours| hours[hour]).sum()).collect();
    let most = by_hour.iter().copied().max().unwrap_or(0);
    let mut out = format!("{description}\n");
    for (hour, &events) in by_hour.iter().enumerate() {
        let bar = super::plain::bar(events, most, 30, "█");
        out.push_str(format!("{hour:02}:00 {bar} {}", thousands(events)).trim_end());
        out.push('\n');
    }
    out
}
