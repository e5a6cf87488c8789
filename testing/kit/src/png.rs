//! PNG files with text, EXIF, XMP and profile chunks.

use image::ImageEncoder;

use crate::exif::{marks, xmp_packet};
use crate::jpeg::Extras;
use crate::picture::Picture;

/// A plain PNG.
///
/// # Panics
/// When the picture's bytes do not fit its size.
#[must_use]
pub fn encode(picture: &Picture) -> Vec<u8> {
    let mut bytes = Vec::new();
    image::codecs::png::PngEncoder::new(&mut bytes)
        .write_image(
            &picture.rgb,
            picture.width,
            picture.height,
            image::ExtendedColorType::Rgb8,
        )
        .expect("writing to memory does not fail");
    bytes
}

/// A PNG with extras.
#[must_use]
pub fn write(picture: &Picture, extras: &Extras) -> Vec<u8> {
    const HEADER_END: usize = 8 + 25;
    let plain = encode(picture);
    let mut bytes = plain[..HEADER_END].to_vec();
    if let Some(profile) = &extras.icc {
        let mut body = b"profile\0\0".to_vec();
        body.extend_from_slice(&stored_zlib(profile));
        chunk(&mut bytes, *b"iCCP", &body);
    }
    if let Some(exif) = &extras.exif {
        chunk(&mut bytes, *b"eXIf", &exif.to_tiff());
    }
    if extras.comment {
        let mut body = b"Comment\0".to_vec();
        body.extend_from_slice(marks::COMMENT.as_bytes());
        chunk(&mut bytes, *b"tEXt", &body);
    }
    if extras.xmp {
        let mut body = b"XML:com.adobe.xmp\0\0\0\0\0".to_vec();
        body.extend_from_slice(xmp_packet().as_bytes());
        chunk(&mut bytes, *b"iTXt", &body);
    }
    bytes.extend_from_slice(&plain[HEADER_END..]);
    if extras.trailing {
        bytes.extend_from_slice(marks::TRAILING.as_bytes());
    }
    bytes
}

/// Appends a chunk with its checksum.
pub(crate) fn chunk(bytes: &mut Vec<u8>, kind: [u8; 4], body: &[u8]) {
    bytes.extend_from_slice(&(body.len() as u32).to_be_bytes());
    let checked_from = bytes.len();
    bytes.extend_from_slice(&kind);
    bytes.extend_from_slice(body);
    let checksum = crc32(&bytes[checked_from..]);
    bytes.extend_from_slice(&checksum.to_be_bytes());
}

/// A zlib stream that stores without compressing.
pub(crate) fn stored_zlib(data: &[u8]) -> Vec<u8> {
    const BLOCK: usize = 65_535;
    let mut out = vec![0x78, 0x01];
    let blocks = data.len().div_ceil(BLOCK).max(1);
    for (index, block) in data.chunks(BLOCK).enumerate() {
        out.push(u8::from(index + 1 == blocks));
        let length = block.len() as u16;
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&(!length).to_le_bytes());
        out.extend_from_slice(block);
    }
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in data {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    out.extend_from_slice(&((b << 16) | a).to_be_bytes());
    out
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        }
    }
    !crc
}
