//! A query asked of a snapshot's table: by the places where the front end read the name of the logs' table.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::path::Path;

use chrono::NaiveDate;

use super::manifest::{self, Folders, Manifest};
use crate::athena::Athena;
use crate::embedded::Prepared;
use crate::embedded::tree::Partition;
use crate::logs::days;
use crate::{QueryOptions, Result, show, sql};

/// A snapshot that can answer a query.
pub(in crate::athena) struct StandIn {
    manifest: Manifest,
    /// The query as it is asked of the snapshot's table.
    pub(in crate::athena) sql: String,
    /// The bytes that it reads of the logs all the same, those of the days that are not as they were.
    pub(in crate::athena) of_logs: u64,
    days: Vec<NaiveDate>,
}

impl StandIn {
    /// When it was made, as RFC 3339 in UTC.
    pub(in crate::athena) fn made(&self) -> &str {
        &self.manifest.made
    }

    /// What was saved, where the logs would have been `bytes`.
    pub(in crate::athena) fn saving(&self, scanned: u64, bytes: u64) -> String {
        let priced = |bytes: u64| format!("{} (${:.4})", show::bytes(bytes), sql::price(bytes));
        let mut text = format!(
            "answered from the snapshot {}: {} read, where the logs are {}",
            self.manifest.table,
            priced(scanned),
            priced(bytes)
        );
        if !self.days.is_empty() {
            text.push_str(&format!("; from the logs came {}", days::ranges(&self.days)));
        }
        text
    }

    /// Why the logs were asked all the same.
    pub(in crate::athena) fn unused(&self, why: &str) -> String {
        let manifest = manifest::folder().map(|folder| folder.join(format!("{}.json", self.manifest.table)));
        let forget = manifest.map(|path| format!("; to forget it delete {}", path.display()));
        format!(
            "the logs were asked, not the snapshot {}: {why}{}",
            self.manifest.table,
            forget.unwrap_or_default()
        )
    }
}

/// How a query's folders are divided.
struct Division {
    /// The days on which the logs are not as they were.
    days: BTreeSet<NaiveDate>,
    /// The bytes of the logs on those days, and on the others.
    of_logs: u64,
    spared: u64,
}

impl Athena {
    /// The snapshot that can answer most of the query, the newest of them; and why none can.
    ///
    /// # Errors
    ///
    /// A condition fails on a partition's values.
    pub(in crate::athena) fn stand_in(
        &self,
        snapshots: Vec<Manifest>,
        sql: &str,
        query: &Prepared,
        options: &QueryOptions,
    ) -> Result<(Option<StandIn>, Option<String>)> {
        if snapshots.is_empty() {
            return Ok((None, None));
        }
        let asked = self.folders(query)?;
        let mut warning = None;
        let mut divided = Vec::with_capacity(snapshots.len());
        for manifest in snapshots {
            divided.extend(self.divide(&asked, &manifest, query)?.map(|division| (manifest, division)));
        }
        divided.sort_by_key(|(_, division)| Reverse(division.spared));
        for (manifest, Division { days, of_logs, spared }) in divided {
            if spared == 0 {
                if asked.keys().any(|path| manifest.folders.contains_key(path)) {
                    warning.get_or_insert_with(|| {
                        format!(
                            "the logs have changed since the snapshot {} of {}, so they were asked: make it again",
                            manifest.table, manifest.made
                        )
                    });
                }
                continue;
            }
            let text = query.asked_of(sql, &self.instead(&manifest, &days));
            // Both tables may be named in it.
            let options = QueryOptions { table: None, ..options.clone() };
            match self.front.columns(&text, &options) {
                Ok(columns) if columns == query.columns() => {
                    let days = days.into_iter().collect();
                    return Ok((Some(StandIn { manifest, sql: text, of_logs, days }), None));
                }
                _ => {
                    warning.get_or_insert_with(|| {
                        format!(
                            "the snapshot {} could not be asked in the table's place: give the table an alias, and \
                             qualify columns by that",
                            manifest.table
                        )
                    });
                }
            }
        }
        Ok((None, warning))
    }

    /// Divides what a query asks between the snapshot and the logs. Nothing if a folder tells no day.
    fn divide(&self, asked: &Folders, manifest: &Manifest, query: &Prepared) -> Result<Option<Division>> {
        let day = |one: &Partition| NaiveDate::parse_from_str(&one.date('-'), "%Y-%m-%d").ok();
        let mut division = Division { days: BTreeSet::new(), of_logs: 0, spared: 0 };
        let held = manifest.partitions();
        for (one, is_asked) in held.iter().zip(self.front.admitted(query, &held)?) {
            // It has rows that the logs no longer have.
            if is_asked && !asked.contains_key(&*one.folder.to_string_lossy()) {
                division.days.extend(day(one));
            }
        }
        let mut days = Vec::with_capacity(asked.len());
        for (path, listing) in asked {
            let Some(day) = Partition::of_folder(Path::new(path)).as_ref().and_then(day) else {
                return Ok(None);
            };
            if manifest.folders.get(path) != Some(listing) {
                division.days.insert(day);
            }
            days.push((day, listing.bytes));
        }
        for (day, bytes) in days {
            match division.days.contains(&day) {
                true => division.of_logs += bytes,
                false => division.spared += bytes,
            }
        }
        Ok(Some(division))
    }

    /// What stands in FROM instead of the table.
    fn instead(&self, manifest: &Manifest, days: &BTreeSet<NaiveDate>) -> String {
        let name = self.source.beside(&manifest.table);
        match self.table.layout.days.predicate(days) {
            None => name,
            Some(changed) => {
                let columns = self.table.select_list();
                format!(
                    "(SELECT {columns} FROM {name} WHERE NOT ({changed}) UNION ALL SELECT {columns} FROM {} WHERE {changed})",
                    self.sql_name
                )
            }
        }
    }

    /// Whether the snapshot's files are those that were made.
    ///
    /// # Errors
    ///
    /// They cannot be listed.
    pub(in crate::athena) async fn is_whole(&self, stand_in: &StandIn) -> Result<bool> {
        Ok(self.files(&stand_in.manifest.location).await? == stand_in.manifest.files)
    }
}
