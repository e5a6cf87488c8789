//! JPEGs that are not as the standard has them, and that every browser shows: they are shown here as there, and nothing that
//! identifies is left in what others get of them.

use business_media_codec::{CodecError, Format, Limits, Purpose, read_header, strip};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use crate::pictures::{Rgb, assert_close, every_format, exif, look, make};

fn picture() -> Rgb {
    Rgb::new(205, 147, |x, y| match (x / 40 + y / 40) % 3 {
        0 => [200, (x % 200) as u8, 40],
        1 => [30, 160, (y % 150) as u8 + 60],
        _ => [x as u8, y as u8, 220],
    })
}

fn encoded(progressive: bool, color: ColorType, pixels: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, 92);
    encoder.set_sampling_factor(SamplingFactor::R_4_2_0);
    encoder.set_progressive(progressive);
    encoder.encode(pixels, 205, 147, color).unwrap();
    file
}

fn photo(progressive: bool) -> Vec<u8> {
    encoded(progressive, ColorType::Rgb, &picture().pixels)
}

fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
    [&[0xff, marker], &length[..], body].concat()
}

fn turned() -> Vec<u8> {
    segment(0xe1, &[b"Exif\0\0", &exif(6)[..]].concat())
}

fn adobe(transform: u8) -> Vec<u8> {
    segment(0xee, &[b"Adobe\0\x64\0\0\0\0", &[transform][..]].concat())
}

/// Where the first segment of this kind begins.
fn place(file: &[u8], marker: u8) -> usize {
    memchr::memmem::find(file, &[0xff, marker]).unwrap()
}

fn inserted(file: &[u8], at: usize, bytes: &[u8]) -> Vec<u8> {
    [&file[..at], bytes, &file[at..]].concat()
}

