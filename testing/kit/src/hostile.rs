//! Files that must be refused, or survived.

use crate::exif::Exif;
use crate::jpeg::{self, Extras};
use crate::picture::Picture;
use crate::{png, webp};

/// What a server may do with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// Refuse it with a 4xx, at once or when it is processed.
    Refusal,
    /// Refuse it, or take it and serve a clean picture.
    RefusalOrCleanPicture,
}

/// A file with ill intent, or ill fate.
#[derive(Debug, Clone)]
pub struct HostileFile {
    /// As the client names it.
    pub name: &'static str,
    /// As the client declares it.
    pub content_type: &'static str,
    /// The file as it is sent.
    pub bytes: Vec<u8>,
    /// What may come of it.
    pub expect: Expect,
}

/// The side that hostile headers claim.
pub const HUGE_SIDE: u32 = 65_500;

/// A text that would run as a script if a browser took the file for a page.
pub const SCRIPT: &str = "<html><script>alert(document.cookie)</script></html>";

/// Every file of the kind.
#[must_use]
pub fn all() -> Vec<HostileFile> {
    let mut files = refused();
    files.extend(survived());
    files
}

fn file(
    name: &'static str,
    content_type: &'static str,
    bytes: impl Into<Vec<u8>>,
    expect: Expect,
) -> HostileFile {
    HostileFile {
        name,
        content_type,
        bytes: bytes.into(),
        expect,
    }
}

fn refused() -> Vec<HostileFile> {
    let refuse = |name, kind, bytes: Vec<u8>| file(name, kind, bytes, Expect::Refusal);
    let small = small();
    let jpeg_file = jpeg::encode(&small, 80);
    let png_file = png::encode(&small);
    let webp_file = webp::encode(&small);
    // The beginning of a JPEG, so that it is looked at and not refused by its first bytes.
    let mut random = b"\xff\xd8\xff\xe0".to_vec();
    random.extend((0..4_096_u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8));
    vec![
        refuse("empty.jpg", "image/jpeg", Vec::new()),
        refuse("one-byte.jpg", "image/jpeg", vec![0xff]),
        refuse("zeros.png", "image/png", vec![0; 4_096]),
        refuse("page.jpg", "image/jpeg", SCRIPT.into()),
        refuse("drawing.png", "image/png", svg()),
        refuse(
            "archive.jpg",
            "image/jpeg",
            b"PK\x03\x04 not a picture at all".to_vec(),
        ),
        refuse(
            "program.webp",
            "image/webp",
            b"\x7fELF\x02\x01\x01\0".repeat(64),
        ),
        refuse("paper.png", "image/png", b"%PDF-1.7\n1 0 obj\n".repeat(32)),
        refuse("text.txt", "text/plain", b"Only words.".to_vec()),
        refuse("signature-only.jpg", "image/jpeg", jpeg_file[..3].to_vec()),
        refuse("signature-only.png", "image/png", png_file[..8].to_vec()),
        refuse(
            "signature-only.webp",
            "image/webp",
            webp_file[..12].to_vec(),
        ),
        refuse("header-only.jpg", "image/jpeg", jpeg_file[..20].to_vec()),
        refuse("header-only.png", "image/png", png_file[..33].to_vec()),
        refuse("noise.jpg", "image/jpeg", random),
        refuse("huge.jpg", "image/jpeg", huge_jpeg()),
        refuse("huge.png", "image/png", huge_png()),
        refuse("huge.webp", "image/webp", huge_webp()),
        refuse("no-pixels.png", "image/png", png_with_size(0, 0)),
        refuse(
            "half.png",
            "image/png",
            png_file[..png_file.len() / 2].to_vec(),
        ),
        refuse(
            "half.webp",
            "image/webp",
            webp_file[..webp_file.len() / 2].to_vec(),
        ),
    ]
}

