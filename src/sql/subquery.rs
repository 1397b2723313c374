//! Subqueries in expressions: each becomes one value.
//!
//! A scalar subquery is its value, EXISTS whether there is one, IN the set of
//! them. Where the subquery names columns of the query around, there is one for
//! each of their combinations ([`given`]), in a column beside the rows.

use datafusion::common::{Column, JoinType, Spans};
use datafusion::functions_aggregate::array_agg::array_agg_udaf;
use datafusion::functions_aggregate::count::count_udaf;
use datafusion::logical_expr::expr::{AggregateFunction, AggregateFunctionParams};
use datafusion::logical_expr::{self as df, LogicalPlan, LogicalPlanBuilder, Subquery};
use datafusion::sql::sqlparser::ast::{self, BinaryOperator, Query, Spanned};

use super::names::Names;
use super::planner::{Planner, unplanned};
use super::query::{self, Context, Relation};
use super::scope::Scope;
use super::{arrow, given, lower};
use crate::trino::{
    Call, Comparison, EvalError, Expr, ExprKind, Field as RowField, Kernel, Problem, Type, Value, coerce,
};

/// The subqueries of a clause that wait for the rows they hang on.
#[derive(Default)]
pub(super) struct Subqueries {
    pending: Vec<Pending>,
}

/// A subquery that names columns of the query around.
struct Pending {
    query: Query,
    asked: Asked,
    /// What it names.
    captured: Vec<Expr>,
    /// The same, over the columns of the plan that it is attached to.
    values: Vec<Expr>,
    /// The column that stands for its value.
    number: usize,
}

impl Subqueries {
    /// Whether one of them is part of the expression.
    pub(super) fn are_in(&self, expr: &Expr) -> bool {
        let is_one = |index| self.pending.iter().any(|pending| pending.number == index);
        expr.as_column().is_some_and(is_one) || expr.children().into_iter().any(|child| self.are_in(child))
    }

    /// The expressions they hang on.
    pub(super) fn exprs_mut(&mut self) -> impl Iterator<Item = &mut Expr> {
        self.pending.iter_mut().flat_map(|pending| &mut pending.values)
    }

    /// Refuses them in a place whose rows they cannot be joined to.
    pub(super) fn refuse(self, place: &str) -> Result<(), Problem> {
        match self.pending.first() {
            None => Ok(()),
            Some(pending) => Err(Problem::new(format!(
                "a subquery in {place} that names columns of the query around is not supported"
            ))
            .hint("put it into WHERE or SELECT")
            .at(pending.query.span())),
        }
    }

    /// Puts their values beside the rows of a plan.
    pub(super) fn attach(
        self,
        planner: &Planner<'_>,
        plan: LogicalPlan,
        scope: &Scope<'_>,
        context: &Context<'_>,
    ) -> Result<LogicalPlan, Problem> {
        self.pending.into_iter().try_fold(plan, |plan, pending| pending.attach(planner, plan, scope, context))
    }
}

impl Pending {
    fn attach(
        self,
        planner: &Planner<'_>,
        rows: LogicalPlan,
        scope: &Scope<'_>,
        context: &Context<'_>,
    ) -> Result<LogicalPlan, Problem> {
        let Pending { query, asked, captured, values, number } = self;
        let (rows, relation) = given::plan(planner, rows, scope, &captured, &values, &query, context)?;
        let (plan, keys) = given::keys(planner, relation.plan.clone(), &relation.given)?;
        let (plan, keys, value) = match asked {
            Asked::Value => {
                let value = value(planner, &relation, &query)?;
                match relation.is_one {
                    true => {
                        let mut columns: Vec<df::Expr> = keys.into_iter().map(df::Expr::Column).collect();
                        columns.push(value.1);
                        split_last(planner, planner.project(plan, columns)?)
                    }
                    false => only(planner, plan, keys, value)?,
                }
            }
            Asked::Exists => {
                let count = count_udaf().call(vec![df::lit(1i64)]);
                let (plan, keys, count) = aggregate(planner, plan, keys, count)?;
                (plan, keys, count.is_not_null())
            }
            Asked::Set(ty) => {
                let value = df::cast(planner.lower(&coerce(row(&relation), &ty)), arrow::data_type(&ty));
                let (plan, numbers) = planner.extend(plan, [value])?;
                aggregate(planner, plan, keys, gathered(planner, &numbers, true))?
            }
        };
        planner.settle(number, value);
        given::join(given::keys(planner, rows, &values)?, (plan, keys), JoinType::Left)
    }
}

/// An aggregate for each combination of the keys.
fn aggregate(
    planner: &Planner<'_>,
    plan: LogicalPlan,
    keys: Vec<Column>,
    aggregate: df::Expr,
) -> Result<(LogicalPlan, Vec<Column>, df::Expr), Problem> {
    let plan = LogicalPlanBuilder::from(plan)
        .aggregate(keys.into_iter().map(df::Expr::Column), [aggregate])
        .and_then(LogicalPlanBuilder::build)
        .map_err(unplanned)?;
    // Under names that no other aggregate has.
    let columns = plan.schema().columns().into_iter().map(df::Expr::Column).collect::<Vec<_>>();
    Ok(split_last(planner, planner.project(plan, columns)?))
}

