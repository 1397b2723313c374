//! Notebook files: reading, writing, and the steps in them.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use nbformat::v4::{self, Cell, CellId, CellMetadata, ExecuteResult, MultilineString, Output};
use nbformat::{Notebook, parse_notebook, serialize_notebook, upgrade_legacy_notebook};

use crate::media;
use crate::session::{Event, Failure, Outcome};

/// Reads a notebook of format 4.
///
/// # Errors
///
/// The file cannot be read, is not a notebook, or its code is not Rust.
pub(crate) fn read(path: &Path) -> Result<v4::Notebook> {
    let name = path.display();
    let text = text(path)?;
    let notebook = match parse_notebook(&text).with_context(|| format!("{name} is not a notebook"))? {
        Notebook::V4(notebook) => notebook,
        Notebook::V4QuirksMode(quirks) => quirks.repair(),
        Notebook::Legacy(notebook) => upgrade_legacy_notebook(notebook)
            .with_context(|| format!("{name} cannot be converted to format 4.5"))?,
        _ => bail!("{name} is of a format before 4: open it in JupyterLab and save it"),
    };
    if let Some(kernel) = &notebook.metadata.kernelspec
        && kernel.language.as_deref().is_some_and(|language| !language.eq_ignore_ascii_case("rust"))
    {
        bail!("{name} is a notebook for {}, not for Rust", kernel.display_name);
    }
    Ok(notebook)
}

/// The text of a notebook's file.
///
/// # Errors
///
/// The file cannot be read.
pub(crate) fn text(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}

/// The text of the file, byte for byte as Python's nbformat writes it.
pub(crate) fn to_text(notebook: &v4::Notebook) -> Result<String> {
    serialize_notebook(&Notebook::V4(notebook.clone())).context("the notebook cannot be written")
}

/// Replaces a file as a whole.
pub(crate) fn write(path: &Path, text: &str) -> Result<()> {
    let context = || format!("{} cannot be written", path.display());
    let mut name = path.file_name().with_context(context)?.to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    fs::write(&part, text).with_context(context)?;
    fs::rename(&part, path).with_context(context)
}

/// What a notebook is called: its file's name.
pub(crate) fn name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// The source of a cell as one text.
pub(crate) fn source(cell: &Cell) -> String {
    cell.source().concat()
}

/// A source as notebooks keep it: a list of lines.
pub(crate) fn source_lines(text: &str) -> Vec<String> {
    text.split_inclusive('\n').map(str::to_owned).collect()
}

pub(crate) fn has_tag(metadata: &CellMetadata, tag: &str) -> bool {
    metadata.tags.iter().flatten().any(|present| present == tag)
}

/// A code cell with a tag and an id that the notebook does not use yet.
pub(crate) fn tagged_cell(notebook: &v4::Notebook, tag: &str, text: &str) -> Cell {
    let taken = |id: &CellId| notebook.cells.iter().any(|cell| cell.id() == id);
    let id = CellId::new(tag).ok().filter(|id| !taken(id)).unwrap_or_else(|| uuid::Uuid::new_v4().into());
    Cell::Code {
        id,
        metadata: CellMetadata { tags: Some(vec![tag.to_owned()]), ..Default::default() },
        execution_count: None,
        source: source_lines(text),
        outputs: Vec::new(),
    }
}

/// The titles of the cells: the nearest heading above each, empty above the first.
pub(crate) fn titles(notebook: &v4::Notebook) -> Vec<String> {
    let mut title = String::new();
    let mut titles = Vec::new();
    for cell in &notebook.cells {
        if let Cell::Markdown { .. } = cell
            && let Some(heading) = last_heading(&source(cell))
        {
            title = heading;
        }
        titles.push(title.clone());
    }
    titles
}

fn last_heading(markdown: &str) -> Option<String> {
    let mut fenced = false;
    let mut heading = None;
    for line in markdown.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        let text = line.trim_start_matches('#');
        if !fenced && text.len() < line.len() && text.starts_with(' ') {
            heading = Some(text.trim().trim_end_matches('#').trim_end().to_owned());
        }
    }
    heading
}

