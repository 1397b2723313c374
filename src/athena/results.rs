//! The rows of a finished query: by GetQueryResults where they are few or Athena keeps them, else by the
//! result file.

use std::ops::Range;

use aws_sdk_athena::Client;
use aws_sdk_athena::operation::get_query_results::GetQueryResultsOutput;
use aws_sdk_athena::types::{ColumnInfo, Row};
use futures::stream::BoxStream;
use futures::stream::FuturesOrdered;
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use memchr::memchr_iter;
use object_store::ObjectStoreExt;
use object_store::path::Path as Key;
use polars::prelude::DataFrame;

use super::column::Column as Rows;
use super::csv::{Cutter, Reader, Sink};
use super::errors;
use super::execute::Finished;
use crate::aws::{Aws, Store, split_url};
use crate::embedded::frame::unique;
use crate::logs::engine::Part;
use crate::show::Column;
use crate::sql::OutputColumn;
use crate::trino::Type;
use crate::{Error, Result, runtime};

/// Rows of a page: the most that Athena gives.
const PAGE: i32 = 1000;
/// Bytes of the result file that are fetched by one request, and requests at a time.
const PIECE: u64 = 8 << 20;
const AT_ONCE: usize = 4;
/// Rows of a part, where a result is taken in parts.
const PART: usize = 1 << 16;

/// Rows, and what could not be read in them.
pub(super) struct Results {
    pub(super) frame: DataFrame,
    pub(super) columns: Vec<Column>,
    pub(super) warnings: Vec<String>,
}

/// All rows of a query; with `parts`, which takes them as they come, none are left in the end. `planned` are the
/// columns as the query's text has them, if it could be read: Athena names no type inside an array, a map or a row.
///
/// # Errors
///
/// A call fails, or the rows are not what Athena said they are.
pub(super) async fn fetch(
    aws: &Aws,
    client: &Client,
    query: &Finished,
    planned: Option<&[OutputColumn]>,
    parts: Option<&mut Part<'_>>,
) -> Result<Results> {
    let mut page = get_page(client, &query.id, None).await?;
    let mut table = Table::new(&page, planned, parts);
    let mut is_first = true;
    let by_file = query.location.as_deref().filter(|location| location.ends_with(".csv"));
    if let (Some(_), Some(location)) = (page.next_token(), by_file) {
        read_file(aws, location, &mut table).await?;
        return table.finish();
    }
    loop {
        let rows = page.result_set().map(|set| set.rows()).unwrap_or_default();
        let header = usize::from(is_first && query.is_select && table.is_header(rows.first()));
        for row in rows.iter().skip(header) {
            table.push(row)?;
        }
        is_first = false;
        let Some(token) = page.next_token.take() else { return table.finish() };
        page = get_page(client, &query.id, Some(token)).await?;
    }
}

async fn get_page(client: &Client, id: &str, token: Option<String>) -> Result<GetQueryResultsOutput> {
    let call = client.get_query_results().query_execution_id(id).max_results(PAGE).set_next_token(token);
    let what = format!("reading the results of the query {id} (athena:GetQueryResults)");
    call.send().await.map_err(|error| errors::call(&what, error))
}

/// The place of a result file.
///
/// # Errors
///
/// It is none.
pub(super) fn place(aws: &Aws, location: &str) -> Result<(Store, Key)> {
    let invalid = || Error::failed(format!("`{}` is no place in S3", location.escape_debug()));
    let (bucket, key) = split_url(location).ok_or_else(invalid)?;
    Ok((aws.bucket(bucket)?, Key::parse(key).map_err(|_| invalid())?))
}

