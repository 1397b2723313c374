//! CAST: which types convert to which, and how their values do.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv6Addr};

use super::decimal;
use super::error::EvalError;
use super::json;
use super::operators::IntegerRange;
use super::time::{self, Instant, Zone, interval, text};
use super::types::Type;
use super::value::{Eval, Key, Value};

/// Whether Trino converts between the types at all.
pub(crate) fn is_castable(from: &Type, to: &Type) -> bool {
    use Type::*;
    match (from, to) {
        (Unknown, _) => true,
        (a, b) if a == b => true,
        (Array(a), Array(b)) => is_castable(a, b),
        (Map(k, v), Map(l, w)) => is_castable(k, l) && is_castable(v, w),
        (Row(a), Row(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| is_castable(&a.ty, &b.ty))
        }
        (from, Json) => json::convert::is_writable(from),
        (Json, to) => json::convert::is_readable(to),
        (from, Varchar(_)) => !matches!(from, Array(_) | Map(..) | Row(_) | Function(..) | Varbinary),
        (Varchar(_), to) => {
            to.is_number()
                || matches!(to, Boolean | Varbinary | Date | Timestamp(_) | TimestampTz(_) | IpAddress | Uuid)
        }
        (from, to) if from.is_number() => to.is_number() || *to == Boolean,
        (Boolean, to) => to.is_number(),
        (Date | Timestamp(_) | TimestampTz(_), Date | Timestamp(_) | TimestampTz(_)) => true,
        (Varbinary, IpAddress | Uuid) | (IpAddress | Uuid, Varbinary) => true,
        _ => false,
    }
}

/// The value as one of the type `to`.
///
/// # Errors
///
/// The value has no counterpart there.
pub(crate) fn cast<'a>(value: Value<'a>, from: &Type, to: &Type) -> Eval<'a> {
    if value.is_null() || from == to {
        return Ok(value);
    }
    match (to, value) {
        (Type::Varchar(length), value) => to_varchar(value, from, *length),
        (Type::Json, value) => {
            let mut out = String::new();
            json::convert::push(&mut out, &value, from)?;
            Ok(Value::json(out))
        }
        (to, Value::Json(text)) => json::convert::read(&text, to),
        (to, Value::Varchar(text)) => from_varchar(text, to),
        (Type::Boolean, value) => to_boolean(value).map(Value::Boolean),
        (Type::Double, value) => to_double(&value, from).map(Value::Double),
        (Type::Real, value) => to_real(&value, from).map(Value::Real),
        (Type::Decimal(precision, scale), value) => {
            to_decimal(&value, from, *precision, *scale).map(Value::Decimal)
        }
        (to, value) if to.is_integer() => to_integer(&value, from, to),
        (Type::Date, Value::Timestamp(local)) => to_date(local.micros),
        (Type::Date, Value::TimestampTz(instant, zone)) => to_date(zone.to_local(instant.micros)),
        (Type::Timestamp(_), Value::Date(days)) => midnight(days).map(Value::Timestamp),
        (Type::TimestampTz(_), Value::Date(days)) => {
            midnight(days).map(|instant| Value::TimestampTz(instant, Zone::UTC))
        }
        (Type::Timestamp(precision), Value::Timestamp(local)) => {
            Ok(Value::Timestamp(time::round(local, *precision)))
        }
        (Type::Timestamp(precision), Value::TimestampTz(instant, zone)) => {
            let local = Instant { micros: zone.to_local(instant.micros), ..instant };
            Ok(Value::Timestamp(time::round(local, *precision)))
        }
        (Type::TimestampTz(precision), Value::Timestamp(local)) => {
            Ok(Value::TimestampTz(time::round(local, *precision), Zone::UTC))
        }
        (Type::TimestampTz(precision), Value::TimestampTz(instant, zone)) => {
            Ok(Value::TimestampTz(time::round(instant, *precision), zone))
        }
        (Type::Varbinary, Value::IpAddress(bits) | Value::Uuid(bits)) => {
            Ok(Value::bytes(bits.to_be_bytes().to_vec()))
        }
        (Type::IpAddress, Value::Varbinary(bytes)) => ip_from_bytes(&bytes),
        (Type::Uuid, Value::Varbinary(bytes)) => match <[u8; 16]>::try_from(&*bytes) {
            Ok(bytes) => Ok(Value::Uuid(u128::from_be_bytes(bytes))),
            Err(_) => Err(EvalError::cast(format!("Invalid UUID binary length: {}", bytes.len()))),
        },
        (to, value) => cast_nested(value, from, to),
    }
}

