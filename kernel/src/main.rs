//! The Jupyter kernel of trailbook, and the commands around it.

fn main() {}
