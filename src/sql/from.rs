//! FROM: tables, subqueries, joins, UNNEST.

use std::cell::RefCell;

use datafusion::common::{Column, JoinType, TableReference};
use datafusion::logical_expr::{self as df, LogicalPlanBuilder, Operator};
use datafusion::sql::sqlparser::ast::{
    self, JoinConstraint, JoinOperator, Spanned, TableAlias, TableFactor, TableWithJoins,
};
use datafusion::sql::sqlparser::tokenizer::Span;

use super::catalog::Origin;
use super::names::Names;
use super::planner::{Planner, unplanned};
use super::query::{self, Context, Relation};
use super::scope::{Field, Scope, dotted};
use super::stand_in::TableName;
use super::{given, unnest, values};
use crate::trino::{Expr, ExprKind, Problem, Type, coerce};

/// The rows of FROM; without FROM there is one, without columns.
pub(super) fn plan(
    planner: &Planner<'_>,
    from: &[TableWithJoins],
    context: &Context<'_>,
) -> Result<Relation, Problem> {
    // What is given comes first: all else is joined to it.
    let mut all = context.given.map(|given| Relation::new(given.plan.clone(), Vec::new()));
    for item in from {
        all = Some(match all {
            // A join that keeps all rows of its right side keeps them for all that is given.
            Some(before) if context.given.is_some() && item.joins.iter().any(keeps_right) => beside(
                before,
                alone(planner, item.span(), context, |context| joined(planner, item, None, context))?,
            )?,
            before => joined(planner, item, before, context)?,
        });
    }
    Ok(all.unwrap_or_else(one))
}

fn one() -> Relation {
    Relation::new(values::one(), Vec::new())
}

fn keeps_right(join: &ast::Join) -> bool {
    use JoinOperator::{FullOuter, Right, RightOuter};
    matches!(join.join_operator, Right(_) | RightOuter(_) | FullOuter(_))
}

