//! Athena's calls.

use std::sync::Arc;
use std::time::Instant;

use hyper::body::Bytes;
use serde_json::{Value, json};
use trailbook::QueryOptions;

use super::render::{Column, Rows};
use super::{Group, REGION, State, ctas, lock, metastore, parquet};

/// A call's answer, or the type and the message of its error.
type Answer = Result<Value, (String, String)>;

/// A query and what became of it.
pub(super) struct Query {
    sql: String,
    workgroup: String,
    token: String,
    started: Instant,
    /// The rows, or why there are none.
    result: Result<Arc<Rows>, String>,
    is_select: bool,
    is_reused: bool,
    scanned: u64,
    /// `s3://bucket/prefix/id.csv`.
    location: Option<String>,
    takes: std::time::Duration,
    stopped: bool,
}

impl Query {
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped
    }

    pub(super) fn sql(&self) -> &str {
        &self.sql
    }

    pub(super) fn scanned(&self) -> u64 {
        self.scanned
    }

    fn state(&self) -> &'static str {
        match &self.result {
            _ if self.stopped => "CANCELLED",
            _ if self.started.elapsed() < self.takes => "RUNNING",
            Ok(_) => "SUCCEEDED",
            Err(reason) if reason.contains("limit was exceeded") => "CANCELLED",
            Err(_) => "FAILED",
        }
    }
}

fn invalid(message: impl Into<String>) -> (String, String) {
    ("InvalidRequestException".to_owned(), message.into())
}

/// Answers a call to Athena in a region.
pub(super) fn call(state: &State, region: &str, operation: &str, body: &Value) -> Answer {
    {
        let mut faults = lock(&state.faults);
        if faults.throttled > 0 {
            faults.throttled -= 1;
            return Err(("ThrottlingException".to_owned(), "Rate exceeded".to_owned()));
        }
        if let Some((kind, message)) = faults.refused {
            return Err((kind.to_owned(), message.to_owned()));
        }
    }
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    match operation {
        // Another region has nothing.
        "GetDatabase" | "GetTableMetadata" if region != REGION => {
            Err(metadata("EntityNotFoundException: Entity Not Found".to_owned()))
        }
        "GetQueryExecution" if region != REGION => Err(unknown(&text("QueryExecutionId"))),
        _ if region != REGION => Err(invalid(format!("WorkGroup {} is not found.", text("WorkGroup")))),
        "StartQueryExecution" => start(state, body),
        "GetQueryExecution" => Ok(json!({ "QueryExecution": execution(state, &text("QueryExecutionId"))? })),
        "BatchGetQueryExecution" => {
            let ids = body["QueryExecutionIds"].as_array().cloned().unwrap_or_default();
            let ids = ids.iter().filter_map(Value::as_str);
            Ok(
                json!({ "QueryExecutions": ids.map(|id| execution(state, id)).collect::<Result<Vec<_>, _>>()? }),
            )
        }
        "StopQueryExecution" => {
            let id = text("QueryExecutionId");
            let mut queries = lock(&state.queries);
            let query = queries.get_mut(&id).ok_or_else(|| unknown(&id))?;
            query.stopped |= query.state() == "RUNNING";
            Ok(json!({}))
        }
        "GetQueryResults" => results(state, body),
        "GetWorkGroup" => {
            let name = text("WorkGroup");
            let groups = lock(&state.groups);
            let group =
                groups.get(&name).ok_or_else(|| invalid(format!("WorkGroup {name} is not found.")))?;
            Ok(json!({ "WorkGroup": described(&name, group) }))
        }
        "ListWorkGroups" => {
            let groups = lock(&state.groups);
            let names = groups.keys().map(|name| json!({ "Name": name, "State": "ENABLED" }));
            Ok(json!({ "WorkGroups": names.collect::<Vec<_>>() }))
        }
        "CreateWorkGroup" => {
            let settings = &body["Configuration"];
            let group = Group {
                location: settings["ResultConfiguration"]["OutputLocation"].as_str().map(str::to_owned),
                is_enforced: settings["EnforceWorkGroupConfiguration"].as_bool().unwrap_or(true),
                is_managed: settings["ManagedQueryResultsConfiguration"]["Enabled"]
                    .as_bool()
                    .unwrap_or(false),
                cutoff: settings["BytesScannedCutoffPerQuery"].as_u64(),
            };
            lock(&state.groups).insert(text("Name"), group);
            Ok(json!({}))
        }
        "GetDataCatalog" => Ok(json!({ "DataCatalog": { "Name": text("Name"), "Type": "GLUE" } })),
        "GetDatabase" => {
            let name = text("DatabaseName");
            match lock(&state.databases).contains(&name) {
                true => Ok(json!({ "Database": { "Name": name } })),
                false => Err(metadata(format!("EntityNotFoundException: Database {name} not found."))),
            }
        }
        "ListDatabases" => {
            let databases =
                lock(&state.databases).iter().map(|name| json!({ "Name": name })).collect::<Vec<_>>();
            Ok(json!({ "DatabaseList": databases }))
        }
        "GetTableMetadata" => {
            let name = format!("{}.{}", text("DatabaseName"), text("TableName"));
            let tables = lock(&state.tables);
            let table = tables.get(&name);
            let table = table
                .ok_or_else(|| metadata(format!("EntityNotFoundException: Table {name} was not found.")))?;
            Ok(json!({ "TableMetadata": table.metadata(&text("TableName")) }))
        }
        "CreateNamedQuery" => {
            let mut named = lock(&state.named);
            let id = format!("named-{}", named.len() + 1);
            let mut query = body.clone();
            query["NamedQueryId"] = json!(id);
            named.push(query);
            Ok(json!({ "NamedQueryId": id }))
        }
        "ListNamedQueries" => {
            let named = lock(&state.named);
            Ok(
                json!({ "NamedQueryIds": named.iter().map(|query| &query["NamedQueryId"]).collect::<Vec<_>>() }),
            )
        }
        "GetNamedQuery" => {
            let named = lock(&state.named);
            let query = named.iter().find(|query| query["NamedQueryId"] == body["NamedQueryId"]);
            Ok(json!({ "NamedQuery": query.ok_or_else(|| invalid("no such named query"))? }))
        }
        "UpdateWorkGroup" => {
            let name = text("WorkGroup");
            let mut groups = lock(&state.groups);
            let group =
                groups.get_mut(&name).ok_or_else(|| invalid(format!("WorkGroup {name} is not found.")))?;
            let place = &body["ConfigurationUpdates"]["ResultConfigurationUpdates"]["OutputLocation"];
            group.location = place.as_str().map(str::to_owned).or(group.location.take());
            Ok(json!({}))
        }
        "BatchGetNamedQuery" => Ok(json!({ "NamedQueries": *lock(&state.named) })),
        other => Err(invalid(format!("the test server has no {other}"))),
    }
}

