//! The evidence records of a notebook, numbered as a report refers to them.

use std::fmt::Write;

use serde_json::{Value, json};

use super::defang::defang;
use super::html::{escape_lines, marked};
use super::number::{bytes, count, thousands};
use crate::next::{Lead, leads};

/// The records that the cells handed over, by kind.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    /// What was asked and answered, in the order of the notebook: E-001 is the first.
    answers: Vec<Value>,
    /// What the steps of a set-up saw; each step as it stood last.
    checks: Vec<Value>,
    /// The incident.
    pub(super) case: Option<Value>,
    /// The steps as they stood last.
    pub(super) checklist: Option<Value>,
    /// What was looked at; each once.
    pub(super) scopes: Vec<Value>,
}

impl Evidence {
    /// Takes a record in; gives the numbers of the answers in it.
    pub(super) fn add(&mut self, record: &Value) -> Vec<String> {
        match record["kind"].as_str() {
            Some("answer") => {
                // An answer that is shown twice is one answer.
                let known = self.answers.iter().position(|answer| answer == record);
                let at = known.unwrap_or(self.answers.len());
                if known.is_none() {
                    self.answers.push(record.clone());
                }
                return vec![number(at)];
            }
            // A request for a report holds the case and its checklist.
            Some("panel" | "report") => {
                let parts = record["parts"].as_array().into_iter().flatten();
                return parts.flat_map(|part| self.add(part)).collect();
            }
            Some("checks") => {
                self.checks.retain(|known| known["title"] != record["title"]);
                self.checks.push(record.clone());
            }
            Some("case") => self.case = Some(record.clone()),
            Some("checklist") => self.checklist = Some(record.clone()),
            Some("scope") if !self.scopes.contains(record) => self.scopes.push(record.clone()),
            _ => {}
        }
        Vec::new()
    }

    /// The answers as the templates want them.
    pub(super) fn register(&self) -> Vec<Value> {
        self.answers.iter().enumerate().map(|(at, answer)| entry(at, answer)).collect()
    }

    /// The runbooks to go on with, as the answers say, what says most first.
    pub(super) fn next(&self) -> Vec<Value> {
        leads(&self.answers).iter().map(next).collect()
    }

    /// The steps of a set-up, with what is to be mended.
    pub(super) fn checks(&self) -> Vec<Value> {
        self.checks.iter().map(checks).collect()
    }

    /// Engines that answered, each once.
    pub(super) fn engines(&self) -> Vec<&str> {
        let mut engines: Vec<&str> =
            self.answers.iter().filter_map(|answer| answer["engine"].as_str()).collect();
        engines.sort_unstable();
        engines.dedup();
        engines
    }
}

fn number(at: usize) -> String {
    format!("E-{:03}", at + 1)
}

fn entry(at: usize, answer: &Value) -> Value {
    let amount = |name: &str| answer[name].as_u64();
    let rows = amount("rows").map(|rows| count(rows, "row"));
    let finding = text(&answer["finding"]).map(|finding| marked(&defang(&finding)));
    let summary = answer["summary"].as_str().map(str::to_owned).or_else(|| rows.clone());
    let columns = answer["columns"].as_array().into_iter().flatten();
    let columns: Vec<_> = columns.filter_map(|column| column["name"].as_str()).collect();
    json!({
        "number": number(at),
        "title": text(&answer["title"]),
        "step": text(&answer["step"]),
        "question": text(&answer["question"]),
        "engine": text(&answer["engine"]),
        "source": text(&answer["source"]),
        "query_id": text(&answer["query_id"]),
        "workgroup": text(&answer["workgroup"]),
        "scanned": amount("bytes_scanned").map(bytes),
        "cost": answer["cost_usd"].as_f64().map(dollars),
        "sql": text(&answer["sql"]).map(|sql| escape_lines(&sql).into_owned()),
        "scope": scope(&answer["scope"]),
        "started": text(&answer["started"]),
        "finished": text(&answer["finished"]),
        "rows": rows,
        "columns": columns.join(", "),
        "objects": amount("objects_read").map(|objects| count(objects, "object")),
        "bytes": amount("bytes_read").map(bytes),
        "records": amount("records").map(thousands),
        "sha256": text(&answer["sha256"]),
        "csv": text(&answer["csv"]).map(|csv| format!("data:text/csv;charset=utf-8,{}", percent_encoded(&csv))),
        "damaged": damaged(answer),
        "warnings": texts(&answer["warnings"]).iter().map(|text| marked(&defang(text))).collect::<Vec<_>>(),
        "finding": finding,
        "summary": summary,
    })
}

