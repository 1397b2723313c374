//! Calls of functions.

use datafusion::sql::sqlparser::ast;
use datafusion::sql::sqlparser::ast::{
    FunctionArg, FunctionArgExpr, FunctionArguments, LambdaFunction, Spanned,
};

use super::fold::{coerce, fold};
use super::{Analyzed, Analyzer, hints};
use crate::trino::error::{EvalError, Problem};
use crate::trino::expr::{Call, Expr, ExprKind, Kernel};
use crate::trino::functions::{self, Bind, Body};
use crate::trino::signature::Argument;
use crate::trino::time::{Instant, Zone};
use crate::trino::types::Type;
use crate::trino::value::Value;

/// An argument before its function is known.
enum Given<'q> {
    Value(Expr),
    Lambda(&'q LambdaFunction),
}

impl Analyzer<'_> {
    pub(super) fn function(&mut self, function: &ast::Function) -> Analyzed {
        let name = function.name.to_string().to_ascii_lowercase();
        if function.over.is_some() {
            return Err(Problem::new(format!("{name} is not a window function that is allowed here")));
        }
        if function.filter.is_some() || !function.within_group.is_empty() || function.null_treatment.is_some()
        {
            return Err(Problem::new(format!("{name} is not an aggregate function that is allowed here")));
        }
        let arguments = match &function.args {
            FunctionArguments::None => Vec::new(),
            FunctionArguments::Subquery(_) => return Err(Problem::new(format!("{name} takes no query"))),
            FunctionArguments::List(list) => {
                if list.duplicate_treatment.is_some() || !list.clauses.is_empty() {
                    return Err(Problem::new(format!(
                        "{name} is not an aggregate function that is allowed here"
                    )));
                }
                list.args.iter().map(|arg| unnamed(&name, arg)).collect::<Result<_, _>>()?
            }
        };
        self.call(&name, &arguments)
    }

    /// A call of a function or of what looks like one.
    pub(super) fn call(&mut self, name: &str, arguments: &[&ast::Expr]) -> Analyzed {
        match (name, arguments) {
            ("if", [condition, then]) => self.if_else(condition, then, None),
            ("if", [condition, then, otherwise]) => self.if_else(condition, then, Some(otherwise)),
            ("coalesce", [_, _, ..]) => self.coalesce(arguments),
            ("nullif", [first, second]) => self.null_if(first, second),
            ("if" | "coalesce" | "nullif", _) => {
                Err(Problem::new(format!("Invalid number of arguments for '{name}' function")))
            }
            ("try", [inner]) => {
                self.tries += 1;
                let inner = self.expr(inner);
                self.tries -= 1;
                let inner = inner?;
                let ty = inner.ty.clone();
                Ok(fold(Expr::new(ExprKind::Try(Box::new(inner)), ty)))
            }
            ("row", [_, ..]) => {
                let parts: Vec<ast::Expr> = arguments.iter().map(|part| (*part).clone()).collect();
                self.row(&parts)
            }
            ("normalize", [text, ast::Expr::Identifier(form)]) => {
                let args =
                    vec![self.expr(text)?, Expr::literal(Value::text(form.value.clone()), Type::VARCHAR)];
                self.call_exprs("normalize", args)
            }
            ("now" | "current_timestamp", []) => Ok(self.now(3)),
            ("current_timestamp", [precision]) => Ok(self.now(precision_of(precision)?)),
            ("localtimestamp", []) => Ok(without_zone(self.now(3))),
            ("localtimestamp", [precision]) => Ok(without_zone(self.now(precision_of(precision)?))),
            ("current_date", []) => {
                let days = self.session.start.micros.div_euclid(crate::trino::time::DAY);
                Ok(Expr::literal(Value::Date(days as i32), Type::Date))
            }
            ("current_timezone", []) => Ok(Expr::literal(Value::text("UTC"), Type::VARCHAR)),
            _ => {
                let given = arguments
                    .iter()
                    .map(|argument| match argument {
                        ast::Expr::Lambda(lambda) => Ok(Given::Lambda(lambda)),
                        other => self.expr(other).map(Given::Value),
                    })
                    .collect::<Result<_, _>>()?;
                self.call_given(name, given)
            }
        }
    }

    pub(super) fn call_exprs(&mut self, name: &str, arguments: Vec<Expr>) -> Analyzed {
        self.call_given(name, arguments.into_iter().map(Given::Value).collect())
    }

    fn call_given(&mut self, name: &str, given: Vec<Given<'_>>) -> Analyzed {
        let arguments: Vec<Argument> = given
            .iter()
            .map(|argument| match argument {
                Given::Value(expr) => Argument::Value(expr.ty.clone()),
                Given::Lambda(lambda) => Argument::Lambda(lambda.params.len()),
            })
            .collect();
        let mut type_lambda = |index: usize, types: &[Type]| match &given[index] {
            Given::Lambda(lambda) => self.lambda(lambda, types),
            Given::Value(_) => Err(Problem::new(format!("argument {} of {name} is not a lambda", index + 1))),
        };
        let resolved = functions::resolve(name, &arguments, &mut type_lambda)
            .map_err(|problem| hints::arguments(problem, name, &arguments))?
            .ok_or_else(|| hints::unknown_function(name))?;
        let matched = resolved.matched;
        let mut args = Vec::with_capacity(given.len());
        for ((given, body), ty) in given.into_iter().zip(lambdas(matched.lambdas)).zip(&matched.parameters) {
            args.push(match (given, body, ty) {
                (Given::Value(expr), ..) => coerce(expr, ty),
                (Given::Lambda(_), Some(body), Type::Function(_, result)) => {
                    Expr::new(ExprKind::Lambda(Box::new(coerce(body, result))), ty.clone())
                }
                (Given::Lambda(_), ..) => return Err(Problem::new(format!("{name} takes no lambda here"))),
            });
        }
        let kernel = match resolved.function.body {
            Body::Plain(run) => Kernel::Plain(run),
            Body::Higher(run) => Kernel::Higher(run),
            Body::Bound(make) => {
                let constants: Vec<Option<Value<'static>>> =
                    args.iter().map(|arg| arg.as_literal().cloned()).collect();
                let bind = Bind {
                    types: &matched.parameters,
                    constants: &constants,
                    result: &matched.result,
                    session: self.session,
                };
                match make(&bind) {
                    Ok(kernel) => kernel,
                    // A constant that is wrong is wrong on every row; TRY asks not to hear of it.
                    Err(error) if self.tries > 0 && error.is_caught_by_try() => fails(error),
                    Err(error) => return Err(hints::constant(name, &error)),
                }
            }
        };
        let call = Call {
            name: resolved.name,
            kernel,
            args,
            takes_null: resolved.function.takes_null,
            volatile: resolved.function.volatile,
        };
        Ok(fold(Expr::new(ExprKind::Call(Box::new(call)), matched.result)))
    }

    /// An operator as a call.
    pub(super) fn make_call(&self, name: &'static str, kernel: Kernel, args: Vec<Expr>, ty: Type) -> Expr {
        let call = Call { name, kernel, args, takes_null: false, volatile: false };
        Expr::new(ExprKind::Call(Box::new(call)), ty)
    }

    fn lambda(&mut self, lambda: &LambdaFunction, types: &[Type]) -> Analyzed {
        let names = lambda.params.iter().map(|parameter| parameter.name.value.to_lowercase());
        self.scopes.push(names.zip(types.iter().cloned()).collect());
        let body = self.expr(&lambda.body);
        self.scopes.pop();
        body
    }

    fn now(&self, precision: u8) -> Expr {
        let instant = crate::trino::time::round(self.session.start, precision);
        Expr::literal(Value::TimestampTz(instant, Zone::UTC), Type::TimestampTz(precision))
    }

    pub(super) fn at_time_zone(&mut self, timestamp: &ast::Expr, zone: &ast::Expr) -> Analyzed {
        let args = vec![self.expr(timestamp)?, self.expr(zone)?];
        self.call_exprs("at_timezone", args)
    }

    pub(super) fn extract(&mut self, field: &str, expr: &ast::Expr) -> Analyzed {
        const FIELDS: [&str; 17] = [
            "year",
            "quarter",
            "month",
            "week",
            "day",
            "day_of_month",
            "day_of_week",
            "dow",
            "day_of_year",
            "doy",
            "year_of_week",
            "yow",
            "hour",
            "minute",
            "second",
            "timezone_hour",
            "timezone_minute",
        ];
        let Some(name) = FIELDS.iter().find(|name| field.eq_ignore_ascii_case(name)) else {
            return Err(Problem::new(format!("Invalid EXTRACT field: {field}")));
        };
        let expr = self.expr(expr)?;
        // Unlike the functions of these names, EXTRACT makes no time of a date.
        let is_wrong = match *name {
            "hour" | "minute" | "second" => expr.ty == Type::Date,
            "timezone_hour" | "timezone_minute" => matches!(expr.ty, Type::Date | Type::Timestamp(_)),
            _ => false,
        };
        if is_wrong {
            return Err(Problem::new(format!("Cannot extract {name} from {}", expr.ty)));
        }
        self.call_exprs(name, vec![expr])
    }
}

