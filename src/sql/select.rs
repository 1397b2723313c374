//! SELECT.

use std::cell::RefCell;

use datafusion::logical_expr as df;
use datafusion::sql::sqlparser::ast::{
    self, Distinct, Select, SelectFlavor, SelectItem, SelectItemQualifiedWildcardKind, Spanned,
    WildcardAdditionalOptions,
};

use super::aggregate::{Aggregates, SortKey, same};
use super::group::{self, Grouping, Item};
use super::names::Names;
use super::planner::Planner;
use super::query::{self, Context, Relation, Tail};
use super::scope::{Field, Scope};
use super::window::{self, Windows};
use super::{from, set};
use crate::trino::{Expr, Problem};

/// A column of SELECT.
struct Output<'a> {
    name: Option<String>,
    ast: Option<&'a ast::Expr>,
    expr: Expr,
}

/// Plans a SELECT with its ORDER BY and LIMIT.
pub(super) fn plan(
    planner: &Planner<'_>,
    select: &Select,
    tail: &Tail<'_>,
    context: &Context<'_>,
) -> Result<Relation, Problem> {
    let distinct = refuse_foreign(select)?;
    let relation = from::plan(planner, &select.from, context)?;
    let scope = Scope::new(relation.fields, context.outer);
    let mut plan = relation.plan;
    let aliases: Vec<(String, &ast::Expr)> = (select.projection.iter())
        .filter_map(|item| match item {
            SelectItem::ExprWithAlias { expr, alias } => Some((alias.value.to_lowercase(), expr)),
            _ => None,
        })
        .collect();

    if let Some(condition) = &select.selection {
        let subqueries = RefCell::default();
        let names = Names { aliases: &aliases, ..Names::new(planner, context, &scope, "WHERE", &subqueries) };
        let conditions = names.condition(condition)?.into_conjuncts();
        // What needs no subquery comes first: it leaves fewer rows to join to.
        let subqueries = subqueries.into_inner();
        let (late, early) = conditions.into_iter().partition(|condition| subqueries.are_in(condition));
        plan = planner.filter(plan, early)?;
        plan = subqueries.attach(planner, plan, &scope, context)?;
        plan = planner.filter(plan, late)?;
    }

    let subqueries = RefCell::default();
    let aggregates = Aggregates::default();
    let windows = RefCell::new(Windows::default());
    let names = Names {
        aggregates: Some(&aggregates),
        windows: Some(&windows),
        named_windows: &select.named_window,
        ..Names::new(planner, context, &scope, "SELECT", &subqueries)
    };
    let mut outputs = outputs(&names, &select.projection)?;
    let mut having = match &select.having {
        Some(having) => {
            let names = Names { clause: "HAVING", windows: None, aliases: &aliases, ..names.copied() };
            Some(names.condition(having)?)
        }
        None => None,
    };
    let named: Vec<(String, Expr)> =
        (outputs.iter()).filter_map(|output| Some((output.name.clone()?, output.expr.clone()))).collect();
    let exprs: Vec<Expr> = outputs.iter().map(|output| output.expr.clone()).collect();
    let names = Names { clause: "ORDER BY", outputs: &named, ..names };
    let mut order: Vec<SortKey> =
        tail.order.iter().map(|key| query::sort_key(&names, key, &exprs)).collect::<Result<_, _>>()?;

    let items: Vec<Item<'_>> = outputs
        .iter()
        .map(|output| Item { ast: output.ast, expr: output.ast.is_none().then_some(&output.expr) })
        .collect();
    let group_names = Names {
        aliases: &aliases,
        ..Names::new(planner, context, &scope, "GROUP BY", &aggregates.subqueries)
    };
    let grouping = Grouping::read(&group_names, &select.group_by, &items)?;
    let mut windows = windows.into_inner();
    let mut subqueries = subqueries.into_inner();
    let mut given: Vec<Expr> = context.given.map(|given| given.columns.clone()).unwrap_or_default();
    let mut is_one = select.from.is_empty();
    if grouping.is_some() || having.is_some() || !aggregates.is_empty() {
        plan = aggregates.subqueries.take().attach(planner, plan, &scope, context)?;
        let mut grouping = grouping.unwrap_or_else(|| Grouping::of(Vec::new()));
        is_one = grouping.is_global();
        grouping.also_by(&given)?;
        let grouped = group::plan(planner, plan, &grouping, &aggregates)?;
        plan = grouped.plan;
        if let (Some(given), true) = (context.given, is_one) {
            plan = group::with_empty(planner, plan, &grouped.keys, given, &aggregates)?;
        }
        let parts = outputs.iter_mut().map(|output| (&mut output.expr, output.ast));
        let parts = parts.chain(having.iter_mut().map(|having| (having, select.having.as_ref())));
        let parts = parts
            .chain(order.iter_mut().zip(tail.order).map(|(key, order)| (&mut key.expr, Some(&order.expr))));
        let parts = parts
            .chain(windows.calls.iter_mut().flat_map(|(call, _)| call.exprs_mut()).map(|expr| (expr, None)));
        let parts = parts.chain(subqueries.exprs_mut().chain(&mut given).map(|expr| (expr, None)));
        for (expr, ast) in parts {
            group::substitute(expr, &grouping, &grouped.keys);
            let is_column = |index: usize| scope.fields.iter().any(|field| field.index == index);
            if let Some(column) = group::ungrouped(expr, &|index| !is_column(index)) {
                return Err(ungrouped(&scope, column, expr, ast, select));
            }
        }
    }
    plan = subqueries.attach(planner, plan, &scope, context)?;
    if let Some(having) = having {
        plan = planner.filter(plan, having.into_conjuncts())?;
    }
    if context.given.is_some() && !windows.calls.is_empty() {
        return Err(Problem::new(
            "a window function in a subquery that names columns of the query around is not supported",
        )
        .hint("compute it in WITH, and join it")
        .at(select.select_token.0.span));
    }
    plan = window::plan(planner, plan, &windows.calls)?;

    let mut exprs: Vec<Expr> = outputs.iter().map(|output| output.expr.clone()).collect();
    if distinct {
        if let Some((_, order)) =
            order.iter().zip(tail.order).find(|(key, _)| exprs.iter().all(|expr| !same(expr, &key.expr)))
        {
            return Err(Problem::new("SELECT DISTINCT is ordered by what it does not select")
                .hint(format!("add {} to SELECT, or leave out DISTINCT", order.expr))
                .at(order.expr.span()));
        }
        let all: Vec<Expr> = exprs.iter().chain(&given).cloned().collect();
        let (projected, numbers) =
            planner.project(plan, all.iter().map(|expr| planner.lower(expr)).collect::<Vec<_>>())?;
        let types: Vec<_> = all.iter().map(|expr| expr.ty.clone()).collect();
        let (unique, numbers) = set::distinct(planner, projected, &numbers, &types)?;
        for key in &mut order {
            if let Some(i) = exprs.iter().position(|expr| same(expr, &key.expr)) {
                key.expr = Expr::column(numbers[i], key.expr.ty.clone());
            }
        }
        let mut columns = query::renumbered(&all, &numbers);
        given = columns.split_off(exprs.len());
        exprs = columns;
        plan = unique;
    } else {
        // The columns are computed before they are sorted, and only once.
        let lowered: Vec<df::Expr> = exprs.iter().map(|expr| planner.lower(expr)).collect();
        let (extended, numbers) = planner.extend(plan, lowered)?;
        for key in &mut order {
            if let Some(i) = exprs.iter().position(|expr| same(expr, &key.expr)) {
                key.expr = Expr::column(numbers[i], key.expr.ty.clone());
            }
        }
        exprs = query::renumbered(&exprs, &numbers);
        plan = extended;
    }
    plan = query::sort(planner, plan, &order, &exprs, &given, tail.slice, context)?;
    let columns = exprs.iter().chain(&given).map(|expr| planner.lower(expr));
    let (plan, numbers) = planner.project(plan, columns.collect::<Vec<_>>())?;
    let given = query::renumbered(&given, &numbers[exprs.len()..]);
    let fields = outputs.into_iter().zip(numbers).map(|(output, index)| Field {
        table: None,
        name: output.name,
        index,
        ty: output.expr.ty,
        hidden: false,
    });
    Ok(Relation { plan, fields: fields.collect(), given, is_one: is_one || tail.slice.is_one() })
}

