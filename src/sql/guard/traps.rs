//! Conditions that mean less, or other, than they seem to.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::logical_expr::{self as df, BinaryExpr, Operator};
use datafusion::scalar::ScalarValue;

use super::listed;
use crate::embedded::tree::{Partition, Tree};

/// Adds what the author of the conditions should know.
pub(super) fn look(
    tree: &Tree,
    selected: &[Arc<Partition>],
    bounded: &BTreeSet<&'static str>,
    conditions: &[df::Expr],
    warnings: &mut Vec<String>,
) {
    let mut warn = |warning: Option<String>| warnings.extend(warning);
    if selected.is_empty() {
        warn(nothing(tree, bounded));
        return;
    }
    if bounded.contains("year") || bounded.contains("month") || bounded.contains("day") {
        warn(gap(tree, selected));
        warn(late(tree, selected, conditions));
    }
    if bounded.contains("region") && leaves_regions_out(tree, selected) {
        warn(global(conditions));
    }
    for condition in conditions {
        warn(lost_nulls(condition, conditions));
        warn(role(condition));
    }
}

/// Whether logs of the same days lie in regions that the conditions exclude.
fn leaves_regions_out(tree: &Tree, selected: &[Arc<Partition>]) -> bool {
    let regions: BTreeSet<&str> = selected.iter().map(|partition| partition.region.as_str()).collect();
    let days: BTreeSet<String> = selected.iter().map(|partition| partition.date('-')).collect();
    let mut left_out =
        tree.partitions().iter().filter(|partition| !regions.contains(partition.region.as_str()));
    // Of a bucket the days of what is left out are not listed.
    left_out.any(|partition| match partition.day.is_empty() {
        true => !tree.is_whole() && !partition.region.is_empty(),
        false => days.contains(&partition.date('-')),
    })
}

/// A value that the path never has gives no rows, and no error.
fn nothing(tree: &Tree, bounded: &BTreeSet<&'static str>) -> Option<String> {
    if tree.objects().is_empty() || bounded.is_empty() {
        return None;
    }
    let some = |values: Vec<String>| match values.as_slice() {
        [first, .., last] if values.len() > 6 => format!("{first} to {last}"),
        values => listed(&values.iter().map(String::as_str).collect::<Vec<_>>()),
    };
    Some(format!(
        "no partition meets the conditions, so there are no rows: the logs hold accounts {}, regions {}, days {}; \
         year, month and day are texts of 4, 2 and 2 digits",
        some(tree.accounts()),
        some(tree.regions()),
        some(tree.days())
    ))
}

/// Month and day are texts, each compared by itself: a range of days is cut out of every month.
fn gap(tree: &Tree, selected: &[Arc<Partition>]) -> Option<String> {
    let days: BTreeSet<String> = selected.iter().map(|partition| partition.date('-')).collect();
    let (first, last) = (days.first()?, days.last()?);
    let left_out: Vec<String> =
        tree.days().into_iter().filter(|day| day > first && day < last && !days.contains(day)).collect();
    let (from, to) = (left_out.first()?, left_out.last()?);
    Some(format!(
        "the days from {first} to {last} are not all read, {} of {from} to {to} are left out: year, month and day \
         are compared each by itself; write one (year, month, day) condition for each month, with OR between them",
        left_out.len()
    ))
}

/// The path has the day of delivery: the last events of a day lie under the next.
fn late(tree: &Tree, selected: &[Arc<Partition>], conditions: &[df::Expr]) -> Option<String> {
    let last = selected.iter().map(|partition| partition.date('-')).max()?;
    let next = tree.days().into_iter().find(|day| *day > last)?;
    let is_next = chrono::NaiveDate::parse_from_str(&last, "%Y-%m-%d").ok()?.succ_opt()?.to_string() == next;
    if !is_next || conditions.iter().any(|condition| ends_before(condition, &last)) {
        return None;
    }
    Some(format!(
        "year, month and day are those of delivery: the last events of {last} may lie under {next}, which is not read; \
         add that day, and bound eventtime"
    ))
}

/// Whether the condition ends the window of events well before the end of the day.
fn ends_before(condition: &df::Expr, day: &str) -> bool {
    let is_before = |text: &str| text < format!("{day}T23:30").as_str();
    match condition {
        df::Expr::BinaryExpr(BinaryExpr { left, op: Operator::Lt | Operator::LtEq, right }) => {
            column(left) == Some("eventtime") && text(right).is_some_and(is_before)
        }
        df::Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => {
            ends_before(left, day) || ends_before(right, day)
        }
        df::Expr::Between(between) if !between.negated => {
            column(&between.expr) == Some("eventtime") && text(&between.high).is_some_and(is_before)
        }
        _ => false,
    }
}

/// Events of global services, and sign-ins, are recorded in a region of their own choice.
fn global(conditions: &[df::Expr]) -> Option<String> {
    const GLOBAL: [&str; 4] =
        ["ConsoleLogin", "iam.amazonaws.com", "signin.amazonaws.com", "sts.amazonaws.com"];
    let named =
        conditions.iter().find_map(|condition| GLOBAL.into_iter().find(|name| mentions(condition, name)))?;
    Some(format!(
        "events of {named} are recorded in the region of their endpoint, often us-east-1, and the path's region need \
         not be theirs; leave out the condition on region to be sure"
    ))
}

fn mentions(condition: &df::Expr, name: &str) -> bool {
    use datafusion::common::tree_node::TreeNode;
    condition.exists(|expr| Ok(text(expr) == Some(name))).unwrap_or(false)
}

/// NULL is unlike nothing: such a condition drops the calls that succeeded.
fn lost_nulls(condition: &df::Expr, all: &[df::Expr]) -> Option<String> {
    let tested = match condition {
        df::Expr::BinaryExpr(BinaryExpr { left, op: Operator::NotEq, .. }) => left,
        df::Expr::Like(like) if like.negated => &like.expr,
        df::Expr::InList(list) if list.negated => &list.expr,
        _ => return None,
    };
    let name = column(tested).filter(|name| matches!(*name, "errorcode" | "errormessage"))?;
    let is_meant =
        |other: &df::Expr| matches!(other, df::Expr::IsNotNull(inner) if column(inner) == Some(name));
    if all.iter().any(is_meant) {
        return None;
    }
    Some(format!(
        "the condition on {name} drops the calls that succeeded: they have none, and NULL is never unlike a text; \
         add OR {name} IS NULL to keep them"
    ))
}

/// A role's sessions do not have the role's ARN.
fn role(condition: &df::Expr) -> Option<String> {
    let (tested, arn) = match condition {
        df::Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) => (left, text(right)?),
        df::Expr::InList(list) if !list.negated => {
            (&list.expr, list.list.iter().filter_map(text).find(|text| text.contains(":role/"))?)
        }
        _ => return None,
    };
    if column(tested) != Some("useridentity.arn") || !arn.contains(":role/") {
        return None;
    }
    Some(
        "useridentity.arn of an assumed role is that of the session (`…:assumed-role/role/session`), never the role's; \
         the role is in useridentity.sessioncontext.sessionissuer.arn"
            .to_owned(),
    )
}

fn column(expr: &df::Expr) -> Option<&str> {
    match expr {
        df::Expr::Column(column) => Some(&column.name),
        _ => None,
    }
}

fn text(expr: &df::Expr) -> Option<&str> {
    match expr {
        df::Expr::Literal(ScalarValue::Utf8(Some(text)), _) => Some(text),
        _ => None,
    }
}
