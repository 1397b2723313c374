//! What a step of the set-up looked at, what it saw, and what to do about it.

use std::fmt;
use std::ops::Deref;
use std::sync::OnceLock;

use chrono::{DateTime, Utc};
use polars::prelude::{DataFrame, df};
use serde_json::{Value, json};

use crate::Error;
use crate::answer::Answer;
use crate::logs::scope::utc;
use crate::show::{self, Bundle, html};

/// How one thing that was looked at stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is as it should be.
    Pass,
    /// Questions can be asked, and something about it should be known or mended.
    Warn,
    /// Questions cannot be asked, or their answers would be silently wrong.
    Fail,
    /// It does not apply here, or was not looked at; the reason is in what was seen.
    NotApplicable,
}

impl Verdict {
    fn mark(self) -> char {
        match self {
            Verdict::Pass => '✓',
            Verdict::Warn => '⚠',
            Verdict::Fail => '✗',
            Verdict::NotApplicable => '⊘',
        }
    }

    fn name(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Warn => "warn",
            Verdict::Fail => "fail",
            Verdict::NotApplicable => "not applicable",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Check {
    check: String,
    seen: String,
    verdict: Verdict,
    what_to_do: String,
}

/// The checks of one step of the set-up.
///
/// Dereferences to a polars [`DataFrame`] with the text columns `check`, `seen`, `verdict`
/// (`pass`, `warn`, `fail` or `not applicable`) and `what_to_do` (empty where there is nothing to do).
///
/// # Examples
///
/// ```
/// # fn main() -> trailbook::Result<()> {
/// use trailbook::setup::Readiness;
///
/// let path = Readiness::open("sample")?.log_path()?;
/// assert!(!path.has_failed());
/// assert_eq!(path.width(), 4);
/// println!("{path}");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Checks {
    title: String,
    step: Option<String>,
    at: DateTime<Utc>,
    checks: Vec<Check>,
    statements: Vec<String>,
    answer: Option<Answer>,
    frame: OnceLock<DataFrame>,
}

impl Checks {
    pub(super) fn new(title: &str) -> Checks {
        Checks {
            title: title.to_owned(),
            step: None,
            at: Utc::now(),
            checks: Vec::new(),
            statements: Vec::new(),
            answer: None,
            frame: OnceLock::new(),
        }
    }

    /// The checks of a step that does not apply.
    pub(super) fn inapplicable(title: &str, check: &str, why: &str) -> Checks {
        let mut checks = Checks::new(title);
        checks.not_applicable(check, why);
        checks
    }

    pub(super) fn pass(&mut self, check: &str, seen: impl Into<String>) {
        self.push(check, seen, Verdict::Pass, "");
    }

    pub(super) fn warn(&mut self, check: &str, seen: impl Into<String>, what_to_do: impl Into<String>) {
        self.push(check, seen, Verdict::Warn, what_to_do);
    }

    pub(super) fn fail(&mut self, check: &str, seen: impl Into<String>, what_to_do: impl Into<String>) {
        self.push(check, seen, Verdict::Fail, what_to_do);
    }

    pub(super) fn not_applicable(&mut self, check: &str, why: impl Into<String>) {
        self.push(check, why, Verdict::NotApplicable, "");
    }

    /// A call that failed: its message is what was seen, its hint what to do.
    pub(super) fn error(&mut self, check: &str, verdict: Verdict, error: &Error) {
        let (message, hint) = error.parts();
        self.push(check, message, verdict, hint.unwrap_or_default());
    }

    /// Takes the checks of another in.
    pub(super) fn append(&mut self, mut other: Checks) {
        self.checks.append(&mut other.checks);
    }

    fn push(
        &mut self,
        check: &str,
        seen: impl Into<String>,
        verdict: Verdict,
        what_to_do: impl Into<String>,
    ) {
        self.checks.push(Check {
            check: check.to_owned(),
            seen: seen.into(),
            verdict,
            what_to_do: what_to_do.into(),
        });
    }

    /// Adds a statement that was run, or would be.
    pub(super) fn statement(&mut self, sql: impl Into<String>) {
        self.statements.push(sql.into());
    }

    /// Adds the rows that a step saw.
    pub(super) fn rows(&mut self, answer: Answer) {
        self.answer = Some(answer);
    }

    /// What was looked at: `Trail`, `Log path`, …
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Whether a check failed. A warning is no failure.
    pub fn has_failed(&self) -> bool {
        self.checks.iter().any(|check| check.verdict == Verdict::Fail)
    }

