//! A running notebook: evcxr's context on a thread of its own.
//!
//! The kernel and the headless runner share this. Cells are executed one after
//! the other; what they print is sent on as it comes; and a cell that did not
//! run to its end has failed, whatever evcxr says.

mod cell;
mod failure;
mod folder;
mod streams;

use std::env;
use std::os::unix::process::CommandExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use evcxr::{CommandContext, EvalOutputs};
use serde_json::{Map, Value};
use tokio::sync::mpsc::UnboundedSender;

pub(crate) use self::failure::Failure;

use self::cell::{Prepared, SENTINEL};
use self::streams::Streams;
use crate::library::Library;
use crate::workspace::Workspace;

/// What happens while a cell runs. `Done` is the last.
#[derive(Debug)]
pub(crate) enum Event {
    /// The library is still being loaded; the cell waits.
    Loading,
    /// The library is loaded, and the cell that waited begins.
    Loaded,
    Stdout(String),
    Stderr(String),
    Done(Outcome),
}

/// What came of a cell.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The displayed value, by MIME type; empty when there is none.
    pub(crate) data: Map<String, Value>,
    pub(crate) failure: Option<Failure>,
    pub(crate) elapsed: Duration,
}

impl Outcome {
    /// The session's thread is gone, and the cell with it.
    pub(crate) fn lost() -> Self {
        Outcome { data: Map::new(), failure: Some(Failure::broken()), elapsed: Duration::ZERO }
    }
}

#[cfg(target_os = "macos")]
const LIBRARY_PATH: &str = "DYLD_LIBRARY_PATH";
#[cfg(not(target_os = "macos"))]
const LIBRARY_PATH: &str = "LD_LIBRARY_PATH";

/// A handle to the context's thread.
pub(crate) struct Session {
    cells: mpsc::Sender<Cell>,
    shared: Arc<Shared>,
}

struct Cell {
    number: u64,
    code: String,
    events: UnboundedSender<Event>,
}

#[derive(Default)]
struct Shared {
    /// The library is loaded.
    ready: AtomicBool,
    /// Cells handed in so far.
    submitted: AtomicU64,
    /// Cells up to this number are interrupted.
    interrupted: AtomicU64,
    /// The number of the running cell, or 0.
    running: AtomicU64,
    /// The process in which cells run.
    process: Mutex<Option<Arc<Mutex<Child>>>>,
}

/// Replaces this process by itself in the environment that evcxr and the cargo
/// below it read; returns when it is that environment.
///
/// # Errors
///
/// This program's own file is gone.
pub(crate) fn enter(workspace: &Workspace) -> Result<()> {
    if own_folder().is_some() {
        return Ok(());
    }
    let folder = folder::name(workspace);
    let mut command = Command::new(env::current_exe()?);
    command
        .args(env::args_os().skip(1))
        // evcxr asks for `-Cprefer-dynamic`, or for a linker that may be installed
        // meanwhile. This variable overrules the one that evcxr sets.
        .env("CARGO_ENCODED_RUSTFLAGS", "")
        .env("EVCXR_CONFIG_DIR", &folder)
        .env("EVCXR_TMPDIR", &folder);
    // Paths that the compiler wrote into a cell are off by one, because evcxr moves what it
    // built, and those in the library too, because sessions do not lie as deep as its build.
    let mut libraries = vec![folder.join(folder::SHARED_OBJECT)];
    if let Some(library) = Library::last(workspace) {
        // Whatever Rust the notebook's folder would select.
        let toolchain = &library.stamp.toolchain;
        let mut path = vec![toolchain.join("bin")];
        path.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
        command.env("PATH", env::join_paths(path)?).env("RUSTUP_TOOLCHAIN", toolchain);
        libraries.push(toolchain.join("lib/rustlib").join(&library.stamp.triple).join("lib"));
    }
    libraries.extend(env::split_paths(&env::var_os(LIBRARY_PATH).unwrap_or_default()));
    command.env(LIBRARY_PATH, env::join_paths(libraries)?);
    Err(command.exec()).context("the kernel cannot start itself")
}

/// The libraries of the sessions that are running.
pub(crate) fn libraries_in_use(workspace: &Workspace) -> Vec<PathBuf> {
    folder::libraries_in_use(&workspace.sessions())
}

/// The folder of this process's session, if its environment is prepared.
fn own_folder() -> Option<PathBuf> {
    let folder = PathBuf::from(env::var_os("EVCXR_TMPDIR")?);
    let (process, _) = folder.file_name()?.to_str()?.split_once('-')?;
    (process.parse() == Ok(std::process::id())).then_some(folder)
}

impl Session {
    /// Starts to load the library in the background.
    ///
    /// # Errors
    ///
    /// [`enter`] has not prepared the environment, or no thread can be started.
    pub(crate) fn start(workspace: Workspace) -> Result<Self> {
        let folder = own_folder().context("the environment of a session is not prepared")?;
        let shared = Arc::new(Shared::default());
        let (cells, queue) = mpsc::channel();
        thread::Builder::new()
            .name("session".into())
            // rust-analyzer recurses deeply.
            .stack_size(64 << 20)
            .spawn({
                let shared = shared.clone();
                move || serve(&workspace, &folder, &shared, &queue)
            })?;
        Ok(Session { cells, shared })
    }

    /// Hands in a cell; its events arrive at `events`.
    pub(crate) fn execute(&self, code: String, events: UnboundedSender<Event>) {
        let number = self.shared.submitted.fetch_add(1, Ordering::SeqCst) + 1;
        if !self.shared.ready.load(Ordering::SeqCst) {
            let _ = events.send(Event::Loading);
        }
        let _ = self.cells.send(Cell { number, code, events });
    }