fn metadata(message: String) -> (String, String) {
    ("MetadataException".to_owned(), message)
}

fn unknown(id: &str) -> (String, String) {
    invalid(format!("QueryExecution {id} was not found"))
}

fn described(name: &str, group: &Group) -> Value {
    let mut settings = json!({
        "EnforceWorkGroupConfiguration": group.is_enforced,
        "PublishCloudWatchMetricsEnabled": false,
        "RequesterPaysEnabled": false,
        "EngineVersion": { "SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": "Athena engine version 3" },
        "ResultConfiguration": {},
    });
    if let Some(location) = &group.location {
        settings["ResultConfiguration"] = json!({ "OutputLocation": location });
    }
    if let Some(cutoff) = group.cutoff {
        settings["BytesScannedCutoffPerQuery"] = json!(cutoff);
    }
    settings["ManagedQueryResultsConfiguration"] = json!({ "Enabled": group.is_managed });
    json!({ "Name": name, "State": "ENABLED", "Configuration": settings })
}

fn start(state: &State, body: &Value) -> Answer {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (sql, token) = (text(&body["QueryString"]), text(&body["ClientRequestToken"]));
    if token.len() < 32 {
        return Err(invalid("ClientRequestToken must have length greater than or equal to 32"));
    }
    let known = lock(&state.queries).iter().find(|(_, query)| query.token == token).map(|(id, _)| id.clone());
    if let Some(id) = known {
        return Ok(json!({ "QueryExecutionId": id }));
    }
    let workgroup = body["WorkGroup"].as_str().unwrap_or("primary").to_owned();
    let group = lock(&state.groups).get(&workgroup).cloned();
    let group = group.ok_or_else(|| invalid(format!("WorkGroup {workgroup} is not found.")))?;
    let own = body["ResultConfiguration"]["OutputLocation"].as_str();
    if group.is_managed && own.is_some() {
        return Err(invalid("OutputLocation can not be set when managed query results is enabled"));
    }
    let location = match (&group.location, own) {
        _ if group.is_managed => None,
        (Some(location), _) if group.is_enforced => Some(location.clone()),
        (_, Some(own)) => Some(own.to_owned()),
        (Some(location), None) => Some(location.clone()),
        (None, None) => {
            return Err(invalid(
                "No output location provided. An output location is required either through the Workgroup result \
                 configuration setting or as an API input.",
            ));
        }
    };
    let bucket = location.as_deref().and_then(|place| place.strip_prefix("s3://")?.split('/').next());
    if bucket.is_some_and(|bucket| lock(&state.buckets_elsewhere).contains_key(bucket)) {
        return Err(invalid(
            "The S3 location provided to save your query results is invalid. Please check your S3 location is correct and is \
             in the same region and try again.",
        ));
    }
    let copy = ctas::Copy::parse(&sql);
    let place = copy.as_ref().and_then(ctas::Copy::location);
    if place.is_some() && group.is_enforced && group.location.is_some() {
        return Err(invalid(
            "The Create Table As Select query failed because it was submitted with an 'external_location' property to \
             an Athena Workgroup that enforces a centralized output location for all queries. Please remove the \
             'external_location' property and resubmit the query.",
        ));
    }
    let mut queries = lock(&state.queries).len();
    queries += 1;
    let id = format!("{queries:08x}-0000-4000-8000-{:012x}", u64::from(std::process::id()));
    let age = &body["ResultReuseConfiguration"]["ResultReuseByAgeConfiguration"];
    let may_reuse = age["Enabled"].as_bool().unwrap_or(false) && age["MaxAgeInMinutes"].as_u64() > Some(0);
    let is_reused =
        may_reuse && lock(&state.queries).values().any(|query| query.sql == sql && query.result.is_ok());
    let faults = lock(&state.faults).clone();
    let known = generated_before(state, &sql);
    let place = place.or(location.as_deref()).map(|place| match &copy {
        Some(copy) if copy.location().is_some() => place.to_owned(),
        _ => format!("{}/tables/{id}/", place.trim_end_matches('/')),
    });
    let copied = match (&copy, &faults.reason) {
        (Some(copy), None) => {
            let place = place.as_deref().unwrap_or_default().trim_start_matches("s3://");
            Some(copy.run(state, place))
        }
        _ => None,
    };
    let (result, is_select, scanned) = match (&known, metastore::define(state, &sql), copied) {
        (Some((rows, _)), ..) => (Ok(rows.clone()), true, 0),
        (None, Some(result), _) => (result.map(|()| Arc::default()), false, 0),
        (None, None, Some((result, scanned))) => (result.map(|()| Arc::default()), false, scanned),
        (None, None, None) => {
            let (result, scanned) = run(state, &sql);
            (result.map(Arc::new), true, scanned)
        }
    };
    let result = match (faults.reason, group.cutoff) {
        (Some(reason), _) => Err(reason),
        (None, Some(cutoff)) if scanned > cutoff => {
            Err("Query cancelled! : Bytes scanned limit was exceeded".to_owned())
        }
        (None, _) => result,
    };
    let file = location.as_ref().map(|location| {
        let extension = if is_select { "csv" } else { "txt" };
        format!("{}/{id}.{extension}", location.trim_end_matches('/'))
    });
    if let (Some(file), Ok(rows)) = (&file, &result) {
        let name = file.trim_start_matches("s3://").to_owned();
        let csv = known.map_or_else(|| rows.csv().into(), |(_, csv)| csv);
        lock(&state.objects).insert(format!("{name}.metadata"), Bytes::new());
        lock(&state.objects).insert(name, csv);
    }
    let query = Query {
        sql,
        workgroup,
        token,
        started: Instant::now(),
        result,
        is_select,
        is_reused,
        scanned: if is_reused { 0 } else { scanned },
        location: file,
        takes: faults.takes,
        stopped: false,
    };
    lock(&state.queries).insert(id.clone(), query);
    Ok(json!({ "QueryExecutionId": id }))
}

