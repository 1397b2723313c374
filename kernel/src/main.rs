//! The Jupyter kernel of trailbook, and the commands around it.
//!
//! Notebook cells are evaluated by evcxr, which compiles each of them and loads
//! it into a process of its own: this program again, see `runtime_hook`.

mod artifacts;
mod facade;
mod install;
mod lab;
mod library;
mod media;
mod next;
mod notebook;
mod parameters;
mod prepare;
mod protocol;
mod python;
mod report;
mod run;
mod session;
mod transcript;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Args, Parser, Subcommand};

use crate::workspace::Workspace;

/// Incident-response runbooks in Jupyter.
#[derive(Parser)]
#[command(name = "trailbook-kernel", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Lab(LabArguments),
    Run(RunArguments),
    Report(ReportArguments),
    Prepare(PrepareArguments),
    Install(InstallArguments),
    #[command(hide = true)]
    Kernel(KernelArguments),
}

/// Open the runbooks in JupyterLab.
///
/// Installs JupyterLab in an environment of its own unless there is one, prepares
/// the notebooks' library, installs the kernel, and serves the runbooks on this
/// machine until Ctrl-C.
#[derive(Args)]
#[command(after_help = "Examples:
  cargo lab
  cargo lab --no-browser --port 9000
  cargo lab ~/cases/IR-2026-001

TRAILBOOK_PYTHON names a Python interpreter whose JupyterLab is to be used.")]
struct LabArguments {
    /// The folder to serve [default: the checkout's runbooks]
    folder: Option<PathBuf>,
    /// Do not open a browser; the address is printed
    #[arg(long)]
    no_browser: bool,
    /// The port to listen on [default: the first free one from 8888]
    #[arg(long)]
    port: Option<u16>,
}

/// Run a runbook from its first cell to its last.
///
/// Parameters are set as papermill sets them: the cell tagged `parameters`
/// declares them as `let name: Type = literal;`, and given values go into a cell
/// after it. The run stops at the first cell that fails, unless that is tagged
/// `raises-exception`; cells tagged `skip-execution` are skipped.
///
/// Exit status: 0 when all cells ran, 1 when one failed, 2 when the run could not begin.
#[derive(Args)]
#[command(after_help = "Examples:
  cargo runbook runbooks/01-first-look.ipynb --report first-look.html
  cargo runbook runbooks/01-first-look.ipynb -p source logs/AWSLogs -p from 2026-03-01 -p to 2026-03-02
  cargo runbook runbooks/01-first-look.ipynb -p accounts 111111111111,222222222222 -o executed.ipynb")]
struct RunArguments {
    /// The notebook
    notebook: PathBuf,
    /// Set a parameter; the items of a list are separated by commas
    #[arg(short, long = "parameter", num_args = 2, value_names = ["NAME", "VALUE"], allow_hyphen_values = true)]
    parameters: Vec<String>,
    /// Write the executed notebook here
    #[arg(short, long, value_name = "IPYNB")]
    output: Option<PathBuf>,
    /// Write the report here, as one HTML file
    #[arg(long, value_name = "HTML")]
    report: Option<PathBuf>,
    /// Take the report's templates from here, where they are
    #[arg(long, value_name = "FOLDER", requires = "report")]
    templates: Option<PathBuf>,
}

/// Make the report of an executed notebook.
///
/// The report is one HTML file without scripts or outside resources. In a
/// notebook, `case.report()?` makes it from a cell.
#[derive(Args)]
#[command(after_help = "Example:
  trailbook-kernel report executed.ipynb -o incident.html

TRAILBOOK_TEMPLATES names a folder of templates for every report, as --templates does for one.")]
struct ReportArguments {
    /// The executed notebook
    notebook: PathBuf,
    /// Where to write the report [default: the notebook's name, with .html]
    #[arg(short, long, value_name = "HTML")]
    output: Option<PathBuf>,
    /// Take the report's templates from here, where they are
    #[arg(long, value_name = "FOLDER")]
    templates: Option<PathBuf>,
}

/// Build the library for notebooks, once.
///
/// Everything that takes time happens here: dependencies that the tests or the
/// command line have compiled already are taken from there, and the other way
/// round. Does nothing when nothing changed.
#[derive(Args)]
#[command(after_help = "Example:
  cargo prepare")]
struct PrepareArguments {
    /// Build again although nothing changed
    #[arg(long)]
    force: bool,
    /// Fail if a dependency has to be compiled
    #[arg(long)]
    expect_fresh: bool,
}

/// Install the kernel into a JupyterLab of your own.
#[derive(Args)]
#[command(after_help = "Examples:
  trailbook-kernel install
  trailbook-kernel install --prefix ~/venv
  trailbook-kernel install --sys-prefix")]
struct InstallArguments {
    /// Install below PREFIX/share/jupyter, as for a Python environment [default: the user's Jupyter folder]
    #[arg(long)]
    prefix: Option<PathBuf>,
    /// Install into the environment of the `python3` on the path
    #[arg(long, conflicts_with = "prefix")]
    sys_prefix: bool,
}

/// Serve a front end; Jupyter starts this.
#[derive(Args)]
struct KernelArguments {
    /// The target directory in which the library was prepared
    #[arg(long)]
    target_dir: PathBuf,
    /// Ports and key, as Jupyter wrote them down
    #[arg(long)]
    connection_file: PathBuf,
}

fn main() -> ExitCode {
    evcxr::runtime_hook();
    match dispatch(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn dispatch(command: Command) -> Result<ExitCode> {
    match command {
        Command::Lab(arguments) => {
            let LabArguments { folder, no_browser, port } = arguments;
            lab::lab(&Workspace::find()?, lab::Options { browser: !no_browser, port, folder })?;
        }
        Command::Run(arguments) => {
            let parameters =
                arguments.parameters.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
            let RunArguments { notebook, output, report, templates, .. } = arguments;
            let job = run::Job { notebook, parameters, output, report, templates };
            let passed = run::run(Workspace::find()?, &job)?;
            return Ok(ExitCode::from(u8::from(!passed)));
        }
        Command::Report(ReportArguments { notebook, output, templates }) => {
            let output = output.unwrap_or_else(|| notebook.with_extension("html"));
            if output == notebook {
                bail!("the report would overwrite the notebook");
            }
            let text = notebook::text(&notebook)?;
            let name = notebook::name(&notebook);
            let document = report::Document { text, name, is_file: true, record: None };
            let report = report::Report::of(&document, report::templates(templates).as_deref())?;
            report.write(&output)?;
            eprintln!("{}: {}", report.status(), output.display());
        }
        Command::Prepare(PrepareArguments { force, expect_fresh }) => {
            prepare::prepare(&Workspace::find()?, prepare::Options { force, expect_fresh })?;
        }
        Command::Install(InstallArguments { prefix, sys_prefix }) => {
            let data = match prefix {
                Some(prefix) => install::prefix_data(&prefix)?,
                None if sys_prefix => install::prefix_data(&python::prefix("python3".as_ref())?)?,
                None => install::user_data()?,
            };
            let folder = install::install(&Workspace::find()?, &data)?;
            eprintln!("The kernel \"{}\" is installed: {}.", install::DISPLAY_NAME, folder.display());
        }
        Command::Kernel(KernelArguments { target_dir, connection_file }) => {
            protocol::serve(Workspace::with_target(target_dir), &connection_file)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
