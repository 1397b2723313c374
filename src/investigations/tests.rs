//! The questions, asked: of logs written here, of the sample's incident, of public logs with known figures.

use std::path::Path;

use polars::prelude::{AnyValue, ChunkAgg};
use serde_json::{Value, json};

use super::*;
use crate::sample::{
    ATTACKER_IP, CREATED_KEY, CREATED_USER, LEAKED_KEY, LEAKED_USER, OBJECTS_READ, ROOT_LOGIN_IP,
};
use crate::{Answer, Logs, QueryOptions};

/// Every question, with values for its parameters.
fn all(ip: &str, principal: &str) -> Vec<Investigation> {
    let fill = |mut question: Investigation| {
        for (name, value) in [("ip", ip), ("principal", principal)] {
            if question.parameters().iter().any(|parameter| parameter == name) {
                question = question.with(name, value).unwrap();
            }
        }
        question
    };
    Investigation::catalogue().into_iter().map(fill).collect()
}

fn sample() -> (Logs, Scope) {
    let logs = Logs::open("sample").unwrap();
    let scope = logs.scope(&[], &[], "2026-09-28", "2026-10-26").unwrap();
    (logs, scope)
}

/// The cells of a column as text, NULL as `-`.
fn texts(answer: &Answer, column: &str) -> Vec<String> {
    let column = answer.column(column).unwrap();
    let text = |row| match column.get(row).unwrap() {
        AnyValue::Null => "-".to_owned(),
        value => value.get_str().map_or_else(|| value.to_string(), str::to_owned),
    };
    (0..column.len()).map(text).collect()
}

fn sum(answer: &Answer, column: &str) -> i64 {
    answer.column(column).unwrap().i64().unwrap().sum().unwrap_or(0)
}

/// Asks with both meanings of a JSON null; the findings must be the same.
fn ask_both(source: &str, question: &Investigation, from: &str, to: &str) -> Answer {
    let ask = |as_text: bool| {
        let logs = Logs::open_with(source, QueryOptions::default().null_json_as_text(as_text)).unwrap();
        let scope = logs.scope(&[], &[], from, to).unwrap();
        logs.ask(question, &scope).unwrap_or_else(|error| panic!("{} of {source}: {error}", question.id()))
    };
    let (null, text) = (ask(false), ask(true));
    let id = question.id();
    assert_eq!(null.column_names(), text.column_names(), "{id}");
    for name in null.column_names() {
        // Columns of JSON text show the setting itself.
        if !["requestparameters", "responseelements", "additionaleventdata"].contains(&name) {
            assert_eq!(texts(&null, name), texts(&text, name), "{id}, {name}");
        }
    }
    null
}

#[test]
fn every_question_can_be_asked_and_drawn() {
    for question in all(ATTACKER_IP, LEAKED_USER) {
        let answer = ask_both("sample", &question, "2026-09-28", "2026-10-26");
        assert!(answer.height() > 0, "{} has no rows", question.id());
        answer.chart().unwrap_or_else(|error| panic!("{}: {error}", question.id()));
        let finding = answer.finding().unwrap();
        assert!(!finding.contains("cannot be told") && finding.contains(char::is_numeric), "{finding}");
        // Without rows there are no charts and no next steps, and no errors.
        let empty = ask_both("sample", &question, "2026-12-01", "2026-12-02");
        empty.chart().unwrap_or_else(|error| panic!("{}, empty: {error}", question.id()));
        assert_eq!(empty.next(), [], "{}", question.id());
        let finding = empty.finding().unwrap();
        assert!(finding.starts_with("Nothing found in ") || finding.starts_with("0 events"), "{finding}");
    }
}

#[test]
fn next_steps_name_runbooks_that_take_the_parameter() {
    for question in Investigation::catalogue() {
        for rule in &question.template.next {
            let (runbook, parameter) = rule.target();
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("runbooks/{runbook}.ipynb"));
            let text =
                std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert!(
                text.contains(&format!("let {parameter}: String")),
                "{}: {runbook} {parameter}",
                question.id()
            );
        }
    }
}

