//! The grammar of Athena's SELECT, as far as sqlparser lets a dialect say it.

use std::any::TypeId;

use datafusion::sql::sqlparser::ast::{
    CastKind, DataType, Expr, Ident, ObjectName, TrimWhereField, TypedString,
};
use datafusion::sql::sqlparser::dialect::{Dialect, GenericDialect};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::Token;

/// Trino's lexical rules and the syntax that only it has.
///
/// Types come out as text in a [`DataType::Custom`], whatever they are: casts
/// and typed literals name types that sqlparser has no syntax for.
#[derive(Debug)]
pub(crate) struct Athena;

/// Lower than `+`, unlike in PostgreSQL: `a || b + c` is `a || (b + c)`.
const CONCAT: u8 = 25;

impl Dialect for Athena {
    /// sqlparser asks some features of no method, but of a list of dialects.
    fn dialect(&self) -> TypeId {
        TypeId::of::<GenericDialect>()
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        ch.is_ascii_alphabetic() || ch == '_'
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        ch.is_ascii_alphanumeric() || ch == '_'
    }

    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        ch == '"'
    }

    fn supports_unicode_string_literal(&self) -> bool {
        true
    }

    fn supports_filter_during_aggregation(&self) -> bool {
        true
    }

    fn supports_window_clause_named_window_reference(&self) -> bool {
        true
    }

    fn supports_group_by_expr(&self) -> bool {
        true
    }

    fn supports_lambda_functions(&self) -> bool {
        true
    }

    fn require_interval_qualifier(&self) -> bool {
        true
    }

    fn allow_extract_custom(&self) -> bool {
        true
    }

    fn supports_parens_around_table_factor(&self) -> bool {
        true
    }

    fn get_next_precedence(&self, parser: &Parser) -> Option<Result<u8, ParserError>> {
        (parser.peek_token_ref().token == Token::StringConcat).then_some(Ok(CONCAT))
    }

    fn parse_prefix(&self, parser: &mut Parser) -> Option<Result<Expr, ParserError>> {
        let Token::Word(word) = &parser.peek_token_ref().token else {
            return None;
        };
        if word.quote_style.is_some() {
            return None;
        }
        let next = &parser.peek_nth_token_ref(1).token;
        match (word.keyword, next) {
            (Keyword::CAST, Token::LParen) => Some(cast(parser, CastKind::Cast)),
            (Keyword::TRY_CAST, Token::LParen) => Some(cast(parser, CastKind::TryCast)),
            (Keyword::TRIM, Token::LParen) => Some(trim(parser)),
            _ if matches!(next, Token::SingleQuotedString(_)) && is_literal_type(&word.value) => {
                Some(typed_string(parser))
            }
            _ => None,
        }
    }
}

/// `IPADDRESS '10.0.0.1'`: the types whose literals sqlparser does not know.
fn is_literal_type(word: &str) -> bool {
    const TYPES: [&str; 11] = [
        "ipaddress",
        "uuid",
        "json",
        "decimal",
        "real",
        "double",
        "boolean",
        "tinyint",
        "smallint",
        "integer",
        "bigint",
    ];
    TYPES.iter().any(|name| word.eq_ignore_ascii_case(name))
}

fn typed_string(parser: &mut Parser) -> Result<Expr, ParserError> {
    let name = parser.next_token().token.to_string();
    let value = parser.parse_value()?;
    Ok(Expr::TypedString(TypedString { data_type: named(name), value, uses_odbc_syntax: false }))
}

/// `CAST(x AS type)`, with the type kept as text.
fn cast(parser: &mut Parser, kind: CastKind) -> Result<Expr, ParserError> {
    parser.next_token();
    parser.expect_token(&Token::LParen)?;
    let expr = Box::new(parser.parse_expr()?);
    parser.expect_keyword_is(Keyword::AS)?;
    let data_type = named(type_text(parser)?);
    parser.expect_token(&Token::RParen)?;
    Ok(Expr::Cast { kind, expr, data_type, array: false, format: None })
}