fn lambdas(lambdas: Vec<Option<Expr>>) -> impl Iterator<Item = Option<Expr>> {
    lambdas.into_iter().chain(std::iter::repeat_with(|| None))
}

fn unnamed<'q>(function: &str, argument: &'q FunctionArg) -> Result<&'q ast::Expr, Problem> {
    match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Ok(expr),
        FunctionArg::Unnamed(_) => Err(Problem::new(format!("{function} takes no *")).at(argument.span())),
        FunctionArg::Named { name, .. } => {
            Err(Problem::new(format!("{function} has no named arguments, and this one is named {name}")))
        }
        FunctionArg::ExprNamed { .. } => Err(Problem::new(format!("{function} has no named arguments"))),
    }
}

fn fails(error: EvalError) -> Kernel {
    Kernel::Bound(std::sync::Arc::new(move |_| Err(error.clone())))
}

fn precision_of(expr: &ast::Expr) -> Result<u8, Problem> {
    let text = expr.to_string();
    text.parse()
        .ok()
        .filter(|precision| *precision <= 12)
        .ok_or_else(|| Problem::new(format!("the precision of a timestamp is 0 to 12, not {text}")))
}

/// The wall clock of a constant, in UTC.
fn without_zone(now: Expr) -> Expr {
    match (now.as_literal(), &now.ty) {
        (Some(Value::TimestampTz(instant, _)), Type::TimestampTz(precision)) => {
            Expr::literal(Value::Timestamp(Instant { ..*instant }), Type::Timestamp(*precision))
        }
        _ => now,
    }
}
