//! Aggregates: from a call in the query to DataFusion's and back.
//!
//! What DataFusion computes as Trino does, it computes. For the rest it
//! gathers the rows of a group into an array, and a function of ours
//! ([`finish`]) makes the value of that: slower, but the same everywhere, with
//! DISTINCT, ORDER BY, FILTER and OVER.

mod finish;
mod resolve;

use std::cell::RefCell;
use std::sync::Arc;

use datafusion::logical_expr::{self as df, AggregateUDF};
use datafusion::sql::sqlparser::ast::{
    self, DuplicateTreatment, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArguments,
    ListAggOnOverflow, OrderByExpr, Spanned,
};

use super::lower;
use super::names::Names;
use super::planner::Planner;
use super::subquery::Subqueries;
use crate::trino::{self, Expr, ExprKind, Problem, Type};

use resolve::{Resolved, resolve};

/// One aggregate of the query.
pub(super) struct Call {
    pub(super) function: Function,
    pub(super) distinct: bool,
    pub(super) order: Vec<SortKey>,
    pub(super) filter: Option<Expr>,
}

/// How DataFusion computes it.
pub(super) struct Function {
    pub(super) udf: Arc<AggregateUDF>,
    pub(super) inputs: Vec<Input>,
    /// Trino's value from DataFusion's, which is column 0 of it.
    pub(super) finish: Option<Expr>,
    /// The type of DataFusion's value.
    pub(super) gives: Type,
}

/// What DataFusion's function is given.
#[derive(Clone, Debug)]
pub(super) enum Input {
    /// A constant that is not NULL: the row counts.
    Row,
    Value(Expr),
    /// What of the value counts when values are compared.
    Key(Expr),
}

/// An expression to order by.
#[derive(Clone, Debug)]
pub(super) struct SortKey {
    pub(super) expr: Expr,
    pub(super) ascending: bool,
    pub(super) nulls_first: bool,
}

/// The aggregates of one SELECT, each once.
#[derive(Default)]
pub(super) struct Aggregates {
    pub(super) calls: RefCell<Vec<(Call, usize)>>,
    /// `grouping(a, b)`: its arguments, and the column that stands for it.
    pub(super) groupings: RefCell<Vec<(Vec<Expr>, usize)>>,
    pub(super) subqueries: RefCell<Subqueries>,
}

impl Aggregates {
    /// The column that stands for the call.
    pub(super) fn add(&self, planner: &Planner<'_>, call: Call) -> Expr {
        let ty = call.function.ty().clone();
        let text = call.text();
        let mut calls = self.calls.borrow_mut();
        let known = calls.iter().find(|(known, _)| known.text() == text).map(|(_, index)| *index);
        let index = known.unwrap_or_else(|| {
            let index = planner.number(df::lit(false));
            calls.push((call, index));
            index
        });
        Expr::column(index, ty)
    }

    pub(super) fn add_grouping(&self, planner: &Planner<'_>, args: Vec<Expr>) -> Expr {
        let index = planner.number(df::lit(false));
        self.groupings.borrow_mut().push((args, index));
        Expr::column(index, Type::Bigint)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.calls.borrow().is_empty() && self.groupings.borrow().is_empty()
    }
}

impl Function {
    /// The type of Trino's value.
    pub(super) fn ty(&self) -> &Type {
        self.finish.as_ref().map_or(&self.gives, |finish| &finish.ty)
    }
}

impl Function {
    /// Sorts the array that DataFusion gives before anything is made of it.
    fn sort_first(&mut self) {
        let call = trino::Call {
            name: "$sorted",
            kernel: trino::Kernel::Plain(finish::sorted),
            args: vec![Expr::column(0, self.gives.clone())],
            takes_null: false,
            volatile: false,
        };
        let sorted = Expr::new(ExprKind::Call(Box::new(call)), self.gives.clone());
        match &mut self.finish {
            Some(finish) => replace_columns(finish, &sorted),
            None => self.finish = Some(sorted),
        }
    }
}

fn replace_columns(expr: &mut Expr, by: &Expr) {
    if expr.as_column().is_some() {
        *expr = by.clone();
        return;
    }
    expr.children_mut().into_iter().for_each(|child| replace_columns(child, by));
}

impl Input {
    pub(super) fn lower(&self, planner: &Planner<'_>) -> df::Expr {
        match self {
            Input::Row => df::lit(1i64),
            Input::Value(expr) => planner.lower(expr),
            Input::Key(expr) => lower::key(planner.lower(expr), &expr.ty),
        }
    }

    fn expr_mut(&mut self) -> Option<&mut Expr> {
        match self {
            Input::Row => None,
            Input::Value(expr) | Input::Key(expr) => Some(expr),
        }
    }
}

impl SortKey {
    pub(super) fn read(names: &Names<'_>, order: &OrderByExpr) -> Result<Self, Problem> {
        if order.with_fill.is_some() {
            return Err(Problem::new("WITH FILL is not supported"));
        }
        let expr = names.analyze(&order.expr)?;
        Self::new(expr, order)
    }

    /// # Errors
    ///
    /// Values of the type have no order.
    pub(super) fn new(expr: Expr, order: &OrderByExpr) -> Result<Self, Problem> {
        if !expr.ty.is_orderable() {
            let hint = match expr.ty {
                Type::Json => "order by CAST(x AS varchar)",
                _ => "order by a field of it, or by a text made of it",
            };
            return Err(Problem::new(format!("values of type {} have no order", expr.ty))
                .hint(hint)
                .at(order.expr.span()));
        }
        Ok(SortKey {
            expr,
            ascending: order.options.asc.unwrap_or(true),
            nulls_first: order.options.nulls_first.unwrap_or(false),
        })
    }

