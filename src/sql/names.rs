//! What the names in an expression mean: columns, aggregates, windows, subqueries.

use std::cell::RefCell;

use datafusion::sql::sqlparser::ast::{self, Ident, Spanned};

use super::aggregate::{self, Aggregates};
use super::nearest::nearest;
use super::planner::Planner;
use super::query::Context;
use super::scope::{Scope, dotted, span};
use super::subquery::Subqueries;
use super::window::{self, Windows};
use crate::trino::{self, Expr, Problem, Type};

/// Where an expression stands, and what it may use there.
pub(super) struct Names<'a> {
    pub(super) planner: &'a Planner<'a>,
    pub(super) context: &'a Context<'a>,
    pub(super) scope: &'a Scope<'a>,
    /// As a message calls it: `WHERE`.
    pub(super) clause: &'static str,
    /// The aliases of SELECT, to say that they cannot be used yet.
    pub(super) aliases: &'a [(String, &'a ast::Expr)],
    /// Names that come before the columns: in ORDER BY, those that SELECT gives.
    pub(super) outputs: &'a [(String, Expr)],
    /// Collects the aggregates, where they may stand.
    pub(super) aggregates: Option<&'a Aggregates>,
    /// Collects the window functions, where they may stand.
    pub(super) windows: Option<&'a RefCell<Windows>>,
    /// The definitions of WINDOW.
    pub(super) named_windows: &'a [ast::NamedWindowDefinition],
    pub(super) subqueries: &'a RefCell<Subqueries>,
}

impl<'a> Names<'a> {
    /// Names of columns alone, for a clause that sees no more.
    pub(super) fn new(
        planner: &'a Planner<'a>,
        context: &'a Context<'a>,
        scope: &'a Scope<'a>,
        clause: &'static str,
        subqueries: &'a RefCell<Subqueries>,
    ) -> Self {
        Names {
            planner,
            context,
            scope,
            clause,
            aliases: &[],
            outputs: &[],
            aggregates: None,
            windows: None,
            named_windows: &[],
            subqueries,
        }
    }

    /// Settles an expression.
    pub(super) fn analyze(&self, expr: &ast::Expr) -> Result<Expr, Problem> {
        trino::analyze(expr, self, &self.planner.session)
    }

    /// Settles a condition.
    pub(super) fn condition(&self, expr: &ast::Expr) -> Result<Expr, Problem> {
        let condition = self.analyze(expr)?;
        match condition.ty {
            Type::Boolean => Ok(condition),
            Type::Unknown => Ok(trino::coerce(condition, &Type::Boolean)),
            ty => Err(Problem::new(format!("{} needs a condition, and this is of type {ty}", self.clause))
                .hint("compare it with a value")
                .at(expr.span())),
        }
    }

    fn unknown(&self, parts: &[Ident]) -> Problem {
        let name = dotted(parts);
        let problem = Problem::new(format!("column '{name}' cannot be resolved")).at(span(parts));
        let [first, ..] = parts else { return problem };
        let lower = first.value.to_lowercase();
        if let Some((_, expr)) = self.aliases.iter().find(|(alias, _)| *alias == lower) {
            return Problem::new(format!("{} does not see the alias '{name}' of SELECT", self.clause))
                .hint(format!("repeat the expression: {expr}"))
                .at(span(parts));
        }
        if first.quote_style.is_some() && parts.len() == 1 {
            return problem
                .hint(format!("for a string use single quotes: '{}'", first.value.replace('\'', "''")));
        }
        if parts.len() > 1 && self.scope.all_fields().any(|field| field.is_in(&parts[..1])) {
            let table = std::slice::from_ref(first);
            let columns = self.scope.all_fields().filter(|field| field.is_in(table));
            let near = nearest(&parts[1].value, columns.filter_map(|field| field.name.as_deref()));
            return match near {
                Some(near) => problem.hint(format!("did you mean {}.{near}?", first.value)),
                None => problem.hint(format!("'{}' has no column of this name", first.value)),
            };
        }
        match self.meant(&first.value) {
            Some(meant) => problem.hint(format!("did you mean {meant}?")),
            None => problem.hint("SELECT * FROM the table LIMIT 1 shows the columns"),
        }
    }

    /// What a name that does not exist was meant for.
    fn meant(&self, name: &str) -> Option<String> {
        let lower = name.to_lowercase();
        let named = || self.scope.all_fields().filter_map(|field| Some((field.name.as_deref()?, &field.ty)));
        for (column, ty) in named() {
            // The path to a field, without its dots or without its start.
            if let Type::Row(fields) = ty {
                let fields = fields.iter().filter_map(|field| field.name.as_deref());
                let rest = lower.strip_prefix(column).unwrap_or(&lower);
                if let Some(field) = fields.into_iter().find(|field| *field == rest) {
                    return Some(format!("{column}.{field}"));
                }
            }
            // The same, of a column that holds JSON.
            let key = lower.strip_prefix(column).filter(|key| !key.is_empty());
            if key.is_some() && ty.is_varchar() && ["requestparameters", "responseelements"].contains(&column)
            {
                return Some(format!("json_extract_scalar({column}, '$.{}')", &name[column.len()..]));
            }
        }
        nearest(name, named().map(|(column, _)| column)).map(str::to_owned)
    }
}

