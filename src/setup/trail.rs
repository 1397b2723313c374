//! The trail: where CloudTrail delivers, what it records, and whether it does.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudtrail::types::{
    AdvancedEventSelector, DataResource, EventSelector, ReadWriteType, Trail as Description,
};
use chrono::{DateTime, TimeDelta, Utc};

use super::checks::{Checks, Verdict};
use crate::aws::{Aws, explain};
use crate::logs::scope::utc;
use crate::sql::nearest;
use crate::{Error, Result, runtime, show};

pub(super) const TITLE: &str = "Trail";

/// What later steps need to know of the trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trail {
    pub(super) name: String,
    pub(super) bucket: String,
    pub(super) prefix: String,
    pub(super) organization: bool,
}

/// Which trail is meant.
#[derive(Debug)]
pub(super) enum Wanted<'a> {
    /// That of the name or ARN; of the empty name the only trail, or the organization's.
    Named(&'a str),
    /// One that delivers to the bucket, below the prefix.
    Delivers(&'a str, &'a str),
}

/// Looks at the trail that is meant.
pub(super) fn look(aws: &Aws, wanted: &Wanted<'_>) -> Result<(Checks, Option<Trail>)> {
    let caller = aws.caller();
    runtime::block_on(examine(aws, wanted, caller))
}

async fn examine(aws: &Aws, wanted: &Wanted<'_>, caller: Result<String>) -> (Checks, Option<Trail>) {
    let mut checks = Checks::new(TITLE);
    let trails = match all(aws, &mut checks).await {
        Ok(trails) => trails,
        Err(error) => {
            checks.error("trail", Verdict::Fail, &error);
            return (checks, None);
        }
    };
    let chosen = match wanted {
        Wanted::Named(named) => choose(&trails, named),
        Wanted::Delivers(bucket, prefix) => match delivering(&trails, bucket, prefix) {
            Some(trail) => Ok(trail),
            None => {
                checks.warn(
                    "trail",
                    format!("no trail that this account sees delivers to s3://{bucket}/{prefix}"),
                    "look at it in the account that it belongs to: from here nobody can tell whether events are still recorded",
                );
                return (checks, None);
            }
        },
    };
    let chosen = match chosen {
        Ok(chosen) => chosen,
        Err(error) => {
            checks.error("trail", Verdict::Fail, &error);
            return (checks, None);
        }
    };
    let arn = chosen.trail_arn().unwrap_or_default();
    let mut seen = format!("`{}` of {}", name(chosen), home(chosen));
    let others: Vec<String> = trails
        .iter()
        .filter(|trail| trail.trail_arn() != Some(arn))
        .map(|trail| name(trail).to_owned())
        .collect();
    if !others.is_empty() {
        seen.push_str(&format!("; there are others: {}", others.join(", ")));
    }
    checks.pass("trail", seen);
    let trail = destination(&mut checks, chosen);
    owner(&mut checks, chosen, caller);
    coverage(&mut checks, chosen);
    let client = aws.in_region(home(chosen)).cloudtrail();
    delivery(
        &mut checks,
        chosen,
        client
            .get_trail_status()
            .name(arn)
            .send()
            .await
            .map_err(|error| explain("asking whether the trail delivers (cloudtrail:GetTrailStatus)", error)),
    );
    integrity(&mut checks, chosen);
    selectors(
        &mut checks,
        client.get_event_selectors().trail_name(arn).send().await.map_err(|error| {
            explain("asking which events the trail records (cloudtrail:GetEventSelectors)", error)
        }),
    );
    (checks, trail)
}

