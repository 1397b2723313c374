//! The evaluation of expressions on one row.

use std::cmp::Ordering;

use super::cast::cast;
use super::error::EvalError;
use super::expr::{Call, Comparison, Constants, Expr, ExprKind, Kernel};
use super::value::{Eval, Key, Value};

/// Where columns come from.
pub(crate) trait Row<'a> {
    fn column(&self, index: usize) -> Value<'a>;
}

impl<'a> Row<'a> for [Value<'a>] {
    fn column(&self, index: usize) -> Value<'a> {
        self.get(index).cloned().unwrap_or(Value::Null)
    }
}

/// The row without columns, for constants.
pub(crate) struct NoRow;

impl<'a> Row<'a> for NoRow {
    fn column(&self, _: usize) -> Value<'a> {
        Value::Null
    }
}

/// What an expression sees: the row, and the parameters of the lambdas around it.
#[derive(Clone, Copy)]
struct Scope<'e, 'a> {
    row: &'e dyn Row<'a>,
    frame: Option<&'e Frame<'e, 'a>>,
}

struct Frame<'e, 'a> {
    outer: Option<&'e Frame<'e, 'a>>,
    values: &'e [Value<'a>],
}

/// A lambda and what it closes over.
pub(crate) struct Lambda<'e, 'a> {
    body: &'a Expr,
    scope: Scope<'e, 'a>,
}

impl<'a> Lambda<'_, 'a> {
    pub(crate) fn call(&self, values: &[Value<'a>]) -> Eval<'a> {
        let frame = Frame { outer: self.scope.frame, values };
        self.body.eval_in(&Scope { row: self.scope.row, frame: Some(&frame) })
    }
}

impl Comparison {
    pub(crate) fn holds(self, ordering: Ordering) -> bool {
        match self {
            Comparison::Equal => ordering.is_eq(),
            Comparison::NotEqual => ordering.is_ne(),
            Comparison::Less => ordering.is_lt(),
            Comparison::LessOrEqual => ordering.is_le(),
            Comparison::Greater => ordering.is_gt(),
            Comparison::GreaterOrEqual => ordering.is_ge(),
        }
    }

    /// The comparison of two values of one type; `None` is SQL's unknown.
    ///
    /// # Errors
    ///
    /// The order of two arrays or rows hangs on a NULL inside.
    pub(crate) fn compare(self, left: &Value<'_>, right: &Value<'_>) -> Result<Option<bool>, EvalError> {
        match self {
            Comparison::Equal => Ok(left.equals(right)),
            Comparison::NotEqual => Ok(left.equals(right).map(|equal| !equal)),
            _ if left.is_null() || right.is_null() => Ok(None),
            _ if left.is_nan() || right.is_nan() => Ok(Some(false)),
            _ => Ok(Some(self.holds(left.compare(right)?))),
        }
    }
}

impl Expr {
    /// The value of the expression on a row.
    ///
    /// # Errors
    ///
    /// What fails the query in Trino: a division by zero, a text that is no number.
    pub(crate) fn eval<'a>(&'a self, row: &dyn Row<'a>) -> Eval<'a> {
        self.eval_in(&Scope { row, frame: None })
    }

    fn eval_in<'a>(&'a self, scope: &Scope<'_, 'a>) -> Eval<'a> {
        match &self.kind {
            ExprKind::Literal(value) => Ok(borrow(value)),
            ExprKind::Column(index) => Ok(scope.row.column(*index)),
            ExprKind::Parameter { depth, index } => Ok(parameter(scope, *depth, *index)),
            ExprKind::Call(call) => call.eval(scope),
            ExprKind::Cast { expr, is_try } => {
                let value = expr.eval_in(scope)?;
                match cast(value, &expr.ty, &self.ty) {
                    Err(_) if *is_try => Ok(Value::Null),
                    result => result,
                }
            }
            ExprKind::And(parts) => logic(parts, false, scope),
            ExprKind::Or(parts) => logic(parts, true, scope),
            ExprKind::Not(expr) => Ok(truth(expr.eval_truth(scope)?.map(|truth| !truth))),
            ExprKind::IsNull(expr) => Ok(Value::Boolean(expr.eval_in(scope)?.is_null())),
            ExprKind::Compare { op, left, right } => {
                Ok(truth(op.compare(&left.eval_in(scope)?, &right.eval_in(scope)?)?))
            }
            ExprKind::Identical(left, right) => {
                Ok(Value::Boolean(left.eval_in(scope)?.is_identical(&right.eval_in(scope)?)))
            }
            ExprKind::Between { value, low, high } => {
                let value = value.eval_in(scope)?;
                let above = Comparison::GreaterOrEqual.compare(&value, &low.eval_in(scope)?)?;
                if above == Some(false) {
                    return Ok(Value::Boolean(false));
                }
                let below = Comparison::LessOrEqual.compare(&value, &high.eval_in(scope)?)?;
                Ok(truth(if below == Some(false) { below } else { above.and(below) }))
            }
            ExprKind::In { value, list, constants } => {
                let value = value.eval_in(scope)?;
                match constants {
                    Some(constants) => Ok(truth(constants.contain(value))),
                    None => is_in(&value, list, scope),
                }
            }
            ExprKind::Case(case) => {
                for (condition, result) in &case.branches {
                    if condition.eval_truth(scope)? == Some(true) {
                        return result.eval_in(scope);
                    }
                }
                case.otherwise.as_ref().map_or(Ok(Value::Null), |otherwise| otherwise.eval_in(scope))
            }
            ExprKind::Coalesce(parts) => {
                for part in parts {
                    let value = part.eval_in(scope)?;
                    if !value.is_null() {
                        return Ok(value);
                    }
                }
                Ok(Value::Null)
            }
            ExprKind::Let { value, body } => {
                let frame = Frame { outer: scope.frame, values: &[value.eval_in(scope)?] };
                body.eval_in(&Scope { row: scope.row, frame: Some(&frame) })
            }
            ExprKind::Try(expr) => match expr.eval_in(scope) {
                Err(error) if error.is_caught_by_try() => Ok(Value::Null),
                result => result,
            },
            ExprKind::Field(expr, index) => match expr.eval_in(scope)? {
                Value::Row(fields) => Ok(fields.get(*index).cloned().unwrap_or(Value::Null)),
                _ => Ok(Value::Null),
            },
            ExprKind::Array(parts) => {
                parts.iter().map(|part| part.eval_in(scope)).collect::<Result<_, _>>().map(Value::Array)
            }
            ExprKind::Row(parts) => {
                parts.iter().map(|part| part.eval_in(scope)).collect::<Result<_, _>>().map(Value::Row)
            }
            ExprKind::Lambda(_) => Ok(Value::Null),
        }
    }

    fn eval_truth<'a>(&'a self, scope: &Scope<'_, 'a>) -> Result<Option<bool>, EvalError> {
        match self.eval_in(scope)? {
            Value::Boolean(truth) => Ok(Some(truth)),
            _ => Ok(None),
        }
    }
}

