//! Queries of more than one part, on a handful of records.

mod support;

use support::Dir;
use trailbook::{Format, Logs, QueryOptions};

/// Six records: `ConsoleLogin` twice, `GetObject` with a bucket and `CreateUser` with an error in
/// `us-east-1`, `GetObject` twice in `eu-west-1`.
struct Asked {
    _dir: Dir,
    logs: Logs,
}

impl Asked {
    fn new() -> Asked {
        let dir = Dir::with_logs();
        let logs = Logs::open(dir.path()).expect("logs");
        Asked { _dir: dir, logs }
    }

    /// The rows as JSON arrays of the values, or why there are none.
    fn rows(&self, sql: &str) -> Result<Vec<String>, String> {
        let options = QueryOptions::new().allow_full_scan(true);
        let answer = self.logs.query_with(sql, &options).map_err(|error| error.to_string())?;
        let mut bytes = Vec::new();
        answer.write(Format::Ndjson, &mut bytes).expect("memory");
        let text = String::from_utf8(bytes).expect("UTF-8");
        let values = |line: &str| {
            let row: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).expect("JSON");
            serde_json::Value::Array(row.into_iter().map(|(_, value)| value).collect()).to_string()
        };
        Ok(text.lines().map(values).collect())
    }

    #[track_caller]
    fn check(&self, sql: &str, expected: &[&str]) {
        let rows = self.rows(sql);
        let rows = rows.as_ref().map(|rows| rows.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(rows.as_deref(), Ok(expected), "{sql}");
    }

    #[track_caller]
    fn refuses(&self, sql: &str, why: &str) {
        let rows = self.rows(sql);
        assert!(rows.as_ref().is_err_and(|error| error.contains(why)), "{sql}\n{rows:?}");
    }
}

