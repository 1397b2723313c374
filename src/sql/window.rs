//! Window functions: `name(…) OVER (…)`.

use std::sync::Arc;

use datafusion::functions_window as native;
use datafusion::logical_expr::expr::{NullTreatment, WindowFunction, WindowFunctionParams};
use datafusion::logical_expr::{
    self as df, LogicalPlan, LogicalPlanBuilder, WindowFrame, WindowFrameBound, WindowFrameUnits,
    WindowFunctionDefinition, WindowUDF,
};
use datafusion::scalar::ScalarValue;
use datafusion::sql::sqlparser::ast::{self, Spanned};

use super::aggregate::{self, SortKey};
use super::lower;
use super::names::Names;
use super::planner::{Planner, unplanned};
use super::query::Slice;
use crate::trino::{AGGREGATES, Expr, Problem, Type, Value, WINDOW_FUNCTIONS, coerce};

/// One window function of the query.
pub(super) struct Call {
    function: Function,
    partition: Vec<Expr>,
    order: Vec<SortKey>,
    frame: WindowFrame,
}

enum Function {
    Aggregate(aggregate::Call),
    Window { udf: Arc<WindowUDF>, args: Vec<Expr>, ignore_nulls: bool, ty: Type },
}

/// The window functions of one SELECT, each once.
#[derive(Default)]
pub(super) struct Windows {
    pub(super) calls: Vec<(Call, usize)>,
}

impl Windows {
    /// The column that stands for the call.
    pub(super) fn add(&mut self, planner: &Planner<'_>, call: Call) -> Expr {
        let ty = call.function.ty().clone();
        let index = planner.number(df::lit(false));
        self.calls.push((call, index));
        Expr::column(index, ty)
    }
}

impl Function {
    fn ty(&self) -> &Type {
        match self {
            Function::Aggregate(call) => call.function.ty(),
            Function::Window { ty, .. } => ty,
        }
    }
}

impl Call {
    pub(super) fn read(names: &Names<'_>, function: &ast::Function, name: &str) -> Result<Self, Problem> {
        let spec = specification(names, function)?;
        let partition =
            spec.partition_by.iter().map(|expr| names.analyze(expr)).collect::<Result<Vec<_>, _>>()?;
        if let Some(expr) = partition.iter().find(|expr| !expr.ty.is_comparable()) {
            return Err(Problem::new(format!("values of type {} cannot be compared", expr.ty)));
        }
        let order =
            spec.order_by.iter().map(|key| SortKey::read(names, key)).collect::<Result<Vec<_>, _>>()?;
        let frame = frame(spec.window_frame.as_ref(), &order)?;
        let function = if AGGREGATES.contains(&name) {
            let call = aggregate::Call::read(names, function, name)?;
            if call.distinct {
                return Err(Problem::new(format!("{name} takes no DISTINCT as a window function"))
                    .hint("compute it in a subquery with GROUP BY, and join it"));
            }
            Function::Aggregate(call)
        } else {
            window_function(names, function, name)?
        };
        Ok(Call { function, partition, order, frame })
    }

    /// Every expression in it.
    pub(super) fn exprs_mut(&mut self) -> Vec<&mut Expr> {
        let mut exprs: Vec<&mut Expr> = match &mut self.function {
            Function::Aggregate(call) => call.exprs_mut().collect(),
            Function::Window { args, .. } => args.iter_mut().collect(),
        };
        exprs.extend(&mut self.partition);
        exprs.extend(self.order.iter_mut().map(|key| &mut key.expr));
        exprs
    }

    /// What the plan must hold before the window is computed.
    fn inputs(&self, planner: &Planner<'_>) -> Vec<df::Expr> {
        let mut inputs: Vec<df::Expr> = match &self.function {
            Function::Aggregate(call) => {
                let args = call.function.inputs.iter().map(|input| input.lower(planner));
                let order = call.order.iter().map(|key| key.lower(planner));
                args.chain(order).chain(call.filter.iter().map(|filter| planner.lower(filter))).collect()
            }
            Function::Window { args, .. } => args.iter().map(|arg| planner.lower(arg)).collect(),
        };
        inputs.extend(self.partition.iter().map(|expr| lower::key(planner.lower(expr), &expr.ty)));
        inputs.extend(self.order.iter().map(|key| key.lower(planner)));
        inputs
    }

