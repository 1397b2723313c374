//! The data command line, as a user runs it.

mod support;

use support::{Damage, Dir, shared, trailbook, trailbook_in};

const COUNT: &str =
    "SELECT eventname, count(*) c FROM cloudtrail_logs GROUP BY eventname ORDER BY c DESC, eventname LIMIT 5";

#[test]
fn rows_go_to_stdout_and_statistics_to_stderr() {
    let dir = Dir::with_logs();
    let run = trailbook(&["query", "--logs", dir.path(), "--allow-full-scan", "--format", "ndjson", COUNT]);
    run.exits(0);
    assert_eq!(
        run.stdout,
        "{\"eventname\":\"GetObject\",\"c\":3}\n{\"eventname\":\"ConsoleLogin\",\"c\":2}\n{\"eventname\":\"CreateUser\",\"c\":1}\n"
    );
    assert!(run.stderr.contains("3 rows from 2 objects"), "{}", run.stderr);
}

#[test]
fn every_format_holds_the_rows() {
    let dir = Dir::with_logs();
    let sql = "SELECT eventname, count(*), max(errorcode) AS e FROM t WHERE eventname <> 'GetObject' GROUP BY 1 ORDER BY 1";
    let rows = |format: &str| {
        let run = trailbook(&["query", "--logs", dir.path(), "--allow-full-scan", "--format", format, sql]);
        run.exits(0);
        run.stdout
    };
    assert_eq!(
        rows("ndjson"),
        "{\"eventname\":\"ConsoleLogin\",\"_col1\":2,\"e\":null}\n{\"eventname\":\"CreateUser\",\"_col1\":1,\"e\":\"AccessDenied\"}\n"
    );
    let json: serde_json::Value = serde_json::from_str(&rows("json")).expect("one JSON document");
    assert_eq!(json[1]["e"], "AccessDenied");
    assert_eq!(
        rows("csv").lines().collect::<Vec<_>>(),
        ["eventname,_col1,e", "ConsoleLogin,2,", "CreateUser,1,AccessDenied"]
    );
    let table = rows("table");
    assert!(table.contains("CreateUser") && table.contains("_col1"), "{table}");
}

#[test]
fn sql_comes_from_a_file_or_from_stdin() {
    let dir = Dir::with_logs();
    dir.write("q.sql", COUNT);
    let file = trailbook(&[
        "query",
        "--logs",
        dir.path(),
        "--allow-full-scan",
        "--format",
        "ndjson",
        "--sql-file",
        &dir.join("q.sql"),
    ]);
    let stdin = support::trailbook_with_stdin(
        &["query", "--logs", dir.path(), "--allow-full-scan", "--format", "ndjson", "-"],
        COUNT,
    );
    file.exits(0);
    assert_eq!(file.stdout, stdin.stdout);
    assert_eq!(file.stdout.lines().count(), 3);
}

#[test]
fn an_unbounded_query_is_rejected_with_what_is_missing() {
    let dir = Dir::with_logs();
    let run =
        trailbook(&["query", "--logs", dir.path(), "SELECT eventname FROM t WHERE eventname = 'CreateUser'"]);
    run.exits(2);
    assert_eq!(run.stdout, "");
    for column in ["account_id", "region", "year", "month", "day", "--allow-full-scan"] {
        assert!(run.stderr.contains(column), "{}", run.stderr);
    }
}

#[test]
fn a_bounded_query_reads_its_partitions_alone() {
    let dir = Dir::with_logs();
    let sql = "SELECT count(*) AS n FROM t WHERE account_id = '111122223333' AND region = 'us-east-1' AND year = '2026' AND month = '10' AND day = '12'";
    let run = trailbook(&["query", "--logs", dir.path(), "--format", "ndjson", sql]);
    run.exits(0);
    assert_eq!(run.stdout, "{\"n\":4}\n");
    assert!(run.stderr.contains("from 1 object"), "{}", run.stderr);
}

