//! Incident-response runbooks over AWS CloudTrail logs.

mod error;
mod logs;
mod sql;

pub use error::{Error, Result};
pub use logs::coverage::{Coverage, Damaged};