/// Rows that must not hang on the query around: that is given elsewhere.
fn alone(
    planner: &Planner<'_>,
    span: Span,
    context: &Context<'_>,
    plan: impl FnOnce(&Context<'_>) -> Result<Relation, Problem>,
) -> Result<Relation, Problem> {
    if context.outer.is_none() {
        return plan(&Context { is_answer: false, ..*context });
    }
    let scope = Scope::new(Vec::new(), context.outer);
    let read = given::read(planner, &scope, context, span, plan)?;
    if context.given.is_some() && !read.captured.is_empty() {
        return Err(Problem::new("a join that names columns of the query around is not supported here")
            .hint("put the condition into WHERE")
            .at(span));
    }
    Ok(read.relation)
}

/// A table and what is joined to it, after what stands before the comma.
fn joined(
    planner: &Planner<'_>,
    item: &TableWithJoins,
    before: Option<Relation>,
    context: &Context<'_>,
) -> Result<Relation, Problem> {
    let mut left = match before {
        Some(before) => cross(planner, before, &item.relation, context)?,
        None => factor(planner, &item.relation, context)?,
    };
    for join in &item.joins {
        if join.global {
            return Err(Problem::new("GLOBAL JOIN is not in Athena").at(join.span()));
        }
        let (join_type, constraint) = match &join.join_operator {
            JoinOperator::Join(on) | JoinOperator::Inner(on) => (JoinType::Inner, on),
            JoinOperator::Left(on) | JoinOperator::LeftOuter(on) => (JoinType::Left, on),
            JoinOperator::Right(on) | JoinOperator::RightOuter(on) => (JoinType::Right, on),
            JoinOperator::FullOuter(on) => (JoinType::Full, on),
            JoinOperator::CrossJoin(JoinConstraint::None) => {
                left = cross(planner, left, &join.relation, context)?;
                continue;
            }
            other => {
                let words = format!("{other:?}");
                let words = words.split(['(', ' ']).next().unwrap_or_default();
                return Err(Problem::new(format!("this kind of join ({words}) is not in Athena"))
                    .hint("use JOIN … ON, or EXISTS in WHERE")
                    .at(join.span()));
            }
        };
        left = match &join.relation {
            TableFactor::UNNEST { .. } => {
                let is_true = matches!(constraint, JoinConstraint::On(on) if is_true(on));
                if !is_true || !matches!(join_type, JoinType::Inner | JoinType::Left) {
                    return Err(Problem::new(
                        "UNNEST is joined by CROSS JOIN, or by LEFT JOIN … ON TRUE only",
                    )
                    .at(join.relation.span()));
                }
                unnest::plan(planner, left, &join.relation, join_type == JoinType::Left, context)?
            }
            TableFactor::Derived { lateral: true, subquery, alias, .. } => {
                let is_true = matches!(constraint, JoinConstraint::On(on) if is_true(on));
                if !is_true || !matches!(join_type, JoinType::Inner | JoinType::Left) {
                    return Err(Problem::new(
                        "LATERAL is joined by CROSS JOIN, or by LEFT JOIN … ON TRUE only",
                    )
                    .at(join.relation.span()));
                }
                given::lateral(planner, left, subquery, alias.as_ref(), true, join_type, context)?
            }
            relation => {
                let right = factor(planner, relation, context)?;
                match constraint {
                    JoinConstraint::On(on) => join_on(planner, left, right, join_type, on, context)?,
                    JoinConstraint::Using(columns) => join_using(planner, left, right, join_type, columns)?,
                    JoinConstraint::Natural => {
                        return Err(Problem::new("NATURAL JOIN is not in Athena")
                            .hint("write JOIN … USING (columns)")
                            .at(join.span()));
                    }
                    JoinConstraint::None => {
                        return Err(Problem::new("the join has no condition")
                            .hint("add ON a.x = b.x, or write CROSS JOIN")
                            .at(join.relation.span()));
                    }
                }
            }
        };
    }
    Ok(left)
}

/// `ON TRUE`.
fn is_true(on: &ast::Expr) -> bool {
    matches!(on, ast::Expr::Value(value) if value.value == ast::Value::Boolean(true))
}

/// What stands before a comma or CROSS JOIN, with what stands after it.
fn cross(
    planner: &Planner<'_>,
    left: Relation,
    right: &TableFactor,
    context: &Context<'_>,
) -> Result<Relation, Problem> {
    match right {
        TableFactor::UNNEST { .. } => unnest::plan(planner, left, right, false, context),
        TableFactor::Derived { lateral, subquery, alias, sample: None }
            if *lateral || context.given.is_some() =>
        {
            given::lateral(planner, left, subquery, alias.as_ref(), *lateral, JoinType::Inner, context)
        }
        right => beside(left, factor(planner, right, context)?),
    }
}

/// Each row of the one with each of the other.
fn beside(left: Relation, right: Relation) -> Result<Relation, Problem> {
    let plan = LogicalPlanBuilder::from(left.plan)
        .cross_join(right.plan)
        .and_then(LogicalPlanBuilder::build)
        .map_err(unplanned)?;
    Ok(Relation::new(plan, [left.fields, right.fields].concat()))
}

fn join_on(
    planner: &Planner<'_>,
    left: Relation,
    right: Relation,
    join_type: JoinType,
    on: &ast::Expr,
    context: &Context<'_>,
) -> Result<Relation, Problem> {
    let scope = Scope::new([left.fields, right.fields].concat(), context.outer);
    let subqueries = RefCell::default();
    let condition = Names::new(planner, context, &scope, "ON", &subqueries).condition(on)?;
    subqueries.into_inner().refuse("ON")?;
    if context.given.is_some_and(|given| given.is_in(&condition)) {
        return Err(Problem::new("ON that names columns of the query around is not supported")
            .hint("put the condition into WHERE")
            .at(on.span()));
    }
    let parts: Vec<df::Expr> = condition.into_conjuncts().iter().map(|part| planner.lower(part)).collect();
    let plan = LogicalPlanBuilder::from(left.plan)
        .join_on(right.plan, join_type, parts)
        .and_then(LogicalPlanBuilder::build)
        .map_err(unplanned)?;
    Ok(Relation::new(plan, scope.fields))
}

/// The columns of USING come first and once, without a table's name.
fn join_using(
    planner: &Planner<'_>,
    left: Relation,
    right: Relation,
    join_type: JoinType,
    columns: &[ast::ObjectName],
) -> Result<Relation, Problem> {
    let (left_scope, right_scope) = (Scope::new(left.fields, None), Scope::new(right.fields, None));
    let mut conditions = Vec::new();
    let mut shared = Vec::new();
    let mut used = Vec::new();
    for column in columns {
        let parts: Vec<ast::Ident> = column.0.iter().filter_map(|part| part.as_ident().cloned()).collect();
        let find = |scope: &Scope<'_>, side: &str| match scope.resolve(&parts)? {
            Some(found) if found.parts == 1 && parts.len() == 1 => Ok(found),
            _ => Err(Problem::new(format!("the {side} side of the join has no column '{}'", dotted(&parts)))
                .at(column.span())),
        };
        let (a, b) = (find(&left_scope, "left")?, find(&right_scope, "right")?);
        let ty = a.ty.common(&b.ty).ok_or_else(|| {
            Problem::new(format!("column '{column}' is {} on one side and {} on the other", a.ty, b.ty))
                .hint("use ON with a CAST")
                .at(column.span())
        })?;
        used.extend([a.index, b.index]);
        let [x, y] = [&a, &b].map(|field| coerce(Expr::column(field.index, field.ty.clone()), &ty));
        let equal = ExprKind::Compare {
            op: crate::trino::Comparison::Equal,
            left: Box::new(x.clone()),
            right: Box::new(y.clone()),
        };
        conditions.push(planner.lower(&Expr::new(equal, Type::Boolean)));
        let value = match join_type {
            JoinType::Right => y,
            JoinType::Full => Expr::new(ExprKind::Coalesce(vec![x, y]), ty.clone()),
            _ => x,
        };
        shared.push((parts.last().map(|name| name.value.to_lowercase()), value));
    }
    let plan = LogicalPlanBuilder::from(left.plan)
        .join_on(right.plan, join_type, conditions)
        .and_then(LogicalPlanBuilder::build)
        .map_err(unplanned)?;
    let (plan, numbers) = planner.extend(plan, shared.iter().map(|(_, value)| planner.lower(value)))?;
    let shared = shared.into_iter().zip(numbers).map(|((name, value), index)| Field {
        table: None,
        name,
        index,
        ty: value.ty,
        hidden: false,
    });
    let others = [left_scope.fields, right_scope.fields].concat();
    let others = others.into_iter().filter(|field| !used.contains(&field.index));
    Ok(Relation::new(plan, shared.chain(others).collect()))
}

