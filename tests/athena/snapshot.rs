//! A scope is copied once into a table of Parquet, which answers in the logs' place.

use trailbook::investigations::Investigation;

use crate::server::{Faults, Group, Server};
use crate::support::{Dir, Run, python, skip, trailbook_in};

const TABLE: &str = "athena://cloudtrail_logs.cloudtrail_partitioned";

struct Setting {
    server: Server,
    home: Dir,
    logs: Dir,
}

impl Setting {
    fn new(logs: Dir) -> Setting {
        Setting { server: Server::start(logs.path().as_ref()), home: Dir::new(), logs }
    }

    fn run(&self, arguments: &[&str]) -> Run {
        trailbook_in(&self.server.environment(self.home.path()), arguments)
    }

    fn snapshot(&self, source: &str, from: &str, to: &str) -> Run {
        self.run(&["snapshot", "--logs", source, "--from", from, "--to", to])
    }

    fn query(&self, sql: &str) -> Run {
        self.run(&["query", "--logs", TABLE, "--format", "ndjson", sql])
    }

    /// The name of the one snapshot that was made.
    fn table(&self) -> String {
        let made = self.server.statements();
        let made = made.iter().find_map(|sql| sql.strip_prefix("CREATE TABLE ")).expect("a snapshot");
        made.split_whitespace().next().expect("a name").to_owned()
    }
}

fn of_days(first: u32, last: u32) -> String {
    format!(
        "SELECT eventname, count(*) AS n FROM cloudtrail_logs.cloudtrail_partitioned \
         WHERE account_id = '111122223333' AND region = 'us-east-1' AND year = '2026' AND month = '10' \
         AND day BETWEEN '{first:02}' AND '{last:02}' GROUP BY 1 ORDER BY 1"
    )
}

fn day(n: u32) -> String {
    format!("AWSLogs/111122223333/CloudTrail/us-east-1/2026/10/{n:02}")
}

#[test]
fn questions_on_the_scope_are_answered_from_it_with_the_same_rows() {
    let setting = Setting::new(Dir::with_logs());
    let made = setting.snapshot(TABLE, "2026-10-12", "2026-10-13");
    made.exits(0);
    let table = setting.table();
    for words in [
        "6 events of 2 objects",
        "for $0.0001",
        &table,
        "instead of",
        "DROP TABLE",
        "delete s3://results/athena/",
    ] {
        assert!(made.stdout.contains(words), "{words}: {}", made.stdout);
    }
    for question in Investigation::catalogue() {
        let parameters = question.parameters();
        let needed: Vec<&String> = parameters.iter().filter(|name| *name != "limit").collect();
        if needed.iter().any(|name| question.clone().with(name, "alice").is_err()) {
            continue;
        }
        let given: Vec<&str> = needed.iter().flat_map(|name| ["-p", name.as_str(), "alice"]).collect();
        let ask = |source: &str| {
            let window = ["--from", "2026-10-12", "--to", "2026-10-13", "--format", "ndjson"];
            setting.run(&[&["ask", question.id(), "--logs", source], &window[..], &given].concat())
        };
        let (here, there) = (ask(setting.logs.path()), ask(TABLE));
        here.exits(0);
        there.exits(0);
        assert_eq!(here.stdout, there.stdout, "{}", question.id());
        assert!(there.stderr.contains("from the snapshot of 20"), "{}: {}", question.id(), there.stderr);
    }
    let asked = setting.server.statements().into_iter().filter(|sql| !sql.contains(&table));
    assert_eq!(asked.collect::<Vec<_>>(), Vec::<String>::new());
    // All of it again, and the statement in other forms.
    for sql in [
        "SELECT * FROM cloudtrail_logs.cloudtrail_partitioned WHERE year = '2026' AND month = '10' AND day = '12' ORDER BY eventid",
        "WITH p AS (SELECT * FROM cloudtrail_partitioned WHERE day = '12') SELECT p.eventname, q.n FROM p \
         JOIN (SELECT count(*) AS n FROM cloudtrail_partitioned c WHERE c.day = '12') q ON true ORDER BY 1",
    ] {
        let here = setting.run(&["query", "--logs", setting.logs.path(), "--format", "ndjson", sql]);
        let there = setting.query(sql);
        assert_eq!(here.stdout, there.stdout, "{sql}");
        assert!(there.stderr.contains("from the snapshot of 20"), "{sql}: {}", there.stderr);
    }
}

#[test]
fn it_is_made_once_and_reads_less_after() {
    let setting = Setting::new(Dir::with_days(4, 300));
    let before = setting.query(&of_days(1, 2));
    let made = setting.snapshot(TABLE, "2026-10-01", "2026-10-04");
    made.exits(0);
    let statements = setting.server.statements().len();
    let again = setting.snapshot(TABLE, "2026-10-01", "2026-10-04");
    again.exits(0);
    assert_eq!(again.stdout, made.stdout);
    assert_eq!(setting.server.statements().len(), statements);
    let after = setting.query(&of_days(1, 2));
    assert_eq!(before.stdout, after.stdout);
    assert!(after.stderr.contains("answered from the snapshot"), "{}", after.stderr);
    let scanned = setting.server.scanned();
    let [(_, of_logs), .., (sql, of_snapshot)] = scanned.as_slice() else { panic!("{scanned:?}") };
    assert!(sql.contains(&setting.table()) && 0 < *of_snapshot && of_snapshot < of_logs, "{scanned:?}");
}

