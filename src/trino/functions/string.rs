//! Text. Positions and lengths count code points, from 1.

use std::borrow::Cow;

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};

use super::{Function, part_of, plain, unexpected};
use crate::trino::error::EvalError;
use crate::trino::value::{Eval, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    plain("chr", &["(bigint) -> varchar"], chr),
    plain("codepoint", &["(varchar) -> integer"], codepoint),
    plain(
        "concat_ws",
        &["(varchar, array(varchar)) -> varchar", "(varchar, varchar, varchar...) -> varchar"],
        concat_ws,
    )
    .takes_null(),
    plain("hamming_distance", &["(varchar, varchar) -> bigint"], hamming_distance),
    plain("length", &["(varchar) -> bigint", "(varbinary) -> bigint"], length),
    plain("levenshtein_distance", &["(varchar, varchar) -> bigint"], levenshtein_distance),
    plain("lower", &["(varchar(x)) -> varchar(x)"], lower),
    plain("upper", &["(varchar(x)) -> varchar(x)"], upper),
    plain("lpad", &["(varchar, bigint, varchar) -> varchar"], |values| pad(values, true)),
    plain("rpad", &["(varchar, bigint, varchar) -> varchar"], |values| pad(values, false)),
    plain("trim", TRIM, |values| trim(values, true, true)),
    plain("ltrim", TRIM, |values| trim(values, true, false)),
    plain("rtrim", TRIM, |values| trim(values, false, true)),
    plain("luhn_check", &["(varchar) -> boolean"], luhn_check),
    plain("normalize", &["(varchar) -> varchar", "(varchar, varchar) -> varchar"], normalize),
    plain("replace", &["(varchar, varchar) -> varchar", "(varchar, varchar, varchar) -> varchar"], replace),
    plain("soundex", &["(varchar) -> varchar"], soundex),
    plain("starts_with", &["(varchar, varchar) -> boolean"], starts_with),
    plain("strpos", &["(varchar, varchar) -> bigint", "(varchar, varchar, bigint) -> bigint"], strpos),
    plain(
        "substr|substring",
        &["(varchar(x), bigint) -> varchar(x)", "(varchar(x), bigint, bigint) -> varchar(x)"],
        substr,
    ),
    plain("translate", &["(varchar, varchar, varchar) -> varchar"], translate),
];

const TRIM: &[&str] = &["(varchar(x)) -> varchar(x)", "(varchar(x), varchar) -> varchar(x)"];

fn chr<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Integer(code)] = values else {
        return unexpected(values);
    };
    match u32::try_from(*code).ok().and_then(char::from_u32) {
        Some(c) => Ok(Value::text(c.to_string())),
        None => Err(EvalError::argument(format!("Not a valid Unicode code point: {code}"))),
    }
}

fn codepoint<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Varchar(text)] = values else {
        return unexpected(values);
    };
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) => Ok(Value::Integer(i64::from(u32::from(c)))),
        _ => Err(EvalError::argument("Input string must be a single character string")),
    }
}

/// NULLs are left out; only the separator must not be NULL.
fn concat_ws<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let (separator, parts) = match values {
        [Value::Null, ..] => return Ok(Value::Null),
        [Value::Varchar(separator), Value::Array(parts)] => (separator, &**parts),
        [Value::Varchar(separator), parts @ ..] => (separator, parts),
        _ => return unexpected(values),
    };
    let mut joined = String::new();
    let mut is_first = true;
    for part in parts {
        if let Value::Varchar(part) = part {
            if !is_first {
                joined.push_str(separator);
            }
            is_first = false;
            joined.push_str(part);
        }
    }
    Ok(Value::text(joined))
}

fn hamming_distance<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Varchar(a), Value::Varchar(b)] = values else {
        return unexpected(values);
    };
    if a.chars().count() != b.chars().count() {
        return Err(EvalError::argument(
            "The input strings to hamming_distance function must have the same length",
        ));
    }
    Ok(Value::Integer(a.chars().zip(b.chars()).filter(|(a, b)| a != b).count() as i64))
}

