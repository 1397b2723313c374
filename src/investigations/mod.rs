//! The saved questions: one `.sql.hbs` file each, with a header that says what it is for.
//!
//! The header's `chart:` names the shape of the answer, by columns of the result:
//!
//! | words | picture |
//! | --- | --- |
//! | `over-time` | stacked bars of `time`, `events`, and `outcome` or `errors` |
//! | `bars LABEL EVENTS [ERRORS]` | a bar a row, with the part that failed |
//! | `counts LABEL [ERROR]` | a bar a value: how many rows have it, and how many of them an error |
//! | `timeline TIME ACTOR EVENT [ERROR]` | a lane an actor, a mark an event, a marker where each was first seen |
//! | `heatmap TIME [EVENTS]` | hours of the day over days |

mod finding;
mod next;
mod questions;
mod template;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use polars::prelude::{DataFrame, NamedFrom, Series};

use crate::logs::scope::{Layout, Scope};
use crate::sql::literal;
use crate::{Error, Result};
pub use next::NextStep;
pub use questions::*;
use template::{Kind, Template};

/// The files, in the order in which the catalogue lists them.
const FILES: &[&str] = &[
    include_str!("console-logins.sql.hbs"),
    include_str!("sign-in-outcomes.sql.hbs"),
    include_str!("sign-in-sources.sql.hbs"),
    include_str!("sign-in-guesses.sql.hbs"),
    include_str!("sign-in-others.sql.hbs"),
    include_str!("iam-changes.sql.hbs"),
    include_str!("iam-change-actors.sql.hbs"),
    include_str!("iam-change-kinds.sql.hbs"),
    include_str!("new-access-keys.sql.hbs"),
    include_str!("rights-given.sql.hbs"),
    include_str!("security-group-changes.sql.hbs"),
    include_str!("world-open-ports.sql.hbs"),
    include_str!("security-group-actors.sql.hbs"),
    include_str!("root-use.sql.hbs"),
    include_str!("root-actions.sql.hbs"),
    include_str!("root-sources.sql.hbs"),
    include_str!("root-credentials.sql.hbs"),
    include_str!("api-errors.sql.hbs"),
    include_str!("errors-by-code.sql.hbs"),
    include_str!("errors-by-principal.sql.hbs"),
    include_str!("denial-bursts.sql.hbs"),
    include_str!("one-ip.sql.hbs"),
    include_str!("ip-profile.sql.hbs"),
    include_str!("ip-over-time.sql.hbs"),
    include_str!("ip-calls.sql.hbs"),
    include_str!("ip-changes.sql.hbs"),
    include_str!("ip-data.sql.hbs"),
    include_str!("one-principal.sql.hbs"),
    include_str!("principal-profile.sql.hbs"),
    include_str!("principal-over-time.sql.hbs"),
    include_str!("principal-calls.sql.hbs"),
    include_str!("principal-changes.sql.hbs"),
    include_str!("principal-keys.sql.hbs"),
    include_str!("principal-data.sql.hbs"),
    include_str!("events-over-time.sql.hbs"),
    include_str!("top-principals.sql.hbs"),
    include_str!("top-addresses.sql.hbs"),
    include_str!("duplicates.sql.hbs"),
];

/// Who made a call: sessions of a role count as the role, calls of a service as the service.
const ACTOR: &str = "coalesce(useridentity.sessioncontext.sessionissuer.arn, useridentity.arn, \
                     useridentity.invokedby, nullif(useridentity.principalid, ''), useridentity.type, '(none)')";

/// A call that was refused for want of rights, in the words of any service.
const DENIED: &str = "regexp_like(errorcode, '(?i)denied|unauthorized|notauthorized|forbidden')";

