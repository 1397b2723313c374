//! Which partition columns a condition bounds.

use std::collections::BTreeSet;

use datafusion::logical_expr::{self as df, BinaryExpr, Operator};

use super::PARTITION_COLUMNS;

/// The columns that all conditions together bound.
pub(super) fn bounded(conditions: &[df::Expr]) -> BTreeSet<&'static str> {
    conditions.iter().flat_map(of).collect()
}

/// A condition bounds a column if it leaves few of its values: `=`, IN, a range,
/// LIKE; not what merely takes some away.
fn of(condition: &df::Expr) -> BTreeSet<&'static str> {
    match condition {
        df::Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => &of(left) | &of(right),
        // Each side lets through what it likes.
        df::Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => &of(left) & &of(right),
        df::Expr::BinaryExpr(BinaryExpr { op: Operator::NotEq | Operator::IsDistinctFrom, .. }) => {
            BTreeSet::new()
        }
        df::Expr::Like(like) if like.negated => BTreeSet::new(),
        df::Expr::InList(list) if list.negated => BTreeSet::new(),
        df::Expr::Between(between) if between.negated => BTreeSet::new(),
        df::Expr::Not(_) | df::Expr::IsNotNull(_) => BTreeSet::new(),
        condition => {
            let columns = condition.column_refs();
            let known = |name: &str| PARTITION_COLUMNS.into_iter().find(|column| *column == name);
            // What hangs on the records too may be true for any path.
            let names: Option<BTreeSet<&'static str>> =
                columns.iter().map(|column| known(&column.name)).collect();
            names.unwrap_or_default()
        }
    }
}

#[cfg(test)]
mod tests {
    use datafusion::logical_expr::{col, lit};

    use super::*;

    fn check(condition: df::Expr, expected: &[&str]) {
        assert_eq!(of(&condition).into_iter().collect::<Vec<_>>(), expected, "{condition}");
    }

    #[test]
    fn what_bounds_a_column() {
        let year = || col("year").eq(lit("2024"));
        let region = || col("region").in_list(vec![lit("us-east-1")], false);
        let name = || col("eventname").eq(lit("x"));
        check(year(), &["year"]);
        check(col("day").between(lit("01"), lit("16")), &["day"]);
        check(year().and(region()).and(name()), &["region", "year"]);
        check(year().or(region()), &[]);
        check(year().and(region()).or(col("year").eq(lit("2023"))), &["year"]);
        check(year().or(name()), &[]);
        check(col("region").not_eq(lit("x")), &[]);
        check(df::not(year()), &[]);
        check(col("year").eq(col("eventname")), &[]);
        check(lit(true), &[]);
    }
}
