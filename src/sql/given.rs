//! Subqueries that name columns of the query around, planned for all its rows at once.
//!
//! Such a subquery hangs on the values of those columns and on nothing else of
//! a row. So it is planned with each combination of them as a row beside its
//! FROM: every step keeps the given values apart, by grouping, numbering and
//! comparing by them too. In the end its rows are joined to the rows around,
//! where the values are the same.
//!
//! What it names is only known when it has been read. So it is read twice:
//! first with a NULL of the right type for whatever it names.

use datafusion::common::{Column, JoinType, NullEquality};
use datafusion::logical_expr::{self as df, LogicalPlan, LogicalPlanBuilder};
use datafusion::sql::sqlparser::ast::{Query, Spanned, TableAlias};
use datafusion::sql::sqlparser::tokenizer::Span;

use super::planner::{Planner, unplanned};
use super::query::{self, Context, Relation};
use super::scope::Scope;
use super::{from, lower, set};
use crate::trino::{Expr, Problem, Type, Value};

/// Subqueries in subqueries are read twice at each level.
const DEEPEST: usize = 8;

/// The values that a subquery hangs on: each combination is a row.
pub(super) struct Given {
    pub(super) plan: LogicalPlan,
    /// The columns of it.
    pub(super) columns: Vec<Expr>,
}

impl Given {
    /// Whether one of the values is part of the expression.
    pub(super) fn is_in(&self, expr: &Expr) -> bool {
        let is_one = |index| self.columns.iter().any(|column| column.as_column() == Some(index));
        expr.as_column().is_some_and(is_one) || expr.children().into_iter().any(|child| self.is_in(child))
    }
}

/// A query that was read for what it names of the query around.
pub(super) struct Read {
    /// What it is if that is nothing.
    pub(super) relation: Relation,
    /// What it names.
    pub(super) captured: Vec<Expr>,
}

