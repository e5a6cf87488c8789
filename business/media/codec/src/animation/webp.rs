//! Animated WebP: every frame is a still picture of its own, decoded by `image-webp` as a file that
//! holds nothing else.

use std::io::Cursor;

use image_webp::WebPDecoder;

use super::canvas::{Disposal, Patch};
use super::outline::Outline;
use crate::container::vp8l::prefix_codes;
use crate::container::webp::{AnimationFrame, Canvas, Chunk, Picture, chunks, inside, still_file};
use crate::{CodecError, Limits};

/// Says what the chunks say; nothing when the file is a still picture.
pub(super) fn outline(file: &[u8], limits: &Limits) -> Result<Option<Outline>, CodecError> {
    let inside = inside(file)?;
    let Some(canvas) = animated_canvas(inside)? else {
        return Ok(None);
    };
    let mut outline = Outline::new(canvas.width, canvas.height);
    for chunk in chunks(inside) {
        let Chunk { kind, body } = chunk?;
        match &kind {
            b"ANIM" => {
                // Behind the colour of a background, which is not drawn.
                let plays = body.get(4..).and_then(|plays| plays.first_chunk());
                outline.plays = plays.map_or(0, |plays| u16::from_le_bytes(*plays));
            }
            b"ANMF" => {
                let frame = AnimationFrame::read(body, &canvas)?;
                outline.add((frame.width, frame.height), frame.duration_ms, limits)?;
            }
            _ => {}
        }
    }
    if outline.frames == 0 {
        return Err(CodecError::broken("an animation without a frame"));
    }
    Ok(Some(outline))
}

fn animated_canvas(inside: &[u8]) -> Result<Option<Canvas>, CodecError> {
    match chunks(inside).next().transpose()? {
        Some(Chunk { kind, body }) if kind == *b"VP8X" => {
            Ok(Some(Canvas::read(body)?).filter(|canvas| canvas.animated))
        }
        _ => Ok(None),
    }
}

pub(super) fn parts(
    file: &[u8],
) -> Result<impl Iterator<Item = Result<Patch, CodecError>> + '_, CodecError> {
    let inside = inside(file)?;
    let canvas = animated_canvas(inside)?.ok_or_else(|| CodecError::broken("no animation"))?;
    let frames =
        // Errors pass: what is not well formed must not look like a shorter animation.
        chunks(inside).filter(|chunk| !matches!(chunk, Ok(chunk) if chunk.kind != *b"ANMF"));
    Ok(frames.map(move |chunk| patch(&AnimationFrame::read(chunk?.body, &canvas)?)))
}

fn patch(frame: &AnimationFrame<'_>) -> Result<Patch, CodecError> {
    Ok(Patch {
        left: frame.left,
        top: frame.top,
        width: frame.width,
        height: frame.height,
        pixels: decode(&frame.picture, frame.width, frame.height)?,
        duration_ms: frame.duration_ms,
        blends: frame.blends,
        disposal: if frame.clears {
            Disposal::Cleared
        } else {
            Disposal::Stays
        },
    })
}

fn decode(picture: &Picture<'_>, width: u32, height: u32) -> Result<Vec<u8>, CodecError> {
    // What is not well formed may take more memory than was estimated.
    prefix_codes(picture, (width, height), |_| ())?;
    let file = still_file(picture, (width, height));
    let mut decoder = WebPDecoder::new(Cursor::new(&file[..])).map_err(CodecError::broken)?;
    let bytes = decoder
        .output_buffer_size()
        .filter(|_| decoder.dimensions() == (width, height))
        .ok_or_else(|| CodecError::broken("a frame of another size than it says"))?;
    let mut pixels = vec![0; bytes];
    decoder
        .read_image(&mut pixels)
        .map_err(CodecError::broken)?;
    if decoder.has_alpha() {
        return Ok(pixels);
    }
    let (pixels, _) = pixels.as_chunks::<3>();
    let opaque = |[red, green, blue]: &[u8; 3]| [*red, *green, *blue, 255];
    Ok(pixels.iter().flat_map(opaque).collect())
}