fn length<'a>(values: &[Value<'a>]) -> Eval<'a> {
    match values {
        [Value::Varchar(text)] => Ok(Value::Integer(text.chars().count() as i64)),
        [Value::Varbinary(bytes)] => Ok(Value::Integer(bytes.len() as i64)),
        _ => unexpected(values),
    }
}

fn levenshtein_distance<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Varchar(a), Value::Varchar(b)] = values else {
        return unexpected(values);
    };
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().saturating_mul(b.len()) > 1_000_000 {
        return Err(EvalError::argument(
            "The combined inputs size exceeded max Levenshtein distance combined input size, the product of the \
             lengths must not exceed 1000000",
        ));
    }
    Ok(Value::Integer(edit_distance(&a, &b) as i64))
}

/// How many characters to insert, delete or change to make one of the other.
pub(crate) fn edit_distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

fn lower<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Varchar(text)] = values else {
        return unexpected(values);
    };
    Ok(Value::text(if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        text.chars().map(|c| if c == 'İ' { 'i' } else { one(c, c.to_lowercase()) }).collect()
    }))
}

fn upper<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Varchar(text)] = values else {
        return unexpected(values);
    };
    Ok(Value::text(if text.is_ascii() {
        text.to_ascii_uppercase()
    } else {
        text.chars().map(|c| one(c, c.to_uppercase())).collect()
    }))
}

/// Trino maps one code point to one: what would become more stays as it is.
fn one(c: char, mut mapped: impl Iterator<Item = char>) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(mapped), None) => mapped,
        _ => c,
    }
}

/// The length to pad to.
pub(super) fn padded(size: i64) -> Result<usize, EvalError> {
    /// No row of a log needs more.
    const MAX: usize = 1 << 24;
    let Some(size) = i32::try_from(size).ok().and_then(|size| usize::try_from(size).ok()) else {
        return Err(EvalError::argument("Target length must be in the range [0..2147483647]"));
    };
    if size > MAX {
        return Err(EvalError::other(format!("padding to {size} is not supported: at most {MAX}")));
    }
    Ok(size)
}

fn pad<'a>(values: &[Value<'a>], at_start: bool) -> Eval<'a> {
    let [Value::Varchar(text), Value::Integer(size), Value::Varchar(padding)] = values else {
        return unexpected(values);
    };
    let size = padded(*size)?;
    if padding.is_empty() {
        return Err(EvalError::argument("Padding string must not be empty"));
    }
    let length = text.chars().count();
    if size <= length {
        let end = text.char_indices().nth(size).map_or(text.len(), |(end, _)| end);
        return Ok(
            part_of(text, |text| Some(Cow::Borrowed(&text[..end]))).map_or(Value::Null, Value::Varchar)
        );
    }
    let filler = padding.chars().cycle().take(size - length);
    Ok(Value::text(if at_start {
        filler.chain(text.chars()).collect::<String>()
    } else {
        text.chars().chain(filler).collect()
    }))
}

/// The second argument is a set of characters; without it, white space.
fn trim<'a>(values: &[Value<'a>], start: bool, end: bool) -> Eval<'a> {
    let (text, set) = match values {
        [Value::Varchar(text)] => (text, None),
        [Value::Varchar(text), Value::Varchar(set)] => (text, Some(set)),
        _ => return unexpected(values),
    };
    let is_trimmed = |c: char| set.map_or_else(|| is_java_whitespace(c), |set| set.contains(c));
    let trimmed = part_of(text, |text| {
        let text = if start { text.trim_start_matches(is_trimmed) } else { text };
        Some(Cow::Borrowed(if end { text.trim_end_matches(is_trimmed) } else { text }))
    });
    Ok(trimmed.map_or(Value::Null, Value::Varchar))
}

/// Java's idea of white space: no blank that must not break, and four control characters more.
fn is_java_whitespace(c: char) -> bool {
    match c {
        '\u{1c}'..='\u{1f}' => true,
        '\u{85}' | '\u{a0}' | '\u{2007}' | '\u{202f}' => false,
        c => c.is_whitespace(),
    }
}

