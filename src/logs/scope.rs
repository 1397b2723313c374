//! Accounts, regions and a window of time: what an investigation looks at.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat, Utc};

use crate::embedded::tree::Partition;
use crate::show::Window;
use crate::sql::literal;
use crate::{Error, Result};

/// The accounts, the regions and the half-open UTC window `[from, to)` that a question is asked of.
///
/// Made by [`Logs::scope`](crate::Logs::scope), which knows what the logs hold: every account and
/// region of a scope is there. Rendered by [`predicate`](Scope::predicate) into conditions on the
/// partition columns, so that a question never reads more than its scope.
///
/// # Examples
///
/// ```
/// # fn main() -> trailbook::Result<()> {
/// use trailbook::Logs;
///
/// let logs = Logs::open("sample")?;
/// let scope = logs.scope(&[], &[], "2026-10-12", "2026-10-14T12:00:00Z")?;
/// assert_eq!(scope.to_string(), "2 accounts, 3 regions, 2026-10-12T00:00:00Z to 2026-10-14T12:00:00Z");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    pub(super) accounts: Vec<String>,
    pub(super) regions: Vec<String>,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
}

impl Scope {
    pub(crate) fn new(accounts: Vec<String>, regions: Vec<String>, from: &str, to: &str) -> Result<Scope> {
        let (from, to) = (instant("from", from)?, instant("to", to)?);
        if to <= from {
            return Err(Error::invalid(format!("the window from {} to {} is empty", utc(from), utc(to)))
                .hint("`to` is exclusive and must be later than `from`"));
        }
        Ok(Scope { accounts, regions, from, to })
    }

    /// The account ids, sorted; empty only where the logs' folders name no account.
    pub fn accounts(&self) -> &[String] {
        &self.accounts
    }

    /// The regions, sorted; empty only where the logs' folders name no region.
    pub fn regions(&self) -> &[String] {
        &self.regions
    }

    /// The first instant of the window, as RFC 3339 in UTC.
    pub fn from(&self) -> String {
        utc(self.from)
    }

    /// The first instant after the window, as RFC 3339 in UTC.
    pub fn to(&self) -> String {
        utc(self.to)
    }

    /// The window in seconds since 1970.
    pub(crate) fn seconds(&self) -> Window {
        Window { from: self.from.timestamp(), to: self.to.timestamp() }
    }

    pub(crate) fn span(&self) -> chrono::Duration {
        self.to - self.from
    }

    /// The days whose folders can hold the window's events, first and last.
    ///
    /// A folder's day is the day of delivery, which can be later than the event:
    /// of 30,476 real events 205 lay under another day than their own. So the
    /// last day is the one after the window's.
    pub(crate) fn days(&self) -> (NaiveDate, NaiveDate) {
        let (first, last) = self.asked_days();
        (first, last.checked_add_days(chrono::Days::new(1)).unwrap_or(last))
    }

    /// Whether a partition may hold events of the scope, as far as its path is known.
    pub(crate) fn may_lie_in(&self, partition: &Partition) -> bool {
        let asked =
            |list: &[String], value: &String| list.is_empty() || value.is_empty() || list.contains(value);
        let (first, last) = self.days();
        let (first, last) = (first.format("%Y/%m/%d").to_string(), last.format("%Y/%m/%d").to_string());
        // What is known of the day, and as much of the window's ends.
        let parts =
            [&partition.year, &partition.month, &partition.day].into_iter().filter(|part| !part.is_empty());
        let day = parts.map(String::as_str).collect::<Vec<_>>().join("/");
        let day = day.as_str();
        asked(&self.accounts, &partition.account_id)
            && asked(&self.regions, &partition.region)
            && first.get(..day.len()).is_none_or(|first| first <= day)
            && last.get(..day.len()).is_none_or(|last| day <= last)
    }

