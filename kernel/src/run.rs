//! Running a notebook without a front end.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use nbformat::v4::{Cell, Notebook};
use tokio::sync::mpsc::unbounded_channel;

use crate::library::Library;
use crate::notebook::{self, Outputs, has_tag};
use crate::session::{self, Event, Failure, Outcome, Session};
use crate::workspace::Workspace;
use crate::{parameters, report};

/// What to run, with what, and where the results go.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) notebook: PathBuf,
    pub(crate) parameters: Vec<(String, String)>,
    /// Where to write the executed notebook.
    pub(crate) output: Option<PathBuf>,
    /// Where to write the report.
    pub(crate) report: Option<PathBuf>,
    /// Templates that replace the report's own.
    pub(crate) templates: Option<PathBuf>,
}

/// A step that failed, and ended the run.
struct Failed {
    cell: usize,
    title: String,
    failure: Failure,
}

/// Runs the job; false when a step failed.
///
/// The executed notebook and the report are written in any case: what was found
/// up to the failure is evidence.
///
/// # Errors
///
/// The run could not begin, or its results could not be written.
pub(crate) fn run(workspace: Workspace, job: &Job) -> Result<bool> {
    let mut notebook = notebook::read(&job.notebook)?;
    parameters::inject(&mut notebook, &job.parameters)
        .with_context(|| format!("{} cannot be run", job.notebook.display()))?;
    // Before anything else, so that it is said at once.
    Library::open(&workspace)?;
    session::enter(&workspace)?;

    let output = job.output.as_deref().map(std::path::absolute).transpose()?;
    let report = job.report.as_deref().map(std::path::absolute).transpose()?;
    let templates = job.templates.as_deref().map(std::path::absolute).transpose()?;
    let folder = std::path::absolute(&job.notebook)?;
    if let Some(folder) = folder.parent() {
        // As in Jupyter, paths in a notebook are relative to it.
        std::env::set_current_dir(folder)?;
    }
    let session = Session::start(workspace)?;
    let failed = execute(&session, &mut notebook);
    session.close();

    let text = notebook::to_text(&notebook)?;
    if let Some(path) = &output {
        notebook::write(path, &text)?;
    }
    if let Some(path) = &report {
        notebook::write(path, &report::html(&text, &notebook::name(&job.notebook), templates.as_deref())?)?;
        eprintln!("The report is {}.", job.report.as_deref().unwrap_or(path).display());
    }
    if let Some(failed) = &failed {
        complain(failed, &job.notebook);
    }
    Ok(failed.is_none())
}

/// Executes the cells in order, up to the first that fails.
fn execute(session: &Session, notebook: &mut Notebook) -> Option<Failed> {
    let titles = notebook::titles(notebook);
    for cell in &mut notebook.cells {
        if let Cell::Code { outputs, execution_count, .. } = cell {
            outputs.clear();
            *execution_count = None;
        }
    }
    let cells: Vec<usize> =
        (0..notebook.cells.len()).filter(|&index| is_run(&notebook.cells[index])).collect();
    let start = Instant::now();
    for (done, &index) in cells.iter().enumerate() {
        let (number, total) = (done + 1, cells.len());
        let cell = &mut notebook.cells[index];
        let code = notebook::source(cell);
        let name = if parameters::is_parameters(cell) { "Parameters" } else { &titles[index] };
        let Cell::Code { metadata, outputs, execution_count, .. } = cell else {
            continue;
        };
        eprint!("[{number:>width$}/{total}] {name} ", width = total.to_string().len());
        let _ = std::io::stderr().flush();

        let (outcome, gathered) = execute_cell(session, code);
        let seconds = outcome.elapsed.as_secs_f64();
        let (results, failure) = gathered.conclude(number, outcome);
        *outputs = results;
        *execution_count = i32::try_from(number).ok();
        match failure {
            None => eprintln!("{seconds:.1} s"),
            Some(_) if has_tag(metadata, "raises-exception") => {
                eprintln!("{seconds:.1} s, failed as expected")
            }
            Some(failure) => {
                eprintln!("failed after {seconds:.1} s");
                return Some(Failed { cell: index + 1, title: titles[index].clone(), failure });
            }
        }
    }
    eprintln!("All {} cells ran in {:.1} s.", cells.len(), start.elapsed().as_secs_f64());
    None
}

fn is_run(cell: &Cell) -> bool {
    matches!(cell, Cell::Code { .. })
        && !has_tag(cell.metadata(), "skip-execution")
        && !notebook::source(cell).trim().is_empty()
}

fn execute_cell(session: &Session, code: String) -> (Outcome, Outputs) {
    let (events, mut received) = unbounded_channel();
    session.execute(code, events);
    let mut outputs = Outputs::default();
    while let Some(event) = received.blocking_recv() {
        if let Event::Loading = event {
            eprint!("(loading the library) ");
            let _ = std::io::stderr().flush();
        }
        if let Some(outcome) = outputs.add(event) {
            return (outcome, outputs);
        }
    }
    (Outcome::lost(), outputs)
}

fn complain(failed: &Failed, notebook: &Path) {
    let step = if failed.title.is_empty() { String::new() } else { format!("step “{}”, ", failed.title) };
    eprintln!();
    for line in &failed.failure.traceback {
        eprintln!("{line}");
    }
    eprintln!();
    eprintln!("{}: {step}cell {} failed; nothing after it was run.", notebook.display(), failed.cell);
}