/// Every trail that the account sees: its own in any region, and its organization's.
async fn all(aws: &Aws, checks: &mut Checks) -> Result<Vec<Description>> {
    let mut regions = BTreeSet::from([aws.region().to_owned()]);
    let mut pages = aws.cloudtrail().list_trails().into_paginator().items().send();
    while let Some(trail) = pages.next().await {
        match trail {
            Ok(trail) => regions.extend(trail.home_region().map(str::to_owned)),
            Err(error) => {
                let error = explain("listing the trails of all regions (cloudtrail:ListTrails)", error);
                checks.error("other regions", Verdict::Warn, &error);
                break;
            }
        }
    }
    let mut trails = BTreeMap::new();
    for region in regions {
        let found = aws.in_region(&region).cloudtrail().describe_trails().include_shadow_trails(true).send();
        let found = found.await.map_err(|error| {
            explain(&format!("reading the trails of {region} (cloudtrail:DescribeTrails)"), error)
        })?;
        for trail in found.trail_list() {
            trails.insert(trail.trail_arn().unwrap_or_default().to_owned(), trail.clone());
        }
    }
    Ok(trails.into_values().collect())
}

fn choose<'a>(trails: &'a [Description], named: &str) -> Result<&'a Description> {
    let names = || trails.iter().map(|trail| format!("`{}`", name(trail))).collect::<Vec<_>>().join(", ");
    if trails.is_empty() {
        return Err(Error::not_found("this account sees no trail in any region").hint(
            "create a multi-region trail that delivers to S3 (`aws cloudtrail create-trail --is-multi-region-trail`), \
             best for the whole organization and before an incident: nothing from before it can be asked of S3",
        ));
    }
    if !named.is_empty() {
        let found = trails.iter().find(|trail| [trail.name(), trail.trail_arn()].contains(&Some(named)));
        return found.ok_or_else(|| {
            let meant = nearest(named, trails.iter().map(name));
            let hint = match meant {
                Some(meant) => format!("did you mean `{meant}`? There are {}", names()),
                None => format!("there are {}", names()),
            };
            Error::not_found(format!("this account sees no trail `{}`", named.escape_debug())).hint(hint)
        });
    }
    let of_organization: Vec<&Description> =
        trails.iter().filter(|trail| trail.is_organization_trail() == Some(true)).collect();
    match (trails, of_organization.as_slice()) {
        ([only], _) => Ok(only),
        (_, [only]) => Ok(only),
        _ => Err(Error::invalid(format!("there are several trails: {}", names()))
            .hint("name the one to use with `--trail NAME`")),
    }
}

fn delivering<'a>(trails: &'a [Description], bucket: &str, prefix: &str) -> Option<&'a Description> {
    trails.iter().find(|trail| {
        let below = trail.s3_key_prefix().unwrap_or_default().trim_matches('/');
        trail.s3_bucket_name() == Some(bucket) && below == prefix
    })
}

fn name(trail: &Description) -> &str {
    trail.name().or(trail.trail_arn()).unwrap_or_default()
}

fn home(trail: &Description) -> &str {
    trail.home_region().unwrap_or_default()
}

fn destination(checks: &mut Checks, trail: &Description) -> Option<Trail> {
    let Some(bucket) = trail.s3_bucket_name().filter(|bucket| !bucket.is_empty()) else {
        checks.fail(
            "destination",
            "it delivers to no bucket",
            "set one with `aws cloudtrail update-trail --s3-bucket-name`",
        );
        return None;
    };
    let prefix = trail.s3_key_prefix().unwrap_or_default();
    let seen = format!("s3://{bucket}/{prefix}");
    if prefix.starts_with('/') || prefix.ends_with('/') || prefix.contains("//") {
        checks.fail(
            "destination",
            seen,
            "the prefix makes `//` in the objects' names, where Athena finds nothing: set one without a slash at either end",
        );
    } else {
        checks.pass("destination", seen);
    }
    Some(Trail {
        name: name(trail).to_owned(),
        bucket: bucket.to_owned(),
        prefix: prefix.trim_matches('/').to_owned(),
        organization: trail.is_organization_trail() == Some(true),
    })
}

/// Whose trail it is, and so who can change it.
fn owner(checks: &mut Checks, trail: &Description, caller: Result<String>) {
    let owner = account(trail.trail_arn().unwrap_or_default());
    let organization = trail.is_organization_trail() == Some(true);
    let seen = match organization {
        true => format!("yes: it records all accounts of the organization, and belongs to account {owner}"),
        false => format!("no: it records account {owner} alone"),
    };
    let caller = match &caller {
        Ok(caller) => account(caller),
        Err(error) => {
            checks.pass("organization trail", seen);
            checks.error("who asks", Verdict::Warn, error);
            return;
        }
    };
    if owner.is_empty() || owner == caller {
        checks.pass("organization trail", seen);
        return;
    }
    checks.warn(
        "organization trail",
        format!("{seen}; account {caller} is a member and sees the trail, but cannot change it"),
        format!(
            "have changes made in the management account {owner}, or in the organization's delegated administrator \
             for CloudTrail; to read the logs, the bucket's policy must allow account {caller}"
        ),
    );
}