/// One thing in FROM that does not depend on what stands before it.
fn factor(planner: &Planner<'_>, factor: &TableFactor, context: &Context<'_>) -> Result<Relation, Problem> {
    match factor {
        TableFactor::Table {
            name,
            alias,
            args: None,
            with_hints,
            version: None,
            with_ordinality: false,
            partitions,
            json_path: None,
            sample: None,
            index_hints,
        } if with_hints.is_empty() && partitions.is_empty() && index_hints.is_empty() => {
            table(planner, name, alias.as_ref(), context)
        }
        TableFactor::Table { args: Some(_), name, .. } => {
            Err(Problem::new(format!("the table function {name} is not supported")).at(factor.span()))
        }
        TableFactor::Table { sample: Some(_), .. } => {
            Err(Problem::new("TABLESAMPLE is not supported").hint("use WHERE rand() < 0.1").at(factor.span()))
        }
        TableFactor::Derived { lateral: false, subquery, alias, sample: None } => {
            let plan = |context: &Context<'_>| query::plan(planner, subquery, context);
            rename(alone(planner, factor.span(), context, plan)?, alias.as_ref())
        }
        TableFactor::Derived { lateral: true, subquery, alias, sample: None } => {
            given::lateral(planner, one(), subquery, alias.as_ref(), true, JoinType::Inner, context)
        }
        TableFactor::UNNEST { .. } => unnest::plan(planner, one(), factor, false, context),
        TableFactor::NestedJoin { table_with_joins, alias } => {
            let plan = |context: &Context<'_>| joined(planner, table_with_joins, None, context);
            rename(alone(planner, factor.span(), context, plan)?, alias.as_ref())
        }
        TableFactor::MatchRecognize { .. } => {
            Err(Problem::new("MATCH_RECOGNIZE is not supported").at(factor.span()))
        }
        TableFactor::Pivot { .. } | TableFactor::Unpivot { .. } => {
            Err(Problem::new("PIVOT is not in Athena")
                .hint("use count_if(condition) for each column")
                .at(factor.span()))
        }
        other => Err(Problem::new("this is not supported in FROM").at(other.span())),
    }
}

