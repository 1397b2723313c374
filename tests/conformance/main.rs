//! Public queries, and what an independent program answers to them.
//!
//! `../shared/queries` holds the queries, `../shared/oracle/answers` what Athena should
//! answer on each set of `../shared/data`, or that it refuses.

mod canonical;
#[path = "../support/mod.rs"]
mod support;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

use canonical::{Expected, Rows};
use serde_json::Value;
use trailbook::{Error, Format, Logs, QueryOptions};

#[test]
fn published_queries_give_the_oracles_answers() {
    check("dev");
}

#[test]
fn adapted_queries_give_the_oracles_answers() {
    check("dev_adapted");
}

fn check(suite: &str) {
    let (Some(queries), Some(oracle), Some(data)) = (
        support::shared(&format!("queries/{suite}.jsonl")),
        support::shared(&format!("oracle/answers/{suite}.jsonl")),
        support::shared("data"),
    ) else {
        return;
    };
    // An adapted query belongs to one set of logs, the others to all.
    let mut asked: HashMap<(String, Option<String>), Value> = HashMap::new();
    for query in lines(&queries) {
        let data = query["data"].as_str().map(str::to_owned);
        asked.insert((text(&query, "file").to_owned(), data), query);
    }
    let options = QueryOptions::new().allow_full_scan(true).table("cloudtrail_logs");
    let mut sets: BTreeMap<String, Logs> = BTreeMap::new();
    let (mut done, mut wrong) = (0, Vec::new());
    for answer in lines(&oracle) {
        let (file, set) = (text(&answer, "file"), text(&answer, "data"));
        let key = |set: Option<&str>| (file.to_owned(), set.map(str::to_owned));
        let query = asked.get(&key(Some(set))).or_else(|| asked.get(&key(None))).expect("the query");
        let is_here = query["needs_tables"].as_array().is_none_or(Vec::is_empty);
        // CloudTrail Lake has a dialect of its own.
        if text(query, "kind") != "select" || !is_here || text(query, "tier").starts_with('L') {
            continue;
        }
        let logs = sets
            .entry(set.to_owned())
            .or_insert_with(|| Logs::open(data.join(set).to_str().expect("UTF-8")).expect("a set of logs"));
        let outcome = logs.query_with(text(query, "sql"), &options).map(|rows| {
            let mut bytes = Vec::new();
            rows.write(Format::Ndjson, &mut bytes).expect("memory");
            String::from_utf8(bytes).expect("UTF-8")
        });
        done += 1;
        if let Err(why) = compare(&answer, outcome) {
            wrong.push(format!("{file} [{set}]: {why}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {done} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(done > 200, "{done} cases");
}

/// Whether the rows, as NDJSON, or the error are what the oracle's record says.
fn compare(answer: &Value, outcome: Result<String, Error>) -> Result<(), String> {
    match (text(answer, "status"), outcome) {
        ("rejected", Err(error)) if error.is_rejected() => Ok(()),
        ("runtime-error", Err(_)) | ("unsupported", Ok(_)) => Ok(()),
        ("rejected" | "runtime-error", Ok(_)) => Err("answered, and Athena does not".into()),
        (_, Err(error)) => Err(error.to_string()),
        (_, Ok(ndjson)) => {
            let expected = Expected::new(answer);
            let rows = Rows::read(&ndjson, &expected)?;
            // What hangs on the clock or on chance is only run.
            if answer["deterministic"] == Value::Bool(true) { expected.check(&rows) } else { Ok(()) }
        }
    }
}

fn lines(path: &Path) -> impl Iterator<Item = Value> {
    let text = fs::read_to_string(path).expect("a file");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect::<Vec<_>>().into_iter()
}

fn text<'a>(record: &'a Value, key: &str) -> &'a str {
    record[key].as_str().unwrap_or_default()
}
