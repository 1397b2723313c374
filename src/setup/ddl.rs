//! The table's DDL, over what was found in the bucket.

use std::sync::LazyLock;

use handlebars::Handlebars;
use serde_json::{Value, json};

use super::hive::HiveType;
use super::names;
use crate::embedded::columns::{partition_keys, schema};
use crate::{Error, Result};

/// The SerDe of the official DDL. It reads records as the embedded engine does.
pub(super) const SERDE: &str = "org.apache.hive.hcatalog.data.JsonSerDe";

/// The partition column of the form with dates, as the official DDL calls it.
pub(super) const DATE_KEY: &str = "timestamp";

/// What the table is to be: where the logs lie, and the partitions to project.
///
/// # Examples
///
/// ```
/// # fn main() -> trailbook::Result<()> {
/// use trailbook::setup::TableSpec;
///
/// let spec = TableSpec::new("my-logs", "", "", &["111122223333".into()], &["us-east-1".into()], "2023-2030")?;
/// assert!(spec.ddl()?.contains("'storage.location.template' = 's3://my-logs/AWSLogs/${account_id}/CloudTrail/"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableSpec {
    pub(super) database: String,
    pub(super) table: String,
    pub(super) bucket: String,
    pub(super) prefix: String,
    pub(super) organization: Option<String>,
    pub(super) accounts: Vec<String>,
    pub(super) regions: Vec<String>,
    /// First and last, both projected.
    pub(super) years: (i32, i32),
    pub(super) by_date: bool,
}

impl TableSpec {
    /// A table named `cloudtrail_logs.cloudtrail_partitioned` over the logs of a bucket.
    ///
    /// `prefix` is what stands before `AWSLogs/`; `organization` is an organization trail's id. Both may be
    /// empty. `years` is a range as `2023-2030`, both ends included.
    ///
    /// # Errors
    ///
    /// [`is_invalid`](Error::is_invalid) for a name that cannot be one, or an empty list.
    pub fn new(
        bucket: &str,
        prefix: &str,
        organization: &str,
        accounts: &[String],
        regions: &[String],
        years: &str,
    ) -> Result<TableSpec> {
        if accounts.is_empty() || regions.is_empty() {
            return Err(Error::invalid("a table needs at least one account and one region"));
        }
        let each = |list: &[String], check: fn(&str) -> Result<&str>| -> Result<Vec<String>> {
            let mut checked =
                list.iter().map(|one| Ok(check(one)?.to_owned())).collect::<Result<Vec<String>>>()?;
            checked.sort();
            checked.dedup();
            Ok(checked)
        };
        let organization = match organization {
            "" => None,
            id => Some(names::organization(id)?.to_owned()),
        };
        Ok(TableSpec {
            database: super::DATABASE.to_owned(),
            table: super::TABLE.to_owned(),
            bucket: names::bucket(bucket)?.to_owned(),
            prefix: names::prefix(prefix)?.to_owned(),
            organization,
            accounts: each(accounts, names::account)?,
            regions: each(regions, names::region)?,
            years: parse_years(years)?,
            by_date: false,
        })
    }

    /// The same table under another name.
    ///
    /// # Errors
    ///
    /// [`is_invalid`](Error::is_invalid) for a name of other characters than letters, digits and `_`.
    pub fn named(mut self, database: &str, table: &str) -> Result<TableSpec> {
        self.database = names::identifier(database)?;
        self.table = names::identifier(table)?;
        Ok(self)
    }

    /// Whether days are one partition column of dates, `timestamp`, in place of `year`, `month` and `day`.
    ///
    /// It has no partitions for days that there are not, and no end to run out at.
    pub fn by_date(mut self, by_date: bool) -> TableSpec {
        self.by_date = by_date;
        self
    }

    /// `CREATE DATABASE IF NOT EXISTS …`.
    pub fn database_ddl(&self) -> String {
        format!("CREATE DATABASE IF NOT EXISTS {}", name(&self.database))
    }

    /// `CREATE EXTERNAL TABLE IF NOT EXISTS …`, to be run by Athena.
    ///
    /// # Errors
    ///
    /// None that input can cause.
    pub fn ddl(&self) -> Result<String> {
        let columns: Vec<Value> = columns()
            .iter()
            .map(|(column, kind)| json!({ "name": column, "type": kind.indented(1) }))
            .collect();
        let properties: Vec<Value> = self
            .properties()
            .iter()
            .map(|(name, value)| json!({ "name": text(name), "value": text(value) }))
            .collect();
        let context = json!({
            "table": self.qualified(),
            "bucket": self.bucket,
            "columns": columns,
            "keys": self.keys().iter().map(|key| name(key)).collect::<Vec<_>>(),
            "serde": SERDE,
            "location": text(&self.location()),
            "properties": properties,
        });
        let mut handlebars = Handlebars::new();
        handlebars.set_strict_mode(true);
        // The values are quoted already.
        handlebars.register_escape_fn(handlebars::no_escape);
        let ddl = handlebars.render_template(include_str!("cloudtrail.ddl.hbs"), &context);
        ddl.map_err(|error| Error::failed(format!("the table's DDL cannot be written: {error}")))
    }

