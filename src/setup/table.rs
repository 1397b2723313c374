//! An existing table against what the bucket holds: every difference that would silently lose rows.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};

use super::checks::Checks;
use super::ddl::{DATE_KEY, SERDE, TableSpec, columns};
use super::hive::HiveType;
use crate::Result;
use crate::investigations::Investigation;

/// A table as Athena's metadata tell of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Existing {
    /// Names and types, as they are told.
    pub(super) columns: Vec<(String, String)>,
    pub(super) keys: Vec<String>,
    pub(super) parameters: BTreeMap<String, String>,
}

/// What mends a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Mend {
    /// Statements that only add: they can be run as they are.
    pub(super) alter: Vec<String>,
    /// Where that does not do: what makes the table anew. The logs are not touched.
    pub(super) replace: Vec<String>,
}

/// What silently loses rows.
const SILENT: &str = "queries there give zero rows and no error";

impl Existing {
    /// Compares the table with what it should be.
    ///
    /// `spec` is made of what the bucket holds, `held` are the first and the last day held.
    ///
    /// # Errors
    ///
    /// None that input can cause.
    pub(super) fn compare(
        &self,
        checks: &mut Checks,
        spec: &TableSpec,
        held: (NaiveDate, NaiveDate),
        today: NaiveDate,
    ) -> Result<Mend> {
        let mut judge = Judge { existing: self, spec, checks, set: BTreeMap::new(), replace: false };
        let missing = judge.columns();
        judge.serde();
        if judge.keys() {
            judge.template();
            judge.location();
            judge.values("accounts", "projection.account_id", &spec.accounts);
            judge.values("regions", "projection.region", &spec.regions);
            match spec.by_date {
                true => judge.dates(held),
                false => judge.years(held, today),
            }
        }
        let mut mend = Mend::default();
        if !missing.is_empty() {
            mend.alter.push(spec.add_columns(&missing));
        }
        let set: Vec<(String, String)> = judge.set.into_iter().collect();
        if !set.is_empty() {
            mend.alter.push(spec.alter_properties(&set));
        }
        if judge.replace {
            mend.replace = vec![format!("DROP TABLE {}", spec.qualified()), spec.ddl()?];
        }
        Ok(mend)
    }
}

struct Judge<'a> {
    existing: &'a Existing,
    spec: &'a TableSpec,
    checks: &'a mut Checks,
    /// Properties to set.
    set: BTreeMap<String, String>,
    replace: bool,
}