/// Refuses what other engines put into a SELECT. Gives whether it is DISTINCT.
fn refuse_foreign(select: &Select) -> Result<bool, Problem> {
    let Select {
        select_token,
        optimizer_hints: _,
        distinct,
        select_modifiers,
        top,
        top_before_distinct: _,
        projection: _,
        exclude,
        into,
        from: _,
        lateral_views,
        prewhere,
        selection: _,
        connect_by,
        group_by: _,
        cluster_by,
        distribute_by,
        sort_by,
        having: _,
        named_window: _,
        qualify,
        window_before_qualify: _,
        value_table_mode,
        flavor,
    } = select;
    let refuse = |what: &str, instead: &str| {
        Err(Problem::new(format!("{what} is not in Athena")).hint(instead).at(select_token.0.span))
    };
    match () {
        () if top.is_some() => refuse("TOP", "write LIMIT n at the end"),
        () if into.is_some() => refuse("SELECT INTO", "run the SELECT alone"),
        () if !lateral_views.is_empty() => refuse("LATERAL VIEW", "write CROSS JOIN UNNEST(x) AS t (e)"),
        () if qualify.is_some() => refuse("QUALIFY", "filter in an outer SELECT"),
        () if exclude.is_some() => refuse("EXCLUDE", "name the columns"),
        () if *flavor != SelectFlavor::Standard => {
            refuse("a query that starts with FROM", "start with SELECT")
        }
        () if prewhere.is_some()
            || select_modifiers.is_some()
            || !connect_by.is_empty()
            || !cluster_by.is_empty()
            || !distribute_by.is_empty()
            || !sort_by.is_empty()
            || value_table_mode.is_some() =>
        {
            refuse("this form of SELECT", "see Trino's documentation of SELECT")
        }
        () => match distinct {
            None | Some(Distinct::All) => Ok(false),
            Some(Distinct::Distinct) => Ok(true),
            Some(Distinct::On(_)) => {
                refuse("DISTINCT ON", "use row_number() OVER (PARTITION BY …) and keep 1")
            }
        },
    }
}

