//! The front end that both engines share: Athena's SQL, read and checked.

pub(crate) mod dialect;
