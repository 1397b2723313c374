//! Building the library for notebooks, with everything slow in it.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::io::{BufRead, BufReader, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;

use crate::artifacts::{self, Place};
use crate::facade::Facade;
use crate::library::{Inputs, Library, Stamp};
use crate::session;
use crate::workspace::Workspace;

/// What a preparation may do.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options {
    /// Build again although nothing changed.
    pub(crate) force: bool,
    /// Fail if a dependency has to be compiled.
    pub(crate) expect_fresh: bool,
}

/// Builds the library for notebooks unless it is up to date.
///
/// # Errors
///
/// Rust or a dependency cannot be had, or something does not compile.
pub(crate) fn prepare(workspace: &Workspace, options: Options) -> Result<()> {
    let _lock = lock(workspace)?;
    let tools = Tools::find(workspace)?;
    let inputs = Inputs::of(workspace)?;
    let last = Library::last(workspace);
    if let Some(Library { stamp, .. }) = &last
        && stamp.inputs == inputs
        && stamp.rustc == tools.version
        && !options.force
    {
        eprintln!("Notebooks are prepared already: {}.", describe(stamp));
        return Ok(());
    }

    let start = Instant::now();
    write_crate(workspace)?;
    let place = Place::new(workspace.build().join("target"), &tools.triple);
    let shared = Place::new(workspace.target().to_path_buf(), &tools.triple);
    let known =
        |stamp: &Stamp| stamp.inputs.dependencies == inputs.dependencies && stamp.rustc == tools.version;
    if !last.is_some_and(|library| known(&library.stamp)) {
        let _locks = shared.lock()?;
        artifacts::share(&shared, &place, |name| {
            !artifacts::is_own(name) && artifacts::hash(name).is_some()
        })?;
    }
    let built = build(&workspace.build(), &tools)?;
    artifacts::prune(&place, &built.used)?;
    {
        // What was compiled here serves the tests and the command line as well.
        let _locks = shared.lock()?;
        let used = |name: &str| artifacts::hash(name).is_some_and(|hash| built.used.contains(hash));
        artifacts::share(&place, &shared, |name| !artifacts::is_own(name) && used(name))?;
    }

    let (toolchain, rustc, triple) = (tools.sysroot.clone(), tools.version.clone(), tools.triple.clone());
    let stamp = Stamp { inputs, toolchain, rustc, triple, crates: built.crates, seconds: 0.0, bytes: 0 };
    let mut library = Library::new(workspace, stamp)?;
    artifacts::link_interface(&place, &library.deps())?;
    write_session(&library, &built.metadata, &tools)?;
    library.stamp.bytes = artifacts::size(library.folder())?;
    library.stamp.seconds = start.elapsed().as_secs_f64();
    library.complete()?;
    remove_others(workspace, &library)?;
    eprintln!(
        "Notebooks are prepared: {}; {} dependencies were compiled.",
        describe(&library.stamp),
        built.compiled.len()
    );
    if options.expect_fresh && !built.compiled.is_empty() {
        bail!(
            "these dependencies were compiled although they should have been there: {}",
            built.compiled.join(", ")
        );
    }
    Ok(())
}

fn describe(stamp: &Stamp) -> String {
    let megabytes = stamp.bytes as f64 / 1e6;
    format!("{} crates in {:.0} s, {megabytes:.0} MB for all notebooks", stamp.crates, stamp.seconds)
}

/// Keeps other preparations waiting.
fn lock(workspace: &Workspace) -> Result<File> {
    fs::create_dir_all(workspace.notebook())?;
    let lock = File::options().create(true).append(true).open(workspace.preparation_lock())?;
    if matches!(lock.try_lock(), Err(TryLockError::WouldBlock)) {
        eprintln!("Waiting for another `cargo prepare`.");
        lock.lock()?;
    }
    Ok(lock)
}

/// The programs of the toolchain that the checkout asks for.
struct Tools {
    sysroot: PathBuf,
    cargo: PathBuf,
    rustc: PathBuf,
    version: String,
    triple: String,
}

