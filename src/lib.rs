//! Incident-response runbooks over AWS CloudTrail logs.
//!
//! A responder must answer *who did what, from where, since when* from CloudTrail logs.
//! This library asks those logs questions in Amazon Athena's SQL, on an embedded engine
//! that reads the `.json.gz` files as an S3 bucket holds them, with no AWS account, and
//! gives polars data frames back. The cells of a runbook call it, one line each.
//!
//! ```
//! # fn main() -> trailbook::Result<()> {
//! use trailbook::prelude::*;
//!
//! let logs = Logs::open("sample")?;
//! let scope = logs.scope(&[], &[], "2026-09-28", "2026-10-26")?;
//! let sign_ins = logs.ask(&console_logins(), &scope)?;
//! assert!(sign_ins.height() > 0);
//! println!("{sign_ins}");
//! # Ok(())
//! # }
//! ```
//!
//! | type | what it is |
//! | --- | --- |
//! | [`Logs`] | a handle to logs: `sample`, a folder, a bucket, or a table at Athena |
//! | [`Scope`] | accounts, regions and a half-open UTC window; every saved question takes one |
//! | [`Investigation`](investigations::Investigation) | a saved question: SQL, parameters, why one asks it |
//! | [`Answer`] | the rows as a data frame, with SQL, coverage and SHA-256 |
//! | [`Readiness`](setup::Readiness) | the set-up: from the trail to a table that answers, step by step |
//! | [`Snapshot`] | a scope kept as Parquet, from which later questions about it are answered |
//! | [`Case`] | an incident: its checklist and its hash-chained ledger |
//!
//! # What is promised
//!
//! - A query that runs here runs on Athena: what Athena refuses is refused, with the way to mend it.
//! - A query that would read everything is refused until [`QueryOptions::allow_full_scan`] says so.
//! - An object that cannot be read is named in the answer's [`Coverage`], and the rest is answered.
//! - Nothing read from a log is trusted: it is escaped in HTML, quoted in SQL, neutralised in CSV.
//! - Times are UTC, windows half-open, sizes bytes.

mod answer;
pub mod athena;
mod aws;
mod case;
mod embedded;
mod error;
pub mod investigations;
mod logs;
#[cfg(test)]
#[path = "../tests/support/moto.rs"]
mod moto;
mod progress;
mod runtime;
pub mod sample;
pub mod setup;
mod show;
mod sql;
mod trino;

pub use answer::Answer;
pub use aws::Aws;
pub use case::{Case, Checklist, ReportRequest, Step, Tlp};
pub use error::{Error, Result};
pub use logs::coverage::{Coverage, Damaged};
pub use logs::scope::Scope;
pub use logs::{Export, Inventory, Logs, QueryOptions, Snapshot, TABLE};
pub use polars;
pub use show::{Chart, Format, Panel, Show};
pub use sql::Plan;

/// What fuzzing calls.
#[cfg(feature = "fuzz")]
#[doc(hidden)]
pub mod fuzz {
    /// Reads bytes as a log object.
    pub fn records(text: &[u8]) {
        crate::embedded::fuzz::records(text);
    }

    /// Reads text as a query.
    pub fn sql(text: &str) {
        crate::sql::fuzz::query(text);
    }
}

/// What a runbook's cells use: the kernel imports it at start.
pub mod prelude {
    pub use crate::investigations::*;
    pub use crate::setup::{Checks, Readiness, SetupOptions};
    pub use crate::{
        Answer, Aws, Case, Chart, Checklist, Inventory, Logs, Panel, QueryOptions, Scope, Show, Snapshot,
    };
}
