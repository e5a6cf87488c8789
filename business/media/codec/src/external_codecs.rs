//! Codecs that are not in this process: what is written in C works in another, which may crash,
//! hang or be taken over without harm. This crate knows only what it asks of them.

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

    /// The memory that the process of an encoder may take for a picture of this size, in bytes.
    /// Measured (`--example measure -- encoders`): 29 bytes a pixel as WebP; as AVIF of photographs
    /// and grain 64 to 74 up to [`SLOW_PIXELS_MAX`] and 44 to 52 beyond, of drawings 155 and 127,
    /// of the faintest grain 175 (`xtask bench media` draws it), and up to 12 MB beside.
    #[must_use]
    pub fn encoder_bytes(self, width: u32, height: u32, memory: EncoderMemory) -> u64 {
        /// What a worker has before it is asked anything, and what its heap cannot release: 1.2 MB
        /// were seen.
        const WORKER_BYTES: u64 = 16 * 1024 * 1024;
        const WEBP_BYTES: u64 = WORKER_BYTES + 8 * 1024 * 1024;
        const AVIF_BYTES: u64 = WORKER_BYTES + 24 * 1024 * 1024;
        let pixels = u64::from(width) * u64::from(height);
        match (self, memory) {
            (Self::WebP, _) => WEBP_BYTES + pixels * 36,
            (Self::Avif, EncoderMemory::Usual) => AVIF_BYTES + avif_bytes(pixels, 80, 56),
            (Self::Avif, EncoderMemory::Most { bytes_max }) => {
                let usual = self.encoder_bytes(width, height, EncoderMemory::Usual);
                let most = AVIF_BYTES + avif_bytes(pixels, 192, 160);
                most.min(bytes_max).max(usual)
            }
        }
    }
}

/// So many bytes for each pixel of a picture that is encoded with care, and for each of one that is
/// not; the larger one never has less.
fn avif_bytes(pixels: u64, with_care: u64, without: u64) -> u64 {
    let careful = pixels.min(SLOW_PIXELS_MAX) * with_care;
    careful.max(pixels * without)
}

/// Pictures of more pixels are encoded as AVIF with less care: they fill a screen, are asked for
/// least and cost most.
pub const SLOW_PIXELS_MAX: u64 = 1_500_000;

/// How much memory an encoder is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncoderMemory {
    /// What photographs take.
    Usual,
    /// What anything takes: AV1 encoders search drawings of few colours for repetitions, and note
    /// every place in them.
    Most {
        /// No more than this, in bytes, unless photographs take more.
        bytes_max: u64,
    },
}

/// The codecs of another process. Every call blocks and ends at its deadline, by force if it must.
pub trait ExternalCodecs: Send + Sync {
    /// The formats that can be read here and now.
    fn reads(&self) -> Vec<Format>;

    /// The forms that can be written here and now.
    fn writes(&self) -> Vec<Encoding>;

    /// The pixels of a still picture, whose header was found to be within the limits. `pixels_max`
    /// bounds the response.
    ///
    /// # Errors
    /// [`CodecError::Broken`] when it cannot be decoded; [`CodecError::Stopped`] when the other
    /// process died, was stopped at the deadline, or is not to be had.
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
    /// [`CodecError::Stopped`], as above, and when the encoder refuses; one that gets too little
    /// memory does either.
    fn encode(
        &self,
        pixels: &Pixels,
        encoding: Encoding,
        quality: u8,
        memory: EncoderMemory,
        deadline: Instant,
    ) -> Result<Vec<u8>, CodecError>;

    /// An animated WebP of these frames, each of `width` by `height`, that repeats `loops` times
    /// (0: for ever).
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
