//! UNLOAD: the rows of a query as a Parquet file.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::parquet::arrow::ArrowWriter;

use super::render::Rows;
use super::{State, lock};

type Run = dyn Fn(&State, &str) -> (Result<Rows, String>, u64);

/// Runs `UNLOAD (query) TO 's3://…/' WITH (…)`.
pub(super) fn unload(state: &State, sql: &str, run: &Run) -> (Result<Rows, String>, u64) {
    let Some((query, rest)) = sql.rsplit_once(") TO '") else {
        return (Err("SYNTAX_ERROR: no TO".into()), 0);
    };
    let query = query.trim_start_matches("UNLOAD").trim_start().trim_start_matches('(');
    let place = rest.split('\'').next().unwrap_or_default().trim_start_matches("s3://").to_owned();
    let (rows, scanned) = run(state, query);
    let written = rows.and_then(|rows| write(&rows));
    let result = written.map(|bytes| {
        lock(&state.objects).insert(format!("{place}20261012_080000_00001_abcde_0"), bytes.into());
        Rows::default()
    });
    (result, scanned)
}

fn write(rows: &Rows) -> Result<Vec<u8>, String> {
    let mut names: Vec<&str> = rows.columns.iter().map(|column| column.name.as_str()).collect();
    names.sort_unstable();
    if names.windows(2).any(|pair| pair[0] == pair[1]) || names.iter().any(|name| name.starts_with("_col")) {
        return Err("DUPLICATE_COLUMN_NAME: UNLOAD needs a name for every column".into());
    }
    let (mut fields, mut columns) = (Vec::new(), Vec::new());
    for (index, column) in rows.columns.iter().enumerate() {
        let texts: ArrayRef =
            Arc::new(rows.rows.iter().map(|row| row[index].clone()).collect::<StringArray>());
        let ty = match column.ty.split('(').next().unwrap_or_default() {
            "bigint" => DataType::Int64,
            "integer" => DataType::Int32,
            "double" => DataType::Float64,
            "real" => DataType::Float32,
            "boolean" => DataType::Boolean,
            "date" => DataType::Date32,
            "decimal" => {
                let inner = column.ty.trim_start_matches("decimal(").trim_end_matches(')');
                let (p, s) = inner.split_once(',').expect("precision and scale");
                DataType::Decimal128(p.trim().parse().expect("a number"), s.trim().parse().expect("a number"))
            }
            "timestamp" if column.ty.ends_with("zone") => {
                return Err("NOT_SUPPORTED: Unsupported Hive type: timestamp(3) with time zone".into());
            }
            "timestamp" => DataType::Timestamp(datafusion::arrow::datatypes::TimeUnit::Millisecond, None),
            "varchar" => DataType::Utf8,
            other => return Err(format!("NOT_SUPPORTED: the test server unloads no {other}")),
        };
        columns.push(cast(&texts, &ty).map_err(|error| error.to_string())?);
        fields.push(Field::new(&column.name, ty, true));
    }
    let schema = Arc::new(Schema::new(fields));
    let batch = RecordBatch::try_new(schema.clone(), columns).map_err(|error| error.to_string())?;
    let mut out = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut out, schema, None).map_err(|error| error.to_string())?;
    writer.write(&batch).and_then(|()| writer.close().map(drop)).map_err(|error| error.to_string())?;
    Ok(out)
}
