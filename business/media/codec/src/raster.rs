//! Pixels in memory.

use crate::CodecError;

/// How a pixel is made up; one byte a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Channels {
    /// One of brightness.
    Gray,
    /// Red, green, blue.
    Rgb,
    /// Ink: cyan, magenta, yellow, black; 255 is full ink.
    Cmyk,
}

impl Channels {
    pub(crate) const fn count(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::Rgb => 3,
            Self::Cmyk => 4,
        }
    }
}

/// A picture as rows of pixels, packed without padding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Raster {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) channels: Channels,
    pub(crate) pixels: Vec<u8>,
}

impl Raster {
    /// A picture of these pixels, refused when their number is not what the size asks for.
    pub(crate) fn new(
        width: u32,
        height: u32,
        channels: Channels,
        pixels: Vec<u8>,
    ) -> Result<Self, CodecError> {
        if pixels.len() != Self::bytes(width, height, channels)? {
            return Err(CodecError::broken("the decoder gave too few pixels"));
        }
        Ok(Self {
            width,
            height,
            channels,
            pixels,
        })
    }

    /// How many bytes a picture of this size takes.
    pub(crate) fn bytes(width: u32, height: u32, channels: Channels) -> Result<usize, CodecError> {
        (width as usize)
            .checked_mul(height as usize)
            .and_then(|pixels| pixels.checked_mul(channels.count()))
            .ok_or_else(|| CodecError::broken("more pixels than an address space holds"))
    }

    pub(crate) fn side(&self) -> u32 {
        self.width.max(self.height)
    }
}
