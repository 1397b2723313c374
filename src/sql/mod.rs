//! The front end that both engines share: Athena's SQL, read and checked.

mod aggregate;
mod arrow;
mod catalog;
mod dialect;
mod fence;
mod from;
mod group;
mod lint;
mod lower;
mod names;
mod nearest;
mod parse;
mod planner;
mod query;
mod scope;
mod select;
mod set;
mod subquery;
mod unnest;
mod values;
mod window;
