//! HEIC and AVIF as cameras and encoders make them.

use std::path::Path;
use std::process::Command;

use business_media_codec::{Camera, Format, FormatSet, Limits, Pixels, read_header, sniff};

use crate::containers::{Property, rebuilt};
use crate::{decode, external_codecs, photos};

const ENDINGS: [&str; 3] = [".heic", ".heif", ".avif"];
/// Pictures are compared as squares of so many pixels a side.
const SIDE: usize = 32;
/// How far two ways to make a picture smaller may be apart, of 255: on the average, and anywhere.
const MEAN_APART_MAX: f64 = 4.0;
const APART_MAX: u8 = 40;

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

#[test]
fn every_good_picture_has_the_size_that_its_header_says() {
    let Some(external_codecs) = external_codecs() else {
        return;
    };
    let taken = FormatSet::new(Format::ALL);
    for path in photos("good", &ENDINGS) {
        let (file, name) = (std::fs::read(&path).unwrap(), name(&path));
        let expected = if name.ends_with(".avif") {
            Format::Avif
        } else {
            Format::Heic
        };
        assert_eq!(sniff(&file, &taken), Ok(expected), "{name}");
        let header = read_header(&file, &Limits::default(), &taken).unwrap();
        let pixels = decode(&external_codecs, &file).unwrap();
        assert_eq!(
            (pixels.width, pixels.height),
            (header.width, header.height),
            "{name}"
        );
    }
}

#[test]
fn every_good_picture_looks_as_libvips_shows_it() {
    let Some(external_codecs) = external_codecs() else {
        return;
    };
    for path in photos("good", &ENDINGS) {
        let pixels = decode(&external_codecs, &std::fs::read(&path).unwrap()).unwrap();
        let (ours, theirs) = (squares(&pixels), squares_of_libvips(&path));
        let apart: Vec<u8> = ours
            .iter()
            .zip(&theirs)
            .map(|(ours, theirs)| ours.abs_diff(*theirs))
            .collect();
        let mean = apart.iter().map(|apart| f64::from(*apart)).sum::<f64>() / apart.len() as f64;
        let most = apart.iter().copied().max().unwrap();
        assert!(
            mean < MEAN_APART_MAX && most < APART_MAX,
            "{}: {mean:.2} apart on the average, {most} at the most",
            name(&path)
        );
    }
}

/// The picture averaged over squares, as red, green and blue.
fn squares(pixels: &Pixels) -> Vec<u8> {
    let (width, height) = (pixels.width as usize, pixels.height as usize);
    let channels = if pixels.has_alpha { 4 } else { 3 };
    let mut squares = Vec::new();
    for row in 0..SIDE {
        for column in 0..SIDE {
            let (top, bottom) = (row * height / SIDE, (row + 1) * height / SIDE);
            let (left, right) = (column * width / SIDE, (column + 1) * width / SIDE);
            for channel in 0..3 {
                let mut sum = 0_u64;
                for y in top..bottom {
                    for x in left..right {
                        sum += u64::from(pixels.bytes[(y * width + x) * channels + channel]);
                    }
                }
                let count = ((bottom - top) * (right - left)) as u64;
                squares.push(u8::try_from(sum / count).unwrap());
            }
        }
    }
    squares
}

/// The same by another program, which is asked for the numbers as they are stored, whatever their
/// profile.
fn squares_of_libvips(path: &Path) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.ppm");
    let done = Command::new("vips")
        .arg("copy")
        .args([path, &copy])
        .status()
        .expect("libvips-tools is needed");
    assert!(done.success());
    let file = std::fs::read(copy).unwrap();
    let (mut words, mut at) = (Vec::new(), 0);
    // Kind, width, height and largest sample, between which there may be a remark.
    while words.len() < 4 {
        let end = at + file[at..].iter().position(u8::is_ascii_whitespace).unwrap();
        let word = String::from_utf8_lossy(&file[at..end]).into_owned();
        at = if word.starts_with('#') {
            at + file[at..].iter().position(|byte| *byte == b'\n').unwrap()
        } else {
            end
        } + 1;
        if !word.is_empty() && !word.starts_with('#') {
            words.push(word);
        }
    }
    let mut samples: Vec<u8> = match words[3].as_str() {
        "255" => file[at..].to_vec(),
        "65535" => file[at..].iter().step_by(2).copied().collect(),
        largest => panic!("samples up to {largest}"),
    };
    if path.to_string_lossy().contains("monochrome") {
        // Brightness alone from 16 to 235, which libvips gives as it is.
        for sample in &mut samples {
            let above = (f64::from(*sample) - 16.0).clamp(0.0, 219.0);
            *sample = (above * 255.0 / 219.0).round() as u8;
        }
    }
    let bytes = if words[0] == "P5" {
        samples.iter().flat_map(|gray| [*gray; 3]).collect()
    } else {
        samples
    };
    squares(&Pixels {
        width: words[1].parse().unwrap(),
        height: words[2].parse().unwrap(),
        bytes,
        has_alpha: false,
        profile: None,
    })
}

