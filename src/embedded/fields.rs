//! Where in a record the wanted fields stand.

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
