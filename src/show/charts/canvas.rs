//! Drawing with plotters, and what its SVG lacks: CSS colours, tooltips and a
//! text alternative.
//!
//! plotters writes literal colours and cannot put a `<title>` into a mark. So
//! while a chart is drawn, a colour carries two numbers: its first byte says
//! what it means (an [`Ink`]), the other two which tooltip belongs to the mark.
//! Afterwards both are put in their place.

use std::fmt::{Display, Write};

use plotters::prelude::{DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontDesc, FontFamily, FontStyle, RGBColor, ShapeStyle, TextStyle};

use super::plain::brief;
use super::theme::{Ink, LABEL, TITLE, WIDTH, fit, level, text_width};
use crate::show::html::{escape, visible};
use crate::{Error, Result};

/// A point in pixels, from the upper left.
pub(super) type Point = (i32, i32);

/// Space left and right of everything.
pub(super) const MARGIN: i32 = 12;

/// Which end of a text is at its point.
#[derive(Clone, Copy, Debug)]
pub(super) enum Align {
    Left,
    Center,
    Right,
}

/// The words of a chart.
pub(super) struct Words<'a> {
    /// The question that the chart answers.
    pub(super) title: &'a str,
    /// Units, and how much is shown.
    pub(super) subtitle: &'a str,
    /// What the chart shows, for those who cannot see it.
    pub(super) description: &'a str,
    /// Names of what the marks mean, when there is more than one.
    pub(super) legend: &'a [(Mark, Ink, &'a str)],
}

/// The shape that tells a mark, where colours cannot be told apart.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mark {
    Square,
    Circle,
    Triangle,
}

/// A chart being drawn.
pub(super) struct Canvas<'a> {
    backend: SVGBackend<'a>,
    /// Texts of the tooltips; a mark refers to its own by position, from 1.
    told: Vec<String>,
}

/// Draws a chart of so many pixels below its title, subtitle and legend.
/// `paint` gets the canvas and the y at which the drawing starts.
pub(super) fn draw(
    words: &Words<'_>,
    height: i32,
    paint: impl FnOnce(&mut Canvas<'_>, i32) -> Result<()>,
) -> Result<String> {
    let title = lines(&visible(words.title), WIDTH - 2 * MARGIN);
    let top = header_height(&title, words);
    let mut svg = String::new();
    let size = (WIDTH as u32, (top + height) as u32);
    let mut canvas = Canvas { backend: SVGBackend::with_string(&mut svg, size), told: Vec::new() };
    canvas.header(&title, words)?;
    paint(&mut canvas, top)?;
    canvas.backend.present().map_err(failed)?;
    let told = std::mem::take(&mut canvas.told);
    drop(canvas);
    Ok(finish(&svg, &told, words))
}

const LINE: i32 = 18;

fn header_height(title: &[String], words: &Words<'_>) -> i32 {
    let subtitle = i32::from(!words.subtitle.is_empty());
    let legend = i32::from(!words.legend.is_empty());
    10 + LINE * (title.len() as i32 + subtitle + legend) + 8
}

/// The title in at most two lines.
fn lines(title: &str, room: i32) -> Vec<String> {
    let (mut first, mut rest) = (String::new(), title);
    while let Some((word, tail)) = rest.split_once(' ') {
        if !first.is_empty() && text_width(&first, TITLE) + text_width(word, TITLE) > room {
            break;
        }
        first.push_str(word);
        first.push(' ');
        rest = tail;
    }
    let whole = format!("{first}{rest}");
    if text_width(&whole, TITLE) <= room {
        return vec![whole];
    }
    if first.is_empty() {
        return vec![fit(rest, TITLE, room).0];
    }
    vec![first.trim_end().to_owned(), fit(rest, TITLE, room).0]
}

impl Canvas<'_> {
    fn header(&mut self, title: &[String], words: &Words<'_>) -> Result<()> {
        let mut y = 10 + LINE / 2;
        for line in title {
            self.write(Ink::Text, TITLE, FontStyle::Bold, Align::Left, (MARGIN, y), line, None)?;
            y += LINE;
        }
        if !words.subtitle.is_empty() {
            self.text(Ink::Soft, Align::Left, (MARGIN, y), words.subtitle)?;
            y += LINE;
        }
        let mut x = MARGIN;
        for &(mark, ink, name) in words.legend {
            match mark {
                Mark::Square => self.rect(ink, (x, y - 5), (x + 10, y + 5), None)?,
                Mark::Circle => self.circle(ink, (x + 5, y), 5, None)?,
                Mark::Triangle => {
                    self.polygon(ink, &[(x, y - 4), (x + 10, y - 4), (x + 5, y + 4)], None)?;
                }
            }
            self.text(Ink::Soft, Align::Left, (x + 16, y), name)?;
            x += 16 + text_width(name, LABEL) + 20;
        }
        Ok(())
    }

    /// A filled rectangle, with its tooltip.
    pub(super) fn rect(&mut self, ink: Ink, from: Point, to: Point, told: Option<String>) -> Result<()> {
        let style = self.color(ink, told).filled();
        self.backend.draw_rect(from, to, &style, true).map_err(failed)
    }

    /// A filled rectangle through which the page is seen.
    pub(super) fn shade(
        &mut self,
        ink: Ink,
        part: f64,
        from: Point,
        to: Point,
        told: Option<String>,
    ) -> Result<()> {
        let style = self.color(ink, told).mix(part).filled();
        self.backend.draw_rect(from, to, &style, true).map_err(failed)
    }

    /// A hair line.
    pub(super) fn line(&mut self, ink: Ink, from: Point, to: Point) -> Result<()> {
        let style = ShapeStyle::from(&self.color(ink, None)).stroke_width(1);
        self.backend.draw_line(from, to, &style).map_err(failed)
    }

    /// A filled circle, with its tooltip.
    pub(super) fn circle(&mut self, ink: Ink, at: Point, radius: i32, told: Option<String>) -> Result<()> {
        let style = self.color(ink, told).filled();
        self.backend.draw_circle(at, radius as u32, &style, true).map_err(failed)
    }

    /// A filled polygon, with its tooltip.
    pub(super) fn polygon(&mut self, ink: Ink, points: &[Point], told: Option<String>) -> Result<()> {
        let style = self.color(ink, told).filled();
        self.backend.fill_polygon(points.iter().copied(), &style).map_err(failed)
    }

    /// A label, centred on its point's height.
    pub(super) fn text(&mut self, ink: Ink, align: Align, at: Point, text: &str) -> Result<()> {
        self.write(ink, LABEL, FontStyle::Normal, align, at, &visible(text), None)
    }

    /// A label out of a log, cut to so many pixels; its tooltip holds the whole.
    pub(super) fn label(&mut self, align: Align, at: Point, room: i32, text: &str) -> Result<()> {
        let (short, cut) = fit(&level(&visible(brief(text))), LABEL, room);
        let told = (cut || brief(text) != text).then(|| visible(text).into_owned());
        self.write(Ink::Text, LABEL, FontStyle::Normal, align, at, &short, told)
    }

    #[expect(clippy::too_many_arguments, reason = "all that a text is made of; the methods above choose")]
    fn write(
        &mut self,
        ink: Ink,
        size: i32,
        weight: FontStyle,
        align: Align,
        at: Point,
        text: &str,
        told: Option<String>,
    ) -> Result<()> {
        let horizontal = match align {
            Align::Left => HPos::Left,
            Align::Center => HPos::Center,
            Align::Right => HPos::Right,
        };
        // The SVG writer divides sizes by 1.24.
        let font = FontDesc::new(FontFamily::SansSerif, f64::from(size) * 1.24, weight);
        let color = self.color(ink, told);
        let style = TextStyle::from(font).color(&color).pos(Pos::new(horizontal, VPos::Center));
        self.backend.draw_text(text, &style, at).map_err(failed)
    }

    fn color(&mut self, ink: Ink, told: Option<String>) -> RGBColor {
        // Beyond what two bytes count, marks go without tooltips.
        let number = match told {
            Some(told) if self.told.len() < usize::from(u16::MAX) => {
                self.told.push(told);
                self.told.len() as u16
            }
            _ => 0,
        };
        let [high, low] = number.to_be_bytes();
        RGBColor(ink.code(), high, low)
    }
}