fn survived() -> Vec<HostileFile> {
    let survive = |name, kind, bytes| file(name, kind, bytes, Expect::RefusalOrCleanPicture);
    let small = small();
    let jpeg_file = jpeg::encode(&small, 80);
    let mut misnamed = file(
        "really-a-png.jpg",
        "image/jpeg",
        png::encode(&small),
        Expect::RefusalOrCleanPicture,
    );
    misnamed.content_type = "image/jpeg";
    let broken_exif = Extras {
        exif: Some(Exif {
            thumbnail: Some(vec![0xff; 64]),
            orientation: Some(200),
            ..Exif::default()
        }),
        ..Extras::default()
    };
    vec![
        misnamed,
        survive(
            "half.jpg",
            "image/jpeg",
            jpeg_file[..jpeg_file.len() / 2].to_vec(),
        ),
        survive("polyglot.html", "text/html", polyglot_jpeg()),
        survive("polyglot.png", "image/png", polyglot_png()),
        survive(
            "orientation-200.jpg",
            "image/jpeg",
            jpeg::write(&small, 80, &broken_exif),
        ),
        survive("broken-profile.jpg", "image/jpeg", with_broken_profile()),
        survive("../../etc/passwd.jpg", "image/jpeg", jpeg_file.clone()),
        survive(
            "one-pixel.png",
            "image/png",
            png::encode(&Picture::from_fn(1, 1, |_, _| [9, 9, 9])),
        ),
        survive(
            "sliver.png",
            "image/png",
            png::encode(&Picture::from_fn(4_000, 1, |x, _| [x as u8; 3])),
        ),
    ]
}

fn small() -> Picture {
    Picture::from_fn(64, 48, |x, y| {
        [(x * 4) as u8, (y * 5) as u8, ((x * y) % 251) as u8]
    })
}

fn svg() -> Vec<u8> {
    br#"<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><rect width="9" height="9"/></svg>"#
        .to_vec()
}

/// A JPEG of a few hundred bytes whose header claims 65,500 by 65,500 pixels.
///
/// # Panics
/// Never: a baseline JPEG has its frame header.
#[must_use]
pub fn huge_jpeg() -> Vec<u8> {
    let mut bytes = jpeg::encode(&small(), 80);
    let frame = bytes
        .windows(2)
        .position(|pair| pair == [0xff, 0xc0])
        .expect("a baseline JPEG has a frame header");
    let side = (HUGE_SIDE as u16).to_be_bytes();
    bytes[frame + 5..frame + 7].copy_from_slice(&side);
    bytes[frame + 7..frame + 9].copy_from_slice(&side);
    bytes
}

/// A PNG whose header claims 65,500 by 65,500 pixels.
#[must_use]
pub fn huge_png() -> Vec<u8> {
    png_with_size(HUGE_SIDE, HUGE_SIDE)
}

fn png_with_size(width: u32, height: u32) -> Vec<u8> {
    let plain = png::encode(&small());
    let mut bytes = plain[..8].to_vec();
    let mut header = plain[16..29].to_vec();
    header[..4].copy_from_slice(&width.to_be_bytes());
    header[4..8].copy_from_slice(&height.to_be_bytes());
    // With a checksum that is right: the claim must not be refused for anything else.
    png::chunk(&mut bytes, *b"IHDR", &header);
    bytes.extend_from_slice(&plain[33..]);
    bytes
}

/// A WebP whose canvas claims 65,500 by 65,500 pixels.
#[must_use]
pub fn huge_webp() -> Vec<u8> {
    let plain = webp::encode(&small());
    let mut body = Vec::new();
    webp::chunk(
        &mut body,
        *b"VP8X",
        &webp::extended_header(0, HUGE_SIDE, HUGE_SIDE),
    );
    body.extend_from_slice(&plain[12..]);
    webp::riff(&body)
}

/// A JPEG that is also a web page with a script.
#[must_use]
pub fn polyglot_jpeg() -> Vec<u8> {
    let plain = jpeg::encode(&small(), 80);
    let mut bytes = plain[..2].to_vec();
    let comment = format!("*/{SCRIPT}/*");
    bytes.extend_from_slice(&[0xff, 0xfe]);
    bytes.extend_from_slice(&(comment.len() as u16 + 2).to_be_bytes());
    bytes.extend_from_slice(comment.as_bytes());
    bytes.extend_from_slice(&plain[2..]);
    bytes.extend_from_slice(SCRIPT.as_bytes());
    bytes
}

fn polyglot_png() -> Vec<u8> {
    let plain = png::encode(&small());
    let mut bytes = plain[..33].to_vec();
    png::chunk(
        &mut bytes,
        *b"tEXt",
        format!("Comment\0{SCRIPT}").as_bytes(),
    );
    bytes.extend_from_slice(&plain[33..]);
    bytes.extend_from_slice(SCRIPT.as_bytes());
    bytes
}

fn with_broken_profile() -> Vec<u8> {
    let extras = Extras {
        icc: Some(b"this is not a colour profile at all".repeat(5)),
        ..Extras::default()
    };
    jpeg::write(&small(), 80, &extras)
}
