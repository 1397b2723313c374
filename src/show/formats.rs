//! Whole results as NDJSON, JSON, CSV and a table for the terminal.

use std::borrow::Cow;
use std::io::{self, BufWriter, Write};
use std::str::FromStr;

use polars::prelude::{AnyValue, DataFrame};
use sha2::{Digest, Sha256};

use super::column::{Column, Kind};
use super::html::visible;
use super::redact::redact;
use super::rows::Rows;
use super::terminal::{Room, plain};
use super::value::{push_json, push_quoted, text};
use crate::{Error, Result};

/// How a whole result is written.
///
/// # Examples
///
/// ```
/// use trailbook::Format;
///
/// assert_eq!("ndjson".parse::<Format>()?, Format::Ndjson);
/// assert!("xml".parse::<Format>().is_err());
/// # Ok::<(), trailbook::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Columns aligned to read, wrapped to the width of the terminal.
    Table,
    /// Comma-separated, for spreadsheets: what they would run as a formula is
    /// made text by a `'` before it. The other formats keep values as they are.
    Csv,
    /// One JSON array of objects.
    Json,
    /// One JSON object a line, of which a result's SHA-256 is made.
    Ndjson,
}

impl FromStr for Format {
    type Err = Error;

    fn from_str(text: &str) -> Result<Format> {
        match text {
            "table" => Ok(Format::Table),
            "csv" => Ok(Format::Csv),
            "json" => Ok(Format::Json),
            "ndjson" => Ok(Format::Ndjson),
            other => Err(Error::invalid(format!("`{}` is no output format", visible(other)))
                .hint("use one of table, csv, json, ndjson")),
        }
    }
}

impl Format {
    /// Writes all rows.
    ///
    /// # Errors
    ///
    /// [`is_io`](Error::is_io) when writing fails.
    pub(crate) fn write(self, frame: &DataFrame, columns: &[Column], out: &mut dyn Write) -> Result<()> {
        // Standard output would be written line by line.
        let mut out = BufWriter::with_capacity(1 << 16, out);
        match self {
            Format::Table => {
                let room = Room { width: terminal_width(), lines: usize::MAX };
                out.write_all(plain(frame, columns, Rows::all(frame.height()), room).as_bytes())
            }
            Format::Csv => csv(frame, columns, &mut out, true, |_, text| text),
            Format::Json => json(frame, columns, &mut out),
            Format::Ndjson => ndjson(frame, columns, &mut out),
        }
        .and_then(|()| out.flush())
        .map_err(unwritten)
    }

    /// Writes a data frame.
    ///
    /// # Errors
    ///
    /// [`is_io`](Error::is_io) when writing fails.
    pub fn write_frame(self, frame: &DataFrame, out: &mut dyn Write) -> Result<()> {
        self.write(frame, &Column::of(frame), out)
    }

    /// Writes some of a result's rows, the first with what stands above them. A table and a JSON array
    /// can only be written as a whole.
    ///
    /// # Errors
    ///
    /// As [`write`](Format::write).
    pub(crate) fn write_part(
        self,
        frame: &DataFrame,
        columns: &[Column],
        out: &mut dyn Write,
        is_first: bool,
    ) -> Result<()> {
        if self != Format::Csv {
            return self.write(frame, columns, out);
        }
        let mut out = BufWriter::with_capacity(1 << 16, out);
        let written = csv(frame, columns, &mut out, is_first, |_, text| text);
        written.and_then(|()| out.flush()).map_err(unwritten)
    }
}

fn unwritten(error: io::Error) -> Error {
    Error::io("the rows cannot be written", error)
}

/// Columns of the terminal on standard output. Where that is a file or a pipe
/// nothing is wrapped.
fn terminal_width() -> usize {
    #[cfg(feature = "cli")]
    if let Some((terminal_size::Width(width), _)) = terminal_size::terminal_size_of(io::stdout()) {
        return width.into();
    }
    usize::MAX
}

