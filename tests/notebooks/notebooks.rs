//! Notebooks from end to end: headless, through a Jupyter client, and in a browser.
//!
//! They are built with the kernel's package, whose program they drive.

mod browser;
mod client;
mod headless;
mod runbook;
mod support;
