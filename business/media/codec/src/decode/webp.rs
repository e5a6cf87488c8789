//! WebP: the decoder is `image-webp`. It is given the picture as a file of its own: what a
//! container claims to hold beside it is no reason to refuse it.

mod memory;

use std::io::Cursor;

use image_webp::{DecodingError, WebPDecoder};

use super::decoded::{Decoded, pixels_decoded};
use crate::container::webp::{Canvas, Chunk, Picture, chunks, inside, still_file};
use crate::orientation::Orientation;
use crate::raster::{Channels, Raster};
use crate::raw_header::RawHeader;
use crate::samples::flatten_on_white;
use crate::{CodecError, Format, Limits, animation, color, profile};

/// The largest colour profile that is looked at, in bytes.
const METADATA_BYTES_MAX: usize = 4 * 1024 * 1024;

pub(super) fn read_header(bytes: &[u8], limits: &Limits) -> Result<RawHeader, CodecError> {
    let canvas = canvas(bytes)?;
    if let Some(canvas) = &canvas {
        limits.check_size(canvas.width, canvas.height)?;
    }
    let outline = animation::outline(Format::WebP, bytes, limits)?;
    let ((width, height), decode_bytes) = match &outline {
        Some(outline) => {
            let frame_bytes = memory::of_largest_frame(bytes)?;
            let decode_bytes = outline.decode_bytes_with(frame_bytes, bytes.len());
            ((outline.width, outline.height), decode_bytes)
        }
        None => {
            let (picture, size) = still(bytes, canvas.as_ref())?;
            limits.check_size(size.0, size.1)?;
            // The estimate first: it refuses what the decoder must not be given.
            let decode_bytes = memory::of_still(&picture, size)?;
            open(&still_file(&picture, size))?;
            (size, decode_bytes)
        }
    };
    Ok(RawHeader {
        width,
        height,
        frames: outline.map_or(1, |outline| outline.frames),
        orientation: Orientation::of_file(Format::WebP, bytes),
        decode_bytes: decode_bytes + color::profile_work_bytes(icc_profile(bytes).as_deref()),
        gone_bytes: 0,
        pixels_decoded: pixels_decoded(outline.as_ref(), width, height),
    })
}

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Decoded, CodecError> {
    let raster = match canvas(bytes)? {
        Some(canvas) if canvas.animated => animation::poster(Format::WebP, bytes, limits)?,
        canvas => decode_still(bytes, canvas.as_ref())?,
    };
    Ok(Decoded {
        raster,
        orientation: Orientation::of_file(Format::WebP, bytes),
        profile: icc_profile(bytes),
    })
}

fn decode_still(bytes: &[u8], canvas: Option<&Canvas>) -> Result<Raster, CodecError> {
    let (picture, (width, height)) = still(bytes, canvas)?;
    let file = still_file(&picture, (width, height));
    let mut decoder = open(&file)?;
    let size = decoder
        .output_buffer_size()
        .ok_or_else(|| CodecError::broken("more pixels than an address space holds"))?;
    let mut pixels = vec![0; size];
    decoder.read_image(&mut pixels).map_err(refused)?;
    if decoder.has_alpha() {
        let mut opaque = vec![0; Raster::bytes(width, height, Channels::Rgb)?];
        flatten_on_white(&pixels, 3, &mut opaque);
        pixels = opaque;
    }
    Raster::new(width, height, Channels::Rgb, pixels)
}

/// What the file says of itself before its pixels, where it does. Which chunks there are is seen,
/// and not believed.
fn canvas(bytes: &[u8]) -> Result<Option<Canvas>, CodecError> {
    match chunks(inside(bytes)?).next().transpose()? {
        Some(Chunk { kind, body }) if kind == *b"VP8X" => Canvas::read(body).map(Some),
        _ => Ok(None),
    }
}

/// The picture of a file that does not move, and its size, which is its canvas's.
fn still<'b>(
    bytes: &'b [u8],
    canvas: Option<&Canvas>,
) -> Result<(Picture<'b>, (u32, u32)), CodecError> {
    let picture = memory::still(bytes)?;
    let size = picture.size()?;
    if canvas.is_some_and(|canvas| (canvas.width, canvas.height) != size) {
        return Err(CodecError::broken(
            "a picture of another size than its canvas",
        ));
    }
    Ok((picture, size))
}

fn icc_profile(bytes: &[u8]) -> Option<Vec<u8>> {
    let profile = profile::of_file(Format::WebP, bytes, Channels::Rgb);
    profile.filter(|profile| profile.len() <= METADATA_BYTES_MAX)
}

fn open(file: &[u8]) -> Result<WebPDecoder<Cursor<&[u8]>>, CodecError> {
    WebPDecoder::new(Cursor::new(file)).map_err(refused)
}

#[allow(clippy::needless_pass_by_value)] // it is what `map_err` gives
fn refused(error: DecodingError) -> CodecError {
    CodecError::broken(error)
}
