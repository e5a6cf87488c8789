//! Prefix codes: how a file writes them down, and how symbols are read with them (RFC 9649, section
//! 3.7.2.1).

use super::bits::Bits;
use crate::CodecError;

/// One more than the longest code, in bits.
const LENGTHS: usize = 16;

/// How many symbols have a code of each length in bits. None has one of 0 bits, and that place
/// stays 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts([u16; LENGTHS]);

impl Counts {
    pub(crate) fn symbols(&self) -> u32 {
        self.longer_than(0)
    }

    /// How many symbols have a code of more bits than these.
    pub(crate) fn longer_than(&self, bits: usize) -> u32 {
        self.0[bits + 1..]
            .iter()
            .map(|count| u32::from(*count))
            .sum()
    }

    /// Bits of the longest code.
    pub(crate) fn longest(&self) -> usize {
        self.0.iter().rposition(|count| *count > 0).unwrap_or(0)
    }

    /// A code is whole when every sequence of bits begins with the code of exactly one symbol. The
    /// one exception is a single symbol, which takes no bits whatever length is written down for
    /// it.
    fn check(&self) -> Result<(), CodecError> {
        let share =
            |(length, count): (usize, &u16)| u32::from(*count) << (LENGTHS - 1 - length.max(1));
        let taken: u32 = self.0.iter().enumerate().map(share).sum();
        if self.symbols() == 1 || taken == 1 << (LENGTHS - 1) {
            return Ok(());
        }
        Err(CodecError::broken("a prefix code that is not whole"))
    }
}

/// A prefix code to read symbols with.
pub(super) struct PrefixCode {
    counts: Counts,
    /// In the order of their codes.
    symbols: Vec<u16>,
}

impl PrefixCode {
    /// Reads a code for symbols below `alphabet`.
    pub(super) fn read(bits: &mut Bits<'_>, alphabet: usize) -> Result<Self, CodecError> {
        if bits.flag()? {
            return Self::read_simple(bits, alphabet);
        }
        let lengths = Lengths::read(bits, alphabet)?;
        Ok(Self::of_lengths(&lengths))
    }

    /// Section 3.7.2.1.1: one or two symbols. Of two, the decoder gives the first the code 0, in
    /// whichever order they are written and even when they are the same; what is read here has to
    /// be what it will read.
    fn read_simple(bits: &mut Bits<'_>, alphabet: usize) -> Result<Self, CodecError> {
        let two = bits.flag()?;
        let first_bits = if bits.flag()? { 8 } else { 1 };
        let mut symbols = vec![bits.read(first_bits)? as u16];
        if two {
            symbols.push(bits.read(8)? as u16);
        }
        if symbols
            .iter()
            .any(|symbol| usize::from(*symbol) >= alphabet)
        {
            return Err(CodecError::broken("a symbol outside its alphabet"));
        }
        let mut counts = Counts::default();
        counts.0[1] = symbols.len() as u16;
        Ok(Self { counts, symbols })
    }

    fn of_lengths(lengths: &Lengths) -> Self {
        let mut next = [0_u16; LENGTHS];
        for length in 1..LENGTHS {
            next[length] = next[length - 1] + lengths.counts.0[length - 1];
        }
        let mut symbols = vec![0; lengths.counts.symbols() as usize];
        for (symbol, length) in lengths.of_symbols.iter().enumerate() {
            if *length > 0 {
                let place = &mut next[usize::from(*length)];
                symbols[usize::from(*place)] = symbol as u16;
                *place += 1;
            }
        }
        Self {
            counts: lengths.counts,
            symbols,
        }
    }

    /// Whether there is but one symbol, which takes no bits.
    pub(super) fn is_single(&self) -> bool {
        self.symbols.len() == 1
    }

