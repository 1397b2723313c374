//! The rows of an answer as a polars `DataFrame`.
//!
//! What polars has no type for becomes the text that Athena prints: decimals,
//! JSON, addresses, UUIDs, intervals, and timestamps whose zone is not UTC.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use polars::chunked_array::builder::get_list_builder;
use polars::prelude::{
    BinaryChunked, BooleanChunked, Column, DataFrame, DataType, Field, Float32Chunked, Float64Chunked,
    Int32Chunked, Int64Chunked, IntoSeries, NamedFrom, NewChunkedArray, PlSmallStr, Series, StringChunked,
    StructChunked, TimeUnit,
};

use crate::sql::{OutputColumn, Reader};
use crate::trino::time::{Instant, Zone};
use crate::trino::{self, Type, Value};
use crate::{Error, Result};

/// The rows of all batches.
///
/// # Errors
///
/// A value has no counterpart in polars, or a column is longer than polars can hold.
pub(crate) fn frame(columns: &[OutputColumn], batches: &[RecordBatch]) -> Result<DataFrame> {
    let rows = batches.iter().map(RecordBatch::num_rows).sum();
    let mut taken: Vec<String> = Vec::new();
    let mut series = Vec::new();
    for (i, column) in columns.iter().enumerate() {
        let name = unique(&column.name, &mut taken);
        let arrays: Vec<&ArrayRef> = batches.iter().filter_map(|batch| batch.columns().get(i)).collect();
        series.push(Column::from(self::series(&name, &column.ty, &arrays)?));
    }
    DataFrame::new(rows, series).map_err(failed)
}

/// A name that no column has yet: polars wants them distinct.
pub(crate) fn unique(name: &str, taken: &mut Vec<String>) -> String {
    let mut unique = name.to_owned();
    let mut number = 2;
    while taken.contains(&unique) {
        unique = format!("{name}_{number}");
        number += 1;
    }
    taken.push(unique.clone());
    unique
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::failed(format!("the rows do not fit into a data frame: {error}"))
}

/// The values of all arrays.
///
/// # Errors
///
/// As [`frame`].
pub(crate) fn series(name: &str, ty: &Type, arrays: &[&ArrayRef]) -> Result<Series> {
    let form = Form::of(ty, arrays)?;
    let mut whole = Series::new_empty(name.into(), &form.data_type(ty));
    for array in arrays {
        whole.append(&part(name.into(), ty, &form, array)?).map_err(failed)?;
    }
    Ok(whole)
}

/// How the values of a type are held.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// As polars' own.
    Own,
    /// As the text that Athena prints.
    Text,
}

impl Form {
    fn of(ty: &Type, arrays: &[&ArrayRef]) -> Result<Form> {
        let fits = match ty {
            Type::TimestampTz(_) | Type::Timestamp(_) => {
                let mut fits = true;
                for array in arrays {
                    let reader = Reader::new(array, ty).map_err(failed)?;
                    fits &= (0..array.len()).all(|row| match reader.value(row) {
                        Value::TimestampTz(at, zone) => zone == Zone::UTC && in_unit(at, unit(ty)).is_some(),
                        Value::Timestamp(at) => in_unit(at, unit(ty)).is_some(),
                        _ => true,
                    });
                }
                fits
            }
            ty => Self::inner(ty) == Form::Own,
        };
        Ok(if fits { Form::Own } else { Form::Text })
    }

    /// Of values inside others, where each column has one form whatever its values.
    fn inner(ty: &Type) -> Form {
        match ty {
            Type::Decimal(..) | Type::Json | Type::IpAddress | Type::Uuid => Form::Text,
            Type::IntervalDayToSecond | Type::IntervalYearToMonth | Type::TimestampTz(_) => Form::Text,
            Type::Timestamp(precision) if *precision > 6 => Form::Text,
            _ => Form::Own,
        }
    }

