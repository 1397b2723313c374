//! Arrays and rows as bytes that are equal where they are.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::row::{RowConverter, SortField};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};

/// Arrow's row format of a value, which has a spelling of NULL too.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct RowBytes {
    signature: Signature,
}

impl RowBytes {
    pub(super) fn new() -> Self {
        RowBytes { signature: Signature::any(1, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for RowBytes {
    fn name(&self) -> &str {
        "row_bytes"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Binary)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [value] = args.args.as_slice() else {
            return Err(DataFusionError::Internal("row_bytes takes one value".into()));
        };
        let values = value.to_array(args.number_rows)?;
        let converter = RowConverter::new(vec![SortField::new(values.data_type().clone())])?;
        let rows = converter.convert_columns(&[values])?;
        Ok(ColumnarValue::Array(Arc::new(rows.try_into_binary()?)))
    }
}
