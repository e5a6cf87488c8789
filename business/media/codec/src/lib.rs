//! The picture codec: from the bytes of an upload to everything that is served of it.
//!
//! It says what a file is by its content ([`sniff`]), what it would cost to decode ([`read_header`], which allocates no
//! pixels), and makes the renditions, the blurhash and the dominant colour from one decoding ([`process()`]): upright, in
//! sRGB, and without a byte of the original's metadata, because pixels are all that is carried over.
//!
//! It is the one crate that names an image library. It reads and writes no files, starts no threads and keeps no state.
//! A panic in a decoder is caught here and becomes [`CodecError::Broken`]. It does not take HEIC, AVIF, GIF, SVG or video,
//! and keeps only the first picture of an animation.
//!
//! Start reading at [`process()`].

mod alternates;
mod color;
mod decode;
mod encode;
mod error;
mod format;
mod header;
mod ladder;
mod orientation;
mod outside;
mod placeholder;
mod process;
mod raster;
mod scale;

pub use alternates::{Alternate, process_alternates};
pub use error::{CodecError, StoppedBy};
pub use format::{Format, FormatSet, SNIFF_BYTES, sniff};
pub use header::{Header, Limits, read_header};
pub use ladder::{Ladder, Step};
pub use outside::{Encoding, Frame, OutsideCodecs, Pixels};
pub use process::{EncodedRendition, Job, Processed, process};
