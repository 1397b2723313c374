//! Values out of arrays.

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BinaryViewArray, BooleanArray, Date32Array, Decimal128Array,
    FixedSizeBinaryArray, Float32Array, Float64Array, Int8Array, Int16Array, Int32Array, Int64Array,
    ListArray, MapArray, StringArray, StringViewArray, StructArray, TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, TimestampMicrosecondType,
};
use datafusion::error::{DataFusionError, Result};

use super::{PICOS, ZONE, zone_of};
use crate::trino::time::Instant;
use crate::trino::{Row, Type, Value};

/// Reads the values of one array.
pub(crate) struct Reader<'a> {
    array: &'a dyn Array,
    kind: Kind<'a>,
}

enum Kind<'a> {
    Null,
    Boolean(&'a BooleanArray),
    Int8(&'a Int8Array),
    Int16(&'a Int16Array),
    Int32(&'a Int32Array),
    Int64(&'a Int64Array),
    Real(&'a Float32Array),
    Double(&'a Float64Array),
    Decimal(&'a Decimal128Array),
    Text(Text<'a>),
    Json(Text<'a>),
    Binary(&'a BinaryArray),
    BinaryView(&'a BinaryViewArray),
    Date(&'a Date32Array),
    Timestamp(Instants<'a>),
    TimestampTz(Instants<'a>, &'a Int32Array),
    Millis(&'a Int64Array),
    Months(&'a Int32Array),
    IpAddress(&'a FixedSizeBinaryArray),
    Uuid(&'a FixedSizeBinaryArray),
    Array(&'a ListArray, Box<Reader<'a>>),
    Map(&'a MapArray, Box<Reader<'a>>, Box<Reader<'a>>),
    Row(Vec<Reader<'a>>),
}

enum Text<'a> {
    Utf8(&'a StringArray),
    View(&'a StringViewArray),
}

struct Instants<'a> {
    micros: &'a TimestampMicrosecondArray,
    picos: Option<&'a Int32Array>,
}

impl<'a> Reader<'a> {
    /// # Errors
    ///
    /// The array is not of the type that holds `ty`.
    pub(crate) fn new(array: &'a ArrayRef, ty: &Type) -> Result<Self> {
        let wrong =
            || DataFusionError::Internal(format!("an array of {} does not hold {ty}", array.data_type()));
        let kind = Self::kind(array, ty)?.ok_or_else(wrong)?;
        Ok(Reader { array, kind })
    }

    fn kind(array: &'a ArrayRef, ty: &Type) -> Result<Option<Kind<'a>>> {
        Ok(match ty {
            Type::Unknown | Type::Function(..) => Some(Kind::Null),
            Type::Boolean => array.as_boolean_opt().map(Kind::Boolean),
            Type::Tinyint => array.as_primitive_opt::<Int8Type>().map(Kind::Int8),
            Type::Smallint => array.as_primitive_opt::<Int16Type>().map(Kind::Int16),
            Type::Integer => array.as_primitive_opt::<Int32Type>().map(Kind::Int32),
            Type::Bigint => array.as_primitive_opt::<Int64Type>().map(Kind::Int64),
            Type::Real => array.as_primitive_opt::<Float32Type>().map(Kind::Real),
            Type::Double => array.as_primitive_opt::<Float64Type>().map(Kind::Double),
            Type::Decimal(..) => array.as_primitive_opt::<Decimal128Type>().map(Kind::Decimal),
            Type::Varchar(_) => Text::new(array).map(Kind::Text),
            Type::Json => Text::new(array).map(Kind::Json),
            Type::Varbinary => match array.data_type() {
                DataType::BinaryView => array.as_binary_view_opt().map(Kind::BinaryView),
                _ => array.as_binary_opt().map(Kind::Binary),
            },
            Type::Date => array.as_primitive_opt::<Date32Type>().map(Kind::Date),
            Type::Timestamp(_) => Instants::new(array).map(Kind::Timestamp),
            Type::TimestampTz(_) => {
                let zone = array.as_struct_opt().and_then(|array| column::<Int32Type>(array, ZONE));
                Instants::new(array).zip(zone).map(|(instants, zone)| Kind::TimestampTz(instants, zone))
            }
            Type::IntervalDayToSecond => array.as_primitive_opt::<Int64Type>().map(Kind::Millis),
            Type::IntervalYearToMonth => array.as_primitive_opt::<Int32Type>().map(Kind::Months),
            Type::IpAddress => array.as_fixed_size_binary_opt().map(Kind::IpAddress),
            Type::Uuid => array.as_fixed_size_binary_opt().map(Kind::Uuid),
            Type::Array(element) => match array.as_list_opt::<i32>() {
                Some(list) => Some(Kind::Array(list, Box::new(Reader::new(list.values(), element)?))),
                None => None,
            },
            Type::Map(key, value) => match array.as_map_opt() {
                Some(map) => {
                    let keys = Box::new(Reader::new(map.keys(), key)?);
                    Some(Kind::Map(map, keys, Box::new(Reader::new(map.values(), value)?)))
                }
                None => None,
            },
            Type::Row(fields) => match array.as_struct_opt() {
                Some(row) if row.num_columns() == fields.len() => {
                    let columns = row.columns().iter().zip(fields.iter());
                    let readers = columns.map(|(column, field)| Reader::new(column, &field.ty));
                    Some(Kind::Row(readers.collect::<Result<_>>()?))
                }
                _ => None,
            },
        })
    }

    /// The value of a row, borrowing text from the array.
    pub(crate) fn value(&self, row: usize) -> Value<'a> {
        if self.array.is_null(row) {
            return Value::Null;
        }
        match &self.kind {
            Kind::Null => Value::Null,
            Kind::Boolean(array) => Value::Boolean(array.value(row)),
            Kind::Int8(array) => Value::Integer(array.value(row).into()),
            Kind::Int16(array) => Value::Integer(array.value(row).into()),
            Kind::Int32(array) => Value::Integer(array.value(row).into()),
            Kind::Int64(array) => Value::Integer(array.value(row)),
            Kind::Real(array) => Value::Real(array.value(row)),
            Kind::Double(array) => Value::Double(array.value(row)),
            Kind::Decimal(array) => Value::Decimal(array.value(row)),
            Kind::Text(array) => Value::text(array.value(row)),
            Kind::Json(array) => Value::json(array.value(row)),
            Kind::Binary(array) => Value::bytes(array.value(row)),
            Kind::BinaryView(array) => Value::bytes(array.value(row)),
            Kind::Date(array) => Value::Date(array.value(row)),
            Kind::Timestamp(instants) => Value::Timestamp(instants.value(row)),
            Kind::TimestampTz(instants, zones) => {
                Value::TimestampTz(instants.value(row), zone_of(zones.value(row)))
            }
            Kind::Millis(array) => Value::Millis(array.value(row)),
            Kind::Months(array) => Value::Months(array.value(row)),
            Kind::IpAddress(array) => Value::IpAddress(big_endian(array.value(row))),
            Kind::Uuid(array) => Value::Uuid(big_endian(array.value(row))),
            Kind::Array(array, elements) => {
                let offsets = array.value_offsets();
                Value::array((offsets[row]..offsets[row + 1]).map(|i| elements.value(i as usize)))
            }
            Kind::Map(array, keys, values) => {
                let offsets = array.value_offsets();
                let entries = offsets[row]..offsets[row + 1];
                Value::Map(entries.map(|i| (keys.value(i as usize), values.value(i as usize))).collect())
            }
            Kind::Row(fields) => Value::row(fields.iter().map(|field| field.value(row))),
        }
    }
}

impl<'a> Text<'a> {
    fn new(array: &'a ArrayRef) -> Option<Self> {
        match array.data_type() {
            DataType::Utf8 => array.as_string_opt().map(Text::Utf8),
            _ => array.as_string_view_opt().map(Text::View),
        }
    }

    fn value(&self, row: usize) -> &'a str {
        match self {
            Text::Utf8(array) => array.value(row),
            Text::View(array) => array.value(row),
        }
    }
}

impl<'a> Instants<'a> {
    fn new(array: &'a ArrayRef) -> Option<Self> {
        if let Some(micros) = array.as_primitive_opt() {
            return Some(Instants { micros, picos: None });
        }
        let array = array.as_struct_opt()?;
        let micros = column::<TimestampMicrosecondType>(array, super::INSTANT)?;
        Some(Instants { micros, picos: column::<Int32Type>(array, PICOS) })
    }

    fn value(&self, row: usize) -> Instant {
        let picos = self.picos.map_or(0, |picos| picos.value(row));
        Instant { micros: self.micros.value(row), picos: picos.unsigned_abs() }
    }
}

fn column<'a, T: datafusion::arrow::datatypes::ArrowPrimitiveType>(
    array: &'a StructArray,
    name: &str,
) -> Option<&'a datafusion::arrow::array::PrimitiveArray<T>> {
    array.column_by_name(name)?.as_primitive_opt::<T>()
}

fn big_endian(bytes: &[u8]) -> u128 {
    bytes.try_into().map_or(0, u128::from_be_bytes)
}

/// The columns of a batch as the rows an expression is evaluated on.
pub(in crate::sql) struct Columns<'a> {
    readers: Vec<Reader<'a>>,
    row: usize,
}

impl<'a> Columns<'a> {
    /// # Errors
    ///
    /// An array is not of the type that holds its Trino type.
    pub(in crate::sql) fn new(arrays: &'a [ArrayRef], types: &[Type]) -> Result<Self> {
        let readers = arrays.iter().zip(types).map(|(array, ty)| Reader::new(array, ty));
        Ok(Columns { readers: readers.collect::<Result<_>>()?, row: 0 })
    }

    /// Makes this row the one that is read.
    pub(in crate::sql) fn go_to(&mut self, row: usize) {
        self.row = row;
    }
}

impl<'a> Row<'a> for Columns<'a> {
    fn column(&self, index: usize) -> Value<'a> {
        self.readers.get(index).map_or(Value::Null, |reader| reader.value(self.row))
    }
}
