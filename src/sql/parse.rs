//! From text to a query: one statement, and one that reads.

use datafusion::sql::sqlparser::ast::{Query, Statement};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan, Tokenizer};

use super::dialect::Athena;
use super::lint;
use crate::trino::Problem;

/// Athena takes no longer text, in bytes.
const LONGEST: usize = 262_144;

/// Parses the one query that `sql` is.
pub(super) fn parse(sql: &str) -> Result<Query, Problem> {
    if sql.len() > LONGEST {
        return Err(Problem::new(format!("the query has {} bytes, Athena takes {LONGEST}", sql.len()))
            .hint("split it, or join a list of values with VALUES"));
    }
    let mut tokens = tokens(sql)?;
    only_statement(&mut tokens)?;
    lint::check(&tokens)?;
    let last = tokens.last().map(|token| token.span.end);
    let mut parser = Parser::new(&Athena).with_tokens_with_locations(enclose_values(tokens));
    let statement = parser.parse_statement().map_err(|error| syntax(&error, last))?;
    let rest = parser.peek_token();
    if rest.token != Token::EOF {
        return Err(Problem::new(format!("{} does not belong here", quoted(&rest.token))).at(rest.span));
    }
    match statement {
        Statement::Query(query) => Ok(*query),
        _ => Err(Problem::new("this is no query").hint("write SELECT")),
    }
}

/// The words of a query, comments and blanks among them.
pub(super) fn tokens(sql: &str) -> Result<Vec<TokenWithSpan>, Problem> {
    Tokenizer::new(&Athena, sql).tokenize_with_location().map_err(|error| {
        let problem = match error.message.as_str() {
            "Unterminated string literal" => {
                Problem::new("a string literal is not closed: a quote is missing").hint("close it with '")
            }
            "Unexpected EOF while in a multi-line comment" => {
                Problem::new("a comment is not closed").hint("close it with */")
            }
            message if message.starts_with("Expected close delimiter") => {
                Problem::new("a quoted name is not closed").hint("close it with \"")
            }
            message => Problem::new(message),
        };
        problem.at(Span::new(error.location, error.location))
    })
}

/// Refuses what is no query by its first word, and more than one statement.
///
/// Takes away the semicolon at the end.
fn only_statement(tokens: &mut Vec<TokenWithSpan>) -> Result<(), Problem> {
    while tokens.last().is_some_and(|last| lint::is_space(&last.token) || last.token == Token::SemiColon) {
        tokens.pop();
    }
    let mut words = tokens.iter().filter(|token| !lint::is_space(&token.token));
    let Some(first) = words.next() else {
        return Err(Problem::new("the query is empty").hint("write SELECT"));
    };
    if let Some(end) = words.find(|word| word.token == Token::SemiColon) {
        let problem = Problem::new("there is more than one statement: Athena runs one at a time");
        return Err(problem.hint("run them one by one").at(end.span));
    }
    let Token::Word(word) = &first.token else { return Ok(()) };
    let verb = word.value.to_uppercase();
    let (what, instead) = match verb.as_str() {
        "INSERT" | "CREATE" | "UNLOAD" | "DROP" | "ALTER" | "DELETE" | "UPDATE" | "MERGE" | "MSCK"
        | "TRUNCATE" | "VACUUM" | "OPTIMIZE" | "GRANT" | "REVOKE" => {
            ("changes data or tables, and logs are only read here", "run the SELECT in it alone")
        }
        "EXPLAIN" | "SHOW" | "DESCRIBE" | "DESC" | "USE" | "SET" | "PREPARE" | "EXECUTE" | "DEALLOCATE"
        | "CALL" | "ANALYZE" | "REFRESH" => ("is no query", "write a SELECT"),
        _ => return Ok(()),
    };
    Err(Problem::new(format!("{verb} is not supported: it {what}")).hint(instead).at(first.span))
}

/// Puts the parentheses into `VALUES 1, 2` that sqlparser wants around each row.
fn enclose_values(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut enclosed = Vec::with_capacity(tokens.len());
    // The depth of the parentheses around each VALUES that is open, and whether a row of it is.
    let mut open: Vec<(usize, bool)> = Vec::new();
    let mut depth = 0;
    let mut row_starts = false;
    for token in tokens {
        let end = Span::new(token.span.start, token.span.start);
        let at_depth = open.last().is_some_and(|(values, _)| *values == depth);
        let ends_row = match &token.token {
            Token::Comma | Token::RParen => at_depth,
            Token::Word(word) => at_depth && ends_values(word.keyword),
            _ => false,
        };
        if ends_row
            && let Some((_, row)) = open.last_mut()
            && std::mem::take(row)
        {
            enclosed.push(TokenWithSpan::new(Token::RParen, end));
        }
        if ends_row && token.token != Token::Comma {
            open.pop();
        }
        if row_starts && !lint::is_space(&token.token) {
            row_starts = false;
            if token.token != Token::LParen
                && let Some((_, row)) = open.last_mut()
            {
                *row = true;
                enclosed.push(TokenWithSpan::new(Token::LParen, end));
            }
        }
        match &token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            Token::Comma => row_starts |= ends_row,
            Token::Word(word) if word.quote_style.is_none() && word.keyword == Keyword::VALUES => {
                open.push((depth, false));
                row_starts = true;
            }
            _ => {}
        }
        enclosed.push(token);
    }
    if open.last().is_some_and(|(_, row)| *row) {
        enclosed.push(TokenWithSpan::wrap(Token::RParen));
    }
    enclosed
}

