//! The template of all sessions: a crate that depends on the library, built once.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::artifacts::Place;
use crate::workspace::Workspace;

/// The template's folder, and whether it can be used.
pub(crate) struct Template<'a> {
    workspace: &'a Workspace,
    folder: PathBuf,
}

/// What is noted down when the template is complete.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Stamp {
    pub(crate) inputs: Inputs,
    pub(crate) triple: String,
    /// The compiler, in its own words.
    pub(crate) rustc: String,
    pub(crate) crates: usize,
    pub(crate) seconds: f64,
    pub(crate) bytes: u64,
}

/// Digests of all that the template is made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Inputs {
    /// What decides on the dependencies and how they are compiled.
    pub(crate) dependencies: String,
    /// The sources of our own packages.
    pub(crate) library: String,
}

/// A complete template, which is not rebuilt as long as this exists.
pub(crate) struct Ready {
    pub(crate) triple: String,
    _lock: File,
}

const SETTINGS: [&str; 6] = [
    ".cargo/config.toml",
    "Cargo.lock",
    "Cargo.toml",
    "kernel/features/Cargo.toml",
    "kernel/notebook/Cargo.toml",
    "rust-toolchain.toml",
];
const SOURCES: [&str; 3] = ["kernel/features/src", "kernel/notebook/src", "src"];

impl<'a> Template<'a> {
    pub(crate) fn new(workspace: &'a Workspace) -> Self {
        Template { workspace, folder: workspace.template() }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn artifacts(&self, triple: &str) -> Place {
        Place::new(self.folder.join("target"), triple)
    }

    /// The stand-ins for cargo and rustc that sessions use.
    pub(crate) fn programs(&self) -> PathBuf {
        self.folder.join("bin")
    }

    /// Opens the template for a session.
    ///
    /// # Errors
    ///
    /// It was not prepared, or not from the current sources, or it is being prepared.
    pub(crate) fn open(&self) -> Result<Ready> {
        let root = self.workspace.root().display();
        let Ok(lock) = File::open(self.lock_file()) else {
            bail!("the library is not prepared for notebooks: run `cargo prepare` in {root}");
        };
        match lock.try_lock_shared() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                bail!("the library is being prepared for notebooks: try again when `cargo prepare` is done")
            }
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let Some(stamp) = self.stamp() else {
            bail!("the library is not prepared for notebooks: run `cargo prepare` in {root}");
        };
        if stamp.inputs != self.inputs()? {
            bail!(
                "the library's sources changed since it was prepared for notebooks: run `cargo prepare` in {root}"
            );
        }
        Ok(Ready { triple: stamp.triple, _lock: lock })
    }

    /// Keeps sessions from starting, and other preparations waiting.
    pub(crate) fn lock(&self) -> Result<File> {
        fs::create_dir_all(&self.folder)?;
        let lock = File::options().create(true).append(true).open(self.lock_file())?;
        if matches!(lock.try_lock(), Err(TryLockError::WouldBlock)) {
            eprintln!("Waiting for another `cargo prepare` or for a notebook that is just starting.");
            lock.lock()?;
        }
        Ok(lock)
    }

    fn lock_file(&self) -> PathBuf {
        self.folder.join(".lock")
    }

    fn stamp_file(&self) -> PathBuf {
        self.folder.join("prepared.json")
    }

    pub(crate) fn stamp(&self) -> Option<Stamp> {
        serde_json::from_slice(&fs::read(self.stamp_file()).ok()?).ok()
    }

    /// Declares the template incomplete, or complete again.
    pub(crate) fn set_stamp(&self, stamp: Option<&Stamp>) -> Result<()> {
        match stamp {
            Some(stamp) => fs::write(self.stamp_file(), serde_json::to_vec_pretty(stamp)?)?,
            None if self.stamp_file().exists() => fs::remove_file(self.stamp_file())?,
            None => {}
        }
        Ok(())
    }

    /// What the template would be made from now.
    pub(crate) fn inputs(&self) -> Result<Inputs> {
        let root = self.workspace.root();
        let settings: Vec<PathBuf> = SETTINGS.iter().map(|file| root.join(file)).collect();
        let mut sources = Vec::new();
        for folder in SOURCES {
            collect(&root.join(folder), &mut sources)?;
        }
        sources.sort();
        Ok(Inputs { dependencies: digest(root, &settings)?, library: digest(root, &sources)? })
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))? {
        let entry = entry?;
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue; // an editor's
        }
        let path = entry.path();
        if path.is_dir() { collect(&path, files)? } else { files.push(path) }
    }
    Ok(())
}

/// Covers the names and the contents.
fn digest(root: &Path, files: &[PathBuf]) -> Result<String> {
    let mut digest = Sha256::new();
    for file in files {
        let content = fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
        digest.update(file.strip_prefix(root).unwrap_or(file).to_string_lossy().as_bytes());
        digest.update([0]);
        digest.update((content.len() as u64).to_le_bytes());
        digest.update(content);
    }
    Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