    /// Stops the running cell and those handed in, at the price of all variables.
    pub(crate) fn interrupt(&self) {
        let submitted = self.shared.submitted.load(Ordering::SeqCst);
        self.shared.interrupted.store(submitted, Ordering::SeqCst);
        if self.shared.running.load(Ordering::SeqCst) != 0 {
            self.shared.kill();
        }
    }

    /// Ends the process in which cells run, and removes the session's folder.
    pub(crate) fn close(&self) {
        self.shared.kill();
        if let Some(folder) = own_folder() {
            folder::remove(&folder);
        }
    }
}

impl Shared {
    fn kill(&self) {
        let process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(process) = &*process {
            // An error means that it has ended already.
            let _ = process.lock().unwrap_or_else(PoisonError::into_inner).kill();
        }
    }
}

fn serve(workspace: &Workspace, folder: &Path, shared: &Shared, queue: &mpsc::Receiver<Cell>) {
    folder::remove_stale(&workspace.sessions());
    let mut context = Loaded::new(workspace, folder, shared);
    for Cell { number, code, events } in queue {
        if context.is_err() {
            // Perhaps someone has prepared the library meanwhile.
            context = Loaded::new(workspace, folder, shared);
        }
        let _ = events.send(Event::Loaded);
        let start = Instant::now();
        let (data, failure) = match &mut context {
            Err(error) => (Map::new(), Some(Failure::new("NotReady", format!("{error:#}")))),
            Ok(_) if shared.interrupted.load(Ordering::SeqCst) >= number => {
                (Map::new(), Some(Failure::skipped()))
            }
            Ok(loaded) => loaded.execute(&code, &events, number, shared),
        };
        let _ = events.send(Event::Done(Outcome { data, failure, elapsed: start.elapsed() }));
    }
}

/// evcxr's context with the library in it.
struct Loaded {
    context: CommandContext,
    streams: Streams,
    broken: bool,
}

impl Loaded {
    fn new(workspace: &Workspace, folder: &Path, shared: &Shared) -> Result<Self> {
        let library = Library::open(workspace)?;
        folder::create(&library, folder)?;
        let (context, outputs) =
            CommandContext::new().map_err(|error| anyhow!("evcxr does not start: {error}"))?;
        *shared.process.lock().unwrap_or_else(PoisonError::into_inner) = Some(context.process_handle());
        let mut loaded = Loaded { context, streams: Streams::new(outputs), broken: false };
        // The variable is for rust-analyzer: its first inference of a type takes
        // seconds, and it is better done before someone waits for it.
        let dependency = library.dependency();
        let load = format!(":dep {dependency}\nuse trailbook::prelude::*;\nlet {SENTINEL}: () = ();");
        if let Err(error) = loaded.context.execute(&load) {
            let printed = loaded.streams.end(true).held.join("; ");
            return Err(anyhow!("{printed}")).context(error).context("the library does not load");
        }
        shared.ready.store(true, Ordering::SeqCst);
        Ok(loaded)
    }

    fn execute(
        &mut self,
        code: &str,
        events: &UnboundedSender<Event>,
        number: u64,
        shared: &Shared,
    ) -> (Map<String, Value>, Option<Failure>) {
        if self.broken {
            return (Map::new(), Some(Failure::broken()));
        }
        let prepared = Prepared::new(code);
        self.streams.begin(events.clone());
        shared.running.store(number, Ordering::SeqCst);
        let result = catch_unwind(AssertUnwindSafe(|| self.context.execute(&prepared.code)));
        shared.running.store(0, Ordering::SeqCst);
        let interrupted = shared.interrupted.load(Ordering::SeqCst) >= number;
        let complete =
            matches!(result, Ok(Ok(_))) && (prepared.sentinel_line.is_none() || self.ran_to_its_end());
        let tail = self.streams.end(!complete);
        match result {
            Err(_) => {
                self.broken = true;
                (Map::new(), Some(Failure::broken()))
            }
            Ok(result) if interrupted => {
                if !matches!(result, Err(evcxr::Error::SubprocessTerminated(_))) {
                    // The process was killed while nothing ran in it: evcxr is yet to notice.
                    let _ = self.context.execute(&format!("let {SENTINEL}: () = ();"));
                }
                (Map::new(), Some(Failure::interrupted()))
            }
            Ok(Err(error)) => (Map::new(), Some(Failure::reported(error, &prepared, tail))),
            Ok(Ok(outputs)) => {
                let failure = (!complete).then(|| Failure::unfinished(tail));
                (display(outputs), failure)
            }
        }
    }

    fn ran_to_its_end(&self) -> bool {
        self.context.variables_and_types().any(|(name, _)| name == SENTINEL)
    }
}

/// The displayed value; JSON as JSON, anything else as text. A unit is no value.
fn display(mut outputs: EvalOutputs) -> Map<String, Value> {
    if outputs.content_by_mime_type.get("text/plain").is_some_and(|text| text == "()") {
        outputs.content_by_mime_type.remove("text/plain");
    }
    let value =
        |mime: &str, content: String| match mime.contains("json").then(|| serde_json::from_str(&content)) {
            Some(Ok(value)) => value,
            _ => Value::String(content),
        };
    let mut data: Vec<(String, Value)> = outputs
        .content_by_mime_type
        .into_iter()
        .map(|(mime, content)| {
            let value = value(&mime, content);
            (mime, value)
        })
        .collect();
    data.sort_by(|a, b| a.0.cmp(&b.0));
    data.into_iter().collect()
}
