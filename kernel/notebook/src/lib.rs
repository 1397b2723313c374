//! The library as cells see it: they depend on this package under the name `trailbook`.
//!
//! Linked statically, every cell would hold its own copy of polars' thread pool
//! and of every other static. One shared object keeps one, and makes a cell's
//! own object a thousand times smaller.

pub use trailbook::*;