    /// DataFusion's window function over columns made of [`inputs`](Self::inputs).
    fn lower(&self, mut columns: impl Iterator<Item = df::Expr>) -> df::Expr {
        let mut take = |count: usize| columns.by_ref().take(count).collect::<Vec<_>>();
        let (fun, args, filter, null_treatment) = match &self.function {
            Function::Aggregate(call) => {
                let args = take(call.function.inputs.len());
                take(call.order.len());
                let filter = take(usize::from(call.filter.is_some())).pop().map(Box::new);
                (WindowFunctionDefinition::AggregateUDF(Arc::clone(&call.function.udf)), args, filter, None)
            }
            Function::Window { udf, args, ignore_nulls, .. } => {
                // DataFusion wants to see what is constant.
                let args = args.iter().zip(take(args.len())).map(|(arg, column)| match arg.as_literal() {
                    Some(value) => lower::literal(value, &arg.ty),
                    None => column,
                });
                let treatment = ignore_nulls.then_some(NullTreatment::IgnoreNulls);
                (WindowFunctionDefinition::WindowUDF(Arc::clone(udf)), args.collect(), None, treatment)
            }
        };
        let partition_by = take(self.partition.len());
        let order = take(self.order.len());
        let order_by = self.order.iter().zip(order).map(|(key, column)| key.sort(column)).collect();
        df::Expr::from(WindowFunction {
            fun,
            params: WindowFunctionParams {
                args,
                partition_by,
                order_by,
                window_frame: self.frame.clone(),
                filter,
                null_treatment,
                distinct: false,
            },
        })
    }

    /// Trino's value from DataFusion's.
    fn finish(&self) -> (Option<&Expr>, &Type) {
        match &self.function {
            Function::Aggregate(call) => (call.function.finish.as_ref(), &call.function.gives),
            Function::Window { ty, .. } => (None, ty),
        }
    }
}

/// Computes the window functions beside the columns of a plan.
pub(super) fn plan(
    planner: &Planner<'_>,
    plan: LogicalPlan,
    calls: &[(Call, usize)],
) -> Result<LogicalPlan, Problem> {
    let mut plan = plan;
    for (call, index) in calls {
        let inputs = call.inputs(planner);
        let (extended, numbers) = planner.extend(plan, inputs)?;
        let window = call.lower(numbers.into_iter().map(|number| planner.column(number)));
        plan = LogicalPlanBuilder::from(extended)
            .window([window])
            .and_then(LogicalPlanBuilder::build)
            .map_err(unplanned)?;
        let (finish, ty) = call.finish();
        let column = plan.schema().columns().len() - 1;
        let (finished, value) = planner.finish(plan, column, ty, finish)?;
        plan = finished;
        planner.settle(*index, value);
    }
    Ok(plan)
}

/// A number for each row of a partition, in any order.
pub(super) fn row_numbers(
    planner: &Planner<'_>,
    plan: LogicalPlan,
    partition_by: Vec<df::Expr>,
) -> Result<(LogicalPlan, usize), Problem> {
    number_rows(planner, plan, native::row_number::row_number_udwf(), partition_by, Vec::new())
}

/// The first rows in an order, and all that are equal to the last of them.
pub(super) fn with_ties(
    planner: &Planner<'_>,
    plan: LogicalPlan,
    order: &[df::expr::Sort],
    slice: Slice,
) -> Result<LogicalPlan, Problem> {
    slice_rows(planner, plan, Vec::new(), order.to_vec(), slice)
}

/// A slice of the rows of each of what was given.
pub(super) fn slice_of_each(
    planner: &Planner<'_>,
    plan: LogicalPlan,
    given: &[Expr],
    keys: &[SortKey],
    slice: Slice,
) -> Result<LogicalPlan, Problem> {
    let partition = given.iter().map(|value| lower::key(planner.lower(value), &value.ty));
    let inputs: Vec<df::Expr> = partition.chain(keys.iter().map(|key| key.lower(planner))).collect();
    let (plan, numbers) = planner.extend(plan, inputs)?;
    let mut columns: Vec<df::Expr> = numbers.into_iter().map(|number| planner.column(number)).collect();
    let order = columns.split_off(given.len());
    let order = keys.iter().zip(order).map(|(key, column)| key.sort(column)).collect();
    slice_rows(planner, plan, columns, order, slice)
}

