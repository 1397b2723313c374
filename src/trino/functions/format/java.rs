//! Values as Java's `toString` has them.

use crate::trino::cast::cast;
use crate::trino::decimal;
use crate::trino::error::EvalError;
use crate::trino::json::write::{java_double, java_real};
use crate::trino::time::calendar::Civil;
use crate::trino::time::text::format_date;
use crate::trino::time::{DAY, Instant, SECOND, Zone};
use crate::trino::types::Type;
use crate::trino::value::Value;

/// A value as Java's `toString` has it.
pub(super) fn text_of(value: &Value<'_>, ty: &Type) -> Result<String, EvalError> {
    Ok(match (value, ty) {
        (Value::Varchar(text), _) => text.to_string(),
        (Value::Json(json), _) => json.to_string(),
        (Value::Double(number), _) => java_double(*number),
        (Value::Real(number), _) => java_real(*number),
        (Value::Date(days), _) => format_date(i64::from(*days)),
        (Value::Timestamp(local), _) => java_time(*local),
        (Value::TimestampTz(instant, zone), _) => {
            let offset = zone.offset_at(instant.micros);
            let local = Instant { micros: zone.to_local(instant.micros), ..*instant };
            let shown = Zone::from_minutes(offset / (60 * SECOND)).unwrap_or(Zone::UTC);
            let shown = if shown == Zone::UTC { "Z".to_owned() } else { shown.to_string() };
            match zone {
                Zone::Offset(minutes) if *minutes != 0 => format!("{}{shown}", java_time(local)),
                zone => format!("{}{shown}[{zone}]", java_time(local)),
            }
        }
        (Value::Decimal(unscaled), Type::Decimal(_, scale)) => big_decimal(*unscaled, *scale),
        (value, ty) => match cast(value.clone(), ty, &Type::VARCHAR)? {
            Value::Varchar(text) => text.into_owned(),
            _ => "null".to_owned(),
        },
    })
}

/// `2026-03-04T05:06`: seconds and their fraction only as far as they are not zero.
fn java_time(local: Instant) -> String {
    let clock = Civil::from_micros(local.micros);
    let date = format_date(local.micros.div_euclid(DAY));
    let mut text = format!("{date}T{:02}:{:02}", clock.hour, clock.minute);
    let nanos = u64::from(clock.micro) * 1000 + u64::from(local.picos / 1000);
    if clock.second > 0 || nanos > 0 {
        text.push_str(&format!(":{:02}", clock.second));
    }
    if nanos > 0 {
        let digits = format!("{nanos:09}");
        let shown = digits.trim_end_matches("000");
        text.push_str(&format!(".{}", if shown.is_empty() { "0" } else { shown }));
    }
    text
}

/// With an exponent where the first digit is far behind the point.
fn big_decimal(unscaled: i128, scale: u8) -> String {
    let digits = unscaled.unsigned_abs().to_string();
    let exponent = digits.len() as i64 - 1 - i64::from(scale);
    if exponent >= -6 {
        return decimal::format(unscaled, scale);
    }
    let sign = if unscaled < 0 { "-" } else { "" };
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    format!("{sign}{first}{point}{rest}E{exponent}")
}
