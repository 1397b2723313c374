//! What names mean at a place in a query.

use std::cell::RefCell;
use std::rc::Rc;

use datafusion::sql::sqlparser::ast::Ident;
use datafusion::sql::sqlparser::tokenizer::Span;

use crate::trino::{Problem, Type};

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
    /// The columns of the outer query that were named.
    captured: RefCell<Vec<Field>>,
}

/// What a name begins with.
pub(super) struct Found<'a> {
    pub(super) field: &'a Field,
    /// How many parts of the name it took; the rest are fields of it.
    pub(super) parts: usize,
}

impl<'a> Scope<'a> {
    pub(super) fn new(fields: Vec<Field>, outer: Option<&'a Scope<'a>>) -> Self {
        Scope { fields, outer, captured: RefCell::default() }
    }

    /// The columns of the queries around that were named here, each once.
    pub(super) fn captured(&self) -> Vec<Field> {
        self.captured.borrow().clone()
    }

    /// The column that a name begins with: in the nearest query that has one,
    /// and with as many parts as there are.
    ///
    /// # Errors
    ///
    /// Two columns of one query have the name.
    pub(super) fn resolve(&self, parts: &[Ident]) -> Result<Option<Found<'_>>, Problem> {
        for count in (1..=parts.len()).rev() {
            let mut scope = Some(self);
            while let Some(here) = scope {
                if let Some(field) = here.find(&parts[..count])? {
                    self.capture(here, field);
                    return Ok(Some(Found { field, parts: count }));
                }
                scope = here.outer;
            }
        }
        Ok(None)
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

    /// Notes a column of an outer query in every query between here and there.
    fn capture(&self, owner: &Scope<'_>, field: &Field) {
        let mut scope = Some(self);
        while let Some(here) = scope
            && !std::ptr::eq(here, owner)
        {
            let mut captured = here.captured.borrow_mut();
            if !captured.iter().any(|known| known.index == field.index) {
                captured.push(field.clone());
            }
            scope = here.outer;
        }
    }

    /// All names in sight, of this query first.
    pub(super) fn all_fields(&self) -> impl Iterator<Item = &Field> {
        let outer = std::iter::successors(Some(self), |scope| scope.outer);
        outer.flat_map(|scope| &scope.fields)
    }
}

impl Field {
    fn is_called(&self, table: &[Ident], name: &Ident) -> bool {
        self.name.as_deref().is_some_and(|known| same(known, name)) && self.is_in(table)
    }

    /// Whether it is a column of the table: `t`, `database.t` and `catalog.database.t` name one table.
    pub(super) fn is_in(&self, table: &[Ident]) -> bool {
        if table.is_empty() {
            return true;
        }
        let Some(known) = &self.table else { return false };
        known.len() >= table.len()
            && known[known.len() - table.len()..].iter().zip(table).all(|(known, part)| same(known, part))
    }
}

/// Names are the same in any letter case, quoted or not.
fn same(known: &str, name: &Ident) -> bool {
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
            Ok(Some(found)) => format!("{} in {}", found.field.index, found.parts),
            Ok(None) => "none".into(),
            Err(problem) => problem.to_string(),
        };
        assert_eq!(said, expected, "{name}");
    }

    #[test]
    fn the_longest_name_in_the_nearest_query() {
        let outer = Scope::new(vec![field(&["db", "logs"], "a", 1), field(&["db", "logs"], "t", 2)], None);
        let inner = Scope::new(vec![field(&["t"], "a", 3), field(&["u"], "b", 4)], Some(&outer));
        check(&inner, "A", "3 in 1");
        check(&inner, "t.a", "3 in 2");
        check(&inner, "t.x", "2 in 1");
        check(&inner, "logs.a", "1 in 2");
        check(&inner, "db.logs.a.x", "1 in 3");
        check(&inner, "c", "none");
        let captured: Vec<usize> = inner.captured().iter().map(|field| field.index).collect();
        assert_eq!(captured, [2, 1]);
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
