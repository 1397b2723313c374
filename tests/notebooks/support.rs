//! What the tests share: the prepared library, notebooks, and the programs around them.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use serde_json::{Value, json};

/// One notebook at a time: each takes all cores while it loads the library.
pub(crate) fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    static PREPARED: OnceLock<()> = OnceLock::new();
    PREPARED.get_or_init(|| {
        let output = kernel(&["prepare"]);
        assert!(output.status.success(), "{}", text(&output.stderr));
    });
    turn
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the kernel's package lies in the workspace")
}

pub(crate) fn kernel(arguments: &[&str]) -> Output {
    kernel_with(arguments, &[])
}

pub(crate) fn kernel_with(arguments: &[&str], environment: &[(&str, &OsStr)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_trailbook-kernel"))
        .args(arguments)
        .envs(environment.iter().copied())
        .current_dir(root())
        .output()
        .expect("the kernel's program runs")
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A new folder for one test, below the target directory.
pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("the target directory is writable");
    folder
}

/// A cell: its source, and its tags if it is code.
pub(crate) enum Cell {
    Markdown(&'static str),
    Code(&'static str, &'static [&'static str]),
}

pub(crate) fn write_notebook(path: &Path, cells: &[Cell]) {
    let cells: Vec<Value> = cells
        .iter()
        .enumerate()
        .map(|(index, cell)| {
            let id = format!("cell-{index}");
            match cell {
                Cell::Markdown(source) => {
                    json!({"cell_type": "markdown", "id": id, "metadata": {}, "source": source})
                }
                Cell::Code(source, tags) => json!({
                    "cell_type": "code", "id": id, "metadata": {"tags": tags}, "source": source,
                    "execution_count": null, "outputs": [],
                }),
            }
        })
        .collect();
    let kernelspec = json!({"name": "trailbook", "display_name": "trailbook (Rust)", "language": "rust"});
    let notebook =
        json!({"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernelspec}, "cells": cells});
    std::fs::write(path, notebook.to_string()).expect("the folder is writable");
}

/// The outputs of the code cells of an executed notebook.
pub(crate) fn outputs(path: &Path) -> Vec<Vec<Value>> {
    let content = std::fs::read(path).expect("the notebook was written");
    let notebook: Value = serde_json::from_slice(&content).expect("the notebook is JSON");
    let cells = notebook["cells"].as_array().expect("the notebook has cells");
    let code = cells.iter().filter(|cell| cell["cell_type"] == "code");
    code.map(|cell| cell["outputs"].as_array().expect("a code cell has outputs").clone()).collect()
}

/// The name of the error in a cell's outputs.
pub(crate) fn error(outputs: &[Value]) -> Option<&str> {
    outputs.iter().find(|output| output["output_type"] == "error")?["ename"].as_str()
}

/// A Python that has these modules, or one line that says why the test is skipped.
pub(crate) fn python(modules: &str) -> Option<PathBuf> {
    let environment = std::env::var_os("TRAILBOOK_TEST_PYTHON").map(PathBuf::from);
    let installed = std::env::var_os("HOME")
        .map(|home| Path::new(&home).join(".local/share/trailbook/python/bin/python"))
        .filter(|path| path.exists());
    let python = environment.or(installed).unwrap_or_else(|| "python3".into());
    let found = Command::new(&python).args(["-c", &format!("import {modules}")]).output();
    if found.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    skip(&format!(
        "{} has not the modules {modules}: install tests/requirements.txt and name that Python in TRAILBOOK_TEST_PYTHON",
        python.display()
    ));
    None
}

/// Tells that a test is skipped, and fails where that is not allowed.
pub(crate) fn skip(reason: &str) {
    assert!(std::env::var_os("TRAILBOOK_REQUIRE_ALL").is_none(), "not to be skipped: {reason}");
    eprintln!("skipped: {reason}");
}
