//! CloudTrail logs as a table of DataFusion.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use async_trait::async_trait;
use datafusion::{
    arrow::datatypes::{Schema, SchemaRef},
    catalog::{Session, TableProvider},
    common::{internal_err, tree_node::TreeNodeRecursion},
    config::ConfigOptions,
    datasource::TableType,
    error::Result,
    execution::{SendableRecordBatchStream, TaskContext},
    logical_expr::{Expr, TableProviderFilterPushDown},
    physical_expr::{EquivalenceProperties, PhysicalExpr, PhysicalSortExpr},
    physical_expr_common::physical_expr::snapshot_generation,
    physical_plan::{
        DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties, SortOrderPushdownResult,
        execution_plan::{Boundedness, EmissionType, apply_expression_roots},
        filter_pushdown::{ChildPushdownResult, FilterPushdownPhase, FilterPushdownPropagation},
        projection::ProjectionExec,
        stream::RecordBatchReceiverStreamBuilder,
    },
};

use super::{
    columns::{self, Source},
    condition::{self, Condition},
    ledger::Ledger,
    partitions,
    scan::{Progress, Scan},
    snapshot::{self, Snapshot},
    tree::Tree,
};
use crate::Coverage;

/// How logs are read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ScanOptions {
    /// A JSON null in `requestparameters`, `responseelements`, `additionaleventdata`
    /// or `serviceeventdetails` is the text `null`, as with AWS's older SerDe, not NULL.
    pub(crate) null_json_as_text: bool,
    /// Of records with the same event id, only the first in the order of paths is a row.
    pub(crate) deduplicate: bool,
    /// Rows tell whether they are duplicates, and objects are hashed.
    pub(super) for_snapshot: bool,
    /// Of an object, at most this many bytes are read, stored or inflated.
    pub(crate) object_limit: usize,
}

impl ScanOptions {
    /// The greatest limit: a batch's texts have offsets of 31 bits, and a byte that is not UTF-8 becomes three.
    pub(crate) const LARGEST: usize = 512 << 20;

    pub(super) fn looks_for_duplicates(&self) -> bool {
        self.deduplicate || self.for_snapshot
    }
}

impl Default for ScanOptions {
    fn default() -> Self {
        ScanOptions {
            null_json_as_text: false,
            deduplicate: false,
            for_snapshot: false,
            object_limit: Self::LARGEST,
        }
    }
}

/// A tree of CloudTrail logs as a table, for one query: it remembers what was read.
///
/// Rows come in the order of the objects' paths where one partition is
/// executed, and in any order with several.
#[derive(Debug)]
pub(crate) struct CloudTrailTable {
    /// Known when the query's conditions are: they tell what of a bucket has to be listed.
    tree: OnceLock<Arc<Tree>>,
    options: ScanOptions,
    ledger: Arc<Ledger>,
    /// What may answer in the place of the logs.
    snapshots: OnceLock<Vec<Arc<Snapshot>>>,
}

impl CloudTrailTable {
    pub(crate) fn new(options: ScanOptions) -> Self {
        let (tree, snapshots) = (OnceLock::new(), OnceLock::new());
        CloudTrailTable { tree, options, ledger: Arc::default(), snapshots }
    }

    /// Says which snapshots may answer in the place of the logs.
    pub(super) fn use_snapshots(&self, snapshots: Vec<Arc<Snapshot>>) {
        self.snapshots.get_or_init(|| snapshots);
    }

    pub(super) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// A scan of all that is known of the records of `objects`, for a snapshot.
    pub(super) fn scan_all(
        &self,
        objects: Arc<[usize]>,
        partitions: usize,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let (schema, sources) = (snapshot::schema(), snapshot::sources());
        self.scan_objects(objects, schema, sources, None, partitions)
    }

    fn scan_objects(
        &self,
        objects: Arc<[usize]>,
        schema: SchemaRef,
        sources: Vec<Source>,
        limit: Option<usize>,
        partitions: usize,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let Some(tree) = self.tree.get() else { return internal_err!("the table is not filled") };
        let scan = Scan {
            tree: tree.clone(),
            objects,
            schema,
            sources,
            condition: Condition::Unknown,
            dynamic: Vec::new(),
            limit,
            options: self.options,
            ledger: self.ledger.clone(),
        };
        Ok(Arc::new(CloudTrailExec::new(scan, partitions)))
    }