/// One saved question about a scope: its SQL, its parameters, and why one asks it.
///
/// Take one by its function ([`console_logins`], [`one_ip`], …) or by its id with
/// [`Investigation::named`], and ask it with [`Logs::ask`](crate::Logs::ask).
///
/// # Examples
///
/// ```
/// use trailbook::investigations::{self, Investigation};
///
/// let question = investigations::one_ip("198.51.100.7").with("limit", "50")?;
/// assert_eq!(question.title(), "What one address did");
/// assert!(Investigation::named("one_ip").is_err());
/// # Ok::<(), trailbook::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Investigation {
    template: Template,
    values: BTreeMap<String, String>,
}

impl Investigation {
    /// The saved questions.
    pub fn catalogue() -> Vec<Investigation> {
        FILES
            .iter()
            .map(|file| Investigation { template: Template::parse(file), values: BTreeMap::new() })
            .collect()
    }

    /// The saved question with this id.
    ///
    /// # Errors
    ///
    /// [`is_not_found`](Error::is_not_found), naming the ids there are.
    pub fn named(id: &str) -> Result<Investigation> {
        let mut catalogue = Self::catalogue();
        match catalogue.iter().position(|one| one.id() == id) {
            Some(found) => Ok(catalogue.swap_remove(found)),
            None => {
                let ids: Vec<&str> = catalogue.iter().map(|one| one.id()).collect();
                Err(Error::not_found(format!("there is no investigation `{id}`"))
                    .hint(format!("there are {}", ids.join(", "))))
            }
        }
    }

    /// Gives a parameter its value.
    ///
    /// # Errors
    ///
    /// [`is_invalid`](Error::is_invalid) when there is no such parameter or the value is not of its type.
    pub fn with(mut self, name: &str, value: &str) -> Result<Investigation> {
        let id = &self.template.id;
        let Some(parameter) = self.template.parameters.iter().find(|one| one.name == name) else {
            let names: Vec<&str> = self.template.parameters.iter().map(|one| one.name.as_str()).collect();
            return Err(Error::invalid(format!("`{id}` has no parameter `{name}`")).hint(
                match names.as_slice() {
                    [] => "it has none".to_owned(),
                    names => format!("it has {}", names.join(", ")),
                },
            ));
        };
        if parameter.kind == Kind::Integer && value.parse::<u32>().is_err() {
            return Err(Error::invalid(format!("`{name}` of `{id}` is `{value}`, which is no whole number")));
        }
        self.values.insert(name.to_owned(), value.to_owned());
        Ok(self)
    }

    /// Its id, as [`named`](Investigation::named) takes it: `console-logins`.
    pub fn id(&self) -> &str {
        &self.template.id
    }

    /// Its title: `Who signed in to the console`.
    pub fn title(&self) -> &str {
        &self.template.title
    }

    /// Why one asks it and what to know when reading the answer.
    pub fn why(&self) -> &str {
        &self.template.why
    }

    /// The MITRE ATT&CK techniques that it shows, as ids: `T1078.004`.
    pub fn attack(&self) -> &[String] {
        &self.template.attack
    }

    /// The names of its parameters.
    pub fn parameters(&self) -> Vec<String> {
        self.template.parameters.iter().map(|parameter| parameter.name.clone()).collect()
    }

    /// Whether its SQL names the column.
    pub(crate) fn names(&self, column: &str) -> bool {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        self.template.sql().split(|c| !is_part(c)).any(|word| word == column)
    }

    /// Whether the parameter has a value, its own or by default.
    pub(crate) fn has_value(&self, name: &str) -> bool {
        let parameter = self.template.parameters.iter().find(|parameter| parameter.name == name);
        self.values.contains_key(name) || parameter.is_some_and(|parameter| parameter.default.is_some())
    }

    /// What its chart shows, if the answer has a shape: the words after `chart:`.
    pub(crate) fn chart(&self) -> Option<&str> {
        self.template.chart.as_deref()
    }

