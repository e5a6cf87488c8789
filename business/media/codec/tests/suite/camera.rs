//! What a camera notes of how a photo was taken, and nothing else that it notes.

use std::process::Command;

use business_media_codec::{Camera, Format, Limits, read_header};
use serde_json::Value;

use crate::pictures::{Rgb, every_format, make, png, webp};
use crate::shared::{files, folder};

enum Number {
    Text(&'static [u8]),
    Short(u16),
    Fraction(u32, u32),
}
use Number::{Fraction, Short, Text};

/// EXIF data of a first directory and one of exposure, little end first.
fn exif(first: &[(u16, Number)], exposure: &[(u16, Number)]) -> Vec<u8> {
    let mut data = b"II*\0\x08\0\0\0".to_vec();
    let exposure_at = 8 + 2 + (first.len() as u32 + 1) * 12 + 4;
    let mut values_at = exposure_at + 2 + exposure.len() as u32 * 12 + 4;
    let mut values = Vec::new();
    let mut entry = |data: &mut Vec<u8>, tag: u16, number: &Number| {
        data.extend(tag.to_le_bytes());
        let (kind, count, bytes) = match number {
            Text(text) => (2u16, text.len() as u32, text.to_vec()),
            Short(short) => (3, 1, short.to_le_bytes().to_vec()),
            Fraction(above, below) => (5, 1, [above.to_le_bytes(), below.to_le_bytes()].concat()),
        };
        data.extend(kind.to_le_bytes());
        data.extend(count.to_le_bytes());
        if bytes.len() <= 4 {
            data.extend(&bytes);
            data.extend(vec![0; 4 - bytes.len()]);
        } else {
            data.extend(values_at.to_le_bytes());
            values_at += bytes.len() as u32;
            values.extend(bytes);
        }
    };
    data.extend((first.len() as u16 + 1).to_le_bytes());
    for (tag, number) in first {
        entry(&mut data, *tag, number);
    }
    data.extend([0x69, 0x87, 4, 0, 1, 0, 0, 0]);
    data.extend(exposure_at.to_le_bytes());
    data.extend([0; 4]);
    data.extend((exposure.len() as u16).to_le_bytes());
    for (tag, number) in exposure {
        entry(&mut data, *tag, number);
    }
    data.extend([0; 4]);
    data.extend(values);
    data
}

fn full() -> Vec<u8> {
    exif(
        &[
            (0x010f, Text(b"  NIKON\0")),
            (0x0110, Text(b"D1X \0hidden\0")),
            (0x0112, Short(1)),
            (0x013b, Text(b"An Owner\0")),
        ],
        &[
            (0x829a, Fraction(10, 2_500)),
            (0x829d, Fraction(28, 10)),
            (0x8827, Short(400)),
            (0x920a, Fraction(50_040, 1_000)),
            (0xa431, Text(b"SERIAL-1\0")),
            (0xa434, Text(b"50.0 mm f/1.4\0")),
        ],
    )
}

fn assert_full(camera: Option<&Camera>, what: &str) {
    let expected = Camera {
        make: "NIKON".to_owned(),
        model: "D1X".to_owned(),
        lens: "50.0 mm f/1.4".to_owned(),
        exposure_time: "1/250".to_owned(),
        aperture: 2.8,
        iso: 400,
        focal_length_mm: 50.0,
    };
    assert_eq!(camera, Some(&expected), "{what}");
}

#[test]
fn it_is_read_from_every_container() {
    let picture = Rgb::quarters(40, 30);
    assert_full(Camera::from_exif(&full()).as_ref(), "the data itself");
    assert_full(
        make(&picture.jpeg(Some(&full()), None, false))
            .unwrap()
            .camera
            .as_ref(),
        "jpeg",
    );
    let file = png(
        40,
        30,
        png::ColorType::Rgb,
        png::BitDepth::Eight,
        &picture.pixels,
        |info| {
            info.exif_metadata = Some(full().into());
        },
    );
    assert_full(make(&file).unwrap().camera.as_ref(), "png");
    let file = webp(
        40,
        30,
        image_webp::ColorType::Rgb8,
        &picture.pixels,
        |encoder| {
            encoder.set_exif_metadata(full());
        },
    );
    assert_full(make(&file).unwrap().camera.as_ref(), "webp");
    assert_eq!(make(&picture.jpeg(None, None, false)).unwrap().camera, None);
}

#[test]
fn exposures_are_written_as_photographers_do() {
    let written = |above, below| {
        let data = exif(&[], &[(0x829a, Fraction(above, below)), (0x8827, Short(1))]);
        Camera::from_exif(&data).unwrap().exposure_time
    };
    for (above, below, expected) in [
        (1, 250, "1/250"),
        (4, 1_000, "1/250"),
        (1, 8_000, "1/8000"),
        (16_667, 1_000_000, "1/60"),
        (1, 4, "1/4"),
        (3, 10, "0.3"),
        (1, 2, "0.5"),
        (1, 1, "1"),
        (25, 10, "2.5"),
        (30, 1, "30"),
        (0, 10, ""),
        (1, 0, ""),
        (u32::MAX, 1, ""),
        (1, u32::MAX, ""),
    ] {
        assert_eq!(written(above, below), expected, "{above}/{below}");
    }
}

#[test]
fn texts_are_printable_and_short() {
    let model = |text: &'static [u8]| {
        Camera::from_exif(&exif(&[(0x0110, Text(text))], &[]))
            .map(|camera| camera.model)
            .unwrap_or_default()
    };
    assert_eq!(model(b"a\x07b\x1b[31m  c\n\td\0"), "ab[31m c d");
    assert_eq!(
        model("x\u{202e}y\u{200b}z\u{feff}\u{e000}®\0".as_bytes()),
        "xyz®"
    );
    assert_eq!(model(b"\xff\xfe\xfd\0"), "");
    assert_eq!(model(&[b'm'; 5_000]).len(), 100);
    assert_eq!(model(b"\0\0\0\0"), "");
}

