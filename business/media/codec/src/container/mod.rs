//! Picture files taken apart without decoding: what lies where, in the order of the file.
//!
//! Every walk ends: each step consumes bytes of the file. PNG and WebP are walked strictly, and
//! what is not well formed is an error; a lenient caller stops at the first error and goes by what
//! came before it. JPEG and GIF are walked as browsers do, which pass over much; decoder and
//! stripper go by the same walk and copy only what it names, so what was skipped is nowhere in what
//! comes out.

pub(crate) mod gif;
pub(crate) mod heif;
pub(crate) mod jpeg;
pub(crate) mod png;
pub(crate) mod vp8l;
pub(crate) mod webp;

use crate::CodecError;

/// The first `count` bytes, and `rest` moved behind them.
fn take<'b>(rest: &mut &'b [u8], count: usize) -> Result<&'b [u8], CodecError> {
    let (taken, after) = rest.split_at_checked(count).ok_or_else(cut_off)?;
    *rest = after;
    Ok(taken)
}

fn take_array<'b, const N: usize>(rest: &mut &'b [u8]) -> Result<&'b [u8; N], CodecError> {
    let (taken, after) = rest.split_first_chunk::<N>().ok_or_else(cut_off)?;
    *rest = after;
    Ok(taken)
}

fn cut_off() -> CodecError {
    CodecError::broken("cut off")
}
