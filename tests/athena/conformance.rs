//! One suite of queries, asked of both engines: the frames must be the same.

use std::process::Command;

use trailbook::{Answer, Logs, QueryOptions};

use crate::server::{Group, Server};
use crate::support::Dir;

/// The engines meet in a process of their own, which takes the server for AWS.
const ENDPOINT: &str = "TRAILBOOK_TEST_ATHENA";

const DAY: &str = "account_id = '111122223333' AND region IN ('us-east-1', 'eu-west-1') \
                   AND year = '2026' AND month = '10' AND day = '12'";

/// Runs `test` of this file in a process whose environment leads to a server over `dir`.
#[track_caller]
fn with_server(test: &str, dir: &str) {
    let server = Server::start(dir.as_ref());
    server.group("managed", Group { is_managed: true, ..Group::default() });
    let home = Dir::new();
    let output = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", &format!("conformance::{test}"), "--nocapture"])
        .envs(server.environment(home.path()))
        .env(ENDPOINT, dir)
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

/// The folder that the server serves; nothing in the outer process.
fn served() -> Option<String> {
    std::env::var(ENDPOINT).ok()
}

struct Engines {
    embedded: Logs,
    athena: Logs,
    options: QueryOptions,
}

impl Engines {
    fn open(folder: &str, parameters: &str) -> Engines {
        let source = format!("athena://cloudtrail_logs.cloudtrail_partitioned{parameters}");
        Engines {
            embedded: Logs::open(folder).expect("logs"),
            athena: Logs::open(&source).expect("a table"),
            options: QueryOptions::new().allow_full_scan(true),
        }
    }

    #[track_caller]
    fn check(&self, sql: &str) -> Answer {
        let here =
            self.embedded.query_with(sql, &self.options).unwrap_or_else(|error| panic!("{sql}\n{error}"));
        let there =
            self.athena.query_with(sql, &self.options).unwrap_or_else(|error| panic!("{sql}\n{error}"));
        assert_eq!(here.column_names(), there.column_names(), "{sql}");
        assert_eq!(here.column_types(), there.column_types(), "{sql}");
        assert_eq!(here.schema(), there.schema(), "{sql}");
        let equal = here.equals_missing(&there);
        assert!(equal, "{sql}\n{here}\n{there}");
        assert_eq!(here.sha256(), there.sha256(), "{sql}");
        there
    }

    #[track_caller]
    fn refuses(&self, sql: &str) {
        let options = QueryOptions::new();
        let here = self.embedded.query_with(sql, &options).expect_err(sql);
        let there = self.athena.query_with(sql, &options).expect_err(sql);
        assert!(here.is_rejected() && there.is_rejected(), "{sql}\n{here}\n{there}");
    }
}

/// Values that are hard to carry in text.
const VALUES: [&str; 17] = [
    "VALUES (1, CAST(NULL AS varchar), ''), (2, '', 'null'), (3, 'NULL', NULL)",
    "SELECT 'a\"b', 'c,d', 'e\nf', '\"', '\"\"', ' ', 'é漢🦀', '\r\n', 'x\ry'",
    "SELECT CAST(1 AS tinyint) a, CAST(2 AS smallint) b, 3 c, BIGINT '-9223372036854775808' d, REAL '1.5' e, 2.5E0 f",
    "SELECT 1E10, 1E-10, 123456789.125E0, 0E0, infinity(), -infinity(), nan(), 1E7, 12345678E0, 0.001E0",
    "SELECT DECIMAL '12.50', CAST(-0.05 AS decimal(38, 20)), CAST(NULL AS decimal(5, 2))",
    "SELECT true, false, CAST(NULL AS boolean), NULL",
    "SELECT DATE '2026-10-12', DATE '1969-12-31', CAST(NULL AS date)",
    "SELECT TIMESTAMP '2026-10-12 08:00:00.123', TIMESTAMP '1969-12-31 23:59:59.999', CAST(NULL AS timestamp)",
    "SELECT from_iso8601_timestamp('2026-10-12T08:00:00Z'), TIMESTAMP '2026-10-12 08:00:00 Asia/Tokyo'",
    "SELECT ARRAY[1, 2, NULL], ARRAY['a', 'b c', NULL], ARRAY[ARRAY[1], ARRAY[]], CAST(NULL AS array(bigint))",
    "SELECT MAP(ARRAY['k', 'l'], ARRAY[1, NULL]), MAP(ARRAY['a'], ARRAY[ARRAY['x', 'y']])",
    "SELECT CAST(ROW(1, 'x', NULL) AS row(a bigint, b varchar, c double))",
    "SELECT ARRAY[CAST(ROW('x', 1.5) AS row(a varchar, b double)), NULL]",
    "SELECT to_utf8('abc'), CAST(NULL AS varbinary)",
    "SELECT CAST('{\"a\": [1, null]}' AS json), JSON '{\"b\":\"x,y\"}'",
    "SELECT 1 AS x, 2 AS x, 3, 4",
    "SELECT n, 'row ' || CAST(n AS varchar) AS text FROM UNNEST(sequence(1, 2500)) AS t (n) ORDER BY n",
];

#[test]
fn values_of_all_types_are_the_same() {
    let Some(folder) = served() else {
        return with_server("values_of_all_types_are_the_same", Dir::with_logs().path());
    };
    let engines = Engines::open(&folder, "");
    for sql in VALUES {
        engines.check(sql);
    }
    assert_eq!(engines.check(VALUES[16]).height(), 2500);
}

#[test]
fn answers_from_logs_are_the_same() {
    let Some(folder) = served() else {
        return with_server("answers_from_logs_are_the_same", Dir::with_logs().path());
    };
    let engines = Engines::open(&folder, "");
    let table = "cloudtrail_logs.cloudtrail_partitioned";
    engines.check(&format!("SELECT * FROM {table} WHERE {DAY} ORDER BY eventid"));
    engines.check(&format!(
        "SELECT eventname, count(*) AS n, array_agg(region ORDER BY region) FROM {table} WHERE {DAY} GROUP BY 1 ORDER BY 1"
    ));
    engines.check(&format!(
        "SELECT useridentity, resources, requestparameters FROM {table} WHERE {DAY} ORDER BY eventid"
    ));
    let answer =
        engines.check(&format!("SELECT eventname, count(*) FROM {table} WHERE {DAY} GROUP BY 1 ORDER BY 1"));
    // The conditions leave all objects, so all are read.
    assert_eq!(answer.bytes_scanned(), engines.embedded.explain(answer.sql()).map(|plan| plan.bytes()).ok());
    assert_eq!(answer.bytes_estimated(), answer.bytes_scanned());
    assert_eq!(answer.cost_usd(), Some(0.00005));
    assert_eq!(answer.workgroup(), Some("trailbook"));
    assert!(answer.query_id().is_some_and(|id| answer.summary().ends_with(id)), "{}", answer.summary());
    let answer = engines.check(&format!("SELECT eventname FROM {table} WHERE {DAY} AND 1 = 0"));
    assert_eq!(answer.height(), 0);
    engines.refuses(&format!("SELECT eventname FROM {table}"));
    engines.refuses(&format!("SELECT evenname FROM {table} WHERE {DAY}"));
    engines.refuses("SHOW TABLES");
    for question in trailbook::investigations::Investigation::catalogue() {
        let Ok(question) =
            question.parameters().iter().try_fold(question.clone(), |question, name| match name.as_str() {
                "limit" => Ok(question),
                name => question.with(name, "alice"),
            })
        else {
            continue;
        };
        let scope = |logs: &Logs| logs.scope(&[], &[], "2026-10-12", "2026-10-13").expect("a scope");
        let here = engines.embedded.ask(&question, &scope(&engines.embedded)).expect("an answer");
        let there = engines.athena.ask(&question, &scope(&engines.athena)).expect("an answer");
        assert!(here.equals_missing(&there), "{}\n{here}\n{there}", question.id());
    }
}

#[test]
fn managed_results_and_reuse_and_parquet_are_the_same() {
    let Some(folder) = served() else {
        return with_server("managed_results_and_reuse_and_parquet_are_the_same", Dir::with_logs().path());
    };
    let managed = Engines::open(&folder, "?workgroup=managed");
    for sql in VALUES {
        managed.check(sql);
    }
    // By pages, and by a file that several requests bring and several threads read.
    let large = "SELECT eventid, eventname, useragent, 1 AS n, 1.5E0 AS x, true AS flag, \
                 TIMESTAMP '2026-10-12 08:00:00' AS at \
                 FROM cloudtrail_logs.cloudtrail_partitioned -- generate 90000 rows";
    let by_file = Engines::open(&folder, "");
    let [by_pages, by_file] = [&managed, &by_file]
        .map(|engines| engines.athena.query_with(large, &engines.options).expect("an answer"));
    assert_eq!(by_file.height(), 90_000);
    assert!(by_file.equals_missing(&by_pages), "{by_file}\n{by_pages}");
    let parquet = Engines::open(&folder, "?format=parquet");
    let table = "cloudtrail_logs.cloudtrail_partitioned";
    let answer = parquet.check(&format!(
        "SELECT eventid, eventname, errorcode, count(*) OVER () AS n, DECIMAL '12.50' AS d, 1.5E0 AS f, true AS b, \
         DATE '2026-10-12' AS day, TIMESTAMP '2026-10-12 08:00:00.123' AS at, CAST(NULL AS bigint) AS x, 7 AS i \
         FROM {table} WHERE {DAY} ORDER BY 1"
    ));
    assert!(answer.warnings().is_empty(), "{:?}", answer.warnings());
    let answer = parquet.check(&format!("SELECT 1, eventid FROM {table} WHERE {DAY} ORDER BY 2"));
    assert!(answer.warnings()[0].contains("did not come as Parquet"), "{:?}", answer.warnings());
    let reused = Engines::open(&folder, "?reuse=60");
    let sql = format!("SELECT eventname FROM cloudtrail_logs.cloudtrail_partitioned WHERE {DAY} ORDER BY 1");
    reused.check(&sql);
    let again = reused.check(&sql);
    assert_eq!(again.cost_usd(), Some(0.0));
    assert!(again.summary().contains("of an earlier run"), "{}", again.summary());
}
