//! What names mean at a place in a query.

use std::cell::RefCell;
use std::rc::Rc;

use datafusion::sql::sqlparser::ast::Ident;
use datafusion::sql::sqlparser::tokenizer::Span;

use super::aggregate::same;
use crate::trino::{Expr, ExprKind, Problem, Type};

/// A column that a query can name, or that `*` stands for.
#[derive(Clone, Debug)]
pub(super) struct Field {
    /// The name of its table, in parts, lower case: `[database, table]`, or an alias.
    pub(super) table: Option<Rc<[String]>>,
    /// In lower case; an expression without an alias has none.
    pub(super) name: Option<String>,
    /// Its number among all columns of the query.
    pub(super) index: usize,
    pub(super) ty: Type,
    /// `*` leaves it out.
    pub(super) hidden: bool,
}

/// The columns in sight, and those of the query around.
pub(super) struct Scope<'a> {
    pub(super) fields: Vec<Field>,
    outer: Option<&'a Scope<'a>>,
    border: Option<Border<'a>>,
}

/// Where a subquery begins: what it names of the queries around comes through here.
struct Border<'a> {
    /// Each once, as the query around knows it (a column, or a field of one), with the
    /// column that stands for it within.
    captured: RefCell<Vec<(Expr, usize)>>,
    given: &'a [(Expr, usize)],
    /// Makes a column to stand for what is not given, of its type.
    stand_in: &'a dyn Fn(&Type) -> usize,
}

/// What a name begins with.
pub(super) struct Found {
    pub(super) index: usize,
    pub(super) ty: Type,
    /// How many parts of the name it took; the rest are fields of it.
    pub(super) parts: usize,
}

impl<'a> Scope<'a> {
    pub(super) fn new(fields: Vec<Field>, outer: Option<&'a Scope<'a>>) -> Self {
        Scope { fields, outer, border: None }
    }

    /// The border between a subquery and the query around it.
    pub(super) fn border(
        outer: &'a Scope<'a>,
        given: &'a [(Expr, usize)],
        stand_in: &'a dyn Fn(&Type) -> usize,
    ) -> Self {
        let border = Border { captured: RefCell::default(), given, stand_in };
        Scope { fields: Vec::new(), outer: Some(outer), border: Some(border) }
    }

    /// What came through the border.
    pub(super) fn captured(&self) -> Vec<Expr> {
        let captured = self.border.as_ref().map(|border| border.captured.borrow());
        captured.iter().flat_map(|captured| captured.iter()).map(|(expr, _)| expr.clone()).collect()
    }

    /// How many borders there are around.
    pub(super) fn depth(&self) -> usize {
        let outer = std::iter::successors(Some(self), |scope| scope.outer);
        outer.filter(|scope| scope.border.is_some()).count()
    }

    /// The column that a name begins with: in the nearest query that has one,
    /// and with as many parts as there are.
    ///
    /// # Errors
    ///
    /// Two columns of one query have the name.
    pub(super) fn resolve(&self, parts: &[Ident]) -> Result<Option<Found>, Problem> {
        for count in (1..=parts.len()).rev() {
            let mut scope = Some(self);
            while let Some(here) = scope {
                if let Some(field) = here.find(&parts[..count])? {
                    return Ok(Some(self.bring(here, field, parts, count)));
                }
                scope = here.outer;
            }
        }
        Ok(None)
    }

    /// A column of this query or one around it, as it is seen here.
    fn bring(&self, owner: &Scope<'_>, field: &Field, parts: &[Ident], count: usize) -> Found {
        let found = match self.outer {
            Some(outer) if !std::ptr::eq(self, owner) => outer.bring(owner, field, parts, count),
            _ => Found { index: field.index, ty: field.ty.clone(), parts: count },
        };
        let Some(border) = &self.border else { return found };
        // Of a struct only the field that is named: the rest need not be known within.
        let (expr, taken) = path(Expr::column(found.index, found.ty), &parts[found.parts..]);
        let parts = found.parts + taken;
        let ty = expr.ty.clone();
        let mut captured = border.captured.borrow_mut();
        let known = captured.iter().chain(border.given).find(|(known, _)| same(known, &expr));
        let index = known.map_or_else(|| (border.stand_in)(&ty), |(_, index)| *index);
        if !captured.iter().any(|(known, _)| same(known, &expr)) {
            captured.push((expr, index));
        }
        Found { index, ty, parts }
    }

    fn find(&self, parts: &[Ident]) -> Result<Option<&Field>, Problem> {
        let [table @ .., name] = parts else { return Ok(None) };
        let mut matching = self.fields.iter().filter(|field| field.is_called(table, name));
        let Some(field) = matching.next() else { return Ok(None) };
        let Some(other) = matching.next() else { return Ok(Some(field)) };
        let tables = [field, other].map(|field| field.table.as_deref().and_then(<[String]>::last));
        let problem = Problem::new(format!("column '{}' is ambiguous", dotted(parts)));
        Err(match tables {
            [Some(a), Some(b)] if a != b => {
                problem.hint(format!("say which: {a}.{name} or {b}.{name}", name = name.value.to_lowercase()))
            }
            _ => problem.hint("give the columns different names with AS"),
        }
        .at(span(parts)))
    }

