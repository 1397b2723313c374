//! The runbook of the set-up, headless, over the same servers: from nothing to a final report.

use std::path::Path;
use std::process::Command;

use crate::support::{Dir, skip};
use crate::table::{PLACE, TABLE, World};

/// The kernel's program, which is built with the workspace's tests; nothing here links it.
fn kernel() -> Option<Command> {
    let test = std::env::current_exe().expect("a path");
    let program = test.ancestors().nth(2).expect("the target folder").join("trailbook-kernel");
    if !program.exists() {
        skip(&format!("{} is absent: run `cargo test --workspace`", program.display()));
        return None;
    }
    let mut command = Command::new(program);
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    Some(command)
}

/// The end of a run: its exit code, what it said, and its report.
struct Run {
    code: Option<i32>,
    log: String,
    report: String,
}

impl World {
    /// Runs the runbook on this account.
    fn runbook(&self, parameters: &[(&str, &str)]) -> Option<Run> {
        let folder = Dir::new();
        let report = folder.join("report.html");
        let mut command = kernel()?;
        command.args(["run", "runbooks/00-readiness.ipynb", "--report", &report, "-p", "source", "aws"]);
        for (name, value) in parameters {
            command.args(["-p", name, value]);
        }
        let output = command.envs(self.environment()).output().expect("the kernel runs");
        Some(Run {
            code: output.status.code(),
            log: String::from_utf8_lossy(&output.stderr).into_owned(),
            report: std::fs::read_to_string(Path::new(&report)).unwrap_or_default(),
        })
    }
}

/// An account with the library prepared for its runs.
fn world(organization: &str) -> Option<World> {
    let world = World::new(organization)?;
    let prepared = kernel()?.arg("prepare").status();
    assert!(prepared.expect("the kernel runs").success());
    Some(world)
}

#[track_caller]
fn becomes_final(world: &World, form: &str, path: &str) {
    let Some(run) = world.runbook(&[("results", PLACE), ("apply", "true")]) else { return };
    assert_eq!(run.code, Some(0), "{}", run.log);
    for words in ["class=\"status final\"", form, "<b>Table.</b>", "✓ pass", "the bad query would read"] {
        assert!(run.report.contains(words), "the report lacks {words}");
    }
    let template = &world.server.get_table(TABLE).parameters["storage.location.template"];
    assert!(template.starts_with(path), "{template}");
}

#[test]
fn the_account_form_is_made_on_request_alone() {
    let Some(world) = world("") else { return };
    let Some(run) = world.runbook(&[]) else { return };
    assert_eq!(run.code, Some(1), "{}", run.log);
    for words in ["step “Step 3: the result location”", "(in the runbook: `results`)"] {
        assert!(run.log.contains(words), "{words} is not in\n{}", run.log);
    }
    for words in [
        "class=\"status draft\"",
        "✗ fail",
        "What to do:",
        "A step failed, under “Step 3: the result location”",
    ] {
        assert!(run.report.contains(words), "the report lacks {words}");
    }
    assert!(!world.server.calls().iter().any(|call| call.starts_with("Create")), "nothing was made");
    becomes_final(&world, "account", "s3://logs/AWSLogs/${account_id}/");
}

#[test]
fn the_organization_form_is_made() {
    let Some(world) = world("o-exampleorgid") else { return };
    becomes_final(&world, "organization o-exampleorgid", "s3://logs/AWSLogs/o-exampleorgid/${account_id}/");
}