    /// The row limit in force, if it has one.
    pub(crate) fn limit(&self) -> Option<u64> {
        // Inside of a query it limits something else.
        if !self.template.sql().ends_with("LIMIT {{limit}}") {
            return None;
        }
        let limit = self.template.parameters.iter().find(|parameter| parameter.name == "limit")?;
        self.values.get("limit").or(limit.default.as_ref())?.parse().ok()
    }

    /// Whether its events are recorded, and delivered, in a region of their own choice.
    pub(crate) fn is_global(&self) -> bool {
        self.template.global
    }

    /// Its rows in a sentence or two.
    pub(crate) fn finding(&self, frame: &DataFrame) -> String {
        finding::tell(&self.template.finding, frame)
            .unwrap_or_else(|error| format!("`{}` cannot be told in a sentence: {error}", self.id()))
    }

    /// What its rows are a warning of.
    pub(crate) fn warning(&self, frame: &DataFrame) -> Option<String> {
        let (column, text) = self.template.warning.as_ref()?;
        let number = frame.column(column).ok()?.i64().ok()?.get(0)?;
        (number > 0).then(|| format!("{number} {text}"))
    }

    /// The runbooks that go on with its rows.
    pub(crate) fn next(&self, frame: &DataFrame) -> Vec<NextStep> {
        let mut steps = Vec::new();
        for step in self.template.next.iter().flat_map(|rule| rule.steps(frame)) {
            if !steps.contains(&step) {
                steps.push(step);
            }
        }
        steps
    }

    /// Its SQL over a table, ready for either engine.
    ///
    /// # Errors
    ///
    /// [`is_invalid`](Error::is_invalid) when a parameter without default has no value.
    pub fn sql(&self, table: &str, scope: &Scope) -> Result<String> {
        self.sql_in(table, scope, &Layout::default())
    }

    pub(crate) fn sql_in(&self, table: &str, scope: &Scope, layout: &Layout) -> Result<String> {
        let mut context = BTreeMap::from([
            ("table".to_owned(), table.to_owned()),
            ("scope".to_owned(), scope.predicate_in(layout)),
            ("bucket".to_owned(), bucket(scope).to_string()),
            ("actor".to_owned(), ACTOR.to_owned()),
            ("denied".to_owned(), DENIED.to_owned()),
        ]);
        for parameter in &self.template.parameters {
            let Some(value) = self.values.get(&parameter.name).or(parameter.default.as_ref()) else {
                return Err(Error::invalid(format!("`{}` needs a `{}`", self.id(), parameter.name))
                    .hint(format!("give it one with `.with(\"{}\", \"…\")`", parameter.name)));
            };
            let rendered = match parameter.kind {
                Kind::Integer => value.clone(),
                Kind::Optional if value.is_empty() => String::new(),
                Kind::Text | Kind::Optional => literal::text(value),
                Kind::Contains => literal::contains(value),
            };
            context.insert(parameter.name.clone(), rendered);
        }
        self.template.render(&context)
    }
}

/// The saved questions as a data frame: `question`, `title`, `parameters` and `why`, all text.
pub fn catalogue() -> DataFrame {
    let all = Investigation::catalogue();
    let column = |name: &str, value: fn(&Investigation) -> String| {
        Series::new(name.into(), all.iter().map(value).collect::<Vec<_>>()).into()
    };
    let columns = vec![
        column("question", |question| question.id().to_owned()),
        column("title", |question| question.title().to_owned()),
        column("parameters", |question| question.parameters().join(", ")),
        column("why", |question| question.why().to_owned()),
    ];
    DataFrame::new(all.len(), columns).unwrap_or_default()
}

/// How many characters of `eventtime` make a bar of the volume chart: a minute, an hour or a day.
fn bucket(scope: &Scope) -> usize {
    let span = scope.span();
    match span.num_hours() {
        ..=3 => "2026-10-12T08:00".len(),
        4..=168 => "2026-10-12T08".len(),
        _ => "2026-10-12".len(),
    }
}
