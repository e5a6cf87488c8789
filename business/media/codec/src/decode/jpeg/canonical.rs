//! The picture as a file that can be read in one way only: nothing between its segments, none that
//! it is not made of, names of components that say how colours are coded, and an end. This is what
//! decoders are given.

use super::frame::scan_components;
use super::structure::{Coding, Structure};
use super::usual_codes::USUAL_CODES;
use crate::CodecError;
use crate::container::jpeg::{END, SCAN, START, Segment, write};

const HUFFMAN: u8 = 0xc4;
const SEQUENTIAL: u8 = 0xc1;
const PROGRESSIVE: u8 = 0xc2;
/// Adobe's segment, which says that four components are YCCK.
const YCCK: &[u8] = b"Adobe\0\x64\0\0\0\0\x02";
/// The most bytes that the file has beside what [`Structure::bytes`] counts.
pub(super) const EXTRA_BYTES_MAX: u64 = 1024;

/// The file up to the header of its first scan.
pub(super) fn head(structure: &Structure<'_>) -> Result<Vec<u8>, CodecError> {
    let mut file = start(structure);
    for segment in &structure.segments {
        put(segment, structure, &mut file)?;
        if segment.marker == SCAN {
            break;
        }
    }
    Ok(file)
}

pub(super) fn file(structure: &Structure<'_>) -> Result<Vec<u8>, CodecError> {
    let mut file = start(structure);
    // Exact, because the memory was estimated by it.
    file.reserve_exact(usize::try_from(structure.bytes).map_err(CodecError::broken)?);
    for segment in &structure.segments {
        put(segment, structure, &mut file)?;
        file.extend(segment.coded);
    }
    file.extend([0xff, END]);
    Ok(file)
}

fn start(structure: &Structure<'_>) -> Vec<u8> {
    let mut file = Vec::with_capacity(EXTRA_BYTES_MAX as usize);
    file.extend([0xff, START]);
    if structure.coding == Coding::Ycck {
        write(&mut file, 0xee, YCCK);
    }
    // Codes that the file defines itself come later and take their place.
    if !structure.frame.progressive {
        write(&mut file, HUFFMAN, &USUAL_CODES);
    }
    file
}

fn put(
    segment: &Segment<'_>,
    structure: &Structure<'_>,
    file: &mut Vec<u8>,
) -> Result<(), CodecError> {
    match segment.marker {
        0xc0..=0xc2 => {
            // As sequential files may have them, there may be more tables, and finer ones, than in
            // baseline ones.
            let marker = if structure.frame.progressive {
                PROGRESSIVE
            } else {
                SEQUENTIAL
            };
            write(file, marker, &frame(segment.body, structure));
        }
        SCAN => write(file, SCAN, &scan(segment.body, structure)?),
        marker => write(file, marker, segment.body),
    }
    Ok(())
}

/// What a component is called.
fn name(coding: Coding, index: usize) -> u8 {
    let names = if coding == Coding::Rgb {
        *b"RGB\0"
    } else {
        [1, 2, 3, 4]
    };
    names[index & 3]
}

#[allow(clippy::cast_possible_truncation)] // four at most
fn frame(body: &[u8], structure: &Structure<'_>) -> Vec<u8> {
    const FIXED_BYTES: usize = 6;
    let (fixed, parts) = body.split_at(FIXED_BYTES.min(body.len()));
    let mut frame = fixed.to_vec();
    let components = structure.frame.components.iter();
    for (index, (component, part)) in components.zip(parts.chunks_exact(3)).enumerate() {
        let sampling = (component.across << 4 | component.down) as u8;
        frame.extend([name(structure.coding, index), sampling, part[2]]);
    }
    frame
}

/// A scan's header, with its components by their new names. Those of one name are taken in their
/// order.
fn scan(body: &[u8], structure: &Structure<'_>) -> Result<Vec<u8>, CodecError> {
    let malformed = || CodecError::broken("a scan header that is not well formed");
    let parts = scan_components(body, &structure.frame).ok_or_else(malformed)?;
    let selection = body.get(1 + parts.len() * 2..).ok_or_else(malformed)?;
    let mut scan = vec![body[0]];
    for (index, tables) in parts {
        scan.extend([name(structure.coding, index), tables]);
    }
    if structure.frame.progressive {
        scan.extend(selection);
    } else {
        // A sequential scan has no other selection, whatever the file writes there.
        scan.extend([0, 63, 0]);
    }
    Ok(scan)
}
