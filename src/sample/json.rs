//! JSON written straight into a buffer.

/// An object that is being written; it closes itself when dropped.
pub(super) struct Object<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
}

impl<'a> Object<'a> {
    pub(super) fn open(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Object { out, empty: true }
    }

    /// Writes a key, which needs no escapes, and gives the buffer for its value.
    pub(super) fn key(&mut self, key: &str) -> &mut Vec<u8> {
        if !self.empty {
            self.out.push(b',');
        }
        self.empty = false;
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.out
    }

    pub(super) fn text(&mut self, key: &str, value: &str) {
        string(self.key(key), value);
    }

    pub(super) fn flag(&mut self, key: &str, value: bool) {
        self.key(key).extend_from_slice(if value { b"true" } else { b"false" });
    }

    pub(super) fn object(&mut self, key: &str) -> Object<'_> {
        Object::open(self.key(key))
    }

    /// A string whose characters are written by `value`, escaped already.
    pub(super) fn quoted(&mut self, key: &str, value: impl FnOnce(&mut Vec<u8>)) {
        let out = self.key(key);
        out.push(b'"');
        value(out);
        out.push(b'"');
    }
}

impl Drop for Object<'_> {
    fn drop(&mut self) {
        self.out.push(b'}');
    }
}

pub(super) fn string(out: &mut Vec<u8>, value: &str) {
    out.push(b'"');
    escape(out, value);
    out.push(b'"');
}

/// The characters of a string, without its quotes.
pub(super) fn escape(out: &mut Vec<u8>, value: &str) {
    let mut plain = 0;
    for (at, byte) in value.bytes().enumerate() {
        let short = match byte {
            b'"' | b'\\' => byte,
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0..0x20 => 0,
            _ => continue,
        };
        out.extend_from_slice(&value.as_bytes()[plain..at]);
        plain = at + 1;
        match short {
            0 => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => out.extend_from_slice(&[b'\\', short]),
        }
    }
    out.extend_from_slice(&value.as_bytes()[plain..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_survives() {
        let every: String = (0..0x3000).filter_map(char::from_u32).chain(['\u{1f600}']).collect();
        let mut out = Vec::new();
        string(&mut out, &every);
        assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), every);
    }

    #[test]
    fn objects_nest_and_close() {
        let mut out = Vec::new();
        let mut outer = Object::open(&mut out);
        outer.text("a", "1\"");
        outer.object("b").flag("c", true);
        outer.object("d");
        outer.quoted("e", |out| escape(out, "\u{1}"));
        drop(outer);
        assert_eq!(String::from_utf8(out).unwrap(), r#"{"a":"1\"","b":{"c":true},"d":{},"e":"\u0001"}"#);
    }
}
