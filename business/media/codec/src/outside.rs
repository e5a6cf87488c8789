//! Codecs that are not in this process: what is written in C works in another, which may crash, hang or be taken over
//! without harm. This crate knows only what it asks of them.

use std::time::Instant;

use crate::{CodecError, Format};

/// A still picture's pixels, upright as its container says, packed without padding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pixels {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Red, green, blue and, when `has_alpha`, opacity (not multiplied in); one byte each.
    pub bytes: Vec<u8>,
    /// Whether a pixel has four bytes and not three.
    pub has_alpha: bool,
    /// The ICC profile of the colours; none for sRGB.
    pub profile: Option<Vec<u8>>,
}

/// One picture of an animation, as large as its canvas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Red, green, blue and opacity; one byte each.
    pub bytes: Vec<u8>,
    /// How long it is shown, in milliseconds.
    pub duration_ms: u32,
}

/// A form in which a rendition is offered beside its JPEG.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Encoding {
    /// Lossy WebP.
    WebP,
    /// AVIF, 8 bit.
    Avif,
}

impl Encoding {
    /// The media type: "image/webp".
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::WebP => "image/webp",
            Self::Avif => "image/avif",
        }
    }
}

/// The codecs of another process. Every call blocks and ends at its deadline, by force if it must.
pub trait OutsideCodecs: Send + Sync {
    /// The formats that can be read here and now.
    fn reads(&self) -> Vec<Format>;

    /// The forms that can be written here and now.
    fn writes(&self) -> Vec<Encoding>;

    /// The pixels of a still picture, whose header was found to be within the limits. `pixels_max` bounds the answer.
    ///
    /// # Errors
    /// [`CodecError::Broken`] when it cannot be decoded; [`CodecError::Stopped`] when the other process died, was stopped
    /// at the deadline, or is not to be had.
    fn decode(
        &self,
        format: Format,
        file: &[u8],
        pixels_max: u64,
        deadline: Instant,
    ) -> Result<Pixels, CodecError>;

    /// A file of these sRGB pixels. `quality` is 1 to 100 on the encoding's own scale.
    ///
    /// # Errors
    /// [`CodecError::Stopped`], as above.
    fn encode(
        &self,
        pixels: &Pixels,
        encoding: Encoding,
        quality: u8,
        deadline: Instant,
    ) -> Result<Vec<u8>, CodecError>;

    /// An animated WebP of these frames, each of `width` by `height`, that repeats `loops` times (0: for ever).
    ///
    /// # Errors
    /// [`CodecError::Stopped`], as above.
    fn encode_animation(
        &self,
        size: (u32, u32),
        frames: &mut dyn Iterator<Item = Result<Frame, CodecError>>,
        loops: u16,
        quality: u8,
        deadline: Instant,
    ) -> Result<Vec<u8>, CodecError>;
}