impl trino::Columns for Names<'_> {
    fn resolve(&self, parts: &[Ident]) -> Result<Option<trino::Column>, Problem> {
        if let Some(found) = self.scope.resolve(parts)? {
            return Ok(Some(trino::Column { index: found.index, ty: found.ty, parts: found.parts }));
        }
        match parts {
            // Trino calls some functions without parentheses.
            [name] if name.quote_style.is_none() && name.value.to_lowercase().starts_with("current_") => {
                Ok(None)
            }
            [name] if name.quote_style.is_none() && name.value.eq_ignore_ascii_case("localtimestamp") => {
                Ok(None)
            }
            _ => Err(self.unknown(parts)),
        }
    }

    fn replace(&self, expr: &ast::Expr) -> Option<Result<Expr, Problem>> {
        match expr {
            ast::Expr::Identifier(name) => {
                let lower = name.value.to_lowercase();
                let mut outputs = self.outputs.iter().filter(|(output, _)| *output == lower);
                let (_, first) = outputs.next()?;
                Some(match outputs.next() {
                    Some((_, other)) if format!("{other:?}") != format!("{first:?}") => {
                        Err(Problem::new(format!("column '{}' is ambiguous", name.value))
                            .hint("give the columns of SELECT different names, or ORDER BY a position")
                            .at(name.span))
                    }
                    _ => Ok(first.clone()),
                })
            }
            ast::Expr::Function(function) => {
                let name = function_name(function)?;
                let call = if function.over.is_some() {
                    self.window(function, &name)
                } else if trino::AGGREGATES.contains(&&*name) {
                    self.aggregate(function, &name)
                } else if trino::WINDOW_FUNCTIONS.contains(&&*name) {
                    Err(Problem::new(format!("{name} is a window function"))
                        .hint("add OVER (ORDER BY …) after it"))
                } else {
                    return None;
                };
                Some(call.map_err(|problem| problem.at(expr.span())))
            }
            ast::Expr::Subquery(_)
            | ast::Expr::InSubquery { .. }
            | ast::Expr::Exists { .. }
            | ast::Expr::AnyOp { .. }
            | ast::Expr::AllOp { .. } => Some(self.subquery(expr).map_err(|problem| problem.at(expr.span()))),
            _ => None,
        }
    }
}

impl Names<'_> {
    fn aggregate(&self, function: &ast::Function, name: &str) -> Result<Expr, Problem> {
        let Some(aggregates) = self.aggregates else {
            return Err(match self.clause {
                "WHERE" => Problem::new(format!("WHERE sees rows, not groups: {name} does not belong there"))
                    .hint("put the condition into HAVING"),
                "an aggregate" => Problem::new(format!("{name} stands inside another aggregate"))
                    .hint("compute it in a subquery in FROM"),
                clause => Problem::new(format!("{clause} cannot contain an aggregate like {name}"))
                    .hint("compute it in a subquery in FROM"),
            });
        };
        let inner =
            Names { clause: "an aggregate", subqueries: &aggregates.subqueries, ..self.columns_only() };
        if name == "grouping" {
            return Ok(aggregates.add_grouping(self.planner, aggregate::arguments(&inner, function, name)?));
        }
        let call = aggregate::Call::read(&inner, function, name)?.in_any_order(name);
        Ok(aggregates.add(self.planner, call))
    }

    fn window(&self, function: &ast::Function, name: &str) -> Result<Expr, Problem> {
        let Some(windows) = self.windows else {
            return Err(match self.clause {
                "WHERE" | "HAVING" => {
                    Problem::new(format!("{} runs before window functions like {name}", self.clause))
                        .hint("compute it in a subquery in FROM, and filter its column outside with WHERE")
                }
                clause => Problem::new(format!("{clause} cannot contain a window function like {name}"))
                    .hint("compute it in a subquery in FROM"),
            });
        };
        let inner = Names { clause: "a window function", windows: None, ..self.copied() };
        let call = window::Call::read(&inner, function, name)?;
        Ok(windows.borrow_mut().add(self.planner, call))
    }

    /// The same place, without aggregates and window functions.
    pub(super) fn columns_only(&self) -> Names<'_> {
        Names { aggregates: None, windows: None, ..self.copied() }
    }

    pub(super) fn copied(&self) -> Names<'_> {
        Names {
            planner: self.planner,
            context: self.context,
            scope: self.scope,
            clause: self.clause,
            aliases: self.aliases,
            outputs: self.outputs,
            aggregates: self.aggregates,
            windows: self.windows,
            named_windows: self.named_windows,
            subqueries: self.subqueries,
        }
    }
}

/// The name of a function, in lower case; Trino's have one part.
pub(super) fn function_name(function: &ast::Function) -> Option<String> {
    match function.name.0.as_slice() {
        [part] => part.as_ident().map(|name| name.value.to_lowercase()),
        _ => None,
    }
}
