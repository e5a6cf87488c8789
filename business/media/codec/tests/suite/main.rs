//! The codec through its public functions, on pictures made here and, where they are at hand, on
//! the shared set.

#![allow(clippy::unwrap_used)] // a test that cannot continue fails

mod animations;
mod broken;
mod camera;
mod clean;
mod colors;
mod encoded;
mod golden_colors;
mod heif;
mod heif_file;
mod heif_made_of;
mod hidden;
mod hostile;
mod jpeg_parts;
mod lenient_jpeg;
mod lenient_jpeg_colors;
mod lenient_others;
mod light;
mod moving;
mod mutated;
mod passed;
mod pictures;
mod shared;
mod sizes;
mod smaller;
mod speed;
mod stripped;
mod told_colors;
mod two_ways;
mod upright;