#[test]
fn rejected_sql_exits_2_and_failures_exit_1() {
    let dir = Dir::with_logs();
    let query = |sql: &str| trailbook(&["query", "--logs", dir.path(), "--allow-full-scan", sql]);
    for sql in [
        "SELEC eventname FROM t",
        "SELECT requestparameters.bucketName FROM t",
        "SELECT no_such_column FROM t",
        "SELECT `eventname` FROM t",
        "SELECT eventname AS n FROM t WHERE n = 'x'",
        "DROP TABLE t",
    ] {
        let run = query(sql);
        run.exits(2);
        assert!(run.stderr.starts_with("error: "), "{sql}: {}", run.stderr);
        assert_eq!(run.stderr.lines().count(), 1, "{sql}: {}", run.stderr);
    }
    let run = query("SELECT 1 / (count(*) - count(*)) FROM t");
    run.exits(1);
    assert!(run.stderr.to_lowercase().contains("zero"), "{}", run.stderr);
    trailbook(&["query", "--logs", "/no/such/folder", "--allow-full-scan", "SELECT 1 FROM t"]).exits(1);
    trailbook(&["query", "--no-such-option"]).exits(2);
}

#[test]
fn only_the_named_table_is_there_when_one_is_named() {
    let dir = Dir::with_logs();
    let query = |sql: &str| {
        trailbook(&[
            "query",
            "--logs",
            dir.path(),
            "--table",
            "cloudtrail_logs",
            "--allow-full-scan",
            "--format",
            "ndjson",
            sql,
        ])
    };
    query("SELECT count(*) AS n FROM cloudtrail_logs").exits(0);
    query("SELECT count(*) AS n FROM db.cloudtrail_logs").exits(0);
    let run = query("SELECT count(*) AS n FROM cloudtrail_log");
    run.exits(2);
    assert!(run.stderr.contains("cloudtrail_logs"), "{}", run.stderr);
}

