//! Colours held against references that the codec's own colour library has no part in: sRGB's numbers computed here from
//! published primaries, and renditions of real photos made by libvips, which uses Little CMS.

use std::path::Path;
use std::process::Command;

use moxcms::ColorProfile;
use png::{BitDepth, ColorType};

use crate::pictures::{Rgb, look, make, png};
use crate::shared::{files, folder};

/// The furthest that a patch may be from its colour, as CIE76: a byte of a wide profile and JPEG's rounding together.
const PATCH_DIFFERENCE_MAX: f64 = 4.0;
/// The same for the mean of all patches.
const PATCH_DIFFERENCE_MEAN_MAX: f64 = 1.2;
/// The mean difference of a photo's full rendition from libvips's, as CIE76. What JPEG's quality leaves out is in it: the
/// photo of finest detail reaches 1.1. A profile that is not applied moves photos by 3 to 20.
const PHOTO_DIFFERENCE_MAX: f64 = 1.8;
/// The mean of that over all photos.
const PHOTOS_DIFFERENCE_MEAN_MAX: f64 = 0.8;

type Vector = [f64; 3];
type Matrix = [Vector; 3];

const D65: [f64; 2] = [0.3127, 0.3290];
const D50: [f64; 2] = [0.3457, 0.3585];
const SRGB_PRIMARIES: [[f64; 2]; 3] = [[0.64, 0.33], [0.30, 0.60], [0.15, 0.06]];

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

fn srgb_number(light: f64) -> f64 {
    if light <= 0.003_130_8 {
        light * 12.92
    } else {
        1.055 * light.powf(1.0 / 2.4) - 0.055
    }
}

fn srgb_light(byte: u8) -> f64 {
    let number = f64::from(byte) / 255.0;
    if number <= 0.040_45 {
        number / 12.92
    } else {
        ((number + 0.055) / 1.055).powf(2.4)
    }
}

fn times(matrix: &Matrix, vector: Vector) -> Vector {
    matrix.map(|row| row.iter().zip(vector).map(|(a, b)| a * b).sum())
}

fn product(left: &Matrix, right: &Matrix) -> Matrix {
    std::array::from_fn(|row| {
        std::array::from_fn(|column| (0..3).map(|at| left[row][at] * right[at][column]).sum())
    })
}

