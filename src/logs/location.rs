//! Where logs are, as `scheme://path?name=value&…`.

use crate::{Error, Result};

/// The parts of a location.
#[derive(Debug)]
pub(crate) struct Location {
    pub(crate) scheme: String,
    pub(crate) path: String,
    parameters: Vec<(String, String)>,
}

impl Location {
    /// `None` if `source` has no scheme, as a path has none.
    ///
    /// # Errors
    ///
    /// [`is_invalid`](Error::is_invalid): a parameter has no value.
    pub(crate) fn parse(source: &str) -> Result<Option<Location>> {
        let Some((scheme, rest)) = source.split_once("://") else { return Ok(None) };
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut parameters = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let Some((name, value)) = pair.split_once('=') else {
                return Err(Error::invalid(format!("`{}` in `{source}` has no value", pair.escape_debug()))
                    .hint("write ?name=value&name=value"));
            };
            parameters.push((name.to_owned(), value.to_owned()));
        }
        Ok(Some(Location { scheme: scheme.to_owned(), path: path.to_owned(), parameters }))
    }

    /// The values of the parameters that there may be; of those not given, the empty text.
    ///
    /// # Errors
    ///
    /// [`is_invalid`](Error::is_invalid): another parameter is given.
    pub(crate) fn parameters<const N: usize>(&self, names: [&str; N]) -> Result<[String; N]> {
        if let Some((other, _)) = self.parameters.iter().find(|(name, _)| !names.contains(&name.as_str())) {
            return Err(Error::invalid(format!(
                "{}:// has no parameter `{}`",
                self.scheme,
                other.escape_debug()
            ))
            .hint(format!("it may have {}", names.join(", "))));
        }
        Ok(names.map(|name| {
            let given = self.parameters.iter().find(|(given, _)| given == name);
            given.map(|(_, value)| value.clone()).unwrap_or_default()
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_have_a_scheme_and_parameters() {
        assert!(Location::parse("/var/logs?x").unwrap().is_none());
        let location =
            Location::parse("s3://bucket/AWSLogs/?region=eu-west-1&profile=audit").unwrap().unwrap();
        assert_eq!((location.scheme.as_str(), location.path.as_str()), ("s3", "bucket/AWSLogs/"));
        assert_eq!(location.parameters(["profile", "region"]).unwrap(), ["audit", "eu-west-1"]);
        assert!(location.parameters(["profile"]).unwrap_err().to_string().contains("`region`"));
        assert!(Location::parse("s3://bucket?region").unwrap_err().is_invalid());
    }
}
