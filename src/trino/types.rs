//! Trino's types, their names, and how one widens to another.

use std::fmt;
use std::sync::Arc;

/// A type of Trino, as `typeof` names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Type {
    /// The type of a bare `NULL`; widens to every other.
    Unknown,
    Boolean,
    Tinyint,
    Smallint,
    Integer,
    Bigint,
    Real,
    Double,
    /// Precision (1 to 38) and scale.
    Decimal(u8, u8),
    /// With the greatest length in code points; `None`: unbounded.
    Varchar(Option<u32>),
    Varbinary,
    Date,
    /// Precision: digits of the fraction of a second, 0 to 12.
    Timestamp(u8),
    TimestampTz(u8),
    IntervalDayToSecond,
    IntervalYearToMonth,
    Json,
    IpAddress,
    Uuid,
    Array(Arc<Type>),
    Map(Arc<Type>, Arc<Type>),
    Row(Arc<[Field]>),
    /// A lambda: the types of its parameters and of its body.
    Function(Arc<[Type]>, Arc<Type>),
}

/// A field of a row type; `ROW(1, 2)` makes fields without names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Field {
    pub(crate) name: Option<Arc<str>>,
    pub(crate) ty: Type,
}

impl Field {
    pub(crate) fn unnamed(ty: Type) -> Self {
        Field { name: None, ty }
    }

    pub(crate) fn named(name: &str, ty: Type) -> Self {
        Field { name: Some(name.into()), ty }
    }
}

impl Type {
    /// `varchar` without a length.
    pub(crate) const VARCHAR: Type = Type::Varchar(None);

    pub(crate) fn array(element: Type) -> Self {
        Type::Array(Arc::new(element))
    }

    pub(crate) fn map(key: Type, value: Type) -> Self {
        Type::Map(Arc::new(key), Arc::new(value))
    }

    pub(crate) fn row(fields: impl IntoIterator<Item = Field>) -> Self {
        Type::Row(fields.into_iter().collect())
    }

    pub(crate) fn is_integer(&self) -> bool {
        matches!(self, Type::Tinyint | Type::Smallint | Type::Integer | Type::Bigint)
    }

    pub(crate) fn is_number(&self) -> bool {
        self.is_integer() || matches!(self, Type::Real | Type::Double | Type::Decimal(..))
    }

    pub(crate) fn is_varchar(&self) -> bool {
        matches!(self, Type::Varchar(_))
    }

    /// Whether `=` is defined.
    pub(crate) fn is_comparable(&self) -> bool {
        match self {
            Type::Function(..) => false,
            Type::Array(element) => element.is_comparable(),
            Type::Map(key, value) => key.is_comparable() && value.is_comparable(),
            Type::Row(fields) => fields.iter().all(|field| field.ty.is_comparable()),
            _ => true,
        }
    }

    /// Whether `<` is defined: also what ORDER BY, `min` and `array_sort` ask for.
    pub(crate) fn is_orderable(&self) -> bool {
        match self {
            Type::Function(..) | Type::Json | Type::Map(..) => false,
            Type::Array(element) => element.is_orderable(),
            Type::Row(fields) => fields.iter().all(|field| field.ty.is_orderable()),
            _ => true,
        }
    }

    /// The name, with the fields of a row left out where they would fill a message.
    pub(crate) fn brief(&self) -> String {
        const LONG: usize = 60;
        let name = self.to_string();
        if name.len() <= LONG {
            return name;
        }
        match self {
            Type::Row(_) => "row(…)".to_owned(),
            Type::Array(element) => format!("array({})", element.brief()),
            Type::Map(key, value) => format!("map({}, {})", key.brief(), value.brief()),
            _ => name,
        }
    }

    /// The precision and scale of the decimal that holds every value of an exact number type.
    pub(crate) fn as_decimal(&self) -> Option<(u8, u8)> {
        match self {
            Type::Tinyint => Some((3, 0)),
            Type::Smallint => Some((5, 0)),
            Type::Integer => Some((10, 0)),
            Type::Bigint => Some((19, 0)),
            Type::Decimal(p, s) => Some((*p, *s)),
            _ => None,
        }
    }

    fn number_rank(&self) -> Option<u8> {
        Some(match self {
            Type::Tinyint => 0,
            Type::Smallint => 1,
            Type::Integer => 2,
            Type::Bigint => 3,
            Type::Decimal(..) => 4,
            Type::Real => 5,
            Type::Double => 6,
            _ => return None,
        })
    }

