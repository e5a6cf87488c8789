//! From pixels to a JPEG.

mod tables;

use jpeg_encoder::{ChromaSubsamplingMethod, ColorType, Encoder, SamplingFactor};

use crate::CodecError;
use crate::raster::Raster;

use tables::ColorGrid;

/// The largest picture, by its longest side, whose colours are encoded as finely as its brightness.
/// In small pictures a coarser grid of colours shows at edges, and costs little to avoid; in large
/// ones it does not show.
const FINE_COLORS_SIDE_MAX: u32 = 640;
/// The most pixels that are held whole to be encoded, which takes [`WHOLE_BYTES_PER_PIXEL`]. It
/// covers the default ladder; a larger picture is encoded row by row, in a file that is some 3 %
/// larger.
pub(crate) const WHOLE_PIXELS_MAX: u64 = 2_048 * 2_048;
/// What holding a picture whole takes for each of its pixels, in bytes: three planes of one and
/// three of two.
pub(crate) const WHOLE_BYTES_PER_PIXEL: u64 = 9;
/// One scan for the means of all blocks and one for the rest, of each channel: the picture is
/// there, blurred, after a tenth of the file. More scans of this encoder's kind cost bytes.
const SCANS: u8 = 2;

/// A JPEG of a picture in sRGB. It holds pixels and what is needed to decode them, and nothing
/// else.
pub(crate) fn encode_jpeg(raster: &Raster, quality: u8) -> Result<Vec<u8>, CodecError> {
    let side = |side: u32| u16::try_from(side).map_err(CodecError::refused);
    // About what quality 82 gives; a guess that is wrong costs one more allocation.
    let mut bytes = Vec::with_capacity(raster.pixels.len() / 16);
    let mut encoder = Encoder::new(&mut bytes, quality);
    let (grid, sampling) = if raster.side() <= FINE_COLORS_SIDE_MAX {
        (ColorGrid::Fine, SamplingFactor::R_4_4_4)
    } else {
        (ColorGrid::Coarse, SamplingFactor::R_4_2_0)
    };
    encoder.set_sampling_factor(sampling);
    // Not the first of four pixels, whose colour would stand for all.
    encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
    let [brightness, colors] = tables::tables(quality, grid);
    encoder.set_quantization_tables(brightness, colors);
    if u64::from(raster.width) * u64::from(raster.height) <= WHOLE_PIXELS_MAX {
        encoder.set_progressive_scans(SCANS);
        // Only in a progressive file: in a sequential one the encoder then stores each channel in a
        // scan of its own, which some decoders show in wrong colours.
        encoder.set_optimized_huffman_tables(true);
    }
    encoder
        .encode(
            &raster.pixels,
            side(raster.width)?,
            side(raster.height)?,
            ColorType::Rgb,
        )
        .map_err(CodecError::refused)?;
    Ok(bytes)
}
