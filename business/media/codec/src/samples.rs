//! Samples as decoders give them, made into those that are worked on.

/// The picture laid on white, where it is not opaque: what is served has no transparency.
/// Takes and gives rows of whole pixels; `colors` is 1 or 3.
pub(crate) fn flatten_on_white(with_alpha: &[u8], colors: usize, opaque: &mut [u8]) {
    let pixels = with_alpha.chunks_exact(colors + 1);
    for (from, to) in pixels.zip(opaque.chunks_exact_mut(colors)) {
        let alpha = u32::from(from[colors]);
        for (color, out) in from.iter().zip(to) {
            let mixed = u32::from(*color) * alpha + 255 * (255 - alpha);
            *out = ((mixed + 127) / 255) as u8;
        }
    }
}

/// Samples of sixteen bits become the nearest of eight, in place: the front part that they then
/// take.
///
/// Nothing served holds more than eight bits, and rounding is off by half a step at most, to
/// neither side. Cutting the lower byte off made pictures darker by half a step on the average.
/// Sixteen bits up to the scaler would need its rows, and the whole raster, at twice the size for a
/// difference below that of the JPEG's own rounding.
pub(crate) fn rounded_to_bytes(samples: &mut [u8]) -> &mut [u8] {
    let count = samples.len() / 2;
    for at in 0..count {
        let deep = u32::from(samples[2 * at]) << 8 | u32::from(samples[2 * at + 1]);
        samples[at] = ((deep * 255 + 32_767) / 65_535) as u8;
    }
    &mut samples[..count]
}