fn cast_nested<'a>(value: Value<'a>, from: &Type, to: &Type) -> Eval<'a> {
    match (value, from, to) {
        (Value::Array(elements), Type::Array(from), Type::Array(to)) => elements
            .iter()
            .map(|element| cast(element.clone(), from, to))
            .collect::<Result<_, _>>()
            .map(Value::Array),
        (Value::Row(values), Type::Row(from), Type::Row(to)) => values
            .iter()
            .zip(from.iter().zip(to.iter()))
            .map(|(value, (from, to))| cast(value.clone(), &from.ty, &to.ty))
            .collect::<Result<_, _>>()
            .map(Value::Row),
        (Value::Map(entries), Type::Map(from_key, from_value), Type::Map(to_key, to_value)) => {
            let mut seen = std::collections::HashSet::new();
            let mut converted = Vec::with_capacity(entries.len());
            for (key, value) in entries.iter() {
                let key = cast(key.clone(), from_key, to_key)?;
                if key.is_null() {
                    return Err(EvalError::cast("map key cannot be null"));
                }
                if !seen.insert(Key(key.clone())) {
                    return Err(EvalError::cast("duplicate keys"));
                }
                converted.push((key, cast(value.clone(), from_value, to_value)?));
            }
            Ok(Value::Map(converted.into()))
        }
        (_, from, to) => Err(EvalError::cast(format!("Cannot cast {from} to {to}"))),
    }
}

fn midnight(days: i32) -> Result<Instant, EvalError> {
    match i64::from(days).checked_mul(time::DAY) {
        Some(micros) => Ok(Instant::from_micros(micros)),
        None => Err(EvalError::cast("the date is out of the range of a timestamp")),
    }
}

fn to_date<'a>(local_micros: i64) -> Eval<'a> {
    let days = local_micros.div_euclid(time::DAY);
    i32::try_from(days).map(Value::Date).map_err(|_| EvalError::cast("the date is out of range"))
}

// ---- to text

fn to_varchar<'a>(value: Value<'a>, from: &Type, length: Option<u32>) -> Eval<'a> {
    let is_text = matches!(value, Value::Varchar(_));
    let Some(text) = text_of(value, from)? else {
        return Ok(Value::Null);
    };
    let Some(length) = length.map(|length| length as usize) else {
        return Ok(Value::Varchar(text));
    };
    match text.char_indices().nth(length) {
        None => Ok(Value::Varchar(text)),
        // Text is cut; anything else would turn into another value.
        Some((end, _)) if is_text => Ok(Value::Varchar(match text {
            Cow::Borrowed(text) => Cow::Borrowed(&text[..end]),
            Cow::Owned(mut text) => {
                text.truncate(end);
                Cow::Owned(text)
            }
        })),
        Some(_) => Err(EvalError::cast(format!("Value {text} cannot be represented as varchar({length})"))),
    }
}

fn text_of<'a>(value: Value<'a>, from: &Type) -> Result<Option<Cow<'a, str>>, EvalError> {
    Ok(Some(match (value, from) {
        (Value::Varchar(text), _) => text,
        (Value::Boolean(true), _) => "true".into(),
        (Value::Boolean(false), _) => "false".into(),
        (Value::Integer(number), _) => number.to_string().into(),
        (Value::Decimal(unscaled), Type::Decimal(_, scale)) => decimal::format(unscaled, *scale).into(),
        (Value::Double(number), _) => double_text(number, json::write::scientific(number.abs())).into(),
        (Value::Real(number), _) => {
            double_text(f64::from(number), json::write::scientific_real(number.abs())).into()
        }
        (Value::Date(days), _) => text::format_date(i64::from(days)).into(),
        (Value::Timestamp(local), Type::Timestamp(precision)) => {
            text::format_timestamp(local, *precision, ' ').into()
        }
        (Value::TimestampTz(instant, zone), Type::TimestampTz(precision)) => {
            text::format_timestamp_tz(instant, zone, *precision).into()
        }
        (Value::Millis(millis), _) => interval::format_millis(millis).into(),
        (Value::Months(months), _) => interval::format_months(months).into(),
        (Value::IpAddress(bits), _) => format_ip(bits).into(),
        (Value::Uuid(bits), _) => format_uuid(bits).into(),
        (Value::Json(json), _) => {
            return match json::convert::read(&json, &Type::VARCHAR)? {
                Value::Varchar(text) => Ok(Some(text)),
                _ => Ok(None),
            };
        }
        (value, from) => {
            return Err(EvalError::cast(format!("Cannot cast {from} to varchar: {value:?}")));
        }
    }))
}