impl Tools {
    fn find(workspace: &Workspace) -> Result<Self> {
        let ask = |program: &OsStr, arguments: &[&str]| -> Result<String> {
            let output =
                Command::new(program).args(arguments).current_dir(workspace.root()).output().with_context(
                    || format!("{} cannot be run: install Rust from https://rustup.rs", program.display()),
                )?;
            if !output.status.success() {
                bail!("{} failed: {}", program.display(), String::from_utf8_lossy(&output.stderr).trim());
            }
            Ok(String::from_utf8(output.stdout)?)
        };
        let sysroot = PathBuf::from(ask("rustc".as_ref(), &["--print", "sysroot"])?.trim());
        if !sysroot.join("lib/rustlib/src/rust/library").is_dir() {
            bail!("the sources of Rust's standard library are missing: run `rustup component add rust-src`");
        }
        // rustup's stand-ins decide anew for every call, which takes time and depends on the folder.
        let own = |name: &str| Some(sysroot.join("bin").join(name)).filter(|path| path.is_file());
        let cargo =
            own("cargo").or_else(|| std::env::var_os("CARGO").map(PathBuf::from)).unwrap_or("cargo".into());
        let rustc = own("rustc").context("rustc is not in its own toolchain")?;
        let version = ask(rustc.as_os_str(), &["-vV"])?;
        let triple =
            version.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names no host")?;
        Ok(Tools {
            triple: triple.to_owned(),
            version: version.trim().replace('\n', ", "),
            sysroot,
            cargo,
            rustc,
        })
    }
}

/// The crate whose build makes the shared object.
fn write_crate(workspace: &Workspace) -> Result<()> {
    let (root, folder) = (workspace.root(), workspace.build());
    let config = workspace.notebook().join(".cargo");
    fs::create_dir_all(&config)?;
    fs::create_dir_all(folder.join("src"))?;
    fs::copy(root.join(".cargo/config.toml"), config.join("config.toml"))?;
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock"))?;
    let path = root.join("kernel/notebook");
    fs::write(
        folder.join("Cargo.toml"),
        manifest("ctx", &format!("trailbook-notebook = {{ path = {path:?} }}")),
    )?;
    Ok(fs::write(folder.join("src/lib.rs"), "")?)
}

