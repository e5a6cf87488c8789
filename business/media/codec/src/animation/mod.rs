//! Pictures that move: what their containers say before anything is decoded, their frames one after
//! the other, and the file that is served of them.

mod canvas;
mod gif;
mod keep;
mod png;
mod shrink;
mod webp;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::external_codecs::Frame;
use crate::raster::{Channels, Raster};
use crate::{CodecError, Format, Limits, decode};

use canvas::{Canvas, Patch};
pub(crate) use keep::keep;
pub use keep::{ANIMATION_BYTES_MAX, ANIMATION_SIDE_MAX, EncodedAnimation};

/// The shortest time, in milliseconds, that a frame is shown as long as its file says. Files from
/// before screens were fast say less and mean [`USUAL_MS`]; every browser shows them so.
const SHORTEST_MS: u32 = 11;
const USUAL_MS: u32 = 100;

/// What a container says about its animation, estimated without decoding a pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outline {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) frames: u32,
    /// How long it takes as it is shown, once, in milliseconds.
    pub(crate) duration_ms: u64,
    /// How often it is played; 0 is for ever.
    pub(crate) plays: u16,
    /// Pixels of the largest part that is drawn at once. In GIF it may reach beyond the canvas.
    pub(crate) patch_pixels_max: u64,
    /// Pixels of all parts together.
    patch_pixels: u64,
    /// Whether the picture that readers without animation show is none of the frames.
    pub(crate) has_other_still: bool,
}

impl Outline {
    fn new(width: u32, height: u32) -> Self {
        Self {
            width,
            height,
            frames: 0,
            duration_ms: 0,
            plays: 1,
            patch_pixels_max: 0,
            patch_pixels: 0,
            has_other_still: false,
        }
    }

    /// Adds a frame, and refuses one too many.
    fn add(
        &mut self,
        (width, height): (u32, u32),
        duration_ms: u32,
        limits: &Limits,
    ) -> Result<(), CodecError> {
        self.frames += 1;
        self.duration_ms += u64::from(as_shown(duration_ms));
        let pixels = u64::from(width) * u64::from(height);
        self.patch_pixels_max = self.patch_pixels_max.max(pixels);
        self.patch_pixels += pixels;
        limits.check_animation(self.width, self.height, self.frames)?;
        // Parts that reach beyond the canvas are decoded whole.
        limits.check_animation_pixels(self.frames, self.patch_pixels)
    }

    /// Pixels of all canvases or of all parts, whichever are more.
    pub(crate) fn pixels_decoded(&self) -> u64 {
        let canvas = u64::from(self.width) * u64::from(self.height);
        self.patch_pixels.max(canvas * u64::from(self.frames))
    }

    /// What going through the frames takes at most, in bytes, when a part takes 12 for each of its
    /// pixels: as decoded, and what its decoder holds.
    pub(crate) fn decode_bytes(&self, file_bytes: usize) -> u64 {
        self.decode_bytes_with(self.patch_pixels_max * 12, file_bytes)
    }

    /// The same when the costliest part takes so many bytes: beside it the canvas, a copy to go
    /// back to, one that was handed out, and what is made of that (16 a pixel); and copies of the
    /// file and of one frame of it.
    pub(crate) fn decode_bytes_with(&self, patch_bytes: u64, file_bytes: usize) -> u64 {
        let canvas_pixels = u64::from(self.width) * u64::from(self.height);
        canvas_pixels * 16 + patch_bytes + file_bytes as u64 * 2
    }
}

fn as_shown(duration_ms: u32) -> u32 {
    if duration_ms < SHORTEST_MS {
        USUAL_MS
    } else {
        duration_ms
    }
}

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
    canvas: Canvas,
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
    fn advance(&mut self) -> Option<Result<u32, CodecError>> {
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
    decode::flatten_on_white(frames.canvas.pixels(), 3, &mut pixels);
    Raster::new(width, height, Channels::Rgb, pixels)
}
