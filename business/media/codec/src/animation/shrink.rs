//! The frames of an animation as they are re-encoded: smaller, upright and in sRGB.

use std::time::Instant;

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use super::frames::Frames;
use crate::external_codecs::Frame;
use crate::orientation::Orientation;
use crate::raster::{Channels, Raster};
use crate::{CodecError, color, scale};

/// Frames made to fit.
pub(super) struct Shrunk<'b> {
    frames: Frames<'b>,
    /// The size before it is turned upright.
    stored: (u32, u32),
    orientation: Orientation,
    profile: Option<Vec<u8>>,
    resizer: Resizer,
    deadline: Instant,
}

impl<'b> Shrunk<'b> {
    pub(super) fn new(
        frames: Frames<'b>,
        side_max: u32,
        orientation: Orientation,
        profile: Option<Vec<u8>>,
        deadline: Instant,
    ) -> Self {
        let (width, height) = frames.canvas.size();
        Self {
            frames,
            stored: scale::fit(width, height, side_max),
            orientation,
            profile,
            resizer: Resizer::new(),
            deadline,
        }
    }

    /// The size of every frame.
    pub(super) fn size(&self) -> (u32, u32) {
        self.orientation.upright_size(self.stored.0, self.stored.1)
    }

    fn make(&mut self) -> Result<Vec<u8>, CodecError> {
        let pixels = self.resize()?;
        // Converted after it was made smaller: that is fewer pixels.
        let pixels = match &self.profile {
            Some(profile) => to_srgb(pixels, self.stored, profile)?,
            None => pixels,
        };
        // Four bytes a pixel is all that turning has to know.
        let raster = Raster::new(self.stored.0, self.stored.1, Channels::Cmyk, pixels)?;
        Ok(self.orientation.apply(raster).pixels)
    }

    fn resize(&mut self) -> Result<Vec<u8>, CodecError> {
        let canvas = &self.frames.canvas;
        let (width, height) = canvas.size();
        if (width, height) == self.stored {
            return Ok(canvas.pixels().to_vec());
        }
        let from = ImageRef::new(width, height, canvas.pixels(), PixelType::U8x4)
            .map_err(CodecError::broken)?;
        let mut to = Image::new(self.stored.0, self.stored.1, PixelType::U8x4);
        // Weighted by opacity: the colours of transparent pixels would else bleed into the edges.
        let options = ResizeOptions::new()
            .resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom))
            .use_alpha(true);
        self.resizer
            .resize(&from, &mut to, &options)
            .map_err(CodecError::broken)?;
        Ok(to.into_vec())
    }
}

impl Iterator for Shrunk<'_> {
    type Item = Result<Frame, CodecError>;

    fn next(&mut self) -> Option<Self::Item> {
        if Instant::now() > self.deadline {
            return Some(Err(CodecError::late()));
        }
        let drawn = self.frames.advance()?;
        Some(drawn.and_then(|duration_ms| {
            Ok(Frame {
                bytes: self.make()?,
                duration_ms,
            })
        }))
    }
}

fn to_srgb(
    mut pixels: Vec<u8>,
    (width, height): (u32, u32),
    profile: &[u8],
) -> Result<Vec<u8>, CodecError> {
    let (with_opacity, _) = pixels.as_chunks_mut::<4>();
    let colors = with_opacity
        .iter()
        .flat_map(|[red, green, blue, _]| [*red, *green, *blue])
        .collect();
    let colors = color::to_srgb(
        Raster::new(width, height, Channels::Rgb, colors)?,
        Some(profile),
    );
    let (colors, _) = colors.pixels.as_chunks::<3>();
    for (pixel, color) in with_opacity.iter_mut().zip(colors) {
        pixel[..3].copy_from_slice(color);
    }
    Ok(pixels)
}
