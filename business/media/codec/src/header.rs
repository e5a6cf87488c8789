//! What a picture is and what it would cost, read from its header before a pixel is allocated.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::encode::{WHOLE_BYTES_PER_PIXEL, WHOLE_PIXELS_MAX};
use crate::orientation::Orientation;
use crate::{CodecError, Format, FormatSet, Ladder, cost, decode, scale, sniff};

/// What is refused before it is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most pixels, width times height. The default, 100 million, takes the 50 and 64
    /// megapixels of today's telephones and medium-format cameras, and phone panoramas.
    pub pixels_max: u64,
    /// The longest side, in pixels. The default, 65,535, is where JPEG and GIF end: a screenshot of
    /// a whole page is a picture like any other of as many pixels.
    pub side_max: u32,
    /// The most frames of an animation. The default, 1,000, is more than half a minute at 30 a
    /// second.
    pub frames_max: u32,
    /// The most pixels of an animation: width times height of its canvas times frames, and of all
    /// parts that are drawn. Each costs some hundred nanoseconds when the frames have to be encoded
    /// again. The default, 100 million, takes half a minute of 480 by 270 pixels at 25 frames a
    /// second; 400 million kept a processor busy for half a minute.
    pub animation_pixels_max: u64,
    /// The most memory that decoding may take, in bytes. The default is 512 MiB; it refuses only
    /// progressive JPEGs and WebPs near the pixel limit, which have to be held whole in a form
    /// larger than their pixels.
    pub memory_bytes_max: u64,
    /// The longest side of the largest rendition that is made, in pixels: what is made costs memory
    /// beside what is read. The default, 2,048, is that of the default ladder;
    /// [`Limits::for_ladder`] sets another's.
    pub rendition_side_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            pixels_max: 100_000_000,
            side_max: 65_535,
            frames_max: 1_000,
            animation_pixels_max: 100_000_000,
            memory_bytes_max: 512 * 1024 * 1024,
            rendition_side_max: 2_048,
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
    /// Pixels that are decoded: of an animation those of all its frames together.
    pub pixels_decoded: u64,
    cost_ms: u64,
}

impl Header {
    /// Estimated processor time of [`crate::process()`], in milliseconds: what decoding, scaling
    /// and encoding so many pixels costs, of an animation as if every frame had to be encoded
    /// again. An estimate to schedule and bill by, no bound: bytes that are hard to decode cost up
    /// to some three times as much.
    #[must_use]
    pub const fn cost_ms(&self) -> u64 {
        self.cost_ms
    }
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
    /// What of that another process takes, which has ended when the pixels are here; never more
    /// than `decode_bytes`.
    pub(crate) gone_bytes: u64,
    /// Pixels of the picture, or of all frames of an animation.
    pub(crate) pixels_decoded: u64,
}

/// For each pixel of a row, of a picture of however few: a decoder's blocks, and what goes with a
/// row.
const ROW_BYTES_PER_PIXEL: u64 = 320;
/// Tables and buffers that a picture of any size needs, in bytes.
const FIXED_BYTES: u64 = 1024 * 1024;

/// The most that scaling, turning, converting, encoding and what was made take beside the decoded
/// picture, in bytes: 48 MiB with the default ladder, 228 MiB where the largest step is a square of
/// 8,192 pixels.
///
/// Either a rendition is made, from the rows that the kernel reaches; or it is there in the place
/// of the decoded picture, which is gone and was no smaller, with a copy of it in other colours or
/// the other way up, or the files; and then the encoder holds it whole if it is not too large for
/// that.
fn work_bytes(width: u32, height: u32, rendition_side_max: u32) -> u64 {
    /// Of a raster, or of all files at most.
    const RASTER_BYTES_PER_PIXEL: u64 = 3;
    /// How much smaller a step of the ladder is than the one before, at most that is estimated.
    const STRIP_SCALE_MAX: u64 = 8;
    let longest = u64::from(width.max(height));
    let (width, height) = scale::fit(width, height, rendition_side_max);
    let pixels = u64::from(width) * u64::from(height);
    let encoding =
        pixels * RASTER_BYTES_PER_PIXEL + pixels.min(WHOLE_PIXELS_MAX) * WHOLE_BYTES_PER_PIXEL;
    let made = u64::from(width.max(height));
    // A strip is longer than its step, and is made smaller again from there for the next.
    let again = if made > u64::from(rendition_side_max) {
        rows_bytes(made, made / STRIP_SCALE_MAX)
    } else {
        0
    };
    let scaling = pixels * RASTER_BYTES_PER_PIXEL + rows_bytes(longest, made).max(again);
    encoding.max(scaling)
}

