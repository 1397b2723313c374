//! Runs queries on the logs of a tree.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use chrono::Utc;
use datafusion::arrow::array::RecordBatch;
use datafusion::catalog::Session;
use datafusion::datasource::provider_as_source;
use datafusion::error::DataFusionError;
use datafusion::execution::context::QueryPlanner;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::physical_expr::expressions::col;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::{ExecutionPlan, collect};
use datafusion::physical_planner::{DefaultPhysicalPlanner, PhysicalPlanner};
use datafusion::prelude::SessionConfig;

use super::columns::EVENT_TIME;
use super::frame::frame;
use super::partitions;
use super::snapshot::{self, Snapshot};
use super::table::{CloudTrailTable, ScanOptions};
use super::tree::bucket::{Admits, Bucket};
use super::tree::{Partition, Tree};
use crate::aws::Store;
use crate::logs::engine::{Outcome, QueryEngine};
use crate::runtime::{self, on_own_thread};
use crate::show::Column;
use crate::sql::{self, Catalog, FencePlanner, Guard, Plan};
use crate::trino::time::Instant;
use crate::trino::{self, EvalError};
use crate::{Error, Inventory, QueryOptions, Result, Scope};

/// What sorting, grouping and joining may hold in memory, in bytes; the rest goes to temporary files.
const MEMORY: usize = 1 << 30;

/// Logs, and what runs queries on them.
pub(crate) struct Engine {
    logs: Logs,
    state: SessionState,
    /// Where snapshots are kept, if the user has such a folder.
    folder: Option<PathBuf>,
    /// Those of these logs, once they were looked for.
    snapshots: Mutex<Option<Vec<Arc<Snapshot>>>>,
}

enum Logs {
    /// On disk, and listed; or somewhere that cannot be listed.
    Listed(Arc<Tree>),
    Bucket {
        bucket: Bucket,
        /// Which partitions count.
        within: Box<dyn Fn(&Partition) -> bool + Send + Sync>,
    },
}

impl Engine {
    /// Lists the logs at any level of a tree, or takes one file.
    ///
    /// # Errors
    ///
    /// [`is_not_found`](Error::is_not_found), [`is_io`](Error::is_io).
    pub(crate) fn open(path: &Path) -> Result<Engine> {
        Self::new(Logs::Listed(Arc::new(Tree::open(path)?)))
    }

    /// The logs in a bucket, below any level of a tree. They are listed as far as a query needs.
    ///
    /// # Errors
    ///
    /// [`is_not_found`](Error::is_not_found), [`is_denied`](Error::is_denied), [`is_invalid`](Error::is_invalid).
    pub(crate) fn open_bucket(store: Store, prefix: &str) -> Result<Engine> {
        Self::open_within(store, prefix, |_| true)
    }

    /// As [`open_bucket`](Self::open_bucket), of the partitions that count, as far as they are known.
    ///
    /// # Errors
    ///
    /// As [`open_bucket`](Self::open_bucket).
    pub(crate) fn open_within(
        store: Store,
        prefix: &str,
        within: impl Fn(&Partition) -> bool + Send + Sync + 'static,
    ) -> Result<Engine> {
        let bucket = runtime::block_on(Bucket::open(store, prefix))??;
        Self::new(Logs::Bucket { bucket, within: Box::new(within) })
    }

    /// Logs at a place that cannot be listed: queries on them can be read, not answered.
    ///
    /// # Errors
    ///
    /// [`is_failed`](Error::is_failed) when DataFusion does not start.
    pub(crate) fn unlisted(place: &str) -> Result<Engine> {
        Self::new(Logs::Listed(Arc::new(Tree::unlisted(place))))
    }

