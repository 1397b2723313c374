//! The folder of a session: a clone of the template, made in the blink of an eye.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};

use crate::artifacts::{self, Notes, Place};
use crate::template::Template;
use crate::workspace::Workspace;

/// How far in the future the library is dated, for cargo to take it as it is.
const FAR: Duration = Duration::from_secs(50 * 365 * 24 * 3600);

/// A new name below the sessions' folder. It begins with the process id, by
/// which it is recognised as stale when that process is gone.
pub(super) fn name(workspace: &Workspace) -> PathBuf {
    workspace.sessions().join(format!("{}-{}", std::process::id(), uuid::Uuid::new_v4().simple()))
}

/// Clones the template into `folder`.
///
/// Artifacts are hard links. What cargo or evcxr write in place are copies: the
/// manifest, the lock file, the sources, and cargo's notes on our own packages.
/// Those notes are dated into the future: a notebook keeps the library that it
/// began with, whatever happens to its sources meanwhile.
pub(super) fn create(template: &Template, folder: &Path) -> Result<()> {
    let ready = template.open()?;
    fs::create_dir_all(folder.join("src"))?;
    for file in ["Cargo.toml", "Cargo.lock", "src/lib.rs"] {
        fs::copy(template.folder().join(file), folder.join(file))
            .with_context(|| format!("the template lacks {file}: run `cargo prepare --force`"))?;
    }
    let from = template.artifacts(&ready.triple);
    let to = Place::new(folder.join("target"), &ready.triple);
    artifacts::link(&from, &to, Notes::Link, |name| !artifacts::is_of_a_cell(name))?;
    for notes in artifacts::own_fingerprints(&to)? {
        unlink_contents(&notes)?;
    }
    Ok(())
}

/// Puts the lock file back: evcxr begins with a cell that depends on nothing,
/// for which cargo prunes it.
pub(super) fn restore_lock(template: &Template, folder: &Path) -> Result<()> {
    fs::copy(template.folder().join("Cargo.lock"), folder.join("Cargo.lock"))?;
    Ok(())
}

fn unlink_contents(folder: &Path) -> Result<()> {
    let date = SystemTime::now() + FAR;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let content = fs::read(&path)?;
        fs::remove_file(&path)?;
        fs::write(&path, content)?;
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("dep-")) {
            fs::File::options().append(true).open(&path)?.set_modified(date)?;
        }
    }
    Ok(())
}

/// Removes the folders of sessions whose process is gone.
pub(super) fn remove_stale(sessions: &Path) {
    let Ok(entries) = fs::read_dir(sessions) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| name.split_once('-')).map(|(process, _)| process);
        if process.is_some_and(|process| !is_alive(process)) {
            remove(&entry.path());
        }
    }
}

/// Removes a session's folder. A build that was under way may still write into
/// it, hence the second attempt; what remains is stale to the next session.
pub(super) fn remove(folder: &Path) {
    if fs::remove_dir_all(folder).is_err() && folder.exists() {
        std::thread::sleep(Duration::from_millis(200));
        let _ = fs::remove_dir_all(folder);
    }
}

fn is_alive(process: &str) -> bool {
    Command::new("sh")
        .args(["-c", "kill -0 \"$0\"", process])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