fn inverse(matrix: &Matrix) -> Matrix {
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
fn to_xyz(primaries: [[f64; 2]; 3], white: [f64; 2]) -> Matrix {
    let columns = primaries.map(xyz_of);
    let matrix: Matrix =
        std::array::from_fn(|row| std::array::from_fn(|column| columns[column][row]));
    let amounts = times(&inverse(&matrix), xyz_of(white));
    matrix.map(|row| std::array::from_fn(|column| row[column] * amounts[column]))
}

/// Bradford's adaptation of XYZ from one white to another.
fn adapted(from: [f64; 2], to: [f64; 2]) -> Matrix {
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
fn lab(color: [u8; 3]) -> Vector {
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

fn difference(left: Vector, right: Vector) -> f64 {
    left.iter()
        .zip(right)
        .map(|(a, b)| (a - b) * (a - b))
        .sum::<f64>()
        .sqrt()
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

/// What libvips makes of a file at a size: upright, in sRGB by Little CMS, laid on white. First the size and then the colours:
/// asked for both at once, it also moves the colours of files without a profile.
fn by_vips(file: &Path, width: u32, height: u32) -> Rgb {
    let made = tempfile::tempdir().unwrap();
    let (sized, colored) = (made.path().join("sized.v"), made.path().join("colored.ppm"));
    let run = |program: &str, arguments: &[&str]| {
        let output = Command::new(program)
            .args(arguments)
            .output()
            .expect("vips runs; it is in Debian's package libvips-tools");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{program} {arguments:?}: {said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let [file, sized] = [file, &sized].map(|path| path.to_str().unwrap());
    run(
        "vipsthumbnail",
        &[file, "--size", &format!("{width}x{height}!"), "-o", sized],
    );
    let on_white = format!("{}[background=255]", colored.display());
    if run("vipsheader", &["-a", sized]).contains("icc-profile-data") {
        run(
            "vips",
            &[
                "icc_transform",
                sized,
                &on_white,
                "srgb",
                "--embedded",
                "--intent",
                "relative",
            ],
        );
    } else {
        run("vips", &["copy", sized, &on_white]);
    }
    portable_pixmap(&std::fs::read(colored).unwrap())
}

fn portable_pixmap(bytes: &[u8]) -> Rgb {
    let mut at = 0;
    let mut words = Vec::new();
    while words.len() < 4 {
        if bytes[at] == b'#' {
            at += memchr::memchr(b'\n', &bytes[at..]).unwrap() + 1;
            continue;
        }
        let length = bytes[at..]
            .iter()
            .take_while(|byte| !byte.is_ascii_whitespace())
            .count();
        if length > 0 {
            words.push(std::str::from_utf8(&bytes[at..at + length]).unwrap());
        }
        at += length + 1;
    }
    let number = |word: &str| word.parse::<u32>().unwrap();
    let pixels = &bytes[at..];
    let pixels = match words[0] {
        "P6" => pixels.to_vec(),
        "P5" => pixels.iter().flat_map(|gray| [*gray; 3]).collect(),
        other => panic!("a pixmap of kind {other}"),
    };
    assert_eq!(words[3], "255");
    Rgb {
        width: number(words[1]),
        height: number(words[2]),
        pixels,
    }
}

/// Pixels a side of the squares whose mean light is compared: what JPEG leaves out is finer than that.
const SQUARE: u32 = 8;

/// The mean difference of two pictures of one size, square by square.
fn mean_difference(left: &Rgb, right: &Rgb) -> f64 {
    assert_eq!((left.width, left.height), (right.width, right.height));
    let (left, right) = (squares(left), squares(right));
    let apart = left
        .iter()
        .zip(&right)
        .map(|(left, right)| difference(*left, *right));
    apart.sum::<f64>() / left.len() as f64
}

/// The mean light of each square, as Lab.
fn squares(picture: &Rgb) -> Vec<Vector> {
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
            for (sum, byte) in sum.iter_mut().zip(picture.at(x, y)) {
                *sum += light[usize::from(byte)];
            }
            *count += 1.0;
        }
    }
    let lab = |(sum, count): &(Vector, f64)| lab_of_xyz(times(&to_xyz, sum.map(|sum| sum / count)));
    sums.iter().map(lab).collect()
}

#[test]
fn real_photos_look_as_libvips_shows_them() {
    let Some(folder) = folder("good") else { return };
    let mut differences = Vec::new();
    for (name, bytes) in files(&folder) {
        // Most of its first frame is clear, which libvips shows black and a browser on a page shows white.
        if name == "gif__border_touching_layers.gif"
            || ![".jpg", ".png", ".webp", ".gif"]
                .iter()
                .any(|kind| name.ends_with(kind))
        {
            continue;
        }
        let seen = look(&make(&bytes).unwrap(), "full");
        let meant = by_vips(&folder.join(&name), seen.width, seen.height);
        let apart = mean_difference(&seen, &meant);
        println!("{apart:5.2} {name} {} by {}", seen.width, seen.height);
        differences.push((apart, name));
    }
    for (apart, name) in &differences {
        assert!(
            *apart < PHOTO_DIFFERENCE_MAX,
            "{name} is {apart:.2} from its reference"
        );
    }
    let mean = differences.iter().map(|(apart, _)| apart).sum::<f64>() / differences.len() as f64;
    println!("{mean:.2} in the mean of {}", differences.len());
    assert!(mean < PHOTOS_DIFFERENCE_MEAN_MAX, "{mean:.2} in the mean");
}
