//! A server that speaks Athena's protocol and S3's, over logs in a folder: queries are answered by the
//! embedded engine, so that the answers are real.

#![allow(dead_code, reason = "each test uses its part")]

mod athena;
mod ctas;
mod http;
mod metastore;
mod parquet;
mod render;
mod s3;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::body::Bytes;
use trailbook::Logs;

pub(crate) use metastore::Table;

/// The bucket that holds the logs, and the one for results.
pub(crate) const LOGS: &str = "logs";
pub(crate) const RESULTS: &str = "results";
/// Where all of it is.
pub(crate) const REGION: &str = "us-east-1";

/// A server of its own on a free port, for as long as the test lives.
pub(crate) struct Server {
    endpoint: String,
    state: Arc<State>,
}

/// What the server knows.
pub(super) struct State {
    /// The logs as the embedded engine has them, and the folder that they are in.
    logs: Mutex<Logs>,
    folder: PathBuf,
    /// Tables that were made of queries.
    made: Mutex<HashMap<String, ctas::Made>>,
    tables: Mutex<HashMap<String, Table>>,
    databases: Mutex<Vec<String>>,
    groups: Mutex<HashMap<String, Group>>,
    named: Mutex<Vec<serde_json::Value>>,
    queries: Mutex<HashMap<String, athena::Query>>,
    /// Objects by `bucket/key`.
    objects: Mutex<BTreeMap<String, Bytes>>,
    /// Buckets that are in other regions, with these.
    buckets_elsewhere: Mutex<HashMap<String, String>>,
    /// Names in a page of a listing.
    page: Mutex<usize>,
    faults: Mutex<Faults>,
    calls: Mutex<Vec<String>>,
}

/// A workgroup.
#[derive(Clone, Debug, Default)]
pub(crate) struct Group {
    pub(crate) location: Option<String>,
    pub(crate) is_enforced: bool,
    pub(crate) is_managed: bool,
    pub(crate) cutoff: Option<u64>,
}

/// What goes wrong, and how long things take.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    /// So many calls of Athena are throttled.
    pub(crate) throttled: usize,
    /// Calls of Athena fail with this type and message.
    pub(crate) refused: Option<(&'static str, &'static str)>,
    /// Queries fail with this reason.
    pub(crate) reason: Option<String>,
    /// Queries take so long.
    pub(crate) takes: Duration,
    /// Calls of S3 fail with this status and code.
    pub(crate) s3: Option<(u16, &'static str)>,
}

impl Server {
    /// Serves the logs of a folder, which holds `AWSLogs`, as `s3://logs/`, and as the table
    /// `cloudtrail_logs.cloudtrail_partitioned`.
    pub(crate) fn start(folder: &Path) -> Server {
        let state = Arc::new(State {
            logs: Mutex::new(open(folder)),
            folder: folder.to_owned(),
            made: Mutex::default(),
            tables: Mutex::default(),
            databases: Mutex::new(vec!["default".to_owned()]),
            groups: Mutex::default(),
            named: Mutex::default(),
            queries: Mutex::default(),
            objects: Mutex::default(),
            buckets_elsewhere: Mutex::default(),
            page: Mutex::new(1000),
            faults: Mutex::default(),
            calls: Mutex::default(),
        });
        lock(&state.objects).extend(s3::read(LOGS, folder));
        let server = Server { endpoint: http::serve(state.clone()), state };
        server.table("cloudtrail_logs.cloudtrail_partitioned", Table::of_logs(&server.state));
        let location = Some(format!("s3://{RESULTS}/athena/"));
        let group = Group { location, ..Group::default() };
        server.group("primary", group.clone());
        server.group("trailbook", Group { cutoff: Some(100_000_000_000), ..group });
        server
    }

