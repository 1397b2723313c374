//! Writes the records of a scope, once, in the order of their times.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::Path,
    sync::Arc,
};

use chrono::{SecondsFormat, Utc};
use datafusion::{
    execution::TaskContext,
    parquet::{
        arrow::ArrowWriter,
        basic::{Compression, ZstdLevel},
        file::{
            metadata::KeyValue,
            properties::{EnabledStatistics, WriterProperties},
        },
    },
    physical_plan::ExecutionPlan,
};
use futures::StreamExt;
use sha2::{Digest, Sha256};

use super::{Entry, MANIFEST, Manifest, Snapshot, VERSION, cannot, files, hex, prefix, schema, told};
use crate::{
    Error, Result,
    embedded::{ledger::Ledger, tree::Tree},
    logs::snapshot::Kept,
    progress::Progress,
    show,
};

/// Rows of a group: as much as a thread reads at once, or leaves out for its times.
const GROUP: usize = 1 << 15;

/// What is all different.
const DIFFERENT: [&str; 3] = ["eventid", "requestid", "sharedeventid"];

/// Writes what `plan` gives, the sorted records of the objects of `tree`, which `ledger` tells of.
///
/// # Errors
///
/// [`is_io`](Error::is_io) when the file cannot be written; those of the plan.
pub(in crate::embedded) async fn write(
    folder: &Path,
    tree: &Tree,
    objects: &[usize],
    ledger: &Ledger,
    plan: Arc<dyn ExecutionPlan>,
    context: Arc<TaskContext>,
) -> Result<crate::Snapshot> {
    fs::create_dir_all(folder).map_err(cannot("made", folder))?;
    let unfinished = folder.join(format!(".{}{}", prefix(&tree.root()), std::process::id()));
    let written = write_as(&unfinished, tree, objects, ledger, plan, context).await;
    let finished = written.and_then(|(manifest, sha256, bytes)| {
        let path = folder.join(format!("{}{}.parquet", prefix(&tree.root()), &sha256[..16]));
        fs::rename(&unfinished, &path).map_err(cannot("finished", &path))?;
        let made = Snapshot::new(path, manifest);
        made.replace(&tree.root(), folder);
        Ok(made.told(objects.len(), sha256, bytes))
    });
    if finished.is_err() {
        // Whether there is one to remove or not, the error is what matters.
        let _ = fs::remove_file(&unfinished);
    }
    finished
}

async fn write_as(
    path: &Path,
    tree: &Tree,
    objects: &[usize],
    ledger: &Ledger,
    plan: Arc<dyn ExecutionPlan>,
    context: Arc<TaskContext>,
) -> Result<(Manifest, String, u64)> {
    let failed = |error: &dyn std::fmt::Display| {
        Error::failed(format!("the snapshot {} cannot be written: {error}", path.display()))
    };
    let progress = Progress::new("making the snapshot");
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).map_err(|error| failed(&error))?))
        .set_max_row_group_row_count(Some(GROUP))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_created_by(concat!("trailbook ", env!("CARGO_PKG_VERSION")).to_owned());
    for column in DIFFERENT {
        properties = properties.set_column_dictionary_enabled(column.into(), false);
    }
    let file = Hashing { file: BufWriter::new(create(path)?), hash: Sha256::new(), bytes: 0 };
    let mut writer =
        ArrowWriter::try_new(file, schema(), Some(properties.build())).map_err(|error| failed(&error))?;
    let mut events = 0;
    let mut batches =
        datafusion::physical_plan::execute_stream(plan, context).map_err(|error| failed(&error))?;
    while let Some(batch) = batches.next().await {
        let batch = batch.map_err(|error| failed(&error))?;
        events += batch.num_rows() as u64;
        writer.write(&batch).map_err(|error| failed(&error))?;
        progress.tell(|| show::count(events, "event"));
    }
    let made = Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true);
    let objects = entries(tree, objects, ledger);
    let manifest = Manifest { version: VERSION, root: tree.root(), made, events, objects };
    let text = serde_json::to_string(&manifest).map_err(|error| failed(&error))?;
    writer.append_key_value_metadata(KeyValue::new(MANIFEST.to_owned(), text));
    let mut file = writer.into_inner().map_err(|error| failed(&error))?;
    file.flush().map_err(cannot("written", path))?;
    Ok((manifest, hex(&file.hash.finalize()), file.bytes))
}

/// The objects that were read. What could not be is not in the snapshot: a question about it goes to the logs.
fn entries(tree: &Tree, objects: &[usize], ledger: &Ledger) -> Vec<Entry> {
    let readings = ledger.readings();
    let entry = |place: &usize| {
        let reading = readings.get(place)?;
        let object = &tree.objects()[*place];
        let stored = object.stored().ok()?;
        // It was written anew meanwhile.
        let is_same = stored.size == reading.bytes as u64 || reading.damage.is_some();
        Some(Entry {
            path: told(tree, &object.path()),
            size: stored.size,
            modified: stored.modified.timestamp_micros(),
            sha256: hex(&reading.sha256.filter(|_| is_same)?),
            inflated: reading.inflated as u64,
            records: reading.records as u64,
            duplicates: reading.duplicates as u64,
            damage: reading.damage.as_ref().map(ToString::to_string),
        })
    };
    objects.iter().filter_map(entry).collect()
}

impl Snapshot {
    /// Removes the tree's snapshots of nothing but what this one has.
    fn replace(&self, root: &str, folder: &Path) {
        for path in files(folder, root).into_iter().filter(|path| *path != self.path) {
            let is_needless = match Snapshot::open(path.clone()) {
                Ok(other) => {
                    other.manifest.objects.iter().all(|entry| self.by_path.contains_key(&entry.path))
                }
                Err(_) => true,
            };
            if is_needless {
                // Another process may use it or have removed it.
                let _ = fs::remove_file(path);
            }
        }
    }

    fn told(&self, asked: usize, sha256: String, bytes: u64) -> crate::Snapshot {
        crate::Snapshot {
            kept: Kept::File { path: self.path.clone(), sha256 },
            made: self.manifest.made.clone(),
            objects: self.manifest.objects.len() as u64,
            unread: (asked - self.manifest.objects.len()) as u64,
            events: self.manifest.events,
            log_bytes: self.manifest.objects.iter().map(|entry| entry.size).sum(),
            bytes,
        }
    }
}

/// A file for its owner alone: logs are confidential.
fn create(path: &Path) -> Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(cannot("made", path))
}

/// A file, the SHA-256 and the number of the bytes written to it.
struct Hashing {
    file: BufWriter<File>,
    hash: Sha256,
    bytes: u64,
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
