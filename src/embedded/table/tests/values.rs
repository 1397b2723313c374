//! The values of columns, whatever records hold.

use super::*;

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
fn any_type_may_stand_in_any_column() {
    let names: Vec<String> = columns::schema().fields().iter().map(|field| field.name().clone()).collect();
    let wrong = [
        json!(null),
        json!(true),
        json!(-1.5e300),
        json!("text"),
        json!([]),
        json!([[{}], null, "x"]),
        json!({}),
        json!({"arn": {"arn": []}, "ARN": [1], "": null}),
    ];
    // Each alone, then all columns of a record with the same.
    let mut records: Vec<Value> = names
        .iter()
        .flat_map(|name| wrong.iter().map(move |value| json!({name.to_uppercase(): value})))
        .collect();
    records
        .extend(wrong.iter().map(|value| names.iter().map(|name| (name.clone(), value.clone())).collect()));
    let logs = Logs::new().records("a.json", json!(records));
    let columns: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    let answer = ask(logs.path(), &format!("SELECT {} FROM logs", columns.join(", ")));
    assert_eq!(answer.rows.len(), records.len());
    assert_eq!(answer.coverage.damaged, []);
    let read = |sql: &str| ask(logs.path(), sql).rows[0]["n"].clone();
    assert_eq!(read("SELECT count(*) n FROM logs WHERE eventname IS NOT NULL"), 14);
    assert_eq!(read("SELECT count(*) n FROM logs WHERE useridentity IS NOT NULL"), 4);
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
