//! What a file is, by its content. Names and declared types are not asked.

use std::fmt;

use crate::CodecError;

/// How many of a file's first bytes [`sniff`] wants to see; it takes fewer when the file is
/// shorter.
pub const SNIFF_BYTES: usize = 256;

/// A picture format that this crate knows. Whether it is taken is another question: see
/// [`FormatSet`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// JPEG: baseline and progressive; gray, colour and CMYK.
    Jpeg,
    /// PNG: every colour type and depth; APNG.
    Png,
    /// WebP: lossy and lossless; still and animated.
    WebP,
    /// GIF: still and animated.
    Gif,
    /// AVIF: still pictures. Read by another process.
    Avif,
    /// HEIC and HEIF: still pictures. Read by another process.
    Heic,
}

impl Format {
    /// Every format that is known.
    pub const ALL: [Self; 6] = [
        Self::Jpeg,
        Self::Png,
        Self::WebP,
        Self::Gif,
        Self::Avif,
        Self::Heic,
    ];

    /// The media type: "image/jpeg".
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::WebP => "image/webp",
            Self::Gif => "image/gif",
            Self::Avif => "image/avif",
            Self::Heic => "image/heic",
        }
    }

    /// The format of a media type.
    #[must_use]
    pub fn of_content_type(content_type: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|format| format.content_type() == content_type)
    }

    /// What people call it: "JPEG".
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::WebP => "WebP",
            Self::Gif => "GIF",
            Self::Avif => "AVIF",
            Self::Heic => "HEIC",
        }
    }

    /// Whether this process reads it itself, in Rust that is safe for memory.
    #[must_use]
    pub const fn is_read_here(self) -> bool {
        !matches!(self, Self::Avif | Self::Heic)
    }
}

/// The formats that are taken at a moment: those that can be read and that nobody has switched off.
/// Its Display names them for a sentence: "JPEG, PNG or WebP".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormatSet {
    taken: Vec<Format>,
    /// Those that could be read and were switched off.
    switched_off: Vec<Format>,
}

impl FormatSet {
    /// A set of these formats, in their own order.
    #[must_use]
    pub fn new(formats: impl IntoIterator<Item = Format>) -> Self {
        let mut formats: Vec<Format> = formats.into_iter().collect();
        formats.sort_unstable();
        formats.dedup();
        Self {
            taken: formats,
            switched_off: Vec::new(),
        }
    }

    /// The set without these, which an operator has switched off; what refuses them says so.
    #[must_use]
    pub fn without(mut self, switched_off: &[Format]) -> Self {
        self.switched_off = self
            .taken
            .extract_if(.., |format| switched_off.contains(format))
            .collect();
        self
    }

    /// The formats that this process reads itself.
    #[must_use]
    pub fn read_here() -> Self {
        Self::new(
            Format::ALL
                .into_iter()
                .filter(|format| format.is_read_here()),
        )
    }

    /// The formats in the set.
    #[must_use]
    pub fn formats(&self) -> &[Format] {
        &self.taken
    }

    /// Passes a format that is in the set on.
    ///
    /// # Errors
    /// When it is not; the sentence says what is.
    pub fn take(&self, format: Format) -> Result<Format, CodecError> {
        if self.taken.contains(&format) {
            return Ok(format);
        }
        let why = if self.switched_off.contains(&format) {
            format!(
                "{} pictures are switched off on this server.",
                format.name()
            )
        } else {
            let picture = with_article(format);
            format!("This is {picture} picture, which is not taken here.")
        };
        Err(self.refusal(&why))
    }

    /// A refusal that ends with what is taken instead.
    fn refusal(&self, why: &str) -> CodecError {
        CodecError::unsupported(if self.taken.is_empty() {
            format!("{why} No pictures are taken on this server just now.")
        } else {
            format!("{why} Please send a {self} picture.")
        })
    }
}

/// "a JPEG", "an AVIF".
fn with_article(format: Format) -> String {
    let article = if format == Format::Avif { "an" } else { "a" };
    format!("{article} {}", format.name())
}

impl fmt::Display for FormatSet {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, format) in self.taken.iter().enumerate() {
            let between = match position {
                0 => "",
                _ if position + 1 == self.taken.len() => " or ",
                _ => ", ",
            };
            write!(out, "{between}{}", format.name())?;
        }
        Ok(())
    }
}

/// Detects a file's format by its first [`SNIFF_BYTES`] bytes, if it is one of those that are
/// taken.
///
/// # Errors
/// When it is of a kind that is not taken; the sentence names the kind where it is known, and what
/// is taken.
pub fn sniff(start: &[u8], taken: &FormatSet) -> Result<Format, CodecError> {
    if let Some(format) = known_format(start) {
        return taken.take(format);
    }
    let what = match name(start) {
        _ if start.is_empty() => "This file is empty.".to_owned(),
        Some(name) => format!("This is {name}, which is not taken here."),
        None => "This file is not a picture of a known kind.".to_owned(),
    };
    Err(taken.refusal(&what))
}

