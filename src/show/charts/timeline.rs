//! Who did what, when: a lane an actor, in the order in which they appear.

use std::collections::{BTreeMap, HashMap};

use super::Chart;
use super::axis::{BELOW, MINUTE, TimeAxis, stamp};
use super::canvas::{Align, Canvas, MARGIN, Mark, Words, draw};
use super::plain::{brief, named, spark};
use super::theme::{Ink, LABEL, WIDTH, text_width};
use crate::Result;
use crate::show::html::visible;
use crate::show::number::{count, thousands};
use crate::show::width::{cut, width};

/// Lanes that a chart holds at most.
const MOST: usize = 20;

const ROW: i32 = 26;

/// Marks are this many pixels apart at least; events closer than that are one mark.
const CELL: i32 = 12;

/// One event of an actor.
#[derive(Clone, Debug)]
pub(super) struct Event {
    /// Seconds since 1970, UTC.
    pub(super) time: i64,
    pub(super) actor: Option<String>,
    pub(super) what: Option<String>,
    pub(super) failed: bool,
}

struct Lane<'a> {
    actor: &'a str,
    /// In the order of time.
    events: Vec<&'a Event>,
}

impl Lane<'_> {
    fn first(&self) -> i64 {
        self.events.first().map_or(0, |event| event.time)
    }

    fn last(&self) -> i64 {
        self.events.last().map_or(0, |event| event.time)
    }
}

/// Draws the actors with most events, each in a lane, the first seen on top.
/// `split` when it is known which events failed.
pub(super) fn timeline(title: &str, events: &[Event], split: bool) -> Result<Chart> {
    let mut lanes = lanes(events);
    if lanes.is_empty() {
        return Ok(Chart::empty(title, "No events: there is nothing to draw."));
    }
    let actors = lanes.len();
    lanes.sort_by_key(|lane| (usize::MAX - lane.events.len(), lane.first()));
    let hidden: usize = lanes.iter().skip(MOST).map(|lane| lane.events.len()).sum();
    lanes.truncate(MOST);
    lanes.sort_by_key(|lane| (lane.first(), lane.actor));
    let from = lanes.iter().map(Lane::first).min().unwrap_or(0);
    let to = lanes.iter().map(Lane::last).max().unwrap_or(0);
    let mut subtitle =
        format!("{} of {}, UTC", count(events.len() as u64, "event"), count(actors as u64, "actor"));
    if actors > MOST {
        let others = thousands((actors - MOST) as u64);
        subtitle.push_str(&format!(
            "; the {MOST} with most are shown, the other {others} have {}",
            thousands(hidden as u64)
        ));
    }
    let description = format!(
        "{subtitle}, from {} to {}. First: {}.",
        stamp(from),
        stamp(to),
        lanes.first().map(|lane| visible(lane.actor).into_owned()).unwrap_or_default()
    );
    let mut legend = vec![(Mark::Circle, Ink::Ok, if split { "ok" } else { "event" })];
    if split {
        legend.push((Mark::Square, Ink::Error, "with errors"));
    }
    legend.push((Mark::Triangle, Ink::Scope, "first seen"));
    let words = Words { title, subtitle: &subtitle, description: &description, legend: &legend };
    let height = ROW * lanes.len() as i32 + BELOW;
    let svg = draw(&words, height, |canvas, top| paint(canvas, top, &lanes, from, to))?;
    Ok(Chart::new(title, svg, plain(&subtitle, &lanes, from, to)))
}

fn lanes(events: &[Event]) -> Vec<Lane<'_>> {
    let mut by_actor: HashMap<&str, Vec<&Event>> = HashMap::new();
    for event in events {
        by_actor.entry(named(event.actor.as_deref())).or_default().push(event);
    }
    let mut lanes: Vec<_> = by_actor.into_iter().map(|(actor, events)| Lane { actor, events }).collect();
    for lane in &mut lanes {
        lane.events.sort_by_key(|event| event.time);
    }
    lanes.sort_by_key(|lane| lane.actor);
    lanes
}

