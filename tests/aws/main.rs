//! The set-up on AWS, over HTTP on loopback.

#[path = "../support/moto.rs"]
mod moto;
#[path = "../support/mod.rs"]
mod support;

mod ddl;
mod setup;
