//! What a file is, told by its content. Names and declared types are not asked.

use crate::CodecError;

/// How many of a file's first bytes [`sniff`] wants to see; it takes fewer when the file is shorter.
pub const SNIFF_BYTES: usize = 256;

/// A picture format that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// JPEG: baseline and progressive; gray, colour and CMYK.
    Jpeg,
    /// PNG: every colour type and depth; the still picture of an APNG.
    Png,
    /// WebP: lossy and lossless; the first frame of an animation.
    WebP,
}

impl Format {
    /// Every format that is taken.
    pub const ALL: [Self; 3] = [Self::Jpeg, Self::Png, Self::WebP];

    /// The media type: "image/jpeg".
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::WebP => "image/webp",
        }
    }
}

/// Tells a file's format by its first [`SNIFF_BYTES`] bytes.
///
/// # Errors
/// When it is of a kind that is not taken; the sentence names the kind where it is known.
pub fn sniff(start: &[u8]) -> Result<Format, CodecError> {
    if start.starts_with(b"\xff\xd8\xff") {
        return Ok(Format::Jpeg);
    }
    if start.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Ok(Format::Png);
    }
    if start.starts_with(b"RIFF") && start.get(8..12) == Some(b"WEBP") {
        return Ok(Format::WebP);
    }
    Err(CodecError::unsupported(match name(start) {
        _ if start.is_empty() => "This file is empty.".to_owned(),
        Some(name) => format!("This is {name}, which is not taken here."),
        None => "This file is not a picture of a known kind.".to_owned(),
    }))
}

/// What people send by mistake, by name.
fn name(start: &[u8]) -> Option<&'static str> {
    const KNOWN: &[(&[u8], &str)] = &[
        (b"GIF87a", "a GIF"),
        (b"GIF89a", "a GIF"),
        (b"II*\0", "a TIFF or camera raw file"),
        (b"MM\0*", "a TIFF or camera raw file"),
        (b"BM", "a BMP picture"),
        (b"\xff\x0a", "a JPEG XL picture"),
        (b"\0\0\0\x0cJXL ", "a JPEG XL picture"),
        (b"\0\0\0\x0cjP  ", "a JPEG 2000 picture"),
        (b"8BPS", "a Photoshop file"),
        (b"%PDF-", "a PDF document"),
        (b"%!PS", "a PostScript document"),
        (b"\x1a\x45\xdf\xa3", "a video"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"\x7fELF", "a program"),
        (b"MZ", "a program"),
    ];
    if let Some(brand) = start
        .get(8..12)
        .filter(|_| start.get(4..8) == Some(b"ftyp"))
    {
        return Some(brand_name(brand));
    }
    let known = KNOWN.iter().find(|(magic, _)| start.starts_with(magic));
    known.map(|(_, name)| *name).or_else(|| text_name(start))
}

/// The kind of an ISO base media file, by its major brand.
fn brand_name(brand: &[u8]) -> &'static str {
    match brand {
        b"avif" | b"avis" => "an AVIF picture",
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1" => {
            "a HEIC picture"
        }
        b"crx " => "a TIFF or camera raw file",
        _ => "a video",
    }
}

fn text_name(start: &[u8]) -> Option<&'static str> {
    let text = String::from_utf8_lossy(start).to_ascii_lowercase();
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.contains("<svg") {
        return Some("an SVG drawing");
    }
    text.starts_with('<').then_some("a web page or other text")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(start: &[u8]) -> String {
        sniff(start).expect_err("was taken").to_string()
    }

    #[test]
    fn what_is_taken_is_told_by_content() {
        assert_eq!(sniff(b"\xff\xd8\xff\xe0"), Ok(Format::Jpeg));
        assert_eq!(sniff(b"\x89PNG\r\n\x1a\n"), Ok(Format::Png));
        assert_eq!(sniff(b"RIFF\x10\0\0\0WEBPVP8 "), Ok(Format::WebP));
    }

    #[test]
    fn a_refusal_names_the_kind_and_what_is_taken() {
        let known: [(&[u8], &str); 9] = [
            (b"", "empty"),
            (b"\0\0\0\x18ftypheic\0\0\0\0", "a HEIC picture"),
            (b"\0\0\0\x18ftypavif\0\0\0\0", "an AVIF picture"),
            (b"\0\0\0\x18ftypisom\0\0\0\0", "a video"),
            (b"GIF89a", "a GIF"),
            (b"<?xml version='1.0'?>\n<svg xmlns=''/>", "an SVG drawing"),
            (b"<!doctype html><script>", "a web page"),
            (b"hello", "not a picture of a known kind"),
            (b"RIFF\x10\0\0\0WAVE", "not a picture of a known kind"),
        ];
        for (start, name) in known {
            let sentence = refusal(start);
            assert!(sentence.contains(name), "{sentence}");
            assert!(sentence.contains("JPEG, PNG or WebP"), "{sentence}");
        }
    }

    #[test]
    fn a_magic_that_is_cut_short_is_not_taken() {
        for start in [&b"\xff\xd8"[..], b"\x89PNG", b"RIFF\0\0\0\0WEB"] {
            assert!(sniff(start).is_err());
        }
    }
}
