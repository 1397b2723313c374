//! `format`: the patterns of Java's Formatter.

mod digits;
mod java;

use digits::{Digits, grouped};
use java::text_of;

use super::{Bind, Function, bound, kernel, unexpected};
use crate::trino::cast::is_castable;
use crate::trino::error::EvalError;
use crate::trino::expr::Kernel;
use crate::trino::json::write::{scientific, scientific_real};
use crate::trino::time::pattern::{Format as Pattern, zone_name};
use crate::trino::time::{DAY, Instant, MILLI, SECOND, Zone, calendar::Civil};
use crate::trino::types::Type;
use crate::trino::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[bound(
    "format",
    &[
        "(varchar, A) -> varchar",
        "(varchar, A, B) -> varchar",
        "(varchar, A, B, C) -> varchar",
        "(varchar, A, B, C, D) -> varchar",
        "(varchar, A, B, C, D, E) -> varchar",
        "(varchar, A, B, C, D, E, F) -> varchar",
        "(varchar, A, B, C, D, E, F, G) -> varchar",
        "(varchar, A, B, C, D, E, F, G, H) -> varchar",
        "(varchar, A, B, C, D, E, F, G, H, I) -> varchar",
        "(varchar, A, B, C, D, E, F, G, H, I, J) -> varchar",
    ],
    format,
)
.takes_null()];

fn format(bind: &Bind<'_>) -> Result<Kernel, EvalError> {
    let types: Vec<Type> = bind.types.iter().skip(1).cloned().collect();
    if let Some(ty) = types.iter().find(|ty| !is_castable(ty, &Type::VARCHAR)) {
        return Err(EvalError::argument(format!("Type not supported for formatting: {ty}")));
    }
    let constant = bind.text(0).map(parse).transpose()?;
    kernel(move |values| {
        let [pattern, arguments @ ..] = values else { return unexpected(values) };
        let Value::Varchar(pattern) = pattern else { return Ok(Value::Null) };
        let parsed;
        let pieces = match &constant {
            Some(pieces) => pieces,
            None => {
                parsed = parse(pattern)?;
                &parsed
            }
        };
        let mut out = String::new();
        let (mut next, mut last) = (0, None);
        for piece in pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Spec(spec) => {
                    let index = match spec.index {
                        Index::Next => {
                            next += 1;
                            next - 1
                        }
                        Index::Same => last.ok_or_else(|| spec.invalid("MissingFormatArgument"))?,
                        Index::Explicit(index) => index,
                    };
                    last = Some(index);
                    let (Some(value), Some(ty)) = (arguments.get(index), types.get(index)) else {
                        return Err(spec.invalid("MissingFormatArgument"));
                    };
                    out.push_str(&spec.format(value, ty)?);
                }
            }
        }
        Ok(Value::text(out))
    })
}

enum Piece {
    Text(String),
    Spec(Spec),
}

#[derive(Clone, Copy)]
enum Index {
    Next,
    Same,
    Explicit(usize),
}

/// `%[index$][flags][width][.precision]conversion`
struct Spec {
    text: String,
    index: Index,
    flags: String,
    width: usize,
    precision: Option<usize>,
    conversion: char,
    /// The letter after `t`.
    time: char,
}

fn parse(pattern: &str) -> Result<Vec<Piece>, EvalError> {
    let mut pieces = Vec::new();
    let mut rest = pattern;
    while let Some(at) = rest.find('%') {
        pieces.push(Piece::Text(rest[..at].to_owned()));
        let (spec, after) = Spec::parse(&rest[at..])?;
        match spec.conversion {
            '%' => pieces.push(Piece::Text(spec.pad("%".to_owned()))),
            'n' => pieces.push(Piece::Text("\n".to_owned())),
            _ => pieces.push(Piece::Spec(spec)),
        }
        rest = after;
    }
    pieces.push(Piece::Text(rest.to_owned()));
    Ok(pieces)
}

