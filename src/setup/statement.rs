//! Statements of the set-up, run by Athena.

use std::time::Duration;

use aws_sdk_athena::types::{QueryExecutionContext, QueryExecutionState};

use crate::aws::{Aws, explain};
use crate::{Error, Result, runtime};

/// A statement that takes longer has something wrong.
const PATIENCE: Duration = Duration::from_secs(120);

/// What runs statements.
#[derive(Debug)]
pub(super) struct Statements {
    pub(super) aws: Aws,
    pub(super) workgroup: String,
}

impl Statements {
    /// Runs a statement and waits for its end.
    ///
    /// # Errors
    ///
    /// What Athena says of it.
    pub(super) fn run(&self, sql: &str) -> Result<()> {
        runtime::block_on(self.execute(sql))?
    }

    async fn execute(&self, sql: &str) -> Result<()> {
        let athena = self.aws.athena();
        let context = QueryExecutionContext::builder().catalog("AwsDataCatalog").build();
        let call = athena.start_query_execution().query_string(sql).work_group(&self.workgroup);
        let started = call
            .query_execution_context(context)
            .send()
            .await
            .map_err(|error| explain("running a statement (athena:StartQueryExecution)", error))?;
        let id = started.query_execution_id().unwrap_or_default().to_owned();
        let mut pause = Duration::from_millis(50);
        let mut waited = Duration::ZERO;
        loop {
            let state =
                athena.get_query_execution().query_execution_id(&id).send().await.map_err(|error| {
                    explain(&format!("waiting for the statement {id} (athena:GetQueryExecution)"), error)
                })?;
            let status = state.query_execution().and_then(|execution| execution.status());
            match status.and_then(|status| status.state()) {
                Some(QueryExecutionState::Succeeded) => return Ok(()),
                Some(QueryExecutionState::Failed | QueryExecutionState::Cancelled) => {
                    let reason = status
                        .and_then(|status| status.state_change_reason())
                        .unwrap_or("no reason is given");
                    return Err(Error::failed(format!("the statement {id} failed: {reason}")));
                }
                _ if waited > PATIENCE => {
                    return Err(Error::failed(format!(
                        "the statement {id} has not ended after {} s",
                        PATIENCE.as_secs()
                    )));
                }
                _ => {}
            }
            tokio::time::sleep(pause).await;
            waited += pause;
            pause = (pause * 2).min(Duration::from_secs(2));
        }
    }
}