    fn new(logs: Logs) -> Result<Engine> {
        let environment = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(FairSpillPool::new(MEMORY)))
            .build_arc()
            .map_err(failed)?;
        // The last rule checks the others' work, and finds fault with good plans: that a column is
        // constant, which made sorting by it needless, is forgotten when the scan takes over a projection.
        let mut rules = PhysicalOptimizer::new().rules;
        rules.retain(|rule| rule.name() != "SanityCheckPlan");
        let state = SessionStateBuilder::new()
            .with_config(
                SessionConfig::new()
                    .with_target_partitions(runtime::threads())
                    // A snapshot is read by all threads, however small it is.
                    .with_repartition_file_min_size(1),
            )
            .with_runtime_env(environment)
            .with_query_planner(Arc::new(Planner))
            .with_physical_optimizer_rules(rules)
            .build();
        Ok(Engine { logs, state, folder: snapshot::folder(), snapshots: Mutex::default() })
    }

    #[cfg(test)]
    pub(crate) fn with_snapshots_in(self, folder: &Path) -> Engine {
        Engine { folder: Some(folder.to_owned()), ..self }
    }

    /// Plans a query. If nothing bounds it and it must be, no more is listed than tells how it could be.
    ///
    /// # Errors
    ///
    /// [`is_rejected`](Error::is_rejected), or a bucket cannot be listed.
    pub(crate) fn prepare(
        &self,
        sql: &str,
        options: &QueryOptions,
        must_be_bounded: bool,
    ) -> Result<Prepared> {
        let limit = options.object_limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
        let scan = ScanOptions {
            null_json_as_text: options.null_json_as_text,
            deduplicate: options.deduplicate,
            object_limit: limit.map_or(ScanOptions::LARGEST, |limit| limit.min(ScanOptions::LARGEST)),
            ..ScanOptions::default()
        };
        let table = Arc::new(CloudTrailTable::new(scan));
        let query = read(sql, options, &table)?;
        let plan = self.state.optimize(&query.plan).map_err(failed)?;
        let scans = sql::filters(&plan);
        let tree = match must_be_bounded && !scans.iter().all(|filters| sql::is_bounded(filters)) {
            true => self.tree(&last_day)?,
            false => self.tree(&|partitions| self.admits(&scans, partitions))?,
        };
        table.fill(tree.clone());
        table.use_snapshots(self.snapshots(&tree)?);
        let guard = Guard::new(sql, &plan, &tree, &self.state)?;
        if must_be_bounded {
            guard.check(&tree)?;
        }
        Ok(Prepared { plan, scans, columns: query.columns, names: query.tables, guard, table, tree })
    }

    /// Which of the partitions a query's conditions leave.
    ///
    /// # Errors
    ///
    /// A condition fails on a partition's values.
    pub(crate) fn admitted(&self, query: &Prepared, partitions: &[Partition]) -> Result<Vec<bool>> {
        self.admits(&query.scans, partitions)
    }

    /// Which of the partitions the conditions of one scan or another leave.
    fn admits(&self, scans: &[Vec<Expr>], partitions: &[Partition]) -> Result<Vec<bool>> {
        let mut admitted = vec![false; partitions.len()];
        for filters in scans {
            let by_this = partitions::admits(partitions, filters, &self.state).map_err(failed)?;
            admitted.iter_mut().zip(by_this).for_each(|(admitted, too)| *admitted |= too);
        }
        Ok(admitted)
    }

    /// Lists a bucket anew from now on: there may be other objects by then.
    pub(crate) fn forget(&self) {
        if let Logs::Bucket { bucket, .. } = &self.logs {
            bucket.forget();
        }
    }

    /// The columns of a query's answer; nothing is listed.
    ///
    /// # Errors
    ///
    /// [`is_rejected`](Error::is_rejected).
    pub(crate) fn columns(&self, sql: &str, options: &QueryOptions) -> Result<Vec<sql::OutputColumn>> {
        on_own_thread(|_| {
            let table = Arc::new(CloudTrailTable::new(ScanOptions::default()));
            Ok(read(sql, options, &table)?.columns)
        })
    }

    /// The logs, of a bucket those of the partitions that `admits` lets through.
    fn tree(&self, admits: &Admits<'_>) -> Result<Arc<Tree>> {
        match &self.logs {
            Logs::Listed(tree) => Ok(tree.clone()),
            Logs::Bucket { bucket, within } => {
                let admits = |partitions: &[Partition]| {
                    let admitted = admits(partitions)?.into_iter().zip(partitions);
                    Ok(admitted.map(|(admitted, partition)| admitted && within(partition)).collect())
                };
                Ok(Arc::new(runtime::block_on(bucket.narrow(&admits))??))
            }
        }
    }

    fn snapshots(&self, tree: &Tree) -> Result<Vec<Arc<Snapshot>>> {
        let mut known = self.snapshots.lock().unwrap_or_else(PoisonError::into_inner);
        if let (None, Some(folder)) = (&*known, &self.folder) {
            *known = Some(Snapshot::all(folder, tree)?);
        }
        Ok(known.clone().unwrap_or_default())
    }

    /// The accounts and regions, without their days.
    fn regions_tree(&self) -> Result<Arc<Tree>> {
        self.tree(&|partitions| Ok(partitions.iter().map(|partition| partition.region.is_empty()).collect()))
    }

    async fn execute(&self, plan: &LogicalPlan) -> Result<Vec<RecordBatch>> {
        let plan =
            self.state.query_planner().create_physical_plan(plan, &self.state).await.map_err(failed)?;
        collect(plan, self.state.task_ctx()).await.map_err(failed)
    }
}

