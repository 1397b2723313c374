//! Which function of DataFusion stands for an aggregate of Trino.

use std::sync::Arc;

use datafusion::functions_aggregate as native;
use datafusion::logical_expr::AggregateUDF;

use super::finish::{self, Finish};
use super::{Function, Input};
use crate::trino::{AGGREGATES, Call, Expr, ExprKind, Field, Kernel, Problem, Type, coerce};

/// An aggregate that is chosen.
pub(super) struct Resolved {
    pub(super) function: Function,
    /// Which rows it takes.
    pub(super) condition: Option<Expr>,
    /// Each value once.
    pub(super) distinct: bool,
}

/// The function for these arguments.
///
/// # Errors
///
/// Trino has none for them, or we have none.
pub(super) fn resolve(name: &str, args: Vec<Expr>, distinct: bool) -> Result<Resolved, Problem> {
    let types: Vec<Type> = args.iter().map(|arg| arg.ty.clone()).collect();
    let Some(name) = AGGREGATES.iter().copied().find(|known| *known == name) else {
        return Err(refuse(name, &types));
    };
    let native = |udf: Arc<AggregateUDF>, inputs: Vec<Input>, gives: Type| Function {
        udf,
        inputs,
        finish: None,
        gives,
    };
    let count = native::count::count_udaf;
    let function = match (name, args.as_slice()) {
        ("count", []) => {
            let function = native(count(), vec![Input::Row], Type::Bigint);
            return Ok(Resolved { function, condition: None, distinct: false });
        }
        ("count", [x]) => native(count(), vec![key(x)], Type::Bigint),
        ("count_if", [x]) if is_boolean(x) => {
            let function = native(count(), vec![Input::Row], Type::Bigint);
            let condition = Some(coerce(x.clone(), &Type::Boolean));
            return Ok(Resolved { function, condition, distinct: false });
        }
        // Exact here: within the error that Trino allows itself.
        ("approx_distinct", [x] | [x, _]) => {
            let function = native(count(), vec![key(x)], Type::Bigint);
            return Ok(Resolved { function, condition: None, distinct: true });
        }
        ("sum", [x]) => sum(x, distinct)?,
        ("avg", [x]) => avg(x, distinct)?,
        ("min" | "max", [x]) if x.ty.is_orderable() => extreme(name, x),
        ("min" | "max", [x, n]) if x.ty.is_orderable() && n.ty.is_integer() => {
            let finish = if name == "min" { finish::smallest } else { finish::greatest };
            gather(name, &[x.clone(), coerce(n.clone(), &Type::Bigint)], finish, Type::array(x.ty.clone()))
        }
        ("arbitrary" | "any_value", [x]) if has_native_order(&x.ty) => extreme("min", x),
        ("arbitrary" | "any_value", [x]) => gather(name, std::slice::from_ref(x), finish::any, x.ty.clone()),
        ("bool_and" | "every", [x]) if is_boolean(x) => native(
            native::bool_and_or::bool_and_udaf(),
            vec![Input::Value(coerce(x.clone(), &Type::Boolean))],
            Type::Boolean,
        ),
        ("bool_or", [x]) if is_boolean(x) => native(
            native::bool_and_or::bool_or_udaf(),
            vec![Input::Value(coerce(x.clone(), &Type::Boolean))],
            Type::Boolean,
        ),
        ("array_agg", [x]) => native(
            native::array_agg::array_agg_udaf(),
            vec![Input::Value(x.clone())],
            Type::array(x.ty.clone()),
        ),
        ("approx_percentile", _) => percentile(&args)?,
        ("map_agg", [k, v]) => gather(name, &args, finish::map_agg, Type::map(k.ty.clone(), v.ty.clone())),
        ("multimap_agg", [k, v]) => {
            gather(name, &args, finish::multimap_agg, Type::map(k.ty.clone(), Type::array(v.ty.clone())))
        }
        ("map_union", [x]) if matches!(x.ty, Type::Map(..)) => {
            gather(name, &args, finish::map_union, x.ty.clone())
        }
        ("histogram", [x]) => gather(name, &args, finish::histogram, Type::map(x.ty.clone(), Type::Bigint)),
        ("min_by" | "max_by", [x, y]) if y.ty.is_orderable() => {
            let finish = if name == "min_by" { finish::min_by } else { finish::max_by };
            gather(name, &args, finish, x.ty.clone())
        }
        ("min_by" | "max_by", [x, y, n]) if y.ty.is_orderable() && n.ty.is_integer() => {
            let finish = if name == "min_by" { finish::smallest_by } else { finish::greatest_by };
            let args = [x.clone(), y.clone(), coerce(n.clone(), &Type::Bigint)];
            gather(name, &args, finish, Type::array(x.ty.clone()))
        }
        ("listagg", [x]) if x.ty.is_varchar() => gather(name, &args, finish::join, Type::VARCHAR),
        ("listagg", [x, separator]) if x.ty.is_varchar() && separator.ty.is_varchar() => {
            gather(name, &args, finish::join, Type::VARCHAR)
        }
        ("geometric_mean", [x]) if x.ty.is_number() => {
            gather(name, &[coerce(x.clone(), &Type::Double)], finish::geometric_mean, Type::Double)
        }
        ("bitwise_and_agg" | "bitwise_or_agg" | "bitwise_xor_agg", [x]) if x.ty.is_integer() => {
            let udf = match name {
                "bitwise_and_agg" => native::bit_and_or_xor::bit_and_udaf(),
                "bitwise_or_agg" => native::bit_and_or_xor::bit_or_udaf(),
                _ => native::bit_and_or_xor::bit_xor_udaf(),
            };
            native(udf, vec![Input::Value(coerce(x.clone(), &Type::Bigint))], Type::Bigint)
        }
        _ => match statistic(name) {
            Some((udf, count)) if args.len() == count && args.iter().all(|arg| arg.ty.is_number()) => {
                let inputs =
                    args.iter().map(|arg| Input::Value(coerce(arg.clone(), &Type::Double))).collect();
                native(udf, inputs, Type::Double)
            }
            _ => return Err(refuse(name, &types)),
        },
    };
    Ok(Resolved { function, condition: None, distinct })
}

