//! What a photo costs. Ignored by default: run with `--ignored --nocapture` on a quiet machine.

use std::time::Instant;

use crate::pictures::{Rgb, make};

#[test]
#[ignore = "measures; says nothing about correctness"]
fn twelve_megapixels() {
    let path = std::env::var("HELIOGRAPH_PHOTO");
    let bytes = path.map_or_else(
        |_| {
            let noise = |x: u32, y: u32| (x * 7 + y * 13 + (x * y) % 29) as u8;
            let picture = Rgb::new(4_032, 3_024, |x, y| {
                [
                    noise(x, y) / 8 + (x / 16) as u8 / 2,
                    (y / 16) as u8,
                    noise(y, x) / 8,
                ]
            });
            picture.jpeg(None, None, false)
        },
        |path| std::fs::read(path).unwrap(),
    );
    make(&bytes).unwrap();
    let rounds = 10;
    let started = Instant::now();
    let mut sizes = Vec::new();
    for _ in 0..rounds {
        let processed = make(&bytes).unwrap();
        sizes = processed
            .renditions
            .iter()
            .map(|rendition| rendition.bytes.len())
            .collect();
    }
    println!(
        "{} bytes: {:?} each, {sizes:?}",
        bytes.len(),
        started.elapsed() / rounds
    );
}
