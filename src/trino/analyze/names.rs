//! Columns, parameters of lambdas, and the fields of rows.

use datafusion::sql::sqlparser::ast;
use datafusion::sql::sqlparser::ast::{AccessExpr, Ident, Subscript};

use super::fold::fold;
use super::{Analyzed, Analyzer, hints};
use crate::trino::error::Problem;
use crate::trino::expr::{Expr, ExprKind};
use crate::trino::types::Type;
use crate::trino::value::Value;

impl Analyzer<'_> {
    pub(super) fn name(&mut self, parts: &[Ident]) -> Analyzed {
        let Some(first) = parts.first() else {
            return Err(Problem::new("a name is empty"));
        };
        if let Some(parameter) = self.parameter(first) {
            return fields(parameter, &parts[..1], &parts[1..]);
        }
        match self.columns.resolve(parts)? {
            Some(column) => {
                let (taken, rest) = parts.split_at(column.parts.clamp(1, parts.len()));
                fields(Expr::column(column.index, column.ty), taken, rest)
            }
            None => match parts {
                [name] if name.quote_style.is_none() && is_function_without_parentheses(&name.value) => {
                    self.call(&name.value.to_ascii_lowercase(), &[])
                }
                _ => {
                    let name: Vec<&str> = parts.iter().map(|part| part.value.as_str()).collect();
                    let problem = Problem::new(format!("Column '{}' cannot be resolved", name.join(".")));
                    Err(match parts {
                        [name] if name.quote_style.is_some() => problem
                            .hint(format!("double quotes are for names; write text as '{}'", name.value)),
                        _ => problem,
                    })
                }
            },
        }
    }

    /// A parameter of the innermost lambda that has one of this name.
    fn parameter(&self, name: &Ident) -> Option<Expr> {
        let name = name.value.to_lowercase();
        self.scopes.iter().rev().enumerate().find_map(|(depth, scope)| {
            let index = scope.iter().position(|(parameter, _)| *parameter == name)?;
            Some(Expr::new(ExprKind::Parameter { depth, index }, scope[index].1.clone()))
        })
    }

    /// `a.b[1].c`
    pub(super) fn access(&mut self, root: &ast::Expr, chain: &[AccessExpr]) -> Analyzed {
        let mut names = Vec::new();
        let mut rest = chain;
        if let ast::Expr::Identifier(name) = root {
            names.push(name.clone());
        } else if let ast::Expr::CompoundIdentifier(parts) = root {
            names.extend(parts.iter().cloned());
        }
        // `t.c[1]` names a column of a table: the dots before the first bracket are one name.
        while let (false, Some((AccessExpr::Dot(ast::Expr::Identifier(name)), after))) =
            (names.is_empty(), rest.split_first())
        {
            names.push(name.clone());
            rest = after;
        }
        let mut expr = if names.is_empty() { self.expr(root)? } else { self.name(&names)? };
        for access in rest {
            expr = match access {
                AccessExpr::Dot(ast::Expr::Identifier(name)) => field(expr, name, "the expression")?,
                AccessExpr::Dot(other) => {
                    return Err(Problem::new(format!("'{other}' is not the name of a field")));
                }
                AccessExpr::Subscript(Subscript::Index { index }) => {
                    let index = self.expr(index)?;
                    self.subscript(expr, index)?
                }
                AccessExpr::Subscript(slice) => {
                    return Err(Problem::new(format!("Trino has no slices like [{slice}]"))
                        .hint("use slice(array, start, length) or substr(text, start, length)"));
                }
            };
        }
        Ok(expr)
    }

    fn subscript(&mut self, base: Expr, index: Expr) -> Analyzed {
        match &base.ty {
            Type::Row(fields) => {
                let position = match index.as_literal() {
                    Some(Value::Integer(position)) => *position,
                    _ => {
                        return Err(Problem::new(
                            "Subscript expression on ROW requires a constant integer index",
                        ));
                    }
                };
                let Some(field) = usize::try_from(position).ok().and_then(|i| fields.get(i.checked_sub(1)?))
                else {
                    return Err(Problem::new(format!(
                        "ROW index {position} is out of bounds: the row has {} fields",
                        fields.len()
                    )));
                };
                let ty = field.ty.clone();
                Ok(fold(Expr::new(ExprKind::Field(Box::new(base), position as usize - 1), ty)))
            }
            Type::Array(_) | Type::Map(..) => self.call_exprs("$subscript", vec![base, index]),
            other => Err(hints::subscript(other)),
        }
    }
}

/// Functions that the grammar calls without parentheses.
fn is_function_without_parentheses(name: &str) -> bool {
    ["current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"]
        .iter()
        .any(|function| name.eq_ignore_ascii_case(function))
}

fn fields(mut expr: Expr, taken: &[Ident], rest: &[Ident]) -> Analyzed {
    let mut path: Vec<&str> = taken.iter().map(|part| part.value.as_str()).collect();
    for (i, name) in rest.iter().enumerate() {
        if !matches!(expr.ty, Type::Row(_)) {
            return Err(hints::field_of(&expr.ty, &path.join("."), &rest[i..]));
        }
        expr = field(expr, name, &path.join("."))?;
        path.push(&name.value);
    }
    Ok(expr)
}

/// A field by name, in any case.
fn field(expr: Expr, name: &Ident, of: &str) -> Analyzed {
    let Type::Row(fields) = &expr.ty else {
        return Err(hints::field_of(&expr.ty, of, std::slice::from_ref(name)));
    };
    let is_named = |field: &&crate::trino::types::Field| {
        field.name.as_deref().is_some_and(|field| field.eq_ignore_ascii_case(&name.value))
    };
    let mut matches = fields.iter().enumerate().filter(|(_, field)| is_named(field));
    let Some((index, field)) = matches.next() else {
        let names: Vec<&str> = fields.iter().filter_map(|field| field.name.as_deref()).collect();
        return Err(hints::no_field(of, &name.value, &names));
    };
    if matches.next().is_some() {
        return Err(Problem::new(format!("Ambiguous row field reference: {}", name.value)));
    }
    let ty = field.ty.clone();
    Ok(fold(Expr::new(ExprKind::Field(Box::new(expr), index), ty)))
}
