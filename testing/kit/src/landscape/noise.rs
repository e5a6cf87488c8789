//! Smooth randomness from a hash of lattice points, so that a seed draws its picture again.

/// 32 well-mixed bits of a lattice point.
pub(super) fn hash(x: i32, y: i32, seed: u32) -> u32 {
    let mut bits = x.cast_unsigned().wrapping_mul(0x27d4_eb2d)
        ^ y.cast_unsigned().wrapping_mul(0x1656_67b1)
        ^ seed.wrapping_mul(0x9e37_79b9);
    bits = (bits ^ (bits >> 15)).wrapping_mul(0x85eb_ca6b);
    bits = (bits ^ (bits >> 13)).wrapping_mul(0xc2b2_ae35);
    bits ^ (bits >> 16)
}

/// A number from 0 to 1 for a lattice point.
pub(super) fn unit(x: i32, y: i32, seed: u32) -> f32 {
    (hash(x, y, seed) >> 8) as f32 / 16_777_216.0
}

/// Value noise, 0 to 1, with its slopes in x and y.
pub(super) fn with_slopes(x: f32, y: f32, seed: u32) -> (f32, f32, f32) {
    let (cell_x, cell_y) = (x.floor(), y.floor());
    let (fx, fy) = (x - cell_x, y - cell_y);
    let (ix, iy) = (cell_x as i32, cell_y as i32);
    let (a, b) = (unit(ix, iy, seed), unit(ix + 1, iy, seed));
    let (c, d) = (unit(ix, iy + 1, seed), unit(ix + 1, iy + 1, seed));
    let ease = |t: f32| t * t * t * (t * (t * 6.0 - 15.0) + 10.0);
    let slope = |t: f32| 30.0 * t * t * (t * (t - 2.0) + 1.0);
    let (u, v) = (ease(fx), ease(fy));
    let k = a - b - c + d;
    (
        a + (b - a) * u + (c - a) * v + k * u * v,
        slope(fx) * (b - a + k * v),
        slope(fy) * (c - a + k * u),
    )
}

/// Value noise, 0 to 1.
pub(super) fn value(x: f32, y: f32, seed: u32) -> f32 {
    let (cell_x, cell_y) = (x.floor(), y.floor());
    let (fx, fy) = (x - cell_x, y - cell_y);
    let (ix, iy) = (cell_x as i32, cell_y as i32);
    let ease = |t: f32| t * t * (3.0 - 2.0 * t);
    let (u, v) = (ease(fx), ease(fy));
    let mix = |from: f32, to: f32, part: f32| from + (to - from) * part;
    let top = mix(unit(ix, iy, seed), unit(ix + 1, iy, seed), u);
    let bottom = mix(unit(ix, iy + 1, seed), unit(ix + 1, iy + 1, seed), u);
    mix(top, bottom, v)
}

/// Several octaves of value noise, 0 to 1.
pub(super) fn fractal(mut x: f32, mut y: f32, octaves: u32, seed: u32) -> f32 {
    let (mut sum, mut weight, mut total) = (0.0, 0.5, 0.0);
    for octave in 0..octaves {
        sum += weight * value(x, y, seed.wrapping_add(octave));
        total += weight;
        weight *= 0.5;
        // Each octave is turned, so that the lattices do not line up.
        (x, y) = (1.6 * x - 1.2 * y, 1.2 * x + 1.6 * y);
    }
    sum / total
}
