//! A photo that is already what a rendition would be: it is served as it came, without its
//! metadata, and so without the loss of encoding it a second time.

use crate::container::jpeg::segments;
use crate::decode::{self, Decoded};
use crate::orientation::Orientation;
use crate::raster::Channels;
use crate::strip::{Purpose, strip};
use crate::{Format, Header, Ladder, Limits, scale};

/// The most bytes that a passed file may have for a thousand pixels: what the ladder's quality
/// costs for a photo of much fine detail. A larger file was made for more than a screen, and costs
/// every reader; it is re-encoded.
const BYTES_PER_THOUSAND_PIXELS_MAX: usize = 350;
/// The same for the tables, which small pictures have too, in bytes.
const TABLE_BYTES: usize = 2 * 1024;

/// The upload as the ladder's first rendition, when it fits: a well-formed JPEG of eight bits, gray
/// or in colour, upright, in sRGB, no larger than the step, of no more bytes than encoding would
/// make, that decodes without anything to forgive.
pub(crate) fn rendition(
    header: &Header,
    file: &[u8],
    decoded: &Decoded,
    ladder: &Ladder,
    limits: &Limits,
) -> Option<Vec<u8>> {
    let step = ladder.steps().first()?;
    let plain = header.format == Format::Jpeg
        && decoded.raster.channels != Channels::Cmyk
        && decoded.orientation == Orientation::default();
    // By the file's own size: what was decoded may have been made smaller on the way.
    let size = (header.width, header.height);
    if !plain || scale::fit(size.0, size.1, step.side_max) != size {
        return None;
    }
    // Looked at before anything is copied: most uploads are much larger.
    let pixels = header.width as usize * header.height as usize;
    let bytes_max = pixels * BYTES_PER_THOUSAND_PIXELS_MAX / 1_000 + TABLE_BYTES;
    if picture_bytes(file) > bytes_max {
        return None;
    }
    let stripped = strip(file, header.format, Purpose::Published).ok()?;
    (stripped.len() <= bytes_max && decode::is_flawless_jpeg(&stripped, limits)).then_some(stripped)
}

/// How many bytes of a file are coded pixels.
fn picture_bytes(file: &[u8]) -> usize {
    segments(file)
        .map_while(Result::ok)
        .map(|segment| segment.coded.len())
        .sum()
}
