//! Parts of URLs, by the rules of RFC 2396 that Java's URIs follow.

use super::{Function, plain, unexpected};
use crate::trino::error::EvalError;
use crate::trino::value::{Eval, Value};

const PART: &[&str] = &["(varchar(x)) -> varchar(x)"];

pub(super) const FUNCTIONS: &[Function] = &[
    plain("url_extract_protocol", PART, |values| part(values, |url| url.scheme.map(str::to_owned))),
    plain("url_extract_host", PART, |values| part(values, |url| url.host.map(str::to_owned))),
    plain("url_extract_path", PART, |values| part(values, |url| url.path.map(percent_decoded))),
    plain("url_extract_query", PART, |values| part(values, |url| url.query.map(percent_decoded))),
    plain("url_extract_fragment", PART, |values| part(values, |url| url.fragment.map(percent_decoded))),
    plain("url_extract_port", &["(varchar) -> bigint"], |values| match values {
        [Value::Varchar(url)] => {
            Ok(Url::parse(url).and_then(|url| url.port).map_or(Value::Null, Value::Integer))
        }
        _ => unexpected(values),
    }),
    plain("url_extract_parameter", &["(varchar(x), varchar) -> varchar(x)"], url_extract_parameter),
    plain("url_encode", &["(varchar) -> varchar"], |values| match values {
        [Value::Varchar(text)] => Ok(Value::text(encode(text))),
        _ => unexpected(values),
    }),
    plain("url_decode", PART, |values| match values {
        [Value::Varchar(text)] => decode(text).map(Value::text),
        _ => unexpected(values),
    }),
];

#[derive(Debug, Default)]
struct Url<'u> {
    scheme: Option<&'u str>,
    host: Option<&'u str>,
    port: Option<i64>,
    /// Absent from an opaque URL as `mailto:x`.
    path: Option<&'u str>,
    query: Option<&'u str>,
    fragment: Option<&'u str>,
}

impl<'u> Url<'u> {
    /// `None`: the text breaks the rules.
    fn parse(text: &'u str) -> Option<Url<'u>> {
        let mut url = Url::default();
        let (rest, fragment) = cut(text, '#');
        url.fragment = fragment;
        let mut rest = rest;
        if let Some(colon) = rest.find([':', '/', '?']).filter(|at| rest[*at..].starts_with(':')) {
            let (scheme, after) = (&rest[..colon], &rest[colon + 1..]);
            let is_valid = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
            if !is_valid || after.is_empty() {
                return None;
            }
            url.scheme = Some(scheme);
            if !after.starts_with('/') {
                return (is_legal(after) && fragment.is_none_or(is_legal)).then_some(url);
            }
            rest = after;
        }
        let (rest, query) = cut(rest, '?');
        url.query = query;
        let path = match rest.strip_prefix("//") {
            Some(after) => {
                let (authority, path) = after.split_at(after.find('/').unwrap_or(after.len()));
                if !is_legal(authority) || (authority.is_empty() && path.is_empty()) {
                    return None;
                }
                (url.host, url.port) = server(authority);
                path
            }
            None => rest,
        };
        url.path = Some(path);
        // Brackets belong to addresses, not to paths.
        let is_valid = is_legal(path)
            && !path.contains(['[', ']'])
            && query.is_none_or(is_legal)
            && fragment.is_none_or(is_legal);
        is_valid.then_some(url)
    }
}

/// What comes before a delimiter, and after it.
fn cut(text: &str, delimiter: char) -> (&str, Option<&str>) {
    match text.split_once(delimiter) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

/// Host and port of `user@host:port`; neither, where it names no server.
fn server(authority: &str) -> (Option<&str>, Option<i64>) {
    let address = authority.rsplit_once('@').map_or(authority, |(_, address)| address);
    let (host, port) = match address.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (address, ""),
    };
    let is_name = |host: &str| {
        !host.is_empty()
            && host.split('.').enumerate().all(|(i, label)| {
                // Only a dot at the very end leaves an empty label.
                (label.is_empty() && i > 0 && host.ends_with('.'))
                    || (label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
                        && !label.starts_with('-')
                        && !label.ends_with('-')
                        && !label.is_empty())
            })
    };
    let is_address = host.starts_with('[') && host.ends_with(']');
    let port_number = if port.is_empty() { Some(None) } else { port.parse().ok().map(Some) };
    match port_number {
        Some(port) if is_name(host) || is_address => (Some(host), port),
        _ => (None, None),
    }
}

/// Reserved and unreserved characters, escapes, and all beyond ASCII that is no control or blank.
fn is_legal(text: &str) -> bool {
    let bytes = text.as_bytes();
    text.char_indices().all(|(at, c)| match c {
        '%' => bytes.get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)),
        c if c.is_ascii() => c.is_ascii_alphanumeric() || "-_.!~*'();/?:@&=+$,[]".contains(c),
        c => !c.is_control() && !c.is_whitespace(),
    })
}

