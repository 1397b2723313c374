//! The plan as it grows, and the numbers of its columns.

use std::cell::{Cell, RefCell};

use datafusion::common::{Column, TableReference};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{self as df, LogicalPlan, LogicalPlanBuilder};

use super::catalog::Catalog;
use super::fence::fence;
use super::stand_in::TableName;
use super::{arrow, lower};
use crate::trino::{Expr, ExprKind, Problem, Session, Type};

/// Plans the parts of one query.
///
/// Every column of every part has a number of its own, which an [`Expr`] names
/// it by, and a name of its own in DataFusion's plan: so no two are ever taken
/// for each other, whatever the query calls them.
pub(super) struct Planner<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) session: Session,
    columns: RefCell<Vec<df::Expr>>,
    names: Cell<usize>,
    tables: RefCell<Vec<TableName>>,
}

impl<'a> Planner<'a> {
    pub(super) fn new(catalog: &'a Catalog, session: Session) -> Self {
        Planner {
            catalog,
            session,
            columns: RefCell::default(),
            names: Cell::new(0),
            tables: RefCell::default(),
        }
    }

    /// Gives a number to what a column is in the plan.
    pub(super) fn number(&self, expr: df::Expr) -> usize {
        let mut columns = self.columns.borrow_mut();
        columns.push(expr);
        columns.len() - 1
    }

    /// Settles what a column that was numbered before is.
    pub(super) fn settle(&self, index: usize, expr: df::Expr) {
        self.columns.borrow_mut()[index] = expr;
    }

    pub(super) fn column(&self, index: usize) -> df::Expr {
        self.columns.borrow()[index].clone()
    }

    /// A name that the plan does not have yet.
    pub(super) fn name(&self, prefix: char) -> String {
        format!("{prefix}{}", self.number_of_name())
    }

    fn number_of_name(&self) -> usize {
        self.names.replace(self.names.get() + 1)
    }

    pub(super) fn lower(&self, expr: &Expr) -> df::Expr {
        lower::lower(expr, &|index| self.column(index))
    }

    /// Scans the table, under a name of its own.
    pub(super) fn scan(&self, named: TableName) -> Result<(LogicalPlan, TableReference), Problem> {
        self.tables.borrow_mut().push(named);
        let name = lower::scan_name(self.number_of_name());
        let plan = LogicalPlanBuilder::scan(name.clone(), self.catalog.source(), None);
        Ok((plan.and_then(LogicalPlanBuilder::build).map_err(unplanned)?, name))
    }

    /// Where the query names the table.
    pub(super) fn into_tables(self) -> Vec<TableName> {
        self.tables.into_inner()
    }

    /// Only these columns, and their numbers.
    pub(super) fn project(
        &self,
        plan: LogicalPlan,
        exprs: impl IntoIterator<Item = df::Expr>,
    ) -> Result<(LogicalPlan, Vec<usize>), Problem> {
        let (exprs, numbers) = self.named(exprs);
        let plan = LogicalPlanBuilder::from(plan).project(exprs);
        Ok((plan.and_then(LogicalPlanBuilder::build).map_err(unplanned)?, numbers))
    }

    /// These columns beside those the plan has. What is a column already keeps its place.
    pub(super) fn extend(
        &self,
        plan: LogicalPlan,
        exprs: impl IntoIterator<Item = df::Expr>,
    ) -> Result<(LogicalPlan, Vec<usize>), Problem> {
        let mut added: Vec<df::Expr> = Vec::new();
        let mut numbers = Vec::new();
        for expr in exprs {
            if matches!(expr, df::Expr::Column(_)) {
                numbers.push(self.number(expr));
                continue;
            }
            let (named, number) = self.named([expr]);
            added.extend(named);
            numbers.extend(number);
        }
        if added.is_empty() {
            return Ok((plan, numbers));
        }
        let kept = plan.schema().columns().into_iter().map(df::Expr::Column);
        let exprs: Vec<df::Expr> = kept.chain(added).collect();
        let plan = LogicalPlanBuilder::from(plan).project(exprs);
        Ok((plan.and_then(LogicalPlanBuilder::build).map_err(unplanned)?, numbers))
    }

    /// Trino's value of what DataFusion computed into a column of the plan.
    pub(super) fn finish(
        &self,
        plan: LogicalPlan,
        column: usize,
        ty: &Type,
        finish: Option<&Expr>,
    ) -> Result<(LogicalPlan, df::Expr), Problem> {
        let (qualifier, field) = plan.schema().qualified_field(column);
        let mut value = df::Expr::Column(Column::from((qualifier, field)));
        let data_type = arrow::data_type(ty);
        if *field.data_type() != data_type {
            value = df::cast(value, data_type);
        }
        let Some(finish) = finish else { return Ok((plan, value)) };
        let mut finish = finish.clone();
        let number = self.number(value);
        finish.map_columns(&|_| number);
        let (plan, numbers) = self.extend(plan, [self.lower(&finish)])?;
        let value = numbers.first().map_or_else(|| df::lit(false), |number| self.column(*number));
        Ok((plan, value))
    }

    fn named(&self, exprs: impl IntoIterator<Item = df::Expr>) -> (Vec<df::Expr>, Vec<usize>) {
        exprs
            .into_iter()
            .map(|expr| {
                let name = self.name('c');
                let number = self.number(df::Expr::Column(Column::new_unqualified(name.clone())));
                (expr.alias(name), number)
            })
            .unzip()
    }

    /// The rows for which all conditions are true.
    pub(super) fn filter(&self, plan: LogicalPlan, conditions: Vec<Expr>) -> Result<LogicalPlan, Problem> {
        let (fallible, safe): (Vec<Expr>, Vec<Expr>) = conditions.into_iter().partition(lower::can_fail);
        let mut plan = plan;
        if let Some(condition) = safe.iter().map(|part| self.lower(part)).reduce(df::Expr::and) {
            plan = self.keep(plan, condition)?;
        }
        let condition = match <[Expr; 1]>::try_from(fallible) {
            Err(none) if none.is_empty() => return Ok(plan),
            Err(parts) => Expr::new(ExprKind::And(parts), Type::Boolean),
            Ok([one]) => one,
        };
        self.keep(fence(plan), self.lower(&condition))
    }

    fn keep(&self, plan: LogicalPlan, condition: df::Expr) -> Result<LogicalPlan, Problem> {
        LogicalPlanBuilder::from(plan)
            .filter(condition)
            .and_then(LogicalPlanBuilder::build)
            .map_err(unplanned)
    }
}

/// A plan that DataFusion does not make.
pub(super) fn unplanned(error: DataFusionError) -> Problem {
    let message = error.strip_backtrace();
    let first = message.lines().next().unwrap_or_default();
    Problem::new(format!("this form of query is not supported: {first}"))
}
