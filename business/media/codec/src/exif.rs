//! EXIF data, read with bounds.
//!
//! Only the first directory and the one of exposure are looked at, each once, so that no loop in
//! the data can be followed; what is not well formed is as if it were not there.

use std::borrow::Cow;

use crate::{Format, container};

/// Directory entries looked at; a camera writes a few dozen.
const ENTRIES_MAX: usize = 512;
/// The most EXIF data that is looked at, in bytes.
const EXIF_BYTES_MAX: usize = 4 * 1024 * 1024;

pub(crate) mod tag {
    pub(crate) const MAKE: u16 = 0x010f;
    pub(crate) const MODEL: u16 = 0x0110;
    pub(crate) const ORIENTATION: u16 = 0x0112;
    pub(crate) const EXPOSURE_TIME: u16 = 0x829a;
    pub(crate) const F_NUMBER: u16 = 0x829d;
    pub(crate) const EXPOSURE_DIRECTORY: u16 = 0x8769;
    pub(crate) const ISO: u16 = 0x8827;
    pub(crate) const EXPOSURE_INDEX: u16 = 0x8832;
    pub(crate) const ISO_SPEED: u16 = 0x8833;
    pub(crate) const FOCAL_LENGTH: u16 = 0x920a;
    pub(crate) const LENS_MODEL: u16 = 0xa434;
}

/// The EXIF data of a file.
pub(crate) fn of_file(format: Format, file: &[u8]) -> Option<Cow<'_, [u8]>> {
    let data = match format {
        Format::Jpeg => container::jpeg::exif(file),
        Format::Png => container::png::chunks(file)
            .map_while(Result::ok)
            .find(|chunk| chunk.kind == *b"eXIf")
            .map(|chunk| chunk.body),
        Format::WebP => container::webp::chunks(container::webp::inside(file).ok()?)
            .map_while(Result::ok)
            .find(|chunk| chunk.kind == *b"EXIF")
            .map(|chunk| chunk.body),
        Format::Avif | Format::Heic => return container::heif::exif(file).map(Cow::Owned),
        Format::Gif => None,
    };
    data.filter(|data| data.len() <= EXIF_BYTES_MAX)
        .map(Cow::Borrowed)
}

/// EXIF data that says how a picture is to be turned, and nothing else.
pub(crate) fn of_orientation(value: u8) -> Vec<u8> {
    // A header, and at byte 8 a directory of one entry: tag 0x0112, of type SHORT, one value.
    let mut data = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    data.extend([value, 0, 0, 0, 0, 0, 0]);
    data
}

/// The numbers in a TIFF file, which is what EXIF data is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exif<'b> {
    bytes: &'b [u8],
    big: bool,
}

/// A directory: its entries, of twelve bytes each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Directory<'b> {
    exif: Exif<'b>,
    first: usize,
    entries: usize,
}

impl<'b> Exif<'b> {
    pub(crate) fn open(data: &'b [u8]) -> Option<Self> {
        // Some writers put the JPEG segment's own prefix before the TIFF header in PNG and WebP
        // too.
        let bytes = data.strip_prefix(b"Exif\0\0").unwrap_or(data);
        let big = match bytes.get(..4)? {
            b"II*\0" => false,
            b"MM\0*" => true,
            _ => return None,
        };
        Some(Self { bytes, big })
    }

    pub(crate) fn first_directory(self) -> Option<Directory<'b>> {
        self.directory(self.long(4)?)
    }

    fn directory(self, at: u32) -> Option<Directory<'b>> {
        let at = at as usize;
        Some(Directory {
            exif: self,
            first: at.checked_add(2)?,
            entries: usize::from(self.short(at)?).min(ENTRIES_MAX),
        })
    }

    fn short(self, at: usize) -> Option<u16> {
        let bytes = *self.bytes.get(at..)?.first_chunk()?;
        Some(if self.big {
            u16::from_be_bytes(bytes)
        } else {
            u16::from_le_bytes(bytes)
        })
    }

    fn long(self, at: usize) -> Option<u32> {
        let bytes = *self.bytes.get(at..)?.first_chunk()?;
        Some(if self.big {
            u32::from_be_bytes(bytes)
        } else {
            u32::from_le_bytes(bytes)
        })
    }
}

impl<'b> Directory<'b> {
    /// The directory of exposure, which an entry of the first points to.
    pub(crate) fn exposure(self) -> Option<Self> {
        self.exif.directory(self.number(tag::EXPOSURE_DIRECTORY)?)
    }

    /// Where the entry of this tag begins.
    fn entry(self, tag: u16) -> Option<usize> {
        (0..self.entries)
            .map(|index| self.first + index * 12)
            .find(|&entry| self.exif.short(entry) == Some(tag))
    }

    /// The first number of a whole-number entry.
    pub(crate) fn number(self, tag: u16) -> Option<u32> {
        let entry = self.entry(tag)?;
        match self.exif.short(entry + 2)? {
            3 => self.exif.short(entry + 8).map(u32::from),
            // 13 is a pointer to a directory, which some writers use where the standard has 4.
            4 | 13 => self.exif.long(entry + 8),
            _ => None,
        }
    }

    /// The first fraction of an entry: above and below the line.
    pub(crate) fn fraction(self, tag: u16) -> Option<(u32, u32)> {
        let entry = self.entry(tag)?;
        if !matches!(self.exif.short(entry + 2)?, 5 | 10) {
            return None;
        }
        let at = self.exif.long(entry + 8)? as usize;
        Some((self.exif.long(at)?, self.exif.long(at.checked_add(4)?)?))
    }

    /// The bytes of a text entry, up to the zero that ends them.
    pub(crate) fn text(self, tag: u16) -> Option<&'b [u8]> {
        let entry = self.entry(tag)?;
        if self.exif.short(entry + 2)? != 2 {
            return None;
        }
        let length = self.exif.long(entry + 4)? as usize;
        // What takes four bytes or fewer stands in the entry itself.
        let at = if length <= 4 {
            entry + 8
        } else {
            self.exif.long(entry + 8)? as usize
        };
        let text = self.exif.bytes.get(at..at.checked_add(length)?)?;
        text.split(|byte| *byte == 0).next()
    }
}
