//! Two passes: down, out of a strip of as few rows as the kernel reaches, and then across, several
//! rows at a time side by side, so that both passes do the same to neighbouring numbers.
//!
//! Catmull-Rom keeps detail sharp, and at hard edges overshoots: in light a dark edge beside a
//! bright one would turn black. So no pixel may become darker or brighter than the pixels it lies
//! among (those that the kernel counts for it and not against it).

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch, f32x4, f32x8, f32x16};

use super::light;

/// How far the kernel reaches, in pixels of the smaller picture.
const REACH: f32 = 2.0;
/// Values of a row that are worked on at once.
const LANES: usize = 32;
/// Rows that go across at once.
const ROWS: usize = 8;

/// Which pixels of a line become one, and how much each counts.
struct Taps {
    first: usize,
    weights: Vec<f32>,
    /// The part of them among which the new pixel lies.
    core: std::ops::Range<usize>,
}

/// Catmull-Rom's kernel at a distance.
fn kernel(distance: f32) -> f32 {
    let x = distance.abs();
    if x < 1.0 {
        (1.5 * x - 2.5) * x * x + 1.0
    } else if x < REACH {
        ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    } else {
        0.0
    }
}

/// The taps of every pixel of a line of `to` pixels made from `from`.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)] // sides are at most 65,535 pixels, and none is negative after `max`
fn taps(from: usize, to: usize) -> Vec<Taps> {
    let scale = from as f32 / to as f32;
    let line = |place: usize| {
        let center = (place as f32 + 0.5) * scale;
        // The first and the last whose middle is within reach.
        let first = (center - REACH * scale + 0.5).floor().max(0.0) as usize;
        let end = ((center + REACH * scale + 0.5).floor() as usize).clamp(first + 1, from);
        let distance = |at: usize| (at as f32 + 0.5 - center) / scale;
        let mut weights: Vec<f32> = (first..end).map(|at| kernel(distance(at))).collect();
        let is_core = |at: &usize| distance(first + at).abs() < 1.0;
        let start = (0..weights.len()).find(is_core).unwrap_or(0);
        let count = (start..weights.len()).take_while(is_core).count().max(1);
        // At an edge the kernel is cut off, and what is left of it has to add up to one.
        let sum: f32 = weights.iter().sum();
        weights.iter_mut().for_each(|weight| *weight /= sum);
        Taps {
            first,
            weights,
            core: start..start + count,
        }
    };
    (0..to).map(line).collect()
}

/// A picture of `COLORS` bytes a pixel at another size, as sRGB or gray numbers in and out.
pub(super) fn resample<const COLORS: usize>(
    pixels: &[u8],
    from: (usize, usize),
    to: (usize, usize),
) -> Vec<u8> {
    let mut smaller = vec![0; to.0 * to.1 * COLORS];
    dispatch!(Level::new(), simd => run::<COLORS, _>(simd, pixels, from, to, &mut smaller));
    smaller
}

#[inline(always)]
fn run<const COLORS: usize, S: Simd>(
    simd: S,
    pixels: &[u8],
    from: (usize, usize),
    to: (usize, usize),
    smaller: &mut [u8],
) {
    let (down, across) = (taps(from.1, to.1), taps(from.0, to.0));
    let mut strip = Strip::new(pixels, from.0 * COLORS, &down);
    let blocks = strip.blocks;
    let mut rows = vec![[0.0; LANES]; ROWS * blocks];
    let mut columns = vec![[[0.0; ROWS]; COLORS]; from.0];
    let mut narrow = vec![[[0.0; ROWS]; COLORS]; to.0];
    let mut bytes = vec![0; to.0 * COLORS * ROWS];
    let chunk = bytes.len();
    for (downs, out) in down.chunks(ROWS).zip(smaller.chunks_mut(chunk)) {
        for (taps, row) in downs.iter().zip(rows.chunks_exact_mut(blocks)) {
            strip.reach(taps);
            shrink_down(simd, &strip.rows(taps), taps, row);
        }
        turn(
            simd,
            rows.as_flattened(),
            blocks * LANES,
            columns.as_flattened_mut(),
        );
        shrink_across(simd, &columns, &across, &mut narrow);
        convert_back(narrow.as_flattened(), &mut bytes, out);
    }
}

/// The light of the rows that the kernel reaches.
struct Strip<'p> {
    pixels: &'p [u8],
    row_values: usize,
    /// Of a row, each of [`LANES`].
    blocks: usize,
    height: usize,
    /// A row stands where its number, modulo the height, says: where the row that is out of reach
    /// was.
    light: Vec<[f32; LANES]>,
    read: usize,
}

impl<'p> Strip<'p> {
    #[inline(always)]
    fn new(pixels: &'p [u8], row_values: usize, down: &[Taps]) -> Self {
        let blocks = row_values.div_ceil(LANES);
        let height = down
            .iter()
            .map(|taps| taps.weights.len())
            .max()
            .unwrap_or(1);
        Self {
            pixels,
            row_values,
            blocks,
            height,
            light: vec![[0.0; LANES]; height * blocks],
            read: 0,
        }
    }

