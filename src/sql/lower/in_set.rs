//! `x IN (subquery)`, with the subquery's values as one array.

use std::collections::HashSet;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, ListArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::row::{RowConverter, SortField};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};

/// Whether a value is in a list; NULL where that is unknown.
///
/// A list that is the same for all rows is hashed once.
#[derive(Debug)]
pub(super) struct InSet {
    signature: Signature,
    last: Mutex<Option<(ArrayRef, Arc<Set>)>>,
}

#[derive(Debug)]
struct Set {
    converter: RowConverter,
    values: HashSet<Box<[u8]>>,
    has_null: bool,
}

impl InSet {
    pub(super) fn new() -> Self {
        InSet { signature: Signature::any(2, Volatility::Immutable), last: Mutex::default() }
    }

    fn set(&self, list: &ArrayRef, ty: &DataType) -> Result<Arc<Set>> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, set)) = &*last
            && Arc::ptr_eq(known, list)
        {
            return Ok(Arc::clone(set));
        }
        let set = Arc::new(Set::new(list, ty)?);
        *last = Some((Arc::clone(list), Arc::clone(&set)));
        Ok(set)
    }
}

impl PartialEq for InSet {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for InSet {}

impl Hash for InSet {
    fn hash<H: Hasher>(&self, state: &mut H) {
        "in_set".hash(state);
    }
}

impl Set {
    fn new(values: &ArrayRef, ty: &DataType) -> Result<Self> {
        let values = if values.data_type() == ty { Arc::clone(values) } else { cast(values, ty)? };
        let converter = RowConverter::new(vec![SortField::new(ty.clone())])?;
        let rows = converter.convert_columns(&[Arc::clone(&values)])?;
        let is_there = |row: &usize| values.is_valid(*row);
        let keys = (0..values.len()).filter(is_there).map(|row| rows.row(row).as_ref().into()).collect();
        Ok(Set { converter, values: keys, has_null: values.null_count() > 0 })
    }

    fn contain(&self, values: &ArrayRef) -> Result<BooleanArray> {
        let rows = self.converter.convert_columns(&[Arc::clone(values)])?;
        let is_in = |row: usize| {
            if values.is_null(row) {
                return if self.values.is_empty() && !self.has_null { Some(false) } else { None };
            }
            if self.values.contains(rows.row(row).as_ref()) {
                return Some(true);
            }
            (!self.has_null).then_some(false)
        };
        Ok((0..values.len()).map(is_in).collect())
    }
}

impl ScalarUDFImpl for InSet {
    fn name(&self) -> &str {
        "in_set"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [value, set] = args.args.as_slice() else {
            return Err(DataFusionError::Internal("in_set takes a value and a list".into()));
        };
        let values = value.to_array(args.number_rows)?;
        let lists: ArrayRef = match set {
            ColumnarValue::Scalar(scalar) => scalar.to_array_of_size(1)?,
            ColumnarValue::Array(array) => Arc::clone(array),
        };
        let is_one = matches!(set, ColumnarValue::Scalar(_));
        let Some(lists) = lists.as_list_opt::<i32>() else {
            return Err(DataFusionError::Internal("in_set of what is no list".into()));
        };
        if is_one {
            return Ok(ColumnarValue::Array(Arc::new(match is_nothing(lists, 0) {
                true => BooleanArray::from(vec![false; values.len()]),
                false => self.set(lists.values(), values.data_type())?.contain(&values)?,
            })));
        }
        let mut result = Vec::with_capacity(values.len());
        for row in 0..values.len() {
            if is_nothing(lists, row) {
                result.push(Some(false));
                continue;
            }
            let set = Set::new(&lists.value(row), values.data_type())?;
            let is_in = set.contain(&values.slice(row, 1))?;
            result.push(is_in.is_valid(0).then(|| is_in.value(0)));
        }
        Ok(ColumnarValue::Array(Arc::new(BooleanArray::from(result))))
    }
}

/// An aggregate over no rows gives NULL.
fn is_nothing(lists: &ListArray, row: usize) -> bool {
    lists.is_null(row) || lists.value_length(row) == 0
}