/// What scaling works on beside pictures, in bytes: for each pixel of a row, as 32-bit light, the
/// four rows that the kernel reaches for each row that is made and three at its ends, and twice
/// eight rows that go across, with what of all that is made and the weights.
fn rows_bytes(longest: u64, made: u64) -> u64 {
    const ROW_BYTES_PER_PIXEL: u64 = 12;
    const ACROSS_BYTES_PER_PIXEL: u64 = 400;
    if longest <= made {
        return 0;
    }
    let scale = longest.div_ceil(made.max(1));
    let rows = (4 * scale + 3).min(longest);
    longest * (rows * ROW_BYTES_PER_PIXEL + ACROSS_BYTES_PER_PIXEL)
}

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
    // What another process took to decode is gone by the time that renditions are made.
    let work_bytes = work_bytes(raw.width, raw.height, limits.rendition_side_max);
    let memory_bytes = raw
        .decode_bytes
        .max(raw.decode_bytes - raw.gone_bytes + work_bytes)
        + bytes.len() as u64
        + u64::from(raw.width) * ROW_BYTES_PER_PIXEL
        + FIXED_BYTES;
    if memory_bytes > limits.memory_bytes_max {
        return Err(needs_memory(&raw, memory_bytes, limits.memory_bytes_max));
    }
    let (width, height) = raw.orientation.upright_size(raw.width, raw.height);
    Ok(Header {
        format,
        width,
        height,
        frames: raw.frames,
        memory_bytes,
        pixels_decoded: raw.pixels_decoded,
        cost_ms: cost::estimate_ms(format, &raw, limits.rendition_side_max),
    })
}

/// The sentence says what helps its sender, the cause what helps the operator.
fn needs_memory(raw: &RawHeader, bytes: u64, bytes_max: u64) -> CodecError {
    let (needed, given) = (bytes.div_ceil(1 << 20), bytes_max >> 20);
    let (width, height) = (raw.width, raw.height);
    CodecError::TooLarge {
        what: format!(
            "This picture has {width} by {height} pixels in a form that takes {needed} MiB of memory to read, and this \
             server gives {given} MiB. Saved with fewer pixels, or as a baseline JPEG, it may be taken."
        ),
        cause: format!("{needed} MiB of memory are needed, and `memory_bytes_max` gives {given}"),
    }
}

impl Limits {
    /// The same for renditions of this ladder.
    #[must_use]
    pub fn for_ladder(self, ladder: &Ladder) -> Self {
        Self {
            rendition_side_max: ladder.side_max(),
            ..self
        }
    }

    /// Refuses a picture of this size when it is beyond a limit. Called with the first thing a
    /// header says.
    pub(crate) fn check_size(&self, width: u32, height: u32) -> Result<(), CodecError> {
        if width == 0 || height == 0 {
            return Err(CodecError::broken("a side of zero pixels"));
        }
        let pixels = u64::from(width) * u64::from(height);
        if width > self.side_max || height > self.side_max {
            return Err(CodecError::too_large(format!(
                "This picture has {width} by {height} pixels; the longest side that is taken is {}.",
                self.side_max
            )));
        }
        if pixels > self.pixels_max {
            return Err(CodecError::too_large(format!(
                "This picture has {:.1} megapixels; the most that is taken is {:.1}.",
                megapixels(pixels),
                megapixels(self.pixels_max)
            )));
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
            return Err(CodecError::too_large(format!(
                "This animation has more than {} frames, which is the most that is taken.",
                self.frames_max
            )));
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
            return Err(CodecError::too_large(format!(
                "This animation has {frames} or more frames with {:.1} megapixels together; the most that is taken is {:.1}. \
                     With fewer frames, or made smaller, it may be taken.",
                megapixels(pixels),
                megapixels(self.animation_pixels_max)
            )));
        }
        Ok(())
    }
}

#[allow(clippy::cast_precision_loss)] // for a sentence with one decimal
fn megapixels(pixels: u64) -> f64 {
    pixels as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_grows_with_the_ladder_and_the_picture_and_with_nothing_else() {
        let mut last = 0;
        for side_max in [1_080, 2_048, 3_000, 4_096, 8_192, 16_383] {
            let work = work_bytes(10_000, 10_000, side_max);
            assert!(work > last, "{side_max}: {work} after {last}");
            last = work;
        }
        let mut last = 0;
        for side in [1, 100, 1_000, 2_048, 2_049, 4_000, 10_000] {
            let work = work_bytes(side, side, 2_048);
            assert!(work >= last, "{side}: {work} after {last}");
            last = work;
        }
        // What is not made smaller has no use for a larger ladder, and its sides may change places.
        let small = work_bytes(800, 600, 2_048);
        assert_eq!(small, work_bytes(800, 600, u32::MAX));
        assert_eq!(small, work_bytes(600, 800, 2_048));
        assert_eq!(work_bytes(10_000, 10_000, 2_048) >> 20, 48);
        assert_eq!(work_bytes(10_000, 10_000, 8_192) >> 20, 228);
        // Rows of a panorama that becomes a stripe.
        assert!(work_bytes(16_384, 6_000, 400) > 35 << 20);
    }
}
