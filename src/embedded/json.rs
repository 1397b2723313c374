//! JSON text walked by its structure, without building values.
//!
//! A [`Cursor`] classifies 64 bytes at a time with SIMD comparisons: where are
//! quotes that delimit strings, where are brackets that are not inside one.
//! Skipping a string or a whole container is then a matter of counting bits,
//! at several GB/s, without recursion and whatever the nesting depth.

use std::borrow::Cow;

use wide::u8x16;

/// Bytes classified at a time: as many as a mask has bits.
const BLOCK: usize = 64;

/// A position in JSON text that moves forward only.
///
/// A copy of a cursor is a bookmark to come back to.
#[derive(Clone)]
pub(super) struct Cursor<'a> {
    text: &'a [u8],
    /// Where the classified block starts; positions before it are gone.
    base: usize,
    /// Quotes that open or close a string.
    quotes: u64,
    /// Those of the block before.
    quotes_before: u64,
    /// Brackets outside strings; in malformed text also a few other bytes.
    brackets: u64,
    backslashes: u64,
    /// All ones if the block ends inside a string.
    in_string: u64,
    /// One if the block's last byte escapes the next block's first.
    escape_carry: u64,
}

/// Text that is not JSON, as far as it was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed {
    /// Offset of the byte at which it was noticed.
    pub(super) at: usize,
}

/// A JSON value as it stands in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) kind: Kind,
}

/// What a value is, as far as its reader needs to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A string that stands for itself between its quotes.
    Plain,
    /// A string with escapes.
    Escaped,
    Object,
    Array,
    Null,
    /// A number or a boolean.
    Bare,
}

impl<'a> Cursor<'a> {
    /// A cursor at `at`, which must lie outside any string.
    pub(super) fn new(text: &'a [u8], at: usize) -> Self {
        let mut cursor = Cursor {
            text,
            base: at,
            quotes: 0,
            quotes_before: 0,
            brackets: 0,
            backslashes: 0,
            in_string: 0,
            escape_carry: 0,
        };
        cursor.classify();
        cursor
    }

