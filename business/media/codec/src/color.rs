//! From whatever colours a picture is in to sRGB.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use moxcms::{ColorProfile, DataColorSpace, Layout, Transform8BitExecutor, TransformOptions};

use crate::raster::{Channels, Raster};

/// A profile that moves no colour by more than this, of 255, is taken for sRGB's own and not
/// applied.
const SAME_COLOR: u8 = 1;
/// The largest profile that is applied, in bytes. Those of presses, the largest that are made, have
/// up to some 3 MB.
const PROFILE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// What the tables that colours are looked up in take at most, in bytes; those of ink are the
/// largest.
const TABLE_BYTES: u64 = 4 * 1024 * 1024;
/// What a profile's own tables are turned into takes, for each of its bytes: one table may stand
/// for seven.
const TABLE_BYTES_PER_BYTE: u64 = 16;

/// What applying a profile takes beside the picture, in bytes.
pub(crate) fn profile_work_bytes(profile: Option<&[u8]>) -> u64 {
    profile.map_or(0, |profile| {
        let applied = profile.len().min(PROFILE_BYTES_MAX) as u64;
        TABLE_BYTES + applied * TABLE_BYTES_PER_BYTE
    })
}

/// The picture in sRGB. A profile that is broken, or made for another kind of pixels, counts as
/// none: what has no profile is taken to be sRGB, its grays, or plain ink.
pub(crate) fn to_srgb(raster: Raster, profile: Option<&[u8]>) -> Raster {
    if let Some(profile) = profile
        && let Some(pixels) = convert(&raster, profile)
    {
        return Raster {
            channels: Channels::Rgb,
            pixels,
            ..raster
        };
    }
    match raster.channels {
        Channels::Rgb => raster,
        Channels::Gray => expand::<1>(&raster, |[gray]| [gray, gray, gray]),
        Channels::Cmyk => expand::<4>(&raster, ink_to_rgb),
    }
}

/// The picture in sRGB if it is of ink, which does not mix as light does; any other as it is.
pub(crate) fn without_ink(raster: Raster, profile: Option<&[u8]>) -> Raster {
    if raster.channels == Channels::Cmyk {
        to_srgb(raster, profile)
    } else {
        raster
    }
}

/// A panic in the colour library counts as a broken profile.
fn convert(raster: &Raster, profile: &[u8]) -> Option<Vec<u8>> {
    catch_unwind(AssertUnwindSafe(|| apply_profile(raster, profile)))
        .ok()
        .flatten()
}

fn apply_profile(raster: &Raster, profile: &[u8]) -> Option<Vec<u8>> {
    let transform = transform(raster.channels, profile)?;
    let run = |from: &[u8], to: &mut [u8]| transform.transform(from, to).ok();
    // Grays and ink have to be converted in any case; colours may be in sRGB already.
    if raster.channels == Channels::Rgb {
        let probes = probes();
        let mut moved = vec![0; probes.len()];
        run(&probes, &mut moved)?;
        let same = |(from, to): (&u8, &u8)| from.abs_diff(*to) <= SAME_COLOR;
        if probes.iter().zip(&moved).all(same) {
            return None;
        }
    }
    let mut pixels = vec![0; raster.pixels.len() / raster.channels.count() * 3];
    run(&raster.pixels, &mut pixels)?;
    Some(pixels)
}

/// Whether pixels of this kind can be converted by a profile, whether or not that changes them.
pub(crate) fn is_usable(profile: &[u8], channels: Channels) -> bool {
    catch_unwind(|| transform(channels, profile).is_some()).unwrap_or(false)
}

fn transform(channels: Channels, profile: &[u8]) -> Option<Arc<Transform8BitExecutor>> {
    if profile.len() > PROFILE_BYTES_MAX {
        return None;
    }
    let profile = ColorProfile::new_from_slice(profile).ok()?;
    let (space, layout) = match channels {
        Channels::Gray => (DataColorSpace::Gray, Layout::Gray),
        Channels::Rgb => (DataColorSpace::Rgb, Layout::Rgb),
        // The library's four-channel layout, whatever its channels are.
        Channels::Cmyk => (DataColorSpace::Cmyk, Layout::Rgba),
    };
    if profile.color_space != space {
        return None;
    }
    let options = TransformOptions {
        rendering_intent: profile.rendering_intent,
        ..TransformOptions::default()
    };
    profile
        .create_transform_8bit(layout, &ColorProfile::new_srgb(), Layout::Rgb, options)
        .ok()
}

/// Colours from all over the cube: six steps on each axis.
fn probes() -> Vec<u8> {
    let steps = || (0..=255).step_by(51);
    steps()
        .flat_map(|red| steps().flat_map(move |green| steps().map(move |blue| [red, green, blue])))
        .flatten()
        .collect()
}

fn expand<const N: usize>(raster: &Raster, rgb: impl Fn([u8; N]) -> [u8; 3]) -> Raster {
    let (pixels, _) = raster.pixels.as_chunks::<N>();
    Raster {
        width: raster.width,
        height: raster.height,
        channels: Channels::Rgb,
        pixels: pixels.iter().flat_map(|pixel| rgb(*pixel)).collect(),
    }
}

/// Ink without a profile: each colour absorbs its own, black absorbs all.
#[allow(clippy::cast_possible_truncation)] // a product of two bytes over 255 is a byte
fn ink_to_rgb([cyan, magenta, yellow, black]: [u8; 4]) -> [u8; 3] {
    let light = |ink: u8| (u32::from(255 - ink) * u32::from(255 - black) / 255) as u8;
    [light(cyan), light(magenta), light(yellow)]
}
