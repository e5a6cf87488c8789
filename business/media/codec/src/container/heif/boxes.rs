//! ISO base media boxes, walked with bounds: a box may not be longer than what it is in, and there
//! may not be many.

use crate::CodecError;

/// Boxes looked at in a file. Phones write some hundreds: one for each tile and property.
const BOXES_MAX: u32 = 20_000;

/// A box without its header.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Box<'b> {
    pub(crate) kind: [u8; 4],
    pub(crate) body: &'b [u8],
}

/// Counts boxes over the whole file.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    seen: u32,
}

impl Walk {
    /// The boxes that these bytes are made of. `to_end` allows the last one to have no length, as
    /// at the end of a file.
    pub(crate) fn boxes<'b>(
        &mut self,
        mut bytes: &'b [u8],
        to_end: bool,
    ) -> Result<Vec<Box<'b>>, CodecError> {
        let mut boxes = Vec::new();
        while !bytes.is_empty() {
            self.seen += 1;
            if self.seen > BOXES_MAX {
                return Err(CodecError::broken("more boxes than any encoder writes"));
            }
            let (next, rest) = split(bytes, to_end)?;
            boxes.push(next);
            bytes = rest;
        }
        Ok(boxes)
    }
}

fn split(bytes: &[u8], to_end: bool) -> Result<(Box<'_>, &[u8]), CodecError> {
    let mut reader = Reader::new(bytes);
    let short = u64::from(reader.u32()?);
    let kind = *reader.array::<4>()?;
    // 1 stands for a length of 64 bits behind the kind, 0 for all that is left.
    let length = match short {
        0 if to_end => bytes.len() as u64,
        1 => reader.u64()?,
        length => length,
    };
    let header = bytes.len() - reader.rest().len();
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length < header {
        return Err(CodecError::broken("a box shorter than its header"));
    }
    let body = bytes.get(header..length).ok_or_else(cut_off)?;
    Ok((Box { kind, body }, &bytes[length..]))
}

pub(crate) fn cut_off() -> CodecError {
    CodecError::broken("a box that is cut off")
}

/// Big-endian numbers, read from the front.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    pub(crate) const fn new(bytes: &'b [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn rest(&self) -> &'b [u8] {
        self.0
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<&'b [u8; N], CodecError> {
        let (first, rest) = self.0.split_first_chunk::<N>().ok_or_else(cut_off)?;
        self.0 = rest;
        Ok(first)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, CodecError> {
        Ok(self.array::<1>()?[0])
    }

    pub(crate) fn u16(&mut self) -> Result<u16, CodecError> {
        Ok(u16::from_be_bytes(*self.array()?))
    }

    pub(crate) fn u32(&mut self) -> Result<u32, CodecError> {
        Ok(u32::from_be_bytes(*self.array()?))
    }

    pub(crate) fn u64(&mut self) -> Result<u64, CodecError> {
        Ok(u64::from_be_bytes(*self.array()?))
    }

    /// A number of this many bytes, of which there may be none.
    pub(crate) fn sized(&mut self, bytes: u8) -> Result<u64, CodecError> {
        match bytes {
            0 => Ok(0),
            4 => Ok(u64::from(self.u32()?)),
            8 => self.u64(),
            _ => Err(CodecError::broken("a number of a size that there is not")),
        }
    }

    /// An item's number, which newer boxes write wider.
    pub(crate) fn item(&mut self, wide: bool) -> Result<u32, CodecError> {
        if wide {
            self.u32()
        } else {
            self.u16().map(u32::from)
        }
    }

    /// The version and flags of a full box.
    pub(crate) fn version_and_flags(&mut self) -> Result<(u8, u32), CodecError> {
        let both = self.u32()?;
        Ok(((both >> 24) as u8, both & 0x00ff_ffff))
    }
}