/// The keys and the value after them.
fn split_last(
    planner: &Planner<'_>,
    (plan, mut numbers): (LogicalPlan, Vec<usize>),
) -> (LogicalPlan, Vec<Column>, df::Expr) {
    let value = numbers.pop().map_or_else(|| df::lit(false), |number| planner.column(number));
    let keys = numbers.into_iter().filter_map(|number| planner.column(number).try_as_col().cloned());
    (plan, keys.collect(), value)
}

/// The one value for each combination of the keys.
fn only(
    planner: &Planner<'_>,
    plan: LogicalPlan,
    keys: Vec<Column>,
    (ty, value): (Type, df::Expr),
) -> Result<(LogicalPlan, Vec<Column>, df::Expr), Problem> {
    let (plan, numbers) = planner.extend(plan, [value])?;
    let (plan, keys, _) = aggregate(planner, plan, keys, gathered(planner, &numbers, false))?;
    let call = Call {
        name: "$only",
        kernel: Kernel::Plain(|args| match args {
            [Value::Array(values)] if values.len() > 1 => {
                Err(EvalError::other("a subquery used as a value gives more than one row"))
            }
            [Value::Array(values)] => Ok(values.first().cloned().unwrap_or(Value::Null)),
            _ => Ok(Value::Null),
        }),
        args: vec![Expr::column(0, Type::array(ty.clone()))],
        takes_null: false,
        volatile: false,
    };
    let only = Expr::new(ExprKind::Call(Box::new(call)), ty.clone());
    let (plan, value) = planner.finish(plan, keys.len(), &Type::array(ty), Some(&only))?;
    Ok((plan, keys, value))
}

/// An array of a column's values.
fn gathered(planner: &Planner<'_>, numbers: &[usize], distinct: bool) -> df::Expr {
    let params = AggregateFunctionParams {
        args: numbers.iter().map(|number| planner.column(*number)).collect(),
        distinct,
        filter: None,
        order_by: Vec::new(),
        null_treatment: None,
    };
    df::Expr::AggregateFunction(AggregateFunction { func: array_agg_udaf(), params })
}

/// The value of a query's row.
fn value(planner: &Planner<'_>, relation: &Relation, query: &Query) -> Result<(Type, df::Expr), Problem> {
    match relation.fields.as_slice() {
        [field] => {
            let value = df::cast(planner.column(field.index), arrow::data_type(&field.ty));
            Ok((field.ty.clone(), value))
        }
        fields => Err(Problem::new(format!(
            "a subquery used as a value gives one column, and this gives {}",
            fields.len()
        ))
        .hint("select one column in it")
        .at(query.span())),
    }
}

/// What is asked of a subquery.
#[derive(Clone)]
enum Asked {
    Value,
    Exists,
    /// All values, of a type.
    Set(Type),
}