fn coverage(checks: &mut Checks, trail: &Description) {
    if trail.is_multi_region_trail() == Some(true) {
        checks.pass("multi-region", "yes");
    } else {
        checks.warn(
            "multi-region",
            format!("single-region: events in regions other than {} are not recorded", home(trail)),
            "run `aws cloudtrail update-trail --is-multi-region-trail`: intruders look for regions that nobody watches",
        );
    }
    if trail.include_global_service_events() == Some(false) {
        checks.warn(
            "global services",
            "events of global services (IAM, STS, CloudFront) are left out",
            "run `aws cloudtrail update-trail --include-global-service-events`",
        );
    }
}

type Status = aws_sdk_cloudtrail::operation::get_trail_status::GetTrailStatusOutput;

fn delivery(checks: &mut Checks, trail: &Description, status: Result<Status>) {
    let status = match status {
        Ok(status) => status,
        Err(error) => {
            checks.error("logging", Verdict::Warn, &error);
            return;
        }
    };
    let stopped = time(status.stop_logging_time());
    match status.is_logging() {
        Some(true) => checks.pass("logging", "yes"),
        _ => checks.fail(
            "logging",
            match stopped {
                Some(stopped) => format!("stopped at {}: events since then are not recorded", utc(stopped)),
                None => "it is off: no event is recorded".to_owned(),
            },
            format!(
                "run `aws cloudtrail start-logging --name {}`, and find out who stopped it (StopLogging in Event history)",
                name(trail)
            ),
        ),
    }
    let error = status.latest_delivery_error().filter(|error| !error.is_empty());
    let delivered = time(status.latest_delivery_time());
    match (error, delivered) {
        (Some(error), delivered) => checks.fail(
            "delivery",
            match delivered {
                Some(at) => {
                    format!("the latest delivery failed: {error}; the last that worked was at {}", utc(at))
                }
                None => format!("the latest delivery failed: {error}"),
            },
            mend_delivery(error),
        ),
        (None, None) => checks.warn(
            "delivery",
            "nothing was delivered yet",
            "wait a quarter of an hour after logging was started, and look again",
        ),
        (None, Some(at)) if Utc::now() - at > TimeDelta::days(1) => checks.warn(
            "delivery",
            format!("the latest was at {}, {} ago", utc(at), age(Utc::now() - at)),
            "even a quiet account has events each day: look whether the trail records what you need",
        ),
        (None, Some(at)) => checks.pass("delivery", format!("the latest was at {}", utc(at))),
    }
}

fn mend_delivery(error: &str) -> &'static str {
    match error {
        _ if error.contains("AccessDenied") => {
            "let the bucket's policy allow cloudtrail.amazonaws.com s3:GetBucketAcl and s3:PutObject, and the KMS key's \
             policy kms:GenerateDataKey*"
        }
        _ if error.contains("NoSuchBucket") => {
            "the bucket is gone: create it again with CloudTrail's bucket policy, or point the trail to another"
        }
        _ if error.contains("KMS") || error.contains("Kms") => {
            "enable the KMS key, and let its policy allow cloudtrail.amazonaws.com kms:GenerateDataKey*"
        }
        _ => {
            "look at the bucket and its policy; events are kept for a while and delivered again when it is mended"
        }
    }
}

fn integrity(checks: &mut Checks, trail: &Description) {
    if trail.log_file_validation_enabled() == Some(true) {
        checks.pass("log file validation", "on: digest files tell whether logs were changed");
    } else {
        checks.warn(
            "log file validation",
            "off: whether logs were changed or removed cannot be proved",
            "run `aws cloudtrail update-trail --enable-log-file-validation`",
        );
    }
    match trail.kms_key_id().filter(|key| !key.is_empty()) {
        Some(key) => checks
            .pass("encryption", format!("by the KMS key {key}: who reads the logs needs kms:Decrypt on it")),
        None => checks.pass("encryption", "by S3's own keys"),
    }
}

