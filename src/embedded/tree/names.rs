//! What the names of folders and objects tell.

use std::{
    borrow::Cow,
    ffi::{OsStr, OsString},
    path::{Component, Path},
};

use chrono::{DateTime, NaiveDate, Utc};

use super::Partition;

/// The parts of `<account>_CloudTrail_<region>_<yyyymmddTHHmmZ>_<random>.json.gz`.
pub(super) struct Name<'a> {
    pub(super) account: &'a str,
    pub(super) region: &'a str,
    pub(super) time: &'a str,
}

impl<'a> Name<'a> {
    pub(super) fn parse(name: &'a OsStr) -> Option<Self> {
        let mut parts = name.to_str()?.split('_');
        let name = match [parts.next()?, parts.next()?, parts.next()?, parts.next()?] {
            [account, "CloudTrail", region, time] => Name { account, region, time },
            _ => return None,
        };
        let is_shaped = |(at, byte): (usize, &u8)| match at {
            8 => *byte == b'T',
            13 => *byte == b'Z',
            _ => byte.is_ascii_digit(),
        };
        let is_time = name.time.len() == 14 && name.time.as_bytes().iter().enumerate().all(is_shaped);
        (is_time && parts.next().is_some()).then_some(name)
    }

    pub(super) fn delivered(&self) -> Option<DateTime<Utc>> {
        let number = |range: std::ops::Range<usize>| self.time.get(range)?.parse().ok();
        let date = NaiveDate::from_ymd_opt(number(0..4)? as i32, number(4..6)?, number(6..8)?)?;
        Some(date.and_hms_opt(number(9..11)?, number(11..13)?, 0)?.and_utc())
    }
}

/// What a day's folder tells by its own path.
pub(super) fn layout(folder: &Path) -> Option<Partition> {
    let mut parts = parts_from_the_end(folder);
    let [day, month, year, region, cloudtrail, account] = std::array::from_fn(|_| parts.next());
    if cloudtrail? != "CloudTrail" {
        return None;
    }
    Some(Partition {
        index: 0,
        folder: folder.to_owned(),
        account_id: account.filter(|account| !account.is_empty())?.into_owned(),
        region: region?.into_owned(),
        year: digits(year?, 4)?,
        month: digits(month?, 2)?,
        day: digits(day?, 2)?,
    })
}

/// What a folder on the way to the days tells: what is not known yet is empty.
pub(super) fn layout_so_far(folder: &Path) -> Option<Partition> {
    let parts: Vec<Cow<'_, str>> = parts_from_the_end(folder).take(6).collect();
    let cloudtrail = parts.iter().take(5).position(|part| part == "CloudTrail")?;
    let account = parts.get(cloudtrail + 1).filter(|account| is_account(OsStr::new(&***account)))?;
    let below = |level: usize, length: Option<usize>| match cloudtrail.checked_sub(level) {
        None => Some(String::new()),
        Some(at) => match length {
            Some(length) => digits(parts[at].clone(), length),
            None => Some(parts[at].clone().into_owned()),
        },
    };
    Some(Partition {
        index: 0,
        folder: folder.to_owned(),
        account_id: account.clone().into_owned(),
        region: below(1, None)?,
        year: below(2, Some(4))?,
        month: below(3, Some(2))?,
        day: below(4, Some(2))?,
    })
}

fn parts_from_the_end(folder: &Path) -> impl Iterator<Item = Cow<'_, str>> {
    folder.components().rev().map(|component| match component {
        Component::Normal(name) => name.to_string_lossy(),
        _ => "".into(),
    })
}

fn digits(part: Cow<'_, str>, length: usize) -> Option<String> {
    let number = part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
    number.then(|| part.into_owned())
}

/// Whether a file may be a log object, by its name.
pub(super) fn is_log(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    let name = name.strip_suffix(b".gz").unwrap_or(name);
    [&b".json"[..], b".jsonl", b".ndjson"].iter().any(|suffix| name.ends_with(suffix))
}

/// Leaves of the folders in `folder` those that may hold logs, sorted.
pub(super) fn keep_logs(folder: &Path, folders: &mut Vec<OsString>) {
    // Beside an account's CloudTrail folder lie other services' logs, often many more.
    let account = folder.file_name().is_some_and(is_account);
    if account && folders.iter().any(|name| name == "CloudTrail") {
        folders.retain(|name| name == "CloudTrail");
    }
    folders.retain(|name| !name.as_encoded_bytes().starts_with(b"CloudTrail-"));
    folders.sort();
}

fn is_account(name: &OsStr) -> bool {
    name.len() == 12 && name.as_encoded_bytes().iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_when_objects_were_delivered() {
        for (name, expected) in [
            ("1_CloudTrail_us-east-1_20240506T0705Z_abc.json.gz", Some("2024-05-06T07:05:00Z")),
            ("1_CloudTrail_us-east-1-20240506T0705.json.gz", None),
            ("1_CloudTrail_us-east-1_20241306T0705Z_abc.json.gz", None),
            ("a.json.gz", None),
        ] {
            let delivered = Name::parse(OsStr::new(name)).and_then(|name| name.delivered());
            let delivered = delivered.map(|time| time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true));
            assert_eq!(delivered.as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn folders_on_the_way_tell_what_they_can() {
        for (folder, expected) in [
            ("AWSLogs/o-abc/111122223333/CloudTrail", Some("111122223333 ")),
            ("AWSLogs/111122223333/CloudTrail/us-east-1", Some("111122223333 us-east-1")),
            ("AWSLogs/111122223333/CloudTrail/us-east-1/2024/05", Some("111122223333 us-east-1 2024 05")),
            ("111122223333/CloudTrail/us-east-1/2024/05/06", Some("111122223333 us-east-1 2024 05 06")),
            ("111122223333/CloudTrail/us-east-1/2024/5", None),
            ("CloudTrail/AWSLogs/111122223333", None),
            ("AWSLogs/111122223333", None),
            ("", None),
        ] {
            let partition = layout_so_far(Path::new(folder));
            let told =
                partition.map(|p| format!("{} {} {} {} {}", p.account_id, p.region, p.year, p.month, p.day));
            assert_eq!(told.as_deref().map(str::trim_end), expected.map(str::trim_end), "{folder}");
        }
    }
}
