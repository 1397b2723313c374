//! From the syntax tree of an expression to a typed [`Expr`].

mod call;
mod fold;
mod hints;
mod literal;
mod names;
pub(crate) mod names_of_functions;
mod predicate;
#[cfg(test)]
mod tests;

use datafusion::sql::sqlparser::ast;
use datafusion::sql::sqlparser::ast::{
    CastKind, CeilFloorKind, DataType, Ident, Spanned, TrimWhereField, UnaryOperator,
};
use datafusion::sql::sqlparser::tokenizer::Span;

use super::cast;
use super::error::Problem;
use super::expr::{Expr, ExprKind};
use super::operators;
use super::time::Instant;
use super::types::{Field, Type};
use fold::fold;

pub(crate) use fold::coerce;
pub(crate) use names_of_functions::{AGGREGATES, WINDOW_FUNCTIONS};

/// What the names of an expression mean.
pub(crate) trait Columns {
    /// The column that `parts` begins with, as `t.useridentity.arn` begins with
    /// `t.useridentity`; the rest are fields of it. `None`: there is none.
    ///
    /// # Errors
    ///
    /// The name has two meanings, or none and a better message than the general one.
    fn resolve(&self, parts: &[Ident]) -> Result<Option<Column>, Problem>;

    /// Asked for every expression before it is looked into: what stands for it,
    /// as a column does for an aggregate, a window function, a subquery or a
    /// key of GROUP BY.
    fn replace(&self, _: &ast::Expr) -> Option<Result<Expr, Problem>> {
        None
    }
}

/// A resolved name.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) index: usize,
    pub(crate) ty: Type,
    /// How many parts of the name it took.
    pub(crate) parts: usize,
}

/// What is the same for all rows of a query.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Session {
    /// When the query began, in UTC: `now()`. The zone of a session is UTC.
    pub(crate) start: Instant,
}

/// Settles names, functions and types of a scalar expression.
///
/// # Errors
///
/// Trino would refuse it, or it uses what is not supported here.
pub(crate) fn analyze(expr: &ast::Expr, columns: &dyn Columns, session: &Session) -> Result<Expr, Problem> {
    Analyzer { columns, session, scopes: Vec::new(), tries: 0 }.expr(expr)
}

struct Analyzer<'c> {
    columns: &'c dyn Columns,
    session: &'c Session,
    /// The parameters of the lambdas around, outermost first. Names are in lower case.
    scopes: Vec<Vec<(String, Type)>>,
    /// How many TRYs are around.
    tries: usize,
}

type Analyzed = Result<Expr, Problem>;