/// SHA-256 of a result, in lower-case hexadecimal: of the bytes that
/// `trailbook query --format ndjson` prints, so that
/// `trailbook query … --format ndjson | sha256sum` tells whether an answer in a
/// report still holds. Rows count in the order in which they came.
pub(crate) fn canonical_sha256(frame: &DataFrame, columns: &[Column]) -> String {
    struct Hashing(Sha256);

    impl Write for Hashing {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.update(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let mut hashing = Hashing(Sha256::new());
    // A hasher takes everything.
    let _ = ndjson(frame, columns, &mut hashing);
    hashing.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One object a row, with every column in every row and in the order of the
/// query; columns of one name are all there.
fn ndjson(frame: &DataFrame, columns: &[Column], out: &mut dyn Write) -> io::Result<()> {
    let kinds = kinds(columns);
    let mut line = String::new();
    for row in 0..frame.height() {
        push_object(&mut line, frame, columns, &kinds, row);
        line.push('\n');
        out.write_all(line.as_bytes())?;
        line.clear();
    }
    Ok(())
}

/// The objects of [`ndjson`] in one array.
fn json(frame: &DataFrame, columns: &[Column], out: &mut dyn Write) -> io::Result<()> {
    let kinds = kinds(columns);
    let mut text = String::from("[");
    for row in 0..frame.height() {
        text.push_str(if row > 0 { ",\n" } else { "\n" });
        push_object(&mut text, frame, columns, &kinds, row);
        out.write_all(text.as_bytes())?;
        text.clear();
    }
    text.push_str(if frame.height() > 0 { "\n]\n" } else { "]\n" });
    out.write_all(text.as_bytes())
}

/// All rows as CSV, without secrets, for the report to keep beside a table that
/// is cut; nothing when they would take more than a megabyte.
pub(crate) fn attachment(frame: &DataFrame, columns: &[Column]) -> Option<String> {
    let mut out = Limited(Vec::new());
    csv(frame, columns, &mut out, true, redact).ok()?;
    String::from_utf8(out.0).ok()
}

struct Limited(Vec<u8>);

impl Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > 1_000_000 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What becomes of a value of the named column before it is written.
type Edit = for<'a> fn(&str, Cow<'a, str>) -> Cow<'a, str>;

/// RFC 4180 with a header line and LF. As in Athena's result files, NULL is an
/// empty field and the empty text is `""`.
///
/// A field that a spreadsheet would run as a formula (it starts with `=`, `+`,
/// `-`, `@`, TAB or CR and is not a number) gets a `'` before it: whoever chose
/// a user agent must not get to run formulas where the rows are opened
/// (CWE-1236). NDJSON holds the text as it was.
fn csv(
    frame: &DataFrame,
    columns: &[Column],
    out: &mut dyn Write,
    header: bool,
    edit: Edit,
) -> io::Result<()> {
    let kinds = kinds(columns);
    let mut line = String::new();
    if header {
        for (n, column) in columns.iter().enumerate() {
            push_field(&mut line, n, Some(&column.name), false);
        }
        line.push('\n');
    }
    for row in 0..frame.height() {
        for (n, column) in columns.iter().enumerate() {
            let value = cell(frame, n, row);
            let text = text(&value, &kinds[n]).map(|text| edit(&column.name, text));
            push_field(&mut line, n, text.as_deref(), Kind::is_number(&column.kind));
        }
        line.push('\n');
        out.write_all(line.as_bytes())?;
        line.clear();
    }
    out.write_all(line.as_bytes())
}

fn push_field(line: &mut String, n: usize, field: Option<&str>, number: bool) {
    if n > 0 {
        line.push(',');
    }
    let Some(field) = field else { return };
    let formula = !number && field.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let quote = field.is_empty() || field.contains(['"', ',', '\n', '\r', '\t']);
    if quote {
        line.push('"');
    }
    if formula {
        line.push('\'');
    }
    line.push_str(&field.replace('"', "\"\""));
    if quote {
        line.push('"');
    }
}

fn push_object(out: &mut String, frame: &DataFrame, columns: &[Column], kinds: &[Kind], row: usize) {
    out.push('{');
    for (n, column) in columns.iter().enumerate() {
        if n > 0 {
            out.push(',');
        }
        push_quoted(out, &column.name);
        out.push(':');
        push_json(out, &cell(frame, n, row), &kinds[n]);
    }
    out.push('}');
}

pub(super) fn kinds(columns: &[Column]) -> Vec<Kind> {
    columns.iter().map(|column| Kind::parse(&column.kind)).collect()
}

/// The value at a place that exists; NULL elsewhere.
pub(super) fn cell(frame: &DataFrame, column: usize, row: usize) -> AnyValue<'_> {
    frame.columns().get(column).and_then(|column| column.get(row).ok()).unwrap_or(AnyValue::Null)
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::prelude::df;
    use proptest::prelude::*;

    use crate::show::testing::hostile;

    fn sample() -> (DataFrame, Vec<Column>) {
        let frame = df!(
            "0" => ["ConsoleLogin", "=1+1", ""],
            "1" => [Some(-3i64), None, Some(7)],
            "2" => [Some("-7,\"x\"\n"), None, Some("plain")],
        )
        .unwrap();
        let columns = vec![
            Column::new("eventname", "varchar"),
            Column::new("_col1", "bigint"),
            Column::new("eventname", "varchar"),
        ];
        (frame, columns)
    }

    fn written(format: Format) -> String {
        let (frame, columns) = sample();
        let mut out = Vec::new();
        format.write(&frame, &columns, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn ndjson_has_every_column_even_of_one_name() {
        assert_eq!(
            written(Format::Ndjson),
            "{\"eventname\":\"ConsoleLogin\",\"_col1\":-3,\"eventname\":\"-7,\\\"x\\\"\\n\"}\n\
             {\"eventname\":\"=1+1\",\"_col1\":null,\"eventname\":null}\n\
             {\"eventname\":\"\",\"_col1\":7,\"eventname\":\"plain\"}\n"
        );
    }

    #[test]
    fn json_is_one_array() {
        let value: serde_json::Value = serde_json::from_str(&written(Format::Json)).unwrap();
        assert_eq!(value.as_array().map(Vec::len), Some(3));
        let mut out = Vec::new();
        json(&DataFrame::empty(), &[], &mut out).unwrap();
        assert_eq!(out, b"[]\n");
    }

    #[test]
    fn csv_tells_null_from_empty_and_runs_no_formula() {
        assert_eq!(
            written(Format::Csv),
            "eventname,_col1,eventname\nConsoleLogin,-3,\"'-7,\"\"x\"\"\n\"\n'=1+1,,\n\"\",7,plain\n"
        );
    }

    #[test]
    fn table_is_aligned() {
        assert_eq!(
            written(Format::Table),
            "3 rows × 3 columns\n\
             eventname    │  _col1 │ eventname\n\
             varchar      │ bigint │ varchar\n\
             ─────────────┼────────┼──────────\n\
             ConsoleLogin │     -3 │ -7,\"x\"\\n\n\
             =1+1         │   NULL │ NULL\n\
             \x20            │      7 │ plain\n"
        );
    }

    #[test]
    fn an_attachment_is_whole_or_not_there() {
        let frame = df!("0" => ["{\"sessionToken\":\"abc\"}"]).unwrap();
        let columns = [Column::new("responseelements", "varchar")];
        assert_eq!(
            attachment(&frame, &columns).as_deref(),
            Some("responseelements\n\"{\"\"sessionToken\"\":\"\"(redacted)\"\"}\"\n")
        );
        let frame = df!("0" => vec!["x".repeat(1000); 1000]).unwrap();
        assert_eq!(attachment(&frame, &columns), None);
    }

    #[test]
    fn the_hash_is_that_of_the_ndjson() {
        let (frame, columns) = sample();
        let hash: String =
            Sha256::digest(written(Format::Ndjson)).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(canonical_sha256(&frame, &columns), hash);
        assert_eq!(hash.len(), 64);
    }

    proptest! {
        #[test]
        fn no_field_starts_a_formula(value in hostile()) {
            let frame = df!("0" => [value.as_str()]).unwrap();
            let mut out = Vec::new();
            csv(&frame, &[Column::new("c", "varchar")], &mut out, true, |_, text| text).unwrap();
            let out = String::from_utf8(out).unwrap();
            let field = out.strip_prefix("c\n").unwrap().strip_suffix('\n').unwrap();
            let bare = field.strip_prefix('"').and_then(|field| field.strip_suffix('"')).unwrap_or(field);
            prop_assert!(!bare.starts_with(['=', '+', '-', '@', '\t', '\r']));
            let read = bare.replace("\"\"", "\"");
            prop_assert_eq!(read.strip_prefix('\'').filter(|_| !value.starts_with('\'')).unwrap_or(&read), value);
        }
    }
}
