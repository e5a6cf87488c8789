//! Whether the coded pixels of a file that lacks its end are all there: its scans are read code by
//! code, and nothing is made of the numbers.

mod bits;
mod blocks;

use super::frame::{Component, Frame, scan_components};
use super::structure::Structure;
use super::usual_codes::USUAL_CODES;
use crate::CodecError;
use crate::container::jpeg::SCAN;

use bits::Bits;
use blocks::{ALL_BITS, Blocks, COEFFICIENTS, Codes, Selection};

/// Of how many units of the last scan one may be missing. What is missing is gray, as libjpeg shows
/// it.
const UNITS_PER_MISSING: u64 = 100;
/// Blocks walked over in one file, those of all its scans together, at most; what would take more
/// is refused as damaged. A progressive picture of 100 megapixels from an ordinary encoder has some
/// 13 million.
const BLOCKS_WALKED_MAX: u64 = 20_000_000;
/// Blocks that the walk over a progressive file may hold, and read, while its header is read: 8
/// MiB, some tens of milliseconds.
const BLOCKS_WALKED_QUICKLY_MAX: u64 = 1_000_000;
const HUFFMAN: u8 = 0xc4;
const RESTART: u8 = 0xdd;

/// What reading takes for each block beside the file, in bytes.
pub(super) const BYTES_PER_BLOCK: u64 = 8;
/// What the codes of a scan take, in bytes: two for each of four components, of two bytes for each
/// of 65,536 places.
pub(super) const FIXED_BYTES: u64 = 8 << 17;

/// What a walk through the scans found.
pub(super) struct Walked {
    /// Whether the picture has all its pixels: every bit of every coefficient is in some scan, and
    /// every scan goes on to the last unit, but for the last of all, which may lack a hundredth.
    pub(super) is_whole: bool,
    /// Blocks read, each as often as a scan has it.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "tests count by it what a walk takes")
    )]
    pub(super) blocks: u64,
}

/// Whether a walk takes so little that it needs no place in the queue: one pass that holds nothing,
/// or few blocks.
pub(super) fn is_quickly_walked(structure: &Structure<'_>) -> bool {
    let held = structure.frame.blocks_with_fill();
    !structure.frame.progressive
        || blocks_to_walk(structure).is_none_or(|read| read.max(held) <= BLOCKS_WALKED_QUICKLY_MAX)
}

/// Refuses a file that ends without its end marker, unless all its pixels are there: whatever
/// follows them then counts as bytes after the end. Nothing is read of a file that has the
/// marker. Of a progressive one this takes memory for each block and a pass for each scan, so
/// it belongs where memory and time are billed.
pub(super) fn check_end(structure: &Structure<'_>) -> Result<(), CodecError> {
    if !structure.lacks_end || walk(structure).is_whole {
        return Ok(());
    }
    Err(CodecError::broken("cut off before its end marker"))
}

/// Reads the scans of a file that lacks its end.
pub(super) fn walk(structure: &Structure<'_>) -> Walked {
    if blocks_to_walk(structure).is_none_or(|blocks| blocks > BLOCKS_WALKED_MAX) {
        return Walked {
            is_whole: false,
            blocks: 0,
        };
    }
    let mut reading = Reading::of(&structure.frame);
    Walked {
        is_whole: read(structure, &mut reading).unwrap_or(false),
        blocks: reading.walked,
    }
}

/// Blocks of all scans together; nothing where a scan is not well formed.
fn blocks_to_walk(structure: &Structure<'_>) -> Option<u64> {
    let frame = &structure.frame;
    let mut blocks = 0;
    for scan in structure.segments.iter().filter(|it| it.marker == SCAN) {
        let parts = scan_components(scan.body, frame)?;
        let (across, down) = frame.units();
        for (index, _) in &parts {
            let component = &frame.components[*index];
            blocks +=
                u64::from(across) * u64::from(down) * u64::from(component.across * component.down);
        }
    }
    Some(blocks)
}

fn read<'b>(structure: &'b Structure<'_>, reading: &mut Reading<'b>) -> Option<bool> {
    if !structure.frame.progressive {
        reading.define_codes(&USUAL_CODES)?;
    }
    let mut scans_left = structure.scans;
    for segment in &structure.segments {
        match segment.marker {
            HUFFMAN => reading.define_codes(segment.body)?,
            RESTART => reading.interval = u16::from_be_bytes(segment.body.try_into().ok()?).into(),
            SCAN => {
                scans_left -= 1;
                let (found, all) = reading.scan(segment.body, segment.coded, &structure.frame)?;
                let missing_max = if scans_left == 0 {
                    all / UNITS_PER_MISSING
                } else {
                    0
                };
                if all - found > missing_max {
                    return Some(false);
                }
            }
            _ => {}
        }
    }
    Some(reading.missing_bits.iter().flatten().all(|bits| *bits == 0))
}

