//! Regular expressions, in Java's syntax.

use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;

use fancy_regex::Regex;

use super::{Bind, Function, bound, higher, kernel, part_of, unexpected};
use crate::trino::error::EvalError;
use crate::trino::eval::Lambda;
use crate::trino::expr::Kernel;
use crate::trino::value::{Eval, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    bound("regexp_like", &["(varchar, varchar) -> boolean"], |bind| {
        with_pattern(bind, |pattern, values| Ok(Value::Boolean(pattern.is_match(text(values))?)))
    }),
    bound(
        "regexp_extract",
        &["(varchar(x), varchar) -> varchar(x)", "(varchar(x), varchar, bigint) -> varchar(x)"],
        |bind| with_pattern(bind, regexp_extract),
    ),
    bound(
        "regexp_extract_all",
        &["(varchar(x), varchar) -> array(varchar(x))", "(varchar(x), varchar, bigint) -> array(varchar(x))"],
        |bind| with_pattern(bind, regexp_extract_all),
    ),
    bound(
        "regexp_replace",
        &["(varchar, varchar) -> varchar", "(varchar, varchar, varchar) -> varchar"],
        |bind| with_pattern(bind, regexp_replace),
    ),
    higher(
        "regexp_replace",
        &["(varchar, varchar, function(array(varchar), varchar)) -> varchar"],
        regexp_replace_with,
    ),
    bound("regexp_split", &["(varchar(x), varchar) -> array(varchar(x))"], |bind| {
        with_pattern(bind, regexp_split)
    }),
    bound("regexp_count", &["(varchar, varchar) -> bigint"], |bind| with_pattern(bind, regexp_count)),
    bound(
        "regexp_position",
        &[
            "(varchar, varchar) -> bigint",
            "(varchar, varchar, bigint) -> bigint",
            "(varchar, varchar, bigint, bigint) -> bigint",
        ],
        |bind| with_pattern(bind, regexp_position),
    ),
];

/// The code of a function of text and a pattern; a constant pattern is compiled once.
fn with_pattern(
    bind: &Bind<'_>,
    run: impl for<'a> Fn(&Pattern, &[Value<'a>]) -> Eval<'a> + Send + Sync + 'static,
) -> Result<Kernel, EvalError> {
    let constant = bind.text(1).map(Pattern::new).transpose()?;
    kernel(move |values| match (values, &constant) {
        ([Value::Varchar(_), _, ..], Some(pattern)) => run(pattern, values),
        ([Value::Varchar(_), Value::Varchar(pattern), ..], None) => run(&*Pattern::cached(pattern)?, values),
        _ => unexpected(values),
    })
}

/// The text that is searched.
fn text<'v>(values: &'v [Value<'_>]) -> &'v str {
    match values.first() {
        Some(Value::Varchar(text)) => text,
        _ => "",
    }
}

fn integer(values: &[Value<'_>], index: usize, default: i64) -> i64 {
    match values.get(index) {
        Some(Value::Integer(number)) => *number,
        _ => default,
    }
}

/// A compiled pattern.
struct Pattern {
    regex: Regex,
    /// Where `$` also matches ahead of a last line feed: slower, and only used on text that has one.
    before_line_feed: Option<Regex>,
}

type Match<'t> = (usize, usize, Option<fancy_regex::Captures<'t>>);

impl Pattern {
    fn new(pattern: &str) -> Result<Pattern, EvalError> {
        let compile = |pattern: &str| {
            Regex::new(pattern)
                .map_err(|error| EvalError::argument(format!("Invalid regular expression: {error}")))
        };
        let fast = translate(pattern, r"\z");
        let exact = translate(pattern, r"(?=\n?\z)");
        let before_line_feed = if exact == fast { None } else { Some(compile(&exact)?) };
        Ok(Pattern { regex: compile(&fast)?, before_line_feed })
    }

    /// The pattern of a text that is no constant, and yet mostly that of the row before.
    fn cached(pattern: &str) -> Result<Rc<Pattern>, EvalError> {
        thread_local! {
            static LAST: RefCell<Option<(String, Rc<Pattern>)>> = const { RefCell::new(None) };
        }
        LAST.with_borrow_mut(|last| match last {
            Some((text, compiled)) if text == pattern => Ok(Rc::clone(compiled)),
            _ => {
                let compiled = Rc::new(Pattern::new(pattern)?);
                *last = Some((pattern.to_owned(), Rc::clone(&compiled)));
                Ok(compiled)
            }
        })
    }

    fn for_text(&self, text: &str) -> &Regex {
        match &self.before_line_feed {
            Some(regex) if text.ends_with('\n') => regex,
            _ => &self.regex,
        }
    }

    fn is_match(&self, text: &str) -> Result<bool, EvalError> {
        self.for_text(text).is_match(text).map_err(failed)
    }

    /// How many groups there are besides the whole.
    fn groups(&self) -> usize {
        self.regex.captures_len() - 1
    }

    fn check_group(&self, group: i64) -> Result<usize, EvalError> {
        match usize::try_from(group) {
            Err(_) => Err(EvalError::argument("Group cannot be negative")),
            Ok(index) if index > self.groups() => Err(EvalError::argument(format!(
                "Pattern has {} groups. Cannot access group {index}",
                self.groups()
            ))),
            Ok(index) => Ok(index),
        }
    }

    /// All matches from a position on. Unlike Rust's, Java's may be empty right after another.
    fn matches<'t>(
        &self,
        text: &'t str,
        start: usize,
        with_groups: bool,
    ) -> impl Iterator<Item = Result<Match<'t>, EvalError>> {
        let regex = self.for_text(text);
        let mut next = Some(start);
        std::iter::from_fn(move || {
            let from = next?;
            let found = if with_groups {
                regex.captures_from_pos(text, from).map(|captures| {
                    captures.and_then(|captures| {
                        let whole = captures.get(0)?;
                        Some((whole.start(), whole.end(), Some(captures)))
                    })
                })
            } else {
                regex
                    .find_from_pos(text, from)
                    .map(|found| found.map(|found| (found.start(), found.end(), None)))
            };
            match found {
                Ok(Some((start, end, captures))) => {
                    next = if end > start {
                        Some(end)
                    } else {
                        text[end..].chars().next().map(|c| end + c.len_utf8())
                    };
                    Some(Ok((start, end, captures)))
                }
                Ok(None) => None,
                Err(error) => {
                    next = None;
                    Some(Err(failed(error)))
                }
            }
        })
    }
}

