//! Snapshots: folders of the logs, copied once into a table of Parquet that answers in their place.
//!
//! [`make`] writes one and keeps its [`manifest`]. It is a [`stand_in`] for the logs on every day of which a query's
//! conditions leave the same folders of both, each with the same objects as listed now; the other days
//! come from the logs.
//!
//! What no longer is as it was made, its files or its table, is not asked: the logs are.

mod make;
mod manifest;
mod stand_in;

use futures::TryStreamExt;
use object_store::ObjectStore;

use super::Athena;
use super::results::place;
use crate::Result;
use crate::embedded::Prepared;
use crate::embedded::tree::Partition;
use crate::logs::Snapshot;
use crate::logs::snapshot::{Kept, Making};
pub(crate) use manifest::prefix;
use manifest::{Folders, Listing, Manifest, Origin, Sum};
pub(super) use stand_in::StandIn;

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

    /// The folders that a query reads, as they are listed.
    fn folders(&self, query: &Prepared) -> Result<Folders> {
        let tree = query.tree();
        let partitions: Vec<Partition> = tree.partitions().iter().map(|one| one.as_ref().clone()).collect();
        Ok(manifest::folders(tree, &self.front.admitted(query, &partitions)?))
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
