//! VALUES.

use std::cell::RefCell;

use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use datafusion::sql::sqlparser::ast::{self, Spanned};

use super::names::{Names, function_name};
use super::planner::{Planner, unplanned};
use super::query::{Context, Relation};
use super::scope::{Field, Scope};
use crate::trino::{Expr, ExprKind, Problem, Type, coerce};

/// Rows of constants, and of what subqueries give.
pub(super) fn plan(
    planner: &Planner<'_>,
    values: &ast::Values,
    context: &Context<'_>,
) -> Result<Relation, Problem> {
    let scope = Scope::new(Vec::new(), context.outer);
    let subqueries = RefCell::default();
    let names = Names::new(planner, context, &scope, "VALUES", &subqueries);
    let mut rows: Vec<Vec<Expr>> = Vec::new();
    for row in &values.rows {
        let row = row_of(&names, row)?;
        if rows.first().is_some_and(|first| first.len() != row.len()) {
            return Err(Problem::new("the rows of VALUES have different numbers of columns")
                .hint("give each row the same")
                .at(values.span()));
        }
        rows.push(row);
    }
    let mut types: Vec<Type> = Vec::new();
    for row in &rows {
        for (i, expr) in row.iter().enumerate() {
            match types.get_mut(i) {
                None => types.push(expr.ty.clone()),
                Some(ty) => {
                    *ty = ty.common(&expr.ty).ok_or_else(|| {
                        Problem::new(format!(
                            "column {} of VALUES is {ty} in one row and {} in another",
                            i + 1,
                            expr.ty
                        ))
                        .hint("CAST one to the type of the other")
                        .at(values.span())
                    })?;
                }
            }
        }
    }
    subqueries.into_inner().refuse("VALUES")?;
    let is_constant = rows.iter().flatten().all(|expr| expr.as_literal().is_some());
    let rows = rows.into_iter().map(|row| {
        let cells = row.into_iter().zip(&types).map(|(expr, ty)| coerce(expr, ty));
        cells.map(|expr| planner.lower(&expr)).collect::<Vec<_>>()
    });
    let (plan, numbers) = if is_constant {
        let plan = LogicalPlanBuilder::values(rows.collect())
            .and_then(LogicalPlanBuilder::build)
            .map_err(unplanned)?;
        let columns: Vec<_> =
            plan.schema().columns().into_iter().map(datafusion::logical_expr::Expr::Column).collect();
        planner.project(plan, columns)?
    } else {
        let one_row = |row| planner.project(one(), row);
        let mut parts = rows.map(one_row);
        let first = parts.next().unwrap_or_else(|| planner.project(one(), []))?;
        parts.try_fold(first, |(plan, numbers), part| {
            let plan = LogicalPlanBuilder::from(plan).union(part?.0).and_then(LogicalPlanBuilder::build);
            Ok((plan.map_err(unplanned)?, numbers))
        })?
    };
    let fields = numbers.into_iter().zip(types);
    let fields = fields.map(|(index, ty)| Field { table: None, name: None, index, ty, hidden: false });
    Ok(Relation::new(plan, fields.collect()))
}

/// One row without columns.
pub(super) fn one() -> LogicalPlan {
    LogicalPlan::EmptyRelation(datafusion::logical_expr::EmptyRelation {
        produce_one_row: true,
        schema: datafusion::common::DFSchema::empty().into(),
    })
}

/// The columns of one row: `(a, b)`, or `ROW(a, b)`, which is the same.
fn row_of(names: &Names<'_>, row: &[ast::Expr]) -> Result<Vec<Expr>, Problem> {
    if let [ast::Expr::Function(function)] = row
        && function_name(function).as_deref() == Some("row")
        && let Expr { kind: ExprKind::Row(parts), .. } = names.analyze(&row[0])?
    {
        return Ok(parts);
    }
    row.iter().map(|expr| names.analyze(expr)).collect()
}
