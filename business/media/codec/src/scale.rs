//! Making pictures smaller, in light: see `light.rs` for why, `resample.rs` for how.

mod light;
mod resample;

use crate::CodecError;
use crate::raster::{Channels, Raster};

/// The size of a picture whose longest side is at most `side_max`; never larger than it is, never below one pixel.
pub(crate) fn fit(width: u32, height: u32, side_max: u32) -> (u32, u32) {
    let longest = width.max(height);
    if longest <= side_max {
        return (width, height);
    }
    let scale = |side: u32| {
        let scaled =
            (u64::from(side) * u64::from(side_max) + u64::from(longest) / 2) / u64::from(longest);
        u32::try_from(scaled).unwrap_or(side_max).max(1)
    };
    (scale(width), scale(height))
}

/// The picture with its longest side at most `side_max`, when it is longer; nothing when it fits already. Its numbers are
/// taken for sRGB's: those of other profiles for red, green and blue grow with light nearly as these do. Ink does not, and
/// is refused.
pub(crate) fn shrink(raster: &Raster, side_max: u32) -> Result<Option<Raster>, CodecError> {
    if raster.side() <= side_max {
        return Ok(None);
    }
    let (width, height) = fit(raster.width, raster.height, side_max);
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
        assert_eq!(fit(10_000, 3, 400), (400, 1));
        assert_eq!(fit(1, 16_384, 400), (1, 400));
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
                for picture in pictures(500, 123, |_, _| gray) {
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
        // Waves of eight pixels at half the size. Averaging squares of four pixels would leave 92 % of it.
        let wave = |x: u32, _: u32| {
            (128.0 + 40.0 * (f64::from(x) * std::f64::consts::TAU / 8.0).sin()) as u8
        };
        for picture in pictures(512, 64, wave) {
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