/// Cents matter to few, but many queries cost less than one.
fn dollars(amount: f64) -> String {
    if amount < 0.01 { format!("${amount:.5}") } else { format!("${amount:.2}") }
}

/// A runbook to go on with, the parameters that the rows give it, and the answers that they are of.
fn next(lead: &Lead) -> Value {
    // The scope stays that of the report.
    let shared = ["source", "accounts", "regions", "from", "to"];
    let own = lead.parameters.iter().filter(|(name, _)| !shared.contains(&name.as_str()));
    let parameters: Vec<Value> = own.map(|(name, value)| json!({ "name": name, "value": value })).collect();
    let numbers: Vec<String> = lead.answers.iter().map(|&at| number(at)).collect();
    json!({ "runbook": lead.runbook, "parameters": parameters, "numbers": numbers })
}

/// A step of a set-up: how many checks came to which verdict, and those that want something done.
fn checks(record: &Value) -> Value {
    let all = || record["checks"].as_array().into_iter().flatten();
    let counts = ["pass", "warn", "fail", "not applicable"].map(|verdict| {
        let found = all().filter(|check| check["verdict"] == verdict).count() as u64;
        (found > 0).then(|| format!("{} {verdict}", thousands(found)))
    });
    let open = all().filter(|check| check["verdict"] == "warn" || check["verdict"] == "fail");
    let open: Vec<Value> = open
        .map(|check| {
            json!({
                "check": text(&check["check"]),
                "seen": text(&check["seen"]).map(|seen| marked(&defang(&seen))),
                "what_to_do": text(&check["what_to_do"]).map(|what| marked(&defang(&what))),
                "verdict": verdict(&check["verdict"]),
            })
        })
        .collect();
    let applies = all().any(|check| check["verdict"] != "not applicable");
    let why = all().next().filter(|_| !applies).and_then(|check| text(&check["seen"]));
    json!({
        "title": text(&record["title"]),
        "why": why.map(|why| marked(&defang(&why))),
        "at": text(&record["at"]),
        "verdict": verdict(&record["verdict"]),
        "counts": counts.into_iter().flatten().collect::<Vec<_>>().join(", "),
        "open": open,
    })
}

/// A verdict with its mark, which says it without colours, and its class.
fn verdict(verdict: &Value) -> Value {
    let (mark, class) = match verdict.as_str() {
        Some("pass") => ("✓", "pass"),
        Some("warn") => ("⚠", "warn"),
        Some("fail") => ("✗", "fail"),
        _ => ("⊘", "none"),
    };
    json!({ "name": text(verdict), "mark": mark, "class": class })
}

