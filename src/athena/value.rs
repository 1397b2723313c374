//! The text in which Athena gives arrays, maps and rows: `[a, b]`, `{k=v}`, `{name=value}`.
//!
//! It has no quotes: a text inside that holds `, name=` or a bracket may be read in several ways, and the
//! text `null` cannot be told from NULL, nor an array of one empty text from an empty array. The reading
//! whose texts are shortest, from left to right, is taken. Results in Parquet have no such doubts.

use crate::trino::{self, Type, Value};

/// More attempts than this are not made to read one value, or one element of a long array.
const ATTEMPTS: usize = 4_000;

/// The value that a text means, if it has a reading.
pub(super) fn parse(text: &str, ty: &Type) -> Option<Value<'static>> {
    let brackets = match ty {
        Type::Array(_) => ('[', ']'),
        Type::Map(..) => ('{', '}'),
        _ => return one(text, ty, |rest| rest.is_empty()).map(|(value, _)| value),
    };
    if text == "null" {
        return Some(Value::Null);
    }
    // Arrays and maps may be long: one element after the other, not one inside the other.
    let mut rest = text.strip_prefix(brackets.0)?.strip_suffix(brackets.1)?;
    let (mut elements, mut entries) = (Vec::new(), Vec::new());
    let ends = |rest: &str| rest.is_empty() || rest.starts_with(", ");
    while !rest.is_empty() {
        let after = match ty {
            Type::Map(key, value) => {
                let (name, of) = rest.split_once('=')?;
                let (value, after) = one(of, value, ends)?;
                entries.push((scalar(name, key)?.into_owned(), value));
                after
            }
            Type::Array(element) => {
                let (value, after) = one(rest, element, ends)?;
                elements.push(value);
                after
            }
            _ => return None,
        };
        rest = after.strip_prefix(", ").unwrap_or(after);
        if rest.is_empty() && !after.is_empty() {
            // An empty text is last.
            elements.push(scalar("", &Type::VARCHAR)?);
        }
    }
    Some(if matches!(ty, Type::Map(..)) { Value::Map(entries.into()) } else { Value::array(elements) })
}

/// The value at the beginning of a text, and what comes after it, if that is good.
fn one<'t>(text: &'t str, ty: &Type, is_end: impl Fn(&str) -> bool) -> Option<(Value<'static>, &'t str)> {
    let mut found = None;
    let mut parser = Parser { attempts: 0 };
    parser.value(text, ty, &mut |_, value, rest| {
        let good = is_end(rest);
        if good {
            found = Some((value.into_owned(), rest));
        }
        good
    });
    found
}

/// The scalar that a text means.
pub(super) fn scalar<'t>(text: &'t str, ty: &Type) -> Option<Value<'t>> {
    match ty {
        Type::Varbinary => bytes(text).map(Value::bytes),
        Type::Json => Some(Value::json(text)),
        ty => trino::cast(Value::text(text), &Type::VARCHAR, ty).ok(),
    }
}

/// `61 62 63`: Athena's text of `abc` as bytes.
pub(super) fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b' ').collect();
    let pairs = digits.chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?;
        u8::from_str_radix(pair, 16).ok()
    });
    pairs.collect()
}

struct Parser {
    attempts: usize,
}

/// What comes after a value: whether it could be read too, and so the search is over.
type Then<'k, 't> = dyn FnMut(&mut Parser, Value<'t>, &'t str) -> bool + 'k;

impl Parser {
    fn value<'t>(&mut self, text: &'t str, ty: &Type, then: &mut Then<'_, 't>) -> bool {
        self.attempts += 1;
        if self.attempts > ATTEMPTS {
            return false;
        }
        if let Some(rest) = text.strip_prefix("null")
            && then(self, Value::Null, rest)
        {
            return true;
        }
        match ty {
            Type::Array(element) => {
                let Some(rest) = text.strip_prefix('[') else { return false };
                if let Some(rest) = rest.strip_prefix(']')
                    && then(self, Value::array([]), rest)
                {
                    return true;
                }
                self.elements(rest, element, &[], then)
            }
            Type::Map(key, value) => {
                let Some(rest) = text.strip_prefix('{') else { return false };
                if let Some(rest) = rest.strip_prefix('}')
                    && then(self, Value::Map([].into()), rest)
                {
                    return true;
                }
                self.entries(rest, (key, value), &[], then)
            }
            Type::Row(fields) => {
                let Some(rest) = text.strip_prefix('{') else { return false };
                self.fields(rest, fields, &[], then)
            }
            ty => self.scalar(text, ty, then),
        }
    }

    /// A scalar ends before a separator or a bracket: the nearest at which all the rest can be read.
    fn scalar<'t>(&mut self, text: &'t str, ty: &Type, then: &mut Then<'_, 't>) -> bool {
        let ends = memchr::memchr3_iter(b',', b']', b'}', text.as_bytes());
        let ends = ends.chain(std::iter::once(text.len()));
        let texts = matches!(ty, Type::Varchar(_) | Type::Json);
        for end in ends {
            self.attempts += 1;
            let (value, rest) = text.split_at(end);
            if let Some(value) = scalar(value, ty)
                && then(self, value, rest)
            {
                return true;
            }
            if !texts || self.attempts > ATTEMPTS {
                return false;
            }
        }
        false
    }

    fn elements<'t>(
        &mut self,
        text: &'t str,
        ty: &Type,
        before: &[Value<'t>],
        then: &mut Then<'_, 't>,
    ) -> bool {
        self.value(text, ty, &mut |parser, value, rest| {
            let elements = with(before, value);
            if let Some(rest) = rest.strip_prefix(", ")
                && parser.elements(rest, ty, &elements, then)
            {
                return true;
            }
            let Some(rest) = rest.strip_prefix(']') else { return false };
            then(parser, Value::array(elements), rest)
        })
    }

    fn entries<'t>(
        &mut self,
        text: &'t str,
        types: (&Type, &Type),
        before: &[(Value<'t>, Value<'t>)],
        then: &mut Then<'_, 't>,
    ) -> bool {
        let Some((key, rest)) = text.split_once('=') else { return false };
        let Some(key) = scalar(key, types.0) else { return false };
        self.value(rest, types.1, &mut |parser, value, rest| {
            let entries = with(before, (key.clone(), value));
            if let Some(rest) = rest.strip_prefix(", ")
                && parser.entries(rest, types, &entries, then)
            {
                return true;
            }
            let Some(rest) = rest.strip_prefix('}') else { return false };
            then(parser, Value::Map(entries.into()), rest)
        })
    }

    fn fields<'t>(
        &mut self,
        text: &'t str,
        fields: &[trino::Field],
        before: &[Value<'t>],
        then: &mut Then<'_, 't>,
    ) -> bool {
        let index = before.len();
        let Some(field) = fields.get(index) else { return false };
        let rest = match &field.name {
            Some(name) => text.strip_prefix(&**name),
            None => text.strip_prefix(&*format!("field{index}")),
        };
        let Some(rest) = rest.and_then(|rest| rest.strip_prefix('=')) else { return false };
        self.value(rest, &field.ty, &mut |parser, value, rest| {
            let values = with(before, value);
            if values.len() < fields.len() {
                let Some(rest) = rest.strip_prefix(", ") else { return false };
                return parser.fields(rest, fields, &values, then);
            }
            let Some(rest) = rest.strip_prefix('}') else { return false };
            then(parser, Value::row(values), rest)
        })
    }
}

