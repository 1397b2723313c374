//! An expression of Trino as a function of DataFusion.

use std::hash::{Hash, Hasher};

use datafusion::arrow::datatypes::DataType;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};
use datafusion::scalar::ScalarValue;

use super::super::arrow::{Builder, Columns, data_type};
use crate::trino::{Expr, Type};

/// Evaluates an expression on each row; its columns are the function's arguments.
#[derive(Debug)]
pub(super) struct Scalar {
    expr: Expr,
    arguments: Vec<Type>,
    signature: Signature,
    /// The expression's text: functions are equal if it is.
    text: String,
}

impl Scalar {
    pub(super) fn new(expr: Expr, arguments: Vec<Type>, volatility: Volatility) -> Self {
        let signature = match arguments.len() {
            0 => Signature::nullary(volatility),
            count => Signature::any(count, volatility),
        };
        let text = format!("{expr:?}");
        Scalar { expr, arguments, signature, text }
    }
}

impl PartialEq for Scalar {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.arguments == other.arguments
    }
}

impl Eq for Scalar {}

impl Hash for Scalar {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl ScalarUDFImpl for Scalar {
    fn name(&self) -> &str {
        "trino"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(data_type(&self.expr.ty))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        // Where every argument is the same for all rows, so is the result.
        let rows = match self.signature.volatility {
            Volatility::Volatile => args.number_rows,
            _ if args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_))) => 1,
            _ => args.number_rows,
        };
        let arrays = args.args.iter().map(|arg| arg.to_array(rows)).collect::<Result<Vec<_>>>()?;
        let mut columns = Columns::new(&arrays, &self.arguments)?;
        let mut builder = Builder::new(&self.expr.ty, rows);
        for row in 0..rows {
            columns.go_to(row);
            let value =
                self.expr.eval(&columns).map_err(|error| DataFusionError::External(Box::new(error)))?;
            builder.append(&value);
        }
        let array = builder.finish();
        if rows == 1 && args.number_rows != 1 {
            return ScalarValue::try_from_array(&array, 0).map(ColumnarValue::Scalar);
        }
        Ok(ColumnarValue::Array(array))
    }
}
