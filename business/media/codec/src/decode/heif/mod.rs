//! HEIC and AVIF: the container, as far as it takes to say what decoding would cost. The pixels are another process's.
//!
//! Everything that the other process would allocate by is looked at: sizes, tiles, and whether the bytes of the picture and
//! of each tile are all in the file.

mod boxes;
mod meta;

use self::boxes::{Reader, Walk, cut_off};
use self::meta::Meta;
use crate::header::RawHeader;
use crate::orientation::Orientation;
use crate::{CodecError, Format, Limits};

/// What decoding takes for each pixel, in bytes, in both processes together: the planes as they were compressed, the
/// interleaved pixels, and the same in this process. Measured with 12 megapixels: see `docs/adr/0012`.
const BYTES_PER_PIXEL: u64 = 8;
/// The same when colours have more than 8 bits: the planes, and the steps between, are at least twice as large.
const DEEP_BYTES_PER_PIXEL: u64 = 22;
/// What the other process takes before it has a pixel, in bytes.
const PROCESS_BYTES: u64 = 32 * 1024 * 1024;
/// The most that the description of a grid is, in bytes.
const GRID_BYTES_MAX: usize = 12;
/// How often a picture may be made of others: layers of layers.
const DEPTH_MAX: u32 = 2;
/// Layers of a picture, or of a layer.
const LAYERS_MAX: usize = 16;
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
    let size = Size::of(&meta, primary)?;
    limits.check_size(size.width, size.height)?;
    let check = Check {
        format,
        file: bytes,
        meta: &meta,
        limits,
    };
    check.picture(primary, size, DEPTH_MAX)?;
    let (width, height) = upright_size(&meta, primary, size)?;
    limits.check_size(width, height)?;
    let pixels = u64::from(size.width) * u64::from(size.height);
    let bytes_per_pixel = if is_deep(&meta, primary) {
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
        decode_bytes: pixels * bytes_per_pixel + PROCESS_BYTES,
    })
}

/// The camera's data of a HEIC or AVIF file, a TIFF header and what follows, if there is some that can be found.
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

fn read_meta(bytes: &[u8]) -> Result<Meta<'_>, CodecError> {
    let mut walk = Walk::default();
    let top = walk.boxes(bytes, true)?;
    let meta = top.iter().find(|part| &part.kind == b"meta");
    let meta = meta.ok_or_else(|| {
        CodecError::unsupported(
            "This file holds a film and no still picture, which is not taken here.",
        )
    })?;
    Meta::read(&mut walk, meta.body)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Size {
    width: u32,
    height: u32,
}

impl Size {
    /// What an item says of its own size, before it is turned or cropped.
    fn of(meta: &Meta<'_>, item: u32) -> Result<Self, CodecError> {
        let property = meta.properties(item).find(|part| &part.kind == b"ispe");
        let property = property.ok_or_else(|| CodecError::broken("a picture without a size"))?;
        let mut reader = Reader::new(property.body);
        reader.version_and_flags()?;
        Ok(Self {
            width: reader.u32()?,
            height: reader.u32()?,
        })
    }
}

/// What a picture is checked with.
struct Check<'c> {
    format: Format,
    file: &'c [u8],
    meta: &'c Meta<'c>,
    limits: &'c Limits,
}

