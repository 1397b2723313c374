//! Which partitions of a tree a query's conditions leave.

use std::sync::Arc;

use datafusion::{
    arrow::{
        array::{ArrayRef, RecordBatch, StringArray},
        datatypes::{DataType, Field, Schema},
    },
    catalog::Session,
    common::{DFSchema, cast::as_boolean_array},
    error::Result,
    logical_expr::{BinaryExpr, Expr, Operator, lit},
    scalar::ScalarValue,
};

use super::{
    columns::{PARTITION, PartitionKey},
    tree::{Partition, Tree},
};

/// Whether the path alone decides `filter`.
pub(super) fn path_decides(filter: &Expr) -> bool {
    !filter.is_volatile() && filter.column_refs().iter().all(|column| key(&column.name).is_some())
}

/// Whether the path may rule out that `filter` is true.
pub(super) fn path_matters(filter: &Expr) -> bool {
    !filter.is_volatile() && filter.column_refs().iter().any(|column| key(&column.name).is_some())
}

fn key(name: &str) -> Option<PartitionKey> {
    PARTITION.into_iter().find(|key| key.name() == name)
}

/// The partitions of `tree` that can hold rows for which all `filters` are true.
///
/// Every filter is evaluated, as DataFusion evaluates it on rows, once for each
/// partition. What depends on the records is taken to be unknown.
///
/// # Errors
///
/// When a filter fails on a partition's values, as it would fail on its rows.
pub(crate) fn select(tree: &Tree, filters: &[Expr], session: &dyn Session) -> Result<Vec<Arc<Partition>>> {
    let fields: Vec<Field> =
        PARTITION.iter().map(|key| Field::new(key.name(), DataType::Utf8, true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let names = DFSchema::try_from(schema.clone())?;
    let mut selected = tree.partitions().to_vec();
    for filter in filters.iter().filter(|filter| path_matters(filter)) {
        let columns = PARTITION.iter().map(|key| {
            let values: StringArray = selected.iter().map(|partition| key.of(partition)).collect();
            Arc::new(values) as ArrayRef
        });
        let rows = RecordBatch::try_new(schema.clone(), columns.collect())?;
        let known = session.create_physical_expr(known(filter.clone()), &names)?;
        let verdicts = known.evaluate(&rows)?.into_array(rows.num_rows())?;
        let mut verdicts = as_boolean_array(&verdicts)?.iter();
        let undecided = !path_decides(filter);
        selected.retain(|_| verdicts.next().flatten().unwrap_or(undecided));
    }
    Ok(selected)
}

/// The filter with NULL, which is neither true nor false, for whatever depends on the records.
fn known(filter: Expr) -> Expr {
    match filter {
        decided if path_decides(&decided) => decided,
        Expr::BinaryExpr(BinaryExpr { left, op: op @ (Operator::And | Operator::Or), right }) => {
            let (left, right) = (Box::new(known(*left)), Box::new(known(*right)));
            Expr::BinaryExpr(BinaryExpr { left, op, right })
        }
        Expr::Not(inner) => Expr::Not(Box::new(known(*inner))),
        _ => lit(ScalarValue::Boolean(None)),
    }
}
