//! What the header of each format is read into.

use crate::orientation::Orientation;

/// What a decoder's own header reading found out, before orientation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RawHeader {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) frames: u32,
    pub(crate) orientation: Orientation,
    /// What decoding allocates at its peak, in bytes.
    pub(crate) decode_bytes: u64,
    /// What of that another process takes, which has ended when the pixels are here; never more
    /// than `decode_bytes`.
    pub(crate) gone_bytes: u64,
    /// Pixels of the picture, or of all frames of an animation.
    pub(crate) pixels_decoded: u64,
}
