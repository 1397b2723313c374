//! Trino's types and values in Arrow's arrays.
//!
//! What Arrow has no type for:
//!
//! | Trino | Arrow |
//! | --- | --- |
//! | `unknown` | Boolean, always NULL |
//! | `json` | its text |
//! | `ipaddress`, `uuid` | 16 bytes, big-endian, so that bytes order as addresses do |
//! | `timestamp(p)` | microseconds; with `p > 6` a struct of those and the picoseconds after |
//! | `timestamp(p) with time zone` | a struct of the same and the zone's number |
//! | intervals | milliseconds; months |
//!
//! A zone is how an instant is shown, not what it is: whatever groups, orders
//! or joins by such a struct leaves the zone out.

mod build;
mod read;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use chrono_tz::{TZ_VARIANTS, Tz};
use datafusion::arrow::datatypes::{DataType, Field, Fields, TimeUnit};

pub(crate) use build::Builder;
pub(super) use read::Columns;
pub(crate) use read::Reader;

use crate::trino::time::Zone;
use crate::trino::{self, Type};

/// The fields of a timestamp's struct.
pub(super) const INSTANT: &str = "instant";
pub(super) const PICOS: &str = "picos";
const ZONE: &str = "zone";

/// Digits of a second that fit into microseconds.
pub(super) const MICROS: u8 = 6;

/// The array type that holds values of a Trino type.
pub(crate) fn data_type(ty: &Type) -> DataType {
    match ty {
        Type::Unknown | Type::Boolean => DataType::Boolean,
        Type::Tinyint => DataType::Int8,
        Type::Smallint => DataType::Int16,
        Type::Integer | Type::IntervalYearToMonth => DataType::Int32,
        Type::Bigint | Type::IntervalDayToSecond => DataType::Int64,
        Type::Real => DataType::Float32,
        Type::Double => DataType::Float64,
        Type::Decimal(precision, scale) => DataType::Decimal128(*precision, *scale as i8),
        Type::Varchar(_) | Type::Json => DataType::Utf8,
        Type::Varbinary => DataType::Binary,
        Type::Date => DataType::Date32,
        Type::Timestamp(precision) if *precision <= MICROS => instant_type(),
        Type::Timestamp(_) => DataType::Struct(instant_fields(true, false)),
        Type::TimestampTz(precision) => DataType::Struct(instant_fields(*precision > MICROS, true)),
        Type::IpAddress | Type::Uuid => DataType::FixedSizeBinary(16),
        Type::Array(element) => DataType::List(Arc::new(item(element))),
        Type::Map(key, value) => DataType::Map(Arc::new(entries(key, value)), false),
        Type::Row(fields) => DataType::Struct(row_fields(fields)),
        // A lambda is an argument, never a value.
        Type::Function(..) => DataType::Null,
    }
}

fn instant_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, None)
}

fn instant_fields(picos: bool, zone: bool) -> Fields {
    let mut fields = vec![Field::new(INSTANT, instant_type(), true)];
    if picos {
        fields.push(Field::new(PICOS, DataType::Int32, true));
    }
    if zone {
        fields.push(Field::new(ZONE, DataType::Int32, true));
    }
    fields.into()
}

fn item(element: &Type) -> Field {
    Field::new_list_field(data_type(element), true)
}

fn entries(key: &Type, value: &Type) -> Field {
    let fields = vec![Field::new("key", data_type(key), false), Field::new("value", data_type(value), true)];
    Field::new("entries", DataType::Struct(fields.into()), false)
}

fn row_fields(fields: &[trino::Field]) -> Fields {
    let named = fields.iter().enumerate();
    named.map(|(i, field)| Field::new(field_name(field, i), data_type(&field.ty), true)).collect()
}

/// The name of a row's field in Arrow, where each must have one.
pub(super) fn field_name(field: &trino::Field, index: usize) -> String {
    field.name.as_deref().map_or_else(|| format!("field{index}"), str::to_owned)
}

/// Offsets are their minutes; regions come after them.
const FIRST_REGION: i32 = 10_000;

