//! Text out of logs, made safe to look at.
//!
//! Whoever made a request chose its user agent, its role session name and its
//! object keys. Such text may hold markup, characters that show nothing, or
//! characters that reorder what stands around them. Here it becomes text that
//! shows all it holds: [`visible`] for terminals, [`escape`] for pages.
//!
//! The report writer of the kernel package compiles this file too.

use std::borrow::Cow;
use std::fmt::Write;

/// Characters that show nothing, look like a plain blank, or change how their
/// neighbours are shown: Unicode's controls, formats (bidirectional overrides
/// among them), separators and default-ignorable characters. The ideographic
/// space stays: it is wide, so seen, and ordinary in Japanese text.
const HIDDEN: &[(char, char)] = &[
    ('\u{0}', '\u{1f}'),
    ('\u{7f}', '\u{a0}'),
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{600}', '\u{605}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{6dd}', '\u{6dd}'),
    ('\u{70f}', '\u{70f}'),
    ('\u{890}', '\u{891}'),
    ('\u{8e2}', '\u{8e2}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{1680}', '\u{1680}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{2000}', '\u{200f}'),
    ('\u{2028}', '\u{202f}'),
    ('\u{205f}', '\u{206f}'),
    ('\u{2800}', '\u{2800}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fffb}'),
    ('\u{110bd}', '\u{110bd}'),
    ('\u{110cd}', '\u{110cd}'),
    ('\u{13430}', '\u{1343f}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'),
];

/// Whether a character cannot be told from its absence, or from a blank.
pub(crate) fn is_hidden(c: char) -> bool {
    if (' '..='~').contains(&c) {
        return false;
    }
    let after = HIDDEN.partition_point(|&(first, _)| first <= c);
    after > 0 && c <= HIDDEN[after - 1].1
}

/// The text on one line, with every hidden character written out: `\n`, `\t`,
/// `\u{202e}`.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        push_visible(&mut out, c);
    }
    Cow::Owned(out)
}

/// [`visible`], escaped for the content of an HTML or SVG element and for a
/// quoted attribute.
pub(crate) fn escape(text: &str) -> Cow<'_, str> {
    escape_but(text, |_| false)
}

/// [`escape`], with `<code>` for what stands between backticks.
pub(crate) fn marked(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    for (at, part) in text.split('`').enumerate() {
        match at % 2 {
            1 => out.push_str(&format!("<code>{}</code>", escape(part))),
            _ => out.push_str(&escape(part)),
        }
    }
    out
}

/// [`escape`], but lines and tabs stay: for `<pre>`.
#[allow(dead_code, reason = "the report, which shares this file, shows code with it")]
pub(crate) fn escape_lines(text: &str) -> Cow<'_, str> {
    escape_but(text, |c| c == '\n' || c == '\t')
}

fn escape_but(text: &str, keep: fn(char) -> bool) -> Cow<'_, str> {
    let plain =
        |c: char| !matches!(c, '&' | '<' | '>' | '"' | '\'' | '`' | '=') && (keep(c) || !is_hidden(c));
    if text.chars().all(plain) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 32);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '`' => out.push_str("&#96;"),
            '=' => out.push_str("&#61;"),
            c if keep(c) => out.push(c),
            c => push_visible(&mut out, c),
        }
    }
    Cow::Owned(out)
}

fn push_visible(out: &mut String, c: char) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c if is_hidden(c) => {
            let _ = write!(out, "\\u{{{:x}}}", c as u32);
        }
        c => out.push(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_are_written_out() {
        for (text, shown) in [
            ("plain", "plain"),
            ("a\nb\tc\rd", r"a\nb\tc\rd"),
            ("\u{1b}[31mred", r"\u{1b}[31mred"),
            ("\u{9b}31m", r"\u{9b}31m"),
            ("user\u{202e}nimda", r"user\u{202e}nimda"),
            ("zero\u{200b}width", r"zero\u{200b}width"),
            ("tag\u{e0041}", r"tag\u{e0041}"),
            ("no\u{a0}break", r"no\u{a0}break"),
            ("日本\u{3000}語 naïve 🦀", "日本\u{3000}語 naïve 🦀"),
        ] {
            assert_eq!(visible(text), shown);
        }
    }

    #[test]
    fn ranges_are_sorted_and_apart() {
        for pair in HIDDEN.windows(2) {
            assert!(pair[0].1 < pair[1].0, "{pair:?}");
        }
        assert!(HIDDEN.iter().all(|&(first, last)| is_hidden(first) && is_hidden(last)));
    }

    #[test]
    fn backticks_mark_code() {
        assert_eq!(marked("a `<b>` c"), "a <code>&lt;b&gt;</code> c");
        assert_eq!(marked("`a"), "<code>a</code>");
        assert_eq!(marked("a < b"), "a &lt; b");
    }

    #[test]
    fn markup_is_escaped() {
        assert_eq!(
            escape("<b a=\"1\" c='2'>&`\n"),
            "&lt;b a&#61;&quot;1&quot; c&#61;&#39;2&#39;&gt;&amp;&#96;\\n"
        );
        assert_eq!(escape_lines("a\n\tb\r\u{202e}"), "a\n\tb\\r\\u{202e}");
        assert!(matches!(escape("plain"), Cow::Borrowed(_)));
    }
}
