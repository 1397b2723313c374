//! What `athena://database.table?workgroup=…` names.

use crate::aws::split_url;
use crate::logs::TABLE;
use crate::logs::location::Location;
use crate::{Error, Result};

/// Athena's own catalogue, Glue's.
const CATALOG: &str = "AwsDataCatalog";
/// The workgroup that the set-up makes, with a limit on what a query scans. `primary`, which every account has,
/// has none unless somebody set it: so it is taken only where it is named.
pub(crate) const WORKGROUP: &str = "trailbook";

/// A table on Athena, and how it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) catalog: String,
    pub(crate) database: String,
    pub(crate) table: String,
    pub(crate) workgroup: String,
    /// Empty: what the environment says.
    pub(crate) profile: String,
    /// Empty: what the environment or the profile says.
    pub(crate) region: String,
    /// Where results are to be put, `s3://bucket/prefix/`, unless the workgroup says.
    pub(crate) results: Option<String>,
    /// Results of the same query that are at most so many minutes old are taken instead of running it.
    pub(crate) reuse: Option<i32>,
    /// Results come as Parquet, by UNLOAD.
    pub(crate) unload: bool,
}

impl Source {
    /// # Errors
    ///
    /// [`is_invalid`](Error::is_invalid).
    pub(crate) fn of(location: &Location) -> Result<Source> {
        let name = match location.path.trim_end_matches('/') {
            "" => TABLE,
            name => name,
        };
        let Some((database, table)) = name.split_once('.').filter(|(_, table)| !table.contains('.')) else {
            return Err(Error::invalid(format!("`athena://{}` names no table", name.escape_debug()))
                .hint(format!("write it as athena://database.table, as athena://{TABLE}")));
        };
        let names = ["workgroup", "region", "profile", "catalog", "results", "reuse", "format"];
        let [workgroup, region, profile, catalog, results, reuse, format] = location.parameters(names)?;
        let given = |value: String| Some(value).filter(|value| !value.is_empty());
        Ok(Source {
            catalog: given(catalog).unwrap_or_else(|| CATALOG.to_owned()),
            database: checked("database", database)?,
            table: checked("table", table)?,
            workgroup: given(workgroup).unwrap_or_else(|| WORKGROUP.to_owned()),
            profile,
            region,
            results: given(results).map(|place| folder(&place)).transpose()?,
            reuse: given(reuse).map(|minutes| age(&minutes)).transpose()?,
            unload: match format.as_str() {
                "parquet" => true,
                "csv" | "" => false,
                _ => {
                    return Err(Error::invalid(format!("`format` is `{}`", format.escape_debug()))
                        .hint("results come as csv or as parquet"));
                }
            },
        })
    }

    /// No table yet, but a workgroup to run statements in.
    pub(crate) fn in_workgroup(name: &str) -> Source {
        Source {
            catalog: CATALOG.to_owned(),
            database: String::new(),
            table: String::new(),
            workgroup: name.to_owned(),
            profile: String::new(),
            region: String::new(),
            results: None,
            reuse: None,
            unload: false,
        }
    }

    /// Another table of the database as SQL names it.
    pub(super) fn beside(&self, table: &str) -> String {
        Source { table: table.to_owned(), ..self.clone() }.sql_name()
    }

    /// The table as SQL names it.
    pub(crate) fn sql_name(&self) -> String {
        let name = format!("{}.{}", identifier(&self.database), identifier(&self.table));
        match self.catalog.as_str() {
            CATALOG => name,
            catalog => format!("{}.{name}", identifier(catalog)),
        }
    }
}

/// Glue's names have no quotes and no blanks, and are in lower case.
fn checked(what: &str, name: &str) -> Result<String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.is_empty() || !name.chars().all(fits) {
        return Err(Error::invalid(format!("`{}` is no name of a {what}", name.escape_debug()))
            .hint("letters, digits, `_` and `-` make one"));
    }
    Ok(name.to_ascii_lowercase())
}

fn folder(place: &str) -> Result<String> {
    match split_url(place) {
        Some(_) => Ok(format!("{}/", place.trim_end_matches('/'))),
        None => {
            Err(Error::invalid(format!("`results` is `{}`, which is no place in S3", place.escape_debug()))
                .hint("write it as s3://bucket/prefix/"))
        }
    }
}

fn age(minutes: &str) -> Result<i32> {
    const WEEK: i32 = 7 * 24 * 60;
    minutes.parse().ok().filter(|minutes| (0..=WEEK).contains(minutes)).ok_or_else(|| {
        Error::invalid(format!("`reuse` is `{}`, which is no age in minutes", minutes.escape_debug()))
            .hint(format!("give 0 to {WEEK}, which is a week"))
    })
}

/// A name in SQL.
pub(super) fn identifier(name: &str) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.chars().all(plain) && !name.starts_with(|c: char| c.is_ascii_digit()) {
        return name.to_owned();
    }
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Source> {
        Source::of(&Location::parse(&format!("athena://{text}"))?.unwrap())
    }

    #[test]
    fn all_settings() {
        let source = parse(
            "Logs.trail-1?workgroup=w&region=eu-west-1&profile=p&catalog=c&results=s3://b/p&reuse=60&format=parquet",
        )
        .unwrap();
        let expected = Source {
            catalog: "c".into(),
            database: "logs".into(),
            table: "trail-1".into(),
            workgroup: "w".into(),
            profile: "p".into(),
            region: "eu-west-1".into(),
            results: Some("s3://b/p/".into()),
            reuse: Some(60),
            unload: true,
        };
        assert_eq!(source, expected);
        assert_eq!(source.sql_name(), "c.logs.\"trail-1\"");
    }

    #[test]
    fn the_table_of_the_set_up_is_the_default() {
        let source = parse("").unwrap();
        assert_eq!(source.sql_name(), TABLE);
        assert_eq!(source.workgroup, "trailbook");
        assert_eq!(parse("/?workgroup=w").unwrap().sql_name(), TABLE);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, said) in [
            ("logs", "names no table"),
            ("a.b.c", "names no table"),
            ("a.b\"; DROP", "no name of a table"),
            ("a.b?workgroup", "has no value"),
            ("a.b?group=x", "no parameter `group`"),
            ("a.b?results=bucket", "no place in S3"),
            ("a.b?reuse=-1", "no age in minutes"),
            ("a.b?format=xml", "csv or as parquet"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.is_invalid() && error.to_string().contains(said), "{text}: {error}");
        }
    }
}
