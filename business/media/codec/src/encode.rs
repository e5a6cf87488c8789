//! From pixels to a JPEG.

use jpeg_encoder::{ChromaSubsamplingMethod, ColorType, Encoder, SamplingFactor};

use crate::CodecError;
use crate::raster::Raster;

/// The largest picture, by its longest side, whose colours are encoded as finely as its brightness. In small pictures a
/// coarser grid of colours shows at edges, and costs little to avoid; in large ones it does not show.
const FINE_COLORS_SIDE_MAX: u32 = 640;

/// A JPEG of a picture in sRGB. It holds pixels and what is needed to decode them, and nothing else.
pub(crate) fn encode_jpeg(raster: &Raster, quality: u8) -> Result<Vec<u8>, CodecError> {
    let side = |side: u32| u16::try_from(side).map_err(CodecError::broken);
    // About what quality 82 gives; a guess that is wrong costs one more allocation.
    let mut bytes = Vec::with_capacity(raster.pixels.len() / 16);
    let mut encoder = Encoder::new(&mut bytes, quality);
    encoder.set_sampling_factor(if raster.side() <= FINE_COLORS_SIDE_MAX {
        SamplingFactor::R_4_4_4
    } else {
        SamplingFactor::R_4_2_0
    });
    // Not the first of four pixels, whose colour would stand for all.
    encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
    // Four bytes of a hundred less, for a twentieth of the time that the whole photo takes.
    encoder.set_optimized_huffman_tables(true);
    encoder
        .encode(
            &raster.pixels,
            side(raster.width)?,
            side(raster.height)?,
            ColorType::Rgb,
        )
        .map_err(CodecError::broken)?;
    Ok(bytes)
}
