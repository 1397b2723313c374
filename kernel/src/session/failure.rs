//! Why a cell failed, as a notebook shows it.

use evcxr::{CompilationError, Error};

use super::cell::Prepared;
use super::streams::Tail;

/// The error of a cell, in the three parts that Jupyter's protocol has for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) name: String,
    pub(crate) message: String,
    /// What is shown: all of it, the message included.
    pub(crate) traceback: Vec<String>,
}

const LOST: &str = "Every variable of this notebook is lost: run it again from its first cell.";

impl Failure {
    pub(crate) fn new(name: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        Failure { name: name.into(), traceback: vec![format!("{name}: {message}")], message }
    }

    fn with(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        self.traceback.extend(lines);
        self
    }

    /// The user interrupted the cell, which takes its process.
    pub(super) fn interrupted() -> Self {
        Failure::new("Interrupted", format!("the cell was stopped. {LOST}"))
    }

    /// The cell was handed in before an interrupt, and never began.
    pub(super) fn skipped() -> Self {
        Failure::new("Interrupted", "the cell did not run")
    }

    /// evcxr itself panicked, and its state cannot be trusted any more.
    pub(super) fn broken() -> Self {
        Failure::new("KernelBroken", "the evaluation of Rust broke down: restart the kernel")
    }

    /// The cell returned early or panicked, and evcxr took it for a success.
    pub(super) fn unfinished(tail: Tail) -> Self {
        match tail.panic {
            Some(panic) => {
                // Places in the generated crate of the cell mean nothing to its author.
                let place =
                    (!panic.location.starts_with("src/lib.rs")).then(|| format!("  at {}", panic.location));
                Failure::new("Panic", panic.message).with(place).with(tail.held)
            }
            None if tail.held.is_empty() => {
                Failure::new("Error", "the cell returned early, with an error that printed nothing")
            }
            None => Failure::new("Error", tail.held.join("\n")),
        }
    }

    /// evcxr reported the failure.
    pub(super) fn reported(error: Error, prepared: &Prepared, tail: Tail) -> Self {
        match error {
            Error::CompilationErrors(errors) => compilation(&errors, prepared),
            Error::SubprocessTerminated(text) => terminated(&text, tail),
            Error::TypeRedefinedVariablesLost(variables) => Failure::new(
                "Error",
                format!("a type was redefined, and with it were lost: {}", variables.join(", ")),
            ),
            Error::Message(message) => Failure::new("Error", message.trim_end().to_owned()).with(tail.held),
        }
    }
}

/// The text ends with `Subprocess terminated with status: …` and begins with what was left on stdout.
fn terminated(text: &str, tail: Tail) -> Failure {
    let (printed, status) = text.rsplit_once("Subprocess terminated with status: ").unwrap_or(("", text));
    let mut lines: Vec<String> = printed.lines().map(str::to_owned).collect();
    lines.extend(tail.panic.map(|panic| panic.message));
    lines.extend(tail.held);
    Failure::new("ProcessEnded", format!("the cell ended its process ({}). {LOST}", status.trim()))
        .with(lines)
}

fn compilation(errors: &[CompilationError], prepared: &Prepared) -> Failure {
    let serious = errors.iter().filter(|error| error.level() == "error");
    let mut rendered = serious.map(|error| render(error, prepared)).peekable();
    let Some(first) = rendered.peek() else {
        let all: Vec<String> = errors.iter().map(CompilationError::message).collect();
        return Failure::new("CompileError", all.join("\n"));
    };
    let message = first[0].clone();
    Failure { name: "CompileError".into(), message, traceback: rendered.flatten().collect() }
}

/// A message of the compiler in its own manner, with the lines of the cell.
fn render(error: &CompilationError, prepared: &Prepared) -> Vec<String> {
    let code = error.code().map(|code| format!("[{code}]")).unwrap_or_default();
    let mut out = vec![format!("error{code}: {}", error.message())];
    for message in error.spanned_messages() {
        let Some(span) = message.span else { continue };
        let line = prepared.original_line(span.start_line);
        if message.is_primary {
            out.push(format!(" --> line {line}, column {}", span.start_column));
        }
        let Some(source) = message.lines.first() else {
            continue;
        };
        let end = if span.end_line == span.start_line { span.end_column } else { source.chars().count() + 1 };
        let width = end.saturating_sub(span.start_column).max(1);
        let mark = if message.is_primary { "^" } else { "-" };
        let number = line.to_string();
        out.push(format!("{number} | {source}"));
        out.push(format!(
            "{:pad$} | {:indent$}{} {}",
            "",
            "",
            mark.repeat(width),
            message.label,
            pad = number.len(),
            indent = span.start_column.saturating_sub(1),
        ));
    }
    out.extend(error.help().into_iter().map(|help| format!("help: {help}")));
    out.extend(error.evcxr_extra_hint().map(|hint| format!("note: {hint}")));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::streams::Panic;

    fn tail(held: &[&str], panic: Option<(&str, &str)>) -> Tail {
        Tail {
            held: held.iter().map(|line| (*line).to_owned()).collect(),
            panic: panic
                .map(|(message, location)| Panic { message: message.into(), location: location.into() }),
        }
    }

    #[test]
    fn an_early_return_is_the_error_it_printed() {
        let failure = Failure::unfinished(tail(&["no such folder: x"], None));
        assert_eq!(failure, Failure::new("Error", "no such folder: x"));
    }

    #[test]
    fn a_panic_names_its_place_unless_that_is_generated() {
        let generated = Failure::unfinished(tail(&[], Some(("boom", "src/lib.rs:3:1"))));
        assert_eq!(generated.traceback, ["Panic: boom"]);
        let library = Failure::unfinished(tail(&[], Some(("boom", "/t/src/logs/mod.rs:3:1"))));
        assert_eq!(library.traceback, ["Panic: boom", "  at /t/src/logs/mod.rs:3:1"]);
    }

    #[test]
    fn an_exit_tells_its_status_and_what_is_lost() {
        let failure =
            terminated("half a line\nSubprocess terminated with status: exit status: 3", Tail::default());
        assert!(failure.message.contains("(exit status: 3)"), "{failure:?}");
        assert!(failure.message.contains("run it again"), "{failure:?}");
        assert_eq!(failure.traceback[1], "half a line");
    }
}
