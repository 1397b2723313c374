//! What the tests share: a folder, a run of the program, logs written from scratch.

#![allow(dead_code, reason = "each test file uses its part")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use chrono::NaiveDate;
use sha2::{Digest, Sha256};

/// A finished run of the program.
pub(crate) struct Run {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    code: Option<i32>,
    line: String,
}

impl Run {
    #[track_caller]
    pub(crate) fn exits(&self, code: i32) {
        assert_eq!(
            self.code,
            Some(code),
            "{}\n--- stdout\n{}\n--- stderr\n{}",
            self.line,
            self.stdout,
            self.stderr
        );
    }
}

pub(crate) fn trailbook(arguments: &[&str]) -> Run {
    trailbook_with_stdin(arguments, "")
}

/// A run with more in its environment.
pub(crate) fn trailbook_in(environment: &[(&str, &str)], arguments: &[&str]) -> Run {
    run(environment, arguments, "")
}

pub(crate) fn trailbook_with_stdin(arguments: &[&str], stdin: &str) -> Run {
    run(&[], arguments, stdin)
}

fn run(environment: &[(&str, &str)], arguments: &[&str], stdin: &str) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_trailbook"))
        .args(arguments)
        .envs(environment.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    child.stdin.take().expect("a pipe").write_all(stdin.as_bytes()).ok();
    let output = child.wait_with_output().expect("the program ends");
    Run {
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        code: output.status.code(),
        line: format!("trailbook {}", arguments.join(" ")),
    }
}

/// The Python that has these modules, if there is one.
pub(crate) fn python(modules: &str) -> Option<PathBuf> {
    let python = std::env::var_os("TRAILBOOK_TEST_PYTHON").map_or_else(|| "python3".into(), PathBuf::from);
    let mut command = Command::new(&python);
    command.args(["-c", &format!("import {modules}")]).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success()).then_some(python)
}

/// A folder beside the checkout that not every machine has.
///
/// Where it is absent the test skips with a line, or fails if nothing may be skipped.
pub(crate) fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(name);
    if path.exists() {
        return Some(path);
    }
    skip(&format!("{} is absent", path.display()));
    None
}

/// Says that a test is skipped and why; a failure where `TRAILBOOK_REQUIRE_ALL` is set.
pub(crate) fn skip(why: &str) {
    assert!(std::env::var_os("TRAILBOOK_REQUIRE_ALL").is_none(), "would be skipped: {why}");
    eprintln!("skipped: {why}");
}

/// How an object is damaged.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Damage {
    Truncated,
    NotJson,
    NoRecords,
    Empty,
}

/// A folder of the test's own.
pub(crate) struct Dir(tempfile::TempDir);

impl Dir {
    pub(crate) fn new() -> Dir {
        Dir(tempfile::tempdir().expect("a temporary folder"))
    }

    /// Two objects of one account in two regions: six events.
    pub(crate) fn with_logs() -> Dir {
        let dir = Dir::new();
        let event = |n: u32, name: &str, more: &str| {
            format!(
                r#"{{"eventVersion":"1.08","userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/alice"}},"eventTime":"2026-10-12T08:00:{n:02}Z","eventSource":"s3.amazonaws.com","eventName":"{name}","awsRegion":"us-east-1","sourceIPAddress":"198.51.100.7","eventID":"00000000-0000-4000-8000-{n:012}"{more}}}"#
            )
        };
        dir.object(
            "us-east-1",
            &[
                event(1, "ConsoleLogin", ""),
                event(2, "ConsoleLogin", ""),
                event(3, "GetObject", r#","requestParameters":{"bucketName":"b","key":"k"}"#),
                event(4, "CreateUser", r#","errorCode":"AccessDenied""#),
            ],
        );
        dir.object("eu-west-1", &[event(5, "GetObject", ""), event(6, "GetObject", "")]);
        dir
    }

    /// An object a day of one account in one region, from 2026-10-01 on, each with some events.
    pub(crate) fn with_days(days: u32, events: u32) -> Dir {
        let dir = Dir::new();
        for day in 0..days {
            let date = NaiveDate::from_ymd_opt(2026, 10, 1).expect("a day") + chrono::Days::new(day.into());
            let event = |n: u32| {
                let (hour, minute, second) = (n / 3600 % 24, n / 60 % 60, n % 60);
                format!(
                    r#"{{"eventVersion":"1.08","userIdentity":{{"type":"IAMUser","userName":"alice"}},"eventTime":"{date}T{hour:02}:{minute:02}:{second:02}Z","eventSource":"s3.amazonaws.com","eventName":"Event{}","awsRegion":"us-east-1","sourceIPAddress":"198.51.100.7","eventID":"{day:08}-0000-4000-8000-{n:012}"}}"#,
                    n % 3
                )
            };
            let events: Vec<String> = (0..events).map(event).collect();
            let name = format!(
                "AWSLogs/111122223333/CloudTrail/us-east-1/{}/111122223333_CloudTrail_us-east-1_{}T0805Z_0123456789abcdef.json.gz",
                date.format("%Y/%m/%d"),
                date.format("%Y%m%d")
            );
            dir.write_gz(&name, format!("{{\"Records\":[{}]}}", events.join(",")).as_bytes());
        }
        dir
    }

    fn object(&self, region: &str, events: &[String]) {
        let text = format!("{{\"Records\":[{}]}}", events.join(","));
        self.write_gz(&Self::name(region), text.as_bytes());
    }

    fn name(region: &str) -> String {
        format!(
            "AWSLogs/111122223333/CloudTrail/{region}/2026/10/12/111122223333_CloudTrail_{region}_20261012T0805Z_0123456789abcdef.json.gz"
        )
    }

    fn write_gz(&self, name: &str, bytes: &[u8]) {
        let mut compressor = libdeflater::Compressor::new(libdeflater::CompressionLvl::default());
        let mut gz = vec![0; compressor.gzip_compress_bound(bytes.len())];
        let length = compressor.gzip_compress(bytes, &mut gz).expect("room");
        gz.truncate(length);
        self.write(name, gz);
    }

    /// Damages the object that holds no sign-in, and gives its file name.
    pub(crate) fn damage(&self, damage: Damage) -> String {
        let name = Self::name("eu-west-1");
        match damage {
            Damage::Truncated => {
                let bytes = fs::read(self.join(&name)).expect("the object");
                self.write(&name, &bytes[..bytes.len() / 2]);
            }
            Damage::NotJson => self.write_gz(&name, b"<html>503 Slow Down</html>"),
            Damage::NoRecords => self.write_gz(&name, br#"{"digestVersion":"1.0"}"#),
            Damage::Empty => self.write(&name, ""),
        }
        name.rsplit('/').next().expect("a name").to_owned()
    }

    pub(crate) fn path(&self) -> &str {
        self.0.path().to_str().expect("UTF-8")
    }

    pub(crate) fn join(&self, name: &str) -> String {
        self.0.path().join(name).to_str().expect("UTF-8").to_owned()
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, content).expect("a file");
    }
}

/// The SHA-256 of all names and contents below a folder.
pub(crate) fn tree_digest(folder: &str) -> String {
    let mut files: Vec<PathBuf> = walkdir::WalkDir::new(folder)
        .into_iter()
        .map(|entry| entry.expect("an entry"))
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| entry.into_path())
        .collect();
    files.sort();
    let mut digest = Sha256::new();
    for file in files {
        digest.update(file.strip_prefix(folder).expect("below").to_string_lossy().as_bytes());
        digest.update(fs::read(&file).expect("a file"));
    }
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
