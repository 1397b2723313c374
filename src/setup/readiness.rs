//! The steps of the set-up, one line of a notebook each.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{Datelike, Utc};

use super::checks::Checks;
use super::ddl::TableSpec;
use super::listing::{Listing, Objects};
use super::log_path::{Day, LogPath};
use super::trail::{Trail, Wanted};
use super::{SetupOptions, database, log_path, named, names, results, smoke, trail};
use crate::athena::Source;
use crate::embedded::tree::Tree;
use crate::logs::location::Location;
use crate::show::{self, Panel};
use crate::{Aws, Error, Logs, Result, sample};

/// Years that the table projects beyond this one.
const YEARS_AHEAD: i32 = 4;

/// Whether questions can be asked of a source: each step looks, tells in [`Checks`], and mends on request.
///
/// On an AWS account it goes from the trail to named queries. On logs that the embedded engine reads, the
/// steps that are about AWS say that they do not apply. Cheap to clone; what a step found, later ones use.
///
/// # Examples
///
/// ```
/// # fn main() -> trailbook::Result<()> {
/// use trailbook::prelude::*;
///
/// let setup = Readiness::open("sample")?;
/// assert!(setup.trail()?.is_not_applicable());
/// assert!(!setup.smoke_test()?.has_failed());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Readiness {
    source: String,
    place: Place,
    options: SetupOptions,
    found: Arc<Mutex<Found>>,
}

#[derive(Clone, Debug)]
enum Place {
    /// Logs as files, read by the embedded engine.
    Files(Arc<Tree>),
    /// Logs in a bucket, read by the embedded engine; the prefix is what stands before `AWSLogs/`.
    Bucket { aws: Aws, bucket: String, prefix: String },
    /// An AWS account, and Athena in it.
    Account(Aws),
}

/// What the steps found so far.
#[derive(Debug, Default)]
struct Found {
    trail: Option<Option<Trail>>,
    path: Option<Arc<LogPath>>,
    results: Option<bool>,
    table: Option<bool>,
}

impl Readiness {
    /// Looks at what [`Logs::open`] takes. Of `athena://database.table?workgroup=W` the table and the workgroup
    /// need not be there yet.
    ///
    /// # Errors
    ///
    /// As [`Logs::open`].
    pub fn open(source: &str) -> Result<Readiness> {
        Self::open_with(source, &SetupOptions::new())
    }

    /// As [`open`](Readiness::open), with names, and with leave to change things if the options give it.
    ///
    /// # Errors
    ///
    /// As [`open`](Readiness::open).
    pub fn open_with(source: &str, options: &SetupOptions) -> Result<Readiness> {
        options.check()?;
        let place = match Location::parse(source)? {
            None if source == "sample" => Place::Files(Arc::new(Tree::open(&sample::cached()?)?)),
            None => Place::Files(Arc::new(Tree::open(Path::new(source))?)),
            Some(location) if location.scheme == "s3" => {
                let [profile, region] = location.parameters(["profile", "region"])?;
                let (bucket, path) = location.path.split_once('/').unwrap_or((&location.path, ""));
                let prefix = path.split("AWSLogs").next().unwrap_or_default().trim_matches('/');
                Place::Bucket {
                    aws: Aws::open(&profile, &region)?,
                    bucket: names::bucket(bucket)?.to_owned(),
                    prefix: names::prefix(prefix)?.to_owned(),
                }
            }
            Some(location) if location.scheme == "athena" => {
                let athena = Source::of(&location)?;
                let named = options.clone().database(&athena.database).table(&athena.table);
                let named = named.workgroup(&athena.workgroup);
                let named = match &athena.results {
                    Some(results) => named.results(results),
                    None => named,
                };
                named.check()?;
                return Ok(Self::new(
                    source,
                    Place::Account(Aws::open(&athena.profile, &athena.region)?),
                    &named,
                ));
            }
            Some(location) => {
                return Err(Error::invalid(format!("logs at `{}://` cannot be opened", location.scheme))
                    .hint("name a folder, s3://bucket/prefix, or athena://database.table"));
            }
        };
        Ok(Self::new(source, place, options))
    }

    /// Looks at an AWS account.
    ///
    /// # Errors
    ///
    /// [`is_invalid`](crate::Error::is_invalid) for a name in the options that cannot be one.
    pub fn of_account(aws: &Aws, options: &SetupOptions) -> Result<Readiness> {
        options.check()?;
        let SetupOptions { database, table, workgroup, .. } = options;
        let mut source = format!("athena://{database}.{table}?workgroup={workgroup}&region={}", aws.region());
        if !aws.profile().is_empty() {
            source.push_str(&format!("&profile={}", aws.profile()));
        }
        Ok(Self::new(&source, Place::Account(aws.clone()), options))
    }

    fn new(source: &str, place: Place, options: &SetupOptions) -> Readiness {
        Readiness { source: source.to_owned(), place, options: options.clone(), found: Arc::default() }
    }

    /// All steps, in order.
    pub const STEPS: [fn(&Readiness) -> Result<Checks>; 6] =
        [Self::trail, Self::log_path, Self::results, Self::table, Self::smoke_test, Self::named_queries];