    /// The days that the window touches, first and last.
    pub(crate) fn asked_days(&self) -> (NaiveDate, NaiveDate) {
        let last = (self.to - chrono::Duration::nanoseconds(1)).date_naive();
        (self.from.date_naive(), last)
    }

    /// The scope as a SQL condition over `account_id, region, year, month, day` and `eventtime`.
    ///
    /// Right across the ends of months and years, where `day BETWEEN` alone is not, and a day
    /// longer than the window, for events delivered late.
    pub fn predicate(&self) -> String {
        self.predicate_in(&Layout::default())
    }

    /// As [`predicate`](Scope::predicate), over the partition columns of a table.
    pub(crate) fn predicate_in(&self, layout: &Layout) -> String {
        let mut conditions = self.on_folders(layout, self.days());
        conditions.push(format!("eventtime >= {}", literal::text(&self.from())));
        conditions.push(format!("eventtime < {}", literal::text(&self.to())));
        conditions.join("\n  AND ")
    }

    /// The condition for all that lies in the folders of the scope's accounts and regions, on days from the first
    /// to the last.
    pub(crate) fn folders_predicate(&self, layout: &Layout, days: (NaiveDate, NaiveDate)) -> String {
        self.on_folders(layout, days).join("\n  AND ")
    }

    fn on_folders(&self, layout: &Layout, days: (NaiveDate, NaiveDate)) -> Vec<String> {
        let mut conditions = Vec::new();
        for (column, values) in [(&layout.account, &self.accounts), (&layout.region, &self.regions)] {
            let Some(column) = column else { continue };
            match values.as_slice() {
                [] => {}
                [one] => conditions.push(format!("{column} = {}", literal::text(one))),
                many => {
                    let list: Vec<String> = many.iter().map(|value| literal::text(value)).collect();
                    conditions.push(format!("{column} IN ({})", list.join(", ")));
                }
            }
        }
        if !(self.accounts.is_empty() && self.regions.is_empty()) {
            conditions.extend(match &layout.days {
                Days::Columns => Some(days_predicate(days)),
                Days::Column(column) => {
                    let (first, last) = days;
                    let text = |day: NaiveDate| literal::text(&day.format("%Y/%m/%d").to_string());
                    Some(format!("{column} BETWEEN {} AND {}", text(first), text(last)))
                }
                Days::None => None,
            });
        }
        conditions
    }
}

fn days_predicate((first, last): (NaiveDate, NaiveDate)) -> String {
    let mut months = Vec::new();
    let mut start = first;
    while start <= last {
        let end = last_of_month(start).min(last);
        months.push(format!(
            "year = '{:04}' AND month = '{:02}' AND day BETWEEN '{:02}' AND '{:02}'",
            start.year(),
            start.month(),
            start.day(),
            end.day()
        ));
        match end.succ_opt() {
            Some(next) => start = next,
            None => break,
        }
    }
    match months.as_slice() {
        [one] => one.clone(),
        many => format!("(({}))", many.join(")\n    OR (")),
    }
}

/// What a table calls its partition columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) account: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) days: Days,
}

/// How a table has the days of delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Days {
    /// `year`, `month` and `day`.
    Columns,
    /// One column of `yyyy/MM/dd`.
    Column(String),
    None,
}

impl Days {
    /// The condition for what was delivered on these days; nothing where there are none to tell apart.
    pub(crate) fn predicate(&self, days: &BTreeSet<NaiveDate>) -> Option<String> {
        let list =
            |texts: Vec<String>| texts.iter().map(|text| literal::text(text)).collect::<Vec<_>>().join(", ");
        match self {
            _ if days.is_empty() => None,
            Days::None => None,
            Days::Column(column) => {
                let texts = days.iter().map(|day| day.format("%Y/%m/%d").to_string()).collect();
                Some(format!("{column} IN ({})", list(texts)))
            }
            Days::Columns => {
                let mut months: BTreeMap<(i32, u32), Vec<String>> = BTreeMap::new();
                for day in days {
                    months.entry((day.year(), day.month())).or_default().push(format!("{:02}", day.day()));
                }
                let months = months.into_iter().map(|((year, month), days)| {
                    format!("year = '{year:04}' AND month = '{month:02}' AND day IN ({})", list(days))
                });
                Some(format!("({})", months.collect::<Vec<_>>().join(" OR ")))
            }
        }
    }
}

