//! From the rows of an answer to the runbooks that go on with them.

use std::net::IpAddr;

use polars::prelude::DataFrame;

/// Values of one column that one rule hands on. The rows say how many more there are.
const HANDED_ON: usize = 5;

/// A runbook to go on with, and the parameters that rows of an answer give it.
///
/// The values come from logs: they are shown escaped, and one with a control
/// character or without meaning for the runbook is not handed on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NextStep {
    pub(crate) runbook: String,
    pub(crate) parameters: Vec<(String, String)>,
}

impl NextStep {
    /// The runbook's file name without its extension: `07-one-ip`.
    pub fn runbook(&self) -> &str {
        &self.runbook
    }

    /// The runbook's own parameters, by name.
    pub fn parameters(&self) -> &[(String, String)] {
        &self.parameters
    }
}

/// `-- next: RUNBOOK PARAMETER COLUMN [names] [by=COLUMN] [COLUMN=VALUE]` in a question's header.
///
/// `names` lets names without an ARN through; `by` takes the rows with the highest numbers
/// in a column first; a column and a value restrict the rows.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    runbook: String,
    parameter: String,
    column: String,
    names: bool,
    by: Option<String>,
    only: Option<(String, String)>,
}

impl Rule {
    pub(super) fn parse(text: &str) -> Rule {
        let mut words = text.split(' ').map(str::to_owned);
        let mut word = || words.next().unwrap_or_default();
        let mut rule =
            Rule { runbook: word(), parameter: word(), column: word(), names: false, by: None, only: None };
        for option in words {
            match option.split_once('=') {
                Some(("by", column)) => rule.by = Some(column.to_owned()),
                Some((column, value)) => rule.only = Some((column.to_owned(), value.to_owned())),
                None => rule.names = option == "names",
            }
        }
        rule
    }

    #[cfg(test)]
    pub(super) fn target(&self) -> (&str, &str) {
        (&self.runbook, &self.parameter)
    }

    /// The steps that rows of a frame lead to, those of the first rows first, each once.
    pub(super) fn steps(&self, frame: &DataFrame) -> Vec<NextStep> {
        let mut steps = Vec::new();
        let Ok(column) = frame.column(&self.column) else { return steps };
        for row in self.rows(frame) {
            let Ok(value) = column.get(row) else { continue };
            let Some(step) = value.get_str().and_then(|value| self.step(value)) else { continue };
            if !steps.contains(&step) {
                steps.push(step);
            }
            if steps.len() == HANDED_ON {
                break;
            }
        }
        steps
    }

    fn rows(&self, frame: &DataFrame) -> Vec<usize> {
        let mut rows: Vec<usize> = (0..frame.height()).collect();
        if let Some((column, only)) = &self.only
            && let Ok(column) = frame.column(column)
        {
            rows.retain(|&row| column.get(row).is_ok_and(|value| value.get_str() == Some(only)));
        }
        if let Some(by) = &self.by
            && let Ok(numbers) = frame.column(by).and_then(|column| column.i64())
        {
            rows.sort_by_key(|&row| std::cmp::Reverse(numbers.get(row)));
        }
        rows
    }

    fn step(&self, value: &str) -> Option<NextStep> {
        if value.chars().any(char::is_control) {
            return None;
        }
        let step = |value: String| NextStep {
            runbook: self.runbook.clone(),
            parameters: vec![(self.parameter.clone(), value)],
        };
        if self.parameter == "ip" {
            // A service's name stands where the service made the call.
            return value.parse::<IpAddr>().ok().map(|_| step(value.to_owned()));
        }
        if self.parameter == "key" {
            return is_key(value).then(|| step(value.to_owned()));
        }
        if is_root(value) {
            return Some(NextStep { runbook: "05-root-use".to_owned(), parameters: Vec::new() });
        }
        match value.starts_with("arn:") {
            true => Some(step(sessions(value))),
            false => (self.names && is_name(value)).then(|| step(value.to_owned())),
        }
    }
}