    /// All names in sight, of this query first.
    pub(super) fn all_fields(&self) -> impl Iterator<Item = &Field> {
        let outer = std::iter::successors(Some(self), |scope| scope.outer);
        outer.flat_map(|scope| &scope.fields)
    }
}

impl Field {
    fn is_called(&self, table: &[Ident], name: &Ident) -> bool {
        self.name.as_deref().is_some_and(|known| is_spelled(known, name)) && self.is_in(table)
    }

    /// Whether it is a column of the table: `t`, `database.t` and `catalog.database.t` name one table.
    pub(super) fn is_in(&self, table: &[Ident]) -> bool {
        if table.is_empty() {
            return true;
        }
        let Some(known) = &self.table else { return false };
        known.len() >= table.len()
            && known[known.len() - table.len()..]
                .iter()
                .zip(table)
                .all(|(known, part)| is_spelled(known, part))
    }
}

/// The field that the names lead to from a row, as far as they name fields, and how many do.
fn path(mut expr: Expr, names: &[Ident]) -> (Expr, usize) {
    for (taken, name) in names.iter().enumerate() {
        let Type::Row(fields) = &expr.ty else { return (expr, taken) };
        let is_named = |field: &crate::trino::Field| {
            field.name.as_deref().is_some_and(|field| field.eq_ignore_ascii_case(&name.value))
        };
        let mut named = fields.iter().enumerate().filter(|(_, field)| is_named(field));
        let (Some((index, field)), None) = (named.next(), named.next()) else { return (expr, taken) };
        let ty = field.ty.clone();
        expr = Expr::new(ExprKind::Field(Box::new(expr), index), ty);
    }
    (expr, names.len())
}

/// Names are the same in any letter case, quoted or not.
fn is_spelled(known: &str, name: &Ident) -> bool {
    known.chars().eq(name.value.chars().flat_map(char::to_lowercase))
}

/// A name as it is written, without its quotes.
pub(super) fn dotted(parts: &[Ident]) -> String {
    parts.iter().map(|part| part.value.as_str()).collect::<Vec<_>>().join(".")
}

pub(super) fn span(parts: &[Ident]) -> Span {
    parts.iter().map(|part| part.span).fold(Span::empty(), |all, part| all.union(&part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(table: &[&str], name: &str, index: usize) -> Field {
        let table = table.iter().map(|part| (*part).to_owned()).collect();
        Field { table: Some(table), name: Some(name.into()), index, ty: Type::VARCHAR, hidden: false }
    }

    fn check(scope: &Scope<'_>, name: &str, expected: &str) {
        let parts: Vec<Ident> = name.split('.').map(Ident::new).collect();
        let said = match scope.resolve(&parts) {
            Ok(Some(found)) => format!("{} in {}", found.index, found.parts),
            Ok(None) => "none".into(),
            Err(problem) => problem.to_string(),
        };
        assert_eq!(said, expected, "{name}");
    }

    #[test]
    fn the_longest_name_in_the_nearest_query() {
        let outer = Scope::new(vec![field(&["db", "logs"], "a", 1), field(&["db", "logs"], "t", 2)], None);
        let given = [(Expr::column(2, Type::VARCHAR), 12)];
        let border = Scope::border(&outer, &given, &|_| 99);
        let inner = Scope::new(vec![field(&["t"], "a", 3), field(&["u"], "b", 4)], Some(&border));
        check(&inner, "A", "3 in 1");
        check(&inner, "t.a", "3 in 2");
        check(&inner, "t.x", "12 in 1");
        check(&inner, "logs.a", "99 in 2");
        check(&inner, "db.logs.a.x", "99 in 3");
        check(&inner, "c", "none");
        let captured = border.captured();
        assert!(same(&captured[0], &Expr::column(2, Type::VARCHAR)));
        assert!(same(&captured[1], &Expr::column(1, Type::VARCHAR)) && captured.len() == 2);
    }

    #[test]
    fn two_columns_of_one_name() {
        let scope = Scope::new(vec![field(&["t"], "a", 1), field(&["u"], "a", 2)], None);
        check(&scope, "a", "column 'a' is ambiguous; say which: t.a or u.a");
        check(&scope, "u.a", "2 in 2");
        let twice = Scope::new(vec![field(&["t"], "a", 1), field(&["t"], "a", 2)], None);
        check(&twice, "t.a", "column 't.a' is ambiguous; give the columns different names with AS");
    }
}
