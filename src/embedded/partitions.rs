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
    decides(&PARTITION, filter)
}

/// Whether the path may rule out that `filter` is true.
pub(super) fn path_matters(filter: &Expr) -> bool {
    matters(&PARTITION, filter)
}

fn decides(known: &[PartitionKey], filter: &Expr) -> bool {
    !filter.is_volatile() && filter.column_refs().iter().all(|column| is_one_of(known, &column.name))
}

fn matters(known: &[PartitionKey], filter: &Expr) -> bool {
    !filter.is_volatile() && filter.column_refs().iter().any(|column| is_one_of(known, &column.name))
}

fn is_one_of(keys: &[PartitionKey], name: &str) -> bool {
    keys.iter().any(|key| key.name() == name)
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
    let partitions: Vec<&Partition> = tree.partitions().iter().map(Arc::as_ref).collect();
    let verdicts = verdicts(&partitions, &PARTITION, filters, session)?;
    let selected = tree.partitions().iter().zip(verdicts).filter(|(_, verdict)| *verdict);
    Ok(selected.map(|(partition, _)| partition.clone()).collect())
}

/// As [`select`], for partitions of which only the first parts of the path may be known yet:
/// one verdict for each.
///
/// # Errors
///
/// As [`select`].
pub(crate) fn admits(partitions: &[Partition], filters: &[Expr], session: &dyn Session) -> Result<Vec<bool>> {
    let depth =
        |partition: &Partition| PARTITION.iter().take_while(|key| key.of(partition).is_some()).count();
    let mut admitted = vec![true; partitions.len()];
    for known in 1..=PARTITION.len() {
        let (places, group): (Vec<usize>, Vec<&Partition>) =
            partitions.iter().enumerate().filter(|(_, partition)| depth(partition) == known).unzip();
        let verdicts = verdicts(&group, &PARTITION[..known], filters, session)?;
        places.into_iter().zip(verdicts).for_each(|(place, verdict)| admitted[place] = verdict);
    }
    Ok(admitted)
}

fn verdicts(
    partitions: &[&Partition],
    known: &[PartitionKey],
    filters: &[Expr],
    session: &dyn Session,
) -> Result<Vec<bool>> {
    let fields: Vec<Field> =
        PARTITION.iter().map(|key| Field::new(key.name(), DataType::Utf8, true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let names = DFSchema::try_from(schema.clone())?;
    let mut selected: Vec<usize> = (0..partitions.len()).collect();
    for filter in filters.iter().filter(|filter| matters(known, filter)) {
        if selected.is_empty() {
            break;
        }
        let columns = PARTITION.iter().map(|key| {
            let values: StringArray = selected.iter().map(|place| key.of(partitions[*place])).collect();
            Arc::new(values) as ArrayRef
        });
        let rows = RecordBatch::try_new(schema.clone(), columns.collect())?;
        let undecided = !decides(known, filter);
        let filter = session.create_physical_expr(as_far_as(known, filter.clone()), &names)?;
        let verdicts = filter.evaluate(&rows)?.into_array(rows.num_rows())?;
        let mut verdicts = as_boolean_array(&verdicts)?.iter();
        selected.retain(|_| verdicts.next().flatten().unwrap_or(undecided));
    }
    let mut verdicts = vec![false; partitions.len()];
    selected.into_iter().for_each(|place| verdicts[place] = true);
    Ok(verdicts)
}

/// The filter with NULL, which is neither true nor false, for whatever does not depend on what is known alone.
fn as_far_as(known: &[PartitionKey], filter: Expr) -> Expr {
    match filter {
        decided if decides(known, &decided) => decided,
        Expr::BinaryExpr(BinaryExpr { left, op: op @ (Operator::And | Operator::Or), right }) => {
            let (left, right) = (Box::new(as_far_as(known, *left)), Box::new(as_far_as(known, *right)));
            Expr::BinaryExpr(BinaryExpr { left, op, right })
        }
        Expr::Not(inner) => Expr::Not(Box::new(as_far_as(known, *inner))),
        _ => lit(ScalarValue::Boolean(None)),
    }
}
