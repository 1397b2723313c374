//! Where things are: the checkout, and the folder in which notebooks are built.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The checkout that this program was built from, and its target directory.
///
/// Everything of notebooks lies below the target directory, so that hard links
/// reach from the artifacts of tests to those of notebooks:
///
/// ```text
/// <target>/notebook/
///   .cargo/config.toml   the checkout's, so that it governs what is built here
///   build/               a crate that depends on the library, and cargo's artifacts of it
///   libraries/           what came of it, one folder for each state of the sources that is in use
///   sessions/            one folder for each running notebook
/// ```
#[derive(Clone, Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    /// Asks cargo for the target directory.
    pub(crate) fn find() -> Result<Self> {
        let root = root();
        if !root.join("Cargo.toml").is_file() {
            bail!("the checkout {} is gone: run this command from a new one", root.display());
        }
        let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(["metadata", "--no-deps", "--format-version=1", "--offline"])
            .current_dir(&root)
            .output()
            .context("cargo cannot be run: install Rust from https://rustup.rs")?;
        if !output.status.success() {
            bail!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        let target = metadata["target_directory"].as_str().context("cargo names no target directory")?;
        Ok(Self { root, target: target.into() })
    }

    /// The workspace with this target directory, as a kernel is told by its specification.
    pub(crate) fn with_target(target: PathBuf) -> Self {
        Self { root: root(), target }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    pub(crate) fn notebook(&self) -> PathBuf {
        self.target.join("notebook")
    }

    /// Where the shared object of the library is built.
    pub(crate) fn build(&self) -> PathBuf {
        self.notebook().join("build")
    }

    pub(crate) fn libraries(&self) -> PathBuf {
        self.notebook().join("libraries")
    }

    pub(crate) fn sessions(&self) -> PathBuf {
        self.notebook().join("sessions")
    }

    /// Held while the library is prepared.
    pub(crate) fn preparation_lock(&self) -> PathBuf {
        self.notebook().join("prepare.lock")
    }
}

fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_path_buf()
}
