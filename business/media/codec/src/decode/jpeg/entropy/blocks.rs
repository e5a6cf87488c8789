//! Blocks of coefficients, of which only is kept which are not zero: later scans of a progressive
//! file are read by that.

use super::bits::Bits;

pub(super) const COEFFICIENTS: usize = 64;
/// Stands for all bits of a coefficient that had no scan yet.
pub(super) const ALL_BITS: u8 = u8::MAX;

/// Huffman codes, looked up by the next sixteen bits.
pub(super) struct Codes {
    /// The symbol, and above it the length of its code; zero where there is none.
    by_bits: Vec<u16>,
}

impl Codes {
    /// By how many codes there are of each length, and their symbols. Without a table no code is
    /// found.
    pub(super) fn new(table: Option<&[u8]>) -> Self {
        let Some((counts, symbols)) = table.and_then(|table| table.split_first_chunk::<16>())
        else {
            return Self {
                by_bits: Vec::new(),
            };
        };
        let mut by_bits = Vec::with_capacity(1 << 16);
        let mut symbols = symbols.iter();
        for (length, count) in (1_u16..).zip(counts) {
            for symbol in symbols.by_ref().take(usize::from(*count)) {
                let places = (by_bits.len() + (1 << (16 - length))).min(1 << 16);
                by_bits.resize(places, length << 8 | u16::from(*symbol));
            }
        }
        by_bits.resize(1 << 16, 0);
        Self { by_bits }
    }

    fn next(&self, bits: &mut Bits<'_>) -> Option<u8> {
        let [length, symbol] = self.by_bits.get(bits.peek()).copied()?.to_be_bytes();
        if length == 0 {
            return None;
        }
        bits.take(u32::from(length));
        Some(symbol)
    }
}

/// Which coefficients a scan brings, and which of their bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Selection {
    first: usize,
    last: usize,
    /// Whether one more bit comes of what was there before.
    refines: bool,
    bits_after: u8,
    progressive: bool,
}

impl Selection {
    /// That of a sequential scan.
    pub(super) const WHOLE: Self = Self {
        first: 0,
        last: COEFFICIENTS - 1,
        refines: false,
        bits_after: 0,
        progressive: false,
    };

    /// That of a progressive scan of so many components. Only first coefficients may be stored of
    /// several together.
    pub(super) fn new(first: u8, last: u8, bits: u8, components: usize) -> Option<Self> {
        let (first, last) = (usize::from(first), usize::from(last));
        let well_formed = if first == 0 {
            last == 0
        } else {
            (first..COEFFICIENTS).contains(&last) && components == 1
        };
        well_formed.then_some(Self {
            first,
            last,
            refines: bits >> 4 != 0,
            bits_after: bits & 15,
            progressive: true,
        })
    }

    /// Records what is still missing after it.
    pub(super) fn note(self, missing_bits: &mut [u8; COEFFICIENTS]) {
        for missing in &mut missing_bits[self.first..=self.last] {
            // A refinement of what never came leaves all of it missing.
            if !self.refines || *missing != ALL_BITS {
                *missing = self.bits_after;
            }
        }
    }
}

/// Those of a component, in rows.
pub(super) struct Blocks {
    across: u32,
    /// A bit for each coefficient; none where there is nothing to refine.
    set: Vec<u64>,
}

impl Blocks {
    pub(super) fn new(across: u32, down: u32, progressive: bool) -> Self {
        let count = if progressive {
            across as usize * down as usize
        } else {
            0
        };
        Self {
            across,
            set: vec![0; count],
        }
    }

    /// Reads what a scan has of the block at this place; nothing where it is not well formed.
    pub(super) fn read(
        &mut self,
        (x, y): (u32, u32),
        selection: Selection,
        (firsts, others): (&Codes, &Codes),
        bits: &mut Bits<'_>,
    ) -> Option<()> {
        if selection.first == 0 {
            if selection.refines {
                bits.take(1);
            } else {
                let length = firsts.next(bits)?;
                bits.take(u32::from(length & 15));
            }
        }
        if !selection.progressive {
            return rest(others, bits);
        }
        if selection.first == 0 {
            return Some(());
        }
        let at = y as usize * self.across as usize + x as usize;
        let set = self.set.get_mut(at)?;
        if selection.refines {
            refine(set, selection, others, bits)
        } else {
            bring(set, selection, others, bits)
        }
    }
}

/// The coefficients after the first, of a sequential scan.
fn rest(codes: &Codes, bits: &mut Bits<'_>) -> Option<()> {
    let mut at = 1;
    while at < COEFFICIENTS {
        let symbol = codes.next(bits)?;
        let (zeros, length) = (usize::from(symbol >> 4), u32::from(symbol & 15));
        if length == 0 && zeros != 15 {
            break;
        }
        at += zeros + 1;
        bits.take(length);
    }
    Some(())
}

/// Coefficients that had no scan yet.
fn bring(set: &mut u64, selection: Selection, codes: &Codes, bits: &mut Bits<'_>) -> Option<()> {
    if bits.empty_blocks > 0 {
        bits.empty_blocks -= 1;
        return Some(());
    }
    let mut at = selection.first;
    while at <= selection.last {
        let symbol = codes.next(bits)?;
        let (zeros, length) = (symbol >> 4, u32::from(symbol & 15));
        if length == 0 && zeros != 15 {
            // This block is the first of the run.
            bits.empty_blocks = (1 << zeros) + bits.take(u32::from(zeros)) - 1;
            break;
        }
        at += usize::from(zeros);
        if length > 0 {
            bits.take(length);
            *set |= 1_u64.checked_shl(u32::try_from(at).ok()?)?;
        }
        at += 1;
    }
    Some(())
}

/// A bit for each coefficient from the first to the last.
const fn span(first: usize, last: usize) -> u64 {
    if first > last {
        return 0;
    }
    (u64::MAX << first) & (u64::MAX >> (COEFFICIENTS - 1 - last))
}

/// One more bit of those that are not zero, and those that become so.
fn refine(set: &mut u64, selection: Selection, codes: &Codes, bits: &mut Bits<'_>) -> Option<()> {
    let mut at = selection.first;
    while bits.empty_blocks == 0 && at <= selection.last {
        let symbol = codes.next(bits)?;
        let (mut zeros, length) = (symbol >> 4, symbol & 15);
        if length == 0 && zeros != 15 {
            // This block counts as well: the bits that refine it are skipped below.
            bits.empty_blocks = (1 << zeros) + bits.take(u32::from(zeros));
            break;
        }
        // Its sign.
        bits.take(u32::from(length != 0));
        while at <= selection.last {
            if *set >> at & 1 == 1 {
                bits.take(1);
            } else if zeros == 0 {
                break;
            } else {
                zeros -= 1;
            }
            at += 1;
        }
        if length != 0 && at <= selection.last {
            *set |= 1 << at;
        }
        at += 1;
    }
    if bits.empty_blocks > 0 {
        bits.skip((*set & span(at, selection.last)).count_ones());
        bits.empty_blocks -= 1;
    }
    Some(())
}
