//! JSON text: a reader that goes no further than asked, paths, and conversions.

pub(crate) mod convert;
pub(crate) mod path;
pub(crate) mod write;

use std::borrow::Cow;

/// The text is no JSON, as far as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// How deep arrays and objects may nest.
const MAX_DEPTH: usize = 1_000;

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
    /// What is open; true: an object.
    open: Vec<bool>,
}

impl<'j> Reader<'j> {
    pub(crate) fn new(text: &'j str) -> Self {
        Reader { text, at: 0, state: State::Value, open: Vec::new() }
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
        if self.open.len() >= MAX_DEPTH {
            return Err(Malformed);
        }
        self.at += 1;
        self.open.push(is_object);
        Ok(())
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

    fn quoted(&mut self) -> Result<Quoted<'j>, Malformed> {
        let bytes = self.text.as_bytes();
        let start = self.at + 1;
        let mut at = start;
        let mut has_escapes = false;
        loop {
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
                Some(0x20..) => at += 1,
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
            let depth = self.open.len();
            while self.open.len() >= depth {
                self.next()?;
            }
        }
        Ok(())
    }

    /// Whether nothing but white space follows the value that was read.
    pub(crate) fn is_at_end(&mut self) -> bool {
        self.open.is_empty() && self.peek().is_none()
    }

    pub(crate) fn text_from(&self, start: usize) -> &'j str {
        &self.text[start..self.at]
    }
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

    pub(crate) fn has_escapes(self) -> bool {
        self.has_escapes
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
    fn skipping() {
        let mut reader = Reader::new(r#"{"a":{"b":[1,{"c":"}"}]},"d":2}"#);
        assert_eq!(reader.next(), Ok(Token::BeginObject));
        assert!(matches!(reader.next(), Ok(Token::Key(key)) if key.is("a")));
        reader.skip().unwrap();
        assert!(matches!(reader.next(), Ok(Token::Key(key)) if key.is("d")));
    }
}
