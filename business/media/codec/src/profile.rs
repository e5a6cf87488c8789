//! What is to be known of a colour profile beside applying it: whether it changes anything, and
//! what of it colour needs.

use std::panic::{AssertUnwindSafe, catch_unwind};

use moxcms::ColorProfile;

use crate::raster::{Channels, Raster};
use crate::{Format, color, container, png_reader};

/// Two profiles that differ by no more than this, of 255, on any colour tried are the same.
const SAME_COLOR: u8 = 1;
/// Where a profile says when it was made.
const DATE: std::ops::Range<usize> = 24..36;

/// The colour profile of a file of a format that is read here, for pixels of this kind; not
/// checked.
pub(crate) fn of_file(format: Format, file: &[u8], channels: Channels) -> Option<Vec<u8>> {
    match format {
        Format::Jpeg => container::jpeg::profile(file),
        Format::Png => png_reader::profile(file, channels),
        Format::WebP => container::webp::chunks(container::webp::inside(file).ok()?)
            .map_while(Result::ok)
            .find(|chunk| chunk.kind == *b"ICCP")
            .map(|chunk| chunk.body.to_vec()),
        Format::Gif | Format::Avif | Format::Heic => None,
    }
}

/// Whether pixels mean the same without the profile. One that cannot be used changes nothing.
pub(crate) fn is_needless(profile: &[u8], channels: Channels) -> bool {
    same(&looks(channels, Some(profile)), &looks(channels, None))
}

/// The profile without what colour does not need: names, texts, dates, and the way back from other
/// colours. Nothing when it cannot be written so that it means the same.
pub(crate) fn reduced(profile: &[u8], channels: Channels) -> Option<Vec<u8>> {
    let short = catch_unwind(|| reduce(profile)).ok().flatten()?;
    same(
        &looks(channels, Some(profile)),
        &looks(channels, Some(&short)),
    )
    .then_some(short)
}

fn reduce(profile: &[u8]) -> Option<Vec<u8>> {
    let mut profile = ColorProfile::new_from_slice(profile).ok()?;
    profile.copyright = None;
    profile.description = None;
    profile.device_manufacturer = None;
    profile.device_model = None;
    profile.char_target = None;
    profile.viewing_conditions = None;
    profile.viewing_conditions_description = None;
    profile.technology = None;
    profile.measurement = None;
    profile.luminance = None;
    profile.calibration_date = None;
    profile.gamut = None;
    profile.lut_b_to_a_perceptual = None;
    profile.lut_b_to_a_colorimetric = None;
    profile.lut_b_to_a_saturation = None;
    let mut short = profile.encode().ok()?;
    // The writer notes when it wrote.
    short.get_mut(DATE)?.fill(0);
    Some(short)
}

/// Colours from all over, in sRGB.
fn looks(channels: Channels, profile: Option<&[u8]>) -> Vec<u8> {
    let steps = || (0..=255u8).step_by(51);
    let pixels: Vec<u8> = match channels {
        Channels::Gray => (0..=255).collect(),
        Channels::Rgb => steps()
            .flat_map(|red| {
                steps().flat_map(move |green| steps().map(move |blue| [red, green, blue]))
            })
            .flatten()
            .collect(),
        Channels::Cmyk => steps()
            .flat_map(|cyan| {
                steps().flat_map(move |magenta| {
                    steps().flat_map(move |yellow| {
                        steps().map(move |black| [cyan, magenta, yellow, black])
                    })
                })
            })
            .flatten()
            .collect(),
    };
    let raster = Raster {
        width: u32::try_from(pixels.len() / channels.count()).unwrap_or(0),
        height: 1,
        channels,
        pixels,
    };
    let convert = AssertUnwindSafe(|| color::to_srgb(raster, profile).pixels);
    catch_unwind(convert).unwrap_or_default()
}

fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len()
        && one
            .iter()
            .zip(other)
            .all(|(one, other)| one.abs_diff(*other) <= SAME_COLOR)
}
