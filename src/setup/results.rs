//! The workgroup: where results go, what a query may cost, and whether it can be written there.

use aws_sdk_athena::error::ProvideErrorMetadata;
use aws_sdk_athena::types::{
    EncryptionConfiguration, EncryptionOption, EngineVersion, ResultConfiguration,
    ResultConfigurationUpdates, WorkGroup, WorkGroupConfiguration, WorkGroupConfigurationUpdates,
    WorkGroupState,
};
use chrono::Utc;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use super::checks::{Checks, Verdict};
use super::{SetupOptions, names};
use crate::aws::{Aws, explain};
use crate::{Error, Result, runtime, show};

pub(super) const TITLE: &str = "Result location";

/// What one query may scan in a workgroup that is made here, in bytes: half a dollar.
const CUTOFF: i64 = 100_000_000_000;

/// Looks at the workgroup, and makes it or sets its result location if that is asked for. Tells whether
/// queries can run in it.
pub(super) fn look(aws: &Aws, options: &SetupOptions) -> Result<(Checks, bool)> {
    runtime::block_on(examine(aws, options))
}

async fn examine(aws: &Aws, options: &SetupOptions) -> (Checks, bool) {
    let mut checks = Checks::new(TITLE);
    let workgroup = match find(aws, &options.workgroup).await {
        Ok(Some(workgroup)) => workgroup,
        Ok(None) => match create(aws, options, &mut checks).await {
            Some(created) => created,
            None => return (checks, false),
        },
        Err(error) => {
            checks.error("workgroup", Verdict::Fail, &error);
            return (checks, false);
        }
    };
    let name = &options.workgroup;
    if workgroup.state() == Some(&WorkGroupState::Disabled) {
        checks.fail(
            "workgroup",
            format!("`{name}` is disabled"),
            "enable it, or name another with `--workgroup`",
        );
        return (checks, false);
    }
    checks.pass("workgroup", format!("`{name}` in {}", aws.region()));
    let default = WorkGroupConfiguration::builder().build();
    let configuration = workgroup.configuration().unwrap_or(&default);
    limits(&mut checks, configuration);
    let ready = destination(aws, options, configuration, &mut checks).await;
    (checks, ready)
}

async fn find(aws: &Aws, name: &str) -> Result<Option<WorkGroup>> {
    match aws.athena().get_work_group().work_group(name).send().await {
        Ok(found) => Ok(found.work_group),
        Err(error) => {
            // Athena has no error of its own for it.
            if error.message().is_some_and(|message| message.to_lowercase().contains("not found")) {
                return Ok(None);
            }
            Err(explain(&format!("reading the workgroup `{name}` (athena:GetWorkGroup)"), error))
        }
    }
}

/// Makes the workgroup, or says that it would be made.
async fn create(aws: &Aws, options: &SetupOptions, checks: &mut Checks) -> Option<WorkGroup> {
    let name = &options.workgroup;
    if options.results.is_empty() {
        checks.fail(
            "workgroup",
            format!("there is no workgroup `{name}` in {}", aws.region()),
            "give the place for query results with `--results s3://BUCKET/PREFIX/` (in the runbook: `results`), so \
             that it can be made, or name a workgroup that there is with `--workgroup` (`workgroup`)",
        );
        return None;
    }
    let limit = show::bytes(CUTOFF.unsigned_abs());
    if !options.apply {
        checks.fail(
            "workgroup",
            format!("there is no workgroup `{name}` in {}", aws.region()),
            format!(
                "run it with `--apply` (in the runbook: `apply = true`): the workgroup would be made, with results in {} and at most {limit} scanned by a query",
                options.results
            ),
        );
        return None;
    }
    let configuration = WorkGroupConfiguration::builder()
        .result_configuration(location(&options.results))
        .enforce_work_group_configuration(true)
        .publish_cloud_watch_metrics_enabled(true)
        .bytes_scanned_cutoff_per_query(CUTOFF)
        .engine_version(EngineVersion::builder().selected_engine_version("AUTO").build())
        .build();
    let call = aws.athena().create_work_group().name(name).configuration(configuration);
    let call = call.description("Incident response over CloudTrail logs, made by trailbook").send();
    let made = call
        .await
        .map_err(|error| explain(&format!("making the workgroup `{name}` (athena:CreateWorkGroup)"), error));
    let found = match made {
        Ok(_) => find(aws, name).await,
        Err(error) => Err(error),
    };
    match found {
        Ok(Some(workgroup)) => {
            checks.pass("made", format!("the workgroup `{name}`, in which a query scans {limit} at most"));
            Some(workgroup)
        }
        Ok(None) => {
            checks.fail(
                "workgroup",
                format!("`{name}` was made and is not there"),
                "run it again in a minute",
            );
            None
        }
        Err(error) => {
            checks.error("workgroup", Verdict::Fail, &error);
            None
        }
    }
}

fn location(results: &str) -> ResultConfiguration {
    let encryption = EncryptionConfiguration::builder().encryption_option(EncryptionOption::SseS3).build();
    ResultConfiguration::builder()
        .output_location(results)
        .set_encryption_configuration(encryption.ok())
        .build()
}

