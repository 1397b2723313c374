//! What is found in texts, sound and damaged.

use proptest::prelude::*;

use super::*;
use crate::embedded::{fields::Fields, json::Span};

/// The values at `paths` of every record, as they stand, and the damage.
fn read(text: &[u8], paths: &[&[&'static str]]) -> (Vec<Vec<Option<String>>>, Option<Damage>) {
    let mut fields = Fields::new();
    let wanted: Vec<usize> = paths.iter().map(|path| fields.want(path)).collect();
    let mut slots = vec![None; fields.len()];
    let mut records = Records::new(text);
    let mut rows = Vec::new();
    while let Some(open) = records.next() {
        if records.read(open, |cursor| fields.find(cursor, open, &mut slots)).is_some() {
            let value = |span: Span| String::from_utf8_lossy(&text[span.start..span.end]).into_owned();
            rows.push(wanted.iter().map(|&slot| slots[slot].map(value)).collect());
        }
    }
    (rows, records.damage())
}

#[track_caller]
fn check(text: &str, names: &[&str], damage: Option<Damage>) {
    let (rows, found) = read(text.as_bytes(), &[&["eventname"], &["eventtime"]]);
    let rows: Vec<&str> =
        rows.iter().map(|row| row[0].as_deref().map_or("-", |name| name.trim_matches('"'))).collect();
    assert_eq!((rows.as_slice(), found), (names, damage), "{text}");
}

#[test]
fn envelopes_arrays_and_lines() {
    check(r#"{"Records":[]}"#, &[], None);
    check(r#"{"Records":[{"eventName":"a"},{"eventName":"b"}]}"#, &["a", "b"], None);
    check("\u{feff} { \"v\" : [ {} ] , \"Records\" : [\n{ \"eventName\" : \"a\" } ] }\n", &["a"], None);
    check(r#"{"\u0052ecords":[{"eventName":"a"}],"Records":[{}]}"#, &["a", "-"], None);
    check(r#"[{"eventName":"a"},{}]"#, &["a", "-"], None);
    check("{\"eventName\":\"a\"}\n{\"eventTime\":\"b\"}\n\n", &["a", "-"], None);
    check(r#"{"Records":[{"eventName":"a"}]}{"Records":[{"eventName":"b"}]}"#, &["a", "b"], None);
}

#[test]
fn only_the_records_own_fields_count() {
    check(
        r#"{"Records":[{"x":{"eventName":"no","Records":[{"eventName":"no"}]},"eventName":"a"}]}"#,
        &["a"],
        None,
    );
    check(r#"{"Records":[{"x":"\"eventName\":\"no\"}],","eventName":"a"}]}"#, &["a"], None);
    check(r#"{"Records":[{"eventName":"no","EVENTNAME":"a"}]}"#, &["a"], None);
    check(r#"{"Records":[{"event\u004eame":"a"}]}"#, &["a"], None);
    check(r#"{"Records":[{"x":"eventName","eventName" : "a","y":"eventName"}]}"#, &["a"], None);
}

#[test]
fn damage_is_told_and_the_rest_kept() {
    check("", &[], Some(Damage::Empty));
    check(" \n", &[], Some(Damage::Empty));
    check("<html>", &[], Some(Damage::NotJson { at: 0 }));
    check("17", &[], Some(Damage::NotJson { at: 0 }));
    check(r#"{"digestStartTime":"x"}"#, &[], Some(Damage::NoRecords));
    check(r#"{"Records":null}"#, &[], Some(Damage::NoRecords));
    check(r#"{"Records":[{"eventName":"a"},{"eventName":"b""#, &["a"], Some(Damage::Cut));
    check(r#"{"Records":[{"eventName":"a"},"#, &["a"], Some(Damage::Cut));
    check(r#"{"Records":[{"eventName":"a"}]"#, &["a"], Some(Damage::Cut));
    check(r#"{"Records":[{"eventName":"a"},{eventName:"b"}]}"#, &["a"], Some(Damage::NotJson { at: 31 }));
    check(r#"{"Records":[1,{"eventName":"a"},[{}]]}"#, &["a"], Some(Damage::NotARecord { at: 12 }));
    check(r#"{"Records":[{"eventName":"a"}]} tail"#, &["a"], Some(Damage::NotJson { at: 32 }));
    check(
        "{\"eventName\":\"a\"}\n{\"eventName\":\"b\nnonsense\n{\"eventName\":\"c\"}",
        &["a", "c"],
        Some(Damage::NotJson { at: 45 }),
    );
}

#[test]
fn nested_fields_and_their_repetition() {
    let paths: &[&[&str]] = &[&["user", "session", "arn"], &["user", "arn"], &["user"], &["id"]];
    let (rows, _) = read(
        br#"[{"user":{"ARN":"a","session":{"arn":"b","x":{"arn":"no"}}},"id":1},
            {"user":{"arn":"a","session":{"arn":"b"}},"User":{"session":null}},
            {"user":"text","id":null}]"#,
        paths,
    );
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(rows[0][..2], [text("\"b\""), text("\"a\"")]);
    assert_eq!(rows[0][3], text("1"));
    assert_eq!(rows[1], [None, None, text(r#"{"session":null}"#), None]);
    assert_eq!(rows[2], [None, None, text("\"text\""), text("null")]);
}

fn record() -> impl Strategy<Value = serde_json::Value> {
    let value = prop_oneof![
        Just(serde_json::Value::Null),
        any::<i32>().prop_map(Into::into),
        r#"[ -~é\\"{}\[\]\n]{0,40}"#.prop_map(Into::into),
        "eventName|a|b|c".prop_map(Into::into),
    ];
    let object = prop::collection::hash_map("a|b|c|eventName|[\"{}]{0,3}", value.clone(), 0..6)
        .prop_map(|members| serde_json::Value::Object(members.into_iter().collect()));
    prop::collection::hash_map("a|b|c|eventName|[\"{}]{0,3}", prop_oneof![value, object], 0..8)
        .prop_map(|members| serde_json::Value::Object(members.into_iter().collect()))
}

proptest! {
    #[test]
    fn agrees_with_serde(records in prop::collection::vec(record(), 0..8), pretty in any::<bool>()) {
        let document = serde_json::json!({ "Records": records });
        let text = if pretty { format!("{document:#}") } else { document.to_string() };
        let paths: [&[&'static str]; 3] = [&["a"], &["b", "c"], &["eventname"]];
        let (rows, damage) = read(text.as_bytes(), &paths);
        prop_assert_eq!(damage, None);
        prop_assert_eq!(rows.len(), records.len());
        for (row, record) in rows.iter().zip(&records) {
            for (found, expected) in row.iter().zip([record.get("a"), record["b"].get("c"), record.get("eventName")]) {
                let found = found.as_deref().map(|text| serde_json::from_str(text).unwrap());
                prop_assert_eq!(found.as_ref(), expected);
            }
        }
        // A field looked for alone is found in another way.
        for (index, path) in paths.iter().enumerate() {
            let (alone, _) = read(text.as_bytes(), &[path]);
            let together: Vec<_> = rows.iter().map(|row| vec![row[index].clone()]).collect();
            prop_assert_eq!(alone, together);
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        read(&bytes, &[&["a"], &["b", "c"]]);
        read(&bytes, &[&["a"]]);
    }

    #[test]
    fn no_damage_panics(records in prop::collection::vec(record(), 0..4), cut in 0usize..400, byte in any::<u8>()) {
        let mut text = serde_json::json!({ "Records": records }).to_string().into_bytes();
        let cut = cut % text.len();
        read(&text[..cut], &[&["a"], &["b", "c"]]);
        text[cut] = byte;
        read(&text, &[&["a"], &["b", "c"]]);
        read(&text, &[&["b", "c"]]);
    }
}
