//! Bounds beyond which a picture is refused.

use crate::error::CodecError;
use crate::ladder::Ladder;

/// What is refused before it is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most pixels, width times height. The default, 100 million, takes the 50 and 64
    /// megapixels of today's telephones and medium-format cameras, and phone panoramas.
    pub pixels_max: u64,
    /// The longest side, in pixels. The default, 65,535, is where JPEG and GIF end: a screenshot of
    /// a whole page is a picture like any other of as many pixels.
    pub side_max: u32,
    /// The most frames of an animation. The default, 1,000, is more than half a minute at 30 a
    /// second.
    pub frames_max: u32,
    /// The most pixels of an animation: width times height of its canvas times frames, and of all
    /// parts that are drawn. Each costs some hundred nanoseconds when the frames have to be encoded
    /// again. The default, 100 million, takes half a minute of 480 by 270 pixels at 25 frames a
    /// second; 400 million kept a processor busy for half a minute.
    pub animation_pixels_max: u64,
    /// The most memory that decoding may take, in bytes. The default is 512 MiB; it refuses only
    /// progressive JPEGs and WebPs near the pixel limit, which have to be held whole in a form
    /// larger than their pixels.
    pub memory_bytes_max: u64,
    /// The longest side of the largest rendition that is made, in pixels: what is made costs memory
    /// beside what is read. The default, 2,048, is that of the default ladder;
    /// [`Limits::for_ladder`] sets another's.
    pub rendition_side_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            pixels_max: 100_000_000,
            side_max: 65_535,
            frames_max: 1_000,
            animation_pixels_max: 100_000_000,
            memory_bytes_max: 512 * 1024 * 1024,
            rendition_side_max: 2_048,
        }
    }
}

impl Limits {
    /// The same for renditions of this ladder.
    #[must_use]
    pub fn for_ladder(self, ladder: &Ladder) -> Self {
        Self {
            rendition_side_max: ladder.side_max(),
            ..self
        }
    }

    /// Refuses a picture of this size when it is beyond a limit. Called with the first thing a
    /// header says.
    pub(crate) fn check_size(&self, width: u32, height: u32) -> Result<(), CodecError> {
        if width == 0 || height == 0 {
            return Err(CodecError::broken("a side of zero pixels"));
        }
        let pixels = u64::from(width) * u64::from(height);
        if width > self.side_max || height > self.side_max {
            return Err(CodecError::too_large(format!(
                "This picture has {width} by {height} pixels; the longest side that is taken is {}.",
                self.side_max
            )));
        }
        if pixels > self.pixels_max {
            return Err(CodecError::too_large(format!(
                "This picture has {:.1} megapixels; the most that is taken is {:.1}.",
                megapixels(pixels),
                megapixels(self.pixels_max)
            )));
        }
        Ok(())
    }

    /// Refuses an animation of so many frames when it is beyond a limit.
    pub(crate) fn check_animation(
        &self,
        width: u32,
        height: u32,
        frames: u32,
    ) -> Result<(), CodecError> {
        if frames > self.frames_max {
            return Err(CodecError::too_large(format!(
                "This animation has more than {} frames, which is the most that is taken.",
                self.frames_max
            )));
        }
        let pixels = u64::from(width) * u64::from(height) * u64::from(frames);
        self.check_animation_pixels(frames, pixels)
    }

    /// Refuses an animation whose frames have so many pixels together when that is beyond a limit.
    pub(crate) fn check_animation_pixels(
        &self,
        frames: u32,
        pixels: u64,
    ) -> Result<(), CodecError> {
        // A single frame is a picture, which has a limit of its own.
        if frames > 1 && pixels > self.animation_pixels_max {
            return Err(CodecError::too_large(format!(
                "This animation has {frames} or more frames with {:.1} megapixels together; the most that is taken is {:.1}. \
                     With fewer frames, or made smaller, it may be taken.",
                megapixels(pixels),
                megapixels(self.animation_pixels_max)
            )));
        }
        Ok(())
    }
}

#[allow(clippy::cast_precision_loss)] // for a sentence with one decimal
fn megapixels(pixels: u64) -> f64 {
    pixels as f64 / 1e6
}
