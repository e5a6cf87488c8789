//! The codec through its public functions, on pictures made here and, where they are at hand, on the shared set.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod broken;
mod clean;
mod colors;
mod light;
mod pictures;
mod shared;
mod sizes;
mod speed;
mod upright;