    fn data_type(self, ty: &Type) -> DataType {
        if self == Form::Text {
            return DataType::String;
        }
        match ty {
            Type::Boolean | Type::Unknown | Type::Function(..) => DataType::Boolean,
            Type::Tinyint | Type::Smallint | Type::Integer => DataType::Int32,
            Type::Bigint => DataType::Int64,
            Type::Real => DataType::Float32,
            Type::Double => DataType::Float64,
            Type::Varbinary => DataType::Binary,
            Type::Date => DataType::Date,
            Type::Timestamp(_) | Type::TimestampTz(_) => DataType::Datetime(unit(ty), None),
            Type::Array(element) => DataType::List(Box::new(Form::inner(element).data_type(element))),
            Type::Map(key, value) => {
                let fields = [("key", key), ("value", value)];
                let fields = fields.map(|(name, ty)| Field::new(name.into(), Form::inner(ty).data_type(ty)));
                DataType::List(Box::new(DataType::Struct(fields.to_vec())))
            }
            Type::Row(fields) => {
                let names = field_names(fields);
                let fields = fields.iter().zip(names);
                let fields = fields.map(|(field, name)| {
                    Field::new(name.into(), Form::inner(&field.ty).data_type(&field.ty))
                });
                DataType::Struct(fields.collect())
            }
            _ => DataType::String,
        }
    }
}

/// Distinct names for the fields of a row.
fn field_names(fields: &[trino::Field]) -> Vec<String> {
    let mut taken = Vec::new();
    let name = |(i, field): (usize, &trino::Field)| match &field.name {
        Some(name) => unique(name, &mut taken),
        None => unique(&format!("field{i}"), &mut taken),
    };
    fields.iter().enumerate().map(name).collect()
}

/// The unit that holds the digits of a timestamp's type.
pub(crate) fn unit(ty: &Type) -> TimeUnit {
    match ty {
        Type::Timestamp(precision) | Type::TimestampTz(precision) if *precision > 6 => TimeUnit::Nanoseconds,
        Type::Timestamp(precision) | Type::TimestampTz(precision) if *precision > 3 => TimeUnit::Microseconds,
        _ => TimeUnit::Milliseconds,
    }
}

/// The instant in a unit, if it has no finer digits and fits.
pub(crate) fn in_unit(at: Instant, unit: TimeUnit) -> Option<i64> {
    match unit {
        TimeUnit::Milliseconds if at.picos == 0 && at.micros % 1000 == 0 => Some(at.micros.div_euclid(1000)),
        TimeUnit::Microseconds if at.picos == 0 => Some(at.micros),
        TimeUnit::Nanoseconds if at.picos.is_multiple_of(1000) => {
            at.micros.checked_mul(1000)?.checked_add(i64::from(at.picos / 1000))
        }
        _ => None,
    }
}

