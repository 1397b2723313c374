//! A snapshot as a node of a physical plan.

use std::{fs, sync::Arc};

use datafusion::{
    catalog::Session,
    common::{DFSchema, Result},
    datasource::{
        listing::PartitionedFile,
        physical_plan::{FileScanConfigBuilder, ParquetSource},
        source::DataSourceExec,
    },
    execution::object_store::ObjectStoreUrl,
    logical_expr::{Expr, ident, lit, when},
    physical_expr::expressions::Column,
    physical_plan::{ExecutionPlan, filter::FilterExec, projection::ProjectionExec},
};

use super::{Snapshot, schema};
use crate::embedded::{
    columns::{NULL_AS_TEXT, Source},
    partitions,
    table::ScanOptions,
};

impl Snapshot {
    /// Scans for the table's columns `projection` of the rows that pass those of `filters` that the path
    /// decides. `objects` is how many objects it stands for.
    ///
    /// # Errors
    ///
    /// When the file is gone, or a filter fails on a partition's values.
    pub(in crate::embedded) fn scan(
        &self,
        projection: &[usize],
        filters: &[Expr],
        objects: usize,
        options: &ScanOptions,
        session: &dyn Session,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = schema();
        // All that it has passes: the objects were selected by the same filters.
        let exact = filters.iter().filter(|filter| partitions::path_decides(filter));
        let mut conditions: Vec<Expr> = match self.is_whole_of(objects) {
            true => Vec::new(),
            false => exact.cloned().collect(),
        };
        if options.deduplicate {
            conditions.push(!ident(Source::IsDuplicate.to_string()));
        }
        let outputs: Vec<Expr> = projection
            .iter()
            .map(|index| {
                let name = schema.field(*index).name();
                let column = ident(name);
                match options.null_json_as_text && NULL_AS_TEXT.contains(&name.as_str()) {
                    true => {
                        let fact = NULL_AS_TEXT.into_iter().find(|known| known == name).map(Source::IsNull);
                        let is_null = fact.map_or_else(|| lit(false), |fact| ident(fact.to_string()));
                        when(is_null, lit("null")).otherwise(column)
                    }
                    false => Ok(column),
                }
            })
            .collect::<Result<_>>()?;

        // What is read: the columns that outputs and conditions name.
        let mut needed: Vec<usize> = Vec::new();
        for expr in outputs.iter().chain(&conditions) {
            for column in expr.column_refs() {
                needed.push(schema.index_of(&column.name)?);
            }
        }
        needed.sort_unstable();
        needed.dedup();
        let read = Arc::new(schema.project(&needed)?);
        let names = DFSchema::try_from(read.clone())?;

        let columns = schema.fields().clone();
        let size = fs::metadata(&self.path)?.len();
        let source = ParquetSource::new(schema)
            .with_table_parquet_options(session.table_options().parquet.clone())
            .with_pushdown_filters(true)
            .with_reorder_filters(true);
        let file = PartitionedFile::new(self.path.to_string_lossy(), size);
        let config = FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), Arc::new(source))
            .with_file(file)
            .with_projection_indices(Some(needed.clone()))?
            .build();
        let mut plan: Arc<dyn ExecutionPlan> = DataSourceExec::from_data_source(config);
        for condition in conditions {
            let condition = session.create_physical_expr(condition, &names)?;
            plan = Arc::new(FilterExec::try_new(condition, plan)?);
        }
        if needed == projection && !options.null_json_as_text {
            return Ok(plan);
        }
        let outputs = outputs.into_iter().zip(projection).map(|(output, index)| {
            let name = columns[*index].name().clone();
            let output = match output {
                Expr::Column(column) => Arc::new(Column::new_with_schema(&column.name, &read)?) as _,
                output => session.create_physical_expr(output, &names)?,
            };
            Ok((output, name))
        });
        let outputs: Vec<_> = outputs.collect::<Result<_>>()?;
        Ok(Arc::new(ProjectionExec::try_new(outputs, plan)?))
    }
}
