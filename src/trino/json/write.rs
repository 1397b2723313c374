//! Writing JSON as Trino does: no white space, doubles as Java prints them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Malformed, Reader, Token};

/// Appends a string with its quotes.
pub(crate) fn push_string(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|b| b < 0x20 || b == b'"' || b == b'\\') {
        out.push_str(&rest[..at]);
        match rest.as_bytes()[at] {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            0x8 => out.push_str("\\b"),
            0xC => out.push_str("\\f"),
            // Writing to a string does not fail.
            control => drop(write!(out, "\\u{control:04X}")),
        }
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
    out.push('"');
}

/// A double as Java prints it: `1.0`, `1.0E10`, `NaN`.
pub(crate) fn java_double(number: f64) -> String {
    java(number, scientific(number.abs()))
}

/// A real as Java prints it.
pub(crate) fn java_real(number: f32) -> String {
    java(f64::from(number), scientific_real(number.abs()))
}

/// The fewest digits that name a double, two at least, and its exponent: `2.5`, 0.
pub(crate) fn scientific(number: f64) -> (String, i32) {
    digits(format!("{number:e}"), || format!("{number:.1e}"))
}

pub(crate) fn scientific_real(number: f32) -> (String, i32) {
    digits(format!("{number:e}"), || format!("{number:.1e}"))
}

fn digits(shortest: String, two: impl FnOnce() -> String) -> (String, i32) {
    // Of one digit Java makes the nearest two: the least double is 4.9E-324.
    let text = if shortest.contains('.') { shortest } else { two() };
    match text.split_once('e') {
        Some((mantissa, exponent)) => (mantissa.to_owned(), exponent.parse().unwrap_or(0)),
        None => (text, 0),
    }
}

fn java(number: f64, (mantissa, exponent): (String, i32)) -> String {
    let sign = if number.is_sign_negative() { "-" } else { "" };
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return format!("{sign}Infinity");
    }
    if !(-3..7).contains(&exponent) && number != 0.0 {
        return format!("{sign}{mantissa}E{exponent}");
    }
    let digits = mantissa.replace('.', "");
    if exponent < 0 {
        return format!(
            "{sign}0.{}{}",
            "0".repeat(exponent.unsigned_abs() as usize - 1),
            digits.trim_end_matches('0')
        );
    }
    let point = exponent as usize + 1;
    let digits = format!("{digits:0<width$}", width = point + 1);
    let (whole, fraction) = digits.split_at(point);
    let fraction = if fraction.len() > 1 { fraction.trim_end_matches('0') } else { fraction };
    format!("{sign}{whole}.{}", if fraction.is_empty() { "0" } else { fraction })
}

/// Appends a number: integers as they are, others as the double they are read as.
pub(crate) fn push_number(out: &mut String, text: &str) {
    if !text.contains(['.', 'e', 'E']) {
        return out.push_str(text);
    }
    let number: f64 = text.parse().unwrap_or(f64::NAN);
    push_double(out, number);
}

/// Appends a double; what is no number is a string.
pub(crate) fn push_double(out: &mut String, number: f64) {
    if number.is_finite() {
        out.push_str(&java_double(number));
    } else {
        push_string(out, &java_double(number));
    }
}

/// The text of the value that begins with a token, without white space: the
/// keys in their order, strings and doubles as Trino writes them.
pub(crate) fn compact<'j>(reader: &mut Reader<'j>, first: Token<'j>) -> Result<Cow<'j, str>, Malformed> {
    let start = reader.position()
        - match first {
            Token::String(string) => string.raw.len() + 2,
            Token::Number(number) => number.len(),
            Token::Bool(true) | Token::Null => 4,
            Token::Bool(false) => 5,
            _ => 1,
        };
    reader.skip_rest(first)?;
    let raw = reader.text_from(start);
    if is_compact(raw) { Ok(Cow::Borrowed(raw)) } else { rewrite(raw).map(Cow::Owned) }
}

/// Whether JSON is already as Trino would write it, as what a log holds nearly always is.
fn is_compact(json: &str) -> bool {
    let mut in_string = false;
    let mut before = 0u8;
    for byte in json.bytes() {
        match byte {
            b'"' => in_string = !in_string,
            b'\\' => return false,
            _ if in_string => {}
            b' ' | b'\n' | b'\r' | b'\t' | b'.' | b'E' => return false,
            b'e' if before.is_ascii_digit() => return false,
            _ => {}
        }
        before = byte;
    }
    true
}