/// Gathers what a cell prints and displays, as a notebook keeps it.
#[derive(Default)]
pub(crate) struct Outputs(Vec<Output>);

impl Outputs {
    /// Adds an event; the outcome, when it is the last.
    pub(crate) fn add(&mut self, event: Event) -> Option<Outcome> {
        match event {
            Event::Stdout(text) => self.stream("stdout", &text),
            Event::Stderr(text) => self.stream("stderr", &text),
            Event::Done(outcome) => return Some(outcome),
            Event::Loading | Event::Loaded => {}
        }
        None
    }

    /// Streams of one kind that follow each other are one output.
    fn stream(&mut self, kind: &str, more: &str) {
        match self.0.last_mut() {
            Some(Output::Stream { name, text }) if name == kind => text.0.push_str(more),
            _ => self.0.push(Output::Stream { name: kind.into(), text: MultilineString(more.into()) }),
        }
    }

    /// All outputs of the cell with this number.
    pub(crate) fn conclude(mut self, count: usize, outcome: &Outcome) -> Vec<Output> {
        if !outcome.data.is_empty() {
            self.0.push(Output::ExecuteResult(ExecuteResult {
                execution_count: count.into(),
                data: jupyter_protocol::Media::new(media::typed(outcome.data.clone())),
                metadata: serde_json::Map::new(),
            }));
        }
        if let Some(Failure { name: ename, message: evalue, traceback }) = outcome.failure.clone() {
            self.0.push(Output::Error(v4::ErrorOutput { ename, evalue, traceback }));
        }
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOTEBOOK: &str = r##"{
 "cells": [
  {
   "cell_type": "markdown",
   "id": "title",
   "metadata": {},
   "source": [
    "# First look\n",
    "\n",
    "```\n",
    "# not a heading\n",
    "```"
   ]
  },
  {
   "cell_type": "code",
   "execution_count": null,
   "id": "one",
   "metadata": {
    "tags": [
     "parameters"
    ]
   },
   "outputs": [],
   "source": [
    "let é: i64 = 1;"
   ]
  }
 ],
 "metadata": {
  "kernelspec": {
   "display_name": "trailbook (Rust)",
   "language": "rust",
   "name": "trailbook"
  },
  "language_info": {
   "name": "Rust"
  }
 },
 "nbformat": 4,
 "nbformat_minor": 5
}
"##;

    fn parsed() -> v4::Notebook {
        match parse_notebook(NOTEBOOK).unwrap() {
            Notebook::V4(notebook) => notebook,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_notebook_is_written_as_it_was_read() {
        assert_eq!(to_text(&parsed()).unwrap(), NOTEBOOK);
    }

    #[test]
    fn a_step_is_named_by_the_heading_above_it() {
        assert_eq!(titles(&parsed()), ["First look", "First look"]);
        assert_eq!(last_heading("## Who? ##\ntext"), Some("Who?".into()));
        assert_eq!(last_heading("#hashtag"), None);
    }

    #[test]
    fn streams_are_joined_and_the_error_comes_last() {
        let mut outputs = Outputs::default();
        for event in [Event::Stdout("a\n".into()), Event::Stdout("b\n".into()), Event::Stderr("c\n".into())] {
            assert!(outputs.add(event).is_none());
        }
        let failure = Some(Failure::new("Error", "no"));
        let data = serde_json::Map::from_iter([("text/plain".to_owned(), "1".into())]);
        let outputs = outputs.conclude(3, &Outcome { data, failure, elapsed: Duration::ZERO });
        let kinds: Vec<_> = serde_json::to_value(&outputs).unwrap().as_array().unwrap().clone();
        let kinds: Vec<_> = kinds.iter().map(|output| output["output_type"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["stream", "stream", "execute_result", "error"]);
    }
}