/// `2.5E0`, `1E7`
fn double_text(number: f64, (mantissa, exponent): (String, i32)) -> String {
    let sign = if number.is_sign_negative() { "-" } else { "" };
    if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        format!("{sign}Infinity")
    } else {
        let mantissa = mantissa.strip_suffix(".0").unwrap_or(&mantissa);
        format!("{sign}{mantissa}E{exponent}")
    }
}

/// `10.0.0.1`, or `2001:db8::1` for what is no IPv4 address.
pub(crate) fn format_ip(bits: u128) -> String {
    let address = Ipv6Addr::from(bits);
    match address.to_ipv4_mapped() {
        Some(address) => address.to_string(),
        None => address.to_string(),
    }
}

fn format_uuid(bits: u128) -> String {
    let hex = format!("{bits:032x}");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

// ---- from text

fn from_varchar<'a>(text: Cow<'a, str>, to: &Type) -> Eval<'a> {
    let wrong = || EvalError::cast(format!("Cannot cast '{text}' to {}", to.to_string().to_uppercase()));
    match to {
        Type::Boolean => match text.to_ascii_lowercase().as_str() {
            "t" | "true" | "1" => Ok(Value::Boolean(true)),
            "f" | "false" | "0" => Ok(Value::Boolean(false)),
            _ => Err(wrong()),
        },
        Type::Double => parse_double(&text).map(Value::Double).ok_or_else(wrong),
        Type::Real => parse_real(&text).map(Value::Real).ok_or_else(wrong),
        Type::Decimal(precision, scale) => {
            decimal::parse_rounded(&text, *precision, *scale).map(Value::Decimal).ok_or_else(wrong)
        }
        Type::Varbinary => Ok(Value::Varbinary(match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        })),
        Type::Date => match text::parse_date(&text) {
            Some(days) => Ok(Value::Date(days)),
            None => Err(EvalError::cast(format!("Value cannot be cast to date: {text}"))),
        },
        Type::Timestamp(precision) => match text::parse_timestamp(text.trim()) {
            // A zone is read and has no effect.
            Some(parsed) => Ok(Value::Timestamp(time::round(parsed.local, *precision))),
            None => Err(EvalError::cast(format!("Value cannot be cast to timestamp: {text}"))),
        },
        Type::TimestampTz(precision) => {
            let parsed = text::parse_timestamp(text.trim());
            match parsed.map(|parsed| (parsed, parsed.zone.unwrap_or(Zone::UTC))) {
                Some((parsed, zone)) if zone.shows(parsed.local.micros) => {
                    let instant = Instant { micros: zone.to_utc(parsed.local.micros), ..parsed.local };
                    Ok(Value::TimestampTz(time::round(instant, *precision), zone))
                }
                _ => {
                    Err(EvalError::cast(format!("Value cannot be cast to timestamp with time zone: {text}")))
                }
            }
        }
        Type::IpAddress => parse_ip(&text)
            .map(Value::IpAddress)
            .ok_or_else(|| EvalError::cast(format!("Cannot cast value to IPADDRESS: {text}"))),
        Type::Uuid => parse_uuid(&text)
            .map(Value::Uuid)
            .ok_or_else(|| EvalError::cast(format!("Cannot cast value to UUID: {text}"))),
        to if to.is_integer() => match text.parse::<i64>() {
            Ok(number) if IntegerRange::of(to).contains(number) => Ok(Value::Integer(number)),
            _ => Err(wrong()),
        },
        _ => Err(wrong()),
    }
}

/// A number as Java reads it: blanks around it and a suffix of its type do no harm.
fn java_number(text: &str) -> Option<&str> {
    let text = text.trim_matches(|c| c <= ' ');
    let number = text.strip_suffix(['d', 'D', 'f', 'F']).unwrap_or(text);
    let unsigned = number.strip_prefix(['+', '-']).unwrap_or(number);
    match unsigned {
        "NaN" | "Infinity" => Some(text),
        _ if unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') => Some(number),
        _ => None,
    }
}

