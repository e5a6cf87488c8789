//! GIFs, WebPs and PNGs that are not as their standard has them, and that browsers show.

use business_media_codec::{CodecError, Format, Limits, Purpose, frames, read_header, strip};

use crate::moving::{moving_gif, moving_webp};
use crate::pictures::{Rgb, every_format, look, make, png, webp};

/// Where the blocks of a GIF begin.
fn blocks(file: &[u8]) -> usize {
    let palette = if file[10] & 0x80 == 0 {
        0
    } else {
        6 << (file[10] & 7)
    };
    13 + palette
}

fn inserted(file: &[u8], at: usize, bytes: &[u8]) -> Vec<u8> {
    [&file[..at], bytes, &file[at..]].concat()
}

fn frame_count(format: Format, file: &[u8]) -> usize {
    let frames = frames(format, file, &Limits::default()).unwrap();
    frames.map_or(1, |frames| frames.map(Result::unwrap).count())
}

/// An image of no pixels.
const NOTHING: &[u8] = b"\x2c\0\0\0\0\0\0\0\0\0\x02\x01\x2c\0";

#[test]
fn a_gif_is_shown_with_what_browsers_pass_over() {
    let plain = moving_gif();
    let expected = make(&plain).unwrap();
    let animation = expected.animation.as_ref().unwrap();
    let clean = strip(&plain, Format::Gif, Purpose::Shared).unwrap();
    let (start, end) = (blocks(&plain), plain.len() - 1);
    for (what, file) in [
        (
            "an unknown extension",
            inserted(&plain, start, b"\x21\x2a\x06SECRET\0"),
        ),
        (
            "one of no kind",
            inserted(&plain, start, b"\x21\0\x06SECRET\0"),
        ),
        ("an empty one", inserted(&plain, start, b"\x21\xaa\0")),
        (
            "a control that is too long",
            inserted(&plain, start, b"\x21\xf9\x05\0\x05\0\0\0\0"),
        ),
        (
            "a control that is too short",
            inserted(&plain, start, b"\x21\xf9\x03\0\x05\0\0"),
        ),
        ("zeros before", inserted(&plain, start, b"\0\0\0")),
        ("zeros after", inserted(&plain, end, b"\0\0\0")),
        (
            "an image of nothing before",
            inserted(&plain, start, NOTHING),
        ),
        ("an image of nothing after", inserted(&plain, end, NOTHING)),
        ("no end", plain[..end].to_vec()),
        ("no end of the last image either", plain[..end - 1].to_vec()),
        (
            "something else instead of the end",
            inserted(&plain, end, b"SECRET"),
        ),
    ] {
        let processed = make(&file).unwrap_or_else(|error| panic!("{what}: {error:?}"));
        let seen = processed
            .animation
            .unwrap_or_else(|| panic!("{what}: does not move"));
        assert_eq!(seen.frames, animation.frames, "{what}");
        assert_eq!(
            look(&make(&file).unwrap(), "full").pixels,
            look(&expected, "full").pixels,
            "{what}"
        );
        let stripped = strip(&file, Format::Gif, Purpose::Shared).unwrap();
        assert!(!stripped.windows(6).any(|text| text == b"SECRET"), "{what}");
        assert_eq!(
            frame_count(Format::Gif, &stripped),
            frame_count(Format::Gif, &clean),
            "{what}"
        );
    }
}

#[test]
fn of_a_gif_that_is_cut_off_the_whole_frames_are_kept() {
    let plain = moving_gif();
    let whole = frame_count(Format::Gif, &plain);
    let mut seen = Vec::new();
    for length in (blocks(&plain)..=plain.len()).rev() {
        match read_header(&plain[..length], &Limits::default(), &every_format()) {
            Ok(header) => {
                assert_eq!(
                    frame_count(Format::Gif, &plain[..length]),
                    header.frames as usize
                );
                seen.push(header.frames as usize);
            }
            Err(error) => {
                assert!(matches!(error, CodecError::Broken { .. }), "{error:?}");
                seen.push(0);
            }
        }
    }
    assert!(seen.is_sorted_by(|one, next| one >= next), "{seen:?}");
    assert_eq!((seen.first(), seen.last()), (Some(&whole), Some(&0)));
    assert!((1..whole).all(|frames| seen.contains(&frames)));
}

#[test]
fn a_gif_without_a_size_is_as_large_as_its_first_image() {
    let mut file = moving_gif();
    let size = read_header(&file, &Limits::default(), &every_format()).unwrap();
    file[6..10].fill(0);
    let header = read_header(&file, &Limits::default(), &every_format()).unwrap();
    assert_eq!((header.width, header.height), (size.width, size.height));
    assert!(make(&file).is_ok());
}

#[test]
fn codes_that_grow_to_their_longest_are_counted() {
    // So many that the table of codes is full several times.
    let (width, height) = (300_u16, 200_u16);
    let pixels: Vec<u8> = (0..60_000_u32)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let mut file = Vec::new();
    let palette: Vec<u8> = (0..=255).flat_map(|gray| [gray; 3]).collect();
    let mut encoder = gif::Encoder::new(&mut file, width, height, &palette).unwrap();
    let frame = gif::Frame::from_indexed_pixels(width, height, pixels, None);
    encoder.write_frame(&frame).unwrap();
    drop(encoder);
    // Without the ends of the image and of the file.
    assert!(make(&file[..file.len() - 2]).is_ok());
    assert!(make(&file[..file.len() - 8]).is_err());
}

