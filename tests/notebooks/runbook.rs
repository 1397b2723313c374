//! The runbooks themselves, headless, with their reports.

use std::path::Path;
use std::process::Output;

use crate::support::{folder, kernel_with, outputs, root, skip, text, turn};

const FIRST_LOOK: &str = "runbooks/01-first-look.ipynb";

struct Run {
    output: Output,
    report: String,
    cells: Vec<serde_json::Value>,
}

fn first_look(name: &str, parameters: &[&str]) -> Run {
    run(FIRST_LOOK, &folder(name), parameters)
}

/// A run whose cases are kept in a folder, and its results too.
fn run(runbook: &str, folder: &Path, parameters: &[&str]) -> Run {
    let (report, executed) = (folder.join("report.html"), folder.join("executed.ipynb"));
    let mut arguments = vec!["run", runbook];
    arguments.extend(parameters.iter().flat_map(|word| match word.split_once('=') {
        Some((name, value)) => vec!["-p", name, value],
        None => vec![*word],
    }));
    let (report_path, executed_path) = (report.to_str().unwrap(), executed.to_str().unwrap());
    arguments.extend(["--report", report_path, "-o", executed_path]);
    let output = kernel_with(&arguments, &[("TRAILBOOK_HOME", folder.as_os_str())]);
    let report = std::fs::read_to_string(&report).unwrap_or_default();
    let cells = outputs(&executed).into_iter().flatten().collect();
    Run { output, report, cells }
}

impl Run {
    /// The evidence record of a saved question's answer.
    fn evidence(&self, question: &str) -> &serde_json::Value {
        self.cells
            .iter()
            .map(|output| &output["data"]["application/vnd.trailbook.evidence+json"])
            .find(|evidence| evidence["question"] == question)
            .unwrap_or_else(|| panic!("no answer to {question}"))
    }
}

/// All in one case, each leading to the next.
#[test]
fn every_runbook_runs_on_the_sample_logs() {
    let _turn = turn();
    let folder = folder("every-runbook");
    let leads = |run: &Run, line: &str| {
        let log = text(&run.output.stderr);
        assert!(log.lines().any(|found| found.starts_with(line)), "{line} is not in\n{log}");
    };
    for (name, rows, next) in [
        ("00-readiness", &[][..], None),
        ("02-console-sign-ins", &[("console-logins", 327)], Some("07-one-ip.ipynb -p ip 203.0.113.140 ")),
        (
            "03-iam-changes",
            &[("new-access-keys", 4)],
            Some("08-one-principal.ipynb -p principal arn:aws:iam::111122223333:user/deploy-bot "),
        ),
        ("04-security-groups", &[("world-open-ports", 4)], Some("07-one-ip.ipynb -p ip 203.0.113.66 ")),
        ("05-root-use", &[("root-use", 17)], Some("07-one-ip.ipynb -p ip 203.0.113.140 ")),
        (
            "06-api-errors",
            &[("denial-bursts", 2), ("api-errors", 200)],
            Some("07-one-ip.ipynb -p ip 203.0.113.66 "),
        ),
        (
            "07-one-ip",
            &[("ip-changes", 19)],
            Some("08-one-principal.ipynb -p principal arn:aws:iam::111122223333:user/deploy-bot "),
        ),
        ("08-one-principal", &[("principal-keys", 2)], Some("07-one-ip.ipynb -p ip 203.0.113.66 ")),
    ] {
        let run = run(&format!("runbooks/{name}.ipynb"), &folder, &["incident=EVERY-1"]);
        assert_eq!(run.output.status.code(), Some(0), "{name}: {}", text(&run.output.stderr));
        assert!(!run.report.contains("class=\"status draft\""), "the report of {name} is a draft");
        for (question, rows) in rows {
            assert_eq!(run.evidence(question)["rows"], *rows, "{name}, {question}");
        }
        if let Some(next) = next {
            leads(&run, &format!("cargo runbook runbooks/{next}"));
        }
    }
    let case = outputs(&folder.join("executed.ipynb")).into_iter().flatten();
    let shown: String = case.map(|output| output["data"]["text/plain"].to_string()).collect();
    assert!(shown.contains("In this case: One address: 203.0.113.66, 8 of 8 steps"), "{shown}");
}

#[test]
fn first_look_at_the_sample_logs() {
    let _turn = turn();
    let run = first_look("first-look-sample", &[]);
    assert_eq!(run.output.status.code(), Some(0), "{}", text(&run.output.stderr));
    assert_eq!(run.evidence("root-use")["rows"], 17);
    for words in ["First look", "TLP:AMBER", "Console sign-ins", "<svg", "SHA-256"] {
        assert!(run.report.contains(words), "the report lacks {words}");
    }
    for forbidden in ["<script", "http-equiv=\"refresh", "src=\"http"] {
        assert!(!run.report.contains(forbidden), "the report has {forbidden}");
    }
}

