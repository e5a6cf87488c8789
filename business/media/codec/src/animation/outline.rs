//! What a container says of its animation.

use crate::error::CodecError;
use crate::limits::Limits;

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
    pub(super) patch_pixels: u64,
    /// Whether the picture that readers without animation show is none of the frames.
    pub(crate) has_other_still: bool,
}

impl Outline {
    pub(super) fn new(width: u32, height: u32) -> Self {
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
    pub(super) fn add(
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

pub(super) fn as_shown(duration_ms: u32) -> u32 {
    if duration_ms < SHORTEST_MS {
        USUAL_MS
    } else {
        duration_ms
    }
}