fn key(expr: &Expr) -> Input {
    Input::Key(expr.clone())
}

fn is_boolean(expr: &Expr) -> bool {
    matches!(expr.ty, Type::Boolean | Type::Unknown)
}

/// Whether DataFusion's `min` finds the least value in Trino's order.
fn has_native_order(ty: &Type) -> bool {
    match ty {
        Type::Boolean | Type::Varchar(_) | Type::Date | Type::Decimal(..) => true,
        Type::Timestamp(_) | Type::TimestampTz(_) => true,
        ty => ty.is_integer(),
    }
}

fn extreme(name: &'static str, x: &Expr) -> Function {
    if !has_native_order(&x.ty) {
        let finish = if name == "min" { finish::least } else { finish::most };
        return gather(name, std::slice::from_ref(x), finish, x.ty.clone());
    }
    let udf = if name == "min" { native::min_max::min_udaf() } else { native::min_max::max_udaf() };
    Function { udf, inputs: vec![Input::Value(x.clone())], finish: None, gives: x.ty.clone() }
}

fn sum(x: &Expr, distinct: bool) -> Result<Function, Problem> {
    let (as_type, gives, ty) = match &x.ty {
        // Through decimals, so that what does not fit into a bigint is an error and no other number.
        ty if ty.is_integer() => (Type::Decimal(19, 0), Type::Decimal(38, 0), Type::Bigint),
        Type::Unknown => (Type::Bigint, Type::Decimal(38, 0), Type::Bigint),
        Type::Decimal(_, scale) => (x.ty.clone(), Type::Decimal(38, *scale), Type::Decimal(38, *scale)),
        Type::Real => (Type::Double, Type::Double, Type::Real),
        Type::Double => (Type::Double, Type::Double, Type::Double),
        Type::IntervalDayToSecond | Type::IntervalYearToMonth => {
            return Ok(gather("sum", std::slice::from_ref(x), finish::sum, x.ty.clone()));
        }
        _ => return Err(refuse("sum", std::slice::from_ref(&x.ty))),
    };
    let x = coerce(x.clone(), &as_type);
    if distinct {
        let gathered = gather("sum", std::slice::from_ref(&x), finish::sum, as_type);
        return Ok(converted(gathered, &ty));
    }
    let function =
        Function { udf: native::sum::sum_udaf(), inputs: vec![Input::Value(x)], finish: None, gives };
    Ok(converted(function, &ty))
}

fn avg(x: &Expr, distinct: bool) -> Result<Function, Problem> {
    let ty = match &x.ty {
        ty if ty.is_integer() => Type::Double,
        ty @ (Type::Double | Type::Real | Type::Decimal(..)) => ty.clone(),
        ty @ (Type::IntervalDayToSecond | Type::IntervalYearToMonth) => ty.clone(),
        _ => return Err(refuse("avg", std::slice::from_ref(&x.ty))),
    };
    if distinct || !matches!(ty, Type::Double | Type::Real) {
        let as_type = if ty == Type::Real { Type::Double } else { ty.clone() };
        let x = coerce(x.clone(), &as_type);
        return Ok(converted(gather("avg", &[x], finish::avg, as_type), &ty));
    }
    let x = coerce(x.clone(), &Type::Double);
    let function = Function {
        udf: native::average::avg_udaf(),
        inputs: vec![Input::Value(x)],
        finish: None,
        gives: Type::Double,
    };
    Ok(converted(function, &ty))
}

