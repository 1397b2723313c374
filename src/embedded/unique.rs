//! The first of the records that share an event id.

use std::{
    collections::HashSet,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

use super::{
    fields::Fields,
    json::{self, Kind, Span},
    record::Records,
};

/// The event ids seen so far. Objects take turns, so that it does not depend on
/// how many are read at once which record counts as the first.
#[derive(Debug, Default)]
pub(super) struct Unique {
    seen: Mutex<Seen>,
    passed: Condvar,
}

#[derive(Debug, Default)]
struct Seen {
    ids: HashSet<Id>,
    /// Whose turn it is.
    turn: usize,
    /// Some worker will never take its turn.
    abandoned: bool,
}

#[derive(Debug, PartialEq, Eq, Hash)]
enum Id {
    /// As CloudTrail writes them: half the memory.
    Uuid(u128),
    Other(Box<[u8]>),
}

impl Unique {
    /// Takes on to look through the object of a turn.
    pub(super) fn claim(&self, turn: usize) -> Claim<'_> {
        Claim { unique: self, turn }
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A turn that somebody will take. Dropped without being taken, as by an error, it lets
/// the others go on.
pub(super) struct Claim<'a> {
    unique: &'a Unique,
    turn: usize,
}

impl Claim<'_> {
    /// Which records of `text` repeat an id of an earlier record, in it or in the
    /// objects of earlier turns. Waits for those. Records without an id repeat nothing.
    pub(super) fn duplicates(self, text: &[u8]) -> Vec<bool> {
        let ids = ids(text);
        let mut seen = self.unique.lock();
        while seen.turn != self.turn && !seen.abandoned {
            seen = self.unique.passed.wait(seen).unwrap_or_else(PoisonError::into_inner);
        }
        let repeated = ids.into_iter().map(|id| id.is_some_and(|id| !seen.ids.insert(id))).collect();
        seen.turn += 1;
        drop(seen);
        self.unique.passed.notify_all();
        std::mem::forget(self);
        repeated
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.unique.lock().abandoned = true;
        self.unique.passed.notify_all();
    }
}

/// The event ids of all records, in their order.
fn ids(text: &[u8]) -> Vec<Option<Id>> {
    let mut fields = Fields::new();
    let slot = fields.want(&["eventid"]);
    let mut slots = vec![None; fields.len()];
    let mut records = Records::new(text);
    let mut ids = Vec::new();
    while let Some(open) = records.next() {
        if records.read(open, |cursor| fields.find(cursor, open, &mut slots)).is_some() {
            ids.push(slots[slot].and_then(|span| id(text, span)));
        }
    }
    ids
}

fn id(text: &[u8], span: Span) -> Option<Id> {
    let raw = match span.kind {
        Kind::Null => return None,
        Kind::Plain | Kind::Escaped => &text[span.start + 1..span.end - 1],
        Kind::Object | Kind::Array | Kind::Bare => &text[span.start..span.end],
    };
    Some(uuid(raw).map_or_else(|| Id::Other(json::unescape(raw).into()), Id::Uuid))
}

/// The number of a UUID in its usual spelling.
fn uuid(raw: &[u8]) -> Option<u128> {
    if raw.len() != 36 {
        return None;
    }
    let mut number = 0;
    for (at, &byte) in raw.iter().enumerate() {
        let digit = match byte {
            b'-' if matches!(at, 8 | 13 | 18 | 23) => continue,
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            _ => return None,
        };
        if matches!(at, 8 | 13 | 18 | 23) {
            return None;
        }
        number = number << 4 | u128::from(digit);
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(ids: &[&str]) -> String {
        let records: Vec<String> = ids.iter().map(|id| format!(r#"{{"eventID":{id}}}"#)).collect();
        format!(r#"{{"Records":[{}]}}"#, records.join(","))
    }

    #[test]
    fn the_first_in_order_is_kept_however_objects_are_read() {
        let uuid = r#""4a48a30a-6530-4901-aeda-f8005ae1c003""#;
        let objects = [
            text(&[uuid, r#""x""#, "null"]),
            text(&[r#""4A48A30A-6530-4901-AEDA-F8005AE1C003""#, uuid, "null"]),
            text(&[r#""\u0078""#, r#""x""#, "7", uuid]),
        ];
        let unique = Unique::default();
        let found = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..3)
                .rev()
                .map(|turn| {
                    let (unique, text) = (&unique, &objects[turn]);
                    scope.spawn(move || unique.claim(turn).duplicates(text.as_bytes()))
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        });
        assert_eq!(found[2], [false, false, false]);
        assert_eq!(found[1], [false, true, false]);
        assert_eq!(found[0], [true, true, false, true]);
    }

    #[test]
    fn nobody_waits_for_a_turn_that_is_never_taken() {
        let unique = Unique::default();
        drop(unique.claim(0));
        assert_eq!(unique.claim(1).duplicates(text(&[r#""x""#]).as_bytes()), [false]);
    }
}