#[test]
fn first_look_at_public_logs() {
    let data = root().join("../shared/data");
    if !data.exists() {
        return skip("../shared is absent");
    }
    let _turn = turn();
    let source = format!("source={}", data.join("invictus/AWSLogs").display());
    let run = first_look("first-look-invictus", &[&source, "from=2023-07-10", "to=2023-07-11"]);
    assert_eq!(run.output.status.code(), Some(0), "{}", text(&run.output.stderr));
    let figures: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(data.join("figures.json")).unwrap()).unwrap();
    let records = &figures["invictus"]["records"];
    assert_eq!(run.evidence("console-logins")["rows"], records["console_logins"]);
    assert_eq!(run.evidence("root-use")["rows"], records["root"]);
    // The question is limited to the newest 200.
    assert_eq!(run.evidence("api-errors")["rows"], 200);
    assert!(run.report.contains("the limit of 200 rows was reached"));
    for words in ["2023-07-10T12:23:15Z", "2023-07-10T12:27:45Z", "AccessDenied"] {
        assert!(run.report.contains(words), "the report lacks {words}");
    }
}

/// Each runbook tells what independent tools count in public logs that hold its events.
#[test]
fn every_runbook_on_public_logs() {
    let data = root().join("../shared/data");
    let Ok(figures) = std::fs::read_to_string(data.join("figures.json")) else {
        return skip("../shared/data is absent");
    };
    let figures: serde_json::Value = serde_json::from_str(&figures).unwrap();
    let _turn = turn();
    let folder = folder("public-logs");
    for (runbook, set, parameters, told) in [
        (
            "02-console-sign-ins",
            "invictus",
            &["from=2023-07-10", "to=2023-07-11"][..],
            &[
                "sign-in-outcomes: {console_logins} sign-ins between 2023-07-10T12:23:15Z and 2023-07-10T12:27:45Z: \
               {console_logins_success} succeeded, {console_logins_without_mfa} of them without MFA; 0 failed.",
            ][..],
        ),
        (
            "03-iam-changes",
            "invictus",
            &["from=2023-07-10", "to=2023-07-11"],
            &["iam-change-kinds: {iam_changes} changes by ", "new-access-keys: 2 access keys made between "],
        ),
        (
            "03-iam-changes",
            "stratus",
            &["from=2024-07-30", "to=2024-12-01"],
            &["iam-change-kinds: {iam_changes} changes by "],
        ),
        (
            "04-security-groups",
            "invictus",
            &["from=2023-07-10", "to=2023-07-11"],
            &["security-group-actors: {security_group_changes} changes between "],
        ),
        (
            "05-root-use",
            "fixtures_mix",
            &["from=2015-06-17", "to=2024-03-24"],
            &["root-use: {root} events between "],
        ),
        (
            "06-api-errors",
            "umccr_flaws_org",
            &["from=2020-09-30", "to=2020-10-02"],
            &[
                "errors-by-code: {errors} failed calls between 2020-09-30T22:22:52Z and 2020-10-01T00:03:45Z with \
               {error_codes} codes: `AccessDenied` ({access_denied}), ",
            ],
        ),
        (
            "07-one-ip",
            "flaws2",
            &["from=2018-11-28", "to=2018-11-29", "ip=104.102.221.250"],
            &["ip-calls: 27 calls between 2018-11-28T23:02:56Z and 2018-11-28T23:09:36Z: `GetObject` (22), "],
        ),
        (
            "08-one-principal",
            "invictus",
            &["from=2023-07-10", "to=2023-07-11", "principal=user/bert-jan"],
            &["principal-over-time: 2,641 events between "],
        ),
    ] {
        let source = format!("source={}", data.join(set).display());
        let parameters: Vec<&str> = parameters.iter().copied().chain([source.as_str()]).collect();
        let run = run(&format!("runbooks/{runbook}.ipynb"), &folder, &parameters);
        assert_eq!(run.output.status.code(), Some(0), "{runbook} on {set}: {}", text(&run.output.stderr));
        for told in told {
            let mut told = (*told).to_owned();
            for (name, figure) in figures[set]["records"].as_object().unwrap() {
                told = told.replace(&format!("{{{name}}}"), &figure.to_string());
            }
            let (question, told) = told.split_once(": ").unwrap();
            let finding = run.evidence(question)["finding"].as_str().unwrap();
            assert!(finding.starts_with(told), "{runbook} on {set}, {question}: {finding}");
        }
    }
}

#[test]
fn a_source_that_is_absent_fails_the_step_and_drafts_the_report() {
    let _turn = turn();
    let run = first_look("first-look-absent", &["source=/no/such/folder"]);
    assert_eq!(run.output.status.code(), Some(1));
    let log = text(&run.output.stderr);
    assert!(log.contains("Scope and coverage") && log.contains("/no/such/folder"), "{log}");
    assert!(run.report.to_lowercase().contains("draft"), "the report does not say that it is a draft");
}

#[test]
fn a_window_without_logs_fails_the_step_on_the_checklist_too() {
    let _turn = turn();
    let run = first_look("first-look-empty", &["from=2030-01-01", "to=2030-01-02"]);
    assert_eq!(run.output.status.code(), Some(1));
    let step = "<td>Scope and coverage</td><td class=\"short\"><span class=\"mark\" aria-hidden=\"true\">✗</span> failed</td>";
    assert!(run.report.contains(step), "the checklist does not say that the step failed");
    assert!(run.report.contains("The step “Scope and coverage” failed."));
}