    /// Says what the table holds. Until then it has columns and no rows, and no plan can be made.
    pub(crate) fn fill(&self, tree: Arc<Tree>) {
        self.tree.get_or_init(|| tree);
    }

    /// What has been read so far; after a query, what it has read.
    pub(crate) fn coverage(&self) -> Coverage {
        self.tree.get().map(|tree| self.ledger.coverage(tree)).unwrap_or_default()
    }
}

#[async_trait]
impl TableProvider for CloudTrailTable {
    fn schema(&self) -> SchemaRef {
        columns::schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let support = |filter: &&Expr| match () {
            () if !partitions::path_matters(filter) => TableProviderFilterPushDown::Unsupported,
            () if partitions::path_decides(filter) => TableProviderFilterPushDown::Exact,
            () => TableProviderFilterPushDown::Inexact,
        };
        Ok(filters.iter().map(support).collect())
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let Some(tree) = self.tree.get() else { return internal_err!("the table is not filled") };
        let selected = partitions::select(tree, filters, session)?;
        let mut wanted = vec![false; tree.partitions().len()];
        for partition in selected {
            wanted[partition.index] = true;
        }
        let objects = tree.objects().iter().enumerate();
        let objects: Arc<[usize]> =
            objects.filter(|(_, object)| wanted[object.partition.index]).map(|(index, _)| index).collect();
        let projection = match projection {
            Some(projection) => projection.clone(),
            None => (0..self.schema().fields().len()).collect(),
        };
        for snapshot in self.snapshots.get().into_iter().flatten() {
            let deduplicate = self.options.deduplicate;
            if let Some(readings) = snapshot.stands_for(tree, &objects, deduplicate, filters, session)? {
                self.ledger.note_snapshot(snapshot.made());
                readings.into_iter().for_each(|(object, reading)| self.ledger.note(object, reading));
                return snapshot.scan(&projection, filters, objects.len(), &self.options, session);
            }
        }
        let schema = Arc::new(self.schema().project(&projection)?);
        let sources = projection.into_iter().filter_map(Source::column).collect();
        self.scan_objects(objects, schema, sources, limit, session.config().target_partitions())
    }
}

/// The scan as a node of a physical plan.
#[derive(Debug)]
struct CloudTrailExec {
    scan: Arc<Scan>,
    properties: Arc<PlanProperties>,
    progress: OnceLock<Arc<Progress>>,
}

impl CloudTrailExec {
    fn new(scan: Scan, partitions: usize) -> Self {
        let partitions = partitions.min(scan.objects.len()).max(1);
        let properties = PlanProperties::new(
            EquivalenceProperties::new(scan.schema.clone()),
            Partitioning::UnknownPartitioning(partitions),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        CloudTrailExec { scan: Arc::new(scan), properties: Arc::new(properties), progress: OnceLock::new() }
    }

    /// The same node with another scan of the same objects.
    fn with(&self, change: impl FnOnce(&mut Scan)) -> Arc<dyn ExecutionPlan> {
        let mut scan = Scan::clone(&self.scan);
        change(&mut scan);
        Arc::new(CloudTrailExec::new(scan, self.properties.partitioning.partition_count()))
    }
}

impl DisplayAs for CloudTrailExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CloudTrailExec: objects={}", self.scan.objects.len())?;
        let columns = self.scan.sources.iter().map(|source| source.to_string()).collect::<Vec<_>>();
        write!(f, ", columns=[{}]", columns.join(", "))?;
        match self.scan.limit {
            Some(limit) => write!(f, ", limit={limit}"),
            None => Ok(()),
        }
    }
}

impl ExecutionPlan for CloudTrailExec {
    fn name(&self) -> &str {
        Self::static_name()
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match children.is_empty() {
            true => Ok(self),
            false => internal_err!("a scan has no children"),
        }
    }

