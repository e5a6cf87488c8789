//! How far colours are apart, by formulas that no colour library has a part in: from published
//! primaries to CIE Lab.

use crate::Picture;

/// Three numbers of a colour.
pub type Vector = [f64; 3];
/// What makes three numbers of three others; rows first.
pub type Matrix = [Vector; 3];

/// The white of daylight, as CIE x and y: sRGB's.
pub const D65: [f64; 2] = [0.3127, 0.3290];
/// The white of print, as CIE x and y.
pub const D50: [f64; 2] = [0.3457, 0.3585];
/// Red, green and blue of sRGB, as CIE x and y.
pub const SRGB_PRIMARIES: [[f64; 2]; 3] = [[0.64, 0.33], [0.30, 0.60], [0.15, 0.06]];

/// The number, 0 to 1, by which sRGB stores light.
#[must_use]
pub fn srgb_number(light: f64) -> f64 {
    if light <= 0.003_130_8 {
        light * 12.92
    } else {
        1.055 * light.powf(1.0 / 2.4) - 0.055
    }
}

/// The light, 0 to 1, of a byte of sRGB.
#[must_use]
pub fn srgb_light(byte: u8) -> f64 {
    let number = f64::from(byte) / 255.0;
    if number <= 0.040_45 {
        number / 12.92
    } else {
        ((number + 0.055) / 1.055).powf(2.4)
    }
}

/// What a matrix makes of three numbers.
#[must_use]
pub fn times(matrix: &Matrix, vector: Vector) -> Vector {
    matrix.map(|row| row.iter().zip(vector).map(|(a, b)| a * b).sum())
}

/// The matrix that does the right one first and then the left one.
#[must_use]
pub fn product(left: &Matrix, right: &Matrix) -> Matrix {
    std::array::from_fn(|row| {
        std::array::from_fn(|column| (0..3).map(|at| left[row][at] * right[at][column]).sum())
    })
}

/// The inverse of a matrix that has one.
#[must_use]
pub fn inverse(matrix: &Matrix) -> Matrix {
    let cofactor = |row: usize, column: usize| {
        let at = |down: usize, right: usize| matrix[(row + down) % 3][(column + right) % 3];
        at(1, 1) * at(2, 2) - at(1, 2) * at(2, 1)
    };
    let determinant: f64 = (0..3)
        .map(|column| matrix[0][column] * cofactor(0, column))
        .sum();
    std::array::from_fn(|row| std::array::from_fn(|column| cofactor(column, row) / determinant))
}

fn xyz_of([x, y]: [f64; 2]) -> Vector {
    [x / y, 1.0, (1.0 - x - y) / y]
}

/// From light in a space to CIE XYZ under that space's own white.
#[must_use]
pub fn to_xyz(primaries: [[f64; 2]; 3], white: [f64; 2]) -> Matrix {
    let columns = primaries.map(xyz_of);
    let matrix: Matrix =
        std::array::from_fn(|row| std::array::from_fn(|column| columns[column][row]));
    let amounts = times(&inverse(&matrix), xyz_of(white));
    matrix.map(|row| std::array::from_fn(|column| row[column] * amounts[column]))
}

/// Bradford's adaptation of XYZ from one white to another.
#[must_use]
pub fn adapted(from: [f64; 2], to: [f64; 2]) -> Matrix {
    const BRADFORD: Matrix = [
        [0.895_1, 0.266_4, -0.161_4],
        [-0.750_2, 1.713_5, 0.036_7],
        [0.038_9, -0.068_5, 1.029_6],
    ];
    let (from, to) = (times(&BRADFORD, xyz_of(from)), times(&BRADFORD, xyz_of(to)));
    let mut scaled = BRADFORD;
    for (row, factor) in scaled.iter_mut().zip(to.iter().zip(from)) {
        *row = row.map(|cell| cell * factor.0 / factor.1);
    }
    product(&inverse(&BRADFORD), &scaled)
}

/// CIE Lab of an sRGB colour under its own white.
#[must_use]
pub fn lab(color: [u8; 3]) -> Vector {
    let xyz = times(&to_xyz(SRGB_PRIMARIES, D65), color.map(srgb_light));
    lab_of_xyz(xyz)
}

fn lab_of_xyz(xyz: Vector) -> Vector {
    let white = xyz_of(D65);
    let [x, y, z] = std::array::from_fn(|axis| {
        let share = xyz[axis] / white[axis];
        if share > 216.0 / 24_389.0 {
            share.cbrt()
        } else {
            (share * 24_389.0 / 27.0 + 16.0) / 116.0
        }
    });
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// How far two colours of Lab are apart, as CIE76.
#[must_use]
pub fn difference(left: Vector, right: Vector) -> f64 {
    left.iter()
        .zip(right)
        .map(|(a, b)| (a - b) * (a - b))
        .sum::<f64>()
        .sqrt()
}

/// Pixels a side of the squares whose mean light is compared: what JPEG leaves out is finer than
/// that.
const SQUARE: u32 = 8;

/// The mean difference of two pictures of one size, as CIE76, square by square.
///
/// # Panics
/// When they are not of one size.
#[must_use]
pub fn mean_difference(left: &Picture, right: &Picture) -> f64 {
    assert_eq!((left.width, left.height), (right.width, right.height));
    let (left, right) = (squares(left), squares(right));
    let apart = left
        .iter()
        .zip(&right)
        .map(|(left, right)| difference(*left, *right));
    apart.sum::<f64>() / left.len() as f64
}

/// The mean light of each square, as Lab.
fn squares(picture: &Picture) -> Vec<Vector> {
    let to_xyz = to_xyz(SRGB_PRIMARIES, D65);
    let light: Vec<f64> = (0..=255).map(srgb_light).collect();
    let (across, down) = (
        picture.width.div_ceil(SQUARE),
        picture.height.div_ceil(SQUARE),
    );
    let mut sums = vec![([0.0; 3], 0.0); (across * down) as usize];
    for y in 0..picture.height {
        for x in 0..picture.width {
            let (sum, count) = &mut sums[(y / SQUARE * across + x / SQUARE) as usize];
            for (sum, byte) in sum.iter_mut().zip(picture.pixel(x, y)) {
                *sum += light[usize::from(byte)];
            }
            *count += 1.0;
        }
    }
    let lab = |(sum, count): &(Vector, f64)| lab_of_xyz(times(&to_xyz, sum.map(|sum| sum / count)));
    sums.iter().map(lab).collect()
}
