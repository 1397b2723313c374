//! Results as HTML tables.

use std::fmt::Write;

use polars::prelude::DataFrame;

use super::column::{Column, Kind};
use super::formats::{cell, kinds};
use super::html::{escape, visible};
use super::redact::redact;
use super::rows::Rows;
use super::value::text;
use super::width::{cut, cut_middle, split_at, width};

/// Characters of a value that a cell shows; the rest is in its tooltip.
const SHOWN: usize = 160;

/// Characters of one long word that a cell shows.
const WORD: usize = 52;

/// Characters that a line of a table holds on paper, and those of a short value.
const LINE: usize = 100;
const SHORT: usize = 21;

/// Characters of a value that a cell shows on paper.
const PAPER: usize = 72;

/// Characters of a value that its tooltip holds. The whole is in the frame.
const TOLD: usize = 4000;

/// The rows as a table with the names and types of its columns, in a box that
/// scrolls. It goes inside an element of class `tb`, which
/// [`page`](super::page) makes.
pub(crate) fn table(frame: &DataFrame, columns: &[Column], rows: Rows) -> String {
    let mut out = String::new();
    let paper = rows.on_paper();
    let less = match paper.hidden() - rows.hidden() {
        0 => String::new(),
        _ => format!("<span class=\"tb-paper\">; on paper {}</span>", paper.ends_shown()),
    };
    let _ = writeln!(out, "<p class=\"tb-shape\">{}{less}</p>", rows.shape(columns.len()));
    if columns.is_empty() {
        return out;
    }
    let cells: Vec<(usize, Vec<Option<String>>)> = texts(frame, columns, rows);
    let classes = classes(columns, &cells);
    let wide = if columns.len() > 7 { " tb-wide" } else { "" };
    let _ =
        write!(out, "<div class=\"tb-scroll\" tabindex=\"0\"><table class=\"tb-grid{wide}\">\n<thead><tr>");
    for (column, class) in columns.iter().zip(&classes) {
        let _ = write!(out, "<th scope=\"col\"{class}>{}</th>", escape(&column.name));
    }
    out.push_str("</tr>\n<tr class=\"tb-kinds\">");
    for (column, class) in columns.iter().zip(&classes) {
        push_cell(&mut out, class, &column.kind, 24);
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    let gap = |class: &str, gap: String| {
        format!("<tr class=\"tb-gap{class}\"><td colspan=\"{}\">… {gap} …</td></tr>\n", columns.len())
    };
    for (row, texts) in &cells {
        if rows.is_after_gap(*row) {
            out.push_str(&gap(if less.is_empty() { "" } else { " tb-more" }, rows.gap()));
        }
        if !less.is_empty() && paper.is_after_gap(*row) {
            out.push_str(&gap(" tb-paper", paper.gap()));
        }
        out.push_str(if paper.contains(*row) { "<tr>" } else { "<tr class=\"tb-more\">" });
        for (text, class) in texts.iter().zip(&classes) {
            match text {
                Some(text) => push_cell(&mut out, class, text, SHOWN),
                None => {
                    let _ = write!(out, "<td{class}><span class=\"tb-null\">NULL</span></td>");
                }
            }
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
    out
}

/// The rows that are shown, by position, with their values as text.
fn texts(frame: &DataFrame, columns: &[Column], rows: Rows) -> Vec<(usize, Vec<Option<String>>)> {
    let kinds = kinds(columns);
    let value = |n: usize, row: usize| {
        let text = text(&cell(frame, n, row), &kinds[n])?.into_owned();
        Some(redact(&columns[n].name, text.into()).into_owned())
    };
    rows.shown().map(|row| (row, (0..columns.len()).map(|n| value(n, row)).collect())).collect()
}

/// The classes of the columns: numbers, and those whose values stay in one line on
/// paper, as they are short and leave room for the others.
fn classes(columns: &[Column], cells: &[(usize, Vec<Option<String>>)]) -> Vec<String> {
    let widest = |n: usize| {
        let values = cells.iter().filter_map(|(_, texts)| texts[n].as_deref());
        values.chain([columns[n].name.as_str()]).map(width).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns.len()).map(widest).collect();
    let mut room = if widths.iter().sum::<usize>() <= LINE { LINE } else { LINE / 2 };
    let class = |(column, width): (&Column, &usize)| {
        if Kind::is_number(&column.kind) {
            room = room.saturating_sub(*width);
            return " class=\"tb-num\"".to_owned();
        }
        if *width > SHORT || *width > room {
            return String::new();
        }
        room -= width;
        " class=\"tb-short\"".to_owned()
    };
    columns.iter().zip(&widths).map(class).collect()
}

fn push_cell(out: &mut String, class: &str, text: &str, shown: usize) {
    let text = visible(text);
    // One word, as an ARN or a key, is cut to what the page shows; the rest of
    // a longer text is cut by the page.
    let is_word = !text.contains([' ', '{', '[']);
    let short = if is_word { cut_middle(&text, shown.min(WORD)) } else { cut(&text, shown) };
    let _ = write!(out, "<td{class}");
    if width(&text) > WORD.min(shown) {
        let _ = write!(out, " title=\"{}\"", escape(&cut(&text, TOLD)));
    }
    let (head, tail) = short.split_at(split_at(&short, PAPER));
    let _ = write!(out, ">{}", escape(head));
    if !tail.is_empty() {
        let _ =
            write!(out, "<span class=\"tb-more\">{}</span><span class=\"tb-paper\">…</span>", escape(tail));
    }
    out.push_str("</td>");
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::prelude::df;
    use proptest::prelude::*;

    use crate::show::testing::{hostile, markup};

    #[test]
    fn the_ends_of_a_long_result_are_shown() {
        let frame = df!("n" => (0..100i64).collect::<Vec<_>>()).unwrap();
        let html = table(&frame, &Column::of(&frame), Rows::ends(100, 3, 2));
        assert!(
            html.contains("100 rows × 1 column; the first 3 and the last 2 are shown, 95 hidden</p>"),
            "{html}"
        );
        assert!(html.contains("<tr class=\"tb-gap\"><td colspan=\"1\">… 95 rows not shown …</td></tr>"));
        let numbers: Vec<_> =
            (0..100).filter(|n| html.contains(&format!("<td class=\"tb-num\">{n}</td>"))).collect();
        assert_eq!(numbers, [0, 1, 2, 98, 99]);
    }

    #[test]
    fn paper_holds_less_of_a_long_result() {
        let frame = df!("n" => (0..100i64).collect::<Vec<_>>()).unwrap();
        let html = table(&frame, &Column::of(&frame), Rows::ends(100, 50, 10));
        let shape = "the first 50 and the last 10 are shown, 40 hidden\
            <span class=\"tb-paper\">; on paper the first 15 and the last 5</span></p>";
        assert!(html.contains(shape), "{html}");
        assert_eq!(html.matches("<tr class=\"tb-more\">").count(), 40);
        assert!(html.contains("<tr class=\"tb-gap tb-more\"><td colspan=\"1\">… 40 rows not shown …"));
        assert!(html.contains("<tr class=\"tb-gap tb-paper\"><td colspan=\"1\">… 80 rows not shown …"));
        let whole = table(&frame.head(Some(21)), &Column::of(&frame), Rows::all(21));
        assert!(!whole.contains("tb-more") && !whole.contains("tb-paper"), "{whole}");
    }

    #[test]
    fn short_values_stay_in_one_line_on_paper() {
        let frame =
            df!("eventtime" => ["2026-10-12T08:15:00Z"], "useragent" => ["x ".repeat(90)], "n" => [1i64]);
        let frame = frame.unwrap();
        let html = table(&frame, &Column::of(&frame), Rows::all(1));
        assert!(html.contains("<td class=\"tb-short\">2026-10-12T08:15:00Z</td>"), "{html}");
        assert!(html.contains("<td title=\"x x ") && html.contains("<td class=\"tb-num\">1</td>"), "{html}");
    }

    #[test]
    fn null_is_not_empty_text_and_long_values_have_a_tooltip() {
        let long = "x ".repeat(150);
        let arn = "arn:aws:sts::111122223333:assumed-role/AdministratorAccess/alice@example.com";
        let frame = df!("a" => [None, Some(""), Some(long.as_str()), Some(arn)]).unwrap();
        let html = table(&frame, &Column::of(&frame), Rows::all(4));
        assert!(html.contains("<td><span class=\"tb-null\">NULL</span></td>"));
        assert!(html.contains("<td></td>"));
        let (head, tail) = long[..SHOWN - 1].split_at(PAPER);
        let rest = format!("<span class=\"tb-more\">{tail}…</span><span class=\"tb-paper\">…</span></td>");
        assert!(html.contains(&format!("<td title=\"{long}\">{head}{rest}")), "{html}");
        assert!(
            html.contains(
                "<td title=\"arn:aws:sts::111122223333:assumed-role/AdministratorAccess/alice@example.com\">\
            arn:aws:sts::1111222…stratorAccess/alice@example.com</td>"
            ),
            "{html}"
        );
    }

    proptest! {
        /// However hostile, names and values add no element and no attribute.
        #[test]
        fn values_and_names_are_text(name in hostile(), kind in hostile(), value in hostile()) {
            let frame = df!("0" => [value.as_str()]).unwrap();
            let html = table(&frame, &[Column::new(&name, &kind)], Rows::all(1));
            let found = markup(&html);
            for (element, attributes) in &found.elements {
                let known = ["p", "div", "table", "thead", "tbody", "tr", "th", "td", "span"];
                prop_assert!(known.contains(&element.as_str()), "{}", element);
                for attribute in attributes {
                    prop_assert!(["class", "tabindex", "scope", "title"].contains(&attribute.as_str()), "{}", attribute);
                }
            }
            let others = found.elements.iter().filter(|(element, _)| element != "span");
            prop_assert_eq!(others.count(), 11);
            let shown = visible(&value);
            let start: String = shown.chars().take(8).collect();
            prop_assert!(found.text.contains(&start));
        }
    }
}
