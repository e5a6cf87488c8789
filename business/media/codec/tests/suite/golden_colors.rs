//! Colours held against what the codec's own colour library has no part in: sRGB's numbers computed
//! from published primaries. Real photos of all formats are held against libvips in
//! `business/media/external_codecs`, where all can be read.

use moxcms::ColorProfile;
use png::{BitDepth, ColorType};
use testing_kit::color::{
    D50, D65, SRGB_PRIMARIES, adapted, difference, inverse, lab, product, srgb_light, srgb_number,
    times, to_xyz,
};

use crate::pictures::{Rgb, look, make, png};

/// The furthest that a patch may be from its colour, as CIE76: a byte of a wide profile and JPEG's
/// rounding together.
const PATCH_DIFFERENCE_MAX: f64 = 4.0;
/// The same for the mean of all patches.
const PATCH_DIFFERENCE_MEAN_MAX: f64 = 1.2;

/// A colour space by its published primaries, white point and curve (of numbers from light).
struct Space {
    name: &'static str,
    profile: ColorProfile,
    primaries: [[f64; 2]; 3],
    white: [f64; 2],
    number: fn(f64) -> f64,
}

fn spaces() -> [Space; 3] {
    [
        Space {
            name: "Display P3",
            profile: ColorProfile::new_display_p3(),
            primaries: [[0.680, 0.320], [0.265, 0.690], [0.150, 0.060]],
            white: D65,
            number: srgb_number,
        },
        Space {
            name: "Adobe RGB",
            profile: ColorProfile::new_adobe_rgb(),
            primaries: [[0.64, 0.33], [0.21, 0.71], [0.15, 0.06]],
            white: D65,
            number: |light| light.powf(256.0 / 563.0),
        },
        Space {
            name: "ProPhoto RGB",
            profile: ColorProfile::new_pro_photo_rgb(),
            primaries: [[0.734_7, 0.265_3], [0.159_6, 0.840_4], [0.036_6, 0.000_1]],
            white: D50,
            number: |light| {
                if light < 1.0 / 512.0 {
                    light * 16.0
                } else {
                    light.powf(1.0 / 1.8)
                }
            },
        },
    ]
}

/// Pixels a side of a patch.
const PATCH: u32 = 32;

#[test]
fn patches_in_wide_spaces_come_out_as_the_colors_they_are() {
    let steps = [12_u8, 70, 128, 190, 245];
    let patches: Vec<[u8; 3]> = steps
        .into_iter()
        .flat_map(|red| steps.map(|green| (red, green)))
        .flat_map(|(red, green)| steps.map(|blue| [red, green, blue]))
        .collect();
    for space in spaces() {
        let from_srgb = product(
            &inverse(&to_xyz(space.primaries, space.white)),
            &product(&adapted(D65, space.white), &to_xyz(SRGB_PRIMARIES, D65)),
        );
        let stored: Vec<[u8; 3]> = patches
            .iter()
            .map(|patch| {
                let light = times(&from_srgb, patch.map(srgb_light));
                light.map(|light| ((space.number)(light.clamp(0.0, 1.0)) * 255.0).round() as u8)
            })
            .collect();
        let (across, down) = (25, 5);
        let picture = Rgb::new(across * PATCH, down * PATCH, |x, y| {
            stored[(y / PATCH * across + x / PATCH) as usize]
        });
        let profile = space.profile.encode().unwrap();
        let bytes = png(
            picture.width,
            picture.height,
            ColorType::Rgb,
            BitDepth::Eight,
            &picture.pixels,
            |info| info.icc_profile = Some(profile.into()),
        );
        let seen = look(&make(&bytes).unwrap(), "full");
        let mut sum = 0.0;
        for (number, patch) in (0..).zip(&patches) {
            let (x, y) = (number % across * PATCH, number / across * PATCH);
            let color = seen.at(x + PATCH / 2, y + PATCH / 2);
            let apart = difference(lab(color), lab(*patch));
            assert!(
                apart < PATCH_DIFFERENCE_MAX,
                "{}: saw {color:?} for {patch:?}, {apart:.1} apart",
                space.name
            );
            sum += apart;
        }
        let mean = sum / patches.len() as f64;
        println!("{}: {mean:.2}", space.name);
        assert!(
            mean < PATCH_DIFFERENCE_MEAN_MAX,
            "{}: {mean:.2}",
            space.name
        );
    }
}
