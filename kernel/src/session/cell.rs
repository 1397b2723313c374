//! The text of a cell: where its Rust begins, and how it is told that it ran to its end.
//!
//! evcxr reports a cell that panics or returns early with `?` as a success. It
//! does forget the variables such a cell defined, though. So every cell defines
//! one more, and its absence afterwards tells of the failure, at no cost.

/// The variable that a cell defines first, and that only a completed cell keeps.
pub(crate) const SENTINEL: &str = "trailbook_cell_ok";

/// A cell as evcxr gets it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Prepared {
    pub(super) code: String,
    /// The 1-based line that the sentinel takes, or none where there is no Rust to run.
    pub(super) sentinel_line: Option<usize>,
}

impl Prepared {
    pub(super) fn new(code: &str) -> Self {
        let mut lines: Vec<&str> =
            code.lines().map(|line| if loads_library(line) { "" } else { line }).collect();
        let first = lines.iter().position(|line| !is_leading(line));
        let sentinel = format!("let {SENTINEL}: () = ();");
        if let Some(first) = first {
            lines.insert(first, &sentinel);
        }
        Prepared { code: lines.join("\n"), sentinel_line: first.map(|line| line + 1) }
    }

    /// The line of the original cell for a line of the prepared one.
    pub(super) fn original_line(&self, line: usize) -> usize {
        match self.sentinel_line {
            Some(sentinel) if line > sentinel => line - 1,
            _ => line,
        }
    }
}

/// Commands, shell lines and comments come before Rust, as evcxr reads a cell;
/// crate attributes have to stay in front of any statement.
fn is_leading(line: &str) -> bool {
    line.starts_with('!')
        || line.starts_with("//")
        || line.starts_with("#![")
        || line.trim_start_matches(' ').starts_with(':')
        || line.trim().is_empty()
}

/// Runbooks name the library for the stock evcxr kernel; here it is loaded
/// already, and to resolve it again takes a second.
fn loads_library(line: &str) -> bool {
    let mut words = line.split_whitespace();
    words.next() == Some(":dep") && words.next() == Some("trailbook")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(code: &str, prepared: &str, sentinel_line: Option<usize>) {
        let expected =
            Prepared { code: prepared.replace("OK", "let trailbook_cell_ok: () = ();"), sentinel_line };
        assert_eq!(Prepared::new(code), expected);
    }

    #[test]
    fn the_sentinel_stands_before_the_first_line_of_rust() {
        check("let a = 1;\na", "OK\nlet a = 1;\na", Some(1));
        check("// why\n\n:vars\nlet a = 1;", "// why\n\n:vars\nOK\nlet a = 1;", Some(4));
        check("#![allow(unused)]\nlet a = 1;", "#![allow(unused)]\nOK\nlet a = 1;", Some(2));
        check(
            "    // indented comments are Rust to evcxr\n1",
            "OK\n    // indented comments are Rust to evcxr\n1",
            Some(1),
        );
        check("let s = \"\n:vars\n\";", "OK\nlet s = \"\n:vars\n\";", Some(1));
    }

    #[test]
    fn a_cell_without_rust_gets_none() {
        check("", "", None);
        check("// nothing\n", "// nothing", None);
        check(":help", ":help", None);
        check("!ls", "!ls", None);
    }

    #[test]
    fn the_library_is_not_loaded_twice() {
        check(":dep trailbook = { path = \"..\" }\nlet a = 1;", "\nOK\nlet a = 1;", Some(2));
        check(":dep trailbook-other = \"1\"\n1", ":dep trailbook-other = \"1\"\nOK\n1", Some(2));
    }

    #[test]
    fn lines_are_those_of_the_original() {
        let prepared = Prepared::new("// why\nlet a = 1;\na");
        assert_eq!([1, 3, 4].map(|line| prepared.original_line(line)), [1, 2, 3]);
    }
}