/// What the sample's intruder did is found by what each answer hands on.
#[test]
fn the_incident_is_found_from_the_first_look() {
    let (logs, scope) = sample();
    let ask = |question: &Investigation| logs.ask(question, &scope).unwrap();
    let leads = |answer: &Answer, value: &str| {
        let steps = answer.next();
        let found = |step: &NextStep| step.parameters().iter().any(|(_, given)| given.contains(value));
        assert!(steps.iter().any(found), "{} does not lead to {value}: {steps:?}", answer.title());
    };
    leads(&ask(&top_addresses()), ATTACKER_IP);
    let bursts = ask(&denial_bursts());
    assert_eq!(texts(&bursts, "address")[0], ATTACKER_IP);
    leads(&bursts, LEAKED_USER);

    let profile = ask(&ip_profile(ATTACKER_IP));
    leads(&profile, LEAKED_USER);
    leads(&profile, CREATED_USER);
    leads(&profile, LEAKED_KEY);
    assert!(!profile.finding().unwrap().contains("limit"), "15 of a kind are no limit of the rows");
    let data = ask(&ip_data(ATTACKER_IP));
    assert_eq!(texts(&data, "objects")[0], OBJECTS_READ.to_string());

    let keys = ask(&principal_keys(LEAKED_USER));
    let by_key = principal_keys("nobody").with("key", LEAKED_KEY).unwrap();
    assert_eq!(ask(&by_key).into_frame(), keys.clone().into_frame());
    assert_eq!(texts(&keys, "accesskeyid"), [LEAKED_KEY, LEAKED_KEY], "one key from two addresses");
    assert_eq!(texts(&keys, "address")[0], ATTACKER_IP);

    let made = ask(&new_access_keys());
    let at = texts(&made, "accesskeyid").iter().position(|key| key == CREATED_KEY).unwrap();
    assert_eq!(
        (&*texts(&made, "for_user")[at], &*texts(&made, "used_from")[at]),
        (CREATED_USER, ATTACKER_IP)
    );
    assert!(made.finding().unwrap().contains(&format!("`{CREATED_KEY}` for `{CREATED_USER}`")));
    assert!(ask(&rights_given()).next().iter().any(|step| step.parameters()[0].1 == CREATED_USER));

    let ports = ask(&world_open_ports());
    assert_eq!(texts(&ports, "port")[..2], ["tcp 3389", "tcp 22"]);
    assert!(texts(&ports, "closed")[..2].iter().all(|closed| closed.starts_with("2026-10-16T08")));

    let guesses = ask(&sign_in_guesses());
    assert_eq!((&*texts(&guesses, "address")[0], &*texts(&guesses, "failures")[0]), (ROOT_LOGIN_IP, "3"));
    assert_eq!(texts(&ask(&root_sources()), "address")[0], ROOT_LOGIN_IP);
}

#[test]
fn what_was_delivered_twice_is_said_and_can_be_dropped() {
    let (logs, scope) = sample();
    let answer = logs.ask(&duplicates(), &scope).unwrap();
    let warnings = answer.warnings();
    assert!(warnings.iter().any(|warning| warning.contains("delivered more than once")), "{warnings:?}");
    let logs = Logs::open_with("sample", QueryOptions::default().deduplicate(true)).unwrap();
    let answer = logs.ask(&duplicates(), &scope).unwrap();
    assert_eq!((sum(&answer, "duplicates"), answer.warnings()), (0, vec![]));
}

