//! Column types as Hive's DDL writes them.

use std::fmt;

use datafusion::arrow::datatypes::{DataType, Fields};

/// A column's type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum HiveType {
    /// `string`, `bigint`, …
    Plain(String),
    Array(Box<HiveType>),
    Map(Box<HiveType>, Box<HiveType>),
    Struct(Vec<(String, HiveType)>),
}

impl HiveType {
    /// The type of a column that the embedded engine has as `data_type`.
    pub(super) fn of(data_type: &DataType) -> HiveType {
        let members = |fields: &Fields| {
            fields.iter().map(|field| (field.name().clone(), HiveType::of(field.data_type()))).collect()
        };
        match data_type {
            DataType::Struct(fields) => HiveType::Struct(members(fields)),
            DataType::List(item) => HiveType::Array(Box::new(HiveType::of(item.data_type()))),
            DataType::Map(entry, _) => match HiveType::of(entry.data_type()) {
                HiveType::Struct(entry) if entry.len() == 2 => {
                    let [key, value] = [&entry[0].1, &entry[1].1].map(|part| Box::new(part.clone()));
                    HiveType::Map(key, value)
                }
                other => other,
            },
            _ => HiveType::Plain("string".to_owned()),
        }
    }

    /// Reads a type as Athena's metadata tell it.
    pub(super) fn parse(text: &str) -> Option<HiveType> {
        let text: String = text.to_lowercase().split_whitespace().collect();
        let (parsed, rest) = read(&text)?;
        rest.is_empty().then_some(parsed)
    }

    /// The members that are here and not in `other`, or are of another type there, as paths below `name`.
    pub(super) fn missing_in(&self, other: &HiveType, name: &str) -> Vec<String> {
        match (self, other) {
            (HiveType::Struct(members), HiveType::Struct(others)) => {
                let mut missing = Vec::new();
                for (member, kind) in members {
                    let path = format!("{name}.{member}");
                    match others.iter().find(|(name, _)| name == member) {
                        Some((_, other)) => missing.extend(kind.missing_in(other, &path)),
                        None => missing.push(path),
                    }
                }
                missing
            }
            (HiveType::Array(item), HiveType::Array(other)) => item.missing_in(other, name),
            (HiveType::Map(_, value), HiveType::Map(_, other)) => value.missing_in(other, name),
            _ if self == other => Vec::new(),
            // Some tables have JSON booleans as such; questions compare them as texts.
            _ => vec![format!("{name} (it is {other}, not {self})")],
        }
    }

    /// The type over several lines, each member below the last.
    pub(super) fn indented(&self, depth: usize) -> String {
        match self {
            HiveType::Struct(members) => {
                let inner = "  ".repeat(depth + 1);
                let members: Vec<String> = members
                    .iter()
                    .map(|(name, kind)| format!("{inner}{name}:{}", kind.indented(depth + 1)))
                    .collect();
                format!("struct<\n{}\n{}>", members.join(",\n"), "  ".repeat(depth))
            }
            HiveType::Array(item) => format!("array<{}>", item.indented(depth)),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for HiveType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HiveType::Plain(name) => f.write_str(name),
            HiveType::Array(item) => write!(f, "array<{item}>"),
            HiveType::Map(key, value) => write!(f, "map<{key},{value}>"),
            HiveType::Struct(members) => {
                let members: Vec<String> =
                    members.iter().map(|(name, kind)| format!("{name}:{kind}")).collect();
                write!(f, "struct<{}>", members.join(","))
            }
        }
    }
}

/// A type at the start of the text, and what follows it.
fn read(text: &str) -> Option<(HiveType, &str)> {
    let end = text.find(['<', '>', ',', ':']).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let Some(mut rest) = rest.strip_prefix('<') else {
        // A decimal's comma is inside parentheses.
        let end = match name.contains('(') {
            true => text.find(')').map(|close| close + 1)?,
            false => end,
        };
        let (name, rest) = text.split_at(end);
        return (!name.is_empty()).then(|| (HiveType::Plain(name.to_owned()), rest));
    };
    let mut parts = Vec::new();
    loop {
        let mut label = String::new();
        if name == "struct" {
            let (member, after) = rest.split_once(':')?;
            label = member.trim_matches('`').to_owned();
            rest = after;
        }
        let (part, after) = read(rest)?;
        parts.push((label, part));
        match after.strip_prefix(',') {
            Some(more) => rest = more,
            None => {
                rest = after.strip_prefix('>')?;
                break;
            }
        }
    }
    let kind = match (name, parts.as_slice()) {
        ("struct", _) => HiveType::Struct(parts),
        ("array", [(_, item)]) => HiveType::Array(Box::new(item.clone())),
        ("map", [(_, key), (_, value)]) => HiveType::Map(Box::new(key.clone()), Box::new(value.clone())),
        _ => return None,
    };
    Some((kind, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::columns::schema;

    #[test]
    fn types_are_read_back() {
        for field in schema().fields() {
            let kind = HiveType::of(field.data_type());
            assert_eq!(HiveType::parse(&kind.to_string()), Some(kind.clone()), "{kind}");
            assert_eq!(HiveType::parse(&kind.indented(1)), Some(kind.clone()), "{kind}");
        }
        assert_eq!(
            HiveType::parse("Array<Struct<ARN: string, n:decimal(3,1)>>").unwrap().to_string(),
            "array<struct<arn:string,n:decimal(3,1)>>"
        );
        for text in ["", "struct<", "struct<a>", "array<>", "map<string>", "string>", "list<string>"] {
            assert_eq!(HiveType::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_a_struct_lacks_is_named() {
        let parse = |text: &str| HiveType::parse(text).unwrap();
        let wanted = parse("struct<arn:string,session:struct<issuer:string,mfa:string>>");
        let check = |there: &str, expected: &[&str]| {
            assert_eq!(wanted.missing_in(&parse(there), "useridentity"), expected, "{there}");
        };
        check("struct<session:struct<mfa:string,issuer:string>,arn:string,more:string>", &[]);
        check("struct<session:struct<mfa:string>>", &["useridentity.arn", "useridentity.session.issuer"]);
        check(
            "string",
            &["useridentity (it is string, not struct<arn:string,session:struct<issuer:string,mfa:string>>)"],
        );
    }
}
