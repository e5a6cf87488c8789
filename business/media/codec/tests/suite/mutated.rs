//! Very many small files with bytes changed, doubled, cut out and put in, of every kind that is
//! read leniently: never a panic that is not caught, never more than the limits, and what is
//! stripped is well formed and stays so.

use business_media_codec::{
    Format, FormatSet, Job, Ladder, Limits, Purpose, Step, process, read_header, strip,
};

use crate::moving::{apng, moving_gif, moving_webp};
use crate::pictures::{Rgb, exif, png, webp};

const MUTATIONS: usize = 20_000;

fn seeds() -> Vec<(Format, Vec<u8>)> {
    let picture = Rgb::new(24, 17, |x, y| {
        [(x * 9) as u8, (y * 13) as u8, (x ^ y) as u8]
    });
    let still = png(
        24,
        17,
        png::ColorType::Rgb,
        png::BitDepth::Eight,
        &picture.pixels,
        |_| (),
    );
    let lossless = webp(24, 17, image_webp::ColorType::Rgb8, &picture.pixels, |_| ());
    let jpeg = |progressive: bool| picture.jpeg(Some(&exif(6)), None, progressive);
    // Without its end, so that its scans are read code by code.
    let endless = |progressive: bool| {
        let mut file = jpeg(progressive);
        file.truncate(file.len() - 2);
        file
    };
    vec![
        (Format::Jpeg, jpeg(false)),
        (Format::Jpeg, jpeg(true)),
        (Format::Jpeg, endless(false)),
        (Format::Jpeg, endless(true)),
        (Format::Gif, moving_gif()),
        (Format::Gif, moving_gif()[..moving_gif().len() - 2].to_vec()),
        (Format::WebP, lossless),
        (Format::WebP, moving_webp()),
        (Format::Png, still),
        (Format::Png, apng(false, png::BlendOp::Over)),
    ]
}

/// A fixed sequence, so that a failure comes again.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % bound.max(1)
    }
}

fn mutate(file: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(3) {
        let at = random.below(file.len());
        let until = at + random.below((file.len() - at).min(24));
        match random.below(6) {
            0 => file[at] = random.below(256) as u8,
            1 => file[at] ^= 1 << random.below(8),
            2 => drop(file.drain(at..until)),
            3 => drop(file.splice(at..at, file[at..until].to_vec())),
            4 => drop(file.splice(at..at, [0xff, random.below(256) as u8, 0])),
            _ => file.truncate(until.max(4)),
        }
    }
}

#[test]
fn mutated_files_do_no_harm() {
    let limits = Limits {
        pixels_max: 300_000,
        animation_pixels_max: 300_000,
        memory_bytes_max: 64 * 1024 * 1024,
        ..Limits::default()
    };
    let step = Step {
        side_max: 16,
        ..Ladder::default().steps()[0]
    };
    let ladder = Ladder::new(vec![step]);
    let job = Job::new(&limits, &ladder);
    let (seeds, mut random) = (seeds(), Random(0x9e37_79b9_7f4a_7c15));
    let (mut read, mut made) = (0, 0);
    for round in 0..MUTATIONS {
        let (format, mut file) = seeds[round % seeds.len()].clone();
        mutate(&mut file, &mut random);
        for purpose in [Purpose::Published, Purpose::Shared] {
            if let Ok(clean) = strip(&file, format, purpose) {
                let again = strip(&clean, format, purpose);
                assert!(
                    again == Ok(clean),
                    "round {round}: not the same a second time"
                );
            }
        }
        let Ok(header) = read_header(&file, &limits, &FormatSet::new([format])) else {
            continue;
        };
        read += 1;
        assert!(
            header.memory_bytes <= limits.memory_bytes_max,
            "round {round}"
        );
        assert!(header.cost_ms() < 1_000, "round {round}");
        if let Ok(processed) = process(&file, &job) {
            made += 1;
            assert_eq!(processed.renditions.len(), 1, "round {round}");
        }
    }
    // Most are not so broken that nothing of them is looked at.
    assert!(
        read > MUTATIONS / 10 && made > MUTATIONS / 20,
        "{read} read, {made} made"
    );
}
