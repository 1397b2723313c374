//! The database and the table: looked up, made, compared, mended.

use aws_sdk_athena::error::{ProvideErrorMetadata, SdkError};
use chrono::{NaiveDate, Utc};

use super::checks::{Checks, Verdict};
use super::ddl::TableSpec;
use super::table::Existing;
use crate::athena::run_statement;
use crate::aws::{Aws, explain};
use crate::{Result, runtime};

pub(super) const TITLE: &str = "Table";

/// The data catalog of Glue, as Athena calls it.
const CATALOG: &str = "AwsDataCatalog";

/// Looks at the database and the table, and makes or mends them if there is a `workgroup` to do it in. Tells whether the table can
/// be asked.
pub(super) fn look(
    aws: &Aws,
    spec: &TableSpec,
    held: (NaiveDate, NaiveDate),
    workgroup: Option<&str>,
) -> Result<(Checks, bool)> {
    let mut checks = Checks::new(TITLE);
    if !database(aws, spec, workgroup, &mut checks)? {
        checks.statement(spec.ddl()?);
        return Ok((checks, false));
    }
    let existing = match find(aws, spec) {
        Ok(existing) => existing,
        Err(error) => {
            checks.error("table", Verdict::Fail, &error);
            return Ok((checks, false));
        }
    };
    let Some(existing) = existing else {
        return create(aws, spec, held, workgroup, checks);
    };
    let mut found = Checks::new(TITLE);
    let mend = existing.compare(&mut found, spec, held, Utc::now().date_naive())?;
    checks.pass("table", format!("{} is there", spec.qualified()));
    if let (Some(workgroup), false) = (workgroup, mend.alter.is_empty()) {
        for statement in &mend.alter {
            checks.statement(statement.clone());
            if let Err(error) = run_statement(aws, workgroup, statement) {
                checks.error("mended", Verdict::Fail, &error);
                return Ok((checks, false));
            }
        }
        checks.pass("mended", "by the ALTER TABLE below; compared anew");
        let existing = find(aws, spec)?.unwrap_or_default();
        let mend = existing.compare(&mut checks, spec, held, Utc::now().date_naive())?;
        mend.replace.into_iter().for_each(|statement| checks.statement(statement));
    } else {
        checks.append(found);
        mend.alter.into_iter().chain(mend.replace).for_each(|statement| checks.statement(statement));
    }
    let ready = !checks.has_failed();
    Ok((checks, ready))
}

/// Whether the database is there, or was made.
fn database(aws: &Aws, spec: &TableSpec, workgroup: Option<&str>, checks: &mut Checks) -> Result<bool> {
    let name = &spec.database;
    let call = aws.athena().get_database().catalog_name(CATALOG).database_name(name).send();
    match runtime::block_on(call)? {
        Ok(found) if found.database().is_some() => {
            checks.pass("database", format!("`{name}` is there"));
            return Ok(true);
        }
        Err(error) if !is_missing(&error) => {
            let error = explain(
                &format!("reading the database `{name}` (athena:GetDatabase, glue:GetDatabase)"),
                error,
            );
            checks.error("database", Verdict::Fail, &error);
            return Ok(false);
        }
        _ => {}
    }
    let ddl = spec.database_ddl();
    checks.statement(ddl.clone());
    let Some(workgroup) = workgroup else {
        checks.fail(
            "database",
            format!("there is no database `{name}`"),
            "run it with `--apply` (in the runbook: `apply = true`): the statements below would be run",
        );
        return Ok(false);
    };
    match run_statement(aws, workgroup, &ddl) {
        Ok(()) => checks.pass("database", format!("`{name}` was made")),
        Err(error) => checks.error("database", Verdict::Fail, &error),
    }
    Ok(!checks.has_failed())
}

fn create(
    aws: &Aws,
    spec: &TableSpec,
    held: (NaiveDate, NaiveDate),
    workgroup: Option<&str>,
    mut checks: Checks,
) -> Result<(Checks, bool)> {
    let ddl = spec.ddl()?;
    checks.statement(ddl.clone());
    let Some(workgroup) = workgroup else {
        checks.fail(
            "table",
            format!("there is no table {}", spec.qualified()),
            "run it with `--apply` (in the runbook: `apply = true`), before an incident: the statement below would be run",
        );
        return Ok((checks, false));
    };
    let made = run_statement(aws, workgroup, &ddl).and_then(|()| find(aws, spec));
    match made {
        Ok(Some(existing)) => {
            checks.pass("table", format!("{} was made", spec.qualified()));
            existing.compare(&mut checks, spec, held, Utc::now().date_naive())?;
        }
        Ok(None) => checks.fail("table", "it was made and is not there", "run it again in a minute"),
        Err(error) => checks.error("table", Verdict::Fail, &error),
    }
    let ready = !checks.has_failed();
    Ok((checks, ready))
}

fn find(aws: &Aws, spec: &TableSpec) -> Result<Option<Existing>> {
    let call = aws.athena().get_table_metadata().catalog_name(CATALOG);
    let found = match runtime::block_on(call.database_name(&spec.database).table_name(&spec.table).send())? {
        Ok(found) => found,
        Err(error) if is_missing(&error) => return Ok(None),
        Err(error) => {
            let what =
                format!("reading the table {} (athena:GetTableMetadata, glue:GetTable)", spec.qualified());
            return Err(explain(&what, error));
        }
    };
    Ok(found.table_metadata().map(|table| Existing {
        columns: table
            .columns()
            .iter()
            .map(|column| (column.name().to_owned(), column.r#type().unwrap_or_default().to_owned()))
            .collect(),
        keys: table.partition_keys().iter().map(|key| key.name().to_owned()).collect(),
        parameters: table.parameters().into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())).collect(),
    }))
}

/// Glue's answer, passed on by Athena, that there is no such thing.
fn is_missing<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    error.code() == Some("MetadataException")
        && error.message().is_some_and(|message| {
            message.contains("EntityNotFoundException") || message.to_lowercase().contains("not found")
        })
}