/// Several threads read the file, each as many records as one request brings.
async fn read_file(aws: &Aws, location: &str, table: &mut Table<'_, '_>) -> Result<()> {
    let mut pieces = pieces(aws, location).await?;
    let mut cutter = Cutter::default();
    let mut reading = FuturesOrdered::new();
    let mut is_first = true;
    let mut block = |columns: &[Rows], lines: usize| Block {
        columns: columns.iter().map(|column| column.empty(lines)).collect(),
        rows: 0,
        has_header: std::mem::take(&mut is_first),
    };
    while let Some(piece) = pieces.try_next().await? {
        let Some(records) = cutter.cut(piece) else { continue };
        let lines = records.iter().map(|part| memchr_iter(b'\n', part).count()).sum();
        let block = block(&table.rows, lines);
        let read = tokio::task::spawn_blocking(move || block.read(&records));
        reading.push_back(read.map(|read| read.unwrap_or_else(|_| Err(stopped()))));
        if reading.len() > runtime::threads()
            && let Some(block) = reading.try_next().await?
        {
            table.append(block)?;
        }
    }
    while let Some(block) = reading.try_next().await? {
        table.append(block)?;
    }
    table.append(block(&table.rows, 0).read(&[cutter.finish()])?)
}

/// The bytes of a file in S3, in order, several requests ahead.
async fn pieces(aws: &Aws, location: &str) -> Result<BoxStream<'static, Result<Vec<u8>>>> {
    let (store, key) = place(aws, location)?;
    let what = format!("reading {location} (s3:GetObject)");
    let size = store.s3().head(&key).await.map_err(|error| store.explain(&what, error))?.size;
    let ranges =
        (0..size).step_by(PIECE as usize).map(move |start| Range { start, end: (start + PIECE).min(size) });
    let fetch = move |range: Range<u64>| {
        let (store, key, what) = (store.clone(), key.clone(), what.clone());
        // On the runtime's threads, so that a piece comes while another is read.
        let piece = tokio::spawn(async move {
            let piece = store.s3().get_range(&key, range).await;
            piece.map(Vec::from).map_err(|error| store.explain(&what, error))
        });
        piece.map(|piece| piece.unwrap_or_else(|_| Err(stopped())))
    };
    Ok(stream::iter(ranges).map(fetch).buffered(AT_ONCE).boxed())
}

/// A task of the runtime panicked.
fn stopped() -> Error {
    Error::failed("the work stopped unexpectedly")
}

/// Rows as they come, column by column.
struct Table<'a, 'p> {
    columns: Vec<Column>,
    rows: Vec<Rows>,
    /// Rows that are held.
    count: usize,
    parts: Option<&'a mut Part<'p>>,
}

impl<'a, 'p> Table<'a, 'p> {
    fn new(
        page: &GetQueryResultsOutput,
        planned: Option<&[OutputColumn]>,
        parts: Option<&'a mut Part<'p>>,
    ) -> Table<'a, 'p> {
        let metadata = page.result_set().and_then(|set| set.result_set_metadata());
        let infos = metadata.map(|metadata| metadata.column_info()).unwrap_or_default();
        let planned = planned.filter(|planned| planned.len() == infos.len());
        let mut taken = Vec::new();
        let (mut columns, mut rows) = (Vec::new(), Vec::new());
        for (index, info) in infos.iter().enumerate() {
            let ty = type_of(info, planned.map(|planned| &planned[index].ty));
            rows.push(Rows::new(&unique(info.name(), &mut taken), ty.clone()));
            columns.push(Column { name: info.name().to_owned(), kind: ty.to_string() });
        }
        Table { columns, rows, count: 0, parts }
    }

    /// Whether the row repeats the names of the columns.
    fn is_header(&self, row: Option<&Row>) -> bool {
        let Some(row) = row else { return false };
        let texts = row.data().iter().map(|datum| datum.var_char_value());
        texts.eq(self.columns.iter().map(|column| Some(column.name.as_str())))
    }

    fn push(&mut self, row: &Row) -> Result<()> {
        let data = row.data();
        for (index, column) in self.rows.iter_mut().enumerate() {
            column.push(data.get(index).and_then(|datum| datum.var_char_value()))?;
        }
        self.end_row()
    }

