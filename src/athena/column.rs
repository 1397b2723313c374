//! The columns of a result as they are read: texts in, series out.
//!
//! The same types as [`frame`](crate::embedded::frame) gives, which makes the series of the types that are
//! seldom and slow.

use std::mem;

use polars::prelude::{
    BinaryChunkedBuilder, BooleanChunkedBuilder, ChunkedBuilder, DataType, Float32Type, Float64Type,
    Int32Type, Int64Type, IntoSeries, PlSmallStr, PrimitiveChunkedBuilder, Series, StringChunkedBuilder,
    TimeUnit,
};

use super::value;
use crate::embedded::frame::{self, in_unit, unit};
use crate::sql::Builder as ArrowBuilder;
use crate::trino::time::{self, Zone};
use crate::trino::{Type, Value};
use crate::{Error, Result};

/// Rows that are gathered, at most, before they become a chunk of the series: so nothing large grows by being copied.
const CHUNK: usize = 1 << 16;

/// One column of a result.
pub(super) struct Column {
    name: PlSmallStr,
    ty: Type,
    series: Option<Series>,
    builder: Builder,
    rows: usize,
    /// Values that could not be read, and became NULL.
    pub(super) unread: u64,
}

enum Builder {
    Text(StringChunkedBuilder),
    Boolean(BooleanChunkedBuilder),
    Int32(PrimitiveChunkedBuilder<Int32Type>),
    Int64(PrimitiveChunkedBuilder<Int64Type>),
    Real(PrimitiveChunkedBuilder<Float32Type>),
    Double(PrimitiveChunkedBuilder<Float64Type>),
    Bytes(BinaryChunkedBuilder),
    /// Days, or instants in a unit.
    Date(PrimitiveChunkedBuilder<Int32Type>),
    Timestamp(PrimitiveChunkedBuilder<Int64Type>, TimeUnit),
    Other(ArrowBuilder),
}

impl Builder {
    fn new(name: &PlSmallStr, ty: &Type, room: usize) -> Builder {
        let name = name.clone();
        match ty {
            Type::Varchar(_) | Type::Decimal(..) | Type::Json | Type::IpAddress | Type::Uuid => {
                Builder::Text(StringChunkedBuilder::new(name, room))
            }
            // Where all are UTC, they become instants in the end.
            Type::IntervalDayToSecond | Type::IntervalYearToMonth | Type::TimestampTz(_) => {
                Builder::Text(StringChunkedBuilder::new(name, room))
            }
            Type::Boolean | Type::Unknown | Type::Function(..) => {
                Builder::Boolean(BooleanChunkedBuilder::new(name, room))
            }
            Type::Tinyint | Type::Smallint | Type::Integer => {
                Builder::Int32(PrimitiveChunkedBuilder::new(name, room))
            }
            Type::Bigint => Builder::Int64(PrimitiveChunkedBuilder::new(name, room)),
            Type::Real => Builder::Real(PrimitiveChunkedBuilder::new(name, room)),
            Type::Double => Builder::Double(PrimitiveChunkedBuilder::new(name, room)),
            Type::Varbinary => Builder::Bytes(BinaryChunkedBuilder::new(name, room)),
            Type::Date => Builder::Date(PrimitiveChunkedBuilder::new(name, room)),
            Type::Timestamp(precision) if *precision <= 6 => {
                Builder::Timestamp(PrimitiveChunkedBuilder::new(name, room), unit(ty))
            }
            Type::Timestamp(_) | Type::Array(_) | Type::Map(..) | Type::Row(_) => {
                Builder::Other(ArrowBuilder::new(ty, room))
            }
        }
    }

    fn append_null(&mut self) {
        match self {
            Builder::Text(builder) => builder.append_null(),
            Builder::Boolean(builder) => builder.append_null(),
            Builder::Int32(builder) | Builder::Date(builder) => builder.append_null(),
            Builder::Int64(builder) | Builder::Timestamp(builder, _) => builder.append_null(),
            Builder::Real(builder) => builder.append_null(),
            Builder::Double(builder) => builder.append_null(),
            Builder::Bytes(builder) => builder.append_null(),
            Builder::Other(builder) => builder.append(&Value::Null),
        }
    }