/// A text for inside of a `data:` address.
fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(2 * text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(byte.into()),
            byte => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

/// A scope in the words of a report, or nothing.
pub(super) fn scope(scope: &Value) -> Option<Value> {
    let all = |list: &Value, none: &str| {
        let names = texts(list);
        if names.is_empty() { none.to_owned() } else { names.join(", ") }
    };
    scope.is_object().then(|| {
        json!({
            "accounts": all(&scope["accounts"], "all that the logs hold"),
            "regions": all(&scope["regions"], "all that the logs hold"),
            "from": text(&scope["from"]),
            "to": text(&scope["to"]),
            "objects": scope["objects"].as_u64().map(thousands),
            "bytes": scope["bytes"].as_u64().map(bytes),
            "first_day": text(&scope["first_day"]),
            "last_day": text(&scope["last_day"]),
        })
    })
}

fn damaged(answer: &Value) -> Vec<Value> {
    let damaged = answer["damaged"].as_array().into_iter().flatten();
    damaged.map(|one| json!({ "object": text(&one["object"]), "reason": text(&one["reason"]) })).collect()
}

/// A text, or nothing where the record has none.
pub(super) fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

pub(super) fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_athena_says_is_kept() {
        let mut evidence = Evidence::default();
        evidence.add(&json!({"kind": "answer", "query_id": "1a2b", "workgroup": "ir",
            "bytes_scanned": 3_400_000_000_u64, "cost_usd": 0.017}));
        evidence.add(&json!({"kind": "answer", "bytes_scanned": 10_000_000, "cost_usd": 0.00005}));
        let register = evidence.register();
        let seen = ["query_id", "workgroup", "scanned", "cost"].map(|name| register[0][name].clone());
        assert_eq!(seen, ["1a2b", "ir", "3.4 GB", "$0.02"].map(Value::from));
        assert_eq!((&register[1]["scanned"], &register[1]["cost"]), (&json!("10.0 MB"), &json!("$0.00005")));
    }

    #[test]
    fn next_steps_are_named_once() {
        let step = |ip: &str| json!({"runbook": "07-one-ip", "parameters": {"ip": ip, "source": "sample"}, "why": "It failed."});
        let mut evidence = Evidence::default();
        evidence.add(&json!({"kind": "answer", "next": [step("198.51.100.7"), step("203.0.113.66")]}));
        evidence.add(&json!({"kind": "answer", "rows": 1, "next": [step("203.0.113.66")]}));
        let next = evidence.next();
        assert_eq!(next.len(), 2);
        assert_eq!(next[0]["parameters"], json!([{"name": "ip", "value": "203.0.113.66"}]));
        assert_eq!(next[0]["numbers"], json!(["E-001", "E-002"]));
        assert_eq!((&next[1]["runbook"], &next[1]["numbers"]), (&json!("07-one-ip"), &json!(["E-001"])));
    }

    #[test]
    fn a_step_of_a_set_up_is_told_as_it_stood_last() {
        let step = |verdict: &str| {
            json!({"kind": "checks", "title": "Trail", "verdict": verdict, "checks": [
                {"check": "trail", "seen": "`audit`", "verdict": "pass", "what_to_do": ""},
                {"check": "logging", "seen": "<stopped>", "verdict": verdict, "what_to_do": "run `aws`"},
            ]})
        };
        let mut evidence = Evidence::default();
        evidence.add(&step("fail"));
        evidence.add(&step("warn"));
        let checks = evidence.checks();
        assert_eq!((checks.len(), &checks[0]["counts"]), (1, &json!("1 pass, 1 warn")));
        let open = &checks[0]["open"];
        assert_eq!(open.as_array().map(Vec::len), Some(1));
        assert_eq!((&open[0]["seen"], &open[0]["verdict"]["mark"]), (&json!("&lt;stopped&gt;"), &json!("⚠")));
        assert_eq!(open[0]["what_to_do"], "run <code>aws</code>");
    }

    #[test]
    fn answers_are_numbered_once() {
        let mut evidence = Evidence::default();
        let answer = |n: u64| json!({"kind": "answer", "title": "t", "engine": "embedded", "rows": n});
        assert_eq!(evidence.add(&answer(1)), ["E-001"]);
        let panel = json!({"kind": "panel", "parts": [answer(2), answer(1), {"kind": "case", "id": "IR-1"}]});
        assert_eq!(evidence.add(&panel), ["E-002", "E-001"]);
        assert_eq!(evidence.add(&json!({"kind": "something"})), Vec::<String>::new());
        assert_eq!(evidence.case.as_ref().unwrap()["id"], "IR-1");
        assert_eq!(evidence.engines(), ["embedded"]);
        let register = evidence.register();
        assert_eq!(register.len(), 2);
        assert_eq!((&register[0]["summary"], &register[1]["summary"]), (&json!("1 row"), &json!("2 rows")));
        evidence.add(&json!({"kind": "answer", "csv": "a,b\n'=é\n"}));
        assert_eq!(evidence.register()[2]["csv"], "data:text/csv;charset=utf-8,a%2Cb%0A%27%3D%C3%A9%0A");
    }
}
