use std::io::Cursor;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::container::webp::{self, AnimationFrame, Canvas, Chunk, Picture, chunks, inside};

/// What libwebp's encoder ends at (`MAX_HUFF_IMAGE_SIZE`).
const GROUPS_OF_LIBWEBP: usize = 2_600;
/// Generous: what is measured is whether it ends.
const TIME_MAX: Duration = Duration::from_secs(2);

fn vp8l(body: &[u8]) -> Picture<'_> {
    Picture {
        alpha: None,
        pixels: Chunk {
            kind: *b"VP8L",
            body,
        },
    }
}

fn groups_of(picture: &Picture<'_>, size: (u32, u32)) -> Result<usize, CodecError> {
    let mut codes = 0;
    prefix_codes(picture, size, |_| codes += 1)?;
    assert_eq!(codes % GROUP_CODES, 0);
    Ok(codes / GROUP_CODES)
}

fn groups_of_made(body: &[u8]) -> Result<usize, CodecError> {
    groups_of(&vp8l(body), (made::SIDE, made::SIDE))
}

/// What the decoder makes of such pixels.
fn decoded(body: &[u8]) -> Result<Vec<u8>, image_webp::DecodingError> {
    let mut chunk = Vec::new();
    webp::write(&mut chunk, *b"VP8L", body);
    let file = webp::file(&chunk);
    let mut decoder = image_webp::WebPDecoder::new(Cursor::new(&file))?;
    let mut pixels = vec![0; decoder.output_buffer_size().unwrap()];
    decoder.read_image(&mut pixels).map(|()| pixels)
}

/// Every picture of a file, frames included, with its size.
fn pictures(file: &[u8]) -> Vec<(Picture<'_>, (u32, u32))> {
    let parts: Vec<_> = chunks(inside(file).unwrap())
        .map_while(Result::ok)
        .collect();
    let canvas = parts.iter().find(|part| part.kind == *b"VP8X");
    let canvas = canvas.map(|part| Canvas::read(part.body).unwrap());
    if let Some(canvas) = canvas.filter(|canvas| canvas.animated) {
        let frames = parts.iter().filter(|part| part.kind == *b"ANMF");
        return frames
            .map(|part| AnimationFrame::read(part.body, &canvas).unwrap())
            .map(|frame| (frame.picture, (frame.width, frame.height)))
            .collect();
    }
    let picture = Picture::find(parts.into_iter().map(Ok)).unwrap();
    vec![(picture, picture.size().unwrap())]
}

#[test]
fn every_lossless_photo_of_the_shared_set_has_as_many_groups_as_an_encoder_writes() {
    let Some(files) = testing_kit::require::shared_photos("good") else {
        return;
    };
    let mut lossless = 0;
    for path in files {
        if path.extension().is_none_or(|extension| extension != "webp") {
            continue;
        }
        let file = std::fs::read(&path).unwrap();
        for (picture, size) in pictures(&file) {
            let groups = groups_of(&picture, size);
            let expected = if picture.pixels.kind == *b"VP8L" || lossless_alpha(&picture).is_some()
            {
                lossless += 1;
                1..=GROUPS_OF_LIBWEBP
            } else {
                0..=0
            };
            let groups = groups.unwrap_or_else(|error| panic!("{}: {error:?}", path.display()));
            assert!(expected.contains(&groups), "{}: {groups}", path.display());
        }
    }
    assert!(lossless > 0, "no lossless picture in the set");
}

#[test]
fn the_decoders_own_encoder_writes_one_group() {
    for (color, channels) in [
        (image_webp::ColorType::L8, 1),
        (image_webp::ColorType::Rgb8, 3),
        (image_webp::ColorType::Rgba8, 4),
    ] {
        for side in [1, 2, 33, 200_u32] {
            let pixels: Vec<u8> = (0..side * side * channels)
                .map(|at| (at.wrapping_mul(at) / 7) as u8)
                .collect();
            let mut file = Vec::new();
            image_webp::WebPEncoder::new(&mut file)
                .encode(&pixels, side, side, color)
                .unwrap();
            let [(picture, size)] = pictures(&file)[..] else {
                panic!("one picture");
            };
            assert_eq!(groups_of(&picture, size), Ok(1));
        }
    }
}

#[test]
fn groups_are_as_many_as_the_entropy_image_says() {
    for groups in [1, 2, 255, 256, 257, 300] {
        let body = made::many_groups(groups, true);
        assert!(decoded(&body).is_ok());
        assert_eq!(groups_of_made(&body), Ok(groups as usize));
        let alpha = [&[1], &made::many_groups(groups, false)[..]].concat();
        let picture = Picture {
            alpha: Some(&alpha),
            pixels: Chunk {
                kind: *b"VP8 ",
                body: &[],
            },
        };
        assert_eq!(groups_of(&picture, (16, 16)), Ok(groups as usize));
    }
    assert!(decoded(&made::every_part()).is_ok());
    assert_eq!(groups_of_made(&made::every_part()), Ok(3));
}

#[test]
fn a_palette_makes_the_picture_narrower() {
    for colors in [2, 3, 4, 5, 16, 17, 256] {
        let body = made::with_palette(colors);
        assert!(decoded(&body).is_ok(), "{colors} colours");
        assert_eq!(groups_of_made(&body), Ok(2), "{colors} colours");
    }
}

#[test]
fn pixels_of_another_size_are_refused() {
    let body = made::every_part();
    assert!(groups_of(&vp8l(&body), (16, 17)).is_err());
}

#[test]
fn what_is_cut_off_before_the_last_code_is_refused() {
    let body = made::every_part();
    let pixels = 200;
    for length in 0..body.len() - pixels {
        assert!(groups_of_made(&body[..length]).is_err(), "{length} bytes");
    }
    assert_eq!(groups_of_made(&body[..body.len() - pixels]), Ok(3));
}

/// Whatever the decoder can decode it read the codes of, and then they can be read here; all but
/// those that are not whole and that it takes nevertheless.
fn check(body: &[u8]) {
    let started = Instant::now();
    let groups = groups_of_made(body);
    assert!(started.elapsed() < TIME_MAX, "{:?}", started.elapsed());
    if let Err(error) = groups
        && error.cause() != "a prefix code that is not whole"
        && body.get(..5) == made::every_part().get(..5)
    {
        assert!(decoded(body).is_err(), "{error:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_do_no_harm(
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
        with_header in any::<bool>(),
    ) {
        let header = &made::every_part()[..if with_header { 5 } else { 0 }];
        check(&[header, &bytes].concat());
    }

    #[test]
    fn a_changed_stream_does_no_harm(
        part in 0usize..3,
        cut in proptest::option::of(0.0f64..1.0),
        changes in proptest::collection::vec((0.0f64..1.0, any::<u8>()), 0..8),
    ) {
        let streams = [made::every_part(), made::with_palette(9), made::many_groups(3, true)];
        let mut body = streams[part].clone();
        for (at, byte) in changes {
            let at = (at * body.len() as f64) as usize;
            body[at] = byte;
        }
        if let Some(cut) = cut {
            body.truncate((cut * body.len() as f64) as usize);
        }
        check(&body);
    }
}