#[test]
fn questions_about_global_events_warn_of_regions_left_out() {
    let logs = Logs::open("sample").unwrap();
    let scope = logs.scope(&[], &["us-east-1".into()], "2026-09-28", "2026-10-26").unwrap();
    for question in all(ATTACKER_IP, LEAKED_USER) {
        let warnings = logs.ask(&question, &scope).unwrap().warnings();
        let warned =
            warnings.iter().filter(|text| text.contains("the scope leaves out ap-northeast-1, eu-west-1"));
        assert_eq!(warned.count(), usize::from(question.is_global()), "{}: {warnings:?}", question.id());
    }
    let (logs, scope) = sample();
    let warnings = logs.ask(&console_logins(), &scope).unwrap().warnings();
    assert!(!warnings.iter().any(|text| text.contains("leaves out")), "{warnings:?}");
}

/// Logs of one day with these calls of EC2: name, parameters, and whether refused.
fn ec2(calls: &[(&str, Value, bool)]) -> (tempfile::TempDir, Answer) {
    let folder = tempfile::tempdir().unwrap();
    let day = folder.path().join("AWSLogs/111122223333/CloudTrail/us-east-1/2024/05/06");
    std::fs::create_dir_all(&day).unwrap();
    let record = |(at, (name, parameters, refused)): (usize, &(&str, Value, bool))| {
        json!({
            "eventTime": format!("2024-05-06T07:08:{at:02}Z"), "eventID": format!("{at}"),
            "eventSource": "ec2.amazonaws.com", "eventName": name, "awsRegion": "us-east-1",
            "recipientAccountId": "111122223333", "sourceIPAddress": "192.0.2.1",
            "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/u"},
            "requestParameters": parameters, "errorCode": refused.then_some("Client.UnauthorizedOperation"),
        })
    };
    let records: Vec<Value> = calls.iter().enumerate().map(record).collect();
    std::fs::write(day.join("a.json"), json!({ "Records": records }).to_string()).unwrap();
    let answer = ask_both(folder.path().to_str().unwrap(), &world_open_ports(), "2024-05-06", "2024-05-07");
    (folder, answer)
}

