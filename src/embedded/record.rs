//! The records of a log object, whatever tool wrote it.

use super::{
    fields::Keys,
    json::{Cursor, Malformed, unescape},
};

/// The records of a text: `{"Records":[…]}` as CloudTrail writes it, a bare
/// array of records, or one record a line, as other tools export them.
pub(super) struct Records<'a> {
    cursor: Cursor<'a>,
    at: usize,
    place: Place<'a>,
    /// Whether records stand by themselves at the top level.
    lines: bool,
    seen: bool,
    damage: Option<Damage>,
}

enum Place<'a> {
    /// Between values at the top level.
    Top,
    /// In an object at the top level; `Records` were found in it or not yet.
    Envelope {
        keys: Keys,
        found: bool,
        bookmark: Box<(Cursor<'a>, usize)>,
    },
    /// In an array of records, inside an envelope if there is one.
    Array {
        envelope: Option<Keys>,
    },
    End,
}

/// Why some of a text gave no records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Damage {
    Empty,
    /// It is cut off.
    Cut,
    NotJson {
        at: usize,
    },
    NoRecords,
    /// An element of the array of records, or a line, is something else.
    NotARecord {
        at: usize,
    },
}

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Damage::Empty => write!(f, "empty"),
            Damage::Cut => write!(f, "JSON ends early"),
            Damage::NotJson { at } => write!(f, "not JSON at byte {at}"),
            Damage::NoRecords => write!(f, "no Records"),
            Damage::NotARecord { at } => write!(f, "something that is not a record at byte {at}"),
        }
    }
}

impl<'a> Records<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        let at = if text.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
        Records {
            cursor: Cursor::new(text, at),
            at,
            place: Place::Top,
            lines: false,
            seen: false,
            damage: None,
        }
    }

    /// The first damage met so far.
    pub(super) fn damage(&self) -> Option<Damage> {
        self.damage
    }

    /// Goes to the next record and gives where it opens; [`read`](Self::read) it next.
    pub(super) fn next(&mut self) -> Option<usize> {
        loop {
            match self.step() {
                Ok(Some(open)) => return Some(open),
                Ok(None) if matches!(self.place, Place::End) => return None,
                Ok(None) => {}
                Err(malformed) => self.recover(malformed, self.at),
            }
        }
    }

    /// Reads the record that opens at `open` with `reader`, which gives its end.
    ///
    /// `None` if it is malformed: the damage is noted.
    pub(super) fn read(
        &mut self,
        open: usize,
        reader: impl FnOnce(&mut Cursor<'a>) -> Result<usize, Malformed>,
    ) -> Option<usize> {
        match reader(&mut self.cursor) {
            Ok(end) => {
                self.at = end;
                Some(end)
            }
            Err(malformed) => {
                self.recover(malformed, open);
                None
            }
        }
    }

    /// Where the next record opens, if that is reached in this step.
    fn step(&mut self) -> Result<Option<usize>, Malformed> {
        match std::mem::replace(&mut self.place, Place::End) {
            Place::Top => self.top(),
            Place::Envelope { keys, found, bookmark } => self.envelope(keys, found, *bookmark),
            Place::Array { envelope } => self.array(envelope),
            Place::End => Ok(None),
        }
    }

    fn top(&mut self) -> Result<Option<usize>, Malformed> {
        self.at = self.cursor.skip_blanks(self.at);
        match self.cursor.byte(self.at) {
            b'{' => {
                self.place = Place::Envelope {
                    keys: Keys::new(&self.cursor, self.at),
                    found: false,
                    bookmark: Box::new((self.cursor.clone(), self.at)),
                };
            }
            b'[' => {
                self.at += 1;
                self.place = Place::Array { envelope: None };
            }
            _ if self.at >= self.cursor.text().len() => {
                if !self.seen {
                    self.note(Damage::Empty);
                }
                return Ok(None);
            }
            _ => return Err(Malformed { at: self.at }),
        }
        self.seen = true;
        Ok(None)
    }

    /// Goes through an object's keys to its `Records`. An object without them
    /// but with an event's fields is itself a record.
    fn envelope(
        &mut self,
        mut keys: Keys,
        found: bool,
        bookmark: (Cursor<'a>, usize),
    ) -> Result<Option<usize>, Malformed> {
        let mut event = false;
        while let Some((key, at)) = keys.next(&mut self.cursor)? {
            let name = unescape(&self.cursor.text()[key.start + 1..key.end - 1]);
            if *name == *b"Records" && self.cursor.byte(at) == b'[' {
                self.at = at + 1;
                self.place = Place::Array { envelope: Some(keys) };
                return Ok(None);
            }
            event |= EVENT_KEYS.iter().any(|key| key.as_bytes().eq_ignore_ascii_case(&name));
            keys.at = self.cursor.value(at)?.end;
        }
        self.at = keys.at;
        self.place = Place::Top;
        if event && !found {
            self.lines = true;
            (self.cursor, self.at) = bookmark;
            return Ok(Some(self.at));
        }
        if !found {
            self.note(Damage::NoRecords);
        }
        Ok(None)
    }

    #[inline(always)]
    fn array(&mut self, envelope: Option<Keys>) -> Result<Option<usize>, Malformed> {
        let mut at = self.cursor.skip_blanks(self.at);
        if self.cursor.byte(at) == b',' {
            at = self.cursor.skip_blanks(at + 1);
        }
        self.at = at;
        match self.cursor.byte(at) {
            b'{' => {
                self.place = Place::Array { envelope };
                return Ok(Some(at));
            }
            b']' => {
                self.at += 1;
                self.place = match envelope {
                    None => Place::Top,
                    Some(mut keys) => {
                        keys.at = self.at;
                        // What follows `Records` seldom matters, but it may be more of them.
                        let bookmark = Box::new((self.cursor.clone(), self.at));
                        Place::Envelope { keys, found: true, bookmark }
                    }
                };
            }
            _ => {
                self.at = self.cursor.value(at)?.end;
                self.note(Damage::NotARecord { at });
                self.place = Place::Array { envelope };
            }
        }
        Ok(None)
    }

    /// After malformed text: with one record a line the next line is as good as ever, else this is the end.
    fn recover(&mut self, malformed: Malformed, since: usize) {
        let text = self.cursor.text();
        self.note(if malformed.at >= text.len() {
            Damage::Cut
        } else {
            Damage::NotJson { at: malformed.at }
        });
        self.place = Place::End;
        if self.lines
            && let Some(end) = memchr::memchr(b'\n', &text[since.min(text.len())..])
        {
            self.at = since + end + 1;
            self.cursor = Cursor::new(text, self.at);
            self.place = Place::Top;
        }
    }

    fn note(&mut self, damage: Damage) {
        self.damage.get_or_insert(damage);
    }
}

/// Fields that every event has some of.
const EVENT_KEYS: [&str; 5] = ["eventVersion", "eventID", "eventTime", "eventName", "eventSource"];

/// Whether the text looks whole from its ends: an envelope of records that was
/// not cut off. Tells of an object whose records nobody needs whether it is
/// worth a closer look.
pub(super) fn looks_whole(text: &[u8]) -> bool {
    let trimmed = text.strip_suffix(b"\n").unwrap_or(text);
    trimmed.starts_with(br#"{"Records":["#) && trimmed.ends_with(b"]}")
}

#[cfg(test)]
mod tests;
