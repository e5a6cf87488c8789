//! How large an item is, as it is stored and as it is shown.

use crate::CodecError;
use crate::container::heif::boxes::{Reader, cut_off};
use crate::container::heif::meta::Meta;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) width: u32,
    pub(super) height: u32,
}

impl Size {
    /// What an item says of its own size, before it is turned or cropped.
    pub(super) fn of(meta: &Meta<'_>, item: u32) -> Result<Self, CodecError> {
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

    pub(super) fn pixels(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }
}

/// The size after everything that the file wants done to the picture, in its order.
pub(super) fn upright_size(
    meta: &Meta<'_>,
    item: u32,
    size: Size,
) -> Result<(u32, u32), CodecError> {
    let (mut width, mut height) = (size.width, size.height);
    for property in meta.properties(item) {
        match &property.kind {
            // In quarter turns: an odd number of them changes the sides over.
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