#[test]
fn open_ports_are_read_from_every_shape() {
    let nested = |sources: Value| {
        let mut permission = json!({"ipProtocol": "tcp", "fromPort": 1, "toPort": 2, "ipRanges": {}, "ipv6Ranges": {}, "prefixListIds": {}});
        permission.as_object_mut().unwrap().extend(sources.as_object().unwrap().clone());
        json!({"groupId": "sg-1", "ipPermissions": {"items": [permission]}})
    };
    let flat = |port: u16, cidr: &str| json!({"groupId": "sg-2", "ipPermissions": {}, "cidrIp": cidr, "ipProtocol": "tcp", "fromPort": port, "toPort": port});
    let changed = |rule: Value| json!({"ModifySecurityGroupRulesRequest": {"GroupId": "sg-3", "SecurityGroupRule": rule}});
    let rule = |cidr: &str| json!({"SecurityGroupRuleId": "sgr-1", "tag": 1, "SecurityGroupRule": {"CidrIpv4": cidr, "IpProtocol": "-1"}});
    let open = "AuthorizeSecurityGroupIngress";
    let (_folder, answer) = ec2(&[
        (
            open,
            nested(json!({"ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}, {"cidrIp": "10.0.0.0/8"}]}})),
            false,
        ),
        (open, nested(json!({"ipv6Ranges": {"items": [{"cidrIpv6": "::/0"}]}})), false),
        (open, nested(json!({"prefixListIds": {"items": [{"prefixListId": "pl-1"}]}})), false),
        (open, flat(22, "0.0.0.0/0"), false),
        (open, flat(23, "10.0.0.0/8"), false),
        (open, flat(24, "0.0.0.0/0"), true),
        ("AuthorizeSecurityGroupEgress", flat(25, "0.0.0.0/0"), false),
        ("ModifySecurityGroupRules", changed(rule("0.0.0.0/0")), false),
        ("ModifySecurityGroupRules", changed(json!([rule("10.0.0.0/8"), rule("0.0.0.0/0")])), false),
        ("RevokeSecurityGroupIngress", flat(22, "0.0.0.0/0"), false),
        ("DeleteSecurityGroup", json!({"groupId": "sg-1"}), false),
        (open, Value::Null, false),
    ]);
    let rows: Vec<String> = (0..answer.height())
        .map(|row| {
            ["group_id", "port", "source", "closed"].map(|name| texts(&answer, name)[row].clone()).join(" ")
        })
        .collect();
    assert_eq!(
        rows,
        [
            "sg-3 all 0.0.0.0/0 -",
            "sg-3 all 0.0.0.0/0 -",
            "sg-2 tcp 22 0.0.0.0/0 2024-05-06T07:08:09Z",
            "sg-1 tcp 1-2 pl-1 2024-05-06T07:08:10Z",
            "sg-1 tcp 1-2 ::/0 2024-05-06T07:08:10Z",
            "sg-1 tcp 1-2 0.0.0.0/0 2024-05-06T07:08:10Z",
        ]
    );
}

#[test]
fn figures_of_public_logs() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let Ok(figures) = std::fs::read_to_string(data.join("figures.json")) else {
        assert!(std::env::var_os("TRAILBOOK_REQUIRE_ALL").is_none(), "../shared/data is absent");
        eprintln!("skipped: ../shared/data is absent");
        return;
    };
    let figures: Value = serde_json::from_str(&figures).unwrap();
    for set in ["invictus", "stratus", "umccr_flaws_org", "flaws2", "fixtures_mix"] {
        let source = data.join(set);
        // Years of days that hold nothing only make the plans long.
        let day = |name: &str| figures[set]["records"][name].as_str().unwrap()[..10].to_owned();
        let (from, to) = (day("first_event"), format!("{}T23:59:59Z", day("last_event")));
        let want = |name: &str| figures[set]["records"][name].as_i64().unwrap();
        let ask = |question: &Investigation| ask_both(source.to_str().unwrap(), question, &from, &to);
        let rows = |question: &Investigation| ask(question).height() as i64;
        let both = |question: &Investigation, events: &str, succeeded: &str| {
            let answer = ask(question);
            let (all, failed) = (sum(&answer, "events"), sum(&answer, "errors"));
            assert_eq!((all, all - failed), (want(events), want(succeeded)), "{set}, {}", question.id());
        };
        assert_eq!(rows(&console_logins()), want("console_logins"), "{set}");
        assert_eq!(rows(&root_use()), want("root"), "{set}");
        both(&iam_change_kinds(), "iam_changes", "iam_changes_succeeded");
        both(&iam_change_actors(), "iam_changes", "iam_changes_succeeded");
        // One of those that the figure counts there is a change of a file system's groups.
        if set != "fixtures_mix" {
            both(&security_group_actors(), "security_group_changes", "security_group_changes_succeeded");
            assert_eq!(rows(&security_group_changes()), want("security_group_changes"), "{set}");
        }
        let outcomes = ask(&sign_in_outcomes());
        let count =
            |column: &str, value: &str| texts(&outcomes, column).iter().filter(|text| *text == value).count();
        assert_eq!(count("outcome", "Success") as i64, want("console_logins_success"), "{set}");
        assert_eq!(count("mfa", "No") as i64, want("console_logins_without_mfa"), "{set}");
        let codes = ask(&errors_by_code());
        assert_eq!(
            (sum(&codes, "events"), codes.height() as i64),
            (want("errors"), want("error_codes")),
            "{set}"
        );
        let all = ask(&api_errors().with("limit", "5000").unwrap());
        assert_eq!(all.height() as i64, want("errors"), "{set}");
        let twice = ask(&duplicates());
        assert_eq!(
            sum(&twice, "duplicates"),
            want("records") - want("without_event_id") - want("distinct_event_ids"),
            "{set}"
        );
        assert_eq!(sum(&twice, "events"), want("records"), "{set}");
    }
}
