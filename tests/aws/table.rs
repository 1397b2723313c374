//! `trailbook setup` to its end: CloudTrail is moto's, and Athena a server that answers from the logs.

use std::path::Path;

use serde_json::Value;

use crate::moto::Moto;
use crate::server::{Group, LOGS, RESULTS, Server, Table};
use crate::setup::tells;
use crate::support::{Dir, Run, trailbook, trailbook_in};

pub(crate) const TABLE: &str = "cloudtrail_logs.cloudtrail_partitioned";
pub(crate) const PLACE: &str = "s3://results/athena/";

/// An account whose trail is right, with no table yet.
pub(crate) struct World {
    moto: Moto,
    pub(crate) server: Server,
    home: Dir,
    _logs: Dir,
}

impl World {
    pub(crate) fn new(organization: &str) -> Option<World> {
        let moto = Moto::start()?;
        let logs = Dir::new();
        let folder = logs.join("logs");
        let mut arguments = vec!["sample", "--out", &folder, "--events", "1500"];
        if !organization.is_empty() {
            arguments.extend(["--organization", organization]);
        }
        trailbook(&arguments).exits(0);
        let server = Server::start(Path::new(&folder));
        server.drop_table(TABLE);
        server.drop_group("trailbook");
        let is_of = if organization.is_empty() { "False" } else { "True" };
        moto.run(&format!(
            "client('s3').create_bucket(Bucket='{LOGS}')
client('cloudtrail').create_trail(Name='audit', S3BucketName='{LOGS}', IsMultiRegionTrail=True, IsOrganizationTrail={is_of})
client('cloudtrail').start_logging(Name='audit')
"
        ));
        Some(World { moto, server, home: Dir::new(), _logs: logs })
    }

    /// What a program needs in its environment to take it for AWS.
    pub(crate) fn environment(&self) -> Vec<(&str, &str)> {
        let mut environment = self.server.environment(self.home.path());
        environment.extend([
            ("AWS_ENDPOINT_URL_CLOUDTRAIL", self.moto.endpoint()),
            ("AWS_ENDPOINT_URL_STS", self.moto.endpoint()),
        ]);
        environment
    }

    fn setup(&self, arguments: &[&str]) -> Run {
        trailbook_in(
            &self.environment(),
            &[&["setup", "--format", "json", "--results", PLACE], arguments].concat(),
        )
    }

    /// One check of a run that ends with this code.
    #[track_caller]
    fn check(
        &self,
        arguments: &[&str],
        code: i32,
        title: &str,
        check: &str,
        verdict: &str,
        expected: &[&str],
    ) {
        let run = self.setup(arguments);
        run.exits(code);
        tells(&run, title, check, verdict, expected);
    }
}

/// The statements of a step.
fn statements(run: &Run, title: &str) -> Vec<String> {
    let steps: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let step = steps.as_array().expect("steps").iter().find(|step| step["title"] == title).expect("the step");
    serde_json::from_value(step["statements"].clone()).expect("texts")
}

fn from_nothing_to_an_answer(organization: &str, form: &str) {
    let Some(world) = World::new(organization) else { return };

    let run = world.setup(&[]);
    run.exits(1);
    tells(&run, "Result location", "workgroup", "fail", &["run it with `--apply`"]);
    tells(&run, "Table", "database", "fail", &["run it with `--apply`", "the statements below would be run"]);
    assert!(statements(&run, "Table").last().is_some_and(|ddl| ddl.starts_with("CREATE EXTERNAL TABLE")));
    tells(&run, "Smoke test", "rows", "not applicable", &["mend the step Table first"]);
    assert_eq!(world.server.statements(), [""; 0], "nothing was run");
    assert!(!world.server.calls().iter().any(|call| call.starts_with("Create")), "nothing was made");

    let run = world.setup(&["--apply"]);
    run.exits(0);
    tells(&run, "Log path", "form", "pass", &[form]);
    tells(&run, "Result location", "made", "pass", &["`trailbook`"]);
    tells(&run, "Result location", "writable", "pass", &[]);
    tells(&run, "Table", "table", "pass", &["was made"]);
    tells(&run, "Table", "accounts", "pass", &["all 2 that the logs hold"]);
    tells(&run, "Smoke test", "rows", "pass", &["14 rows"]);
    tells(&run, "Smoke test", "cost", "pass", &["$0.0000"]);
    let source = "athena://cloudtrail_logs.cloudtrail_partitioned?workgroup=trailbook&region=us-east-1";
    tells(&run, "Smoke test", "source", "pass", &[source]);
    tells(
        &run,
        "Named queries",
        "saved questions",
        "pass",
        &["questions saved now, 0 questions there before"],
    );

    // Again: nothing is left to do, and nothing is done.
    let before = world.server.statements().len();
    let run = world.setup(&["--apply"]);
    run.exits(0);
    tells(&run, "Table", "table", "pass", &["is there"]);
    tells(&run, "Named queries", "saved questions", "pass", &["are in the workgroup `trailbook`"]);
    assert_eq!(world.server.statements().len(), before + 1, "the smoke test alone");
    world.setup(&[]).exits(0);
}

