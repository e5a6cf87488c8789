//! Draws landscapes as JPEG files: `cargo run -p testing-kit --example landscapes -- FOLDER [WIDTH
//! HEIGHT [SEEDS [QUALITY]]]`.

use std::time::Instant;

use testing_kit::{Landscape, Mood, jpeg};

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().unwrap_or_else(|| ".".to_owned());
    let mut number = |default: u32| {
        arguments
            .next()
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    };
    let (width, height, seeds) = (number(1600), number(1200), number(1));
    let quality = u8::try_from(number(88)).unwrap_or(100).min(100);
    for mood in Mood::ALL {
        for seed in 1..=seeds {
            let started = Instant::now();
            let picture = Landscape {
                seed,
                mood,
                width,
                height,
            }
            .draw();
            let drawn = started.elapsed();
            let bytes = jpeg::encode(&picture, quality);
            let name = format!("{folder}/{}-{seed}.jpg", format!("{mood:?}").to_lowercase());
            std::fs::write(&name, &bytes)?;
            println!("{name}: {drawn:.2?} drawn, {} bytes", bytes.len());
        }
    }
    Ok(())
}
