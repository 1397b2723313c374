//! The saved questions as named queries of Athena, for those who work in its console.

use std::collections::BTreeSet;

use futures::{StreamExt, TryStreamExt, stream};

use super::SetupOptions;
use super::checks::{Checks, Verdict};
use super::ddl::DATE_KEY;
use super::log_path::LogPath;
use crate::aws::{Aws, explain};
use crate::investigations::Investigation;
use crate::logs::scope::{Days, Layout};
use crate::{Error, Result, Scope, runtime, show};

pub(super) const TITLE: &str = "Named queries";

/// Calls at once.
const AT_ONCE: usize = 4;

/// A named query of a question, as it is to be saved.
struct Named {
    name: String,
    title: String,
    sql: String,
}

/// Saves the questions that the workgroup does not hold yet, if something may be changed. One that is there is
/// left as it is: whoever edited it meant to.
pub(super) fn look(aws: &Aws, options: &SetupOptions, table: &str, path: &LogPath) -> Result<Checks> {
    let wanted = queries(table, path, options.date_partition)?;
    runtime::block_on(examine(aws, options, &wanted))
}

async fn examine(aws: &Aws, options: &SetupOptions, wanted: &[Named]) -> Checks {
    let mut checks = Checks::new(TITLE);
    let there = match saved(aws, &options.workgroup).await {
        Ok(there) => there,
        Err(error) => {
            checks.error("saved questions", Verdict::Warn, &error);
            return checks;
        }
    };
    let missing: Vec<&Named> = wanted.iter().filter(|named| !there.contains(&named.name)).collect();
    let kept = show::count((wanted.len() - missing.len()) as u64, "question");
    if missing.is_empty() {
        checks.pass(
            "saved questions",
            format!("all {} are in the workgroup `{}`", wanted.len(), options.workgroup),
        );
        return checks;
    }
    let names: Vec<&str> = missing.iter().map(|named| named.name.as_str()).collect();
    if !options.apply {
        checks.warn(
            "saved questions",
            format!("{kept} saved; missing in the workgroup `{}`: {}", options.workgroup, names.join(", ")),
            "run it with `--apply` (in the runbook: `apply = true`) to save them, for those who work in Athena's console",
        );
        return checks;
    }
    match save(aws, options, &missing).await {
        Ok(()) => {
            let made = show::count(missing.len() as u64, "question");
            checks.pass("saved questions", format!("{made} saved now, {kept} there before"));
        }
        Err(error) => checks.error("saved questions", Verdict::Warn, &error),
    }
    checks
}

async fn save(aws: &Aws, options: &SetupOptions, queries: &[&Named]) -> Result<()> {
    let athena = aws.athena();
    for named in queries {
        let call = athena.create_named_query().name(&named.name).description(&named.title);
        let call = call.database(&options.database).work_group(&options.workgroup).query_string(&named.sql);
        let saved = call.send().await;
        saved.map_err(|error| explain("saving a question (athena:CreateNamedQuery)", error))?;
    }
    Ok(())
}

/// The names of the workgroup's queries.
async fn saved(aws: &Aws, workgroup: &str) -> Result<BTreeSet<String>> {
    let athena = aws.athena();
    let mut pages = athena.list_named_queries().work_group(workgroup).into_paginator().send();
    let mut ids = Vec::new();
    while let Some(page) = pages.next().await {
        let page =
            page.map_err(|error| explain("listing the saved questions (athena:ListNamedQueries)", error))?;
        ids.extend(page.named_query_ids().iter().cloned());
    }
    let names = stream::iter(ids.into_iter().map(|id| {
        let call = athena.get_named_query().named_query_id(id).send();
        async move {
            let found = call
                .await
                .map_err(|error| explain("reading a saved question (athena:GetNamedQuery)", error))?;
            Ok::<_, Error>(found.named_query().map(|query| query.name().to_owned()))
        }
    }));
    let names: Vec<Option<String>> = names.buffer_unordered(AT_ONCE).try_collect().await?;
    Ok(names.into_iter().flatten().collect())
}

/// The catalogue over the last week that the bucket holds.
fn queries(table: &str, path: &LogPath, by_date: bool) -> Result<Vec<Named>> {
    let days = if by_date { Days::Column(DATE_KEY.to_owned()) } else { Days::Columns };
    let layout = Layout { days, ..Layout::default() };
    let Some((_, last)) = path.span() else {
        return Err(Error::not_found("there are no logs, so there is nothing to ask"));
    };
    let day = |days: i64| (last + chrono::TimeDelta::days(days)).to_string();
    let scope = Scope::new(path.accounts(), path.regions(), &day(-6), &day(1))?;
    Investigation::catalogue()
        .into_iter()
        .map(|mut question| {
            let mut needed = Vec::new();
            for name in question.parameters() {
                if !question.has_value(&name) {
                    question = question.with(&name, EXAMPLE)?;
                    needed.push(name);
                }
            }
            let sql = question.sql_in(table, &scope, &layout)?;
            let mut head = format!("-- {}. Set accounts, regions and days first.\n", question.title());
            if !needed.is_empty() {
                head.push_str(&format!("-- Put your {} in place of {EXAMPLE}.\n", needed.join(", ")));
            }
            Ok(Named {
                name: format!("trailbook {}", question.id()),
                title: question.title().to_owned(),
                sql: head + &sql,
            })
        })
        .collect()
}

/// Stands where whoever asks is to put a value.
const EXAMPLE: &str = "EXAMPLE";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::tree::Tree;

    #[test]
    fn every_question_becomes_a_query_over_what_is_held() {
        let tree = Tree::open(&crate::sample::cached().unwrap()).unwrap();
        let path = LogPath::of_tree("sample", &tree);
        let queries = queries("logs.t", &path, false).unwrap();
        let by_date = super::queries("logs.t", &path, true).unwrap();
        assert!(
            by_date[0].sql.contains("AND timestamp BETWEEN '2026/10/19' AND '2026/10/26'"),
            "{}",
            by_date[0].sql
        );
        assert_eq!(queries.len(), Investigation::catalogue().len());
        let one_ip = queries.iter().find(|query| query.name == "trailbook one-ip").unwrap();
        assert!(one_ip.sql.starts_with("-- What one address did. Set accounts"), "{}", one_ip.sql);
        assert!(one_ip.sql.contains("in place of EXAMPLE.\n"), "{}", one_ip.sql);
        assert!(
            queries
                .iter()
                .all(|query| query.sql.contains("FROM logs.t\n") && query.sql.contains("account_id IN ("))
        );
    }
}
