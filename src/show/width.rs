//! How wide text is in a terminal, and how to make it fit.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns that the text takes in a terminal.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// The text in at most `max` columns, ending in `…` when it was cut.
pub(crate) fn cut(text: &str, max: usize) -> Cow<'_, str> {
    if text.len() <= max || width(text) <= max {
        return Cow::Borrowed(text);
    }
    let head = &text[..split_at(text, max.saturating_sub(1))];
    Cow::Owned(format!("{head}…"))
}

/// The text in at most `max` columns, with `…` for its middle when it was cut:
/// of an ARN, the end says most.
pub(crate) fn cut_middle(text: &str, max: usize) -> Cow<'_, str> {
    if text.len() <= max || width(text) <= max {
        return Cow::Borrowed(text);
    }
    let room = max.saturating_sub(1);
    let head = &text[..split_at(text, room * 2 / 5)];
    let mut tail = text.len();
    for (at, _) in text.char_indices().rev() {
        if width(&text[at..]) > room - width(head) {
            break;
        }
        tail = at;
    }
    Cow::Owned(format!("{head}…{}", &text[tail..]))
}

/// The text in lines of at most `max` columns, broken after a blank where one is near.
pub(crate) fn wrap(text: &str, max: usize) -> Vec<&str> {
    let (mut lines, mut rest) = (Vec::new(), text);
    while width(rest) > max {
        let hard = split_at(rest, max).max(rest.chars().next().map_or(0, char::len_utf8));
        let soft = rest[..hard].rfind(' ').map(|blank| blank + 1);
        let (line, tail) = rest.split_at(soft.filter(|&at| at > hard / 2).unwrap_or(hard));
        lines.push(line.trim_end());
        rest = tail;
    }
    if !rest.is_empty() || lines.is_empty() {
        lines.push(rest);
    }
    lines
}

/// The longest prefix, in bytes, of at most `max` columns.
pub(crate) fn split_at(text: &str, max: usize) -> usize {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += c.width().unwrap_or(0);
        if used > max {
            return at;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_by_columns() {
        assert_eq!(cut("short", 5), "short");
        assert_eq!(cut("longer", 5), "long…");
        assert_eq!(cut("日本語です", 5), "日本…");
        assert_eq!(cut("e\u{301}e\u{301}e\u{301}", 3), "e\u{301}e\u{301}e\u{301}");
        assert_eq!(cut("ab", 0), "…");
        assert_eq!(cut_middle("arn:aws:iam::111122223333:role/Admin", 16), "arn:aw…ole/Admin");
        assert_eq!(cut_middle("日本語です", 6), "日…す");
    }

    #[test]
    fn wraps_at_blanks_when_they_are_near() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("日本語", 1), ["日", "本", "語"]);
        assert_eq!(wrap("", 4), [""]);
    }
}