#[test]
fn what_it_does_not_have_comes_from_the_logs() {
    let setting = Setting::new(Dir::with_days(4, 3));
    setting.snapshot(TABLE, "2026-10-01", "2026-10-03").exits(0);
    let check = |sql: &str, from_snapshot: bool, said: &str| {
        let run = setting.query(sql);
        run.exits(0);
        let here = setting.run(&["query", "--logs", setting.logs.path(), "--format", "ndjson", sql]);
        assert_eq!(run.stdout, here.stdout, "{sql}");
        assert_eq!(run.stderr.contains("from the snapshot of 20"), from_snapshot, "{sql}: {}", run.stderr);
        assert!(run.stderr.contains(said), "{said}: {}", run.stderr);
    };
    check(&of_days(1, 2), true, "answered from the snapshot");
    check(&of_days(1, 4), true, "from the logs came 2026-10-04");
    check(&of_days(4, 4), false, "");
    // More was delivered.
    let object = br#"{"Records":[{"eventName":"Late","eventTime":"2026-10-02T23:00:00Z"}]}"#;
    setting.server.deliver(&format!("{}/late.json", day(2)), object);
    check(&of_days(1, 2), true, "from the logs came 2026-10-02");
    check(&of_days(2, 2), false, "the logs have changed since the snapshot");
    check(&of_days(1, 1), true, "");
    check(
        "SELECT * FROM cloudtrail_partitioned WHERE year = '2026' ORDER BY eventid",
        true,
        "from the logs came",
    );
    check(
        "SELECT a.eventname, (SELECT count(*) FROM cloudtrail_logs.cloudtrail_partitioned WHERE day < '04') AS n \
         FROM cloudtrail_logs.cloudtrail_partitioned AS a WHERE a.day < '03' ORDER BY 1",
        true,
        "from the logs came 2026-10-02",
    );
    // A whole day is gone.
    std::fs::remove_dir_all(setting.logs.join(&day(1))).expect("a folder");
    setting.server.delete(&format!("logs/{}", day(1)));
    setting.server.deliver(&format!("{}/late.json", day(4)), object);
    check(&of_days(1, 2), false, "the logs have changed since the snapshot");
    check(&of_days(1, 3), true, "from the logs came 2026-10-01 to 2026-10-02");
    // Another snapshot takes the place of the old one.
    setting.snapshot(TABLE, "2026-10-01", "2026-10-03").exits(0);
    check(&of_days(1, 2), true, "");
}

#[test]
fn a_table_or_files_that_are_gone_break_no_question() {
    let setting = Setting::new(Dir::with_days(2, 3));
    setting.snapshot(TABLE, "2026-10-01", "2026-10-02").exits(0);
    let from_snapshot = setting.query(&of_days(1, 2));
    let table = setting.table();
    setting.server.drop_table(&table);
    let without_table = setting.query(&of_days(1, 2));
    without_table.exits(0);
    assert_eq!(without_table.stdout, from_snapshot.stdout);
    for words in ["the logs were asked", "does not exist", ".json"] {
        assert!(without_table.stderr.contains(words), "{words}: {}", without_table.stderr);
    }
    setting.snapshot(TABLE, "2026-10-01", "2026-10-02").exits(0);
    setting.server.delete("results/athena/tables/");
    let without_files = setting.query(&of_days(1, 2));
    without_files.exits(0);
    assert_eq!(without_files.stdout, from_snapshot.stdout);
    assert!(without_files.stderr.contains("not those that were made"), "{}", without_files.stderr);
}

#[test]
fn its_rows_come_as_parquet_too() {
    let setting = Setting::new(Dir::with_days(2, 3));
    setting.snapshot(TABLE, "2026-10-01", "2026-10-02").exits(0);
    let source = format!("{TABLE}?format=parquet");
    let run = setting.run(&["query", "--logs", &source, "--format", "ndjson", &of_days(1, 2)]);
    assert_eq!(run.stdout, setting.query(&of_days(1, 2)).stdout);
    assert!(run.stderr.contains("from the snapshot of 20"), "{}", run.stderr);
    let unloads = setting.server.statements().into_iter().filter(|sql| sql.starts_with("UNLOAD"));
    assert_eq!(unloads.filter(|sql| sql.contains(&setting.table())).count(), 1);
}