#[test]
fn hostile_data_reveals_nothing_and_takes_no_time() {
    // A directory that points to itself, counts that reach beyond the end, and every cut.
    let mut looped = full();
    let pointer = looped
        .windows(2)
        .position(|bytes| bytes == [0x69, 0x87])
        .unwrap();
    looped[pointer + 8..pointer + 12].copy_from_slice(&8u32.to_le_bytes());
    assert_eq!(Camera::from_exif(&looped).unwrap().exposure_time, "");
    let huge = full()
        .iter()
        .map(|byte| if *byte == 0 { 0xff } else { *byte })
        .collect::<Vec<_>>();
    assert_eq!(Camera::from_exif(&huge), None);
    for length in 0..full().len() {
        let _ = Camera::from_exif(&full()[..length]);
    }
}

/// What exiftool reads of the same files.
fn exiftool(file: &std::path::Path) -> Value {
    let output = Command::new("exiftool")
        .args([
            "-json",
            "-n",
            "-IFD0:Make",
            "-IFD0:Model",
            "-ExifIFD:LensModel",
            "-ExifIFD:ExposureTime",
        ])
        .args(["-ExifIFD:FNumber", "-ExifIFD:ISO", "-ExifIFD:FocalLength"])
        .arg(file)
        .output()
        .expect("exiftool is there: Debian's package `libimage-exiftool-perl`");
    serde_json::from_slice::<Value>(&output.stdout).unwrap()[0].clone()
}

#[test]
fn real_photos_report_what_exiftool_reads() {
    let Some(folder) = folder("good") else { return };
    let mut told = 0;
    for (name, file) in files(&folder) {
        let header = read_header(&file, &Limits::default(), &every_format());
        let Ok(Format::Jpeg) = header.map(|header| header.format) else {
            continue;
        };
        let Some(camera) = Camera::of_file(Format::Jpeg, &file) else {
            continue;
        };
        told += 1;
        let theirs = exiftool(&folder.join(&name));
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        // It gives numbers for texts that look like some.
        let text = |tag: &str| {
            words(
                &theirs[tag]
                    .as_str()
                    .map_or_else(|| theirs[tag].to_string(), str::to_owned),
            )
        };
        if !camera.model.is_empty() {
            assert_eq!(camera.model, text("Model"), "{name}");
        }
        if camera.aperture > 0.0 {
            let difference = theirs["FNumber"].as_f64().unwrap() - f64::from(camera.aperture);
            assert!(difference.abs() <= 0.051, "{name}: {theirs}");
        }
        if camera.iso > 0 {
            assert_eq!(
                theirs["ISO"].as_f64(),
                Some(f64::from(camera.iso)),
                "{name}"
            );
        }
        if let Some(below) = camera.exposure_time.strip_prefix("1/") {
            let seconds = theirs["ExposureTime"].as_f64().unwrap();
            assert!(
                (seconds * below.parse::<f64>().unwrap() - 1.0).abs() < 0.1,
                "{name}: {theirs}"
            );
        }
    }
    assert!(told >= 30, "only {told} photos tell their camera");
}
