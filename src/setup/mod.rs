//! From "is the trail right?" to a table that answers: each step looked at, told, and mended on request.
//!
//! The steps of [`Readiness`], in order:
//!
//! | step | file | what it looks at |
//! | --- | --- | --- |
//! | [`trail`](Readiness::trail) | `trail` | where CloudTrail delivers, what it records, whether it does |
//! | [`log_path`](Readiness::log_path) | `log_path` | what lies there: accounts, regions, days; one object opened |
//! | [`results`](Readiness::results) | `results` | the Athena workgroup and where it puts results |
//! | [`table`](Readiness::table) | `database`, `table`, `ddl` | the database and the table with its partition projection |
//! | [`smoke_test`](Readiness::smoke_test) | `smoke` | one account, one region, one day, the newest 50 events |
//! | [`named_queries`](Readiness::named_queries) | `named` | the saved questions as Athena's named queries |
//!
//! Nothing is changed unless [`SetupOptions::apply`] says so; what would be is shown.
//! Each step gives [`Checks`].

mod checks;
mod database;
mod ddl;
mod hive;
mod listing;
mod log_path;
mod named;
mod names;
mod options;
pub mod policy;
mod readiness;
mod results;
mod smoke;
mod table;
mod trail;

pub use checks::{Checks, Verdict};
pub use ddl::TableSpec;
pub use options::SetupOptions;
pub use readiness::Readiness;

/// The names that are taken where none is given.
const DATABASE: &str = "cloudtrail_logs";
const TABLE: &str = "cloudtrail_partitioned";
