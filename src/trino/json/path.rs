//! JSON paths: the way to one value, as `$.a["b c"][0]`.

use std::borrow::Cow;

use memchr::memmem;

use super::write::compact;
use super::{Malformed, Reader, Token};

/// A path, ready to be followed.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    steps: Vec<Step>,
    /// Finds the last key in its quotes: few of the texts that a query is asked of have it at all.
    probe: Option<memmem::Finder<'static>>,
}

/// A key of an object; one that is a number is an index of an array, too.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Step {
    key: String,
    index: Option<usize>,
}

impl Path {
    /// Trino's grammar of paths, which has neither wildcards nor negative indexes.
    ///
    /// # Errors
    ///
    /// A sentence that says how to write it.
    pub(crate) fn parse(text: &str) -> Result<Path, String> {
        match parse_steps(text) {
            Some(steps) => {
                let key = steps.iter().rev().find(|step| step.index.is_none()).map(|step| &step.key);
                let probe = key.filter(|key| !key.contains(['"', '\\']) && !key.contains(char::is_control));
                let probe = probe.map(|key| memmem::Finder::new(&format!("\"{key}\"")).into_owned());
                Ok(Path { steps, probe })
            }
            None => Err(format!("Invalid JSON path: '{text}'{}", hint(text))),
        }
    }

    /// Goes to the value and gives its first token; `None`: there is none.
    fn find<'j>(&self, reader: &mut Reader<'j>) -> Result<Option<Token<'j>>, Malformed> {
        let mut token = reader.next()?;
        for step in &self.steps {
            let found = match (token, step.index) {
                (Token::BeginObject, _) => find_key(reader, &step.key)?,
                (Token::BeginArray, Some(index)) => find_index(reader, index)?,
                _ => None,
            };
            match found {
                Some(found) => token = found,
                None => return Ok(None),
            }
        }
        Ok(Some(token))
    }

    /// Whether the text cannot hold the value: a key is absent, and is not written with escapes.
    fn is_hopeless(&self, json: &str) -> bool {
        let probe = self.probe.as_ref();
        probe.is_some_and(|probe| {
            probe.find(json.as_bytes()).is_none() && memchr::memchr(b'\\', json.as_bytes()).is_none()
        })
    }

    /// The text of a scalar: `json_extract_scalar`.
    pub(crate) fn scalar<'j>(&self, json: &'j str) -> Option<Cow<'j, str>> {
        if self.is_hopeless(json) {
            return None;
        }
        match self.find(&mut Reader::new(json)).ok()?? {
            Token::String(string) => Some(string.text()),
            Token::Number(number) => Some(Cow::Borrowed(number)),
            Token::Bool(truth) => Some(Cow::Borrowed(if truth { "true" } else { "false" })),
            _ => None,
        }
    }

    /// The JSON of the value: `json_extract`.
    pub(crate) fn json<'j>(&self, json: &'j str) -> Option<Cow<'j, str>> {
        if self.is_hopeless(json) {
            return None;
        }
        let mut reader = Reader::new(json);
        let first = self.find(&mut reader).ok()??;
        compact(&mut reader, first).ok()
    }

    /// How many members the value has: `json_size`.
    pub(crate) fn size(&self, json: &str) -> Option<i64> {
        let mut reader = Reader::new(json);
        let first = self.find(&mut reader).ok()??;
        let mut size = 0;
        match first {
            Token::BeginArray => loop {
                match reader.next().ok()? {
                    Token::EndArray => return Some(size),
                    token => reader.skip_rest(token).ok()?,
                }
                size += 1;
            },
            Token::BeginObject => loop {
                match reader.next().ok()? {
                    Token::EndObject => return Some(size),
                    _ => reader.skip().ok()?,
                }
                size += 1;
            },
            _ => Some(0),
        }
    }
}

fn find_key<'j>(reader: &mut Reader<'j>, wanted: &str) -> Result<Option<Token<'j>>, Malformed> {
    loop {
        match reader.next()? {
            Token::Key(key) if key.is(wanted) => return reader.next().map(Some),
            Token::Key(_) => reader.skip()?,
            _ => return Ok(None),
        }
    }
}

fn find_index<'j>(reader: &mut Reader<'j>, wanted: usize) -> Result<Option<Token<'j>>, Malformed> {
    for _ in 0..wanted {
        match reader.next()? {
            Token::EndArray => return Ok(None),
            token => reader.skip_rest(token)?,
        }
    }
    match reader.next()? {
        Token::EndArray => Ok(None),
        token => Ok(Some(token)),
    }
}