fn slice_rows(
    planner: &Planner<'_>,
    plan: LogicalPlan,
    partition_by: Vec<df::Expr>,
    order_by: Vec<df::expr::Sort>,
    slice: Slice,
) -> Result<LogicalPlan, Problem> {
    if slice.with_ties && (slice.skip > 0 || order_by.is_empty()) {
        return Err(Problem::new("FETCH … WITH TIES is supported with ORDER BY and without OFFSET"));
    }
    let udf = if slice.with_ties { native::rank::rank_udwf() } else { native::row_number::row_number_udwf() };
    let (plan, number) = number_rows(planner, plan, udf, partition_by, order_by)?;
    let number = planner.column(number);
    let skip = slice.skip as u64;
    let mut condition = number.clone().gt(df::lit(skip));
    if let Some(take) = slice.take {
        condition = condition.and(number.lt_eq(df::lit(skip.saturating_add(take as u64))));
    }
    LogicalPlanBuilder::from(plan).filter(condition).and_then(LogicalPlanBuilder::build).map_err(unplanned)
}

fn number_rows(
    planner: &Planner<'_>,
    plan: LogicalPlan,
    udf: Arc<WindowUDF>,
    partition_by: Vec<df::Expr>,
    order_by: Vec<df::expr::Sort>,
) -> Result<(LogicalPlan, usize), Problem> {
    let window_frame = WindowFrame::new((!order_by.is_empty()).then_some(false));
    let window = df::Expr::from(WindowFunction {
        fun: WindowFunctionDefinition::WindowUDF(udf),
        params: WindowFunctionParams {
            args: Vec::new(),
            partition_by,
            order_by,
            window_frame,
            filter: None,
            null_treatment: None,
            distinct: false,
        },
    });
    let plan = LogicalPlanBuilder::from(plan)
        .window([window])
        .and_then(LogicalPlanBuilder::build)
        .map_err(unplanned)?;
    let number = plan.schema().columns().pop().map_or_else(|| df::lit(0u64), df::Expr::Column);
    Ok((plan, planner.number(number)))
}

/// The window that OVER describes or names.
fn specification(names: &Names<'_>, function: &ast::Function) -> Result<ast::WindowSpec, Problem> {
    let mut spec = match &function.over {
        Some(ast::WindowType::WindowSpec(spec)) => spec.clone(),
        Some(ast::WindowType::NamedWindow(name)) => named(names, name)?,
        None => return Err(Problem::new("a window function needs OVER")),
    };
    if let Some(name) = spec.window_name.take() {
        let base = named(names, &name)?;
        if !spec.partition_by.is_empty() || (!spec.order_by.is_empty() && !base.order_by.is_empty()) {
            return Err(Problem::new(format!("the window {name} cannot be changed so")).at(name.span));
        }
        spec.partition_by = base.partition_by;
        if spec.order_by.is_empty() {
            spec.order_by = base.order_by;
        }
        spec.window_frame = spec.window_frame.or(base.window_frame);
    }
    Ok(spec)
}

fn named(names: &Names<'_>, name: &ast::Ident) -> Result<ast::WindowSpec, Problem> {
    let is_it = |known: &ast::Ident| known.value.eq_ignore_ascii_case(&name.value);
    match names.named_windows.iter().find(|window| is_it(&window.0)) {
        Some(ast::NamedWindowDefinition(_, ast::NamedWindowExpr::WindowSpec(spec))) => Ok(spec.clone()),
        _ => Err(Problem::new(format!("window '{name}' does not exist"))
            .hint(format!("define it: WINDOW {name} AS (…)"))
            .at(name.span)),
    }
}

