//! Running a notebook without a front end.

use std::io::Write;
use std::path::{Path, PathBuf, absolute};
use std::time::Instant;

use anyhow::{Context, Result};
use nbformat::v4::{Cell, Notebook};
use tokio::sync::mpsc::unbounded_channel;

use crate::library::Library;
use crate::notebook::{self, Outputs, has_tag};
use crate::report::request::{self, Place};
use crate::report::{self, Document, Report};
use crate::session::{self, Event, Failure, Outcome, Session};
use crate::workspace::Workspace;
use crate::{next, parameters};

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

    let path = absolute(&job.notebook)?;
    let output = job.output.as_deref().map(absolute).transpose()?;
    let report = job.report.as_deref().map(absolute).transpose()?;
    let reports = Reports {
        place: match &report {
            Some(path) => Place::File(path.clone()),
            None => Place::Beside(output.clone().unwrap_or_else(|| path.clone())),
        },
        templates: report::templates(job.templates.as_deref().map(absolute).transpose()?),
        name: notebook::name(&path),
    };
    if let Some(folder) = path.parent() {
        // As in Jupyter, paths in a notebook are relative to it.
        std::env::set_current_dir(folder)?;
    }
    let session = Session::start(workspace)?;
    let failed = execute(&session, &mut notebook, &reports);
    session.close();

    let document = reports.document(&notebook, output.is_some())?;
    if let Some(path) = &output {
        notebook::write(path, &document.text)?;
    }
    if let Some(path) = &report {
        let made = Report::of(&document, reports.templates.as_deref())?;
        made.write(path)?;
        eprintln!("{}: {}", made.status(), job.report.as_deref().unwrap_or(path).display());
    }
    let steps = next::commands(&document.text, &path, &job.notebook, &job.parameters);
    if !steps.is_empty() {
        eprintln!("\nNext, by the rows of the answers:\n{}", steps.join("\n"));
    }
    if let Some(failed) = &failed {
        complain(failed, &job.notebook);
    }
    Ok(failed.is_none())
}

/// The reports of a run: those that its cells ask for, and the one at its end.
struct Reports {
    place: Place,
    templates: Option<PathBuf>,
    /// What they call the notebook.
    name: String,
}

impl Reports {
    fn document(&self, notebook: &Notebook, is_file: bool) -> Result<Document> {
        let text = notebook::to_text(notebook)?;
        Ok(Document { text, name: self.name.clone(), is_file, record: None })
    }
}

/// Executes the cells in order, up to the first that fails.
fn execute(session: &Session, notebook: &mut Notebook, reports: &Reports) -> Option<Failed> {
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
        if let Cell::Code { execution_count, .. } = cell {
            *execution_count = i32::try_from(number).ok();
        }
        eprint!("[{number:>width$}/{total}] {name} ", width = total.to_string().len());
        let _ = std::io::stderr().flush();

        let (mut outcome, gathered) = execute_cell(session, code);
        let seconds = outcome.elapsed.as_secs_f64();
        let document = || reports.document(notebook, false);
        request::fulfil(&mut outcome, &reports.place, reports.templates.as_deref(), document);
        let Cell::Code { metadata, outputs, .. } = &mut notebook.cells[index] else {
            continue;
        };
        *outputs = gathered.conclude(number, &outcome);
        match outcome.failure {
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