impl Spec {
    fn parse(text: &str) -> Result<(Spec, &str), EvalError> {
        let unknown =
            || EvalError::argument(format!("Invalid format string: {text} (UnknownFormatConversion)"));
        let mut rest = &text[1..];
        let number = |rest: &mut &str| {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let (digits, after) = rest.split_at(end);
            *rest = after;
            digits.parse::<usize>().ok()
        };
        let mut index = Index::Next;
        let mut after_index = rest;
        if let Some(explicit @ 1..) = number(&mut after_index)
            && let Some(after) = after_index.strip_prefix('$')
        {
            index = Index::Explicit(explicit - 1);
            rest = after;
        }
        let end = rest.find(|c: char| !"-#+ 0,(<".contains(c)).unwrap_or(rest.len());
        let (mut flags, after) = (rest[..end].to_owned(), &rest[end..]);
        rest = after;
        if flags.contains('<') {
            index = Index::Same;
            flags = flags.replace('<', "");
        }
        let width = number(&mut rest).unwrap_or(0);
        let mut precision = None;
        if let Some(after) = rest.strip_prefix('.') {
            rest = after;
            precision = Some(number(&mut rest).ok_or_else(unknown)?);
        }
        let mut chars = rest.chars();
        let conversion = chars.next().ok_or_else(unknown)?;
        let time = if matches!(conversion, 't' | 'T') { chars.next().ok_or_else(unknown)? } else { ' ' };
        let after = chars.as_str();
        let spec = Spec {
            text: text[..text.len() - after.len()].to_owned(),
            index,
            flags,
            width,
            precision,
            conversion,
            time,
        };
        spec.check()?;
        Ok((spec, after))
    }

    fn invalid(&self, why: &str) -> EvalError {
        EvalError::argument(format!("Invalid format string: {} ({why})", self.text))
    }

    fn has(&self, flag: char) -> bool {
        self.flags.contains(flag)
    }

    /// What is wrong with any value.
    fn check(&self) -> Result<(), EvalError> {
        /// The most digits and blanks that one value may get.
        const MAX_WIDTH: usize = 10_000;
        let allowed = match self.conversion {
            's' | 'S' | 'b' | 'B' | 'c' | 'C' | 't' | 'T' => "-",
            'd' => "-+ 0,(",
            'x' | 'X' | 'o' => "-#0",
            'f' => "-#+ 0,(",
            'e' | 'E' => "-#+ 0(",
            'g' | 'G' => "-+ 0,(",
            '%' => "-",
            'n' => "",
            'h' | 'H' | 'a' | 'A' => {
                return Err(EvalError::other(format!("format: %{} is not supported", self.conversion)));
            }
            _ => {
                return Err(
                    self.invalid(&format!("UnknownFormatConversion: Conversion = '{}'", self.conversion))
                );
            }
        };
        if (self.has('-') && self.has('0')) || (self.has('+') && self.has(' ')) {
            return Err(self.invalid(&format!("IllegalFormatFlags: Flags = '{}'", self.flags)));
        }
        if let Some(flag) = self.flags.chars().find(|flag| !allowed.contains(*flag)) {
            return Err(self.invalid(&format!(
                "FormatFlagsConversionMismatch: Conversion = {}, Flags = {flag}",
                self.conversion
            )));
        }
        if (self.has('-') || self.has('0')) && self.width == 0 {
            return Err(self.invalid("MissingFormatWidth"));
        }
        if let Some(precision) = self.precision
            && "dxXoctTCn%".contains(self.conversion)
        {
            return Err(self.invalid(&format!("IllegalFormatPrecision: {precision}")));
        }
        if self.width > MAX_WIDTH || self.precision.is_some_and(|precision| precision > MAX_WIDTH) {
            return Err(self.invalid("too wide"));
        }
        Ok(())
    }

    fn mismatch(&self, ty: &Type) -> EvalError {
        self.invalid(&format!("IllegalFormatConversion: {} != {ty}", self.conversion))
    }

    fn pad(&self, text: String) -> String {
        let missing = self.width.saturating_sub(text.chars().count());
        let blanks = " ".repeat(missing);
        if self.has('-') { text + &blanks } else { blanks + &text }
    }

    fn format(&self, value: &Value<'_>, ty: &Type) -> Result<String, EvalError> {
        let text = match (self.conversion, value) {
            ('b' | 'B', value) => match value {
                Value::Null => "false".to_owned(),
                Value::Boolean(truth) => truth.to_string(),
                _ => "true".to_owned(),
            },
            (_, Value::Null) => self.cut("null".to_owned()),
            ('s' | 'S', value) => self.cut(text_of(value, ty)?),
            ('d', Value::Integer(number)) => {
                return Ok(self.number(*number < 0, number.unsigned_abs().to_string(), ""));
            }
            ('x' | 'X' | 'o', Value::Integer(number)) => {
                let (digits, prefix) = if self.conversion == 'o' {
                    (format!("{number:o}"), "0")
                } else {
                    (format!("{number:x}"), "0x")
                };
                let prefix = if self.has('#') { prefix } else { "" };
                let zeros = self.width.saturating_sub(digits.len() + prefix.len());
                let zeros = if self.has('0') { "0".repeat(zeros) } else { String::new() };
                format!("{prefix}{zeros}{digits}")
            }
            ('e' | 'E' | 'f' | 'g' | 'G', value) => return self.float(value, ty),
            ('t' | 'T', value) => self.time(value).ok_or_else(|| self.mismatch(ty))??,
            _ => return Err(self.mismatch(ty)),
        };
        let text = if self.conversion.is_uppercase() { text.to_uppercase() } else { text };
        Ok(self.pad(text))
    }

