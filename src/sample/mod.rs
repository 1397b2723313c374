//! Sample logs: a small organization's CloudTrail logs of almost four weeks,
//! made up, with one incident in them.
//!
//! They are what `Logs::open("sample")` opens: nothing to download, no account.
//! The company sells things in three regions (`us-east-1`, `eu-west-1`,
//! `ap-northeast-1`) from two accounts, production (111122223333) and development
//! (444455556666). From 2026-09-28 to 2026-10-24, UTC, its people sign in, its
//! pipelines deploy and its services do what services do; and in one night
//! somebody uses an access key that was not theirs. The constants of this module
//! tell what is to be found: [`ATTACKER_IP`], [`LEAKED_USER`], [`CREATED_USER`],
//! [`INCIDENT_FROM`] and so on.
//!
//! The records have the shapes of real ones, and the tree has the peculiarities of
//! real trees: events that lie in the next day's folder, or twice, or in another
//! region's folder; folders that hold no logs. The same options give the same
//! bytes. All names, addresses and ids are those reserved for documentation.

mod background;
mod caller;
mod calls;
mod clock;
mod deliver;
mod event;
mod incident;
mod json;
mod organization;
mod principal;
mod random;
mod routine;
mod template;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fmt, fs, process};

pub use incident::{
    ATTACKER_IP, CREATED_KEY, CREATED_USER, EXFILTRATED_BUCKET, INCIDENT_ACCOUNT, INCIDENT_FROM, INCIDENT_TO,
    LEAKED_KEY, LEAKED_USER, OBJECTS_READ, ROOT_LOGIN_IP,
};

use clock::{DAY, DAYS, START};
use deliver::Delivery;

use crate::{Error, Result};

/// The first moment of the sample logs, UTC.
pub const FROM: &str = "2026-09-28T00:00:00Z";
/// The end of the sample logs, UTC, exclusive. What happens last is delivered after it.
pub const TO: &str = "2026-10-25T00:00:00Z";

/// Counts up with every change of the bytes that the same options give.
const VERSION: u32 = 1;

/// Says that a folder holds sample logs, and may be written again.
const MARKER: &str = "trailbook-sample.txt";

/// What sample logs to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleOptions {
    /// The number of events, 50,000 unless told otherwise. The incident and what
    /// resembles it, some 560 events, are always all there; the rest is an
    /// organization that does more or less. Objects grow in number and in size.
    pub events: u64,
    /// The same seed gives the same bytes.
    pub seed: u64,
    /// Lays the tree out as an organization trail does, below this id: `o-exampleorgid`.
    pub organization: Option<String>,
}

impl Default for SampleOptions {
    fn default() -> Self {
        SampleOptions { events: 50_000, seed: 20_260_928, organization: None }
    }
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleSummary {
    /// The number of log files.
    pub objects: u64,
    /// The number of records in them; some are delivered twice, and counted twice.
    pub events: u64,
    /// Their compressed size in bytes.
    pub bytes: u64,
}

impl fmt::Display for SampleSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} events in {} objects ({:.1} MB), 2026-09-28 to 2026-10-24 UTC",
            self.events,
            self.objects,
            self.bytes as f64 / 1e6
        )?;
        write!(
            f,
            "incident: {INCIDENT_FROM} to {INCIDENT_TO}, from {ATTACKER_IP} with the key of {LEAKED_USER}"
        )
    }
}

