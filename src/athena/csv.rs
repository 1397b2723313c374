//! Athena's result file: every value in quotes, NULL an empty field without.

use std::{mem, str};

use memchr::{memchr, memchr_iter, memchr2, memrchr2};

use crate::{Error, Result};

/// Bytes of a piece that are looked at for the end of a record that began before it.
const STEP: usize = 1 << 12;

/// Reads records out of bytes that come in pieces.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// The beginning of a record whose end has not come yet.
    rest: Vec<u8>,
    fields: Vec<Field>,
    unquoted: String,
    records: u64,
}

/// Cuts bytes that come in pieces where records end, so that several threads can read them.
#[derive(Debug, Default)]
pub(super) struct Cutter {
    rest: Vec<u8>,
    in_quotes: bool,
}

impl Cutter {
    /// The records that end in this piece, in two parts: what was left of those before it, and so much of it.
    pub(super) fn cut(&mut self, mut piece: Vec<u8>) -> Option<[Vec<u8>; 2]> {
        // Whether a byte is inside a value is a matter of how many quotes are before it: one in a value is two.
        self.in_quotes ^= memchr_iter(b'"', &piece).count() % 2 == 1;
        let (mut inside, mut end) = (self.in_quotes, piece.len());
        while let Some(at) = memrchr2(b'"', b'\n', &piece[..end]) {
            if piece[at] == b'"' {
                inside = !inside;
            } else if !inside {
                let rest = piece.split_off(at + 1);
                return Some([mem::replace(&mut self.rest, rest), piece]);
            }
            end = at;
        }
        self.rest.append(&mut piece);
        None
    }

    /// What is left when all pieces have come.
    pub(super) fn finish(self) -> Vec<u8> {
        self.rest
    }
}

/// Where a field's text is; `None` for NULL.
#[derive(Clone, Copy, Debug)]
struct Field {
    start: usize,
    end: usize,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Null,
    Text,
    /// With quotes in it, each of them doubled.
    Doubled,
}

/// What takes the values: the number of the record, that of its field, and its text.
pub(super) trait Sink {
    /// # Errors
    ///
    /// They end the reading.
    fn value(&mut self, record: u64, field: usize, text: Option<&str>) -> Result<()>;

    /// A record is complete.
    ///
    /// # Errors
    ///
    /// They end the reading.
    fn end(&mut self, record: u64, fields: usize) -> Result<()>;
}

impl Reader {
    /// Takes the next piece.
    ///
    /// # Errors
    ///
    /// [`is_failed`](Error::is_failed): the file is not as Athena writes it; and the sink's.
    pub(super) fn push(&mut self, piece: &[u8], sink: &mut dyn Sink) -> Result<()> {
        let mut start = 0;
        // The record that began before ends somewhere in here, mostly near: the rest need not be copied.
        while !self.rest.is_empty() && start < piece.len() {
            let mut joined = mem::take(&mut self.rest);
            let more = joined.len().max(STEP).min(piece.len() - start);
            joined.extend_from_slice(&piece[start..start + more]);
            start += more;
            match self.records(&joined, false, sink)? {
                0 => self.rest = joined,
                read => start -= joined.len() - read,
            }
        }
        let read = self.records(&piece[start..], false, sink)?;
        self.rest.extend_from_slice(&piece[start + read..]);
        Ok(())
    }

    /// Takes what is left when all pieces have come.
    ///
    /// # Errors
    ///
    /// As [`push`](Reader::push); a record that does not end is one.
    pub(super) fn finish(mut self, sink: &mut dyn Sink) -> Result<()> {
        let rest = mem::take(&mut self.rest);
        match self.records(&rest, true, sink)? == rest.len() {
            true => Ok(()),
            false => Err(Error::failed("the result file ends inside a value").hint("run the query again")),
        }
    }

    /// Gives all complete records to the sink, and says how many bytes they are.
    fn records(&mut self, bytes: &[u8], is_last: bool, sink: &mut dyn Sink) -> Result<usize> {
        let mut read = 0;
        while read < bytes.len() {
            let Some(end) = self.record(bytes, read, is_last)? else { break };
            let record = str::from_utf8(&bytes[read..end]);
            let record = record.map_err(|_| Error::failed("the result file is not UTF-8"))?;
            for (index, field) in self.fields.iter().enumerate() {
                let text = &record[field.start - read..field.end - read];
                let text = match field.kind {
                    Kind::Null => None,
                    Kind::Text => Some(text),
                    Kind::Doubled => Some(undouble(text, &mut self.unquoted)),
                };
                sink.value(self.records, index, text)?;
            }
            sink.end(self.records, self.fields.len())?;
            self.records += 1;
            read = end;
        }
        Ok(read)
    }

