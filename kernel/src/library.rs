//! The library as notebooks use it: one shared object, and what the compiler has to know of it.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::workspace::Workspace;

/// A folder that holds one state of the library, and is never changed once complete.
///
/// ```text
/// deps/       the shared object, and the metadata of all crates in it
/// shown/      the packages that cells depend on: see `facade`
/// session/    a crate that depends on them, and its artifacts: sessions are copies of this
/// ```
#[derive(Clone, Debug)]
pub(crate) struct Library {
    folder: PathBuf,
    pub(crate) stamp: Stamp,
}

/// What is noted down when a library is complete.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Stamp {
    pub(crate) inputs: Inputs,
    /// The folder of the compiler's toolchain.
    pub(crate) toolchain: PathBuf,
    /// The compiler, in its own words.
    pub(crate) rustc: String,
    pub(crate) triple: String,
    pub(crate) crates: usize,
    pub(crate) seconds: f64,
    pub(crate) bytes: u64,
}

/// Digests of all that the library is made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Inputs {
    /// What decides on the dependencies and how they are compiled.
    pub(crate) dependencies: String,
    /// The sources of our own packages.
    pub(crate) sources: String,
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
const STAMP: &str = "prepared.json";

impl Library {
    /// The library that was prepared last, if it is complete.
    pub(crate) fn last(workspace: &Workspace) -> Option<Self> {
        let folders = fs::read_dir(workspace.libraries()).ok()?;
        let stamped = folders.flatten().filter_map(|entry| {
            let folder = entry.path();
            let date = fs::metadata(folder.join(STAMP)).ok()?.modified().ok()?;
            let stamp = serde_json::from_slice(&fs::read(folder.join(STAMP)).ok()?).ok()?;
            Some((date, Library { folder, stamp }))
        });
        stamped.max_by_key(|(date, _)| *date).map(|(_, library)| library)
    }

    /// The library for a session.
    ///
    /// # Errors
    ///
    /// It was not prepared, or not from the current sources.
    pub(crate) fn open(workspace: &Workspace) -> Result<Self> {
        let root = workspace.root().display();
        if let Some(library) = Self::last(workspace) {
            if library.stamp.inputs == Inputs::of(workspace)? {
                return Ok(library);
            }
            bail!(
                "the library's sources changed since it was prepared for notebooks: run `cargo prepare` in {root}"
            );
        }
        if let Ok(file) = File::open(workspace.preparation_lock())
            && matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
        {
            bail!("the library is being prepared for notebooks: try again when `cargo prepare` is done");
        }
        bail!("the library is not prepared for notebooks: run `cargo prepare` in {root}");
    }

    /// An incomplete library in a folder of its own.
    pub(crate) fn new(workspace: &Workspace, stamp: Stamp) -> Result<Self> {
        let folder = workspace.libraries().join(uuid::Uuid::new_v4().simple().to_string());
        fs::create_dir_all(&folder)?;
        Ok(Library { folder, stamp })
    }

    /// Declares the library complete.
    pub(crate) fn complete(&self) -> Result<()> {
        Ok(fs::write(self.folder.join(STAMP), serde_json::to_vec_pretty(&self.stamp)?)?)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn deps(&self) -> PathBuf {
        self.folder.join("deps")
    }

    /// The folder of a package that cells depend on.
    pub(crate) fn shown(&self, package: &str) -> PathBuf {
        self.folder.join("shown").join(package)
    }

    pub(crate) fn session(&self) -> PathBuf {
        self.folder.join("session")
    }

    /// What cells depend on, as cargo and evcxr's `:dep` write it.
    pub(crate) fn dependency(&self) -> String {
        format!("trailbook = {{ path = {:?} }}", self.shown("trailbook"))
    }
}

impl Inputs {
    /// What the library would be made from now.
    pub(crate) fn of(workspace: &Workspace) -> Result<Self> {
        let root = workspace.root();
        let settings: Vec<PathBuf> = SETTINGS.iter().map(|file| root.join(file)).collect();
        let mut sources = Vec::new();
        for folder in SOURCES {
            collect(&root.join(folder), &mut sources)?;
        }
        sources.sort();
        Ok(Inputs { dependencies: digest(root, &settings)?, sources: digest(root, &sources)? })
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

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn library(folder: &str) -> Library {
        let inputs = Inputs { dependencies: String::new(), sources: String::new() };
        let (toolchain, rustc, triple) = (PathBuf::new(), String::new(), String::new());
        let stamp = Stamp { inputs, toolchain, rustc, triple, crates: 0, seconds: 0.0, bytes: 0 };
        Library { folder: folder.into(), stamp }
    }

    #[test]
    fn a_digest_covers_names_contents_and_their_borders() {
        let folder = std::env::temp_dir().join(format!("trailbook-digest-{}", uuid::Uuid::new_v4()));
        fs::create_dir_all(&folder).unwrap();
        let digest_of = |files: &[(&str, &str)]| {
            let mut paths = Vec::new();
            for (name, content) in files {
                fs::write(folder.join(name), content).unwrap();
                paths.push(folder.join(name));
            }
            digest(&folder, &paths).unwrap()
        };
        let digests = [
            digest_of(&[("a", "x"), ("b", "y")]),
            digest_of(&[("a", "xy"), ("b", "")]),
            digest_of(&[("a", "x"), ("c", "y")]),
        ];
        assert!(digests[0] != digests[1] && digests[0] != digests[2]);
        fs::remove_dir_all(folder).unwrap();
    }
}
