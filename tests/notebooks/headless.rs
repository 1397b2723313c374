//! `trailbook-kernel run`.

use crate::support::{Cell, error, folder, kernel, outputs, root, text, turn, write_notebook};

const EXPECTED: &[&str] = &["raises-exception"];

#[test]
fn parameters_outputs_and_every_kind_of_failure() {
    let _turn = turn();
    let folder = folder("headless");
    let (notebook, executed) = (folder.join("all.ipynb"), folder.join("executed.ipynb"));
    write_notebook(
        &notebook,
        &[
            Cell::Code("let name: String = \"nobody\".into();\nlet count: u8 = 1;", &["parameters"]),
            Cell::Markdown("# Greeting"),
            Cell::Code("println!(\"hello {name}\");\neprintln!(\"progress\");\ncount", &[]),
            Cell::Code("panic!(\"not to be run\")", &["skip-execution"]),
            Cell::Code("let before: i32 = 7;\nstd::fs::read(\"/no/such/file\")?;", EXPECTED),
            Cell::Code("let before: i32 = 8;\npanic!(\"boom\")", EXPECTED),
            Cell::Code("let x: i32 = \"text\";", EXPECTED),
            Cell::Code("let y = undefined_function();", EXPECTED),
            Cell::Code("println!(\"still {name}\")", &[]),
            Cell::Code("std::process::exit(3)", EXPECTED),
            Cell::Code("std::process::abort()", EXPECTED),
            Cell::Code("println!(\"{name}\")", EXPECTED),
        ],
    );
    let run = kernel(&[
        "run",
        notebook.to_str().unwrap(),
        "-p",
        "name",
        "\"O'Neil\"",
        "-p",
        "count",
        "200",
        "-o",
        executed.to_str().unwrap(),
    ]);
    let log = text(&run.stderr);
    assert_eq!(run.status.code(), Some(0), "{log}");
    assert!(log.contains("Greeting"), "{log}");
    assert!(!log.contains("boom"), "a failure that is expected is no news: {log}");

    let outputs = outputs(&executed);
    // The parameters, those given, and the greeting.
    let stream =
        |name: &str| outputs[2].iter().find(|output| output["name"] == name).map(|output| &output["text"][0]);
    assert_eq!(stream("stdout").unwrap(), "hello \"O'Neil\"\n");
    assert_eq!(stream("stderr").unwrap(), "progress\n");
    assert_eq!(outputs[2].last().unwrap()["data"]["text/plain"][0], "200");
    let errors: Vec<_> = outputs.iter().skip(3).map(|cell| error(cell).unwrap_or("-")).collect();
    let expected = [
        "-",
        "Error",
        "Panic",
        "CompileError",
        "CompileError",
        "-",
        "ProcessEnded",
        "ProcessEnded",
        "CompileError",
    ];
    assert_eq!(errors, expected);
    let evalue = |cell: usize| outputs[cell].last().unwrap()["evalue"].as_str().unwrap().to_owned();
    assert!(evalue(4).contains("No such file or directory"), "{}", evalue(4));
    assert_eq!(evalue(5), "boom");
    assert_eq!(outputs[8][0]["text"][0], "still \"O'Neil\"\n", "variables survive a panic");
    assert!(evalue(9).contains("exit status: 3"), "{}", evalue(9));
}

#[test]
fn a_run_stops_at_the_first_failure_and_names_the_step() {
    let _turn = turn();
    let folder = folder("stops");
    let (notebook, executed) = (folder.join("stops.ipynb"), folder.join("executed.ipynb"));
    write_notebook(
        &notebook,
        &[
            Cell::Markdown("# Set-up"),
            Cell::Code("let a: i32 = 1;", &[]),
            Cell::Markdown("## Console logins\nWho?"),
            Cell::Code("println!(\"before\");\nstd::fs::read_to_string(\"/no/such/file\")?;", &[]),
            Cell::Markdown("## Report"),
            Cell::Code("std::fs::write(\"reported\", \"\").unwrap();", &[]),
        ],
    );
    let run = kernel(&["run", notebook.to_str().unwrap(), "-o", executed.to_str().unwrap()]);
    let log = text(&run.stderr);
    assert_eq!(run.status.code(), Some(1), "{log}");
    assert!(log.contains("step “Console logins”, cell 4 failed; nothing after it was run"), "{log}");
    assert!(log.contains("No such file or directory"), "{log}");
    assert!(!folder.join("reported").exists());
    let outputs = outputs(&executed);
    assert_eq!(outputs[1][0]["text"][0], "before\n");
    assert_eq!(error(&outputs[1]), Some("Error"));
    assert!(outputs[2].is_empty());
}

#[test]
fn what_cannot_begin_exits_with_2() {
    let folder = folder("refused");
    let notebook = folder.join("refused.ipynb");
    write_notebook(&notebook, &[Cell::Code("let source: String = String::new();", &["parameters"])]);
    let check = |arguments: &[&str], message: &str| {
        let run = kernel(&[&["run"], arguments].concat());
        let log = text(&run.stderr);
        assert_eq!(run.status.code(), Some(2), "{log}");
        assert!(log.contains(message), "{log}");
        assert_eq!(log.trim().lines().count(), 1, "one sentence: {log}");
    };
    let path = notebook.to_str().unwrap();
    check(&["no-such.ipynb"], "no-such.ipynb cannot be read");
    check(&[path, "-p", "form", "1"], "has no parameter `form`; it has: source");
    let other = root().join("Cargo.toml");
    check(&[other.to_str().unwrap()], "is not a notebook");
}
