//! What a workgroup says about the queries in it.

use aws_sdk_athena::Client;
use aws_sdk_athena::error::ProvideErrorMetadata;

use super::errors;
use super::source::Source;
use crate::{Error, Result};

/// The settings of a workgroup that concern a query.
#[derive(Clone, Debug, Default)]
pub(super) struct Workgroup {
    location: Option<String>,
    /// What a query says of results is not heard.
    is_enforced: bool,
    /// Athena keeps the results itself.
    pub(super) is_managed: bool,
    /// A query that reads more, in bytes, is stopped.
    pub(super) cutoff: Option<u64>,
    /// It could not be asked: nothing of this is known.
    is_unknown: bool,
}

impl Workgroup {
    /// Asks for the settings. A caller who may not gets a workgroup of which nothing is known: it may
    /// still run queries.
    ///
    /// # Errors
    ///
    /// [`is_not_found`](crate::Error::is_not_found), or the call fails.
    pub(super) async fn get(client: &Client, name: &str) -> Result<Workgroup> {
        let answer = match client.get_work_group().work_group(name).send().await {
            Ok(answer) => answer,
            Err(error) if error.code() == Some("AccessDeniedException") => {
                return Ok(Workgroup { is_unknown: true, ..Workgroup::default() });
            }
            Err(error) => {
                return Err(errors::call(
                    &format!("reading the workgroup `{name}` (athena:GetWorkGroup)"),
                    error,
                ));
            }
        };
        let Some(settings) = answer.work_group().and_then(|group| group.configuration()) else {
            return Ok(Workgroup::default());
        };
        let location = settings.result_configuration().and_then(|results| results.output_location());
        Ok(Workgroup {
            location: location.filter(|location| !location.is_empty()).map(str::to_owned),
            is_enforced: settings.enforce_work_group_configuration().unwrap_or(false),
            is_managed: settings
                .managed_query_results_configuration()
                .is_some_and(|managed| managed.enabled()),
            cutoff: settings.bytes_scanned_cutoff_per_query().and_then(|bytes| u64::try_from(bytes).ok()),
            is_unknown: false,
        })
    }

    /// The result location to be sent with a query; none where the workgroup has one that counts.
    ///
    /// # Errors
    ///
    /// There is none anywhere.
    pub(super) fn output_location(&self, source: &Source) -> Result<Option<String>> {
        if self.is_managed || (self.is_enforced && self.location.is_some()) {
            return Ok(None);
        }
        match (&source.results, &self.location) {
            (Some(own), _) => Ok(Some(own.clone())),
            (None, Some(_)) => Ok(None),
            (None, None) if self.is_unknown => Ok(None),
            (None, None) => Err(errors::no_location()),
        }
    }

    /// Where the files of the table `name` are to be, if that must be said: elsewhere Athena puts them beside
    /// the results, and refuses another place in a workgroup that enforces its own.
    ///
    /// # Errors
    ///
    /// It must be said, and the source names no place.
    pub(super) fn place_of_table(&self, source: &Source, name: &str) -> Result<Option<String>> {
        match (self.is_managed, &source.results) {
            (false, _) => Ok(None),
            (true, Some(results)) => Ok(Some(format!("{results}snapshots/{name}/"))),
            (true, None) => Err(Error::invalid(format!(
                "the workgroup `{}` keeps results itself, so a table that is made in it has no place",
                source.workgroup
            ))
            .hint("add `results=s3://bucket/prefix/` to the source, or name another workgroup")),
        }
    }

    /// Where files may be written beside the results.
    pub(super) fn place<'a>(&'a self, source: &'a Source) -> Option<&'a str> {
        match self.is_enforced {
            true => self.location.as_deref(),
            false => source.results.as_deref().or(self.location.as_deref()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::location::Location;

    #[test]
    fn the_location_is_sent_only_where_it_counts() {
        let group = |location: Option<&str>, is_enforced, is_managed| Workgroup {
            location: location.map(str::to_owned),
            is_enforced,
            is_managed,
            ..Workgroup::default()
        };
        let source = |text: &str| Source::of(&Location::parse(text).unwrap().unwrap()).unwrap();
        let own = source("athena://a.b?results=s3://own/");
        let none = source("athena://a.b");
        let sent =
            |group: Workgroup, source| group.output_location(source).map_err(|error| error.to_string());
        assert_eq!(sent(group(None, false, false), &own), Ok(Some("s3://own/".into())));
        assert_eq!(sent(group(Some("s3://group/"), false, false), &own), Ok(Some("s3://own/".into())));
        assert_eq!(sent(group(Some("s3://group/"), true, false), &own), Ok(None));
        assert_eq!(sent(group(Some("s3://group/"), false, false), &none), Ok(None));
        assert_eq!(sent(group(None, false, true), &own), Ok(None));
        assert_eq!(sent(group(None, true, true), &none), Ok(None));
        assert!(sent(group(None, false, false), &none).unwrap_err().contains("trailbook setup"));
        assert_eq!(sent(Workgroup { is_unknown: true, ..Workgroup::default() }, &none), Ok(None));
    }
}