/// The columns of SELECT, with those that `*` stands for.
fn outputs<'a>(names: &Names<'_>, items: &'a [SelectItem]) -> Result<Vec<Output<'a>>, Problem> {
    let mut outputs = Vec::new();
    for item in items {
        match item {
            SelectItem::UnnamedExpr(expr) => {
                outputs.push(Output { name: name_of(expr), ast: Some(expr), expr: names.analyze(expr)? });
            }
            SelectItem::ExprWithAlias { expr, alias } => {
                let name = Some(alias.value.to_lowercase());
                outputs.push(Output { name, ast: Some(expr), expr: names.analyze(expr)? });
            }
            SelectItem::Wildcard(options) => {
                refuse_options(options)?;
                outputs.extend(all(&names.scope.fields, |_| true));
                if names.scope.fields.is_empty() {
                    return Err(Problem::new("SELECT * needs FROM").at(item.span()));
                }
            }
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(table), options) => {
                refuse_options(options)?;
                let parts: Vec<ast::Ident> =
                    table.0.iter().filter_map(|part| part.as_ident().cloned()).collect();
                let count = outputs.len();
                outputs.extend(all(&names.scope.fields, |field| field.is_in(&parts)));
                if outputs.len() == count {
                    // `t.column.*`: the fields of a row.
                    outputs.extend(fields_of(names, &parts).map_err(|problem| problem.at(item.span()))?);
                }
            }
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::Expr(expr), options) => {
                refuse_options(options)?;
                let row = names.analyze(expr)?;
                outputs.extend(row_fields(&row).ok_or_else(|| {
                    Problem::new(format!("{expr}.* needs a row, and this is {}", row.ty)).at(expr.span())
                })?);
            }
            SelectItem::ExprWithAliases { .. } => {
                return Err(Problem::new("an expression has one name").at(item.span()));
            }
        }
    }
    Ok(outputs)
}

