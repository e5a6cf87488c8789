//! WebP: the decoder is `image-webp`; the sizes inside the container are checked before it is asked to decode.

use std::io::Cursor;

use image_webp::{DecodingError, WebPDecoder};

use super::{Decoded, flatten_on_white};
use crate::header::RawHeader;
use crate::orientation::Orientation;
use crate::raster::{Channels, Raster};
use crate::{CodecError, Limits};

/// Metadata read from a file, in bytes.
const METADATA_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Chunks looked at. Every frame of an animation is one.
const CHUNKS_MAX: usize = 100_000;

pub(super) fn read_header(bytes: &[u8], limits: &Limits) -> Result<RawHeader, CodecError> {
    let mut decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(refused)?;
    let (width, height) = decoder.dimensions();
    limits.check_size(width, height)?;
    check_inner_sizes(bytes, width, height)?;
    let pixels = u64::from(width) * u64::from(height);
    // Decoded pixels (4 bytes), beside them the decoder's own planes or colour transforms (4), and of an animation the
    // canvas that frames are laid on (4).
    let bytes_per_pixel = if decoder.is_animated() { 12 } else { 8 };
    Ok(RawHeader {
        width,
        height,
        frames: decoder.num_frames().max(1),
        orientation: orientation(&mut decoder),
        decode_bytes: pixels * bytes_per_pixel,
    })
}

pub(super) fn decode(bytes: &[u8]) -> Result<Decoded, CodecError> {
    let mut decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(refused)?;
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
    decoder.set_memory_limit(METADATA_BYTES_MAX);
    Ok(Decoded {
        raster: Raster::new(width, height, Channels::Rgb, pixels)?,
        orientation: orientation(&mut decoder),
        profile: decoder.icc_profile().ok().flatten(),
    })
}

fn orientation(decoder: &mut WebPDecoder<Cursor<&[u8]>>) -> Orientation {
    decoder.set_memory_limit(METADATA_BYTES_MAX);
    let exif = decoder.exif_metadata().ok().flatten();
    exif.map(|exif| Orientation::from_exif(&exif))
        .unwrap_or_default()
}

#[allow(clippy::needless_pass_by_value)] // it is what `map_err` gives
fn refused(error: DecodingError) -> CodecError {
    CodecError::broken(error)
}

/// A container says how large its canvas is, and each picture in it how large itself is; the decoder allocates by the
/// second before it compares the two. Refuses a picture that is larger than its canvas.
fn check_inner_sizes(bytes: &[u8], width: u32, height: u32) -> Result<(), CodecError> {
    let mut at = 12;
    for _ in 0..CHUNKS_MAX {
        let Some((kind, body, next)) = chunk(bytes, at) else {
            return Ok(());
        };
        let inner = match kind {
            b"ANMF" => {
                // The frame's own header is 16 bytes; its picture may come after its opacity.
                let first = chunk(bytes, body + 16);
                let second = first.and_then(|(_, _, next)| chunk(bytes, next));
                first
                    .and_then(|(kind, body, _)| picture_size(bytes, kind, body))
                    .or_else(|| second.and_then(|(kind, body, _)| picture_size(bytes, kind, body)))
            }
            kind => picture_size(bytes, kind, body),
        };
        if inner
            .is_some_and(|(inner_width, inner_height)| inner_width > width || inner_height > height)
        {
            return Err(CodecError::broken("a picture larger than its canvas"));
        }
        at = next;
    }
    Err(CodecError::broken("more chunks than any encoder writes"))
}

/// The chunk at `at`: its kind, where its body begins, and where the next chunk does.
fn chunk(bytes: &[u8], at: usize) -> Option<(&[u8; 4], usize, usize)> {
    let kind = bytes.get(at..)?.first_chunk::<4>()?;
    let length = u32::from_le_bytes(*bytes.get(at + 4..)?.first_chunk::<4>()?) as usize;
    let body = at + 8;
    Some((
        kind,
        body,
        body.checked_add(length)?.checked_add(length & 1)?,
    ))
}

fn picture_size(bytes: &[u8], kind: &[u8; 4], body: usize) -> Option<(u32, u32)> {
    let u16_at = |at: usize| Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk::<2>()?));
    match kind {
        b"VP8 " => {
            let side = |at| Some(u32::from(u16_at(at)? & 0x3fff));
            Some((side(body + 6)?, side(body + 8)?))
        }
        b"VP8L" => {
            let packed = u32::from_le_bytes(*bytes.get(body + 1..)?.first_chunk::<4>()?);
            Some(((packed & 0x3fff) + 1, ((packed >> 14) & 0x3fff) + 1))
        }
        _ => None,
    }
}