impl Check<'_> {
    /// Refuses pictures of a kind that is not decoded, and those whose bytes are not all there. `depth` is how often a
    /// picture may still be made of others.
    fn picture(&self, item: u32, size: Size, depth: u32) -> Result<(), CodecError> {
        let kind = self.meta.kind(item);
        let kind = kind.ok_or_else(|| CodecError::broken("a picture that is no item"))?;
        match &kind {
            b"grid" => self.grid(item, size),
            b"iovl" | b"iden" => self.layers(item, depth),
            _ => self.coded(item, kind),
        }
    }

    /// A picture of others laid on each other, or another with more done to it.
    fn layers(&self, item: u32, depth: u32) -> Result<(), CodecError> {
        let parts = self.meta.parts(item);
        let depth = depth.checked_sub(1);
        let depth = depth.filter(|_| (1..=LAYERS_MAX).contains(&parts.len()));
        let depth =
            depth.ok_or_else(|| CodecError::broken("more layers than any encoder writes"))?;
        for part in parts {
            let size = Size::of(self.meta, *part)?;
            self.limits.check_size(size.width, size.height)?;
            self.picture(*part, size, depth)?;
        }
        Ok(())
    }

    fn coded(&self, item: u32, kind: [u8; 4]) -> Result<(), CodecError> {
        match &kind {
            b"hvc1" | b"hev1" | b"av01" => {}
            _ => {
                return Err(CodecError::unsupported(format!(
                    "This is a rare kind of {} ({}), which is not taken here.",
                    self.format.name(),
                    kind.escape_ascii()
                )));
            }
        }
        let extents = self.meta.extents(self.file, item)?;
        if extents.iter().all(|piece| piece.is_empty()) {
            return Err(CodecError::broken("a picture without bytes"));
        }
        Ok(())
    }

    /// A picture of tiles: they must be there, and cover the picture without more of them than that takes.
    fn grid(&self, item: u32, size: Size) -> Result<(), CodecError> {
        let grid = Grid::read(&self.meta.bytes(self.file, item, GRID_BYTES_MAX)?)?;
        if grid.size != size {
            return Err(CodecError::broken("a grid of another size than it says"));
        }
        let tiles = self.meta.parts(item);
        if tiles.len() as u64 != u64::from(grid.columns) * u64::from(grid.rows) {
            return Err(CodecError::broken(
                "another number of tiles than the grid has",
            ));
        }
        for tile in tiles {
            let tile_size = Size::of(self.meta, *tile)?;
            self.limits.check_size(tile_size.width, tile_size.height)?;
            if !covers(tile_size.width, grid.columns, size.width)
                || !covers(tile_size.height, grid.rows, size.height)
            {
                return Err(CodecError::broken("tiles that do not make up the picture"));
            }
            self.coded(*tile, self.meta.kind(*tile).unwrap_or_default())?;
        }
        Ok(())
    }
}

/// Whether so many tiles cover a side, and one less would not.
fn covers(tile: u32, count: u32, whole: u32) -> bool {
    let (tile, count, whole) = (u64::from(tile), u64::from(count), u64::from(whole));
    tile * (count - 1) < whole && whole <= tile * count
}

#[derive(Debug)]
struct Grid {
    columns: u32,
    rows: u32,
    size: Size,
}

impl Grid {
    fn read(bytes: &[u8]) -> Result<Self, CodecError> {
        let mut reader = Reader::new(bytes);
        let [_version, flags, rows, columns] = *reader.array()?;
        let mut side = || {
            if flags & 1 == 1 {
                reader.u32()
            } else {
                reader.u16().map(u32::from)
            }
        };
        Ok(Self {
            rows: u32::from(rows) + 1,
            columns: u32::from(columns) + 1,
            size: Size {
                width: side()?,
                height: side()?,
            },
        })
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

/// Whether a picture, or its first tile, is compressed with more than 8 bits a channel. One that does not say may be.
fn is_deep(meta: &Meta<'_>, item: u32) -> bool {
    let mut item = item;
    for _ in 0..DEPTH_MAX {
        item = meta.parts(item).first().copied().unwrap_or(item);
    }
    let depth = meta.properties(item).find_map(|part| match &part.kind {
        // ISO/IEC 14496-15, 8.3.3.1: the bits of brightness beyond eight.
        b"hvcC" => Some(part.body.get(17)? & 7 > 0),
        // AV1 in ISOBMFF, 2.3.3: high_bitdepth.
        b"av1C" => Some(part.body.get(2)? & 0x40 > 0),
        _ => None,
    });
    depth.unwrap_or(true)
}
