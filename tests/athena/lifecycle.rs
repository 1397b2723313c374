//! A query outlives the process that started it; an interrupted one is stopped.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::server::{Faults, Server};
use crate::support::{Dir, trailbook_in};

const TABLE: &str = "athena://cloudtrail_logs.cloudtrail_partitioned";
const SQL: &str = "SELECT eventname, useridentity FROM cloudtrail_logs.cloudtrail_partitioned \
                   WHERE account_id = '111122223333' AND region = 'us-east-1' AND year = '2026' AND month = '10' \
                   AND day = '12' ORDER BY eventid";

fn slow(server: &Server, takes: Duration) {
    server.fault(Faults { takes, ..Faults::default() });
}

/// Starts a query in a process, and gives the process and the query's id once it runs.
fn started(server: &Server, home: &Dir) -> (std::process::Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_trailbook"))
        .args(["query", "--logs", TABLE, SQL])
        .envs(server.environment(home.path()))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let journal = home.join("athena/queries.jsonl");
    let noted = || std::fs::read_to_string(&journal).unwrap_or_default().lines().next().map(str::to_owned);
    let start = Instant::now();
    let mut line = noted();
    while line.is_none() && start.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(20));
        line = noted();
    }
    let Some(line) = line else {
        child.kill().expect("it is killed");
        child.wait().expect("it ends");
        panic!("nothing was noted");
    };
    let entry: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    (child, entry["id"].as_str().expect("an id").to_owned())
}

#[test]
fn a_killed_process_leaves_a_query_that_another_takes_up() {
    let (logs, home) = (Dir::with_logs(), Dir::new());
    let server = Server::start(logs.path().as_ref());
    slow(&server, Duration::from_secs(2));
    let (mut child, id) = started(&server, &home);
    child.kill().expect("it is killed");
    child.wait().expect("it ends");
    let environment = server.environment(home.path());
    let state = || {
        let listed = trailbook_in(&environment, &["athena", "list", "--format", "ndjson"]);
        listed.exits(0);
        let row: serde_json::Value = serde_json::from_str(&listed.stdout).expect("one query");
        assert_eq!((&row["id"], &row["sql"]), (&id.clone().into(), &SQL.into()));
        row["state"].as_str().expect("a state").to_owned()
    };
    assert_eq!(state(), "running");
    let resumed = trailbook_in(&environment, &["athena", "resume", &id, "--format", "ndjson"]);
    resumed.exits(0);
    assert!(resumed.stderr.contains(&id), "{}", resumed.stderr);
    assert_eq!(state(), "succeeded");
    slow(&server, Duration::ZERO);
    let asked = trailbook_in(&environment, &["query", "--logs", TABLE, "--format", "ndjson", SQL]);
    assert_eq!(resumed.stdout, asked.stdout);
    trailbook_in(&environment, &["athena", "cancel", &id, "--region", "eu-west-1"]).exits(2);
    let other = trailbook_in(&environment, &["athena", "resume", "no-such-query"]);
    other.exits(1);
    assert!(other.stderr.contains("queries.jsonl"), "{}", other.stderr);
}

#[test]
fn another_process_stops_a_query() {
    let (logs, home) = (Dir::with_logs(), Dir::new());
    let server = Server::start(logs.path().as_ref());
    slow(&server, Duration::from_secs(60));
    let (child, id) = started(&server, &home);
    trailbook_in(&server.environment(home.path()), &["athena", "cancel", &id]).exits(0);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(&format!("the query {id} was cancelled")), "{said}");
}

#[test]
#[cfg(unix)]
fn ctrl_c_stops_the_query_at_athena() {
    let (logs, home) = (Dir::with_logs(), Dir::new());
    let server = Server::start(logs.path().as_ref());
    slow(&server, Duration::from_secs(60));
    let (child, id) = started(&server, &home);
    // The journal is written before the waiting begins.
    std::thread::sleep(Duration::from_millis(200));
    let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(interrupt.success());
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("was interrupted") && said.contains("stopped at Athena"), "{said}");
    assert_eq!(server.queries(), [(id, true)]);
}

#[test]
fn a_long_query_is_talked_about() {
    let (logs, home) = (Dir::with_logs(), Dir::new());
    let server = Server::start(logs.path().as_ref());
    slow(&server, Duration::from_millis(2500));
    let run = trailbook_in(&server.environment(home.path()), &["query", "--logs", TABLE, SQL]);
    run.exits(0);
    assert!(run.stderr.contains("running, 2 s"), "{}", run.stderr);
    assert!(run.stderr.contains("about $"), "{}", run.stderr);
}