    fn append(&mut self, block: Block) -> Result<()> {
        self.count += block.rows;
        for (column, more) in self.rows.iter_mut().zip(block.columns) {
            column.append(more)?;
        }
        if self.count >= PART && self.parts.is_some() { self.hand_over() } else { Ok(()) }
    }

    fn end_row(&mut self) -> Result<()> {
        self.count += 1;
        if self.count == PART && self.parts.is_some() { self.hand_over() } else { Ok(()) }
    }

    fn hand_over(&mut self) -> Result<()> {
        let frame = self.frame()?;
        match &mut self.parts {
            Some(parts) => parts(&frame, &self.columns),
            None => Ok(()),
        }
    }

    /// The rows that are held.
    fn frame(&mut self) -> Result<DataFrame> {
        let series = self.rows.iter_mut().map(|rows| Ok(rows.take()?.into()));
        let series: Vec<polars::prelude::Column> = series.collect::<Result<_>>()?;
        DataFrame::new(std::mem::take(&mut self.count), series)
            .map_err(|error| Error::failed(format!("the rows do not fit into a data frame: {error}")))
    }

    fn finish(mut self) -> Result<Results> {
        let names = self.columns.iter().zip(&self.rows);
        let warnings = names.filter(|(_, rows)| rows.unread > 0).map(|(column, rows)| {
            format!(
                "{} values of {} could not be read as {} and are NULL here; `format=parquet` in the source, or selecting \
                 the members by name, gives them",
                rows.unread, column.name, column.kind
            )
        });
        let warnings = warnings.collect();
        if self.parts.is_some() {
            self.hand_over()?;
        }
        Ok(Results { frame: self.frame()?, columns: self.columns, warnings })
    }
}

/// Records of the file, on their way to columns.
struct Block {
    columns: Vec<Rows>,
    rows: usize,
    /// The first record names the columns.
    has_header: bool,
}

impl Block {
    fn read(mut self, records: &[Vec<u8>]) -> Result<Block> {
        let mut reader = Reader::default();
        for part in records {
            reader.push(part, &mut self)?;
        }
        reader.finish(&mut self)?;
        Ok(self)
    }
}

impl Sink for Block {
    fn value(&mut self, record: u64, field: usize, text: Option<&str>) -> Result<()> {
        match self.columns.get_mut(field) {
            Some(column) if record > 0 || !self.has_header => column.push(text),
            _ => Ok(()),
        }
    }

    fn end(&mut self, record: u64, fields: usize) -> Result<()> {
        if fields != self.columns.len() {
            return Err(Error::failed(format!(
                "a record of the result file has {fields} fields, not {}",
                self.columns.len()
            ))
            .hint("run the query again"));
        }
        self.rows += usize::from(record > 0 || !self.has_header);
        Ok(())
    }
}