#[test]
fn a_subquery_may_name_columns_of_the_query_around() {
    let asked = Asked::new();
    // A count of nothing is 0, any other value of nothing NULL.
    asked.check(
        "SELECT DISTINCT eventname, \
                (SELECT count(*) FROM t b WHERE b.eventname = a.eventname AND b.awsregion = 'none') AS n, \
                (SELECT max(eventtime) FROM t b WHERE b.eventname = a.eventname AND b.errorcode IS NOT NULL) AS m \
         FROM t a",
        &[
            r#"["ConsoleLogin",0,null]"#,
            r#"["CreateUser",0,"2026-10-12T08:00:04Z"]"#,
            r#"["GetObject",0,null]"#,
        ],
    );
    asked.check(
        "SELECT eventname FROM t a WHERE EXISTS (SELECT 1 FROM t b WHERE b.eventname = a.eventname AND b.eventid > a.eventid)",
        &[r#"["ConsoleLogin"]"#, r#"["GetObject"]"#, r#"["GetObject"]"#],
    );
    asked.check(
        "SELECT eventname FROM t a WHERE NOT EXISTS (SELECT 1 FROM t b WHERE b.eventname = a.eventname AND b.eventid <> a.eventid)",
        &[r#"["CreateUser"]"#],
    );
    asked.check(
        "SELECT count(*) FROM t a WHERE eventid IN (SELECT max(eventid) FROM t b WHERE b.eventname = a.eventname)",
        &["[3]"],
    );
    // A NULL among the values leaves open what is not in them.
    asked.check(
        "SELECT count(*) FROM t a WHERE 'x' NOT IN (SELECT errorcode FROM t b WHERE b.eventname = a.eventname)",
        &["[1]"],
    );
    asked.check(
        "SELECT eventname, count(*) AS n, (SELECT min(eventid) FROM t b WHERE b.eventname = a.eventname) AS m \
         FROM t a GROUP BY eventname \
         HAVING count(*) > (SELECT count(*) FROM t c WHERE c.errorcode IS NOT NULL AND c.eventname <> a.eventname) \
         ORDER BY n DESC LIMIT 1",
        &[r#"["GetObject",3,"00000000-0000-4000-8000-000000000003"]"#],
    );
    // NULL is a value like others to hang on.
    asked.check(
        "SELECT DISTINCT errorcode, (SELECT count(*) FROM t b WHERE b.errorcode IS NOT DISTINCT FROM a.errorcode) AS n \
         FROM t a ORDER BY n",
        &[r#"["AccessDenied",1]"#, "[null,5]"],
    );
}

#[test]
fn subqueries_nest() {
    let asked = Asked::new();
    asked.check(
        "SELECT DISTINCT eventname FROM t a WHERE EXISTS (SELECT 1 FROM t b WHERE b.awsregion = a.awsregion AND EXISTS \
         (SELECT 1 FROM t c WHERE c.eventname = b.eventname AND c.eventid > a.eventid AND c.errorcode IS NOT NULL))",
        &[r#"["ConsoleLogin"]"#, r#"["GetObject"]"#],
    );
    let wide = (0..12)
        .fold("SELECT max(eventid) FROM t".to_owned(), |inner, _| format!("SELECT ({inner}) FROM t LIMIT 1"));
    asked.refuses(&wide, "subqueries nest more than 8 deep");
}

#[test]
fn fields_of_structs_are_named_alone() {
    let asked = Asked::new();
    asked.check(
        "SELECT count(*) FROM t a WHERE eventtime = (SELECT max(eventtime) FROM t b WHERE b.useridentity.arn = a.useridentity.arn)",
        &["[1]"],
    );
    asked.refuses(
        "SELECT (SELECT count(*) FROM t b WHERE b.useridentity = a.useridentity) FROM t a",
        "a subquery that names a column of type row(",
    );
}

#[test]
fn lateral_queries_see_what_stands_before_them() {
    let asked = Asked::new();
    asked.check(
        "SELECT n.eventname, l.eventid FROM (SELECT DISTINCT eventname FROM t) n CROSS JOIN LATERAL \
         (SELECT substr(eventid, 36) AS eventid FROM t WHERE t.eventname = n.eventname ORDER BY eventid DESC LIMIT 2) l",
        &[
            r#"["ConsoleLogin","1"]"#,
            r#"["ConsoleLogin","2"]"#,
            r#"["CreateUser","4"]"#,
            r#"["GetObject","5"]"#,
            r#"["GetObject","6"]"#,
        ],
    );
    asked.check(
        "SELECT n.eventname, l.code FROM (SELECT DISTINCT eventname FROM t) n LEFT JOIN LATERAL \
         (SELECT errorcode AS code FROM t WHERE t.eventname = n.eventname AND errorcode IS NOT NULL) l ON TRUE",
        &[r#"["ConsoleLogin",null]"#, r#"["CreateUser","AccessDenied"]"#, r#"["GetObject",null]"#],
    );
    asked.check(
        "SELECT x.bucket FROM t CROSS JOIN LATERAL (SELECT json_extract_scalar(t.requestparameters, '$.bucketName') AS bucket) x \
         WHERE x.bucket IS NOT NULL",
        &[r#"["b"]"#],
    );
    asked.check(
        "SELECT a.k, (SELECT count(*) FROM UNNEST(a.parts) AS u (p) WHERE p <> 'a') AS n \
         FROM (VALUES (1, ARRAY['a', 'b']), (2, ARRAY['c', 'd', 'e']), (3, NULL)) AS a (k, parts)",
        &["[1,1]", "[2,3]", "[3,0]"],
    );
}

#[test]
fn what_athena_does_not_plan_is_refused_by_name() {
    let asked = Asked::new();
    for (subquery, why) in [
        ("SELECT a.eventname UNION SELECT 'x'", "UNION, INTERSECT or EXCEPT"),
        (
            "SELECT row_number() OVER () FROM t b WHERE b.eventid = a.eventid",
            "a window function in a subquery",
        ),
        ("SELECT count(*) FROM t b JOIN t c ON c.eventid = a.eventid", "ON that names columns"),
        (
            "SELECT max(b.eventid) FROM t b WHERE b.eventid = a.eventid GROUP BY GROUPING SETS ((), (b.eventname))",
            "the grouping set ()",
        ),
    ] {
        asked.refuses(&format!("SELECT ({subquery}) FROM t a"), why);
    }
    asked.refuses(
        "SELECT 1 FROM t a JOIN t b ON EXISTS (SELECT 1 FROM t c WHERE c.eventid = a.eventid)",
        "a subquery in ON",
    );
    asked.refuses(
        "SELECT (SELECT eventid FROM t b WHERE b.eventname = a.eventname) FROM t a",
        "a subquery used as a value gives more than one row",
    );
}

#[test]
fn groups_of_nothing() {
    let asked = Asked::new();
    asked.check("SELECT count(*), max(eventid) FROM t WHERE eventname = 'none'", &["[0,null]"]);
    asked.check("SELECT count(*) FROM t WHERE eventname = 'none' GROUP BY eventname", &[]);
    asked.check(
        "SELECT eventname, awsregion, count(*) AS n, grouping(eventname, awsregion) AS g FROM t \
         WHERE eventname <> 'CreateUser' GROUP BY ROLLUP (awsregion, eventname) ORDER BY g, 1, 2",
        &[
            r#"["ConsoleLogin","us-east-1",2,0]"#,
            r#"["GetObject","us-east-1",3,0]"#,
            r#"[null,"us-east-1",5,2]"#,
            "[null,null,5,3]",
        ],
    );
}
