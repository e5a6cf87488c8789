//! What is written can be read again, and looks the same.

use std::io::Cursor;

use business_media_codec::{
    CodecError, EncoderMemory, Encoding, ExternalCodecs as _, Frame, Pixels, StoppedBy,
};
use business_media_codec_worker::CodecWorkers;
use image_webp::{LoopCount, WebPDecoder};
use testing_kit::{Landscape, Mood, charts};

use crate::{decode, external_codecs, photos, soon};

const USUAL: EncoderMemory = EncoderMemory::Usual;
const MOST: EncoderMemory = EncoderMemory::Most {
    bytes_max: u64::MAX,
};
/// How far lossy pixels may be from what they were made of, of 255, on the average.
const MEAN_APART_MAX: f64 = 6.0;

fn photo(external_codecs: &CodecWorkers) -> Pixels {
    let path = &photos("good", &["fox.profile2.8bpc.yuv422.avif"])[0];
    decode(external_codecs, &std::fs::read(path).unwrap()).unwrap()
}

fn apart(ours: &[u8], theirs: &[u8]) -> f64 {
    assert_eq!(ours.len(), theirs.len());
    let sum: u64 = ours
        .iter()
        .zip(theirs)
        .map(|(a, b)| u64::from(a.abs_diff(*b)))
        .sum();
    sum as f64 / ours.len() as f64
}

fn read_webp(file: &[u8]) -> Vec<u8> {
    let mut decoder = WebPDecoder::new(Cursor::new(file)).unwrap();
    let mut bytes = vec![0; decoder.output_buffer_size().unwrap()];
    decoder.read_image(&mut bytes).unwrap();
    bytes
}

#[test]
fn webp_is_what_it_was_made_of() {
    let Some(external_codecs) = external_codecs() else {
        return;
    };
    let photo = photo(&external_codecs);
    let file = external_codecs
        .encode(&photo, Encoding::WebP, 80, USUAL, soon())
        .unwrap();
    assert!(file.len() < photo.bytes.len() / 15, "{} bytes", file.len());
    assert!(apart(&read_webp(&file), &photo.bytes) < MEAN_APART_MAX);
    let worse = external_codecs
        .encode(&photo, Encoding::WebP, 20, USUAL, soon())
        .unwrap();
    assert!(worse.len() < file.len());
}

#[test]
fn avif_is_what_it_was_made_of() {
    let Some(external_codecs) = external_codecs() else {
        return;
    };
    let photo = photo(&external_codecs);
    let file = external_codecs
        .encode(&photo, Encoding::Avif, 60, USUAL, soon())
        .unwrap();
    assert!(file.len() < photo.bytes.len() / 15, "{} bytes", file.len());
    let again = decode(&external_codecs, &file).unwrap();
    assert_eq!((again.width, again.height), (photo.width, photo.height));
    assert_eq!((again.has_alpha, again.profile), (false, None));
    assert!(apart(&again.bytes, &photo.bytes) < MEAN_APART_MAX);
    let worse = external_codecs
        .encode(&photo, Encoding::Avif, 20, USUAL, soon())
        .unwrap();
    assert!(worse.len() < file.len());
}

#[test]
fn what_shines_through_shines_through_again() {
    let Some(external_codecs) = external_codecs() else {
        return;
    };
    let photo = photo(&external_codecs);
    let half = photo.bytes.len() / 6;
    let bytes = photo.bytes.chunks_exact(3).enumerate();
    let bytes: Vec<u8> = bytes
        .flat_map(|(at, color)| {
            [
                color[0],
                color[1],
                color[2],
                if at < half { 255 } else { 64 },
            ]
        })
        .collect();
    let seen_through = Pixels {
        bytes,
        has_alpha: true,
        ..photo
    };
    let avif = external_codecs
        .encode(&seen_through, Encoding::Avif, 80, USUAL, soon())
        .unwrap();
    let webp = external_codecs
        .encode(&seen_through, Encoding::WebP, 80, USUAL, soon())
        .unwrap();
    for pixels in [
        decode(&external_codecs, &avif).unwrap().bytes,
        read_webp(&webp),
    ] {
        assert_eq!(pixels.len(), seen_through.bytes.len());
        let (first, last) = (pixels[3], pixels[pixels.len() - 1]);
        assert!(first > 250 && last.abs_diff(64) < 6, "{first} {last}");
    }
}

/// Frames of one colour each.
fn frames(count: u8) -> impl Iterator<Item = Result<Frame, CodecError>> {
    (0..count).map(|number| {
        Ok(Frame {
            bytes: [number * 60, 100, 255 - number * 60, 255].repeat(64 * 48),
            duration_ms: 100 + u32::from(number) * 50,
        })
    })
}

#[test]
fn an_animation_keeps_its_frames_times_and_loops() {
    let Some(external_codecs) = external_codecs() else {
        return;
    };
    for (loops, expected) in [
        (0, LoopCount::Forever),
        (3, LoopCount::Times(3.try_into().unwrap())),
    ] {
        let file = external_codecs
            .encode_animation((64, 48), &mut frames(4), loops, 80, soon())
            .unwrap();
        let mut decoder = WebPDecoder::new(Cursor::new(&file)).unwrap();
        assert_eq!((decoder.dimensions(), decoder.num_frames()), ((64, 48), 4));
        assert_eq!(
            format!("{:?}", decoder.loop_count()),
            format!("{expected:?}")
        );
        let mut bytes = vec![0; decoder.output_buffer_size().unwrap()];
        for frame in frames(4) {
            let frame = frame.unwrap();
            assert_eq!(decoder.read_frame(&mut bytes).unwrap(), frame.duration_ms);
            assert!(
                bytes[0].abs_diff(frame.bytes[0]) < 12,
                "{} {}",
                bytes[0],
                frame.bytes[0]
            );
        }
    }
}

