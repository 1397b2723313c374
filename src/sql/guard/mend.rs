//! The same query with conditions that bound it.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    self, BinaryOperator, Query, SetExpr, TableFactor, VisitMut, VisitorMut,
};

use super::super::parse::parse;
use crate::embedded::tree::{Partition, Tree};
use crate::sql::literal;

/// Bounds every SELECT from the table to the last day of the logs.
pub(super) fn mend(sql: &str, tree: &Tree) -> Option<String> {
    let last = tree
        .partitions()
        .iter()
        .filter(|partition| !partition.day.is_empty())
        .max_by_key(|partition| partition.date('-'))?;
    let mut query = parse(sql).ok()?;
    let mut mender = Mender { partition: last, ctes: Vec::new() };
    let _ = query.visit(&mut mender);
    Some(query.to_string())
}

struct Mender<'a> {
    partition: &'a Partition,
    /// Names of WITH: they are no tables.
    ctes: Vec<String>,
}

impl VisitorMut for Mender<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        if let Some(with) = &query.with {
            self.ctes.extend(with.cte_tables.iter().map(|cte| cte.alias.name.value.to_lowercase()));
        }
        if let SetExpr::Select(select) = &mut *query.body {
            let tables = select.from.iter().flat_map(|item| {
                std::iter::once(&item.relation).chain(item.joins.iter().map(|join| &join.relation))
            });
            let tables: Vec<String> = tables.filter_map(|table| self.name(table)).collect();
            let several = select.from.iter().map(|item| 1 + item.joins.len()).sum::<usize>() > 1;
            for table in tables {
                let condition = self.condition(several.then_some(table.as_str()));
                select.selection = Some(match select.selection.take() {
                    Some(known) => and(condition, enclosed(known)),
                    None => condition,
                });
            }
        }
        ControlFlow::Continue(())
    }
}

impl Mender<'_> {
    /// What the columns of the logs are qualified with, if the factor is the logs.
    fn name(&self, factor: &TableFactor) -> Option<String> {
        let TableFactor::Table { name, alias, .. } = factor else { return None };
        let last = name.0.last()?.as_ident()?;
        if name.0.len() == 1 && self.ctes.contains(&last.value.to_lowercase()) {
            return None;
        }
        Some(alias.as_ref().map_or(last, |alias| &alias.name).to_string())
    }

    fn condition(&self, table: Option<&str>) -> ast::Expr {
        let Partition { account_id, region, year, month, day, .. } = self.partition;
        let columns =
            [("account_id", account_id), ("region", region), ("year", year), ("month", month), ("day", day)];
        let equal = |(column, value): (&str, &String)| ast::Expr::BinaryOp {
            left: Box::new(ast::Expr::Identifier(ast::Ident::new(match table {
                Some(table) => format!("{table}.{column}"),
                None => column.to_owned(),
            }))),
            op: BinaryOperator::Eq,
            right: Box::new(ast::Expr::Identifier(ast::Ident::new(literal::text(value)))),
        };
        let conditions = columns.into_iter().filter(|(_, value)| !value.is_empty()).map(equal);
        conditions
            .reduce(and)
            .unwrap_or_else(|| ast::Expr::Value(ast::Value::Boolean(true).with_empty_span()))
    }
}

fn and(left: ast::Expr, right: ast::Expr) -> ast::Expr {
    ast::Expr::BinaryOp { left: Box::new(left), op: BinaryOperator::And, right: Box::new(right) }
}

/// In parentheses where AND would tear it apart.
fn enclosed(condition: ast::Expr) -> ast::Expr {
    match condition {
        ast::Expr::BinaryOp { op: BinaryOperator::Or, .. } => ast::Expr::Nested(Box::new(condition)),
        condition => condition,
    }
}