impl QueryEngine for Engine {
    fn name(&self) -> String {
        format!("embedded, DataFusion {}", datafusion::DATAFUSION_VERSION)
    }

    fn accounts(&self) -> Result<Vec<String>> {
        Ok(self.regions_tree()?.accounts())
    }

    fn regions(&self) -> Result<Vec<String>> {
        Ok(self.regions_tree()?.regions())
    }

    fn inventory(&self, source: &str, scope: &Scope) -> Result<Inventory> {
        let tree = self.tree(&|partitions| {
            Ok(partitions.iter().map(|partition| scope.may_lie_in(partition)).collect())
        })?;
        Ok(Inventory::of(source, &tree, scope))
    }

    fn snapshot(&self, scope: &Scope) -> Result<crate::Snapshot> {
        let folder = self.folder.as_deref().ok_or_else(|| {
            Error::not_found("the user has no cache folder for snapshots")
                .hint("set TRAILBOOK_HOME to the folder that is to hold them")
        })?;
        let tree = self.tree(&|partitions| {
            Ok(partitions.iter().map(|partition| scope.may_lie_in(partition)).collect())
        })?;
        let objects = tree.objects().iter().enumerate();
        let objects: Arc<[usize]> = objects
            .filter(|(_, object)| scope.may_lie_in(&object.partition))
            .map(|(place, _)| place)
            .collect();
        let made = on_own_thread(|runtime| {
            let table = CloudTrailTable::new(ScanOptions { for_snapshot: true, ..ScanOptions::default() });
            table.fill(tree.clone());
            let scan = table.scan_all(objects.clone(), runtime::threads()).map_err(failed)?;
            let by_time = PhysicalSortExpr::new_default(col(EVENT_TIME, &scan.schema()).map_err(failed)?);
            let by_time = LexOrdering::from([by_time]);
            let sorted = SortExec::new(by_time.clone(), scan).with_preserve_partitioning(true);
            let merged = Arc::new(SortPreservingMergeExec::new(by_time, Arc::new(sorted)));
            runtime.block_on(snapshot::write(
                folder,
                &tree,
                &objects,
                table.ledger(),
                merged,
                self.state.task_ctx(),
            ))
        });
        // It may be there now, and others may be gone.
        *self.snapshots.lock().unwrap_or_else(PoisonError::into_inner) = None;
        made
    }

    fn plan(&self, sql: &str, options: &QueryOptions) -> Result<Plan> {
        on_own_thread(|_| {
            let prepared = self.prepare(sql, options, false)?;
            Ok(prepared.guard.plan(&prepared.tree))
        })
    }

