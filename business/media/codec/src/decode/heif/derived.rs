//! Pictures that are made of others: what describes them.

use super::size::Size;
use crate::CodecError;
use crate::container::heif::boxes::Reader;

/// The most that the description of a grid is, in bytes.
pub(super) const GRID_BYTES_MAX: usize = 12;
/// Layers of a picture, or of a layer.
pub(super) const LAYERS_MAX: usize = 16;
/// The same of an overlay of [`LAYERS_MAX`] layers.
pub(super) const OVERLAY_BYTES_MAX: usize = 18 + LAYERS_MAX * 8;
/// Four channels that an overlay is filled with, of two bytes each.
const FILL_BYTES: usize = 8;

/// ISO/IEC 23008-12, 6.6.2.3: tiles beside each other.
#[derive(Debug)]
pub(super) struct Grid {
    pub(super) columns: u32,
    pub(super) rows: u32,
    pub(super) size: Size,
}

impl Grid {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, CodecError> {
        let mut reader = Reader::new(bytes);
        let [_version, flags, rows, columns] = *reader.array()?;
        Ok(Self {
            rows: u32::from(rows) + 1,
            columns: u32::from(columns) + 1,
            size: read_size(&mut reader, flags)?,
        })
    }

    /// Whether tiles of this size cover the picture without more of them than that takes.
    pub(super) fn is_covered_by(&self, tile: Size) -> bool {
        covers(tile.width, self.columns, self.size.width)
            && covers(tile.height, self.rows, self.size.height)
    }
}

/// Whether so many tiles cover a side, and one less would not.
fn covers(tile: u32, count: u32, whole: u32) -> bool {
    let (tile, count, whole) = (u64::from(tile), u64::from(count), u64::from(whole));
    tile * (count - 1) < whole && whole <= tile * count
}

/// ISO/IEC 23008-12, 6.6.2.2: how large the canvas is that layers are laid on.
pub(super) fn overlay_size(bytes: &[u8]) -> Result<Size, CodecError> {
    let mut reader = Reader::new(bytes);
    let [_version, flags] = *reader.array()?;
    reader.array::<FILL_BYTES>()?;
    read_size(&mut reader, flags)
}

/// A size in numbers of two bytes or, when the lowest flag says so, four.
fn read_size(reader: &mut Reader<'_>, flags: u8) -> Result<Size, CodecError> {
    let mut side = || {
        if flags & 1 == 1 {
            reader.u32()
        } else {
            reader.u16().map(u32::from)
        }
    };
    Ok(Size {
        width: side()?,
        height: side()?,
    })
}