impl Default for Layout {
    fn default() -> Self {
        Layout { account: Some("account_id".into()), region: Some("region".into()), days: Days::Columns }
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let count = |n: usize, one: &str| if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") };
        write!(
            f,
            "{}, {}, {} to {}",
            count(self.accounts.len(), "account"),
            count(self.regions.len(), "region"),
            self.from(),
            self.to()
        )
    }
}

fn last_of_month(day: NaiveDate) -> NaiveDate {
    let next = match day.month() {
        12 => NaiveDate::from_ymd_opt(day.year() + 1, 1, 1),
        month => NaiveDate::from_ymd_opt(day.year(), month + 1, 1),
    };
    next.and_then(|first| first.pred_opt()).unwrap_or(day)
}

/// An instant as RFC 3339 in UTC, to the second, or to the millisecond where it has a fraction.
pub(crate) fn utc(instant: DateTime<Utc>) -> String {
    let format =
        if instant.timestamp_subsec_millis() == 0 { SecondsFormat::Secs } else { SecondsFormat::Millis };
    instant.to_rfc3339_opts(format, true)
}

/// Reads `2026-10-12`, `2026-10-12T08:00`, `2026-10-12 08:00:00` (all UTC) or RFC 3339 with an offset.
fn instant(name: &str, text: &str) -> Result<DateTime<Utc>> {
    let text = text.trim();
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return in_range(name, text, instant.with_timezone(&Utc));
    }
    let plain = text.strip_suffix('Z').unwrap_or(text).replacen(' ', "T", 1);
    let local = NaiveDate::parse_from_str(&plain, "%Y-%m-%d")
        .map(|day| day.and_time(NaiveTime::MIN))
        .or_else(|_| NaiveDateTime::parse_from_str(&plain, "%Y-%m-%dT%H:%M:%S%.f"))
        .or_else(|_| NaiveDateTime::parse_from_str(&plain, "%Y-%m-%dT%H:%M"))
        .map_err(|_| {
            Error::invalid(format!("`{name}` is `{text}`, which is no time"))
                .hint("write a day as 2026-10-12 or an instant as 2026-10-12T08:00:00Z, in UTC")
        })?;
    in_range(name, text, local.and_utc())
}

