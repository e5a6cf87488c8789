//! What tests and benchmarks of several crates share.
//!
//! - [`landscape`]: photographs that nobody took. Seeded, so that a picture can be drawn again, and
//!   believable enough to fill a feed in a screenshot. The project needs no real photo, with a real
//!   place and real faces, in its tree.
//! - [`jpeg`], [`png`], [`webp`]: writers that put in what a camera or an editor puts in
//!   (orientation, position, serial numbers, owner, notes, thumbnails, profiles), each piece marked
//!   with a text that [`scan`] looks for in served bytes.
//! - [`charts`]: flat pictures whose corners and patches tell whether a picture came back upright
//!   and in true colours.
//! - [`color`]: how far colours and pictures are apart, without a colour library.
//! - [`hostile`]: files that must be refused, or survived.
//! - [`require`]: tools and shared files that a bare clone may lack and CI must have.
//!
//! It knows no domain and no server: it makes bytes and reads bytes.

pub mod charts;
pub mod color;
pub mod exif;
pub mod hostile;
pub mod icc;
pub mod jpeg;
pub mod landscape;
pub mod picture;
pub mod png;
pub mod require;
pub mod scan;
pub mod webp;

pub use landscape::{Landscape, Mood};
pub use picture::Picture;
