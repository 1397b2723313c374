//! What a query would read, before it reads.

use crate::{Error, Result};

/// What a query would read: from its conditions and the listing, without reading a log.
#[derive(Clone, Debug)]
pub struct Plan {}

impl Plan {
    /// Of an optimised plan, whose filters stand at the tables they are on.
    pub(crate) fn of(
        _sql: &str,
        _plan: &datafusion::logical_expr::LogicalPlan,
        _tree: &crate::embedded::tree::Tree,
        _session: &dyn datafusion::catalog::Session,
    ) -> Result<Plan> {
        Ok(Plan {})
    }

    /// # Errors
    ///
    /// The query would read the whole tree.
    pub(crate) fn check(&self) -> Result<()> {
        Err(Error::rejected("the query has no condition on the partition columns"))
    }

    pub(crate) fn warnings(&self) -> &[String] {
        &[]
    }
}
