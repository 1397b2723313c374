//! Values into arrays.

use std::sync::Arc;

use datafusion::arrow::array::NullBufferBuilder;
use datafusion::arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, FixedSizeBinaryArray,
    Float32Builder, Float64Builder, Int8Builder, Int16Builder, Int32Builder, Int64Builder, ListArray,
    MapArray, StringBuilder, StructArray, TimestampMicrosecondBuilder,
};
use datafusion::arrow::buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use datafusion::arrow::datatypes::Fields;

use super::{MICROS, entries, instant_fields, item, row_fields, zone_number};
use crate::trino::time::{Instant, Zone};
use crate::trino::{Type, Value};

/// Builds the array of a Trino type.
///
/// A value that is not of the type, which an analysed expression does not
/// give, becomes NULL.
pub(crate) struct Builder {
    ty: Type,
    kind: Kind,
}

enum Kind {
    Boolean(BooleanBuilder),
    Int8(Int8Builder),
    Int16(Int16Builder),
    Int32(Int32Builder),
    Int64(Int64Builder),
    Real(Float32Builder),
    Double(Float64Builder),
    Decimal(Decimal128Builder),
    Text(StringBuilder),
    Binary(BinaryBuilder),
    Date(Date32Builder),
    Timestamp(Box<Instants>),
    Wide { bytes: Vec<u8>, nulls: NullBufferBuilder },
    Array { lists: Lists, elements: Box<Builder> },
    Map { lists: Lists, keys: Box<Builder>, values: Box<Builder> },
    Row { nulls: NullBufferBuilder, fields: Vec<Builder> },
}

struct Instants {
    micros: TimestampMicrosecondBuilder,
    picos: Option<Int32Builder>,
    zones: Option<Int32Builder>,
    nulls: NullBufferBuilder,
}

/// Where lists end, and which are NULL.
struct Lists {
    ends: Vec<i32>,
    nulls: NullBufferBuilder,
}

impl Builder {
    pub(crate) fn new(ty: &Type, capacity: usize) -> Self {
        let nulls = NullBufferBuilder::new(capacity);
        let nested = |ty: &Type| Box::new(Builder::new(ty, capacity));
        let kind = match ty {
            Type::Unknown | Type::Boolean | Type::Function(..) => {
                Kind::Boolean(BooleanBuilder::with_capacity(capacity))
            }
            Type::Tinyint => Kind::Int8(Int8Builder::with_capacity(capacity)),
            Type::Smallint => Kind::Int16(Int16Builder::with_capacity(capacity)),
            Type::Integer | Type::IntervalYearToMonth => Kind::Int32(Int32Builder::with_capacity(capacity)),
            Type::Bigint | Type::IntervalDayToSecond => Kind::Int64(Int64Builder::with_capacity(capacity)),
            Type::Real => Kind::Real(Float32Builder::with_capacity(capacity)),
            Type::Double => Kind::Double(Float64Builder::with_capacity(capacity)),
            Type::Decimal(..) => {
                Kind::Decimal(Decimal128Builder::with_capacity(capacity).with_data_type(super::data_type(ty)))
            }
            Type::Varchar(_) | Type::Json => {
                Kind::Text(StringBuilder::with_capacity(capacity, capacity * 16))
            }
            Type::Varbinary => Kind::Binary(BinaryBuilder::with_capacity(capacity, capacity * 16)),
            Type::Date => Kind::Date(Date32Builder::with_capacity(capacity)),
            Type::Timestamp(precision) => {
                Kind::Timestamp(Instants::new(*precision > MICROS, false, capacity))
            }
            Type::TimestampTz(precision) => {
                Kind::Timestamp(Instants::new(*precision > MICROS, true, capacity))
            }
            Type::IpAddress | Type::Uuid => Kind::Wide { bytes: Vec::with_capacity(capacity * 16), nulls },
            Type::Array(element) => Kind::Array { lists: Lists::new(capacity), elements: nested(element) },
            Type::Map(key, value) => {
                Kind::Map { lists: Lists::new(capacity), keys: nested(key), values: nested(value) }
            }
            Type::Row(fields) => {
                let fields = fields.iter().map(|field| Builder::new(&field.ty, capacity)).collect();
                Kind::Row { nulls, fields }
            }
        };
        Builder { ty: ty.clone(), kind }
    }