impl<'a> Judge<'a> {
    fn property(&self, name: &str) -> &'a str {
        self.existing.parameters.get(name).map_or("", String::as_str)
    }

    /// Sets what the table should have for these properties.
    fn set(&mut self, wanted: impl Fn(&str) -> bool) {
        let properties = self.spec.properties().into_iter().filter(|(name, _)| wanted(name));
        self.set.extend(properties.map(|(name, value)| (name.to_owned(), value)));
    }

    /// Compares the columns; gives those that are missing.
    fn columns(&mut self) -> Vec<&'static (String, HiveType)> {
        let mut missing = Vec::new();
        let mut differing = Vec::new();
        for column in columns() {
            let (name, kind) = column;
            match self.existing.columns.iter().find(|(existing, _)| existing.eq_ignore_ascii_case(name)) {
                None => missing.push(column),
                Some((_, text)) => match HiveType::parse(text) {
                    Some(existing) => differing.extend(kind.missing_in(&existing, name)),
                    None => differing.push(format!("{name} (its type `{text}` is not understood)")),
                },
            }
        }
        let names: Vec<&str> = missing.iter().map(|(name, _)| name.as_str()).collect();
        let asked: Vec<&str> = names.iter().copied().filter(|name| saved_questions_name(name)).collect();
        if !asked.is_empty() {
            let seen = format!("missing: {}; saved questions name {}", names.join(", "), asked.join(", "));
            self.checks.fail("columns", seen, "add them: run the ALTER TABLE below");
        } else if !names.is_empty() {
            let seen = format!("missing: {}; queries that name them fail", names.join(", "));
            self.checks.warn("columns", seen, "add them: run the ALTER TABLE below");
        }
        if !differing.is_empty() {
            self.replace = true;
            let seen = format!("missing or other: {}; queries that name them fail", differing.join(", "));
            self.checks.warn(
                "column types",
                seen,
                "make the table anew by the statements below: the logs are not touched",
            );
        }
        if missing.is_empty() && differing.is_empty() {
            self.checks.pass("columns", format!("all {}", columns().len()));
        }
        missing
    }

    fn serde(&mut self) {
        match self.property("serde.serialization.lib") {
            "" | SERDE => {}
            "com.amazon.emr.hive.serde.CloudTrailSerde" | "org.openx.data.jsonserde.JsonSerDe" => {
                self.checks.warn(
                    "SerDe",
                    format!(
                        "`{}` shows JSON null as the text null",
                        self.property("serde.serialization.lib")
                    ),
                    "compare with `'null'` too in your own SQL, or make the table anew",
                )
            }
            other => {
                self.replace = true;
                self.checks.fail(
                    "SerDe",
                    format!("`{other}` does not read CloudTrail's records"),
                    "make the table anew by the statements below",
                );
            }
        }
    }

    /// Whether it is partitioned and projected as it should be: else the ranges say nothing.
    fn keys(&mut self) -> bool {
        let wanted = self.spec.keys();
        if self.existing.keys != wanted {
            self.replace = true;
            let there = match self.existing.keys.as_slice() {
                [] => "it has no partitions: every query reads everything".to_owned(),
                keys => format!("it is partitioned by {}", keys.join(", ")),
            };
            let other = match self.spec.by_date {
                false if self.existing.keys.iter().any(|key| key == DATE_KEY) => {
                    "use `--date-partition` if that is meant, or another name (`--table`)"
                }
                _ => "choose another name (`--table`), or make it anew by the statements below",
            };
            self.checks.fail("partitions", format!("{there}, not by {}", wanted.join(", ")), other);
            return false;
        }
        if !self.property("projection.enabled").eq_ignore_ascii_case("true") {
            self.set(|_| true);
            self.checks.fail(
                "partitions",
                format!("partition projection is off: unless each day is added by hand, {SILENT}"),
                "run the ALTER TABLE below",
            );
            return false;
        }
        self.checks.pass("partitions", format!("projected by {}", wanted.join(", ")));
        true
    }

    fn template(&mut self) {
        let (there, wanted) = (self.property("storage.location.template"), self.spec.template());
        if there.trim_end_matches('/') == wanted {
            self.checks.pass("path template", there);
            return;
        }
        self.set(|name| name == "storage.location.template");
        let seen = match there.split_once("://").is_some_and(|(_, path)| path.contains("//")) {
            true => format!("`{there}` has `//` in it: {SILENT}"),
            false => format!("`{there}`, but the logs are at `{wanted}`: {SILENT}"),
        };
        self.checks.fail("path template", seen, "run the ALTER TABLE below");
    }

    fn location(&mut self) {
        let there = self.property("location");
        if there.split_once("://").is_some_and(|(_, path)| path.contains("//")) {
            self.replace = true;
            self.checks.fail(
                "location",
                format!("`{there}` has `//` in it, where nothing is"),
                "make the table anew by the statements below: the logs are not touched",
            );
        }
    }

    /// An enumeration against what is held.
    fn values(&mut self, what: &str, property: &str, held: &[String]) {
        let kind = self.property(&format!("{property}.type"));
        if kind.eq_ignore_ascii_case("injected") {
            self.checks.pass(what, "injected: each query must name them");
            return;
        }
        let values = format!("{property}.values");
        let there: Vec<&str> = self.property(&values).split(',').filter(|value| !value.is_empty()).collect();
        let blank = there.iter().any(|value| value.trim() != *value);
        let missing: Vec<&str> =
            held.iter().map(String::as_str).filter(|value| !there.contains(value)).collect();
        if !kind.eq_ignore_ascii_case("enum") || blank || !missing.is_empty() {
            let mut all: Vec<&str> =
                there.iter().map(|value| value.trim()).chain(held.iter().map(String::as_str)).collect();
            all.sort_unstable();
            all.dedup();
            self.set.insert(format!("{property}.type"), "enum".to_owned());
            self.set.insert(values, all.join(","));
        }
        if !kind.eq_ignore_ascii_case("enum") {
            self.checks.fail(
                what,
                format!("`{property}.type` is `{kind}`, not enum"),
                "run the ALTER TABLE below",
            );
        } else if blank {
            let seen = format!("there are blanks in the list, which belong to the values: {SILENT}");
            self.checks.fail(what, seen, "run the ALTER TABLE below");
        } else if !missing.is_empty() {
            let seen =
                format!("the logs hold {}, which the table does not know: {SILENT}", missing.join(", "));
            self.checks.fail(what, seen, "run the ALTER TABLE below");
        } else {
            self.checks.pass(what, format!("all {} that the logs hold", held.len()));
        }
    }

    fn years(&mut self, (first, last): (NaiveDate, NaiveDate), today: NaiveDate) {
        let digits = ["month", "day"].map(|key| self.property(&format!("projection.{key}.digits")));
        let ranges = ["month", "day"].map(|key| self.property(&format!("projection.{key}.range")));
        if digits != ["2", "2"] || ranges.map(|range| range.replace(' ', "")) != ["1,12", "1,31"] {
            self.set(|name| name.starts_with("projection.month.") || name.starts_with("projection.day."));
            self.checks.fail(
                "months and days",
                format!("they are not projected as 01 to 12 and 01 to 31 with two digits: {SILENT}"),
                "run the ALTER TABLE below",
            );
        } else {
            self.checks.pass("months and days", "all, with two digits");
        }
        let there = self.property("projection.year.range");
        let range = there
            .split_once(',')
            .and_then(|(from, to)| Some((from.trim().parse::<i32>().ok()?, to.trim().parse::<i32>().ok()?)));
        let Some((from, to)) = range.filter(|_| self.property("projection.year.type") == "integer") else {
            self.set(|name| name.starts_with("projection.year."));
            self.checks.fail(
                "years",
                format!("`{there}` is no range of years: {SILENT}"),
                "run the ALTER TABLE below",
            );
            return;
        };
        let wider = (from.min(self.spec.years.0), to.max(self.spec.years.1));
        let mut widen = || {
            self.set.insert("projection.year.range".to_owned(), format!("{},{}", wider.0, wider.1));
        };
        if from > first.year() || to < last.year() {
            widen();
            self.checks.fail(
                "years",
                format!("{from} to {to}, but the logs hold {first} to {last}: {SILENT}"),
                "run the ALTER TABLE below",
            );
        } else if to < today.year() {
            widen();
            self.checks.fail("years", format!("they ended with {to}: {SILENT}"), "run the ALTER TABLE below");
        } else if to == today.year() {
            widen();
            self.checks.warn(
                "years",
                format!("they end with {to}: from {}-01-01 on, {SILENT}", to + 1),
                "run the ALTER TABLE below before that",
            );
        } else {
            self.checks.pass("years", format!("{from} to {to}"));
        }
    }

    fn dates(&mut self, (first, _): (NaiveDate, NaiveDate)) {
        let format = self.property("projection.timestamp.format");
        let there = self.property("projection.timestamp.range");
        let (from, to) = there.split_once(',').unwrap_or((there, ""));
        let from = NaiveDate::parse_from_str(from.trim(), "%Y/%m/%d").ok();
        let fits = format == "yyyy/MM/dd" && from.is_some_and(|from| from <= first) && to.trim() == "NOW";
        if fits {
            self.checks.pass("days", format!("{there}, as {format}"));
            return;
        }
        self.set(|name| name.starts_with("projection.timestamp."));
        self.checks.fail(
            "days",
            format!("`{there}` as `{format}` does not reach from {first} to NOW as yyyy/MM/dd: {SILENT}"),
            "run the ALTER TABLE below",
        );
    }
}

