//! What `image-webp` takes to decode a picture, estimated from the file. The decoder has no limit
//! of its own to set.

#[cfg(test)]
mod tests;

use crate::CodecError;
use crate::container::vp8l::{Counts, lossless_alpha, prefix_codes};
use crate::container::webp::{
    Chunk, FRAME_HEADER_BYTES, Picture, chunks, chunks_to_the_end, inside,
};

/// Side of the blocks that lossy pictures are decoded in, in pixels. Those of lossless ones are no
/// larger where there are most.
const BLOCK: u32 = 16;
/// A part of lossy pixels is allocated as large as it says, 16 MiB at most, and read then.
const PART_BYTES_MAX: u64 = 1 << 24;

/// What decoding a still picture takes, in bytes.
pub(super) fn of_still(picture: &Picture<'_>, size: (u32, u32)) -> Result<u64, CodecError> {
    let (tables, walked) = tables(picture, size);
    walked?;
    // The picture is copied into a file of its own.
    let copy = (picture.pixels.body.len() + picture.alpha.map_or(0, <[u8]>::len)) as u64;
    Ok(of_picture(picture, size, tables) + copy)
}

/// The most that decoding any one frame of an animation takes, in bytes. A broken frame counts as
/// far as it can be read: the frames before it are still shown, and it is refused when it is its
/// turn.
pub(super) fn of_largest_frame(file: &[u8]) -> Result<u64, CodecError> {
    let mut most = 0;
    for chunk in chunks(inside(file)?) {
        let Chunk { kind, body } = chunk?;
        if let (b"ANMF", Some(body)) = (&kind, body.get(FRAME_HEADER_BYTES..)) {
            let picture = Picture::find(chunks(body))?;
            let size = picture.size()?;
            let (tables, _) = tables(&picture, size);
            // Two copies as a file of its own, one of them in a list that grew.
            let copies = 4 * body.len() as u64;
            most = most.max(of_picture(&picture, size, tables) + copies);
        }
    }
    Ok(most)
}

fn of_picture(picture: &Picture<'_>, (width, height): (u32, u32), tables: u64) -> u64 {
    let [width, height] = [width, height].map(|side| u64::from(side.next_multiple_of(BLOCK)));
    let pixels = width * height;
    let bytes_per_pixel = if lossless_alpha(picture).is_some() {
        // Decoded pixels (4), the planes they came from (1.5), opacity as pixels (4) and as a plane
        // (1), and data of transforms (0.5).
        11
    } else {
        // Decoded pixels (3 or 4), and beside them the decoder's own planes or pixels (4) and data
        // of transforms (0.9).
        8
    };
    let decoded = pixels * bytes_per_pixel + tables;
    if picture.pixels.kind == *b"VP8L" {
        return decoded;
    }
    // Beside pixels and planes stands the bitstream, read into a list that grows to twice its size,
    // and copied.
    let read = pixels * 11 / 2 + picture.pixels.body.len() as u64 * 3 + PART_BYTES_MAX;
    decoded.max(read)
}

/// What a picture's prefix codes take, and whether they could be read to their end.
fn tables(picture: &Picture<'_>, size: (u32, u32)) -> (u64, Result<(), CodecError>) {
    let mut tables = Tables::default();
    let walked = prefix_codes(picture, size, |code| tables.add(code));
    (tables.bytes, walked)
}

/// The chunks that pixels and opacity are taken from: the first of each kind in the file, lossless
/// ones if there are any, wherever the outermost chunk says that it ends.
pub(super) fn still(file: &[u8]) -> Result<Picture<'_>, CodecError> {
    let first = |kind: &[u8; 4]| chunks_to_the_end(file).find(|chunk| chunk.kind == *kind);
    // The decoder would take the frame's pixels for the picture's.
    if first(b"ANMF").is_some() {
        return Err(CodecError::broken(
            "a frame in a picture that does not move",
        ));
    }
    let alpha = first(b"ALPH").map(|chunk| chunk.body);
    match (first(b"VP8L"), first(b"VP8 ")) {
        (Some(pixels), _) => Ok(Picture {
            alpha: None,
            pixels,
        }),
        (None, Some(pixels)) => Ok(Picture { alpha, pixels }),
        (None, None) => Err(CodecError::broken("no pixels")),
    }
}

/// What the tables of prefix codes take together: the decoder keeps those of all groups until the
/// last pixel.
#[derive(Default)]
struct Tables {
    bytes: u64,
}

impl Tables {
    /// A code's place in a list that grows to twice its size when it is full, and is copied from
    /// the old one then.
    const PLACE_BYTES: u64 = 3 * 56;
    /// The decoder's first table has at most as many bits.
    const TABLE_BITS: usize = 10;
    const TABLE_ENTRY_BYTES: u64 = 4;
    /// Longer codes are in a tree, with at most two nodes for each.
    const NODE_BYTES: u64 = 16;
    /// What the allocator keeps of two allocations, and the nodes of a code of two symbols.
    const REST_BYTES: u64 = 96;

    fn add(&mut self, code: &Counts) {
        self.bytes += Self::PLACE_BYTES;
        if code.symbols() > 1 {
            let table = Self::TABLE_ENTRY_BYTES << code.longest().min(Self::TABLE_BITS);
            let nodes = 2 * u64::from(code.longer_than(Self::TABLE_BITS));
            self.bytes += table + nodes * Self::NODE_BYTES + Self::REST_BYTES;
        }
    }
}
