//! The JPEGs that are made show the same in every decoder, whatever their size.

use business_media_codec::{Job, Ladder, Limits, Processed, Step, process};

use crate::pictures::{Rgb, assert_close, look, png};

/// The sides at which blocks, and squares of four blocks, begin to be whole or not; and the first
/// that is too large for colours as fine as brightness.
const SIDES: [u32; 9] = [1, 7, 8, 9, 15, 16, 17, 33, 641];

/// What a picture becomes when it is encoded in its own size.
fn encoded(picture: &Rgb, quality: u8) -> Processed {
    let file = png(
        picture.width,
        picture.height,
        ::png::ColorType::Rgb,
        ::png::BitDepth::Eight,
        &picture.pixels,
        |_| (),
    );
    let step = Step {
        name: "one",
        side_max: 16_000,
        quality,
        webp_quality: quality,
        avif_quality: quality,
    };
    let (limits, ladder) = (Limits::default(), Ladder::new(vec![step]));
    process(&file, &Job::new(&limits, &ladder)).unwrap()
}

/// Colours that change slowly, so that they may be stored coarsely, and differ at every edge.
fn slope(width: u32, height: u32) -> Rgb {
    Rgb::new(width, height, |x, y| {
        [
            (40 + x * 120 / width) as u8,
            (60 + y * 120 / height) as u8,
            150,
        ]
    })
}

#[test]
fn two_decoders_see_the_picture_at_every_size() {
    for width in SIDES {
        for height in SIDES {
            let picture = slope(width, height);
            let processed = encoded(&picture, 90);
            let seen = look(&processed, "one");
            let mut other = jpeg_decoder::Decoder::new(&processed.renditions[0].bytes[..]);
            let other = Rgb {
                pixels: other.decode().unwrap(),
                ..seen.clone()
            };
            for (x, y) in [
                (0, 0),
                (width - 1, 0),
                (0, height - 1),
                (width / 2, height / 2),
            ] {
                let what = format!("{x}, {y} of {width} by {height}");
                assert_close(seen.at(x, y), picture.at(x, y), 16, &what);
                assert_close(other.at(x, y), seen.at(x, y), 6, &what);
            }
        }
    }
}

#[test]
fn what_fits_the_default_ladder_is_progressive_and_what_does_not_is_made_row_by_row() {
    let frame = |width, height| {
        let processed = encoded(&slope(width, height), 82);
        let file = &processed.renditions[0].bytes;
        let found = [0xc0_u8, 0xc2].map(|kind| memchr::memmem::find(file, &[0xff, kind, 0, 17]));
        found.map(|at| at.is_some())
    };
    assert_eq!(frame(2_048, 1_024), [false, true]);
    assert_eq!(frame(2_048, 2_080), [true, false]);
}

#[test]
fn red_letters_on_blue_stay_red_in_small_pictures() {
    let stripes = Rgb::new(240, 240, |x, y| {
        if (x / 3 + y / 24) % 2 == 0 {
            [200, 20, 20]
        } else {
            [20, 20, 200]
        }
    });
    let seen = look(&encoded(&stripes, 80), "one");
    let off = stripes.pixels.iter().zip(&seen.pixels);
    let off: u64 = off.map(|(was, is)| u64::from(was.abs_diff(*is))).sum();
    let mean = off as f64 / stripes.pixels.len() as f64;
    assert!(mean < 5.0, "off by {mean:.1} in the mean");
}