    /// Step 1: where CloudTrail delivers, what it records, and whether it does.
    ///
    /// # Errors
    ///
    /// When a name cannot be one, or no call can be made at all: what AWS denies is in the checks.
    pub fn trail(&self) -> Result<Checks> {
        let (checks, trail) = match &self.place {
            Place::Files(_) => return Ok(self.inapplicable(trail::TITLE, "trail")),
            Place::Bucket { aws, bucket, prefix } => trail::look(aws, &Wanted::Delivers(bucket, prefix))?,
            Place::Account(aws) => trail::look(aws, &Wanted::Named(&self.options.trail))?,
        };
        self.found().trail = Some(trail);
        Ok(checks)
    }

    /// Step 2: what lies where the trail delivers: accounts, regions, days; the newest object is opened.
    ///
    /// # Errors
    ///
    /// As [`trail`](Readiness::trail).
    pub fn log_path(&self) -> Result<Checks> {
        if let Place::Files(tree) = &self.place {
            let path = LogPath::of_tree(&self.source, tree);
            let checks = path.checks(Utc::now(), false);
            self.found().path = Some(Arc::new(path));
            return Ok(checks);
        }
        let mut checks = Checks::new(log_path::TITLE);
        let Some((listing, organization)) = self.listing()? else {
            checks.fail("log path", "it is not known where the logs are", "mend the step Trail first");
            return Ok(checks);
        };
        match listing.look(organization) {
            Ok(path) => {
                let checks = path.checks(Utc::now(), true);
                self.found().path = Some(Arc::new(path));
                Ok(checks)
            }
            Err(error) => {
                checks.error("log path", super::Verdict::Fail, &error);
                Ok(checks)
            }
        }
    }

    /// Step 3: the workgroup, where its results go, and what a query may cost.
    ///
    /// # Errors
    ///
    /// As [`trail`](Readiness::trail).
    pub fn results(&self) -> Result<Checks> {
        let Place::Account(aws) = &self.place else {
            return Ok(self.inapplicable(results::TITLE, "workgroup"));
        };
        let (checks, ready) = results::look(aws, &self.options)?;
        self.found().results = Some(ready);
        Ok(checks)
    }

    /// Steps 4 and 5: the database and the table, compared with what the logs' bucket holds.
    ///
    /// # Errors
    ///
    /// As [`trail`](Readiness::trail).
    pub fn table(&self) -> Result<Checks> {
        let Place::Account(aws) = &self.place else { return Ok(self.inapplicable(database::TITLE, "table")) };
        let mut checks = Checks::new(database::TITLE);
        let (Some(trail), Some(path)) = (self.needed_trail()?, self.needed_path()?) else {
            checks.fail(
                "table",
                "it is not known which logs it is to be over",
                "mend the steps Trail and Log path first",
            );
            return Ok(checks);
        };
        let Some(held) = path.span() else {
            checks.fail("table", "there are no logs that it could be over", "mend the step Log path first");
            return Ok(checks);
        };
        let ready = self.needed_results()?;
        let years = format!("{}-{}", held.0.year(), Utc::now().year() + YEARS_AHEAD);
        let organization = path.organization.as_deref().unwrap_or_default();
        let spec = TableSpec::new(
            &trail.bucket,
            &trail.prefix,
            organization,
            &path.accounts(),
            &path.regions(),
            &years,
        )?
        .named(&self.options.database, &self.options.table)?
        .by_date(self.options.date_partition);
        let workgroup = (self.options.apply && ready).then_some(self.options.workgroup.as_str());
        let (mut checks, ready_table) = database::look(aws, &spec, held, workgroup)?;
        if self.options.apply && !ready && !ready_table {
            checks.fail(
                "statements",
                "none was run: there is no place for results",
                "mend the step Result location first",
            );
        }
        self.found().table = Some(ready_table);
        Ok(checks)
    }

    /// Step 6: the newest 50 events of one account in one region on the newest complete day.
    ///
    /// # Errors
    ///
    /// As [`trail`](Readiness::trail).
    pub fn smoke_test(&self) -> Result<Checks> {
        let unready = |why: &str| Ok(Checks::inapplicable(smoke::TITLE, "rows", why));
        let Some(path) = self.needed_path()? else {
            return unready("there are no logs to ask: mend the step Log path first");
        };
        let live = !matches!(self.place, Place::Files(_));
        let Some(day) = path.newest_complete_day(Utc::now().date_naive(), live) else {
            return unready("there is no complete day yet: run it again tomorrow");
        };
        let (logs, listed) = match &self.place {
            Place::Files(tree) => (Logs::open(&self.source)?, of_tree(tree, &day)),
            Place::Bucket { .. } => (Logs::open(&self.source)?, self.listed(&path, &day)?),
            Place::Account(_) => {
                if !self.needed_table()? {
                    return unready("there is no table to ask yet: mend the step Table first");
                }
                (Logs::open(&self.source)?, self.listed(&path, &day)?)
            }
        };
        Ok(smoke::look(&logs, &self.table_name(), &day, listed, self.options.date_partition))
    }

