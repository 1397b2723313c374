//! The kernel behind its specification, as Jupyter's own client sees it.

use std::process::Command;

use crate::support::{Cell, error, folder, kernel, outputs, python, root, text, turn, write_notebook};

#[test]
fn nbclient_sees_a_failure_and_runs_nothing_after_it() {
    let Some(python) = python("nbclient") else { return };
    let _turn = turn();
    let folder = folder("client");
    let prefix = folder.join("prefix");
    let install = kernel(&["install", "--prefix", prefix.to_str().unwrap()]);
    assert!(install.status.success(), "{}", text(&install.stderr));

    let (notebook, executed) = (folder.join("notebook.ipynb"), folder.join("executed.ipynb"));
    let expected = &["raises-exception"];
    write_notebook(
        &notebook,
        &[
            Cell::Code("let a: i32 = 40;", &[]),
            Cell::Code("println!(\"line\");\na + 2", &[]),
            Cell::Code("panic!(\"boom\")", expected),
            Cell::Code("std::process::exit(3)", expected),
            Cell::Code("std::process::abort()", expected),
            Cell::Code("let a: i32 = \"text\";", expected),
            Cell::Code("std::fs::read(\"/no/such/file\")?;", &[]),
            Cell::Code("std::fs::write(\"reported\", \"\").unwrap();", &[]),
        ],
    );
    let run = Command::new(python)
        .arg(root().join("tests/notebooks/client.py"))
        .args([&notebook, &executed])
        .current_dir(&folder)
        .env("JUPYTER_PATH", prefix.join("share/jupyter"))
        .output()
        .expect("Python runs");
    assert_eq!(run.status.code(), Some(1), "{}{}", text(&run.stdout), text(&run.stderr));
    assert!(!folder.join("reported").exists());

    let outputs = outputs(&executed);
    let result = outputs[1].last().unwrap();
    assert_eq!(result["output_type"], "execute_result");
    assert_eq!(result["data"]["text/plain"][0], "42");
    let errors: Vec<_> = outputs.iter().map(|cell| error(cell).unwrap_or("-")).collect();
    assert_eq!(errors, ["-", "-", "Panic", "ProcessEnded", "ProcessEnded", "CompileError", "Error", "-"]);
    assert!(outputs[0].is_empty(), "what was shown while the library loaded is cleared: {:?}", outputs[0]);
}
