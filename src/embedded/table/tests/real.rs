//! Public logs of real accounts.

use std::path::PathBuf;

use super::*;
use crate::embedded::{feed::Source, object::Reader};

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
            let mut reader = Reader::new(1 << 30, false);
            let document: Value =
                serde_json::from_slice(reader.read(Source::File(object.path())).text).unwrap();
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