#[cold]
fn failed(error: fancy_regex::Error) -> EvalError {
    EvalError::other(format!("the regular expression takes too long: {error}"))
}

/// Java's syntax as that of the regex crate, with what `$` means given.
fn translate(pattern: &str, end: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut chars = pattern.char_indices().peekable();
    let mut class_depth = 0;
    let mut is_multiline = false;
    while let Some((at, c)) = chars.next() {
        let rest = &pattern[at + c.len_utf8()..];
        match c {
            '\\' => match chars.next() {
                Some((_, 'Q')) => {
                    let literal = &rest[1..rest.find("\\E").unwrap_or(rest.len())];
                    out.push_str(&regex_escape(literal));
                    let end = at + 2 + literal.len() + 2;
                    while chars.next_if(|(at, _)| *at < end).is_some() {}
                }
                // Words begin and end there in other engines only.
                Some((_, c @ ('<' | '>' | '_'))) => out.push(c),
                Some((_, c)) => out.extend(['\\', c]),
                None => out.push('\\'),
            },
            '[' => {
                class_depth += 1;
                out.push('[');
                if let Some((_, caret)) = chars.next_if(|(_, c)| *c == '^') {
                    out.push(caret);
                }
                // A bracket that comes first is meant as itself.
                if chars.next_if(|(_, c)| *c == ']').is_some() {
                    out.push_str("\\]");
                }
            }
            ']' if class_depth > 0 => {
                class_depth -= 1;
                out.push(']');
            }
            _ if class_depth > 0 => out.push(c),
            '(' => {
                is_multiline |= sets_multiline(rest);
                out.push('(');
            }
            '$' if !is_multiline => out.push_str(end),
            '{' if !is_counter(rest) => out.push_str("\\{"),
            c => out.push(c),
        }
    }
    out
}

/// `?m)` or `?im:` after an opening parenthesis.
fn sets_multiline(rest: &str) -> bool {
    rest.strip_prefix('?').is_some_and(|flags| {
        let end = flags.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(flags.len());
        flags[..end].contains('m') && flags[end..].starts_with([')', ':', '-'])
    })
}

/// `2}`, `2,}` or `2,3}` after an opening brace.
fn is_counter(rest: &str) -> bool {
    let Some((counts, _)) = rest.split_once('}') else {
        return false;
    };
    let (least, most) = counts.split_once(',').unwrap_or((counts, ""));
    !least.is_empty() && least.bytes().chain(most.bytes()).all(|b| b.is_ascii_digit())
}

