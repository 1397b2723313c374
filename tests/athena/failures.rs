//! What goes wrong at Athena is told in a sentence, with the query's id and what to do.

use std::time::Duration;

use crate::server::{Faults, Group, LOGS, RESULTS, Server};
use crate::support::{Dir, Run, trailbook_in};

const TABLE: &str = "athena://cloudtrail_logs.cloudtrail_partitioned";
const SQL: &str = "SELECT eventname FROM cloudtrail_logs.cloudtrail_partitioned WHERE account_id = '111122223333' \
                   AND region = 'us-east-1' AND year = '2026' AND month = '10' AND day = '12'";

struct Setting {
    server: Server,
    home: Dir,
    _logs: Dir,
}

impl Setting {
    fn new() -> Setting {
        let logs = Dir::with_logs();
        Setting { server: Server::start(logs.path().as_ref()), home: Dir::new(), _logs: logs }
    }

    fn query(&self, source: &str, sql: &str) -> Run {
        trailbook_in(&self.server.environment(self.home.path()), &["query", "--logs", source, sql])
    }

    /// The query fails with this exit code, and its one sentence says all of this.
    #[track_caller]
    fn fails(&self, source: &str, sql: &str, code: i32, said: &[&str]) {
        let run = self.query(source, sql);
        run.exits(code);
        assert_eq!(run.stdout, "");
        for words in said {
            assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
        }
        assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    }
}

#[test]
fn what_fails_at_athena_is_told() {
    let setting = Setting::new();
    let reason = |reason: &str| {
        setting.server.fault(Faults { reason: Some(reason.to_owned()), ..Faults::default() });
    };
    reason("HIVE_BAD_DATA: Error parsing field value for field 0");
    setting.fails(TABLE, SQL, 1, &["HIVE_BAD_DATA", "(query 0000", "no CloudTrail log"]);
    reason("COLUMN_NOT_FOUND: line 1:8: Column 'evenname' cannot be resolved");
    setting.fails(TABLE, SQL, 2, &["did you mean eventname?"]);
    reason("Query cancelled! : Bytes scanned limit was exceeded");
    setting.fails(TABLE, SQL, 1, &["cutoff"]);
    let refused = |kind, message| {
        setting.server.fault(Faults { refused: Some((kind, message)), ..Faults::default() });
    };
    refused("ExpiredTokenException", "The security token included in the request is expired");
    setting.fails(TABLE, SQL, 1, &["have expired", "aws sso login"]);
    refused(
        "AccessDeniedException",
        "User: arn:aws:iam::1:user/a is not authorized to perform: athena:GetTableMetadata on resource: arn:aws:athena:x",
    );
    setting.fails(TABLE, SQL, 1, &["needs athena:GetTableMetadata on arn:aws:athena:x"]);
}

#[test]
fn what_is_not_there_is_told() {
    let setting = Setting::new();
    setting.fails("athena://cloudtrail_logs.trail", SQL, 1, &["cloudtrail_logs.trail", "trailbook setup"]);
    setting.fails(
        &format!("{TABLE}?workgroup=w"),
        SQL,
        1,
        &["WorkGroup w is not found; `trailbook setup", "`workgroup=primary`"],
    );
    setting.server.group("bare", Group::default());
    setting.fails(&format!("{TABLE}?workgroup=bare"), SQL, 2, &["nowhere to put results", "results="]);
    setting.query(&format!("{TABLE}?workgroup=bare&results=s3://results/x"), SQL).exits(0);
    setting.server.group("small", Group { cutoff: Some(10), ..Group::default() });
    setting.fails(&format!("{TABLE}?workgroup=small&results=s3://results/"), SQL, 2, &["stops queries at"]);
}

#[test]
fn no_workgroup_is_taken_that_nobody_named() {
    let setting = Setting::new();
    setting.server.drop_group("trailbook");
    setting.fails(TABLE, SQL, 1, &["`trailbook`", "--apply` makes", "`workgroup=primary`"]);
    assert!(!setting.server.calls().contains(&"StartQueryExecution".to_owned()));
    setting.query(&format!("{TABLE}?workgroup=primary"), SQL).exits(0);
}

#[test]
fn what_is_in_another_region_is_told() {
    let setting = Setting::new();
    let in_region = |source: &str, region: &str| format!("{source}?region={region}");
    let names_table = "name the table's region (`--region`, `region=` in the source, AWS_REGION)";
    setting.fails(
        &in_region(TABLE, "eu-west-1"),
        SQL,
        1,
        &["cloudtrail_partitioned in eu-west-1", "trailbook setup", names_table],
    );

    setting.server.bucket_elsewhere(LOGS, "eu-central-1");
    let [logs, named] = ["s3://logs", "the bucket `logs` is in the region eu-central-1"];
    setting.fails(logs, SQL, 2, &[named, "name the bucket's region (`--region`"]);
    let unnamed = "is in another region";
    setting.fails(&in_region(logs, "eu-west-1"), SQL, 2, &[unnamed, "`aws s3api get-bucket-location` tells"]);
    setting.query(&in_region(logs, "eu-central-1"), SQL).exits(0);
    let run = setting.query(TABLE, SQL);
    run.exits(0);
    assert!(run.stderr.contains("there is no estimate") && run.stderr.contains(named), "{}", run.stderr);
    assert!(run.stderr.contains("Athena reads it all the same"), "{}", run.stderr);

    setting.server.bucket_elsewhere(RESULTS, "eu-central-1");
    setting.fails(TABLE, SQL, 1, &["query results is invalid", "must be a bucket in the query's region"]);
}

#[test]
fn a_table_that_athena_has_is_not_asked_for_by_another_name() {
    let setting = Setting::new();
    let sql = SQL.replace("cloudtrail_partitioned", "cloudtrail_partitoned");
    setting.fails(TABLE, &sql, 2, &["did you mean", "--unchecked"]);
    assert!(!setting.server.calls().contains(&"StartQueryExecution".to_owned()));
}

#[test]
fn throttling_is_waited_out() {
    let setting = Setting::new();
    setting.server.fault(Faults { throttled: 2, ..Faults::default() });
    setting.query(TABLE, SQL).exits(0);
}

#[test]
fn logs_that_cannot_be_listed_are_asked_without_an_estimate() {
    let setting = Setting::new();
    setting.server.fault(Faults { s3: Some((403, "AccessDenied")), ..Faults::default() });
    let run = setting.query(TABLE, SQL);
    run.exits(0);
    assert!(run.stderr.contains("there is no estimate"), "{}", run.stderr);
    assert!(!run.stderr.contains("estimated"), "{}", run.stderr);
    setting.fails(
        TABLE,
        "SELECT eventname FROM cloudtrail_logs.cloudtrail_partitioned",
        2,
        &["no condition on"],
    );
}

#[test]
fn a_query_is_sent_as_it_is_where_that_is_asked() {
    let setting = Setting::new();
    setting.server.fault(Faults { takes: Duration::from_millis(1), ..Faults::default() });
    let environment = setting.server.environment(setting.home.path());
    let sql = "SELECT ARRAY[1] AS a, 2 AS b";
    let run =
        trailbook_in(&environment, &["query", "--unchecked", "--format", "ndjson", "--logs", TABLE, sql]);
    run.exits(0);
    assert_eq!(run.stdout, "{\"a\":\"[1]\",\"b\":2}\n");
    assert!(run.stderr.contains("nothing checked"), "{}", run.stderr);
    assert_eq!(setting.server.statements(), [sql]);
}
