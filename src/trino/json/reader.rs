//! Reads JSON token by token, and no further than asked.

use std::borrow::Cow;

/// The text is no JSON, as far as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// The arrays and objects that are open, a bit each: 1 for an object.
#[derive(Clone, Debug, Default)]
struct Open {
    bits: [u64; 16],
    depth: usize,
}

/// How deep arrays and objects may nest, as in Trino.
const MAX_DEPTH: usize = 1_000;

impl Open {
    fn push(&mut self, is_object: bool) -> Result<(), Malformed> {
        if self.depth == MAX_DEPTH {
            return Err(Malformed);
        }
        let bit = 1 << (self.depth % 64);
        let word = &mut self.bits[self.depth / 64];
        *word = if is_object { *word | bit } else { *word & !bit };
        self.depth += 1;
        Ok(())
    }

    fn pop(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Whether the innermost is an object.
    fn last(&self) -> Option<bool> {
        let last = self.depth.checked_sub(1)?;
        Some(self.bits[last / 64] >> (last % 64) & 1 == 1)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token<'j> {
    BeginObject,
    EndObject,
    BeginArray,
    EndArray,
    Key(Quoted<'j>),
    String(Quoted<'j>),
    Number(&'j str),
    Bool(bool),
    Null,
    /// After the one value that a text is.
    End,
}

/// A string between its quotes, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quoted<'j> {
    pub(crate) raw: &'j str,
    has_escapes: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A value must come.
    Value,
    /// A first key or the end of the object.
    FirstKey,
    /// A first element or the end of the array.
    FirstElement,
    /// A comma, the end of what is open, or of the text.
    After,
}

/// Reads token by token, and checks the grammar on the way.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'j> {
    text: &'j str,
    at: usize,
    state: State,
    open: Open,
}

impl<'j> Reader<'j> {
    pub(crate) fn new(text: &'j str) -> Self {
        Reader { text, at: 0, state: State::Value, open: Open::default() }
    }

    /// Where the next token begins, or white space before it.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(self.at) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    /// The next token.
    ///
    /// # Errors
    ///
    /// There is none.
    pub(crate) fn next(&mut self) -> Result<Token<'j>, Malformed> {
        let byte = self.peek();
        match (self.state, byte) {
            (State::Value, Some(byte)) => self.value(byte),
            (State::FirstElement, Some(b']')) => self.close(false),
            (State::FirstElement, Some(byte)) => self.value(byte),
            (State::FirstKey, Some(b'}')) => self.close(true),
            (State::FirstKey, Some(b'"')) => self.key(),
            (State::After, byte) => match (self.open.last(), byte) {
                (None, None) => Ok(Token::End),
                (Some(true), Some(b'}')) => self.close(true),
                (Some(false), Some(b']')) => self.close(false),
                (Some(true), Some(b',')) => {
                    self.at += 1;
                    match self.peek() {
                        Some(b'"') => self.key(),
                        _ => Err(Malformed),
                    }
                }
                (Some(false), Some(b',')) => {
                    self.at += 1;
                    let byte = self.peek().ok_or(Malformed)?;
                    self.value(byte)
                }
                _ => Err(Malformed),
            },
            _ => Err(Malformed),
        }
    }

    fn close(&mut self, is_object: bool) -> Result<Token<'j>, Malformed> {
        self.at += 1;
        self.open.pop();
        self.state = State::After;
        Ok(if is_object { Token::EndObject } else { Token::EndArray })
    }

    fn open(&mut self, is_object: bool) -> Result<(), Malformed> {
        self.at += 1;
        self.open.push(is_object)
    }

    fn key(&mut self) -> Result<Token<'j>, Malformed> {
        let key = self.quoted()?;
        if self.peek() != Some(b':') {
            return Err(Malformed);
        }
        self.at += 1;
        self.state = State::Value;
        Ok(Token::Key(key))
    }

