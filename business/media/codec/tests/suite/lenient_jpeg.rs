//! JPEGs that are not as the standard has them, and that every browser shows: they are shown here
//! as there, and nothing that identifies is left in what others get of them.

use business_media_codec::{Format, Limits, Purpose, read_header, strip};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use crate::jpeg_parts::{
    assert_broken, assert_shown_as, inserted, photo, place, segment, shown, turned,
};
use crate::pictures::{Rgb, every_format, exif};

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
            // Where the pixels end is not known without decoding, so what comes after them could go
            // along.
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
