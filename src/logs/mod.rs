//! What a notebook cell holds of the logs.

pub mod coverage;
