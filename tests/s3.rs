//! Logs in S3: the answers are those from disk.

#[path = "support/moto.rs"]
mod moto;
#[path = "support/mod.rs"]
mod support;

use std::path::Path;

use moto::Moto;
use support::{Damage, Dir, Run, trailbook_in};

fn ask(moto: &Moto, arguments: &[&str]) -> Run {
    trailbook_in(&moto.environment(), arguments)
}

const DAY: &str = "account_id = '111122223333' AND region IN ('us-east-1', 'eu-west-1') \
                   AND year = '2026' AND month = '10' AND day = '12'";

fn names(condition: &str) -> String {
    format!("SELECT eventname, region, count(*) AS n FROM t WHERE {condition} GROUP BY 1, 2 ORDER BY 1, 2")
}

#[test]
fn answers_from_a_bucket_are_those_from_disk() {
    let Some(moto) = Moto::start() else { return };
    let dir = Dir::with_logs();
    dir.damage(Damage::Truncated);
    for foreign in
        ["CloudTrail-Digest/us-east-1/2026/10/12/d.json.gz", "elasticloadbalancing/us-east-1/x.json"]
    {
        dir.write(&format!("AWSLogs/111122223333/{foreign}"), "{}");
    }
    dir.write("AWSLogs/111122223333/CloudTrail/us-east-1/2026/10/12/notes.txt", "x");
    moto.upload("logs", Path::new(dir.path()));
    // As the console makes a folder.
    moto.run(
        "client('s3').put_object(Bucket='logs', Key='AWSLogs/111122223333/CloudTrail/us-east-1/2026/10/12/')",
    );
    let day = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/10/12";
    let object = format!("{day}/111122223333_CloudTrail_us-east-1_20261012T0805Z_0123456789abcdef.json.gz");
    let mut levels: Vec<&str> = day.match_indices('/').map(|(at, _)| &day[..at]).collect();
    levels.extend(["", day, &object]);
    for level in levels {
        for command in ["query", "explain"] {
            let sql = names(DAY);
            let from_disk = trailbook_in(&[], &[command, "--logs", &dir.join(level), &sql]);
            let from_bucket = ask(&moto, &[command, "--logs", &format!("s3://logs/{level}"), &sql]);
            from_bucket.exits(0);
            assert_eq!(from_bucket.stdout, from_disk.stdout, "{command} {level}");
            let without_time = |run: &Run| run.stderr.rsplit_once(" in ").map(|(told, _)| told.to_owned());
            assert_eq!(without_time(&from_bucket), without_time(&from_disk), "{command} {level}");
        }
    }
    let asked = ["ask", "console-logins", "--from", "2026-10-12", "--to", "2026-10-13", "--logs"];
    let from_bucket = ask(&moto, &[&asked[..], &["s3://logs"]].concat());
    from_bucket.exits(0);
    assert_eq!(from_bucket.stdout, trailbook_in(&[], &[&asked[..], &[dir.path()]].concat()).stdout);
    let deduplicated = ask(&moto, &["query", "--deduplicate", "--logs", "s3://logs", &names(DAY)]);
    deduplicated.exits(0);
}

#[test]
fn what_no_condition_bounds_is_refused_without_listing_it_all() {
    let Some(moto) = Moto::start() else { return };
    let dir = Dir::with_logs();
    dir.write("AWSLogs/111122223333/CloudTrail/us-east-1/2026/10/11/a.json", "{}");
    moto.upload("logs", Path::new(dir.path()));
    let run = ask(&moto, &["query", "--logs", "s3://logs", "SELECT eventname FROM t"]);
    run.exits(2);
    assert!(run.stderr.contains("every object of s3://logs/"), "{}", run.stderr);
    assert!(run.stderr.contains("month = '10' AND day = '12'"), "{}", run.stderr);
}

#[test]
fn what_is_not_there_is_told() {
    let Some(moto) = Moto::start() else { return };
    moto.upload("logs", Path::new(Dir::with_logs().path()));
    let check = |logs: &str, expected: &str| {
        let run = ask(&moto, &["query", "--logs", logs, &names(DAY)]);
        run.exits(if expected.contains("parameter") { 2 } else { 1 });
        assert!(run.stderr.contains(expected), "{logs}: {}", run.stderr);
        assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    };
    check("s3://nowhere/AWSLogs", "no such bucket");
    check("s3://logs/elsewhere", "there is nothing at s3://logs/elsewhere");
    check("s3://logs?color=red", "no parameter `color`");
}

#[test]
fn what_is_denied_is_told() {
    // After the calls that make the bucket, moto checks permissions: the caller has none.
    let Some(moto) = Moto::start_with(&[("INITIAL_NO_AUTH_ACTION_COUNT", "2")]) else { return };
    moto.run(
        "s3 = client('s3')\n\
         s3.create_bucket(Bucket='logs')\n\
         s3.put_object(Bucket='logs', Key='AWSLogs/a.json', Body=b'{}')",
    );
    let run = ask(&moto, &["query", "--logs", "s3://logs", &names(DAY)]);
    run.exits(1);
    assert!(run.stderr.contains("s3:ListBucket"), "{}", run.stderr);
    assert!(run.stderr.contains("credentials are not valid"), "{}", run.stderr);
}
