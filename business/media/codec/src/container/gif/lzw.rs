//! How many pixels LZW codes stand for, without making them.

/// Codes have at most twelve bits.
const CODES_MAX: usize = 4_096;
const BITS_MAX: u32 = 12;

/// How many pixels coded data holds; what is not well formed ends it.
pub(super) fn pixels(code_size: u8, data: impl Iterator<Item = u8>) -> u64 {
    let code_size = u32::from(code_size);
    if !(1..BITS_MAX).contains(&code_size) {
        return 0;
    }
    let clear = 1_usize << code_size;
    let mut lengths = [1_u32; CODES_MAX];
    // Behind the colours two codes are taken: one clears the table, one ends the data.
    let (mut next, mut bits, mut last) = (clear + 2, code_size + 1, None::<usize>);
    let (mut held, mut count, mut sum) = (0_u32, 0, 0_u64);
    for byte in data {
        held |= u32::from(byte) << count;
        count += 8;
        while count >= bits {
            let code = (held & ((1 << bits) - 1)) as usize;
            held >>= bits;
            count -= bits;
            if code == clear {
                (next, bits, last) = (clear + 2, code_size + 1, None);
                continue;
            }
            if code == clear + 1 {
                return sum;
            }
            // A full table stays as it is until the file clears it.
            if let Some(last) = last
                && next < CODES_MAX
            {
                lengths[next] = lengths[last] + 1;
                next += 1;
                if next == 1 << bits && bits < BITS_MAX {
                    bits += 1;
                }
            }
            // Looked at after the entry was added: a code may be used in the very moment that
            // defines it.
            if code >= next {
                return sum;
            }
            sum += u64::from(lengths[code]);
            last = Some(code);
        }
    }
    sum
}
