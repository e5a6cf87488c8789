//! From a file of a known format to pixels.

mod decoded;
mod gif;
pub(crate) mod heif;
mod jpeg;
mod png;
mod webp;

pub(crate) use decoded::Decoded;
pub(crate) use jpeg::is_flawless as is_flawless_jpeg;

use crate::external_codecs::Pixels;
use crate::orientation::Orientation;
use crate::raster::{Channels, Raster};
use crate::raw_header::RawHeader;
use crate::samples::flatten_on_white;
use crate::{CodecError, Format, Limits};

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
