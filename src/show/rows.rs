//! Which rows of a long result are shown.

use super::number::{count, thousands};

/// The first and the last rows of a result; those between are counted, not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rows {
    pub(crate) total: usize,
    pub(crate) head: usize,
    pub(crate) tail: usize,
}

impl Rows {
    pub(crate) fn all(total: usize) -> Rows {
        Rows { total, head: total, tail: 0 }
    }

    /// At most `head + tail` rows. One that would be hidden alone is shown.
    pub(crate) fn ends(total: usize, head: usize, tail: usize) -> Rows {
        if total <= head + tail + 1 { Rows::all(total) } else { Rows { total, head, tail } }
    }

    pub(crate) fn hidden(&self) -> usize {
        self.total - self.head - self.tail
    }

    pub(crate) fn shown(&self) -> impl Iterator<Item = usize> {
        (0..self.head).chain(self.total - self.tail..self.total)
    }

    /// Fewer of the same rows, for paper, where nothing scrolls.
    pub(crate) fn on_paper(&self) -> Rows {
        let paper = Rows::ends(self.total, 15, 5);
        let is_part = paper.head <= self.head && (paper.tail <= self.tail || self.hidden() == 0);
        if is_part { paper } else { *self }
    }

    pub(crate) fn contains(&self, row: usize) -> bool {
        row < self.head || row >= self.total - self.tail
    }

    /// Whether the row is the first one below the hidden ones.
    pub(crate) fn is_after_gap(&self, row: usize) -> bool {
        self.hidden() > 0 && row == self.total - self.tail
    }

    /// The size of the result, and what of it is here.
    pub(crate) fn shape(&self, columns: usize) -> String {
        let mut shape = format!("{} × {}", count(self.total as u64, "row"), count(columns as u64, "column"));
        if self.hidden() > 0 {
            shape.push_str(&format!(
                "; {} are shown, {} hidden",
                self.ends_shown(),
                thousands(self.hidden() as u64)
            ));
        }
        shape
    }

    /// `the first 50 and the last 10`.
    pub(crate) fn ends_shown(&self) -> String {
        format!("the first {} and the last {}", thousands(self.head as u64), thousands(self.tail as u64))
    }

    /// What stands in the place of the hidden rows.
    pub(crate) fn gap(&self) -> String {
        format!("{} not shown", count(self.hidden() as u64, "row"))
    }
}