/// `year` is text of four digits: other years would compare wrongly.
fn in_range(name: &str, text: &str, instant: DateTime<Utc>) -> Result<DateTime<Utc>> {
    if (2013..=9998).contains(&instant.year()) {
        return Ok(instant);
    }
    Err(Error::invalid(format!("`{name}` is `{text}`, which no CloudTrail log reaches"))
        .hint("CloudTrail began in 2013; write the year with four digits"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(from: &str, to: &str) -> Scope {
        Scope::new(vec!["111122223333".into()], vec!["us-east-1".into()], from, to).unwrap()
    }

    fn days(from: &str, to: &str) -> String {
        days_predicate(scope(from, to).days())
    }

    #[test]
    fn days_are_padded_for_late_delivery() {
        assert_eq!(
            days("2023-07-10", "2023-07-11"),
            "year = '2023' AND month = '07' AND day BETWEEN '10' AND '11'"
        );
        assert_eq!(
            days("2023-07-10T23:00:00Z", "2023-07-11T00:00:01Z"),
            "year = '2023' AND month = '07' AND day BETWEEN '10' AND '12'"
        );
    }

    #[test]
    fn days_cross_months_and_years() {
        assert_eq!(
            days("2023-12-30", "2024-01-02"),
            "((year = '2023' AND month = '12' AND day BETWEEN '30' AND '31')\n    \
             OR (year = '2024' AND month = '01' AND day BETWEEN '01' AND '02'))"
        );
        assert_eq!(
            days("2024-01-15", "2024-03-01"),
            "((year = '2024' AND month = '01' AND day BETWEEN '15' AND '31')\n    \
             OR (year = '2024' AND month = '02' AND day BETWEEN '01' AND '29')\n    \
             OR (year = '2024' AND month = '03' AND day BETWEEN '01' AND '01'))"
        );
    }

    #[test]
    fn a_predicate_names_every_partition_column() {
        let mut scope = scope("2023-07-10", "2023-07-11");
        scope.accounts.push("444455556666".into());
        assert_eq!(
            scope.predicate(),
            "account_id IN ('111122223333', '444455556666')\n  AND region = 'us-east-1'\n  \
             AND year = '2023' AND month = '07' AND day BETWEEN '10' AND '11'\n  \
             AND eventtime >= '2023-07-10T00:00:00Z'\n  AND eventtime < '2023-07-11T00:00:00Z'"
        );
    }

    #[test]
    fn a_table_may_have_other_columns() {
        let scope = scope("2023-12-30", "2024-01-02");
        let days = Days::Column("timestamp".into());
        let layout = Layout { account: None, region: Some("region_partition".into()), days };
        assert_eq!(
            scope.predicate_in(&layout),
            "region_partition = 'us-east-1'\n  AND timestamp BETWEEN '2023/12/30' AND '2024/01/02'\n  \
             AND eventtime >= '2023-12-30T00:00:00Z'\n  AND eventtime < '2024-01-02T00:00:00Z'"
        );
    }

    #[test]
    fn single_days_are_told_apart() {
        let days = ["2023-12-30", "2024-01-02", "2024-01-05"].map(|day| day.parse().unwrap()).into();
        assert_eq!(
            Days::Columns.predicate(&days).unwrap(),
            "(year = '2023' AND month = '12' AND day IN ('30') OR year = '2024' AND month = '01' AND day IN ('02', '05'))"
        );
        assert_eq!(
            Days::Column("dt".into()).predicate(&days).unwrap(),
            "dt IN ('2023/12/30', '2024/01/02', '2024/01/05')"
        );
        assert_eq!(Days::Columns.predicate(&BTreeSet::new()), None);
    }

    #[test]
    fn values_are_quoted() {
        let scope = Scope::new(vec!["x' OR 'a'='a".into()], vec![], "2023-07-10", "2023-07-11").unwrap();
        assert!(scope.predicate().starts_with("account_id = 'x'' OR ''a''=''a'\n"));
    }

    #[test]
    fn times_are_read_as_utc() {
        for (text, want) in [
            ("2026-10-12", "2026-10-12T00:00:00Z"),
            (" 2026-10-12T08:30 ", "2026-10-12T08:30:00Z"),
            ("2026-10-12 08:30:15", "2026-10-12T08:30:15Z"),
            ("2026-10-12T08:30:15.250Z", "2026-10-12T08:30:15.250Z"),
            ("2026-10-12T08:30:00+09:00", "2026-10-11T23:30:00Z"),
        ] {
            assert_eq!(utc(instant("from", text).unwrap()), want, "{text}");
        }
        for text in ["", "yesterday", "12/10/2026", "2026-13-01", "0001-01-01", "99999-01-01"] {
            assert!(instant("from", text).unwrap_err().is_invalid(), "{text}");
        }
    }

    #[test]
    fn an_empty_window_is_refused() {
        let error = Scope::new(vec![], vec![], "2026-10-12", "2026-10-12").unwrap_err();
        assert!(error.is_invalid());
        assert!(error.to_string().contains("`to` is exclusive"), "{error}");
    }
}
