//! What the sample logs promise, checked on whole trees.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::LazyLock;
use std::thread;

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::*;

/// A log file: its path below the sample's folder, and its text.
type File = (String, String);

fn generate(options: &SampleOptions) -> (TempDir, SampleSummary) {
    let dir = tempfile::tempdir().unwrap();
    let summary = write(dir.path(), options).unwrap();
    (dir, summary)
}

fn small() -> SampleOptions {
    SampleOptions { events: 2_000, ..SampleOptions::default() }
}

fn paths(dir: &Path) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                paths.insert(path.strip_prefix(dir).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    paths
}

fn inflate(bytes: &[u8]) -> String {
    let size = u32::from_le_bytes(bytes[bytes.len() - 4..].try_into().unwrap());
    let mut text = vec![0; size as usize];
    libdeflater::Decompressor::new().gzip_decompress(bytes, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

fn logs(dir: &Path) -> Vec<File> {
    let is_log = |path: &String| path.contains("/CloudTrail/");
    paths(dir)
        .into_iter()
        .filter(is_log)
        .map(|path| (path.clone(), inflate(&fs::read(dir.join(path)).unwrap())))
        .collect()
}

fn hex(sha: Sha256) -> String {
    sha.finalize().iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// Of everything in the folder, names and bytes.
fn digest(dir: &Path) -> String {
    let mut sha = Sha256::new();
    for path in paths(dir) {
        sha.update(path.as_bytes());
        sha.update(fs::read(dir.join(path)).unwrap());
    }
    hex(sha)
}

/// A record and the path it was in.
struct Record {
    path: String,
    value: Value,
}

impl Record {
    fn text(&self, pointer: &str) -> &str {
        self.value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }
}

fn records(logs: &[File]) -> Vec<Record> {
    let parse = |(path, text): &File| {
        let mut object: Value = serde_json::from_str(text).unwrap();
        let Value::Array(records) = object["Records"].take() else { panic!("{path} has no records") };
        records.into_iter().map(|value| Record { path: path.clone(), value }).collect::<Vec<_>>()
    };
    logs.iter().flat_map(parse).collect()
}

/// The default tree, which several tests look at.
static DEFAULT: LazyLock<(SampleSummary, Vec<File>, Vec<Record>)> = LazyLock::new(|| {
    let (dir, summary) = generate(&SampleOptions::default());
    let logs = logs(dir.path());
    let records = records(&logs);
    (summary, logs, records)
});

fn all() -> &'static [Record] {
    &DEFAULT.2
}

#[test]
fn the_same_options_give_the_same_bytes() {
    let (first, _) = generate(&small());
    let (second, _) = generate(&small());
    assert_eq!(digest(first.path()), digest(second.path()));
    let (other, _) = generate(&SampleOptions { seed: 1, ..small() });
    assert_ne!(digest(first.path()), digest(other.path()));
}

/// Cached trees are known by their version alone.
#[test]
fn new_bytes_need_a_new_version() {
    let (dir, _) = generate(&small());
    let mut sha = Sha256::new();
    for (path, text) in logs(dir.path()) {
        sha.update(path.as_bytes());
        sha.update(text.as_bytes());
    }
    let expected = (1, "36097edefdd475df983bb465b91fa27ca4938aa1fde0c05af17807b899bbd4d1");
    assert_eq!((VERSION, hex(sha).as_str()), expected, "count VERSION up, then write the new digest here");
}

#[test]
fn the_default_is_as_big_as_it_says() {
    let (summary, logs, records) = &*DEFAULT;
    assert_eq!(summary.events, 50_000);
    assert_eq!(records.len(), 50_000);
    assert_eq!(summary.objects, logs.len() as u64);
    assert!((1_800..2_200).contains(&summary.objects), "{summary}");
    assert!((5_000_000..15_000_000).contains(&summary.bytes), "{summary}");
    let printed = summary.to_string();
    assert!(printed.starts_with("50000 events in ") && printed.contains(ATTACKER_IP), "{printed}");
}

#[test]
fn the_incident_is_there_at_any_size() {
    for events in [0, 2_000, 7_003] {
        let (dir, summary) = generate(&SampleOptions { events, ..SampleOptions::default() });
        let records = records(&logs(dir.path()));
        assert_eq!(summary.events, records.len() as u64);
        assert!(events == 0 || summary.events == events, "{summary}");
        let of = |name: &str| records.iter().filter(|record| record.text("/eventName") == name).count();
        assert_eq!(of("DeleteUser"), 1);
        assert_eq!(records.iter().filter(|record| record.text("/userIdentity/type") == "Root").count(), 17);
    }
}

#[test]
fn records_are_where_cloudtrail_puts_them() {
    let (mut late, mut elsewhere) = (0, 0);
    for record in all() {
        let folders: Vec<&str> = record.path.split('/').collect();
        let &["AWSLogs", account, "CloudTrail", region, year, month, day, name] = &folders[..] else {
            panic!("{}", record.path)
        };
        let delivered = name
            .strip_prefix(&format!("{account}_CloudTrail_{region}_{year}{month}{day}T"))
            .and_then(|rest| rest.strip_suffix(".json.gz"))
            .unwrap_or_else(|| panic!("{name}"));
        assert_eq!(delivered.len(), "0005Z_".len() + 16, "{name}");
        assert_eq!(record.text("/recipientAccountId"), account);
        let time = record.text("/eventTime");
        assert!((FROM..TO).contains(&time), "{time}");
        let delivered = format!("{year}-{month}-{day}T{}:{}:00Z", &delivered[..2], &delivered[2..4]);
        assert!(time < delivered.as_str(), "{time} is in {name}");
        late += usize::from(time[..10] != delivered[..10]);
        if record.text("/awsRegion") != region {
            assert_eq!(record.text("/eventName"), "ConsoleLogin");
            elsewhere += 1;
        }
    }
    assert!((100..500).contains(&late), "{late} lie under another day");
    assert!((20..100).contains(&elsewhere), "{elsewhere} lie under another region");
}

#[test]
fn an_event_id_is_unique_or_the_same_record_twice() {
    let mut seen: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
    for record in all() {
        seen.entry(record.text("/eventID")).or_default().push(record);
    }
    let twice: Vec<_> = seen.values().filter(|records| records.len() > 1).collect();
    assert!((10..50).contains(&twice.len()), "{} are delivered twice", twice.len());
    for records in twice {
        assert_eq!(records.len(), 2);
        assert_eq!(records[0].value, records[1].value);
    }
}

#[test]
fn keys_come_in_cloudtrails_order() {
    const ORDER: [&str; 26] = [
        "eventVersion",
        "userIdentity",
        "eventTime",
        "eventSource",
        "eventName",
        "awsRegion",
        "sourceIPAddress",
        "userAgent",
        "errorCode",
        "errorMessage",
        "requestParameters",
        "responseElements",
        "additionalEventData",
        "requestID",
        "eventID",
        "readOnly",
        "resources",
        "eventType",
        "apiVersion",
        "managementEvent",
        "recipientAccountId",
        "sharedEventID",
        "vpcEndpointId",
        "vpcEndpointAccountId",
        "serviceEventDetails",
        "eventCategory",
    ];
    for record in all() {
        let keys = record.value.as_object().unwrap().keys();
        let places: Vec<_> = keys.map(|key| ORDER.iter().position(|known| known == key)).collect();
        let (last, places) = places.split_last().unwrap();
        assert!(places.is_sorted() && !places.contains(&None), "{}", record.value);
        let last = last.map(|place| ORDER[place]);
        let ends = record.value.get("tlsDetails").or(record.value.get("sessionCredentialFromConsole"));
        assert_eq!(last.is_none(), ends.is_some(), "{}", record.value);
    }
}

#[test]
fn no_placeholder_is_left() {
    let marks: Vec<&str> = DEFAULT.1.iter().flat_map(|(_, text)| text.matches("<")).collect();
    assert_eq!(marks.len(), 1, "but for the user agent that somebody made up to annoy us");
}

#[test]
fn every_kind_of_caller_is_there() {
    let types: BTreeSet<&str> = all().iter().map(|record| record.text("/userIdentity/type")).collect();
    let expected = [
        "",
        "AWSAccount",
        "AWSService",
        "AssumedRole",
        "FederatedUser",
        "IAMUser",
        "IdentityCenterUser",
        "Root",
        "SAMLUser",
        "WebIdentityUser",
    ];
    assert_eq!(types, expected.into());
    let regions: BTreeSet<&str> = all().iter().map(|record| record.text("/awsRegion")).collect();
    assert_eq!(regions, ["ap-northeast-1", "eu-west-1", "us-east-1"].into());
}

#[test]
fn one_call_in_two_accounts_is_two_records() {
    let shared = |record: &&Record| {
        record.text("/userIdentity/type") == "AWSAccount" && record.text("/eventName") == "AssumeRole"
    };
    let in_production: Vec<_> = all().iter().filter(shared).collect();
    assert!(!in_production.is_empty());
    for record in in_production {
        let id = record.text("/sharedEventID");
        let own = |other: &&Record| {
            other.text("/sharedEventID") == id && other.text("/recipientAccountId") == "444455556666"
        };
        assert!(all().iter().any(|other| own(&other)), "{}", record.value);
    }
}

#[test]
fn machines_rest_at_no_time_and_people_do() {
    let by_hour = |is: fn(&Record) -> bool| {
        let mut hours = [0u32; 24];
        for record in all().iter().filter(|record| is(record)) {
            hours[record.text("/eventTime")[11..13].parse::<usize>().unwrap()] += 1;
        }
        hours
    };
    let dublin = by_hour(|record| record.text("/userIdentity/arn").ends_with("/bob@example.com"));
    assert!(dublin[8..17].iter().sum::<u32>() > 10 * dublin[0..6].iter().sum::<u32>(), "{dublin:?}");
    let config = by_hour(|record| record.text("/userIdentity/invokedBy") == "config.amazonaws.com");
    assert!(config.iter().all(|count| *count > 50), "{config:?}");
}

/// How many records of the default tree are so.
#[track_caller]
fn check(what: &str, expected: usize, is: impl Fn(&Record) -> bool) {
    let line = |record: &Record| format!("{} {}", record.text("/eventTime"), record.text("/eventName"));
    let found: Vec<_> = all().iter().filter(|record| is(record)).map(line).collect();
    assert_eq!(found.len(), expected, "{what}: {found:?}");
}

fn succeeded(record: &Record) -> bool {
    record.value.get("errorCode").is_none() && record.value.get("errorMessage").is_none()
}

#[test]
fn what_the_investigations_find() {
    let attacker = |record: &Record| record.text("/sourceIPAddress") == ATTACKER_IP;
    let named = |record: &Record, names: &[&str]| names.contains(&record.text("/eventName"));
    let in_incident = |record: &Record| (INCIDENT_FROM..INCIDENT_TO).contains(&record.text("/eventTime"));
    let denied = |record: &Record| {
        matches!(record.text("/errorCode"), "AccessDenied" | "Client.UnauthorizedOperation")
    };

    check("denials of the intruder", 65, |record| attacker(record) && denied(record));
    check("all the intruder did", 349, |record| attacker(record));
    check("the intruder in time", 349, |record| attacker(record) && in_incident(record));
    check("the leaked key elsewhere", 83, |record| {
        attacker(record) && record.text("/userIdentity/accessKeyId") == LEAKED_KEY
    });
    check("IAM changes of the intruder", 4, |record| {
        attacker(record)
            && succeeded(record)
            && named(record, &["CreateUser", "CreateAccessKey", "AttachUserPolicy", "CreateLoginProfile"])
    });
    check("those lie in the next day's folder", 4, |record| {
        attacker(record)
            && succeeded(record)
            && named(record, &["CreateUser", "CreateAccessKey", "AttachUserPolicy", "CreateLoginProfile"])
            && record.text("/eventTime").starts_with("2026-10-15")
            && record.path.contains("/us-east-1/2026/10/16/")
    });
    check("the new user's key", 1 + 4 + 246 + 7, |record| {
        record.text("/userIdentity/accessKeyId") == CREATED_KEY
            || record.text("/responseElements/accessKey/accessKeyId") == CREATED_KEY
    });
    check("objects read out", OBJECTS_READ, |record| {
        record.text("/userIdentity/userName") == CREATED_USER
            && record.text("/eventName") == "GetObject"
            && record.text("/requestParameters/bucketName") == EXFILTRATED_BUCKET
    });

    let login = |record: &Record| record.text("/eventName") == "ConsoleLogin";
    let mfa = |record: &Record| record.text("/additionalEventData/MFAUsed") == "Yes";
    check("IAM users without MFA", 1, |record| {
        login(record) && record.text("/userIdentity/type") == "IAMUser" && succeeded(record) && !mfa(record)
    });
    check("logins with MFA, root's among them", 8 + 20 + 1, |record| login(record) && mfa(record));
    check("failed logins", 3 + 2 + 1, |record| {
        login(record) && record.text("/responseElements/ConsoleLogin") == "Failure"
    });
    check("somebody's password", 1, |record| {
        record.text("/userIdentity/userName") == "HIDDEN_DUE_TO_SECURITY_REASONS"
    });
    check("root", 17, |record| record.text("/userIdentity/type") == "Root");
    check("root, from where it never was", 11, |record| record.text("/sourceIPAddress") == ROOT_LOGIN_IP);

    let open =
        |record: &Record| record.text("/eventName") == "AuthorizeSecurityGroupIngress" && succeeded(record);
    check("ingress rules", 5, open);
    check("open to all, nested", 2, |record| {
        open(record)
            && record.text("/requestParameters/ipPermissions/items/0/ipRanges/items/0/cidrIp") == "0.0.0.0/0"
    });
    check("open to all, flat", 1, |record| {
        open(record) && record.text("/requestParameters/cidrIp") == "0.0.0.0/0"
    });

    let tampering = |record: &Record| {
        named(record, &["StopLogging", "DeleteTrail", "PutEventSelectors", "UpdateTrail", "DeleteFlowLogs"])
    };
    check("tampering, with success", 4, |record| tampering(record) && attacker(record) && succeeded(record));
    check("tampering, denied", 4, |record| tampering(record) && attacker(record) && denied(record));
    check("a test trail of the developers", 3, |record| tampering(record) && !attacker(record));
}

#[test]
fn an_organization_has_a_folder_of_its_own() {
    let organization = Some("o-exampleorgid".to_owned());
    let (dir, _) = generate(&SampleOptions { organization, ..small() });
    let (plain, _) = generate(&small());
    let below: Vec<File> = logs(plain.path());
    let expected: Vec<File> = below
        .into_iter()
        .map(|(path, text)| (path.replace("AWSLogs/", "AWSLogs/o-exampleorgid/"), text))
        .collect();
    assert!(logs(dir.path()) == expected);

    for id in ["", "o-", "exampleorgid", "o-EXAMPLEORGID", "o-short", "o-../../../etc", "o-exampleorgid/x"] {
        let options = SampleOptions { organization: Some(id.to_owned()), ..small() };
        let dir = tempfile::tempdir().unwrap();
        let error = write(dir.path(), &options).unwrap_err();
        assert!(error.is_invalid() && paths(dir.path()).is_empty(), "{id}: {error}");
    }
}

#[test]
fn what_lies_beside_the_logs() {
    let (dir, _) = generate(&small());
    let others: Vec<_> =
        paths(dir.path()).into_iter().filter(|path| !path.contains("/CloudTrail/")).collect();
    assert_eq!(others.len(), 6 + 1 + 1, "{others:#?}");
    for path in others.iter().filter(|path| path.contains("/CloudTrail-Digest/")) {
        let digest: Value =
            serde_json::from_str(&inflate(&fs::read(dir.path().join(path)).unwrap())).unwrap();
        assert_eq!(digest["logFiles"], Value::Array(Vec::new()));
    }
}

#[test]
fn other_folders_are_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let mine = dir.path().join("AWSLogs/mine.json.gz");
    fs::create_dir_all(mine.parent().unwrap()).unwrap();
    fs::write(&mine, "evidence").unwrap();
    let error = write(dir.path(), &small()).unwrap_err();
    assert!(error.is_invalid(), "{error}");
    assert!(error.to_string().contains(dir.path().to_str().unwrap()), "{error}");
    assert_eq!(paths(dir.path()), ["AWSLogs/mine.json.gz".to_owned()].into());
    assert_eq!(fs::read_to_string(mine).unwrap(), "evidence");
}

#[test]
fn earlier_sample_logs_are_written_again() {
    let (dir, _) =
        generate(&SampleOptions { seed: 5, organization: Some("o-exampleorgid".to_owned()), ..small() });
    fs::write(dir.path().join("notes.txt"), "mine").unwrap();
    write(dir.path(), &small()).unwrap();
    assert_eq!(fs::read_to_string(dir.path().join("notes.txt")).unwrap(), "mine");
    fs::remove_file(dir.path().join("notes.txt")).unwrap();
    assert_eq!(digest(dir.path()), digest(generate(&small()).0.path()));
}

#[test]
fn the_cache_is_made_once_and_whole() {
    let base = tempfile::tempdir().unwrap();
    let below = base.path().join("not/yet/there");
    let made: Vec<PathBuf> = thread::scope(|scope| {
        let makers: Vec<_> =
            (0..4).map(|_| scope.spawn(|| cached_below(&below, &small()).unwrap())).collect();
        makers.into_iter().map(|maker| maker.join().unwrap()).collect()
    });
    assert!(made.iter().all(|dir| *dir == below.join("sample-1")), "{made:?}");
    assert_eq!(digest(&made[0]), digest(generate(&small()).0.path()));
    let left: Vec<_> = fs::read_dir(&below).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["sample-1"]);

    fs::write(base.path().join("a file"), "").unwrap();
    let error = cached_below(&base.path().join("a file"), &small()).unwrap_err();
    assert!(error.is_io() && error.to_string().contains("TRAILBOOK_CACHE"), "{error}");

    let marker = made[0].join(MARKER);
    let written = fs::metadata(&marker).unwrap().modified().unwrap();
    assert_eq!(cached_below(&below, &small()).unwrap(), made[0]);
    assert_eq!(fs::metadata(&marker).unwrap().modified().unwrap(), written);
}
