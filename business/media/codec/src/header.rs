//! What a picture is and what it would cost, read from its header before a pixel is allocated.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::encode::{WHOLE_BYTES_PER_PIXEL, WHOLE_PIXELS_MAX};
use crate::limits::Limits;
use crate::raw_header::RawHeader;
use crate::{CodecError, Format, FormatSet, cost, decode, scale, sniff};

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
