//! Making pictures smaller, in light: see `light.rs` for why, `resample.rs` for how.

mod light;
mod resample;

use crate::CodecError;
use crate::raster::{Channels, Raster};

/// The longest side of anything that is made, in pixels: where WebP ends, and well within JPEG and
/// AVIF.
pub(crate) const MADE_SIDE_MAX: u32 = 16_383;
/// How much longer than wide a picture may be, or wider than high, before its longest side is no
/// measure of it any more: what is left of the shorter one could not be read.
const STRIP_RATIO: u32 = 4;

/// The size of a picture that fits a step of the ladder; never larger than it is, never below one
/// pixel. Its longest side is at most `side_max`; but of a strip, as a screenshot of a whole page
/// or a panorama is, the shorter side stays a quarter of that as long as it has no more pixels than
/// a square of `side_max`, and no side is longer than [`MADE_SIDE_MAX`].
pub(crate) fn fit(width: u32, height: u32, side_max: u32) -> (u32, u32) {
    let (longer, shorter) = (width.max(height), width.min(height));
    if fits((longer, shorter), side_max) {
        return (width, height);
    }
    let scaled = |side: u32, part: u32, whole: u32| {
        let scaled = (u64::from(side) * u64::from(part) + u64::from(whole) / 2) / u64::from(whole);
        u32::try_from(scaled).unwrap_or(part).max(1)
    };
    let (longer, shorter) = if longer / STRIP_RATIO < shorter {
        (side_max, scaled(shorter, side_max, longer))
    } else {
        strip((longer, shorter), side_max)
    };
    if width >= height {
        (longer, shorter)
    } else {
        (shorter, longer)
    }
}

/// Whether a picture of these sides, the longer one first, is small enough as it is.
fn fits((longer, shorter): (u32, u32), side_max: u32) -> bool {
    longer <= side_max
        || (longer <= MADE_SIDE_MAX
            && u64::from(shorter) * u64::from(STRIP_RATIO) <= u64::from(side_max)
            && u64::from(longer) * u64::from(shorter) <= u64::from(side_max).pow(2))
}

/// The sides of a strip that is made smaller, the longer one first; they fit.
fn strip((longer, shorter): (u32, u32), side_max: u32) -> (u32, u32) {
    let (long, short) = (u64::from(longer), u64::from(shorter));
    let by_pixels = (u64::from(side_max).pow(2) * short / long).isqrt();
    let mut made = by_pixels
        .min(u64::from(side_max / STRIP_RATIO))
        .clamp(1, short);
    // Rounded down, so that the pixels stay within their bound.
    let mut made_long = long * made / short;
    let long_max = u64::from(MADE_SIDE_MAX.max(side_max)).min(u64::from(side_max).pow(2) / made);
    if made_long > long_max {
        made_long = long_max;
        made = (short * made_long / long).max(1);
    }
    let side = |side: u64| u32::try_from(side).unwrap_or(side_max).max(1);
    (side(made_long), side(made))
}

