//! What cannot be a picture, or too large a one, is refused with a sentence, at once.

use std::time::{Duration, Instant};

use business_media_codec::{CodecError, Format, Limits, read_header, sniff};
use png::{BitDepth, ColorType};

use crate::pictures::{Rgb, every_format, make, png, webp};

/// The longest a refusal by the header may take on the slowest machine that runs tests.
const AT_ONCE: Duration = Duration::from_millis(500);

fn assert_broken(bytes: &[u8], what: &str) {
    assert!(
        matches!(make(bytes), Err(CodecError::Broken { .. })),
        "{what}: {:?}",
        make(bytes).map(|processed| processed.renditions.len())
    );
}

fn assert_too_large(bytes: &[u8], what: &str) {
    let started = Instant::now();
    let error = read_header(bytes, &Limits::default(), &every_format()).expect_err(what);
    assert!(
        matches!(error, CodecError::TooLarge { .. }),
        "{what}: {error:?}"
    );
    assert!(
        started.elapsed() < AT_ONCE,
        "{what} took {:?}",
        started.elapsed()
    );
}

/// A JPEG whose frame header claims another size.
fn jpeg_claiming(width: u16, height: u16) -> Vec<u8> {
    let mut bytes = Rgb::plain(16, 16, [1, 2, 3]).jpeg(None, None, false);
    let frame = memchr::memmem::find(&bytes, b"\xff\xc0").unwrap();
    bytes[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    bytes[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    bytes
}

fn png_claiming(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = png(
        16,
        16,
        ColorType::Grayscale,
        BitDepth::Eight,
        &[9; 256],
        |_| (),
    );
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    bytes
}

#[test]
fn a_huge_header_is_refused_at_once() {
    assert_too_large(&jpeg_claiming(65_500, 65_500), "jpeg");
    assert_too_large(&png_claiming(65_536, 1), "a line");
    assert_too_large(&jpeg_claiming(12_000, 12_000), "jpeg by pixels alone");
    assert_too_large(&png_claiming(65_500, 65_500), "png");
    assert_too_large(
        &png_claiming(u32::MAX >> 1, u32::MAX >> 1),
        "png at its end",
    );
    let mut extended = b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0".to_vec();
    extended.extend([0xfe, 0x3f, 0, 0xfe, 0x3f, 0]);
    extended.extend(b"VP8L\x05\0\0\0\x2f\xff\xff\xff\x0f\0");
    assert_too_large(&extended, "webp");
}

#[test]
fn few_bytes_cannot_ask_for_many_pixels() {
    assert_broken(&jpeg_claiming(9_000, 9_000), "jpeg");
}

#[test]
fn a_webp_cannot_hide_a_larger_picture_in_its_canvas() {
    let rgb = image_webp::ColorType::Rgb8;
    let mut bytes = webp(64, 64, rgb, &[7; 64 * 64 * 3], |encoder| {
        encoder.set_icc_profile(b"makes it extended".to_vec());
    });
    assert!(make(&bytes).is_ok());
    let canvas = memchr::memmem::find(&bytes, b"VP8X").unwrap() + 8 + 4;
    bytes[canvas] = 31;
    assert_broken(&bytes, "a canvas of half the width");
}

#[test]
fn a_file_that_was_cut_off_is_refused_wherever_it_was_cut() {
    let picture = Rgb::new(200, 150, |x, y| [x as u8, y as u8, (x * y) as u8]);
    let rgb = image_webp::ColorType::Rgb8;
    let files = [
        ("baseline", picture.jpeg(None, None, false)),
        ("progressive", picture.jpeg(None, None, true)),
        (
            "png",
            png(
                200,
                150,
                ColorType::Rgb,
                BitDepth::Eight,
                &picture.pixels,
                |_| (),
            ),
        ),
        ("webp", webp(200, 150, rgb, &picture.pixels, |_| ())),
    ];
    for (name, bytes) in files {
        assert!(make(&bytes).is_ok(), "{name} whole");
        for percent in [1, 5, 20, 50, 80, 95] {
            let length = (bytes.len() * percent / 100).max(13);
            assert_broken(&bytes[..length], &format!("{name} at {percent} %"));
        }
    }
}

#[test]
fn what_is_not_a_picture_is_unsupported() {
    for bytes in [&b""[..], b"x", b"just text in photo.jpg", b"<html></html>"] {
        let error = make(bytes).expect_err("was taken");
        assert!(matches!(error, CodecError::Unsupported { .. }), "{error:?}");
    }
    for bytes in [
        &b"\xff\xd8\xff"[..],
        b"\x89PNG\r\n\x1a\n<html>",
        b"RIFF\0\0\0\0WEBP",
        b"GIF89a\x01\0\x01\0",
    ] {
        assert_broken(bytes, "magic only");
    }
}

#[test]
fn a_sentence_says_what_is_wrong_and_what_is_allowed() {
    let error = read_header(
        &png_claiming(70_000, 16),
        &Limits::default(),
        &every_format(),
    )
    .unwrap_err();
    let sentence = error.to_string();
    assert!(
        sentence.contains("70000") && sentence.contains("65535"),
        "{sentence}"
    );
    let error = read_header(
        &png_claiming(15_000, 15_000),
        &Limits::default(),
        &every_format(),
    )
    .unwrap_err();
    let sentence = error.to_string();
    assert!(
        sentence.contains("225.0") && sentence.contains("100.0"),
        "{sentence}"
    );
}

#[test]
fn a_picture_that_needs_too_much_memory_is_refused() {
    let bytes = Rgb::quarters(2_000, 2_000).jpeg(None, None, true);
    let header = read_header(&bytes, &Limits::default(), &every_format()).unwrap();
    // Three bytes a pixel, and as progressive three coefficients of two bytes.
    assert!(header.memory_bytes > 2_000 * 2_000 * 9, "{header:?}");
    let limits = Limits {
        memory_bytes_max: header.memory_bytes - 1,
        ..Limits::default()
    };
    assert!(matches!(
        read_header(&bytes, &limits, &every_format()),
        Err(CodecError::TooLarge { .. })
    ));
}

#[test]
fn changed_bytes_never_do_worse_than_a_refusal() {
    let picture = Rgb::new(120, 90, |x, y| [x as u8, y as u8, (x ^ y) as u8]);
    let rgb = image_webp::ColorType::Rgb8;
    let files = [
        picture.jpeg(None, None, false),
        picture.jpeg(None, None, true),
        png(
            120,
            90,
            ColorType::Rgb,
            BitDepth::Eight,
            &picture.pixels,
            |_| (),
        ),
        webp(120, 90, rgb, &picture.pixels, |_| ()),
    ];
    // A fixed sequence, so that a failure comes again.
    let mut random = 0x9e37_79b9_u32;
    let mut next = move || {
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        random as usize
    };
    for file in files {
        for _ in 0..300 {
            let mut bytes = file.clone();
            for _ in 0..1 + next() % 8 {
                let at = next() % bytes.len();
                bytes[at] = next() as u8;
            }
            if let Ok(processed) = make(&bytes) {
                assert_eq!(processed.renditions.len(), 3);
            }
        }
    }
}

#[test]
fn the_sniffed_format_is_the_header_s() {
    let bytes = Rgb::quarters(40, 30).jpeg(None, None, false);
    let header = read_header(&bytes, &Limits::default(), &every_format()).unwrap();
    assert_eq!(
        (header.format, header.width, header.height),
        (Format::Jpeg, 40, 30)
    );
    assert_eq!(sniff(&bytes, &every_format()), Ok(Format::Jpeg));
    assert_eq!(header.frames, 1);
}

#[test]
fn a_second_frame_cannot_hide_how_large_the_first_is() {
    let small = Rgb::plain(16, 16, [1, 2, 3]).jpeg(None, None, false);
    let frame = memchr::memmem::find(&small, b"\xff\xc0").unwrap();
    let length = usize::from(u16::from_be_bytes([small[frame + 2], small[frame + 3]]));
    let frame = small[frame..frame + 2 + length].to_vec();
    let mut bytes = Rgb::plain(2_000, 2_000, [1, 2, 3]).jpeg(None, None, false);
    let end = bytes.len() - 2;
    bytes.splice(end..end, frame);
    assert_broken(&bytes, "two frames");
}

#[test]
fn a_progressive_picture_of_one_scan_is_estimated_with_its_coefficients() {
    let baseline = Rgb::plain(800, 800, [1, 2, 3]).jpeg(None, None, false);
    let mut progressive = baseline.clone();
    let frame = memchr::memmem::find(&progressive, b"\xff\xc0").unwrap();
    progressive[frame + 1] = 0xc2;
    let bytes = |picture: &[u8]| {
        let header = read_header(picture, &Limits::default(), &every_format()).unwrap();
        header.memory_bytes
    };
    assert!(bytes(&progressive) > bytes(&baseline));
}
