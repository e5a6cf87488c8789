//! From a file of a known format to pixels.

mod gif;
pub(crate) mod heif;
mod jpeg;
mod png;
mod webp;

pub(crate) use jpeg::is_flawless as is_flawless_jpeg;
pub(crate) use png::{profile as png_profile, rounded_to_bytes};

use crate::animation::Outline;
use crate::external_codecs::Pixels;
use crate::header::RawHeader;
use crate::orientation::Orientation;
use crate::raster::{Channels, Raster};
use crate::{CodecError, Format, Limits};

/// A decoded picture as it was stored: neither turned upright nor converted to sRGB.
pub(crate) struct Decoded {
    pub(crate) raster: Raster,
    pub(crate) orientation: Orientation,
    /// The ICC profile as found; not checked.
    pub(crate) profile: Option<Vec<u8>>,
}

pub(crate) fn read_header(
    format: Format,
    bytes: &[u8],
    limits: &Limits,
) -> Result<RawHeader, CodecError> {
    match format {
        Format::Jpeg => jpeg::read_header(bytes, limits),
        Format::Png => png::read_header(bytes, limits),
        Format::WebP => webp::read_header(bytes, limits),
        Format::Gif => gif::read_header(bytes, limits),
        Format::Avif | Format::Heic => heif::read_header(format, bytes, limits),
    }
}

/// How many pixels are decoded of a file that may be an animation.
fn pixels_decoded(outline: Option<&Outline>, width: u32, height: u32) -> u64 {
    let still = u64::from(width) * u64::from(height);
    outline.map_or(still, |outline| outline.pixels_decoded().max(still))
}

/// Decodes a file whose header was found to be within the limits.
pub(crate) fn decode(format: Format, bytes: &[u8], limits: &Limits) -> Result<Decoded, CodecError> {
    match format {
        Format::Jpeg => jpeg::decode(bytes, limits),
        Format::Png => png::decode(bytes, limits),
        Format::WebP => webp::decode(bytes, limits),
        Format::Gif => gif::decode(bytes, limits),
        Format::Avif | Format::Heic => Err(no_decoder(format)),
    }
}

/// What another process decoded: upright already. Its profile is as the file had it, and not
/// checked.
pub(crate) fn from_external(pixels: Pixels) -> Result<Decoded, CodecError> {
    let Pixels {
        width,
        height,
        mut bytes,
        has_alpha,
        profile,
    } = pixels;
    let opaque = Raster::bytes(width, height, Channels::Rgb)?;
    if has_alpha {
        let with_alpha = opaque / 3 * 4;
        if bytes.len() != with_alpha {
            return Err(CodecError::broken("the decoder gave too few pixels"));
        }
        let mut flat = vec![0; opaque];
        flatten_on_white(&bytes, 3, &mut flat);
        bytes = flat;
    }
    Ok(Decoded {
        raster: Raster::new(width, height, Channels::Rgb, bytes)?,
        orientation: Orientation::default(),
        profile,
    })
}

fn no_decoder(format: Format) -> CodecError {
    CodecError::unsupported(format!("{} pictures cannot be read here.", format.name()))
}

/// The picture laid on white, where it is not opaque: what is served has no transparency.
/// Takes and gives rows of whole pixels; `colors` is 1 or 3.
pub(crate) fn flatten_on_white(with_alpha: &[u8], colors: usize, opaque: &mut [u8]) {
    let pixels = with_alpha.chunks_exact(colors + 1);
    for (from, to) in pixels.zip(opaque.chunks_exact_mut(colors)) {
        let alpha = u32::from(from[colors]);
        for (color, out) in from.iter().zip(to) {
            let mixed = u32::from(*color) * alpha + 255 * (255 - alpha);
            *out = ((mixed + 127) / 255) as u8;
        }
    }
}