    /// Reads on to the last of these rows.
    #[inline(always)]
    fn reach(&mut self, taps: &Taps) {
        let end = taps.first + taps.weights.len();
        for y in self.read.max(taps.first)..end {
            let bytes = &self.pixels[y * self.row_values..(y + 1) * self.row_values];
            let start = y % self.height * self.blocks;
            let light = &mut self.light[start..start + self.blocks];
            light::from_bytes(bytes, light.as_flattened_mut());
        }
        self.read = end;
    }

    #[inline(always)]
    fn rows(&self, taps: &Taps) -> Vec<&[[f32; LANES]]> {
        let row = |y: usize| {
            let start = y % self.height * self.blocks;
            &self.light[start..start + self.blocks]
        };
        (taps.first..taps.first + taps.weights.len())
            .map(row)
            .collect()
    }
}

/// One row out of several, all as long.
#[inline(always)]
fn shrink_down<S: Simd>(simd: S, rows: &[&[[f32; LANES]]], taps: &Taps, row: &mut [[f32; LANES]]) {
    let core = rows.get(taps.core.clone()).unwrap_or_default();
    for (block, out) in row.iter_mut().enumerate() {
        let load = |row: &&[[f32; LANES]]| {
            let lanes = row[block].as_chunks::<16>().0;
            [0, 1].map(|half| f32x16::from_slice(simd, &lanes[half]))
        };
        let zero = f32x16::splat(simd, 0.0);
        let mut sums = [zero; 2];
        for (row, weight) in rows.iter().zip(&taps.weights) {
            let lanes = load(row);
            sums = [0, 1].map(|half| lanes[half].mul_add(*weight, sums[half]));
        }
        let mut least = [f32x16::splat(simd, f32::MAX); 2];
        let mut most = [zero; 2];
        for row in core {
            let lanes = load(row);
            least = [0, 1].map(|half| least[half].min(lanes[half]));
            most = [0, 1].map(|half| most[half].max(lanes[half]));
        }
        for (half, out) in out.as_chunks_mut::<16>().0.iter_mut().enumerate() {
            sums[half].max(least[half]).min(most[half]).store_slice(out);
        }
    }
}

/// Rows side by side: of every value what each row has there.
#[inline(always)]
fn turn<S: Simd>(simd: S, rows: &[f32], row_values: usize, columns: &mut [[f32; ROWS]]) {
    /// Values of a row that are turned at once.
    const SIDE: usize = 4;
    for half in 0..ROWS / SIDE {
        let [first, second, third, fourth] = std::array::from_fn(|row| {
            rows[(half * SIDE + row) * row_values..][..row_values]
                .as_chunks::<SIDE>()
                .0
        });
        for (block, columns) in columns.chunks_mut(SIDE).enumerate() {
            let load = |row: &[[f32; SIDE]]| f32x4::from_slice(simd, &row[block]);
            let (first, second) = (load(first), load(second));
            let (third, fourth) = (load(third), load(fourth));
            let (odd, even) = (first.zip_low(third), second.zip_low(fourth));
            let (odd_end, even_end) = (first.zip_high(third), second.zip_high(fourth));
            let turned = [
                odd.zip_low(even),
                odd.zip_high(even),
                odd_end.zip_low(even_end),
                odd_end.zip_high(even_end),
            ];
            for (column, turned) in columns.iter_mut().zip(turned) {
                turned.store_slice(&mut column[half * SIDE..(half + 1) * SIDE]);
            }
        }
    }
}

/// Fewer pixels a row.
#[inline(always)]
fn shrink_across<const COLORS: usize, S: Simd>(
    simd: S,
    columns: &[[[f32; ROWS]; COLORS]],
    across: &[Taps],
    narrow: &mut [[[f32; ROWS]; COLORS]],
) {
    for (taps, narrow) in across.iter().zip(narrow) {
        let reached = &columns[taps.first..taps.first + taps.weights.len()];
        let mut sums = [f32x8::splat(simd, 0.0); COLORS];
        for (pixel, weight) in reached.iter().zip(&taps.weights) {
            for (sum, lanes) in sums.iter_mut().zip(pixel) {
                *sum = f32x8::from_slice(simd, lanes).mul_add(*weight, *sum);
            }
        }
        let mut spans = [(f32x8::splat(simd, f32::MAX), f32x8::splat(simd, 0.0)); COLORS];
        for pixel in &reached[taps.core.clone()] {
            for ((least, most), lanes) in spans.iter_mut().zip(pixel) {
                let lanes = f32x8::from_slice(simd, lanes);
                *least = least.min(lanes);
                *most = most.max(lanes);
            }
        }
        for ((sum, (least, most)), out) in sums.into_iter().zip(spans).zip(narrow) {
            sum.max(least).min(most).store_slice(out);
        }
    }
}

/// Rows one below the other again, as bytes: as many as `out` has room for.
#[inline(always)]
fn convert_back(columns: &[[f32; ROWS]], bytes: &mut [u8], out: &mut [u8]) {
    light::to_bytes(columns.as_flattened(), bytes);
    let (columns, _) = bytes.as_chunks::<ROWS>();
    for (lane, row) in out.chunks_exact_mut(columns.len()).enumerate() {
        for (out, column) in row.iter_mut().zip(columns) {
            *out = column[lane];
        }
    }
}