fn paint(canvas: &mut Canvas<'_>, top: i32, lanes: &[Lane<'_>], from: i64, to: i64) -> Result<()> {
    let labels = lanes.iter().map(|lane| text_width(&visible(brief(lane.actor)), LABEL)).max().unwrap_or(0);
    let labels = labels.min(WIDTH / 3);
    let (left, right) = (MARGIN + labels + 16, WIDTH - MARGIN - 8);
    let bottom = top + ROW * lanes.len() as i32;
    // What lies within a minute stands in its middle.
    let spare = (MINUTE - (to - from)).max(0) / 2;
    let axis = TimeAxis { from: from - spare, to: to + spare, left, right };
    axis.draw(canvas, Ink::Grid, top, bottom)?;
    for (n, lane) in lanes.iter().enumerate() {
        let y = top + ROW * n as i32 + ROW / 2;
        canvas.label(Align::Right, (left - 14, y), labels, lane.actor)?;
        canvas.line(Ink::Grid, (left - 8, y), (right + 8, y))?;
        let mut marks: BTreeMap<i32, Vec<&Event>> = BTreeMap::new();
        for event in &lane.events {
            marks.entry((axis.x(event.time) - left) / CELL).or_default().push(event);
        }
        for (cell, events) in &marks {
            mark(canvas, (left + cell * CELL, y), events)?;
        }
        let at = (axis.x(lane.first()) - left) / CELL * CELL + left;
        let told = format!("{}: first seen {} UTC", visible(lane.actor), stamp(lane.first()));
        canvas.polygon(Ink::Scope, &[(at - 4, y - 12), (at + 4, y - 12), (at, y - 6)], Some(told))?;
    }
    Ok(())
}

/// One mark for events that are close: a circle, or a square when one failed.
fn mark(canvas: &mut Canvas<'_>, (x, y): (i32, i32), events: &[&Event]) -> Result<()> {
    let failed = events.iter().filter(|event| event.failed).count();
    let radius = match events.len() {
        1 => 3,
        2..10 => 4,
        _ => 5,
    };
    let told = Some(told(events, failed));
    if failed > 0 {
        canvas.rect(Ink::Error, (x - radius, y - radius), (x + radius, y + radius), told)
    } else {
        canvas.circle(Ink::Ok, (x, y), radius, told)
    }
}

fn told(events: &[&Event], failed: usize) -> String {
    let mut names: Vec<(&str, usize)> = Vec::new();
    for event in events {
        let what = named(event.what.as_deref());
        match names.iter_mut().find(|(name, _)| *name == what) {
            Some((_, times)) => *times += 1,
            None => names.push((what, 1)),
        }
    }
    names.sort_by_key(|&(_, times)| usize::MAX - times);
    let more = names.len().saturating_sub(4);
    let mut shown: Vec<String> = names
        .iter()
        .take(4)
        .map(|(name, times)| match times {
            1 => cut(&visible(name), 60).into_owned(),
            times => format!("{} × {times}", cut(&visible(name), 60)),
        })
        .collect();
    if more > 0 {
        shown.push(format!("{more} more"));
    }
    let (first, last) = (events[0].time, events[events.len() - 1].time);
    let time = if first == last { stamp(first) } else { format!("{} to {}", stamp(first), stamp(last)) };
    let errors = if failed > 0 { format!(" ({})", count(failed as u64, "error")) } else { String::new() };
    format!("{time} UTC: {}{errors}", shown.join(", "))
}

fn plain(subtitle: &str, lanes: &[Lane<'_>], from: i64, to: i64) -> String {
    const CELLS: i64 = 40;
    let actors: Vec<_> = lanes.iter().map(|lane| cut(&visible(brief(lane.actor)), 40).into_owned()).collect();
    let margin = actors.iter().map(|actor| width(actor)).max().unwrap_or(0);
    let mut out = format!("{subtitle}\n");
    for (lane, actor) in lanes.iter().zip(&actors) {
        let mut cells = [0; CELLS as usize];
        for event in &lane.events {
            cells[((event.time - from) * (CELLS - 1) / (to - from).max(1)) as usize] += 1;
        }
        let pad = " ".repeat(margin - width(actor));
        let events = count(lane.events.len() as u64, "event");
        out.push_str(&format!(
            "{actor}{pad} │{}│ {events}, first {} UTC\n",
            spark(&cells),
            stamp(lane.first())
        ));
    }
    out
}
