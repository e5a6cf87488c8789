//! Files that were cut and changed anywhere: never a panic, never long, and what is stripped of
//! them is well formed.

use std::time::{Duration, Instant};

use business_media_codec::{Camera, Format, Limits, Purpose, frames, read_header, strip};
use proptest::prelude::*;

use crate::moving::{apng, moving_gif, moving_webp};
use crate::pictures::{Rgb, every_format, exif, make, png, webp};

/// Generous: what is measured is whether it ends.
const FILE_TIME_MAX: Duration = Duration::from_secs(10);

fn seeds() -> Vec<(Format, Vec<u8>)> {
    let picture = Rgb::new(48, 40, |x, y| [x as u8, y as u8, (x ^ y) as u8]);
    let still = png(
        48,
        40,
        png::ColorType::Rgb,
        png::BitDepth::Eight,
        &picture.pixels,
        |info| {
            info.exif_metadata = Some(exif(6).into());
        },
    );
    let web = webp(
        48,
        40,
        image_webp::ColorType::Rgb8,
        &picture.pixels,
        |encoder| {
            encoder.set_exif_metadata(exif(3));
        },
    );
    vec![
        (Format::Jpeg, picture.jpeg(Some(&exif(6)), None, false)),
        (Format::Jpeg, picture.jpeg(None, Some(b"no profile"), true)),
        (Format::Png, still),
        (Format::Png, apng(false, png::BlendOp::Over)),
        (Format::Png, apng(true, png::BlendOp::Source)),
        (Format::WebP, web),
        (Format::WebP, moving_webp()),
        (Format::Gif, moving_gif()),
    ]
}

fn check(format: Format, file: &[u8]) {
    let started = Instant::now();
    let limits = Limits::default();
    if let Ok(header) = read_header(file, &limits, &every_format()) {
        assert!(header.memory_bytes <= limits.memory_bytes_max);
        if let Ok(Some(frames)) = frames(format, file, &limits) {
            assert!(frames.take_while(Result::is_ok).count() <= header.frames as usize);
        }
    }
    if let Ok(processed) = make(file) {
        assert_eq!(processed.renditions.len(), 3);
    }
    let _ = Camera::of_file(format, file);
    let _ = Camera::from_exif(file);
    for purpose in [Purpose::Published, Purpose::Shared] {
        if let Ok(clean) = strip(file, format, purpose) {
            assert!(
                strip(&clean, format, purpose) == Ok(clean),
                "not the same a second time"
            );
        }
    }
    assert!(
        started.elapsed() < FILE_TIME_MAX,
        "took {:?}",
        started.elapsed()
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_changed_file_does_no_harm(
        seed in 0usize..8,
        cut in proptest::option::of(0.0f64..1.0),
        changes in proptest::collection::vec((0.0f64..1.0, any::<u8>()), 0..8),
    ) {
        let (format, mut file) = seeds().swap_remove(seed);
        for (at, byte) in changes {
            let at = (at * file.len() as f64) as usize;
            file[at] = byte;
        }
        if let Some(cut) = cut {
            file.truncate((cut * file.len() as f64) as usize);
        }
        check(format, &file);
    }
}

#[test]
fn a_file_cut_anywhere_does_no_harm() {
    for (format, file) in seeds() {
        for length in (0..file.len()).step_by(7) {
            check(format, &file[..length]);
        }
    }
}
