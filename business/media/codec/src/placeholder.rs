//! What is shown before a picture is there: a blurhash and one colour.

use std::collections::HashMap;

use crate::CodecError;
use crate::raster::Raster;
use crate::scale;

/// The longest side of the picture that both are made from; more would change neither.
const SIDE_MAX: u32 = 32;
/// Components of the hash along the longer and the shorter side.
const COMPONENTS: (u32, u32) = (4, 3);
/// Bits dropped from each channel to gather like colours.
const GATHER_BITS: u32 = 4;

pub(crate) struct Placeholder {
    pub(crate) blurhash: String,
    /// "#rrggbb"
    pub(crate) dominant_color: String,
}

/// Makes both from a small picture in sRGB.
pub(crate) fn placeholder(raster: &Raster) -> Result<Placeholder, CodecError> {
    let smaller = scale::shrink(raster, SIDE_MAX)?;
    let tiny = smaller.as_ref().unwrap_or(raster);
    let (pixels, _) = tiny.pixels.as_chunks::<3>();
    let (longer, shorter) = COMPONENTS;
    let (across, down) = if tiny.height > tiny.width {
        (shorter, longer)
    } else {
        (longer, shorter)
    };
    let rgba: Vec<u8> = pixels
        .iter()
        .flat_map(|[red, green, blue]| [*red, *green, *blue, 255])
        .collect();
    let blurhash = blurhash::encode(across, down, tiny.width, tiny.height, &rgba)
        .map_err(CodecError::broken)?;
    let [red, green, blue] = dominant(pixels);
    Ok(Placeholder {
        blurhash,
        dominant_color: format!("#{red:02x}{green:02x}{blue:02x}"),
    })
}

/// The mean of the largest group of like colours.
fn dominant(pixels: &[[u8; 3]]) -> [u8; 3] {
    let mut groups: HashMap<[u8; 3], (u32, [u32; 3])> = HashMap::new();
    for pixel in pixels {
        let (count, sums) = groups
            .entry(pixel.map(|channel| channel >> GATHER_BITS))
            .or_default();
        *count += 1;
        for (sum, channel) in sums.iter_mut().zip(pixel) {
            *sum += u32::from(*channel);
        }
    }
    // Of two groups as large the one with the smaller key, so that the response is always the same.
    let largest = groups
        .iter()
        .max_by_key(|(key, (count, _))| (*count, std::cmp::Reverse(**key)));
    largest.map_or([128; 3], |(_, (count, sums))| {
        sums.map(|sum| u8::try_from(sum / count).unwrap_or(u8::MAX))
    })
}
