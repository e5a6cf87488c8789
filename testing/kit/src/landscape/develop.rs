//! From light to a photo: exposure, a film's curve, the lens's dark corners, grain.

use super::mood::Look;
use super::noise;
use super::render::Frame;
use crate::picture::Picture;

const CURVE_STEPS: usize = 4096;
/// Light that the curve's table reaches; more is white.
const LIGHT_MAX: f32 = 6.0;

pub(super) fn develop(frame: &Frame, look: &Look, seed: u32) -> Picture {
    let curve = curve(look.exposure);
    let (width, height) = (frame.width, frame.height);
    let mut rgb = vec![0; width * height * 3];
    let half = height / 2;
    let (top, bottom) = rgb.split_at_mut(half * width * 3);
    let rows = |first: usize, part: &mut [u8]| {
        for (index, line) in part.chunks_exact_mut(width * 3).enumerate() {
            develop_row(frame, first + index, line, &curve, look.grain, seed);
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| rows(0, top));
        rows(half, bottom);
    });
    Picture {
        width: width as u32,
        height: height as u32,
        rgb,
    }
}

fn develop_row(frame: &Frame, row: usize, line: &mut [u8], curve: &[f32], grain: f32, seed: u32) {
    let (width, height) = (frame.width as f32, frame.height as f32);
    let down = (row as f32 / height - 0.5) * (height / width);
    for (x, pixel) in line.chunks_exact_mut(3).enumerate() {
        let light = frame.light[x * frame.height + row];
        let across = x as f32 / width - 0.5;
        let corner = 1.0 - 0.55 * (across * across + down * down);
        let speck = hashed_grain(x, row, seed) * grain;
        for (value, channel) in pixel.iter_mut().zip([light.0, light.1, light.2]) {
            let step = (channel * corner / LIGHT_MAX * CURVE_STEPS as f32) as usize;
            let toned = curve[step.min(CURVE_STEPS - 1)];
            // Grain shows in the middle tones, hardly in black and white.
            let strength = 0.4 + 2.4 * toned * (1.0 - toned);
            *value = (toned * 255.0 + speck * strength).round().clamp(0.0, 255.0) as u8;
        }
    }
}

/// Bell-shaped, about -1 to 1.
fn hashed_grain(x: usize, y: usize, seed: u32) -> f32 {
    let bits = noise::hash(x as i32, y as i32, seed ^ 0xf11a);
    let sum: u32 = (0..4).map(|index| (bits >> (index * 8)) & 0xff).sum();
    sum as f32 / 510.0 - 1.0
}

fn curve(exposure: f32) -> Vec<f32> {
    let tone = |step: usize| {
        let light = (step as f32 + 0.5) / CURVE_STEPS as f32 * LIGHT_MAX * exposure;
        let film = 1.0 - (-light).exp();
        let shown = film.powf(1.0 / 2.2);
        // A little more contrast than the eye would need.
        shown + 0.5 * shown * (1.0 - shown) * (2.0 * shown - 1.0)
    };
    (0..CURVE_STEPS).map(tone).collect()
}
