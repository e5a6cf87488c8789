//! Between the numbers of sRGB and light.
//!
//! What a sensor or an eye adds up is light; the numbers in a file are about its square root.
//! Pixels that become one must be added as light, or fine patterns come out too dark.
//!
//! The curve here is a polynomial near sRGB's own, so that it can be computed for many pixels at
//! once: for pairs of grays their mean differs from the exact one by less than 1 of 255 where they
//! are light, and less than 2.5 in the deepest shadows. There and back is the same number for
//! all 256.

/// How light grows with the square of a number; the rest grows with the cube. The least squares to
/// sRGB's curve.
const SQUARE: f32 = 0.733_297_1;
const CUBE: f32 = 1.0 - SQUARE;
/// The inverse as powers of the square root of light, by least squares; off by less than 0.02
/// of 255.
const INVERSE: [f32; 4] = [1.166_785_2, -0.237_539_13, 0.093_553_89, -0.022_850_7];

/// The light, 0 to 1, of bytes. Both are as long.
#[inline(always)]
pub(super) fn from_bytes(bytes: &[u8], light: &mut [f32]) {
    for (byte, light) in bytes.iter().zip(light) {
        let value = f32::from(*byte) * (1.0 / 255.0);
        *light = value * value * (SQUARE + CUBE * value);
    }
}

/// The bytes of light, which may reach a little beyond 0 to 1. Both are as long.
#[inline(always)]
#[allow(clippy::cast_possible_truncation)] // the last byte is what is wanted
pub(super) fn to_bytes(light: &[f32], bytes: &mut [u8]) {
    /// Added to a small number it leaves that number, rounded, in the lowest bits.
    const ROUND: f32 = 8_388_608.0;
    let [first, second, third, fourth] = INVERSE;
    for (light, byte) in light.iter().zip(bytes) {
        let root = light.clamp(0.0, 1.0).sqrt();
        let value = root * (first + root * (second + root * (third + root * fourth)));
        *byte = (value * 255.0 + ROUND).to_bits() as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back_is_the_same_number() {
        let all: Vec<u8> = (0..=255).collect();
        let (mut light, mut back) = ([0.0; 256], vec![0; 256]);
        from_bytes(&all, &mut light);
        to_bytes(&light, &mut back);
        assert_eq!(all, back);
    }

    /// The published curve of sRGB, computed here on its own.
    fn exact(byte: u8) -> f64 {
        let value = f64::from(byte) / 255.0;
        if value <= 0.040_45 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    }

    #[test]
    fn the_mean_of_two_grays_is_that_of_their_light() {
        let all: Vec<u8> = (0..=255).collect();
        let mut light = [0.0; 256];
        from_bytes(&all, &mut light);
        for dark in 0..=255_u8 {
            for bright in dark..=255 {
                let mixed = f32::midpoint(light[usize::from(dark)], light[usize::from(bright)]);
                let mut seen = [0];
                to_bytes(&[mixed], &mut seen);
                let [seen] = seen;
                let mean = f64::midpoint(exact(dark), exact(bright));
                let expected = (0..=255_u8)
                    .min_by(|a, b| {
                        (exact(*a) - mean)
                            .abs()
                            .total_cmp(&(exact(*b) - mean).abs())
                    })
                    .unwrap_or_default();
                let within = if bright >= 100 { 1 } else { 3 };
                assert!(
                    seen.abs_diff(expected) <= within,
                    "{dark} and {bright}: {seen} for {expected}"
                );
            }
        }
    }
}
