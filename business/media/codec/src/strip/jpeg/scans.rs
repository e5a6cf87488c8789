//! What a frame is made of, and which of it each scan brings: everything once, in an order that
//! every reader keeps.

use crate::CodecError;

/// Coefficients of a block.
const COEFFICIENTS: usize = 64;
/// Bits of a coefficient that a first scan may leave to later ones.
const BITS_MAX: u8 = 13;

#[derive(Debug)]
pub(super) struct Frame {
    progressive: bool,
    width: u64,
    height: u64,
    components: Vec<Component>,
}

#[derive(Debug)]
struct Component {
    name: u8,
    across: u64,
    down: u64,
    quantization: u8,
    /// Of each coefficient, how many of its last bits are still to come; none before its first
    /// scan.
    missing_bits: [Option<u8>; COEFFICIENTS],
}

/// A scan that brings what is still missing.
#[derive(Debug)]
pub(super) struct Scan {
    parts: Vec<Part>,
    /// First and last coefficient, and the bits: those that were missing before, and those that are
    /// after.
    selection: [u8; 3],
    /// Units that can be counted between restarts.
    units: u64,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    name: u8,
    pub(super) quantization: u8,
    /// The codes of the first coefficient and of the others, where the scan has such codes.
    pub(super) codes: [Option<u8>; 2],
}

impl Frame {
    pub(super) fn read(body: &[u8], progressive: bool) -> Result<Self, CodecError> {
        let [8, rest @ ..] = body else {
            return Err(odd("depth"));
        };
        let [high, low, wide, narrow, count, parts @ ..] = rest else {
            return Err(odd("frame"));
        };
        let side = |high: u8, low: u8| u64::from(u16::from_be_bytes([high, low]));
        let (height, width) = (side(*high, *low), side(*wide, *narrow));
        let components: Vec<Component> = parts
            .chunks_exact(3)
            .map(|part| Component {
                name: part[0],
                across: u64::from(part[1] >> 4),
                down: u64::from(part[1] & 15),
                quantization: part[2],
                missing_bits: [None; COEFFICIENTS],
            })
            .collect();
        let is_sound = |component: &Component| {
            (1..=4).contains(&component.across)
                && (1..=4).contains(&component.down)
                && component.quantization < 4
        };
        // Scans go by the names, so each has to be of one component.
        let mut names: Vec<u8> = components.iter().map(|component| component.name).collect();
        names.sort_unstable();
        names.dedup();
        let well_formed = width > 0
            && height > 0
            && parts.len() == usize::from(*count) * 3
            && names.len() == components.len()
            && components.iter().all(is_sound);
        if !well_formed {
            return Err(odd("frame"));
        }
        Ok(Self {
            progressive,
            width,
            height,
            components,
        })
    }

    pub(super) fn component_count(&self) -> usize {
        self.components.len()
    }

    /// Whether the components are called red, green and blue, which only some readers take for what
    /// it says.
    pub(super) fn is_named_rgb(&self) -> bool {
        let names = self.components.iter().map(|component| component.name);
        names.eq(*b"RGB")
    }

    /// Whether every component had a scan.
    pub(super) fn is_whole(&self) -> bool {
        let mut components = self.components.iter();
        components.all(|component| component.missing_bits[0].is_some())
    }