#[test]
fn from_nothing_to_an_answer_in_the_account_form() {
    from_nothing_to_an_answer("", "account");
}

#[test]
fn from_nothing_to_an_answer_in_the_organization_form() {
    from_nothing_to_an_answer("o-exampleorgid", "organization o-exampleorgid");
}

#[test]
fn a_listing_of_many_pages_is_whole() {
    let Some(world) = World::new("o-exampleorgid") else { return };
    let of_path = |run: &Run| {
        let steps: Value = serde_json::from_str(&run.stdout).expect("JSON");
        steps[1].clone()
    };
    let whole = of_path(&world.setup(&[]));
    assert_eq!(whole["title"], "Log path");
    world.server.page(2);
    assert_eq!(of_path(&world.setup(&[])), whole);
}

#[test]
fn a_bucket_in_another_region_is_told() {
    let Some(world) = World::new("") else { return };
    world.server.bucket_elsewhere(LOGS, "eu-central-1");
    let told = ["`logs` is in the region eu-central-1", "name the bucket's region (`--region`"];
    world.check(&[], 1, "Log path", "log path", "fail", &told);
}

#[test]
fn a_table_by_date_is_made_and_asked() {
    let Some(world) = World::new("") else { return };
    let run = world.setup(&["--apply", "--date-partition"]);
    run.exits(0);
    tells(&run, "Table", "partitions", "pass", &["account_id, region, timestamp"]);
    tells(&run, "Smoke test", "rows", "pass", &["14 rows"]);
}

#[test]
fn what_silently_loses_rows_is_told_and_mended() {
    let Some(world) = World::new("o-exampleorgid") else { return };
    world.setup(&["--apply"]).exits(0);
    let made = world.server.get_table(TABLE);
    let with = |property: &str, value: &str| {
        let mut table: Table = made.clone();
        table.parameters.insert(property.to_owned(), value.to_owned());
        world.server.table(TABLE, table);
    };
    let silent = "zero rows and no error";
    for (property, value, check, verdict, code, seen) in [
        ("projection.account_id.values", "111122223333", "accounts", "fail", 1, "the logs hold 444455556666"),
        (
            "projection.region.values",
            "us-east-1, eu-west-1",
            "regions",
            "fail",
            1,
            "there are blanks in the list",
        ),
        ("projection.year.range", "2023,2025", "years", "fail", 1, "but the logs hold 2026-09-28"),
        ("projection.month.digits", "1", "months and days", "fail", 1, "two digits"),
        ("projection.enabled", "false", "partitions", "fail", 1, "projection is off"),
        (
            "storage.location.template",
            "s3://logs//AWSLogs/${account_id}/CloudTrail/${region}/${year}/${month}/${day}",
            "path template",
            "fail",
            1,
            "has `//` in it",
        ),
    ] {
        with(property, value);
        world.check(&[], code, "Table", check, verdict, &[seen, silent, "run the ALTER TABLE below"]);
        let run = world.setup(&["--apply"]);
        run.exits(0);
        tells(&run, "Table", "mended", "pass", &["compared anew"]);
        tells(&run, "Table", check, "pass", &[]);
        tells(&run, "Smoke test", "rows", "pass", &["14 rows"]);
    }

    let mut table = made.clone();
    table.columns.retain(|(name, _)| name != "tlsdetails");
    world.server.table(TABLE, table);
    world.check(&[], 0, "Table", "columns", "warn", &["missing: tlsdetails", "run the ALTER TABLE below"]);
    world.check(&["--apply"], 0, "Table", "columns", "pass", &["all 32"]);

    // What cannot be mended in place is never replaced without being asked.
    let mut table = made;
    table.keys.clear();
    world.server.table(TABLE, table);
    let run = world.setup(&["--apply"]);
    run.exits(1);
    tells(&run, "Table", "partitions", "fail", &["it has no partitions", "choose another name"]);
    assert!(statements(&run, "Table").iter().any(|statement| statement.starts_with("DROP TABLE")));
    assert!(!world.server.statements().iter().any(|statement| statement.starts_with("DROP")));
}

#[test]
fn a_workgroup_is_taken_as_it_is() {
    let Some(world) = World::new("") else { return };
    world.server.group("managed", Group { is_managed: true, ..Group::default() });
    let run = world.setup(&["--workgroup", "managed", "--apply"]);
    run.exits(0);
    tells(&run, "Result location", "result location", "pass", &["managed by Athena", "name no place"]);
    tells(&run, "Result location", "cutoff", "warn", &["BytesScannedCutoffPerQuery"]);

    world.server.group("placeless", Group::default());
    let placeless = ["--workgroup", "placeless"];
    world.check(
        &placeless,
        1,
        "Result location",
        "result location",
        "fail",
        &["every query fails", "run it with `--apply`"],
    );
    let run = world.setup(&[&placeless[..], &["--apply"]].concat());
    run.exits(0);
    tells(&run, "Result location", "result location", "pass", &[PLACE, "set now"]);
    assert!(PLACE.contains(RESULTS));
}
