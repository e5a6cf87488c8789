//! VP8L, the lossless bitstream of WebP (RFC 9649, section 3), walked as far as the prefix codes of
//! its pixels.
//!
//! A picture may bring 65,536 groups of five prefix codes, each for some bytes of the file, and a
//! decoder holds all their tables at once. How many there are stands nowhere: it follows from the
//! largest number in an entropy-coded image, which comes after the transforms, whose data are
//! entropy-coded images as well. So all of that is read here, and no pixel is kept: what is copied
//! in such an image was written before, so only what is written can be the largest.
//!
//! What is refused here the decoder must not be given: it follows some codes that are not whole,
//! and nobody knows where to.

mod bits;
#[cfg(test)]
pub(crate) mod made;
mod prefix;
#[cfg(test)]
mod tests;

use super::webp::Picture;
use crate::CodecError;
use bits::Bits;
pub(crate) use prefix::Counts;
use prefix::{PrefixCode, counts};

/// Prefix codes of a group: of green, red, blue, alpha, and distances.
pub(crate) const GROUP_CODES: usize = 5;
/// The group's alphabets: 256 values of a colour, of green also 24 lengths of what is copied; and
/// 40 distances.
const ALPHABETS: [usize; GROUP_CODES] = [256 + COPY_LENGTHS as usize, 256, 256, 256, 40];
const COPY_LENGTHS: u16 = 24;

/// Goes through the prefix codes of a picture's lossless pixels or opacity, group by group; there
/// are none when neither is lossless. `size` is that of the picture, which pixels say themselves
/// and opacity does not.
pub(crate) fn prefix_codes(
    picture: &Picture<'_>,
    size: (u32, u32),
    visit: impl FnMut(&Counts),
) -> Result<(), CodecError> {
    if picture.pixels.kind == *b"VP8L" {
        let mut bits = Bits::new(picture.pixels.body);
        read_header(&mut bits, size)?;
        return walk(&mut bits, size, visit);
    }
    match lossless_alpha(picture) {
        Some(stream) => walk(&mut Bits::new(stream), size, visit),
        None => Ok(()),
    }
}

/// The bitstream of a picture's opacity, when that is lossless: without a header (section 2.7.1.2).
pub(crate) fn lossless_alpha<'b>(picture: &Picture<'b>) -> Option<&'b [u8]> {
    let (settings, stream) = picture.alpha?.split_first()?;
    (settings & 3 == 1).then_some(stream)
}

/// Section 3.4: the size, which must be the picture's own, and the version.
fn read_header(bits: &mut Bits<'_>, size: (u32, u32)) -> Result<(), CodecError> {
    let signature = bits.read(8)?;
    let (width, height) = (bits.read(14)? + 1, bits.read(14)? + 1);
    let _may_be_transparent = bits.flag()?;
    let version = bits.read(3)?;
    if (signature, version) != (0x2f, 0) {
        return Err(CodecError::broken("no lossless WebP"));
    }
    if (width, height) != size {
        return Err(CodecError::broken(
            "lossless pixels of another size than their picture",
        ));
    }
    Ok(())
}

fn walk(
    bits: &mut Bits<'_>,
    (width, height): (u32, u32),
    mut visit: impl FnMut(&Counts),
) -> Result<(), CodecError> {
    let width = transforms(bits, (width, height))?;
    let alphabets = alphabets(bits)?;
    for _ in 0..groups(bits, (width, height))? {
        for alphabet in alphabets {
            visit(&counts(bits, alphabet)?);
        }
    }
    Ok(())
}

