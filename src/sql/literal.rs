//! Values as SQL literals: the only way a value gets into a query's text.

/// A `varchar` literal.
pub(crate) fn text(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

/// A `LIKE` pattern, with its `ESCAPE`, that matches whatever contains `value`.
///
/// `_` and `%` in the value stand for themselves: role names are full of `_`.
pub(crate) fn contains(value: &str) -> String {
    let mut pattern = String::with_capacity(value.len() + 2);
    for character in value.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    if pattern.contains('\\') {
        return format!("{} ESCAPE '\\'", text(&format!("%{pattern}%")));
    }
    text(&format!("%{pattern}%"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What a SQL lexer reads back from the start of `sql`: the value, and the rest.
    fn read(sql: &str) -> (String, &str) {
        let mut rest = sql.strip_prefix('\'').expect("a literal");
        let mut value = String::new();
        loop {
            let end = rest.find('\'').expect("a closing quote");
            value.push_str(&rest[..end]);
            rest = &rest[end + 1..];
            match rest.strip_prefix('\'') {
                Some(more) => {
                    value.push('\'');
                    rest = more;
                }
                None => return (value, rest),
            }
        }
    }

    fn like(pattern: &str, value: &str) -> bool {
        fn go(pattern: &[char], value: &[char]) -> bool {
            match pattern {
                [] => value.is_empty(),
                ['\\', c, rest @ ..] => value.first() == Some(c) && go(rest, &value[1..]),
                ['%', rest @ ..] => (0..=value.len()).any(|n| go(rest, &value[n..])),
                ['_', rest @ ..] => !value.is_empty() && go(rest, &value[1..]),
                [c, rest @ ..] => value.first() == Some(c) && go(rest, &value[1..]),
            }
        }
        let chars = |s: &str| s.chars().collect::<Vec<_>>();
        go(&chars(pattern), &chars(value))
    }

    proptest! {
        #[test]
        fn any_text_is_read_back(value in ".*") {
            let sql = text(&value);
            prop_assert_eq!(read(&sql), (value, ""));
        }

        #[test]
        fn quotes_do_not_close_the_literal(value in "['\\\\%_;a-]{0,12}") {
            let sql = text(&value);
            prop_assert_eq!(read(&sql), (value, ""));
        }

        #[test]
        fn a_pattern_matches_what_contains_the_value(
            value in "['\\\\%_a]{0,6}", before in "[a%_]{0,3}", other in "['\\\\%_a]{0,8}",
        ) {
            let sql = contains(&value);
            let (pattern, rest) = read(&sql);
            prop_assert!(rest.is_empty() || rest == " ESCAPE '\\'", "{}", rest);
            let whole = format!("{}{}{}", before, value, before);
            prop_assert!(like(&pattern, &whole));
            prop_assert_eq!(like(&pattern, &other), other.contains(&value));
        }
    }
}
