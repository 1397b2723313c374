//! moto: AWS as a third party's server has it, on this machine.

#![allow(dead_code, reason = "each test uses its part")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A server of its own on a free port, ended with the test.
pub(crate) struct Moto {
    python: PathBuf,
    server: Child,
    endpoint: String,
}

impl Moto {
    /// Starts it; where there is no Python that has it, says so in one line, or fails if nothing may be skipped.
    pub(crate) fn start() -> Option<Moto> {
        Self::start_with(&[])
    }

    /// As [`start`](Moto::start), with more in the server's environment.
    pub(crate) fn start_with(environment: &[(&str, &str)]) -> Option<Moto> {
        Self::start_after("", environment)
    }

    /// As [`start_with`](Moto::start_with), after a Python script, which may add to moto.
    pub(crate) fn start_after(prelude: &str, environment: &[(&str, &str)]) -> Option<Moto> {
        let python = std::env::var_os("TRAILBOOK_TEST_PYTHON").map_or("python3".into(), PathBuf::from);
        let found = Command::new(&python).args(["-c", "import moto.server, boto3"]).output();
        if !found.is_ok_and(|output| output.status.success()) {
            let why = format!(
                "{} has no moto: install tests/requirements.txt and name that Python in TRAILBOOK_TEST_PYTHON",
                python.display()
            );
            assert!(std::env::var_os("TRAILBOOK_REQUIRE_ALL").is_none(), "would be skipped: {why}");
            eprintln!("skipped: {why}");
            return None;
        }
        let mut server = Command::new(&python)
            .args([
                "-c",
                &format!("{prelude}\nfrom moto.server import main\nmain(['-H', '127.0.0.1', '-p', '0'])"),
            ])
            .envs(environment.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("moto starts");
        let mut log = BufReader::new(server.stderr.take().expect("a pipe"));
        let endpoint = loop {
            let mut line = String::new();
            assert!(log.read_line(&mut line).expect("moto's log") > 0, "moto ended before it served");
            if let Some((_, address)) = line.trim().split_once("Running on ") {
                break address.to_owned();
            }
        };
        // A full pipe would stop it.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Some(Moto { python, server, endpoint })
    }

    /// As `http://127.0.0.1:5000`.
    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// What a program needs in its environment to take it for AWS.
    pub(crate) fn environment(&self) -> [(&str, &str); 5] {
        [
            ("AWS_ENDPOINT_URL", &self.endpoint),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ]
    }

    /// Runs a Python script in which `client("s3")` is boto3's, and gives what it prints.
    #[track_caller]
    pub(crate) fn run(&self, script: &str) -> String {
        let prelude = "import boto3, os, sys\nclient = lambda name: boto3.client(name)\n";
        let output = Command::new(&self.python)
            .args(["-c", &format!("{prelude}{script}")])
            .envs(self.environment())
            .env("AWS_DEFAULT_REGION", "us-east-1")
            .output()
            .expect("Python runs");
        assert!(output.status.success(), "{script}\n{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// Makes a bucket with the files of a folder.
    #[track_caller]
    pub(crate) fn upload(&self, bucket: &str, folder: &Path) {
        self.run(&format!(
            "s3 = client('s3')\n\
             s3.create_bucket(Bucket={bucket:?})\n\
             for path, _, names in os.walk({folder:?}):\n\
             \x20   for name in names:\n\
             \x20       name = os.path.join(path, name)\n\
             \x20       s3.upload_file(name, {bucket:?}, os.path.relpath(name, {folder:?}))\n"
        ));
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        self.server.kill().ok();
        self.server.wait().ok();
    }
}
