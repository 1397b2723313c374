//! What lies where the trail delivers: accounts, regions, days, and one object opened.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::checks::{Checks, Verdict};
use super::trail::age;
use crate::embedded::tree::Tree;
use crate::logs::days;
use crate::logs::scope::utc;
use crate::{Error, Result, show};

pub(super) const TITLE: &str = "Log path";

/// An object that inflates to more than this is not opened whole.
const LIMIT: u64 = 512 << 20;

/// Days on which nothing was delivered are looked for in the last ones alone.
const RECENT: u64 = 35;

/// What a tree of logs holds, from its listing.
#[derive(Debug, Default)]
pub(super) struct LogPath {
    /// The folder or `s3://bucket/[prefix/]AWSLogs/`.
    pub(super) location: String,
    /// The organization whose trail's form it has.
    pub(super) organization: Option<String>,
    /// By account and region.
    pub(super) held: BTreeMap<(String, String), Held>,
    pub(super) newest: Option<Newest>,
    /// What else the listing showed that matters, each in a sentence.
    pub(super) remarks: Vec<String>,
}

/// The days of an account in a region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) first: NaiveDate,
    /// The last days, at least a month of them; never empty.
    pub(super) recent: BTreeSet<NaiveDate>,
}

/// The object that was delivered last, opened.
#[derive(Debug)]
pub(super) struct Newest {
    pub(super) name: String,
    pub(super) delivered: DateTime<Utc>,
    pub(super) opened: Result<usize>,
}

/// A day of an account in a region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Day {
    pub(super) account: String,
    pub(super) region: String,
    pub(super) day: NaiveDate,
}

impl LogPath {
    /// Of files on this machine.
    pub(super) fn of_tree(source: &str, tree: &Tree) -> LogPath {
        let mut path = LogPath { location: source.to_owned(), ..LogPath::default() };
        for partition in tree.partitions() {
            let Ok(day) = NaiveDate::parse_from_str(&partition.date('-'), "%Y-%m-%d") else { continue };
            path.hold(&partition.account_id, &partition.region, day);
            let above = partition.folder.components().rev().nth(6);
            let above = above.map(|part| part.as_os_str().to_string_lossy().into_owned());
            path.organization = path.organization.take().or(above.filter(|name| is_organization(name)));
        }
        let newest = tree.objects().iter().filter_map(|object| Some((object.delivered()?, object)));
        path.newest = newest.max_by_key(|(delivered, _)| *delivered).map(|(delivered, object)| Newest {
            name: object.path().file_name().unwrap_or_default().display().to_string(),
            delivered,
            opened: std::fs::read(object.path())
                .map_err(|error| Error::io("it cannot be read", error))
                .and_then(|bytes| records(&bytes)),
        });
        path.remarks.extend(
            tree.damaged()
                .iter()
                .map(|folder| format!("{} could not be listed: {}", folder.object, folder.reason)),
        );
        path
    }

    fn hold(&mut self, account: &str, region: &str, day: NaiveDate) {
        let held = self.held.entry((account.to_owned(), region.to_owned()));
        let held = held.or_insert_with(|| Held { first: day, recent: BTreeSet::new() });
        held.first = held.first.min(day);
        held.recent.insert(day);
    }

    pub(super) fn accounts(&self) -> Vec<String> {
        let accounts: BTreeSet<&String> = self.held.keys().map(|(account, _)| account).collect();
        accounts.into_iter().cloned().collect()
    }

    pub(super) fn regions(&self) -> Vec<String> {
        let regions: BTreeSet<&String> = self.held.keys().map(|(_, region)| region).collect();
        regions.into_iter().cloned().collect()
    }

    /// The first and the last day that hold objects.
    pub(super) fn span(&self) -> Option<(NaiveDate, NaiveDate)> {
        let first = self.held.values().map(|held| held.first).min()?;
        let last = self.held.values().filter_map(|held| held.recent.last()).max()?;
        Some((first, *last))
    }

    /// The newest day that is over and holds objects, of one account in one region.
    ///
    /// A day is over when it is before `today`, and in logs that were copied (`live` is false) when a later one
    /// holds objects too.
    pub(super) fn newest_complete_day(&self, today: NaiveDate, live: bool) -> Option<Day> {
        let (first, last) = self.span()?;
        let end = if live || first == last { today } else { today.min(last) };
        let newest = |held: &Held| held.recent.range(..end).next_back().copied();
        // Of several the first: whoever reads on finds the same.
        let days = self.held.iter().rev().filter_map(|(key, held)| Some((newest(held)?, key)));
        let (day, (account, region)) = days.max_by_key(|(day, _)| *day)?;
        Some(Day { account: account.clone(), region: region.clone(), day })
    }

