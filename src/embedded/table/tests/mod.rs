//! Queries in DataFusion's own SQL: what the scan gives, apart from Trino's language.

mod damage;
mod real;
mod selection;
mod values;

use std::{fs, path::Path};

use datafusion::{
    arrow::{json::ArrayWriter, record_batch::RecordBatch},
    prelude::{SessionConfig, SessionContext},
};
use serde_json::{Value, json};

use super::*;

const DAY: &str = "AWSLogs/111122223333/CloudTrail/us-east-1/2024/05/06";

/// A folder of log objects.
struct Logs(tempfile::TempDir);

impl Logs {
    fn new() -> Self {
        Logs(tempfile::tempdir().unwrap())
    }

    fn add(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    /// An object of one day with these records.
    fn records(self, name: &str, records: Value) -> Self {
        self.add(&format!("{DAY}/{name}"), json!({ "Records": records }).to_string())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

struct Answer {
    rows: Vec<Value>,
    coverage: Coverage,
    plan: String,
}

impl Answer {
    fn damage(&self) -> Vec<String> {
        let describe = |damaged: &crate::Damaged| {
            let name = damaged.object.rsplit('/').next().unwrap_or_default();
            format!("{name}: {} ({})", damaged.reason, damaged.records_kept)
        };
        self.coverage.damaged.iter().map(describe).collect()
    }
}

fn ask_with(logs: &Path, options: ScanOptions, threads: usize, sql: &str) -> Answer {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).build().unwrap();
    runtime.block_on(async {
        let table = Arc::new(CloudTrailTable::new(options));
        table.fill(Arc::new(Tree::open(logs).unwrap()));
        let context = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(threads));
        context.register_table("logs", table.clone()).unwrap();
        let frame = context.sql(sql).await.unwrap();
        let plan = frame.clone().create_physical_plan().await.unwrap();
        let plan = datafusion::physical_plan::displayable(plan.as_ref()).indent(false).to_string();
        let batches = frame.collect().await.unwrap();
        Answer { rows: rows(&batches), coverage: table.coverage(), plan }
    })
}

fn ask(logs: &Path, sql: &str) -> Answer {
    ask_with(logs, ScanOptions::default(), 3, sql)
}

fn rows(batches: &[RecordBatch]) -> Vec<Value> {
    let mut writer = ArrayWriter::new(Vec::new());
    writer.write_batches(&batches.iter().collect::<Vec<_>>()).unwrap();
    writer.finish().unwrap();
    let text = writer.into_inner();
    if text.is_empty() { Vec::new() } else { serde_json::from_slice(&text).unwrap() }
}

#[track_caller]
fn check(logs: &Logs, sql: &str, expected: Value) {
    assert_eq!(json!(ask(logs.path(), sql).rows), expected, "{sql}");
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut compressor = libdeflater::Compressor::new(libdeflater::CompressionLvl::default());
    let mut gzip = vec![0; compressor.gzip_compress_bound(text.len())];
    let length = compressor.gzip_compress(text, &mut gzip).unwrap();
    gzip.truncate(length);
    gzip
}