impl Names<'_> {
    /// An expression that is, or ends in, a subquery.
    pub(super) fn subquery(&self, expr: &ast::Expr) -> Result<Expr, Problem> {
        match expr {
            ast::Expr::Subquery(query) => self.plan_value(self.read(query)?, query, Asked::Value),
            ast::Expr::Exists { subquery, negated } => {
                let exists = self.plan_value(self.read(subquery)?, subquery, Asked::Exists)?;
                Ok(negated_if(*negated, exists))
            }
            ast::Expr::InSubquery { expr, subquery, negated } => {
                let is_in = self.compare_all(expr, Comparison::Equal, true, subquery)?;
                Ok(negated_if(*negated, is_in))
            }
            ast::Expr::AnyOp { left, compare_op, right, .. } => {
                self.compare_all(left, comparison(compare_op)?, true, in_parentheses(right)?)
            }
            ast::Expr::AllOp { left, compare_op, right } => {
                self.compare_all(left, comparison(compare_op)?, false, in_parentheses(right)?)
            }
            _ => Err(Problem::new("this is no subquery")),
        }
    }

    /// `left op ANY (query)`, or ALL.
    fn compare_all(
        &self,
        left: &ast::Expr,
        op: Comparison,
        any: bool,
        query: &Query,
    ) -> Result<Expr, Problem> {
        let left_span = left.span();
        let left = self.analyze(left)?;
        let read = self.read(query)?;
        let element = row(&read.relation).ty;
        let ty = left.ty.common(&element).ok_or_else(|| {
            Problem::new(format!("a value of type {} is compared with values of type {element}", left.ty))
                .hint("CAST one to the type of the other")
                .at(left_span)
        })?;
        if !ty.is_comparable() {
            return Err(Problem::new(format!("values of type {ty} cannot be compared")).at(left_span));
        }
        let set = self.plan_value(read, query, Asked::Set(ty.clone()))?;
        let name = if any && op == Comparison::Equal { lower::IN_SET } else { "$compare_all" };
        let call = Call {
            name,
            kernel: Kernel::Bound(std::sync::Arc::new(move |args: &[Value<'_>]| match args {
                [left, Value::Array(set)] => quantified(left, op, any, set),
                _ => Ok(Value::Boolean(!any)),
            })),
            args: vec![coerce(left, &ty), set],
            takes_null: true,
            volatile: false,
        };
        Ok(Expr::new(ExprKind::Call(Box::new(call)), Type::Boolean))
    }

    fn read(&self, query: &Query) -> Result<given::Read, Problem> {
        let plan = |context: &Context<'_>| query::plan(self.planner, query, context);
        given::read(self.planner, self.scope, self.context, query.span(), plan)
    }

    fn plan_value(&self, read: given::Read, query: &Query, asked: Asked) -> Result<Expr, Problem> {
        let planner = self.planner;
        let given::Read { relation, captured } = read;
        let ty = match &asked {
            Asked::Value => value(planner, &relation, query)?.0,
            Asked::Exists => Type::Boolean,
            Asked::Set(ty) => Type::array(ty.clone()),
        };
        if !captured.is_empty() {
            let number = planner.number(df::lit(false));
            let values = captured.clone();
            let pending = Pending { query: query.clone(), asked, captured, values, number };
            self.subqueries.borrow_mut().pending.push(pending);
            return Ok(Expr::column(number, ty));
        }
        let plan = match asked {
            Asked::Value => {
                let value = value(planner, &relation, query)?.1;
                planner.project(relation.plan, [value])?.0
            }
            Asked::Exists => exists(planner, relation)?,
            Asked::Set(ty) => set(planner, relation, &ty)?,
        };
        let subquery = Subquery { subquery: plan.into(), outer_ref_columns: Vec::new(), spans: Spans::new() };
        Ok(Expr::column(planner.number(df::Expr::ScalarSubquery(subquery)), ty))
    }
}

/// The value of one row: its column, or all of them as a row.
fn row(relation: &Relation) -> Expr {
    let column = |field: &super::scope::Field| Expr::column(field.index, field.ty.clone());
    match relation.fields.as_slice() {
        [field] => column(field),
        fields => {
            let ty = Type::row(fields.iter().map(|field| RowField::unnamed(field.ty.clone())));
            Expr::new(ExprKind::Row(fields.iter().map(column).collect()), ty)
        }
    }
}

/// One row: whether there are rows.
fn exists(planner: &Planner<'_>, relation: Relation) -> Result<LogicalPlan, Problem> {
    let plan = LogicalPlanBuilder::from(relation.plan)
        .limit(0, Some(1))
        .and_then(|plan| plan.aggregate(Vec::<df::Expr>::new(), [count_udaf().call(vec![df::lit(1i64)])]))
        .and_then(LogicalPlanBuilder::build)
        .map_err(unplanned)?;
    let count = plan.schema().columns().pop().map_or_else(|| df::lit(0i64), df::Expr::Column);
    Ok(planner.project(plan, [count.gt(df::lit(0i64))])?.0)
}

/// One row: the values as an array, each once.
fn set(planner: &Planner<'_>, relation: Relation, ty: &Type) -> Result<LogicalPlan, Problem> {
    let value = df::cast(planner.lower(&coerce(row(&relation), ty)), arrow::data_type(ty));
    let (plan, numbers) = planner.project(relation.plan, [value])?;
    Ok(aggregate(planner, plan, Vec::new(), gathered(planner, &numbers, true))?.0)
}

/// SQL's `left op ANY (set)`, or ALL.
fn quantified(left: &Value<'_>, op: Comparison, any: bool, set: &[Value<'_>]) -> crate::trino::Eval<'static> {
    let mut unknown = false;
    for value in set {
        match op.compare(left, value)? {
            Some(truth) if truth == any => return Ok(Value::Boolean(any)),
            Some(_) => {}
            None => unknown = true,
        }
    }
    Ok(if unknown { Value::Null } else { Value::Boolean(!any) })
}

fn negated_if(negated: bool, expr: Expr) -> Expr {
    if negated { Expr::new(ExprKind::Not(Box::new(expr)), Type::Boolean) } else { expr }
}

fn comparison(op: &BinaryOperator) -> Result<Comparison, Problem> {
    Comparison::of(op).ok_or_else(|| Problem::new(format!("{op} does not stand before ANY or ALL")))
}

fn in_parentheses(expr: &ast::Expr) -> Result<&Query, Problem> {
    match expr {
        ast::Expr::Subquery(query) => Ok(query),
        other => Err(Problem::new("ANY and ALL take a query")
            .hint("use contains(array, x) for an array")
            .at(other.span())),
    }
}
