//! A blurhash as a picture of 8 × 6 pixels inside the page: what is seen until the photo is there,
//! without a script.

use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use infra_cache::Cache;

const WIDTH: u32 = 8;
const HEIGHT: u32 = 6;
/// The most hazes kept, with about 350 bytes each.
const PLACEHOLDERS_MAX: u64 = 20_000;
/// The longest blurhash there is: 9 × 9 components.
const HASH_CHARACTERS_MAX: usize = 166;
/// A Windows bitmap's headers. The format is chosen because it needs no compression and no
/// checksum, and a browser reads it everywhere.
const HEADER_BYTES: u32 = 54;
// Rows of a bitmap are padded to four bytes; these 24 need none.
const ROW_BYTES: u32 = WIDTH * 3;

static PLACEHOLDERS: LazyLock<Cache<String, Arc<str>>> =
    LazyLock::new(|| Cache::bounded(PLACEHOLDERS_MAX));

/// The address of the picture (`data:…`); empty when the hash cannot be read.
pub(crate) fn of(hash: &str) -> Arc<str> {
    if hash.is_empty() || hash.len() > HASH_CHARACTERS_MAX {
        return Arc::from("");
    }
    if let Some(placeholder) = PLACEHOLDERS.get(hash) {
        return placeholder;
    }
    let placeholder: Arc<str> = match blurhash::decode(hash, WIDTH, HEIGHT, 1.0) {
        Ok(pixels) => Arc::from(format!(
            "data:image/bmp;base64,{}",
            STANDARD.encode(bitmap(&pixels))
        )),
        Err(_) => Arc::from(""),
    };
    PLACEHOLDERS.insert(hash.to_owned(), Arc::clone(&placeholder));
    placeholder
}

/// RGBA from the top left, as a bitmap: blue first and from the bottom.
fn bitmap(pixels: &[u8]) -> Vec<u8> {
    let mut file = Vec::with_capacity((HEADER_BYTES + ROW_BYTES * HEIGHT) as usize);
    file.extend(b"BM");
    for number in [
        HEADER_BYTES + ROW_BYTES * HEIGHT,
        0,
        HEADER_BYTES,
        40,
        WIDTH,
        HEIGHT,
    ] {
        file.extend(number.to_le_bytes());
    }
    // One plane, 24 bits a pixel, no compression.
    file.extend([1, 0, 24, 0]);
    // 2,835 pixels in a metre are 72 in an inch.
    for number in [0, ROW_BYTES * HEIGHT, 2_835, 2_835, 0, 0] {
        file.extend(number.to_le_bytes());
    }
    for row in pixels.chunks_exact((WIDTH * 4) as usize).rev() {
        for pixel in row.chunks_exact(4) {
            file.extend([pixel[2], pixel[1], pixel[0]]);
        }
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_becomes_a_bitmap_the_right_way_up() {
        let placeholder = of("LEHV6nWB2yk8pyo0adR*.7kCMdnj");
        let encoded = placeholder.strip_prefix("data:image/bmp;base64,").unwrap();
        let file = STANDARD.decode(encoded).unwrap();
        assert_eq!(file.len(), 54 + 8 * 6 * 3);
        assert_eq!(&file[..2], b"BM");
        let mut pixels = vec![0; 8 * 6 * 4];
        pixels[..4].copy_from_slice(&[1, 2, 3, 255]);
        let file = bitmap(&pixels);
        let top_left = 54 + 5 * 24;
        assert_eq!(file[top_left..top_left + 3], [3, 2, 1]);
    }

    #[test]
    fn what_is_no_hash_gives_no_picture() {
        for hash in [
            "",
            "x",
            "not a hash at all, but rather long",
            &"L".repeat(200),
        ] {
            assert_eq!(&*of(hash), "", "{hash}");
        }
    }
}
