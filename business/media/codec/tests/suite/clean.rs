//! Nothing of the original's metadata is served.

use crate::pictures::{Rgb, exif, make, png};

/// The segments of a JPEG that are not needed to decode it, by marker; the JFIF header is.
pub(crate) fn needless_segments(jpeg: &[u8]) -> Vec<u8> {
    let mut found = Vec::new();
    let mut at = 2;
    while jpeg[at] == 0xff && jpeg[at + 1] != 0xda {
        let marker = jpeg[at + 1];
        let length = usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
        let jfif = marker == 0xe0 && length == 16 && jpeg[at + 4..].starts_with(b"JFIF\0");
        let needed = matches!(marker, 0xdb | 0xc0 | 0xc1 | 0xc2 | 0xc4 | 0xdd);
        if !jfif && !needed {
            found.push(marker);
        }
        at += 2 + length;
    }
    found
}

/// Texts that would betray metadata or code carried over.
pub(crate) const MARKS: [&str; 9] = [
    "Exif",
    "ICC_PROFILE",
    "http://ns.adobe.com/xap",
    "Photoshop",
    "8BIM",
    "GPS",
    "<script",
    "<?xpacket",
    "PK\x03\x04",
];

pub(crate) fn assert_clean(jpeg: &[u8], what: &str) {
    assert_eq!(needless_segments(jpeg), Vec::<u8>::new(), "{what}");
    for mark in MARKS {
        let found = memchr::memmem::find(jpeg, mark.as_bytes());
        assert!(
            found.is_none() || mark.len() < 4,
            "{what}: {mark} at {found:?}"
        );
    }
    assert_eq!(
        &jpeg[jpeg.len() - 2..],
        b"\xff\xd9",
        "{what}: something after the end"
    );
}

#[test]
fn no_segment_of_a_jpeg_is_carried_over() {
    let mut bytes = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 90);
    encoder.add_exif_metadata(&exif(1)).unwrap();
    encoder.add_icc_profile(b"profile").unwrap();
    encoder
        .add_app_segment(1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta/>".to_vec())
        .unwrap();
    encoder
        .add_app_segment(13, b"Photoshop 3.0\08BIM".to_vec())
        .unwrap();
    let picture = Rgb::quarters(500, 400);
    encoder
        .encode(&picture.pixels, 500, 400, jpeg_encoder::ColorType::Rgb)
        .unwrap();
    // A comment with a script, after the start marker, and more after the end.
    let mut comment = b"\xff\xfe\0\x17<script>alert(1)</s>!".to_vec();
    comment.truncate(2 + 0x17);
    bytes.splice(2..2, comment);
    bytes.extend(b"PK\x03\x04<script>");
    for rendition in make(&bytes).unwrap().renditions {
        assert_clean(&rendition.bytes, rendition.name);
    }
}

#[test]
fn no_text_of_a_png_is_carried_over() {
    let picture = Rgb::quarters(300, 200);
    let mut bytes = png(
        300,
        200,
        png::ColorType::Rgb,
        png::BitDepth::Eight,
        &picture.pixels,
        |info| {
            info.exif_metadata = Some(exif(1).into());
            let text = "<script>GPS</script>".to_owned();
            info.uncompressed_latin1_text
                .push(png::text_metadata::TEXtChunk::new("Comment", text));
        },
    );
    bytes.extend(b"<script>");
    for rendition in make(&bytes).unwrap().renditions {
        assert_clean(&rendition.bytes, rendition.name);
    }
}
