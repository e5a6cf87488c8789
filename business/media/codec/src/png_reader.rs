//! A PNG opened for its rows, and for what it says of their colours.

use std::io::Cursor;

use ::png::{Decoder, DecodingError, Limits as PngLimits, Reader, Transformations};

use crate::raster::Channels;
use crate::{CodecError, png_colors};

/// What the decoder may hold beside the rows, in bytes: chunks and an unpacked profile. A profile
/// that unpacks to more is left out.
pub(crate) const CHUNK_BYTES_MAX: usize = 8 * 1024 * 1024;

pub(crate) type PngReader<'b> = Reader<Cursor<&'b [u8]>>;

pub(crate) fn open(bytes: &[u8]) -> Result<PngReader<'_>, CodecError> {
    let limits = PngLimits {
        bytes: CHUNK_BYTES_MAX,
    };
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), limits);
    // Not needed, and perhaps large once it is unpacked.
    decoder.set_ignore_text_chunk(true);
    decoder.set_transformations(Transformations::EXPAND);
    decoder.read_info().map_err(refused)
}

/// The profile of its colours, for pixels of this kind; none for sRGB.
pub(crate) fn profile(bytes: &[u8], channels: Channels) -> Option<Vec<u8>> {
    profile_of(&open(bytes).ok()?, bytes, channels)
}

/// The same of one that is open.
pub(crate) fn profile_of(
    reader: &PngReader<'_>,
    bytes: &[u8],
    channels: Channels,
) -> Option<Vec<u8>> {
    let stored = reader.info().icc_profile.as_ref();
    png_colors::profile(bytes, channels, stored.map(|profile| profile.to_vec()))
}

#[allow(clippy::needless_pass_by_value)] // it is what `map_err` gives
pub(crate) fn refused(error: DecodingError) -> CodecError {
    CodecError::broken(error)
}
