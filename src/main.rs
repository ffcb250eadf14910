//! Parses, runs, writes, and exits.

fn main() {}