    /// Takes a scan by its header. One that brings anything a second time is refused: of the two,
    /// some readers show the first and some the last.
    pub(super) fn scan(&mut self, body: &[u8]) -> Result<Scan, CodecError> {
        let [count, rest @ ..] = body else {
            return Err(odd("scan"));
        };
        let count = usize::from(*count);
        if !(1..=4).contains(&count) || rest.len() != count * 2 + 3 {
            return Err(odd("scan"));
        }
        let (parts, selection) = rest.split_at(count * 2);
        let [first, last, bits] = *selection else {
            return Err(odd("scan"));
        };
        let (before, after) = (bits >> 4, bits & 15);
        if !self.allows([first, last, before, after], count) {
            return Err(odd("scan"));
        }
        let (mut taken, mut places) = (Vec::new(), Vec::new());
        for part in parts.chunks_exact(2) {
            let place = self.place(part[0], places.last().copied())?;
            places.push(place);
            let component = &mut self.components[place];
            component.bring(first, last, before, after)?;
            let codes = [part[1] >> 4, part[1] & 15];
            if codes.iter().any(|codes| *codes > 3) {
                return Err(odd("scan"));
            }
            // Bits that refine first coefficients are stored without codes.
            let has_first = first == 0 && before == 0;
            taken.push(Part {
                name: part[0],
                quantization: component.quantization,
                codes: [
                    has_first.then_some(codes[0]),
                    (last > 0).then_some(codes[1]),
                ],
            });
        }
        Ok(Scan {
            parts: taken,
            selection: [first, last, bits],
            units: self.units(&places),
        })
    }

    fn allows(&self, [first, last, before, after]: [u8; 4], count: usize) -> bool {
        if !self.progressive {
            return [first, last, before, after] == [0, 63, 0, 0];
        }
        let coefficients = if first == 0 {
            last == 0
        } else {
            count == 1 && first <= last && last < 64
        };
        // By the standard a scan that refines brings one bit more.
        coefficients && after <= BITS_MAX && (before == 0 || before == after + 1)
    }

    /// Where a component is, which must be after the one before it in a scan.
    fn place(&self, name: u8, after: Option<usize>) -> Result<usize, CodecError> {
        let mut components = self.components.iter();
        let place = components.position(|component| component.name == name);
        place
            .filter(|place| after.is_none_or(|after| *place > after))
            .ok_or_else(|| odd("scan"))
    }

    /// Of one component every block that its pixels need; of several, groups as large as the
    /// largest of all components.
    fn units(&self, places: &[usize]) -> u64 {
        let across_max = self.components.iter().map(|component| component.across);
        let down_max = self.components.iter().map(|component| component.down);
        let (across_max, down_max) = (across_max.max().unwrap_or(1), down_max.max().unwrap_or(1));
        if let [place] = *places {
            let Component { across, down, .. } = self.components[place];
            let blocks = |side: u64, part: u64, most: u64| (side * part).div_ceil(most).div_ceil(8);
            return blocks(self.width, across, across_max) * blocks(self.height, down, down_max);
        }
        self.width.div_ceil(8 * across_max) * self.height.div_ceil(8 * down_max)
    }
}

impl Component {
    fn bring(&mut self, first: u8, last: u8, before: u8, after: u8) -> Result<(), CodecError> {
        // Nothing can be said of the others before the first is there.
        if first > 0 && self.missing_bits[0].is_none() {
            return Err(odd("scan"));
        }
        for missing in &mut self.missing_bits[usize::from(first)..=usize::from(last)] {
            let fits = match *missing {
                None => before == 0,
                Some(missing) => missing > 0 && before == missing,
            };
            if !fits {
                return Err(odd("scan"));
            }
            *missing = Some(after);
        }
        Ok(())
    }
}

impl Scan {
    pub(super) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// How many restarts it has at this interval.
    pub(super) fn restarts(&self, interval: u16) -> u64 {
        match u64::from(interval) {
            0 => 0,
            interval => self.units.div_ceil(interval) - 1,
        }
    }

    /// Its header, in which codes that it does not use have the number 0.
    #[allow(clippy::cast_possible_truncation)] // at most four parts
    pub(super) fn header(&self) -> Vec<u8> {
        let mut header = vec![self.parts.len() as u8];
        for part in &self.parts {
            let [first, others] = part.codes.map(Option::unwrap_or_default);
            header.extend([part.name, first << 4 | others]);
        }
        header.extend(self.selection);
        header
    }
}

pub(super) fn odd(what: &str) -> CodecError {
    CodecError::broken(format!("a {what} that is not well formed"))
}