fn regex_escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_punctuation() && c != '_' && c != '<' && c != '>' {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn slice<'a>(text: &Value<'a>, start: usize, end: usize) -> Value<'a> {
    match text {
        Value::Varchar(text) => {
            part_of(text, |text| text.get(start..end).map(Cow::Borrowed)).map_or(Value::Null, Value::Varchar)
        }
        _ => Value::Null,
    }
}

fn group<'a>(text: &Value<'a>, found: &Match<'_>, group: usize) -> Value<'a> {
    match &found.2 {
        Some(captures) => {
            captures.get(group).map_or(Value::Null, |group| slice(text, group.start(), group.end()))
        }
        None => slice(text, found.0, found.1),
    }
}

fn regexp_extract<'a>(pattern: &Pattern, values: &[Value<'a>]) -> Eval<'a> {
    let index = pattern.check_group(integer(values, 2, 0))?;
    match pattern.matches(text(values), 0, index > 0).next().transpose()? {
        Some(found) => Ok(group(&values[0], &found, index)),
        None => Ok(Value::Null),
    }
}

fn regexp_extract_all<'a>(pattern: &Pattern, values: &[Value<'a>]) -> Eval<'a> {
    let index = pattern.check_group(integer(values, 2, 0))?;
    let found = pattern.matches(text(values), 0, index > 0);
    found.map(|found| Ok(group(&values[0], &found?, index))).collect::<Result<_, _>>().map(Value::Array)
}

fn regexp_split<'a>(pattern: &Pattern, values: &[Value<'a>]) -> Eval<'a> {
    let mut parts = Vec::new();
    let mut last = 0;
    for found in pattern.matches(text(values), 0, false) {
        let (start, end, _) = found?;
        parts.push(slice(&values[0], last, start));
        last = end;
    }
    parts.push(slice(&values[0], last, text(values).len()));
    Ok(Value::array(parts))
}

fn regexp_count<'a>(pattern: &Pattern, values: &[Value<'a>]) -> Eval<'a> {
    let mut count = 0;
    for found in pattern.matches(text(values), 0, false) {
        found?;
        count += 1;
    }
    Ok(Value::Integer(count))
}

fn regexp_position<'a>(pattern: &Pattern, values: &[Value<'a>]) -> Eval<'a> {
    let (start, occurrence) = (integer(values, 2, 1), integer(values, 3, 1));
    let text = text(values);
    let (Some(skip), Some(nth)) = (usize::try_from(start - 1).ok(), usize::try_from(occurrence - 1).ok())
    else {
        return Err(EvalError::argument(if start < 1 {
            "start position cannot be smaller than 1"
        } else {
            "occurrence cannot be smaller than 1"
        }));
    };
    let Some(from) = text.char_indices().map(|(at, _)| at).chain([text.len()]).nth(skip) else {
        return Ok(Value::Integer(-1));
    };
    match pattern.matches(text, from, false).nth(nth).transpose()? {
        Some((at, ..)) => Ok(Value::Integer(text[..at].chars().count() as i64 + 1)),
        None => Ok(Value::Integer(-1)),
    }
}

/// A piece of a replacement.
enum Piece {
    Text(String),
    Group(usize),
}

/// `$1`, `${name}` and `\$` in a replacement.
fn parse_replacement(text: &str, pattern: &Pattern) -> Result<Vec<Piece>, EvalError> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut chars = text.chars().peekable();
    let illegal = |what: &str| EvalError::argument(format!("{what}: {text}"));
    while let Some(c) = chars.next() {
        match c {
            '\\' => literal.push(chars.next().ok_or_else(|| illegal("Illegal replacement sequence"))?),
            '$' => {
                let group = match chars.next() {
                    Some('{') => {
                        let mut name = String::new();
                        loop {
                            match chars.next() {
                                Some('}') => break,
                                Some(c) => name.push(c),
                                None => return Err(illegal("Illegal replacement sequence")),
                            }
                        }
                        let names = pattern.regex.capture_names().enumerate();
                        let found =
                            names.filter(|(_, known)| *known == Some(name.as_str())).map(|(i, _)| i).next();
                        found.ok_or_else(|| illegal("Illegal replacement sequence: unknown group"))?
                    }
                    Some(digit @ '0'..='9') => {
                        let mut group = digit as usize - '0' as usize;
                        if group > pattern.groups() {
                            return Err(illegal("Illegal replacement sequence: unknown group"));
                        }
                        // More digits belong to the number as long as there is such a group.
                        while let Some(digit) = chars.peek().and_then(|c| c.to_digit(10)) {
                            let longer = group * 10 + digit as usize;
                            if longer > pattern.groups() {
                                break;
                            }
                            group = longer;
                            chars.next();
                        }
                        group
                    }
                    _ => return Err(illegal("Illegal replacement sequence: illegal group reference")),
                };
                pieces.push(Piece::Text(std::mem::take(&mut literal)));
                pieces.push(Piece::Group(group));
            }
            c => literal.push(c),
        }
    }
    pieces.push(Piece::Text(literal));
    Ok(pieces)
}