/// What may follow the rows of VALUES.
fn ends_values(keyword: Keyword) -> bool {
    use Keyword::{EXCEPT, FETCH, INTERSECT, LIMIT, OFFSET, ORDER, UNION};
    matches!(keyword, UNION | INTERSECT | EXCEPT | ORDER | OFFSET | LIMIT | FETCH)
}

/// A parser's complaint as a sentence of ours.
fn syntax(error: &ParserError, last: Option<Location>) -> Problem {
    let (ParserError::TokenizerError(text) | ParserError::ParserError(text)) = error else {
        return Problem::new("the query is nested too deeply").hint("use WITH for its parts");
    };
    let (text, place) = match text.rsplit_once(" at Line: ") {
        Some((text, place)) => (text, location(place)),
        None => (text.as_str(), None),
    };
    let problem = match text.strip_prefix("Expected: ").and_then(|text| text.rsplit_once(", found: ")) {
        Some((expected, "EOF")) => Problem::new(format!("the query ends where {expected} is expected")),
        Some(("end of statement", found)) => Problem::new(format!("'{found}' does not belong here")),
        Some((expected, found)) => Problem::new(format!("'{found}' stands where {expected} is expected")),
        None => Problem::new(text),
    };
    match place.or(last) {
        Some(place) => problem.at(Span::new(place, place)),
        None => problem,
    }
}

/// `3, Column: 5`.
fn location(text: &str) -> Option<Location> {
    let (line, column) = text.split_once(", Column: ")?;
    Some(Location::new(line.parse().ok()?, column.parse().ok()?))
}

fn quoted(token: &Token) -> String {
    format!("'{token}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sql: &str, expected: &str) {
        let said = parse(sql).map(|query| query.to_string());
        assert_eq!(said.unwrap_or_else(|problem| problem.to_string()), expected, "{sql}");
    }

    #[test]
    fn one_query() {
        check("-- why\nSELECT 1 ; ", "SELECT 1");
        check("(SELECT 1) UNION ALL VALUES 2", "(SELECT 1) UNION ALL VALUES (2)");
        check(
            "SELECT 1; SELECT 2",
            "line 1:9: there is more than one statement: Athena runs one at a time; run them one by one",
        );
        check(" -- nothing", "the query is empty; write SELECT");
    }

    #[test]
    fn rows_of_one_column() {
        check(
            "SELECT * FROM (VALUES 'a', lower('B', 2)) AS t (x)",
            "SELECT * FROM (VALUES ('a'), (lower('B', 2))) AS t (x)",
        );
        check("VALUES 1, (2, 3) ORDER BY 1 LIMIT 1", "VALUES (1), (2, 3) ORDER BY 1 LIMIT 1");
        check(
            "SELECT \"values\", x FROM (VALUES (1), (2)) t",
            "SELECT \"values\", x FROM (VALUES (1), (2)) t",
        );
    }

    #[test]
    fn what_is_no_query() {
        check(
            "CREATE TABLE x AS SELECT 1",
            "line 1:1: CREATE is not supported: it changes data or tables, and logs are only read here; run the SELECT in it alone",
        );
        check("SHOW TABLES", "line 1:1: SHOW is not supported: it is no query; write a SELECT");
    }

    #[test]
    fn what_does_not_read() {
        check("SELECT 'a", "line 1:8: a string literal is not closed: a quote is missing; close it with '");
        check("SELECT a FROM", "line 1:14: the query ends where identifier is expected");
        check("SELECT a FROM t WHERE", "line 1:22: the query ends where an expression is expected");
        check("SELECT a b c", "line 1:12: 'c' does not belong here");
        check("SELECT (1", "line 1:10: the query ends where ) is expected");
    }

    #[test]
    fn too_long() {
        let sql = format!("SELECT '{}'", "x".repeat(LONGEST));
        check(
            &sql,
            "the query has 262153 bytes, Athena takes 262144; split it, or join a list of values with VALUES",
        );
    }
}
