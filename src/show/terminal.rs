//! Results as text, aligned for a fixed-width font.

use std::borrow::Cow;
use std::fmt::Write;

use polars::prelude::DataFrame;

use super::column::{Column, Kind};
use super::formats::{cell, kinds};
use super::html::visible;
use super::redact::redact;
use super::rows::Rows;
use super::value::text;
use super::width::{cut, width, wrap};

/// A column narrower than this is not worth reading: the rows then stand one
/// below the other, a line for each column.
const NARROWEST: usize = 8;

/// How much room a table may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Room {
    /// Columns of the terminal.
    pub(crate) width: usize,
    /// Lines that one value may be wrapped to; what is beyond them is cut.
    pub(crate) lines: usize,
}

/// The rows as an aligned table that fits the room, or as records where it has
/// too many columns for that.
pub(crate) fn plain(frame: &DataFrame, columns: &[Column], rows: Rows, room: Room) -> String {
    let mut out = rows.shape(columns.len());
    out.push('\n');
    if columns.is_empty() || rows.total == 0 && columns.len() * (NARROWEST + 3) > room.width {
        return out;
    }
    let cells = Cells { frame, columns, kinds: kinds(columns) };
    match cells.fit(rows, room.width) {
        Some(widths) => cells.push_table(&mut out, rows, &widths, room.lines),
        None => cells.push_records(&mut out, rows, room),
    }
    out
}

struct Cells<'a> {
    frame: &'a DataFrame,
    columns: &'a [Column],
    kinds: Vec<Kind>,
}

impl Cells<'_> {
    fn text(&self, row: usize, column: usize) -> String {
        let value = cell(self.frame, column, row);
        match text(&value, &self.kinds[column]) {
            Some(text) => visible(&redact(&self.columns[column].name, text)).into_owned(),
            None => "NULL".into(),
        }
    }

    /// The width of each column, or nothing when they do not fit side by side.
    fn fit(&self, rows: Rows, room: usize) -> Option<Vec<usize>> {
        let natural: Vec<usize> = (0..self.columns.len())
            .map(|n| {
                let head = width(&visible(&self.columns[n].name)).max(width(&self.kind(n)));
                rows.shown().map(|row| width(&self.text(row, n))).max().unwrap_or(0).max(head)
            })
            .collect();
        let room = room.checked_sub(3 * (natural.len() - 1))?;
        if natural.iter().sum::<usize>() <= room {
            return Some(natural);
        }
        // Narrow columns keep their width; the wide ones share what is left.
        let mut sorted = natural.clone();
        sorted.sort_unstable();
        let (mut left, mut limit) = (room, 0);
        for (n, &natural) in sorted.iter().enumerate() {
            limit = left / (sorted.len() - n);
            if natural > limit {
                break;
            }
            left -= natural;
        }
        (limit >= NARROWEST).then(|| natural.into_iter().map(|natural| natural.min(limit)).collect())
    }

    /// The type, cut where it is a long row type.
    fn kind(&self, column: usize) -> Cow<'_, str> {
        cut(&self.columns[column].kind, 24)
    }

    fn push_table(&self, out: &mut String, rows: Rows, widths: &[usize], lines: usize) {
        let heads: Vec<String> =
            self.columns.iter().map(|column| visible(&column.name).into_owned()).collect();
        self.push_row(out, &heads, widths, lines);
        let kinds: Vec<String> = (0..widths.len()).map(|n| self.kind(n).into_owned()).collect();
        self.push_row(out, &kinds, widths, 1);
        let rule: Vec<String> = widths.iter().map(|&width| "─".repeat(width)).collect();
        let _ = writeln!(out, "{}", rule.join("─┼─"));
        for row in rows.shown() {
            if rows.is_after_gap(row) {
                let _ = writeln!(out, "… {}", rows.gap());
            }
            let cells: Vec<String> = (0..widths.len()).map(|n| self.text(row, n)).collect();
            self.push_row(out, &cells, widths, lines);
        }
    }

    fn push_row(&self, out: &mut String, cells: &[String], widths: &[usize], lines: usize) {
        let wrapped: Vec<Vec<Cow<'_, str>>> =
            cells.iter().zip(widths).map(|(cell, &width)| wrapped(cell, width, lines)).collect();
        let height = wrapped.iter().map(Vec::len).max().unwrap_or(0);
        for line in 0..height {
            let mut row = String::new();
            for (n, (cell, &room)) in wrapped.iter().zip(widths).enumerate() {
                let text = cell.get(line).map_or("", |line| line.as_ref());
                let pad = " ".repeat(room.saturating_sub(width(text)));
                if n > 0 {
                    row.push_str(" │ ");
                }
                if Kind::is_number(&self.columns[n].kind) {
                    row.push_str(&pad);
                    row.push_str(text);
                } else {
                    row.push_str(text);
                    row.push_str(&pad);
                }
            }
            out.push_str(row.trim_end());
            out.push('\n');
        }
    }

    fn push_records(&self, out: &mut String, rows: Rows, room: Room) {
        let names: Vec<_> = self.columns.iter().map(|column| visible(&column.name)).collect();
        let margin = names.iter().map(|name| width(name)).max().unwrap_or(0).min(room.width / 3);
        let rest = room.width.saturating_sub(margin + 3).max(NARROWEST);
        for row in rows.shown() {
            if rows.is_after_gap(row) {
                let _ = writeln!(out, "… {}", rows.gap());
            }
            let _ = writeln!(out, "── row {}", row + 1);
            for (n, name) in names.iter().enumerate() {
                let name = cut(name, margin);
                let pad = " ".repeat(margin - width(&name));
                for (line, text) in wrapped(&self.text(row, n), rest, room.lines).iter().enumerate() {
                    let start = if line == 0 { format!("{name}{pad}") } else { " ".repeat(margin) };
                    let _ = writeln!(out, "{}", format!("{start} │ {text}").trim_end());
                }
            }
        }
    }
}

