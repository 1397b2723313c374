//! The folder of a session: a copy of the library's, made in the blink of an eye.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Result;

use crate::artifacts;
use crate::library::Library;
use crate::workspace::Workspace;

/// Names the library that a session uses.
const LIBRARY: &str = "library";
/// Leads to the folder of its shared object.
pub(super) const SHARED_OBJECT: &str = "shared";

/// A new name below the sessions' folder. It begins with the process id, by
/// which it is recognised as stale when that process is gone.
pub(super) fn name(workspace: &Workspace) -> PathBuf {
    workspace.sessions().join(format!("{}-{}", std::process::id(), uuid::Uuid::new_v4().simple()))
}

/// Makes `folder` a crate of cells that use the library.
pub(super) fn create(library: &Library, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    // First, so that a `cargo prepare` leaves the library in its place.
    fs::write(folder.join(LIBRARY), library.folder().as_os_str().as_encoded_bytes())?;
    let shared = folder.join(SHARED_OBJECT);
    let _ = fs::remove_file(&shared);
    std::os::unix::fs::symlink(library.deps(), shared)?;
    Ok(artifacts::copy_tree(&library.session(), folder)?)
}

/// The libraries of the sessions that are running.
pub(super) fn libraries_in_use(sessions: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(sessions) else { return Vec::new() };
    let used = entries.flatten().filter(|entry| is_alive(&entry.file_name().to_string_lossy()));
    used.filter_map(|entry| fs::read_to_string(entry.path().join(LIBRARY)).ok()).map(PathBuf::from).collect()
}

/// Removes the folders of sessions whose process is gone.
pub(super) fn remove_stale(sessions: &Path) {
    let Ok(entries) = fs::read_dir(sessions) else { return };
    for entry in entries.flatten() {
        if !is_alive(&entry.file_name().to_string_lossy()) {
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

/// Whether the process that a session's folder is named after runs.
fn is_alive(name: &str) -> bool {
    let process = name.split_once('-').map_or(name, |(process, _)| process);
    Command::new("sh")
        .args(["-c", "kill -0 \"$0\"", process])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
