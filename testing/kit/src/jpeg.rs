//! JPEG files with what cameras, phones and editors put round the picture.

use crate::exif::{Exif, marks, xmp_packet};
use crate::picture::Picture;

/// What stands in the file besides the picture.
#[derive(Debug, Clone, Default)]
pub struct Extras {
    /// An EXIF block, the first segment of the file.
    pub exif: Option<Exif>,
    /// An ICC profile; see [`crate::icc`].
    pub icc: Option<Vec<u8>>,
    /// An XMP packet with an owner and a place.
    pub xmp: bool,
    /// An IPTC block in a Photoshop segment.
    pub iptc: bool,
    /// A comment segment, or text chunks.
    pub comment: bool,
    /// Bytes after the picture's end, as motion photos and hidden archives have them.
    pub trailing: bool,
}

impl Extras {
    /// Everything at once, for a picture stored with this orientation.
    #[must_use]
    pub fn everything(orientation: u8) -> Self {
        let thumbnail = Picture::from_fn(32, 24, |x, y| [(x * 8) as u8, (y * 10) as u8, 128]);
        Self {
            exif: Some(Exif::everything(orientation, encode(&thumbnail, 60))),
            icc: None,
            xmp: true,
            iptc: true,
            comment: true,
            trailing: true,
        }
    }

    /// Only which way is up.
    #[must_use]
    pub fn oriented(orientation: u8) -> Self {
        Self {
            exif: Some(Exif::oriented(orientation)),
            ..Self::default()
        }
    }
}

/// A plain JPEG, 4:2:0 below quality 90.
///
/// # Panics
/// When a side is longer than 65,535.
#[must_use]
pub fn encode(picture: &Picture, quality: u8) -> Vec<u8> {
    let side = |pixels: u32| u16::try_from(pixels).expect("a JPEG's sides have 16 bits");
    let (width, height) = (side(picture.width), side(picture.height));
    let mut bytes = Vec::new();
    jpeg_encoder::Encoder::new(&mut bytes, quality)
        .encode(&picture.rgb, width, height, jpeg_encoder::ColorType::Rgb)
        .expect("writing to memory does not fail");
    bytes
}

/// A JPEG with extras.
#[must_use]
pub fn write(picture: &Picture, quality: u8, extras: &Extras) -> Vec<u8> {
    let plain = encode(picture, quality);
    let mut bytes = plain[..2].to_vec();
    if let Some(exif) = &extras.exif {
        let mut body = b"Exif\0\0".to_vec();
        body.extend_from_slice(&exif.to_tiff());
        segment(&mut bytes, 0xe1, &body);
    }
    if extras.xmp {
        let mut body = b"http://ns.adobe.com/xap/1.0/\0".to_vec();
        body.extend_from_slice(xmp_packet().as_bytes());
        segment(&mut bytes, 0xe1, &body);
    }
    if let Some(profile) = &extras.icc {
        icc_segments(&mut bytes, profile);
    }
    if extras.iptc {
        segment(&mut bytes, 0xed, &iptc_body());
    }
    if extras.comment {
        segment(&mut bytes, 0xfe, marks::COMMENT.as_bytes());
    }
    // All but what trails stands between the file's first marker and the picture.
    bytes.extend_from_slice(&plain[2..]);
    if extras.trailing {
        bytes.extend_from_slice(marks::TRAILING.as_bytes());
    }
    bytes
}

fn segment(bytes: &mut Vec<u8>, marker: u8, body: &[u8]) {
    let length = u16::try_from(body.len() + 2).expect("a segment holds at most 65,533 bytes");
    bytes.extend_from_slice(&[0xff, marker]);
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(body);
}

fn icc_segments(bytes: &mut Vec<u8>, profile: &[u8]) {
    const CHUNK: usize = 60_000;
    let chunks = profile.chunks(CHUNK);
    let count = chunks.len() as u8;
    for (index, chunk) in chunks.enumerate() {
        let mut body = b"ICC_PROFILE\0".to_vec();
        body.extend_from_slice(&[index as u8 + 1, count]);
        body.extend_from_slice(chunk);
        segment(bytes, 0xe2, &body);
    }
}

fn iptc_body() -> Vec<u8> {
    let caption = marks::IPTC.as_bytes();
    let mut record = vec![0x1c, 2, 120];
    record.extend_from_slice(&(caption.len() as u16).to_be_bytes());
    record.extend_from_slice(caption);
    record.resize(record.len().next_multiple_of(2), 0);
    let mut body = b"Photoshop 3.0\08BIM\x04\x04\0\0".to_vec();
    body.extend_from_slice(&(record.len() as u32).to_be_bytes());
    body.extend_from_slice(&record);
    body
}