/// What was read so far.
struct Reading<'b> {
    /// Where each code is defined: by kind (first coefficients, others) and number.
    codes: [[Option<&'b [u8]>; 4]; 2],
    /// Units between restarts; 0 for none.
    interval: u64,
    /// Of each component, which coefficients of each block are not zero so far.
    blocks: Vec<Blocks>,
    /// Of each component and coefficient, how many of its last bits are still to come.
    missing_bits: Vec<[u8; COEFFICIENTS]>,
    /// Blocks read so far.
    walked: u64,
}

impl<'b> Reading<'b> {
    fn of(frame: &Frame) -> Self {
        let (units_across, units_down) = frame.units();
        let blocks = |component: &Component| {
            let (across, down) = (units_across * component.across, units_down * component.down);
            Blocks::new(across, down, frame.progressive)
        };
        Self {
            codes: [[None; 4]; 2],
            interval: 0,
            blocks: frame.components.iter().map(blocks).collect(),
            missing_bits: vec![[ALL_BITS; COEFFICIENTS]; frame.components.len()],
            walked: 0,
        }
    }

    fn define_codes(&mut self, mut body: &'b [u8]) -> Option<()> {
        while let [head, counts @ ..] = body {
            let symbols: usize = counts
                .get(..16)?
                .iter()
                .map(|count| usize::from(*count))
                .sum();
            let (table, rest) = body.split_at_checked(17 + symbols)?;
            let (kind, number) = (usize::from(head >> 4), usize::from(head & 15));
            *self.codes.get_mut(kind)?.get_mut(number)? = Some(&table[1..]);
            body = rest;
        }
        Some(())
    }

    /// How many units of a scan are there, and how many it should have.
    fn scan(&mut self, header: &[u8], coded: &[u8], frame: &Frame) -> Option<(u64, u64)> {
        let parts = scan_components(header, frame)?;
        let [first, last, bits] = *header.get(1 + parts.len() * 2..)? else {
            return None;
        };
        let selection = if frame.progressive {
            Selection::new(first, last, bits, parts.len())?
        } else {
            Selection::WHOLE
        };
        let mut scanned = Vec::with_capacity(parts.len());
        for (index, tables) in parts {
            selection.note(self.missing_bits.get_mut(index)?);
            let codes =
                |kind: usize, number: u8| Codes::new(self.codes[kind][usize::from(number & 3)]);
            scanned.push((index, codes(0, tables >> 4), codes(1, tables & 15)));
        }
        // Alone, a component has only blocks that have pixels; together, all have whole units.
        let (across, down) = match scanned[..] {
            [(index, ..)] => frame.blocks_of(&frame.components[index]),
            _ => frame.units(),
        };
        let all = u64::from(across) * u64::from(down);
        let mut bits = Bits::new(coded);
        for unit in 0..all {
            if self.interval != 0
                && unit != 0
                && unit.is_multiple_of(self.interval)
                && !bits.restart()
            {
                return Some((unit, all));
            }
            let place = (
                (unit % u64::from(across)) as u32,
                (unit / u64::from(across)) as u32,
            );
            if !self.unit(place, selection, &scanned, frame, &mut bits) {
                return Some((unit, all));
            }
        }
        Some((all, all))
    }

    /// Reads the unit at this place; false where it is not all there.
    fn unit(
        &mut self,
        (x, y): (u32, u32),
        selection: Selection,
        scanned: &[(usize, Codes, Codes)],
        frame: &Frame,
        bits: &mut Bits<'_>,
    ) -> bool {
        for (index, firsts, others) in scanned {
            let component = &frame.components[*index];
            // Alone, a component has units of one block.
            let (wide, high) = if scanned.len() == 1 {
                (1, 1)
            } else {
                (component.across, component.down)
            };
            for block in 0..wide * high {
                let place = (x * wide + block % wide, y * high + block / wide);
                self.walked += 1;
                let read = self.blocks[*index].read(place, selection, (firsts, others), bits);
                if read.is_none() || bits.are_over() {
                    return false;
                }
            }
        }
        true
    }
}

#[cfg(test)]
mod tests;
