//! Cargo's artifacts, shared between target directories by hard links.
//!
//! A unit is what cargo compiles at a time. Its file names end in a hash of all
//! that went into it, so a unit of a registry crate is the same one wherever the
//! hash is the same. Units of our own packages are not shared: their hashes
//! differ between the workspace and a notebook, and some have no hash in their name.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// A target directory, and the target for which it holds artifacts.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    folder: PathBuf,
    triple: String,
}

/// The notes come last: a unit without them is not there, as far as cargo is concerned.
const PARTS: [&str; 3] = ["build", "deps", ".fingerprint"];

impl Place {
    pub(crate) fn new(folder: PathBuf, triple: &str) -> Self {
        Place { folder, triple: triple.to_owned() }
    }

    /// The folders of build scripts and macros, and of everything else.
    fn profiles(&self) -> [PathBuf; 2] {
        [self.folder.join("debug"), self.folder.join(&self.triple).join("debug")]
    }

    /// Waits for a cargo that is building here, and keeps others out.
    pub(crate) fn lock(&self) -> io::Result<Vec<File>> {
        self.profiles()
            .iter()
            .map(|profile| {
                fs::create_dir_all(profile)?;
                let file = File::options().create(true).append(true).open(profile.join(".cargo-lock"))?;
                file.lock()?;
                Ok(file)
            })
            .collect()
    }
}

/// Whether this is a unit of one of our own packages.
pub(crate) fn is_own(name: &str) -> bool {
    name.strip_prefix("lib").unwrap_or(name).starts_with("trailbook")
}

/// The hash at the end of a unit's name, as in `libserde-0123456789abcdef.rlib`.
pub(crate) fn hash(name: &str) -> Option<&str> {
    let (_, end) = name.rsplit_once('-')?;
    let hash = end.split_once('.').map_or(end, |(hash, _)| hash);
    (hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(hash)
}

/// Links those units of `from` that `wanted` asks for by name into `to`, where they are not there yet.
///
/// What cargo rewrites in place when it builds a unit anew is copied: its notes, and
/// the output of build scripts.
pub(crate) fn share(from: &Place, to: &Place, wanted: impl Fn(&str) -> bool) -> io::Result<()> {
    for (from, to) in from.profiles().iter().zip(to.profiles()) {
        for part in PARTS {
            fs::create_dir_all(to.join(part))?;
            let transfer = if part == "deps" { link } else { copy };
            for (name, path) in entries(&from.join(part))? {
                if wanted(&name) {
                    tree(&path, &to.join(part).join(name), transfer)?;
                }
            }
        }
    }
    Ok(())
}

/// Links what the compiler has to know to use a shared object: the object, the
/// metadata of the crates in it, and their macros.
pub(crate) fn link_interface(from: &Place, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let [macros, crates] = from.profiles().map(|profile| profile.join("deps"));
    for (from, kinds) in [(macros, &[".so", ".dylib"][..]), (crates, &[".so", ".dylib", ".rmeta"][..])] {
        for (name, path) in entries(&from)? {
            if kinds.iter().any(|kind| name.ends_with(kind)) {
                link(&path, &folder.join(name))?;
            }
        }
    }
    Ok(())
}

/// Copies a folder as it is, dates included: cargo tells fresh from stale by them.
pub(crate) fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    tree(from, to, copy)
}

/// Removes the units that are not in use. Files without a hash stay, and so do
/// cargo's notes on our own packages, which may be on such a file.
pub(crate) fn prune(place: &Place, used: &HashSet<String>) -> io::Result<()> {
    for profile in place.profiles() {
        for part in PARTS {
            for (name, path) in entries(&profile.join(part))? {
                let notes_of_own = part == ".fingerprint" && is_own(&name);
                if notes_of_own || hash(&name).is_none_or(|hash| used.contains(hash)) {
                    continue;
                }
                if path.is_dir() { fs::remove_dir_all(path)? } else { fs::remove_file(path)? }
            }
        }
    }
    Ok(())
}

/// Bytes below a folder.
pub(crate) fn size(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for (_, path) in entries(folder)? {
        let metadata = fs::symlink_metadata(&path)?;
        bytes += if metadata.is_dir() { size(&path)? } else { metadata.len() };
    }
    Ok(bytes)
}

/// The entries of a folder, none when it does not exist.
fn entries(folder: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries
            .map(|entry| entry.map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path())))
            .collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn tree(from: &Path, to: &Path, transfer: fn(&Path, &Path) -> io::Result<()>) -> io::Result<()> {
    if !from.is_dir() {
        return transfer(from, to);
    }
    fs::create_dir_all(to)?;
    for (name, path) in entries(from)? {
        tree(&path, &to.join(name), transfer)?;
    }
    Ok(())
}

fn link(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if to.exists() {
        return Ok(());
    }
    fs::copy(from, to)?;
    File::options().append(true).open(to)?.set_modified(fs::metadata(from)?.modified()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_known_by_their_names() {
        assert_eq!(hash("libserde-0123456789abcdef.rlib"), Some("0123456789abcdef"));
        assert_eq!(hash("chrono-tz-0123456789abcdef"), Some("0123456789abcdef"));
        assert_eq!(hash("ring-core-0123456789abcdef.2.rcgu.o"), Some("0123456789abcdef"));
        assert_eq!(hash("libtrailbook_notebook.so"), None);
        assert_eq!(hash("build-script-build"), None);
        assert!(is_own("libtrailbook_notebook.so") && is_own("trailbook-0123456789abcdef"));
        assert!(!is_own("libtracing-0123456789abcdef.rlib"));
    }
}