/// The type of a column: what was planned, where Athena's own says no other.
fn type_of(info: &ColumnInfo, planned: Option<&Type>) -> Type {
    let name = info.r#type().to_ascii_lowercase();
    let (precision, scale) = (info.precision(), info.scale());
    let told = match name.as_str() {
        "float" => Some(Type::Real),
        "string" | "char" | "varchar" => Some(Type::VARCHAR),
        "binary" => Some(Type::Varbinary),
        "decimal" => Type::parse(&format!("decimal({precision},{scale})")).ok(),
        name => Type::parse(name).ok(),
    };
    let planned = planned.filter(|planned| match (&told, planned) {
        (Some(told), planned) => std::mem::discriminant(told) == std::mem::discriminant(*planned),
        (None, Type::Array(_)) => name == "array",
        (None, Type::Map(..)) => name == "map",
        (None, Type::Row(_)) => name == "row" || name == "struct",
        _ => false,
    });
    match (planned, told) {
        // Athena gives no length of a text, and no digits of a second.
        (Some(planned), _) => planned.clone(),
        // Without its parts an array is the text that Athena gives.
        (None, told) => told.unwrap_or(Type::VARCHAR),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::athena::execute;
    use crate::athena::source::Source;
    use crate::logs::location::Location;
    use crate::moto::Moto;
    use crate::runtime;

    /// moto runs no SQL: it gives the results that it was given.
    #[test]
    fn results_of_a_server_that_is_not_ours_are_typed() {
        let Some(moto) = Moto::start() else { return };
        moto.run(
            r#"
import json, urllib.request
names = [("n", "bigint"), ("text", "varchar"), ("at", "timestamp"), ("list", "array"), ("x", "double")]
column = lambda name, kind: {"CatalogName": "hive", "SchemaName": "", "TableName": "", "Name": name, "Label": name,
    "Type": kind, "Precision": 0, "Scale": 0, "Nullable": "UNKNOWN", "CaseSensitive": False}
row = lambda *values: {"Data": [{} if value is None else {"VarCharValue": value} for value in values]}
rows = [row(*[name for name, _ in names]), row("7", "", "2026-10-12 08:00:00.123", "[1, null]", "1.5E10"), row(*[None] * 5)]
body = {"results": [{"rows": rows, "column_info": [column(*name) for name in names]}]}
url = os.environ["AWS_ENDPOINT_URL"] + "/moto-api/static/athena/query-results"
request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
urllib.request.urlopen(request).read()
client("s3").create_bucket(Bucket="results")
"#,
        );
        let aws = Aws::at(moto.endpoint());
        let client = aws.athena();
        let source =
            Source::of(&Location::parse("athena://a.b?workgroup=primary").unwrap().unwrap()).unwrap();
        let planned = ["bigint", "varchar", "timestamp(3)", "array(bigint)", "double"];
        let planned: Vec<OutputColumn> = planned
            .iter()
            .map(|ty| OutputColumn { name: "c".into(), ty: Type::parse(ty).unwrap() })
            .collect();
        let results = runtime::block_on(async {
            let place = Some("s3://results/".to_owned());
            let id = execute::start(&client, "SELECT 1", &source, place).await?;
            let finished = execute::wait(&client, &id, &[]).await?;
            fetch(&aws, &client, &finished, Some(&planned), None).await
        });
        let Results { frame, columns, warnings } = results.unwrap().unwrap();
        assert_eq!(warnings, Vec::<String>::new());
        let types: Vec<&str> = columns.iter().map(|column| column.kind.as_str()).collect();
        assert_eq!(types, ["bigint", "varchar", "timestamp(3)", "array(bigint)", "double"]);
        let mut ndjson = Vec::new();
        crate::Format::Ndjson.write(&frame, &columns, &mut ndjson).unwrap();
        assert_eq!(
            String::from_utf8(ndjson).unwrap(),
            "{\"n\":7,\"text\":\"\",\"at\":\"2026-10-12 08:00:00.123\",\"list\":[1,null],\"x\":15000000000.0}\n\
             {\"n\":null,\"text\":null,\"at\":null,\"list\":null,\"x\":null}\n"
        );
    }

    #[test]
    fn types_are_athena_s_with_the_parts_that_were_planned() {
        let check = |told: &str, planned: Option<&str>, expected: &str| {
            let info = ColumnInfo::builder().name("c").r#type(told).precision(5).scale(2).build().unwrap();
            let planned = planned.map(|planned| Type::parse(planned).unwrap());
            assert_eq!(type_of(&info, planned.as_ref()).to_string(), expected, "{told}");
        };
        check("bigint", None, "bigint");
        check("integer", Some("integer"), "integer");
        check("float", Some("real"), "real");
        check("decimal", None, "decimal(5,2)");
        check("timestamp", Some("timestamp(6)"), "timestamp(6)");
        check("timestamp with time zone", None, "timestamp(3) with time zone");
        check("array", Some("array(row(arn varchar))"), "array(row(arn varchar))");
        check("row", None, "varchar");
        check("varchar", Some("varchar(3)"), "varchar(3)");
        // The table is not what was thought.
        check("varchar", Some("row(arn varchar)"), "varchar");
        check("bigint", Some("varchar"), "bigint");
    }
}