/// A query of WITH, or the logs.
fn table(
    planner: &Planner<'_>,
    name: &ast::ObjectName,
    alias: Option<&TableAlias>,
    context: &Context<'_>,
) -> Result<Relation, Problem> {
    if let [part] = name.0.as_slice()
        && let Some(ident) = part.as_ident()
        && let Some(relation) = context.ctes.find(&ident.value.to_lowercase())
    {
        let relation = copy(planner, relation)?;
        let named = call(relation.fields, &[ident.value.to_lowercase()]);
        return rename(Relation::new(relation.plan, named), alias);
    }
    let parts = planner.catalog.check_name(name)?;
    let (plan, table) = planner.scan(TableName::new(name, alias.is_some()))?;
    let stored = |name: &str| df::Expr::Column(Column::new(Some(table.clone()), name));
    let mut day = None;
    let fields = planner.catalog.columns().into_iter().map(|column| {
        let (expr, hidden) = match column.from {
            Origin::Stored => (stored(&column.name), false),
            Origin::Alias(of) => (stored(of), true),
            Origin::Day => (day.get_or_insert_with(|| path_day(&stored)).clone(), true),
        };
        Field { table: None, name: Some(column.name), index: planner.number(expr), ty: column.ty, hidden }
    });
    let fields = call(fields.collect(), &parts);
    rename(Relation::new(plan, fields), alias)
}

/// `2024/01/31`, of the path's parts.
fn path_day(stored: &dyn Fn(&str) -> df::Expr) -> df::Expr {
    let parts = [stored("year"), df::lit("/"), stored("month"), df::lit("/"), stored("day")];
    let concat = |left: df::Expr, right: df::Expr| {
        df::Expr::BinaryExpr(df::BinaryExpr::new(Box::new(left), Operator::StringConcat, Box::new(right)))
    };
    parts.into_iter().reduce(concat).unwrap_or_else(|| df::lit(""))
}

/// The same rows a second time, under other names in the plan.
fn copy(planner: &Planner<'_>, relation: &Relation) -> Result<Relation, Problem> {
    let name = TableReference::bare(planner.name('r'));
    let plan = LogicalPlanBuilder::from(relation.plan.clone())
        .alias(name.clone())
        .and_then(LogicalPlanBuilder::build)
        .map_err(unplanned)?;
    let fields = relation.fields.iter().map(|field| {
        let column = match planner.column(field.index) {
            df::Expr::Column(column) => df::Expr::Column(Column::new(Some(name.clone()), column.name)),
            other => other,
        };
        Field { index: planner.number(column), ..field.clone() }
    });
    Ok(Relation::new(plan, fields.collect()))
}

/// Gives all columns the name of a table.
fn call(fields: Vec<Field>, table: &[String]) -> Vec<Field> {
    let table: std::rc::Rc<[String]> = table.into();
    fields.into_iter().map(|field| Field { table: Some(table.clone()), ..field }).collect()
}

/// `AS t (a, b)`.
pub(super) fn rename(relation: Relation, alias: Option<&TableAlias>) -> Result<Relation, Problem> {
    let Some(alias) = alias else { return Ok(relation) };
    let mut fields = call(relation.fields.clone(), &[alias.name.value.to_lowercase()]);
    if !alias.columns.is_empty() {
        // Only what `*` shows has a place in the list.
        fields.retain(|field| !field.hidden);
        if fields.len() != alias.columns.len() {
            return Err(Problem::new(format!(
                "{} has {} columns, and {} names for them",
                alias.name,
                fields.len(),
                alias.columns.len()
            ))
            .hint("give one name for each column")
            .at(alias.name.span));
        }
        for (field, column) in fields.iter_mut().zip(&alias.columns) {
            field.name = Some(column.name.value.to_lowercase());
        }
    }
    Ok(Relation { fields, ..relation })
}