    /// Days of the last weeks on which no region of an account got anything.
    fn gaps(&self) -> Vec<(String, Vec<NaiveDate>)> {
        let Some((_, last)) = self.span() else { return Vec::new() };
        let mut gaps = Vec::new();
        for account in self.accounts() {
            let of_account =
                || self.held.iter().filter(|((name, _), _)| *name == account).map(|(_, held)| held);
            let days: BTreeSet<NaiveDate> =
                of_account().flat_map(|held| held.recent.iter().copied()).collect();
            let first = of_account().map(|held| held.first).min().unwrap_or(last);
            let start = last.checked_sub_days(Days::new(RECENT)).unwrap_or(first).max(first);
            // The last day may not be over.
            let missing: Vec<NaiveDate> =
                start.iter_days().take_while(|day| *day < last).filter(|day| !days.contains(day)).collect();
            if !missing.is_empty() {
                gaps.push((account, missing));
            }
        }
        gaps
    }

    /// What was seen, judged. `live` says that a trail delivers there, so that silence is news.
    pub(super) fn checks(&self, now: DateTime<Utc>, live: bool) -> Checks {
        let mut checks = Checks::new(TITLE);
        let Some((first, last)) = self.span() else {
            checks.fail(
                "log path",
                format!("there are no CloudTrail logs in {}", self.location),
                "check the bucket, the prefix and the account: logs lie in \
                 `[prefix/]AWSLogs/[organization/]account/CloudTrail/region/yyyy/mm/dd/`; a new trail takes a quarter of an hour",
            );
            return checks;
        };
        checks.pass("log path", self.location.clone());
        match &self.organization {
            Some(id) => checks.pass("form", format!("organization {id}")),
            None => checks.pass("form", "account"),
        }
        for remark in &self.remarks {
            checks.warn("listing", remark.clone(), "look at it: what is not listed is in no answer");
        }
        checks.pass("accounts", listed(&self.accounts()));
        checks.pass("regions", listed(&self.regions()));
        checks.pass("days", format!("{first} to {last}, by delivery, UTC"));
        let gaps = self.gaps();
        if gaps.is_empty() {
            checks.pass("gaps", format!("none in the last {RECENT} days"));
        }
        let seen: Vec<String> = match gaps.len() {
            0..=3 => {
                let told = |(account, missing): &(String, Vec<NaiveDate>)| {
                    format!("account {account} has nothing from {}", days::ranges(missing))
                };
                gaps.iter().map(told).collect()
            }
            _ => {
                let accounts: Vec<String> = gaps.into_iter().map(|(account, _)| account).collect();
                vec![format!("accounts that lack days of the last {RECENT}, {}", listed(&accounts))]
            }
        };
        for seen in seen {
            checks.warn(
                "gaps",
                seen,
                "an account in use has events each day: find out whether logging was stopped (StopLogging, DeleteTrail, \
                 PutEventSelectors) or objects were deleted",
            );
        }
        if let Some(newest) = &self.newest {
            newest.tell(&mut checks, now, live);
        }
        checks
    }
}

impl Newest {
    fn tell(&self, checks: &mut Checks, now: DateTime<Utc>, live: bool) {
        let span = now - self.delivered;
        let seen = format!("{}, {} old", utc(self.delivered), age(span));
        if live && span > TimeDelta::days(1) {
            checks.warn(
                "newest object",
                seen,
                "look at the trail's delivery: an account in use gets objects each hour",
            );
        } else {
            checks.pass("newest object", seen);
        }
        match &self.opened {
            Ok(records) => {
                let records = show::count(*records as u64, "record");
                checks.pass("sample object", format!("{} opens: {records}", self.name));
            }
            Err(error) => checks.error("sample object", Verdict::Fail, error),
        }
    }
}

/// How many records an object holds.
///
/// # Errors
///
/// It is no log object.
pub(super) fn records(bytes: &[u8]) -> Result<usize> {
    #[derive(Deserialize)]
    struct Log {
        #[serde(rename = "Records")]
        records: Vec<IgnoredAny>,
    }
    let hint = "CloudTrail writes gzip with `{\"Records\":[…]}` in it: something else may write to that path";
    let mut text = Vec::new();
    let read = match bytes.starts_with(&[0x1f, 0x8b]) {
        true => flate2::read::GzDecoder::new(bytes).take(LIMIT).read_to_end(&mut text),
        false => bytes.take(LIMIT).read_to_end(&mut text),
    };
    read.map_err(|error| Error::failed(format!("the newest object cannot be inflated: {error}")).hint(hint))?;
    let log: Log = serde_json::from_slice(&text).map_err(|error| {
        Error::failed(format!("the newest object is no CloudTrail log: {error}")).hint(hint)
    })?;
    Ok(log.records.len())
}

