//! Values, and what it means for two of them to be equal.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::error::EvalError;
use super::time::{Instant, Zone};

/// A value of one of Trino's types, borrowing text from the row it came from.
///
/// The type is not part of it: a value makes sense beside the [`Type`](super::Type)
/// of the expression that gave it.
#[derive(Clone, Debug)]
pub(crate) enum Value<'a> {
    Null,
    Boolean(bool),
    /// Of all four integer types.
    Integer(i64),
    Real(f32),
    Double(f64),
    /// Without its decimal point: 1.50 is 150 of a `decimal(3,2)`.
    Decimal(i128),
    Varchar(Cow<'a, str>),
    Varbinary(Cow<'a, [u8]>),
    /// Days since 1970-01-01.
    Date(i32),
    /// A wall clock's time, counted as if it were UTC.
    Timestamp(Instant),
    TimestampTz(Instant, Zone),
    /// `interval day to second`, in milliseconds.
    Millis(i64),
    /// `interval year to month`.
    Months(i32),
    /// JSON text without insignificant white space.
    Json(Cow<'a, str>),
    /// As IPv6; an IPv4 address is `::ffff:a.b.c.d`.
    IpAddress(u128),
    Uuid(u128),
    Array(Arc<[Value<'a>]>),
    /// Entries with distinct keys, none of them NULL.
    Map(Arc<[(Value<'a>, Value<'a>)]>),
    Row(Arc<[Value<'a>]>),
}

/// What evaluating an expression gives.
pub(crate) type Eval<'a> = Result<Value<'a>, EvalError>;

impl<'a> Value<'a> {
    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    pub(crate) fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Value::Varchar(text.into())
    }

    pub(crate) fn bytes(bytes: impl Into<Cow<'a, [u8]>>) -> Self {
        Value::Varbinary(bytes.into())
    }

    pub(crate) fn json(text: impl Into<Cow<'a, str>>) -> Self {
        Value::Json(text.into())
    }

    pub(crate) fn array(elements: impl IntoIterator<Item = Value<'a>>) -> Self {
        Value::Array(elements.into_iter().collect())
    }

    pub(crate) fn row(fields: impl IntoIterator<Item = Value<'a>>) -> Self {
        Value::Row(fields.into_iter().collect())
    }

    /// The same value, with its own copies of borrowed text.
    pub(crate) fn into_owned(self) -> Value<'static> {
        match self {
            Value::Null => Value::Null,
            Value::Boolean(x) => Value::Boolean(x),
            Value::Integer(x) => Value::Integer(x),
            Value::Real(x) => Value::Real(x),
            Value::Double(x) => Value::Double(x),
            Value::Decimal(x) => Value::Decimal(x),
            Value::Varchar(x) => Value::Varchar(Cow::Owned(x.into_owned())),
            Value::Varbinary(x) => Value::Varbinary(Cow::Owned(x.into_owned())),
            Value::Date(x) => Value::Date(x),
            Value::Timestamp(x) => Value::Timestamp(x),
            Value::TimestampTz(x, zone) => Value::TimestampTz(x, zone),
            Value::Millis(x) => Value::Millis(x),
            Value::Months(x) => Value::Months(x),
            Value::Json(x) => Value::Json(Cow::Owned(x.into_owned())),
            Value::IpAddress(x) => Value::IpAddress(x),
            Value::Uuid(x) => Value::Uuid(x),
            Value::Array(x) => Value::Array(x.iter().cloned().map(Value::into_owned).collect()),
            Value::Map(x) => {
                Value::Map(x.iter().map(|(k, v)| (k.clone().into_owned(), v.clone().into_owned())).collect())
            }
            Value::Row(x) => Value::Row(x.iter().cloned().map(Value::into_owned).collect()),
        }
    }

    /// SQL's `=`: `None` where a NULL, here or inside, leaves it open.
    ///
    /// Both sides are of one type.
    pub(crate) fn equals(&self, other: &Value<'_>) -> Option<bool> {
        use Value::*;
        match (self, other) {
            (Null, _) | (_, Null) => None,
            (Real(a), Real(b)) => Some(a == b),
            (Double(a), Double(b)) => Some(a == b),
            (Array(a), Array(b)) | (Row(a), Row(b)) => {
                if a.len() != b.len() {
                    return Some(false);
                }
                all(a.iter().zip(b.iter()).map(|(a, b)| a.equals(b)))
            }
            (Map(a), Map(b)) => {
                if a.len() != b.len() {
                    return Some(false);
                }
                all(a.iter().map(|(key, value)| match b.iter().find(|(k, _)| k.is_identical(key)) {
                    Some((_, w)) => value.equals(w),
                    None => Some(false),
                }))
            }
            _ => Some(self.is_identical(other)),
        }
    }

    /// `IS NOT DISTINCT FROM`: NULL is NULL and NaN is NaN.
    pub(crate) fn is_identical(&self, other: &Value<'_>) -> bool {
        use Value::*;
        match (self, other) {
            (Null, Null) => true,
            (Boolean(a), Boolean(b)) => a == b,
            (Integer(a), Integer(b)) => a == b,
            (Real(a), Real(b)) => a == b || (a.is_nan() && b.is_nan()),
            (Double(a), Double(b)) => a == b || (a.is_nan() && b.is_nan()),
            (Decimal(a), Decimal(b)) => a == b,
            (Varchar(a), Varchar(b)) | (Json(a), Json(b)) => a == b,
            (Varbinary(a), Varbinary(b)) => a == b,
            (Date(a), Date(b)) => a == b,
            // The zone of an instant is how it is shown, not what it is.
            (Timestamp(a), Timestamp(b)) | (TimestampTz(a, _), TimestampTz(b, _)) => a == b,
            (Millis(a), Millis(b)) => a == b,
            (Months(a), Months(b)) => a == b,
            (IpAddress(a), IpAddress(b)) | (Uuid(a), Uuid(b)) => a == b,
            (Array(a), Array(b)) | (Row(a), Row(b)) => {
                a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| a.is_identical(b))
            }
            (Map(a), Map(b)) => {
                a.len() == b.len()
                    && a.iter().all(|(key, value)| {
                        b.iter().any(|(k, w)| k.is_identical(key) && w.is_identical(value))
                    })
            }
            _ => false,
        }
    }

    /// The order of `<` and of ORDER BY, for two values of one orderable type
    /// that are not NULL. NaN comes last.
    ///
    /// # Errors
    ///
    /// A NULL inside an array or a row decides.
    pub(crate) fn compare(&self, other: &Value<'_>) -> Result<Ordering, EvalError> {
        self.compare_with(other, Ordering::Greater)
    }

    /// The same with what a NaN is to other numbers.
    ///
    /// # Errors
    ///
    /// A NULL inside an array or a row decides.
    pub(crate) fn compare_with(&self, other: &Value<'_>, nan: Ordering) -> Result<Ordering, EvalError> {
        use Value::*;
        Ok(match (self, other) {
            (Boolean(a), Boolean(b)) => a.cmp(b),
            (Integer(a), Integer(b)) => a.cmp(b),
            (Real(a), Real(b)) => order(f64::from(*a), f64::from(*b), nan),
            (Double(a), Double(b)) => order(*a, *b, nan),
            (Decimal(a), Decimal(b)) => a.cmp(b),
            (Varchar(a), Varchar(b)) | (Json(a), Json(b)) => a.as_bytes().cmp(b.as_bytes()),
            (Varbinary(a), Varbinary(b)) => a.cmp(b),
            (Date(a), Date(b)) => a.cmp(b),
            (Timestamp(a), Timestamp(b)) | (TimestampTz(a, _), TimestampTz(b, _)) => a.cmp(b),
            (Millis(a), Millis(b)) => a.cmp(b),
            (Months(a), Months(b)) => a.cmp(b),
            (IpAddress(a), IpAddress(b)) | (Uuid(a), Uuid(b)) => a.cmp(b),
            (Array(a), Array(b)) | (Row(a), Row(b)) => {
                for (a, b) in a.iter().zip(b.iter()) {
                    if a.is_null() || b.is_null() {
                        let what = if matches!(self, Array(_)) { "ARRAY" } else { "ROW" };
                        return Err(EvalError::other(format!(
                            "{what} values with null elements have no order"
                        )));
                    }
                    match a.compare_with(b, nan)? {
                        Ordering::Equal => {}
                        unequal => return Ok(unequal),
                    }
                }
                a.len().cmp(&b.len())
            }
            _ => return Err(EvalError::other("values of these types have no order")),
        })
    }

    /// Whether it is NULL or holds one, so that `=` cannot tell it from itself.
    pub(crate) fn is_indeterminate(&self) -> bool {
        match self {
            Value::Null => true,
            Value::Array(values) | Value::Row(values) => values.iter().any(Value::is_indeterminate),
            Value::Map(entries) => {
                entries.iter().any(|(key, value)| key.is_indeterminate() || value.is_indeterminate())
            }
            _ => false,
        }
    }

    /// Whether this is the float that is no number: it is on neither side of anything.
    pub(crate) fn is_nan(&self) -> bool {
        match self {
            Value::Real(x) => x.is_nan(),
            Value::Double(x) => x.is_nan(),
            _ => false,
        }
    }
}

/// The conjunction of SQL: false if one is, else open if one is.
fn all(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut result = Some(true);
    for part in parts {
        match part {
            Some(false) => return Some(false),
            Some(true) => {}
            None => result = None,
        }
    }
    result
}

fn order(a: f64, b: f64, nan: Ordering) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| match (a.is_nan(), b.is_nan()) {
        (true, true) => Ordering::Equal,
        (true, false) => nan,
        _ => nan.reverse(),
    })
}

/// A value as a key of a hash table, equal where `IS NOT DISTINCT FROM` is.
#[derive(Clone, Debug)]
pub(crate) struct Key<'a>(pub(crate) Value<'a>);

impl PartialEq for Key<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0.is_identical(&other.0)
    }
}

impl Eq for Key<'_> {}

impl Hash for Key<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash(&self.0, state);
    }
}

fn hash<H: Hasher>(value: &Value<'_>, state: &mut H) {
    use Value::*;
    match value {
        Null => 0u8.hash(state),
        Boolean(x) => x.hash(state),
        Integer(x) | Millis(x) => x.hash(state),
        Real(x) => float_bits(f64::from(*x)).hash(state),
        Double(x) => float_bits(*x).hash(state),
        Decimal(x) => x.hash(state),
        Varchar(x) | Json(x) => x.hash(state),
        Varbinary(x) => x.hash(state),
        Date(x) | Months(x) => x.hash(state),
        Timestamp(x) | TimestampTz(x, _) => x.hash(state),
        IpAddress(x) | Uuid(x) => x.hash(state),
        Array(x) | Row(x) => x.iter().for_each(|x| hash(x, state)),
        // Entries come in any order.
        Map(x) => x.len().hash(state),
    }
}

/// One pattern of bits for all that counts as the same float.
fn float_bits(x: f64) -> u64 {
    if x.is_nan() { f64::NAN.to_bits() } else { (x + 0.0).to_bits() }
}