    /// Whether nothing of it applies here: such a step is neither done nor failed.
    pub fn is_not_applicable(&self) -> bool {
        self.checks.iter().all(|check| check.verdict == Verdict::NotApplicable)
    }

    /// The worst verdict; `not applicable` where nothing applies.
    pub fn verdict(&self) -> Verdict {
        let has = |verdict| self.checks.iter().any(|check| check.verdict == verdict);
        match () {
            () if has(Verdict::Fail) => Verdict::Fail,
            () if has(Verdict::Warn) => Verdict::Warn,
            () if has(Verdict::Pass) => Verdict::Pass,
            () => Verdict::NotApplicable,
        }
    }

    /// The SQL statements that the step ran or, where nothing was to be changed, would run.
    pub fn statements(&self) -> &[String] {
        &self.statements
    }

    /// The checks in one sentence: `5 pass, 1 warn: multi-region: …`.
    pub fn summary(&self) -> String {
        let counts: Vec<String> = [Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::NotApplicable]
            .into_iter()
            .map(|verdict| (self.checks.iter().filter(|check| check.verdict == verdict).count(), verdict))
            .filter(|(count, _)| *count > 0)
            .map(|(count, verdict)| format!("{count} {verdict}"))
            .collect();
        let mut text = counts.join(", ");
        let telling = match self.verdict() {
            Verdict::Pass => None,
            worst => self.checks.iter().find(|check| check.verdict == worst),
        };
        if let Some(check) = telling {
            text.push_str(&format!(": {}: {}", check.check, check.seen));
        }
        text
    }

    /// What failed, as the error that ends a step.
    pub(crate) fn failure(&self) -> Option<Error> {
        let failed: Vec<&Check> = self.checks.iter().filter(|check| check.verdict == Verdict::Fail).collect();
        let first = failed.first()?;
        let mut message = format!("{}: {}: {}", self.title, first.check, first.seen);
        if failed.len() > 1 {
            message
                .push_str(&format!(" (and {} more)", show::count(failed.len() as u64 - 1, "failed check")));
        }
        let error = Error::failed(message);
        Some(if first.what_to_do.is_empty() { error } else { error.hint(&first.what_to_do) })
    }

    pub(crate) fn belongs_to(&mut self, step: &str) {
        self.step = Some(step.to_owned());
    }

    fn frame(&self) -> &DataFrame {
        self.frame.get_or_init(|| {
            let texts = |of: fn(&Check) -> &str| self.checks.iter().map(of).collect::<Vec<&str>>();
            df!(
                "check" => texts(|check| &check.check),
                "seen" => texts(|check| &check.seen),
                "verdict" => texts(|check| check.verdict.name()),
                "what_to_do" => texts(|check| &check.what_to_do),
            )
            .unwrap_or_default()
        })
    }

    /// The checks as JSON: `title`, `verdict`, `checks` (the rows) and `statements`.
    pub fn to_json(&self) -> String {
        self.json().to_string()
    }

    pub(crate) fn json(&self) -> Value {
        let checks: Vec<Value> = self
            .checks
            .iter()
            .map(|check| {
                json!({
                    "check": check.check,
                    "seen": check.seen,
                    "verdict": check.verdict.name(),
                    "what_to_do": check.what_to_do,
                })
            })
            .collect();
        json!({
            "title": self.title,
            "verdict": self.verdict().name(),
            "checks": checks,
            "statements": self.statements,
        })
    }

    pub(crate) fn evidence(&self) -> Value {
        let mut record = json!({
            "schema": "trailbook.evidence/1",
            "kind": "checks",
            "step": self.step,
            "at": utc(self.at),
            "summary": self.summary(),
        });
        if let (Value::Object(record), Value::Object(mut checks)) = (&mut record, self.json()) {
            record.append(&mut checks);
        }
        record
    }

    pub(crate) fn bundle(&self) -> Bundle {
        let answer = self.answer.as_ref().map(|answer| show::result(answer, answer.columns()));
        let rows = answer.unwrap_or_default();
        Bundle {
            html: self.html() + &rows.html,
            plain: format!("{}{}", self.plain(), rows.plain),
            evidence: Some(self.evidence()),
        }
    }