/// Writes sample logs into `dir`, as an `AWSLogs` folder in it.
///
/// The folder is made when absent. One that holds earlier sample logs is written
/// again; any other that is not empty is refused.
///
/// # Errors
///
/// [`is_invalid`](Error::is_invalid) when `dir` holds something else, or the
/// organization's id is none; [`is_io`](Error::is_io) when writing fails.
///
/// # Examples
///
/// ```
/// use trailbook::sample::{self, SampleOptions};
///
/// let dir = tempfile::tempdir()?;
/// let options = SampleOptions { events: 2_000, ..SampleOptions::default() };
/// let summary = sample::write(dir.path(), &options)?;
/// assert_eq!(summary.events, 2_000);
/// assert!(dir.path().join("AWSLogs/111122223333/CloudTrail/eu-west-1/2026/10/16").is_dir());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write(dir: &Path, options: &SampleOptions) -> Result<SampleSummary> {
    let mut root = dir.join("AWSLogs");
    if let Some(organization) = &options.organization {
        root.push(organization_id(organization)?);
    }
    claim(dir, options)?;

    let mut fixed = routine::events(options.seed);
    fixed.extend(incident::events(options.seed));
    let background = options.events.saturating_sub(fixed.len() as u64);

    let mut delivery = Delivery::new(root, options.seed, options.events);
    delivery.write_neighbours()?;
    for day in 0..DAYS {
        let mut events = background::day(options.seed, background, day).events;
        let end = START + (day + 1) * DAY;
        events.extend(fixed.extract_if(.., |event| event.time < end));
        delivery.deliver(events, end)?;
    }
    // The last events come in when the last day is over.
    delivery.deliver(Vec::new(), START + (DAYS + 1) * DAY)?;

    let written = delivery.written;
    Ok(SampleSummary { objects: written.objects, events: written.events, bytes: written.bytes })
}

/// The folder that holds the `AWSLogs` of the default sample logs, which are made
/// when first asked for: in the user's cache folder, or in `TRAILBOOK_CACHE`.
pub(crate) fn cached() -> Result<PathBuf> {
    let base = match env::var_os("TRAILBOOK_CACHE") {
        Some(base) if !base.is_empty() => PathBuf::from(base),
        _ => dirs::cache_dir()
            .ok_or_else(|| {
                Error::not_found("the user has no cache folder for the sample logs")
                    .hint("TRAILBOOK_CACHE can name a folder that can be written")
            })?
            .join("trailbook"),
    };
    cached_below(&base, &SampleOptions::default())
}

fn cached_below(base: &Path, options: &SampleOptions) -> Result<PathBuf> {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let dir = base.join(format!("sample-{VERSION}"));
    if dir.join("AWSLogs").is_dir() {
        return Ok(dir);
    }
    // Made beside it and renamed when whole: another process sees all of it or
    // nothing, and whoever is first wins.
    let made = MADE.fetch_add(1, Ordering::Relaxed);
    let unfinished = base.join(format!(".sample-{VERSION}.{}.{made}", process::id()));
    let result = write(&unfinished, options).and_then(|_| {
        fs::rename(&unfinished, &dir)
            .map_err(|error| Error::io(format_args!("cannot make `{}`", dir.display()), error))
    });
    if let Err(error) = result {
        // The error that matters is the one at hand.
        let _ = fs::remove_dir_all(&unfinished);
        if !dir.join("AWSLogs").is_dir() {
            return Err(error.hint("TRAILBOOK_CACHE can name a folder that can be written"));
        }
    }
    Ok(dir)
}

fn organization_id(id: &str) -> Result<&str> {
    let digits = id.strip_prefix("o-").unwrap_or_default();
    let allowed = |digit: char| digit.is_ascii_lowercase() || digit.is_ascii_digit();
    if (10..=32).contains(&digits.len()) && digits.chars().all(allowed) {
        return Ok(id);
    }
    Err(Error::invalid(format!("`{id}` is not the id of an organization"))
        .hint("it is `o-` and 10 to 32 small letters or digits, such as o-exampleorgid"))
}

/// Makes `dir` ours: empty but for the marker.
fn claim(dir: &Path, options: &SampleOptions) -> Result<()> {
    let failed = |error| Error::io(format_args!("cannot write sample logs into `{}`", dir.display()), error);
    fs::create_dir_all(dir).map_err(failed)?;
    let marker = dir.join(MARKER);
    if marker.is_file() {
        let logs = dir.join("AWSLogs");
        if logs.exists() {
            fs::remove_dir_all(logs).map_err(failed)?;
        }
    } else if fs::read_dir(dir).map_err(failed)?.next().is_some() {
        return Err(Error::invalid(format!(
            "`{}` is not empty, and what it holds are not sample logs",
            dir.display()
        ))
        .hint("name a new or an empty folder"));
    }
    let SampleOptions { events, seed, .. } = options;
    let text = format!(
        "CloudTrail logs made up by trailbook (sample {VERSION}, {events} events, seed {seed}).\n\
         No account, person or address in them is real.\n\
         When they are written again, all of AWSLogs is replaced.\n"
    );
    fs::write(marker, text).map_err(failed)
}

#[cfg(test)]
mod tests;
