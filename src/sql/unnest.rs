//! UNNEST: a row for each element.

use std::cell::RefCell;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int64Array, ListArray};
use datafusion::arrow::buffer::{OffsetBuffer, ScalarBuffer};
use datafusion::arrow::datatypes::{DataType, Field as ArrowField};
use datafusion::common::{Column, NullHandling, UnnestOptions};
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::functions_nested::expr_fn::{map_keys, map_values};
use datafusion::logical_expr::{
    self as df, ColumnarValue, LogicalPlanBuilder, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use datafusion::sql::sqlparser::ast::{Spanned, TableFactor};

use super::names::Names;
use super::planner::{Planner, unplanned};
use super::query::{Context, Relation};
use super::scope::{Field, Scope};
use super::{arrow, from};
use crate::trino::{Problem, Type};

/// The rows of `left`, each as often as its arrays have elements, with an element of each array.
///
/// `keeps_all`: a row without elements stays, with NULL for them.
///
/// An array of rows gives one column, as in Athena, not one for each field.
pub(super) fn plan(
    planner: &Planner<'_>,
    left: Relation,
    unnest: &TableFactor,
    keeps_all: bool,
    context: &Context<'_>,
) -> Result<Relation, Problem> {
    let TableFactor::UNNEST { alias, array_exprs, with_offset, with_offset_alias, with_ordinality } = unnest
    else {
        return Err(Problem::new("this is no UNNEST"));
    };
    if *with_offset || with_offset_alias.is_some() {
        return Err(Problem::new("WITH OFFSET is not in Athena")
            .hint("write WITH ORDINALITY")
            .at(unnest.span()));
    }
    let scope = Scope::new(left.fields, context.outer);
    let subqueries = RefCell::default();
    let names = Names::new(planner, context, &scope, "UNNEST", &subqueries);
    let mut lists: Vec<df::Expr> = Vec::new();
    let mut types: Vec<Type> = Vec::new();
    for expr in array_exprs {
        let value = names.analyze(expr)?;
        let lowered = planner.lower(&value);
        match &value.ty {
            Type::Array(element) => {
                lists.push(lowered);
                types.push((**element).clone());
            }
            Type::Map(key, value) => {
                lists.extend([map_keys(lowered.clone()), map_values(lowered)]);
                types.extend([(**key).clone(), (**value).clone()]);
            }
            ty => {
                return Err(Problem::new(format!("UNNEST takes an array or a map, and this is {ty}"))
                    .hint("make an array of the text first: CAST(json_parse(x) AS array(json)), or split(x, ',')")
                    .at(expr.span()));
            }
        }
    }
    subqueries.into_inner().refuse("UNNEST")?;
    if *with_ordinality {
        let numbers = ScalarUDF::new_from_impl(Ordinals::new(lists.len()));
        lists.push(numbers.call(lists.clone()));
        types.push(Type::Bigint);
    }
    // Even a stored column is unnested under a new name: it stays in sight as it is.
    let kept = left.plan.schema().columns().into_iter().map(df::Expr::Column);
    let named: Vec<String> = lists.iter().map(|_| planner.name('c')).collect();
    let lists = lists.into_iter().zip(&named).map(|(list, name)| list.alias(name));
    let columns: Vec<Column> = named.iter().map(Column::new_unqualified).collect();
    let handling = if keeps_all { NullHandling::PreserveAndExpandEmpty } else { NullHandling::Drop };
    let options = UnnestOptions::new().with_null_handling(handling);
    let plan = LogicalPlanBuilder::from(left.plan.clone())
        .project(kept.chain(lists).collect::<Vec<_>>())
        .and_then(|plan| plan.unnest_columns_with_options(columns.clone(), options))
        .and_then(LogicalPlanBuilder::build)
        .map_err(unplanned)?;
    let elements = columns.into_iter().zip(types).map(|(column, ty)| Field {
        table: None,
        name: None,
        index: planner.number(df::Expr::Column(column)),
        ty,
        hidden: false,
    });
    let right = from::rename(Relation::new(plan.clone(), elements.collect()), alias.as_ref())?;
    Ok(Relation::new(plan, [scope.fields, right.fields].concat()))
}

/// `[1, 2, …]`, as long as the longest of its arguments.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Ordinals {
    signature: Signature,
}

impl Ordinals {
    fn new(arguments: usize) -> Self {
        Ordinals { signature: Signature::any(arguments, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for Ordinals {
    fn name(&self) -> &str {
        "ordinals"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> DataFusionResult<DataType> {
        Ok(arrow::data_type(&Type::array(Type::Bigint)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DataFusionResult<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let lists: Vec<&ListArray> = arrays.iter().filter_map(|array| array.as_list_opt()).collect();
        if lists.len() != arrays.len() {
            return Err(DataFusionError::Internal("ordinals of what is no list".into()));
        }
        let rows = arrays.first().map_or(0, |array| array.len());
        let longest = |row: usize| {
            let length = |list: &&ListArray| if list.is_null(row) { 0 } else { list.value_length(row) };
            lists.iter().map(length).max().unwrap_or(0)
        };
        let mut ends = Vec::with_capacity(rows + 1);
        ends.push(0);
        let mut numbers = Vec::new();
        for row in 0..rows {
            numbers.extend(1..=i64::from(longest(row)));
            ends.push(numbers.len() as i32);
        }
        let item = Arc::new(ArrowField::new_list_field(DataType::Int64, true));
        let values: ArrayRef = Arc::new(Int64Array::from(numbers));
        let list = ListArray::try_new(item, OffsetBuffer::new(ScalarBuffer::from(ends)), values, None)?;
        Ok(ColumnarValue::Array(Arc::new(list)))
    }
}
