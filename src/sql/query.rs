//! A query: WITH, what gives its rows, ORDER BY, OFFSET and LIMIT.

use std::cell::RefCell;

use datafusion::logical_expr::{self as df, LogicalPlan, LogicalPlanBuilder};
use datafusion::sql::sqlparser::ast::{self, Expr as Ast, LimitClause, OrderByKind, Query, SetExpr, Spanned};

use super::aggregate::SortKey;
use super::given::Given;
use super::group::position;
use super::names::Names;
use super::planner::{Planner, unplanned};
use super::scope::{Field, Scope};
use super::{select, set, values};
use crate::trino::{Expr, Problem};

/// Rows, and the names of their columns.
#[derive(Clone)]
pub(super) struct Relation {
    pub(super) plan: LogicalPlan,
    pub(super) fields: Vec<Field>,
    /// The columns of what was given, in its order.
    pub(super) given: Vec<Expr>,
    /// Whether there is no more than one row for what was given.
    pub(super) is_one: bool,
}

impl Relation {
    /// Rows that hang on nothing.
    pub(super) fn new(plan: LogicalPlan, fields: Vec<Field>) -> Self {
        Relation { plan, fields, given: Vec::new(), is_one: false }
    }
}

/// What is around a query.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) ctes: &'a Ctes<'a>,
    /// The columns of the query around.
    pub(super) outer: Option<&'a Scope<'a>>,
    /// What is given of them, if it is planned for all their rows at once.
    pub(super) given: Option<&'a Given>,
    /// Whether its rows are the answer.
    pub(super) is_answer: bool,
}

/// The queries of WITH that are in sight.
#[derive(Default)]
pub(super) struct Ctes<'a> {
    named: Vec<(String, Relation)>,
    outer: Option<&'a Ctes<'a>>,
}

impl Ctes<'_> {
    pub(super) fn find(&self, name: &str) -> Option<&Relation> {
        let here = self.named.iter().rev().find(|(known, _)| known == name).map(|(_, relation)| relation);
        here.or_else(|| self.outer?.find(name))
    }
}

/// ORDER BY, OFFSET and LIMIT.
pub(super) struct Tail<'a> {
    pub(super) order: &'a [ast::OrderByExpr],
    pub(super) slice: Slice,
}

/// Which of the ordered rows.
#[derive(Clone, Copy, Default)]
pub(super) struct Slice {
    pub(super) skip: usize,
    pub(super) take: Option<usize>,
    /// With the rows that are equal to the last in order.
    pub(super) with_ties: bool,
}

impl Slice {
    fn is_whole(&self) -> bool {
        self.skip == 0 && self.take.is_none()
    }

    /// Whether it has one row at most.
    pub(super) fn is_one(&self) -> bool {
        self.take.is_some_and(|take| take <= 1) && !self.with_ties
    }
}

/// Plans a query.
pub(super) fn plan(planner: &Planner<'_>, query: &Query, context: &Context<'_>) -> Result<Relation, Problem> {
    let Query {
        with,
        body,
        order_by,
        limit_clause,
        fetch,
        locks,
        for_clause,
        settings,
        format_clause,
        pipe_operators,
    } = query;
    let foreign = !locks.is_empty() || for_clause.is_some() || settings.is_some();
    if foreign || format_clause.is_some() || !pipe_operators.is_empty() {
        return Err(Problem::new("FOR, SETTINGS, FORMAT and pipes are not in Athena").hint("leave them out"));
    }
    let mut ctes = Ctes { named: Vec::new(), outer: Some(context.ctes) };
    if let Some(with) = with {
        if with.recursive {
            return Err(Problem::new("WITH RECURSIVE is not supported").at(with.with_token.0.span));
        }
        for cte in &with.cte_tables {
            let inner = Context { ctes: &ctes, outer: None, given: None, is_answer: false };
            let relation = plan(planner, &cte.query, &inner)?;
            let name = cte.alias.name.value.to_lowercase();
            if ctes.named.iter().any(|(known, _)| *known == name) {
                return Err(Problem::new(format!("WITH defines '{name}' twice")).at(cte.alias.name.span));
            }
            let relation = super::from::rename(relation, Some(&cte.alias))?;
            ctes.named.push((name, relation));
        }
    }
    let context = Context { ctes: &ctes, ..*context };
    let order: &[ast::OrderByExpr] = match order_by {
        None => &[],
        Some(ast::OrderBy { kind: OrderByKind::Expressions(keys), interpolate: None }) => keys,
        Some(order) => {
            return Err(Problem::new("this ORDER BY is not in Athena")
                .hint("name the columns to order by")
                .at(order.span()));
        }
    };
    let tail = Tail { order, slice: slice(limit_clause.as_ref(), fetch.as_ref())? };
    match &**body {
        SetExpr::Select(select) => select::plan(planner, select, &tail, &context),
        body => {
            let inner = Context { is_answer: false, ..context };
            let relation = rows(planner, body, &inner)?;
            finish(planner, relation, &tail, &context)
        }
    }
}

