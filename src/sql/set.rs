//! UNION, INTERSECT and EXCEPT.

use datafusion::common::{JoinType, NullEquality};
use datafusion::logical_expr::{self as df, LogicalPlan, LogicalPlanBuilder};
use datafusion::sql::sqlparser::ast::{SetExpr, SetOperator, SetQuantifier, Spanned};

use super::planner::{Planner, unplanned};
use super::query::{Context, Relation, rows};
use super::scope::Field;
use super::{arrow, lower};
use crate::trino::{Expr, Problem, Type, coerce};

pub(super) fn plan(
    planner: &Planner<'_>,
    op: SetOperator,
    quantifier: SetQuantifier,
    left: &SetExpr,
    right: &SetExpr,
    context: &Context<'_>,
) -> Result<Relation, Problem> {
    let is_all = match quantifier {
        SetQuantifier::All => true,
        SetQuantifier::Distinct | SetQuantifier::None => false,
        other => return Err(Problem::new(format!("{op} {other} is not in Athena")).at(right.span())),
    };
    let (a, b) = (rows(planner, left, context)?, rows(planner, right, context)?);
    if a.fields.len() != b.fields.len() {
        return Err(Problem::new(format!(
            "the sides of {op} have {} and {} columns",
            a.fields.len(),
            b.fields.len()
        ))
        .hint("select as many on both sides")
        .at(right.span()));
    }
    let mut types = Vec::new();
    for (i, (a, b)) in a.fields.iter().zip(&b.fields).enumerate() {
        types.push(a.ty.common(&b.ty).ok_or_else(|| {
            Problem::new(format!(
                "column {} of {op} is {} on one side and {} on the other",
                i + 1,
                a.ty,
                b.ty
            ))
            .hint("CAST one to the type of the other")
            .at(right.span())
        })?);
    }
    let names: Vec<Option<String>> = a.fields.iter().map(|field| field.name.clone()).collect();
    let (a, numbers) = side(planner, a, &types)?;
    let (b, _) = side(planner, b, &types)?;
    let (plan, numbers) = match (op, is_all) {
        (SetOperator::Union, _) => {
            let plan = LogicalPlanBuilder::from(a)
                .union(b)
                .and_then(LogicalPlanBuilder::build)
                .map_err(unplanned)?;
            if is_all { (plan, numbers) } else { distinct(planner, plan, &numbers, &types)? }
        }
        (SetOperator::Intersect | SetOperator::Except | SetOperator::Minus, _) => {
            matching(planner, (a, numbers), b, &types, op == SetOperator::Intersect, is_all)?
        }
    };
    let fields = names.into_iter().zip(numbers).zip(types);
    let fields = fields.map(|((name, index), ty)| Field { table: None, name, index, ty, hidden: false });
    Ok(Relation::new(plan, fields.collect()))
}

/// One side, with the types of the whole.
fn side(
    planner: &Planner<'_>,
    relation: Relation,
    types: &[Type],
) -> Result<(LogicalPlan, Vec<usize>), Problem> {
    let columns = relation.fields.iter().zip(types).map(|(field, ty)| {
        let column = planner.lower(&coerce(Expr::column(field.index, field.ty.clone()), ty));
        // Stored text may come in another of Arrow's layouts.
        df::cast(column, arrow::data_type(ty))
    });
    planner.project(relation.plan, columns.collect::<Vec<_>>())
}

/// Each row once.
pub(super) fn distinct(
    planner: &Planner<'_>,
    plan: LogicalPlan,
    columns: &[usize],
    types: &[Type],
) -> Result<(LogicalPlan, Vec<usize>), Problem> {
    if let Some(ty) = types.iter().find(|ty| !ty.is_comparable()) {
        return Err(Problem::new(format!("values of type {ty} cannot be compared")));
    }
    let grouping = super::group::Grouping::of(
        columns.iter().zip(types).map(|(index, ty)| Expr::column(*index, ty.clone())).collect(),
    );
    let grouped = super::group::plan(planner, plan, &grouping, &Default::default())?;
    let columns: Vec<_> = grouped.keys.iter().map(|key| planner.column(*key)).collect();
    planner.project(grouped.plan, columns)
}

/// INTERSECT or EXCEPT: rows are equal where all columns are, NULL to NULL.
///
/// With ALL, the n-th of equal rows on one side goes with the n-th on the other.
fn matching(
    planner: &Planner<'_>,
    (left, columns): (LogicalPlan, Vec<usize>),
    right: LogicalPlan,
    types: &[Type],
    keep_matching: bool,
    is_all: bool,
) -> Result<(LogicalPlan, Vec<usize>), Problem> {
    let (left, columns) = if is_all { (left, columns) } else { distinct(planner, left, &columns, types)? };
    let right_columns: Vec<usize> =
        right.schema().columns().into_iter().map(|column| planner.number(df::Expr::Column(column))).collect();
    let keyed = |plan: LogicalPlan,
                 columns: &[usize]|
     -> Result<(LogicalPlan, Vec<datafusion::common::Column>), Problem> {
        let keys = columns.iter().zip(types).map(|(index, ty)| lower::join_key(planner.column(*index), ty));
        let (mut plan, mut numbers) = planner.extend(plan, keys.collect::<Vec<_>>())?;
        if is_all {
            let partition: Vec<df::Expr> = numbers.iter().map(|number| planner.column(*number)).collect();
            let (numbered, number) = super::window::row_numbers(planner, plan, partition)?;
            plan = numbered;
            numbers.push(number);
        }
        let columns = numbers.into_iter().filter_map(|number| planner.column(number).try_as_col().cloned());
        Ok((plan, columns.collect()))
    };
    let (left, left_keys) = keyed(left, &columns)?;
    let (right, right_keys) = keyed(right, &right_columns)?;
    let join_type = if keep_matching { JoinType::LeftSemi } else { JoinType::LeftAnti };
    let plan = LogicalPlanBuilder::from(left)
        .join_detailed(right, join_type, (left_keys, right_keys), None, NullEquality::NullEqualsNull)
        .and_then(LogicalPlanBuilder::build)
        .map_err(unplanned)?;
    let columns: Vec<df::Expr> = columns.iter().map(|index| planner.column(*index)).collect();
    planner.project(plan, columns)
}
