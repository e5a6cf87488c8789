//! The worker alone, for the tests of this crate.

fn main() {}