    pub(super) fn text(&self) -> &'a [u8] {
        self.text
    }

    /// The byte at `at`; 0, which no JSON has outside a string, at the end.
    #[inline(always)]
    pub(super) fn byte(&self, at: usize) -> u8 {
        self.text.get(at).copied().unwrap_or(0)
    }

    /// The first position at or after `at` that is not insignificant white space.
    #[inline(always)]
    pub(super) fn skip_blanks(&self, mut at: usize) -> usize {
        while is_blank(self.byte(at)) {
            at += 1;
        }
        at
    }

    /// Skips the string whose opening quote is at `at`.
    #[inline(always)]
    pub(super) fn string(&mut self, at: usize) -> Result<Span, Malformed> {
        let from = at + 1;
        self.seek(from);
        let mut ahead = !0 << (from - self.base);
        let mut escapes = 0;
        loop {
            let quotes = self.quotes & ahead;
            if quotes != 0 {
                let before = (quotes & quotes.wrapping_neg()) - 1;
                escapes |= self.backslashes & ahead & before;
                let end = self.base + quotes.trailing_zeros() as usize + 1;
                let kind = if escapes == 0 { Kind::Plain } else { Kind::Escaped };
                return Ok(Span { start: at, end, kind });
            }
            escapes |= self.backslashes & ahead;
            self.advance()?;
            ahead = !0;
        }
    }

    /// Skips the object or array whose opening bracket is at `at`.
    ///
    /// Whether brackets match in kind is not looked at.
    #[inline(always)]
    pub(super) fn container(&mut self, at: usize) -> Result<usize, Malformed> {
        self.seek(at);
        let mut depth = 0usize;
        let mut brackets = self.brackets & (!0 << (at - self.base));
        loop {
            while brackets != 0 {
                let here = self.base + brackets.trailing_zeros() as usize;
                // `{ [` have bit 1 set and bit 2 clear, `} ]` the reverse, `Y y _ DEL` both or neither:
                // no branch that depends on the kind, which nothing could predict.
                let byte = usize::from(self.byte(here));
                depth = depth.wrapping_add(byte >> 1 & 1).wrapping_sub(byte >> 2 & 1);
                if depth == 0 {
                    return Ok(here + 1);
                }
                brackets &= brackets - 1;
            }
            self.advance()?;
            brackets = self.brackets;
        }
    }

    /// The first bracket outside strings, or quote that may end a string of `length` bytes,
    /// 60 at most, at or after `at`. `None` if escapes stand before it, which change lengths.
    #[inline(always)]
    pub(super) fn landmark(&mut self, at: usize, length: usize) -> Result<Option<usize>, Malformed> {
        self.seek(at);
        let mut ahead = !0 << (at - self.base);
        let back = length + 1;
        loop {
            let opened = self.quotes << back | self.quotes_before >> (BLOCK - back);
            let marks = (self.brackets | self.quotes & opened) & ahead;
            let before = (marks & marks.wrapping_neg()).wrapping_sub(1);
            if self.backslashes & ahead & before != 0 {
                return Ok(None);
            }
            if marks != 0 {
                return Ok(Some(self.base + marks.trailing_zeros() as usize));
            }
            self.advance()?;
            ahead = !0;
        }
    }

    /// Skips the value that starts at `at`.
    #[inline(always)]
    pub(super) fn value(&mut self, at: usize) -> Result<Span, Malformed> {
        let first = self.byte(at);
        if first == b'"' {
            self.string(at)
        } else if first == b'{' || first == b'[' {
            let kind = if first == b'{' { Kind::Object } else { Kind::Array };
            Ok(Span { start: at, end: self.container(at)?, kind })
        } else {
            self.bare(at)
        }
    }

    /// Skips the value that starts at `at`, and gives its end only.
    #[inline(always)]
    pub(super) fn skip(&mut self, at: usize) -> Result<usize, Malformed> {
        let first = self.byte(at);
        if first == b'"' {
            let from = at + 1;
            self.seek(from);
            let mut quotes = self.quotes & (!0 << (from - self.base));
            while quotes == 0 {
                self.advance()?;
                quotes = self.quotes;
            }
            Ok(self.base + quotes.trailing_zeros() as usize + 1)
        } else if first == b'{' || first == b'[' {
            self.container(at)
        } else {
            Ok(self.bare(at)?.end)
        }
    }

    #[inline(always)]
    fn bare(&self, at: usize) -> Result<Span, Malformed> {
        let mut end = at;
        while let b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'+' | b'-' | b'.' = self.byte(end) {
            end += 1;
        }
        let kind = match self.text.get(at..end) {
            Some(b"null") => Kind::Null,
            Some(b"true" | b"false" | [b'-' | b'0'..=b'9', ..]) => Kind::Bare,
            _ => {
                return Err(Malformed { at: at.min(self.text.len()) });
            }
        };
        Ok(Span { start: at, end, kind })
    }

    #[inline(always)]
    fn seek(&mut self, at: usize) {
        while at >= self.base + BLOCK {
            self.base += BLOCK;
            self.classify();
        }
    }

    #[inline(always)]
    fn advance(&mut self) -> Result<(), Malformed> {
        if self.base + BLOCK >= self.text.len() {
            return Err(Malformed { at: self.text.len() });
        }
        self.base += BLOCK;
        self.classify();
        Ok(())
    }

    #[inline(always)]
    fn classify(&mut self) {
        let rest = self.text.get(self.base..).unwrap_or_default();
        match rest.first_chunk() {
            Some(block) => self.classify_block(block),
            None => {
                let mut block = [b' '; BLOCK];
                block[..rest.len()].copy_from_slice(rest);
                self.classify_block(&block);
            }
        }
    }

    #[inline(always)]
    fn classify_block(&mut self, block: &[u8; BLOCK]) {
        let lanes @ [a, b, c, d] = lanes(block);
        let backslash = u8x16::splat(b'\\');
        // Most blocks have none: one test for all four lanes.
        let some =
            (a.simd_eq(backslash) | b.simd_eq(backslash)) | (c.simd_eq(backslash) | d.simd_eq(backslash));
        let mut quotes = mask(lanes, |lane| lane.simd_eq(u8x16::splat(b'"')));
        self.backslashes = 0;
        if some.to_bitmask() != 0 || self.escape_carry != 0 {
            self.backslashes = mask(lanes, |lane| lane.simd_eq(backslash));
            quotes &= !self.escaped();
        }
        let inside = prefix_xor(quotes) ^ self.in_string;
        // One comparison for `[ ] { }`. It lets `Y y _ DEL` pass as well, which
        // JSON has only inside strings.
        let brackets = mask(lanes, |lane| (lane | u8x16::splat(0x26)).simd_eq(u8x16::splat(0x7f)));
        self.quotes_before = std::mem::replace(&mut self.quotes, quotes);
        self.brackets = brackets & !inside;
        self.in_string = ((inside as i64) >> 63) as u64;
    }

    /// Which bytes of the block are escaped by a backslash: those after an odd run of them.
    ///
    /// The subtraction carries through each run, as in simdjson.
    #[inline(always)]
    fn escaped(&mut self) -> u64 {
        const ODD: u64 = 0xAAAA_AAAA_AAAA_AAAA;
        let starts = self.backslashes & !self.escape_carry;
        let codes = ((starts << 1) | ODD).wrapping_sub(starts) ^ ODD;
        let escaped = codes ^ (self.backslashes | self.escape_carry);
        self.escape_carry = (codes & self.backslashes) >> 63;
        escaped
    }
}

