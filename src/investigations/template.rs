//! A `.sql.hbs` file: a header of `-- key: value` lines, then the SQL.

use std::collections::BTreeMap;

use handlebars::Handlebars;

use super::next::Rule;
use crate::{Error, Result};

#[derive(Clone, Debug, Default)]
pub(super) struct Template {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) why: String,
    /// The answer in a sentence or two, to be filled in.
    pub(super) finding: String,
    pub(super) chart: Option<String>,
    pub(super) attack: Vec<String>,
    pub(super) parameters: Vec<Parameter>,
    /// Where its rows lead.
    pub(super) next: Vec<Rule>,
    /// Whether its events are recorded in a region of their own choice.
    pub(super) global: bool,
    /// A column of a number, and what to warn of when the number is not 0.
    pub(super) warning: Option<(String, String)>,
    sql: String,
}

#[derive(Clone, Debug)]
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) default: Option<String>,
}

/// How a parameter's value becomes SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A whole number.
    Integer,
    /// A text literal.
    Text,
    /// A `LIKE` pattern for what contains the value.
    Contains,
    /// A text literal; nothing where the value is empty, as it is by default.
    Optional,
}

impl Template {
    /// Reads a file of our own; [`tests::every_file_is_well_formed`] reads them all.
    pub(super) fn parse(file: &str) -> Template {
        let mut template = Template::default();
        let mut rest = file;
        while let Some(line) = rest.strip_prefix("-- ") {
            let (line, after) = line.split_once('\n').unwrap_or((line, ""));
            rest = after;
            let (key, value) = line.split_once(": ").unwrap_or((line, ""));
            match key {
                "id" => template.id = value.to_owned(),
                "title" => template.title = value.to_owned(),
                "why" => template.why = value.to_owned(),
                "finding" => template.finding = value.to_owned(),
                "chart" => template.chart = Some(value.to_owned()),
                "attack" => template.attack = value.split(' ').map(str::to_owned).collect(),
                "next" => template.next.push(Rule::parse(value)),
                "global" => template.global = value == "yes",
                "warn" => template.warning = value.split_once(' ').map(|(a, b)| (a.to_owned(), b.to_owned())),
                "parameter" => template.parameters.push(Parameter::parse(value)),
                _ => panic!("unknown header `{key}` in the investigation `{}`", template.id),
            }
        }
        template.sql = rest.trim_end().to_owned();
        template
    }

    pub(super) fn sql(&self) -> &str {
        &self.sql
    }

    pub(super) fn render(&self, context: &BTreeMap<String, String>) -> Result<String> {
        let mut handlebars = Handlebars::new();
        handlebars.set_strict_mode(true);
        // The values are SQL already, quoted by `sql::literal`.
        handlebars.register_escape_fn(handlebars::no_escape);
        handlebars.render_template(&self.sql, context).map_err(|error| {
            Error::invalid(format!("the investigation `{}` cannot be written as SQL: {error}", self.id))
        })
    }
}

impl Parameter {
    fn parse(text: &str) -> Parameter {
        let mut words = text.splitn(3, ' ');
        let name = words.next().unwrap_or_default().to_owned();
        let kind = match words.next() {
            Some("integer") => Kind::Integer,
            Some("text") => Kind::Text,
            Some("contains") => Kind::Contains,
            Some("optional") => Kind::Optional,
            other => panic!("the parameter `{name}` has no type we know: {other:?}"),
        };
        let default = words.next().or((kind == Kind::Optional).then_some(""));
        Parameter { name, kind, default: default.map(str::to_owned) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::*;

    fn scope() -> Scope {
        Scope::new(vec!["111122223333".into()], vec!["us-east-1".into()], "2026-10-12", "2026-10-13").unwrap()
    }

    #[test]
    fn every_file_is_well_formed() {
        let catalogue = Investigation::catalogue();
        assert_eq!(catalogue.len(), FILES.len());
        for question in &catalogue {
            let id = question.id();
            assert!(!id.is_empty() && !question.title().is_empty() && !question.why().is_empty(), "{id}");
            assert!(!question.template.finding.is_empty(), "{id} has no finding");
            assert_eq!(catalogue.iter().filter(|other| other.id() == id).count(), 1, "{id}");
            let mut question = question.clone();
            for name in question.parameters() {
                if !["limit", "at_least"].contains(&name.as_str()) {
                    question = question.with(&name, "it's").unwrap();
                }
            }
            let sql = question.sql("logs.t", &scope()).unwrap();
            assert!(!sql.contains("{{"), "{sql}");
            let line = sql.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(
                line.contains("FROM logs.t WHERE account_id = '111122223333'") || line.contains("UNNEST"),
                "{sql}"
            );
            assert_eq!(
                sql.matches("FROM logs.t\n").count(),
                sql.matches("account_id = '111122223333'").count(),
                "{sql}"
            );
        }
    }

    #[test]
    fn values_become_literals() {
        let sql = one_ip("1.2.3.4' OR '1'='1").sql("t", &scope()).unwrap();
        assert!(sql.contains("sourceipaddress = '1.2.3.4'' OR ''1''=''1'\n"), "{sql}");
        let sql = one_principal("Admin_Role").sql("t", &scope()).unwrap();
        assert!(sql.contains(r"LIKE '%Admin\_Role%' ESCAPE '\'"), "{sql}");
        let sql = one_principal("Admin").with("key", "AKIA1").unwrap().sql("t", &scope()).unwrap();
        assert!(sql.contains("AND useridentity.accesskeyid = 'AKIA1'\n") && !sql.contains("Admin"), "{sql}");
        let error = api_errors().with("limit", "1; DROP TABLE t").unwrap_err();
        assert!(error.is_invalid());
    }

    #[test]
    fn a_missing_or_unknown_parameter_is_named() {
        let error = Investigation::named("one-ip").unwrap().sql("t", &scope()).unwrap_err();
        assert!(error.to_string().contains("needs a `ip`"), "{error}");
        let error = root_use().with("ip", "1.2.3.4").unwrap_err();
        assert_eq!(error.to_string(), "`root-use` has no parameter `ip`; it has none");
    }

    #[test]
    fn a_text_value_is_not_a_template() {
        let sql = one_ip("{{table}}").sql("t", &scope()).unwrap();
        assert!(sql.contains("sourceipaddress = '{{table}}'"), "{sql}");
    }
}
