//! Colour profiles, and pictures in them.

use crate::picture::Picture;

/// The Display P3 profile that phones put in their photos.
///
/// # Panics
/// Never: the profile is a constant of the library that writes it.
#[must_use]
pub fn display_p3() -> Vec<u8> {
    moxcms::ColorProfile::new_display_p3()
        .encode()
        .expect("a built-in profile can be written")
}

/// The same colours, as numbers in Display P3: shown without regard to the profile it looks pale.
#[must_use]
pub fn in_display_p3(picture: &Picture) -> Picture {
    // From linear sRGB to linear Display P3; both have the same white and the same transfer curve.
    const MATRIX: [[f32; 3]; 3] = [
        [0.822_462, 0.177_538, 0.0],
        [0.033_194, 0.966_806, 0.0],
        [0.017_083, 0.072_397, 0.910_520],
    ];
    let rgb = picture
        .rgb
        .chunks_exact(3)
        .flat_map(|pixel| {
            let linear = [
                to_linear(pixel[0]),
                to_linear(pixel[1]),
                to_linear(pixel[2]),
            ];
            MATRIX.map(|row| {
                from_linear(row[0] * linear[0] + row[1] * linear[1] + row[2] * linear[2])
            })
        })
        .collect();
    Picture { rgb, ..*picture }
}

fn to_linear(value: u8) -> f32 {
    let value = f32::from(value) / 255.0;
    if value <= 0.040_45 {
        value / 12.92
    } else {
        ((value + 0.055) / 1.055).powf(2.4)
    }
}

fn from_linear(light: f32) -> u8 {
    let value = if light <= 0.003_130_8 {
        light * 12.92
    } else {
        1.055 * light.powf(1.0 / 2.4) - 0.055
    };
    (value * 255.0).round().clamp(0.0, 255.0) as u8
}
