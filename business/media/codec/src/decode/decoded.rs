//! What decoding gives.

use crate::animation::Outline;
use crate::orientation::Orientation;
use crate::raster::Raster;

/// A decoded picture as it was stored: neither turned upright nor converted to sRGB.
pub(crate) struct Decoded {
    pub(crate) raster: Raster,
    pub(crate) orientation: Orientation,
    /// The ICC profile as found; not checked.
    pub(crate) profile: Option<Vec<u8>>,
}

/// How many pixels are decoded of a file that may be an animation.
pub(super) fn pixels_decoded(outline: Option<&Outline>, width: u32, height: u32) -> u64 {
    let still = u64::from(width) * u64::from(height);
    outline.map_or(still, |outline| outline.pixels_decoded().max(still))
}