/// The function with its value cast.
fn converted(function: Function, ty: &Type) -> Function {
    let value = function.finish.clone().unwrap_or_else(|| Expr::column(0, function.gives.clone()));
    Function { finish: (value.ty != *ty).then(|| coerce(value.clone(), ty)).or(function.finish), ..function }
}

/// `approx_percentile(x, p)`, `(x, ps)`, `(x, w, p)`, `(x, w, ps)`, each with an accuracy or not.
fn percentile(args: &[Expr]) -> Result<Function, Problem> {
    let refused = || refuse("approx_percentile", &args.iter().map(|arg| arg.ty.clone()).collect::<Vec<_>>());
    let [x, rest @ ..] = args else { return Err(refused()) };
    let is_share = |expr: &&Expr| matches!(&expr.ty, Type::Array(_)) || expr.ty.is_number();
    let share = match rest {
        [share] => share,
        [_, _] | [_, _, _] => {
            return Err(Problem::new("approx_percentile with weights or an accuracy is not supported")
                .hint("use approx_percentile(x, 0.95)"));
        }
        _ => return Err(refused()),
    };
    if !x.ty.is_number() || !is_share(&share) {
        return Err(refused());
    }
    let (share_type, ty) = match &share.ty {
        Type::Array(_) => (Type::array(Type::Double), Type::array(x.ty.clone())),
        _ => (Type::Double, x.ty.clone()),
    };
    let args = [x.clone(), coerce(share.clone(), &share_type)];
    Ok(gather("approx_percentile", &args, finish::percentile, ty))
}

/// Functions of one or two doubles, and of how many.
fn statistic(name: &str) -> Option<(Arc<AggregateUDF>, usize)> {
    Some(match name {
        "stddev" | "stddev_samp" => (native::stddev::stddev_udaf(), 1),
        "stddev_pop" => (native::stddev::stddev_pop_udaf(), 1),
        "variance" | "var_samp" => (native::variance::var_samp_udaf(), 1),
        "var_pop" => (native::variance::var_pop_udaf(), 1),
        "corr" => (native::correlation::corr_udaf(), 2),
        "covar_pop" => (native::covariance::covar_pop_udaf(), 2),
        "covar_samp" => (native::covariance::covar_samp_udaf(), 2),
        "regr_slope" => (native::regr::regr_slope_udaf(), 2),
        "regr_intercept" => (native::regr::regr_intercept_udaf(), 2),
        _ => return None,
    })
}

/// Gathers the arguments of all rows, for `finish` to make the value of.
fn gather(name: &'static str, args: &[Expr], finish: Finish, ty: Type) -> Function {
    let row = match args {
        [one] => one.clone(),
        _ => {
            let ty = Type::row(args.iter().map(|arg| Field::unnamed(arg.ty.clone())));
            Expr::new(ExprKind::Row(args.to_vec()), ty)
        }
    };
    let gives = Type::array(row.ty.clone());
    let call = Call {
        name,
        kernel: Kernel::Plain(finish),
        args: vec![Expr::column(0, gives.clone())],
        takes_null: false,
        volatile: false,
    };
    let finish = Some(Expr::new(ExprKind::Call(Box::new(call)), ty));
    Function { udf: native::array_agg::array_agg_udaf(), inputs: vec![Input::Value(row)], finish, gives }
}

fn refuse(name: &str, types: &[Type]) -> Problem {
    /// Aggregates that are not here at all.
    const LACKING: [&str; 20] = [
        "approx_most_frequent",
        "approx_set",
        "checksum",
        "convex_hull_agg",
        "entropy",
        "evaluate_classifier_predictions",
        "geometry_union_agg",
        "kurtosis",
        "learn_classifier",
        "learn_regressor",
        "merge",
        "numeric_histogram",
        "qdigest_agg",
        "reduce_agg",
        "set_agg",
        "set_union",
        "skewness",
        "spatial_partitioning",
        "tdigest_agg",
        "map_union",
    ];
    if LACKING.contains(&name) {
        return Problem::new(format!("the function {name} is not supported")).hint("ask Athena");
    }
    let types: Vec<String> = types.iter().map(Type::to_string).collect();
    let problem = Problem::new(format!("{name} does not take ({})", types.join(", ")));
    match name {
        "sum" | "avg" | "stddev" | "variance" | "approx_percentile" => {
            problem.hint(format!("cast the text to a number: {name}(CAST(x AS bigint))"))
        }
        "count_if" | "bool_and" | "bool_or" | "every" => problem.hint("give it a condition: x = 'value'"),
        "listagg" => problem.hint("cast it: CAST(x AS varchar)"),
        "count" => problem.hint("count a row: count(DISTINCT ROW(a, b))"),
        _ => problem.hint("see its arguments in Trino's documentation"),
    }
}