#[test]
fn damaged_objects_are_named_and_the_rest_is_answered() {
    for damage in [Damage::Truncated, Damage::NotJson, Damage::NoRecords, Damage::Empty] {
        let dir = Dir::with_logs();
        let name = dir.damage(damage);
        let run = trailbook(&[
            "query",
            "--logs",
            dir.path(),
            "--allow-full-scan",
            "--format",
            "ndjson",
            "SELECT count(*) AS n FROM t WHERE eventname = 'ConsoleLogin'",
        ]);
        run.exits(0);
        assert_eq!(run.stdout, "{\"n\":2}\n", "{damage:?}");
        assert!(run.stderr.contains(&name), "{damage:?}: {}", run.stderr);
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let dir = Dir::with_logs();
    let status = std::process::Command::new("sh")
        .args(["-c", "\"$0\" query --logs \"$1\" --allow-full-scan --format ndjson 'SELECT * FROM t' 2>/dev/null | true; exit ${PIPESTATUS:-0}"])
        .args([env!("CARGO_BIN_EXE_trailbook"), dir.path()])
        .status()
        .expect("a shell");
    assert!(status.success());
}

#[test]
fn the_sample_is_the_same_twice_and_answers() {
    let dir = Dir::new();
    for name in ["a", "b"] {
        let run = trailbook(&["sample", "--out", &dir.join(name), "--events", "3000"]);
        run.exits(0);
        assert!(run.stdout.contains("objects"), "{}", run.stdout);
    }
    assert_eq!(support::tree_digest(&dir.join("a")), support::tree_digest(&dir.join("b")));
    let other = trailbook(&[
        "sample",
        "--out",
        &dir.join("c"),
        "--events",
        "3000",
        "--seed",
        "7",
        "--organization",
        "o-exampleorgid",
    ]);
    other.exits(0);
    assert_ne!(support::tree_digest(&dir.join("a")), support::tree_digest(&dir.join("c")));
    let run = trailbook(&[
        "query",
        "--logs",
        &dir.join("c"),
        "--allow-full-scan",
        "--format",
        "ndjson",
        "SELECT count(DISTINCT account_id) AS n FROM t",
    ]);
    assert_eq!(run.stdout, "{\"n\":2}\n");
}

#[test]
fn a_saved_question_is_asked_by_its_id() {
    let run = trailbook(&["ask"]);
    run.exits(0);
    assert!(run.stdout.contains("console-logins"), "{}", run.stdout);
    let run =
        trailbook(&["ask", "root-use", "--from", "2026-09-28", "--to", "2026-10-26", "--format", "ndjson"]);
    run.exits(0);
    assert!(run.stdout.contains("\"eventname\":\"ConsoleLogin\""), "{}", run.stdout);
    let run = trailbook(&["ask", "root-usage", "--from", "2026-09-28", "--to", "2026-10-26"]);
    run.exits(1);
    assert!(run.stderr.contains("root-use"), "{}", run.stderr);
    trailbook(&["ask", "root-use", "--from", "2026-10-26", "--to", "2026-09-28"]).exits(2);
    trailbook(&["ask", "root-use"]).exits(2);
    let run = trailbook(&[
        "ask",
        "root-use",
        "--from",
        "2026-09-28",
        "--to",
        "2026-10-26",
        "--accounts",
        "999999999999",
    ]);
    run.exits(1);
    assert!(run.stderr.contains("111122223333"), "{}", run.stderr);
}

#[test]
fn a_snapshot_answers_until_the_logs_change() {
    let (logs, home) = (Dir::with_logs(), Dir::new());
    let run = |arguments: &[&str]| {
        let run =
            trailbook_in(&[("TRAILBOOK_HOME", home.path())], &[arguments, &["--logs", logs.path()]].concat());
        run.exits(0);
        run
    };
    let sql = "SELECT eventname, count(*) AS n FROM t WHERE day = '12' GROUP BY 1 ORDER BY 1";
    let before = run(&["query", sql]);
    let made = run(&["snapshot", "--from", "2026-10-12", "--to", "2026-10-13"]);
    assert!(made.stdout.contains("6 events of 2 objects"), "{}", made.stdout);
    let after = run(&["query", sql]);
    assert_eq!(after.stdout, before.stdout);
    assert!(after.stderr.contains("from 2 objects"), "{}", after.stderr);
    assert!(after.stderr.contains(", from the snapshot of 20"), "{}", after.stderr);
    logs.write("AWSLogs/111122223333/CloudTrail/us-east-1/2026/10/12/more.json", r#"{"Records":[{}]}"#);
    let changed = run(&["query", sql]);
    assert!(!changed.stderr.contains("snapshot"), "{}", changed.stderr);
    assert_ne!(changed.stdout, before.stdout);
}

#[test]
fn figures_of_the_public_data_sets() {
    let Some(data) = shared("data") else { return };
    let figures: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(data.join("figures.json")).expect("figures"))
            .expect("JSON");
    let sql = "SELECT count(*) AS records, count(DISTINCT eventid) AS distinct_event_ids, \
               count(DISTINCT eventname) AS event_names, count(DISTINCT eventsource) AS event_sources, \
               count_if(errorcode IS NOT NULL) AS errors, count(DISTINCT errorcode) AS error_codes, \
               count_if(errorcode = 'AccessDenied') AS access_denied, \
               count_if(eventname = 'ConsoleLogin') AS console_logins, \
               count_if(useridentity.type = 'Root') AS root, \
               count_if(eventname LIKE 'AssumeRole%') AS assume_role, \
               min(eventtime) AS first_event FROM cloudtrail_logs";
    for set in ["invictus", "stratus", "umccr_flaws_org", "flaws2", "fixtures_mix"] {
        let logs = data.join(set);
        let run = trailbook(&[
            "query",
            "--logs",
            logs.to_str().expect("UTF-8"),
            "--allow-full-scan",
            "--format",
            "json",
            sql,
        ]);
        run.exits(0);
        let rows: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
        let want = &figures[set]["records"];
        for (name, value) in rows[0].as_object().expect("a row") {
            let want = if name == "records" { &want["records"] } else { &want[name] };
            assert_eq!(value, want, "{set}: {name}");
        }
        assert!(
            run.stderr.contains(&format!("{} objects", figures[set]["paths"]["files"])),
            "{set}: {}",
            run.stderr
        );
    }
}
