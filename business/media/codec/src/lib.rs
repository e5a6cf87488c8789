//! The picture codec: from the bytes of an upload to everything that is served of it.
//!
//! It says what a file is by its content ([`sniff`]), what it would cost to decode
//! ([`read_header`], which allocates no pixels), and makes the renditions, the blurhash and the
//! dominant colour from one decoding ([`process()`]): upright, in sRGB, and without a byte of the
//! original's metadata, because pixels are all that is carried over. What moves is kept moving,
//! beside a still ([`EncodedAnimation`]). [`strip()`] takes the metadata out of a file and leaves
//! its pixels as they are; [`Camera`] reads the little of it that may be shown.
//!
//! It is the one crate that names an image library. It reads and writes no files, starts no threads
//! and keeps no state. A panic in a decoder is caught here and becomes [`CodecError::Broken`]. It
//! does not decode HEIC and AVIF itself (see [`ExternalCodecs`]), and takes neither SVG nor video.
//!
//! Start reading at [`process()`].

mod alternates;
mod animation;
mod camera;
mod code_points;
mod color;
mod container;
mod cost;
mod decode;
mod encode;
mod error;
mod exif;
mod external_codecs;
mod format;
mod header;
mod job;
mod ladder;
mod limits;
mod orientation;
mod passthrough;
mod placeholder;
mod png_colors;
mod png_reader;
mod process;
mod profile;
mod raster;
mod raw_header;
mod samples;
mod scale;
mod strip;

pub use alternates::{Alternate, Alternates, alternates_memory_bytes, process_alternates};
pub use animation::{ANIMATION_BYTES_MAX, ANIMATION_SIDE_MAX, EncodedAnimation, Frames, frames};
pub use camera::Camera;
pub use code_points::profile_of_code_points;
pub use decode::heif::is_monochrome;
pub use error::{CodecError, StoppedBy};
pub use external_codecs::{
    EncoderMemory, Encoding, ExternalCodecs, Frame, Pixels, SLOW_PIXELS_MAX,
};
pub use format::{Format, FormatSet, SNIFF_BYTES, sniff};
pub use header::{Header, read_header};
pub use job::Job;
pub use ladder::{Ladder, Step};
pub use limits::Limits;
pub use process::{EncodedRendition, Processed, process};
pub use strip::{Purpose, strip};
