//! The engine that answers queries from log files, without AWS.
//!
//! The scan, in the order in which a query goes through it: [`tree`] lists the
//! objects, [`partitions`] prunes them by their paths, [`table`] is what
//! DataFusion plans with, [`scan`] has the workers, [`feed`] shares the objects out to
//! them, [`object`] and [`inflate`] read one, [`condition`] searches it for literals of the
//! query, [`probe`] looks at what its conditions need, [`record`], [`fields`] and [`json`]
//! find what is wanted, [`rows`] builds [`columns`] of it; [`unique`] knows
//! duplicates and [`ledger`] what was read; a [`snapshot`] answers in the logs' place.
//!
//! The [`engine`] plans Athena's SQL on it, runs the plan, and makes a [`frame`]
//! of the rows.

pub(crate) mod columns;
mod condition;
mod engine;
mod feed;
mod fields;
pub(crate) mod frame;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
mod inflate;
mod json;
mod ledger;
mod object;
pub(crate) mod partitions;
mod probe;
mod record;
mod rows;
mod scan;
mod snapshot;
pub(crate) mod table;
pub(crate) mod tree;
mod unique;

pub(crate) use engine::{Engine, Prepared};
