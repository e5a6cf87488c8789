//! The sizes a picture is served in.

use crate::Encoding;

/// One size that a picture is served in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The rendition's name: "grid".
    pub name: &'static str,
    /// The longest side, in pixels; of a strip that is more than four times as long as wide, four
    /// times the shorter side, if it has no more pixels than a square then. A smaller picture is
    /// never made larger.
    pub side_max: u32,
    /// JPEG quality, 1 to 100.
    pub quality: u8,
    /// WebP quality, 1 to 100 on the scale of libwebp.
    pub webp_quality: u8,
    /// AVIF quality, 1 to 100 on the scale of libheif.
    pub avif_quality: u8,
}

impl Step {
    /// The quality of a form that is offered beside the JPEG.
    #[must_use]
    pub const fn quality_of(&self, encoding: Encoding) -> u8 {
        match encoding {
            Encoding::WebP => self.webp_quality,
            Encoding::Avif => self.avif_quality,
        }
    }
}

/// The sizes a picture is served in, largest first; each is made from the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ladder {
    steps: Vec<Step>,
}

impl Ladder {
    /// A ladder of these steps; it sorts them, largest first.
    #[must_use]
    pub fn new(mut steps: Vec<Step>) -> Self {
        steps.sort_by_key(|step| std::cmp::Reverse(step.side_max));
        Self { steps }
    }

    /// The steps, largest first.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The longest side of the largest step, in pixels.
    pub(crate) fn side_max(&self) -> u32 {
        self.steps.first().map_or(u32::MAX, |step| step.side_max)
    }
}

impl Default for Ladder {
    /// "grid" for profile pages and lists (400 pixels: a third of a phone's width at three device
    /// pixels a point), "feed" for a column (1,080), "full" for the whole screen (2,048). WebP and
    /// AVIF have the qualities at which they look as good as the JPEG; these grow with the size
    /// (`docs/adr/0017`).
    fn default() -> Self {
        let step = |name, side_max, [quality, webp_quality, avif_quality]: [u8; 3]| Step {
            name,
            side_max,
            quality,
            webp_quality,
            avif_quality,
        };
        Self::new(vec![
            step("full", 2_048, [82, 88, 75]),
            step("feed", 1_080, [82, 85, 66]),
            step("grid", 400, [80, 79, 56]),
        ])
    }
}
