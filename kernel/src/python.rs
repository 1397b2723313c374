//! The Python that runs JupyterLab.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::install;

/// What a new environment consists of, to the exact version.
const REQUIREMENTS: &str = include_str!("../python/requirements.txt");
/// An investigation is no occasion to ask the internet for news.
const SETTINGS: &str = r#"{
  "@jupyterlab/apputils-extension:notification": {"checkForUpdates": false, "fetchNews": "false"}
}
"#;
/// The oldest Python that they run on.
const OLDEST_PYTHON: (u32, u32) = (3, 11);
/// The oldest JupyterLab that is taken as it is found.
const OLDEST_LAB: u32 = 4;

/// JupyterLab, and where its kernels go.
#[derive(Debug)]
pub(crate) struct Lab {
    pub(crate) python: PathBuf,
    /// The data folder in which it looks for kernels.
    pub(crate) data: PathBuf,
}

/// Finds JupyterLab, or installs it.
///
/// In this order: the interpreter that `TRAILBOOK_PYTHON` names, an environment
/// made earlier, the `python3` on the path if it has JupyterLab, a new
/// environment in the user's data folder.
///
/// # Errors
///
/// There is no suitable Python, or JupyterLab cannot be downloaded.
pub(crate) fn lab() -> Result<Lab> {
    if let Some(python) = std::env::var_os("TRAILBOOK_PYTHON").map(PathBuf::from) {
        if !has_lab(&python) {
            bail!("TRAILBOOK_PYTHON names {}, which has no JupyterLab {OLDEST_LAB}", python.display());
        }
        let prefix = prefix(&python)?;
        return Ok(Lab { data: install::prefix_data(&prefix)?, python });
    }
    let environment = environment()?;
    let python = environment.join("bin/python");
    // Written when the installation is complete.
    let installed = environment.join("installed.txt");
    if fs::read_to_string(&installed).is_ok_and(|text| text == REQUIREMENTS) && python.exists() {
        return Ok(Lab { data: install::prefix_data(&environment)?, python });
    }
    let found = PathBuf::from("python3");
    if has_lab(&found) {
        return Ok(Lab { data: install::user_data()?, python: found });
    }
    create(&environment, &python)?;
    fs::write(installed, REQUIREMENTS)?;
    Ok(Lab { data: install::prefix_data(&environment)?, python })
}

/// Where the environment is, whether or not it exists.
pub(crate) fn environment() -> Result<PathBuf> {
    let data = dirs::data_dir().context("the home directory is unknown: set TRAILBOOK_PYTHON")?;
    Ok(data.join("trailbook/python"))
}

fn create(environment: &Path, python: &Path) -> Result<()> {
    let (major, minor) = OLDEST_PYTHON;
    let Some(version) = ask("python3".as_ref(), "import sys; print('%d.%d' % sys.version_info[:2])") else {
        bail!(
            "Python is missing: install Python {major}.{minor} or later (Debian: `apt install python3-venv`)"
        );
    };
    let numbers: Vec<u32> = version.trim().split('.').filter_map(|number| number.parse().ok()).collect();
    if numbers < vec![major, minor] {
        bail!("Python {} is too old for JupyterLab: install Python {major}.{minor} or later", version.trim());
    }
    eprintln!("Installing JupyterLab into {}.", environment.display());
    let made = Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(environment)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    if !made.success() {
        bail!("Python's module `venv` is missing: install it (Debian: `apt install python3-venv`)");
    }
    let list = environment.join("requirements.txt");
    fs::write(&list, REQUIREMENTS)?;
    let installed = Command::new(python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
        .arg(&list)
        .status()?;
    if !installed.success() {
        bail!("JupyterLab cannot be downloaded: connect to the internet once, and run `cargo lab` again");
    }
    let settings = environment.join("share/jupyter/lab/settings");
    fs::create_dir_all(&settings)?;
    Ok(fs::write(settings.join("overrides.json"), SETTINGS)?)
}

fn has_lab(python: &Path) -> bool {
    let version = ask(python, "import jupyterlab; print(jupyterlab.__version__)");
    let major = version.as_deref().and_then(|version| version.trim().split('.').next()?.parse::<u32>().ok());
    major.is_some_and(|major| major >= OLDEST_LAB)
}

/// The installation that an interpreter belongs to.
pub(crate) fn prefix(python: &Path) -> Result<PathBuf> {
    let prefix = ask(python, "import sys; print(sys.prefix)");
    let prefix = prefix.with_context(|| format!("{} is not a Python interpreter", python.display()))?;
    Ok(prefix.trim().into())
}

/// What an interpreter prints for a line of Python, if it runs it.
fn ask(python: &Path, code: &str) -> Option<String> {
    let output = Command::new(python).args(["-c", code]).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
