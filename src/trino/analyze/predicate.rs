//! Operators, conditions and what chooses between values.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast;
use datafusion::sql::sqlparser::ast::{BinaryOperator, CaseWhen, ValueWithSpan};

use super::fold::{coerce, fold};
use super::{Analyzed, Analyzer, common_type, hints, literal, negate, span};
use crate::trino::error::Problem;
use crate::trino::expr::{Case, Comparison, Constants, Expr, ExprKind};
use crate::trino::operators::{self, Arithmetic};
use crate::trino::types::Type;
use crate::trino::value::Key;

/// How many operators of arithmetic may follow each other: they nest, and so does what evaluates them.
const MAX_OPERATORS: usize = 500;

/// From how many constants on an IN list is looked up instead of walked.
const LOOK_UP: usize = 5;

impl Analyzer<'_> {
    pub(super) fn boolean(&mut self, expr: &ast::Expr, of: &str) -> Analyzed {
        let analyzed = self.expr(expr)?;
        condition(analyzed, of).map_err(|problem| problem.at(span(expr)))
    }

    pub(super) fn binary(&mut self, left: &ast::Expr, op: &BinaryOperator, right: &ast::Expr) -> Analyzed {
        let comparison = match op {
            BinaryOperator::And | BinaryOperator::Or => return self.logic(left, op, right),
            BinaryOperator::StringConcat => return self.concat(left, right),
            op if Arithmetic::of(op).is_some() => return self.arithmetic(left, op, right),
            op => Comparison::of(op).ok_or_else(|| hints::operator(op))?,
        };
        let (left_ast, right_ast) = (left, right);
        let (left, right) = (self.expr(left)?, self.expr(right)?);
        self.compare(comparison, left, right, &[left_ast, right_ast])
    }

    /// The operands of a chain of operators, as `a OR b OR c`, without recursion: queries come with thousands of them.
    fn chain<'q>(
        &mut self,
        left: &'q ast::Expr,
        op: &'q BinaryOperator,
        right: &'q ast::Expr,
        belongs: impl Fn(&BinaryOperator) -> bool,
    ) -> Result<Chain<'q>, Problem> {
        let mut rest = vec![(op, right)];
        let mut first = left;
        loop {
            // A part of the chain may be a key of GROUP BY.
            if let Some(replaced) = self.columns.replace(first) {
                rest.reverse();
                return Ok(Chain { first: (first, replaced?), rest });
            }
            match first {
                ast::Expr::BinaryOp { left, op, right } if belongs(op) => {
                    rest.push((op, right));
                    first = left;
                }
                _ => {
                    rest.reverse();
                    return Ok(Chain { first: (first, self.expr(first)?), rest });
                }
            }
        }
    }

    /// `asts`: what was compared, to speak of it.
    fn compare(&mut self, op: Comparison, left: Expr, right: Expr, asts: &[&ast::Expr]) -> Analyzed {
        let symbol = op.symbol();
        let Some(ty) = left.ty.common(&right.ty) else {
            return Err(hints::comparison(symbol, &left, &right, asts));
        };
        let is_equality = matches!(op, Comparison::Equal | Comparison::NotEqual);
        if !ty.is_comparable() || !(is_equality || ty.is_orderable()) {
            return Err(Problem::new(format!("{ty} has no operator {symbol}")));
        }
        let (left, right) = (Box::new(coerce(left, &ty)), Box::new(coerce(right, &ty)));
        Ok(fold(Expr::new(ExprKind::Compare { op, left, right }, Type::Boolean)))
    }

    fn logic(&mut self, left: &ast::Expr, op: &BinaryOperator, right: &ast::Expr) -> Analyzed {
        let name = op.to_string();
        let chain = self.chain(left, op, right, |other| other == op)?;
        let mut parts =
            vec![condition(chain.first.1, &name).map_err(|problem| problem.at(span(chain.first.0)))?];
        for (_, operand) in chain.rest {
            parts.push(self.boolean(operand, &name)?);
        }
        let kind = if *op == BinaryOperator::And { ExprKind::And(parts) } else { ExprKind::Or(parts) };
        Ok(fold(Expr::new(kind, Type::Boolean)))
    }

    /// A chain of `||` of text is one call: every text is copied once.
    fn concat(&mut self, left: &ast::Expr, right: &ast::Expr) -> Analyzed {
        let op = &BinaryOperator::StringConcat;
        let chain = self.chain(left, op, right, |other| other == op)?;
        let mut operands = vec![chain.first.1];
        for (_, operand) in chain.rest {
            operands.push(self.expr(operand)?);
        }
        let is_text = |expr: &Expr| expr.ty.is_varchar() || expr.ty == Type::Unknown;
        if operands.iter().all(is_text) && operands.iter().any(|expr| expr.ty.is_varchar()) {
            return self.call_exprs("concat", operands);
        }
        // Arrays take elements on either side, so that the order of the operators counts.
        let mut operands = operands.into_iter();
        let Some(mut joined) = operands.next() else {
            return Err(Problem::new("|| joins two values"));
        };
        for operand in operands {
            if joined.ty == Type::Unknown && operand.ty == Type::Unknown {
                continue;
            }
            let pair = format!("{} || {}", joined.ty, operand.ty);
            joined = self.call_exprs("concat", vec![joined, operand]).map_err(|_| hints::concat(&pair))?;
        }
        Ok(joined)
    }

    fn arithmetic(&mut self, left: &ast::Expr, op: &BinaryOperator, right: &ast::Expr) -> Analyzed {
        let chain = self.chain(left, op, right, |other| Arithmetic::of(other).is_some())?;
        if chain.rest.len() > MAX_OPERATORS {
            return Err(Problem::new(format!("more than {MAX_OPERATORS} operators in one chain")));
        }
        let (mut left_ast, mut left) = chain.first;
        for (op, right_ast) in chain.rest {
            let Some(op) = Arithmetic::of(op) else {
                return Err(hints::operator(op));
            };
            let right = self.expr(right_ast)?;
            let Some(operator) = operators::arithmetic(op, &left.ty, &right.ty)? else {
                return Err(hints::arithmetic(op, &left, &right, &[left_ast, right_ast]));
            };
            let args = vec![coerce(left, &operator.left), coerce(right, &operator.right)];
            left = fold(self.make_call(op.symbol(), operator.kernel, args, operator.result));
            left_ast = right_ast;
        }
        Ok(left)
    }

    pub(super) fn is_null(&mut self, expr: &ast::Expr, negated: bool) -> Analyzed {
        let inner = self.expr(expr)?;
        let is_null = fold(Expr::new(ExprKind::IsNull(Box::new(inner)), Type::Boolean));
        Ok(if negated { negate(is_null) } else { is_null })
    }

    pub(super) fn is_distinct(&mut self, left: &ast::Expr, right: &ast::Expr, negated: bool) -> Analyzed {
        let asts = [left, right];
        let (left, right) = (self.expr(left)?, self.expr(right)?);
        let Some(ty) = left.ty.common(&right.ty) else {
            return Err(hints::comparison("IS DISTINCT FROM", &left, &right, &asts));
        };
        let (left, right) = (Box::new(coerce(left, &ty)), Box::new(coerce(right, &ty)));
        let identical = fold(Expr::new(ExprKind::Identical(left, right), Type::Boolean));
        Ok(if negated { negate(identical) } else { identical })
    }

    pub(super) fn between(
        &mut self,
        value: &ast::Expr,
        low: &ast::Expr,
        high: &ast::Expr,
        negated: bool,
    ) -> Analyzed {
        let asts = [value, low, high];
        let (value, low, high) = (self.expr(value)?, self.expr(low)?, self.expr(high)?);
        let mut ty = value.ty.clone();
        for (bound, ast) in [(&low, asts[1]), (&high, asts[2])] {
            ty = match ty.common(&bound.ty) {
                Some(ty) if ty.is_orderable() => ty,
                _ => return Err(hints::comparison("BETWEEN", &value, bound, &[asts[0], ast])),
            };
        }
        let [value, low, high] = [value, low, high].map(|expr| Box::new(coerce(expr, &ty)));
        let between = fold(Expr::new(ExprKind::Between { value, low, high }, Type::Boolean));
        Ok(if negated { negate(between) } else { between })
    }

    pub(super) fn in_list(&mut self, value: &ast::Expr, list: &[ast::Expr], negated: bool) -> Analyzed {
        let value_ast = value;
        let value = self.expr(value)?;
        let items = self.all(list)?;
        let mut ty = value.ty.clone();
        for (item, ast) in items.iter().zip(list) {
            ty = match ty.common(&item.ty) {
                Some(ty) if ty.is_comparable() => ty,
                _ => return Err(hints::comparison("IN", &value, item, &[value_ast, ast])),
            };
        }
        let list: Vec<Expr> = items.into_iter().map(|item| coerce(item, &ty)).collect();
        let constants = constants(&list, &ty).map(Arc::new);
        let value = Box::new(coerce(value, &ty));
        let is_in = fold(Expr::new(ExprKind::In { value, list, constants }, Type::Boolean));
        Ok(if negated { negate(is_in) } else { is_in })
    }

    pub(super) fn like(
        &mut self,
        value: &ast::Expr,
        pattern: &ast::Expr,
        escape: Option<&ValueWithSpan>,
        negated: bool,
    ) -> Analyzed {
        let value_ast = value;
        let (value, pattern) = (self.expr(value)?, self.expr(pattern)?);
        for (expr, ast) in [(&value, value_ast)] {
            if !expr.ty.widens_to(&Type::VARCHAR) {
                return Err(hints::like(&expr.ty, ast));
            }
        }
        if !pattern.ty.widens_to(&Type::VARCHAR) {
            return Err(Problem::new(format!(
                "the pattern of LIKE must be varchar, and this is {}",
                pattern.ty
            )));
        }
        let mut args = vec![value, pattern];
        if let Some(escape) = escape {
            args.push(literal::value(&escape.value)?);
        }
        let like = self.call_exprs("$like", args)?;
        Ok(if negated { negate(like) } else { like })
    }

    pub(super) fn case(
        &mut self,
        operand: Option<&ast::Expr>,
        conditions: &[CaseWhen],
        otherwise: Option<&ast::Expr>,
    ) -> Analyzed {
        let Some(operand_ast) = operand else {
            let branches = conditions
                .iter()
                .map(|when| {
                    Ok((self.boolean(&when.condition, "CASE WHEN clause")?, self.expr(&when.result)?))
                })
                .collect::<Result<_, Problem>>()?;
            let otherwise = otherwise.map(|expr| self.expr(expr)).transpose()?;
            return choose(branches, otherwise, "All CASE results");
        };
        let operand = self.expr(operand_ast)?;
        self.bind(operand, |this, operand| {
            let mut branches = Vec::with_capacity(conditions.len());
            for when in conditions {
                let value = this.expr(&when.condition)?;
                let asts = [operand_ast, &when.condition];
                let condition = this.compare(Comparison::Equal, operand.clone(), value, &asts)?;
                branches.push((condition, this.expr(&when.result)?));
            }
            let otherwise = otherwise.map(|expr| this.expr(expr)).transpose()?;
            choose(branches, otherwise, "All CASE results")
        })
    }

    /// An expression that uses a value more than once and computes it once.
    fn bind(&mut self, value: Expr, body: impl FnOnce(&mut Self, &Expr) -> Analyzed) -> Analyzed {
        if matches!(value.kind, ExprKind::Literal(_) | ExprKind::Column(_) | ExprKind::Parameter { .. }) {
            return body(self, &value);
        }
        // No identifier is empty, so that nothing else finds this.
        self.scopes.push(vec![(String::new(), value.ty.clone())]);
        let parameter = Expr::new(ExprKind::Parameter { depth: 0, index: 0 }, value.ty.clone());
        let body = body(self, &parameter);
        self.scopes.pop();
        let body = Box::new(body?);
        let ty = body.ty.clone();
        Ok(Expr::new(ExprKind::Let { value: Box::new(value), body }, ty))
    }

    /// `if(condition, a)` and `if(condition, a, b)`
    pub(super) fn if_else(
        &mut self,
        condition: &ast::Expr,
        then: &ast::Expr,
        otherwise: Option<&ast::Expr>,
    ) -> Analyzed {
        let condition = self.boolean(condition, "IF condition")?;
        let then = self.expr(then)?;
        let otherwise = otherwise.map(|expr| self.expr(expr)).transpose()?;
        choose(vec![(condition, then)], otherwise, "Result types for IF")
    }

    pub(super) fn coalesce(&mut self, parts: &[&ast::Expr]) -> Analyzed {
        let parts: Vec<Expr> = parts.iter().map(|part| self.expr(part)).collect::<Result<_, _>>()?;
        let ty = common_type(parts.iter(), "All COALESCE operands")?;
        let parts = parts.into_iter().map(|part| coerce(part, &ty)).collect();
        Ok(fold(Expr::new(ExprKind::Coalesce(parts), ty)))
    }

    pub(super) fn null_if(&mut self, first: &ast::Expr, second: &ast::Expr) -> Analyzed {
        let asts = [first, second];
        let value = self.expr(first)?;
        self.bind(value, |this, value| {
            let second = this.expr(second)?;
            let same = this.compare(Comparison::Equal, value.clone(), second, &asts)?;
            let null = Expr::literal(crate::trino::Value::Null, value.ty.clone());
            choose(vec![(same, null)], Some(value.clone()), "NULLIF operands")
        })
    }
}

