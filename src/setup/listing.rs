//! The listing of a bucket's logs, folder by folder: no more is asked of S3 than the folders' names.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Utc};
use futures::{StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};

use super::log_path::{Day, Held, LogPath, Newest, is_account, is_organization, records};
use crate::aws::Store;
use crate::{Error, Result, runtime, show};

/// Listings at once.
const AT_ONCE: usize = 32;

/// Objects of the newest day are looked at in so many folders.
const NEWEST: usize = 8;

/// An object larger than this is not fetched to be looked at.
const LARGEST: u64 = 128 << 20;

/// A bucket's logs below `[prefix/]AWSLogs/`.
#[derive(Clone, Debug)]
pub(super) struct Listing {
    store: Store,
    prefix: String,
}

/// The objects of a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Objects {
    pub(super) count: u64,
    pub(super) bytes: u64,
}

impl Listing {
    pub(super) fn new(store: Store, prefix: &str) -> Listing {
        Listing { store, prefix: prefix.to_owned() }
    }

    /// What is held there. `organization` is what the trail says of itself, if it is known.
    ///
    /// # Errors
    ///
    /// The bucket cannot be listed.
    pub(super) fn look(&self, organization: Option<bool>) -> Result<LogPath> {
        runtime::block_on(self.walk(organization))?
    }

    /// How many objects a day holds, and their bytes.
    ///
    /// # Errors
    ///
    /// The bucket cannot be listed.
    pub(super) fn objects(&self, path: &LogPath, day: &Day) -> Result<Objects> {
        let folder = folder(&self.accounts_root(path.organization.as_deref())?, day);
        let objects = runtime::block_on(self.list(&folder))??.1;
        Ok(Objects { count: objects.len() as u64, bytes: objects.iter().map(|object| object.size).sum() })
    }

    /// `s3://bucket/[prefix/]AWSLogs/`.
    pub(super) fn location(&self) -> String {
        match self.prefix.as_str() {
            "" => format!("s3://{}/AWSLogs/", self.store.bucket()),
            prefix => format!("s3://{}/{prefix}/AWSLogs/", self.store.bucket()),
        }
    }

    fn root(&self) -> Result<Path> {
        let prefix = Path::parse(&self.prefix).map_err(|error| {
            Error::invalid(format!(
                "the prefix `{}` cannot be one of objects: {error}",
                self.prefix.escape_debug()
            ))
        })?;
        Ok(prefix.join("AWSLogs"))
    }

    fn accounts_root(&self, organization: Option<&str>) -> Result<Path> {
        let root = self.root()?;
        Ok(match organization {
            Some(id) => root.join(id),
            None => root,
        })
    }

    async fn walk(&self, organization: Option<bool>) -> Result<LogPath> {
        let mut path = LogPath { location: self.location(), ..LogPath::default() };
        let top = self.folders(&self.root()?).await?;
        if top.is_empty() {
            path.location = format!("{}{}", path.location, self.neighbours().await);
            return Ok(path);
        }
        let of_accounts = top.iter().any(|name| is_account(name));
        let mut organizations = top.into_iter().filter(|name| is_organization(name)).collect::<Vec<_>>();
        if organization == Some(false) || organization.is_none() && of_accounts {
            if let Some(other) = organizations.first() {
                path.remarks.push(format!(
                    "there are logs of the organization {other} too; those of the account's trail are taken"
                ));
            }
            organizations.clear();
        }
        if let [_, others @ ..] = organizations.as_slice()
            && !others.is_empty()
        {
            path.remarks
                .push(format!("there are logs of several organizations; left out: {}", others.join(", ")));
        }
        path.organization = organizations.into_iter().next();
        let root = self.accounts_root(path.organization.as_deref())?;
        let accounts = self.folders(&root).await?.into_iter().filter(|name| is_account(name));
        let regions = stream::iter(accounts.map(|account| {
            let folder = root.clone().join(account.as_str()).join("CloudTrail");
            async move { Ok::<_, Error>((account, self.folders(&folder).await?, folder)) }
        }));
        let regions: Vec<_> = regions.buffered(AT_ONCE).try_collect().await?;
        let days = regions.into_iter().flat_map(|(account, regions, folder)| {
            regions
                .into_iter()
                .map(move |region| (account.clone(), folder.clone().join(region.as_str()), region))
        });
        let days = stream::iter(days.map(|(account, folder, region)| async move {
            Ok::<_, Error>(((account, region), self.days(&folder).await?))
        }));
        let days: Vec<_> = days.buffered(AT_ONCE).try_collect().await?;
        path.held = days.into_iter().filter_map(|(key, held)| Some((key, held?))).collect();
        path.newest = self.newest(&root, &path).await?;
        Ok(path)
    }

