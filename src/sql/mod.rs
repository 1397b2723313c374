//! The front end that both engines share: Athena's SQL, read, checked and planned.
//!
//! The way of a query:
//!
//! 1. [`parse`]: one statement, in Athena's [`dialect`]; slips are named with
//!    their mend ([`lint`]).
//! 2. Each clause settles its names and types: [`query`], [`from`], [`select`],
//!    [`group`], [`aggregate`], [`window`], [`set`], [`subquery`] ([`given`] the
//!    rows around it), with what [`names`] mean in a [`scope`]. Scalar expressions are
//!    [`trino`](crate::trino)'s.
//! 3. The [`planner`] grows DataFusion's plan of it, with expressions
//!    [`lower`]ed. DataFusion's own SQL planner is not asked: it takes more than
//!    Athena does, and means other things by some of it.

mod aggregate;
mod arrow;
mod catalog;
pub(crate) mod dialect;
mod fence;
mod from;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
mod given;
mod group;
mod guard;
mod lint;
pub(crate) mod literal;
mod lower;
mod names;
mod nearest;
mod parse;
mod planner;
mod query;
mod scope;
mod select;
mod set;
mod stand_in;
mod subquery;
mod unnest;
mod values;
mod window;

use datafusion::logical_expr::LogicalPlan;

pub(crate) use arrow::{Builder, Reader, data_type};
pub(crate) use catalog::Catalog;
pub(crate) use fence::FencePlanner;
pub use guard::Plan;
pub(crate) use guard::price;
pub(crate) use guard::{Guard, filters, is_bounded};
pub(crate) use nearest::nearest;
pub(crate) use stand_in::{TableName, stand_in};

use crate::show::html::visible;
use crate::trino::{Problem, Session, Type};
use crate::{Error, Result};

/// A query that Athena accepts.
pub(crate) struct Query {
    pub(crate) plan: LogicalPlan,
    pub(crate) columns: Vec<OutputColumn>,
    /// Where it names the logs' table.
    pub(crate) tables: Vec<TableName>,
}

/// A column of the answer.
#[derive(Debug, PartialEq)]
pub(crate) struct OutputColumn {
    /// As Athena gives it: lower case; `_col0` without a name; not always distinct.
    pub(crate) name: String,
    pub(crate) ty: Type,
}

/// Reads a query.
///
/// # Errors
///
/// [`is_rejected`](Error::is_rejected): what Athena would refuse, or what is not supported here.
pub(crate) fn read(sql: &str, catalog: &Catalog, session: Session) -> Result<Query> {
    plan(sql, catalog, session).map_err(rejected)
}

fn plan(sql: &str, catalog: &Catalog, session: Session) -> Result<Query, Problem> {
    let query = parse::parse(sql)?;
    let planner = planner::Planner::new(catalog, session);
    let ctes = query::Ctes::default();
    let context = query::Context { ctes: &ctes, outer: None, given: None, is_answer: true };
    let relation = query::plan(&planner, &query, &context)?;
    let columns = relation.fields.into_iter().enumerate().map(|(i, field)| OutputColumn {
        name: field.name.unwrap_or_else(|| format!("_col{i}")),
        ty: field.ty,
    });
    Ok(Query { plan: relation.plan, columns: columns.collect(), tables: planner.into_tables() })
}

fn rejected(problem: Problem) -> Error {
    // It may quote the query, and is one line all the same.
    let said = visible(&problem.message);
    let message = match problem.at {
        Some((line, column)) => format!("line {line}, column {column}: {said}"),
        None => said.into_owned(),
    };
    match problem.hint {
        Some(hint) => Error::rejected(message).hint(visible(&hint).into_owned()),
        None => Error::rejected(message),
    }
}
