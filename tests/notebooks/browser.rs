//! A runbook in JupyterLab, in a real browser.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::support::{Cell, error, folder, outputs, python, root, skip, text, turn, write_notebook};

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
fn jupyterlab_runs_a_runbook() {
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
    let runbook = root().join("runbooks/01-first-look.ipynb");
    if runbook.exists() {
        std::fs::copy(runbook, &notebook).unwrap();
    } else {
        let cells =
            [Cell::Markdown("# A runbook"), Cell::Code("let a: i32 = 40;", &[]), Cell::Code("a + 2", &[])];
        write_notebook(&notebook, &cells);
    }

    let mut lab = Lab(Command::new(env!("CARGO_BIN_EXE_trailbook-kernel"))
        .args(["lab", "--no-browser"])
        .arg(&folder)
        .env("TRAILBOOK_PYTHON", &python)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap());
    let mut log = BufReader::new(lab.0.stderr.take().unwrap()).lines().map_while(Result::ok);
    let url =
        log.by_ref().find_map(|line| line.trim().starts_with("http://").then(|| line.trim().to_owned()));
    let url = url.expect("JupyterLab's address is printed");
    // The pipe is read to its end, lest JupyterLab block on it.
    std::thread::spawn(move || log.for_each(drop));

    let screenshot = Path::new(env!("CARGO_TARGET_TMPDIR")).join("jupyterlab.png");
    let run = Command::new(&python)
        .arg(root().join("tests/notebooks/browser.py"))
        .arg(&browser)
        .args([&url, "runbook.ipynb"])
        .arg(&screenshot)
        .output()
        .unwrap();
    assert!(run.status.success(), "{}{}", text(&run.stdout), text(&run.stderr));
    let outputs = outputs(&notebook);
    assert!(outputs.iter().any(|cell| !cell.is_empty()));
    for cell in &outputs {
        assert_eq!(error(cell), None, "{cell:?}");
    }
    eprintln!("screenshot: {}", screenshot.display());
}

fn find(program: &str) -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}