fn part<'a>(values: &[Value<'a>], part: fn(&Url<'_>) -> Option<String>) -> Eval<'a> {
    let [Value::Varchar(text)] = values else {
        return unexpected(values);
    };
    Ok(Url::parse(text).map_or(Value::Null, |url| Value::text(part(&url).unwrap_or_default())))
}

/// Escapes become the bytes they stand for; what is no UTF-8 then becomes U+FFFD.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        let escaped = match (byte, after) {
            (b'%', [high, low, ..]) => {
                hex_digit(*high).zip(hex_digit(*low)).map(|(high, low)| high << 4 | low)
            }
            _ => None,
        };
        if escaped.is_some() {
            rest = &after[2..];
        }
        bytes.push(escaped.unwrap_or(*byte));
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex_digit(byte: u8) -> Option<u8> {
    (byte as char).to_digit(16).map(|digit| digit as u8)
}

/// The value of the first parameter of this name; empty if it has none.
fn url_extract_parameter<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Varchar(url), Value::Varchar(name)] = values else {
        return unexpected(values);
    };
    let Some(query) = Url::parse(url).and_then(|url| url.query) else {
        return Ok(Value::Null);
    };
    for parameter in query.split('&') {
        let (key, value) = cut(parameter, '=');
        if key == name {
            return decode(value.unwrap_or("")).map(Value::text);
        }
    }
    Ok(Value::Null)
}

/// As a form's fields are: blanks become `+`.
fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' ' => out.push('+'),
            b if b.is_ascii_alphanumeric() || b"-_.*".contains(&b) => out.push(b as char),
            b => out.push_str(&format!("%{b:02X}")),
        }
    }
    out
}

fn decode(text: &str) -> Result<String, EvalError> {
    let bytes = text.as_bytes();
    let is_whole =
        |at: usize| bytes.get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit));
    if (0..bytes.len()).any(|at| bytes[at] == b'%' && !is_whole(at)) {
        return Err(EvalError::argument(format!(
            "URLDecoder: Illegal hex characters in escape (%) pattern: {text}"
        )));
    }
    Ok(percent_decoded(&text.replace('+', " ")))
}

#[cfg(test)]
mod tests {
    use crate::trino::testing::check;

    #[test]
    fn parts() {
        let url = "https://user@example.com:8443/a%20b/c?x=1&y=a%26b&z#top";
        check(&format!("url_extract_protocol('{url}')"), "https");
        check(&format!("url_extract_host('{url}')"), "example.com");
        check(&format!("url_extract_port('{url}')"), "8443");
        check(&format!("url_extract_path('{url}')"), "/a b/c");
        check(&format!("url_extract_query('{url}')"), "x=1&y=a&b&z");
        check(&format!("url_extract_fragment('{url}')"), "top");
        check(&format!("url_extract_parameter('{url}', 'y')"), "a&b");
        check(&format!("url_extract_parameter('{url}', 'z')"), "");
        check(&format!("url_extract_parameter('{url}', 'q')"), "NULL");
        check("url_extract_host('https://[::1]:80/')", "[::1]");
        check("url_extract_host('mailto:a@b.c')", "");
        check("url_extract_path('mailto:a@b.c')", "");
        check("url_extract_host('a b')", "NULL");
        check("url_extract_host('http://bad_host/')", "");
        check("url_extract_path('/only/a/path')", "/only/a/path");
    }

    #[test]
    fn codes() {
        check("url_encode('a b/ü~*')", "a+b%2F%C3%BC%7E*");
        check("url_decode('a+b%2F%C3%BC')", "a b/ü");
        check("url_decode('%zz')", "! URLDecoder: Illegal hex characters");
    }
}