    fn run(&self, sql: &str, options: &QueryOptions) -> Result<Outcome> {
        if options.unchecked {
            return Err(
                Error::invalid("only Athena can be sent a query as it is").hint("leave out `unchecked`")
            );
        }
        let (prepared, batches) = on_own_thread(|runtime| {
            let prepared = self.prepare(sql, options, !options.allow_full_scan)?;
            let batches = runtime.block_on(self.execute(&prepared.plan))?;
            Ok((prepared, batches))
        })?;
        let frame = frame(&prepared.columns, &batches)?;
        let columns = prepared.columns.into_iter();
        Ok(Outcome {
            frame,
            columns: columns
                .map(|column| Column { name: column.name, kind: column.ty.to_string() })
                .collect(),
            coverage: prepared.table.coverage(),
            warnings: prepared.guard.into_warnings(),
            execution: None,
            ran: None,
        })
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let logs: &dyn fmt::Debug = match &self.logs {
            Logs::Listed(tree) => &tree.root(),
            Logs::Bucket { bucket, .. } => bucket,
        };
        f.debug_struct("Engine").field("logs", logs).finish_non_exhaustive()
    }
}

fn read(sql: &str, options: &QueryOptions, table: &Arc<CloudTrailTable>) -> Result<sql::Query> {
    let catalog = Catalog::new(provider_as_source(table.clone()), options.table.as_deref());
    let session = trino::Session { start: Instant::from_micros(Utc::now().timestamp_micros()) };
    sql::read(sql, &catalog, session)
}

/// Admits what leads to the last day.
fn last_day(partitions: &[Partition]) -> Result<Vec<bool>> {
    let date = |partition: &Partition| [&partition.year, &partition.month, &partition.day].map(String::clone);
    let last = partitions.iter().map(date).max();
    Ok(partitions.iter().map(|partition| Some(date(partition)) == last).collect())
}

/// A query that is ready to run.
pub(crate) struct Prepared {
    plan: LogicalPlan,
    /// The conditions of each scan.
    scans: Vec<Vec<Expr>>,
    columns: Vec<sql::OutputColumn>,
    /// Where it names the table.
    names: Vec<sql::TableName>,
    guard: Guard,
    table: Arc<CloudTrailTable>,
    tree: Arc<Tree>,
}

impl Prepared {
    pub(crate) fn columns(&self) -> &[sql::OutputColumn] {
        &self.columns
    }

    /// The logs, as far as it needs them.
    pub(crate) fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The query `sql` that this is, asked of another table.
    pub(crate) fn asked_of(&self, sql: &str, table: &str) -> String {
        sql::stand_in(sql, &self.names, table)
    }

    /// The columns of its answer, and what it would read.
    pub(crate) fn into_plan(self) -> (Vec<sql::OutputColumn>, Plan) {
        (self.columns, self.guard.plan(&self.tree))
    }
}

#[derive(Debug)]
struct Planner;

#[async_trait]
impl QueryPlanner for Planner {
    async fn create_physical_plan(
        &self,
        plan: &LogicalPlan,
        state: &dyn Session,
    ) -> datafusion::error::Result<Arc<dyn ExecutionPlan>> {
        let planner = DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(FencePlanner)]);
        planner.create_physical_plan(plan, state).await
    }
}

/// DataFusion's error as one sentence.
fn failed(error: DataFusionError) -> Error {
    let root = error.find_root();
    if let DataFusionError::External(source) = root
        && let Some(error) = source.downcast_ref::<EvalError>()
    {
        return Error::failed(error.to_string());
    }
    let message = match root {
        DataFusionError::ResourcesExhausted(_) => {
            return Error::failed(format!("the query needs more than {} MB of memory", MEMORY >> 20))
                .hint("select fewer columns or a smaller scope");
        }
        root => root.strip_backtrace(),
    };
    Error::failed(message.lines().next().unwrap_or_default())
}