fn wrapped(text: &str, width: usize, lines: usize) -> Vec<Cow<'_, str>> {
    let mut out: Vec<Cow<'_, str>> = wrap(text, width).into_iter().map(Cow::Borrowed).collect();
    if out.len() > lines {
        out.truncate(lines);
        if let Some(last) = out.last_mut() {
            *last = Cow::Owned(format!("{}…", cut(last, width.saturating_sub(1)).trim_end_matches('…')));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::prelude::df;
    use proptest::prelude::*;

    use crate::show::testing::hostile;

    fn check(frame: &DataFrame, rows: Rows, room: Room, expected: &str) {
        assert_eq!(plain(frame, &Column::of(frame), rows, room), expected);
    }

    #[test]
    fn wide_columns_share_what_is_left() {
        let frame =
            df!("name" => ["GetObject", "日本語 in a long name of something"], "n" => [1i64, 22]).unwrap();
        check(
            &frame,
            Rows::all(2),
            Room { width: 24, lines: 2 },
            "2 rows × 2 columns\n\
             name            │      n\n\
             varchar         │ bigint\n\
             ────────────────┼───────\n\
             GetObject       │      1\n\
             日本語 in a     │     22\n\
             long name of…   │\n",
        );
    }

    #[test]
    fn too_many_columns_become_records() {
        let frame =
            df!("a" => ["one", "two", "three"], "bb" => ["x y z", "", "v"], "c" => [1i64, 2, 3]).unwrap();
        check(
            &frame,
            Rows { total: 3, head: 1, tail: 1 },
            Room { width: 20, lines: 9 },
            "3 rows × 3 columns; the first 1 and the last 1 are shown, 1 hidden\n\
             ── row 1\n\
             a  │ one\n\
             bb │ x y z\n\
             c  │ 1\n\
             … 1 row not shown\n\
             ── row 3\n\
             a  │ three\n\
             bb │ v\n\
             c  │ 3\n",
        );
    }

    proptest! {
        #[test]
        fn lines_fit_and_hide_nothing(name in hostile(), value in hostile(), room in 20usize..100) {
            let frame = df!("0" => [value.as_str()], "1" => [1i64]).unwrap();
            let columns = [Column::new(&name, "varchar"), Column::new("n", "bigint")];
            let out = plain(&frame, &columns, Rows::all(1), Room { width: room, lines: usize::MAX });
            for line in out.lines().skip(1) {
                prop_assert!(width(line) <= room, "{} > {}: {}", width(line), room, line);
                prop_assert!(!line.contains(super::super::html::is_hidden), "{:?}", line);
            }
        }
    }
}