fn chunk(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_le_bytes();
    let mut chunk = [&kind[..], &length, body].concat();
    chunk.resize(chunk.len().next_multiple_of(2), 0);
    chunk
}

fn riff(chunks: &[u8]) -> Vec<u8> {
    let length = u32::try_from(chunks.len() + 4).unwrap().to_le_bytes();
    [b"RIFF", &length[..], b"WEBP", chunks].concat()
}

#[test]
fn a_webp_is_shown_whatever_its_flags_say() {
    let picture = Rgb::quarters(60, 40);
    let plain = webp(60, 40, image_webp::ColorType::Rgb8, &picture.pixels, |_| ());
    let expected = look(&make(&plain).unwrap(), "full");
    let pixels = &plain[12..];
    for flags in [0, 0x04, 0x08, 0x10, 0x20, 0x2c, 0x3c, 0xc1] {
        let canvas = chunk(b"VP8X", &[flags, 0, 0, 0, 59, 0, 0, 39, 0, 0]);
        for (what, before, after) in [
            ("nothing", vec![], vec![]),
            ("an unknown chunk before", chunk(b"ABCD", b"xyz"), vec![]),
            ("an unknown chunk after", vec![], chunk(b"ABCD", b"xyz")),
            (
                "a profile that is none, after",
                vec![],
                chunk(b"ICCP", b"zzz"),
            ),
        ] {
            let file = riff(&[&canvas, &before, pixels, &after].concat());
            let seen = make(&file).unwrap_or_else(|error| panic!("{flags:#x}, {what}: {error:?}"));
            assert_eq!(
                look(&seen, "full").pixels,
                expected.pixels,
                "{flags:#x}, {what}"
            );
        }
    }
    let trailing = [&plain[..], b"SECRET"].concat();
    assert_eq!(
        look(&make(&trailing).unwrap(), "full").pixels,
        expected.pixels
    );
}

#[test]
fn a_webp_that_no_browser_shows_is_refused() {
    let plain = webp(
        60,
        40,
        image_webp::ColorType::Rgb8,
        &Rgb::quarters(60, 40).pixels,
        |_| (),
    );
    let sized = |width: u8, flags: u8| {
        let canvas = chunk(b"VP8X", &[flags, 0, 0, 0, width - 1, 0, 0, 39, 0, 0]);
        riff(&[&canvas, &plain[12..]].concat())
    };
    let moving = moving_webp();
    for (what, file) in [
        ("a smaller canvas", sized(50, 0)),
        ("a larger canvas", sized(70, 0)),
        ("an animation without frames", sized(60, 2)),
        ("cut off", plain[..plain.len() - 4].to_vec()),
        (
            "an animation that is cut off",
            moving[..moving.len() - 20].to_vec(),
        ),
    ] {
        let refused = make(&file);
        assert!(matches!(refused, Err(CodecError::Broken { .. })), "{what}");
    }
}

#[test]
fn a_png_of_apples_own_form_is_named() {
    let plain = png(
        8,
        8,
        png::ColorType::Grayscale,
        png::BitDepth::Eight,
        &[9; 64],
        |_| (),
    );
    let file = inserted(&plain, 8, b"\0\0\0\x04CgBI\x50\0\x20\x06\x2b\xd5\xb3\x7f");
    let refused = make(&file).unwrap_err();
    assert!(
        matches!(refused, CodecError::Unsupported { .. }),
        "{refused:?}"
    );
    assert!(refused.to_string().contains("CgBI"));
}

#[test]
fn a_png_is_shown_with_what_browsers_pass_over() {
    let picture = Rgb::quarters(60, 40);
    let plain = png(
        60,
        40,
        png::ColorType::Rgb,
        png::BitDepth::Eight,
        &picture.pixels,
        |_| (),
    );
    let expected = look(&make(&plain).unwrap(), "full");
    let end = plain.len() - 12;
    // A length, a name, a body, and a checksum that is wrong.
    let wrong = |kind: &[u8; 4], body: &[u8]| {
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&length[..], kind, body, b"\0\0\0\x01"].concat()
    };
    for (what, file) in [
        (
            "a text of a wrong checksum",
            inserted(&plain, 33, &wrong(b"tEXt", b"a\0SECRET")),
        ),
        (
            "a profile that is none",
            inserted(&plain, 33, &wrong(b"iCCP", b"x\0\0SECRET")),
        ),
        (
            "opacity that is none",
            inserted(&plain, 33, &wrong(b"tRNS", b"\0")),
        ),
        ("no end", plain[..end].to_vec()),
        ("something after the end", [&plain[..], b"SECRET"].concat()),
    ] {
        let seen = make(&file).unwrap_or_else(|error| panic!("{what}: {error:?}"));
        assert_eq!(look(&seen, "full").pixels, expected.pixels, "{what}");
        if let Ok(stripped) = strip(&file, Format::Png, Purpose::Shared) {
            assert!(!stripped.windows(6).any(|text| text == b"SECRET"), "{what}");
        }
    }
}