/// The format of a file by its magic.
pub(crate) fn known_format(start: &[u8]) -> Option<Format> {
    if start.starts_with(b"\xff\xd8\xff") {
        return Some(Format::Jpeg);
    }
    if start.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Some(Format::Png);
    }
    if start.starts_with(b"RIFF") && start.get(8..12) == Some(b"WEBP") {
        return Some(Format::WebP);
    }
    if start.starts_with(b"GIF87a") || start.starts_with(b"GIF89a") {
        return Some(Format::Gif);
    }
    iso_format(start)
}

/// The format of an ISO base media file, by the brands it says it is of. The first of them may be
/// one that says nothing of how pictures are compressed; then the others do.
fn iso_format(start: &[u8]) -> Option<Format> {
    let length = u32::from_be_bytes(*start.first_chunk::<4>()?) as usize;
    // The box may be longer than what was handed in; brands beyond that are not seen.
    let brands = start.get(..length).unwrap_or(start).get(4..)?;
    let brands = brands.strip_prefix(b"ftyp")?;
    let (first, rest) = brands.split_first_chunk::<4>()?;
    // Behind the first brand stands a version, which says nothing of the pictures.
    let (others, _) = rest.get(4..).unwrap_or_default().as_chunks::<4>();
    let says = |brand: &[u8; 4]| match brand {
        b"avif" | b"avis" => Some(Format::Avif),
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" => Some(Format::Heic),
        _ => None,
    };
    let is_picture = |brand: &[u8; 4]| matches!(brand, b"mif1" | b"msf1" | b"miaf");
    says(first).or_else(|| {
        // Where none of them says how, it is taken for HEIC; by its items it is refused if it is
        // not.
        let others_say = others.iter().find_map(says);
        others_say.or_else(|| is_picture(first).then_some(Format::Heic))
    })
}

/// What people send by mistake, by name.
fn name(start: &[u8]) -> Option<&'static str> {
    const KNOWN: &[(&[u8], &str)] = &[
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
        sniff(start, &FormatSet::read_here())
            .expect_err("was taken")
            .to_string()
    }

    #[test]
    fn what_is_taken_is_reported_by_content() {
        let taken = FormatSet::new(Format::ALL);
        let known: [(&[u8], Format); 6] = [
            (b"\xff\xd8\xff\xe0", Format::Jpeg),
            (b"\x89PNG\r\n\x1a\n", Format::Png),
            (b"RIFF\x10\0\0\0WEBPVP8 ", Format::WebP),
            (b"GIF89a", Format::Gif),
            (b"\0\0\0\x18ftypavif\0\0\0\0", Format::Avif),
            (b"\0\0\0\x18ftypheic\0\0\0\0", Format::Heic),
        ];
        for (start, format) in known {
            assert_eq!(sniff(start, &taken), Ok(format));
        }
    }

    #[test]
    fn a_refusal_names_the_kind_and_what_is_taken() {
        let known: [(&[u8], &str); 8] = [
            (b"", "empty"),
            (b"\0\0\0\x18ftypheic\0\0\0\0", "a HEIC picture"),
            (b"\0\0\0\x18ftypavif\0\0\0\0", "an AVIF picture"),
            (b"\0\0\0\x18ftypisom\0\0\0\0", "a video"),
            (b"<?xml version='1.0'?>\n<svg xmlns=''/>", "an SVG drawing"),
            (b"<!doctype html><script>", "a web page"),
            (b"hello", "not a picture of a known kind"),
            (b"RIFF\x10\0\0\0WAVE", "not a picture of a known kind"),
        ];
        for (start, name) in known {
            let sentence = refusal(start);
            assert!(sentence.contains(name), "{sentence}");
            assert!(sentence.contains("JPEG, PNG, WebP or GIF"), "{sentence}");
        }
    }

    #[test]
    fn what_is_switched_off_is_refused_as_that_and_not_advertised() {
        let taken = FormatSet::read_here().without(&[Format::WebP, Format::Heic]);
        assert_eq!(taken.to_string(), "JPEG, PNG or GIF");
        let refused =
            |start: &[u8], taken: &FormatSet| sniff(start, taken).unwrap_err().to_string();
        assert_eq!(
            refused(b"RIFF\x10\0\0\0WEBPVP8 ", &taken),
            "WebP pictures are switched off on this server. Please send a JPEG, PNG or GIF picture."
        );
        // It could not be read here anyway.
        assert!(refused(b"\0\0\0\x18ftypheic\0\0\0\0", &taken).contains("not taken here"));
        let nothing = FormatSet::read_here().without(&Format::ALL);
        assert_eq!(
            refused(b"\xff\xd8\xff\xe0", &nothing),
            "JPEG pictures are switched off on this server. No pictures are taken on this server just now."
        );
    }

    #[test]
    fn a_magic_that_is_cut_short_is_not_taken() {
        for start in [&b"\xff\xd8"[..], b"\x89PNG", b"RIFF\0\0\0\0WEB"] {
            assert!(sniff(start, &FormatSet::new(Format::ALL)).is_err());
        }
    }
}
