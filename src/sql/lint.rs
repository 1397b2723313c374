//! What can be told from the words of a query alone, before it is parsed.
//!
//! A parser stops at the first word that does not fit. These checks know what
//! people meant: they say what to write instead.

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::trino::Problem;

/// Finds the first thing that Athena does not read, in the tokens of a query.
pub(super) fn check(tokens: &[TokenWithSpan]) -> Result<(), Problem> {
    let words: Vec<&TokenWithSpan> = tokens.iter().filter(|token| !is_space(&token.token)).collect();
    for (i, word) in words.iter().enumerate() {
        let next = words.get(i + 1).copied();
        if let Some(problem) = foreign(&words[i..]).or_else(|| next.and_then(|next| pair(word, next))) {
            return Err(problem.at(word.span));
        }
    }
    missing_where(&words).map_or(Ok(()), Err)
}

pub(super) fn is_space(token: &Token) -> bool {
    matches!(token, Token::Whitespace(_) | Token::EOF)
}

/// Something of another SQL dialect.
fn foreign(words: &[&TokenWithSpan]) -> Option<Problem> {
    let next = words.get(1).map(|next| &next.token);
    let problem = match &words[0].token {
        Token::Char('`') => {
            let name = match next {
                Some(Token::Word(word)) => word.value.as_str(),
                _ => "name",
            };
            Problem::new("backticks quote no name in a SELECT").hint(format!("use double quotes: \"{name}\""))
        }
        Token::Char('\u{2018}' | '\u{2019}' | '\u{201C}' | '\u{201D}') => {
            Problem::new("a typographic quote is no SQL quote")
                .hint("use ' around a string and \" around a name")
        }
        Token::DoubleEq => Problem::new("== is no operator").hint("write ="),
        Token::DoubleColon => Problem::new(":: is no cast").hint("write CAST(x AS type)"),
        Token::Word(word) if word.quote_style.is_none() => match word.keyword {
            Keyword::ILIKE => Problem::new("ILIKE is not in Athena").hint("write lower(x) LIKE 'pattern'"),
            Keyword::RLIKE | Keyword::REGEXP if matches!(next, Some(Token::SingleQuotedString(_))) => {
                Problem::new(format!("{} is not in Athena", word.value))
                    .hint("write regexp_like(x, 'pattern')")
            }
            Keyword::QUALIFY => Problem::new("QUALIFY is not in Athena")
                .hint("filter the window function's column in an outer SELECT with WHERE"),
            Keyword::LIMIT if matches!(words.get(2).map(|w| &w.token), Some(Token::Word(w)) if w.keyword == Keyword::OFFSET) => {
                Problem::new("OFFSET comes before LIMIT in Athena").hint("write OFFSET n LIMIT m")
            }
            _ => return None,
        },
        _ => return None,
    };
    Some(problem)
}

/// Two words that do not stand side by side.
fn pair(word: &TokenWithSpan, next: &TokenWithSpan) -> Option<Problem> {
    match (&word.token, &next.token) {
        (Token::SingleQuotedString(a), Token::SingleQuotedString(b)) => Some(
            Problem::new(format!("two string literals side by side: '{a}' '{b}'"))
                .hint("put a comma, or || to join them, between the two"),
        ),
        (Token::Comma, Token::RParen) => Some(Problem::new("a comma before ')'").hint("remove the comma")),
        (Token::Comma, Token::Word(next))
            if next.quote_style.is_none()
                && matches!(
                    next.keyword,
                    Keyword::FROM | Keyword::WHERE | Keyword::GROUP | Keyword::HAVING | Keyword::ORDER
                ) =>
        {
            Some(Problem::new(format!("a comma before {}", next.value)).hint("remove the comma"))
        }
        _ => None,
    }
}

/// `FROM logs AND eventname = 'x'`.
fn missing_where(words: &[&TokenWithSpan]) -> Option<Problem> {
    let keyword = |i: usize| match words.get(i).map(|word| &word.token) {
        Some(Token::Word(word)) if word.quote_style.is_none() => word.keyword,
        _ => Keyword::NoKeyword,
    };
    for start in (0..words.len()).filter(|i| keyword(*i) == Keyword::FROM) {
        let mut end = start + 2;
        while matches!(words.get(end).map(|word| &word.token), Some(Token::Period)) {
            end += 2;
        }
        if matches!(keyword(end), Keyword::AND | Keyword::OR) && is_name(&words[start + 1].token) {
            let word = words[end].token.to_string();
            let problem = Problem::new(format!("{word} follows the table name"));
            return Some(problem.hint(format!("write WHERE instead of {word}")).at(words[end].span));
        }
    }
    None
}

fn is_name(token: &Token) -> bool {
    matches!(token, Token::Word(_))
}

#[cfg(test)]
mod tests {
    use super::super::parse::tokens;

    fn check(sql: &str, expected: &str) {
        let said = tokens(sql).and_then(|tokens| super::check(&tokens));
        assert_eq!(said.map_or_else(|problem| problem.to_string(), |()| String::new()), expected, "{sql}");
    }

    #[test]
    fn what_other_engines_read() {
        check("SELECT `a` FROM t", "line 1:8: backticks quote no name in a SELECT; use double quotes: \"a\"");
        check("SELECT 1\n FROM t WHERE a == 2", "line 2:17: == is no operator; write =");
        check("SELECT a::date", "line 1:9: :: is no cast; write CAST(x AS type)");
        check("SELECT a ILIKE 'x'", "line 1:10: ILIKE is not in Athena; write lower(x) LIKE 'pattern'");
        check("SELECT a RLIKE 'x'", "line 1:10: RLIKE is not in Athena; write regexp_like(x, 'pattern')");
        check(
            "SELECT a LIMIT 1 OFFSET 2",
            "line 1:10: OFFSET comes before LIMIT in Athena; write OFFSET n LIMIT m",
        );
        check(
            "SELECT a = ‘x’",
            "line 1:12: a typographic quote is no SQL quote; use ' around a string and \" around a name",
        );
    }

    #[test]
    fn slips_of_the_pen() {
        check(
            "SELECT a IN ('x' 'y')",
            "line 1:14: two string literals side by side: 'x' 'y'; put a comma, or || to join them, between the two",
        );
        check("SELECT a IN ('x',)", "line 1:17: a comma before ')'; remove the comma");
        check("SELECT a, FROM t", "line 1:9: a comma before FROM; remove the comma");
        check("SELECT a FROM d.t AND b", "line 1:19: AND follows the table name; write WHERE instead of AND");
    }

    #[test]
    fn what_is_in_a_string_or_a_comment_is_left_alone() {
        check("SELECT 'a == `b` ,)' -- ILIKE ,)\n FROM t WHERE a AND b", "");
        check("SELECT \"ILIKE\", count(DISTINCT a) FROM t OFFSET 2 LIMIT 1", "");
    }
}