    /// The type both widen to without a CAST, as for the sides of `=`.
    pub(crate) fn common(&self, other: &Type) -> Option<Type> {
        use Type::*;
        if self == other {
            return Some(self.clone());
        }
        match (self, other) {
            (Unknown, ty) | (ty, Unknown) => Some(ty.clone()),
            (Varchar(a), Varchar(b)) => Some(Varchar(a.zip(*b).map(|(a, b)| a.max(b)))),
            (Timestamp(a), Timestamp(b)) => Some(Timestamp(*a.max(b))),
            (TimestampTz(a), TimestampTz(b) | Timestamp(b)) | (Timestamp(a), TimestampTz(b)) => {
                Some(TimestampTz(*a.max(b)))
            }
            (Date, ty @ (Timestamp(_) | TimestampTz(_))) | (ty @ (Timestamp(_) | TimestampTz(_)), Date) => {
                Some(ty.clone())
            }
            (Array(a), Array(b)) => Some(Type::array(a.common(b)?)),
            (Map(k, v), Map(l, w)) => Some(Type::map(k.common(l)?, v.common(w)?)),
            (Row(a), Row(b)) if a.len() == b.len() => a
                .iter()
                .zip(b.iter())
                .map(|(a, b)| {
                    let name = if a.name == b.name { a.name.clone() } else { None };
                    Some(Field { name, ty: a.ty.common(&b.ty)? })
                })
                .collect::<Option<Arc<[Field]>>>()
                .map(Row),
            _ => {
                let (a, b) = (self.number_rank()?, other.number_rank()?);
                let (low, high) = if a < b { (self, other) } else { (other, self) };
                match (low.as_decimal(), high) {
                    (Some((p, s)), Decimal(q, t)) => {
                        let scale = s.max(*t);
                        let precision = (p - s).max(q - t) + scale;
                        Some(Decimal(precision.min(38), scale))
                    }
                    _ => Some(high.clone()),
                }
            }
        }
    }

    /// Whether a value of this type is taken for one of `target` without a CAST.
    pub(crate) fn widens_to(&self, target: &Type) -> bool {
        match (self, target) {
            // Names of fields come and go freely.
            (Type::Row(a), Type::Row(b)) => {
                a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| a.ty.widens_to(&b.ty))
            }
            (Type::Array(a), Type::Array(b)) => a.widens_to(b),
            (Type::Map(k, v), Type::Map(l, w)) => k.widens_to(l) && v.widens_to(w),
            _ => self.common(target).is_some_and(|common| common == *target),
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Unknown => f.write_str("unknown"),
            Type::Boolean => f.write_str("boolean"),
            Type::Tinyint => f.write_str("tinyint"),
            Type::Smallint => f.write_str("smallint"),
            Type::Integer => f.write_str("integer"),
            Type::Bigint => f.write_str("bigint"),
            Type::Real => f.write_str("real"),
            Type::Double => f.write_str("double"),
            Type::Decimal(p, s) => write!(f, "decimal({p},{s})"),
            Type::Varchar(None) => f.write_str("varchar"),
            Type::Varchar(Some(length)) => write!(f, "varchar({length})"),
            Type::Varbinary => f.write_str("varbinary"),
            Type::Date => f.write_str("date"),
            Type::Timestamp(p) => write!(f, "timestamp({p})"),
            Type::TimestampTz(p) => write!(f, "timestamp({p}) with time zone"),
            Type::IntervalDayToSecond => f.write_str("interval day to second"),
            Type::IntervalYearToMonth => f.write_str("interval year to month"),
            Type::Json => f.write_str("json"),
            Type::IpAddress => f.write_str("ipaddress"),
            Type::Uuid => f.write_str("uuid"),
            Type::Array(element) => write!(f, "array({element})"),
            Type::Map(key, value) => write!(f, "map({key}, {value})"),
            Type::Row(fields) => {
                f.write_str("row(")?;
                for (i, field) in fields.iter().enumerate() {
                    if i > 0 {
                        f.write_str(", ")?;
                    }
                    match &field.name {
                        Some(name) => write!(f, "{name} {}", field.ty)?,
                        None => write!(f, "{}", field.ty)?,
                    }
                }
                f.write_str(")")
            }
            Type::Function(parameters, result) => {
                f.write_str("function(")?;
                for parameter in parameters.iter() {
                    write!(f, "{parameter},")?;
                }
                write!(f, "{result})")
            }
        }
    }
}
