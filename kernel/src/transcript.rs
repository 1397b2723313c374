//! What the cells of a kernel have shown, and the notebook that they stand in.
//!
//! A kernel is handed cells one by one and never sees the notebook. For a report
//! of what is on the screen it keeps the newest run of each cell, and reads the
//! prose around them from the notebook's file.

use nbformat::v4::{Cell, CellId, Notebook, Output};

use crate::notebook::source_lines;

/// The cells that were run, each as it was run last.
#[derive(Debug, Default)]
pub(crate) struct Transcript(Vec<Run>);

/// A run of a cell.
#[derive(Debug)]
pub(crate) struct Run {
    /// The cell's id in the notebook, where the front end tells it.
    pub(crate) id: Option<String>,
    pub(crate) code: String,
    pub(crate) count: usize,
    pub(crate) outputs: Vec<Output>,
}

impl Transcript {
    /// Takes in a run, in the place of earlier ones of the same cell.
    pub(crate) fn add(&mut self, run: Run) {
        self.0.retain(|known| known.id.is_none() || known.id != run.id);
        self.0.push(run);
    }

    /// The notebook with what its cells showed in this kernel. Cells that the
    /// file has not got, as it was not saved since, stand at the end.
    pub(crate) fn notebook(&self, saved: Option<Notebook>) -> Notebook {
        let mut notebook = saved.unwrap_or_else(empty);
        let mut runs: Vec<&Run> = self.0.iter().collect();
        for cell in &mut notebook.cells {
            let Cell::Code { id, source, outputs, execution_count, .. } = cell else {
                continue;
            };
            (*outputs, *execution_count) = (Vec::new(), None);
            if let Some(at) = runs.iter().position(|run| run.id.as_deref() == Some(id.as_str())) {
                let run = runs.remove(at);
                (*source, *outputs) = (source_lines(&run.code), run.outputs.clone());
                *execution_count = i32::try_from(run.count).ok();
            }
        }
        notebook.cells.extend(runs.into_iter().map(cell));
        notebook
    }
}

fn empty() -> Notebook {
    Notebook { metadata: Default::default(), nbformat: 4, nbformat_minor: 5, cells: Vec::new() }
}

fn cell(run: &Run) -> Cell {
    let id = run.id.as_deref().and_then(|id| CellId::new(id).ok());
    Cell::Code {
        id: id.unwrap_or_else(|| uuid::Uuid::new_v4().into()),
        metadata: Default::default(),
        execution_count: i32::try_from(run.count).ok(),
        source: source_lines(&run.code),
        outputs: run.outputs.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notebook;

    fn run(id: &str, code: &str, count: usize) -> Run {
        let id = (!id.is_empty()).then(|| id.to_owned());
        Run { id, code: code.to_owned(), count, outputs: Vec::new() }
    }

    #[test]
    fn the_newest_run_of_each_cell_stands_where_the_cell_does() {
        let mut transcript = Transcript::default();
        for run in [run("a", "1", 1), run("b", "2", 2), run("new", "3", 3), run("", "4", 4), run("a", "5", 5)]
        {
            transcript.add(run);
        }
        let mut saved = empty();
        for id in ["b", "a", "not-run"] {
            let run = run(id, "as saved", 9);
            saved.cells.push(cell(&run));
        }
        let cells = |notebook: &Notebook| -> Vec<(String, Option<i32>)> {
            notebook
                .cells
                .iter()
                .map(|cell| match cell {
                    Cell::Code { execution_count, .. } => (notebook::source(cell), *execution_count),
                    _ => unreachable!(),
                })
                .collect()
        };
        let expected = [("2", Some(2)), ("5", Some(5)), ("as saved", None), ("3", Some(3)), ("4", Some(4))];
        let expected = expected.map(|(code, count)| (code.to_owned(), count));
        assert_eq!(cells(&transcript.notebook(Some(saved))), expected);
        assert_eq!(cells(&transcript.notebook(None)).len(), 4);
    }
}