/// What a query may cost, and which engine runs it.
fn limits(checks: &mut Checks, configuration: &WorkGroupConfiguration) {
    match configuration.bytes_scanned_cutoff_per_query() {
        Some(bytes) => {
            checks.pass("cutoff", format!("a query scans {} at most", show::bytes(bytes.unsigned_abs())))
        }
        None => checks.warn(
            "cutoff",
            "none: a query may scan any amount, at 5 dollars a terabyte",
            "set one in the workgroup (BytesScannedCutoffPerQuery)",
        ),
    }
    let engine = configuration.engine_version();
    let engine =
        engine.and_then(|engine| engine.effective_engine_version().or(engine.selected_engine_version()));
    match engine {
        Some(old) if old.ends_with("version 2") => {
            checks.fail(
                "engine",
                old,
                "set Athena engine version 3 in the workgroup: questions are written for it",
            );
        }
        Some(engine) => checks.pass("engine", engine),
        None => {}
    }
}

/// Where results go. Tells whether they can.
async fn destination(
    aws: &Aws,
    options: &SetupOptions,
    configuration: &WorkGroupConfiguration,
    checks: &mut Checks,
) -> bool {
    if configuration.managed_query_results_configuration().is_some_and(|managed| managed.enabled()) {
        checks.pass(
            "result location",
            "managed by Athena for 24 hours: queries must name no place of their own",
        );
        return true;
    }
    let enforced = configuration.enforce_work_group_configuration() == Some(true);
    let results = configuration.result_configuration();
    let there = results.and_then(ResultConfiguration::output_location).filter(|there| !there.is_empty());
    let place = match there {
        Some(there) => {
            let by = if enforced { "the workgroup enforces it" } else { "queries may name another" };
            checks.pass("result location", format!("{there}; {by}"));
            there.to_owned()
        }
        None => match set_location(aws, options, checks).await {
            Some(place) => place,
            None => return false,
        },
    };
    match results.and_then(ResultConfiguration::encryption_configuration) {
        Some(encryption) => checks.pass("encryption", encryption.encryption_option().as_str()),
        None => checks.pass("encryption", "by S3's own keys"),
    }
    writable(aws, &place, options.apply, checks).await
}

/// Sets the result location of a workgroup that has none, or says that it would be set.
async fn set_location(aws: &Aws, options: &SetupOptions, checks: &mut Checks) -> Option<String> {
    let (name, results) = (&options.workgroup, &options.results);
    let seen = format!("the workgroup `{name}` has none: every query fails");
    if results.is_empty() {
        checks.fail(
            "result location",
            seen,
            "give one with `--results s3://BUCKET/PREFIX/` (in the runbook: `results`)",
        );
        return None;
    }
    if !options.apply {
        let would = format!(
            "run it with `--apply` (in the runbook: `apply = true`): {results} would be set in the workgroup"
        );
        checks.fail("result location", seen, would);
        return None;
    }
    let updates = ResultConfigurationUpdates::builder().output_location(results).build();
    let updates = WorkGroupConfigurationUpdates::builder().result_configuration_updates(updates).build();
    let call = aws.athena().update_work_group().work_group(name).configuration_updates(updates).send();
    match call.await {
        Ok(_) => {
            checks.pass("result location", format!("{results}, set now"));
            Some(results.clone())
        }
        Err(error) => {
            let what = format!("setting the result location of `{name}` (athena:UpdateWorkGroup)");
            checks.error("result location", Verdict::Fail, &explain(&what, error));
            None
        }
    }
}

/// Lists the bucket and, if something may be changed, writes and deletes an object.
async fn writable(aws: &Aws, place: &str, apply: bool, checks: &mut Checks) -> bool {
    let reached = async {
        let (bucket, prefix) = names::location(place)?;
        let store = aws.bucket(bucket)?;
        let folder = Path::parse(prefix).map_err(|error| Error::invalid(format!("`{place}`: {error}")))?;
        let listed = store.s3().list_with_delimiter(Some(&folder)).await;
        listed.map_err(|error| store.explain(&format!("listing {place} (s3:ListBucket)"), error))?;
        Ok::<_, Error>((store, folder))
    };
    let (store, folder) = match reached.await {
        Ok(reached) => reached,
        Err(error) => {
            checks.error("result bucket", Verdict::Fail, &error);
            return false;
        }
    };
    checks.pass("result bucket", format!("`{}` is there, in {}", store.bucket(), aws.region()));
    if !apply {
        checks.not_applicable(
            "writable",
            "not tried without `--apply`: an object would be written and deleted",
        );
        return true;
    }
    let probe = folder.join(format!("trailbook-probe-{}", Utc::now().format("%Y%m%dT%H%M%S%6fZ")));
    let written = async {
        let explain =
            |what: &str, error| store.explain(&format!("{what} s3://{}/{probe}", store.bucket()), error);
        let put = store.s3().put(&probe, "trailbook".into()).await;
        put.map_err(|error| explain("writing (s3:PutObject)", error))?;
        store.s3().delete(&probe).await.map_err(|error| explain("deleting (s3:DeleteObject)", error))
    };
    match written.await {
        Ok(()) => {
            checks.pass("writable", "an object was written and deleted");
            true
        }
        Err(error) => {
            checks.error("writable", Verdict::Fail, &error);
            false
        }
    }
}
