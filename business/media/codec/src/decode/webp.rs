//! WebP: the decoder is `image-webp`; the sizes inside the container are checked before it is asked to decode.

mod memory;

use std::io::Cursor;

use image_webp::{DecodingError, WebPDecoder};

use super::{Decoded, flatten_on_white, pixels_decoded};
use crate::container::webp::{chunks_to_the_end, picture_size};
use crate::header::RawHeader;
use crate::orientation::Orientation;
use crate::raster::{Channels, Raster};
use crate::{CodecError, Format, Limits, animation, color};

/// Metadata read from a file, in bytes.
const METADATA_BYTES_MAX: usize = 4 * 1024 * 1024;

pub(super) fn read_header(bytes: &[u8], limits: &Limits) -> Result<RawHeader, CodecError> {
    let mut decoder = open(bytes)?;
    let (width, height) = decoder.dimensions();
    limits.check_size(width, height)?;
    check_inner_size(bytes, width, height)?;
    let outline = animation::outline(Format::WebP, bytes, limits)?;
    let decode_bytes = match &outline {
        Some(outline) => outline.decode_bytes_with(memory::of_largest_frame(bytes)?, bytes.len()),
        None => memory::of_still(bytes, (width, height))?,
    };
    let profile = decoder.icc_profile().ok().flatten();
    Ok(RawHeader {
        width,
        height,
        frames: outline.map_or(1, |outline| outline.frames),
        orientation: Orientation::of_file(Format::WebP, bytes),
        decode_bytes: decode_bytes + color::profile_work_bytes(profile.as_deref()),
        pixels_decoded: pixels_decoded(outline.as_ref(), width, height),
    })
}

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Decoded, CodecError> {
    let mut decoder = open(bytes)?;
    if decoder.is_animated() {
        return Ok(Decoded {
            raster: animation::poster(Format::WebP, bytes, limits)?,
            orientation: Orientation::of_file(Format::WebP, bytes),
            profile: decoder.icc_profile().ok().flatten(),
        });
    }
    let (width, height) = decoder.dimensions();
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
    Ok(Decoded {
        raster: Raster::new(width, height, Channels::Rgb, pixels)?,
        orientation: Orientation::of_file(Format::WebP, bytes),
        profile: decoder.icc_profile().ok().flatten(),
    })
}

fn open(bytes: &[u8]) -> Result<WebPDecoder<Cursor<&[u8]>>, CodecError> {
    let mut decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(refused)?;
    decoder.set_memory_limit(METADATA_BYTES_MAX);
    Ok(decoder)
}

#[allow(clippy::needless_pass_by_value)] // it is what `map_err` gives
fn refused(error: DecodingError) -> CodecError {
    CodecError::broken(error)
}

/// A container says how large its canvas is, and the picture in it how large itself is; the decoder allocates by the
/// second before it compares the two. Refuses a picture that is larger than its canvas.
fn check_inner_size(bytes: &[u8], width: u32, height: u32) -> Result<(), CodecError> {
    let larger = chunks_to_the_end(bytes)
        .filter_map(picture_size)
        .any(|(inner_width, inner_height)| inner_width > width || inner_height > height);
    if larger {
        return Err(CodecError::broken("a picture larger than its canvas"));
    }
    Ok(())
}
