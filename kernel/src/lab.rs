//! JupyterLab over the runbooks, with everything it needs.

use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::prepare::{self, prepare};
use crate::workspace::Workspace;
use crate::{install, python};

/// How to serve.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) browser: bool,
    pub(crate) port: Option<u16>,
    /// What to serve instead of the checkout's runbooks.
    pub(crate) folder: Option<PathBuf>,
}

/// Becomes JupyterLab; returns only when that fails.
///
/// # Errors
///
/// Python, the network at the first time, or the notebooks' library are missing.
pub(crate) fn lab(workspace: &Workspace, options: Options) -> Result<()> {
    let folder = options.folder.unwrap_or_else(|| workspace.root().join("runbooks"));
    let folder = std::path::absolute(&folder)?;
    if !folder.is_dir() {
        bail!("{} is not a folder", folder.display());
    }
    let lab = python::lab()?;
    prepare(workspace, prepare::Options::default())?;
    install::install(workspace, &lab.data)?;

    let port = options.port.map_or_else(free_port, Ok)?;
    let token = uuid::Uuid::new_v4().simple().to_string();
    eprintln!("JupyterLab serves {} at", folder.display());
    eprintln!("  http://127.0.0.1:{port}/lab?token={token}");
    eprintln!("Press Ctrl-C to stop it.");
    let mut jupyter = Command::new(&lab.python);
    jupyter
        .args(["-m", "jupyterlab", "--ServerApp.ip=127.0.0.1", "--ServerApp.port_retries=0"])
        .arg(format!("--ServerApp.port={port}"))
        .arg(format!("--ServerApp.root_dir={}", folder.display()))
        // Ctrl-C stops at once instead of asking.
        .arg("--ServerApp.answer_yes=True")
        .arg("--ServerApp.log_level=WARN")
        .arg(format!("--MultiKernelManager.default_kernel_name={}", install::NAME))
        .env("JUPYTER_TOKEN", token);
    if !options.browser {
        jupyter.arg("--no-browser");
    }
    if is_root() {
        // As in a container; the server listens on this machine only.
        jupyter.arg("--allow-root");
    }
    // The terminal's Ctrl-C and the exit status are JupyterLab's own.
    Err(jupyter.exec()).with_context(|| format!("{} cannot be run", lab.python.display()))
}

/// Jupyter's customary port, or the next that is free.
fn free_port() -> Result<u16> {
    (8888..8988)
        .find(|&port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok())
        .context("no port is free between 8888 and 8987: give --port")
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