fn luhn_check<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Varchar(text)] = values else {
        return unexpected(values);
    };
    if text.is_empty() {
        return Ok(Value::Boolean(false));
    }
    let mut sum = 0;
    for (i, c) in text.chars().rev().enumerate() {
        let Some(digit) = c.to_digit(10) else {
            return Err(EvalError::argument(format!("Invalid character in the number: {c}")));
        };
        sum += if i % 2 == 1 { digit * 2 / 10 + digit * 2 % 10 } else { digit };
    }
    Ok(Value::Boolean(sum % 10 == 0))
}

fn normalize<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let (text, form) = match values {
        [Value::Varchar(text)] => (text, "NFC"),
        [Value::Varchar(text), Value::Varchar(form)] => (text, &**form),
        _ => return unexpected(values),
    };
    let normalized = match form.to_ascii_uppercase().as_str() {
        "NFC" => ComposingNormalizerBorrowed::new_nfc().normalize(text).into_owned(),
        "NFKC" => ComposingNormalizerBorrowed::new_nfkc().normalize(text).into_owned(),
        "NFD" => DecomposingNormalizerBorrowed::new_nfd().normalize(text).into_owned(),
        "NFKD" => DecomposingNormalizerBorrowed::new_nfkd().normalize(text).into_owned(),
        _ => {
            return Err(EvalError::argument("Normalization form must be one of [NFD, NFC, NFKD, NFKC]"));
        }
    };
    Ok(Value::text(normalized))
}

fn replace<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let (text, search, replacement) = match values {
        [Value::Varchar(text), Value::Varchar(search)] => (text, search, ""),
        [Value::Varchar(text), Value::Varchar(search), Value::Varchar(replacement)] => {
            (text, search, &**replacement)
        }
        _ => return unexpected(values),
    };
    if !text.contains(&**search) {
        return Ok(Value::Varchar(text.clone()));
    }
    Ok(Value::text(text.replace(&**search, replacement)))
}

/// The letter and three digits by which names sound alike.
fn soundex<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Varchar(text)] = values else {
        return unexpected(values);
    };
    let code = |c: char| b"01230120022455012623010202"[(c as u8 - b'A') as usize] as char;
    let mut result = String::new();
    let mut last = '0';
    for c in text.chars().filter(|c| c.is_alphabetic()) {
        let c = c.to_ascii_uppercase();
        if !c.is_ascii_uppercase() {
            return Err(EvalError::argument(format!("The character is not mapped: {c}")));
        }
        let digit = code(c);
        if result.is_empty() {
            result.push(c);
        } else if digit != '0' && digit != last && result.len() < 4 {
            result.push(digit);
        }
        // H and W do not part two letters of one sound.
        if c != 'H' && c != 'W' {
            last = digit;
        }
    }
    if !result.is_empty() {
        result = format!("{result:0<4}");
    }
    Ok(Value::text(result))
}

fn starts_with<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Varchar(text), Value::Varchar(prefix)] = values else {
        return unexpected(values);
    };
    Ok(Value::Boolean(text.starts_with(&**prefix)))
}

fn strpos<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let (text, part, instance) = match values {
        [Value::Varchar(text), Value::Varchar(part)] => (text, part, 1),
        [Value::Varchar(text), Value::Varchar(part), Value::Integer(instance)] => (text, part, *instance),
        _ => return unexpected(values),
    };
    if instance == 0 {
        return Err(EvalError::argument("'instance' must be a positive or negative number."));
    }
    if part.is_empty() {
        return Ok(Value::Integer(1));
    }
    let skip = usize::try_from(instance.unsigned_abs() - 1).unwrap_or(usize::MAX);
    let found =
        if instance > 0 { overlapping(text, part).nth(skip) } else { overlapping_back(text, part).nth(skip) };
    Ok(Value::Integer(found.map_or(0, |at| text[..at].chars().count() as i64 + 1)))
}

/// Where a part occurs, also where it overlaps itself.
fn overlapping(text: &str, part: &str) -> impl Iterator<Item = usize> {
    let step = part.chars().next().map_or(1, char::len_utf8);
    let mut from = 0;
    std::iter::from_fn(move || {
        let at = from + text.get(from..)?.find(part)?;
        from = at + step;
        Some(at)
    })
}