    pub(crate) fn append(&mut self, value: &Value<'_>) {
        match (&mut self.kind, value) {
            (Kind::Boolean(builder), Value::Boolean(x)) => builder.append_value(*x),
            // The type bounds the number.
            (Kind::Int8(builder), Value::Integer(x)) => builder.append_value(*x as i8),
            (Kind::Int16(builder), Value::Integer(x)) => builder.append_value(*x as i16),
            (Kind::Int32(builder), Value::Integer(x)) => builder.append_value(*x as i32),
            (Kind::Int32(builder), Value::Months(x)) => builder.append_value(*x),
            (Kind::Int64(builder), Value::Integer(x) | Value::Millis(x)) => builder.append_value(*x),
            (Kind::Real(builder), Value::Real(x)) => builder.append_value(*x),
            (Kind::Double(builder), Value::Double(x)) => builder.append_value(*x),
            (Kind::Decimal(builder), Value::Decimal(x)) => builder.append_value(*x),
            (Kind::Text(builder), Value::Varchar(x) | Value::Json(x)) => builder.append_value(x),
            (Kind::Binary(builder), Value::Varbinary(x)) => builder.append_value(x),
            (Kind::Date(builder), Value::Date(x)) => builder.append_value(*x),
            (Kind::Timestamp(builder), Value::Timestamp(x)) => builder.append(*x, Zone::UTC),
            (Kind::Timestamp(builder), Value::TimestampTz(x, zone)) => builder.append(*x, *zone),
            (Kind::Wide { bytes, nulls }, Value::IpAddress(x) | Value::Uuid(x)) => {
                bytes.extend_from_slice(&x.to_be_bytes());
                nulls.append_non_null();
            }
            (Kind::Array { lists, elements }, Value::Array(x)) => {
                x.iter().for_each(|element| elements.append(element));
                lists.end(x.len());
            }
            (Kind::Map { lists, keys, values }, Value::Map(x)) => {
                for (key, value) in x.iter() {
                    keys.append(key);
                    values.append(value);
                }
                lists.end(x.len());
            }
            (Kind::Row { nulls, fields }, Value::Row(x)) => {
                for (i, field) in fields.iter_mut().enumerate() {
                    field.append(x.get(i).unwrap_or(&Value::Null));
                }
                nulls.append_non_null();
            }
            _ => self.append_null(),
        }
    }

    fn append_null(&mut self) {
        match &mut self.kind {
            Kind::Boolean(builder) => builder.append_null(),
            Kind::Int8(builder) => builder.append_null(),
            Kind::Int16(builder) => builder.append_null(),
            Kind::Int32(builder) => builder.append_null(),
            Kind::Int64(builder) => builder.append_null(),
            Kind::Real(builder) => builder.append_null(),
            Kind::Double(builder) => builder.append_null(),
            Kind::Decimal(builder) => builder.append_null(),
            Kind::Text(builder) => builder.append_null(),
            Kind::Binary(builder) => builder.append_null(),
            Kind::Date(builder) => builder.append_null(),
            Kind::Timestamp(builder) => builder.append_null(),
            Kind::Wide { bytes, nulls } => {
                bytes.extend_from_slice(&[0; 16]);
                nulls.append_null();
            }
            Kind::Array { lists, .. } | Kind::Map { lists, .. } => lists.end_null(),
            Kind::Row { nulls, fields } => {
                fields.iter_mut().for_each(Builder::append_null);
                nulls.append_null();
            }
        }
    }

    pub(crate) fn finish(mut self) -> ArrayRef {
        match &mut self.kind {
            Kind::Boolean(builder) => Arc::new(builder.finish()),
            Kind::Int8(builder) => Arc::new(builder.finish()),
            Kind::Int16(builder) => Arc::new(builder.finish()),
            Kind::Int32(builder) => Arc::new(builder.finish()),
            Kind::Int64(builder) => Arc::new(builder.finish()),
            Kind::Real(builder) => Arc::new(builder.finish()),
            Kind::Double(builder) => Arc::new(builder.finish()),
            Kind::Decimal(builder) => Arc::new(builder.finish()),
            Kind::Text(builder) => Arc::new(builder.finish()),
            Kind::Binary(builder) => Arc::new(builder.finish()),
            Kind::Date(builder) => Arc::new(builder.finish()),
            _ => finish_nested(self.ty, self.kind),
        }
    }
}