#[inline(always)]
fn lanes(block: &[u8; BLOCK]) -> [u8x16; 4] {
    let (chunks, _) = block.as_chunks::<16>();
    std::array::from_fn(|i| u8x16::new(chunks[i]))
}

#[inline(always)]
fn mask(lanes: [u8x16; 4], matches: impl Fn(u8x16) -> u8x16) -> u64 {
    let [a, b, c, d] = lanes.map(|lane| u64::from(matches(lane).to_bitmask() as u16));
    a | b << 16 | c << 32 | d << 48
}

/// Every bit becomes the parity of itself and the bits below it.
#[inline(always)]
fn prefix_xor(mut bits: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << shift;
    }
    bits
}

#[inline(always)]
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

/// The text that a string stands for, given what is between its quotes.
///
/// Half a surrogate pair becomes U+FFFD, an escape that JSON does not have its second character.
pub(super) fn unescape(raw: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\\', raw).is_none() {
        return Cow::Borrowed(raw);
    }
    let mut text = Vec::with_capacity(raw.len());
    unescape_into(raw, &mut text);
    Cow::Owned(text)
}

/// Appends what [`unescape`] gives.
pub(super) fn unescape_into(mut raw: &[u8], text: &mut Vec<u8>) {
    while let Some(at) = memchr::memchr(b'\\', raw) {
        text.extend_from_slice(&raw[..at]);
        let Some(&code) = raw.get(at + 1) else {
            return;
        };
        raw = &raw[at + 2..];
        match code {
            b'n' => text.push(b'\n'),
            b't' => text.push(b'\t'),
            b'r' => text.push(b'\r'),
            b'b' => text.push(8),
            b'f' => text.push(12),
            b'u' => {
                let (character, rest) = unicode_escape(raw);
                raw = rest;
                text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            other => text.push(other),
        }
    }
    text.extend_from_slice(raw);
}

/// Decodes what follows `\u`, with the second half of a surrogate pair if there is one.
fn unicode_escape(raw: &[u8]) -> (char, &[u8]) {
    let Some((first, rest)) = hex4(raw) else {
        return (char::REPLACEMENT_CHARACTER, raw);
    };
    if let 0xD800..0xDC00 = first
        && let Some(low) = rest.strip_prefix(br"\u")
        && let Some((second @ 0xDC00..0xE000, rest)) = hex4(low)
    {
        let code = 0x10000 + ((first - 0xD800) << 10 | (second - 0xDC00));
        return (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), rest);
    }
    (char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER), rest)
}

/// The number that four hexadecimal digits give, and what follows them.
pub(super) fn hex4(raw: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, rest) = raw.split_first_chunk::<4>()?;
    let mut code = 0;
    for &digit in digits {
        code = code << 4 | char::from(digit).to_digit(16)?;
    }
    Some((code, rest))
}

/// Appends the text of an object or array without its insignificant white space.
pub(super) fn compact_into(raw: &[u8], text: &mut Vec<u8>) {
    // No early exit: the loop is one comparison for many bytes.
    if !raw.iter().fold(false, |blank, byte| blank | (*byte <= b' ')) {
        return text.extend_from_slice(raw);
    }
    let mut copied = 0;
    let mut at = 0;
    while at < raw.len() {
        match raw[at] {
            b'"' => at = string_end(raw, at),
            byte if is_blank(byte) => {
                text.extend_from_slice(&raw[copied..at]);
                at += 1;
                copied = at;
            }
            _ => at += 1,
        }
    }
    text.extend_from_slice(&raw[copied..]);
}

