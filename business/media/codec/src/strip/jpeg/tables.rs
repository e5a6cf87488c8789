//! Tables, each written where it is first used, and not at all when it is not.

use super::scans::{Scan, odd};
use crate::CodecError;
use crate::container::jpeg::write;

pub(super) const QUANTIZATION: u8 = 0xdb;
pub(super) const HUFFMAN: u8 = 0xc4;

/// Bytes of tables in all. Sixteen a scan, made again for each of fifty, take fewer; more would be
/// a place to hide things.
const BYTES_MAX: usize = 64 * 1024;

#[derive(Debug, Default)]
pub(super) struct Tables {
    quantization: [Slot; 4],
    /// By kind (of the first coefficient of a block, of the others) and number.
    huffman: [[Slot; 4]; 2],
    bytes: usize,
}

#[derive(Debug, Default)]
struct Slot {
    /// As the file has it, with its kind and number.
    read: Option<Vec<u8>>,
    /// As it was last used.
    used: Option<Vec<u8>>,
}

impl Tables {
    fn count(&mut self, bytes: usize) -> Result<(), CodecError> {
        self.bytes += bytes;
        if self.bytes > BYTES_MAX {
            return Err(odd("table"));
        }
        Ok(())
    }

    pub(super) fn take_quantization(&mut self, mut body: &[u8]) -> Result<(), CodecError> {
        self.count(body.len())?;
        while let [head, ..] = body {
            let bytes = match head >> 4 {
                0 => 65,
                1 => 129,
                _ => return Err(odd("table")),
            };
            let slot = self.quantization.get_mut(usize::from(head & 15));
            let (table, rest) = body.split_at_checked(bytes).ok_or_else(|| odd("table"))?;
            slot.ok_or_else(|| odd("table"))?.read = Some(table.to_vec());
            body = rest;
        }
        Ok(())
    }

    pub(super) fn take_huffman(&mut self, mut body: &[u8]) -> Result<(), CodecError> {
        self.count(body.len())?;
        while let [head, after @ ..] = body {
            let Some((counts, _)) = after.split_first_chunk::<16>() else {
                return Err(odd("table"));
            };
            let codes: usize = counts.iter().map(|count| usize::from(*count)).sum();
            // Bits that neither the kind nor the number can have must be zero.
            if head & 0xec != 0 || codes > 256 || !are_codes(counts) {
                return Err(odd("table"));
            }
            let table = body.split_at_checked(17 + codes);
            let (table, rest) = table.ok_or_else(|| odd("table"))?;
            let (kind, number) = (usize::from(head >> 4), usize::from(head & 3));
            self.huffman[kind][number].read = Some(table.to_vec());
            body = rest;
        }
        Ok(())
    }

    /// Writes the codes that a scan uses and that are not those written last under their number. A
    /// quantization table that changes between two scans is refused: some readers take for both
    /// what they read last.
    pub(super) fn use_by(&mut self, scan: &Scan, out: &mut Vec<u8>) -> Result<(), CodecError> {
        for part in scan.parts() {
            let slot = &mut self.quantization[usize::from(part.quantization)];
            let had = slot.used.is_some();
            if slot.take()?.is_some() && had {
                return Err(odd("table"));
            }
            for (kind, number) in part.codes.iter().enumerate() {
                let Some(number) = number else { continue };
                if let Some(table) = self.huffman[kind][usize::from(*number)].take()? {
                    write(out, HUFFMAN, table);
                }
            }
        }
        Ok(())
    }

    /// Writes every quantization table that was used.
    pub(super) fn write_quantization(&self, out: &mut Vec<u8>) {
        for table in self
            .quantization
            .iter()
            .filter_map(|slot| slot.used.as_ref())
        {
            write(out, QUANTIZATION, table);
        }
    }
}

impl Slot {
    /// What the file has now, if that is not what was used last.
    fn take(&mut self) -> Result<Option<&[u8]>, CodecError> {
        let read = self.read.as_ref().ok_or_else(|| odd("table"))?;
        if self.used.as_ref() == Some(read) {
            return Ok(None);
        }
        self.used = Some(read.clone());
        Ok(self.used.as_deref())
    }
}

/// Whether there can be so many codes of each length, from 1 to 16.
fn are_codes(counts: &[u8; 16]) -> bool {
    let taken: u32 = (1..=16)
        .zip(counts)
        .map(|(length, count)| u32::from(*count) << (16 - length))
        .sum();
    taken <= 1 << 16
}
