//! The records of a log object, and where in each of them the wanted fields stand.

use super::json::{Cursor, Kind, Malformed, Span, unescape};

/// The fields wanted of each record: a tree of names, each with a numbered slot.
///
/// Names match whatever their case, as columns do. Of a key that is repeated
/// the last value counts.
#[derive(Debug)]
pub(super) struct Fields {
    /// The first is the record itself.
    objects: Vec<Members>,
    slots: usize,
}

/// The wanted members of one object.
#[derive(Debug)]
struct Members {
    /// By the lengths of their names: that tells most keys apart.
    members: Vec<Member>,
    /// Where the members with names of n bytes start.
    starts: [u8; LONGEST_NAME + 2],
}

/// No name of a column or a member is longer.
const LONGEST_NAME: usize = 28;

#[derive(Debug)]
struct Member {
    /// In lower case.
    name: &'static str,
    /// Its first and its last eight bytes.
    ends: [u64; 2],
    slot: usize,
    /// The members wanted of the value, if it is an object.
    object: Option<usize>,
}

/// Where the value of each slot stands in the text; `None` if the record has no such field.
pub(super) type Slots = [Option<Span>];

const RECORD: usize = 0;

impl Fields {
    pub(super) fn new() -> Self {
        Fields { objects: vec![Members::new()], slots: 0 }
    }

    /// Wants the field at `path` and gives its slot.
    pub(super) fn want(&mut self, path: &[&'static str]) -> usize {
        let mut object = RECORD;
        let mut slot = 0;
        for (depth, name) in path.iter().enumerate() {
            let members = &mut self.objects[object];
            let found = members.members.iter().position(|member| member.name == *name);
            let index = found.unwrap_or_else(|| {
                self.slots += 1;
                members.add(name, self.slots - 1)
            });
            slot = self.objects[object].members[index].slot;
            if depth + 1 < path.len() {
                let below = self.objects.len();
                let inner = *self.objects[object].members[index].object.get_or_insert(below);
                if inner == below {
                    self.objects.push(Members::new());
                }
                object = inner;
            }
        }
        slot
    }

    /// How many slots there are.
    pub(super) fn len(&self) -> usize {
        self.slots
    }

    /// Fills the slots from the record that opens at `at`, and gives its end.
    pub(super) fn find(
        &self,
        cursor: &mut Cursor<'_>,
        at: usize,
        slots: &mut Slots,
    ) -> Result<usize, Malformed> {
        slots.fill(None);
        if self.slots == 0 {
            return cursor.container(at);
        }
        if let [member] = &*self.objects[RECORD].members {
            let bookmark = cursor.clone();
            if let Some(end) = self.only(member, cursor, at, slots)? {
                return Ok(end);
            }
            *cursor = bookmark;
            slots.fill(None);
        }
        self.object(RECORD, cursor, at, slots)
    }

    /// Looks for one member only: goes from bracket to bracket, and to the strings that
    /// are as long as its name, where [`object`](Self::object) goes from key to key.
    /// `None` if escapes stand in the way.
    fn only(
        &self,
        member: &Member,
        cursor: &mut Cursor<'_>,
        open: usize,
        slots: &mut Slots,
    ) -> Result<Option<usize>, Malformed> {
        let mut at = open + 1;
        while let Some(mark) = cursor.landmark(at, member.name.len())? {
            at = match cursor.byte(mark) {
                b'{' | b'[' => cursor.container(mark)?,
                b'}' => return Ok(Some(mark + 1)),
                b']' => return Err(Malformed { at: mark }),
                b'"' if member.is_named(&cursor.text()[mark - member.name.len()..mark]) => {
                    let colon = cursor.skip_blanks(mark + 1);
                    match cursor.byte(colon) {
                        b':' => self.member(member, cursor, cursor.skip_blanks(colon + 1), slots)?,
                        _ => colon,
                    }
                }
                _ => mark + 1,
            };
        }
        Ok(None)
    }

    // Recurses as deep as the wanted names go, whatever the text holds.
    fn object(
        &self,
        object: usize,
        cursor: &mut Cursor<'_>,
        open: usize,
        slots: &mut Slots,
    ) -> Result<usize, Malformed> {
        let members = &self.objects[object];
        let mut keys = Keys::new(cursor, open);
        while let Some((key, at)) = keys.next(cursor)? {
            keys.at = match members.find(cursor.text(), key) {
                None => cursor.skip(at)?,
                Some(member) => self.member(member, cursor, at, slots)?,
            };
        }
        Ok(keys.at)
    }

    fn member(
        &self,
        member: &Member,
        cursor: &mut Cursor<'_>,
        at: usize,
        slots: &mut Slots,
    ) -> Result<usize, Malformed> {
        let span = match member.object {
            Some(object) => {
                if slots[member.slot].is_some() {
                    self.clear(object, slots);
                }
                match cursor.byte(at) {
                    b'{' => {
                        Span { start: at, end: self.object(object, cursor, at, slots)?, kind: Kind::Object }
                    }
                    _ => cursor.value(at)?,
                }
            }
            None => cursor.value(at)?,
        };
        slots[member.slot] = Some(span);
        Ok(span.end)
    }

    fn clear(&self, object: usize, slots: &mut Slots) {
        for member in &self.objects[object].members {
            slots[member.slot] = None;
            if let Some(inner) = member.object {
                self.clear(inner, slots);
            }
        }
    }
}

impl Members {
    fn new() -> Self {
        Members { members: Vec::new(), starts: [0; LONGEST_NAME + 2] }
    }