impl Analyzer<'_> {
    fn expr(&mut self, expr: &ast::Expr) -> Analyzed {
        if let Some(replaced) = self.columns.replace(expr) {
            return replaced;
        }
        self.expr_kind(expr).map_err(|problem| problem.at(span(expr)))
    }

    fn expr_kind(&mut self, expr: &ast::Expr) -> Analyzed {
        use ast::Expr as E;
        match expr {
            E::Nested(inner) => self.expr(inner),
            E::Identifier(name) => self.name(std::slice::from_ref(name)),
            E::CompoundIdentifier(parts) => self.name(parts),
            E::CompoundFieldAccess { root, access_chain } => self.access(root, access_chain),
            E::Value(value) => literal::value(&value.value),
            E::TypedString(typed) => literal::typed(typed),
            E::Interval(interval) => literal::interval(interval, false),
            E::UnaryOp { op, expr } => self.unary(*op, expr),
            E::BinaryOp { left, op, right } => self.binary(left, op, right),
            E::IsNull(inner) => self.is_null(inner, false),
            E::IsNotNull(inner) => self.is_null(inner, true),
            E::IsDistinctFrom(left, right) => self.is_distinct(left, right, true),
            E::IsNotDistinctFrom(left, right) => self.is_distinct(left, right, false),
            E::Between { expr, negated, low, high } => self.between(expr, low, high, *negated),
            E::InList { expr, list, negated } => self.in_list(expr, list, *negated),
            E::Like { negated, any: false, expr, pattern, escape_char } => {
                self.like(expr, pattern, escape_char.as_ref(), *negated)
            }
            E::Case { operand, conditions, else_result, .. } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref())
            }
            E::Cast { kind: kind @ (CastKind::Cast | CastKind::TryCast), expr, data_type, .. } => {
                let is_try = *kind == CastKind::TryCast;
                let ty = parse_type(data_type)?;
                let inner = self.expr(expr)?;
                self.cast(inner, ty, is_try)
            }
            E::AtTimeZone { timestamp, time_zone } => self.at_time_zone(timestamp, time_zone),
            E::Extract { field, expr, .. } => self.extract(&field.to_string(), expr),
            E::Ceil { expr, field: CeilFloorKind::DateTimeField(ast::DateTimeField::NoDateTime) } => {
                self.call("ceil", &[expr])
            }
            E::Floor { expr, field: CeilFloorKind::DateTimeField(ast::DateTimeField::NoDateTime) } => {
                self.call("floor", &[expr])
            }
            E::Ceil { expr, field: CeilFloorKind::Scale(scale) } => {
                self.call("ceil", &[expr, &E::Value(scale.clone())])
            }
            E::Floor { expr, field: CeilFloorKind::Scale(scale) } => {
                self.call("floor", &[expr, &E::Value(scale.clone())])
            }
            E::Position { expr, r#in } => self.call("strpos", &[r#in, expr]),
            E::Substring { expr, substring_from, substring_for, .. } => {
                let mut arguments: Vec<&ast::Expr> = vec![expr];
                arguments.extend(substring_from.as_deref());
                arguments.extend(substring_for.as_deref());
                self.call("substr", &arguments)
            }
            E::Trim { expr, trim_where, trim_what, trim_characters } => {
                let name = match trim_where {
                    None | Some(TrimWhereField::Both) => "trim",
                    Some(TrimWhereField::Leading) => "ltrim",
                    Some(TrimWhereField::Trailing) => "rtrim",
                };
                let mut arguments: Vec<&ast::Expr> = vec![expr];
                arguments.extend(trim_what.as_deref());
                arguments.extend(trim_characters.iter().flatten());
                self.call(name, &arguments)
            }
            E::Array(array) if array.named => self.array(&array.elem),
            E::Tuple(parts) => self.row(parts),
            E::Function(function) => self.function(function),
            other => Err(hints::unsupported(other)),
        }
    }

    fn all(&mut self, exprs: &[ast::Expr]) -> Result<Vec<Expr>, Problem> {
        exprs.iter().map(|expr| self.expr(expr)).collect()
    }

    fn array(&mut self, elements: &[ast::Expr]) -> Analyzed {
        let elements = self.all(elements)?;
        let element = common_type(elements.iter(), "All ARRAY elements")?;
        let elements = elements.into_iter().map(|expr| coerce(expr, &element)).collect();
        Ok(fold(Expr::new(ExprKind::Array(elements), Type::array(element))))
    }

    fn row(&mut self, parts: &[ast::Expr]) -> Analyzed {
        let parts = self.all(parts)?;
        let ty = Type::row(parts.iter().map(|part| Field::unnamed(part.ty.clone())));
        Ok(fold(Expr::new(ExprKind::Row(parts), ty)))
    }

    fn cast(&mut self, expr: Expr, ty: Type, is_try: bool) -> Analyzed {
        if !cast::is_castable(&expr.ty, &ty) {
            return Err(hints::cast(&expr.ty, &ty));
        }
        if expr.ty == ty {
            return Ok(expr);
        }
        Ok(fold(Expr::new(ExprKind::Cast { expr: Box::new(expr), is_try }, ty)))
    }

    fn unary(&mut self, op: UnaryOperator, expr: &ast::Expr) -> Analyzed {
        match op {
            UnaryOperator::Minus => {
                if let Some(negative) = literal::negative(expr) {
                    return negative;
                }
                let expr = self.expr(expr)?;
                match operators::negate(&expr.ty) {
                    Some(kernel) => {
                        let ty = expr.ty.clone();
                        Ok(fold(self.make_call("-", kernel, vec![expr], ty)))
                    }
                    None => Err(Problem::new(format!("Cannot negate {}", expr.ty))),
                }
            }
            UnaryOperator::Plus => {
                let expr = self.expr(expr)?;
                if expr.ty.is_number()
                    || matches!(expr.ty, Type::IntervalDayToSecond | Type::IntervalYearToMonth)
                {
                    return Ok(expr);
                }
                Err(Problem::new(format!("Unary '+' operator cannot be applied to {}", expr.ty)))
            }
            UnaryOperator::Not => {
                let inner = self.boolean(expr, "NOT")?;
                Ok(negate(inner))
            }
            other => Err(Problem::new(format!("the operator {other} is not one of Trino's"))),
        }
    }
}

/// Where an expression begins. Of a chain of operators, its first operand is asked: it may be long.
fn span(expr: &ast::Expr) -> Span {
    let mut first = expr;
    while let ast::Expr::BinaryOp { left, .. } = first {
        first = left;
    }
    first.span()
}

/// The negation of a condition.
fn negate(expr: Expr) -> Expr {
    fold(Expr::new(ExprKind::Not(Box::new(expr)), Type::Boolean))
}

/// The type to which all widen.
fn common_type<'e>(exprs: impl Iterator<Item = &'e Expr>, what: &str) -> Result<Type, Problem> {
    let mut ty = Type::Unknown;
    for expr in exprs {
        ty = ty.common(&expr.ty).ok_or_else(|| {
            Problem::new(format!("{what} must be the same type: {ty}, {}", expr.ty))
                .hint("CAST one to the type of the other")
        })?;
    }
    Ok(ty)
}

fn parse_type(data_type: &DataType) -> Result<Type, Problem> {
    match data_type {
        DataType::Custom(name, arguments) if arguments.is_empty() => match name.0.as_slice() {
            [ast::ObjectNamePart::Identifier(name)] => Type::parse(&name.value),
            _ => Type::parse(&name.to_string()),
        },
        other => Type::parse(&other.to_string()),
    }
}