    pub(super) fn lower(&self, planner: &Planner<'_>) -> df::Expr {
        lower::key(planner.lower(&self.expr), &self.expr.ty)
    }

    /// DataFusion's, of a column that was made of the expression.
    pub(super) fn sort(&self, column: df::Expr) -> df::expr::Sort {
        df::expr::Sort::new(column, self.ascending, self.nulls_first)
    }
}

impl Call {
    /// Reads `name([DISTINCT] args [ORDER BY …]) [WITHIN GROUP …] [FILTER …]`.
    pub(super) fn read(names: &Names<'_>, function: &ast::Function, name: &str) -> Result<Self, Problem> {
        let mut distinct = false;
        let mut args = Vec::new();
        let mut order: &[OrderByExpr] = &function.within_group;
        match &function.args {
            FunctionArguments::None => {}
            FunctionArguments::Subquery(_) => {
                return Err(Problem::new(format!("{name} takes no query")).hint("put the query into FROM"));
            }
            FunctionArguments::List(list) => {
                distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
                for arg in &list.args {
                    match arg {
                        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => args.push(names.analyze(expr)?),
                        FunctionArg::Unnamed(FunctionArgExpr::Wildcard) if name == "count" => {}
                        other => return Err(Problem::new(format!("{name} does not take {other}"))),
                    }
                }
                for clause in &list.clauses {
                    match clause {
                        FunctionArgumentClause::OrderBy(keys) => order = keys,
                        FunctionArgumentClause::OnOverflow(ListAggOnOverflow::Error) => {}
                        other => return Err(Problem::new(format!("'{other}' is not supported in {name}"))),
                    }
                }
            }
        }
        if function.null_treatment.is_some() {
            return Err(Problem::new(format!("{name} takes no IGNORE NULLS or RESPECT NULLS"))
                .hint("use FILTER (WHERE x IS NOT NULL)"));
        }
        if name == "listagg" && function.within_group.is_empty() {
            return Err(Problem::new("listagg needs an order").hint("add WITHIN GROUP (ORDER BY x)"));
        }
        let order = order.iter().map(|key| SortKey::read(names, key)).collect::<Result<Vec<_>, _>>()?;
        if distinct && order.iter().any(|key| args.iter().all(|arg| !same(arg, &key.expr))) {
            return Err(Problem::new(format!(
                "{name} with DISTINCT is ordered by what is no argument of it"
            ))
            .hint("ORDER BY the argument, or leave out DISTINCT"));
        }
        let mut filter = match &function.filter {
            Some(filter) => Some(Names { clause: "FILTER", ..names.columns_only() }.condition(filter)?),
            None => None,
        };
        let Resolved { function, condition, distinct } = resolve(name, args, distinct)?;
        if let Some(condition) = condition {
            filter = Some(match filter {
                Some(filter) => Expr::new(ExprKind::And(vec![filter, condition]), Type::Boolean),
                None => condition,
            });
        }
        Ok(Call { function, distinct, order, filter })
    }

    /// Makes the same of the rows in whatever order they come.
    ///
    /// Trino takes them as they come too; here one question has one answer.
    pub(super) fn in_any_order(mut self, name: &str) -> Self {
        let hangs_on_order = ["array_agg", "map_agg", "multimap_agg", "map_union", "histogram"]
            .contains(&name)
            || matches!(name, "arbitrary" | "any_value") && self.function.finish.is_some();
        if self.order.is_empty() && hangs_on_order {
            self.function.sort_first();
        }
        self
    }

    /// All of it as text: two calls are one if it is the same.
    fn text(&self) -> String {
        let Call { function, distinct, order, filter } = self;
        let Function { udf, inputs, finish, gives } = function;
        format!("{} {inputs:?} {finish:?} {gives} {distinct} {order:?} {filter:?}", udf.name())
    }

    /// Every expression in it.
    pub(super) fn exprs_mut(&mut self) -> impl Iterator<Item = &mut Expr> {
        let inputs = self.function.inputs.iter_mut().filter_map(Input::expr_mut);
        let order = self.order.iter_mut().map(|key| &mut key.expr);
        inputs.chain(order).chain(&mut self.filter)
    }
}

/// The arguments of a function that takes expressions alone.
pub(super) fn arguments(
    names: &Names<'_>,
    function: &ast::Function,
    name: &str,
) -> Result<Vec<Expr>, Problem> {
    let FunctionArguments::List(list) = &function.args else { return Ok(Vec::new()) };
    if let Some(clause) = list.clauses.first() {
        return Err(Problem::new(format!("'{clause}' is not supported in {name}")));
    }
    if list.duplicate_treatment.is_some() {
        return Err(Problem::new(format!("{name} takes no DISTINCT")));
    }
    let arg = |arg: &FunctionArg| match arg {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => names.analyze(expr),
        other => Err(Problem::new(format!("{name} does not take {other}"))),
    };
    list.args.iter().map(arg).collect()
}

/// Whether two expressions say the same.
pub(super) fn same(a: &Expr, b: &Expr) -> bool {
    format!("{a:?}") == format!("{b:?}")
}