fn parse_double(text: &str) -> Option<f64> {
    java_number(text)?.parse().ok()
}

fn parse_real(text: &str) -> Option<f32> {
    java_number(text)?.parse().ok()
}

/// The bits of an address, an IPv4 one in its place among those of IPv6.
pub(crate) fn parse_ip(text: &str) -> Option<u128> {
    Some(match text.parse::<IpAddr>().ok()? {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    })
}

fn ip_from_bytes<'a>(bytes: &[u8]) -> Eval<'a> {
    if let Ok(bytes) = <[u8; 4]>::try_from(bytes) {
        let address = std::net::Ipv4Addr::from(bytes).to_ipv6_mapped();
        return Ok(Value::IpAddress(address.to_bits()));
    }
    match <[u8; 16]>::try_from(bytes) {
        Ok(bytes) => Ok(Value::IpAddress(u128::from_be_bytes(bytes))),
        Err(_) => Err(EvalError::cast(format!("Invalid IP address binary length: {}", bytes.len()))),
    }
}

fn parse_uuid(text: &str) -> Option<u128> {
    let groups: Vec<&str> = text.split('-').collect();
    let lengths = [8, 4, 4, 4, 12];
    let is_well_formed = groups.len() == lengths.len()
        && groups
            .iter()
            .zip(lengths)
            .all(|(group, length)| group.len() == length && group.bytes().all(|b| b.is_ascii_hexdigit()));
    is_well_formed.then(|| u128::from_str_radix(&groups.concat(), 16).ok()).flatten()
}

// ---- between numbers

fn to_boolean(value: Value<'_>) -> Result<bool, EvalError> {
    match value {
        Value::Boolean(truth) => Ok(truth),
        Value::Integer(number) => Ok(number != 0),
        Value::Double(number) => Ok(number != 0.0),
        Value::Real(number) => Ok(number != 0.0),
        Value::Decimal(number) => Ok(number != 0),
        other => Err(EvalError::cast(format!("Cannot cast {other:?} to boolean"))),
    }
}

fn scale_of(ty: &Type) -> u8 {
    match ty {
        Type::Decimal(_, scale) => *scale,
        _ => 0,
    }
}

fn to_double(value: &Value<'_>, from: &Type) -> Result<f64, EvalError> {
    match value {
        Value::Boolean(truth) => Ok(f64::from(*truth)),
        Value::Integer(number) => Ok(*number as f64),
        Value::Real(number) => Ok(f64::from(*number)),
        Value::Double(number) => Ok(*number),
        Value::Decimal(unscaled) => Ok(decimal::to_double(*unscaled, scale_of(from))),
        other => Err(EvalError::cast(format!("Cannot cast {other:?} to double"))),
    }
}

fn to_real(value: &Value<'_>, from: &Type) -> Result<f32, EvalError> {
    match value {
        Value::Integer(number) => Ok(*number as f32),
        Value::Decimal(unscaled) => Ok(decimal::to_real(*unscaled, scale_of(from))),
        value => to_double(value, from).map(|number| number as f32),
    }
}

fn to_decimal(value: &Value<'_>, from: &Type, precision: u8, scale: u8) -> Result<i128, EvalError> {
    let converted = match value {
        Value::Boolean(truth) => decimal::rescale(i128::from(*truth), 0, scale),
        Value::Integer(number) => decimal::rescale(i128::from(*number), 0, scale),
        Value::Decimal(unscaled) => decimal::rescale(*unscaled, scale_of(from), scale),
        // The digits that name the double, as Java's BigDecimal.valueOf takes them.
        Value::Double(number) => decimal::parse_rounded(&format!("{number:e}"), precision, scale),
        Value::Real(number) => decimal::parse_rounded(&format!("{number:e}"), precision, scale),
        _ => None,
    };
    converted.filter(|unscaled| decimal::fits(*unscaled, precision)).ok_or_else(|| {
        let shown = text_of(value.clone(), from).ok().flatten().unwrap_or_default();
        EvalError::cast(format!("Cannot cast {from} '{shown}' to DECIMAL({precision}, {scale})"))
    })
}

