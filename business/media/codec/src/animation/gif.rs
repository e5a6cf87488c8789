//! GIF: the coded pixels are decoded by `gif`; how long a frame lasts and what comes after it is
//! read here.

use std::io::Cursor;

use ::gif::{ColorOutput, DecodeOptions, Decoder, DisposalMethod, MemoryLimit};

use super::canvas::{Disposal, Patch};
use super::outline::Outline;
use crate::container::gif::{Block, Control, Screen, open};
use crate::strip::rewritten_gif;
use crate::{CodecError, Limits};

/// Says what the blocks say. Every GIF has one, also of one frame.
pub(super) fn outline(file: &[u8], limits: &Limits) -> Result<Outline, CodecError> {
    let (screen, blocks) = open(file)?;
    let (width, height) = size(&screen);
    limits.check_size(width, height)?;
    let mut outline = Outline::new(width, height);
    let mut control = Control::default();
    for block in blocks {
        match block? {
            Block::Control(found) => control = found,
            Block::Image(image) => {
                let size = (u32::from(image.width), u32::from(image.height));
                limits.check_size(size.0, size.1)?;
                let duration_ms = u32::from(control.delay_cs) * 10;
                outline.add(size, duration_ms, limits)?;
                // A control is for the next image alone.
                control = Control::default();
            }
            // The number is of repetitions, not of times.
            Block::Loops(0) => outline.plays = 0,
            Block::Loops(again) => outline.plays = again.saturating_add(1),
            Block::Text => control = Control::default(),
            Block::Other => {}
        }
    }
    if outline.frames == 0 {
        return Err(CodecError::broken("a GIF without an image"));
    }
    Ok(outline)
}

fn size(screen: &Screen<'_>) -> (u32, u32) {
    (u32::from(screen.width), u32::from(screen.height))
}

/// The parts, from the file as it is when it has nothing but them: the decoder refuses what
/// browsers pass over.
pub(super) fn parts(
    file: &[u8],
    outline: &Outline,
) -> Result<impl Iterator<Item = Result<Patch, CodecError>> + use<>, CodecError> {
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::RGBA);
    // Beside pixels it reads profiles and texts, which are no larger than the file.
    let bytes = outline.patch_pixels_max * 4 + file.len() as u64;
    let file = rewritten_gif(file)?;
    let bytes = std::num::NonZeroU64::new(bytes).ok_or_else(|| CodecError::broken("no pixels"))?;
    options.set_memory_limit(MemoryLimit::Bytes(bytes));
    let mut decoder = options
        .read_info(Cursor::new(file))
        .map_err(CodecError::broken)?;
    Ok(std::iter::from_fn(move || next(&mut decoder).transpose()))
}

fn next(decoder: &mut Decoder<Cursor<Vec<u8>>>) -> Result<Option<Patch>, CodecError> {
    let Some(frame) = decoder.read_next_frame().map_err(CodecError::broken)? else {
        return Ok(None);
    };
    Ok(Some(Patch {
        left: frame.left.into(),
        top: frame.top.into(),
        width: frame.width.into(),
        height: frame.height.into(),
        pixels: frame.buffer.to_vec(),
        duration_ms: u32::from(frame.delay) * 10,
        // GIF has no other way.
        blends: true,
        disposal: match frame.dispose {
            DisposalMethod::Any | DisposalMethod::Keep => Disposal::Stays,
            // To transparent and not to the background's colour, as every browser does.
            DisposalMethod::Background => Disposal::Cleared,
            DisposalMethod::Previous => Disposal::TakenBack,
        },
    }))
}
