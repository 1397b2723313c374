//! What Athena's refusals and failures mean, and what can be done about them.

use std::error::Error as StdError;

use aws_sdk_athena::error::{ProvideErrorMetadata, SdkError};

use crate::Error;
use crate::aws::explain;
use crate::sql::nearest;

/// A failed query: `reason` is Athena's, `known` are the names of columns and tables that there are.
pub(super) fn failed(id: &str, reason: &str, known: &[&str]) -> Error {
    let reason = reason.replace(['\n', '\r'], " ");
    let code = reason.split(':').next().unwrap_or_default().trim().to_owned();
    let message = format!("Athena: {reason} (query {id})");
    let has = |words: &[&str]| {
        let lower = reason.to_ascii_lowercase();
        words.iter().any(|word| lower.contains(word))
    };
    if let Some((action, resource)) = denied(&reason) {
        return Error::denied(message).hint(match resource {
            Some(resource) => format!("the caller needs {action} on {resource}"),
            None => format!("the caller needs {action}"),
        });
    }
    if has(&["bytes scanned limit was exceeded"]) {
        return Error::failed(message).hint(
            "the workgroup stops queries that read more than its cutoff: narrow accounts, regions and days, or raise it",
        );
    }
    if is_unwritable(&reason) {
        return unwritable(message);
    }
    match code.as_str() {
        "COLUMN_NOT_FOUND" | "TABLE_NOT_FOUND" | "SCHEMA_NOT_FOUND" | "FUNCTION_NOT_FOUND" => {
            let near = quoted(&reason).and_then(|name| nearest(name.rsplit('.').next()?, known.iter().copied()));
            let hint = match (near, code.as_str()) {
                (Some(near), _) => format!("did you mean {near}?"),
                (None, "COLUMN_NOT_FOUND") => "see the columns with SELECT * … LIMIT 1".to_owned(),
                (None, "FUNCTION_NOT_FOUND") => "see the functions of Athena's engine version".to_owned(),
                (None, _) => "`trailbook setup` makes the table, and says what there is".to_owned(),
            };
            let error = if code.starts_with("TABLE") || code.starts_with("SCHEMA") {
                Error::not_found(message)
            } else {
                Error::rejected(message)
            };
            error.hint(hint)
        }
        "SYNTAX_ERROR" | "TYPE_MISMATCH" | "INVALID_FUNCTION_ARGUMENT" | "MISSING_COLUMN_ALIASES"
        | "EXPRESSION_NOT_AGGREGATE" | "AMBIGUOUS_NAME" | "NOT_SUPPORTED" | "FUNCTION_NOT_WINDOW"
        | "MISSING_GROUP_BY" | "INVALID_VIEW" => Error::rejected(message),
        "CONSTRAINT_VIOLATION" => Error::rejected(message)
            .hint("a partition column of type `injected` needs `= '…'` or IN in every query"),
        "HIVE_BAD_DATA" | "HIVE_CURSOR_ERROR" => Error::failed(message).hint(
            "an object is not as the table says: is one that is no CloudTrail log in the location, or a column of another type?",
        ),
        "HIVE_CANNOT_OPEN_SPLIT" | "HIVE_FILESYSTEM_ERROR" => Error::failed(message).hint(
            "an object vanished or cannot be read: the caller needs s3:GetObject and s3:ListBucket on the logs, and kms:Decrypt where \
             they are encrypted by a key",
        ),
        "HIVE_PARTITION_SCHEMA_MISMATCH" => {
            Error::failed(message).hint("drop and create the table: `trailbook setup` compares it with what it should be")
        }
        "HIVE_TOO_MANY_OPEN_PARTITIONS" => Error::failed(message).hint("write at most 100 partitions at once"),
        code if code.starts_with("HIVE_") => Error::failed(message).hint("`trailbook setup` checks the table"),
        code if code.contains("PROJECTION") || has(&["projection"]) => Error::failed(message).hint(
            "the table's partition projection is not right: `trailbook setup` compares it with the logs and shows the mend",
        ),
        code if code.starts_with("EXCEEDED_") || has(&["exhausted resources", "timed out", "timeout"]) => {
            Error::failed(message).hint("ask for less at a time: fewer days, fewer columns, or an aggregate")
        }
        _ if has(&["slow down", "slowdown", "rate exceeded", "too many requests"]) => {
            Error::failed(message).hint("S3 or Athena throttles: wait a moment and run it again")
        }
        "GENERIC_INTERNAL_ERROR" | "INTERNAL_ERROR_QUERY_ENGINE" => {
            Error::failed(message).hint("it is Athena's own: run it again")
        }
        _ => Error::failed(message),
    }
}

/// Whether the result location is what is wrong: known before a query starts, or when it has rows.
fn is_unwritable(message: &str) -> bool {
    let lower = message.to_ascii_lowercase();
    [
        "access denied when writing",
        "unable to verify/create output bucket",
        "invalid s3 folder location",
        "s3 location provided to save your query results is invalid",
    ]
    .iter()
    .any(|words| lower.contains(words))
}

fn unwritable(message: String) -> Error {
    Error::denied(message).hint(
        "the result location cannot be written: it must be a bucket in the query's region, and the caller needs \
         s3:GetBucketLocation, s3:PutObject and s3:AbortMultipartUpload there",
    )
}