    /// As `http://127.0.0.1:5000`.
    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// What a program needs in its environment to take it for AWS; `home` is where it keeps its records.
    pub(crate) fn environment<'a>(&'a self, home: &'a str) -> Vec<(&'a str, &'a str)> {
        vec![
            ("AWS_ENDPOINT_URL", &self.endpoint),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_REGION", REGION),
            ("AWS_DEFAULT_REGION", REGION),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("TRAILBOOK_HOME", home),
        ]
    }

    /// Makes or replaces a table.
    pub(crate) fn table(&self, name: &str, table: Table) {
        lock(&self.state.tables).insert(name.to_owned(), table);
        let database = name.split('.').next().unwrap_or_default().to_owned();
        lock(&self.state.databases).push(database);
    }

    /// An object is delivered.
    pub(crate) fn deliver(&self, key: &str, object: &[u8]) {
        let path = self.state.folder.join(key);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, object).expect("a file");
        lock(&self.state.objects).insert(format!("{LOGS}/{key}"), Bytes::copy_from_slice(object));
        *lock(&self.state.logs) = open(&self.state.folder);
    }

    /// The objects of a bucket that are named so are gone.
    pub(crate) fn delete(&self, prefix: &str) {
        lock(&self.state.objects).retain(|name, _| !name.starts_with(prefix));
    }

    /// Forgets a table and its database.
    pub(crate) fn drop_table(&self, name: &str) {
        lock(&self.state.tables).remove(name);
        let database = name.split('.').next().unwrap_or_default();
        lock(&self.state.databases).retain(|known| known != database);
    }

    /// A table as it is.
    pub(crate) fn get_table(&self, name: &str) -> Table {
        lock(&self.state.tables)[name].clone()
    }

    /// Makes or replaces a workgroup.
    pub(crate) fn group(&self, name: &str, group: Group) {
        lock(&self.state.groups).insert(name.to_owned(), group);
    }

    /// Forgets a workgroup.
    pub(crate) fn drop_group(&self, name: &str) {
        lock(&self.state.groups).remove(name);
    }

    /// From now on a bucket is in another region.
    pub(crate) fn bucket_elsewhere(&self, bucket: &str, region: &str) {
        lock(&self.state.buckets_elsewhere).insert(bucket.to_owned(), region.to_owned());
    }

    /// From now on a page of a listing has at most so many names.
    pub(crate) fn page(&self, names: usize) {
        *lock(&self.state.page) = names;
    }

    /// From now on these things go wrong.
    pub(crate) fn fault(&self, faults: Faults) {
        *lock(&self.state.faults) = faults;
    }

    /// The calls of Athena so far, by name.
    pub(crate) fn calls(&self) -> Vec<String> {
        lock(&self.state.calls).clone()
    }

    /// The ids of all queries, and whether each was stopped.
    pub(crate) fn queries(&self) -> Vec<(String, bool)> {
        lock(&self.state.queries).iter().map(|(id, query)| (id.clone(), query.is_stopped())).collect()
    }

    /// Bytes of the largest object among the results.
    pub(crate) fn largest_result(&self) -> usize {
        let objects = lock(&self.state.objects);
        let results = objects.iter().filter(|(name, _)| name.starts_with(RESULTS));
        results.map(|(_, object)| object.len()).max().unwrap_or(0)
    }

    /// The statements of all queries in their order, and the bytes that each read.
    pub(crate) fn scanned(&self) -> Vec<(String, u64)> {
        let queries = lock(&self.state.queries);
        let by_id: BTreeMap<_, _> = queries.iter().collect();
        by_id.into_values().map(|query| (query.sql().to_owned(), query.scanned())).collect()
    }

    /// The statements of all queries.
    pub(crate) fn statements(&self) -> Vec<String> {
        lock(&self.state.queries).values().map(|query| query.sql().to_owned()).collect()
    }
}

impl State {
    fn logs(&self) -> Logs {
        lock(&self.logs).clone()
    }
}

fn open(folder: &Path) -> Logs {
    Logs::open(folder.to_str().expect("UTF-8")).expect("logs")
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
