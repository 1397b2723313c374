//! Subqueries in expressions: each becomes one value.
//!
//! A scalar subquery is its value, EXISTS whether there is one, IN the set of
//! them. Where the subquery names columns of the query around, the value hangs
//! on those; it is computed for all of their combinations at once.

use datafusion::common::{JoinType, Spans};
use datafusion::functions_aggregate::array_agg::array_agg_udaf;
use datafusion::functions_aggregate::count::count_udaf;
use datafusion::logical_expr::expr::{AggregateFunction, AggregateFunctionParams};
use datafusion::logical_expr::{self as df, LogicalPlan, LogicalPlanBuilder, Subquery};
use datafusion::sql::sqlparser::ast::{self, BinaryOperator, Query, Spanned, TableFactor};

use super::names::Names;
use super::planner::{Planner, unplanned};
use super::query::{self, Context, Relation};
use super::scope::Scope;
use super::{arrow, lower};
use crate::trino::{
    Call, Comparison, Expr, ExprKind, Field as RowField, Kernel, Problem, Type, Value, coerce,
};

/// The subqueries that wait for the rows they hang on.
#[derive(Default)]
pub(super) struct Subqueries {
    pending: Vec<()>,
}

impl Subqueries {
    pub(super) fn is_empty(&self) -> bool {
        self.pending.is_empty()
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
            ast::Expr::Subquery(query) => self.value(query),
            ast::Expr::Exists { subquery, negated } => {
                let exists = self.plan_value(subquery, Asked::Exists)?;
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

    fn value(&self, query: &Query) -> Result<Expr, Problem> {
        self.plan_value(query, Asked::Value)
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
        let element = self.type_of(query)?;
        let ty = left.ty.common(&element).ok_or_else(|| {
            Problem::new(format!("a value of type {} is compared with values of type {element}", left.ty))
                .hint("CAST one to the type of the other")
                .at(left_span)
        })?;
        if !ty.is_comparable() {
            return Err(Problem::new(format!("values of type {ty} cannot be compared")).at(left_span));
        }
        let set = self.plan_value(query, Asked::Set(ty.clone()))?;
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

    /// The type of a query's rows, as of one value.
    fn type_of(&self, query: &Query) -> Result<Type, Problem> {
        let border = Scope::new(Vec::new(), Some(self.scope));
        let relation = self.plan_inner(query, &border)?;
        Ok(row_type(&relation))
    }

    fn plan_inner(&self, query: &Query, border: &Scope<'_>) -> Result<Relation, Problem> {
        let context = Context { outer: Some(border), is_answer: false, ..*self.context };
        query::plan(self.planner, query, &context)
    }

    fn plan_value(&self, query: &Query, asked: Asked) -> Result<Expr, Problem> {
        let border = Scope::new(Vec::new(), Some(self.scope));
        let relation = self.plan_inner(query, &border)?;
        if !border.captured().is_empty() {
            return Err(Problem::new("a subquery that names columns of the query around is not supported")
                .hint("join instead")
                .at(query.span()));
        }
        let planner = self.planner;
        let (plan, ty) = match asked {
            Asked::Value => {
                let [field] = relation.fields.as_slice() else {
                    return Err(one_column(&relation, query));
                };
                let ty = field.ty.clone();
                let column = df::cast(planner.column(field.index), arrow::data_type(&ty));
                (planner.project(relation.plan, [column])?.0, ty)
            }
            Asked::Exists => (exists(planner, relation)?, Type::Boolean),
            Asked::Set(ty) => (set(planner, relation, &ty)?, Type::array(ty)),
        };
        let subquery = Subquery { subquery: plan.into(), outer_ref_columns: Vec::new(), spans: Spans::new() };
        Ok(Expr::column(planner.number(df::Expr::ScalarSubquery(subquery)), ty))
    }
}

fn one_column(relation: &Relation, query: &Query) -> Problem {
    Problem::new(format!(
        "a subquery used as a value gives one column, and this gives {}",
        relation.fields.len()
    ))
    .hint("select one column in it")
    .at(query.span())
}

/// The type of one row: of its column, or of all as a row.
fn row_type(relation: &Relation) -> Type {
    match relation.fields.as_slice() {
        [field] => field.ty.clone(),
        fields => Type::row(fields.iter().map(|field| RowField::unnamed(field.ty.clone()))),
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
    let columns = relation.fields.iter().map(|field| Expr::column(field.index, field.ty.clone()));
    let columns: Vec<Expr> = columns.collect();
    let value = match <[Expr; 1]>::try_from(columns) {
        Ok([column]) => column,
        Err(columns) => {
            let ty = Type::row(columns.iter().map(|column| RowField::unnamed(column.ty.clone())));
            Expr::new(ExprKind::Row(columns), ty)
        }
    };
    let value = df::cast(planner.lower(&coerce(value, ty)), arrow::data_type(ty));
    let (plan, numbers) = planner.project(relation.plan, [value])?;
    let params = AggregateFunctionParams {
        args: numbers.iter().map(|number| planner.column(*number)).collect(),
        distinct: true,
        filter: None,
        order_by: Vec::new(),
        null_treatment: None,
    };
    let set = df::Expr::AggregateFunction(AggregateFunction { func: array_agg_udaf(), params });
    let plan = LogicalPlanBuilder::from(plan)
        .aggregate(Vec::<df::Expr>::new(), [set])
        .and_then(LogicalPlanBuilder::build)
        .map_err(unplanned)?;
    let columns = plan.schema().columns().into_iter().map(df::Expr::Column).collect::<Vec<_>>();
    Ok(planner.project(plan, columns)?.0)
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
    Ok(match op {
        BinaryOperator::Eq => Comparison::Equal,
        BinaryOperator::NotEq => Comparison::NotEqual,
        BinaryOperator::Lt => Comparison::Less,
        BinaryOperator::LtEq => Comparison::LessOrEqual,
        BinaryOperator::Gt => Comparison::Greater,
        BinaryOperator::GtEq => Comparison::GreaterOrEqual,
        other => return Err(Problem::new(format!("{other} does not stand before ANY or ALL"))),
    })
}

fn in_parentheses(expr: &ast::Expr) -> Result<&Query, Problem> {
    match expr {
        ast::Expr::Subquery(query) => Ok(query),
        other => Err(Problem::new("ANY and ALL take a query")
            .hint("use contains(array, x) for an array")
            .at(other.span())),
    }
}

/// `LATERAL (query)`: the rows of the query for each row of what stands before it.
pub(super) fn lateral(
    _planner: &Planner<'_>,
    _left: Relation,
    factor: &TableFactor,
    _join_type: JoinType,
    _context: &Context<'_>,
) -> Result<Relation, Problem> {
    Err(Problem::new("LATERAL is not supported").hint("join instead").at(factor.span()))
}
