//! The data command line of trailbook.

fn main() {}
