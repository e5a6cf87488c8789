//! HEIC and AVIF: the container, as far as it takes to say what decoding would cost. The pixels are
//! another process's.
//!
//! Everything that the other process would allocate by is looked at: sizes, tiles, and whether the
//! bytes of the picture and of each tile are all in the file.

mod check;
mod derived;
mod size;

use self::check::{Check, is_of_one_channel};
use self::size::upright_size;
use crate::container::heif::read_meta;
use crate::orientation::Orientation;
use crate::raw_header::RawHeader;
use crate::{CodecError, Format, Limits};

/// What decoding takes for each pixel, in bytes, in both processes together: the planes as they
/// were compressed, the interleaved pixels, and the same in this process. Measured with 12
/// megapixels: see `docs/adr/0012`.
const BYTES_PER_PIXEL: u64 = 8;
/// The same when colours have more than 8 bits: the planes, and the steps between, are at least
/// twice as large.
const DEEP_BYTES_PER_PIXEL: u64 = 22;
/// What of it this process takes at most, in bytes: pixels with their opacity, and without it.
const HERE_BYTES_PER_PIXEL: u64 = 7;
/// What the other process takes before it has a pixel, in bytes.
const PROCESS_BYTES: u64 = 32 * 1024 * 1024;
pub(super) fn read_header(
    format: Format,
    bytes: &[u8],
    limits: &Limits,
) -> Result<RawHeader, CodecError> {
    let meta = read_meta(bytes)?;
    let primary = meta
        .primary
        .ok_or_else(|| CodecError::broken("no picture is the primary one"))?;
    let mut check = Check::new(format, bytes, &meta, limits);
    let size = check.primary(primary)?;
    let (width, height) = upright_size(&meta, primary, size)?;
    limits.check_size(width, height)?;
    let bytes_per_pixel = if check.is_deep() {
        DEEP_BYTES_PER_PIXEL
    } else {
        BYTES_PER_PIXEL
    };
    Ok(RawHeader {
        width,
        height,
        frames: 1,
        // The sizes are upright already, and so are the pixels that the other process gives.
        orientation: Orientation::default(),
        decode_bytes: check.pixels() * bytes_per_pixel + PROCESS_BYTES,
        gone_bytes: check.pixels() * (bytes_per_pixel - HERE_BYTES_PER_PIXEL) + PROCESS_BYTES,
        pixels_decoded: check.pixels(),
    })
}

/// Whether the picture of a HEIC or AVIF file holds brightness alone, as far as its container says.
/// The decoder has to ask for that as it is, where libraries forget its range on the way to
/// colours.
#[must_use]
pub fn is_monochrome(file: &[u8]) -> bool {
    let meta = read_meta(file);
    meta.is_ok_and(|meta| {
        meta.primary
            .is_some_and(|item| is_of_one_channel(&meta, item))
    })
}