/// A chain of operators: the first operand, and the others with the operators ahead of them.
struct Chain<'q> {
    first: (&'q ast::Expr, Expr),
    rest: Vec<(&'q BinaryOperator, &'q ast::Expr)>,
}

fn condition(expr: Expr, of: &str) -> Analyzed {
    match expr.ty {
        Type::Boolean => Ok(expr),
        Type::Unknown => Ok(coerce(expr, &Type::Boolean)),
        ty => Err(Problem::new(format!("{of} must evaluate to a boolean, and this is {ty}"))),
    }
}

impl Arithmetic {
    fn of(op: &BinaryOperator) -> Option<Arithmetic> {
        Some(match op {
            BinaryOperator::Plus => Arithmetic::Add,
            BinaryOperator::Minus => Arithmetic::Subtract,
            BinaryOperator::Multiply => Arithmetic::Multiply,
            BinaryOperator::Divide => Arithmetic::Divide,
            BinaryOperator::Modulo => Arithmetic::Modulo,
            _ => return None,
        })
    }
}

impl Comparison {
    pub(crate) fn of(op: &BinaryOperator) -> Option<Comparison> {
        Some(match op {
            BinaryOperator::Eq => Comparison::Equal,
            BinaryOperator::NotEq => Comparison::NotEqual,
            BinaryOperator::Lt => Comparison::Less,
            BinaryOperator::LtEq => Comparison::LessOrEqual,
            BinaryOperator::Gt => Comparison::Greater,
            BinaryOperator::GtEq => Comparison::GreaterOrEqual,
            _ => return None,
        })
    }

