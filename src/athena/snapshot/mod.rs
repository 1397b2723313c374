//! Snapshots: folders of the logs, copied once into a table of Parquet that answers in their place.
//!
//! [`make`] writes one and keeps its [`manifest`]. It stands for the logs in a query if the query's conditions
//! leave the same folders of both, and each holds the same objects as listed now. Then the query is
//! asked of the snapshot's table, by the places where the front end read the name of the logs' table.
//!
//! What no longer is as it was made, its files or its table, is not asked: the logs are.

mod make;
mod manifest;

use futures::TryStreamExt;
use object_store::ObjectStore;

use super::Athena;
use super::results::place;
use crate::embedded::Prepared;
use crate::embedded::tree::Partition;
use crate::logs::Snapshot;
use crate::logs::snapshot::{Kept, Making};
use crate::{QueryOptions, Result, show, sql};
pub(crate) use manifest::prefix;
use manifest::{Folders, Listing, Manifest, Origin, Sum};

/// A snapshot that can answer a query.
pub(super) struct StandIn {
    manifest: Manifest,
    /// The query as it is asked of the snapshot's table.
    pub(super) sql: String,
}

impl StandIn {
    /// When it was made, as RFC 3339 in UTC.
    pub(super) fn made(&self) -> &str {
        &self.manifest.made
    }

    /// What was saved, where the logs would have cost `bytes`.
    pub(super) fn saving(&self, scanned: u64, bytes: u64) -> String {
        let priced = |bytes: u64| format!("{} (${:.4})", show::bytes(bytes), sql::price(bytes));
        format!(
            "answered from the snapshot {}: {} read, where the logs are {}",
            self.manifest.table,
            priced(scanned),
            priced(bytes)
        )
    }

    /// Why the logs were asked all the same.
    pub(super) fn unused(&self, why: &str) -> String {
        let manifest = manifest::folder().map(|folder| folder.join(format!("{}.json", self.manifest.table)));
        let forget = manifest.map(|path| format!("; to forget it delete {}", path.display()));
        format!(
            "the logs were asked, not the snapshot {}: {why}{}",
            self.manifest.table,
            forget.unwrap_or_default()
        )
    }
}

impl Athena {
    /// What the snapshots of this table are known by.
    fn origin(&self) -> Origin {
        Origin {
            region: self.aws.region().to_owned(),
            catalog: self.source.catalog.clone(),
            database: self.source.database.clone(),
            table: self.source.table.clone(),
            location: self.table.location.clone(),
            columns: self.table.columns.clone(),
        }
    }

    /// The snapshots of this table that were made from here, the newest first.
    ///
    /// # Errors
    ///
    /// As [`manifest::all`].
    pub(super) fn snapshots(&self) -> Result<Vec<Manifest>> {
        match self.unlisted {
            // What the logs hold now is not known.
            Some(_) => Ok(Vec::new()),
            None => manifest::all(&self.origin()),
        }
    }

    /// The first of the snapshots that can answer the query, if one can; and what there is to say.
    ///
    /// # Errors
    ///
    /// A condition fails on a partition's values.
    pub(super) fn stand_in(
        &self,
        snapshots: Vec<Manifest>,
        sql: &str,
        query: &Prepared,
        options: &QueryOptions,
    ) -> Result<(Option<StandIn>, Vec<String>)> {
        let mut warnings = Vec::new();
        let asked = match snapshots.is_empty() {
            true => Folders::new(),
            false => self.folders(query)?,
        };
        for manifest in snapshots.into_iter().filter(|_| !asked.is_empty()) {
            let partitions = manifest.partitions();
            let admitted = self.front.admitted(query, &partitions)?;
            let held: Vec<&Partition> = partitions
                .iter()
                .zip(admitted)
                .filter_map(|(one, is_asked)| is_asked.then_some(one))
                .collect();
            let has_all = asked.keys().all(|path| manifest.folders.contains_key(path));
            if !has_all {
                continue;
            }
            let is_same = |(path, listing): (&String, &Listing)| manifest.folders.get(path) == Some(listing);
            if held.len() != asked.len() || !asked.iter().all(is_same) {
                warnings.push(format!(
                    "the logs have changed since the snapshot {} of {}, so they were asked: make it again",
                    manifest.table, manifest.made
                ));
                continue;
            }
            let name = self.source.beside(&manifest.table);
            let text = query.asked_of(sql, &name);
            let options = options.clone().table(&format!("{}.{}", self.source.database, manifest.table));
            let is_the_same =
                self.front.columns(&text, &options).is_ok_and(|columns| columns == query.columns());
            match is_the_same {
                true => return Ok((Some(StandIn { manifest, sql: text }), Vec::new())),
                false => warnings.push(format!(
                    "the snapshot {} could not be asked: give the table an alias, and qualify columns by that",
                    manifest.table
                )),
            }
        }
        // Of several that are old, the newest is told.
        warnings.truncate(1);
        Ok((None, warnings))
    }

    /// The folders that a query reads, as they are listed.
    fn folders(&self, query: &Prepared) -> Result<Folders> {
        let tree = query.tree();
        let partitions: Vec<Partition> = tree.partitions().iter().map(|one| one.as_ref().clone()).collect();
        Ok(manifest::folders(tree, &self.front.admitted(query, &partitions)?))
    }

    /// Whether the snapshot's files are those that were made.
    ///
    /// # Errors
    ///
    /// They cannot be listed.
    pub(super) async fn is_whole(&self, stand_in: &StandIn) -> Result<bool> {
        Ok(self.files(&stand_in.manifest.location).await? == stand_in.manifest.files)
    }

    /// What lies in a place of S3.
    async fn files(&self, location: &str) -> Result<Listing> {
        let (store, prefix) = place(&self.aws, location)?;
        let what = format!("listing {location} (s3:ListBucket)");
        let mut objects: Vec<_> = store
            .s3()
            .list(Some(&prefix))
            .try_collect()
            .await
            .map_err(|error| store.explain(&what, error))?;
        objects.sort_by(|a, b| a.location.cmp(&b.location));
        let mut sum = Sum::default();
        for object in &objects {
            sum.add(object.location.as_ref(), object.size, object.last_modified.timestamp_micros());
        }
        Ok(sum.finish())
    }

    /// A snapshot as it is told.
    fn told(&self, manifest: &Manifest) -> Snapshot {
        let (objects, log_bytes) = manifest.logs();
        Snapshot {
            kept: Kept::Table {
                name: self.source.beside(&manifest.table),
                location: manifest.location.clone(),
                making: Making { bytes_scanned: manifest.scanned, cost_usd: manifest.cost },
            },
            made: manifest.made.clone(),
            objects,
            unread: 0,
            events: manifest.events,
            log_bytes,
            bytes: manifest.files.bytes,
        }
    }
}
