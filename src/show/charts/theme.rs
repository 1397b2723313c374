//! The look of every chart, in one place.
//!
//! Colours are named by what they mean and come out as CSS variables, so that
//! one picture suits light and dark pages (`show.css` sets them) and still has
//! its colours where there is no style sheet. Success is a mid blue and failure
//! a dark red-brown: apart in hue for all forms of colour blindness, and apart
//! in lightness, so that a grey print tells them too.

/// Width of every chart in pixels: what a notebook shows without scaling, and
/// what A4 holds without letters getting too small.
pub(super) const WIDTH: i32 = 800;

/// Size of letters in pixels: of the title, and of everything else.
pub(super) const TITLE: i32 = 15;
pub(super) const LABEL: i32 = 12;

/// What a colour means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    Text,
    Soft,
    Grid,
    Ok,
    Error,
    Scope,
    /// Many events, of which a shade is fewer.
    Heat,
}

impl Ink {
    const ALL: [Ink; 7] = [Ink::Text, Ink::Soft, Ink::Grid, Ink::Ok, Ink::Error, Ink::Scope, Ink::Heat];

    /// The number that stands for it while a chart is drawn.
    pub(super) fn code(self) -> u8 {
        self as u8
    }

    /// The paint that a number stands for.
    pub(super) fn paint(code: u8) -> Option<&'static str> {
        let ink = Ink::ALL.into_iter().find(|ink| ink.code() == code)?;
        Some(match ink {
            Ink::Text => "var(--tb-ink,#1b1f24)",
            Ink::Soft => "var(--tb-soft,#57606a)",
            Ink::Grid => "var(--tb-line,#d0d7de)",
            Ink::Ok => "var(--tb-ok,#4a90c4)",
            Ink::Error => "var(--tb-error,#a02c00)",
            Ink::Scope => "var(--tb-scope,#009e73)",
            Ink::Heat => "var(--tb-heat,#0b4f8a)",
        })
    }
}

/// About how many pixels a text takes. A browser's font is not known here, so
/// this leans to the wide side.
pub(super) fn text_width(text: &str, size: i32) -> i32 {
    let ems: f32 = text.chars().map(em).sum();
    (ems * size as f32).ceil() as i32
}

fn em(c: char) -> f32 {
    match c {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | ' ' => 0.34,
        'f' | 'r' | 't' | '(' | ')' | '[' | ']' | '/' | '-' | '"' => 0.42,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '…' => 0.98,
        'A'..='Z' | '_' | '+' | '=' | '&' | '<' | '>' | '#' => 0.72,
        c if c.is_ascii() => 0.62,
        c => 0.65 * unicode_width::UnicodeWidthChar::width(c).unwrap_or(0).max(1) as f32,
    }
}

/// The text without the marks that would pile up on a letter into the lines above:
/// no writing needs more than three.
pub(super) fn level(text: &str) -> String {
    let mut piled = 0;
    let on_top = |c: char| unicode_width::UnicodeWidthChar::width(c) == Some(0);
    text.chars()
        .filter(|&c| {
            piled = if on_top(c) { piled + 1 } else { 0 };
            piled <= 3
        })
        .collect()
}

/// The text cut to so many pixels, and whether it had to be. The middle goes:
/// of an ARN, the end says most.
pub(super) fn fit(text: &str, size: i32, room: i32) -> (String, bool) {
    if text_width(text, size) <= room {
        return (text.to_owned(), false);
    }
    let room = room as f32 / size as f32 - em('…');
    let head: String = within(text.chars(), room * 0.4).collect();
    let tail: String = within(text.chars().rev(), room * 0.6).collect();
    (head + "…" + &tail.chars().rev().collect::<String>(), true)
}

/// The characters that fit into so many em.
fn within(chars: impl Iterator<Item = char>, room: f32) -> impl Iterator<Item = char> {
    let mut used = 0.0;
    chars.take_while(move |&c| {
        used += em(c);
        used <= room
    })
}