/// What was made up for the same query before, which takes long: its rows and their file.
fn generated_before(state: &State, sql: &str) -> Option<(Arc<Rows>, Bytes)> {
    let queries = lock(&state.queries);
    let same = queries.values().find(|query| sql.contains(GENERATE) && query.sql == sql)?;
    let file = same.location.as_ref()?.trim_start_matches("s3://").to_owned();
    Some((same.result.clone().ok()?, lock(&state.objects).get(&file)?.clone()))
}

/// For results that are larger than the logs: `-- generate 1000000 rows`.
const GENERATE: &str = "-- generate ";

/// The rows of a query by the embedded engine, and the bytes that it read.
fn run(state: &State, sql: &str) -> (Result<Rows, String>, u64) {
    let flat = sql.trim();
    let upper = flat.to_uppercase();
    if upper.starts_with("UNLOAD") {
        return parquet::unload(state, flat, &run);
    }
    if let Some(name) = ctas::named(sql) {
        return match lock(&state.made).get(name).filter(|_| lock(&state.tables).contains_key(name)) {
            Some(made) => made.run(state, name, sql),
            None => (Err(ctas::missing(name)), 0),
        };
    }
    let options = QueryOptions::new().allow_full_scan(true);
    match state.logs().query_with(sql, &options) {
        Ok(answer) => {
            let scanned = answer.coverage().bytes_read;
            let count = sql.split_once(GENERATE).and_then(|(_, rest)| rest.split(' ').next()?.parse().ok());
            let rows = Rows::of(&answer);
            match count {
                Some(count) => (Ok(Rows::generated(rows.columns, count)), scanned),
                None => (Ok(rows), scanned),
            }
        }
        Err(error) if error.is_rejected() => (Err(format!("SYNTAX_ERROR: {error}")), 0),
        Err(error) => (Err(format!("GENERIC_USER_ERROR: {error}")), 0),
    }
}