    fn add(&mut self, name: &'static str, slot: usize) -> usize {
        let index = self.members.partition_point(|member| member.name.len() <= name.len());
        self.members.insert(index, Member { name, ends: ends(name.as_bytes()), slot, object: None });
        for start in &mut self.starts[name.len() + 1..] {
            *start += 1;
        }
        index
    }

    #[inline(always)]
    fn find(&self, text: &[u8], key: Span) -> Option<&Member> {
        let raw = &text[key.start + 1..key.end - 1];
        if key.kind == Kind::Escaped {
            return self.named(&unescape(raw));
        }
        self.named(raw)
    }

    #[inline(always)]
    fn named(&self, key: &[u8]) -> Option<&Member> {
        let [start, end] = *self.starts.get(key.len()..)?.first_chunk()?;
        self.members.get(usize::from(start)..usize::from(end))?.iter().find(|member| member.is_named(key))
    }
}

impl Member {
    /// Whether `key`, which is as long as the name, is the name in whatever case.
    #[inline(always)]
    fn is_named(&self, key: &[u8]) -> bool {
        // Names are letters alone, so that these eight bytes are as good as a comparison.
        self.ends == ends(key) && (key.len() <= 16 || self.name.as_bytes().eq_ignore_ascii_case(key))
    }
}

/// Or-ed to bytes, makes letters lower case.
const LOWER: u64 = 0x2020_2020_2020_2020;

/// The first and the last eight bytes of a name, in lower case if they are letters.
#[inline(always)]
fn ends(name: &[u8]) -> [u64; 2] {
    match (name.first_chunk(), name.last_chunk()) {
        (Some(first), Some(last)) => [first, last].map(|bytes| u64::from_le_bytes(*bytes) | LOWER),
        _ => [0, name.iter().fold(0, |word, byte| word >> 8 | u64::from(byte | 0x20) << 56)],
    }
}

/// The keys of an object, one after the other; whoever takes a key says where its value ends.
pub(super) struct Keys {
    /// Where to go on: after the last key's value; in the end, after the object.
    pub(super) at: usize,
    first: bool,
}

impl Keys {
    /// The keys of the object that opens at `open`.
    #[inline(always)]
    pub(super) fn new(cursor: &Cursor<'_>, open: usize) -> Self {
        Keys { at: cursor.skip_blanks(open + 1), first: true }
    }

    /// The next key, and where its value starts.
    #[inline(always)]
    pub(super) fn next(&mut self, cursor: &mut Cursor<'_>) -> Result<Option<(Span, usize)>, Malformed> {
        // As CloudTrail writes it, nothing but a comma stands between a value and the next key.
        let dense = cursor.byte(self.at) == b',' && cursor.byte(self.at + 1) == b'"' && !self.first;
        let open = match dense {
            true => self.at + 1,
            false => match self.seek(cursor)? {
                Some(open) => open,
                None => return Ok(None),
            },
        };
        self.first = false;
        let key = cursor.string(open)?;
        let mut at = key.end;
        if cursor.byte(at) != b':' {
            at = cursor.skip_blanks(at);
            if cursor.byte(at) != b':' {
                return Err(Malformed { at });
            }
        }
        Ok(Some((key, cursor.skip_blanks(at + 1))))
    }

