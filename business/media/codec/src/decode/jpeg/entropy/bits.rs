//! The bits of a scan.

/// Bits of coded data, up to the next marker; zeros after it.
pub(super) struct Bits<'b> {
    rest: &'b [u8],
    /// The next bits, the first at the top.
    held: u64,
    count: u32,
    /// Whether more bits were taken than there are.
    over: bool,
    /// Blocks that have no coefficients any more, of a progressive scan.
    pub(super) empty_blocks: u32,
}

impl<'b> Bits<'b> {
    pub(super) const fn new(coded: &'b [u8]) -> Self {
        Self {
            rest: coded,
            held: 0,
            count: 0,
            over: false,
            empty_blocks: 0,
        }
    }

    pub(super) const fn are_over(&self) -> bool {
        self.over
    }

    /// The next sixteen bits, which stay.
    pub(super) fn peek(&mut self) -> usize {
        while self.count <= 48 {
            let Some(byte) = self.byte() else { break };
            self.held |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
        (self.held >> 48) as usize
    }

    fn byte(&mut self) -> Option<u8> {
        match *self.rest {
            [0xff, 0, ref rest @ ..] => {
                self.rest = rest;
                Some(0xff)
            }
            // Repeated, it counts once.
            [0xff, 0xff, ref rest @ ..] => {
                let fill = rest.iter().take_while(|byte| **byte == 0xff).count();
                self.rest = &self.rest[fill + 1..];
                self.byte_after_fill()
            }
            [0xff, ..] | [] => None,
            [byte, ref rest @ ..] => {
                self.rest = rest;
                Some(byte)
            }
        }
    }

    fn byte_after_fill(&mut self) -> Option<u8> {
        let rest = self.rest.strip_prefix(&[0xff, 0])?;
        self.rest = rest;
        Some(0xff)
    }

    /// Takes so many bits, sixteen at most.
    pub(super) fn take(&mut self, count: u32) -> u32 {
        if count == 0 {
            return 0;
        }
        let bits = self.peek() >> (16 - count);
        if count > self.count {
            self.over = true;
            self.held = 0;
            self.count = 0;
        } else {
            self.held <<= count;
            self.count -= count;
        }
        u32::try_from(bits).unwrap_or(0)
    }

    /// Skips so many bits.
    pub(super) fn skip(&mut self, mut count: u32) {
        while count > 0 {
            let some = count.min(16);
            self.take(some);
            count -= some;
        }
    }

    /// Continues behind the next restart marker. False where there is none.
    pub(super) fn restart(&mut self) -> bool {
        let found = self
            .rest
            .windows(2)
            .position(|pair| pair[0] == 0xff && (0xd0..=0xd7).contains(&pair[1]));
        let Some(at) = found else { return false };
        // A run of empty blocks ends there, too.
        *self = Self::new(&self.rest[at + 2..]);
        true
    }
}
