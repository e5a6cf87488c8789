//! PNG: read row by row, so that what is held is the picture in the form that is worked on and no other.

use std::io::Cursor;

use ::png::{
    BitDepth, ColorType, Decoder, DecodingError, Limits as PngLimits, Reader, Transformations,
};

use super::{Decoded, flatten_on_white};
use crate::header::RawHeader;
use crate::orientation::Orientation;
use crate::raster::{Channels, Raster};
use crate::{CodecError, Format, Limits, animation};

/// What the decoder may hold beside the rows, in bytes: chunks and an unpacked profile. A profile that unpacks to more
/// is left out.
const CHUNK_BYTES_MAX: usize = 16 * 1024 * 1024;

pub(super) fn read_header(bytes: &[u8], limits: &Limits) -> Result<RawHeader, CodecError> {
    // The size is checked before the decoder looks further: it is in the first chunk, at a fixed place.
    let side = |at: usize| -> Option<u32> {
        Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
    };
    let (Some(width), Some(height), Some(b"IHDR")) = (side(16), side(20), bytes.get(12..16)) else {
        return Err(CodecError::broken("no IHDR at the start"));
    };
    limits.check_size(width, height)?;
    let reader = open(bytes)?;
    let (channels, alpha) = layout(&reader)?;
    let mut decode_bytes = Raster::bytes(width, height, channels)? + CHUNK_BYTES_MAX;
    let outline = animation::outline(Format::Png, bytes, limits)?;
    if reader.info().interlaced {
        decode_bytes += whole_frame_bytes(&reader, channels, alpha)?;
    }
    Ok(RawHeader {
        width,
        height,
        frames: outline.map_or(1, |outline| outline.frames),
        orientation: orientation(&reader),
        decode_bytes: (decode_bytes as u64)
            .max(outline.map_or(0, |outline| outline.decode_bytes(bytes.len()))),
    })
}

/// The first frame of an animation, and not the picture for readers that know no animation, where they are not the same.
pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Decoded, CodecError> {
    let mut reader = open(bytes)?;
    let outline = animation::outline(Format::Png, bytes, limits)?;
    if outline.is_some_and(|outline| outline.has_other_still) {
        return Ok(Decoded {
            raster: animation::poster(Format::Png, bytes, limits)?,
            orientation: orientation(&reader),
            profile: profile_of(&reader),
        });
    }
    let (channels, alpha) = layout(&reader)?;
    let (width, height) = reader.info().size();
    let mut pixels = vec![0; Raster::bytes(width, height, channels)?];
    if reader.info().interlaced {
        let mut frame = vec![0; whole_frame_bytes(&reader, channels, alpha)?];
        reader.next_frame(&mut frame).map_err(refused)?;
        put(&frame, channels, alpha, &mut pixels);
    } else {
        for row in pixels.chunks_exact_mut(width as usize * channels.count()) {
            let Some(read) = reader.next_row().map_err(refused)? else {
                return Err(CodecError::broken("fewer rows than the header says"));
            };
            put(read.data(), channels, alpha, row);
        }
    }
    Ok(Decoded {
        raster: Raster::new(width, height, channels, pixels)?,
        orientation: orientation(&reader),
        profile: profile_of(&reader),
    })
}

/// The colour profile, unpacked.
pub(crate) fn profile(bytes: &[u8]) -> Option<Vec<u8>> {
    profile_of(&open(bytes).ok()?)
}

fn profile_of(reader: &PngReader<'_>) -> Option<Vec<u8>> {
    let profile = reader.info().icc_profile.as_ref();
    profile.map(|profile| profile.to_vec())
}

type PngReader<'b> = Reader<Cursor<&'b [u8]>>;

fn open(bytes: &[u8]) -> Result<PngReader<'_>, CodecError> {
    let limits = PngLimits {
        bytes: CHUNK_BYTES_MAX,
    };
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_ignore_text_chunk(true);
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    decoder.read_info().map_err(refused)
}

/// What rows are made of, and whether a pixel's last byte is its opacity.
fn layout(reader: &PngReader<'_>) -> Result<(Channels, bool), CodecError> {
    match reader.output_color_type() {
        (ColorType::Grayscale, BitDepth::Eight) => Ok((Channels::Gray, false)),
        (ColorType::GrayscaleAlpha, BitDepth::Eight) => Ok((Channels::Gray, true)),
        (ColorType::Rgb, BitDepth::Eight) => Ok((Channels::Rgb, false)),
        (ColorType::Rgba, BitDepth::Eight) => Ok((Channels::Rgb, true)),
        other => Err(CodecError::broken(format!("rows of {other:?}"))),
    }
}

fn whole_frame_bytes(
    reader: &PngReader<'_>,
    channels: Channels,
    alpha: bool,
) -> Result<usize, CodecError> {
    let (width, height) = reader.info().size();
    let pixels = Raster::bytes(width, height, Channels::Gray)?;
    let expected = pixels * (channels.count() + usize::from(alpha));
    Ok(expected.max(reader.output_buffer_size().unwrap_or(expected)))
}

fn put(read: &[u8], channels: Channels, alpha: bool, out: &mut [u8]) {
    if alpha {
        flatten_on_white(read, channels.count(), out);
    } else {
        let length = out.len().min(read.len());
        out[..length].copy_from_slice(&read[..length]);
    }
}

fn orientation(reader: &PngReader<'_>) -> Orientation {
    let exif = reader.info().exif_metadata.as_deref();
    exif.map(Orientation::from_exif).unwrap_or_default()
}

#[allow(clippy::needless_pass_by_value)] // it is what `map_err` gives
fn refused(error: DecodingError) -> CodecError {
    CodecError::broken(error)
}