/// The picture as large as [`fit`] says, when it is larger; nothing when it fits already. Its
/// numbers are taken for sRGB's: those of other profiles for red, green and blue grow with light
/// nearly as these do. Ink does not, and is refused.
pub(crate) fn shrink(raster: &Raster, side_max: u32) -> Result<Option<Raster>, CodecError> {
    let (width, height) = fit(raster.width, raster.height, side_max);
    if (width, height) == (raster.width, raster.height) {
        return Ok(None);
    }
    let from = (raster.width as usize, raster.height as usize);
    let to = (width as usize, height as usize);
    let pixels = match raster.channels {
        Channels::Gray => resample::resample::<1>(&raster.pixels, from, to),
        Channels::Rgb => resample::resample::<3>(&raster.pixels, from, to),
        Channels::Cmyk => return Err(CodecError::broken("ink cannot be scaled as light")),
    };
    Raster::new(width, height, raster.channels, pixels).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_keep_their_shape_and_never_grow() {
        assert_eq!(fit(4_032, 3_024, 1_080), (1_080, 810));
        assert_eq!(fit(3_024, 4_032, 1_080), (810, 1_080));
        assert_eq!(fit(300, 200, 400), (300, 200));
    }

    #[test]
    fn of_a_strip_enough_is_left_to_read() {
        assert_eq!(fit(4_000, 1_000, 2_048), (2_048, 512));
        assert_eq!(fit(1_290, 19_854, 2_048), (512, 7_880));
        assert_eq!(fit(19_854, 1_290, 1_080), (4_155, 270));
        assert_eq!(fit(12_000, 2_000, 2_048), (3_072, 512));
        // No more pixels than a square.
        assert_eq!(fit(1_000, 65_535, 2_048), (249, 16_383));
        assert_eq!(fit(1_000, 65_535, 400), (49, 3_211));
        assert_eq!(fit(10_000, 3, 400), (10_000, 3));
        assert_eq!(fit(1, 65_535, 400), (1, 16_383));
        assert_eq!(fit(100_000_000, 1, 2_048), (16_383, 1));
        assert_eq!(fit(100_000_000, 1, 32), (1_024, 1));
    }

    #[test]
    fn what_was_made_to_fit_fits() {
        for side_max in [1, 2, 3, 32, 400, 1_080, 2_048, 16_383] {
            for long in [1, 2, 5, 1_000, 8_191, 16_384, 40_000, 65_535] {
                for short in [1, 2, 3, 7, 99, 512, 1_290, 16_384, 60_001] {
                    let made = fit(long, short, side_max);
                    assert_eq!(
                        fit(made.0, made.1, side_max),
                        made,
                        "{long} by {short} to {side_max}"
                    );
                    let pixels = u64::from(made.0) * u64::from(made.1);
                    assert!(
                        pixels <= u64::from(side_max).pow(2),
                        "{made:?} to {side_max}"
                    );
                    assert!(
                        made.0.max(made.1) <= MADE_SIDE_MAX,
                        "{made:?} to {side_max}"
                    );
                    assert!(
                        made.0 <= long && made.1 <= short,
                        "{made:?} of {long} by {short}"
                    );
                    assert_eq!(fit(short, long, side_max), (made.1, made.0));
                }
            }
        }
    }

    /// A gray and a colour picture of the same grays.
    fn pictures(width: u32, height: u32, gray: impl Fn(u32, u32) -> u8) -> [Raster; 2] {
        let grays: Vec<u8> = (0..height)
            .flat_map(|y| (0..width).map(move |x| (x, y)))
            .map(|(x, y)| gray(x, y))
            .collect();
        let colors = grays.iter().flat_map(|gray| [*gray; 3]).collect();
        [(Channels::Gray, grays), (Channels::Rgb, colors)].map(|(channels, pixels)| Raster {
            width,
            height,
            channels,
            pixels,
        })
    }

    /// Sides of the smaller picture: half, odd parts, and a fiftieth.
    const SIDES: [u32; 5] = [499, 250, 183, 61, 10];

    #[test]
    fn a_hard_edge_gets_no_halo() {
        let upright = |x: u32, _: u32| if x < 251 { 40 } else { 220 };
        let level = |_: u32, y: u32| if y < 251 { 220 } else { 40 };
        let corner = |x: u32, y: u32| if x < 251 || y < 251 { 40 } else { 220 };
        let edges: [&dyn Fn(u32, u32) -> u8; 3] = [&upright, &level, &corner];
        for side in SIDES {
            for edge in edges {
                for picture in pictures(500, 500, edge) {
                    let seen = shrink(&picture, side)
                        .ok()
                        .flatten()
                        .map(|seen| seen.pixels);
                    let seen = seen.unwrap_or_default();
                    assert_eq!(seen.iter().min(), Some(&40), "to {side}");
                    assert_eq!(seen.iter().max(), Some(&220), "to {side}");
                }
            }
        }
    }

    #[test]
    fn one_color_stays_itself_at_every_size() {
        for gray in [0, 1, 7, 128, 254, 255] {
            for side in SIDES {
                for picture in pictures(500, 126, |_, _| gray) {
                    let seen = shrink(&picture, side)
                        .ok()
                        .flatten()
                        .map(|seen| seen.pixels);
                    assert!(seen.is_some_and(|seen| seen.iter().all(|seen| *seen == gray)));
                }
            }
        }
    }

    #[test]
    fn detail_keeps_its_contrast() {
        // Waves of eight pixels at half the size. Averaging squares of four pixels would leave 92 %
        // of it.
        let wave = |x: u32, _: u32| {
            (128.0 + 40.0 * (f64::from(x) * std::f64::consts::TAU / 8.0).sin()) as u8
        };
        for picture in pictures(512, 256, wave) {
            let seen = shrink(&picture, 256).ok().flatten().map(|seen| seen.pixels);
            let seen = seen.unwrap_or_default();
            let (least, most) = (seen.iter().min(), seen.iter().max());
            assert!(
                most > Some(&160) && least < Some(&98),
                "{least:?} to {most:?}"
            );
        }
    }
}
