//! Queries in DataFusion's own SQL: what the scan gives, apart from Trino's language.

use std::{
    fs,
    path::{Path, PathBuf},
};

use datafusion::{
    arrow::{json::ArrayWriter, record_batch::RecordBatch},
    prelude::{SessionConfig, SessionContext},
};
use serde_json::{Value, json};

use super::*;

const DAY: &str = "AWSLogs/111122223333/CloudTrail/us-east-1/2024/05/06";

/// A folder of log objects.
struct Logs(tempfile::TempDir);

impl Logs {
    fn new() -> Self {
        Logs(tempfile::tempdir().unwrap())
    }

    fn add(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    /// An object of one day with these records.
    fn records(self, name: &str, records: Value) -> Self {
        self.add(&format!("{DAY}/{name}"), json!({ "Records": records }).to_string())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

struct Answer {
    rows: Vec<Value>,
    coverage: Coverage,
    plan: String,
}

impl Answer {
    fn damage(&self) -> Vec<String> {
        let describe = |damaged: &crate::Damaged| {
            let name = damaged.object.rsplit('/').next().unwrap_or_default();
            format!("{name}: {} ({})", damaged.reason, damaged.records_kept)
        };
        self.coverage.damaged.iter().map(describe).collect()
    }
}

fn ask_with(logs: &Path, options: ScanOptions, threads: usize, sql: &str) -> Answer {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).build().unwrap();
    runtime.block_on(async {
        let table = Arc::new(CloudTrailTable::new(options));
        table.fill(Arc::new(Tree::open(logs).unwrap()));
        let context = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(threads));
        context.register_table("logs", table.clone()).unwrap();
        let frame = context.sql(sql).await.unwrap();
        let plan = frame.clone().create_physical_plan().await.unwrap();
        let plan = datafusion::physical_plan::displayable(plan.as_ref()).indent(false).to_string();
        let batches = frame.collect().await.unwrap();
        Answer { rows: rows(&batches), coverage: table.coverage(), plan }
    })
}

fn ask(logs: &Path, sql: &str) -> Answer {
    ask_with(logs, ScanOptions::default(), 3, sql)
}

fn rows(batches: &[RecordBatch]) -> Vec<Value> {
    let mut writer = ArrayWriter::new(Vec::new());
    writer.write_batches(&batches.iter().collect::<Vec<_>>()).unwrap();
    writer.finish().unwrap();
    let text = writer.into_inner();
    if text.is_empty() { Vec::new() } else { serde_json::from_slice(&text).unwrap() }
}

#[track_caller]
fn check(logs: &Logs, sql: &str, expected: Value) {
    assert_eq!(json!(ask(logs.path(), sql).rows), expected, "{sql}");
}

#[test]
fn columns_have_the_records_values() {
    // Members of structures are columns of their own besides.
    let columns: Vec<String> = columns::schema().fields().iter().map(|field| field.name().clone()).collect();
    let columns: Vec<&str> = columns.iter().map(String::as_str).filter(|name| !name.contains('.')).collect();
    let logs = Logs::new().records(
        "a.json",
        json!([{
            "eventName": "Caf\u{e9}\n\"x\"",
            "readOnly": true,
            "requestParameters": {"b": [1, 2.50, null], "a": "x y"},
            "responseElements": null,
            "additionalEventData": "text",
            "errorCode": 7.10,
            "userIdentity": {"type": "Root", "ARN": "arn:x", "sessionContext": {
                "sessionIssuer": {"userName": "u"},
                "webIdFederationData": {"attributes": {"k": "v", "n": 1}},
            }},
            "resources": [{"ARN": "r1", "accountId": "1"}, "strange", {"type": "t", "ARNPrefix": "p"}],
            "tlsDetails": {},
            "managementEvent": false,
            "tags": {"unknown": "field"},
        }]),
    );
    check(
        &logs,
        &format!("SELECT {} FROM logs", columns.join(", ")),
        json!([{
            "eventname": "Caf\u{e9}\n\"x\"",
            "readonly": "true",
            "requestparameters": r#"{"b":[1,2.5,null],"a":"x y"}"#,
            "additionaleventdata": "text",
            "errorcode": "7.1",
            "useridentity": {"type": "Root", "arn": "arn:x", "sessioncontext": {
                "sessionissuer": {"username": "u"},
                "webidfederationdata": {"attributes": {"k": "v", "n": "1"}},
            }},
            "resources": [{"arn": "r1", "accountid": "1"}, null, {"type": "t"}],
            "tlsdetails": {},
            "managementevent": "false",
            "account_id": "111122223333", "region": "us-east-1", "year": "2024", "month": "05", "day": "06",
        }]),
    );
}

#[test]
fn json_columns_keep_the_records_own_text() {
    let record =
        "{\"requestParameters\" : { \"b\" : 1.0e2 , \"a\" :\n\"\\u00e9 \\/\" } , \"errorCode\": \"\\u00e9\"}";
    let logs = Logs::new().add(&format!("{DAY}/a.json"), format!("{{\"Records\":[{record}]}}"));
    check(
        &logs,
        "SELECT requestparameters, errorcode FROM logs",
        json!([{"requestparameters": r#"{"b":1.0e2,"a":"\u00e9 \/"}"#, "errorcode": "\u{e9}"}]),
    );
}

#[test]
fn wrong_types_and_bytes_are_no_obstacle() {
    let logs = Logs::new()
        .records(
            "a.json",
            json!([
                {"eventName": {"a": [1]}, "userIdentity": "root", "resources": {"arn": "x"}, "tlsDetails": [1]},
                {"eventName": ["x"], "userIdentity": {"arn": {"x": 1}, "sessionContext": 7}, "resources": null},
                {"eventName": 12, "userIdentity": [], "resources": [], "eventTime": null},
            ]),
        )
        .add(&format!("{DAY}/b.json"), b"{\"Records\":[{\"eventName\":\"a\xff\xc3\"},{\"eventName\":\"\xa9\"}]}");
    check(
        &logs,
        "SELECT eventname, useridentity, resources, tlsdetails, eventtime FROM logs ORDER BY eventname",
        json!([
            {"eventname": "12", "resources": []},
            {"eventname": "[\"x\"]", "useridentity": {"arn": "{\"x\":1}"}},
            {"eventname": "a\u{fffd}\u{fffd}"},
            {"eventname": "{\"a\":[1]}"},
            {"eventname": "\u{fffd}"},
        ]),
    );
}

#[test]
fn json_nulls_are_null_or_text() {
    let logs = Logs::new()
        .records("a.json", json!([{"requestParameters": null, "errorCode": null}, {"eventName": "absent"}]));
    let sql = "SELECT requestparameters r, errorcode e FROM logs ORDER BY r";
    assert_eq!(json!(ask(logs.path(), sql).rows), json!([{}, {}]));
    let options = ScanOptions { null_json_as_text: true, ..ScanOptions::default() };
    assert_eq!(json!(ask_with(logs.path(), options, 1, sql).rows), json!([{"r": "null"}, {}]));
    let sql = "SELECT count(*) n FROM logs WHERE requestparameters = 'null'";
    assert_eq!(json!(ask_with(logs.path(), options, 1, sql).rows), json!([{"n": 1}]));
}

#[test]
fn struct_members_are_read_alone() {
    let logs = Logs::new().records(
        "a.json",
        json!([
            {"userIdentity": {"type": "IAMUser", "arn": "a", "sessionContext": {"sessionIssuer": {"arn": "i"}}}},
            {"userIdentity": null},
            {"userIdentity": {"type": "Root"}},
        ]),
    );
    let sql = "SELECT useridentity.type t, useridentity.sessioncontext.sessionissuer.arn i FROM logs \
               WHERE useridentity.arn IS NOT NULL";
    let answer = ask(logs.path(), sql);
    assert_eq!(json!(answer.rows), json!([{"t": "IAMUser", "i": "i"}]));
    for column in ["useridentity.type", "useridentity.sessioncontext.sessionissuer.arn", "useridentity.arn"] {
        assert!(answer.plan.contains(column), "{}", answer.plan);
    }
    assert!(!answer.plan.contains("columns=[useridentity,"), "{}", answer.plan);
    assert!(!answer.plan.contains("useridentity]"), "{}", answer.plan);
}

#[track_caller]
fn check_objects_read(logs: &Logs, condition: &str, expected: u64) {
    let sql = format!("SELECT count(*) AS n FROM logs WHERE {condition}");
    let answer = ask(logs.path(), &sql);
    assert_eq!(answer.coverage.objects_read, expected, "{condition}\n{}", answer.plan);
    assert_eq!(answer.rows, [json!({"n": expected})], "{condition}");
}

#[test]
fn conditions_on_the_path_select_objects() {
    let mut logs = Logs::new();
    for (account, region, date) in [
        ("111122223333", "us-east-1", "2023/12/31"),
        ("111122223333", "us-east-1", "2024/01/01"),
        ("111122223333", "eu-west-1", "2024/01/31"),
        ("444455556666", "us-east-1", "2024/02/01"),
    ] {
        logs = logs.add(
            &format!("AWSLogs/{account}/CloudTrail/{region}/{date}/a.json"),
            r#"{"Records":[{"eventName":"a"}]}"#,
        );
    }
    for (condition, expected) in [
        ("true", 4),
        ("account_id = '111122223333'", 3),
        ("region IN ('eu-west-1', 'us-west-2')", 1),
        ("region LIKE 'us-%' AND NOT year = '2023'", 2),
        ("year = '2024' AND month = '01'", 2),
        ("(year, month, day) IN (('2023','12','31'), ('2024','01','01'))", 2),
        ("(year = '2023' AND month = '12') OR (year = '2024' AND month = '02')", 2),
        ("year || '/' || month || '/' || day BETWEEN '2023/12/31' AND '2024/01/30'", 2),
        ("day BETWEEN '02' AND '31' AND eventname = 'a'", 2),
        ("(year = '2023' AND eventname = 'a') OR (year = '2024' AND month = '02' AND eventname <> 'b')", 2),
        ("CASE WHEN year = '2023' THEN true ELSE month = '02' END", 2),
        ("year = '2025'", 0),
        ("year IS NULL", 0),
    ] {
        check_objects_read(&logs, condition, expected);
    }
}

#[test]
fn every_literal_is_found_however_it_is_spelled() {
    let filler = "x".repeat(2000);
    let mut records = vec![
        r#"{"eventName":"Needle/Name"}"#.to_owned(),
        r#"{"eventName":"Needle\/Name"}"#.to_owned(),
        r#"{"eventName":"\u004eeedle/Name"}"#.to_owned(),
        r#"{"event\u004eame":"Needle/Nam\u0065"}"#.to_owned(),
        r#"{"requestParameters":{"k": "Needle/Name"},"eventName":"other"}"#.to_owned(),
        r#"{"EVENTNAME" : "Needle/Name","x":[{"eventName":"other"}]}"#.to_owned(),
        r#"{"eventName":"no","eventName":"Needle/Name"}"#.to_owned(),
        r#"{"eventName":"Needle/Name","eventName":"no"}"#.to_owned(),
    ];
    for record in &mut records {
        record.insert_str(record.len() - 1, &format!(r#","userAgent":"{filler}""#));
    }
    let filler = format!(r#"{{"userAgent":"{filler}\u003d"}}"#);
    let mut logs = Logs::new();
    for (index, record) in records.iter().enumerate() {
        logs = logs
            .add(&format!("{DAY}/one-{index}.json"), format!(r#"{{"Records":[{record}]}}"#))
            .add(&format!("{DAY}/none-{index}.json"), format!(r#"{{"Records":[{filler},{filler}]}}"#));
    }
    let all: Vec<&str> = records.iter().flat_map(|record| [&*filler, record, &*filler]).collect();
    logs = logs.add(&format!("{DAY}/all.json"), format!(r#"{{"Records":[{}]}}"#, all.join(",")));
    for (condition, expected) in [
        ("eventname = 'Needle/Name'", 12),
        ("eventname IN ('Needle/Name', 'nothing')", 12),
        ("eventname LIKE 'Needle%'", 12),
        ("eventname LIKE '%edle/N_me'", 12),
        ("eventname = 'Needle/Name' AND useragent LIKE 'x%'", 12),
        ("eventname = 'Needle/Name' OR eventname = 'no'", 14),
        ("'Needle/Name' = eventname", 12),
        ("eventname > 'Needle' AND eventname < 'Needlf'", 12),
        ("requestparameters LIKE '%\"k\":\"Needle/Name\"%'", 2),
        ("requestparameters = '{\"k\":\"Needle/Name\"}'", 2),
        ("eventname IS NULL", 32),
        ("eventname IS NOT NULL AND useragent IS NOT NULL", 16),
        ("eventname = 'Nothing'", 0),
    ] {
        let sql = format!("SELECT count(*) AS n FROM logs WHERE {condition}");
        assert_eq!(ask(logs.path(), &sql).rows, [json!({"n": expected})], "{condition}");
    }
    let answer = ask(logs.path(), "SELECT eventtime FROM logs WHERE eventname = 'AbsurdAction'");
    assert_eq!((answer.coverage.objects_read, answer.coverage.records), (17, 0));
}

#[test]
fn objects_delivered_before_the_events_asked_for_are_left_out() {
    let mut logs = Logs::new();
    for hour in 0..24 {
        let name = format!("111122223333_CloudTrail_us-east-1_20240506T{hour:02}30Z_x.json");
        logs = logs.records(&name, json!([{"eventTime": format!("2024-05-06T{hour:02}:29:00Z")}]));
    }
    logs = logs.records("odd name.json", json!([{"eventTime": "2024-05-06T23:59:00Z"}]));
    let sql = "SELECT count(*) AS n FROM logs WHERE eventtime >= '2024-05-06T20:00:00Z' AND eventtime < '2024-05-07'";
    let answer = ask(logs.path(), sql);
    assert_eq!(answer.rows, [json!({"n": 5})]);
    assert_eq!(answer.coverage.objects_read, 6);
    let answer =
        ask(logs.path(), "SELECT count(*) AS n FROM logs WHERE eventtime >= '2024-05' OR eventtime > '2025'");
    assert_eq!(answer.coverage.objects_read, 25);
}

#[test]
fn the_newest_events_are_the_newest_whatever_is_left_out() {
    let mut logs = Logs::new();
    for day in 1..=20 {
        let record = |n: usize| json!({"eventTime": format!("2024-05-{day:02}T{:02}:00:00Z", n % 24), "eventID": format!("{day} {n}")});
        let path = format!("AWSLogs/111122223333/CloudTrail/us-east-1/2024/05/{day:02}/a.json");
        logs = logs.add(&path, json!({"Records": (0..400).map(record).collect::<Vec<_>>()}).to_string());
    }
    for (order, expected) in [
        ("eventtime DESC, eventid", ["20 119", "20 143", "20 167"]),
        ("eventtime ASC, eventid", ["1 0", "1 120", "1 144"]),
        ("eventid DESC", ["9 99", "9 98", "9 97"]),
    ] {
        let sql = format!("SELECT eventid FROM logs ORDER BY {order} LIMIT 3");
        let found: Vec<Value> = ask(logs.path(), &sql).rows;
        assert_eq!(found, expected.map(|id| json!({"eventid": id})), "{order}");
    }
}

#[test]
fn a_limit_ends_the_scan() {
    let mut logs = Logs::new();
    for index in 0..50 {
        logs = logs.records(&format!("{index}.json"), json!([{"eventName": "a"}, {"eventName": "b"}]));
    }
    let answer = ask(logs.path(), "SELECT eventname FROM logs LIMIT 3");
    assert_eq!(answer.rows.len(), 3);
    assert!(answer.coverage.objects_read < 20, "{:?}", answer.coverage);
    let answer = ask(logs.path(), "SELECT eventname FROM logs WHERE eventname = 'b' LIMIT 3");
    assert_eq!(answer.rows.len(), 3);
}

#[test]
fn duplicates_are_dropped_and_counted() {
    let record = |id: &str, name: &str| json!({"eventID": id, "eventName": name});
    let logs = Logs::new()
        .records("1.json", json!([record("a", "first"), record("a", "second"), {"eventName": "no id"}]))
        .records("2.json", json!([record("b", "first"), record("a", "third"), {"eventName": "no id"}]));
    let sql = "SELECT eventname n FROM logs WHERE eventname <> 'first' ORDER BY n";
    let answer = ask(logs.path(), sql);
    assert_eq!(answer.rows.len(), 4);
    assert_eq!(answer.coverage.duplicates_dropped, 0);
    for threads in 1..4 {
        let options = ScanOptions { deduplicate: true, ..ScanOptions::default() };
        let answer = ask_with(logs.path(), options, threads, sql);
        assert_eq!(json!(answer.rows), json!([{"n": "no id"}, {"n": "no id"}]));
        assert_eq!(answer.coverage.duplicates_dropped, 2);
        let third = "SELECT eventname n FROM logs WHERE eventname = 'third'";
        assert_eq!(json!(ask_with(logs.path(), options, threads, third).rows), json!([]));
    }
}

#[test]
fn rows_do_not_depend_on_the_number_of_threads() {
    let mut logs = Logs::new();
    for index in 0..40 {
        let record =
            |n: i32| json!({"eventName": format!("{}", (index * 7 + n) % 13), "eventID": n.to_string()});
        logs = logs.records(&format!("{index}.json"), (0..index).map(record).collect());
    }
    let sql = "SELECT eventname, count(*) n, min(eventid) m FROM logs GROUP BY eventname ORDER BY n DESC, eventname";
    let expected = ask_with(logs.path(), ScanOptions::default(), 1, sql);
    for threads in [2, 5] {
        let answer = ask_with(logs.path(), ScanOptions::default(), threads, sql);
        assert_eq!(answer.rows, expected.rows);
        assert_eq!(answer.coverage, expected.coverage);
    }
    assert_eq!(expected.coverage.records, 780);
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut compressor = libdeflater::Compressor::new(libdeflater::CompressionLvl::default());
    let mut gzip = vec![0; compressor.gzip_compress_bound(text.len())];
    let length = compressor.gzip_compress(text, &mut gzip).unwrap();
    gzip.truncate(length);
    gzip
}

#[test]
fn damage_is_reported_and_the_rest_answered() {
    let records = json!((0..500).map(|n| json!({"eventName": format!("event {n}")})).collect::<Vec<_>>());
    let good = json!({ "Records": records }).to_string().into_bytes();
    let whole = gzip(&good);
    let mut crc = whole.clone();
    let end = crc.len();
    crc[end - 8] ^= 0xFF;
    let mut flipped = whole.clone();
    flipped[end / 2] ^= 0x55;
    let object = |name: &str| format!("{DAY}/{name}.json.gz");
    let logs = Logs::new()
        .add(&object("good"), &whole)
        .add(&object("two members"), [gzip(&good[..100]), gzip(&good[100..])].concat())
        .add(&object("plain"), &good)
        .add(&object("truncated"), &whole[..end / 2])
        .add(&object("checksum"), &crc)
        .add(&object("flipped"), &flipped)
        .add(&object("garbage"), [&whole[..], b"garbage"].concat())
        .add(&object("empty"), b"")
        .add(&object("html"), "<html>")
        .add(&object("digest"), r#"{"digestEndTime":"2024-05-06T00:00:00Z"}"#)
        .add(&object("cut"), &good[..good.len() / 2])
        .add(&object("no records"), r#"{"Records":[]}"#);
    for sql in [
        "SELECT count(*) AS n FROM logs",
        "SELECT count(*) AS n FROM logs WHERE coalesce(eventname, '') <> 'none'",
    ] {
        let answer = ask(logs.path(), sql);
        let damage = answer.damage();
        let kept = |name: &str| {
            let line = damage.iter().find(|line| line.starts_with(name)).unwrap();
            line.rsplit_once('(').unwrap().1.trim_end_matches(')').parse::<u64>().unwrap()
        };
        let reasons: Vec<&str> = damage.iter().map(|line| line.rsplit_once(" (").unwrap().0).collect();
        assert_eq!(reasons.len(), 8, "{reasons:?}");
        for reason in [
            "checksum.json.gz: gzip stream is corrupt: incorrect data check",
            "cut.json.gz: JSON ends early",
            "digest.json.gz: no Records",
            "empty.json.gz: empty",
            "garbage.json.gz: 7 bytes follow the gzip stream",
            "html.json.gz: not JSON at byte 0",
            "truncated.json.gz: gzip stream ends early",
        ] {
            assert!(reasons.contains(&reason), "{reason} in {reasons:?}");
        }
        assert_eq!((kept("checksum"), kept("garbage"), kept("html")), (500, 500, 0));
        assert!((100..400).contains(&kept("truncated")) && kept("cut") > 100);
        let rows = 4 * 500 + 500 + kept("truncated") + kept("cut") + kept("flipped");
        assert_eq!(answer.rows, [json!({ "n": rows })]);
        assert_eq!(answer.coverage.objects_read, 12);
    }
}

#[test]
fn objects_beyond_the_limit_are_cut_and_reported() {
    let bomb = gzip(&vec![b' '; 40 << 20]);
    let logs = Logs::new().records("a.json", json!([{}])).add(&format!("{DAY}/bomb.json.gz"), bomb);
    let options = ScanOptions { object_limit: 1 << 20, ..ScanOptions::default() };
    let answer = ask_with(logs.path(), options, 1, "SELECT count(*) n FROM logs");
    assert_eq!(answer.rows, [json!({"n": 1})]);
    assert_eq!(answer.damage(), ["bomb.json.gz: inflates to more than 1 MiB (0)"]);
}

#[test]
fn objects_that_vanish_are_reported() {
    let logs = Logs::new().records("a.json", json!([{}])).records("b.json", json!([{}]));
    let tree = Arc::new(Tree::open(logs.path()).unwrap());
    fs::remove_file(logs.path().join(DAY).join("a.json")).unwrap();
    let table = Arc::new(CloudTrailTable::new(ScanOptions::default()));
    table.fill(tree);
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    let batches = runtime.block_on(async {
        let context = SessionContext::new();
        context.register_table("logs", table.clone()).unwrap();
        context.sql("SELECT count(*) n FROM logs").await.unwrap().collect().await.unwrap()
    });
    assert_eq!(rows(&batches), [json!({"n": 1})]);
    let damaged = &table.coverage().damaged[0];
    assert_eq!(
        (damaged.object.as_str(), damaged.reason.as_str()),
        (&*format!("{DAY}/a.json"), "vanished before it was read")
    );
}

#[cfg(unix)]
#[test]
fn pipes_and_unreadable_objects_do_no_harm() {
    use std::os::unix::fs::PermissionsExt;

    let logs = Logs::new().records("a.json", json!([{}])).records("closed.json", json!([{}]));
    let day = logs.path().join(DAY);
    let made = std::process::Command::new("mkfifo").arg(day.join("pipe.json")).status();
    assert!(made.is_ok_and(|status| status.success()));
    fs::set_permissions(day.join("closed.json"), fs::Permissions::from_mode(0o0)).unwrap();
    let answer = ask(logs.path(), "SELECT count(*) n FROM logs");
    assert_eq!(answer.coverage.objects_listed, 2);
    // The superuser may read anything.
    if fs::read(day.join("closed.json")).is_err() {
        assert_eq!(answer.damage(), ["closed.json: permissions do not allow reading (0)"]);
        assert_eq!(answer.rows, [json!({"n": 1})]);
    }
    assert!(Tree::open(&day.join("pipe.json")).unwrap_err().is_invalid());
}

#[test]
fn large_and_deep_records_are_records() {
    let large = "y".repeat(10 << 20);
    let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
    let text = format!(
        r#"{{"Records":[{{"requestParameters":{{"a":"{large}"}},"eventName":"large"}},{{"requestParameters":{deep},"eventName":"deep"}}]}}"#
    );
    let logs = Logs::new().add(&format!("{DAY}/a.json.gz"), gzip(text.as_bytes()));
    check(
        &logs,
        "SELECT eventname, length(requestparameters) l FROM logs ORDER BY eventname",
        json!([{"eventname": "deep", "l": 2000}, {"eventname": "large", "l": (10 << 20) + 8}]),
    );
}

#[test]
fn exports_of_other_tools_are_read() {
    let logs = Logs::new()
        .add("export/lines.ndjson", "{\"eventName\":\"a\"}\n{\"eventName\":\"b\"}\n")
        .add("export/array.json", "\u{feff}[{\"eventName\":\"c\"}]")
        .add("export/1_CloudTrail_eu-west-1_20240506T0000Z_x.json", r#"{"Records":[{"eventName":"d"}]}"#);
    let sql = "SELECT eventname, region, day FROM logs ORDER BY eventname";
    let named = json!({"eventname": "d", "region": "eu-west-1", "day": "06"});
    check(&logs, sql, json!([{"eventname": "a"}, {"eventname": "b"}, {"eventname": "c"}, named]));
    let one = ask(&logs.path().join("export/lines.ndjson"), sql);
    assert_eq!(json!(one.rows), json!([{"eventname": "a"}, {"eventname": "b"}]));
}

/// `../shared/data`, if it is there.
fn shared() -> Option<PathBuf> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    if data.is_dir() {
        return Some(data);
    }
    assert!(std::env::var_os("TRAILBOOK_REQUIRE_ALL").is_none(), "{} is missing", data.display());
    eprintln!("skipped: {} is missing", data.display());
    None
}

#[test]
fn real_logs_give_the_published_figures() {
    let Some(data) = shared() else { return };
    let figures: Value = serde_json::from_slice(&fs::read(data.join("figures.json")).unwrap()).unwrap();
    let sql = "SELECT count(*) AS records, count(DISTINCT eventid) AS distinct_event_ids, \
               count(DISTINCT eventname) AS event_names, count(DISTINCT eventsource) AS event_sources, \
               count(DISTINCT awsregion) AS aws_regions, count(errorcode) AS errors, \
               count(*) FILTER (WHERE eventname = 'ConsoleLogin') AS console_logins, \
               count(*) FILTER (WHERE useridentity.type = 'Root') AS root, \
               count(*) FILTER (WHERE eventname LIKE 'AssumeRole%') AS assume_role FROM logs";
    for (set, figures) in figures.as_object().unwrap() {
        let answer = ask(&data.join(set), sql);
        for (name, value) in answer.rows[0].as_object().unwrap() {
            assert_eq!(*value, figures["records"][name], "{set} {name}");
        }
        let coverage = answer.coverage;
        assert_eq!(json!(coverage.objects_read), figures["paths"]["files"], "{set}");
        assert_eq!(json!(coverage.bytes_read), figures["bytes"]["gz"], "{set}");
        assert_eq!(json!(coverage.bytes_inflated), figures["bytes"]["json"], "{set}");
        assert_eq!(coverage.damaged, [], "{set}");
    }
}

#[test]
fn real_records_keep_every_field() {
    let Some(data) = shared() else { return };
    for set in ["invictus", "stratus", "umccr_flaws_org", "flaws2", "fixtures_mix"] {
        let tree = Tree::open(&data.join(set)).unwrap();
        let mut expected = Vec::new();
        for object in tree.objects() {
            let mut reader = super::super::object::Reader::new(1 << 30);
            let document: Value =
                serde_json::from_slice(reader.read(super::super::feed::Source::File(object.path())).text)
                    .unwrap();
            expected.extend(document["Records"].as_array().unwrap().clone());
        }
        let answer = ask_with(&data.join(set), ScanOptions::default(), 1, "SELECT * FROM logs");
        assert_eq!(answer.rows.len(), expected.len());
        for (row, record) in answer.rows.iter().zip(&expected) {
            for (key, value) in record.as_object().unwrap() {
                let column = key.to_lowercase();
                let Ok(field) = columns::schema().field_with_name(&column).cloned() else {
                    continue;
                };
                let found = row.get(&column).unwrap_or(&Value::Null);
                match value {
                    Value::Null => assert_eq!(found, &Value::Null),
                    _ if field.data_type().is_nested() => assert_members(found, value),
                    Value::String(text) => assert_eq!(found, text),
                    other => {
                        let parsed: Value = serde_json::from_str(found.as_str().unwrap()).unwrap();
                        assert_eq!(&parsed, other);
                    }
                }
            }
        }
    }
}

/// Whether a struct's members are those of the record, apart from their keys' case.
#[track_caller]
fn assert_members(found: &Value, record: &Value) {
    match (found, record) {
        (Value::Array(found), Value::Array(record)) => {
            assert_eq!(found.len(), record.len());
            found.iter().zip(record).for_each(|(found, record)| assert_members(found, record));
        }
        (Value::Object(found), Value::Object(record)) => {
            for (key, value) in found {
                let known = record.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
                assert_members(value, known.map_or(&Value::Null, |(_, value)| value));
            }
            let expected = ["type", "arn", "accountId", "userName", "invokedBy", "accessKeyId", "tlsVersion"];
            for key in expected.iter().filter(|key| record.get(**key).is_some_and(|value| !value.is_null())) {
                assert!(found.contains_key(&key.to_lowercase()), "{key} in {record:?}");
            }
        }
        (found, record) => assert_eq!(found, record),
    }
}