/// The values of one array.
fn part(name: PlSmallStr, ty: &Type, form: &Form, array: &ArrayRef) -> Result<Series> {
    let reader = Reader::new(array, ty).map_err(failed)?;
    let values = || (0..array.len()).map(|row| reader.value(row));
    if *form == Form::Text {
        let texts = values().map(|value| text(value, ty)).collect::<Result<Vec<_>>>()?;
        return Ok(Series::new(name, texts));
    }
    let integers = || {
        values().map(|value| match value {
            Value::Integer(x) => Some(x),
            _ => None,
        })
    };
    Ok(match ty {
        Type::Tinyint | Type::Smallint | Type::Integer => {
            // The type bounds the number.
            Int32Chunked::from_iter_options(name, integers().map(|x| x.map(|x| x as i32))).into_series()
        }
        Type::Bigint => Int64Chunked::from_iter_options(name, integers()).into_series(),
        Type::Boolean | Type::Unknown | Type::Function(..) => BooleanChunked::from_iter_options(
            name,
            values().map(|value| match value {
                Value::Boolean(x) => Some(x),
                _ => None,
            }),
        )
        .into_series(),
        Type::Real => Float32Chunked::from_iter_options(
            name,
            values().map(|value| match value {
                Value::Real(x) => Some(x),
                _ => None,
            }),
        )
        .into_series(),
        Type::Double => Float64Chunked::from_iter_options(
            name,
            values().map(|value| match value {
                Value::Double(x) => Some(x),
                _ => None,
            }),
        )
        .into_series(),
        Type::Varbinary => BinaryChunked::from_iter_options(
            name,
            values().map(|value| match value {
                Value::Varbinary(x) => Some(x),
                _ => None,
            }),
        )
        .into_series(),
        Type::Date => {
            let days = values().map(|value| match value {
                Value::Date(x) => Some(x),
                _ => None,
            });
            Int32Chunked::from_iter_options(name, days).into_date().into_series()
        }
        Type::Timestamp(_) | Type::TimestampTz(_) => {
            let instants = values().map(|value| match value {
                Value::Timestamp(at) | Value::TimestampTz(at, _) => in_unit(at, unit(ty)),
                _ => None,
            });
            Int64Chunked::from_iter_options(name, instants).into_datetime(unit(ty), None).into_series()
        }
        Type::Array(element) => {
            let Some(lists) = array.as_list_opt::<i32>() else { return Err(failed("an array is no list")) };
            let elements = part(PlSmallStr::EMPTY, element, &Form::inner(element), lists.values())?;
            list(name, array, lists.value_offsets(), &elements)?
        }
        Type::Map(key, value) => {
            let Some(maps) = array.as_map_opt() else { return Err(failed("a map is no map")) };
            let keys = part("key".into(), key, &Form::inner(key), maps.keys())?;
            let values = part("value".into(), value, &Form::inner(value), maps.values())?;
            let entries = StructChunked::from_series(PlSmallStr::EMPTY, keys.len(), [keys, values].iter());
            list(name, array, maps.value_offsets(), &entries.map_err(failed)?.into_series())?
        }
        Type::Row(fields) => {
            let Some(rows) = array.as_struct_opt() else { return Err(failed("a row is no struct")) };
            let names = field_names(fields);
            let columns = fields.iter().zip(names).zip(rows.columns());
            let columns: Vec<Series> = columns
                .map(|((field, name), column)| part(name.into(), &field.ty, &Form::inner(&field.ty), column))
                .collect::<Result<_>>()?;
            let rows = StructChunked::from_series(name, array.len(), columns.iter()).map_err(failed)?;
            let valid: BooleanChunked = (0..array.len()).map(|row| Some(array.is_valid(row))).collect();
            let valid = valid.rechunk().downcast_as_array().values().clone();
            rows.with_outer_validity(Some(valid)).into_series()
        }
        _ => StringChunked::from_iter_options(
            name,
            values().map(|value| match value {
                Value::Varchar(x) => Some(x),
                _ => None,
            }),
        )
        .into_series(),
    })
}

fn list(name: PlSmallStr, array: &ArrayRef, offsets: &[i32], elements: &Series) -> Result<Series> {
    let mut builder = get_list_builder(elements.dtype(), elements.len(), array.len(), name);
    for (row, ends) in offsets.windows(2).enumerate() {
        if array.is_null(row) {
            builder.append_null();
        } else {
            let elements = elements.slice(i64::from(ends[0]), (ends[1] - ends[0]) as usize);
            builder.append_series(&elements).map_err(failed)?;
        }
    }
    Ok(builder.finish().into_series())
}

/// What Athena prints.
fn text(value: Value<'_>, ty: &Type) -> Result<Option<String>> {
    match value {
        Value::Null => Ok(None),
        Value::Json(text) | Value::Varchar(text) => Ok(Some(text.into_owned())),
        value => match trino::cast(value, ty, &Type::VARCHAR).map_err(failed)? {
            Value::Varchar(text) => Ok(Some(text.into_owned())),
            _ => Ok(None),
        },
    }
}