    pub(super) fn symbol(self) -> &'static str {
        match self {
            Comparison::Equal => "=",
            Comparison::NotEqual => "<>",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
        }
    }
}

fn choose(branches: Vec<(Expr, Expr)>, otherwise: Option<Expr>, what: &str) -> Analyzed {
    let ty = common_type(branches.iter().map(|(_, result)| result).chain(&otherwise), what)?;
    let mut kept = Vec::with_capacity(branches.len());
    let mut otherwise = otherwise.map(|expr| coerce(expr, &ty));
    for (condition, result) in branches {
        match condition.as_literal() {
            // What is never chosen must not fail, and is not computed.
            Some(value) if !matches!(value, crate::trino::Value::Boolean(true)) => {}
            Some(_) => {
                otherwise = Some(coerce(result, &ty));
                break;
            }
            None => kept.push((condition, coerce(result, &ty))),
        }
    }
    if kept.is_empty() {
        return Ok(otherwise.unwrap_or_else(|| Expr::literal(crate::trino::Value::Null, ty)));
    }
    Ok(fold(Expr::new(ExprKind::Case(Box::new(Case { branches: kept, otherwise })), ty)))
}

fn constants(list: &[Expr], ty: &Type) -> Option<Constants> {
    // The equality of nested values is not that of keys.
    if list.len() < LOOK_UP || matches!(ty, Type::Array(_) | Type::Map(..) | Type::Row(_)) {
        return None;
    }
    let mut constants = Constants { values: Default::default(), has_null: false };
    for item in list {
        let value = item.as_literal()?;
        if value.is_null() {
            constants.has_null = true;
        } else {
            constants.values.insert(Key(value.clone()));
        }
    }
    Some(constants)
}
