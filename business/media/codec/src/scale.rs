//! Making pictures smaller.
//!
//! Catmull-Rom on the values as stored, as cameras, browsers and libvips do by default. Linear light would keep the
//! brightness of the finest patterns a little better, at three times the cost and with darker halos at hard edges.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use crate::CodecError;
use crate::raster::{Channels, Raster};

/// The size of a picture whose longest side is at most `side_max`; never larger than it is, never below one pixel.
pub(crate) fn fit(width: u32, height: u32, side_max: u32) -> (u32, u32) {
    let longest = width.max(height);
    if longest <= side_max {
        return (width, height);
    }
    let scale = |side: u32| {
        let scaled =
            (u64::from(side) * u64::from(side_max) + u64::from(longest) / 2) / u64::from(longest);
        u32::try_from(scaled).unwrap_or(side_max).max(1)
    };
    (scale(width), scale(height))
}

/// The picture with its longest side at most `side_max`, when it is longer; nothing when it fits already.
pub(crate) fn shrink(raster: &Raster, side_max: u32) -> Result<Option<Raster>, CodecError> {
    if raster.side() <= side_max {
        return Ok(None);
    }
    let (width, height) = fit(raster.width, raster.height, side_max);
    let pixel = match raster.channels {
        Channels::Gray => PixelType::U8,
        Channels::Rgb => PixelType::U8x3,
        Channels::Cmyk => PixelType::U8x4,
    };
    let from = ImageRef::new(raster.width, raster.height, &raster.pixels, pixel)
        .map_err(CodecError::broken)?;
    let mut to = Image::new(width, height, pixel);
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom))
        // Four channels are ink, not colour and opacity.
        .use_alpha(false);
    Resizer::new()
        .resize(&from, &mut to, &options)
        .map_err(CodecError::broken)?;
    Raster::new(width, height, raster.channels, to.into_vec()).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_keep_their_shape_and_never_grow() {
        assert_eq!(fit(4_032, 3_024, 1_080), (1_080, 810));
        assert_eq!(fit(3_024, 4_032, 1_080), (810, 1_080));
        assert_eq!(fit(300, 200, 400), (300, 200));
        assert_eq!(fit(10_000, 3, 400), (400, 1));
        assert_eq!(fit(1, 16_384, 400), (1, 400));
    }
}
