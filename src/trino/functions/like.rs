//! LIKE: a pattern that is constant is taken apart once.

use memchr::memmem;

use super::{Bind, Function, bound, kernel, unexpected};
use crate::trino::error::EvalError;
use crate::trino::expr::Kernel;
use crate::trino::value::Value;

pub(super) const FUNCTIONS: &[Function] =
    &[bound("$like", &["(varchar, varchar) -> boolean", "(varchar, varchar, varchar) -> boolean"], like)];

fn like(bind: &Bind<'_>) -> Result<Kernel, EvalError> {
    let is_constant = bind.constants.iter().skip(1).all(Option::is_some);
    let constant = match (bind.text(1), bind.text(2)) {
        (Some(pattern), escape) if is_constant => Some(Pattern::parse(pattern, escape)?),
        _ => None,
    };
    kernel(move |values| match (values, &constant) {
        ([Value::Varchar(text), ..], Some(pattern)) => Ok(Value::Boolean(pattern.matches(text))),
        ([Value::Varchar(text), Value::Varchar(pattern)], None) => {
            Ok(Value::Boolean(Pattern::parse(pattern, None)?.matches(text)))
        }
        ([Value::Varchar(text), Value::Varchar(pattern), Value::Varchar(escape)], None) => {
            Ok(Value::Boolean(Pattern::parse(pattern, Some(escape))?.matches(text)))
        }
        _ => unexpected(values),
    })
}

/// The pieces between the `%` of a pattern.
#[derive(Debug)]
struct Pattern {
    pieces: Vec<Piece>,
}

/// Literal characters and `_`.
#[derive(Debug, Default)]
struct Piece {
    /// `None` stands for `_`.
    chars: Vec<Option<char>>,
    /// Finds a piece without `_`.
    finder: Option<memmem::Finder<'static>>,
}

impl Pattern {
    fn parse(text: &str, escape: Option<&str>) -> Result<Pattern, EvalError> {
        let escape = match escape.map(|escape| (escape.chars().next(), escape.chars().count())) {
            None => None,
            Some((Some(escape), 1)) => Some(escape),
            Some(_) => return Err(EvalError::argument("Escape string must be a single character")),
        };
        let mut pieces = vec![Piece::default()];
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            let piece = match c {
                c if Some(c) == escape => match chars.next() {
                    Some(c) if c == '%' || c == '_' || Some(c) == escape => Some(c),
                    _ => {
                        return Err(EvalError::argument(
                            "Escape character must be followed by '%', '_' or the escape character itself",
                        ));
                    }
                },
                '%' => {
                    pieces.push(Piece::default());
                    continue;
                }
                '_' => None,
                c => Some(c),
            };
            if let Some(last) = pieces.last_mut() {
                last.chars.push(piece);
            }
        }
        for piece in &mut pieces {
            if let Some(literal) = piece.chars.iter().copied().collect::<Option<String>>() {
                piece.finder = Some(memmem::Finder::new(literal.as_bytes()).into_owned());
            }
        }
        Ok(Pattern { pieces })
    }

    fn matches(&self, text: &str) -> bool {
        let (Some((first, middle)), is_whole) = (self.pieces.split_first(), self.pieces.len() == 1) else {
            return false;
        };
        let Some(rest) = first.strip_prefix(text) else {
            return false;
        };
        if is_whole {
            return rest.is_empty();
        }
        let Some((last, middle)) = middle.split_last() else {
            return false;
        };
        let Some(mut rest) = last.strip_suffix(rest) else {
            return false;
        };
        for piece in middle {
            match piece.find(rest) {
                Some(end) => rest = &rest[end..],
                None => return false,
            }
        }
        true
    }
}

impl Piece {
    fn strip_prefix<'t>(&self, text: &'t str) -> Option<&'t str> {
        if let Some(finder) = &self.finder {
            return text.as_bytes().starts_with(finder.needle()).then(|| &text[finder.needle().len()..]);
        }
        let mut rest = text.chars();
        let fits = self.chars.iter().all(|wanted| rest.next().is_some_and(|c| wanted.is_none_or(|w| w == c)));
        fits.then_some(rest.as_str())
    }

    fn strip_suffix<'t>(&self, text: &'t str) -> Option<&'t str> {
        if let Some(finder) = &self.finder {
            return text
                .as_bytes()
                .ends_with(finder.needle())
                .then(|| &text[..text.len() - finder.needle().len()]);
        }
        let mut rest = text.chars();
        let fits = self
            .chars
            .iter()
            .rev()
            .all(|wanted| rest.next_back().is_some_and(|c| wanted.is_none_or(|w| w == c)));
        fits.then_some(rest.as_str())
    }

    /// Where the first occurrence ends.
    fn find(&self, text: &str) -> Option<usize> {
        if let Some(finder) = &self.finder {
            return finder.find(text.as_bytes()).map(|at| at + finder.needle().len());
        }
        text.char_indices()
            .find_map(|(at, _)| self.strip_prefix(&text[at..]).map(|rest| text.len() - rest.len()))
    }
}

#[cfg(test)]
mod tests {
    use crate::trino::testing::check;

    fn check_like(text: &str, pattern: &str, expected: bool) {
        check(&format!("'{text}' LIKE '{pattern}'"), if expected { "true" } else { "false" });
    }

    #[test]
    fn patterns() {
        check_like("abc", "abc", true);
        check_like("abc", "ab", false);
        check_like("abc", "a%", true);
        check_like("abc", "%c", true);
        check_like("abc", "%b%", true);
        check_like("abc", "a%b%c", true);
        check_like("aba", "ab%ba", false);
        check_like("xaybzc", "%a_b%c", true);
        check_like("añb", "a_b", true);
        check_like("ab", "a_b", false);
        check_like("aXbaYb", "%_b", true);
        check_like("", "%", true);
        check_like("", "_", false);
        check_like("ABC", "abc", false);
        check_like("line\nfeed", "line%feed", true);
    }

    #[test]
    fn escapes() {
        check("'a%b' LIKE 'a!%b' ESCAPE '!'", "true");
        check("'axb' LIKE 'a!%b' ESCAPE '!'", "false");
        check("'a' LIKE 'a!' ESCAPE '!'", "! LIKE: Escape character must be followed");
        check("'a' LIKE 'a' ESCAPE '!!'", "! LIKE: Escape string must be a single character");
        check("'a' LIKE NULL", "NULL");
    }
}