    /// What is there instead of the logs.
    async fn neighbours(&self) -> String {
        let at = Path::parse(&self.prefix).unwrap_or_default();
        match self.folders(&at).await.unwrap_or_default().as_slice() {
            [] => String::new(),
            names => {
                format!(" (beside it lie {})", names.iter().take(5).cloned().collect::<Vec<_>>().join(", "))
            }
        }
    }

    /// The first day of a region, and those of its last two months.
    async fn days(&self, region: &Path) -> Result<Option<Held>> {
        let years = numbers(self.folders(region).await?, 4);
        let (Some(&first_year), Some(&last_year)) = (years.first(), years.last()) else { return Ok(None) };
        let months = numbers(self.folders(&join(region, first_year, 4)).await?, 2);
        let first = match months.first() {
            Some(&month) => self.month(region, first_year, month).await?.into_iter().next(),
            None => None,
        };
        let months = match last_year == first_year {
            true => months,
            false => numbers(self.folders(&join(region, last_year, 4)).await?, 2),
        };
        let (Some(first), Some(&last_month)) = (first, months.last()) else { return Ok(None) };
        let mut recent = self.month(region, last_year, last_month).await?;
        let before = NaiveDate::from_ymd_opt(last_year as i32, last_month, 1).and_then(|day| day.pred_opt());
        if let Some(before) = before {
            recent.extend(self.month(region, before.year_ce().1, before.month()).await?);
        }
        Ok((!recent.is_empty()).then_some(Held { first, recent }))
    }

    async fn month(&self, region: &Path, year: u32, month: u32) -> Result<BTreeSet<NaiveDate>> {
        let days = numbers(self.folders(&join(&join(region, year, 4), month, 2)).await?, 2);
        Ok(days.into_iter().filter_map(|day| NaiveDate::from_ymd_opt(year as i32, month, day)).collect())
    }

    /// The newest object, opened.
    async fn newest(&self, root: &Path, path: &LogPath) -> Result<Option<Newest>> {
        let Some((_, last)) = path.span() else { return Ok(None) };
        let mut newest: Option<ObjectMeta> = None;
        let held = path.held.iter().filter(|(_, held)| held.recent.contains(&last));
        for ((account, region), _) in held.take(NEWEST) {
            let day = Day { account: account.clone(), region: region.clone(), day: last };
            let (_, objects) = self.list(&folder(root, &day)).await?;
            newest = newest.into_iter().chain(objects).max_by_key(delivered);
        }
        let Some(object) = newest else { return Ok(None) };
        let opened = self.open(&object).await;
        let name = object.location.filename().unwrap_or_default().to_owned();
        Ok(Some(Newest { name, delivered: delivered(&object), opened }))
    }

    async fn open(&self, object: &ObjectMeta) -> Result<usize> {
        if object.size > LARGEST {
            return Err(Error::failed(format!("the newest object has {}", show::bytes(object.size)))
                .hint("CloudTrail's objects are far smaller: something else may write to that path"));
        }
        let what = format!("reading s3://{}/{} (s3:GetObject)", self.store.bucket(), object.location);
        let fetched = async { self.store.s3().get(&object.location).await?.bytes().await }.await;
        records(&fetched.map_err(|error| self.store.explain(&what, error))?)
    }

    /// The names of the folders in a folder.
    async fn folders(&self, at: &Path) -> Result<Vec<String>> {
        Ok(self.list(at).await?.0)
    }

    async fn list(&self, at: &Path) -> Result<(Vec<String>, Vec<ObjectMeta>)> {
        let listed = self.store.s3().list_with_delimiter(Some(at)).await.map_err(|error| {
            self.store.explain(&format!("listing s3://{}/{at} (s3:ListBucket)", self.store.bucket()), error)
        })?;
        let folders = listed.common_prefixes.iter().filter_map(|folder| folder.filename());
        Ok((folders.map(str::to_owned).collect(), listed.objects))
    }
}

/// When an object was delivered: its name tells, even where it was copied.
fn delivered(object: &ObjectMeta) -> DateTime<Utc> {
    let stamp = object.location.filename().and_then(|name| name.split('_').nth(3));
    let told = stamp.and_then(|stamp| NaiveDateTime::parse_from_str(stamp, "%Y%m%dT%H%MZ").ok());
    told.map_or(object.last_modified, |told| told.and_utc())
}

fn folder(root: &Path, day: &Day) -> Path {
    let region = root.clone().join(day.account.as_str()).join("CloudTrail").join(day.region.as_str());
    let (year, month) = (day.day.year_ce().1, day.day.month());
    join(&join(&join(&region, year, 4), month, 2), day.day.day(), 2)
}

fn join(folder: &Path, number: u32, digits: usize) -> Path {
    folder.clone().join(format!("{number:0digits$}"))
}

/// The names that are numbers of so many digits, sorted.
fn numbers(names: Vec<String>, digits: usize) -> BTreeSet<u32> {
    names.iter().filter(|name| name.len() == digits).filter_map(|name| name.parse().ok()).collect()
}