    /// Whether the text could be read.
    fn append(&mut self, text: &str, ty: &Type) -> bool {
        macro_rules! append {
            ($builder:expr, $value:expr) => {
                match $value {
                    Some(value) => $builder.append_value(value),
                    None => return false,
                }
            };
        }
        match self {
            Builder::Text(builder) => builder.append_value(text),
            Builder::Boolean(builder) => append!(builder, text.parse().ok()),
            Builder::Int32(builder) => append!(builder, text.parse().ok()),
            Builder::Int64(builder) => append!(builder, text.parse().ok()),
            Builder::Real(builder) => append!(builder, text.parse().ok()),
            Builder::Double(builder) => append!(builder, text.parse().ok()),
            Builder::Bytes(builder) => append!(builder, value::bytes(text)),
            Builder::Date(builder) => append!(builder, time::text::parse_date(text)),
            Builder::Timestamp(builder, unit) => {
                let parsed = time::text::parse_timestamp(text).filter(|parsed| parsed.zone.is_none());
                append!(builder, parsed.and_then(|parsed| in_unit(parsed.local, *unit)));
            }
            Builder::Other(builder) => {
                let value = match ty {
                    Type::Array(_) | Type::Map(..) | Type::Row(_) => value::parse(text, ty),
                    ty => value::scalar(text, ty),
                };
                let Some(value) = value else { return false };
                builder.append(&value);
            }
        }
        true
    }

    fn finish(self, name: &PlSmallStr, ty: &Type) -> Result<Series> {
        Ok(match self {
            Builder::Text(builder) => builder.finish().into_series(),
            Builder::Boolean(builder) => builder.finish().into_series(),
            Builder::Int32(builder) => builder.finish().into_series(),
            Builder::Int64(builder) => builder.finish().into_series(),
            Builder::Real(builder) => builder.finish().into_series(),
            Builder::Double(builder) => builder.finish().into_series(),
            Builder::Bytes(builder) => builder.finish().into_series(),
            Builder::Date(builder) => builder.finish().into_date().into_series(),
            Builder::Timestamp(builder, unit) => builder.finish().into_datetime(unit, None).into_series(),
            Builder::Other(builder) => frame::series(name, ty, &[&builder.finish()])?,
        })
    }
}

impl Column {
    /// A column by the name that the frame has for it.
    pub(super) fn new(name: &str, ty: Type) -> Column {
        Self::with_room(name.into(), ty, 0)
    }

    /// The same column without rows, and with room for so many.
    pub(super) fn empty(&self, room: usize) -> Column {
        Self::with_room(self.name.clone(), self.ty.clone(), room.min(CHUNK))
    }

    fn with_room(name: PlSmallStr, ty: Type, room: usize) -> Column {
        let builder = Builder::new(&name, &ty, room);
        Column { name, ty, series: None, builder, rows: 0, unread: 0 }
    }

    /// The next row's value; `None` is NULL.
    ///
    /// # Errors
    ///
    /// The column is longer than polars can hold.
    pub(super) fn push(&mut self, text: Option<&str>) -> Result<()> {
        match text {
            Some(text) => {
                if !self.builder.append(text, &self.ty) {
                    self.unread += 1;
                    self.builder.append_null();
                }
            }
            None => self.builder.append_null(),
        }
        self.rows += 1;
        if self.rows == CHUNK { self.flush() } else { Ok(()) }
    }

    /// The rows of another column of the same type, after those that are there.
    ///
    /// # Errors
    ///
    /// As [`push`](Column::push).
    pub(super) fn append(&mut self, mut other: Column) -> Result<()> {
        self.unread += other.unread;
        for column in [&mut *self, &mut other] {
            if column.rows > 0 {
                column.flush()?;
            }
        }
        other.series.map_or(Ok(()), |series| self.extend(series))
    }

    fn flush(&mut self) -> Result<()> {
        let full = mem::replace(&mut self.builder, Builder::new(&self.name, &self.ty, 0));
        self.rows = 0;
        let chunk = full.finish(&self.name, &self.ty)?;
        self.extend(chunk)
    }