    fn value(&mut self, first: u8) -> Result<Token<'j>, Malformed> {
        let token = match first {
            b'{' => {
                self.open(true)?;
                self.state = State::FirstKey;
                return Ok(Token::BeginObject);
            }
            b'[' => {
                self.open(false)?;
                self.state = State::FirstElement;
                return Ok(Token::BeginArray);
            }
            b'"' => Token::String(self.quoted()?),
            b't' => self.word("true", Token::Bool(true))?,
            b'f' => self.word("false", Token::Bool(false))?,
            b'n' => self.word("null", Token::Null)?,
            b'-' | b'0'..=b'9' => self.number()?,
            _ => return Err(Malformed),
        };
        self.state = State::After;
        Ok(token)
    }

    fn word(&mut self, word: &str, token: Token<'j>) -> Result<Token<'j>, Malformed> {
        let rest = self.text[self.at..].strip_prefix(word).ok_or(Malformed)?;
        if rest.starts_with(|c: char| c.is_alphanumeric()) {
            return Err(Malformed);
        }
        self.at += word.len();
        Ok(token)
    }

    fn digits(&mut self) -> Result<(), Malformed> {
        let bytes = &self.text.as_bytes()[self.at..];
        let count = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
        self.at += count;
        if count == 0 { Err(Malformed) } else { Ok(()) }
    }

    fn number(&mut self) -> Result<Token<'j>, Malformed> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        if bytes[start] == b'-' {
            self.at += 1;
        }
        let first = self.at;
        self.digits()?;
        if bytes[first] == b'0' && self.at > first + 1 {
            return Err(Malformed);
        }
        if bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = bytes.get(self.at) {
            self.at += 1;
            if let Some(b'+' | b'-') = bytes.get(self.at) {
                self.at += 1;
            }
            self.digits()?;
        }
        match bytes.get(self.at) {
            None | Some(b' ' | b'\n' | b'\r' | b'\t' | b',' | b']' | b'}') => {
                Ok(Token::Number(&self.text[start..self.at]))
            }
            _ => Err(Malformed),
        }
    }

    #[inline]
    fn quoted(&mut self) -> Result<Quoted<'j>, Malformed> {
        let bytes = self.text.as_bytes();
        let start = self.at + 1;
        let mut at = start;
        let mut has_escapes = false;
        loop {
            at = next_special(bytes, at);
            match bytes.get(at).copied() {
                Some(b'"') => break,
                Some(b'\\') => {
                    has_escapes = true;
                    at += match bytes.get(at + 1) {
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
                        Some(b'u') if hex4(bytes, at + 2).is_some() => 6,
                        _ => return Err(Malformed),
                    };
                }
                _ => return Err(Malformed),
            }
        }
        self.at = at + 1;
        Ok(Quoted { raw: &self.text[start..at], has_escapes })
    }

    /// Reads on past the value that comes next.
    ///
    /// # Errors
    ///
    /// The text is malformed before its end.
    pub(crate) fn skip(&mut self) -> Result<(), Malformed> {
        let token = self.next()?;
        self.skip_rest(token)
    }

    /// Reads on past the value that began with a token.
    ///
    /// # Errors
    ///
    /// The text is malformed before its end.
    pub(crate) fn skip_rest(&mut self, token: Token<'j>) -> Result<(), Malformed> {
        if matches!(token, Token::BeginObject | Token::BeginArray) {
            self.skip_open()?;
            self.state = State::After;
        }
        Ok(())
    }

    /// Reads past the end of what is open: the same grammar as that of `next`,
    /// without the tokens, as most of a text is passed over.
    fn skip_open(&mut self) -> Result<(), Malformed> {
        let depth = self.open.depth;
        let mut is_first = true;
        while self.open.depth >= depth {
            let is_object = self.open.last() == Some(true);
            let mut byte = self.peek().ok_or(Malformed)?;
            if byte == if is_object { b'}' } else { b']' } {
                self.at += 1;
                self.open.pop();
                is_first = false;
                continue;
            }
            if !is_first {
                if byte != b',' {
                    return Err(Malformed);
                }
                self.at += 1;
                byte = self.peek().ok_or(Malformed)?;
            }
            is_first = false;
            if is_object {
                if byte != b'"' {
                    return Err(Malformed);
                }
                self.key()?;
                byte = self.peek().ok_or(Malformed)?;
            }
            match byte {
                b'"' => {
                    self.quoted()?;
                }
                b'{' | b'[' => {
                    self.open(byte == b'{')?;
                    is_first = true;
                }
                byte => {
                    self.value(byte)?;
                }
            }
        }
        Ok(())
    }

    /// Whether nothing but white space follows the value that was read.
    pub(crate) fn is_at_end(&mut self) -> bool {
        self.open.depth == 0 && self.peek().is_none()
    }

    pub(crate) fn text_from(&self, start: usize) -> &'j str {
        &self.text[start..self.at]
    }
}

/// Where the next quote, backslash or control character is, or the end: eight bytes at a time.
fn next_special(bytes: &[u8], from: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let has_zero = |word: u64| word.wrapping_sub(ONES) & !word;
    let mut at = from;
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*chunk);
        let quotes = has_zero(word ^ (ONES * b'"' as u64));
        let escapes = has_zero(word ^ (ONES * b'\\' as u64));
        let controls = word.wrapping_sub(ONES * 0x20) & !word;
        let found = (quotes | escapes | controls) & HIGH;
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or(&[]);
    at + rest.iter().position(|b| matches!(b, b'"' | b'\\' | 0..=0x1F)).unwrap_or(rest.len())
}

/// The code unit of four hexadecimal digits.
fn hex4(bytes: &[u8], at: usize) -> Option<u16> {
    let digits = bytes.get(at..at + 4)?;
    digits.iter().try_fold(0, |unit, digit| Some(unit << 4 | (*digit as char).to_digit(16)? as u16))
}

