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

    /// The memory that the process of an encoder may take for a picture of this size, in bytes. Measured on noise, which
    /// costs most: 28.5 bytes a pixel as WebP; 46 to 72 and some 12 MB as AVIF (`--example measure -- encoders`).
    #[must_use]
    pub const fn encoder_bytes(self, width: u32, height: u32) -> u64 {
        /// What a worker has before it is asked anything, and what its heap cannot give back: 1.2 MB were seen.
        const WORKER_BYTES: u64 = 16 * 1024 * 1024;
        let pixels = width as u64 * height as u64;
        match self {
            Self::WebP => WORKER_BYTES + 8 * 1024 * 1024 + pixels * 36,
            Self::Avif => WORKER_BYTES + 24 * 1024 * 1024 + pixels * 64,
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
    /// [`CodecError::Stopped`], as above, and when the encoder refuses.
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
    /// [`CodecError::Stopped`], as above, and when the encoder refuses.
    fn encode_animation(
        &self,
        size: (u32, u32),
        frames: &mut dyn Iterator<Item = Result<Frame, CodecError>>,
        loops: u16,
        quality: u8,
        deadline: Instant,
    ) -> Result<Vec<u8>, CodecError>;
}