/// Plans what gives the rows of a query, without order.
pub(super) fn rows(
    planner: &Planner<'_>,
    body: &SetExpr,
    context: &Context<'_>,
) -> Result<Relation, Problem> {
    match body {
        SetExpr::Select(select) => {
            select::plan(planner, select, &Tail { order: &[], slice: Slice::default() }, context)
        }
        SetExpr::Query(query) => plan(planner, query, context),
        // Nor does Athena plan these.
        SetExpr::SetOperation { .. } | SetExpr::Values(_) if context.given.is_some() => {
            let what =
                if matches!(body, SetExpr::Values(_)) { "VALUES" } else { "UNION, INTERSECT or EXCEPT" };
            Err(Problem::new(format!("{what} that names columns of the query around is not supported"))
                .hint("use a subquery for each part")
                .at(body.span()))
        }
        SetExpr::SetOperation { op, set_quantifier, left, right } => {
            set::plan(planner, *op, *set_quantifier, left, right, context)
        }
        SetExpr::Values(values) => values::plan(planner, values, context),
        SetExpr::Table(table) => {
            let name = table.table_name.as_deref().unwrap_or_default();
            Err(Problem::new("TABLE as a query is not supported").hint(format!("write SELECT * FROM {name}")))
        }
        _ => Err(Problem::new("this is no query").hint("write SELECT")),
    }
}

/// Orders and cuts the rows of a set operation, of VALUES or of a query in parentheses.
fn finish(
    planner: &Planner<'_>,
    relation: Relation,
    tail: &Tail<'_>,
    context: &Context<'_>,
) -> Result<Relation, Problem> {
    let scope = Scope::new(relation.fields.clone(), None);
    let subqueries = RefCell::default();
    let names = Names::new(planner, context, &scope, "ORDER BY", &subqueries);
    let outputs: Vec<Expr> =
        relation.fields.iter().map(|field| Expr::column(field.index, field.ty.clone())).collect();
    let keys =
        tail.order.iter().map(|order| sort_key(&names, order, &outputs)).collect::<Result<Vec<_>, _>>()?;
    subqueries.into_inner().refuse("ORDER BY of a set operation")?;
    let plan = sort(planner, relation.plan, &keys, &outputs, &relation.given, tail.slice, context)?;
    // What was added to sort by is not part of the rows.
    let columns: Vec<Expr> = outputs.into_iter().chain(relation.given).collect();
    let (plan, numbers) = planner.project(plan, columns.iter().map(|column| planner.lower(column)))?;
    let count = relation.fields.len();
    let given = renumbered(&columns[count..], &numbers[count..]);
    let fields = relation.fields.into_iter().zip(numbers);
    let fields = fields.map(|(field, index)| Field { index, ..field }).collect();
    Ok(Relation { plan, fields, given, is_one: relation.is_one || tail.slice.is_one() })
}

/// The columns that stand for expressions after a projection.
pub(super) fn renumbered(exprs: &[Expr], numbers: &[usize]) -> Vec<Expr> {
    exprs.iter().zip(numbers).map(|(expr, number)| Expr::column(*number, expr.ty.clone())).collect()
}