    fn cut(&self, text: String) -> String {
        match self.precision {
            Some(precision) => text.chars().take(precision).collect(),
            None => text,
        }
    }

    /// A number with its sign, its groups and its zeros. `rest` is what follows the whole digits.
    fn number(&self, is_negative: bool, whole: String, rest: &str) -> String {
        let mut digits = if self.has(',') { grouped(&whole) } else { whole };
        let (before, after) = match is_negative {
            true if self.has('(') => ("(", ")"),
            true => ("-", ""),
            false if self.has('+') => ("+", ""),
            false if self.has(' ') => (" ", ""),
            false => ("", ""),
        };
        if self.has('0') {
            let length = before.len() + digits.len() + rest.len() + after.len();
            digits.insert_str(0, &"0".repeat(self.width.saturating_sub(length)));
        }
        let text = format!("{before}{digits}{rest}{after}");
        self.pad(if self.conversion.is_uppercase() { text.to_uppercase() } else { text })
    }

    fn float(&self, value: &Value<'_>, ty: &Type) -> Result<String, EvalError> {
        let (is_negative, number) = match (value, ty) {
            (Value::Double(number), _) if number.is_finite() => {
                (number.is_sign_negative(), Digits::parse(scientific(number.abs())))
            }
            (Value::Real(number), _) if number.is_finite() => {
                (number.is_sign_negative(), Digits::parse(scientific_real(number.abs())))
            }
            (Value::Double(_) | Value::Real(_), _) => {
                let text = text_of(value, ty)?;
                let signed = if self.has('+') && text == "Infinity" { format!("+{text}") } else { text };
                return Ok(self.pad(if self.conversion.is_uppercase() {
                    signed.to_uppercase()
                } else {
                    signed
                }));
            }
            (Value::Decimal(unscaled), Type::Decimal(_, scale)) => (
                *unscaled < 0,
                Digits {
                    digits: unscaled.unsigned_abs().to_string(),
                    point: unscaled.unsigned_abs().to_string().len() as i64 - i64::from(*scale),
                },
            ),
            _ => return Err(self.mismatch(ty)),
        };
        let precision = self.precision.unwrap_or(6);
        let (text, exponent) = match self.conversion {
            'f' => (number.fixed(precision), None),
            'e' | 'E' => number.scientific(precision),
            _ => {
                let precision = precision.max(1);
                let (text, exponent) = number.scientific(precision - 1);
                match exponent {
                    Some(exponent @ -4..) if exponent < precision as i64 => {
                        (number.fixed((precision as i64 - 1 - exponent) as usize), None)
                    }
                    exponent => (text, exponent),
                }
            }
        };
        let (whole, fraction) = text.split_at(text.find('.').unwrap_or(text.len()));
        let exponent = exponent.map_or(String::new(), |exponent| {
            format!("e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
        });
        Ok(self.number(is_negative, whole.to_owned(), &format!("{fraction}{exponent}")))
    }

    /// `None`: the value is no time.
    fn time(&self, value: &Value<'_>) -> Option<Result<String, EvalError>> {
        let (instant, zone, has_zone) = match value {
            Value::Date(days) => {
                (Instant::from_micros(i64::from(*days).saturating_mul(DAY)), Zone::UTC, false)
            }
            Value::Timestamp(local) => (*local, Zone::UTC, false),
            Value::TimestampTz(instant, zone) => (*instant, *zone, true),
            _ => return None,
        };
        let is_date = matches!(value, Value::Date(_));
        let pattern = match self.time {
            'H' => "HH",
            'I' => "hh",
            'k' => "H",
            'l' => "h",
            'M' => "mm",
            'S' => "ss",
            'L' => "SSS",
            'p' => "a",
            'B' => "MMMM",
            'b' | 'h' => "MMM",
            'A' => "EEEE",
            'a' => "EEE",
            'C' => "CC",
            'Y' => "yyyy",
            'y' => "yy",
            'j' => "DDD",
            'm' => "MM",
            'd' => "dd",
            'e' => "d",
            'R' => "HH:mm",
            'T' => "HH:mm:ss",
            'r' => "hh:mm:ss a",
            'D' => "MM/dd/yy",
            'F' => "yyyy-MM-dd",
            'z' if has_zone => "Z",
            'Z' if has_zone => "",
            'c' if has_zone => "EEE MMM dd HH:mm:ss",
            's' if has_zone => return Some(Ok(instant.micros.div_euclid(SECOND).to_string())),
            'Q' if has_zone => return Some(Ok(instant.micros.div_euclid(MILLI).to_string())),
            'N' if !is_date => {
                let nanos = instant.micros.rem_euclid(SECOND) * 1000 + i64::from(instant.picos / 1000);
                return Some(Ok(format!("{nanos:09}")));
            }
            _ => {
                return Some(Err(
                    self.invalid(&format!("UnknownFormatConversion: Conversion = 't{}'", self.time))
                ));
            }
        };
        if is_date && "HIklMSLpRTr".contains(self.time) {
            return Some(Err(self.invalid("a date has no time")));
        }
        // Joda rounds to milliseconds, and Java does not.
        let whole = Instant::from_micros(instant.micros.div_euclid(MILLI) * MILLI);
        let printed =
            Pattern::joda(pattern, 2000).and_then(|pattern| pattern.print(whole, zone)).and_then(|text| {
                Ok(match self.time {
                    'p' => text.to_lowercase(),
                    'Z' => zone_name(zone, instant.micros)?,
                    'c' => {
                        let year = Civil::from_micros(zone.to_local(instant.micros)).year;
                        format!("{text} {} {year:04}", zone_name(zone, instant.micros)?)
                    }
                    _ => text,
                })
            });
        Some(printed.map_err(EvalError::other))
    }
}

#[cfg(test)]
mod tests {
    use crate::trino::testing::check;

