//! What a picture costs to process, estimated from its header, so that a queue can schedule and an
//! account be billed before a pixel is decoded.

use crate::animation::ANIMATION_SIDE_MAX;
use crate::raw_header::RawHeader;
use crate::{Format, scale};

/// Nanoseconds of one processor for each pixel of a rendition: scaling and encoding.
const RENDITION_NS_PER_PIXEL: u64 = 25;
/// The same for each pixel of an animation's frame that is composed, made smaller, or decoded a
/// second time.
const FRAME_NS_PER_PIXEL: u64 = 15;
/// The same for each pixel of a frame that is encoded as WebP.
const FRAME_ENCODING_NS_PER_PIXEL: u64 = 90;
/// What a picture of any size costs, a worker process of an external decoder included, in
/// milliseconds.
const FIXED_MS: u64 = 2;
const EXTERNAL_FIXED_MS: u64 = 30;

/// Nanoseconds for each pixel that is decoded, by format: the mean of photos on a processor of 2.6
/// GHz, rounded up.
const fn decoding_ns_per_pixel(format: Format) -> u64 {
    match format {
        Format::Jpeg => 12,
        Format::Png | Format::Gif => 15,
        Format::WebP => 30,
        Format::Avif | Format::Heic => 90,
    }
}

/// Estimated processor time of [`crate::process()`], in milliseconds. Of an animation it assumes
/// that every frame has to be encoded again, once; most small ones are kept as they are.
pub(crate) fn estimate_ms(format: Format, raw: &RawHeader, rendition_side_max: u32) -> u64 {
    let pixels = |(width, height): (u32, u32)| u64::from(width) * u64::from(height);
    let decoding = raw.pixels_decoded * decoding_ns_per_pixel(format);
    let rendition = pixels(scale::fit(raw.width, raw.height, rendition_side_max));
    let mut nanoseconds = decoding + rendition * RENDITION_NS_PER_PIXEL;
    if raw.frames > 1 {
        let frames = u64::from(raw.frames);
        let canvas = pixels((raw.width, raw.height));
        let encoded = pixels(scale::fit(raw.width, raw.height, ANIMATION_SIDE_MAX));
        nanoseconds += frames * canvas * FRAME_NS_PER_PIXEL;
        nanoseconds += frames * encoded * FRAME_ENCODING_NS_PER_PIXEL;
    }
    let fixed = if format.is_read_here() {
        FIXED_MS
    } else {
        EXTERNAL_FIXED_MS
    };
    fixed + nanoseconds / 1_000_000
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orientation::Orientation;

    fn estimate(format: Format, (width, height): (u32, u32), frames: u32) -> u64 {
        let raw = RawHeader {
            width,
            height,
            frames,
            orientation: Orientation::default(),
            decode_bytes: 0,
            gone_bytes: 0,
            pixels_decoded: u64::from(width) * u64::from(height) * u64::from(frames),
        };
        estimate_ms(format, &raw, 2_048)
    }

    #[test]
    fn an_animation_costs_what_its_frames_do() {
        let photo = estimate(Format::Jpeg, (4_000, 3_000), 1);
        assert!((100..500).contains(&photo), "{photo}");
        let small = estimate(Format::Gif, (200, 150), 20);
        assert!(small < photo, "{small}");
        let large = estimate(Format::Gif, (1_000, 1_000), 100);
        assert!(large > 20 * photo, "{large}");
        assert!(estimate(Format::Heic, (4_000, 3_000), 1) > 4 * photo);
    }

    #[test]
    fn the_largest_sizes_are_estimated_without_overflow() {
        assert!(estimate(Format::Gif, (65_535, 65_535), 1_000) > 1_000_000);
        assert!(estimate(Format::Png, (u32::MAX >> 1, 1), 1) > 10_000);
    }
}
