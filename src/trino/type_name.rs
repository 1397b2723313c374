//! The names of types, as CAST and typed literals write them.

use super::error::Problem;
use super::types::{Field, Type};

/// The precision of a bare `timestamp`.
const MILLIS: u8 = 3;

impl Type {
    /// The type of a name in any case: `row(a bigint, b array(varchar))`.
    ///
    /// # Errors
    ///
    /// Trino has no such type, or this engine has not.
    pub(crate) fn parse(text: &str) -> Result<Type, Problem> {
        let mut parser = Parser { tokens: tokens(text), next: 0, text };
        let ty = parser.parse()?;
        if parser.next < parser.tokens.len() {
            return Err(parser.unknown());
        }
        Ok(ty)
    }
}

struct Parser<'t> {
    tokens: Vec<&'t str>,
    next: usize,
    text: &'t str,
}

/// Words, numbers, quoted names and punctuation.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '"' => rest[1..].find('"').map_or(rest.len(), |end| end + 2),
            c if is_word(c) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        let (token, after) = rest.split_at(end);
        tokens.push(token);
        rest = after.trim_start();
    }
    tokens
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<&'t str> {
        self.tokens.get(self.next).copied()
    }

    fn accept(&mut self, word: &str) -> bool {
        let found = self.peek().is_some_and(|token| token.eq_ignore_ascii_case(word));
        self.next += usize::from(found);
        found
    }

    fn accept_all(&mut self, words: &[&str]) -> bool {
        let start = self.next;
        let found = words.iter().all(|word| self.accept(word));
        if !found {
            self.next = start;
        }
        found
    }

    fn expect(&mut self, word: &str) -> Result<(), Problem> {
        if self.accept(word) { Ok(()) } else { Err(self.unknown()) }
    }

    fn unknown(&self) -> Problem {
        Problem::new(format!("Unknown type: {}", self.text.trim()))
    }

    fn parse(&mut self) -> Result<Type, Problem> {
        let mut ty = self.parse_one()?;
        while self.accept("array") {
            ty = Type::array(ty);
        }
        Ok(ty)
    }

    fn parse_one(&mut self) -> Result<Type, Problem> {
        let Some(word) = self.peek() else {
            return Err(self.unknown());
        };
        self.next += 1;
        Ok(match word.to_ascii_lowercase().as_str() {
            "unknown" => Type::Unknown,
            "boolean" => Type::Boolean,
            "tinyint" => Type::Tinyint,
            "smallint" => Type::Smallint,
            "int" | "integer" => Type::Integer,
            "bigint" => Type::Bigint,
            "real" => Type::Real,
            "double" => {
                self.accept("precision");
                Type::Double
            }
            "decimal" | "dec" | "numeric" => self.parse_decimal()?,
            "varchar" => Type::Varchar(self.parse_length()?),
            "varbinary" => Type::Varbinary,
            "date" => Type::Date,
            "timestamp" => {
                let precision = self.parse_precision()?;
                if self.accept_all(&["with", "time", "zone"]) {
                    Type::TimestampTz(precision)
                } else {
                    self.accept_all(&["without", "time", "zone"]);
                    Type::Timestamp(precision)
                }
            }
            "interval" if self.accept_all(&["day", "to", "second"]) => Type::IntervalDayToSecond,
            "interval" if self.accept_all(&["year", "to", "month"]) => Type::IntervalYearToMonth,
            "json" => Type::Json,
            "ipaddress" => Type::IpAddress,
            "uuid" => Type::Uuid,
            "array" => {
                let close = self.open()?;
                let element = self.parse()?;
                self.expect(close)?;
                Type::array(element)
            }
            "map" => {
                let close = self.open()?;
                let key = self.parse()?;
                self.expect(",")?;
                let value = self.parse()?;
                self.expect(close)?;
                if !key.is_comparable() {
                    return Err(Problem::new(format!("map key type must be comparable, and {key} is not")));
                }
                Type::map(key, value)
            }
            "row" => self.parse_row()?,
            name @ ("time" | "char" | "hyperloglog" | "p4hyperloglog" | "qdigest" | "tdigest"
            | "geometry" | "sphericalgeography" | "setdigest" | "color" | "bingtile") => {
                return Err(Problem::new(format!("the type {name} is not supported")));
            }
            "string" | "text" => return Err(self.unknown().hint("write varchar")),
            "float" => return Err(self.unknown().hint("write real or double")),
            "datetime" => return Err(self.unknown().hint("write timestamp")),
            "bool" => return Err(self.unknown().hint("write boolean")),
            "long" => return Err(self.unknown().hint("write bigint")),
            "binary" | "bytes" => return Err(self.unknown().hint("write varbinary")),
            _ => return Err(self.unknown()),
        })
    }

    /// The bracket that closes what opens here.
    fn open(&mut self) -> Result<&'static str, Problem> {
        if self.accept("<") {
            return Ok(">");
        }
        self.expect("(")?;
        Ok(")")
    }

    fn parse_number(&mut self) -> Result<u32, Problem> {
        let number = self.peek().and_then(|token| token.parse().ok()).ok_or_else(|| self.unknown())?;
        self.next += 1;
        Ok(number)
    }

    fn parse_length(&mut self) -> Result<Option<u32>, Problem> {
        if !self.accept("(") {
            return Ok(None);
        }
        let length = self.parse_number()?;
        self.expect(")")?;
        Ok(Some(length))
    }

    fn parse_precision(&mut self) -> Result<u8, Problem> {
        match self.parse_length()? {
            None => Ok(MILLIS),
            Some(precision @ 0..=12) => Ok(precision as u8),
            Some(precision) => {
                Err(Problem::new(format!("TIMESTAMP precision must be in range [0, 12]: {precision}")))
            }
        }
    }

    fn parse_decimal(&mut self) -> Result<Type, Problem> {
        if !self.accept("(") {
            return Ok(Type::Decimal(38, 0));
        }
        let precision = self.parse_number()?;
        let scale = if self.accept(",") { self.parse_number()? } else { 0 };
        self.expect(")")?;
        if !(1..=38).contains(&precision) || scale > precision {
            return Err(Problem::new(format!(
                "decimal({precision},{scale}): the precision is 1 to 38, the scale at most the precision"
            )));
        }
        Ok(Type::Decimal(precision as u8, scale as u8))
    }

    fn parse_row(&mut self) -> Result<Type, Problem> {
        let close = self.open()?;
        let mut fields = Vec::new();
        loop {
            fields.push(self.parse_field()?);
            if !self.accept(",") {
                break;
            }
        }
        self.expect(close)?;
        Ok(Type::row(fields))
    }

    /// `name type`, or a type alone.
    fn parse_field(&mut self) -> Result<Field, Problem> {
        let start = self.next;
        if let Ok(ty) = self.parse()
            && matches!(self.peek(), Some("," | ")" | ">"))
        {
            return Ok(Field::unnamed(ty));
        }
        self.next = start;
        let name = self.peek().ok_or_else(|| self.unknown())?;
        self.next += 1;
        let name = match name.strip_prefix('"') {
            Some(quoted) => quoted.trim_end_matches('"').to_owned(),
            None => name.to_ascii_lowercase(),
        };
        Ok(Field::named(&name, self.parse()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, name: &str) {
        let shown = Type::parse(text).map_or_else(|problem| problem.to_string(), |ty| ty.to_string());
        assert_eq!(shown, name, "{text}");
    }

    #[test]
    fn names() {
        check("INT", "integer");
        check("double precision", "double");
        check("timestamp", "timestamp(3)");
        check("timestamp ( 6 ) with time zone", "timestamp(6) with time zone");
        check("decimal(10)", "decimal(10,0)");
        check("array<varchar(3)>", "array(varchar(3))");
        check("bigint array", "array(bigint)");
        check("map(varchar, row(a bigint, \"B c\" date))", "map(varchar, row(a bigint, B c date))");
        check("row(date, date date)", "row(date, date date)");
        check("row(bigint, timestamp(0))", "row(bigint, timestamp(0))");
    }

    #[test]
    fn refusals() {
        check("string", "Unknown type: string; write varchar");
        check("time(3)", "the type time is not supported");
        check("decimal(39)", "decimal(39,0): the precision is 1 to 38, the scale at most the precision");
        check("bigint)", "Unknown type: bigint)");
        check("array(", "Unknown type: array(");
    }
}