fn rewrite(json: &str) -> Result<String, Malformed> {
    let mut reader = Reader::new(json);
    let mut out = String::with_capacity(json.len());
    let mut needs_comma = false;
    loop {
        let token = reader.next()?;
        match token {
            Token::End => return Ok(out),
            Token::EndObject => out.push('}'),
            Token::EndArray => out.push(']'),
            _ => {
                if needs_comma {
                    out.push(',');
                }
                match token {
                    Token::BeginObject => out.push('{'),
                    Token::BeginArray => out.push('['),
                    Token::Key(key) => {
                        push_string(&mut out, &key.text());
                        out.push(':');
                    }
                    scalar => push_scalar(&mut out, scalar),
                }
            }
        }
        needs_comma = !matches!(token, Token::BeginObject | Token::BeginArray | Token::Key(_));
    }
}

fn push_scalar(out: &mut String, token: Token<'_>) {
    match token {
        Token::String(string) => push_string(out, &string.text()),
        Token::Number(number) => push_number(out, number),
        Token::Bool(truth) => out.push_str(if truth { "true" } else { "false" }),
        _ => out.push_str("null"),
    }
}

/// The text that stands for a value of type JSON: its keys are sorted, and of
/// two equal ones the last counts.
pub(crate) fn canonical(text: &str) -> Result<String, Malformed> {
    let mut reader = Reader::new(text);
    let mut out = String::with_capacity(text.len());
    let first = reader.next()?;
    push_canonical(&mut reader, first, &mut out)?;
    if reader.is_at_end() { Ok(out) } else { Err(Malformed) }
}

fn push_canonical<'j>(reader: &mut Reader<'j>, first: Token<'j>, out: &mut String) -> Result<(), Malformed> {
    match first {
        Token::BeginArray => {
            let mut separator = '[';
            loop {
                let token = reader.next()?;
                if token == Token::EndArray {
                    break;
                }
                out.push(separator);
                separator = ',';
                push_canonical(reader, token, out)?;
            }
            out.push_str(if separator == '[' { "[]" } else { "]" });
        }
        Token::BeginObject => {
            let mut entries: BTreeMap<Cow<'_, str>, String> = BTreeMap::new();
            while let Token::Key(key) = reader.next()? {
                let token = reader.next()?;
                let mut value = String::new();
                push_canonical(reader, token, &mut value)?;
                entries.insert(key.text(), value);
            }
            push_object(out, &entries);
        }
        scalar => push_scalar(out, scalar),
    }
    Ok(())
}

/// Appends an object of keys and the JSON of their values.
pub(crate) fn push_object(out: &mut String, entries: &BTreeMap<Cow<'_, str>, String>) {
    let mut separator = '{';
    for (key, value) in entries {
        out.push(separator);
        separator = ',';
        push_string(out, key);
        out.push(':');
        out.push_str(value);
    }
    out.push_str(if separator == '{' { "{}" } else { "}" });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_canonical(text: &str, expected: &str) {
        assert_eq!(canonical(text).as_deref().unwrap_or("!"), expected, "{text}");
    }

    #[test]
    fn canonical_texts() {
        check_canonical(r#" { "b" : 1, "a" : [ ], "b" : 2.50 } "#, r#"{"a":[],"b":2.5}"#);
        check_canonical(
            r#"[1e9, 1e-7, 123456789012345678901, "\/\u001f"]"#,
            r#"[1.0E9,1.0E-7,123456789012345678901,"/\u001F"]"#,
        );
        check_canonical("{} x", "!");
        check_canonical("{}{}", "!");
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(canonical(&nested(1_000)), Ok(nested(1_000)));
        assert_eq!(canonical(&nested(1_001)), Err(Malformed));
    }

    fn check_compact(text: &str, expected: &str, borrowed: bool) {
        let mut reader = Reader::new(text);
        let first = reader.next().unwrap();
        let compacted = compact(&mut reader, first).unwrap();
        assert_eq!(compacted, expected);
        assert_eq!(matches!(compacted, Cow::Borrowed(_)), borrowed, "{text}");
    }

    #[test]
    fn compact_texts() {
        check_compact(r#"{"b":[true,false,1],"a":"x y.e"} "#, r#"{"b":[true,false,1],"a":"x y.e"}"#, true);
        check_compact(r#" { "b" : [ true , 1.50 ] }"#, r#"{"b":[true,1.5]}"#, false);
        check_compact(r#""\u00e9""#, "\"é\"", false);
    }

    #[test]
    fn doubles() {
        for (number, text) in [
            (0.001, "0.001"),
            (9.999e-4, "9.999E-4"),
            (1e7, "1.0E7"),
            (9999999.5, "9999999.5"),
            (-0.0, "-0.0"),
            (100.0, "100.0"),
            (0.05, "0.05"),
            (5e-324, "4.9E-324"),
            (2e23, "2.0E23"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(java_double(number), text);
        }
        assert_eq!(java_real(0.1), "0.1");
    }
}