/// Reads a query that sees the columns in a scope.
pub(super) fn read(
    planner: &Planner<'_>,
    scope: &Scope<'_>,
    context: &Context<'_>,
    span: Span,
    plan: impl FnOnce(&Context<'_>) -> Result<Relation, Problem>,
) -> Result<Read, Problem> {
    let stand_in = |ty: &Type| planner.number(lower::literal(&Value::Null, ty));
    let border = Scope::border(scope, &[], &stand_in);
    if border.depth() > DEEPEST {
        return Err(Problem::new(format!("subqueries nest more than {DEEPEST} deep"))
            .hint("name the inner ones in WITH")
            .at(span));
    }
    let relation = plan(&Context { outer: Some(&border), given: None, is_answer: false, ..*context })?;
    Ok(Read { relation, captured: border.captured() })
}

/// Plans a query for each row of a plan at once.
///
/// `captured` is what it names of the scope, `values` the same over the columns of the plan.
pub(super) fn plan(
    planner: &Planner<'_>,
    rows: LogicalPlan,
    scope: &Scope<'_>,
    captured: &[Expr],
    values: &[Expr],
    query: &Query,
    context: &Context<'_>,
) -> Result<(LogicalPlan, Relation), Problem> {
    let (rows, given) = given(planner, rows, values).map_err(|problem| problem.at(query.span()))?;
    let columns: Vec<(Expr, usize)> =
        captured.iter().cloned().zip(given.columns.iter().filter_map(Expr::as_column)).collect();
    // Whatever is named was named when the query was read.
    let nothing = |_: &Type| planner.number(df::Expr::Column(Column::new_unqualified("not given")));
    let border = Scope::border(scope, &columns, &nothing);
    let context = Context { outer: Some(&border), given: Some(&given), is_answer: false, ..*context };
    Ok((rows, query::plan(planner, query, &context)?))
}

/// Each combination of the values that the rows have.
fn given(planner: &Planner<'_>, rows: LogicalPlan, values: &[Expr]) -> Result<(LogicalPlan, Given), Problem> {
    if let Some(value) = values.iter().find(|value| !can_be_given(&value.ty)) {
        return Err(Problem::new(format!(
            "a subquery that names a column of type {} of the query around is not supported",
            value.ty.brief()
        ))
        .hint("name a field of it"));
    }
    let types: Vec<Type> = values.iter().map(|value| value.ty.clone()).collect();
    let (rows, numbers) = planner.extend(rows, values.iter().map(|value| planner.lower(value)))?;
    let columns = numbers.iter().map(|number| planner.column(*number));
    let (alone, numbers) = planner.project(rows.clone(), columns.collect::<Vec<_>>())?;
    let (plan, numbers) = set::distinct(planner, alone, &numbers, &types)?;
    let columns = numbers.into_iter().zip(types).map(|(number, ty)| Expr::column(number, ty));
    Ok((rows, Given { plan, columns: columns.collect() }))
}

/// Whether rows can be grouped and joined by values of the type.
fn can_be_given(ty: &Type) -> bool {
    match ty {
        Type::Map(..) => false,
        Type::Array(element) => can_be_given(element),
        Type::Row(fields) => fields.iter().all(|field| can_be_given(&field.ty)),
        ty => ty.is_comparable(),
    }
}

/// What values are compared by, as columns of the plan.
pub(super) fn keys(
    planner: &Planner<'_>,
    plan: LogicalPlan,
    values: &[Expr],
) -> Result<(LogicalPlan, Vec<Column>), Problem> {
    let keys = values.iter().map(|value| lower::join_key(planner.lower(value), &value.ty));
    let (plan, numbers) = planner.extend(plan, keys.collect::<Vec<_>>())?;
    let columns = numbers.into_iter().filter_map(|number| planner.column(number).try_as_col().cloned());
    Ok((plan, columns.collect()))
}

/// Joins two plans where the keys are the same, NULL to NULL.
pub(super) fn join(
    (left, left_keys): (LogicalPlan, Vec<Column>),
    (right, right_keys): (LogicalPlan, Vec<Column>),
    join_type: JoinType,
) -> Result<LogicalPlan, Problem> {
    LogicalPlanBuilder::from(left)
        .join_detailed(right, join_type, (left_keys, right_keys), None, NullEquality::NullEqualsNull)
        .and_then(LogicalPlanBuilder::build)
        .map_err(unplanned)
}

/// The rows of `query` beside each row of what stands before it in FROM: `LATERAL (query)`.
///
/// Where it is not LATERAL it sees only the query around.
pub(super) fn lateral(
    planner: &Planner<'_>,
    left: Relation,
    query: &Query,
    alias: Option<&TableAlias>,
    is_lateral: bool,
    join_type: JoinType,
    context: &Context<'_>,
) -> Result<Relation, Problem> {
    let seen = if is_lateral { left.fields.clone() } else { Vec::new() };
    let scope = Scope::new(seen, context.outer);
    let read = read(planner, &scope, context, query.span(), |context| query::plan(planner, query, context))?;
    let (plan, right) = if read.captured.is_empty() {
        let plan = LogicalPlanBuilder::from(left.plan);
        let right = read.relation;
        let plan = match join_type {
            JoinType::Inner => plan.cross_join(right.plan.clone()),
            join_type => plan.join_on(right.plan.clone(), join_type, [df::lit(true)]),
        };
        (plan.and_then(LogicalPlanBuilder::build).map_err(unplanned)?, right)
    } else {
        let captured = &read.captured;
        let (rows, right) = self::plan(planner, left.plan, &scope, captured, captured, query, context)?;
        let left = keys(planner, rows, captured)?;
        let (plan, keys) = keys(planner, right.plan.clone(), &right.given)?;
        (join(left, (plan, keys), join_type)?, right)
    };
    let right = from::rename(right, alias)?;
    Ok(Relation::new(plan, [left.fields, right.fields].concat()))
}
