//! HEIC and AVIF: the container, as far as it takes to say what decoding would cost. The pixels are
//! another process's.
//!
//! Everything that the other process would allocate by is looked at: sizes, tiles, and whether the
//! bytes of the picture and of each tile are all in the file.

mod boxes;
mod check;
mod derived;
mod meta;

use self::boxes::{Reader, Walk, cut_off};
use self::check::{Check, is_of_one_channel};
use self::meta::Meta;
use crate::header::RawHeader;
use crate::orientation::Orientation;
use crate::{CodecError, Format, Limits};

/// What decoding takes for each pixel, in bytes, in both processes together: the planes as they
/// were compressed, the interleaved pixels, and the same in this process. Measured with 12
/// megapixels: see `docs/adr/0012`.
const BYTES_PER_PIXEL: u64 = 8;
/// The same when colours have more than 8 bits: the planes, and the steps between, are at least
/// twice as large.
const DEEP_BYTES_PER_PIXEL: u64 = 22;
/// What of it this process takes at most, in bytes: pixels with their opacity, and without it.
const HERE_BYTES_PER_PIXEL: u64 = 7;
/// What the other process takes before it has a pixel, in bytes.
const PROCESS_BYTES: u64 = 32 * 1024 * 1024;
/// The largest camera data taken, in bytes.
const EXIF_BYTES_MAX: usize = 1024 * 1024;

pub(super) fn read_header(
    format: Format,
    bytes: &[u8],
    limits: &Limits,
) -> Result<RawHeader, CodecError> {
    let meta = read_meta(bytes)?;
    let primary = meta
        .primary
        .ok_or_else(|| CodecError::broken("no picture is the primary one"))?;
    let mut check = Check::new(format, bytes, &meta, limits);
    let size = check.primary(primary)?;
    let (width, height) = upright_size(&meta, primary, size)?;
    limits.check_size(width, height)?;
    let bytes_per_pixel = if check.is_deep() {
        DEEP_BYTES_PER_PIXEL
    } else {
        BYTES_PER_PIXEL
    };
    Ok(RawHeader {
        width,
        height,
        frames: 1,
        // The sizes are upright already, and so are the pixels that the other process gives.
        orientation: Orientation::default(),
        decode_bytes: check.pixels() * bytes_per_pixel + PROCESS_BYTES,
        gone_bytes: check.pixels() * (bytes_per_pixel - HERE_BYTES_PER_PIXEL) + PROCESS_BYTES,
        pixels_decoded: check.pixels(),
    })
}

/// The camera's data of a HEIC or AVIF file, a TIFF header and what follows, if there is some that
/// can be found.
#[must_use]
pub(crate) fn exif(bytes: &[u8]) -> Option<Vec<u8>> {
    let meta = read_meta(bytes).ok()?;
    let item = meta.item_of_kind(*b"Exif")?;
    let mut exif = meta.bytes(bytes, item, EXIF_BYTES_MAX).ok()?;
    // Where the TIFF header begins after this number.
    let (offset, rest) = exif.split_first_chunk::<4>()?;
    let start = usize::try_from(u32::from_be_bytes(*offset)).ok()?;
    rest.get(start..)?;
    Some(exif.split_off(4 + start))
}

/// Whether the picture of a HEIC or AVIF file holds brightness alone, as far as its container says.
/// The decoder has to ask for that as it is, where libraries forget its range on the way to
/// colours.
#[must_use]
pub fn is_monochrome(file: &[u8]) -> bool {
    let meta = read_meta(file);
    meta.is_ok_and(|meta| {
        meta.primary
            .is_some_and(|item| is_of_one_channel(&meta, item))
    })
}

fn read_meta(bytes: &[u8]) -> Result<Meta<'_>, CodecError> {
    let mut walk = Walk::default();
    let top = walk.boxes(bytes, true)?;
    let mut metas = top.iter().filter(|part| &part.kind == b"meta");
    match (metas.next(), metas.next()) {
        (Some(meta), None) => Meta::read(&mut walk, meta.body),
        (None, _) => Err(CodecError::unsupported(
            "This file holds a film and no still picture, which is not taken here.",
        )),
        // Another reader may believe the other.
        (Some(_), Some(_)) => Err(CodecError::broken("two descriptions of its pictures")),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Size {
    width: u32,
    height: u32,
}

impl Size {
    /// What an item says of its own size, before it is turned or cropped.
    fn of(meta: &Meta<'_>, item: u32) -> Result<Self, CodecError> {
        let mut sizes = meta.properties(item).filter(|part| &part.kind == b"ispe");
        let property = sizes.next();
        let property = property.ok_or_else(|| CodecError::broken("a picture without a size"))?;
        // Of two, another reader may believe the other.
        if sizes.next().is_some() {
            return Err(CodecError::broken("a picture of two sizes"));
        }
        let mut reader = Reader::new(property.body);
        reader.version_and_flags()?;
        Ok(Self {
            width: reader.u32()?,
            height: reader.u32()?,
        })
    }

    fn pixels(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }
}

/// The size after everything that the file wants done to the picture, in its order.
fn upright_size(meta: &Meta<'_>, item: u32, size: Size) -> Result<(u32, u32), CodecError> {
    let (mut width, mut height) = (size.width, size.height);
    for property in meta.properties(item) {
        match &property.kind {
            b"irot" if property.body.first().ok_or_else(cut_off)? & 1 == 1 => {
                (width, height) = (height, width);
            }
            b"clap" => {
                let mut reader = Reader::new(property.body);
                let (across, across_parts) = (reader.u32()?, reader.u32()?);
                let (down, down_parts) = (reader.u32()?, reader.u32()?);
                width = cropped(width, across, across_parts)?;
                height = cropped(height, down, down_parts)?;
            }
            _ => {}
        }
    }
    Ok((width, height))
}

/// A side cropped to a fraction of a pixel, rounded.
fn cropped(side: u32, numerator: u32, denominator: u32) -> Result<u32, CodecError> {
    let (numerator, denominator) = (u64::from(numerator), u64::from(denominator));
    let rounded = (numerator + denominator / 2).checked_div(denominator);
    let rounded = rounded.and_then(|rounded| u32::try_from(rounded).ok());
    rounded
        .filter(|rounded| (1..=side).contains(rounded))
        .ok_or_else(|| CodecError::broken("a crop that is no part of the picture"))
}