fn finish_nested(ty: Type, kind: Kind) -> ArrayRef {
    match (kind, &ty) {
        (Kind::Timestamp(builder), _) => builder.finish(),
        (Kind::Wide { bytes, mut nulls }, _) => {
            Arc::new(FixedSizeBinaryArray::new(16, Buffer::from_vec(bytes), nulls.finish()))
        }
        (Kind::Array { lists, elements }, Type::Array(element)) => {
            let (offsets, nulls) = lists.finish();
            Arc::new(ListArray::new(Arc::new(item(element)), offsets, elements.finish(), nulls))
        }
        (Kind::Map { lists, keys, values }, Type::Map(key, value)) => {
            let (offsets, nulls) = lists.finish();
            let field = entries(key, value);
            let fields = match field.data_type() {
                datafusion::arrow::datatypes::DataType::Struct(fields) => fields.clone(),
                _ => Fields::empty(),
            };
            let pairs = StructArray::new(fields, vec![keys.finish(), values.finish()], None);
            Arc::new(MapArray::new(Arc::new(field), offsets, pairs, nulls, false))
        }
        (Kind::Row { mut nulls, fields }, Type::Row(types)) => {
            let nulls = nulls.finish();
            let columns: Vec<ArrayRef> = fields.into_iter().map(Builder::finish).collect();
            Arc::new(StructArray::new(row_fields(types), columns, nulls))
        }
        (_, ty) => datafusion::arrow::array::new_null_array(&super::data_type(ty), 0),
    }
}

impl Instants {
    fn new(picos: bool, zone: bool, capacity: usize) -> Box<Self> {
        let column = |there: bool| there.then(|| Int32Builder::with_capacity(capacity));
        Box::new(Instants {
            micros: TimestampMicrosecondBuilder::with_capacity(capacity),
            picos: column(picos),
            zones: column(zone),
            nulls: NullBufferBuilder::new(capacity),
        })
    }

    fn append(&mut self, instant: Instant, zone: Zone) {
        self.micros.append_value(instant.micros);
        if let Some(picos) = &mut self.picos {
            // Below a million.
            picos.append_value(instant.picos as i32);
        }
        if let Some(zones) = &mut self.zones {
            zones.append_value(zone_number(zone));
        }
        self.nulls.append_non_null();
    }

    fn append_null(&mut self) {
        self.micros.append_null();
        self.picos.iter_mut().chain(&mut self.zones).for_each(Int32Builder::append_null);
        self.nulls.append_null();
    }

    fn finish(mut self: Box<Self>) -> ArrayRef {
        let fields = instant_fields(self.picos.is_some(), self.zones.is_some());
        let micros: ArrayRef = Arc::new(self.micros.finish());
        if fields.len() == 1 {
            return micros;
        }
        let others = self.picos.iter_mut().chain(&mut self.zones);
        let others = others.map(|builder| Arc::new(builder.finish()) as ArrayRef);
        let columns = std::iter::once(micros).chain(others).collect();
        Arc::new(StructArray::new(fields, columns, self.nulls.finish()))
    }
}

impl Lists {
    fn new(capacity: usize) -> Self {
        let mut ends = Vec::with_capacity(capacity + 1);
        ends.push(0);
        Lists { ends, nulls: NullBufferBuilder::new(capacity) }
    }

    fn last(&self) -> i32 {
        self.ends.last().copied().unwrap_or(0)
    }

    fn end(&mut self, len: usize) {
        let len = i32::try_from(len).unwrap_or(i32::MAX);
        self.ends.push(self.last().saturating_add(len));
        self.nulls.append_non_null();
    }

    fn end_null(&mut self) {
        self.ends.push(self.last());
        self.nulls.append_null();
    }

    fn finish(mut self) -> (OffsetBuffer<i32>, Option<datafusion::arrow::buffer::NullBuffer>) {
        (OffsetBuffer::new(ScalarBuffer::from(self.ends)), self.nulls.finish())
    }
}
