//! The kernel specification: how Jupyter finds and starts the kernel.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::json;

use crate::workspace::Workspace;

/// The name by which notebooks refer to the kernel.
pub(crate) const NAME: &str = "trailbook";
pub(crate) const DISPLAY_NAME: &str = "trailbook (Rust)";

const LOGOS: [(&str, &[u8]); 3] = [
    ("logo-32x32.png", include_bytes!("../assets/logo-32x32.png")),
    ("logo-64x64.png", include_bytes!("../assets/logo-64x64.png")),
    ("logo-svg.svg", include_bytes!("../assets/logo-svg.svg")),
];

/// Installs the specification below a Jupyter data folder, and says where.
///
/// This program is copied beside it, so that neither a rebuild nor `cargo clean`
/// takes the kernel away from a notebook that is open.
///
/// # Errors
///
/// The folder cannot be written.
pub(crate) fn install(workspace: &Workspace, data: &Path) -> Result<PathBuf> {
    let folder = data.join("kernels").join(NAME);
    let context = || format!("{} cannot be written", folder.display());
    fs::create_dir_all(&folder).with_context(context)?;
    let program = folder.join("trailbook-kernel");
    let part = folder.join("trailbook-kernel.part");
    fs::copy(std::env::current_exe()?, &part).with_context(context)?;
    // A running kernel keeps the old file.
    fs::rename(&part, &program).with_context(context)?;
    for (name, bytes) in LOGOS {
        fs::write(folder.join(name), bytes).with_context(context)?;
    }
    let specification = json!({
        "argv": [program, "kernel", "--target-dir", workspace.target(), "--connection-file", "{connection_file}"],
        "display_name": DISPLAY_NAME,
        "interrupt_mode": "message",
        "language": "rust",
        "metadata": {"debugger": false},
    });
    fs::write(folder.join("kernel.json"), serde_json::to_string_pretty(&specification)? + "\n")
        .with_context(context)?;
    Ok(folder)
}

/// The user's own Jupyter data folder.
pub(crate) fn user_data() -> Result<PathBuf> {
    if let Some(folder) = std::env::var_os("JUPYTER_DATA_DIR") {
        return Ok(folder.into());
    }
    jupyter_zmq_client::user_data_dir().context("the home directory is unknown: give --prefix")
}

/// The data folder of an installation, such as a Python environment.
pub(crate) fn prefix_data(prefix: &Path) -> Result<PathBuf> {
    Ok(std::path::absolute(prefix)?.join("share/jupyter"))
}
