//! Results as HTML tables.

use std::fmt::Write;

use polars::prelude::DataFrame;

use super::column::{Column, Kind};
use super::formats::{cell, kinds};
use super::html::{escape, visible};
use super::redact::redact;
use super::rows::Rows;
use super::value::text;
use super::width::{cut, cut_middle, width};

/// Characters of a value that a cell shows; the rest is in its tooltip.
const SHOWN: usize = 160;

/// Characters of one long word that a cell shows.
const WORD: usize = 52;

/// Characters of a value that its tooltip holds. The whole is in the frame.
const TOLD: usize = 4000;

/// The rows as a table with the names and types of its columns, in a box that
/// scrolls. It goes inside an element of class `tb`, which
/// [`page`](super::page) makes.
pub(crate) fn table(frame: &DataFrame, columns: &[Column], rows: Rows) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "<p class=\"tb-shape\">{}</p>", rows.shape(columns.len()));
    if columns.is_empty() {
        return out;
    }
    let wide = if columns.len() > 8 { " tb-wide" } else { "" };
    let _ =
        write!(out, "<div class=\"tb-scroll\" tabindex=\"0\"><table class=\"tb-grid{wide}\">\n<thead><tr>");
    for column in columns {
        let _ = write!(out, "<th scope=\"col\"{}>{}</th>", class(column), escape(&column.name));
    }
    out.push_str("</tr>\n<tr class=\"tb-kinds\">");
    for column in columns {
        push_cell(&mut out, class(column), &column.kind, 24);
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    let kinds = kinds(columns);
    for row in rows.shown() {
        if rows.is_after_gap(row) {
            let span = columns.len();
            let _ = writeln!(out, "<tr class=\"tb-gap\"><td colspan=\"{span}\">… {} …</td></tr>", rows.gap());
        }
        out.push_str("<tr>");
        for (n, column) in columns.iter().enumerate() {
            let value = cell(frame, n, row);
            match text(&value, &kinds[n]).map(|text| redact(&column.name, text)) {
                Some(text) => push_cell(&mut out, class(column), &text, SHOWN),
                None => {
                    let _ = write!(out, "<td{}><span class=\"tb-null\">NULL</span></td>", class(column));
                }
            }
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
    out
}

fn class(column: &Column) -> &'static str {
    if Kind::is_number(&column.kind) { " class=\"tb-num\"" } else { "" }
}

fn push_cell(out: &mut String, class: &str, text: &str, shown: usize) {
    let text = visible(text);
    // One word, as an ARN or a key, is cut to what the page shows; the rest of
    // a longer text is cut by the page.
    let is_word = !text.contains([' ', '{', '[']);
    let short = if is_word { cut_middle(&text, shown.min(WORD)) } else { cut(&text, shown) };
    if width(&text) > WORD.min(shown) {
        let whole = cut(&text, TOLD);
        let _ = write!(out, "<td{class} title=\"{}\">{}</td>", escape(&whole), escape(&short));
    } else {
        let _ = write!(out, "<td{class}>{}</td>", escape(&short));
    }
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
            html.contains("100 rows × 1 column; the first 3 and the last 2 are shown, 95 hidden"),
            "{html}"
        );
        assert!(html.contains("<tr class=\"tb-gap\"><td colspan=\"1\">… 95 rows not shown …</td></tr>"));
        let numbers: Vec<_> =
            (0..100).filter(|n| html.contains(&format!("<td class=\"tb-num\">{n}</td>"))).collect();
        assert_eq!(numbers, [0, 1, 2, 98, 99]);
    }

    #[test]
    fn null_is_not_empty_text_and_long_values_have_a_tooltip() {
        let long = "x ".repeat(150);
        let arn = "arn:aws:sts::111122223333:assumed-role/AdministratorAccess/alice@example.com";
        let frame = df!("a" => [None, Some(""), Some(long.as_str()), Some(arn)]).unwrap();
        let html = table(&frame, &Column::of(&frame), Rows::all(4));
        assert!(html.contains("<td><span class=\"tb-null\">NULL</span></td>"));
        assert!(html.contains("<td></td>"));
        assert!(html.contains(&format!("<td title=\"{long}\">{}…</td>", &long[..SHOWN - 1])));
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
                let known = ["p", "div", "table", "thead", "tbody", "tr", "th", "td"];
                prop_assert!(known.contains(&element.as_str()), "{}", element);
                for attribute in attributes {
                    prop_assert!(["class", "tabindex", "scope", "title"].contains(&attribute.as_str()), "{}", attribute);
                }
            }
            prop_assert_eq!(found.elements.len(), 11);
            let shown = visible(&value);
            let start: String = shown.chars().take(8).collect();
            prop_assert!(found.text.contains(&start));
        }
    }
}
