//! Pictures are made smaller in light: fine patterns keep their brightness.

use png::{BitDepth, ColorType};

use crate::pictures::{Rgb, look, make, png};

/// How far the mean light of a pattern may move, of 1. In numbers as stored half black and half
/// white would become 128, which is a light of 0.22 and not 0.5.
const LIGHT_MOVES_MAX: f64 = 0.02;

/// The published curve of sRGB.
fn light(byte: u8) -> f64 {
    let value = f64::from(byte) / 255.0;
    if value <= 0.040_45 {
        value / 12.92
    } else {
        ((value + 0.055) / 1.055).powf(2.4)
    }
}

fn mean_light(picture: &Rgb) -> f64 {
    picture.pixels.iter().map(|byte| light(*byte)).sum::<f64>() / picture.pixels.len() as f64
}

/// Whether a pixel is white.
type Pattern = fn(u32, u32) -> bool;

#[test]
fn fine_patterns_keep_their_mean_light() {
    let patterns: [(&str, Pattern); 4] = [
        ("chess board", |x, y| (x + y) % 2 == 0),
        ("upright lines", |x, _| x % 2 == 0),
        ("level lines", |_, y| y % 2 == 0),
        ("thin lines", |x, _| x % 5 == 0),
    ];
    for (width, height) in [(4_096, 300), (3_000, 200), (300, 2_500)] {
        for (name, is_white) in patterns {
            let picture = Rgb::new(width, height, |x, y| {
                [if is_white(x, y) { 255 } else { 0 }; 3]
            });
            let bytes = png(
                width,
                height,
                ColorType::Rgb,
                BitDepth::Eight,
                &picture.pixels,
                |_| (),
            );
            let processed = make(&bytes).unwrap();
            for step in ["full", "feed", "grid"] {
                let (seen, meant) = (mean_light(&look(&processed, step)), mean_light(&picture));
                assert!(
                    (seen - meant).abs() < LIGHT_MOVES_MAX,
                    "{name} of {width} by {height} as {step}: {seen:.3} for {meant:.3}"
                );
            }
        }
    }
}