    fn reset_state(self: Arc<Self>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self.with(|_| {}))
    }

    fn apply_expressions(
        &self,
        visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        apply_expression_roots(&self.scan.dynamic, visit)
    }

    fn execute(&self, _: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        // Whatever partition it is: each takes objects as long as there are some.
        let progress = self.progress.get_or_init(|| Arc::new(Progress::new(&self.scan))).clone();
        let scan = self.scan.clone();
        let batch_size = context.session_config().batch_size();
        let mut stream = RecordBatchReceiverStreamBuilder::new(self.schema(), 2);
        let batches = stream.tx();
        stream.spawn_blocking(move || scan.run(&progress, batch_size, &batches));
        Ok(stream.build())
    }

    fn fetch(&self) -> Option<usize> {
        self.scan.limit
    }

    fn with_fetch(&self, limit: Option<usize>) -> Option<Arc<dyn ExecutionPlan>> {
        Some(self.with(|scan| scan.limit = limit))
    }

    /// Takes over projections to columns and members of structs, so that only those are read.
    fn try_swapping_with_projection(
        &self,
        projection: &ProjectionExec,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let sources =
            projection.expr().iter().map(|output| condition::source(&output.expr, &self.scan.sources));
        let Some(sources) = sources.collect::<Option<Vec<Source>>>() else {
            return Ok(None);
        };
        let schema: SchemaRef = projection.schema();
        let alike = schema
            .fields()
            .iter()
            .zip(&sources)
            .all(|(field, source)| *field.data_type() == source.data_type());
        Ok(alike.then(|| {
            self.with(|scan| {
                scan.schema = Arc::new(Schema::new(schema.fields().clone()));
                scan.sources = sources;
            })
        }))
    }

    /// Takes notice of filters above, and leaves them there: what it does with them is no filter.
    ///
    /// Some change while the query runs: the newest 50 events ask for less the more were found.
    fn handle_child_pushdown_result(
        &self,
        _: FilterPushdownPhase,
        filters: ChildPushdownResult,
        _: &ConfigOptions,
    ) -> Result<FilterPushdownPropagation<Arc<dyn ExecutionPlan>>> {
        let (dynamic, fixed): (Vec<_>, Vec<_>) = filters
            .parent_filters
            .iter()
            .map(|parent| parent.filter.clone())
            .partition(|filter| snapshot_generation(filter) > 0);
        let propagation = FilterPushdownPropagation::all_unsupported(filters);
        if dynamic.is_empty() && fixed.is_empty() {
            return Ok(propagation);
        }
        Ok(propagation.with_updated_node(self.with(|scan| {
            let known = std::mem::replace(&mut scan.condition, Condition::Unknown);
            let more = fixed.iter().map(|filter| scan.demands(filter));
            scan.condition = Condition::All([known].into_iter().chain(more).collect());
            scan.dynamic.extend(dynamic);
        })))
    }

    /// Reads the days in the order in which their events are wanted, so that the first fill
    /// a limit and the others need not be built.
    fn try_pushdown_sort(
        &self,
        order: &[PhysicalSortExpr],
    ) -> Result<SortOrderPushdownResult<Arc<dyn ExecutionPlan>>> {
        let by_time = order.first().filter(|first| {
            let source = condition::source(&first.expr, &self.scan.sources);
            source.is_some_and(|source| source.is_event_time())
        });
        // Which duplicate is the first depends on the order.
        let Some(first) = by_time.filter(|_| !self.scan.options.deduplicate) else {
            return Ok(SortOrderPushdownResult::Unsupported);
        };
        let day = |object: &usize| {
            let partition = &self.scan.tree.objects()[*object].partition;
            (&partition.year, &partition.month, &partition.day)
        };
        let mut objects = self.scan.objects.to_vec();
        objects.sort_by(|a, b| day(a).cmp(&day(b)).then(a.cmp(b)));
        if first.options.descending {
            objects.reverse();
        }
        Ok(SortOrderPushdownResult::Inexact { inner: self.with(|scan| scan.objects = objects.into()) })
    }
}

#[cfg(test)]
mod tests;