fn window_function(names: &Names<'_>, function: &ast::Function, name: &str) -> Result<Function, Problem> {
    let args = aggregate::arguments(names, function, name)?;
    if !WINDOW_FUNCTIONS.contains(&name) {
        return Err(Problem::new(format!("{name} is no window function")).hint("leave out OVER"));
    }
    let ignore_nulls = matches!(function.null_treatment, Some(ast::NullTreatment::IgnoreNulls));
    if function.filter.is_some() {
        return Err(Problem::new(format!("{name} takes no FILTER")).hint("filter in a subquery"));
    }
    let takes_nulls = ["first_value", "last_value", "nth_value", "lag", "lead"].contains(&name);
    if function.null_treatment.is_some() && !takes_nulls {
        return Err(Problem::new(format!("{name} takes no IGNORE NULLS")));
    }
    let constant = |expr: &Expr, what: &str| match expr.as_literal() {
        Some(Value::Integer(n)) if *n >= 0 => Ok(Expr::literal(Value::Integer(*n), Type::Bigint)),
        _ => Err(Problem::new(format!("{name} is not supported with {what} that is no constant"))
            .hint("write a number")),
    };
    let (udf, args, ty) = match (name, args.as_slice()) {
        ("row_number", []) => (native::row_number::row_number_udwf(), vec![], Type::Bigint),
        ("rank", []) => (native::rank::rank_udwf(), vec![], Type::Bigint),
        ("dense_rank", []) => (native::rank::dense_rank_udwf(), vec![], Type::Bigint),
        ("percent_rank", []) => (native::rank::percent_rank_udwf(), vec![], Type::Double),
        ("cume_dist", []) => (native::cume_dist::cume_dist_udwf(), vec![], Type::Double),
        ("ntile", [n]) => {
            (native::ntile::ntile_udwf(), vec![constant(n, "a number of buckets")?], Type::Bigint)
        }
        ("first_value", [x]) => (native::nth_value::first_value_udwf(), vec![x.clone()], x.ty.clone()),
        ("last_value", [x]) => (native::nth_value::last_value_udwf(), vec![x.clone()], x.ty.clone()),
        ("nth_value", [x, n]) => {
            (native::nth_value::nth_value_udwf(), vec![x.clone(), constant(n, "an offset")?], x.ty.clone())
        }
        ("lag" | "lead", [x, rest @ ..]) if rest.len() <= 2 => {
            let udf =
                if name == "lag" { native::lead_lag::lag_udwf() } else { native::lead_lag::lead_udwf() };
            let mut args = vec![x.clone()];
            if let Some(offset) = rest.first() {
                args.push(constant(offset, "an offset")?);
            }
            if let Some(default) = rest.get(1) {
                if default.as_literal().is_none() {
                    return Err(Problem::new(format!(
                        "{name} is not supported with a default that is no constant"
                    ))
                    .hint(format!("use coalesce({name}(x), default)")));
                }
                args.push(coerce(default.clone(), &x.ty));
            }
            (udf, args, x.ty.clone())
        }
        _ => {
            let types: Vec<String> = args.iter().map(|arg| arg.ty.to_string()).collect();
            return Err(Problem::new(format!("{name} does not take ({})", types.join(", "))));
        }
    };
    Ok(Function::Window { udf, args, ignore_nulls, ty })
}

/// The frame, or the one that there is without a word of it.
fn frame(frame: Option<&ast::WindowFrame>, order: &[SortKey]) -> Result<WindowFrame, Problem> {
    let Some(frame) = frame else { return Ok(WindowFrame::new((!order.is_empty()).then_some(false))) };
    let units = match frame.units {
        ast::WindowFrameUnits::Rows => WindowFrameUnits::Rows,
        ast::WindowFrameUnits::Range => WindowFrameUnits::Range,
        ast::WindowFrameUnits::Groups => WindowFrameUnits::Groups,
    };
    let has_offset = |bound: &ast::WindowFrameBound| {
        matches!(bound, ast::WindowFrameBound::Preceding(Some(_)) | ast::WindowFrameBound::Following(Some(_)))
    };
    let bounds = std::iter::once(&frame.start_bound).chain(&frame.end_bound);
    if units == WindowFrameUnits::Range
        && bounds.into_iter().any(has_offset)
        && !matches!(order, [key] if key.expr.ty.is_integer())
    {
        return Err(Problem::new("RANGE with an offset is supported for one ORDER BY of whole numbers only")
            .hint("use ROWS, or order by to_unixtime(x) as a bigint"));
    }
    let start = bound(&frame.start_bound, units)?;
    let end = match &frame.end_bound {
        Some(end) => bound(end, units)?,
        None => WindowFrameBound::CurrentRow,
    };
    Ok(WindowFrame::new_bounds(units, start, end))
}

fn bound(bound: &ast::WindowFrameBound, units: WindowFrameUnits) -> Result<WindowFrameBound, Problem> {
    let offset = |expr: &ast::Expr| {
        let count = match expr {
            ast::Expr::Value(value) => match &value.value {
                ast::Value::Number(text, _) => text.parse::<u64>().ok(),
                _ => None,
            },
            _ => None,
        };
        let Some(count) = count else {
            return Err(Problem::new("a frame's offset is supported as a number only").at(expr.span()));
        };
        Ok(match units {
            WindowFrameUnits::Range => ScalarValue::Int64(i64::try_from(count).ok()),
            _ => ScalarValue::UInt64(Some(count)),
        })
    };
    Ok(match bound {
        ast::WindowFrameBound::CurrentRow => WindowFrameBound::CurrentRow,
        ast::WindowFrameBound::Preceding(None) => WindowFrameBound::Preceding(ScalarValue::UInt64(None)),
        ast::WindowFrameBound::Following(None) => WindowFrameBound::Following(ScalarValue::UInt64(None)),
        ast::WindowFrameBound::Preceding(Some(expr)) => WindowFrameBound::Preceding(offset(expr)?),
        ast::WindowFrameBound::Following(Some(expr)) => WindowFrameBound::Following(offset(expr)?),
    })
}
