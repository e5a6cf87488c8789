//! Looks in served bytes for what must not be there.

use std::fmt;

use crate::exif::{POSITION, coordinate_bytes, marks};
use crate::hostile::SCRIPT;

/// Something that a served picture should not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// An EXIF block, whatever is in it.
    Exif,
    /// An XMP packet, whatever is in it.
    Xmp,
    /// An IPTC or Photoshop block.
    Iptc,
    /// A colour profile. A small standard one is no secret, but colours should have been converted.
    Icc,
    /// A comment or text chunk.
    Comment,
    /// Bytes after the picture's end.
    Trailing(usize),
    /// Another block that pictures do without.
    Block(String),
    /// A text or number that only the original's metadata holds.
    Mark(String),
    /// The file ends before the picture does, or is no picture.
    Broken(String),
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self:?}")
    }
}

/// Everything in a JPEG, PNG, WebP or GIF file that is not the picture; nothing if it is clean.
#[must_use]
pub fn findings(bytes: &[u8]) -> Vec<Finding> {
    let mut findings = if bytes.starts_with(b"\xff\xd8") {
        jpeg_findings(bytes)
    } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        png_findings(bytes)
    } else if bytes.starts_with(b"RIFF") {
        webp_findings(bytes)
    } else if bytes.starts_with(b"GIF8") {
        gif_findings(bytes)
    } else {
        vec![Finding::Broken(
            "neither JPEG, PNG, WebP nor GIF".to_owned(),
        )]
    };
    findings.extend(mark_findings(bytes));
    findings
}

/// The marks of [`crate::exif::marks`], positions, scripts and block names anywhere in any bytes: a
/// page, a JSON reply, a picture.
#[must_use]
pub fn mark_findings(bytes: &[u8]) -> Vec<Finding> {
    let names: [&[u8]; 6] = [
        b"Exif\0",
        b"http://ns.adobe.com",
        b"Photoshop 3.0",
        b"GPSLatitude",
        b"<x:xmpmeta",
        SCRIPT.as_bytes(),
    ];
    let mut texts: Vec<Vec<u8>> = names.map(<[u8]>::to_vec).to_vec();
    texts.extend(marks::ALL.map(|mark| mark.as_bytes().to_vec()));
    texts.push(coordinate_bytes(POSITION.0));
    texts.push(coordinate_bytes(POSITION.1));
    texts
        .into_iter()
        .filter(|text| bytes.windows(text.len()).any(|window| window == text))
        .map(|text| Finding::Mark(String::from_utf8_lossy(&text).into_owned()))
        .collect()
}

fn jpeg_findings(bytes: &[u8]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut at = 2;
    while let Some(&[0xff, marker]) = bytes.get(at..at + 2) {
        at += 2;
        match marker {
            // A marker may have any number of fill bytes before it.
            0xff => at -= 1,
            0xd9 => {
                if at < bytes.len() {
                    findings.push(Finding::Trailing(bytes.len() - at));
                }
                return findings;
            }
            // These have no length and no body.
            0x01 | 0xd0..=0xd7 => {}
            _ => {
                let Some(length) = big_endian_16(bytes, at).filter(|length| *length >= 2) else {
                    break;
                };
                let Some(body) = bytes.get(at + 2..at + length) else {
                    break;
                };
                findings.extend(jpeg_segment(marker, body));
                at += length;
                if marker == 0xda {
                    at = end_of_scan(bytes, at);
                }
            }
        }
    }
    findings.push(Finding::Broken(format!("no JPEG marker at byte {at}")));
    findings
}

fn jpeg_segment(marker: u8, body: &[u8]) -> Option<Finding> {
    match marker {
        0xe0 if body.starts_with(b"JFIF\0") => None,
        0xee if body.starts_with(b"Adobe") => None,
        0xe1 if body.starts_with(b"Exif\0") => Some(Finding::Exif),
        0xe1 => Some(Finding::Xmp),
        0xe2 if body.starts_with(b"ICC_PROFILE\0") => Some(Finding::Icc),
        0xed => Some(Finding::Iptc),
        0xfe => Some(Finding::Comment),
        0xe0..=0xef => Some(Finding::Block(format!("APP{}", marker - 0xe0))),
        _ => None,
    }
}

/// Where the entropy-coded data ends: at the next marker that is neither stuffing nor a restart.
fn end_of_scan(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(&[first, second]) = bytes.get(at..at + 2) {
        if first == 0xff && second != 0 && !(0xd0..=0xd7).contains(&second) {
            return at;
        }
        at += 1;
    }
    bytes.len()
}

fn png_findings(bytes: &[u8]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut at = 8;
    while let (Some(length), Some(kind)) = (big_endian_32(bytes, at), bytes.get(at + 4..at + 8)) {
        // Its length, its kind and its checksum besides.
        at += length + 12;
        match kind {
            b"IEND" => {
                if at < bytes.len() {
                    findings.push(Finding::Trailing(bytes.len() - at));
                }
                return findings;
            }
            b"IHDR" | b"PLTE" | b"IDAT" | b"tRNS" | b"sRGB" | b"gAMA" | b"cHRM" => {}
            b"eXIf" => findings.push(Finding::Exif),
            b"iCCP" => findings.push(Finding::Icc),
            b"tEXt" | b"zTXt" | b"iTXt" => findings.push(Finding::Comment),
            other => findings.push(Finding::Block(String::from_utf8_lossy(other).into_owned())),
        }
    }
    findings.push(Finding::Broken("the PNG has no end".to_owned()));
    findings
}

