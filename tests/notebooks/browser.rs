//! A runbook in JupyterLab, and its report, in a real browser.
//!
//! With `TRAILBOOK_BLESS=1` the README's pictures in `runbooks/pictures` are renewed.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::support::{error, folder, outputs, python, root, skip, text, turn};

const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// Ends JupyterLab with the test, whatever comes of it.
struct Lab(Child);

impl Drop for Lab {
    fn drop(&mut self) {
        // JupyterLab ends its kernels when it is asked to end, not when it is killed.
        let _ = Command::new("sh").args(["-c", "kill \"$0\"", &self.0.id().to_string()]).status();
        let _ = self.0.wait();
    }
}

#[test]
fn jupyterlab_runs_a_runbook_and_makes_its_report() {
    let Some(python) = python("jupyterlab, playwright.sync_api") else {
        return;
    };
    let Some(browser) = BROWSERS.iter().find_map(|name| find(name)) else {
        return skip("there is no Chromium: install it (Debian: `apt install chromium`)");
    };
    let _turn = turn();
    // A copy, because JupyterLab saves what it ran.
    let folder = folder("browser");
    let notebook = folder.join("runbook.ipynb");
    std::fs::copy(root().join("runbooks/01-first-look.ipynb"), &notebook).unwrap();

    let mut lab = Lab(Command::new(env!("CARGO_BIN_EXE_trailbook-kernel"))
        .args(["lab", "--no-browser"])
        .arg(&folder)
        .env("TRAILBOOK_PYTHON", &python)
        .env("TRAILBOOK_HOME", &folder)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap());
    let mut log = BufReader::new(lab.0.stderr.take().unwrap()).lines().map_while(Result::ok);
    let url =
        log.by_ref().find_map(|line| line.trim().starts_with("http://").then(|| line.trim().to_owned()));
    let url = url.expect("JupyterLab's address is printed");
    // The pipe is read to its end, lest JupyterLab block on it.
    std::thread::spawn(move || log.for_each(drop));

    let script = |name: &str, arguments: &[&OsStr]| {
        let script = root().join("tests/notebooks").join(name);
        let run = Command::new(&python).arg(script).arg(&browser).args(arguments).output().unwrap();
        assert!(run.status.success(), "{}{}", text(&run.stdout), text(&run.stderr));
    };
    script("browser.py", &[url.as_ref(), "runbook.ipynb".as_ref(), folder.as_ref()]);
    let outputs = outputs(&notebook);
    assert!(outputs.iter().any(|cell| !cell.is_empty()));
    for cell in &outputs {
        assert_eq!(error(cell), None, "{cell:?}");
    }

    // The last cell asked for it.
    let report = folder.join("SAMPLE-1-runbook.html");
    let content = std::fs::read_to_string(&report).unwrap();
    for words in [
        "<p class=\"status final\">Final</p>",
        "The first quarter of an hour",
        "as it stood in the running kernel",
    ] {
        assert!(content.to_lowercase().contains(&words.to_lowercase()), "the report lacks {words}");
    }
    script("paper.py", &[report.as_ref(), folder.as_ref()]);
    for picture in ["runbook.webp", "report.webp"] {
        let size = std::fs::metadata(folder.join(picture)).unwrap().len();
        assert!(size < 200_000, "{picture} has {size} bytes");
        if std::env::var_os("TRAILBOOK_BLESS").is_some() {
            let kept = root().join("runbooks/pictures");
            std::fs::create_dir_all(&kept).unwrap();
            std::fs::copy(folder.join(picture), kept.join(picture)).unwrap();
        }
    }
    eprintln!("pictures: {}", folder.display());
}

fn find(program: &str) -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}