/// The file without its segments of these kinds.
fn without(file: &[u8], markers: &[u8]) -> Vec<u8> {
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
fn renamed(file: &[u8], names: &[u8]) -> Vec<u8> {
    let mut file = file.to_vec();
    for (marker, first, step) in [(0xc0, 10, 3), (0xda, 5, 2)] {
        let at = place(&file, marker) + first;
        for (index, name) in names.iter().enumerate() {
            file[at + index * step] = *name;
        }
    }
    file
}

fn shown(file: &[u8]) -> Rgb {
    look(&make(file).unwrap(), "full")
}

fn assert_shown_as(file: &[u8], expected: &Rgb, what: &str) {
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

fn assert_broken(file: &[u8], what: &str) {
    let refused = read_header(file, &Limits::default(), &every_format());
    assert!(
        matches!(refused, Err(CodecError::Broken { .. })),
        "{what}: {refused:?}"
    );
}

#[test]
fn a_file_whose_pixels_are_all_there_needs_no_end() {
    for progressive in [false, true] {
        let whole = photo(progressive);
        let expected = shown(&whole);
        let pixels = &whole[..whole.len() - 2];
        let second = photo(!progressive);
        for (what, after) in [
            ("nothing", &b""[..]),
            ("half a marker", b"\xff"),
            ("zeros", &[0; 500]),
            ("another photo", &second),
            (
                "a trailer",
                b"SEFH\0\0\0Image_UTC_Data1600000000000\xff\xe1\0\x40Exif\0\0SEFT",
            ),
        ] {
            let file = [pixels, after].concat();
            assert_shown_as(
                &file,
                &expected,
                &format!("{what}, progressive: {progressive}"),
            );
            // Where the pixels end is not known without decoding, so what comes after them could go along.
            let stripped = strip(&file, Format::Jpeg, Purpose::Shared);
            assert!(stripped.is_err(), "{what}");
        }
    }
}

#[test]
fn a_file_that_lacks_pixels_needs_an_end() {
    for progressive in [false, true] {
        let whole = photo(progressive);
        for percent in [10, 33, 66, 90, 97] {
            let part = &whole[..whole.len() * percent / 100];
            assert_broken(part, &format!("{percent} %, progressive: {progressive}"));
            let with_trailer = [part, b"trailer\xff\xe1\0\x08Exif\0\0"].concat();
            assert_broken(&with_trailer, &format!("{percent} % and a trailer"));
        }
    }
}

#[test]
fn of_the_last_scan_a_hundredth_may_be_missing() {
    // 1,200 units.
    let large = Rgb::new(640, 480, |x, y| {
        [(x * y) as u8, (x ^ y) as u8, (x + y) as u8]
    });
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, 90);
    encoder.set_sampling_factor(SamplingFactor::R_4_2_0);
    encoder
        .encode(&large.pixels, 640, 480, ColorType::Rgb)
        .unwrap();
    let length = file.len();
    let header = |length: usize| read_header(&file[..length], &Limits::default(), &every_format());
    assert!(header(length - 2 - length / 250).is_ok());
    assert!(header(length - 2 - length / 40).is_err());
}

#[test]
fn a_progressive_file_that_ends_between_two_scans_is_cut_off() {
    let whole = photo(true);
    let last = whole
        .windows(2)
        .rposition(|pair| pair == b"\xff\xda")
        .unwrap();
    assert_broken(&whole[..last], "without its last scan");
}

#[test]
fn what_stands_between_segments_is_passed_over_by_every_reader() {
    let plain = photo(false);
    let laden = inserted(&plain, 2, &turned());
    let expected = shown(&laden);
    assert_eq!((expected.width, expected.height), (147, 205));
    let clean = strip(&laden, Format::Jpeg, Purpose::Shared).unwrap();
    let exif_at = place(&laden, 0xe1);
    for (what, stray) in [
        ("text", &b"SECRET"[..]),
        ("a stuffed byte", b"\xff\0"),
        ("text and a stuffed byte", b"SECRET\xff\0SECRET"),
        ("fill", &[0xff; 30]),
        ("a restart", b"\xff\xd3"),
        ("a marker that stands alone", b"\xff\x01SECRET"),
        ("a segment of no length", b"\xff\xe5\0\0"),
        ("a comment of one byte of length", b"\xff\xfe\0\x01"),
        ("an empty segment", b"\xff\xe5\0\x02"),
        ("another application's", b"\xff\xe9\0\x08SECRET"),
    ] {
        for (place_name, at) in [
            ("EXIF", exif_at),
            ("the frame", place(&laden, 0xc0)),
            ("the scan", place(&laden, 0xda)),
        ] {
            if at == 2 && !stray.starts_with(b"\xff") {
                // That is no JPEG any more, to browsers neither.
                continue;
            }
            let file = inserted(&laden, at, stray);
            assert_shown_as(&file, &expected, &format!("{what} before {place_name}"));
            let stripped = strip(&file, Format::Jpeg, Purpose::Shared).unwrap();
            assert!(stripped == clean, "{what} before {place_name} is left");
        }
    }
    // After what other writers put first.
    for (what, first) in [
        ("JFIF", segment(0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0")),
        (
            "XMP",
            segment(0xe1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta/>"),
        ),
        (
            "a thumbnail",
            segment(0xe0, &[b"JFXX\0\x10", &plain[..]].concat()),
        ),
    ] {
        let file = inserted(&laden, 2, &[&first[..], b"SECRET"].concat());
        assert_shown_as(&file, &expected, what);
        assert!(
            strip(&file, Format::Jpeg, Purpose::Shared).unwrap() == clean,
            "{what}"
        );
    }
}

#[test]
fn exif_is_found_wherever_it_stands_before_the_pixels() {
    let plain = photo(false);
    let sixth = segment(0xe1, &[b"Exif\0\xff", &exif(6)[..]].concat());
    let mut long = [b"Exif\0\0", &exif(6)[..]].concat();
    long.resize(65_000, b'x');
    let long = [
        segment(0xe1, &long),
        segment(0xe1, &[b"Exif\0\0".to_vec(), vec![b'x'; 60_000]].concat()),
    ]
    .concat();
    for (what, at, bytes) in [
        ("after the frame", place(&plain, 0xc4), turned()),
        ("before the scan", place(&plain, 0xda), turned()),
        ("with another sixth byte", 2, sixth),
        ("longer than a segment", 2, long),
    ] {
        let seen = shown(&inserted(&plain, at, &bytes));
        assert_eq!((seen.width, seen.height), (147, 205), "{what}");
    }
}

#[test]
fn colors_are_told_as_libjpeg_tells_them() {
    let picture = picture();
    let mut rgb = Vec::new();
    // Three components as they are: encoded as if they were YCbCr's.
    let mut encoder = Encoder::new(&mut rgb, 95);
    encoder.set_sampling_factor(SamplingFactor::R_4_4_4);
    encoder
        .encode(&picture.pixels, 205, 147, ColorType::Ycbcr)
        .unwrap();
    let bare = without(&rgb, &[0xe0, 0xee]);
    for (what, file) in [
        ("Adobe 0, names 1 2 3", inserted(&bare, 2, &adobe(0))),
        ("named R, G, B", renamed(&bare, b"RGB")),
        (
            "Adobe 0, named R, G, B",
            inserted(&renamed(&bare, b"RGB"), 2, &adobe(0)),
        ),
    ] {
        let seen = shown(&file);
        for (x, y) in [(5, 5), (60, 20), (100, 100), (190, 140)] {
            assert_close(seen.at(x, y), picture.at(x, y), 40, what);
        }
    }
    let plain = photo(false);
    let expected = shown(&plain);
    let bare = without(&plain, &[0xe0, 0xee]);
    let jfif = segment(0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
    for (what, file) in [
        ("nothing", bare.clone()),
        ("names from 0", renamed(&bare, &[0, 1, 2])),
        ("Adobe 1", inserted(&bare, 2, &adobe(1))),
        ("an unknown transform", inserted(&bare, 2, &adobe(7))),
        (
            "Adobe 1, named R, G, B",
            inserted(&renamed(&bare, b"RGB"), 2, &adobe(1)),
        ),
        (
            "JFIF and Adobe 0",
            inserted(&bare, 2, &[jfif.clone(), adobe(0)].concat()),
        ),
        (
            "Adobe 0 and JFIF",
            inserted(&bare, 2, &[adobe(0), jfif.clone()].concat()),
        ),
        (
            "JFIF, named R, G, B",
            inserted(&renamed(&bare, b"RGB"), 2, &jfif),
        ),
        (
            "an Adobe segment that is too short",
            inserted(&plain, 2, &segment(0xee, b"Adobe\0\x64")),
        ),
    ] {
        assert_shown_as(&file, &expected, what);
    }
}

#[test]
fn tables_may_be_anywhere_or_those_of_motion_jpeg() {
    let plain = photo(false);
    let expected = shown(&plain);
    let frame = place(&plain, 0xc0);
    let header = plain[frame..frame + 19].to_vec();
    let early = inserted(&without(&plain, &[0xc0]), 2, &header);
    assert_shown_as(&early, &expected, "the frame before its tables");
    // This encoder's are the usual ones.
    assert_shown_as(&without(&plain, &[0xc4]), &expected, "no codes");
    let extended = {
        let mut file = plain.clone();
        file[frame + 1] = 0xc1;
        file
    };
    assert_shown_as(&extended, &expected, "extended");
    let no_restarts = inserted(&plain, place(&plain, 0xda), &segment(0xdd, &[0, 0]));
    assert_shown_as(&no_restarts, &expected, "an interval of nothing");
    let mut selection = plain.clone();
    let scan = place(&plain, 0xda);
    selection[scan + 12] = 0;
    assert_shown_as(
        &selection,
        &expected,
        "a scan that says it has nothing but means",
    );
    let deep = deep_quantization(&plain);
    assert_shown_as(&deep, &expected, "quantization in two bytes");
}

fn deep_quantization(file: &[u8]) -> Vec<u8> {
    let mut tables = Vec::new();
    let mut at = place(file, 0xdb);
    while file[at + 1] == 0xdb {
        let length = usize::from(u16::from_be_bytes([file[at + 2], file[at + 3]]));
        let table = &file[at + 4..at + 2 + length];
        let deep: Vec<u8> = table[1..].iter().flat_map(|step| [0, *step]).collect();
        tables.extend(segment(0xdb, &[&[0x10 | table[0]], &deep[..]].concat()));
        at += 2 + length;
    }
    let first = place(file, 0xdb);
    inserted(&without(file, &[0xdb]), first, &tables)
}

#[test]
fn rare_samplings_are_shown_in_their_colors() {
    let picture = picture();
    for sampling in [
        SamplingFactor::R_4_1_1,
        SamplingFactor::R_4_4_0,
        SamplingFactor::R_4_4_1,
        SamplingFactor::R_4_1_0,
        SamplingFactor::F_1_1,
        SamplingFactor::F_2_1,
    ] {
        for progressive in [false, true] {
            let mut file = Vec::new();
            let mut encoder = Encoder::new(&mut file, 95);
            encoder.set_sampling_factor(sampling);
            encoder.set_progressive(progressive);
            encoder
                .encode(&picture.pixels, 205, 147, ColorType::Rgb)
                .unwrap();
            let seen = shown(&file);
            // In the middle of squares, away from where colours mix.
            for (x, y) in [(20, 20), (60, 20), (100, 100), (180, 60)] {
                let what = format!("{sampling:?}, progressive: {progressive}");
                assert_close(seen.at(x, y), picture.at(x, y), 40, &what);
            }
        }
    }
}

#[test]
fn what_no_browser_shows_is_refused_by_name() {
    let plain = photo(false);
    let frame = place(&plain, 0xc0);
    let changed = |at: usize, byte: u8| {
        let mut file = plain.clone();
        file[at] = byte;
        file
    };
    let mut no_height = plain.clone();
    no_height[frame + 5..frame + 7].fill(0);
    let two = [
        &plain[..frame],
        &segment(0xc0, &[8, 0, 147, 0, 205, 2, 1, 0x11, 0, 2, 0x11, 0]),
        &plain[place(&plain, 0xc4)..],
    ]
    .concat();
    let fractions = changed(frame + 11, 0x31);
    let mut fractions = fractions;
    fractions[frame + 14] = 0x21;
    for (kind, file) in [
        ("lossless", changed(frame + 1, 0xc3)),
        ("hierarchy", changed(frame + 1, 0xc5)),
        ("arithmetic", changed(frame + 1, 0xc9)),
        ("arithmetic", changed(frame + 1, 0xca)),
        ("12 bits", changed(frame + 4, 12)),
        ("height", no_height),
        ("two components", two),
        ("fractions", fractions),
    ] {
        let refused = read_header(&file, &Limits::default(), &every_format()).unwrap_err();
        assert!(
            matches!(refused, CodecError::Unsupported { .. }),
            "{kind}: {refused:?}"
        );
        assert!(refused.to_string().contains(kind), "{kind}: {refused}");
    }
}

#[test]
fn ink_is_read_with_and_without_its_marker() {
    let ink: Vec<u8> = (0..205 * 147_u32)
        .flat_map(|index| [(index % 205) as u8, 40, 90, 20])
        .collect();
    for (color, transform) in [(ColorType::Cmyk, 0), (ColorType::CmykAsYcck, 2)] {
        for progressive in [false, true] {
            let file = encoded(progressive, color, &ink);
            let expected = shown(&file);
            let bare = without(&file, &[0xe0, 0xee]);
            let marked = inserted(&bare, 2, &adobe(transform));
            assert_shown_as(&marked, &expected, "ink with Adobe's marker");
            if transform == 0 {
                assert_shown_as(&bare, &expected, "ink without a marker");
            }
        }
    }
}
