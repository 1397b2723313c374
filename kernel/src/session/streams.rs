//! What a cell prints, line by line while it runs.

use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, never, select, unbounded};
use evcxr::EvalContextOutputs;
use tokio::sync::mpsc::UnboundedSender;

use super::Event;

/// How long a line of stderr is held back: if the cell fails right after it, it is the error's message.
const HOLD: Duration = Duration::from_millis(100);
/// How many lines are held back at most.
const HELD: usize = 20;
/// How long stderr must be silent before a failed cell's message is taken to be complete.
const SETTLE: Duration = Duration::from_millis(100);

/// What was left on stderr when a cell ended.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tail {
    /// The last lines, not yet forwarded.
    pub(super) held: Vec<String>,
    /// The panic that was reported, if any.
    pub(super) panic: Option<Panic>,
}

/// A panic, as the standard library reports it on stderr.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Panic {
    pub(super) message: String,
    /// `file:line:column`.
    pub(super) location: String,
}

enum Request {
    /// From here on, lines belong to this cell.
    Begin(UnboundedSender<Event>),
    /// The cell is over: forward all of stdout and answer with the rest of stderr.
    End { failed: bool, reply: Sender<Tail> },
}

/// Forwards the lines of the current cell from a thread of its own.
pub(super) struct Streams(Sender<Request>);

impl Streams {
    pub(super) fn new(outputs: EvalContextOutputs) -> Self {
        let (sender, requests) = unbounded();
        std::thread::spawn(move || forward(outputs, &requests));
        Streams(sender)
    }

    pub(super) fn begin(&self, events: UnboundedSender<Event>) {
        let _ = self.0.send(Request::Begin(events));
    }

    /// Waits until everything the cell printed is forwarded or in the tail.
    pub(super) fn end(&self, failed: bool) -> Tail {
        let (reply, tail) = unbounded();
        let _ = self.0.send(Request::End { failed, reply });
        tail.recv().unwrap_or_default()
    }
}

fn forward(outputs: EvalContextOutputs, requests: &Receiver<Request>) {
    let EvalContextOutputs { mut stdout, mut stderr } = outputs;
    let mut events: Option<UnboundedSender<Event>> = None;
    let mut errors = Errors::default();
    let send = |events: &Option<UnboundedSender<Event>>, event| {
        if let Some(events) = events {
            let _ = events.send(event);
        }
    };
    loop {
        select! {
            recv(stdout) -> line => match line {
                Ok(line) => send(&events, Event::Stdout(line + "\n")),
                Err(_) => stdout = never(),
            },
            recv(stderr) -> line => match line {
                Ok(line) => {
                    errors.push(line);
                    errors.release(HELD, |line| send(&events, Event::Stderr(line)));
                }
                Err(_) => stderr = never(),
            },
            recv(requests) -> request => match request {
                Ok(Request::Begin(next)) => {
                    // Whatever a thread printed between two cells shows in the next one.
                    events = Some(next);
                }
                Ok(Request::End { failed, reply }) => {
                    for line in stdout.try_iter() {
                        send(&events, Event::Stdout(line + "\n"));
                    }
                    let mut patience = if failed { SETTLE } else { Duration::ZERO };
                    while let Ok(line) = stderr.recv_timeout(patience) {
                        errors.push(line);
                        if !failed {
                            patience = Duration::ZERO;
                        }
                    }
                    if !failed {
                        errors.release(0, |line| send(&events, Event::Stderr(line)));
                    }
                    let _ = reply.send(errors.take());
                }
                Err(_) => return,
            },
            default(HOLD) => {}
        }
        // By the clock and not by what is printed meanwhile: the two pipes keep no common order.
        if errors.last.is_some_and(|last| last.elapsed() >= HOLD) {
            errors.release(0, |line| send(&events, Event::Stderr(line)));
        }
    }
}

/// Lines of stderr, with the reports of panics taken out.
#[derive(Default)]
struct Errors {
    held: Vec<String>,
    /// When the last line came.
    last: Option<Instant>,
    panic: Option<Panic>,
    state: State,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Lines,
    Message,
    Backtrace,
}

impl Errors {
    fn push(&mut self, line: String) {
        self.last = Some(Instant::now());
        match self.state {
            State::Lines => match panic_location(&line) {
                Some(location) => {
                    // The report begins with an empty line.
                    if self.held.last().is_some_and(String::is_empty) {
                        self.held.pop();
                    }
                    self.panic = Some(Panic { message: String::new(), location: location.to_owned() });
                    self.state = State::Message;
                }
                None => self.held.push(line),
            },
            State::Message if line == "stack backtrace:" => self.state = State::Backtrace,
            State::Message if line.starts_with("note: run with `RUST_BACKTRACE") => self.state = State::Lines,
            State::Message => {
                if let Some(panic) = &mut self.panic {
                    if !panic.message.is_empty() {
                        panic.message.push('\n');
                    }
                    panic.message.push_str(&line);
                }
            }
            State::Backtrace => {
                if !line.starts_with(char::is_whitespace) {
                    self.state = State::Lines;
                    if !line.starts_with("note: ") {
                        self.push(line);
                    }
                }
            }
        }
    }

    /// Gives up all held lines but the last few.
    fn release(&mut self, keep: usize, mut give: impl FnMut(String)) {
        let surplus = self.held.len().saturating_sub(keep);
        self.held.drain(..surplus).for_each(|line| give(line + "\n"));
    }

    fn take(&mut self) -> Tail {
        self.state = State::Lines;
        Tail { held: std::mem::take(&mut self.held), panic: self.panic.take() }
    }
}

/// `thread 'main' (123) panicked at src/lib.rs:1:2:` names the place.
fn panic_location(line: &str) -> Option<&str> {
    let (_, place) = line.strip_prefix("thread '")?.split_once(" panicked at ")?;
    place.strip_suffix(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(stderr: &str, held: &[&str], panic: Option<(&str, &str)>) {
        let mut errors = Errors::default();
        for line in stderr.lines() {
            errors.push(line.to_owned());
        }
        let panic =
            panic.map(|(message, location)| Panic { message: message.into(), location: location.into() });
        assert_eq!(errors.take(), Tail { held: held.iter().map(|line| (*line).to_owned()).collect(), panic });
    }

    #[test]
    fn a_panic_is_its_message_and_its_place() {
        check(
            "reading\n\nthread 'main' (7) panicked at src/lib.rs:9:1:\none\ntwo\nstack backtrace:\n   0: std::x\n             at /rustc/y\nnote: Some details are omitted, run with `RUST_BACKTRACE=full`\nafter",
            &["reading", "after"],
            Some(("one\ntwo", "src/lib.rs:9:1")),
        );
    }

    #[test]
    fn anything_else_is_left_as_it_is() {
        check("thread safety\n\n  indented", &["thread safety", "", "  indented"], None);
    }
}