#[test]
fn frames_that_cannot_be_had_end_the_animation_and_no_more() {
    let Some(external_codecs) = external_codecs() else {
        return;
    };
    let lost = CodecError::Broken {
        cause: "lost".to_owned(),
    };
    let mut broken_off = frames(2).chain([Err(lost.clone())]);
    let ended = external_codecs.encode_animation((64, 48), &mut broken_off, 0, 80, soon());
    assert_eq!(ended, Err(lost));
    for (size, count) in [((64, 47), 1), ((64, 48), 0), ((20_000, 48), 0)] {
        let refused = external_codecs.encode_animation(size, &mut frames(count), 0, 80, soon());
        assert!(
            matches!(
                &refused,
                Err(CodecError::Stopped {
                    by: StoppedBy::Refusal,
                    ..
                })
            ),
            "{size:?} {refused:?}"
        );
    }
    assert!(
        external_codecs
            .encode_animation((64, 48), &mut frames(1), 0, 80, soon())
            .is_ok()
    );
}

#[test]
fn pixels_that_cannot_be_encoded_are_an_error_and_no_more() {
    let Some(external_codecs) = external_codecs() else {
        return;
    };
    let photo = photo(&external_codecs);
    let fewer = Pixels {
        height: photo.height + 1,
        ..photo.clone()
    };
    let too_wide = Pixels {
        width: 20_000,
        height: 1,
        bytes: vec![0; 60_000],
        has_alpha: false,
        profile: None,
    };
    for pixels in [&fewer, &too_wide] {
        let refused = external_codecs.encode(pixels, Encoding::WebP, 80, USUAL, soon());
        assert!(
            matches!(
                &refused,
                Err(CodecError::Stopped {
                    by: StoppedBy::Refusal,
                    ..
                })
            ),
            "{refused:?}"
        );
    }
    assert!(
        external_codecs
            .encode(&photo, Encoding::WebP, 80, USUAL, soon())
            .is_ok()
    );
}

#[test]
fn noise_is_encoded_within_the_memory_that_is_estimated() {
    let Some(external_codecs) = external_codecs() else {
        return;
    };
    let mut state = 1_u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    for (width, height, has_alpha) in [(1, 1, false), (400, 300, true), (1_080, 810, false)] {
        let bytes = width * height * if has_alpha { 4 } else { 3 };
        let pixels = Pixels {
            width,
            height,
            bytes: (0..bytes).map(|_| noise()).collect(),
            has_alpha,
            profile: None,
        };
        for encoding in [Encoding::WebP, Encoding::Avif] {
            let file = external_codecs.encode(&pixels, encoding, 80, USUAL, soon());
            assert!(file.is_ok(), "{encoding:?} {width}: {file:?}");
        }
    }
}

fn opaque((width, height): (u32, u32), bytes: Vec<u8>) -> Pixels {
    Pixels {
        width,
        height,
        bytes,
        has_alpha: false,
        profile: None,
    }
}

fn tiles((width, height): (u32, u32)) -> Pixels {
    opaque((width, height), charts::tiles(width, height).rgb)
}

fn landscape((width, height): (u32, u32)) -> Pixels {
    let drawn = Landscape {
        seed: 31,
        mood: Mood::Dawn,
        width,
        height,
    };
    let mut bytes = drawn.draw().rgb;
    // With the grain of a sensor; without it a clear sky is taken for a drawing.
    let mut state = 1_u32;
    for byte in &mut bytes {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *byte = byte.saturating_add((state >> 29) as u8);
    }
    opaque((width, height), bytes)
}

#[test]
fn drawings_are_encoded_within_the_most_and_leave_nothing_that_counts_against_photographs() {
    let Some(external_codecs) = external_codecs() else {
        return;
    };
    let encode = |pixels: &Pixels, encoding, memory| {
        external_codecs.encode(pixels, encoding, 75, memory, soon())
    };
    for size in [(1_350, 1_080), (2_048, 1_536)] {
        let drawn = encode(&tiles(size), Encoding::Avif, MOST);
        assert!(drawn.is_ok(), "{size:?}: {drawn:?}");
        // One after the other by the same workers, the largest first, as a picture's forms are
        // made.
        for size in [(1_800, 1_200), (400, 267), (1_200, 1_800)] {
            for encoding in [Encoding::WebP, Encoding::Avif] {
                let file = encode(&landscape(size), encoding, USUAL);
                assert!(file.is_ok(), "{encoding:?} {size:?}: {file:?}");
            }
        }
    }
    // What it does not get by with is an end, and not for others.
    let too_little = encode(&tiles((2_048, 1_536)), Encoding::Avif, USUAL);
    assert!(
        matches!(
            too_little,
            Err(CodecError::Stopped {
                by: StoppedBy::Refusal | StoppedBy::Crash,
                ..
            })
        ),
        "{too_little:?}"
    );
    assert!(encode(&landscape((400, 300)), Encoding::Avif, USUAL).is_ok());
}
