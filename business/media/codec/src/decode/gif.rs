//! GIF: its first image is what is shown of it; the others are an animation's.

use super::decoded::Decoded;
use crate::orientation::Orientation;
use crate::raw_header::RawHeader;
use crate::{CodecError, Format, Limits, animation};

pub(super) fn read_header(bytes: &[u8], limits: &Limits) -> Result<RawHeader, CodecError> {
    let outline = animation::outline(Format::Gif, bytes, limits)?
        .ok_or_else(|| CodecError::broken("a GIF without an image"))?;
    Ok(RawHeader {
        width: outline.width,
        height: outline.height,
        frames: outline.frames,
        orientation: Orientation::default(),
        decode_bytes: outline.decode_bytes(bytes.len()),
        gone_bytes: 0,
        pixels_decoded: outline.pixels_decoded(),
    })
}

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Decoded, CodecError> {
    Ok(Decoded {
        raster: animation::poster(Format::Gif, bytes, limits)?,
        orientation: Orientation::default(),
        profile: None,
    })
}