    #[test]
    fn text() {
        check("format('%s is %s', 'x', NULL)", "x is null");
        check("format('%2$s %1$s %<s %s', 'a', 'b')", "b a a a");
        check("format('[%5s|%-5s|%.2s|%S]', 'abc', 'abc', 'abc', 'abc')", "[  abc|abc  |ab|ABC]");
        check("format('%b %B', NULL, true)", "false TRUE");
        check("format('%s%%%n', 1)", "1%\n");
        check("format('%s', ARRAY[1])", "! format: Type not supported for formatting: array(integer)");
        check("format('%s %s', 1)", "! Invalid format string: %s (MissingFormatArgument)");
        check("format('%q', 1)", "! format: Invalid format string: %q");
        check("format('%s', 1e10)", "1.0E10");
        check("format('%s', DECIMAL '0.0000001')", "1E-7");
    }

    #[test]
    fn integers() {
        check(
            "format('%d|%5d|%-5d|%05d|%+d|%,d|%(d', 42, 42, 42, -42, 42, 1234567, -5)",
            "42|   42|42   |-0042|+42|1,234,567|(5)",
        );
        check("format('%x %X %#x %o %08x', 255, 255, 255, 8, -1)", "ff FF 0xff 10 ffffffffffffffff");
        check("format('%d', 1.5)", "! Invalid format string: %d (IllegalFormatConversion: d != double)");
    }

    #[test]
    fn floats() {
        check("format('%f %.2f %.0f %,.1f', 1.5, 2.345, 2.5, 12345.67)", "1.500000 2.35 3 12,345.7");
        check("format('%f|%.3f|%.1f|%.2f', 0.00012345, 0.0009996, 0.05, 0)", "! ");
        check("format('%f|%.3f|%.1f|%.2f', 0.00012345, 0.0009996, 0.05, 0e0)", "0.000123|0.001|0.1|0.00");
        check("format('%.1f|%.0f|%.0f', 9.96, 0.5, 0.4)", "10.0|1|0");
        check("format('%e %.2E', 12345.678, 0.000123)", "1.234568e+04 1.23E-04");
        check("format('%g %g %g', 12345.678, 0.00001, 1e10)", "12345.7 1.00000e-05 1.00000e+10");
        check("format('%08.2f|%+.1f', -3.14159, 2)", "! ");
        check("format('%08.2f|%+.1f', -3.14159, 2e0)", "-0003.14|+2.0");
        check("format('%.3f', DECIMAL '2.0005')", "2.001");
        check("format('%f', infinity())", "Infinity");
        check("format('%.1f', 1e22)", "10000000000000000000000.0");
    }

    #[test]
    fn times() {
        check("format('%tF %<tT', TIMESTAMP '2026-03-04 05:06:07')", "2026-03-04 05:06:07");
        check("format('%1$tA %1$te %1$tB %1$tY', DATE '2026-03-04')", "Wednesday 4 March 2026");
        check("format('%tH', DATE '2026-03-04')", "! Invalid format string: %tH");
        check(
            "format('%s %s', DATE '2026-03-04', TIMESTAMP '2026-03-04 05:06:00')",
            "2026-03-04 2026-03-04T05:06",
        );
        check("format('%s', TIMESTAMP '2026-03-04 05:06:07.120 +05:30')", "2026-03-04T05:06:07.120+05:30");
        check("format('%s', now())", "2026-03-04T05:06:07.089Z[UTC]");
    }
}