fn webp_findings(bytes: &[u8]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut at = 12;
    while let (Some(kind), Some(length)) = (bytes.get(at..at + 4), little_endian_32(bytes, at + 4))
    {
        match kind {
            b"VP8 " | b"VP8L" | b"VP8X" | b"ALPH" | b"ANIM" | b"ANMF" => {}
            b"EXIF" => findings.push(Finding::Exif),
            b"XMP " => findings.push(Finding::Xmp),
            b"ICCP" => findings.push(Finding::Icc),
            other => findings.push(Finding::Block(String::from_utf8_lossy(other).into_owned())),
        }
        // RIFF fills chunks of odd lengths up.
        at += 8 + length.next_multiple_of(2);
    }
    if at < bytes.len() {
        findings.push(Finding::Trailing(bytes.len() - at));
    }
    findings
}

fn gif_findings(bytes: &[u8]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let Some(&flags) = bytes.get(10) else {
        return vec![Finding::Broken("no screen".to_owned())];
    };
    let mut at = 13 + color_table_bytes(flags);
    loop {
        let (kind, body) = match (bytes.get(at), bytes.get(at + 1)) {
            (Some(0x3b), None) => return findings,
            (Some(0x3b), Some(_)) => {
                findings.push(Finding::Trailing(bytes.len() - at - 1));
                return findings;
            }
            (Some(0x2c), _) => {
                let flags = bytes.get(at + 9).copied().unwrap_or_default();
                (0x2c, at + 11 + color_table_bytes(flags))
            }
            (Some(0x21), Some(&label)) => (label, at + 2),
            _ => {
                findings.push(Finding::Broken("cut off".to_owned()));
                return findings;
            }
        };
        match kind {
            0x2c | 0xf9 => {}
            0xfe => findings.push(Finding::Comment),
            // How often an animation runs, which is part of the picture.
            0xff if bytes[body..].starts_with(b"\x0bNETSCAPE2.0") => {}
            other => findings.push(Finding::Block(format!("extension {other:#x}"))),
        }
        at = body;
        while let Some(&length) = bytes.get(at).filter(|length| **length > 0) {
            at += 1 + usize::from(length);
        }
        at += 1;
    }
}

/// How long the colour table is that these flags announce, in bytes.
fn color_table_bytes(flags: u8) -> usize {
    if flags & 0x80 == 0 {
        return 0;
    }
    3 << ((flags & 7) + 1)
}

fn big_endian_16(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..at + 2)?;
    Some(usize::from(u16::from_be_bytes(bytes.try_into().ok()?)))
}

fn big_endian_32(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..at + 4)?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?) as usize)
}

fn little_endian_32(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..at + 4)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::icc;
    use crate::jpeg::{self, Extras};
    use crate::picture::Picture;
    use crate::{png, webp};

    fn picture() -> Picture {
        Picture::from_fn(40, 30, |x, y| [(x * 6) as u8, (y * 8) as u8, 77])
    }

    fn everything() -> Extras {
        Extras {
            icc: Some(icc::display_p3()),
            ..Extras::everything(6)
        }
    }

    #[test]
    fn clean_files_are_clean() {
        for bytes in [
            jpeg::encode(&picture(), 80),
            png::encode(&picture()),
            webp::encode(&picture()),
        ] {
            assert_eq!(findings(&bytes), []);
        }
    }

    #[test]
    fn everything_that_is_put_in_is_found() {
        let found = findings(&jpeg::write(&picture(), 80, &everything()));
        for wanted in [
            Finding::Exif,
            Finding::Xmp,
            Finding::Iptc,
            Finding::Icc,
            Finding::Comment,
        ] {
            assert!(found.contains(&wanted), "{wanted} is missing in {found:?}");
        }
        for mark in marks::ALL {
            assert!(found.contains(&Finding::Mark(mark.to_owned())), "{mark}");
        }
        assert!(
            found
                .iter()
                .any(|finding| matches!(finding, Finding::Trailing(_)))
        );

        let found = findings(&png::write(&picture(), &everything()));
        assert!(found.contains(&Finding::Exif) && found.contains(&Finding::Comment));
        let found = findings(&webp::write(&picture(), &everything()));
        assert!(found.contains(&Finding::Exif) && found.contains(&Finding::Xmp));
    }

    #[test]
    fn what_is_written_decodes() {
        for bytes in [
            jpeg::write(&picture(), 95, &everything()),
            png::write(&picture(), &everything()),
            webp::write(&picture(), &everything()),
        ] {
            let decoded = Picture::decode(&bytes).unwrap();
            assert!(picture().difference(&decoded) < 6.0);
        }
    }
}