    /// Step 7: the saved questions as named queries in the workgroup.
    ///
    /// # Errors
    ///
    /// As [`trail`](Readiness::trail).
    pub fn named_queries(&self) -> Result<Checks> {
        let unready = |why: &str| Ok(Checks::inapplicable(named::TITLE, "saved questions", why));
        let Place::Account(aws) = &self.place else {
            return Ok(self.inapplicable(named::TITLE, "saved questions"));
        };
        let Some(path) = self.needed_path()? else { return unready("there are no logs to ask") };
        if !self.needed_results()? {
            return unready("there is no workgroup to save them in: mend the step Result location first");
        }
        named::look(aws, &self.options, &self.table_name(), &path)
    }

    /// What [`Logs::open`] takes to ask the logs that are looked at; of an account, the table at Athena with its
    /// workgroup and region.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Where the logs are, and whether their trail is an organization's, if a trail says so.
    fn listing(&self) -> Result<Option<(Listing, Option<bool>)>> {
        Ok(match &self.place {
            Place::Files(_) => None,
            Place::Bucket { aws, bucket, prefix } => Some((Listing::new(aws.bucket(bucket)?, prefix), None)),
            Place::Account(aws) => match self.needed_trail()? {
                Some(trail) => {
                    Some((Listing::new(aws.bucket(&trail.bucket)?, &trail.prefix), Some(trail.organization)))
                }
                None => None,
            },
        })
    }

    fn listed(&self, path: &LogPath, day: &Day) -> Result<Objects> {
        match self.listing()? {
            Some((listing, _)) => listing.objects(path, day),
            None => Ok(Objects::default()),
        }
    }

    fn table_name(&self) -> String {
        format!("{}.{}", self.options.database, self.options.table)
    }

    fn inapplicable(&self, title: &str, check: &str) -> Checks {
        let why = format!("does not apply: the embedded engine reads the logs from {}", self.source);
        Checks::inapplicable(title, check, &why)
    }

    fn found(&self) -> MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn needed_trail(&self) -> Result<Option<Trail>> {
        if self.found().trail.is_none() {
            self.trail()?;
        }
        Ok(self.found().trail.clone().flatten())
    }

    fn needed_path(&self) -> Result<Option<Arc<LogPath>>> {
        if self.found().path.is_none() {
            self.log_path()?;
        }
        let path = self.found().path.clone();
        Ok(path.filter(|path| path.span().is_some()))
    }

    fn needed_results(&self) -> Result<bool> {
        if self.found().results.is_none() {
            self.results()?;
        }
        Ok(self.found().results == Some(true))
    }

    fn needed_table(&self) -> Result<bool> {
        if self.found().table.is_none() {
            self.table()?;
        }
        Ok(self.found().table == Some(true))
    }

    /// Shows what is looked at in a notebook cell.
    pub fn evcxr_display(&self) {
        let mut panel = Panel::new("Readiness");
        panel.note(&self.what());
        show::emit(&panel.bundle());
    }

    fn what(&self) -> String {
        let place = match &self.place {
            Place::Files(_) | Place::Bucket { .. } => {
                format!("Logs in {}, read by the embedded engine", self.source)
            }
            Place::Account(aws) => {
                format!("{} in the workgroup {}, {}", self.table_name(), self.options.workgroup, aws.region())
            }
        };
        let changes = if self.options.apply { "what is missing is made" } else { "nothing is changed" };
        format!("{place}; {changes}")
    }
}

impl std::fmt::Display for Readiness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.what())
    }
}

/// What a folder holds of a day.
fn of_tree(tree: &Tree, day: &Day) -> Objects {
    let date = day.day.to_string();
    let objects = tree.objects().iter().filter(|object| {
        let partition = &object.partition;
        partition.account_id == day.account && partition.region == day.region && partition.date('-') == date
    });
    objects.fold(Objects::default(), |sum, object| Objects {
        count: sum.count + 1,
        bytes: sum.bytes + object.size().unwrap_or(0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setup::Verdict;

    #[test]
    fn on_files_the_steps_about_aws_do_not_apply() {
        let setup = Readiness::open("sample").unwrap();
        for step in [Readiness::trail, Readiness::results, Readiness::table, Readiness::named_queries] {
            let checks = step(&setup).unwrap();
            assert!(checks.is_not_applicable(), "{checks}");
            assert!(checks.summary().contains("the embedded engine reads the logs from sample"), "{checks}");
        }
    }

    #[test]
    fn on_files_the_tree_is_checked_and_asked() {
        let setup = Readiness::open("sample").unwrap();
        let path = setup.log_path().unwrap();
        assert_eq!(path.verdict(), Verdict::Pass, "{path}");
        let smoke = setup.smoke_test().unwrap();
        assert_eq!(smoke.verdict(), Verdict::Pass, "{smoke}");
        assert!(smoke.to_string().contains("50 rows × 6 columns"), "{smoke}");
        assert!(Readiness::open("/no/such/folder").unwrap_err().is_not_found());
    }
}
