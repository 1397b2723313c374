//! The table's DDL, read by a parser that is not ours.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::{python, skip, trailbook};

const ACCOUNT_FORM: [&str; 10] = [
    "setup",
    "ddl",
    "--bucket",
    "my-logs",
    "--accounts",
    "222233334444,111122223333",
    "--regions",
    "us-east-1,eu-west-1",
    "--years",
    "2023-2030",
];

/// What sqlglot reads of a `CREATE EXTERNAL TABLE` in Athena's dialect.
const READ: &str = r#"
import json, sys
import sqlglot
from sqlglot import exp

database, table = sqlglot.parse(sys.stdin.read(), read="athena")
assert isinstance(database, exp.Create) and database.kind in ("DATABASE", "SCHEMA"), database
assert isinstance(table, exp.Create) and table.kind == "TABLE", repr(table)
schema = table.this
properties = table.args["properties"].expressions
named = {p.this.name: p.args["value"].name for p in properties if type(p) is exp.Property}
location = [p.this.name for p in properties if isinstance(p, exp.LocationProperty)]
keys = [p.this for p in properties if isinstance(p, exp.PartitionedByProperty)]
print(json.dumps({
    "table": schema.this.sql(),
    "columns": [[c.name, c.args["kind"].sql(dialect="hive").lower()] for c in schema.expressions],
    "keys": [c.name for c in keys[0].expressions],
    "location": location[0],
    "properties": named,
}))
"#;

/// The DDL that the arguments make, as sqlglot reads it.
fn read(arguments: &[&str]) -> Option<Value> {
    let Some(python) = python("sqlglot") else {
        skip("Python has no sqlglot: install tests/requirements.txt and name it in TRAILBOOK_TEST_PYTHON");
        return None;
    };
    let run = trailbook(arguments);
    run.exits(0);
    let mut child = Command::new(python)
        .args(["-c", READ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python starts");
    child.stdin.take().expect("a pipe").write_all(run.stdout.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "sqlglot does not take\n{}", run.stdout);
    Some(serde_json::from_slice(&output.stdout).expect("JSON"))
}

#[test]
fn the_account_form_is_what_athena_documents() {
    let Some(table) = read(&ACCOUNT_FORM) else { return };
    assert_eq!(table["table"], "\"cloudtrail_logs\".\"cloudtrail_partitioned\"");
    assert_eq!(table["keys"], json!(["account_id", "region", "year", "month", "day"]));
    assert_eq!(table["location"], "s3://my-logs/AWSLogs/");
    assert_eq!(
        table["properties"],
        json!({
            "classification": "cloudtrail",
            "projection.enabled": "true",
            "projection.account_id.type": "enum",
            "projection.account_id.values": "111122223333,222233334444",
            "projection.region.type": "enum",
            "projection.region.values": "eu-west-1,us-east-1",
            "projection.year.type": "integer",
            "projection.year.range": "2023,2030",
            "projection.month.type": "integer",
            "projection.month.range": "1,12",
            "projection.month.digits": "2",
            "projection.day.type": "integer",
            "projection.day.range": "1,31",
            "projection.day.digits": "2",
            "storage.location.template":
                "s3://my-logs/AWSLogs/${account_id}/CloudTrail/${region}/${year}/${month}/${day}",
        })
    );
    let columns = table["columns"].as_array().expect("columns");
    let names: Vec<&str> = columns.iter().filter_map(|column| column[0].as_str()).collect();
    assert_eq!(
        names.join(" "),
        "eventversion useridentity eventtime eventsource eventname awsregion sourceipaddress useragent errorcode \
         errormessage requestparameters responseelements additionaleventdata requestid eventid readonly resources \
         eventtype apiversion recipientaccountid serviceeventdetails sharedeventid vpcendpointid vpcendpointaccountid \
         eventcategory addendum sessioncredentialfromconsole edgedevicedetails tlsdetails managementevent eventcontext \
         insightdetails"
    );
    let identity = columns[1][1].as_str().expect("a type");
    for member in
        ["onbehalfof", "identitystorearn", "ec2roledelivery", "map<string, string>", "sessionissuer"]
    {
        assert!(identity.contains(member), "{identity}");
    }
    assert!(columns[16][1].as_str().is_some_and(|kind| kind.starts_with("array<struct<")), "{}", columns[16]);
}

#[test]
fn the_organization_form_and_dates() {
    let organization = ["--organization", "o-exampleorgid", "--prefix", "audit/a b"];
    let Some(table) = read(&[&ACCOUNT_FORM[..], &organization].concat()) else { return };
    assert_eq!(table["location"], "s3://my-logs/audit/a b/AWSLogs/");
    assert_eq!(
        table["properties"]["storage.location.template"],
        "s3://my-logs/audit/a b/AWSLogs/o-exampleorgid/${account_id}/CloudTrail/${region}/${year}/${month}/${day}"
    );
    let names = ["--date-partition", "--database", "Logs", "--table", "_by_date"];
    let Some(table) = read(&[&ACCOUNT_FORM[..], &organization, &names].concat()) else { return };
    assert_eq!(table["table"], "\"logs\".\"_by_date\"");
    assert_eq!(table["keys"], json!(["account_id", "region", "timestamp"]));
    assert_eq!(table["properties"]["projection.timestamp.range"], "2023/01/01,NOW");
    assert_eq!(
        table["properties"]["storage.location.template"],
        "s3://my-logs/audit/a b/AWSLogs/o-exampleorgid/${account_id}/CloudTrail/${region}/${timestamp}"
    );
}

#[test]
fn names_that_would_break_out_are_refused() {
    for (option, value) in [
        ("--bucket", "my-logs'"),
        ("--prefix", "x' TBLPROPERTIES ('a'='b"),
        ("--prefix", "a//b"),
        ("--organization", "o-1/../../"),
        ("--accounts", "1111"),
        ("--regions", "us-east-1, eu-west-1"),
        ("--years", "2030-2023"),
        ("--table", "t`; DROP TABLE x"),
    ] {
        let mut arguments = ACCOUNT_FORM.to_vec();
        match arguments.iter().position(|argument| *argument == option) {
            Some(at) => arguments[at + 1] = value,
            None => arguments.extend([option, value]),
        }
        let run = trailbook(&arguments);
        run.exits(2);
        assert!(
            run.stdout.is_empty() && run.stderr.contains("cannot be") || run.stderr.contains("no range"),
            "{}",
            run.stderr
        );
    }
}