fn is_root(value: &str) -> bool {
    value == "Root" || (value.starts_with("arn:") && value.ends_with(":root"))
}

/// The id of an access key: long-lived (`AKIA…`) or of a session (`ASIA…`).
fn is_key(value: &str) -> bool {
    let id = value.strip_prefix("AKIA").or_else(|| value.strip_prefix("ASIA"));
    id.is_some_and(|id| id.len() >= 12 && id.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()))
}

/// What a user, role or group may be called.
fn is_name(value: &str) -> bool {
    !value.is_empty() && value.chars().all(|c| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c))
}

/// The part that the ARNs of a role's sessions share; other ARNs as they are.
fn sessions(arn: &str) -> String {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    if let ["arn", partition, "iam", _, account, resource] = parts.as_slice()
        && let Some(role) = resource.strip_prefix("role/")
    {
        let name = role.rsplit('/').next().unwrap_or(role);
        return format!("arn:{partition}:sts::{account}:assumed-role/{name}/");
    }
    arn.to_owned()
}

#[cfg(test)]
mod tests {
    use polars::prelude::df;

    use super::*;

    fn check(rule: &str, want: &[(&str, &str)]) {
        let frame = df!(
            "address" => [Some("203.0.113.66"), Some("config.amazonaws.com"), None, Some("2001:db8::1"), Some("203.0.113.66")],
            "principal" => [
                Some("arn:aws:iam::111122223333:role/ci/Deploy"), Some("arn:aws:iam::111122223333:root"),
                Some("arn:aws:sts::111122223333:assumed-role/Admin/alice"), Some("dave"), Some("arn:aws:iam::1:user/a\u{1b}[2J"),
            ],
            "kind" => ["a", "b", "b", "b", "a"],
            "key" => ["AKIAIOSFODNN7EXAMPLE", "(session)", "ASIA1", "AKIA IOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"],
            "errors" => [1i64, 5, 3, 9, 0],
        )
        .unwrap();
        let steps = Rule::parse(rule).steps(&frame);
        let steps: Vec<(&str, &str)> = steps
            .iter()
            .map(|step| (step.runbook(), step.parameters().first().map_or("", |(_, value)| value.as_str())))
            .collect();
        assert_eq!(steps, want, "{rule}");
    }

    #[test]
    fn values_that_mean_something_are_handed_on() {
        check("07-one-ip ip address", &[("07-one-ip", "203.0.113.66"), ("07-one-ip", "2001:db8::1")]);
        check(
            "07-one-ip ip address by=errors",
            &[("07-one-ip", "2001:db8::1"), ("07-one-ip", "203.0.113.66")],
        );
        check("07-one-ip ip address kind=a", &[("07-one-ip", "203.0.113.66")]);
        check("07-one-ip ip no_such_column", &[]);
        check(
            "08-one-principal key key",
            &[("08-one-principal", "AKIAIOSFODNN7EXAMPLE"), ("08-one-principal", "ASIAIOSFODNN7EXAMPLE")],
        );
        let role = ("08-one-principal", "arn:aws:sts::111122223333:assumed-role/Deploy/");
        let session = ("08-one-principal", "arn:aws:sts::111122223333:assumed-role/Admin/alice");
        check("08-one-principal principal principal", &[role, ("05-root-use", ""), session]);
        check(
            "08-one-principal principal principal names",
            &[role, ("05-root-use", ""), session, ("08-one-principal", "dave")],
        );
    }

    #[test]
    fn no_more_than_a_handful() {
        let addresses: Vec<String> = (0..200).map(|n| format!("192.0.2.{n}")).collect();
        let frame = df!("address" => addresses).unwrap();
        let steps = Rule::parse("07-one-ip ip address").steps(&frame);
        assert_eq!(steps.len(), HANDED_ON);
        assert_eq!(steps[0].parameters()[0].1, "192.0.2.0");
    }
}
