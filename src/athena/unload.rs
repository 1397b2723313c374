//! Results as Parquet: Athena's UNLOAD writes them, with every type kept.
//!
//! Several files are written at once, so the rows come without the order of the query's ORDER BY.

use std::collections::HashSet;

use chrono::Utc;
use datafusion::arrow::array::{ArrayRef, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::Schema;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use futures::TryStreamExt;
use object_store::{ObjectStore, ObjectStoreExt};

use super::results::{Results, place};
use crate::aws::Aws;
use crate::embedded::frame::frame;
use crate::show::Column;
use crate::sql::{OutputColumn, data_type};
use crate::trino::Type;
use crate::{Error, Result};

const OPEN: &str = "UNLOAD (\n";
const TO: &str = "\n) TO '";
const WITH: &str = "' WITH (format = 'PARQUET')";

/// Why UNLOAD would refuse a query, if it would.
pub(super) fn obstacle(columns: &[OutputColumn]) -> Option<&'static str> {
    let mut names = HashSet::new();
    if columns.iter().any(|column| column.name.starts_with("_col") || !names.insert(&column.name)) {
        return Some("UNLOAD needs a name of its own for every column");
    }
    let is_refused = |column: &OutputColumn| {
        matches!(
            column.ty,
            Type::TimestampTz(_)
                | Type::Json
                | Type::Unknown
                | Type::IpAddress
                | Type::Uuid
                | Type::IntervalDayToSecond
                | Type::IntervalYearToMonth
        )
    };
    columns.iter().any(is_refused).then_some("Parquet by UNLOAD has no type for one of the columns")
}

/// A folder for one result, below the place of results.
pub(super) fn folder(results: &str, token: u32) -> String {
    format!("{}/unload/{}-{token:08x}/", results.trim_end_matches('/'), Utc::now().format("%Y%m%dT%H%M%S%6f"))
}

/// The statement that writes a query's rows into a folder.
pub(super) fn statement(sql: &str, folder: &str) -> String {
    let query = sql.trim_end().trim_end_matches(';');
    // The query may end in a comment.
    format!("{OPEN}{query}{TO}{}{WITH}", folder.replace('\'', "''"))
}

/// The query and the folder of such a statement.
pub(super) fn parse(statement: &str) -> Option<(String, String)> {
    let (query, rest) = statement.strip_prefix(OPEN)?.rsplit_once(TO)?;
    Some((query.to_owned(), rest.strip_suffix(WITH)?.replace("''", "'")))
}

/// The rows in a folder.
///
/// # Errors
///
/// It cannot be read, or holds other columns.
pub(super) async fn fetch(aws: &Aws, folder: &str, columns: &[OutputColumn]) -> Result<Results> {
    let (store, prefix) = place(aws, folder)?;
    let what = format!("reading {folder} (s3:ListBucket, s3:GetObject)");
    let explain = |error| store.explain(&what, error);
    let mut objects: Vec<_> = store.s3().list(Some(&prefix)).try_collect().await.map_err(explain)?;
    objects.sort_by(|a, b| a.location.cmp(&b.location));
    let mut batches = Vec::new();
    for object in objects.iter().filter(|object| object.size > 0) {
        let file = store.s3().get(&object.location).await.map_err(explain)?.bytes().await.map_err(explain)?;
        let failed = |error: String| Error::failed(format!("{what}: {error}"));
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).and_then(|reader| reader.build());
        for batch in reader.map_err(|error| failed(error.to_string()))? {
            let batch = batch.and_then(|batch| typed(&batch, columns));
            batches.push(batch.map_err(|error| failed(error.to_string()))?);
        }
    }
    Ok(Results {
        frame: frame(columns, &batches)?,
        columns: columns.iter().map(|column| Column::new(&column.name, &column.ty.to_string())).collect(),
        warnings: Vec::new(),
    })
}

/// The columns of the query, in the arrays that hold their types.
fn typed(batch: &RecordBatch, columns: &[OutputColumn]) -> datafusion::arrow::error::Result<RecordBatch> {
    let arrays: Vec<ArrayRef> = columns
        .iter()
        .map(|column| {
            let index = batch.schema().index_of(&column.name)?;
            cast(batch.column(index), &data_type(&column.ty))
        })
        .collect::<datafusion::arrow::error::Result<_>>()?;
    let fields = columns.iter().zip(&arrays);
    let fields = fields.map(|(column, array)| {
        datafusion::arrow::datatypes::Field::new(&column.name, array.data_type().clone(), true)
    });
    RecordBatch::try_new(Schema::new(fields.collect::<Vec<_>>()).into(), arrays)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_wrapped() {
        assert_eq!(
            statement("SELECT 1 AS x -- one\n; ", "s3://b/it's/"),
            "UNLOAD (\nSELECT 1 AS x -- one\n\n) TO 's3://b/it''s/' WITH (format = 'PARQUET')"
        );
        let query = ("SELECT ') TO'".to_owned(), "s3://b/it's/".to_owned());
        assert_eq!(parse(&statement(&query.0, &query.1)), Some(query));
        assert!(parse("SELECT 1").is_none());
        assert!(folder("s3://b/p/", 7).starts_with("s3://b/p/unload/2"));
        assert!(folder("s3://b/p/", 7).ends_with("-00000007/"));
    }

    #[test]
    fn what_unload_refuses() {
        let column = |name: &str, ty: &str| OutputColumn { name: name.into(), ty: Type::parse(ty).unwrap() };
        assert!(obstacle(&[column("a", "bigint"), column("b", "array(varchar)")]).is_none());
        assert!(obstacle(&[column("a", "bigint"), column("a", "bigint")]).is_some());
        assert!(obstacle(&[column("_col0", "bigint")]).is_some());
        assert!(obstacle(&[column("a", "timestamp(3) with time zone")]).is_some());
    }
}
