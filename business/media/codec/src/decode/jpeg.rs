//! JPEG: the decoder is `zune-jpeg`. Files that it shows in wrong colours and says nothing (a scan
//! for each colour, rare samplings) are decoded by `jpeg-decoder`.
//!
//! Both fill what a file lacks with gray and say nothing, and each has its own idea of what may
//! stand between segments and of how colours are coded. So a file is walked segment by segment
//! before ([`structure`]), its scans must be long enough to hold the pixels that its header claims,
//! and what is decoded is the picture written again, with nothing else in it ([`canonical`]). A
//! file without an end marker is taken when all its pixels are there ([`entropy`]). Without those
//! checks an upload that was cut off would be shown half gray, and 300 bytes could ask for 300
//! megabytes.

mod canonical;
mod entropy;
mod frame;
mod structure;
mod usual_codes;

use jpeg_decoder::ColorTransform;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;

use self::frame::Frame;
use self::structure::{Coding, SCANS_MAX, Structure};
use super::decoded::{Decoded, pixels_decoded};
use crate::orientation::Orientation;
use crate::raster::{Channels, Raster};
use crate::raw_header::RawHeader;
use crate::{CodecError, Format, Limits, color, container};

/// The longest side that a JPEG can say.
const SIDE_MAX: usize = 65_535;

pub(super) fn read_header(bytes: &[u8], limits: &Limits) -> Result<RawHeader, CodecError> {
    let structure = Structure::read(bytes, limits)?;
    // Of a large progressive file decoding finds out, where memory and time are billed.
    if entropy::is_quickly_walked(&structure) {
        entropy::check_end(&structure)?;
    }
    // For what the decoder itself refuses: better said at the upload than after it.
    let head = canonical::head(&structure)?;
    if suits_first_decoder(&structure) {
        let mut decoder = JpegDecoder::new_with_options(ZCursor::new(&head[..]), options());
        decoder.decode_headers().map_err(refused)?;
    } else {
        let mut decoder = jpeg_decoder::Decoder::new(&head[..]);
        decoder.read_info().map_err(CodecError::broken)?;
    }
    let profile = container::jpeg::profile(bytes);
    Ok(RawHeader {
        width: structure.frame.width,
        height: structure.frame.height,
        frames: 1,
        orientation: Orientation::of_file(Format::Jpeg, bytes),
        decode_bytes: decode_bytes(&structure)?
            // Put together from its segments, and passed on as a copy.
            + profile.as_ref().map_or(0, |profile| 2 * profile.len() as u64)
            + color::profile_work_bytes(profile.as_deref()),
        gone_bytes: 0,
        pixels_decoded: pixels_decoded(None, structure.frame.width, structure.frame.height),
    })
}

/// What decoding takes, in bytes.
fn decode_bytes(structure: &Structure<'_>) -> Result<u64, CodecError> {
    const COEFFICIENT_BYTES: u64 = 64 * 2;
    /// Of a block in the plane of its component, in a list that grows to twice its size.
    const PLANE_BYTES: u64 = 64 * 2;
    let Frame { width, height, .. } = structure.frame;
    let channels = channels(structure.coding);
    let mut bytes = Raster::bytes(width, height, channels)? as u64;
    if channels == Channels::Cmyk {
        // Beside the ink stands what it is converted to, before it is scaled.
        bytes += Raster::bytes(width, height, Channels::Rgb)? as u64;
    }
    let blocks = structure.frame.blocks_with_fill();
    // With several scans the coefficients of the whole picture are held until the last.
    if structure.frame.progressive || structure.scans > 1 {
        bytes += blocks * COEFFICIENT_BYTES;
    }
    if !suits_first_decoder(structure) {
        bytes += blocks * PLANE_BYTES;
    }
    if structure.lacks_end {
        // Not on top: the walk is over before the decoder begins.
        bytes = bytes.max(blocks * entropy::BYTES_PER_BLOCK + entropy::FIXED_BYTES);
    }
    Ok(bytes + structure.bytes + canonical::EXTRA_BYTES_MAX)
}

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Decoded, CodecError> {
    let structure = Structure::read(bytes, limits)?;
    entropy::check_end(&structure)?;
    let Frame { width, height, .. } = structure.frame;
    let file = canonical::file(&structure)?;
    let pixels = if suits_first_decoder(&structure) {
        decode_usual(&file, structure.coding)?
    } else {
        decode_rare(&file, structure.coding)?
    };
    Ok(Decoded {
        raster: Raster::new(width, height, channels(structure.coding), pixels)?,
        orientation: Orientation::of_file(Format::Jpeg, bytes),
        profile: container::jpeg::profile(bytes),
    })
}

/// Whether the faster decoder shows the picture as others do.
fn suits_first_decoder(structure: &Structure<'_>) -> bool {
    structure.frame.is_sampled_as_usual() && !structure.stores_colors_apart()
}

fn decode_usual(file: &[u8], coding: Coding) -> Result<Vec<u8>, CodecError> {
    let stored = match coding {
        Coding::Gray => ColorSpace::Luma,
        Coding::YCbCr | Coding::Rgb => ColorSpace::RGB,
        // Ink is taken as stored: the decoder's own way to RGB knows no profile.
        Coding::Cmyk => ColorSpace::CMYK,
        Coding::Ycck => ColorSpace::YCCK,
    };
    let options = options().jpeg_set_out_colorspace(stored);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(file), options);
    let mut pixels = decoder.decode().map_err(refused)?;
    match coding {
        Coding::Cmyk => invert(&mut pixels),
        Coding::Ycck => ycck_to_ink(&mut pixels),
        Coding::Gray | Coding::YCbCr | Coding::Rgb => {}
    }
    Ok(pixels)
}

/// By the slower decoder, which gives ink as ink.
fn decode_rare(file: &[u8], coding: Coding) -> Result<Vec<u8>, CodecError> {
    let mut decoder = jpeg_decoder::Decoder::new(file);
    decoder.set_color_transform(match coding {
        Coding::Gray => ColorTransform::Grayscale,
        Coding::YCbCr => ColorTransform::YCbCr,
        Coding::Rgb => ColorTransform::RGB,
        Coding::Cmyk => ColorTransform::CMYK,
        Coding::Ycck => ColorTransform::YCCK,
    });
    decoder.decode().map_err(CodecError::broken)
}

/// Whether a file decodes without anything that the decoder forgives in others.
pub(crate) fn is_flawless(bytes: &[u8], limits: &Limits) -> bool {
    let mut decoder =
        JpegDecoder::new_with_options(ZCursor::new(bytes), options().set_strict_mode(true));
    // What this decoder shows wrongly, others may, too.
    Structure::read(bytes, limits)
        .is_ok_and(|structure| !structure.lacks_end && suits_first_decoder(&structure))
        && decoder.decode().is_ok()
}

fn options() -> DecoderOptions {
    DecoderOptions::new_fast()
        .set_max_width(SIDE_MAX)
        .set_max_height(SIDE_MAX)
        .jpeg_set_max_scans(SCANS_MAX)
}

const fn channels(coding: Coding) -> Channels {
    match coding {
        Coding::Gray => Channels::Gray,
        Coding::YCbCr | Coding::Rgb => Channels::Rgb,
        Coding::Cmyk | Coding::Ycck => Channels::Cmyk,
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

/// YCCK holds the ink of cyan, magenta and yellow as YCbCr (JFIF's equations, in 1/65,536) and
/// black inverted.
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