#[test]
fn colors_that_the_container_names_are_reported_as_a_profile() {
    let Some(external_codecs) = external_codecs() else {
        return;
    };
    let with_profile = photos("good", &["IMG_2927.heic"]);
    let file = std::fs::read(&with_profile[0]).unwrap();
    let profile = decode(&external_codecs, &file).unwrap().profile.unwrap();
    assert_eq!(&profile[36..40], b"acsp");
    let plain = std::fs::read(&photos("good", &["fox.profile2.8bpc.yuv422.avif"])[0]).unwrap();
    // Display P3, BT.2020 for bright screens, and sRGB, as code points.
    for (primaries, transfer, has_profile) in [(12, 13, true), (9, 16, true), (1, 13, false)] {
        let colr = [&b"nclx"[..], &[0, primaries, 0, transfer, 0, 6, 0x80]].concat();
        let named = rebuilt(&plain, &[(b"colr", &colr)]);
        let profile = decode(&external_codecs, &named).unwrap().profile;
        assert_eq!(profile.is_some(), has_profile, "{primaries} {transfer}");
        assert!(profile.is_none_or(|profile| &profile[36..40] == b"acsp"));
    }
}

#[test]
fn what_the_camera_recorded_is_found() {
    let path = &photos("good", &["IMG_2927.heic"])[0];
    let camera = Camera::of_file(Format::Heic, &std::fs::read(path).unwrap()).unwrap();
    assert_eq!(camera.make, "Apple");
}

#[test]
fn pictures_that_are_turned_mirrored_or_cropped_arrive_upright() {
    let Some(external_codecs) = external_codecs() else {
        return;
    };
    let taken = FormatSet::new(Format::ALL);
    let path = &photos("good", &["fox.profile2.8bpc.yuv422.avif"])[0];
    let plain = std::fs::read(path).unwrap();
    let upright = squares(&decode(&external_codecs, &plain).unwrap());
    for (turn, corner) in [(1, SIDE * (SIDE - 1)), (2, SIDE * SIDE - 1), (3, SIDE - 1)] {
        let turned = rebuilt(&plain, &[(b"irot", &[turn])]);
        let pixels = decode(&external_codecs, &turned).unwrap();
        let header = read_header(&turned, &Limits::default(), &taken).unwrap();
        assert_eq!((pixels.width, pixels.height), (header.width, header.height));
        assert_eq!(turn == 2, pixels.width > pixels.height, "{turn}");
        // Turned so often to the left, the first corner is where the numbers say.
        let there = &squares(&pixels)[corner * 3..corner * 3 + 3];
        let near = upright[..3]
            .iter()
            .zip(there)
            .all(|(a, b)| a.abs_diff(*b) < 12);
        assert!(near, "{turn}: {:?} {there:?}", &upright[..3]);
    }
    let crop: Vec<u8> = [600_u32, 1, 401, 1, 0, 1, 0, 1]
        .iter()
        .flat_map(|number| number.to_be_bytes())
        .collect();
    let cropped = rebuilt(&plain, &[(b"clap", &crop)]);
    let pixels = decode(&external_codecs, &cropped).unwrap();
    let header = read_header(&cropped, &Limits::default(), &taken).unwrap();
    assert_eq!((pixels.width, pixels.height), (600, 401));
    assert_eq!((header.width, header.height), (600, 401));
}

/// Where a square of a picture that was turned comes from: its row and column, of its own and the
/// last there is.
type From = fn(usize, usize, usize) -> (usize, usize);

#[test]
fn pictures_are_turned_and_mirrored_in_the_order_of_the_file() {
    let Some(external_codecs) = external_codecs() else {
        return;
    };
    let path = &photos("good", &["fox.profile2.8bpc.yuv422.avif"])[0];
    let plain = std::fs::read(path).unwrap();
    let upright = squares(&decode(&external_codecs, &plain).unwrap());
    let (last, taken) = (SIDE - 1, FormatSet::new(Format::ALL));
    let changes: [(&[Property<'_>], From); 5] = [
        // ISO/IEC 23008-12:2022, 6.5.12: 0 exchanges top and bottom, 1 left and right.
        (&[(b"imir", &[0])], |row, column, last| (last - row, column)),
        (&[(b"imir", &[1])], |row, column, last| (row, last - column)),
        (&[(b"irot", &[1])], |row, column, last| (column, last - row)),
        (&[(b"irot", &[1]), (b"imir", &[0])], |row, column, _| {
            (column, row)
        }),
        (&[(b"imir", &[0]), (b"irot", &[1])], |row, column, last| {
            (last - column, last - row)
        }),
    ];
    for (change, from) in changes {
        let changed = rebuilt(&plain, change);
        let pixels = decode(&external_codecs, &changed).unwrap();
        let header = read_header(&changed, &Limits::default(), &taken).unwrap();
        assert_eq!((pixels.width, pixels.height), (header.width, header.height));
        let seen = squares(&pixels);
        let mut apart = 0.0;
        for at in 0..SIDE * SIDE {
            let (row, column) = from(at / SIDE, at % SIDE, last);
            let (there, here) = ((row * SIDE + column) * 3, at * 3);
            for channel in 0..3 {
                let difference = upright[there + channel].abs_diff(seen[here + channel]);
                apart += f64::from(difference) / (SIDE * SIDE * 3) as f64;
            }
        }
        assert!(apart < MEAN_APART_MAX, "{change:?}: {apart:.2} apart");
    }
}