fn regexp_replace<'a>(pattern: &Pattern, values: &[Value<'a>]) -> Eval<'a> {
    let pieces = match values.get(2) {
        Some(Value::Varchar(replacement)) => parse_replacement(replacement, pattern)?,
        _ => Vec::new(),
    };
    let with_groups = pieces.iter().any(|piece| matches!(piece, Piece::Group(_)));
    let text = text(values);
    let mut out = String::new();
    let mut last = 0;
    for found in pattern.matches(text, 0, with_groups) {
        let (start, end, captures) = found?;
        out.push_str(&text[last..start]);
        last = end;
        for piece in &pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Group(group) => {
                    let group = captures.as_ref().and_then(|captures| captures.get(*group));
                    out.push_str(group.map_or("", |group| group.as_str()));
                }
            }
        }
    }
    if last == 0 && out.is_empty() {
        return Ok(values[0].clone());
    }
    out.push_str(&text[last..]);
    Ok(Value::text(out))
}

/// Each match is replaced by what a lambda makes of its groups.
fn regexp_replace_with<'a>(values: &[Value<'a>], lambdas: &[Lambda<'_, 'a>]) -> Eval<'a> {
    let ([Value::Varchar(text), Value::Varchar(pattern), _], [replace]) = (values, lambdas) else {
        return unexpected(values);
    };
    let pattern = Pattern::cached(pattern)?;
    let mut out = String::new();
    let mut last = 0;
    for found in pattern.matches(text, 0, true) {
        let found = found?;
        out.push_str(&text[last..found.0]);
        last = found.1;
        let groups = (1..=pattern.groups()).map(|index| group(&values[0], &found, index));
        match replace.call(&[Value::array(groups)])? {
            Value::Varchar(replacement) => out.push_str(&replacement),
            _ => return Ok(Value::Null),
        }
    }
    out.push_str(&text[last..]);
    Ok(Value::text(out))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trino::testing::check;

    #[test]
    fn syntax() {
        for (java, rust) in [
            ("a$", r"a\z"),
            ("(?m)a$", "(?m)a$"),
            (r#"{"k":\d{2,}}"#, r#"\{"k":\d{2,}}"#),
            (r"\Qa.b\E+", r"a\.b+"),
            ("[$]", "[$]"),
            (r"\<b\>", "<b>"),
            ("[]a]", r"[\]a]"),
        ] {
            assert_eq!(translate(java, r"\z"), rust);
        }
    }

    #[test]
    fn finding() {
        check(r"regexp_like('AssumeRole', '^Assume(Role)?$')", "true");
        check("regexp_like('x' || chr(10), 'x$')", "true");
        check("regexp_like('x' || chr(10) || chr(10), 'x$')", "false");
        check(r"regexp_like('aa', '^(a)\1$')", "true");
        check(r"regexp_like('x', '(')", "! regexp_like: Invalid regular expression");
        check(r"TRY(regexp_like('x', '('))", "NULL");
        check(r"regexp_extract('i-0abc i-1def', 'i-(\w+)', 1)", "0abc");
        check(r"regexp_extract('x', '(a)?x', 1)", "NULL");
        check(r"regexp_extract('x', 'x', 1)", "! Pattern has 0 groups. Cannot access group 1");
        check(r"regexp_extract_all('i-0abc i-1def', 'i-(\w+)', 1)", "[0abc, 1def]");
        check(r"regexp_count('añb', '')", "4");
        check(r"regexp_position('ñ1ñ2', '\d', 1, 2)", "4");
    }

    #[test]
    fn changing() {
        check(r"regexp_replace('2026-01-31', '(\d+)-(\d+)', '$2/$1')", "01/2026-31");
        check(r"regexp_replace('ab', '(?<x>b)', '[${x}\$]')", "a[b$]");
        check(r"regexp_replace('ab', 'b', '$1')", "! Illegal replacement sequence: unknown group: $1");
        check(r"regexp_replace('ab', 'c')", "ab");
        check(r"regexp_replace('a1b2', '(\d)', x -> CAST(CAST(x[1] AS bigint) + 1 AS varchar))", "a2b3");
        check(r"regexp_split('a1b22c', '\d')", "[a, b, , c]");
        check(r"regexp_split('ab', '')", "[, a, b, ]");
    }
}
