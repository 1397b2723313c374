//! `trailbook setup` over moto: each fault ends in the sentence that says what to do.

use std::path::Path;

use serde_json::Value;

use crate::moto::Moto;
use crate::support::{Dir, Run, trailbook, trailbook_in};

const CALLER: &str = "123456789012";
const MEMBER: &str = "222233334444";

/// An account with an organization's trail that is right, and others that are not.
struct World {
    moto: Moto,
}

impl World {
    fn new() -> Option<World> {
        let moto = Moto::start_after(include_str!("cloudtrail.py"), &[])?;
        for (bucket, organization) in [("org-logs", Some("o-exampleorgid")), ("account-logs", None)] {
            let dir = Dir::new();
            let logs = dir.join("logs");
            let mut arguments = vec!["sample", "--out", &logs, "--events", "600"];
            if let Some(id) = organization {
                arguments.extend(["--organization", id]);
            }
            trailbook(&arguments).exits(0);
            moto.upload(bucket, Path::new(&logs));
        }
        moto.run(
            "s3, trails = client('s3'), client('cloudtrail')
for bucket in ['gone', 'my-results']:
    s3.create_bucket(Bucket=bucket)
def trail(name, bucket, logging=True, **more):
    trails.create_trail(Name=name, S3BucketName=bucket, **more)
    if logging:
        trails.start_logging(Name=name)
trail('organization', 'org-logs', IsOrganizationTrail=True, IsMultiRegionTrail=True, EnableLogFileValidation=True)
trail('single', 'account-logs', logging=False)
trail('undeliverable', 'account-logs')
trail('misplaced', 'account-logs', S3KeyPrefix='other')
trail('orphan', 'gone')
trails.put_event_selectors(TrailName='single', EventSelectors=[{'ReadWriteType': 'WriteOnly'}])
s3.delete_bucket(Bucket='gone')
",
        );
        Some(World { moto })
    }

    fn setup(&self, arguments: &[&str]) -> Run {
        trailbook_in(&self.moto.environment(), &[&["setup", "--format", "json"], arguments].concat())
    }

    /// One check of a run that ends with 1: its verdict, what was seen, and what to do.
    #[track_caller]
    fn check(&self, arguments: &[&str], title: &str, check: &str, verdict: &str, expected: &[&str]) {
        let run = self.setup(arguments);
        run.exits(1);
        tells(&run, title, check, verdict, expected);
    }
}

/// The run has a check with this verdict whose texts hold what is expected.
#[track_caller]
pub(crate) fn tells(run: &Run, title: &str, check: &str, verdict: &str, expected: &[&str]) {
    let steps: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let step = steps.as_array().expect("steps").iter().find(|step| step["title"] == title).expect("the step");
    let found = step["checks"].as_array().expect("checks").iter().find(|found| found["check"] == check);
    let found = found.unwrap_or_else(|| panic!("no check `{check}` in {step}"));
    assert_eq!(found["verdict"], verdict, "{found}");
    for part in expected {
        assert!(found.to_string().contains(part), "`{part}` is not in {found}");
    }
}

