//! PNG and APNG: a signature, then chunks with checksums.

use super::{take, take_array};
use crate::CodecError;

pub(crate) const SIGNATURE: &[u8; 8] = b"\x89PNG\r\n\x1a\n";

#[derive(Debug, Clone, Copy)]
pub(crate) struct Chunk<'b> {
    pub(crate) kind: [u8; 4],
    pub(crate) body: &'b [u8],
    checksum: u32,
}

impl Chunk<'_> {
    /// Whether the chunk is as it was written. Costs a pass over its body.
    pub(crate) fn is_intact(&self) -> bool {
        checksum(self.kind, self.body) == self.checksum
    }
}

/// The chunks of a file, the last of which is IEND. Checksums are not looked at.
pub(crate) fn chunks(file: &[u8]) -> impl Iterator<Item = Result<Chunk<'_>, CodecError>> {
    let mut rest = file.strip_prefix(SIGNATURE);
    std::iter::from_fn(move || {
        let chunk = next(rest.as_mut()?);
        if !matches!(&chunk, Ok(chunk) if chunk.kind != *b"IEND") {
            rest = None;
        }
        Some(chunk)
    })
}

fn next<'b>(rest: &mut &'b [u8]) -> Result<Chunk<'b>, CodecError> {
    let length = u32::from_be_bytes(*take_array(rest)?) as usize;
    let kind = *take_array(rest)?;
    let body = take(rest, length)?;
    let checksum = u32::from_be_bytes(*take_array(rest)?);
    Ok(Chunk {
        kind,
        body,
        checksum,
    })
}

#[allow(clippy::cast_possible_truncation)] // bodies are parts of files far smaller than 4 GiB
pub(crate) fn write(out: &mut Vec<u8>, kind: [u8; 4], body: &[u8]) {
    out.extend((body.len() as u32).to_be_bytes());
    out.extend(kind);
    out.extend(body);
    out.extend(checksum(kind, body).to_be_bytes());
}

/// Appends the beginning of a chunk, whose body is what is appended until [`complete`]. Returns
/// where it begins.
pub(crate) fn begin(out: &mut Vec<u8>, kind: [u8; 4]) -> usize {
    let start = out.len();
    out.extend([0; 4]);
    out.extend(kind);
    start
}

/// Ends the chunk that began here; nothing when it is longer than a chunk may be.
pub(crate) fn complete(out: &mut Vec<u8>, start: usize) -> Option<()> {
    let named = out.get(start + 4..)?;
    // Lengths in PNG have 31 bits.
    let length = i32::try_from(named.len().checked_sub(4)?).ok()?;
    let checksum = crc32fast::hash(named);
    out.get_mut(start..start + 4)?
        .copy_from_slice(&length.to_be_bytes());
    out.extend(checksum.to_be_bytes());
    Some(())
}

fn checksum(kind: [u8; 4], body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&kind);
    hasher.update(body);
    hasher.finalize()
}

/// What IHDR says, of the kinds that PNG has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ImageHeader {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Bits of a sample, 1 to 16.
    pub(crate) depth: u8,
    /// The colour type: 1 for a palette, 2 for colours and 4 for opacity, added up.
    pub(crate) color: u8,
    bits_per_pixel: u64,
    interlaced: bool,
}

impl ImageHeader {
    pub(crate) fn read(body: &[u8]) -> Result<Self, CodecError> {
        let broken = || CodecError::broken("an image header that PNG does not have");
        let body: &[u8; 13] = body.try_into().map_err(|_| broken())?;
        let [.., depth, color, compression, filter, interlace] = *body;
        let channels: u64 = match (color, depth) {
            (0, 1 | 2 | 4 | 8 | 16) | (3, 1 | 2 | 4 | 8) => 1,
            (2, 8 | 16) => 3,
            (4, 8 | 16) => 2,
            (6, 8 | 16) => 4,
            _ => return Err(broken()),
        };
        if compression != 0 || filter != 0 || interlace > 1 {
            return Err(broken());
        }
        Ok(Self {
            width: u32_at(body, 0),
            height: u32_at(body, 4),
            depth,
            color,
            bits_per_pixel: channels * u64::from(depth),
            interlaced: interlace == 1,
        })
    }

    /// Width and height of the pictures that one of this size is stored as.
    pub(crate) fn passes(&self, width: u32, height: u32) -> Vec<(u32, u32)> {
        /// Adam7: where each pass begins across and down, and its steps.
        const PASSES: [[u32; 4]; 7] = [
            [0, 0, 8, 8],
            [4, 0, 8, 8],
            [0, 4, 4, 8],
            [2, 0, 4, 4],
            [0, 2, 2, 4],
            [1, 0, 2, 2],
            [0, 1, 1, 2],
        ];
        if !self.interlaced {
            return vec![(width, height)];
        }
        let pass = |[left, top, across, down]: [u32; 4]| {
            (
                width.saturating_sub(left).div_ceil(across),
                height.saturating_sub(top).div_ceil(down),
            )
        };
        PASSES.into_iter().map(pass).collect()
    }

    /// How many bytes the pixels of a picture of this size are before compression, each row with
    /// its filter.
    pub(crate) fn raw_bytes(&self, width: u32, height: u32) -> u64 {
        let rows = |(width, height): (u32, u32)| match width {
            // Without a column there are no rows, not even their filters.
            0 => 0,
            _ => u64::from(height) * (1 + (u64::from(width) * self.bits_per_pixel).div_ceil(8)),
        };
        self.passes(width, height).into_iter().map(rows).sum()
    }
}

/// What fcTL says of a frame of an animation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FrameControl {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) left: u32,
    pub(crate) top: u32,
    pub(crate) duration_ms: u32,
}

impl FrameControl {
    pub(crate) fn read(body: &[u8], image: &ImageHeader) -> Result<Self, CodecError> {
        let broken = || CodecError::broken("a frame that PNG does not have");
        let body: &[u8; 26] = body.try_into().map_err(|_| broken())?;
        let [width, height, left, top] = [4, 8, 12, 16].map(|at| u32_at(body, at));
        let inside = |start: u32, length: u32, end: u32| {
            length > 0 && u64::from(start) + u64::from(length) <= u64::from(end)
        };
        if !inside(left, width, image.width) || !inside(top, height, image.height) {
            return Err(broken());
        }
        if body[24] > 2 || body[25] > 1 {
            return Err(broken());
        }
        let numerator = u32::from(u16::from_be_bytes([body[20], body[21]]));
        // Nothing stands for hundredths.
        let denominator = match u16::from_be_bytes([body[22], body[23]]) {
            0 => 100,
            denominator => u32::from(denominator),
        };
        Ok(Self {
            width,
            height,
            left,
            top,
            duration_ms: numerator * 1_000 / denominator,
        })
    }
}

fn u32_at<const N: usize>(bytes: &[u8; N], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