fn with<T: Clone>(before: &[T], one: T) -> Vec<T> {
    let mut all = Vec::with_capacity(before.len() + 1);
    all.extend_from_slice(before);
    all.push(one);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The value as compact JSON.
    #[track_caller]
    fn check(ty: &str, text: &str, expected: Option<&str>) {
        let ty = Type::parse(ty).unwrap();
        let json = parse(text, &ty).map(|value| match trino::cast(value, &ty, &Type::Json) {
            Ok(Value::Json(json)) => json.into_owned(),
            other => format!("{other:?}"),
        });
        assert_eq!(json.as_deref(), expected, "{text}");
    }

    #[test]
    fn rows() {
        let ty = "row(type varchar, arn varchar, context row(arn varchar, mfa boolean))";
        check(
            ty,
            "{type=AssumedRole, arn=arn:aws:sts::1:assumed-role/a, context={arn=x=y, mfa=true}}",
            Some(
                r#"{"type":"AssumedRole","arn":"arn:aws:sts::1:assumed-role/a","context":{"arn":"x=y","mfa":true}}"#,
            ),
        );
        check(ty, "{type=null, arn=, context=null}", Some(r#"{"type":null,"arn":"","context":null}"#));
        check(
            ty,
            "{type=a, b}], arn=c, arn=d, context={arn={}, mfa=null}}",
            Some(r#"{"type":"a, b}]","arn":"c, arn=d","context":{"arn":"{}","mfa":null}}"#),
        );
        check(ty, "{type=a}", None);
        check(ty, "a", None);
        check("row(integer, double)", "{field0=1, field1=1.0E10}", Some(r#"{"":1,"":1.0E10}"#));
    }

    #[test]
    fn arrays_and_maps() {
        check("array(varchar)", "[a, b, null]", Some(r#"["a","b",null]"#));
        check("array(varchar)", "[]", Some("[]"));
        check("array(varchar)", "[a, ]", Some(r#"["a",""]"#));
        check("array(bigint)", "[1, x]", None);
        check("array(array(bigint))", "[[1, 2], [], null]", Some("[[1,2],[],null]"));
        check(
            "array(row(arn varchar, type varchar))",
            "[{arn=a, type=b}, {arn=c, type=null}]",
            Some(r#"[{"arn":"a","type":"b"},{"arn":"c","type":null}]"#),
        );
        check("map(varchar, array(bigint))", "{a=[1], b=null}", Some(r#"{"a":[1],"b":null}"#));
        check("map(varchar, varchar)", "{}", Some("{}"));
    }

    #[test]
    fn scalars() {
        assert_eq!(bytes("61 62 ff").unwrap(), b"ab\xff");
        assert_eq!(bytes("").unwrap(), b"");
        assert!(bytes("6").is_none() && bytes("zz").is_none());
        check("decimal(5,2)", "1.50", Some("1.50"));
        check("date", "2026-10-12", Some(r#""2026-10-12""#));
    }

    #[test]
    fn a_hostile_text_ends_the_search() {
        let hostile = format!("{{arn={}}}", ", type=".repeat(5_000));
        let ty = Type::parse("row(arn varchar, type varchar, x varchar)").unwrap();
        assert!(parse(&hostile, &ty).is_none());
    }

    #[test]
    fn a_long_array_is_read() {
        let ty = Type::parse("array(row(a varchar, b bigint))").unwrap();
        let text = format!("[{}{{a=x, b=1}}]", "{a=x, b=1}, ".repeat(100_000));
        assert!(matches!(parse(&text, &ty), Some(Value::Array(all)) if all.len() == 100_001));
    }
}