fn overlapping_back(text: &str, part: &str) -> impl Iterator<Item = usize> {
    let length = part.len() - part.chars().next_back().map_or(0, char::len_utf8);
    let mut end = text.len();
    std::iter::from_fn(move || {
        let at = text.get(..end)?.rfind(part)?;
        // The next one ends before this one does.
        end = at + length;
        Some(at)
    })
}

fn substr<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let (text, start, length) = match values {
        [Value::Varchar(text), Value::Integer(start)] => (text, *start, i64::MAX),
        [Value::Varchar(text), Value::Integer(start), Value::Integer(length)] => (text, *start, *length),
        _ => return unexpected(values),
    };
    let part = part_of(text, |text| Some(Cow::Borrowed(part(text, start, length).unwrap_or(""))));
    Ok(part.map_or(Value::Null, Value::Varchar))
}

/// From a position, counted from the end if negative; `None`: there is no such position.
fn part(text: &str, start: i64, length: i64) -> Option<&str> {
    if start == 0 || length <= 0 {
        return None;
    }
    let skip = if start > 0 { start - 1 } else { start.checked_add(text.chars().count() as i64)? };
    let skip = usize::try_from(skip).ok()?;
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if text.is_ascii() {
        let rest = text.get(skip..)?;
        return Some(&rest[..rest.len().min(length)]);
    }
    let begin = text.char_indices().nth(skip)?.0;
    let rest = &text[begin..];
    Some(&rest[..rest.char_indices().nth(length).map_or(rest.len(), |(end, _)| end)])
}

fn translate<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Varchar(text), Value::Varchar(from), Value::Varchar(to)] = values else {
        return unexpected(values);
    };
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let translated = text.chars().filter_map(|c| match from.iter().position(|known| *known == c) {
        Some(index) => to.get(index).copied(),
        None => Some(c),
    });
    Ok(Value::text(translated.collect::<String>()))
}

#[cfg(test)]
mod tests {
    use crate::trino::testing::{check, check_type};

    #[test]
    fn positions() {
        check("strpos('naïve naïve', 've')", "4");
        check("strpos('aaa', 'aa', 2)", "2");
        check("strpos('aaa', 'aa', -2)", "1");
        check("strpos('aaa', 'b')", "0");
        check("position('b' IN 'abc')", "2");
        check("substr('naïve', 3)", "ïve");
        check("substr('naïve', -3, 2)", "ïv");
        check("substring('naïve' FROM 2 FOR 100)", "aïve");
        check("substr('naïve', -6)", "");
        check_type("substr('naïve', 3)", "varchar(5)");
    }

    #[test]
    fn changes() {
        check("concat_ws('-', 'a', NULL, 'c')", "a-c");
        check("concat_ws('-', ARRAY['a', NULL])", "a");
        check("concat_ws(NULL, 'a')", "NULL");
        check("lower('İSTANBUL ÉÀ')", "istanbul éà");
        check("upper('straße')", "STRAßE");
        check("trim('  x\t')", "x");
        check("trim(TRAILING '/x' FROM 'ax/x')", "a");
        check("ltrim('xxay', 'xy')", "ay");
        check("replace('a.b.c', '.')", "abc");
        check("replace('ab', '', '-')", "-a-b-");
        check("lpad('7', 3, '0')", "007");
        check("rpad('12345', 3, '0')", "123");
        check("reverse('añb')", "bña");
        check("translate('a-b.c', '-.', '_')", "a_bc");
        check("normalize('é', NFD)", "e\u{301}");
    }

    #[test]
    fn measures() {
        check("levenshtein_distance('kitten', 'sitting')", "3");
        check("hamming_distance('abc', 'abd')", "1");
        check("length('añb')", "3");
        check("soundex('Tymczak')", "T522");
        check("soundex('Pfister')", "P236");
        check("luhn_check('79927398713')", "true");
        check("codepoint('é')", "233");
        check("chr(233)", "é");
        check("chr(-1)", "! Not a valid Unicode code point: -1");
    }
}
