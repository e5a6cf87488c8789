//! Compressed pixels, unpacked to see that they end where their chunk does, and are as many as they
//! should be: what follows them there would be carried along unseen. And which entries of a palette
//! they use.

use flate2::{Decompress, FlushDecompress, Status};

use crate::CodecError;
use crate::container::png::ImageHeader;

/// The colour type whose pixels are numbers of a palette's entries.
pub(super) const INDEXED: u8 = 3;

/// Bytes unpacked at once.
const WINDOW_BYTES: usize = 32 * 1024;

/// Checks the pixels of a picture of this size, and notes the entries of the palette that they use.
pub(super) fn check(
    mut packed: &[u8],
    image: &ImageHeader,
    (width, height): (u32, u32),
    indices: &mut Indices,
) -> Result<(), CodecError> {
    let expected = image.raw_bytes(width, height);
    let mut unpacked = Decompress::new(true);
    let mut window = vec![0; WINDOW_BYTES];
    let mut rows = indices.begin(image.passes(width, height));
    loop {
        let (in_before, out_before) = (unpacked.total_in(), unpacked.total_out());
        let status = unpacked
            .decompress(packed, &mut window, FlushDecompress::None)
            .map_err(CodecError::broken)?;
        let taken = usize::try_from(unpacked.total_in() - in_before).unwrap_or(usize::MAX);
        let made = usize::try_from(unpacked.total_out() - out_before).unwrap_or(usize::MAX);
        packed = packed.get(taken..).unwrap_or_default();
        // Now and not at the end: a few bytes may unpack to any number.
        if unpacked.total_out() > expected {
            return Err(odd("end of the pixels"));
        }
        if let Some(rows) = &mut rows {
            rows.take(window.get(..made).unwrap_or_default())?;
        }
        match status {
            Status::StreamEnd => break,
            // It asks for more, and there is no more.
            _ if taken == 0 && made == 0 => return Err(odd("end of the pixels")),
            _ => {}
        }
    }
    if !packed.is_empty() || unpacked.total_out() != expected {
        return Err(odd("end of the pixels"));
    }
    Ok(())
}

/// Which entries of a palette pixels use.
pub(super) struct Indices {
    /// Bits of a pixel; none where there is no palette.
    depth: Option<u8>,
    used: [bool; 256],
}

impl Indices {
    pub(super) const fn of(image: &ImageHeader) -> Self {
        Self {
            depth: if image.color == INDEXED {
                Some(image.depth)
            } else {
                None
            },
            used: [false; 256],
        }
    }

    /// How many entries there have to be.
    pub(super) fn count(&self) -> usize {
        let last = self.used.iter().rposition(|used| *used);
        last.map_or(1, |last| last + 1)
    }

    pub(super) fn has(&self, index: usize) -> bool {
        self.used.get(index) == Some(&true)
    }

    fn begin(&mut self, passes: Vec<(u32, u32)>) -> Option<Rows<'_>> {
        let depth = self.depth?;
        Some(Rows {
            used: &mut self.used,
            depth: usize::from(depth),
            passes: passes.into_iter(),
            width: 0,
            left: 0,
            row: Vec::new(),
            above: Vec::new(),
        })
    }
}

/// Rows of numbers, each filtered against the one above.
struct Rows<'i> {
    used: &'i mut [bool; 256],
    depth: usize,
    /// Width and height of the passes to come.
    passes: std::vec::IntoIter<(u32, u32)>,
    /// Pixels of a row of this pass, and its rows that are not whole yet.
    width: usize,
    left: u32,
    /// The filter and what is there of the row.
    row: Vec<u8>,
    above: Vec<u8>,
}

impl Rows<'_> {
    fn take(&mut self, mut bytes: &[u8]) -> Result<(), CodecError> {
        while !bytes.is_empty() {
            while self.left == 0 {
                let next = self
                    .passes
                    .find(|(width, height)| *width > 0 && *height > 0);
                let (width, height) = next.ok_or_else(|| odd("end of the pixels"))?;
                (self.width, self.left) = (width as usize, height);
                self.above = vec![0; self.row_bytes()];
            }
            let missing = 1 + self.row_bytes() - self.row.len();
            let (now, rest) = bytes.split_at(missing.min(bytes.len()));
            self.row.extend(now);
            bytes = rest;
            if now.len() == missing {
                self.finish_row()?;
            }
        }
        Ok(())
    }

    const fn row_bytes(&self) -> usize {
        (self.width * self.depth).div_ceil(8)
    }

    fn finish_row(&mut self) -> Result<(), CodecError> {
        let Some((filter, row)) = self.row.split_first_mut() else {
            return Ok(());
        };
        if !undo(*filter, row, &self.above) {
            return Err(odd("filter"));
        }
        let (depth, per_byte) = (self.depth, 8 / self.depth);
        let mask = ((1_u16 << depth) - 1) as u8;
        for (at, byte) in row.iter().enumerate() {
            let pixels = per_byte.min(self.width - at * per_byte);
            for pixel in 1..=pixels {
                self.used[usize::from(byte >> (8 - pixel * depth) & mask)] = true;
            }
        }
        self.above.copy_from_slice(row);
        self.row.clear();
        self.left -= 1;
        Ok(())
    }
}

/// Takes a row's filter away, where a pixel has no more than a byte; false when there is no such
/// filter.
fn undo(filter: u8, row: &mut [u8], above: &[u8]) -> bool {
    let (mut left, mut corner) = (0_u8, 0_u8);
    if filter > 4 {
        return false;
    }
    for (byte, above) in row.iter_mut().zip(above) {
        let guess = match filter {
            0 => 0,
            1 => left,
            2 => *above,
            3 => left.midpoint(*above),
            _ => nearest(left, *above, corner),
        };
        *byte = byte.wrapping_add(guess);
        (left, corner) = (*byte, *above);
    }
    true
}

/// Paeth's guess: of the three the one that is nearest to left + above - corner.
fn nearest(left: u8, above: u8, corner: u8) -> u8 {
    let guess = i16::from(left) + i16::from(above) - i16::from(corner);
    let off = |byte: u8| (guess - i16::from(byte)).abs();
    if off(left) <= off(above) && off(left) <= off(corner) {
        left
    } else if off(above) <= off(corner) {
        above
    } else {
        corner
    }
}

pub(super) fn odd(what: &str) -> CodecError {
    CodecError::broken(format!("a PNG whose {what} is not well formed"))
}
