//! What is left out, and that nothing else is.

use super::*;

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