impl<'j> Quoted<'j> {
    /// The text that is meant. Half a surrogate pair becomes U+FFFD.
    pub(crate) fn text(self) -> Cow<'j, str> {
        if !self.has_escapes {
            return Cow::Borrowed(self.raw);
        }
        let bytes = self.raw.as_bytes();
        let mut text = String::with_capacity(self.raw.len());
        let mut at = 0;
        while let Some(escape) = memchr::memchr(b'\\', &bytes[at..]) {
            text.push_str(&self.raw[at..at + escape]);
            at += escape + 2;
            match bytes.get(at - 1) {
                Some(b'b') => text.push('\u{8}'),
                Some(b'f') => text.push('\u{c}'),
                Some(b'n') => text.push('\n'),
                Some(b'r') => text.push('\r'),
                Some(b't') => text.push('\t'),
                Some(b'u') => {
                    let unit = hex4(bytes, at).unwrap_or(0xFFFD);
                    at += 4;
                    let low = match (unit, bytes.get(at..at + 2)) {
                        (0xD800..=0xDBFF, Some(b"\\u")) => hex4(bytes, at + 2),
                        _ => None,
                    };
                    let pair = [unit, low.unwrap_or(0)];
                    match char::decode_utf16(pair).next() {
                        Some(Ok(c)) => {
                            text.push(c);
                            if c.len_utf16() == 2 {
                                at += 6;
                            }
                        }
                        _ => text.push(char::REPLACEMENT_CHARACTER),
                    }
                }
                Some(other) => text.push(*other as char),
                None => break,
            }
        }
        text.push_str(&self.raw[at..]);
        Cow::Owned(text)
    }

    /// Whether this is the text that is meant.
    pub(crate) fn is(self, text: &str) -> bool {
        if self.has_escapes { self.text() == text } else { self.raw == text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let mut reader = Reader::new(text);
        let mut shown = String::new();
        loop {
            match reader.next() {
                Ok(Token::End) => break,
                Ok(Token::Key(key)) => shown += &format!("{}:", key.text()),
                Ok(Token::String(string)) => shown += &format!("'{}' ", string.text()),
                Ok(Token::Number(number)) => shown += &format!("{number} "),
                Ok(Token::Bool(truth)) => shown += &format!("{truth} "),
                Ok(Token::Null) => shown += "null ",
                Ok(Token::BeginObject) => shown += "{",
                Ok(Token::EndObject) => shown += "}",
                Ok(Token::BeginArray) => shown += "[",
                Ok(Token::EndArray) => shown += "]",
                Err(Malformed) => {
                    shown += "!";
                    break;
                }
            }
        }
        assert_eq!(shown, expected, "{text}");
    }

    #[test]
    fn tokens() {
        check(r#" {"a" : [1, -2.5e3, true, null], "b":{}} "#, "{a:[1 -2.5e3 true null ]b:{}}");
        check(r#""\u00e9\n\ud83d\ude00\ud83d\/""#, "'é\n😀\u{FFFD}/' ");
        check("[]", "[]");
    }

    #[test]
    fn malformed() {
        check("", "!");
        check("[1,]", "[1 !");
        check(r#"{"a":1,}"#, "{a:1 !");
        check("{null:1}", "{!");
        check("[01]", "[!");
        check("[1 2]", "[1 !");
        check("tru", "!");
        check("truely", "!");
        check("1 2", "1 !");
        check("\"a\nb\"", "!");
        check(r#""\x""#, "!");
        check("[1}", "[1 !");
    }

    #[test]
    fn specials() {
        let text = "aé\u{7f}€ \u{1f}~~~~~~~~~~\\xxxxxx\"".as_bytes();
        for from in 0..=text.len() {
            let naive = text[from..].iter().position(|b| matches!(b, b'"' | b'\\' | 0..=0x1F));
            assert_eq!(next_special(text, from), naive.map_or(text.len(), |at| from + at));
        }
    }

    /// Skipping accepts what reading does, cut and changed at every byte.
    #[test]
    fn skipping_checks_the_grammar() {
        let text = r#"{"a":[1,-2.5e3,{"b":null,"c":[]}],"d":{"e":{}},"f":"x\n\u00e9","g":[true,false,[[]]]}"#;
        let reads = |text: &str| {
            let mut reader = Reader::new(text);
            loop {
                match reader.next() {
                    Ok(Token::End) => return true,
                    Ok(_) => {}
                    Err(Malformed) => return false,
                }
            }
        };
        let skips = |text: &str| {
            let mut reader = Reader::new(text);
            reader.skip().is_ok() && reader.is_at_end()
        };
        assert!(reads(text) && skips(text));
        for at in 0..text.len() {
            let (before, after) = text.split_at(at);
            assert_eq!(skips(before), reads(before), "{before}");
            for inserted in ["", "}", "]", "{", "[", ",", ":", "\"", "\\", " ", "0", "t", "null"] {
                let changed = format!("{before}{inserted}{}", &after[1..]);
                assert_eq!(skips(&changed), reads(&changed), "{changed}");
            }
        }
    }

    #[test]
    fn skipping() {
        let mut reader = Reader::new(r#"{"a":{"b":[1,{"c":"}"}]},"d":2}"#);
        assert_eq!(reader.next(), Ok(Token::BeginObject));
        assert!(matches!(reader.next(), Ok(Token::Key(key)) if key.is("a")));
        reader.skip().unwrap();
        assert!(matches!(reader.next(), Ok(Token::Key(key)) if key.is("d")));
    }
}