#[test]
fn its_table_can_be_opened_as_any_other() {
    let setting = Setting::new(Dir::with_days(2, 3));
    setting.snapshot(TABLE, "2026-10-01", "2026-10-02").exits(0);
    let ask = |source: &str| {
        let window = ["--from", "2026-10-01", "--to", "2026-10-02", "--format", "ndjson"];
        setting.run(&[&["ask", "top-principals", "--logs", source], &window[..]].concat())
    };
    let (of_logs, of_table) = (ask(setting.logs.path()), ask(&format!("athena://{}", setting.table())));
    of_table.exits(0);
    assert_eq!(of_table.stdout, of_logs.stdout);
}

#[test]
fn a_long_window_stays_within_what_a_statement_may_write() {
    let setting = Setting::new(Dir::with_days(130, 1));
    let made = setting.snapshot(TABLE, "2026-10-01", "2027-02-08");
    made.exits(0);
    assert!(made.stdout.contains("130 events of 130 objects"), "{}", made.stdout);
    let statements = setting.server.statements();
    assert_eq!(statements.iter().filter(|sql| sql.starts_with("INSERT INTO ")).count(), 1);
    let run = setting.query(
        "SELECT count(*) AS n FROM cloudtrail_logs.cloudtrail_partitioned WHERE year IN ('2026', '2027')",
    );
    assert_eq!(run.stdout, "{\"n\":130}\n");
    assert!(run.stderr.contains("from the snapshot of 20"), "{}", run.stderr);
}

/// What sqlglot reads of statements in Athena's dialect.
const READ: &str = r#"
import sys
import sqlglot
from sqlglot import exp

for sql in sys.argv[1:]:
    statement = sqlglot.parse_one(sql, read="athena")
    print(type(statement).__name__, *sorted({table.name.split("_snapshot_")[0] for table in statement.find_all(exp.Table)}))
    if isinstance(statement, exp.Create):
        by = [p.this for p in statement.args["properties"].expressions if isinstance(p, exp.PartitionedByProperty)]
        print([column.name for column in by[0].expressions], statement.expression.named_selects[-3:])
"#;

#[test]
fn the_statements_are_athena_s() {
    let Some(python) = python("sqlglot") else {
        return skip(
            "Python has no sqlglot: install tests/requirements.txt and name it in TRAILBOOK_TEST_PYTHON",
        );
    };
    let setting = Setting::new(Dir::with_days(105, 1));
    setting.snapshot(TABLE, "2026-10-01", "2027-01-12").exits(0);
    setting
        .query("SELECT t.day FROM cloudtrail_logs.cloudtrail_partitioned t WHERE year IN ('2026', '2027')")
        .exits(0);
    let statements = setting.server.scanned().into_iter().map(|(sql, _)| sql);
    let read =
        std::process::Command::new(python).args(["-c", READ]).args(statements).output().expect("Python runs");
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    assert_eq!(
        String::from_utf8_lossy(&read.stdout),
        "Create cloudtrail_partitioned\n['year', 'month', 'day'] ['year', 'month', 'day']\n\
         Insert cloudtrail_partitioned\nSelect cloudtrail_partitioned\nSelect cloudtrail_partitioned\n"
    );
}

#[test]
fn why_it_cannot_be_made_is_told() {
    let setting = Setting::new(Dir::with_days(2, 3));
    let fails = |source: &str, code: i32, said: &[&str]| {
        let run = setting.snapshot(source, "2026-10-01", "2026-10-02");
        run.exits(code);
        for words in said {
            assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
        }
        assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    };
    let reason = "Insufficient permissions to execute the query. User: arn:aws:iam::1:user/a is not authorized to perform: \
                  glue:CreateTable on resource: arn:aws:glue:eu-west-1:1:catalog because no policy allows it";
    setting.server.fault(Faults { reason: Some(reason.to_owned()), ..Faults::default() });
    fails(
        TABLE,
        1,
        &["needs glue:CreateTable on arn:aws:glue:eu-west-1:1:catalog", "trailbook setup policy snapshot"],
    );
    setting.server.fault(Faults::default());
    setting.server.group("small", Group { cutoff: Some(10), ..Group::default() });
    fails(&format!("{TABLE}?workgroup=small&results=s3://results/"), 2, &["stops queries at"]);
    setting.server.group("managed", Group { is_managed: true, ..Group::default() });
    fails(&format!("{TABLE}?workgroup=managed"), 2, &["keeps results itself", "results=s3://bucket/prefix/"]);
    setting
        .snapshot(&format!("{TABLE}?workgroup=managed&results=s3://results/x"), "2026-10-01", "2026-10-02")
        .exits(0);
    let location = Some("s3://results/enforced/".to_owned());
    setting.server.group("enforced", Group { location, is_enforced: true, ..Group::default() });
    setting.server.delete("results/x/");
    let made = setting.snapshot(&format!("{TABLE}?workgroup=enforced"), "2026-10-01", "2026-10-02");
    made.exits(0);
    assert!(made.stdout.contains("delete s3://results/enforced/tables/"), "{}", made.stdout);
}
