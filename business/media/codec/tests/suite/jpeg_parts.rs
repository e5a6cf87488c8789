//! JPEGs taken apart and put together, for what is about files that are not as the standard has
//! them.

use business_media_codec::{CodecError, Limits, read_header};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use crate::pictures::{Rgb, every_format, exif, look, make};

pub(crate) fn picture() -> Rgb {
    Rgb::new(205, 147, |x, y| match (x / 40 + y / 40) % 3 {
        0 => [200, (x % 200) as u8, 40],
        1 => [30, 160, (y % 150) as u8 + 60],
        _ => [x as u8, y as u8, 220],
    })
}

pub(crate) fn encoded(progressive: bool, color: ColorType, pixels: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, 92);
    encoder.set_sampling_factor(SamplingFactor::R_4_2_0);
    encoder.set_progressive(progressive);
    encoder.encode(pixels, 205, 147, color).unwrap();
    file
}

pub(crate) fn photo(progressive: bool) -> Vec<u8> {
    encoded(progressive, ColorType::Rgb, &picture().pixels)
}

pub(crate) fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
    [&[0xff, marker], &length[..], body].concat()
}

pub(crate) fn turned() -> Vec<u8> {
    segment(0xe1, &[b"Exif\0\0", &exif(6)[..]].concat())
}

pub(crate) fn adobe(transform: u8) -> Vec<u8> {
    segment(0xee, &[b"Adobe\0\x64\0\0\0\0", &[transform][..]].concat())
}

/// Where the first segment of this kind begins.
pub(crate) fn place(file: &[u8], marker: u8) -> usize {
    memchr::memmem::find(file, &[0xff, marker]).unwrap()
}

pub(crate) fn inserted(file: &[u8], at: usize, bytes: &[u8]) -> Vec<u8> {
    [&file[..at], bytes, &file[at..]].concat()
}

/// The file without its segments of these kinds.
pub(crate) fn without(file: &[u8], markers: &[u8]) -> Vec<u8> {
    let mut left = file[..2].to_vec();
    let mut at = 2;
    while file[at + 1] != 0xda {
        let length = usize::from(u16::from_be_bytes([file[at + 2], file[at + 3]]));
        if !markers.contains(&file[at + 1]) {
            left.extend(&file[at..at + 2 + length]);
        }
        at += 2 + length;
    }
    left.extend(&file[at..]);
    left
}

/// The file with other names for its components.
pub(crate) fn renamed(file: &[u8], names: &[u8]) -> Vec<u8> {
    let mut file = file.to_vec();
    for (marker, first, step) in [(0xc0, 10, 3), (0xda, 5, 2)] {
        let at = place(&file, marker) + first;
        for (index, name) in names.iter().enumerate() {
            file[at + index * step] = *name;
        }
    }
    file
}

pub(crate) fn shown(file: &[u8]) -> Rgb {
    look(&make(file).unwrap(), "full")
}

pub(crate) fn assert_shown_as(file: &[u8], expected: &Rgb, what: &str) {
    let seen = match make(file) {
        Ok(processed) => look(&processed, "full"),
        Err(error) => panic!("{what}: {error:?}"),
    };
    assert_eq!(
        (seen.width, seen.height),
        (expected.width, expected.height),
        "{what}"
    );
    let pairs = seen.pixels.iter().zip(&expected.pixels);
    let sum: u64 = pairs
        .map(|(one, other)| u64::from(one.abs_diff(*other)))
        .sum();
    let mean = sum as f64 / seen.pixels.len() as f64;
    // What is not passed as it is was encoded a second time. Other colours are off by thirty.
    assert!(mean < 4.0, "{what} is off by {mean}");
}

pub(crate) fn assert_broken(file: &[u8], what: &str) {
    let refused = read_header(file, &Limits::default(), &every_format());
    assert!(
        matches!(refused, Err(CodecError::Broken { .. })),
        "{what}: {refused:?}"
    );
}