fn all<'f, 'a>(
    fields: &'f [Field],
    is_asked: impl Fn(&Field) -> bool + 'f,
) -> impl Iterator<Item = Output<'a>> + 'f {
    fields.iter().filter(move |field| !field.hidden && is_asked(field)).map(|field| Output {
        name: field.name.clone(),
        ast: None,
        expr: Expr::column(field.index, field.ty.clone()),
    })
}

fn fields_of<'a>(names: &Names<'_>, parts: &[ast::Ident]) -> Result<Vec<Output<'a>>, Problem> {
    let name = super::scope::dotted(parts);
    let expr = match parts {
        [one] => ast::Expr::Identifier(one.clone()),
        parts => ast::Expr::CompoundIdentifier(parts.to_vec()),
    };
    let row = names.analyze(&expr).map_err(|_| {
        Problem::new(format!("there is no table '{name}'")).hint("use the table's name or alias in FROM")
    })?;
    row_fields(&row).ok_or_else(|| Problem::new(format!("{name}.* needs a row, and this is {}", row.ty)))
}

fn row_fields<'a>(row: &Expr) -> Option<Vec<Output<'a>>> {
    let crate::trino::Type::Row(fields) = &row.ty else { return None };
    let outputs = fields.iter().enumerate().map(|(i, field)| Output {
        name: field.name.as_deref().map(str::to_owned),
        ast: None,
        expr: Expr::new(crate::trino::ExprKind::Field(Box::new(row.clone()), i), field.ty.clone()),
    });
    Some(outputs.collect())
}

fn refuse_options(options: &WildcardAdditionalOptions) -> Result<(), Problem> {
    let WildcardAdditionalOptions {
        wildcard_token,
        opt_ilike,
        opt_exclude,
        opt_except,
        opt_replace,
        opt_rename,
        opt_alias,
    } = options;
    let plain = opt_ilike.is_none() && opt_exclude.is_none() && opt_except.is_none();
    if plain && opt_replace.is_none() && opt_rename.is_none() && opt_alias.is_none() {
        return Ok(());
    }
    Err(Problem::new("* with exceptions is not in Athena").hint("name the columns").at(wildcard_token.0.span))
}

/// The name a column has without an alias: the last of its path.
fn name_of(expr: &ast::Expr) -> Option<String> {
    let last = match expr {
        ast::Expr::Identifier(name) => name,
        ast::Expr::CompoundIdentifier(parts) => parts.last()?,
        ast::Expr::CompoundFieldAccess { access_chain, .. } => match access_chain.last()? {
            ast::AccessExpr::Dot(ast::Expr::Identifier(name)) => name,
            _ => return None,
        },
        _ => return None,
    };
    Some(last.value.to_lowercase())
}

/// A column that stands beside groups without being one of their keys.
fn ungrouped(
    scope: &Scope<'_>,
    index: usize,
    expr: &Expr,
    ast: Option<&ast::Expr>,
    select: &Select,
) -> Problem {
    let column = scope.fields.iter().find(|field| field.index == index);
    let column = column.and_then(|field| field.name.clone()).unwrap_or_else(|| "a column".into());
    // The path in the query, if the expression is one: `useridentity.arn`.
    let mut path = None;
    let find = |expr: &ast::Expr| {
        let parts = match expr {
            ast::Expr::Identifier(name) => vec![name.clone()],
            ast::Expr::CompoundIdentifier(parts) => parts.clone(),
            _ => return std::ops::ControlFlow::<()>::Continue(()),
        };
        if path.is_none() && parts.iter().any(|part| part.value.eq_ignore_ascii_case(&column)) {
            path = Some((super::scope::dotted(&parts), super::scope::span(&parts)));
        }
        std::ops::ControlFlow::Continue(())
    };
    if let Some(ast) = ast {
        let _ = ast::visit_expressions(ast, find);
    }
    let (name, place) = path.unwrap_or((column, select.select_token.0.span));
    let _ = expr;
    Problem::new(format!("'{name}' is neither aggregated nor in GROUP BY"))
        .hint(format!("add {name} to GROUP BY, or take one value of it: arbitrary({name})"))
        .at(place)
}
