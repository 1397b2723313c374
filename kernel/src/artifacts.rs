//! Cargo's artifacts, shared between target directories by hard links.
//!
//! A unit is what cargo compiles at a time. Its file names end in a hash of all
//! that went into it, so a unit of a registry crate is the same one wherever the
//! hash is the same. Units of our own packages are not shared: their hashes
//! differ between the workspace and a notebook, and some have no hash in their name.

use std::collections::{BTreeSet, HashSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// A target directory, and the target for which it holds artifacts.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    folder: PathBuf,
    triple: String,
}

/// What becomes of cargo's notes on a unit, which it rewrites in place when it compiles the unit anew.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notes {
    Copy,
    Link,
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

/// Whether this is what became of a cell.
pub(crate) fn is_of_a_cell(name: &str) -> bool {
    ["ctx-", "ctx.", "libctx.", "libcode_"].iter().any(|start| name.starts_with(start))
}

/// The hash at the end of a unit's name, as in `libserde-0123456789abcdef.rlib`.
pub(crate) fn hash(name: &str) -> Option<&str> {
    let (_, end) = name.rsplit_once('-')?;
    let hash = end.split_once('.').map_or(end, |(hash, _)| hash);
    (hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(hash)
}

/// Links those units of `from` that `wanted` asks for by name into `to`, where they are not there yet.
pub(crate) fn link(from: &Place, to: &Place, notes: Notes, wanted: impl Fn(&str) -> bool) -> io::Result<()> {
    for (from, to) in from.profiles().iter().zip(to.profiles()) {
        for part in PARTS {
            fs::create_dir_all(to.join(part))?;
            let notes = if part == ".fingerprint" { notes } else { Notes::Link };
            for (name, path) in entries(&from.join(part))? {
                if wanted(&name) {
                    link_tree(&path, &to.join(part).join(name), notes)?;
                }
            }
        }
    }
    Ok(())
}

/// Removes the units that are not in use: neither our own nor of a hash that is.
pub(crate) fn prune(place: &Place, used: &HashSet<String>) -> io::Result<()> {
    for profile in place.profiles() {
        for part in PARTS {
            for (name, path) in entries(&profile.join(part))? {
                if is_own(&name) || hash(&name).is_some_and(|hash| used.contains(hash)) {
                    continue;
                }
                if path.is_dir() { fs::remove_dir_all(path)? } else { fs::remove_file(path)? }
            }
        }
    }
    Ok(())
}

/// The folders of cargo's notes on our own packages.
pub(crate) fn own_fingerprints(place: &Place) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for profile in place.profiles() {
        let notes = entries(&profile.join(".fingerprint"))?;
        found.extend(notes.into_iter().filter(|(name, _)| is_own(name)).map(|(_, path)| path));
    }
    Ok(found)
}

/// The environment variables on whose change a build script here would run anew.
pub(crate) fn watched_variables(place: &Place) -> io::Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for profile in place.profiles() {
        for (_, unit) in entries(&profile.join("build"))? {
            let Ok(output) = fs::read_to_string(unit.join("output")) else {
                continue;
            };
            let watched = output.lines().filter_map(|line| line.strip_prefix("cargo:"));
            names.extend(watched.filter_map(|line| {
                let name = line.strip_prefix(':').unwrap_or(line).strip_prefix("rerun-if-env-changed=")?;
                name.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric()).then(|| name.to_owned())
            }));
        }
    }
    Ok(names)
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

fn link_tree(from: &Path, to: &Path, notes: Notes) -> io::Result<()> {
    if from.is_dir() {
        fs::create_dir_all(to)?;
        for (name, path) in entries(from)? {
            link_tree(&path, &to.join(name), notes)?;
        }
        return Ok(());
    }
    let linked = match notes {
        Notes::Link => fs::hard_link(from, to),
        Notes::Copy if to.exists() => return Ok(()),
        Notes::Copy => copy_with_date(from, to),
    };
    match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

/// Cargo tells fresh from stale by dates.
fn copy_with_date(from: &Path, to: &Path) -> io::Result<()> {
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
        assert!(is_of_a_cell("libcode_3.so") && is_of_a_cell("ctx-0123456789abcdef"));
    }
}