fn parse_steps(text: &str) -> Option<Vec<Step>> {
    let mut rest = text.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let key;
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(|c| c != ':' && !is_plain(c)).unwrap_or(after.len());
            let (name, after) = after.split_at(end);
            key = name.to_owned();
            rest = after;
            if key.is_empty() {
                return None;
            }
        } else if let Some(after) = rest.strip_prefix("[\"") {
            let (name, after) = parse_quoted(after)?;
            key = name;
            rest = after.strip_prefix(']')?;
        } else {
            let after = rest.strip_prefix('[')?;
            let (name, after) = after.split_once(']')?;
            if name.is_empty() || !name.chars().all(is_plain) {
                return None;
            }
            key = name.to_owned();
            rest = after;
        }
        let index = key.parse().ok().filter(|_| key.bytes().all(|b| b.is_ascii_digit()));
        steps.push(Step { key, index });
    }
    Some(steps)
}

fn is_plain(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// The key up to its closing quote, and what comes after.
fn parse_quoted(text: &str) -> Option<(String, &str)> {
    let mut key = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((key, &text[at + 1..])),
            '\\' => match chars.next()?.1 {
                escaped @ ('"' | '\\') => key.push(escaped),
                _ => return None,
            },
            c => key.push(c),
        }
    }
    None
}

/// How a wrong path is meant, for the mistakes people make.
fn hint(text: &str) -> String {
    if text.contains('*') || text.contains("..") {
        return ": Trino's paths have no wildcards; use CAST(json_extract(x, '$.a') AS array(json)) and transform or UNNEST"
            .to_owned();
    }
    let Some(rest) = text.strip_prefix('$') else {
        return format!(": it begins with $, as '$.{}'", text.trim_start_matches('.'));
    };
    // Rewrites every key that is not plain into brackets.
    let mut good = String::from("$");
    for part in rest.split('.').filter(|part| !part.is_empty()) {
        let (name, subscript) = part.split_at(part.find('[').unwrap_or(part.len()));
        match name {
            "" => {}
            name if name.chars().all(|c| is_plain(c) || c == ':') => good.extend([".", name]),
            name => good.extend(["[\"", name, "\"]"]),
        }
        good.push_str(&subscript.replace('\'', "\""));
    }
    if parse_steps(&good).is_some() {
        return format!(": write keys with special characters in brackets and double quotes, as '{good}'");
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, json: &str, expected: Option<&str>) {
        let found = Path::parse(path).unwrap().scalar(json).map(Cow::into_owned);
        assert_eq!(found.as_deref(), expected, "{path} of {json}");
    }

    #[test]
    fn scalars() {
        check("$.a.b[1]", r#"{"x":{"b":0},"a":{"b":["u",1.50]}}"#, Some("1.50"));
        check("$[\"a.b\"]", r#"{"a.b":true}"#, Some("true"));
        check("$[\"q\\\"\"]", r#"{"q\"":"x\ny"}"#, Some("x\ny"));
        check("$.0", "[7]", Some("7"));
        check("$.0", r#"{"0":8}"#, Some("8"));
        check("$.a", r#"{"a":null,"a":1}"#, None);
        check("$.a", r#"{"a":{"b":1}}"#, None);
        check("$.a.b", r#"{"a":"text"}"#, None);
        check("$.b", r#"{"a":1,"#, None);
        check("$.a", r#"{"a":1,"#, Some("1"));
        check("$.é", r#"{"\u00e9":"x"}"#, Some("x"));
        check("$.ab", r#"{"x":1,"a\u0062":"x"}"#, Some("x"));
        check("$.a[0]", r#"{"a":[5]}"#, Some("5"));
        check("$[\"a\\\\b\"]", r#"{"a\\b":6}"#, Some("6"));
    }

    #[test]
    fn sizes() {
        let size = |path, json| Path::parse(path).unwrap().size(json);
        assert_eq!(size("$", "[1,[2,3],{}]"), Some(3));
        assert_eq!(size("$.x", r#"{"x":{"a":[1],"b":{}}}"#), Some(2));
        assert_eq!(size("$.x", r#"{"x":"text"}"#), Some(0));
        assert_eq!(size("$.y", "{}"), None);
    }

    #[test]
    fn wrong_paths() {
        let message = |path| Path::parse(path).unwrap_err();
        assert!(message("$.tls-details").ends_with("as '$[\"tls-details\"]'"));
        assert!(message("$['key'].x").ends_with("as '$[\"key\"].x'"));
        assert!(message("user.name").ends_with("as '$.user.name'"));
        assert!(message("$.items[*].id").contains("wildcards"));
        for path in ["", " $.x", "$.x ", "$..a", "$.a[-1]", "$.a[", "$.a]", "$[\"a\" ]", "$[a:b]"] {
            assert!(Path::parse(path).is_err(), "{path}");
        }
    }
}