/// The action and the resource of a denial, as far as it tells them.
fn denied(reason: &str) -> Option<(String, Option<String>)> {
    if let Some((_, rest)) = reason.split_once("is not authorized to perform: ") {
        let mut words = rest.split_whitespace();
        let action = words.next()?.trim_end_matches([',', '.']).to_owned();
        let resource = rest.split_once("on resource: ").and_then(|(_, rest)| rest.split_whitespace().next());
        return Some((action, resource.map(|arn| arn.trim_end_matches([',', '.', ')']).to_owned())));
    }
    if let Some((_, path)) = reason.split_once("Permission denied on S3 path: ") {
        let path = path.split_whitespace().next().map(str::to_owned);
        return Some((
            "s3:GetObject and s3:ListBucket (and kms:Decrypt where a key encrypts)".to_owned(),
            path,
        ));
    }
    let is_s3 = reason.contains("Service: Amazon S3") || reason.contains("Service: S3");
    (is_s3 && reason.contains("AccessDenied")).then(|| {
        (
            "s3:GetObject and s3:ListBucket on the logs (and kms:Decrypt where a key encrypts them)"
                .to_owned(),
            None,
        )
    })
}

/// The name in the first quotes.
fn quoted(text: &str) -> Option<&str> {
    text.split('\'').nth(1)
}

/// A call to Athena that failed; as [`explain`], and what Athena alone refuses.
pub(super) fn call<E, R>(what: &str, error: SdkError<E, R>) -> Error
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let message = error.as_service_error().and_then(ProvideErrorMetadata::message).unwrap_or_default();
    let told = || format!("{what}: {}", message.trim_end_matches('.'));
    let has = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if has(&["No output location provided", "output location is required"]) {
        return no_location();
    }
    if is_unwritable(message) {
        return unwritable(told());
    }
    if let Some((action, resource)) = denied(message) {
        return Error::denied(told()).hint(match resource {
            Some(resource) => format!("the caller needs {action} on {resource}"),
            None => format!("the caller needs {action}"),
        });
    }
    if has(&["WorkGroup", "Workgroup", "workgroup"]) && has(&["not found", "does not exist"]) {
        return Error::not_found(told())
            .hint("`trailbook setup --results s3://bucket/prefix/ --apply` makes `trailbook`, in which a query scans 100 GB at most; or name \
                   another, as `workgroup=primary`");
    }
    if has(&["WorkGroup is disabled", "is disabled"]) {
        return Error::failed(told()).hint("enable the workgroup, or name another with `workgroup=`");
    }
    if has(&["QueryExecution", "Query execution"]) && has(&["not found", "was not found"]) {
        return Error::not_found(told())
            .hint("Athena keeps queries for 45 days, in the region and account where they ran: are these the right ones?");
    }
    if has(&["was not found", "not found", "EntityNotFound"]) {
        return Error::not_found(told())
            .hint("`trailbook setup` says what there is, and makes what is missing");
    }
    explain(what, error)
}

/// No result location is set anywhere.
pub(super) fn no_location() -> Error {
    Error::invalid("Athena has nowhere to put results: neither the workgroup nor `results=` names a place")
        .hint("run `trailbook setup --results s3://bucket/prefix/ --apply`, or add `results=s3://bucket/prefix/` to the source")
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 3] = ["eventname", "eventtime", "cloudtrail_partitioned"];

    #[track_caller]
    fn check(reason: &str, is: fn(&Error) -> bool, hint: &str) {
        let error = failed("q-1", reason, &KNOWN);
        let said = error.to_string();
        assert!(is(&error), "{error:?}");
        assert!(said.contains("query q-1") && said.contains(hint), "{said}");
        assert!(!said.contains('\n'), "{said}");
    }

    #[test]
    fn what_can_be_done_is_said() {
        check(
            "COLUMN_NOT_FOUND: line 1:8: Column 'evenname' cannot be resolved or requester is not authorized",
            Error::is_rejected,
            "did you mean eventname?",
        );
        check(
            "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.logs.cloudtrail_partitoned' does not exist",
            Error::is_not_found,
            "did you mean cloudtrail_partitioned?",
        );
        check("SYNTAX_ERROR: line 1:8: Column\n'x'", Error::is_rejected, "SYNTAX_ERROR");
        check("HIVE_BAD_DATA: Error parsing field value", Error::is_failed, "no CloudTrail log");
        check("HIVE_METASTORE_ERROR: x", Error::is_failed, "trailbook setup");
        check("INVALID_PROJECTION: range of year", Error::is_failed, "partition projection");
        check("Query cancelled! : Bytes scanned limit was exceeded", Error::is_failed, "cutoff");
        check("Query exhausted resources at this scale factor", Error::is_failed, "less at a time");
        check("Access denied when writing to location: s3://b/q.csv", Error::is_denied, "s3:PutObject");
        check(
            "Insufficient permissions to execute the query. User: arn:aws:iam::1:user/a is not authorized to perform: \
             glue:GetTable on resource: arn:aws:glue:eu-west-1:1:catalog because no policy allows it",
            Error::is_denied,
            "needs glue:GetTable on arn:aws:glue:eu-west-1:1:catalog",
        );
        check(
            "Permission denied on S3 path: s3://b/AWSLogs/x.json.gz",
            Error::is_denied,
            "s3:ListBucket (and kms:Decrypt where a key encrypts) on s3://b/AWSLogs/x.json.gz",
        );
        check(
            "Access Denied (Service: Amazon S3; Status Code: 403; Error Code: AccessDenied; Request ID: X)",
            Error::is_denied,
            "s3:GetObject",
        );
        check("something new", Error::is_failed, "something new");
    }
}
