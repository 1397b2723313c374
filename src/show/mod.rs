//! Everything that is shown: in notebooks, in terminals, in files.
//!
//! | file | what |
//! | --- | --- |
//! | `emit` | the only way to standard output |
//! | `html`, `redact`, `width`, `number` | text that is safe to look at and fits |
//! | `column`, `value` | names, types and values of a result |
//! | `formats` | whole results as NDJSON, JSON and CSV, and their SHA-256 |
//! | `table`, `terminal`, `rows` | results as HTML and as aligned text |
//! | `charts` | pictures of results |
//! | `panel` | several of these in one output |
//! | `show.css` | how it looks |
//!
//! Architecture invariant: text from a log reaches HTML through
//! [`html::escape`] and standard output through [`emit()`], and in no other way.

mod charts;
mod column;
mod emit;
mod formats;
pub(crate) mod html;
mod number;
mod panel;
mod redact;
mod rows;
mod table;
mod terminal;
mod value;
pub(crate) mod width;

#[cfg(test)]
mod testing;

use polars::prelude::DataFrame;

pub use charts::Chart;
pub(crate) use charts::Window;
pub(crate) use column::Column;
pub(crate) use emit::{Bundle, emit};
pub use formats::Format;
pub(crate) use formats::{attachment, canonical_sha256};
pub(crate) use number::{bytes, count, thousands};
pub use panel::Panel;

use rows::Rows;
use terminal::Room;

/// The first and last rows of a result, as a notebook shows them.
pub(crate) fn result(frame: &DataFrame, columns: &[Column]) -> Bundle {
    let rows = Rows::ends(frame.height(), 50, 10);
    let few = Rows::ends(frame.height(), 15, 5);
    Bundle {
        html: table::table(frame, columns, rows),
        plain: terminal::plain(frame, columns, few, Room { width: 120, lines: 3 }),
        evidence: None,
    }
}

/// Shows a value below the cell that ends in it.
///
/// Notebooks import it, so that a plain `DataFrame` is shown as a table too,
/// and never by its `Debug` form, which writes log data to the control channel.
pub trait Show {
    /// Shows the value; evcxr calls it.
    fn evcxr_display(&self);
}

impl Show for DataFrame {
    fn evcxr_display(&self) {
        emit(&result(self, &Column::of(self)));
    }
}
