//! What the catalogue says of the table: where the logs are, and which partitions Athena looks at.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_athena::Client;
use aws_sdk_athena::types::TableMetadata;

use super::errors;
use super::source::{Source, identifier};
use crate::embedded::tree::Partition;
use crate::logs::scope::{Days, Layout};
use crate::{Error, Result};

/// Names that published tables have for the account and the region of the path.
const ACCOUNT: [&str; 4] = ["account_id", "account", "accountid", "account_partition"];
const REGION: [&str; 2] = ["region", "region_partition"];

/// A table of CloudTrail logs.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    /// The names and types of all columns, those of partitions last.
    pub(super) columns: Vec<(String, String)>,
    /// The names of the partition columns.
    pub(super) keys: Vec<String>,
    /// How the partition columns are called.
    pub(super) layout: Layout,
    /// Where the logs are: `s3://bucket/prefix/`, as far as it is the same for all partitions.
    pub(super) location: String,
    /// The values that Athena looks at; empty: whatever there is.
    pub(super) accounts: BTreeSet<String>,
    pub(super) regions: BTreeSet<String>,
    /// First and last.
    pub(super) years: Option<(u32, u32)>,
}

impl Table {
    /// # Errors
    ///
    /// [`is_not_found`](Error::is_not_found): there is no such table; [`is_denied`](Error::is_denied).
    pub(super) async fn get(client: &Client, source: &Source, region: &str) -> Result<Table> {
        let name = source.sql_name();
        let call = client
            .get_table_metadata()
            .catalog_name(&source.catalog)
            .database_name(&source.database)
            .table_name(&source.table)
            .work_group(&source.workgroup);
        let what =
            format!("looking up the table {name} in {region} (athena:GetTableMetadata, glue:GetTable)");
        let answer = call.send().await.map_err(|error| match errors::call(&what, error) {
            error if error.is_not_found() => {
                error.or("name the table's region (`--region`, `region=` in the source, AWS_REGION)")
            }
            error => error,
        })?;
        let metadata =
            answer.table_metadata().ok_or_else(|| Error::not_found(format!("there is no table {name}")))?;
        Ok(Self::of(metadata))
    }

    fn of(metadata: &TableMetadata) -> Table {
        let none = HashMap::new();
        let parameters = metadata.parameters().unwrap_or(&none);
        let get = |name: &str| parameters.get(name).map(String::as_str);
        let keys: Vec<&str> = metadata.partition_keys().iter().map(|key| key.name()).collect();
        let columns = metadata.columns().iter().chain(metadata.partition_keys());
        let one_of =
            |names: &[&str]| keys.iter().find(|key| names.contains(key)).map(|key| (*key).to_owned());
        let (account, region) = (one_of(&ACCOUNT), one_of(&REGION));
        let rest = keys.iter().find(|key| !ACCOUNT.contains(key) && !REGION.contains(key));
        let days = match rest {
            Some(_) if keys.contains(&"day") => Days::Columns,
            Some(key) => Days::Column((*key).to_owned()),
            None => Days::None,
        };
        let values = |column: &Option<String>| -> BTreeSet<String> {
            let values = column.as_ref().and_then(|column| get(&format!("projection.{column}.values")));
            values.into_iter().flat_map(|values| values.split(',')).map(str::to_owned).collect()
        };
        let is_projected =
            get("projection.enabled").is_some_and(|enabled| enabled.eq_ignore_ascii_case("true"));
        let template = get("storage.location.template").filter(|_| is_projected);
        Table {
            columns: columns
                .map(|column| (column.name().to_owned(), column.r#type().unwrap_or_default().to_owned()))
                .collect(),
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
            location: fixed_part(template.or_else(|| get("location")).unwrap_or_default()),
            accounts: if is_projected { values(&account) } else { BTreeSet::new() },
            regions: if is_projected { values(&region) } else { BTreeSet::new() },
            years: get("projection.year.range").filter(|_| is_projected).and_then(|range| {
                let (first, last) = range.split_once(',')?;
                Some((first.trim().parse().ok()?, last.trim().parse().ok()?))
            }),
            layout: Layout { account, region, days },
        }
    }

    /// All columns as SELECT names them.
    pub(super) fn select_list(&self) -> String {
        let names = self.columns.iter().map(|(name, _)| identifier(name));
        names.collect::<Vec<_>>().join(", ")
    }

    /// Whether Athena looks at the partition, as far as it is known.
    pub(super) fn projects(&self, partition: &Partition) -> bool {
        let held = |values: &BTreeSet<String>, value: &String| {
            values.is_empty() || value.is_empty() || values.contains(value)
        };
        let in_years = || match (self.years, partition.year.parse()) {
            (Some((first, last)), Ok(year)) => (first..=last).contains(&year),
            _ => true,
        };
        held(&self.accounts, &partition.account_id) && held(&self.regions, &partition.region) && in_years()
    }
}

/// A place up to its first placeholder, and so to a folder.
fn fixed_part(place: &str) -> String {
    let fixed = place.split("${").next().unwrap_or_default();
    match fixed.len() == place.len() {
        true => format!("{}/", fixed.trim_end_matches('/')),
        false => fixed.rfind('/').map_or(fixed, |end| &fixed[..=end]).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_athena::types::Column;

    use super::*;

    fn table(keys: &[&str], parameters: &[(&str, &str)]) -> Table {
        let mut metadata = TableMetadata::builder().name("t");
        for key in keys {
            metadata = metadata.partition_keys(Column::builder().name(*key).build().unwrap());
        }
        for (name, value) in parameters {
            metadata = metadata.parameters(*name, *value);
        }
        Table::of(&metadata.build().unwrap())
    }

    #[test]
    fn the_form_with_five_columns() {
        let table = table(
            &["account_id", "region", "year", "month", "day"],
            &[
                ("projection.enabled", "true"),
                ("projection.account_id.values", "111122223333,444455556666"),
                ("projection.region.values", "us-east-1"),
                ("projection.year.range", "2023,2030"),
                ("location", "s3://bucket/AWSLogs/"),
                ("storage.location.template", "s3://bucket/p/AWSLogs/o-x/${account_id}/CloudTrail/${region}"),
            ],
        );
        assert_eq!(table.location, "s3://bucket/p/AWSLogs/o-x/");
        assert_eq!(table.layout, Layout::default());
        let partition = |account: &str, region: &str, year: &str| Partition {
            account_id: account.into(),
            region: region.into(),
            year: year.into(),
            ..Partition::default()
        };
        assert!(table.projects(&partition("111122223333", "", "")));
        assert!(table.projects(&partition("444455556666", "us-east-1", "2030")));
        assert!(!table.projects(&partition("999999999999", "", "")));
        assert!(!table.projects(&partition("444455556666", "eu-west-1", "")));
        assert!(!table.projects(&partition("444455556666", "us-east-1", "2031")));
    }

    #[test]
    fn the_form_with_a_date() {
        let table = table(
            &["account_id", "region", "timestamp"],
            &[("projection.enabled", "true"), ("location", "s3://bucket/AWSLogs")],
        );
        assert_eq!(table.layout.days, Days::Column("timestamp".into()));
        assert_eq!(table.location, "s3://bucket/AWSLogs/");
        assert!(table.accounts.is_empty());
    }

    #[test]
    fn a_table_without_projection() {
        let table = table(&["region", "dt"], &[("projection.region.values", "x"), ("location", "s3://b/p")]);
        assert!(table.regions.is_empty());
        let layout = Layout { account: None, region: Some("region".into()), days: Days::Column("dt".into()) };
        assert_eq!(table.layout, layout);
    }
}
