//! Runs queries on the logs of a tree.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

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
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::physical_plan::{ExecutionPlan, collect};
use datafusion::physical_planner::{DefaultPhysicalPlanner, PhysicalPlanner};
use datafusion::prelude::SessionConfig;

use super::frame::frame;
use super::table::{CloudTrailTable, ScanOptions};
use super::tree::Tree;
use crate::logs::engine::{Outcome, QueryEngine};
use crate::runtime::{self, on_own_thread};
use crate::show::Column;
use crate::sql::{self, Catalog, FencePlanner, Guard, Plan};
use crate::trino::time::Instant;
use crate::trino::{self, EvalError};
use crate::{Error, Inventory, QueryOptions, Result, Scope};

/// What sorting, grouping and joining may hold in memory, in bytes; the rest goes to temporary files.
const MEMORY: usize = 1 << 30;

/// Logs on disk, and what runs queries on them.
pub(crate) struct Engine {
    tree: Arc<Tree>,
    state: SessionState,
}

impl Engine {
    /// Lists the logs at any level of a tree, or takes one file.
    ///
    /// # Errors
    ///
    /// [`is_not_found`](Error::is_not_found), [`is_io`](Error::is_io).
    pub(crate) fn open(path: &Path) -> Result<Engine> {
        let tree = Arc::new(Tree::open(path)?);
        let environment = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(FairSpillPool::new(MEMORY)))
            .build_arc()
            .map_err(failed)?;
        // The last rule checks the others' work, and finds fault with good plans: that a column is
        // constant, which made sorting by it needless, is forgotten when the scan takes over a projection.
        let mut rules = PhysicalOptimizer::new().rules;
        rules.retain(|rule| rule.name() != "SanityCheckPlan");
        let state = SessionStateBuilder::new()
            .with_config(SessionConfig::new().with_target_partitions(runtime::threads()))
            .with_runtime_env(environment)
            .with_query_planner(Arc::new(Planner))
            .with_physical_optimizer_rules(rules)
            .build();
        Ok(Engine { tree, state })
    }

    fn prepare(&self, sql: &str, options: &QueryOptions) -> Result<Prepared> {
        let scan = ScanOptions {
            null_json_as_text: options.null_json_as_text,
            deduplicate: options.deduplicate,
            ..ScanOptions::default()
        };
        let table = Arc::new(CloudTrailTable::new(self.tree.clone(), scan));
        let catalog = Catalog::new(provider_as_source(table.clone()), options.table.as_deref());
        let session = trino::Session { start: Instant::from_micros(Utc::now().timestamp_micros()) };
        let query = sql::read(sql, &catalog, session)?;
        let plan = self.state.optimize(&query.plan).map_err(failed)?;
        let guard = Guard::new(sql, &plan, &self.tree, &self.state)?;
        Ok(Prepared { plan, columns: query.columns, guard, table })
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
        Ok(self.tree.accounts())
    }

    fn regions(&self) -> Result<Vec<String>> {
        Ok(self.tree.regions())
    }

    fn inventory(&self, source: &str, scope: &Scope) -> Result<Inventory> {
        Ok(Inventory::of(source, &self.tree, scope))
    }

    fn plan(&self, sql: &str, options: &QueryOptions) -> Result<Plan> {
        on_own_thread(|_| Ok(self.prepare(sql, options)?.guard.plan(&self.tree)))
    }

    fn run(&self, sql: &str, options: &QueryOptions) -> Result<Outcome> {
        let (prepared, batches) = on_own_thread(|runtime| {
            let prepared = self.prepare(sql, options)?;
            if !options.allow_full_scan {
                prepared.guard.check(&self.tree)?;
            }
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
        })
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("tree", &self.tree.root()).finish_non_exhaustive()
    }
}

/// A query that is ready to run.
struct Prepared {
    plan: LogicalPlan,
    columns: Vec<sql::OutputColumn>,
    guard: Guard,
    table: Arc<CloudTrailTable>,
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
