//! A snapshot made: CREATE TABLE AS, INSERT INTO for what is more than it may write, and a look at what came of it.

use chrono::{NaiveDate, SubsecRound, Utc};

use super::manifest::{self, Folders, Manifest};
use crate::athena::table::Table;
use crate::athena::{Athena, Source, results};
use crate::logs::Snapshot;
use crate::logs::scope::{Days, Layout, utc};
use crate::sql::{Plan, literal, price};
use crate::{Error, QueryOptions, Result, Scope, runtime};

/// Partitions that one statement may write.
const PARTITIONS: u64 = 100;

impl Athena {
    /// Copies the folders of a scope into a table of their own, unless that was done.
    ///
    /// # Errors
    ///
    /// The logs cannot be listed, the table has no days, the workgroup would stop it, or Athena refuses.
    pub(in crate::athena) fn make_snapshot(&self, scope: &Scope) -> Result<Snapshot> {
        if let Some(why) = &self.unlisted {
            return Err(Error::denied(format!("the logs' objects cannot be listed: {why}"))
                .hint("a snapshot is asked only while the logs are as they were, which listing tells"));
        }
        let layout = &self.table.layout;
        if layout.days == Days::None || (scope.accounts().is_empty() && scope.regions().is_empty()) {
            return Err(Error::invalid(format!(
                "the table {} has no partition columns of days: a snapshot would copy all of it",
                self.sql_name
            ))
            .hint("`trailbook setup` makes a table that has them"));
        }
        self.front.forget();
        let statements = statements(&self.source, &self.table, scope);
        let (folders, plan) = runtime::on_own_thread(|_| self.folders_of(scope, layout))?;
        if folders.is_empty() {
            return Err(Error::not_found("the scope has no objects to make a snapshot of"));
        }
        let known = self.snapshots()?.into_iter().find(|known| known.folders == folders);
        runtime::block_on(async {
            if let Some(known) = known
                && self.is_there(&known).await
            {
                return Ok(self.told(&known));
            }
            self.check_cutoff(plan.bytes()).await?;
            // Before it costs anything.
            manifest::make_folder()?;
            let manifest = self.write(&statements, folders).await?;
            manifest.save()?;
            Ok(self.told(&manifest))
        })?
    }

    /// What the scope's folders hold, and what copying them reads.
    fn folders_of(&self, scope: &Scope, layout: &Layout) -> Result<(Folders, Plan)> {
        let condition = scope.folders_predicate(layout, scope.days());
        let sql = format!("SELECT count(*) AS n FROM {} WHERE {condition}", self.sql_name);
        let query = self.front.prepare(&sql, &self.reading(&QueryOptions::default())?, true)?;
        if let Some(damaged) = query.tree().damaged().first() {
            return Err(Error::failed(format!("{}: {}", damaged.object, damaged.reason))
                .hint("a snapshot is made of folders that can all be listed"));
        }
        let folders = self.folders(&query)?;
        Ok((folders, query.into_plan().1))
    }

    /// Whether a snapshot's table and files are there.
    async fn is_there(&self, known: &Manifest) -> bool {
        let source = Source { table: known.table.clone(), ..self.source.clone() };
        let is_whole = self.files(&known.location).await.is_ok_and(|files| files == known.files);
        is_whole && Table::get(&self.client, &source, self.aws.region()).await.is_ok()
    }

    async fn write(&self, statements: &Statements, folders: Folders) -> Result<Manifest> {
        let now = Utc::now();
        let table = format!("{}{}", manifest::prefix(&self.source.table), now.format("%Y%m%dt%H%M%S%3f"));
        let name = self.source.beside(&table);
        let place = self.workgroup().await?.place_of_table(&self.source, &table)?;
        let mut made = Manifest::new(self.origin(), table.clone(), utc(now.trunc_subsecs(0)));
        made.folders = folders;
        let mut is_first = true;
        for sql in statements.of(&name, place.as_deref()) {
            let run = self.execute(&sql).await.map_err(|error| match is_first {
                true if error.is_denied() => {
                    error.or("give the caller what `trailbook setup policy snapshot` prints")
                }
                true => error,
                false => error
                    .or(&format!("drop the table, which holds a part and is not asked: DROP TABLE {name}")),
            });
            let (finished, _) = run?;
            made.scanned += finished.scanned;
            // Billed as a query is, whatever Athena counts it among.
            made.cost += price(finished.scanned);
            is_first = false;
        }
        let left = |error: Error| {
            error.or(&format!("drop the table, which is made and is not asked: DROP TABLE {name}"))
        };
        let source = Source { table, ..self.source.clone() };
        made.location = Table::get(&self.client, &source, self.aws.region()).await.map_err(left)?.location;
        made.files = self.files(&made.location).await.map_err(left)?;
        let (counted, _) = self.execute(&format!("SELECT count(*) AS n FROM {name}")).await.map_err(left)?;
        made.cost += counted.cost();
        made.scanned += counted.scanned;
        let rows = results::fetch(&self.aws, &self.client, &counted, None, None).await.map_err(left)?;
        let count = rows.frame.columns().first().and_then(|column| column.i64().ok()?.get(0));
        let count = count.and_then(|count| u64::try_from(count).ok());
        made.events =
            count.ok_or_else(|| left(Error::failed(format!("{name}: its rows were not counted"))))?;
        Ok(made)
    }
}

/// What copies a scope's folders.
struct Statements {
    /// The columns that the snapshot is partitioned by: those of days.
    by: Vec<String>,
    /// A SELECT for the first statement, and for each that follows.
    selects: Vec<String>,
}

