//! The columns of a result, as the query names and types them.

use polars::prelude::{DataFrame, DataType};

/// One column of a result.
///
/// A `DataFrame` cannot hold two columns of one name, nor knows Trino's types;
/// so both are kept beside it, in the order of its columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    /// As Athena gives it: lower case, `_col0` for an unnamed expression.
    pub(crate) name: String,
    /// Trino's type: `varchar`, `array(row(arn varchar))`.
    pub(crate) kind: String,
}

impl Column {
    /// A column by its name and Trino type.
    pub(crate) fn new(name: &str, kind: &str) -> Column {
        Column { name: name.to_owned(), kind: kind.to_owned() }
    }

    /// The columns of a frame that did not come from a query.
    pub(crate) fn of(frame: &DataFrame) -> Vec<Column> {
        frame.columns().iter().map(|column| Column::new(column.name(), &kind_of(column.dtype()))).collect()
    }
}

fn kind_of(dtype: &DataType) -> String {
    match dtype {
        DataType::Boolean => "boolean".into(),
        DataType::Int8 => "tinyint".into(),
        DataType::Int16 => "smallint".into(),
        DataType::Int32 => "integer".into(),
        DataType::Float32 => "real".into(),
        DataType::Float64 => "double".into(),
        DataType::Binary => "varbinary".into(),
        DataType::Date => "date".into(),
        DataType::Time => "time(3)".into(),
        DataType::Datetime(_, None) => "timestamp(3)".into(),
        DataType::Datetime(_, Some(_)) => "timestamp(3) with time zone".into(),
        DataType::List(inner) => format!("array({})", kind_of(inner)),
        DataType::Struct(fields) => {
            let fields: Vec<_> =
                fields.iter().map(|field| format!("{} {}", field.name(), kind_of(field.dtype()))).collect();
            format!("row({})", fields.join(", "))
        }
        dtype if dtype.is_integer() => "bigint".into(),
        DataType::Null => "unknown".into(),
        _ => "varchar".into(),
    }
}

/// What of a Trino type decides how a value is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Written as its Rust value says.
    Plain,
    /// A number that is kept as text, to lose no digit.
    Decimal,
    /// With the digits of the second's fraction, and whether the zone is shown.
    Timestamp {
        digits: usize,
        zoned: bool,
    },
    Array(Box<Kind>),
    /// The kind of the values; keys are texts in the output.
    Map(Box<Kind>),
    Row(Vec<Kind>),
}

impl Kind {
    /// Reads a type as Trino writes it. What it does not know is `Plain`.
    pub(crate) fn parse(text: &str) -> Kind {
        let text = text.trim();
        let (base, inner) = match (text.find('('), text.rfind(')')) {
            (Some(open), Some(close)) if open < close => (&text[..open], &text[open + 1..close]),
            _ => (text, ""),
        };
        match base.trim().to_ascii_lowercase().as_str() {
            "array" => Kind::Array(Box::new(Kind::parse(inner))),
            "map" => match parts(inner).as_slice() {
                [_, value] => Kind::Map(Box::new(Kind::parse(value))),
                _ => Kind::Plain,
            },
            "row" => {
                Kind::Row(parts(inner).into_iter().map(|field| Kind::parse(field_type(field))).collect())
            }
            "decimal" => Kind::Decimal,
            base if base.starts_with("timestamp") => Kind::Timestamp {
                digits: inner.trim().parse().unwrap_or(3).clamp(3, 9),
                zoned: text.to_ascii_lowercase().contains("with time zone"),
            },
            _ => Kind::Plain,
        }
    }

    /// Whether values line up at their last digit.
    pub(crate) fn is_number(kind: &str) -> bool {
        let base = kind.split('(').next().unwrap_or_default().trim().to_ascii_lowercase();
        matches!(
            base.as_str(),
            "tinyint" | "smallint" | "integer" | "int" | "bigint" | "real" | "double" | "decimal"
        )
    }
}

/// Splits at the commas that are outside parentheses and quotes.
fn parts(text: &str) -> Vec<&str> {
    let (mut out, mut depth, mut quoted, mut start) = (Vec::new(), 0, false, 0);
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                out.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    if !text[start..].trim().is_empty() {
        out.push(text[start..].trim());
    }
    out
}

/// The type of `name type`, `"a name" type` or a bare `type`.
fn field_type(field: &str) -> &str {
    if field.starts_with('"') {
        // A quote inside the name is doubled, so the name ends at the last one.
        return field.rfind('"').map_or(field, |end| &field[end + 1..]);
    }
    let name = field.find([' ', '(']).unwrap_or(field.len());
    let rest = field[name..].trim_start();
    if rest.is_empty() || rest.starts_with('(') || rest.starts_with("with ") { field } else { rest }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_as_trino_writes_them() {
        let seconds = Kind::Timestamp { digits: 3, zoned: false };
        for (text, kind) in [
            ("varchar", Kind::Plain),
            ("varchar(20)", Kind::Plain),
            ("decimal(38,2)", Kind::Decimal),
            ("timestamp(3)", seconds.clone()),
            ("timestamp", seconds.clone()),
            ("timestamp(6) with time zone", Kind::Timestamp { digits: 6, zoned: true }),
            ("array(varchar)", Kind::Array(Box::new(Kind::Plain))),
            ("map(varchar, decimal(3,1))", Kind::Map(Box::new(Kind::Decimal))),
            (
                "row(a varchar, \"b, c\" timestamp(3), d array(row(e decimal(2,1))))",
                Kind::Row(vec![
                    Kind::Plain,
                    seconds.clone(),
                    Kind::Array(Box::new(Kind::Row(vec![Kind::Decimal]))),
                ]),
            ),
            (
                "row(timestamp(3) with time zone, decimal(2,1), integer)",
                Kind::Row(vec![Kind::Timestamp { digits: 3, zoned: true }, Kind::Decimal, Kind::Plain]),
            ),
            ("row(", Kind::Plain),
            ("", Kind::Plain),
        ] {
            assert_eq!(Kind::parse(text), kind, "{text}");
        }
    }

    #[test]
    fn numbers_are_known_by_their_type() {
        assert!(Kind::is_number("bigint") && Kind::is_number("decimal(3,1)"));
        assert!(!Kind::is_number("varchar") && !Kind::is_number("array(bigint)"));
    }
}