/// Whether a saved question cannot be asked without the column.
fn saved_questions_name(column: &str) -> bool {
    Investigation::catalogue().iter().any(|question| question.names(column))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setup::Verdict;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn spec(by_date: bool) -> TableSpec {
        let accounts = ["111122223333", "222233334444"].map(str::to_owned);
        let regions = ["eu-west-1", "us-east-1"].map(str::to_owned);
        let spec = TableSpec::new("my-logs", "", "o-exampleorgid", &accounts, &regions, "2024-2030");
        spec.unwrap().by_date(by_date)
    }

    /// The table that the DDL makes.
    fn made(spec: &TableSpec) -> Existing {
        let mut parameters: BTreeMap<String, String> =
            spec.properties().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        parameters.insert("location".to_owned(), spec.location());
        parameters.insert("serde.serialization.lib".to_owned(), SERDE.to_owned());
        Existing {
            columns: columns().iter().map(|(name, kind)| (name.clone(), kind.to_string())).collect(),
            keys: spec.keys().into_iter().map(str::to_owned).collect(),
            parameters,
        }
    }

    fn compare(existing: &Existing, by_date: bool) -> (Checks, Mend) {
        let mut checks = Checks::new("Table");
        let held = (day("2024-03-01"), day("2026-10-12"));
        let mend = existing.compare(&mut checks, &spec(by_date), held, day("2026-10-13")).unwrap();
        (checks, mend)
    }

    #[test]
    fn the_table_of_the_ddl_is_right_and_needs_nothing() {
        for by_date in [false, true] {
            let (checks, mend) = compare(&made(&spec(by_date)), by_date);
            assert_eq!(checks.verdict(), Verdict::Pass, "{checks}");
            assert_eq!(mend, Mend::default());
        }
    }

    /// Changes one property, and says what is told and what mends it.
    #[track_caller]
    fn check(property: &str, value: &str, verdict: Verdict, seen: &str, mend: &str) {
        let mut existing = made(&spec(false));
        existing.parameters.insert(property.to_owned(), value.to_owned());
        let (checks, mended) = compare(&existing, false);
        assert_eq!(checks.verdict(), verdict, "{checks}");
        let text = checks.to_string();
        assert!(text.contains(seen), "{text}");
        let statements = [mended.alter.clone(), mended.replace].concat().join("\n");
        assert!(statements.contains(mend), "{statements}");
        if mended.alter.is_empty() {
            return;
        }
        // What the statement sets makes it right.
        for line in statements.lines().filter(|line| line.starts_with("  '")) {
            let (name, value) = line.trim().trim_end_matches(',').split_once(" = ").unwrap();
            existing
                .parameters
                .insert(name.trim_matches('\'').to_owned(), value.trim_matches('\'').to_owned());
        }
        let (checks, mended) = compare(&existing, false);
        assert_eq!((checks.verdict(), mended), (Verdict::Pass, Mend::default()), "{checks}");
    }

    #[test]
    fn each_silent_loss_is_told_with_its_mend() {
        let (fail, warn) = (Verdict::Fail, Verdict::Warn);
        check(
            "projection.account_id.values",
            "111122223333",
            fail,
            "the logs hold 222233334444, which the table does not know: queries there give zero rows and no error",
            "'projection.account_id.values' = '111122223333,222233334444'",
        );
        check(
            "projection.region.values",
            "us-east-1, eu-west-1",
            fail,
            "blanks in the list",
            "'projection.region.values' = 'eu-west-1,us-east-1'",
        );
        check("projection.region.type", "integer", fail, "not enum", "'projection.region.type' = 'enum'");
        check(
            "projection.year.range",
            "2023,2025",
            fail,
            "but the logs hold",
            "'projection.year.range' = '2023,2030'",
        );
        check("projection.year.range", "2025,2030", fail, "but the logs hold", "'2024,2030'");
        check("projection.year.range", "2023,2026", warn, "from 2027-01-01 on", "'2023,2030'");
        check("projection.year.range", "NOW", fail, "no range of years", "'2024,2030'");
        check("projection.month.digits", "1", fail, "two digits", "'projection.month.digits' = '2'");
        check("projection.enabled", "false", fail, "projection is off", "'projection.enabled' = 'true'");
        check(
            "storage.location.template",
            "s3://my-logs//AWSLogs/${account_id}/CloudTrail/${region}/${year}/${month}/${day}",
            fail,
            "has `//` in it",
            "'storage.location.template' = 's3://my-logs/AWSLogs/o-exampleorgid/${account_id}",
        );
        check(
            "storage.location.template",
            "s3://other/AWSLogs/${account_id}/CloudTrail/${region}/${year}/${month}/${day}",
            fail,
            "but the logs are at `s3://my-logs/",
            "'s3://my-logs/AWSLogs/o-exampleorgid/",
        );
        check("location", "s3://my-logs//AWSLogs/", fail, "where nothing is", "DROP TABLE");
        check(
            "serde.serialization.lib",
            "com.amazon.emr.hive.serde.CloudTrailSerde",
            warn,
            "the text null",
            "",
        );
        check(
            "serde.serialization.lib",
            "org.apache.hadoop.hive.serde2.OpenCSVSerde",
            fail,
            "does not read",
            "CREATE EXTERNAL TABLE",
        );
        check("projection.account_id.type", "injected", Verdict::Pass, "each query must name them", "");
    }

    #[test]
    fn a_table_by_date_reaches_from_the_first_day_to_now() {
        for (range, verdict) in [
            ("2024/01/01,NOW", Verdict::Pass),
            ("2024/06/01,NOW", Verdict::Fail),
            ("2024/01/01,2026/12/31", Verdict::Fail),
        ] {
            let mut existing = made(&spec(true));
            existing.parameters.insert("projection.timestamp.range".to_owned(), range.to_owned());
            let (checks, mend) = compare(&existing, true);
            assert_eq!(checks.verdict(), verdict, "{checks}");
            assert_eq!(mend.alter.is_empty(), verdict == Verdict::Pass);
        }
        let (checks, mend) = compare(&made(&spec(true)), false);
        assert!(checks.failure().unwrap().to_string().contains("use `--date-partition`"), "{checks}");
        assert!(mend.replace[0].starts_with("DROP TABLE `cloudtrail_logs`.`cloudtrail_partitioned`"));
    }

    #[test]
    fn missing_columns_are_added() {
        let mut existing = made(&spec(false));
        existing.columns.retain(|(name, _)| name != "tlsdetails" && name != "eventcontext");
        let (checks, mend) = compare(&existing, false);
        assert_eq!(checks.verdict(), Verdict::Warn, "{checks}");
        assert!(mend.alter[0].contains("ADD COLUMNS (\n  tlsdetails struct<\n"), "{}", mend.alter[0]);
        existing.columns.retain(|(name, _)| name != "sourceipaddress");
        let (checks, _) = compare(&existing, false);
        assert!(
            checks.failure().unwrap().to_string().contains("saved questions name sourceipaddress"),
            "{checks}"
        );
    }

    #[test]
    fn members_that_a_struct_lacks_take_a_new_table() {
        let mut existing = made(&spec(false));
        existing.columns[1].1 = "struct<type:string,arn:string>".to_owned();
        let (checks, mend) = compare(&existing, false);
        assert_eq!(checks.verdict(), Verdict::Warn, "{checks}");
        assert!(checks.to_string().contains("useridentity.sessioncontext"), "{checks}");
        assert_eq!(mend.replace.len(), 2);
    }
}
