//! The frames of an animation, one after the other.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::canvas::{Canvas, Patch};
use super::outline::{Outline, as_shown};
use super::{gif, png, webp};
use crate::external_codecs::Frame;
use crate::raster::{Channels, Raster};
use crate::samples::flatten_on_white;
use crate::{CodecError, Format, Limits};

/// What a file's container says of its animation; nothing when it is a still picture of a format
/// that need not move.
pub(crate) fn outline(
    format: Format,
    file: &[u8],
    limits: &Limits,
) -> Result<Option<Outline>, CodecError> {
    match format {
        Format::Gif => gif::outline(file, limits).map(Some),
        Format::Png => png::outline(file, limits),
        Format::WebP => webp::outline(file, limits),
        Format::Jpeg | Format::Avif | Format::Heic => Ok(None),
    }
}

/// The frames of an animation, each composed to the whole canvas, as shown; of a still GIF its one.
/// Holds two canvases and one part at a time, however many frames there are.
pub struct Frames<'b> {
    pub(super) canvas: Canvas,
    parts: Box<dyn Iterator<Item = Result<Patch, CodecError>> + 'b>,
    left: u32,
}

/// The frames of a file; nothing when it is a still picture.
///
/// # Errors
/// When the animation is larger than a limit, cut off, or broken.
pub fn frames<'b>(
    format: Format,
    file: &'b [u8],
    limits: &Limits,
) -> Result<Option<Frames<'b>>, CodecError> {
    let Some(outline) = outline(format, file, limits)? else {
        return Ok(None);
    };
    limits.check_size(outline.width, outline.height)?;
    let parts: Box<dyn Iterator<Item = _> + 'b> = match format {
        Format::Gif => Box::new(gif::parts(file, &outline)?),
        Format::Png => Box::new(png::parts(file, &outline)?),
        _ => Box::new(webp::parts(file)?),
    };
    Ok(Some(Frames {
        canvas: Canvas::new(outline.width, outline.height)?,
        parts,
        left: outline.frames,
    }))
}

impl Frames<'_> {
    /// Draws the next frame on the canvas, and says how long it is shown, in milliseconds.
    pub(super) fn advance(&mut self) -> Option<Result<u32, CodecError>> {
        // As many as the limits were checked against, whatever the decoder finds.
        self.left = self.left.checked_sub(1)?;
        let draw = AssertUnwindSafe(|| {
            let patch = self
                .parts
                .next()
                .unwrap_or_else(|| Err(CodecError::broken("fewer frames than the file says")))?;
            let duration_ms = as_shown(patch.duration_ms);
            self.canvas.draw(patch);
            Ok(duration_ms)
        });
        let drawn =
            catch_unwind(draw).unwrap_or_else(|_| Err(CodecError::broken("the decoder panicked")));
        // After a panic nobody knows in what state decoder and canvas are: nothing more is asked of
        // them.
        if drawn.is_err() {
            self.left = 0;
        }
        Some(drawn)
    }
}

impl Iterator for Frames<'_> {
    type Item = Result<Frame, CodecError>;

    fn next(&mut self) -> Option<Self::Item> {
        let drawn = self.advance()?;
        Some(drawn.map(|duration_ms| Frame {
            bytes: self.canvas.pixels().to_vec(),
            duration_ms,
        }))
    }
}

/// The first frame on white, as the still that stands for the animation.
pub(crate) fn poster(format: Format, file: &[u8], limits: &Limits) -> Result<Raster, CodecError> {
    let nothing = || CodecError::broken("an animation without a frame");
    let mut frames = frames(format, file, limits)?.ok_or_else(nothing)?;
    frames.advance().ok_or_else(nothing)??;
    let (width, height) = frames.canvas.size();
    let mut pixels = vec![0; Raster::bytes(width, height, Channels::Rgb)?];
    flatten_on_white(frames.canvas.pixels(), 3, &mut pixels);
    Raster::new(width, height, Channels::Rgb, pixels)
}