pub(super) fn is_account(name: &str) -> bool {
    name.len() == 12 && name.bytes().all(|byte| byte.is_ascii_digit())
}

pub(super) fn is_organization(name: &str) -> bool {
    let id = name.strip_prefix("o-").unwrap_or_default();
    (1..=32).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// `3: a, b, c`, and of many the first.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 20;
    let shown = names.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len() {
        n if n > SHOWN => format!("{n}: {shown}, …"),
        n => format!("{n}: {shown}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn path(days: &[(&str, &str, &str)]) -> LogPath {
        let mut path = LogPath { location: "s3://logs/AWSLogs/".into(), ..LogPath::default() };
        for (account, region, date) in days {
            path.hold(account, region, day(date));
        }
        path
    }

    #[test]
    fn the_newest_complete_day_is_before_today() {
        let path = path(&[
            ("1", "us-east-1", "2026-10-10"),
            ("1", "us-west-2", "2026-10-12"),
            ("2", "us-east-1", "2026-10-12"),
            ("2", "us-east-1", "2026-10-13"),
        ]);
        let check = |today: &str, live: bool, expected: Option<(&str, &str, &str)>| {
            let found = path.newest_complete_day(day(today), live);
            let found = found.map(|found| (found.account, found.region, found.day));
            let expected =
                expected.map(|(account, region, at)| (account.to_owned(), region.to_owned(), day(at)));
            assert_eq!(found, expected, "{today}");
        };
        check("2026-10-14", true, Some(("2", "us-east-1", "2026-10-13")));
        check("2026-10-14", false, Some(("1", "us-west-2", "2026-10-12")));
        check("2026-10-13", true, Some(("1", "us-west-2", "2026-10-12")));
        check("2026-10-12", true, Some(("1", "us-east-1", "2026-10-10")));
        check("2026-10-10", true, None);
    }

    #[test]
    fn days_without_delivery_are_told_by_account() {
        let checks = path(&[
            ("1", "us-east-1", "2026-10-10"),
            ("1", "us-west-2", "2026-10-11"),
            ("1", "us-east-1", "2026-10-14"),
            ("2", "us-east-1", "2026-10-14"),
        ])
        .checks("2026-10-14T12:00:00Z".parse().unwrap(), true);
        let text = checks.to_string();
        assert!(text.contains("account 1 has nothing from 2026-10-12 to 2026-10-13\n"), "{text}");
        assert!(!text.contains("account 2 has nothing"), "{text}");
        assert_eq!(checks.verdict(), Verdict::Warn);
    }

    #[test]
    fn nothing_is_a_failure_that_says_where_logs_lie() {
        let checks = path(&[]).checks(Utc::now(), true);
        assert!(checks.failure().unwrap().to_string().contains("AWSLogs/[organization/]account/CloudTrail"));
    }

    #[test]
    fn silence_is_news_where_a_trail_delivers() {
        let mut path = path(&[("1", "us-east-1", "2026-10-10")]);
        path.newest = Some(Newest {
            name: "a.json.gz".into(),
            delivered: "2026-10-10T10:00:00Z".parse().unwrap(),
            opened: Ok(2),
        });
        let now = "2026-10-13T10:00:00Z".parse().unwrap();
        assert_eq!(path.checks(now, true).verdict(), Verdict::Warn);
        assert_eq!(path.checks(now, false).verdict(), Verdict::Pass);
    }

    #[test]
    fn objects_are_opened() {
        assert_eq!(records(br#"{"Records":[{"a":1},{}]}"#).unwrap(), 2);
        assert!(records(b"<html>").unwrap_err().to_string().contains("no CloudTrail log"));
        assert!(records(&[0x1f, 0x8b, 0, 0]).unwrap_err().to_string().contains("cannot be inflated"));
    }

    #[test]
    fn names_of_folders_are_known() {
        assert!(is_account("111122223333") && !is_account("o-1") && !is_account("11112222333x"));
        assert!(
            is_organization("o-exampleorgid") && !is_organization("o-") && !is_organization("x-exampleorgid")
        );
    }
}
