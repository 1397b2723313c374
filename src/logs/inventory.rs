//! What the logs hold of a scope, and what they do not.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::NaiveDate;
use serde_json::json;

use super::scope::Scope;
use crate::embedded::tree::Tree;
use crate::show::{self, Bundle, Column, Panel};

/// The objects of a scope by account and region, with the days that have none.
///
/// Made from the listing alone. What is missing here is missing from every answer:
/// a report that does not say so is wrong.
#[derive(Clone, Debug)]
pub struct Inventory {
    source: String,
    scope: Scope,
    rows: Vec<Row>,
    not_covered: Vec<String>,
}

#[derive(Clone, Debug)]
struct Row {
    account: String,
    region: String,
    objects: u64,
    bytes: u64,
    days: BTreeSet<NaiveDate>,
}

impl Inventory {
    pub(crate) fn of(source: &str, tree: &Tree, scope: &Scope) -> Inventory {
        let mut rows: BTreeMap<(String, String), Row> = BTreeMap::new();
        for object in tree.objects() {
            let partition = &object.partition;
            if !scope.may_lie_in(partition) {
                continue;
            }
            let (account, region) = (partition.account_id.clone(), partition.region.clone());
            let day = NaiveDate::parse_from_str(&partition.date('-'), "%Y-%m-%d").ok();
            let row = rows.entry((account.clone(), region.clone())).or_insert(Row {
                account,
                region,
                objects: 0,
                bytes: 0,
                days: BTreeSet::new(),
            });
            row.objects += 1;
            // An object that vanished since is told by the answers' coverage.
            row.bytes += object.size().unwrap_or(0);
            row.days.extend(day);
        }
        let rows: Vec<Row> = rows.into_values().collect();
        let mut not_covered = not_covered(&rows, scope);
        if tree.ignored() > 0 {
            not_covered.push(format!(
                "{} beside the logs {} not read: digests, logs of other services, and whatever else lies there.",
                show::count(tree.ignored(), "file"),
                if tree.ignored() == 1 { "was" } else { "were" },
            ));
        }
        Inventory { source: source.to_owned(), scope: scope.clone(), rows, not_covered }
    }

    /// Objects in the scope.
    pub fn objects(&self) -> u64 {
        self.rows.iter().map(|row| row.objects).sum()
    }

    /// Their compressed bytes.
    pub fn bytes(&self) -> u64 {
        self.rows.iter().map(|row| row.bytes).sum()
    }

    /// The scope that was looked at.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The inventory in one sentence: `2,046 objects (9.1 MB) of 2 accounts`.
    pub fn summary(&self) -> String {
        let mut text = format!("{} ({})", show::count(self.objects(), "object"), show::bytes(self.bytes()));
        match self.not_covered.len() {
            0 => {}
            1 => text.push_str(", 1 gap"),
            gaps => text.push_str(&format!(", {gaps} gaps")),
        }
        text
    }

    /// What the answers over this scope cannot show, each in a sentence.
    pub fn not_covered(&self) -> &[String] {
        &self.not_covered
    }

    fn day(
        &self,
        pick: impl Fn(&BTreeSet<NaiveDate>) -> Option<&NaiveDate>,
        better: fn(NaiveDate, NaiveDate) -> NaiveDate,
    ) -> Option<String> {
        self.rows.iter().filter_map(|row| pick(&row.days)).copied().reduce(better).map(|day| day.to_string())
    }

    fn bundle(&self) -> Bundle {
        let mut panel = Panel::new("What the logs hold");
        panel.note(&format!("{} ({})", self.scope, self.source));
        let columns = ["account", "region", "objects", "bytes", "days", "first_day", "last_day"];
        let kinds = ["varchar", "varchar", "bigint", "bigint", "bigint", "varchar", "varchar"];
        let columns: Vec<Column> =
            columns.iter().zip(kinds).map(|(name, kind)| Column::new(name, kind)).collect();
        panel.table(&self.frame(), &columns);
        panel.note(&format!(
            "{}, {} compressed; days are days of delivery, UTC",
            show::count(self.objects(), "object"),
            show::bytes(self.bytes())
        ));
        for sentence in &self.not_covered {
            panel.warning(sentence);
        }
        panel.with_evidence(json!({
            "schema": "trailbook.evidence/1",
            "kind": "scope",
            "accounts": self.scope.accounts(),
            "regions": self.scope.regions(),
            "from": self.scope.from(),
            "to": self.scope.to(),
            "objects": self.objects(),
            "bytes": self.bytes(),
            "first_day": self.day(BTreeSet::first, NaiveDate::min),
            "last_day": self.day(BTreeSet::last, NaiveDate::max),
            "not_covered": self.not_covered,
        }))
    }

    /// The rows as a data frame: `account, region, objects, bytes, days, first_day, last_day`.
    pub fn frame(&self) -> polars::prelude::DataFrame {
        use polars::prelude::{Column, DataFrame, NamedFrom, Series};
        fn text<'a>(name: &str, values: impl Iterator<Item = Option<String>> + 'a) -> Column {
            Series::new(name.into(), values.collect::<Vec<_>>()).into()
        }
        fn number<'a>(name: &str, values: impl Iterator<Item = u64> + 'a) -> Column {
            Series::new(name.into(), values.map(|value| value as i64).collect::<Vec<_>>()).into()
        }
        let rows = &self.rows;
        let day = |day: Option<&NaiveDate>| day.map(NaiveDate::to_string);
        DataFrame::new(
            rows.len(),
            vec![
                text("account", rows.iter().map(|row| Some(row.account.clone()))),
                text("region", rows.iter().map(|row| Some(row.region.clone()))),
                number("objects", rows.iter().map(|row| row.objects)),
                number("bytes", rows.iter().map(|row| row.bytes)),
                number("days", rows.iter().map(|row| row.days.len() as u64)),
                text("first_day", rows.iter().map(|row| day(row.days.first()))),
                text("last_day", rows.iter().map(|row| day(row.days.last()))),
            ],
        )
        .unwrap_or_default()
    }

    /// Shows the inventory in a notebook cell.
    pub fn evcxr_display(&self) {
        show::emit(&self.bundle());
    }
}

impl fmt::Display for Inventory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.bundle().plain)
    }
}

fn not_covered(rows: &[Row], scope: &Scope) -> Vec<String> {
    let mut sentences = Vec::new();
    for account in scope.accounts() {
        for region in scope.regions() {
            if !rows.iter().any(|row| row.account == *account && row.region == *region) {
                sentences.push(format!("No objects of account {account} in {region} in this window."));
            }
        }
    }
    let held: BTreeSet<NaiveDate> = rows.iter().flat_map(|row| row.days.iter().copied()).collect();
    let (first, last) = scope.asked_days();
    let missing: Vec<NaiveDate> =
        first.iter_days().take_while(|day| *day <= last).filter(|day| !held.contains(day)).collect();
    if !rows.is_empty() && !missing.is_empty() {
        sentences.push(match missing.as_slice() {
            [day] => format!("No objects of any account were delivered on {day}."),
            days => format!(
                "No objects of any account were delivered on {} days of the window: {}.",
                days.len(),
                super::days::ranges(days)
            ),
        });
    }
    sentences
}