fn execution(state: &State, id: &str) -> Answer {
    let queries = lock(&state.queries);
    let query = queries.get(id).ok_or_else(|| unknown(id))?;
    let status = query.state();
    let mut about = json!({ "State": status, "SubmissionDateTime": 1_760_000_000.0 });
    if let (Err(reason), "FAILED" | "CANCELLED") = (&query.result, status) {
        about["StateChangeReason"] = json!(reason);
        about["AthenaError"] =
            json!({ "ErrorCategory": 2, "ErrorType": 1, "Retryable": false, "ErrorMessage": reason });
    }
    if status != "RUNNING" {
        about["CompletionDateTime"] = json!(1_760_000_001.0);
    }
    let mut results = json!({});
    if let Some(location) = &query.location {
        results = json!({ "OutputLocation": location });
    }
    Ok(json!({
        "QueryExecutionId": id,
        "Query": query.sql,
        "StatementType": if query.is_select { "DML" } else { "DDL" },
        "WorkGroup": query.workgroup,
        "ResultConfiguration": results,
        "QueryExecutionContext": { "Database": "cloudtrail_logs", "Catalog": "awsdatacatalog" },
        "Status": about,
        "Statistics": {
            "DataScannedInBytes": query.scanned,
            "TotalExecutionTimeInMillis": query.takes.as_millis() as u64,
            "EngineExecutionTimeInMillis": query.takes.as_millis() as u64,
            "ResultReuseInformation": { "ReusedPreviousResult": query.is_reused },
        },
        "EngineVersion": { "SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": "Athena engine version 3" },
    }))
}

fn results(state: &State, body: &Value) -> Answer {
    let id = body["QueryExecutionId"].as_str().unwrap_or_default();
    let queries = lock(&state.queries);
    let query = queries.get(id).ok_or_else(|| unknown(id))?;
    let (Ok(rows), "SUCCEEDED") = (&query.result, query.state()) else {
        return Err(invalid(format!("Query has not yet finished. Current state: {}", query.state())));
    };
    let page = body["MaxResults"].as_u64().unwrap_or(1000) as usize;
    if page > 1000 {
        return Err(invalid("MaxResults is more than maximum allowed length 1000"));
    }
    let from: usize = body["NextToken"].as_str().map_or(0, |token| token.parse().expect("a token of ours"));
    let row = |texts: &mut dyn Iterator<Item = Option<&str>>| {
        let data = texts.map(|text| match text {
            Some(text) => json!({ "VarCharValue": text }),
            None => json!({}),
        });
        json!({ "Data": data.collect::<Vec<_>>() })
    };
    // The names of the columns are the first row of the first page.
    let header = row(&mut rows.columns.iter().map(|column| Some(column.name.as_str())));
    let total = rows.rows.len() + usize::from(query.is_select);
    let at = |n: usize| match (query.is_select, n) {
        (true, 0) => header.clone(),
        (true, n) => row(&mut rows.rows[n - 1].iter().map(Option::as_deref)),
        (false, n) => row(&mut rows.rows[n].iter().map(Option::as_deref)),
    };
    let end = (from + page).min(total);
    let mut answer = json!({
        "UpdateCount": 0,
        "ResultSet": {
            "Rows": (from..end).map(at).collect::<Vec<_>>(),
            "ResultSetMetadata": { "ColumnInfo": rows.columns.iter().map(info).collect::<Vec<_>>() },
        },
    });
    if end < total {
        answer["NextToken"] = json!(end.to_string());
    }
    Ok(answer)
}

/// A column as Athena describes it: without what is inside an array, a map or a row.
fn info(column: &Column) -> Value {
    let (base, inner) = column.ty.split_once('(').unwrap_or((&column.ty, ""));
    let inner = inner.split(')').next().unwrap_or_default();
    let zoned = column.ty.ends_with("with time zone");
    let (mut precision, mut scale) = (0, 0);
    let ty = match base {
        "real" => "float",
        "timestamp" if zoned => "timestamp with time zone",
        "decimal" => {
            let (p, s) = inner.split_once(',').expect("precision and scale");
            (precision, scale) = (p.trim().parse().expect("a number"), s.trim().parse().expect("a number"));
            "decimal"
        }
        "varchar" => {
            precision = i32::MAX;
            "varchar"
        }
        base => base,
    };
    json!({
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": column.name,
        "Label": column.name,
        "Type": ty,
        "Precision": precision,
        "Scale": scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": base == "varchar",
    })
}