    /// Where the next key opens; `None` at the end of the object.
    #[cold]
    fn seek(&mut self, cursor: &Cursor<'_>) -> Result<Option<usize>, Malformed> {
        let mut at = cursor.skip_blanks(self.at);
        match cursor.byte(at) {
            b'}' => {
                self.at = at + 1;
                return Ok(None);
            }
            b',' if !self.first => at = cursor.skip_blanks(at + 1),
            _ if !self.first => return Err(Malformed { at }),
            _ => {}
        }
        match cursor.byte(at) {
            b'"' => Ok(Some(at)),
            _ => Err(Malformed { at }),
        }
    }
}

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
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The values at `paths` of every record, as they stand, and the damage.
    fn read(text: &[u8], paths: &[&[&'static str]]) -> (Vec<Vec<Option<String>>>, Option<Damage>) {
        let mut fields = Fields::new();
        let wanted: Vec<usize> = paths.iter().map(|path| fields.want(path)).collect();
        let mut slots = vec![None; fields.len()];
        let mut records = Records::new(text);
        let mut rows = Vec::new();
        while let Some(open) = records.next() {
            if records.read(open, |cursor| fields.find(cursor, open, &mut slots)).is_some() {
                let value = |span: Span| String::from_utf8_lossy(&text[span.start..span.end]).into_owned();
                rows.push(wanted.iter().map(|&slot| slots[slot].map(value)).collect());
            }
        }
        (rows, records.damage())
    }

    #[track_caller]
    fn check(text: &str, names: &[&str], damage: Option<Damage>) {
        let (rows, found) = read(text.as_bytes(), &[&["eventname"], &["eventtime"]]);
        let rows: Vec<&str> =
            rows.iter().map(|row| row[0].as_deref().map_or("-", |name| name.trim_matches('"'))).collect();
        assert_eq!((rows.as_slice(), found), (names, damage), "{text}");
    }

    #[test]
    fn envelopes_arrays_and_lines() {
        check(r#"{"Records":[]}"#, &[], None);
        check(r#"{"Records":[{"eventName":"a"},{"eventName":"b"}]}"#, &["a", "b"], None);
        check("\u{feff} { \"v\" : [ {} ] , \"Records\" : [\n{ \"eventName\" : \"a\" } ] }\n", &["a"], None);
        check(r#"{"\u0052ecords":[{"eventName":"a"}],"Records":[{}]}"#, &["a", "-"], None);
        check(r#"[{"eventName":"a"},{}]"#, &["a", "-"], None);
        check("{\"eventName\":\"a\"}\n{\"eventTime\":\"b\"}\n\n", &["a", "-"], None);
        check(r#"{"Records":[{"eventName":"a"}]}{"Records":[{"eventName":"b"}]}"#, &["a", "b"], None);
    }

    #[test]
    fn only_the_records_own_fields_count() {
        check(
            r#"{"Records":[{"x":{"eventName":"no","Records":[{"eventName":"no"}]},"eventName":"a"}]}"#,
            &["a"],
            None,
        );
        check(r#"{"Records":[{"x":"\"eventName\":\"no\"}],","eventName":"a"}]}"#, &["a"], None);
        check(r#"{"Records":[{"eventName":"no","EVENTNAME":"a"}]}"#, &["a"], None);
        check(r#"{"Records":[{"event\u004eame":"a"}]}"#, &["a"], None);
        check(r#"{"Records":[{"x":"eventName","eventName" : "a","y":"eventName"}]}"#, &["a"], None);
    }

    #[test]
    fn damage_is_told_and_the_rest_kept() {
        check("", &[], Some(Damage::Empty));
        check(" \n", &[], Some(Damage::Empty));
        check("<html>", &[], Some(Damage::NotJson { at: 0 }));
        check("17", &[], Some(Damage::NotJson { at: 0 }));
        check(r#"{"digestStartTime":"x"}"#, &[], Some(Damage::NoRecords));
        check(r#"{"Records":null}"#, &[], Some(Damage::NoRecords));
        check(r#"{"Records":[{"eventName":"a"},{"eventName":"b""#, &["a"], Some(Damage::Cut));
        check(r#"{"Records":[{"eventName":"a"},"#, &["a"], Some(Damage::Cut));
        check(r#"{"Records":[{"eventName":"a"}]"#, &["a"], Some(Damage::Cut));
        check(r#"{"Records":[{"eventName":"a"},{eventName:"b"}]}"#, &["a"], Some(Damage::NotJson { at: 31 }));
        check(r#"{"Records":[1,{"eventName":"a"},[{}]]}"#, &["a"], Some(Damage::NotARecord { at: 12 }));
        check(r#"{"Records":[{"eventName":"a"}]} tail"#, &["a"], Some(Damage::NotJson { at: 32 }));
        check(
            "{\"eventName\":\"a\"}\n{\"eventName\":\"b\nnonsense\n{\"eventName\":\"c\"}",
            &["a", "c"],
            Some(Damage::NotJson { at: 45 }),
        );
    }

    #[test]
    fn nested_fields_and_their_repetition() {
        let paths: &[&[&str]] = &[&["user", "session", "arn"], &["user", "arn"], &["user"], &["id"]];
        let (rows, _) = read(
            br#"[{"user":{"ARN":"a","session":{"arn":"b","x":{"arn":"no"}}},"id":1},
                {"user":{"arn":"a","session":{"arn":"b"}},"User":{"session":null}},
                {"user":"text","id":null}]"#,
            paths,
        );
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(rows[0][..2], [text("\"b\""), text("\"a\"")]);
        assert_eq!(rows[0][3], text("1"));
        assert_eq!(rows[1], [None, None, text(r#"{"session":null}"#), None]);
        assert_eq!(rows[2], [None, None, text("\"text\""), text("null")]);
    }

    fn record() -> impl Strategy<Value = serde_json::Value> {
        let value = prop_oneof![
            Just(serde_json::Value::Null),
            any::<i32>().prop_map(Into::into),
            r#"[ -~é\\"{}\[\]\n]{0,40}"#.prop_map(Into::into),
            "eventName|a|b|c".prop_map(Into::into),
        ];
        let object = prop::collection::hash_map("a|b|c|eventName|[\"{}]{0,3}", value.clone(), 0..6)
            .prop_map(|members| serde_json::Value::Object(members.into_iter().collect()));
        prop::collection::hash_map("a|b|c|eventName|[\"{}]{0,3}", prop_oneof![value, object], 0..8)
            .prop_map(|members| serde_json::Value::Object(members.into_iter().collect()))
    }

    proptest! {
        #[test]
        fn agrees_with_serde(records in prop::collection::vec(record(), 0..8), pretty in any::<bool>()) {
            let document = serde_json::json!({ "Records": records });
            let text = if pretty { format!("{document:#}") } else { document.to_string() };
            let paths: [&[&'static str]; 3] = [&["a"], &["b", "c"], &["eventname"]];
            let (rows, damage) = read(text.as_bytes(), &paths);
            prop_assert_eq!(damage, None);
            prop_assert_eq!(rows.len(), records.len());
            for (row, record) in rows.iter().zip(&records) {
                for (found, expected) in row.iter().zip([record.get("a"), record["b"].get("c"), record.get("eventName")]) {
                    let found = found.as_deref().map(|text| serde_json::from_str(text).unwrap());
                    prop_assert_eq!(found.as_ref(), expected);
                }
            }
            // A field looked for alone is found in another way.
            for (index, path) in paths.iter().enumerate() {
                let (alone, _) = read(text.as_bytes(), &[path]);
                let together: Vec<_> = rows.iter().map(|row| vec![row[index].clone()]).collect();
                prop_assert_eq!(alone, together);
            }
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            read(&bytes, &[&["a"], &["b", "c"]]);
            read(&bytes, &[&["a"]]);
        }

        #[test]
        fn no_damage_panics(records in prop::collection::vec(record(), 0..4), cut in 0usize..400, byte in any::<u8>()) {
            let mut text = serde_json::json!({ "Records": records }).to_string().into_bytes();
            let cut = cut % text.len();
            read(&text[..cut], &[&["a"], &["b", "c"]]);
            text[cut] = byte;
            read(&text, &[&["a"], &["b", "c"]]);
            read(&text, &[&["b", "c"]]);
        }
    }
}