    /// The next symbol. Codes of one length are consecutive numbers, highest bit first, and begin
    /// behind those of the lengths below.
    pub(super) fn symbol(&self, bits: &mut Bits<'_>) -> Result<u16, CodecError> {
        if self.is_single() {
            return Ok(self.symbols[0]);
        }
        let mut ahead = bits.peek();
        let (mut code, mut first, mut before) = (0_u32, 0_u32, 0_u32);
        for length in 1..LENGTHS {
            code |= (ahead & 1) as u32;
            ahead >>= 1;
            let count = u32::from(self.counts.0[length]);
            if code < first + count {
                bits.consume(length as u32)?;
                return Ok(self.symbols[(before + code - first) as usize]);
            }
            before += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        Err(CodecError::broken("bits that are no code"))
    }
}

/// Reads a code only as far as its lengths' counts.
pub(super) fn counts(bits: &mut Bits<'_>, alphabet: usize) -> Result<Counts, CodecError> {
    if bits.flag()? {
        return Ok(PrefixCode::read_simple(bits, alphabet)?.counts);
    }
    Ok(Lengths::read(bits, alphabet)?.counts)
}

/// The lengths of a code's symbols; those at the end that are not written down have none.
struct Lengths {
    of_symbols: Vec<u8>,
    counts: Counts,
    alphabet: usize,
}

impl Lengths {
    /// Section 3.7.2.1.2: a code for the lengths, and the lengths in it.
    fn read(bits: &mut Bits<'_>, alphabet: usize) -> Result<Self, CodecError> {
        let code = PrefixCode::of_lengths(&Self::of_the_lengths(bits)?);
        let mut written = Self::written(bits, alphabet)?;
        let mut lengths = Self::new(alphabet);
        // What the standard has repeated as long as there was no length to repeat.
        let mut previous = 8;
        while lengths.of_symbols.len() < alphabet && written > 0 {
            let (length, times, used) = match code.symbol(bits)? {
                // Takes no bits. All of them at once, so that the work is bounded by the file's
                // size.
                length @ 0..16 if code.is_single() => (length as u8, written, written),
                length @ 0..16 => (length as u8, 1, 1),
                16 => (previous, 3 + bits.read(2)? as usize, 1),
                17 => (0, 3 + bits.read(3)? as usize, 1),
                _ => (0, 11 + bits.read(7)? as usize, 1),
            };
            lengths.push(length, times)?;
            written -= used;
            if length > 0 {
                previous = length;
            }
        }
        lengths.counts.check()?;
        Ok(lengths)
    }

    /// The lengths, of 3 bits each, of the code that the lengths are written in.
    fn of_the_lengths(bits: &mut Bits<'_>) -> Result<Self, CodecError> {
        const ORDER: [usize; 19] = [
            17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
        ];
        let mut of_symbols = [0; ORDER.len()];
        let written = 4 + bits.read(4)? as usize;
        for symbol in &ORDER[..written] {
            of_symbols[*symbol] = bits.read(3)? as u8;
        }
        let mut lengths = Self::new(ORDER.len());
        for length in of_symbols {
            lengths.push(length, 1)?;
        }
        lengths.counts.check()?;
        Ok(lengths)
    }

    /// How many lengths, and repetitions of them, are written down.
    fn written(bits: &mut Bits<'_>, alphabet: usize) -> Result<usize, CodecError> {
        if !bits.flag()? {
            return Ok(alphabet);
        }
        let number_bits = 2 + 2 * bits.read(3)?;
        let written = 2 + bits.read(number_bits)? as usize;
        if written > alphabet {
            return Err(CodecError::broken("more code lengths than symbols"));
        }
        Ok(written)
    }

    fn new(alphabet: usize) -> Self {
        Self {
            of_symbols: Vec::with_capacity(alphabet),
            counts: Counts::default(),
            alphabet,
        }
    }

    fn push(&mut self, length: u8, times: usize) -> Result<(), CodecError> {
        let symbols = self.of_symbols.len() + times;
        if symbols > self.alphabet {
            return Err(CodecError::broken("more code lengths than symbols"));
        }
        self.of_symbols.resize(symbols, length);
        if length > 0 {
            self.counts.0[usize::from(length)] += times as u16;
        }
        Ok(())
    }
}