fn to_integer<'a>(value: &Value<'_>, from: &Type, to: &Type) -> Eval<'a> {
    let out_of_range = |shown: String| EvalError::range(format!("Out of range for {to}: {shown}"));
    let range = IntegerRange::of(to);
    match value {
        Value::Boolean(truth) => Ok(Value::Integer(i64::from(*truth))),
        Value::Integer(number) if range.contains(*number) => Ok(Value::Integer(*number)),
        Value::Integer(number) => Err(out_of_range(number.to_string())),
        Value::Decimal(unscaled) => {
            let rounded = decimal::rescale(*unscaled, scale_of(from), 0).unwrap_or_default();
            match i64::try_from(rounded).ok().filter(|number| range.contains(*number)) {
                Some(number) => Ok(Value::Integer(number)),
                None => Err(EvalError::cast(format!("Cannot cast '{rounded}' to {to}"))),
            }
        }
        Value::Double(number) => number_to_integer(*number, to),
        Value::Real(number) => number_to_integer(f64::from(*number), to),
        other => Err(EvalError::cast(format!("Cannot cast {other:?} to {to}"))),
    }
}

/// The nearest integer, halves away from zero.
///
/// # Errors
///
/// It is not one of the type.
pub(crate) fn number_to_integer<'a>(number: f64, to: &Type) -> Eval<'a> {
    let rounded = number.round();
    // The double above the greatest bigint is 2^63.
    let fits = (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&rounded);
    match fits.then_some(rounded as i64).filter(|number| IntegerRange::of(to).contains(*number)) {
        Some(number) => Ok(Value::Integer(number)),
        None => Err(EvalError::cast(format!("Unable to cast {number} to {to}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, through: &str, expected: &str) {
        let ty = Type::parse(through).unwrap();
        let shown = cast(Value::text(text), &Type::VARCHAR, &ty)
            .and_then(|value| cast(value, &ty, &Type::VARCHAR))
            .map_or_else(|error| format!("! {error}"), |value| format!("{value:?}"));
        assert_eq!(
            shown,
            if expected.starts_with('!') { expected.to_owned() } else { format!("Varchar({expected:?})") }
        );
    }

    #[test]
    fn through_text() {
        check("2.5", "double", "2.5E0");
        check("-100", "double", "-1E2");
        check("0", "real", "0E0");
        check("4.9e-324", "double", "4.9E-324");
        check(" Infinity ", "real", "Infinity");
        check("inf", "double", "! Cannot cast 'inf' to DOUBLE");
        check("12.345", "decimal(4,1)", "12.3");
        check("12 ", "integer", "! Cannot cast '12 ' to INTEGER");
        check("300", "tinyint", "! Cannot cast '300' to TINYINT");
        check("T", "boolean", "true");
        check("2026-1-2 3:4:5.6789", "timestamp(3)", "2026-01-02 03:04:05.679");
        check(
            "2026-01-02 03:04 Europe/Berlin",
            "timestamp(0) with time zone",
            "2026-01-02 03:04:00 Europe/Berlin",
        );
        check(
            "2026-03-29 02:30 Europe/Berlin",
            "timestamp(0) with time zone",
            "! Value cannot be cast to timestamp with time zone: 2026-03-29 02:30 Europe/Berlin",
        );
        check("::ffff:10.0.0.1", "ipaddress", "10.0.0.1");
        check("2001:DB8:0:0::1", "ipaddress", "2001:db8::1");
        check("12151fd2-7586-11e9-8f9e-2a86e4085a59", "uuid", "12151fd2-7586-11e9-8f9e-2a86e4085a59");
        check("abcdef", "varchar(3)", "abc");
    }

    #[test]
    fn numbers() {
        let to = |value: Value<'static>, from: &Type, to: &str| cast(value, from, &Type::parse(to).unwrap());
        assert!(to(Value::Double(2.5), &Type::Double, "bigint").unwrap().is_identical(&Value::Integer(3)));
        assert!(to(Value::Double(-2.5), &Type::Double, "bigint").unwrap().is_identical(&Value::Integer(-3)));
        assert!(to(Value::Double(9.3e18), &Type::Double, "bigint").is_err());
        assert!(to(Value::Integer(128), &Type::Bigint, "tinyint").is_err());
        assert!(
            to(Value::Decimal(155), &Type::Decimal(3, 2), "decimal(2,1)")
                .unwrap()
                .is_identical(&Value::Decimal(16))
        );
        assert!(
            to(Value::Double(0.1), &Type::Double, "decimal(38,20)")
                .unwrap()
                .is_identical(&Value::Decimal(decimal::power(19)))
        );
    }
}
