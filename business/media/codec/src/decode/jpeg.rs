//! JPEG: the decoder is `zune-jpeg`; what it forgives and we do not is checked here first. Files that store each colour
//! in a scan of its own, which it shows in wrong colours and says nothing, are decoded by `jpeg-decoder`.
//!
//! The decoder fills what a file lacks with gray and says nothing. So a file is walked marker by marker before: it must
//! reach its end marker, and its scans must be long enough to hold the pixels that its header claims. Bytes after the end
//! are no harm. Without those checks an upload that was cut off would be shown half gray, and 300 bytes could ask for
//! 300 megabytes.

mod structure;

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;

use self::structure::{SCANS_MAX, Structure};
use super::{Decoded, pixels_decoded};
use crate::header::RawHeader;
use crate::orientation::Orientation;
use crate::raster::{Channels, Raster};
use crate::{CodecError, Format, Limits, color};

pub(super) fn read_header(bytes: &[u8], limits: &Limits) -> Result<RawHeader, CodecError> {
    let structure = Structure::read(bytes, limits)?;
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options(limits));
    decoder.decode_headers().map_err(refused)?;
    structure.check_agreement(&decoder)?;
    let channels = channels(&decoder)?.1;
    let mut raster = Raster::bytes(structure.width, structure.height, channels)? as u64;
    if channels == Channels::Cmyk {
        // Beside the ink stands what it is converted to, before it is scaled.
        raster += Raster::bytes(structure.width, structure.height, Channels::Rgb)? as u64;
    }
    let coefficients = if structure.progressive || structure.scans > 1 {
        structure.blocks * 64 * 2
    } else {
        0
    };
    Ok(RawHeader {
        width: structure.width,
        height: structure.height,
        frames: 1,
        orientation: Orientation::of_file(Format::Jpeg, bytes),
        // Profiles and other data are put together from their segments, and handed on as copies.
        decode_bytes: raster
            + coefficients
            + structure.data_bytes * 3
            + color::profile_work_bytes(decoder.icc_profile().as_deref()),
        pixels_decoded: pixels_decoded(None, structure.width, structure.height),
    })
}

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Decoded, CodecError> {
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options(limits));
    decoder.decode_headers().map_err(refused)?;
    let structure = Structure::read(bytes, limits)?;
    structure.check_agreement(&decoder)?;
    let (stored, channels) = channels(&decoder)?;
    decoder.set_options(options(limits).jpeg_set_out_colorspace(stored));
    let mut pixels = if structure.stores_colors_apart() {
        decode_colors_apart(bytes, channels)?
    } else {
        decoder.decode().map_err(refused)?
    };
    match stored {
        ColorSpace::CMYK => invert(&mut pixels),
        ColorSpace::YCCK => ycck_to_ink(&mut pixels),
        _ => {}
    }
    Ok(Decoded {
        raster: Raster::new(structure.width, structure.height, channels, pixels)?,
        orientation: Orientation::of_file(Format::Jpeg, bytes),
        profile: decoder.icc_profile(),
    })
}

/// The pixels of a file that stores each colour in a scan of its own.
fn decode_colors_apart(bytes: &[u8], channels: Channels) -> Result<Vec<u8>, CodecError> {
    if channels == Channels::Cmyk {
        return Err(CodecError::unsupported(
            "This is a rare kind of JPEG (four inks in scans of their own), which is not taken here.",
        ));
    }
    jpeg_decoder::Decoder::new(bytes)
        .decode()
        .map_err(CodecError::broken)
}

/// Whether a file decodes without anything that the decoder forgives in others.
pub(crate) fn is_flawless(bytes: &[u8], limits: &Limits) -> bool {
    let strict = options(limits).set_strict_mode(true);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), strict);
    // What this decoder shows wrongly, others may, too.
    Structure::read(bytes, limits).is_ok_and(|structure| !structure.stores_colors_apart())
        && decoder.decode().is_ok()
}

/// What reads files here.
type Decoder<'b> = JpegDecoder<ZCursor<&'b [u8]>>;

fn options(limits: &Limits) -> DecoderOptions {
    DecoderOptions::new_fast()
        .set_max_width(limits.side_max as usize)
        .set_max_height(limits.side_max as usize)
        .jpeg_set_max_scans(SCANS_MAX)
}

/// The form to ask the decoder for, and what it makes of a pixel. Ink is taken as stored: the decoder's own way to RGB
/// knows no profile.
fn channels(decoder: &Decoder<'_>) -> Result<(ColorSpace, Channels), CodecError> {
    match decoder.input_colorspace() {
        Some(ColorSpace::Luma) => Ok((ColorSpace::Luma, Channels::Gray)),
        Some(ColorSpace::YCbCr | ColorSpace::RGB) => Ok((ColorSpace::RGB, Channels::Rgb)),
        Some(ink @ (ColorSpace::CMYK | ColorSpace::YCCK)) => Ok((ink, Channels::Cmyk)),
        other => Err(CodecError::broken(format!("a JPEG of {other:?} pixels"))),
    }
}

fn refused(error: DecodeErrors) -> CodecError {
    match error {
        DecodeErrors::Unsupported(scheme) => CodecError::unsupported(format!(
            "This is a rare kind of JPEG ({scheme:?}), which is not taken here."
        )),
        error => CodecError::broken(error),
    }
}

/// Ink is stored inverted, as Adobe began and every browser assumes.
fn invert(pixels: &mut [u8]) {
    for channel in pixels {
        *channel = 255 - *channel;
    }
}

/// YCCK holds the ink of cyan, magenta and yellow as YCbCr (JFIF's equations, in 1/65,536) and black inverted.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // clamped to a byte
fn ycck_to_ink(pixels: &mut [u8]) {
    let byte = |value: i32| ((value + 32_768) >> 16).clamp(0, 255) as u8;
    let (pixels, _) = pixels.as_chunks_mut::<4>();
    for pixel in pixels {
        let [y, blue, red, black] = pixel.map(i32::from);
        let (y, blue, red) = (y << 16, blue - 128, red - 128);
        *pixel = [
            byte(y + 91_881 * red),
            byte(y - 22_554 * blue - 46_802 * red),
            byte(y + 116_130 * blue),
            (255 - black) as u8,
        ];
    }
}
