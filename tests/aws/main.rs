//! The set-up on AWS, over HTTP on loopback.

#[path = "../support/mod.rs"]
mod support;

mod ddl;