    /// Finds the fields of the record at `start`, and where it ends; nothing if it does not yet.
    fn record(&mut self, bytes: &[u8], start: usize, is_last: bool) -> Result<Option<usize>> {
        self.fields.clear();
        let mut at = start;
        loop {
            let (field, end) = match bytes.get(at) {
                Some(b'"') => match quoted(bytes, at + 1) {
                    // A quote at the very end may be the first of two.
                    Some((field, end)) if end < bytes.len() || is_last => (field, end),
                    _ => return Ok(None),
                },
                _ => {
                    let length = memchr2(b',', b'\n', &bytes[at..]);
                    let end = match length {
                        Some(length) => at + length,
                        None if is_last => bytes.len(),
                        None => return Ok(None),
                    };
                    let text = bytes[at..end].strip_suffix(b"\r").unwrap_or(&bytes[at..end]);
                    let kind = if text.is_empty() { Kind::Null } else { Kind::Text };
                    (Field { start: at, end: at + text.len(), kind }, end)
                }
            };
            self.fields.push(field);
            match bytes.get(end) {
                Some(b',') => at = end + 1,
                Some(b'\n') => return Ok(Some(end + 1)),
                Some(b'\r') if bytes.get(end + 1) == Some(&b'\n') => return Ok(Some(end + 2)),
                Some(b'\r') if end + 1 == bytes.len() && !is_last => return Ok(None),
                None => return Ok(is_last.then_some(end)),
                Some(_) => {
                    let message = format!("record {} of the result file has a stray quote", self.records + 1);
                    return Err(Error::failed(message));
                }
            }
        }
    }
}

/// The text after an opening quote, and where what follows the closing one begins.
fn quoted(bytes: &[u8], start: usize) -> Option<(Field, usize)> {
    let (mut at, mut kind) = (start, Kind::Text);
    loop {
        let quote = at + memchr(b'"', &bytes[at..])?;
        if bytes.get(quote + 1) != Some(&b'"') {
            return Some((Field { start, end: quote, kind }, quote + 1));
        }
        kind = Kind::Doubled;
        at = quote + 2;
    }
}

fn undouble<'a>(text: &str, out: &'a mut String) -> &'a str {
    out.clear();
    let mut rest = text;
    while let Some(quote) = memchr(b'"', rest.as_bytes()) {
        out.push_str(&rest[..=quote]);
        rest = rest.get(quote + 2..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Default)]
    struct Rows {
        rows: Vec<Vec<Option<String>>>,
        open: Vec<Option<String>>,
    }

    impl Sink for Rows {
        fn value(&mut self, _: u64, _: usize, text: Option<&str>) -> Result<()> {
            self.open.push(text.map(str::to_owned));
            Ok(())
        }

        fn end(&mut self, _: u64, _: usize) -> Result<()> {
            self.rows.push(std::mem::take(&mut self.open));
            Ok(())
        }
    }

    fn read(text: &[u8], piece: usize) -> Result<Vec<Vec<Option<String>>>> {
        let (mut reader, mut rows) = (Reader::default(), Rows::default());
        for piece in text.chunks(piece) {
            reader.push(piece, &mut rows)?;
        }
        reader.finish(&mut rows)?;
        Ok(rows.rows)
    }

    #[track_caller]
    fn check(text: &str, expected: &[&[Option<&str>]]) {
        for piece in [1, 2, 3, 7, usize::MAX >> 1] {
            let rows = read(text.as_bytes(), piece.min(text.len().max(1))).unwrap();
            let rows: Vec<Vec<Option<&str>>> =
                rows.iter().map(|row| row.iter().map(Option::as_deref).collect()).collect();
            assert_eq!(rows, expected, "{text:?} in pieces of {piece}");
        }
    }

    #[test]
    fn null_is_not_the_empty_text() {
        check(
            "\"a\",\"b\"\n,\"\"\n\"\",\n",
            &[&[Some("a"), Some("b")], &[None, Some("")], &[Some(""), None]],
        );
    }

    #[test]
    fn quotes_commas_and_newlines_are_part_of_a_text() {
        check(
            "\"a\"\"b\",\"c,d\"\n\"e\nf\",\"\"\"\"\n",
            &[&[Some("a\"b"), Some("c,d")], &[Some("e\nf"), Some("\"")]],
        );
    }

    #[test]
    fn ends_of_lines() {
        check("\"a\",\r\n\"b\",x\r\n", &[&[Some("a"), None], &[Some("b"), Some("x")]]);
        check("\"a\"\n\"b\"", &[&[Some("a")], &[Some("b")]]);
        check("\"a\"\n\n", &[&[Some("a")], &[None]]);
        check("", &[]);
    }

    #[test]
    fn what_is_no_result_file() {
        assert!(read(b"\"a\" b\n", 100).unwrap_err().to_string().contains("stray quote"));
        assert!(read(b"\"a\n", 100).unwrap_err().to_string().contains("inside a value"));
        assert!(read(b"\"\xff\"\n", 100).unwrap_err().to_string().contains("UTF-8"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            rows in proptest::collection::vec(
                proptest::collection::vec(proptest::option::of("[a\",\n\r é]{0,6}"), 2), 0..6),
            piece in 1usize..9,
        ) {
            let mut text = String::new();
            for row in &rows {
                let fields: Vec<String> = row
                    .iter()
                    .map(|field| field.as_ref().map_or(String::new(), |f| format!("\"{}\"", f.replace('"', "\"\""))))
                    .collect();
                text.push_str(&fields.join(","));
                text.push('\n');
            }
            prop_assert_eq!(&read(text.as_bytes(), piece).unwrap(), &rows);
            let (mut cutter, mut cut) = (Cutter::default(), Vec::new());
            for piece in text.as_bytes().chunks(piece) {
                let Some(records) = cutter.cut(piece.to_vec()) else { continue };
                // Whole records: each of them can be read alone.
                cut.extend(read(&records.concat(), piece.len()).unwrap());
            }
            prop_assert!(cutter.finish().is_empty());
            prop_assert_eq!(cut, rows);
        }
    }
}
