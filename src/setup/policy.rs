//! The least that AWS must allow for a task, as IAM policies.

use std::str::FromStr;

use handlebars::Handlebars;
use serde_json::json;

use super::names;
use crate::{Error, Result, athena};

/// A task, and so what it must be allowed.
///
/// # Examples
///
/// ```
/// # fn main() -> trailbook::Result<()> {
/// use trailbook::setup::policy::Policy;
///
/// let task: Policy = "investigate".parse()?;
/// let policy = task.render("my-logs", "s3://my-results/", "cloudtrail_logs", "cloudtrail_partitioned", "trailbook")?;
/// assert!(policy.contains("arn:aws:s3:::my-logs/*"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// The steps of the set-up, with leave to make what is missing.
    Setup,
    /// Asking questions of a table that is there, and of its snapshots.
    Investigate,
    /// As [`Investigate`](Policy::Investigate), with leave to make snapshots of it.
    Snapshot,
}

impl FromStr for Policy {
    type Err = Error;

    fn from_str(text: &str) -> Result<Policy> {
        match text {
            "setup" => Ok(Policy::Setup),
            "investigate" => Ok(Policy::Investigate),
            "snapshot" => Ok(Policy::Snapshot),
            other => Err(Error::invalid(format!("there is no policy for `{}`", other.escape_debug()))
                .hint("there are setup, investigate and snapshot")),
        }
    }
}

impl Policy {
    fn template(self) -> &'static str {
        match self {
            Policy::Setup => include_str!("policies/setup.json"),
            Policy::Investigate | Policy::Snapshot => include_str!("policies/investigate.json"),
        }
    }

    /// The policy as JSON, for the logs' bucket, the place of query results (`s3://bucket/prefix/`), the table
    /// and the workgroup. It is for the partition `aws`.
    ///
    /// # Errors
    ///
    /// [`is_invalid`](Error::is_invalid) for a name that cannot be one.
    pub fn render(
        self,
        bucket: &str,
        results: &str,
        database: &str,
        table: &str,
        workgroup: &str,
    ) -> Result<String> {
        let (results_bucket, results_prefix) = names::location(results)?;
        let slash = if results_prefix.is_empty() { "" } else { "/" };
        let context = json!({
            "bucket": names::bucket(bucket)?,
            "results_bucket": results_bucket,
            "results_prefix": format!("{results_prefix}{slash}"),
            "database": names::identifier(database)?,
            "table": names::identifier(table)?,
            "snapshots": athena::snapshots_of(table),
            "makes_snapshots": self == Policy::Snapshot,
            "workgroup": names::workgroup(workgroup)?,
        });
        let mut handlebars = Handlebars::new();
        handlebars.set_strict_mode(true);
        // The names were checked: none has a character that JSON would escape.
        handlebars.register_escape_fn(handlebars::no_escape);
        handlebars
            .render_template(self.template(), &context)
            .map_err(|error| Error::failed(format!("the policy cannot be written: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::fs;
    use std::path::Path;

    use serde_json::Value;

    use super::*;

    /// What the policy allows, by action.
    fn allowed(policy: Policy) -> BTreeMap<String, Value> {
        let text = policy.render("my-logs", "s3://my-results/a/b/", "d", "t", "w").unwrap();
        let policy: Value = serde_json::from_str(&text).unwrap();
        let mut allowed = BTreeMap::new();
        for statement in policy["Statement"].as_array().unwrap() {
            let actions = match &statement["Action"] {
                Value::String(action) => vec![action.clone()],
                actions => serde_json::from_value(actions.clone()).unwrap(),
            };
            allowed.extend(actions.into_iter().map(|action| (action, statement["Resource"].clone())));
        }
        allowed
    }

    /// Every operation of AWS that the set-up calls, or all else, as `service:Action`.
    fn called(by_setup: bool) -> BTreeSet<String> {
        let mut called = BTreeSet::new();
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        for entry in walkdir::WalkDir::new(&sources) {
            let entry = entry.unwrap();
            let is_setup = entry.path().starts_with(sources.join("setup"));
            if entry.path().extension().is_none_or(|extension| extension != "rs") || is_setup != by_setup {
                continue;
            }
            let text: String = fs::read_to_string(entry.path()).unwrap().split_whitespace().collect();
            for (client, service) in [
                ("athena().", "athena"),
                ("athena.", "athena"),
                ("cloudtrail().", "cloudtrail"),
                (
                    "client.",
                    if entry.path().starts_with(sources.join("athena")) { "athena" } else { "cloudtrail" },
                ),
                ("aws_sdk_sts::Client::new(&self.config).", "sts"),
            ] {
                for (at, _) in text.match_indices(client) {
                    let rest = &text[at + client.len()..];
                    let Some(operation) = rest.split_once("()").map(|(operation, _)| operation) else {
                        continue;
                    };
                    if operation.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
                        && operation.contains('_')
                    {
                        called.insert(format!("{service}:{}", pascal(operation)));
                    }
                }
            }
        }
        called
    }

    fn pascal(name: &str) -> String {
        name.split('_').map(|word| word[..1].to_uppercase() + &word[1..]).collect()
    }

    #[test]
    fn they_name_every_api_that_is_called() {
        let (setup, other) = (called(true), called(false));
        for action in ["cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus", "athena:CreateWorkGroup"] {
            assert!(setup.contains(action), "{action} is called, and not seen to be: {setup:?}");
        }
        assert!(
            other.contains("athena:StartQueryExecution") && other.contains("sts:GetCallerIdentity"),
            "{other:?}"
        );
        let allowed_for_setup = allowed(Policy::Setup);
        for action in setup.iter().chain(&other) {
            assert!(allowed_for_setup.contains_key(action), "the set-up's policy lacks {action}");
        }
        let allowed = allowed(Policy::Investigate);
        for action in &other {
            assert!(allowed.contains_key(action), "the investigation's policy lacks {action}");
        }
        let makes = |action: &&String| action.contains(":Create") || action.contains(":Update");
        assert_eq!(allowed.keys().find(makes), None);
    }

    #[test]
    fn snapshots_are_made_beside_the_table_alone() {
        let (without, with) = (allowed(Policy::Investigate), allowed(Policy::Snapshot));
        assert!(without.keys().all(|action| with.contains_key(action)));
        let more: Vec<&Value> =
            with.iter().filter(|(action, _)| !without.contains_key(*action)).map(|(_, on)| on).collect();
        let on = serde_json::json!([
            "arn:aws:glue:*:*:catalog",
            "arn:aws:glue:*:*:database/d",
            "arn:aws:glue:*:*:table/d/t_snapshot_*"
        ]);
        assert!(with.contains_key("glue:CreateTable") && more.iter().all(|resource| **resource == on));
    }

    #[test]
    fn they_are_about_the_names_given() {
        let allowed = allowed(Policy::Investigate);
        assert_eq!(allowed["s3:PutObject"], "arn:aws:s3:::my-results/a/b/*");
        assert_eq!(allowed["athena:StartQueryExecution"], "arn:aws:athena:*:*:workgroup/w");
        assert!(Policy::Setup.render("my-logs", "my-results", "d", "t", "w").unwrap_err().is_invalid());
        assert!(
            Policy::Setup.render("my-logs\",", "s3://my-results", "d", "t", "w").unwrap_err().is_invalid()
        );
    }
}