    /// The table's name in DDL, which quotes with backticks.
    pub(super) fn qualified(&self) -> String {
        format!("{}.{}", name(&self.database), name(&self.table))
    }

    pub(super) fn keys(&self) -> Vec<&'static str> {
        match self.by_date {
            true => vec!["account_id", "region", DATE_KEY],
            false => partition_keys().into(),
        }
    }

    pub(super) fn location(&self) -> String {
        let mut location = format!("s3://{}/", self.bucket);
        if !self.prefix.is_empty() {
            location.push_str(&format!("{}/", self.prefix));
        }
        location + "AWSLogs/"
    }

    pub(super) fn template(&self) -> String {
        let mut template = self.location();
        if let Some(id) = &self.organization {
            template.push_str(&format!("{id}/"));
        }
        template.push_str("${account_id}/CloudTrail/${region}/");
        template + if self.by_date { "${timestamp}" } else { "${year}/${month}/${day}" }
    }

    /// The table's properties, in the order of the DDL.
    pub(super) fn properties(&self) -> Vec<(&'static str, String)> {
        let mut properties = vec![
            ("classification", "cloudtrail".to_owned()),
            ("projection.enabled", "true".to_owned()),
            ("projection.account_id.type", "enum".to_owned()),
            ("projection.account_id.values", self.accounts.join(",")),
            ("projection.region.type", "enum".to_owned()),
            ("projection.region.values", self.regions.join(",")),
        ];
        if self.by_date {
            properties.extend([
                ("projection.timestamp.type", "date".to_owned()),
                ("projection.timestamp.format", "yyyy/MM/dd".to_owned()),
                ("projection.timestamp.interval", "1".to_owned()),
                ("projection.timestamp.interval.unit", "DAYS".to_owned()),
                ("projection.timestamp.range", format!("{}/01/01,NOW", self.years.0)),
            ]);
        } else {
            properties.extend([
                ("projection.year.type", "integer".to_owned()),
                ("projection.year.range", format!("{},{}", self.years.0, self.years.1)),
                ("projection.month.type", "integer".to_owned()),
                ("projection.month.range", "1,12".to_owned()),
                ("projection.month.digits", "2".to_owned()),
                ("projection.day.type", "integer".to_owned()),
                ("projection.day.range", "1,31".to_owned()),
                ("projection.day.digits", "2".to_owned()),
            ]);
        }
        properties.push(("storage.location.template", self.template()));
        properties
    }

    /// `ALTER TABLE … SET TBLPROPERTIES …`.
    pub(super) fn alter_properties(&self, properties: &[(String, String)]) -> String {
        let properties: Vec<String> =
            properties.iter().map(|(name, value)| format!("  {} = {}", text(name), text(value))).collect();
        format!("ALTER TABLE {} SET TBLPROPERTIES (\n{}\n)", self.qualified(), properties.join(",\n"))
    }

    /// `ALTER TABLE … ADD COLUMNS …`.
    pub(super) fn add_columns(&self, columns: &[&(String, HiveType)]) -> String {
        let columns: Vec<String> =
            columns.iter().map(|(column, kind)| format!("  {column} {}", kind.indented(1))).collect();
        format!("ALTER TABLE {} ADD COLUMNS (\n{}\n)", self.qualified(), columns.join(",\n"))
    }
}

/// The table's columns: those of the embedded engine, so that a question has the same answer on both.
pub(super) fn columns() -> &'static [(String, HiveType)] {
    static COLUMNS: LazyLock<Vec<(String, HiveType)>> = LazyLock::new(|| {
        let schema = schema();
        let of_record = |name: &str| !name.contains('.') && !partition_keys().contains(&name);
        let fields = schema.fields().iter().filter(|field| of_record(field.name()));
        fields.map(|field| (field.name().clone(), HiveType::of(field.data_type()))).collect()
    });
    &COLUMNS
}

fn parse_years(text: &str) -> Result<(i32, i32)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (first.parse(), last.parse()) {
        (Ok(first), Ok(last)) if (2000..=last).contains(&first) && last <= 2100 => Ok((first, last)),
        _ => Err(Error::invalid(format!("`{}` is no range of years", text.escape_debug()))
            .hint("give it as 2023-2030, both years included")),
    }
}

