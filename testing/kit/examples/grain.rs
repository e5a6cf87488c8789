//! Draws grainy pictures as JPEG files, each heavier than the one before: `cargo run -p testing-kit
//! --example grain -- FOLDER EDGE STRENGTH...`. The strength is how far grain goes from grey, at
//! most 127.

use testing_kit::{Picture, jpeg};

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().unwrap_or_else(|| ".".to_owned());
    let mut numbers = arguments.filter_map(|text| text.parse::<u32>().ok());
    let edge = numbers.next().unwrap_or(2048);
    for strength in numbers {
        let picture = Picture::from_fn(edge, edge, |x, y| grain(x, y, strength.min(127)));
        let name = format!("{folder}/grain-{strength}.jpg");
        std::fs::write(&name, jpeg::encode(&picture, 96))?;
    }
    Ok(())
}

fn grain(x: u32, y: u32, strength: u32) -> [u8; 3] {
    let mut value = x.wrapping_mul(0x9e37_79b9) ^ y.wrapping_mul(0x85eb_ca6b);
    value ^= value >> 15;
    value = value.wrapping_mul(0x2c1b_3c6d);
    value ^= value >> 12;
    let of_byte = |byte: u32| {
        let moved = (byte & 0xff) * strength * 2 / 255;
        u8::try_from(128 + moved - strength).unwrap_or(128)
    };
    [of_byte(value), of_byte(value >> 8), of_byte(value >> 16)]
}