impl Statements {
    /// With the name of the table, and the place of its files where Athena has none for them.
    fn of(&self, name: &str, place: Option<&str>) -> Vec<String> {
        let mut properties = vec!["format = 'PARQUET'".to_owned()];
        if !self.by.is_empty() {
            let columns: Vec<String> = self.by.iter().map(|column| literal::text(column)).collect();
            properties.push(format!("partitioned_by = ARRAY[{}]", columns.join(", ")));
        }
        properties.extend(place.map(|place| format!("external_location = {}", literal::text(place))));
        let create = format!("CREATE TABLE {name}\nWITH ({})\nAS ", properties.join(", "));
        let insert = format!("INSERT INTO {name}\n");
        let heads = std::iter::once(create).chain(std::iter::repeat(insert));
        heads.zip(&self.selects).map(|(head, select)| head + select).collect()
    }
}

fn statements(source: &Source, table: &Table, scope: &Scope) -> Statements {
    let names = match &table.layout.days {
        Days::Columns => vec!["year", "month", "day"],
        Days::Column(column) => vec![column.as_str()],
        Days::None => Vec::new(),
    };
    // The columns of partitions come last, so only the last ones can be without changing what `*` gives.
    let by = table.keys.iter().rev().take_while(|key| names.contains(&key.as_str())).count();
    let by = table.keys[table.keys.len() - by..].to_vec();
    let select = |days| {
        format!(
            "SELECT {}\nFROM {}\nWHERE {}",
            table.select_list(),
            source.sql_name(),
            scope.folders_predicate(&table.layout, days)
        )
    };
    let (first, last) = scope.days();
    let selects = match by.is_empty() {
        true => vec![select((first, last))],
        false => pieces(first, last).into_iter().map(select).collect(),
    };
    Statements { by, selects }
}

/// Days in pieces of which each has no more than a statement may write.
fn pieces(first: NaiveDate, last: NaiveDate) -> Vec<(NaiveDate, NaiveDate)> {
    let mut pieces = Vec::new();
    let mut start = Some(first);
    while let Some(from) = start.filter(|from| *from <= last) {
        let to = from.checked_add_days(chrono::Days::new(PARTITIONS - 1)).unwrap_or(last).min(last);
        pieces.push((from, to));
        start = to.succ_opt();
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::location::Location;

    fn made(keys: &[&str], days: Days, from: &str, to: &str, place: Option<&str>) -> Vec<String> {
        let source = Source::of(&Location::parse("athena://logs.trail-1").unwrap().unwrap()).unwrap();
        let text = |name: &str| (name.to_owned(), "string".to_owned());
        let table = Table {
            columns: ["eventname", "Odd one"].iter().chain(keys).map(|name| text(name)).collect(),
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
            layout: Layout { days, ..Layout::default() },
            ..Table::default()
        };
        let scope = Scope::new(vec!["111122223333".into()], vec!["us-east-1".into()], from, to).unwrap();
        statements(&source, &table, &scope).of("logs.kept", place)
    }

    const KEYS: [&str; 5] = ["account_id", "region", "year", "month", "day"];

    #[test]
    fn a_scope_is_one_statement() {
        assert_eq!(
            made(&KEYS, Days::Columns, "2026-10-12", "2026-10-13", None),
            [
                "CREATE TABLE logs.kept\nWITH (format = 'PARQUET', partitioned_by = ARRAY['year', 'month', 'day'])\n\
                 AS SELECT eventname, \"Odd one\", account_id, region, year, month, day\nFROM logs.\"trail-1\"\n\
                 WHERE account_id = '111122223333'\n  AND region = 'us-east-1'\n  \
                 AND year = '2026' AND month = '10' AND day BETWEEN '12' AND '13'"
            ]
        );
    }

    #[test]
    fn a_long_scope_is_several_of_a_hundred_days() {
        let statements = made(&KEYS, Days::Columns, "2026-01-01", "2026-07-20", None);
        assert_eq!(statements.len(), 3);
        assert!(statements[0].starts_with("CREATE") && statements[0].contains("'01' AND '10'"));
        assert!(
            statements[1].starts_with("INSERT INTO logs.kept\nSELECT")
                && statements[1].contains("'11' AND '30'")
        );
        assert!(statements[2].ends_with("year = '2026' AND month = '07' AND day BETWEEN '20' AND '20'"));
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let pieces = pieces(day("2026-01-01"), day("2026-07-20"));
        assert!(pieces.iter().all(|(from, to)| (*to - *from).num_days() < 100));
        assert!(pieces.windows(2).all(|pair| pair[0].1.succ_opt() == Some(pair[1].0)));
    }

    #[test]
    fn other_tables_and_places() {
        let by_date = ["region", "timestamp"];
        let statements = made(
            &by_date,
            Days::Column("timestamp".into()),
            "2026-10-12",
            "2026-10-13",
            Some("s3://b/it's/"),
        );
        assert!(
            statements[0]
                .contains("partitioned_by = ARRAY['timestamp'], external_location = 's3://b/it''s/')")
        );
        // To be last in the table, the column of days must be last before.
        let statements = made(
            &["timestamp", "region"],
            Days::Column("timestamp".into()),
            "2026-01-01",
            "2026-12-31",
            None,
        );
        assert_eq!(statements.len(), 1);
        assert!(statements[0].contains("WITH (format = 'PARQUET')"));
    }
}