    fn html(&self) -> String {
        let mut out = format!("<p class=\"tb-title\">{}</p>\n", html::escape(&self.title));
        out.push_str(
            "<div class=\"tb-scroll\" tabindex=\"0\"><table class=\"tb-grid tb-checks\">\n<thead><tr>",
        );
        for name in ["check", "seen", "verdict", "what to do"] {
            out.push_str(&format!("<th scope=\"col\">{name}</th>"));
        }
        out.push_str("</tr></thead>\n<tbody>\n");
        for check in &self.checks {
            let verdict = check.verdict;
            let class = match verdict {
                Verdict::Fail => " class=\"tb-fail\"",
                Verdict::Warn => " class=\"tb-warn\"",
                Verdict::Pass | Verdict::NotApplicable => "",
            };
            out.push_str(&format!(
                "<tr{class}><td>{}</td><td>{}</td><td class=\"tb-verdict\">{} {verdict}</td><td>{}</td></tr>\n",
                html::escape(&check.check),
                html::marked(&check.seen),
                verdict.mark(),
                html::marked(&check.what_to_do),
            ));
        }
        out.push_str("</tbody></table></div>\n");
        for statement in &self.statements {
            out.push_str(&format!("<pre>{}</pre>\n", html::escape_lines(statement)));
        }
        out
    }

    fn plain(&self) -> String {
        let widest = self.checks.iter().map(|check| check.check.chars().count()).max().unwrap_or(0);
        let mut out = format!("{}\n", html::visible(&self.title));
        for check in &self.checks {
            let verdict = check.verdict;
            out.push_str(&format!(
                "  {} {verdict:<14}  {:<widest$}  {}\n",
                verdict.mark(),
                html::visible(&check.check),
                html::visible(&check.seen),
            ));
            if !check.what_to_do.is_empty() {
                out.push_str(&format!("{:>1$}→ {2}\n", "", widest + 20, html::visible(&check.what_to_do)));
            }
        }
        for statement in &self.statements {
            out.push('\n');
            for line in statement.lines() {
                out.push_str(&format!("    {}\n", html::visible(line)));
            }
        }
        if !self.statements.is_empty() {
            out.push('\n');
        }
        out
    }

    /// Shows the checks in a notebook cell.
    pub fn evcxr_display(&self) {
        show::emit(&self.bundle());
    }
}

impl Deref for Checks {
    type Target = DataFrame;

    fn deref(&self) -> &DataFrame {
        self.frame()
    }
}

impl fmt::Display for Checks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.bundle().plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checks() -> Checks {
        let mut checks = Checks::new("Trail");
        checks.pass("trail", "`<b>`");
        checks.warn("multi-region", "no", "run `aws cloudtrail update-trail`");
        checks.fail("logging", "stopped", "run `aws cloudtrail start-logging`");
        checks.not_applicable("data events", "not asked");
        checks.statement("ALTER TABLE t");
        checks
    }

    #[test]
    fn they_are_a_frame() {
        let checks = checks();
        assert_eq!(checks.shape(), (4, 4));
        let names: Vec<&str> = checks.get_column_names().into_iter().map(|name| name.as_str()).collect();
        assert_eq!(names, ["check", "seen", "verdict", "what_to_do"]);
    }

    #[test]
    fn the_worst_verdict_tells() {
        let checks = checks();
        assert!(checks.has_failed() && !checks.is_not_applicable());
        assert_eq!(checks.summary(), "1 pass, 1 warn, 1 fail, 1 not applicable: logging: stopped");
        assert_eq!(
            checks.failure().unwrap().to_string(),
            "Trail: logging: stopped; run `aws cloudtrail start-logging`"
        );
        let none = Checks::inapplicable("Trail", "trail", "the logs are files");
        assert!(none.is_not_applicable() && none.failure().is_none());
        assert_eq!(none.summary(), "1 not applicable: trail: the logs are files");
    }

    #[test]
    fn they_are_shown_escaped_with_what_to_do() {
        let bundle = checks().bundle();
        assert!(bundle.html.contains("&lt;b&gt;") && !bundle.html.contains("<b>"), "{}", bundle.html);
        assert!(bundle.plain.contains("⚠ warn            multi-region  no\n"), "{}", bundle.plain);
        assert!(bundle.plain.contains("→ run `aws cloudtrail start-logging`\n"), "{}", bundle.plain);
        assert!(bundle.plain.ends_with("\n    ALTER TABLE t\n\n"), "{}", bundle.plain);
        let evidence = bundle.evidence.unwrap();
        assert_eq!((&evidence["kind"], &evidence["verdict"]), (&json!("checks"), &json!("fail")));
        assert_eq!(evidence["checks"][1]["what_to_do"], "run `aws cloudtrail update-trail`");
    }
}
