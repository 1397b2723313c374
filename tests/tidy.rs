//! What a reviewer would otherwise have to look for.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = walkdir::WalkDir::new(root().join(folder))
        .into_iter()
        .filter_entry(|entry| {
            !matches!(entry.file_name().to_str(), Some("target" | ".git" | ".ipynb_checkpoints"))
        })
        .map(|entry| entry.expect("an entry").into_path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no .{extension} in {folder}");
    files
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn runbooks_have_parameters_and_no_outputs() {
    for path in files("runbooks", "ipynb") {
        let name = path.display();
        let text = read(&path);
        let notebook: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let cells = notebook["cells"].as_array().expect("cells");
        let code: Vec<_> = cells.iter().filter(|cell| cell["cell_type"] == "code").collect();
        let tagged = |cell: &serde_json::Value| {
            cell["metadata"]["tags"].as_array().is_some_and(|tags| tags.iter().any(|tag| tag == "parameters"))
        };
        assert_eq!(code.iter().filter(|cell| tagged(cell)).count(), 1, "{name}: one cell of parameters");
        for cell in &code {
            assert_eq!(cell["outputs"].as_array().map(Vec::len), Some(0), "{name}: a cell has outputs");
            assert!(cell["execution_count"].is_null(), "{name}: a cell has an execution count");
            let lines = cell["source"].as_array().map_or(0, Vec::len);
            assert!(tagged(cell) || lines <= 3, "{name}: a cell of {lines} lines; a step is one to three");
        }
        assert_eq!(notebook["metadata"]["kernelspec"]["name"], "trailbook", "{name}");
        assert!(
            text.starts_with("{\n \"cells\": [\n") && text.ends_with("}\n"),
            "{name}: not as nbformat writes it"
        );
    }
}

#[test]
fn links_in_documents_lead_somewhere() {
    for path in files(".", "md") {
        let text = read(&path);
        for (at, _) in text.match_indices("](") {
            let target = text[at + 2..].split(')').next().unwrap_or_default();
            if target.contains("://") || target.starts_with('#') {
                continue;
            }
            let file = path.parent().expect("a folder").join(target.split('#').next().unwrap_or_default());
            assert!(file.exists(), "{}: the link to {target} leads nowhere", path.display());
        }
    }
}

#[test]
fn nothing_tells_of_a_machine() {
    let ours = [
        files("src", "rs"),
        files("kernel", "rs"),
        files("tests", "rs"),
        files("runbooks", "ipynb"),
        files(".", "md"),
    ];
    for path in ours.concat() {
        let text = read(&path);
        for prefix in ["/home/", "/root/", "/work/"] {
            // Split so that this file does not contain them.
            let found = text.lines().find(|line| line.contains(prefix) && !line.contains("for prefix in"));
            assert_eq!(found, None, "{}: an absolute path of a machine", path.display());
        }
    }
}
