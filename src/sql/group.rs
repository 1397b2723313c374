//! GROUP BY: its keys, its grouping sets, and the plan that groups.

use std::collections::BTreeSet;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::JoinType;
use datafusion::functions_aggregate::count::count_udaf;
use datafusion::functions_aggregate::min_max::min_udaf;
use datafusion::logical_expr::expr::{AggregateFunction, AggregateFunctionParams};
use datafusion::logical_expr::{self as df, LogicalPlan, LogicalPlanBuilder, Operator};
use datafusion::sql::sqlparser::ast::{self, GroupByExpr, Spanned};

use super::aggregate::{Aggregates, same};
use super::given::{self, Given};
use super::lower;
use super::names::Names;
use super::planner::{Planner, unplanned};
use crate::trino::{AGGREGATES, Expr, ExprKind, Problem};

/// What GROUP BY says.
pub(super) struct Grouping {
    pub(super) keys: Vec<Expr>,
    /// The keys of each grouping set; without GROUPING SETS, ROLLUP and CUBE there is one, of all.
    sets: Vec<BTreeSet<usize>>,
}

/// What a column of SELECT is, to group by its position.
pub(super) struct Item<'a> {
    pub(super) ast: Option<&'a ast::Expr>,
    /// A column that `*` stands for.
    pub(super) expr: Option<&'a Expr>,
}

impl Grouping {
    /// By these keys.
    pub(super) fn of(keys: Vec<Expr>) -> Self {
        let sets = vec![(0..keys.len()).collect()];
        Grouping { keys, sets }
    }

