//! Whether the coded pixels of a file that lacks its end are all there: its scans are read code by code, and nothing is
//! made of the numbers.

mod bits;
mod blocks;

use super::frame::Frame;
use super::structure::Structure;
use super::usual_codes::USUAL_CODES;
use crate::container::jpeg::SCAN;

use bits::Bits;
use blocks::{Blocks, Codes, Selection};

/// Of how many units of the last scan one may be missing. What is missing is gray, as libjpeg shows it.
const UNITS_PER_MISSING: u64 = 100;
const COEFFICIENTS: usize = 64;
const HUFFMAN: u8 = 0xc4;
const RESTART: u8 = 0xdd;

/// What reading takes for each block beside the file, in bytes.
pub(super) const BYTES_PER_BLOCK: u64 = 8;
/// What the codes of a scan take, in bytes: two for each of four components, of two bytes for each of 65,536 places.
pub(super) const FIXED_BYTES: u64 = 8 << 17;

/// Whether a picture has all its pixels: every bit of every coefficient is in some scan, and every scan goes on to the last
/// unit, but for the last of all, which may lack a hundredth.
pub(super) fn is_whole(structure: &Structure<'_>) -> bool {
    read(structure).unwrap_or(false)
}

fn read(structure: &Structure<'_>) -> Option<bool> {
    let mut reading = Reading::of(&structure.frame);
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
}

/// Stands for all bits of a coefficient that had no scan yet.
const ALL_BITS: u8 = u8::MAX;

impl<'b> Reading<'b> {
    fn of(frame: &Frame) -> Self {
        let (units_across, units_down) = frame.units();
        let blocks = |component: &super::frame::Component| {
            let (across, down) = (units_across * component.across, units_down * component.down);
            Blocks::new(across, down, frame.progressive)
        };
        Self {
            codes: [[None; 4]; 2],
            interval: 0,
            blocks: frame.components.iter().map(blocks).collect(),
            missing_bits: vec![[ALL_BITS; COEFFICIENTS]; frame.components.len()],
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
        let parts = super::scan_components(header, frame)?;
        let [first, last, bits] = *header.get(1 + parts.len() * 2..)? else {
            return None;
        };
        let selection = if frame.progressive {
            Selection::new(first, last, bits)?
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
                let read = self.blocks[*index].read(place, selection, (firsts, others), bits);
                if read.is_none() || bits.are_over() {
                    return false;
                }
            }
        }
        true
    }
}
