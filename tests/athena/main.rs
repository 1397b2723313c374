//! The Athena engine, over HTTP on loopback.

#[path = "../support/athena/mod.rs"]
mod server;
#[path = "../support/mod.rs"]
mod support;

mod clients;
mod conformance;
mod failures;
mod lifecycle;
mod listings;
mod snapshot;
