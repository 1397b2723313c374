//! The guard: what a query would read, told before it reads.
//!
//! It looks at the optimised plan, where every condition has come down to the
//! scan that it is about, out of subqueries, joins and WITH: so it sees what the
//! scan will see, and finds the partitions as the scan will find them.

mod bounds;
mod display;
mod mend;
mod plan;
mod traps;

use std::sync::Arc;

use datafusion::catalog::Session;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::logical_expr::expr_rewriter::unnormalize_cols;
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{self as df, LogicalPlan, TableScan};

use crate::embedded::partitions;
use crate::embedded::tree::{Partition, Tree};
use crate::{Error, Result};

pub use plan::Plan;
pub(crate) use plan::price;

/// The columns that the path gives.
const PARTITION_COLUMNS: [&str; 5] = ["account_id", "region", "year", "month", "day"];

/// What is known of a query before it runs.
pub(crate) struct Guard {
    /// One for each time that the table stands in FROM.
    scans: Vec<Scan>,
    /// The query with conditions that would bound it, if it needs them.
    corrected: Option<String>,
    warnings: Vec<String>,
}

/// One scan of the table.
struct Scan {
    /// What it will read.
    partitions: Vec<Arc<Partition>>,
    /// The partition columns that its conditions do not bound.
    unbounded: Vec<&'static str>,
}

/// What the path must meet, for each time that the table stands in FROM.
pub(crate) fn filters(plan: &LogicalPlan) -> Vec<Vec<df::Expr>> {
    scans_of(plan).into_iter().map(|(scan, _)| unnormalize_cols(scan.filters)).collect()
}

/// Whether such conditions bound a scan.
pub(crate) fn is_bounded(filters: &[df::Expr]) -> bool {
    !bounds::bounded(filters).is_empty()
}

impl Guard {
    /// # Errors
    ///
    /// A condition fails on a partition's values.
    pub(crate) fn new(sql: &str, plan: &LogicalPlan, tree: &Tree, session: &dyn Session) -> Result<Guard> {
        let mut scans = Vec::new();
        let mut warnings = Vec::new();
        for (scan, conditions) in scans_of(plan) {
            let filters = unnormalize_cols(scan.filters.iter().cloned());
            let selected = partitions::select(tree, &filters, session)
                .map_err(|error| Error::failed(error.strip_backtrace()))?;
            let bounded = bounds::bounded(&scan.filters);
            let unbounded =
                PARTITION_COLUMNS.into_iter().filter(|column| !bounded.contains(column)).collect();
            traps::look(tree, &selected, &bounded, &conditions, &mut warnings);
            scans.push(Scan { partitions: selected, unbounded });
        }
        warnings.dedup();
        let needs_mend = scans.iter().any(Scan::is_unbounded);
        let corrected = needs_mend.then(|| mend::mend(sql, tree)).flatten();
        Ok(Guard { scans, corrected, warnings })
    }

    /// # Errors
    ///
    /// [`is_rejected`](Error::is_rejected): a scan has no condition on a partition column.
    pub(crate) fn check(&self, tree: &Tree) -> Result<()> {
        let Some(scan) = self.scans.iter().find(|scan| scan.is_unbounded()) else { return Ok(()) };
        let all = match tree.is_whole() {
            true => format!("all {} objects", tree.objects().len()),
            false => format!("every object of {}", tree.root()),
        };
        let message =
            format!("the query has no condition on {}: it would read {all}", listed(&scan.unbounded));
        let allow = "allow a full scan (`--allow-full-scan`, `allow_full_scan(true)`)";
        Err(Error::rejected(message).hint(match &self.corrected {
            Some(corrected) => format!("{allow}, or bound it: {corrected}"),
            None => format!("add one, or {allow}"),
        }))
    }

    pub(crate) fn into_warnings(self) -> Vec<String> {
        self.warnings
    }

    /// All of it as data, with what the objects weigh.
    pub(crate) fn plan(self, tree: &Tree) -> Plan {
        Plan::new(self, tree)
    }
}

impl Scan {
    fn is_unbounded(&self) -> bool {
        self.unbounded.len() == PARTITION_COLUMNS.len()
    }
}

/// `a, b and c`.
fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// The scans of the table, each with the conditions that stand on it alone.
///
/// In inputs, and in subqueries that stay in expressions.
fn scans_of(plan: &LogicalPlan) -> Vec<(TableScan, Vec<df::Expr>)> {
    let mut scans: Vec<TableScan> = Vec::new();
    let mut conditions: Vec<df::Expr> = Vec::new();
    let _ = plan.apply_with_subqueries(|plan| {
        match plan {
            LogicalPlan::TableScan(scan) => scans.push(scan.clone()),
            LogicalPlan::Filter(filter) => {
                conditions.extend(split_conjunction(&filter.predicate).into_iter().cloned());
            }
            _ => {}
        }
        Ok(TreeNodeRecursion::Continue)
    });
    let on_scan = |scan: TableScan| {
        let name = scan.table_name.table();
        let is_own = |condition: &&df::Expr| {
            let columns = condition.column_refs();
            let is_of_it = |column: &&datafusion::common::Column| {
                column.relation.as_ref().is_some_and(|table| table.table() == name)
            };
            !columns.is_empty() && columns.iter().all(is_of_it)
        };
        let taken_over = scan.filters.iter().filter(|filter| !conditions.contains(filter));
        let own = taken_over.chain(conditions.iter().filter(is_own)).cloned().collect();
        (scan, own)
    };
    scans.into_iter().map(on_scan).collect()
}
