//! The package that cells depend on, as the compiler and as rust-analyzer see it.
//!
//! A cell that depended on the library as cargo packages do would make
//! rust-analyzer load the sources of 400 crates at every start, which takes half
//! a minute and 2.5 GB, and cargo look after all of them at every cell. So cells
//! depend on a package `trailbook` that to the compiler re-exports the shared
//! object, found through a search path. To rust-analyzer it shows the library's
//! own sources: once the one line is compiled they take its place, and cargo,
//! which goes by dates, does not mind. The crates whose types cells hold are
//! shown likewise; to the compiler those packages are empty.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::artifacts;
use crate::library::Library;

/// The crates whose types cells hold: data frames, and times.
fn is_shown(package: &str) -> bool {
    package == "polars" || package.starts_with("polars-") || package == "chrono"
}

/// A package with the sources of another.
struct Shown {
    folder: PathBuf,
    sources: PathBuf,
}

/// Packages to be compiled before their sources are shown.
pub(crate) struct Facade {
    packages: Vec<Shown>,
}

impl Facade {
    /// Writes the packages, as the compiler shall see them.
    ///
    /// `metadata` is cargo's, of a crate that depends on the library itself.
    ///
    /// # Errors
    ///
    /// The metadata lacks the library, or a file cannot be written.
    pub(crate) fn write(library: &Library, metadata: &Value) -> Result<Self> {
        let graph = Graph::new(metadata)?;
        let mut packages = Vec::new();
        for (id, package) in &graph.packages {
            let name = package["name"].as_str().unwrap_or_default();
            let is_library = name == "trailbook";
            if !is_library && !is_shown(name) {
                continue;
            }
            let folder = library.shown(name);
            fs::create_dir_all(folder.join("src"))?;
            fs::write(folder.join("Cargo.toml"), graph.manifest(library, id, package)?)?;
            if is_library {
                fs::write(folder.join("build.rs"), build_script(&library.deps()))?;
            }
            let text = if is_library {
                "extern crate trailbook_notebook;\npub use trailbook_notebook::*;\n"
            } else {
                ""
            };
            fs::write(folder.join("src/lib.rs"), text)?;
            packages.push(Shown { folder, sources: sources(package)? });
        }
        Ok(Facade { packages })
    }

    /// Puts the sources in the place of what was compiled.
    pub(crate) fn show_sources(&self) -> Result<()> {
        for Shown { folder, sources } in &self.packages {
            let root = folder.join("src/lib.rs");
            fs::remove_file(&root)?;
            artifacts::copy_tree(sources, &folder.join("src"))?;
            File::options().append(true).open(root)?.set_modified(SystemTime::UNIX_EPOCH)?;
        }
        Ok(())
    }
}

/// Tells the compiler where the shared object is.
fn build_script(deps: &Path) -> String {
    let search = format!("cargo::rustc-link-search=all={}", deps.display());
    format!(
        "fn main() {{\n    println!(\"cargo::rerun-if-changed=build.rs\");\n    println!({search:?});\n}}\n"
    )
}

/// The folder of a package's sources.
fn sources(package: &Value) -> Result<PathBuf> {
    let manifest = Path::new(package["manifest_path"].as_str().unwrap_or_default());
    let folder = manifest.parent().context("a package without a folder")?;
    Ok(folder.join("src"))
}

/// Cargo's view of packages and what they depend on.
struct Graph<'a> {
    packages: BTreeMap<&'a str, &'a Value>,
    nodes: BTreeMap<&'a str, &'a Value>,
}

impl<'a> Graph<'a> {
    fn new(metadata: &'a Value) -> Result<Self> {
        let by_id = |list: &'a Value| -> Option<BTreeMap<&'a str, &'a Value>> {
            list.as_array()?.iter().map(|item| Some((item["id"].as_str()?, item))).collect()
        };
        let context = "cargo's metadata is not as expected";
        Ok(Graph {
            packages: by_id(&metadata["packages"]).context(context)?,
            nodes: by_id(&metadata["resolve"]["nodes"]).context(context)?,
        })
    }

    /// A manifest with the same features, and those dependencies that are shown.
    fn manifest(&self, library: &Library, id: &str, package: &Value) -> Result<String> {
        let node = self.nodes.get(id).context("cargo did not resolve a package")?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut out = format!(
            "[package]\nname = {}\nversion = {}\nedition = {}\n\n[dependencies]\n",
            package["name"], package["version"], package["edition"]
        );
        for dependency in node["deps"].as_array().into_iter().flatten() {
            let Some(target) = self.packages.get(text(&dependency["pkg"]).as_str()) else { continue };
            let name = text(&target["name"]);
            if is_shown(&name) {
                let path = library.shown(&name);
                writeln!(out, "{} = {{ package = {name:?}, path = {path:?} }}", text(&dependency["name"]))?;
            }
        }
        let features = node["features"].as_array().into_iter().flatten();
        let features: Vec<String> = features.map(text).filter(|feature| feature != "default").collect();
        writeln!(out, "\n[features]\ndefault = {features:?}")?;
        for feature in features {
            writeln!(out, "{feature:?} = []")?;
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::library::tests::library;

    #[test]
    fn a_manifest_keeps_features_and_shown_dependencies() {
        let package = |id: &str, name: &str| json!({"id": id, "name": name, "version": "1.2.3", "edition": "2021", "manifest_path": "/r/Cargo.toml"});
        let dependency = |id: &str, name: &str| json!({"pkg": id, "name": name});
        let metadata = json!({
            "packages": [package("a", "polars-core"), package("b", "polars-arrow"), package("c", "rayon")],
            "resolve": {"nodes": [{
                "id": "a", "features": ["default", "fmt"],
                "deps": [dependency("b", "arrow"), dependency("c", "rayon")],
            }]},
        });
        let graph = Graph::new(&metadata).unwrap();
        let manifest = graph.manifest(&library("/l"), "a", &metadata["packages"][0]).unwrap();
        assert_eq!(
            manifest,
            r#"[package]
name = "polars-core"
version = "1.2.3"
edition = "2021"

[dependencies]
arrow = { package = "polars-arrow", path = "/l/shown/polars-arrow" }

[features]
default = ["fmt"]
"fmt" = []
"#
        );
    }
}