    fn extend(&mut self, chunk: Series) -> Result<()> {
        match &mut self.series {
            Some(series) => series.append(&chunk).map(drop).map_err(too_long),
            None => {
                self.series = Some(chunk);
                Ok(())
            }
        }
    }

    /// The values since the last time.
    ///
    /// # Errors
    ///
    /// As [`push`](Column::push).
    pub(super) fn take(&mut self) -> Result<Series> {
        if self.rows > 0 || self.series.is_none() {
            self.flush()?;
        }
        let series = self.series.take();
        let series = series.unwrap_or_else(|| Series::new_empty(self.name.clone(), &DataType::String));
        match &self.ty {
            Type::TimestampTz(_) => Ok(instants(&series, &self.ty).unwrap_or(series)),
            _ => Ok(series),
        }
    }
}

/// Timestamps that are all of UTC, as such.
fn instants(texts: &Series, ty: &Type) -> Option<Series> {
    let texts = texts.str().ok()?;
    let unit = unit(ty);
    let mut builder = PrimitiveChunkedBuilder::<Int64Type>::new(texts.name().clone(), texts.len());
    for text in texts.iter() {
        let Some(text) = text else {
            builder.append_null();
            continue;
        };
        let parsed = time::text::parse_timestamp(text)?;
        if parsed.zone != Some(Zone::UTC) {
            return None;
        }
        builder.append_value(in_unit(parsed.local, unit)?);
    }
    Some(builder.finish().into_datetime(unit, None).into_series())
}

fn too_long(error: polars::error::PolarsError) -> Error {
    Error::failed(format!("the rows do not fit into a data frame: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(ty: &str, texts: &[Option<&str>], dtype: &str, expected: &[&str]) {
        let mut column = Column::new("c", Type::parse(ty).unwrap());
        for text in texts {
            column.push(*text).unwrap();
        }
        let series = column.take().unwrap();
        assert_eq!(series.dtype().to_string(), dtype);
        let values: Vec<String> = series.iter().map(|value| value.to_string()).collect();
        assert_eq!(values, expected);
    }

    #[test]
    fn texts_become_typed_values() {
        check("bigint", &[Some("-7"), None], "i64", &["-7", "null"]);
        check("integer", &[Some("2147483647")], "i32", &["2147483647"]);
        check("double", &[Some("1.0E10"), Some("-Infinity")], "f64", &["1.0000e10", "-inf"]);
        check("boolean", &[Some("true"), Some("false"), None], "bool", &["true", "false", "null"]);
        check("varchar", &[Some(""), None, Some("null")], "str", &["\"\"", "null", "\"null\""]);
        check("decimal(5,2)", &[Some("1.50")], "str", &["\"1.50\""]);
        check("date", &[Some("2026-10-12"), None], "date", &["2026-10-12", "null"]);
        check(
            "timestamp(3)",
            &[Some("2026-10-12 08:00:00.123")],
            "datetime[ms]",
            &["2026-10-12 08:00:00.123"],
        );
        check(
            "timestamp(3) with time zone",
            &[Some("2026-10-12 08:00:00.000 UTC"), None],
            "datetime[ms]",
            &["2026-10-12 08:00:00", "null"],
        );
        check(
            "timestamp(3) with time zone",
            &[Some("2026-10-12 08:00:00.000 UTC"), Some("2026-10-12 08:00:00.000 Asia/Tokyo")],
            "str",
            &["\"2026-10-12 08:00:00.000 UTC\"", "\"2026-10-12 08:00:00.000 Asia/Tokyo\""],
        );
    }

    #[test]
    fn what_cannot_be_read_is_counted() {
        let mut column = Column::new("c", Type::Bigint);
        column.push(Some("seven")).unwrap();
        column.push(Some("7")).unwrap();
        assert_eq!(column.unread, 1);
        assert_eq!(column.take().unwrap().null_count(), 1);
    }

    #[test]
    fn more_rows_than_a_chunk() {
        let mut column = Column::new("c", Type::Bigint);
        for n in 0..CHUNK + 10 {
            column.push(Some(&n.to_string())).unwrap();
        }
        let series = column.take().unwrap();
        assert_eq!((series.len(), series.n_chunks()), (CHUNK + 10, 2));
    }
}
