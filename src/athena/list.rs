//! The queries that were started from this machine, as Athena has them now.

use std::collections::BTreeMap;

use aws_sdk_athena::Client;
use futures::future::join_all;
use polars::prelude::{Column, DataFrame, NamedFrom, Series};

use super::execute::{self, scanned};
use super::journal::{Entry, Journal};
use crate::aws::Aws;
use crate::{Result, runtime};

/// The newest `most` queries that were started from this machine, newest first, as a data frame: `id`, `started`
/// in UTC, `state`, `bytes_scanned` so far, `source`, `sql` on one line.
///
/// The state is Athena's (`running`, `succeeded`, …), or why it is not known. [`resume`](super::resume) takes a
/// query up by its id, [`cancel`](super::cancel) stops it.
///
/// # Errors
///
/// [`is_io`](crate::Error::is_io) when the journal cannot be read.
pub fn list(most: usize) -> Result<DataFrame> {
    let entries = Journal::open()?.newest(most)?;
    let mut clients = BTreeMap::new();
    for entry in &entries {
        clients.entry(place(entry)).or_insert_with(|| client(entry).map_err(|error| error.to_string()));
    }
    let asked = entries.iter().map(async |entry| {
        let client = clients[&place(entry)].as_ref().map_err(Clone::clone)?;
        execute::get(client, &entry.id).await.map_err(|error| error.to_string())
    });
    let mut states = Vec::with_capacity(entries.len());
    let mut bytes = Vec::with_capacity(entries.len());
    for told in runtime::block_on(join_all(asked))? {
        bytes.push(told.as_ref().ok().map(|execution| scanned(execution) as i64));
        states.push(match told {
            Ok(execution) => {
                let state = execution.status().and_then(|status| status.state());
                state.map_or("unknown".to_owned(), |state| state.as_str().to_lowercase())
            }
            Err(why) => format!("not known: {why}"),
        });
    }
    let texts = |name: &str, text: fn(&Entry) -> String| -> Column {
        Series::new(name.into(), entries.iter().map(text).collect::<Vec<_>>()).into()
    };
    let columns = vec![
        texts("id", |entry| entry.id.clone()),
        texts("started", |entry| entry.started.clone()),
        Series::new("state".into(), states).into(),
        Series::new("bytes_scanned".into(), bytes).into(),
        texts("source", |entry| entry.source.clone()),
        texts("sql", |entry| entry.sql.split_whitespace().collect::<Vec<_>>().join(" ")),
    ];
    DataFrame::new(entries.len(), columns).map_err(|error| crate::Error::failed(error.to_string()))
}

/// What decides where a query runs.
fn place(entry: &Entry) -> (&str, &str) {
    (&entry.source, &entry.region)
}

fn client(entry: &Entry) -> Result<Client> {
    let source = entry.source()?;
    Ok(Aws::open(&source.profile, &source.region)?.athena())
}