    /// # Errors
    ///
    /// A key is no expression over the columns in FROM.
    pub(super) fn read(
        names: &Names<'_>,
        clause: &GroupByExpr,
        items: &[Item<'_>],
    ) -> Result<Option<Self>, Problem> {
        let exprs = match clause {
            GroupByExpr::Expressions(exprs, modifiers) if modifiers.is_empty() => exprs,
            GroupByExpr::Expressions(_, _) => {
                return Err(
                    Problem::new("WITH after GROUP BY is not in Athena").hint("write GROUP BY ROLLUP (a, b)")
                );
            }
            GroupByExpr::All(_) => {
                return Err(
                    Problem::new("GROUP BY ALL is not in Athena").hint("name the columns to group by")
                );
            }
        };
        if exprs.is_empty() {
            return Ok(None);
        }
        let mut grouping = Grouping { keys: Vec::new(), sets: vec![BTreeSet::new()] };
        for expr in exprs {
            let element = grouping.element(names, expr, items)?;
            // Each set of what came before with each of this one.
            let product = |set: &BTreeSet<usize>| element.iter().map(|other| set | other).collect::<Vec<_>>();
            grouping.sets = grouping.sets.iter().flat_map(product).collect();
            if grouping.sets.len() > 1024 {
                return Err(Problem::new("GROUP BY has more than 1024 grouping sets").at(expr.span()));
            }
        }
        Ok(Some(grouping))
    }

    /// The sets that one element of GROUP BY stands for.
    fn element(
        &mut self,
        names: &Names<'_>,
        expr: &ast::Expr,
        items: &[Item<'_>],
    ) -> Result<Vec<BTreeSet<usize>>, Problem> {
        let mut parts = |parts: &[Vec<ast::Expr>]| {
            let part = |part: &Vec<ast::Expr>| part.iter().map(|expr| self.key(names, expr, items)).collect();
            parts.iter().map(part).collect::<Result<Vec<BTreeSet<usize>>, Problem>>()
        };
        Ok(match expr {
            ast::Expr::GroupingSets(sets) => parts(sets)?,
            ast::Expr::Rollup(sets) => {
                let parts = parts(sets)?;
                let union = |count: usize| parts[..count].iter().flatten().copied().collect();
                (0..=parts.len()).rev().map(union).collect()
            }
            ast::Expr::Cube(sets) => {
                let parts = parts(sets)?;
                if parts.len() > 10 {
                    return Err(Problem::new("CUBE has more than 1024 grouping sets").at(expr.span()));
                }
                let union = |mask: usize| {
                    let chosen =
                        parts.iter().enumerate().filter(|(i, _)| mask & (1 << (parts.len() - 1 - i)) != 0);
                    chosen.flat_map(|(_, part)| part.iter().copied()).collect()
                };
                (0..1usize << parts.len()).rev().map(union).collect()
            }
            ast::Expr::Tuple(exprs) => parts(std::slice::from_ref(exprs))?,
            expr => parts(&[vec![expr.clone()]])?,
        })
    }

    /// The number of a key, which becomes one if it is new.
    fn key(&mut self, names: &Names<'_>, expr: &ast::Expr, items: &[Item<'_>]) -> Result<usize, Problem> {
        let key = match position(expr) {
            Some(position) => {
                let item =
                    position.checked_sub(1).and_then(|position| items.get(position)).ok_or_else(|| {
                        Problem::new(format!(
                            "GROUP BY {position} is no position in SELECT, which has {} columns",
                            items.len()
                        ))
                        .at(expr.span())
                    })?;
                match (item.expr, item.ast) {
                    (Some(column), _) => column.clone(),
                    (None, Some(item)) => {
                        names.analyze(item).map_err(|problem| match aggregate_in(item) {
                            Some(aggregate) => {
                                Problem::new(format!("GROUP BY {position} is an aggregate: {aggregate}"))
                                    .hint(format!(
                                        "remove {position} from GROUP BY, and group by what is not aggregated"
                                    ))
                                    .at(expr.span())
                            }
                            None => problem,
                        })?
                    }
                    (None, None) => return Err(Problem::new("GROUP BY has a position without a column")),
                }
            }
            None => names.analyze(expr)?,
        };
        if !key.ty.is_comparable() {
            return Err(Problem::new(format!("values of type {} cannot be grouped", key.ty)).at(expr.span()));
        }
        Ok(self.number_of(key))
    }

    fn number_of(&mut self, key: Expr) -> usize {
        let known = self.keys.iter().position(|known| same(known, &key));
        known.unwrap_or_else(|| {
            self.keys.push(key);
            self.keys.len() - 1
        })
    }

    /// `grouping(args)`: a bit for each key, set where the row's grouping set leaves it out.
    ///
    /// DataFusion's `id` has such bits for all keys that are in any set, in the order they first come in one.
    fn bits(&self, args: &[Expr], id: Option<df::Expr>) -> Result<df::Expr, Problem> {
        let mut order: Vec<usize> = Vec::new();
        for key in self.sets.iter().flatten() {
            if !order.contains(key) {
                order.push(*key);
            }
        }
        let mut bits = df::lit(0i64);
        for arg in args {
            let key = self.keys.iter().position(|key| same(key, arg)).ok_or_else(|| {
                Problem::new("grouping takes columns of GROUP BY").hint("name them as GROUP BY does")
            })?;
            let bit = match (&id, order.iter().position(|known| *known == key)) {
                (None, _) => df::lit(0i64),
                (Some(_), None) => df::lit(1i64),
                (Some(id), Some(place)) => {
                    let id = df::cast(id.clone(), DataType::Int64);
                    let shift = df::lit((order.len() - 1 - place) as i64);
                    binary(
                        binary(id, Operator::BitwiseShiftRight, shift),
                        Operator::BitwiseAnd,
                        df::lit(1i64),
                    )
                }
            };
            bits = binary(binary(bits, Operator::Multiply, df::lit(2i64)), Operator::Plus, bit);
        }
        Ok(bits)
    }

    /// Whether all rows are one group, and no rows are one too.
    pub(super) fn is_global(&self) -> bool {
        matches!(self.sets.as_slice(), [set] if set.is_empty())
    }

    /// Groups by these values too, in every set.
    ///
    /// # Errors
    ///
    /// Of several sets one is of all rows: it has a group even where there are no rows.
    pub(super) fn also_by(&mut self, given: &[Expr]) -> Result<(), Problem> {
        if !given.is_empty() && !self.is_global() && self.sets.iter().any(BTreeSet::is_empty) {
            return Err(Problem::new(
                "the grouping set () in a subquery that names columns of the query around is not supported",
            )
            .hint("group in two subqueries, and join them with UNION ALL"));
        }
        for value in given {
            let key = self.number_of(value.clone());
            for set in &mut self.sets {
                set.insert(key);
            }
        }
        Ok(())
    }

    fn has_sets(&self) -> bool {
        self.sets.len() != 1 || self.sets[0].len() != self.keys.len()
    }
}

/// `3`, where an integer means a column of SELECT.
pub(super) fn position(expr: &ast::Expr) -> Option<usize> {
    match expr {
        ast::Expr::Value(value) => match &value.value {
            ast::Value::Number(text, _) => text.parse().ok(),
            _ => None,
        },
        ast::Expr::Nested(inner) => position(inner),
        _ => None,
    }
}

fn aggregate_in(expr: &ast::Expr) -> Option<String> {
    let mut found = None;
    let _ = ast::visit_expressions(expr, |expr| {
        if let ast::Expr::Function(function) = expr
            && super::names::function_name(function).is_some_and(|name| AGGREGATES.contains(&&*name))
        {
            found = Some(function.to_string());
            return std::ops::ControlFlow::Break(());
        }
        std::ops::ControlFlow::Continue(())
    });
    found
}

/// A grouped plan.
pub(super) struct Grouped {
    pub(super) plan: LogicalPlan,
    /// The column of each key.
    pub(super) keys: Vec<usize>,
}

/// Groups a plan by the keys, and computes the aggregates.
pub(super) fn plan(
    planner: &Planner<'_>,
    input: LogicalPlan,
    grouping: &Grouping,
    aggregates: &Aggregates,
) -> Result<Grouped, Problem> {
    let calls = &*aggregates.calls.borrow();
    // First whatever keys and aggregates are made of, each once, and nothing else.
    let mut inputs: Vec<df::Expr> = Vec::new();
    let mut input_of = |expr: df::Expr| {
        inputs.iter().position(|known| *known == expr).unwrap_or_else(|| {
            inputs.push(expr);
            inputs.len() - 1
        })
    };
    let keys: Vec<usize> =
        (grouping.keys.iter()).map(|key| input_of(lower::key(planner.lower(key), &key.ty))).collect();
    // What a key leaves out comes from one row of the group.
    let whole: Vec<Option<usize>> = (grouping.keys.iter())
        .map(|key| lower::has_key(&key.ty).then(|| input_of(planner.lower(key))))
        .collect();
    struct Places {
        args: Vec<usize>,
        order: Vec<usize>,
        filter: Option<usize>,
    }
    let places: Vec<Places> = (calls.iter())
        .map(|(call, _)| Places {
            args: call.function.inputs.iter().map(|input| input_of(input.lower(planner))).collect(),
            order: call.order.iter().map(|key| input_of(key.lower(planner))).collect(),
            filter: call.filter.as_ref().map(|filter| input_of(planner.lower(filter))),
        })
        .collect();
    if inputs.is_empty() {
        inputs.push(df::lit(1i64));
    }
    let (plan, numbers) = planner.project(input, inputs)?;
    let column = |place: usize| planner.column(numbers[place]);

    let mut functions: Vec<df::Expr> = Vec::new();
    let mut aggregate_of = |expr: df::Expr| {
        functions.iter().position(|known| *known == expr).unwrap_or_else(|| {
            functions.push(expr);
            functions.len() - 1
        })
    };
    let computed: Vec<usize> = (calls.iter().zip(&places))
        .map(|((call, _), places)| {
            let order = call.order.iter().zip(&places.order).map(|(key, place)| key.sort(column(*place)));
            let params = AggregateFunctionParams {
                args: places.args.iter().map(|place| column(*place)).collect(),
                distinct: call.distinct,
                filter: places.filter.map(|place| Box::new(column(place))),
                order_by: order.collect(),
                null_treatment: None,
            };
            aggregate_of(df::Expr::AggregateFunction(AggregateFunction {
                func: call.function.udf.clone(),
                params,
            }))
        })
        .collect();
    let whole: Vec<Option<usize>> = whole
        .into_iter()
        .map(|place| place.map(|place| aggregate_of(min_udaf().call(vec![column(place)]))))
        .collect();
    if keys.is_empty() && functions.is_empty() {
        functions.push(count_udaf().call(vec![column(0)]));
    }
    let group: Vec<df::Expr> = if grouping.has_sets() {
        let sets = grouping.sets.iter().map(|set| set.iter().map(|key| column(keys[*key])).collect());
        vec![df::Expr::GroupingSet(df::GroupingSet::GroupingSets(sets.collect()))]
    } else {
        keys.iter().map(|place| column(*place)).collect()
    };
    let plan = LogicalPlanBuilder::from(plan)
        .aggregate(group, functions.clone())
        .and_then(LogicalPlanBuilder::build)
        .map_err(unplanned)?;

    // DataFusion's columns: the keys, with several sets their number, the aggregates.
    let columns = plan.schema().columns();
    let first_aggregate = columns.len() - functions.len();
    let mut plan = plan;
    let mut key_numbers = Vec::new();
    for (i, key) in grouping.keys.iter().enumerate() {
        let place = match plan.schema().maybe_index_of_column(&as_column(&column(keys[i]))) {
            Some(place) => place,
            // Of no set: NULL in all.
            None => {
                let null = lower::literal(&crate::trino::Value::Null, &key.ty);
                let (extended, number) = planner.extend(plan, [null])?;
                plan = extended;
                key_numbers.extend(number);
                continue;
            }
        };
        let mut value = df::Expr::Column(columns[place].clone());
        if let Some(aggregate) = whole[i] {
            let whole = df::Expr::Column(columns[first_aggregate + aggregate].clone());
            value = df::when(value.is_not_null(), whole).end().map_err(unplanned)?;
        }
        key_numbers.push(planner.number(value));
    }
    for ((call, index), aggregate) in calls.iter().zip(computed) {
        let function = &call.function;
        let (finished, value) =
            planner.finish(plan, first_aggregate + aggregate, &function.gives, function.finish.as_ref())?;
        plan = finished;
        planner.settle(*index, value);
    }
    for (args, index) in aggregates.groupings.borrow().iter() {
        let id = grouping.has_sets().then(|| df::Expr::Column(columns[first_aggregate - 1].clone()));
        planner.settle(*index, grouping.bits(args, id)?);
    }
    Ok(Grouped { plan, keys: key_numbers })
}

/// A group for each of what was given, even where it has no rows.
///
/// The groups are by what was given alone, and `keys` are the columns of it.
pub(super) fn with_empty(
    planner: &Planner<'_>,
    plan: LogicalPlan,
    keys: &[usize],
    given: &Given,
    aggregates: &Aggregates,
) -> Result<LogicalPlan, Problem> {
    let columns: Vec<Expr> =
        given.columns.iter().zip(keys).map(|(value, key)| Expr::column(*key, value.ty.clone())).collect();
    let all = given::keys(planner, given.plan.clone(), &given.columns)?;
    let plan = given::join(all, given::keys(planner, plan, &columns)?, JoinType::Left)?;
    for (key, value) in keys.iter().zip(&given.columns) {
        planner.settle(*key, planner.lower(value));
    }
    // Of all aggregates, only counts have a value where there are no rows.
    for (call, index) in aggregates.calls.borrow().iter() {
        if call.function.udf.name() == count_udaf().name() {
            let count = planner.column(*index);
            let or_none = df::when(count.clone().is_null(), df::lit(0i64)).otherwise(count);
            planner.settle(*index, or_none.map_err(unplanned)?);
        }
    }
    Ok(plan)
}

fn binary(left: df::Expr, op: Operator, right: df::Expr) -> df::Expr {
    df::Expr::BinaryExpr(df::BinaryExpr::new(Box::new(left), op, Box::new(right)))
}

fn as_column(expr: &df::Expr) -> datafusion::common::Column {
    match expr {
        df::Expr::Column(column) => column.clone(),
        other => datafusion::common::Column::new_unqualified(other.schema_name().to_string()),
    }
}

/// Puts the columns of the keys into an expression, in the places of the keys.
pub(super) fn substitute(expr: &mut Expr, grouping: &Grouping, keys: &[usize]) {
    if let Some(i) = grouping.keys.iter().position(|key| same(key, expr)) {
        *expr = Expr::column(keys[i], expr.ty.clone());
        return;
    }
    for child in expr.children_mut() {
        substitute(child, grouping, keys);
    }
}

/// The first column of FROM that is left in a grouped expression.
pub(super) fn ungrouped(expr: &Expr, allowed: &dyn Fn(usize) -> bool) -> Option<usize> {
    match &expr.kind {
        ExprKind::Column(index) if !allowed(*index) => Some(*index),
        _ => expr.children().into_iter().find_map(|child| ungrouped(child, allowed)),
    }
}