#[test]
fn each_fault_ends_in_what_to_do() {
    let Some(world) = World::new() else { return };

    let run = world.setup(&[]);
    run.exits(1);
    tells(&run, "Trail", "trail", "pass", &["`organization` of us-east-1"]);
    tells(&run, "Trail", "destination", "pass", &["s3://org-logs/"]);
    tells(&run, "Trail", "organization trail", "pass", &["records all accounts", CALLER]);
    tells(&run, "Trail", "multi-region", "pass", &[]);
    tells(&run, "Trail", "logging", "pass", &[]);
    tells(&run, "Trail", "management events", "pass", &["reads and writes"]);
    tells(&run, "Log path", "form", "pass", &["organization o-exampleorgid"]);
    tells(&run, "Log path", "accounts", "pass", &["2: 111122223333, 444455556666"]);
    tells(&run, "Log path", "days", "pass", &["2026-09-28 to 2026-10-2"]);
    tells(&run, "Log path", "sample object", "pass", &["opens: "]);
    tells(
        &run,
        "Result location",
        "workgroup",
        "fail",
        &["no workgroup `trailbook`", "--results s3://BUCKET/PREFIX/"],
    );

    // Nothing is changed without leave, and what would be is said.
    let results = ["--results", "s3://my-results/trailbook/"];
    world.check(&results, "Result location", "workgroup", "fail", &["run it with `--apply`", "100.0 GB"]);
    let groups = "print([group['Name'] for group in client('athena').list_work_groups()['WorkGroups']])";
    assert_eq!(world.moto.run(groups).trim(), "['primary']");

    world.check(
        &["--results", "s3://absent-results/", "--workgroup", "other", "--apply"],
        "Result location",
        "result bucket",
        "fail",
        &["listing s3://absent-results/", "there is no such bucket", "check the name"],
    );
    let run = world.setup(&[&results[..], &["--apply"]].concat());
    tells(&run, "Result location", "made", "pass", &["`trailbook`, in which a query scans 100.0 GB at most"]);
    tells(&run, "Result location", "result location", "pass", &["s3://my-results/trailbook/", "enforces it"]);
    tells(&run, "Result location", "writable", "pass", &[]);
    let left = "print(client('s3').list_objects_v2(Bucket='my-results')['KeyCount'])";
    assert_eq!(world.moto.run(left).trim(), "0", "the probe was deleted");

    let run = world.setup(&["--trail", "single"]);
    run.exits(1);
    let regions = ["other than us-east-1 are not recorded", "--is-multi-region-trail"];
    tells(&run, "Trail", "multi-region", "warn", &regions);
    tells(&run, "Trail", "logging", "fail", &["aws cloudtrail start-logging --name single"]);
    tells(&run, "Trail", "log file validation", "warn", &["--enable-log-file-validation"]);
    tells(&run, "Trail", "management events", "warn", &["writes alone", "put-event-selectors"]);
    tells(&run, "Log path", "form", "pass", &["account"]);
    world.check(
        &["--trail", "undeliverable"],
        "Trail",
        "delivery",
        "fail",
        &[
            "the latest delivery failed: AccessDenied",
            "let the bucket's policy allow cloudtrail.amazonaws.com",
        ],
    );
    world.check(
        &["--trail", "misplaced"],
        "Log path",
        "log path",
        "fail",
        &["no CloudTrail logs in s3://account-logs/other/AWSLogs/", "check the bucket, the prefix"],
    );
    world.check(&["--trail", "orphan"], "Log path", "log path", "fail", &["there is no such bucket"]);
    world.check(&["--trail", "organisation"], "Trail", "trail", "fail", &["did you mean `organization`?"]);
    world.check(
        &["--workgroup", "primary"],
        "Result location",
        "result location",
        "fail",
        &["has none: every query fails", "--results"],
    );
}

#[test]
fn a_member_account_is_told_who_can_change_the_trail() {
    let Some(world) = World::new() else { return };
    let keys = |account: &str| -> Vec<String> {
        let script = format!(
            "keys = client('sts').assume_role(RoleArn='arn:aws:iam::{account}:role/r', RoleSessionName='test')['Credentials']\n\
             print(keys['AccessKeyId'], keys['SecretAccessKey'], keys['SessionToken'])"
        );
        world.moto.run(&script).split_whitespace().map(str::to_owned).collect()
    };
    let setup = |keys: &[String]| {
        let mut environment = world.moto.environment().to_vec();
        environment.extend([
            ("AWS_ACCESS_KEY_ID", keys[0].as_str()),
            ("AWS_SECRET_ACCESS_KEY", &keys[1]),
            ("AWS_SESSION_TOKEN", &keys[2]),
        ]);
        trailbook_in(&environment, &["setup", "--format", "json"])
    };
    let run = setup(&keys(MEMBER));
    run.exits(1);
    tells(
        &run,
        "Trail",
        "organization trail",
        "warn",
        &["account 222233334444 is a member", "cannot change it", "management account 123456789012"],
    );
    let run = setup(&keys("333344445555"));
    run.exits(1);
    tells(&run, "Trail", "trail", "fail", &["sees no trail in any region", "create a multi-region trail"]);
    tells(&run, "Log path", "log path", "fail", &["mend the step Trail first"]);
}

#[test]
fn wrong_use_is_told_before_anything_is_asked() {
    let environment = [("AWS_REGION", "us-east-1"), ("AWS_ENDPOINT_URL", "http://127.0.0.1:9")];
    for (arguments, expected) in [
        (["--table", "a b"], "`a b` cannot be a database or table"),
        (["--workgroup", "a/b"], "`a/b` cannot be a workgroup"),
        (["--results", "my-results"], "write it as s3://bucket/prefix/"),
        (["--results", "s3://my-results//x"], "without `//`"),
    ] {
        let run = trailbook_in(&environment, &[&["setup"], &arguments[..]].concat());
        run.exits(2);
        assert!(run.stdout.is_empty() && run.stderr.contains(expected), "{}", run.stderr);
    }
}