/// Reads over the transforms (section 3.5), and says how wide the picture is after them.
fn transforms(bits: &mut Bits<'_>, (mut width, height): (u32, u32)) -> Result<u32, CodecError> {
    let mut seen = [false; 4];
    while bits.flag()? {
        let kind = bits.read(2)? as usize;
        // By the standard each comes once at most, which also ends this loop.
        if std::mem::replace(&mut seen[kind], true) {
            return Err(CodecError::broken("a transform used twice"));
        }
        match kind {
            // The predictor, and the colour transform: an entry for each block.
            0 | 1 => _ = blocks(bits, (width, height))?,
            // Subtraction of green: no data.
            2 => {}
            // A palette. Up to 16 colours, several pixels are packed into one (section 3.5.4).
            _ => {
                let colors = bits.read(8)? + 1;
                entropy_coded(bits, (colors, 1))?;
                width = match colors {
                    ..3 => width.div_ceil(8),
                    3..5 => width.div_ceil(4),
                    5..17 => width.div_ceil(2),
                    _ => width,
                };
            }
        }
    }
    Ok(width)
}

/// How many groups of prefix codes the pixels have (section 3.7.2.2).
fn groups(bits: &mut Bits<'_>, size: (u32, u32)) -> Result<u32, CodecError> {
    if bits.flag()? {
        Ok(u32::from(blocks(bits, size)?) + 1)
    } else {
        Ok(1)
    }
}

/// Reads over an image with one pixel for each block of a larger one.
fn blocks(bits: &mut Bits<'_>, (width, height): (u32, u32)) -> Result<u16, CodecError> {
    let side = 1 << (bits.read(3)? + 2);
    entropy_coded(bits, (width.div_ceil(side), height.div_ceil(side)))
}

/// Reads over an image that has a single group of prefix codes (section 3.6.1: any but the picture
/// itself), and gives the largest number that red and green are of a pixel in it.
fn entropy_coded(bits: &mut Bits<'_>, (width, height): (u32, u32)) -> Result<u16, CodecError> {
    let [green, red, blue, alpha, distance] = group(bits)?;
    let one_color = [&green, &red, &blue, &alpha]
        .iter()
        .all(|code| code.is_single());
    let mut left = u64::from(width) * u64::from(height);
    let mut largest = 0;
    while left > 0 {
        let symbol = green.symbol(bits)?;
        let pixels = match symbol {
            0..256 => {
                largest = largest.max((red.symbol(bits)? << 8) | symbol);
                blue.symbol(bits)?;
                alpha.symbol(bits)?;
                // Pixels take no bits then: a few bytes could else ask for millions of turns.
                if one_color { left } else { 1 }
            }
            256..280 => {
                let length = copied(bits, symbol - 256)?;
                let distance = distance.symbol(bits)?;
                // Only to come behind its bits: from where it is copied makes no difference here.
                copied(bits, distance)?;
                u64::from(length)
            }
            // A colour of the cache: one that was there before, or 0.
            _ => 1,
        };
        left = left.saturating_sub(pixels);
    }
    Ok(largest)
}

fn group(bits: &mut Bits<'_>) -> Result<[PrefixCode; GROUP_CODES], CodecError> {
    let [green, red, blue, alpha, distance] = alphabets(bits)?;
    // In the order that they have in the file.
    Ok([
        PrefixCode::read(bits, green)?,
        PrefixCode::read(bits, red)?,
        PrefixCode::read(bits, blue)?,
        PrefixCode::read(bits, alpha)?,
        PrefixCode::read(bits, distance)?,
    ])
}

/// Reads the colour cache's size (section 3.6.2.3), whose places are symbols of the first alphabet.
fn alphabets(bits: &mut Bits<'_>) -> Result<[usize; GROUP_CODES], CodecError> {
    let mut alphabets = ALPHABETS;
    if bits.flag()? {
        let cache_bits = bits.read(4)?;
        if !(1..=11).contains(&cache_bits) {
            return Err(CodecError::broken(
                "a colour cache of a size it cannot have",
            ));
        }
        alphabets[0] += 1 << cache_bits;
    }
    Ok(alphabets)
}

/// A length or distance of what is copied: a symbol, and bits that follow it (section 3.6.2.2).
fn copied(bits: &mut Bits<'_>, symbol: u16) -> Result<u32, CodecError> {
    let symbol = u32::from(symbol);
    if symbol < 4 {
        return Ok(symbol + 1);
    }
    let extra_bits = (symbol - 2) >> 1;
    let offset = (2 + (symbol & 1)) << extra_bits;
    Ok(offset + bits.read(extra_bits)? + 1)
}
