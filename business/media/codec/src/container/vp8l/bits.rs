//! Bits from the lowest of each byte upwards (`ReadBits` of RFC 9649).

use super::super::cut_off;
use crate::CodecError;

/// The bits that have not been read yet.
pub(super) struct Bits<'b> {
    rest: &'b [u8],
    /// The next ones, the first the lowest.
    buffer: u64,
    /// How many of the buffer count; those above are either zero or the same that come next.
    buffered: u32,
}

impl<'b> Bits<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self {
            rest: bytes,
            buffer: 0,
            buffered: 0,
        }
    }

    /// A number of at most 32 bits.
    #[allow(clippy::cast_possible_truncation)] // masked to 32 bits at most
    pub(super) fn read(&mut self, bits: u32) -> Result<u32, CodecError> {
        let number = self.peek() & ((1 << bits) - 1);
        self.consume(bits)?;
        Ok(number as u32)
    }

    pub(super) fn flag(&mut self) -> Result<bool, CodecError> {
        Ok(self.read(1)? == 1)
    }

    /// At least the next 32 bits, with zeros where there are no more.
    pub(super) fn peek(&mut self) -> u64 {
        if self.buffered < 32 {
            self.fill();
        }
        self.buffer
    }

    /// Moves on behind bits that were peeked at. Refuses to when the bytes have not so many.
    pub(super) fn consume(&mut self, bits: u32) -> Result<(), CodecError> {
        self.buffered = self.buffered.checked_sub(bits).ok_or_else(cut_off)?;
        self.buffer >>= bits;
        Ok(())
    }

    fn fill(&mut self) {
        if let Some(eight) = self.rest.first_chunk() {
            // All eight are laid in at once, and those that are not whole in the buffer are read
            // again.
            let bytes = (63 - self.buffered) / 8;
            self.buffer |= u64::from_le_bytes(*eight) << self.buffered;
            self.buffered += bytes * 8;
            self.rest = &self.rest[bytes as usize..];
            return;
        }
        while self.buffered < 56
            && let Some((byte, rest)) = self.rest.split_first()
        {
            self.buffer |= u64::from(*byte) << self.buffered;
            self.buffered += 8;
            self.rest = rest;
        }
    }
}
