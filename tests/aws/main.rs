//! The set-up on AWS, over HTTP on loopback.

#[path = "../support/moto.rs"]
mod moto;
#[path = "../support/athena/mod.rs"]
mod server;
#[path = "../support/mod.rs"]
mod support;

mod ddl;
mod runbook;
mod setup;
mod table;