/// A name in Hive's DDL. It was checked: it has no backtick.
fn name(name: &str) -> String {
    format!("`{name}`")
}

/// A text in Hive's DDL.
fn text(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts<const N: usize>(texts: [&str; N]) -> [String; N] {
        texts.map(str::to_owned)
    }

    fn spec() -> TableSpec {
        let accounts = texts(["222233334444", "111122223333", "111122223333"]);
        TableSpec::new("my-logs", "", "", &accounts, &texts(["us-east-1", "eu-west-1"]), "2023-2030").unwrap()
    }

    #[test]
    fn the_account_form() {
        let ddl = spec().ddl().unwrap();
        for part in [
            "CREATE EXTERNAL TABLE IF NOT EXISTS `cloudtrail_logs`.`cloudtrail_partitioned` (\n  eventversion string,\n",
            "  resources array<struct<\n",
            "  insightdetails string\n)\nCOMMENT 'CloudTrail logs of my-logs'\nPARTITIONED BY (\n  `account_id` string,\n",
            "LOCATION 's3://my-logs/AWSLogs/'\n",
            "  'projection.account_id.values' = '111122223333,222233334444',\n",
            "  'projection.year.range' = '2023,2030',\n",
            "  'projection.month.digits' = '2',\n",
            "  'storage.location.template' = 's3://my-logs/AWSLogs/${account_id}/CloudTrail/${region}/${year}/${month}/${day}'\n)\n",
        ] {
            assert!(ddl.contains(part), "{part}\nis not in\n{ddl}");
        }
        assert!(!ddl.contains("{{") && !ddl.contains("&#"), "{ddl}");
    }

    #[test]
    fn the_organization_form_with_a_prefix() {
        let (accounts, regions) = (texts(["111122223333"]), texts(["us-east-1"]));
        let spec = TableSpec::new("my-logs", "audit/ct", "o-exampleorgid", &accounts, &regions, "2023-2030")
            .unwrap();
        assert_eq!(spec.location(), "s3://my-logs/audit/ct/AWSLogs/");
        assert_eq!(
            spec.template(),
            "s3://my-logs/audit/ct/AWSLogs/o-exampleorgid/${account_id}/CloudTrail/${region}/${year}/${month}/${day}"
        );
    }

    #[test]
    fn the_form_with_dates() {
        let ddl = spec().by_date(true).ddl().unwrap();
        assert!(ddl.contains("  `region` string,\n  `timestamp` string\n)"), "{ddl}");
        assert!(ddl.contains("'projection.timestamp.range' = '2023/01/01,NOW'"), "{ddl}");
        assert!(ddl.contains("/CloudTrail/${region}/${timestamp}'"), "{ddl}");
        assert!(!ddl.contains("projection.year"), "{ddl}");
    }

    #[test]
    fn every_column_of_the_official_ddl_is_there() {
        let names: Vec<&str> = columns().iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names.len(), 32);
        assert_eq!((names[0], names[28], names[31]), ("eventversion", "tlsdetails", "insightdetails"));
        let identity = &columns()[1].1.to_string();
        assert!(
            identity.contains(
                "webidfederationdata:struct<federatedprovider:string,attributes:map<string,string>>"
            )
        );
    }

    #[test]
    fn what_would_break_out_is_refused() {
        let make =
            |bucket: &str, prefix: &str, organization: &str, account: &str, region: &str, years: &str| {
                TableSpec::new(bucket, prefix, organization, &[account.into()], &[region.into()], years)
            };
        assert!(make("my-logs", "", "", "111122223333", "us-east-1", "2023-2030").is_ok());
        for (bucket, prefix, organization, account, region, years) in [
            ("my'logs", "", "", "111122223333", "us-east-1", "2023-2030"),
            ("my-logs", "x') --", "", "111122223333", "us-east-1", "2023-2030"),
            ("my-logs", "${year}", "", "111122223333", "us-east-1", "2023-2030"),
            ("my-logs", "", "o-x", "111122223333", "us-east-1", "2023-2030"),
            ("my-logs", "", "", "1111, 2222", "us-east-1", "2023-2030"),
            ("my-logs", "", "", "111122223333", " us-east-1", "2023-2030"),
            ("my-logs", "", "", "111122223333", "us-east-1", "2030-2023"),
        ] {
            assert!(make(bucket, prefix, organization, account, region, years).unwrap_err().is_invalid());
        }
        assert!(spec().named("a`b", "t").is_err());
        assert!(TableSpec::new("my-logs", "", "", &[], &texts(["us-east-1"]), "2023").is_err());
        assert_eq!(text(r"it's \"), r"'it\'s \\'");
    }
}
