//! Incident-response runbooks over AWS CloudTrail logs.

mod embedded;
mod error;
mod logs;
pub mod sample;
mod show;
mod sql;
mod trino;

pub use embedded::QueryOptions;
pub use error::{Error, Result};
pub use logs::coverage::{Coverage, Damaged};
pub use polars;
pub use show::{Chart, Format, Panel, Show};
pub use sql::Plan;