fn zone_number(zone: Zone) -> i32 {
    static NUMBERS: LazyLock<HashMap<Tz, i32>> =
        LazyLock::new(|| TZ_VARIANTS.iter().copied().zip(FIRST_REGION..).collect());
    match zone {
        Zone::Offset(minutes) => i32::from(minutes),
        Zone::Region(tz) => NUMBERS.get(&tz).copied().unwrap_or(0),
    }
}

fn zone_of(number: i32) -> Zone {
    let region = usize::try_from(number - FIRST_REGION).ok().and_then(|index| TZ_VARIANTS.get(index));
    match region {
        Some(tz) => Zone::Region(*tz),
        None => Zone::Offset(i16::try_from(number).unwrap_or(0)),
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::Array;

    use super::*;
    use crate::trino::Value;
    use crate::trino::time::Instant;

    /// Values survive the way through an array.
    fn check(ty: Type, values: Vec<Value<'static>>) {
        let mut builder = Builder::new(&ty, values.len());
        for value in &values {
            builder.append(value);
        }
        let array = builder.finish();
        assert_eq!(*array.data_type(), data_type(&ty), "{ty}");
        let reader = Reader::new(&array, &ty).unwrap();
        let read: Vec<Value<'_>> = (0..array.len()).map(|row| reader.value(row)).collect();
        assert_eq!(format!("{read:?}"), format!("{values:?}"), "{ty}");
    }

    #[test]
    fn values_survive() {
        let text = |s: &'static str| Value::text(s);
        check(Type::Unknown, vec![Value::Null, Value::Null]);
        check(Type::Boolean, vec![Value::Boolean(true), Value::Null]);
        check(Type::Tinyint, vec![Value::Integer(-7), Value::Null]);
        check(Type::Bigint, vec![Value::Integer(i64::MIN), Value::Null]);
        check(Type::Real, vec![Value::Real(1.5), Value::Null]);
        check(Type::Double, vec![Value::Double(-0.0), Value::Null]);
        check(Type::Decimal(38, 2), vec![Value::Decimal(-150), Value::Null]);
        check(Type::VARCHAR, vec![text("short"), text("longer than twelve bytes"), Value::Null, text("")]);
        check(Type::Json, vec![Value::json("{\"a\":1}"), Value::Null]);
        check(Type::Varbinary, vec![Value::bytes(vec![0, 255]), Value::Null]);
        check(Type::Date, vec![Value::Date(-1), Value::Null]);
        check(Type::IpAddress, vec![Value::IpAddress(1), Value::Null]);
        check(Type::Uuid, vec![Value::Uuid(u128::MAX), Value::Null]);
        check(Type::IntervalDayToSecond, vec![Value::Millis(-5), Value::Null]);
        check(Type::IntervalYearToMonth, vec![Value::Months(14), Value::Null]);
    }

    #[test]
    fn times_survive() {
        let at = Instant { micros: -62_135_596_800_000_000, picos: 0 };
        let fine = Instant { micros: 1, picos: 999_999 };
        let berlin = Zone::parse("Europe/Berlin").unwrap();
        check(Type::Timestamp(3), vec![Value::Timestamp(at), Value::Null]);
        check(Type::Timestamp(12), vec![Value::Timestamp(fine), Value::Null]);
        check(
            Type::TimestampTz(3),
            vec![Value::TimestampTz(at, Zone::Offset(-330)), Value::Null, Value::TimestampTz(at, berlin)],
        );
        check(Type::TimestampTz(9), vec![Value::TimestampTz(fine, Zone::UTC), Value::Null]);
    }

    #[test]
    fn nested_values_survive() {
        let row = Type::row([trino::Field::named("a", Type::VARCHAR), trino::Field::unnamed(Type::Bigint)]);
        let one = Value::row([Value::text("x"), Value::Integer(1)]);
        check(row.clone(), vec![one.clone(), Value::Null, Value::row([Value::Null, Value::Null])]);
        check(Type::array(row), vec![Value::array([one, Value::Null]), Value::Null, Value::array([])]);
        let entry = |key: &'static str, value| (Value::text(key), value);
        check(
            Type::map(Type::VARCHAR, Type::array(Type::Bigint)),
            vec![
                Value::Map([entry("k", Value::array([Value::Integer(1)])), entry("n", Value::Null)].into()),
                Value::Null,
                Value::Map([].into()),
            ],
        );
    }
}