/// Compiles the packages that cells depend on, for sessions to find them fresh.
fn write_session(library: &Library, metadata: &Value, tools: &Tools) -> Result<()> {
    let facade = Facade::write(library, metadata)?;
    let session = library.session();
    fs::create_dir_all(session.join("src"))?;
    fs::write(session.join("Cargo.toml"), manifest("ctx", &library.dependency()))?;
    fs::write(session.join("src/lib.rs"), "#![allow(unused_imports)]\nuse trailbook::prelude::*;\n")?;
    // `check`, because evcxr runs that to explain an error.
    for subcommand in ["build", "check"] {
        let output =
            command(&session, tools).args([subcommand, "--quiet", "--target", &tools.triple]).output()?;
        if !output.status.success() {
            bail!(
                "cells cannot be linked with the library: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
    }
    facade.show_sources()
}

fn manifest(name: &str, dependency: &str) -> String {
    format!(
        "[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition = \"2024\"\n\n[dependencies]\n{dependency}\n"
    )
}

/// Removes earlier libraries that no notebook uses any more.
fn remove_others(workspace: &Workspace, current: &Library) -> Result<()> {
    let used = session::libraries_in_use(workspace);
    for entry in fs::read_dir(workspace.libraries())? {
        let folder = entry?.path();
        if folder != current.folder() && !used.contains(&folder) {
            fs::remove_dir_all(folder)?;
        }
    }
    Ok(())
}

/// What a build consisted of.
struct Built {
    /// The hashes of all its units.
    used: HashSet<String>,
    /// Registry crates that were not there before.
    compiled: Vec<String>,
    crates: usize,
    /// Cargo's view of its packages.
    metadata: Value,
}

fn build(folder: &Path, tools: &Tools) -> Result<Built> {
    let metadata = resolve(folder, tools)?;
    let crates = metadata["resolve"]["nodes"].as_array().map_or(0, Vec::len);
    let mut cargo = command(folder, tools);
    cargo.args(["build", "--message-format=json-render-diagnostics", "--target", &tools.triple]);
    let mut child = cargo.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let (Some(stdout), Some(mut stderr)) = (child.stdout.take(), child.stderr.take()) else {
        bail!("cargo's output is missing");
    };
    let errors = std::thread::spawn(move || {
        let mut text = String::new();
        let _ = stderr.read_to_string(&mut text);
        text
    });

    let progress = Progress::new(crates);
    let mut built = Built { used: HashSet::new(), compiled: Vec::new(), crates, metadata };
    let mut done = HashSet::new();
    for line in BufReader::new(stdout).lines() {
        let message: Value = serde_json::from_str(&line?)?;
        let package = message["package_id"].as_str().unwrap_or_default();
        match message["reason"].as_str() {
            Some("compiler-artifact") => {
                let files = message["filenames"].as_array().into_iter().flatten();
                for path in files.filter_map(Value::as_str) {
                    built.used.extend(hash_in_path(Path::new(path)));
                }
                if message["target"]["kind"][0] != "custom-build" {
                    done.insert(package.to_owned());
                    progress.set(done.len(), message["target"]["name"].as_str().unwrap_or_default());
                }
                if message["fresh"] == false && !package.starts_with("path+") {
                    built.compiled.push(package.rsplit('#').next().unwrap_or(package).to_owned());
                }
            }
            Some("build-script-executed") => {
                let out = Path::new(message["out_dir"].as_str().unwrap_or_default());
                built.used.extend(out.parent().and_then(hash_in_path));
            }
            _ => {}
        }
    }
    progress.finish();
    let status = child.wait()?;
    let errors = errors.join().unwrap_or_default();
    if !status.success() {
        eprint!("{errors}");
        bail!("the library cannot be built for notebooks: see the messages above");
    }
    Ok(built)
}

/// The hash of a unit is in the name of its file, or in that of its folder.
fn hash_in_path(path: &Path) -> Option<String> {
    let hash = |path: &Path| Some(artifacts::hash(path.file_name()?.to_str()?)?.to_owned());
    hash(path).or_else(|| hash(path.parent()?))
}

/// Downloads what is missing, and tells which crates are to be built.
fn resolve(folder: &Path, tools: &Tools) -> Result<Value> {
    let ask = |arguments: &[&str]| -> Result<Value> {
        let output =
            command(folder, tools).args(["metadata", "--format-version=1"]).args(arguments).output()?;
        if !output.status.success() {
            eprint!("{}", String::from_utf8_lossy(&output.stderr));
            bail!(
                "the dependencies cannot be downloaded: connect to the internet once, and run `cargo prepare` again"
            );
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    };
    // Of all platforms, because cargo wants those too once it is without a network.
    ask(&[])?;
    ask(&["--filter-platform", &tools.triple])
}

/// Cargo, in the environment that evcxr gives it.
fn command(folder: &Path, tools: &Tools) -> Command {
    let mut command = Command::new(&tools.cargo);
    // `cargo run` and `cargo test` tell this program of its own package. A build script that asks
    // for such a variable would see another value than in their builds, and run again, and all
    // that depends on it would be compiled again: ring is one, and DataFusion needs it.
    for (name, _) in std::env::vars_os() {
        let own = |prefix: &str| name.to_str().is_some_and(|name| name.starts_with(prefix));
        if own("CARGO_PKG_") || own("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
        .current_dir(folder)
        .env("CARGO_BUILD_BUILD_DIR", "target")
        .env("CARGO_ENCODED_RUSTFLAGS", "")
        .env("CARGO_TARGET_DIR", "target")
        .env("RUSTC", &tools.rustc);
    command
}

/// A bar in a terminal, a line every few seconds elsewhere.
struct Progress {
    bar: ProgressBar,
    plain: bool,
    start: Instant,
    last: std::cell::Cell<Instant>,
}

const PLAIN_INTERVAL: Duration = Duration::from_secs(15);

impl Progress {
    fn new(crates: usize) -> Self {
        let plain = !std::io::stderr().is_terminal();
        let target = if plain { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(crates as u64), target);
        if let Ok(style) = ProgressStyle::with_template(
            "Preparing notebooks [{bar:30}] {pos}/{len} crates, {elapsed}  {msg}",
        ) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.enable_steady_tick(Duration::from_millis(500));
        let start = Instant::now();
        Progress { bar, plain, start, last: start.into() }
    }

    fn set(&self, done: usize, name: &str) {
        self.bar.set_position(done as u64);
        self.bar.set_message(name.to_owned());
        if self.plain && self.last.get().elapsed() > PLAIN_INTERVAL {
            self.last.set(Instant::now());
            let (total, seconds) = (self.bar.length().unwrap_or_default(), self.start.elapsed().as_secs());
            eprintln!("Preparing notebooks: {done} of {total} crates, {seconds} s");
        }
    }

    fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_units_hash_is_found_in_any_of_its_files() {
        let found = |path| hash_in_path(Path::new(path));
        let hash = Some("0123456789abcdef".to_owned());
        assert_eq!(found("/t/debug/deps/libserde-0123456789abcdef.rmeta"), hash);
        assert_eq!(found("/t/debug/build/serde-0123456789abcdef/build-script-build"), hash);
        assert_eq!(found("/t/debug/build/serde-0123456789abcdef"), hash);
        assert_eq!(found("/t/x/debug/deps/libtrailbook_notebook.so"), None);
    }
}