fn string_end(raw: &[u8], quote: usize) -> usize {
    let mut at = quote + 1;
    while let Some(found) = memchr::memchr2(b'"', b'\\', &raw[at..]) {
        at += found;
        if raw[at] == b'"' {
            return at + 1;
        }
        at = (at + 2).min(raw.len());
    }
    raw.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check_value(text: &str, start: usize, expected: &str, kind: Kind) {
        let span = Cursor::new(text.as_bytes(), 0).value(start).unwrap();
        assert_eq!((&text[start..span.end], span.kind), (expected, kind));
    }

    #[test]
    fn values_end_where_they_end() {
        check_value(r#""ab",1"#, 0, r#""ab""#, Kind::Plain);
        check_value(r#""a\"b",1"#, 0, r#""a\"b""#, Kind::Escaped);
        check_value(r#""a\\",1"#, 0, r#""a\\""#, Kind::Escaped);
        check_value(r#"{"}":"]{"},1"#, 0, r#"{"}":"]{"}"#, Kind::Object);
        check_value("[1,[2],{}] ", 0, "[1,[2],{}]", Kind::Array);
        check_value("-1.50e+3}", 0, "-1.50e+3", Kind::Bare);
        check_value("null,", 0, "null", Kind::Null);
        check_value(r#"  ,"x""#, 3, r#""x""#, Kind::Plain);
    }

    #[test]
    fn what_does_not_end_is_malformed() {
        for text in ["\"abc", "{\"a\":{}", "[[]", "", ",", "{\"a\":\"}"] {
            assert!(Cursor::new(text.as_bytes(), 0).value(0).is_err(), "{text}");
        }
    }

    #[test]
    fn depth_takes_no_stack() {
        let text = format!("{}{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
        assert_eq!(Cursor::new(text.as_bytes(), 0).container(0), Ok(text.len()));
    }

    #[test]
    fn strings_are_decoded() {
        for (raw, expected) in [
            (r"a\u0041\n\t\/\\\u00e9", "aA\n\t/\\é"),
            (r"\ud83d\ude00", "😀"),
            (r"\ud83d x", "\u{fffd} x"),
            (r"\ude00", "\u{fffd}"),
            (r"\ud83d\u0041", "\u{fffd}A"),
            (r"\u12", "\u{fffd}12"),
            (r"\q", "q"),
        ] {
            assert_eq!(unescape(raw.as_bytes()), expected.as_bytes(), "{raw}");
        }
    }

    #[test]
    fn only_insignificant_white_space_goes() {
        let mut text = Vec::new();
        compact_into(b" { \"a b\" :\n[ 1 ,\t\"\\\" \" ] }\r\n", &mut text);
        assert_eq!(text, br#"{"a b":[1,"\" "]}"#);
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            r#"[ -~é\\"{}\[\]\n]{0,80}"#.prop_map(Into::into),
        ];
        leaf.prop_recursive(6, 60, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
                prop::collection::vec((r#"[a-c\\"{}]{0,3}"#, inner), 0..6)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn agrees_with_serde(value in json(), pretty in any::<bool>(), lead in 0usize..130) {
            let body = if pretty { format!("{value:#}") } else { value.to_string() };
            let text = format!("{}{body} ,\"{{[", " ".repeat(lead));
            let span = Cursor::new(text.as_bytes(), 0).value(lead).unwrap();
            prop_assert_eq!(&text[lead..span.end], &body);
            let raw = body.as_bytes();
            match &value {
                serde_json::Value::String(expected) => {
                    prop_assert_eq!(&*unescape(&raw[1..raw.len() - 1]), expected.as_bytes());
                }
                serde_json::Value::Object(_) | serde_json::Value::Array(_) => {
                    let mut compact = Vec::new();
                    compact_into(raw, &mut compact);
                    prop_assert_eq!(String::from_utf8(compact).unwrap(), value.to_string());
                }
                _ => {}
            }
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), at in 0usize..400) {
            let _ = Cursor::new(&bytes, 0).value(at);
            let _ = Cursor::new(&bytes, at).value(at);
            unescape(&bytes);
            compact_into(&bytes, &mut Vec::new());
        }

        #[test]
        fn no_near_json_panics(text in r#"[\[\]{}",:\\u0-9a-f \n]{0,200}"#, at in 0usize..200) {
            let _ = Cursor::new(text.as_bytes(), 0).value(at);
            unescape(text.as_bytes());
            compact_into(text.as_bytes(), &mut Vec::new());
        }
    }
}
