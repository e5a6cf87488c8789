//! What a picture is and what it would cost, read from its header before a pixel is allocated.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::encode::WHOLE_BYTES_PER_PIXEL;
use crate::orientation::Orientation;
use crate::{CodecError, Format, FormatSet, decode, sniff};

/// What is refused before it is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most pixels, width times height. The default, 100 million, takes the 50 and 64 megapixels of today's
    /// telephones and medium-format cameras, and phone panoramas.
    pub pixels_max: u64,
    /// The longest side, in pixels. The default, 16,384, is what WebP and common GPUs end at.
    pub side_max: u32,
    /// The most frames of an animation. The default, 1,000, is more than half a minute at 30 a second.
    pub frames_max: u32,
    /// The most pixels of an animation: width times height of its canvas times frames. Each costs some ten nanoseconds
    /// before anything is made of it. The default, 400 million, takes 11 seconds of 1,080 by 1,080 pixels at 30 frames a
    /// second, and ends within some seconds of work.
    pub animation_pixels_max: u64,
    /// The most memory that decoding may take, in bytes. The default is 512 MiB; it refuses only progressive JPEGs and
    /// WebPs near the pixel limit, which have to be held whole in a form larger than their pixels.
    pub memory_bytes_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            pixels_max: 100_000_000,
            side_max: 16_384,
            frames_max: 1_000,
            animation_pixels_max: 400_000_000,
            memory_bytes_max: 512 * 1024 * 1024,
        }
    }
}

/// What a picture's header says, after it was found to be within the limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// What the file is.
    pub format: Format,
    /// Width in pixels of the upright picture.
    pub width: u32,
    /// Height in pixels of the upright picture.
    pub height: u32,
    /// Pictures in the file that are shown one after the other: 1 of what does not move.
    pub frames: u32,
    /// The most memory, in bytes, that [`crate::process()`] takes for it, the file itself included.
    pub memory_bytes: u64,
}

/// What a decoder's own header reading found out, before orientation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RawHeader {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) frames: u32,
    pub(crate) orientation: Orientation,
    /// What decoding allocates at its peak, in bytes.
    pub(crate) decode_bytes: u64,
}

/// The most that scaling, turning and encoding take beside the decoded picture, in bytes: pictures of the largest step, and
/// the rows that scaling works on: at most 35 MiB, when 16,384 pixels become 400. Encoding the default ladder takes 48 MiB.
const WORK_BYTES_MAX: u64 = 96 * 1024 * 1024;
/// The same for a small picture, in bytes a pixel: what encoding holds, and the files that were made.
const WORK_BYTES_PER_PIXEL: u64 = WHOLE_BYTES_PER_PIXEL + 3;
/// And for each pixel of a row, of a picture of however few: eight rows that the scaler works on, and a decoder's blocks.
const WORK_BYTES_PER_ROW_PIXEL: u64 = 320;
/// Tables and buffers that a picture of any size needs, in bytes.
const FIXED_BYTES: u64 = 1024 * 1024;

/// Reads a whole file's header and holds it against the limits. Allocates no pixels.
///
/// # Errors
/// When the file is of a kind that is not taken, larger than a limit, cut off, or broken.
pub fn read_header(bytes: &[u8], limits: &Limits, taken: &FormatSet) -> Result<Header, CodecError> {
    let format = sniff(bytes, taken)?;
    let raw = catch_unwind(AssertUnwindSafe(|| {
        decode::read_header(format, bytes, limits)
    }))
    .unwrap_or_else(|_| Err(CodecError::broken("the decoder panicked at the header")))?;
    let pixels = u64::from(raw.width) * u64::from(raw.height);
    let row_bytes = u64::from(raw.width) * WORK_BYTES_PER_ROW_PIXEL;
    let work_bytes = (pixels * WORK_BYTES_PER_PIXEL + row_bytes).min(WORK_BYTES_MAX);
    let memory_bytes = raw.decode_bytes + bytes.len() as u64 + work_bytes + FIXED_BYTES;
    if memory_bytes > limits.memory_bytes_max {
        return Err(CodecError::TooLarge {
            what: format!(
                "This picture has {} by {} pixels in a form that takes {} MiB of memory to read; the limit is {} MiB. \
                 Saved with fewer pixels, or as a baseline JPEG, it may be taken.",
                raw.width,
                raw.height,
                memory_bytes >> 20,
                limits.memory_bytes_max >> 20,
            ),
        });
    }
    let (width, height) = raw.orientation.upright_size(raw.width, raw.height);
    Ok(Header {
        format,
        width,
        height,
        frames: raw.frames,
        memory_bytes,
    })
}

impl Limits {
    /// Refuses a picture of this size when it is beyond a limit. Called with the first thing a header says.
    pub(crate) fn check_size(&self, width: u32, height: u32) -> Result<(), CodecError> {
        if width == 0 || height == 0 {
            return Err(CodecError::broken("a side of zero pixels"));
        }
        let pixels = u64::from(width) * u64::from(height);
        if width > self.side_max || height > self.side_max {
            return Err(CodecError::TooLarge {
                what: format!(
                    "This picture has {width} by {height} pixels; the longest side that is taken is {}.",
                    self.side_max
                ),
            });
        }
        if pixels > self.pixels_max {
            return Err(CodecError::TooLarge {
                what: format!(
                    "This picture has {:.1} megapixels; the most that is taken is {:.1}.",
                    megapixels(pixels),
                    megapixels(self.pixels_max)
                ),
            });
        }
        Ok(())
    }

    /// Refuses an animation of so many frames when it is beyond a limit.
    pub(crate) fn check_animation(
        &self,
        width: u32,
        height: u32,
        frames: u32,
    ) -> Result<(), CodecError> {
        if frames > self.frames_max {
            return Err(CodecError::TooLarge {
                what: format!(
                    "This animation has more than {} frames, which is the most that is taken.",
                    self.frames_max
                ),
            });
        }
        let pixels = u64::from(width) * u64::from(height) * u64::from(frames);
        self.check_animation_pixels(frames, pixels)
    }

    /// Refuses an animation whose frames have so many pixels together when that is beyond a limit.
    pub(crate) fn check_animation_pixels(
        &self,
        frames: u32,
        pixels: u64,
    ) -> Result<(), CodecError> {
        // A single frame is a picture, which has a limit of its own.
        if frames > 1 && pixels > self.animation_pixels_max {
            return Err(CodecError::TooLarge {
                what: format!(
                    "This animation has {frames} or more frames with {:.1} megapixels together; the most that is taken is {:.1}.",
                    megapixels(pixels),
                    megapixels(self.animation_pixels_max)
                ),
            });
        }
        Ok(())
    }
}

#[allow(clippy::cast_precision_loss)] // for a sentence with one decimal
fn megapixels(pixels: u64) -> f64 {
    pixels as f64 / 1e6
}
