//! Lossless bitstreams made by hand, bit by bit, for tests.

/// The side of every picture made here, in pixels.
pub(crate) const SIDE: u32 = 16;

#[derive(Default)]
struct BitWriter {
    bytes: Vec<u8>,
    bits: usize,
}

impl BitWriter {
    fn put(&mut self, number: u32, bits: u32) {
        for bit in 0..bits {
            if self.bits.is_multiple_of(8) {
                self.bytes.push(0);
            }
            *self.bytes.last_mut().unwrap() |= ((number >> bit & 1) as u8) << (self.bits % 8);
            self.bits += 1;
        }
    }

    /// A simple code of one symbol, which takes no bits, or of two.
    fn simple(&mut self, symbols: &[u32]) {
        self.put(1, 1);
        self.put(symbols.len() as u32 - 1, 1);
        self.put(1, 1);
        for symbol in symbols {
            self.put(*symbol, 8);
        }
    }

    /// An entropy-coded image without a colour cache, of one colour.
    fn one_color(&mut self, red: u32, green: u32) {
        self.put(0, 1);
        for symbol in [green, red, 0, 0, 0] {
            self.simple(&[symbol]);
        }
    }

    /// A code of the symbols 0 to 10, of 1, 2, 3 and so on to 9 bits, and twice 10: its table has a
    /// place for each sequence of 10 bits. It takes 96 bits.
    fn ten_bits(&mut self) {
        self.put(0, 1);
        // The lengths 1 to 6 are written in 3 bits and 7 to 10 in 4.
        self.put(10, 4);
        for length in [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10] {
            let bits = match length {
                1..=6 => 3,
                7..=10 => 4,
                _ => 0,
            };
            self.put(bits, 3);
        }
        self.put(1, 1);
        self.put(1, 3);
        self.put(9, 4);
        for length in [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10_u32] {
            if length <= 6 {
                self.put((length - 1).reverse_bits() >> 29, 3);
            } else {
                self.put((length + 5).reverse_bits() >> 28, 4);
            }
        }
    }

    fn header(&mut self) {
        self.put(0x2f, 8);
        self.put(SIDE - 1, 14);
        self.put(SIDE - 1, 14);
        self.put(0, 4);
    }
}

/// A picture of this many groups of prefix codes, each code with a table of 1,024 entries; of a
/// bitstream for opacity without its header.
pub(crate) fn many_groups(groups: u32, header: bool) -> Vec<u8> {
    let mut out = BitWriter::default();
    if header {
        out.header();
    }
    // No transform, no colour cache; an entropy image of 4 by 4.
    out.put(0b100, 3);
    out.put(0, 3);
    out.one_color((groups - 1) >> 8, (groups - 1) & 0xff);
    for _ in 0..groups * 5 {
        out.ten_bits();
    }
    // Pixels, all of the symbol 0.
    out.bytes.extend([0; 200]);
    out.bytes
}

/// A picture of three groups, with every transform but the palette, a colour cache, and copies in a
/// sub-image.
pub(crate) fn every_part() -> Vec<u8> {
    let mut out = BitWriter::default();
    out.header();
    // The predictor: 4 by 4 blocks, in a sub-image of ten-bit codes; a literal for each.
    out.put(0b001, 3);
    out.put(0, 3);
    out.put(0, 1);
    for _ in 0..5 {
        out.ten_bits();
    }
    for _ in 0..16 {
        out.put(0, 4);
    }
    // The colour transform, of one colour; and the subtraction of green.
    out.put(0b011, 3);
    out.put(3, 3);
    out.one_color(1, 2);
    out.put(0b101, 3);
    out.put(0, 1);
    // A colour cache of 16 places; the entropy image in blocks of 4 by 4, of the groups 0 and 2 in
    // turns.
    out.put(1, 1);
    out.put(4, 4);
    out.put(1, 1);
    out.put(0, 3);
    out.put(0, 1);
    out.simple(&[0, 2]);
    for _ in 0..4 {
        out.simple(&[0]);
    }
    out.put(0b1010_1010_1010_1010, 16);
    for _ in 0..3 * 5 {
        out.ten_bits();
    }
    out.bytes.extend([0; 200]);
    out.bytes
}

/// A palette of this many colours before an entropy image in blocks of 4 by 4, whose pixels take a
/// bit each: the groups 0 and 1 in turns. It can be read only by who knows how wide the packed
/// picture is.
pub(crate) fn with_palette(colors: u32) -> Vec<u8> {
    let mut out = BitWriter::default();
    out.header();
    out.put(0b111, 3);
    out.put(colors - 1, 8);
    out.one_color(0, 1);
    out.put(0b100, 3);
    out.put(0, 3);
    out.put(0, 1);
    out.simple(&[0, 1]);
    for _ in 0..4 {
        out.simple(&[0]);
    }
    let packed = match colors {
        ..3 => 2,
        3..5 => 4,
        5..17 => 8,
        _ => 16_u32,
    };
    for _ in 0..packed.div_ceil(4) * 2 {
        out.put(0b10, 2);
    }
    for _ in 0..2 * 5 {
        out.ten_bits();
    }
    out.bytes.extend([0; 200]);
    out.bytes
}
