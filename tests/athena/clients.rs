//! Clients that are not ours read from the server what we read: so it speaks as Athena does.

use std::process::Command;

use serde_json::Value;

use crate::server::Server;
use crate::support::{Dir, skip, trailbook_in};

const SCRIPT: &str = r#"
import json, sys
from pyathena import connect
cursor = connect(s3_staging_dir="s3://results/", schema_name="cloudtrail_logs", poll_interval=0.05).cursor()
for sql in sys.argv[1:]:
    cursor.execute(sql)
    names = [column[0] for column in cursor.description]
    for row in cursor:
        print(json.dumps([names, row]))
"#;

/// PyAthena has values of its own for what JSON has none of, so these have none.
const QUERIES: [&str; 3] = [
    "SELECT 1 AS n, 'a\"b,\n' AS text, '' AS empty, CAST(NULL AS varchar) AS nothing, 1.5E0 AS x, true AS flag",
    "SELECT n, 'row ' || CAST(n AS varchar) AS text FROM UNNEST(sequence(1, 2500)) AS t (n) ORDER BY n",
    "SELECT eventid, eventname, errorcode FROM cloudtrail_logs.cloudtrail_partitioned \
     WHERE account_id = '111122223333' AND year = '2026' AND month = '10' AND day = '12' ORDER BY 1",
];

#[test]
fn pyathena_reads_the_same_rows() {
    let python = std::env::var("TRAILBOOK_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    if !Command::new(&python).args(["-c", "import pyathena"]).output().is_ok_and(|run| run.status.success()) {
        return skip(&format!("{python} has no pyathena: install tests/requirements.txt"));
    }
    let (logs, home) = (Dir::with_logs(), Dir::new());
    let server = Server::start(logs.path().as_ref());
    let environment = server.environment(home.path());
    let theirs = Command::new(&python).args(["-c", SCRIPT]).args(QUERIES).envs(environment.clone()).output();
    let theirs = theirs.expect("Python runs");
    assert!(theirs.status.success(), "{}", String::from_utf8_lossy(&theirs.stderr));
    let theirs = String::from_utf8(theirs.stdout).expect("UTF-8");
    let mut ours = Vec::new();
    for sql in QUERIES {
        let source = "athena://cloudtrail_logs.cloudtrail_partitioned";
        let run = trailbook_in(
            &environment,
            &["query", "--allow-full-scan", "--format", "ndjson", "--logs", source, sql],
        );
        run.exits(0);
        for line in run.stdout.lines() {
            let row: serde_json::Map<String, Value> = serde_json::from_str(line).expect("JSON");
            let (names, values): (Vec<String>, Vec<Value>) = row.into_iter().unzip();
            ours.push(serde_json::json!([names, values]));
        }
    }
    let theirs: Vec<Value> = theirs.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(theirs.len(), 1 + 2500 + 6);
    assert!(ours == theirs, "{:?}", ours.iter().zip(&theirs).find(|(ours, theirs)| ours != theirs));
}