impl Call {
    fn eval<'a>(&'a self, scope: &Scope<'_, 'a>) -> Eval<'a> {
        let lambdas: Vec<Lambda<'_, 'a>> = match self.kernel {
            Kernel::Higher(_) => self
                .args
                .iter()
                .filter_map(|arg| match &arg.kind {
                    ExprKind::Lambda(body) => Some(Lambda { body, scope: *scope }),
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        };
        match self.args.as_slice() {
            [] => self.run(&[], &lambdas),
            [a] => match self.arg(a, scope)? {
                Some(a) => self.run(&[a], &lambdas),
                None => Ok(Value::Null),
            },
            [a, b] => match (self.arg(a, scope)?, self.arg(b, scope)?) {
                (Some(a), Some(b)) => self.run(&[a, b], &lambdas),
                _ => Ok(Value::Null),
            },
            [a, b, c] => match (self.arg(a, scope)?, self.arg(b, scope)?, self.arg(c, scope)?) {
                (Some(a), Some(b), Some(c)) => self.run(&[a, b, c], &lambdas),
                _ => Ok(Value::Null),
            },
            args => {
                let mut values = Vec::with_capacity(args.len());
                for arg in args {
                    match self.arg(arg, scope)? {
                        Some(value) => values.push(value),
                        None => return Ok(Value::Null),
                    }
                }
                self.run(&values, &lambdas)
            }
        }
    }

    /// An argument's value, or `None` if it makes the call NULL.
    fn arg<'a>(&'a self, arg: &'a Expr, scope: &Scope<'_, 'a>) -> Result<Option<Value<'a>>, EvalError> {
        let value = arg.eval_in(scope)?;
        let is_open = value.is_null() && !self.takes_null && !matches!(arg.kind, ExprKind::Lambda(_));
        Ok((!is_open).then_some(value))
    }

    fn run<'a>(&self, values: &[Value<'a>], lambdas: &[Lambda<'_, 'a>]) -> Eval<'a> {
        match &self.kernel {
            Kernel::Plain(run) => run(values),
            Kernel::Bound(run) => run(values),
            Kernel::Higher(run) => run(values, lambdas),
        }
    }
}

impl Constants {
    fn contain(&self, value: Value<'_>) -> Option<bool> {
        if value.is_null() {
            return None;
        }
        if !value.is_nan() && self.values.contains(&Key(value)) {
            return Some(true);
        }
        if self.has_null { None } else { Some(false) }
    }
}

fn borrow<'a>(value: &'a Value<'static>) -> Value<'a> {
    match value {
        Value::Varchar(text) => Value::text(&**text),
        Value::Json(text) => Value::json(&**text),
        Value::Varbinary(bytes) => Value::bytes(&**bytes),
        other => other.clone(),
    }
}

fn parameter<'a>(scope: &Scope<'_, 'a>, depth: usize, index: usize) -> Value<'a> {
    let mut frame = scope.frame;
    for _ in 0..depth {
        frame = frame.and_then(|frame| frame.outer);
    }
    frame.and_then(|frame| frame.values.get(index)).cloned().unwrap_or(Value::Null)
}

pub(crate) fn truth(truth: Option<bool>) -> Value<'static> {
    truth.map_or(Value::Null, Value::Boolean)
}

/// AND and OR: the first part that decides ends it.
fn logic<'a>(parts: &'a [Expr], decides: bool, scope: &Scope<'_, 'a>) -> Eval<'a> {
    let mut result = Some(!decides);
    for part in parts {
        match part.eval_truth(scope)? {
            Some(truth) if truth == decides => return Ok(Value::Boolean(decides)),
            Some(_) => {}
            None => result = None,
        }
    }
    Ok(truth(result))
}

fn is_in<'a>(value: &Value<'a>, list: &'a [Expr], scope: &Scope<'_, 'a>) -> Eval<'a> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    let mut result = Some(false);
    for item in list {
        match value.equals(&item.eval_in(scope)?) {
            Some(true) => return Ok(Value::Boolean(true)),
            Some(false) => {}
            None => result = None,
        }
    }
    Ok(truth(result))
}
