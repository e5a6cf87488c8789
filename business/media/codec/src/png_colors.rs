//! What a PNG says of its colours, as one profile: in words of four kinds, of which the first
//! counts that can be understood (PNG, third edition, 4.3): code points, a profile, "sRGB", and
//! gamma with primaries.

use moxcms::{Chromaticity, ColorPrimaries, ColorProfile, ToneReprCurve, XyY};

use crate::container::png::chunks;
use crate::raster::Channels;
use crate::{color, profile_of_code_points};

/// Gamma and coordinates are stored times this.
const UNITS: f64 = 100_000.0;
/// The gamma that stands for sRGB's curve, and how far from it another is taken for the same (as
/// libpng does).
const SRGB_GAMMA: f64 = 0.45455;
const SAME_GAMMA: f64 = 0.05;
/// The least and the most that a gamma may be to be one.
const GAMMAS: std::ops::RangeInclusive<f64> = 0.05..=5.0;
/// The curves of H.273 that are known: those of video, its simple powers, light itself, sRGB's, PQ
/// and HLG.
const TRANSFERS: [u8; 10] = [1, 4, 5, 6, 8, 13, 14, 15, 16, 18];
const BT709: u8 = 1;
/// The white of sRGB, and its primaries.
const SRGB_POINTS: [f64; 8] = [0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06];

/// The profile of a file's colours; none for sRGB. `stored` is what the file has as a profile,
/// unpacked and not checked.
pub(crate) fn profile(file: &[u8], channels: Channels, stored: Option<Vec<u8>>) -> Option<Vec<u8>> {
    if let Some(named) = named(file) {
        return for_channels(named?, channels);
    }
    let usable = stored.filter(|stored| color::is_usable(stored, channels));
    if usable.is_some() {
        return usable;
    }
    if word::<1>(file, *b"sRGB").is_some() {
        return None;
    }
    for_channels(measured(file)?, channels)
}

/// The first chunk of this kind before the pixels, if it is whole and of this length.
fn word<const N: usize>(file: &[u8], kind: [u8; 4]) -> Option<[u8; N]> {
    chunks(file)
        .map_while(Result::ok)
        .take_while(|chunk| chunk.kind != *b"IDAT")
        .find(|chunk| chunk.kind == kind)
        .filter(super::container::png::Chunk::is_intact)
        .and_then(|chunk| chunk.body.try_into().ok())
}

/// What code points say, if they are known: nothing inside for sRGB.
fn named(file: &[u8]) -> Option<Option<Vec<u8>>> {
    // Colours as they are, in the full range: PNG has no others.
    let [primaries, transfer, 0, 1] = word(file, *b"cICP")? else {
        return None;
    };
    if !TRANSFERS.contains(&transfer) {
        return None;
    }
    let profile = profile_of_code_points(u16::from(primaries), u16::from(transfer));
    (profile.is_some() || primaries == BT709).then_some(profile)
}

/// What gamma and primaries say; each stands for sRGB's where it is not said, or cannot be.
fn measured(file: &[u8]) -> Option<Vec<u8>> {
    let gamma = word(file, *b"gAMA")
        .map(|gamma| f64::from(u32::from_be_bytes(gamma)) / UNITS)
        .filter(|gamma| GAMMAS.contains(gamma))
        .filter(|gamma| (gamma / SRGB_GAMMA - 1.0).abs() > SAME_GAMMA);
    let points = word::<32>(file, *b"cHRM").and_then(points);
    if gamma.is_none() && points.is_none() {
        return None;
    }
    let mut profile = ColorProfile::new_srgb();
    // Else its code points would go before what is set below.
    profile.cicp = None;
    if let Some([white_x, white_y, primaries @ ..]) = points {
        let white = XyY {
            x: white_x,
            y: white_y,
            yb: 1.0,
        };
        profile.update_rgb_colorimetry(white, color_primaries(primaries));
    }
    if let Some(gamma) = gamma {
        #[allow(clippy::cast_possible_truncation)] // a number with five places
        let curve = ToneReprCurve::Parametric(vec![(1.0 / gamma) as f32]);
        profile.red_trc = Some(curve.clone());
        profile.green_trc = Some(curve.clone());
        profile.blue_trc = Some(curve);
    }
    profile.encode().ok()
}

/// White, red, green and blue as coordinates, if they can be that: none on the edge, and the three
/// no line.
fn points(body: [u8; 32]) -> Option<[f64; 8]> {
    let (numbers, _) = body.as_chunks::<4>();
    let mut points = SRGB_POINTS;
    for (point, number) in points.iter_mut().zip(numbers) {
        *point = f64::from(u32::from_be_bytes(*number)) / UNITS;
    }
    let (pairs, _) = points.as_chunks::<2>();
    let inside = |[x, y]: &[f64; 2]| *y > 0.001 && *x <= 1.0 && x + y <= 1.1;
    let [_, _, red_x, red_y, green_x, green_y, blue_x, blue_y] = points;
    let area = (green_x - red_x) * (blue_y - red_y) - (blue_x - red_x) * (green_y - red_y);
    (pairs.iter().all(inside) && area.abs() > 0.001).then_some(points)
}

#[allow(clippy::cast_possible_truncation)] // numbers with five places
fn color_primaries(points: [f64; 6]) -> ColorPrimaries {
    let [red_x, red_y, green_x, green_y, blue_x, blue_y] = points.map(|point| point as f32);
    let point = |x, y| Chromaticity { x, y };
    ColorPrimaries {
        red: point(red_x, red_y),
        green: point(green_x, green_y),
        blue: point(blue_x, blue_y),
    }
}

/// For grays, the curve alone.
fn for_channels(profile: Vec<u8>, channels: Channels) -> Option<Vec<u8>> {
    if channels != Channels::Gray {
        return Some(profile);
    }
    // All three colours have the same curve here.
    let curve = ColorProfile::new_from_slice(&profile).ok()?.red_trc?;
    let mut gray = ColorProfile::new_gray_with_gamma(1.0);
    gray.gray_trc = Some(curve);
    gray.encode().ok()
}