type Selectors = aws_sdk_cloudtrail::operation::get_event_selectors::GetEventSelectorsOutput;

fn selectors(checks: &mut Checks, selectors: Result<Selectors>) {
    let selectors = match selectors {
        Ok(selectors) => selectors,
        Err(error) => {
            checks.error("management events", Verdict::Warn, &error);
            return;
        }
    };
    let mut recorded = Recorded::default();
    if selectors.event_selectors().is_empty() && selectors.advanced_event_selectors().is_empty() {
        // What a trail records that was never told.
        (recorded.reads, recorded.writes) = (true, true);
    }
    selectors.event_selectors().iter().for_each(|selector| recorded.basic(selector));
    selectors.advanced_event_selectors().iter().for_each(|selector| recorded.advanced(selector));
    recorded.tell(checks);
}

/// Which events the selectors let through.
#[derive(Debug, Default, PartialEq, Eq)]
struct Recorded {
    reads: bool,
    writes: bool,
    /// Services whose management events are left out.
    excluded: BTreeSet<String>,
    /// Resource types whose data events are recorded, or other categories.
    more: BTreeSet<String>,
}

impl Recorded {
    fn basic(&mut self, selector: &EventSelector) {
        if selector.include_management_events() != Some(false) {
            let kind = selector.read_write_type();
            self.reads |= !matches!(kind, Some(ReadWriteType::WriteOnly));
            self.writes |= !matches!(kind, Some(ReadWriteType::ReadOnly));
            self.excluded.extend(selector.exclude_management_event_sources().iter().cloned());
        }
        self.more
            .extend(selector.data_resources().iter().filter_map(DataResource::r#type).map(str::to_owned));
    }

    fn advanced(&mut self, selector: &AdvancedEventSelector) {
        let field = |name: &str| selector.field_selectors().iter().find(|field| field.field() == name);
        let category = field("eventCategory").and_then(|field| field.equals().first());
        match category.map(String::as_str) {
            Some("Management") => {
                let read_only = field("readOnly").and_then(|field| field.equals().first());
                self.reads |= read_only.is_none_or(|value| value == "true");
                self.writes |= read_only.is_none_or(|value| value == "false");
                if let Some(sources) = field("eventSource") {
                    self.excluded.extend(sources.not_equals().iter().cloned());
                }
            }
            Some("Data") => {
                let types = field("resources.type").map(|field| field.equals()).unwrap_or_default();
                self.more.extend(types.iter().cloned());
            }
            Some(other) => {
                self.more.insert(other.to_owned());
            }
            None => {}
        }
    }

    fn tell(&self, checks: &mut Checks) {
        let mend = "change it with `aws cloudtrail put-event-selectors`";
        match (self.reads, self.writes) {
            (true, true) => checks.pass("management events", "reads and writes"),
            (false, true) => checks.warn(
                "management events",
                "writes alone: what an intruder looked at (List, Describe, Get) is not recorded",
                mend,
            ),
            (true, false) => {
                checks.fail("management events", "reads alone: no change of anything is recorded", mend)
            }
            (false, false) => checks.fail("management events", "none is recorded", mend),
        }
        if !self.excluded.is_empty() {
            let excluded: Vec<&str> = self.excluded.iter().map(String::as_str).collect();
            checks.warn("left out", format!("management events of {}", excluded.join(", ")), mend);
        }
        match self.more.is_empty() {
            true => checks.pass(
                "data events",
                "none: reads and writes of S3 objects, Lambda invocations and the like are not recorded",
            ),
            false => {
                let more: Vec<&str> = self.more.iter().map(String::as_str).collect();
                checks.pass("data events", more.join(", "));
            }
        }
    }
}

/// The account of an ARN.
fn account(arn: &str) -> &str {
    arn.split(':').nth(4).unwrap_or_default()
}

fn time(at: Option<&aws_sdk_cloudtrail::primitives::DateTime>) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(at?.secs(), at?.subsec_nanos())
}

/// A span for people: `3 days`, `5 hours`.
pub(super) fn age(span: TimeDelta) -> String {
    match (span.num_days(), span.num_hours(), span.num_minutes()) {
        (days @ 2.., _, _) => show::count(days.unsigned_abs(), "day"),
        (_, hours @ 2.., _) => show::count(hours.unsigned_abs(), "hour"),
        (_, _, minutes) => show::count(minutes.max(0).unsigned_abs(), "minute"),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudtrail::types::AdvancedFieldSelector;

    use super::*;

    fn described(name: &str, organization: bool) -> Description {
        Description::builder()
            .name(name)
            .trail_arn(format!("arn:aws:cloudtrail:us-east-1:111122223333:trail/{name}"))
            .is_organization_trail(organization)
            .build()
    }

    #[test]
    fn the_only_trail_or_the_organizations_is_taken() {
        let check = |trails: &[(&str, bool)], named: &str, expected: Result<&str, &str>| {
            let trails: Vec<_> = trails.iter().map(|(name, of)| described(name, *of)).collect();
            match (choose(&trails, named), expected) {
                (Ok(trail), Ok(expected)) => assert_eq!(name(trail), expected),
                (Err(error), Err(expected)) => assert!(error.to_string().contains(expected), "{error}"),
                (got, expected) => panic!("{got:?}, not {expected:?}"),
            }
        };
        check(&[], "", Err("create a multi-region trail"));
        check(&[("a", false)], "", Ok("a"));
        check(&[("a", false), ("b", true)], "", Ok("b"));
        check(&[("a", false), ("b", false)], "", Err("--trail NAME"));
        check(&[("a", true), ("b", true)], "", Err("several trails: `a`, `b`"));
        check(&[("a", false), ("b", true)], "a", Ok("a"));
        check(&[("audit", false)], "audits", Err("did you mean `audit`?"));
        check(&[("a", false)], "arn:aws:cloudtrail:us-east-1:111122223333:trail/a", Ok("a"));
    }

    #[test]
    fn selectors_say_what_is_recorded() {
        let field = |name: &str| AdvancedFieldSelector::builder().field(name);
        let advanced = |fields: Vec<AdvancedFieldSelector>| {
            AdvancedEventSelector::builder().set_field_selectors(Some(fields)).build().unwrap()
        };
        let mut recorded = Recorded::default();
        recorded.advanced(&advanced(vec![
            field("eventCategory").equals("Management").build().unwrap(),
            field("readOnly").equals("false").build().unwrap(),
            field("eventSource").not_equals("kms.amazonaws.com").build().unwrap(),
        ]));
        recorded.advanced(&advanced(vec![
            field("eventCategory").equals("Data").build().unwrap(),
            field("resources.type").equals("AWS::S3::Object").build().unwrap(),
        ]));
        let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        assert_eq!(
            recorded,
            Recorded {
                reads: false,
                writes: true,
                excluded: texts(&["kms.amazonaws.com"]),
                more: texts(&["AWS::S3::Object"])
            }
        );
        let mut checks = Checks::new(TITLE);
        recorded.tell(&mut checks);
        assert!(checks.summary().starts_with("1 pass, 2 warn: management events: writes alone"), "{checks}");

        let mut recorded = Recorded::default();
        recorded.basic(&EventSelector::builder().read_write_type(ReadWriteType::All).build());
        assert!(recorded.reads && recorded.writes && recorded.more.is_empty());
        let mut recorded = Recorded::default();
        recorded.basic(&EventSelector::builder().include_management_events(false).build());
        let mut checks = Checks::new(TITLE);
        recorded.tell(&mut checks);
        assert!(checks.has_failed());
    }

    #[test]
    fn ages_are_for_people() {
        for (span, text) in [
            (TimeDelta::minutes(1), "1 minute"),
            (TimeDelta::minutes(119), "119 minutes"),
            (TimeDelta::hours(47), "47 hours"),
            (TimeDelta::days(3), "3 days"),
        ] {
            assert_eq!(age(span), text);
        }
    }
}