/// A key of ORDER BY: a position in `outputs`, or an expression.
pub(super) fn sort_key(
    names: &Names<'_>,
    order: &ast::OrderByExpr,
    outputs: &[Expr],
) -> Result<SortKey, Problem> {
    let Some(position) = position(&order.expr) else { return SortKey::read(names, order) };
    match position.checked_sub(1).and_then(|position| outputs.get(position)) {
        Some(output) => SortKey::new(output.clone(), order),
        None => Err(Problem::new(format!(
            "ORDER BY {position} is no position in SELECT, which has {} columns",
            outputs.len()
        ))
        .at(order.expr.span())),
    }
}

/// Orders the rows by the keys and keeps a slice of them.
///
/// The rows of the answer, if it has an order or is whole, are further ordered by all
/// their columns: the same question gives the same answer, to the byte.
pub(super) fn sort(
    planner: &Planner<'_>,
    plan: LogicalPlan,
    keys: &[SortKey],
    outputs: &[Expr],
    given: &[Expr],
    slice: Slice,
    context: &Context<'_>,
) -> Result<LogicalPlan, Problem> {
    if context.given.is_some() {
        return match slice.is_whole() {
            // The rows are joined to others: their order goes.
            true => Ok(plan),
            false => super::window::slice_of_each(planner, plan, given, keys, slice),
        };
    }
    let mut keys = keys.to_vec();
    let asked = keys.len();
    if context.is_answer && (asked > 0 || slice.is_whole()) {
        let is_plain = |expr: &&Expr| super::lower::has_total_order(&expr.ty);
        keys.extend(outputs.iter().filter(is_plain).map(|expr| SortKey {
            expr: expr.clone(),
            ascending: true,
            nulls_first: false,
        }));
    }
    let (mut plan, numbers) = planner.extend(plan, keys.iter().map(|key| key.lower(planner)))?;
    let sorts: Vec<df::expr::Sort> =
        keys.iter().zip(&numbers).map(|(key, number)| key.sort(planner.column(*number))).collect();
    if slice.with_ties {
        plan = super::window::with_ties(planner, plan, &sorts[..asked], slice)?;
    }
    if !sorts.is_empty() {
        plan = LogicalPlanBuilder::from(plan)
            .sort(sorts)
            .and_then(LogicalPlanBuilder::build)
            .map_err(unplanned)?;
    }
    if !slice.with_ties && (slice.skip > 0 || slice.take.is_some()) {
        plan = LogicalPlanBuilder::from(plan)
            .limit(slice.skip, slice.take)
            .and_then(LogicalPlanBuilder::build)
            .map_err(unplanned)?;
    }
    Ok(plan)
}

fn slice(limit: Option<&LimitClause>, fetch: Option<&ast::Fetch>) -> Result<Slice, Problem> {
    let mut slice = Slice::default();
    match limit {
        None => {}
        Some(LimitClause::LimitOffset { limit, offset, limit_by }) if limit_by.is_empty() => {
            if let Some(limit) = limit {
                slice.take = Some(count(limit, "LIMIT")?);
            }
            if let Some(offset) = offset {
                slice.skip = count(&offset.value, "OFFSET")?;
            }
        }
        Some(_) => return Err(Problem::new("this LIMIT is not in Athena").hint("write OFFSET n LIMIT m")),
    }
    if let Some(fetch) = fetch {
        if fetch.percent {
            return Err(
                Problem::new("FETCH with PERCENT is not in Athena").hint("write FETCH FIRST n ROWS ONLY")
            );
        }
        slice.take = Some(match &fetch.quantity {
            Some(quantity) => count(quantity, "FETCH FIRST")?,
            None => 1,
        });
        slice.with_ties = fetch.with_ties;
    }
    Ok(slice)
}

/// A number of rows.
fn count(expr: &Ast, clause: &str) -> Result<usize, Problem> {
    position(expr).ok_or_else(|| {
        Problem::new(format!("{clause} takes a number of rows")).hint("write a whole number").at(expr.span())
    })
}
