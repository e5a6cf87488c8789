//! The sky: a gradient, the sun with its glow, clouds in perspective, stars.

use super::mood::Look;
use super::noise;
use super::vector::{Vec3, smoothstep};

/// The light that comes from a direction above the horizon.
pub(super) fn light(look: &Look, direction: Vec3, seed: u32) -> Vec3 {
    let up = direction.1.max(0.0);
    let mut sky = look.skyline.mix(look.zenith, 1.0 - (-up * 3.4).exp());
    let near_sun = direction.dot(look.sun).max(0.0);
    let halo = near_sun.powf(9.0) * 0.35 + near_sun.powf(90.0) * 0.5 + near_sun.powf(900.0) * 0.6;
    sky = sky + look.glow * halo;
    if look.stars {
        sky = sky + Vec3(1.0, 1.02, 1.1) * star(direction, seed);
    }
    let disc = smoothstep(
        look.sun_disc,
        look.sun_disc + (1.0 - look.sun_disc) * 0.25,
        near_sun,
    );
    if look.sun_disc < 1.0 {
        sky = sky + look.sun_light * (disc * 6.0);
    }
    with_clouds(look, sky, direction, near_sun, seed)
}

fn with_clouds(look: &Look, sky: Vec3, direction: Vec3, near_sun: f32, seed: u32) -> Vec3 {
    let rise = direction.1 + 0.055;
    if look.clouds <= 0.0 || rise <= 0.06 {
        return sky;
    }
    // A flat layer of cloud overhead: near the horizon it is far away and seen from the side.
    let (x, y) = (direction.0 / rise * 0.85, direction.2 / rise * 0.42);
    let shift = noise::unit(4, 4, seed) * 200.0;
    let shape = noise::fractal(x * 1.1 + shift, y * 1.5 + shift, 6, seed ^ 0x51);
    let cover = smoothstep(0.74 - look.clouds * 0.42, 0.86 - look.clouds * 0.2, shape);
    let toward_sun = noise::fractal(
        x * 1.1 + shift + look.sun.0 * 0.16,
        y * 1.5 + shift + look.sun.1 * 0.16,
        4,
        seed ^ 0x51,
    );
    let lit = smoothstep(-0.12, 0.16, shape - toward_sun) * 0.75 + 0.25 * near_sun.powf(4.0);
    let colour = look.cloud_shade.mix(look.cloud_light, lit.min(1.0));
    let fade = smoothstep(0.06, 0.2, rise);
    sky.mix(colour, cover * fade * 0.92)
}

fn star(direction: Vec3, seed: u32) -> f32 {
    let (x, y) = (
        direction.0 / direction.2.max(0.2) * 260.0,
        direction.1 / direction.2.max(0.2) * 260.0,
    );
    let (cell_x, cell_y) = (x.floor(), y.floor());
    let (ix, iy) = (cell_x as i32, cell_y as i32);
    let milky = noise::fractal(x / 90.0 + y / 70.0, y / 240.0, 4, seed ^ 77);
    let there = noise::unit(ix, iy, seed ^ 31);
    if there < 0.955 - 0.05 * milky {
        return 0.0;
    }
    let offset = |axis: u32| 0.25 + 0.5 * noise::unit(ix, iy, seed ^ (32 + axis));
    let (dx, dy) = (x - cell_x - offset(0), y - cell_y - offset(1));
    let size = 0.06 + 0.1 * noise::unit(ix, iy, seed ^ 40).powi(6);
    let bright = 0.15 + 1.3 * noise::unit(ix, iy, seed ^ 41).powi(4);
    bright * (-(dx * dx + dy * dy) / (size * size)).exp()
}
