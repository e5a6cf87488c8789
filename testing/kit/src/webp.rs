//! WebP files (lossless) with EXIF, XMP and profile chunks.

use image::ImageEncoder;

use crate::exif::xmp_packet;
use crate::jpeg::Extras;
use crate::picture::Picture;

/// A plain lossless WebP.
///
/// # Panics
/// When the picture's bytes do not fit its size.
#[must_use]
pub fn encode(picture: &Picture) -> Vec<u8> {
    let mut bytes = Vec::new();
    image::codecs::webp::WebPEncoder::new_lossless(&mut bytes)
        .write_image(
            &picture.rgb,
            picture.width,
            picture.height,
            image::ExtendedColorType::Rgb8,
        )
        .expect("writing to memory does not fail");
    bytes
}

/// A WebP with extras. It has no place for IPTC, comments or trailing bytes.
#[must_use]
pub fn write(picture: &Picture, extras: &Extras) -> Vec<u8> {
    const CHUNKS_AT: usize = 12;
    let plain = encode(picture);
    let mut body = Vec::new();
    let flags = (u8::from(extras.icc.is_some()) << 5)
        | (u8::from(extras.exif.is_some()) << 3)
        | (u8::from(extras.xmp) << 2);
    chunk(
        &mut body,
        *b"VP8X",
        &extended_header(flags, picture.width, picture.height),
    );
    if let Some(profile) = &extras.icc {
        chunk(&mut body, *b"ICCP", profile);
    }
    // The picture's own chunk, without an extended header of the encoder's.
    body.extend_from_slice(&plain[CHUNKS_AT..]);
    if let Some(exif) = &extras.exif {
        chunk(&mut body, *b"EXIF", &exif.to_tiff());
    }
    if extras.xmp {
        chunk(&mut body, *b"XMP ", xmp_packet().as_bytes());
    }
    riff(&body)
}

/// The canvas of an extended file: flags, then width and height less one, 24 bits each.
pub(crate) fn extended_header(flags: u8, width: u32, height: u32) -> Vec<u8> {
    let mut header = vec![flags, 0, 0, 0];
    header.extend_from_slice(&(width - 1).to_le_bytes()[..3]);
    header.extend_from_slice(&(height - 1).to_le_bytes()[..3]);
    header
}

/// A whole file round its chunks.
pub(crate) fn riff(body: &[u8]) -> Vec<u8> {
    let mut bytes = b"RIFF".to_vec();
    bytes.extend_from_slice(&(body.len() as u32 + 4).to_le_bytes());
    bytes.extend_from_slice(b"WEBP");
    bytes.extend_from_slice(body);
    bytes
}

/// Appends a chunk, padded to an even length.
pub(crate) fn chunk(body: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
    body.extend_from_slice(&kind);
    body.extend_from_slice(&(data.len() as u32).to_le_bytes());
    body.extend_from_slice(data);
    if data.len() % 2 == 1 {
        body.push(0);
    }
}
