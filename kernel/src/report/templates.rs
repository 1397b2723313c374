//! The handlebars templates of a report.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use handlebars::Handlebars;
use serde_json::Value;

use super::html::escape;

/// The page, and the parts that it is made of.
const TEMPLATES: [(&str, &str); 8] = [
    ("report", include_str!("templates/report.html.hbs")),
    ("cover", include_str!("templates/cover.html.hbs")),
    ("checklist", include_str!("templates/checklist.html.hbs")),
    ("findings", include_str!("templates/findings.html.hbs")),
    ("scope", include_str!("templates/scope.html.hbs")),
    ("narrative", include_str!("templates/narrative.html.hbs")),
    ("evidence", include_str!("templates/evidence.html.hbs")),
    ("method", include_str!("templates/method.html.hbs")),
];

/// The style sheets: of the page, and of what the library shows in cells.
const STYLE: &str = include_str!("templates/report.css");
const SHOWN: &str = include_str!("../../../src/show/show.css");

const SUFFIX: &str = ".html.hbs";

/// Fills the templates in; those in the folder come before the built-in ones.
pub(super) fn render(view: &Value, folder: Option<&Path>) -> Result<String> {
    let mut handlebars = Handlebars::new();
    handlebars.set_strict_mode(true);
    handlebars.register_escape_fn(|text| escape(text).into_owned());
    for (name, text) in TEMPLATES {
        handlebars
            .register_template_string(name, text)
            .with_context(|| format!("the template {name} is wrong"))?;
    }
    handlebars.register_partial("style", verbatim(STYLE))?;
    handlebars.register_partial("shown", verbatim(SHOWN))?;
    if let Some(folder) = folder {
        replace(&mut handlebars, folder)?;
    }
    handlebars.render("report", view).context("the report's templates cannot be filled in")
}

/// Registers the templates of a folder, `NAME.html.hbs`, and its `report.css`.
fn replace(handlebars: &mut Handlebars<'_>, folder: &Path) -> Result<()> {
    let unreadable = || format!("{} cannot be read", folder.display());
    let mut found = false;
    for file in fs::read_dir(folder).with_context(unreadable)? {
        let path = file.with_context(unreadable)?.path();
        let Some(file) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        let (name, is_style) = match file.strip_suffix(SUFFIX) {
            Some(name) => (name, false),
            None if file == "report.css" => ("style", true),
            None => continue,
        };
        let text = fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        let text = if is_style { verbatim(&text) } else { text };
        handlebars
            .register_template_string(name, text)
            .with_context(|| format!("{} is wrong", path.display()))?;
        found = true;
    }
    if !found {
        let names = TEMPLATES.map(|(name, _)| format!("{name}{SUFFIX}")).join(", ");
        bail!("{} holds no templates: it may replace {names} and report.css", folder.display());
    }
    Ok(())
}

/// A style sheet as a template that means itself.
fn verbatim(css: &str) -> String {
    css.replace("{{", "{ {").replace("}}", "} }")
}