fn failed(error: impl Display) -> Error {
    Error::failed(format!("the chart could not be drawn: {error}"))
}

/// Puts the words, colours and tooltips into what plotters wrote. It writes one
/// tag a line, a text on a line of its own, and escapes quotes in texts: so a
/// quoted colour is one of ours.
fn finish(svg: &str, told: &[String], words: &Words<'_>) -> String {
    let mut out = String::with_capacity(2 * svg.len());
    let mut text_told = None;
    for line in svg.lines() {
        if let Some(tag) = line.strip_prefix("<svg ") {
            let (title, description) = (escape(words.title), escape(words.description));
            let _ = writeln!(out, "<svg class=\"tb-chart\" role=\"img\" font-family=\"sans-serif\" {tag}");
            let _ = writeln!(out, "<title>{title}</title>\n<desc>{description}</desc>");
            continue;
        }
        let (line, number) = paint(line);
        let told = number.checked_sub(1).and_then(|n| told.get(n)).map(|told| escape(told));
        match (told, line.strip_suffix("/>")) {
            (Some(told), Some(tag)) => {
                let name = tag[1..].split(' ').next().unwrap_or_default();
                let _ = writeln!(out, "{tag}><title>{told}</title></{name}>");
            }
            (Some(told), None) => {
                text_told = Some(told);
                let _ = writeln!(out, "{line}");
            }
            (None, _) if line == "</text>" => {
                if let Some(told) = text_told.take() {
                    let _ = write!(out, "<title>{told}</title>");
                }
                let _ = writeln!(out, "{line}");
            }
            _ => {
                let _ = writeln!(out, "{line}");
            }
        }
    }
    out
}

/// The line with colours as CSS, and the number of the tooltip it asks for.
fn paint(line: &str) -> (String, usize) {
    let (mut out, mut number, mut rest) = (String::with_capacity(line.len() + 32), 0, line);
    while let Some(at) = rest.find("=\"#") {
        let (before, color) = rest.split_at(at + 2);
        out.push_str(before);
        let code = color.get(1..7).and_then(|hex| u32::from_str_radix(hex, 16).ok());
        match code.and_then(|code| Some((Ink::paint((code >> 16) as u8)?, code & 0xffff))) {
            Some((css, told)) => {
                out.push_str(css);
                number = number.max(told as usize);
                rest = &color[7..];
            }
            None => {
                out.push('#');
                rest = &color[1..];
            }
        }
    }
    out.push_str(rest);
    (out.replace(" font-family=\"sans-serif\"", "").replace(" opacity=\"1\"", ""), number)
}