/// The words of a type, up to the parenthesis that closes the cast.
fn type_text(parser: &mut Parser) -> Result<String, ParserError> {
    let mut depth = 0;
    let mut words = Vec::new();
    loop {
        match &parser.peek_token_ref().token {
            Token::RParen if depth == 0 && !words.is_empty() => return Ok(words.join(" ")),
            Token::LParen => depth += 1,
            Token::RParen if depth > 0 => depth -= 1,
            Token::Word(_) | Token::Number(..) => {}
            Token::Comma if depth > 0 => {}
            _ => return parser.expected_ref("a type", parser.peek_token_ref()),
        }
        words.push(parser.next_token().token.to_string());
    }
}

fn named(name: String) -> DataType {
    DataType::Custom(ObjectName::from(vec![Ident::new(name)]), Vec::new())
}

/// `trim(x)`, `trim(x, chars)` and `trim([where] [chars] FROM x)`.
fn trim(parser: &mut Parser) -> Result<Expr, ParserError> {
    parser.next_token();
    parser.expect_token(&Token::LParen)?;
    let words = [Keyword::BOTH, Keyword::LEADING, Keyword::TRAILING];
    let trim_where = parser.parse_one_of_keywords(&words).map(|word| match word {
        Keyword::LEADING => TrimWhereField::Leading,
        Keyword::TRAILING => TrimWhereField::Trailing,
        _ => TrimWhereField::Both,
    });
    let mut trim_what = None;
    let mut trim_characters = None;
    let mut expr = None;
    if !parser.parse_keyword(Keyword::FROM) {
        expr = Some(parser.parse_expr()?);
        if parser.parse_keyword(Keyword::FROM) {
            trim_what = expr.take().map(Box::new);
        } else if trim_where.is_none() && parser.consume_token(&Token::Comma) {
            trim_characters = Some(vec![parser.parse_expr()?]);
        }
    }
    let expr = Box::new(match expr {
        Some(expr) => expr,
        None => parser.parse_expr()?,
    });
    parser.expect_token(&Token::RParen)?;
    Ok(Expr::Trim { expr, trim_where, trim_what, trim_characters })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sql: &str, expected: &str) {
        let parsed = Parser::parse_sql(&Athena, sql).map(|statements| statements[0].to_string());
        assert_eq!(parsed.unwrap_or_else(|error| error.to_string()), expected, "{sql}");
    }

    #[test]
    fn syntax_that_only_trino_has() {
        check(
            "SELECT CAST(x AS array(row(a bigint, b varchar(3))))",
            "SELECT CAST(x AS array ( row ( a bigint , b varchar ( 3 ) ) ))",
        );
        check(
            "SELECT TRY_CAST(x AS timestamp(3) with time zone)",
            "SELECT TRY_CAST(x AS timestamp ( 3 ) with time zone)",
        );
        check("SELECT IPADDRESS '10.0.0.1', DECIMAL '1.5'", "SELECT IPADDRESS '10.0.0.1', DECIMAL '1.5'");
        check(
            "SELECT trim(BOTH FROM x), trim(x, 'ab'), trim('a' FROM x)",
            "SELECT TRIM(BOTH x), TRIM(x, 'ab'), TRIM('a' FROM x)",
        );
        check("SELECT filter(a, x -> x > 1)", "SELECT filter(a, x -> x > 1)");
        check("SELECT EXTRACT(YOW FROM d)", "SELECT EXTRACT(YOW FROM d)");
        check(
            "SELECT * FROM t CROSS JOIN UNNEST(a) WITH ORDINALITY AS u (x, n)",
            "SELECT * FROM t CROSS JOIN UNNEST(a) WITH ORDINALITY AS u (x, n)",
        );
    }

    #[test]
    fn a_name_is_not_a_literal() {
        check(
            "SELECT timestamp, t.date FROM t WHERE timestamp LIKE 'x'",
            "SELECT timestamp, t.date FROM t WHERE timestamp LIKE 'x'",
        );
        check("SELECT decimal FROM t", "SELECT decimal FROM t");
    }

    #[test]
    fn a_cast_needs_a_type() {
        check("SELECT CAST(x AS )", "sql parser error: Expected: a type, found: ) at Line: 1, Column: 18");
    }
}
