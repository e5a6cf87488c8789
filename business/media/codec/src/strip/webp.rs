//! WebP: the canvas, the pixels, and of an animation its frames, each with nothing but pixels.

use super::company::{Company, Purpose};
use crate::container::webp::{
    AnimationFrame, Canvas, Chunk, FRAME_HEADER_BYTES, Picture, chunks, file as riff, inside, write,
};
use crate::raster::Channels;
use crate::{CodecError, Format};

pub(super) fn strip(file: &[u8], purpose: Purpose) -> Result<Vec<u8>, CodecError> {
    let inside = inside(file)?;
    let company = Company::of(file, Format::WebP, Channels::Rgb, purpose)?;
    let first = chunks(inside).next().transpose()?;
    let canvas = match first {
        Some(Chunk { kind, body }) if kind == *b"VP8X" => Some(Canvas::read(body)?),
        _ => None,
    };
    let (pixels, alpha) = match &canvas {
        Some(canvas) if canvas.animated => animation(inside, canvas)?,
        canvas => still(inside, canvas.as_ref())?,
    };
    let mut out = Vec::with_capacity(pixels.len() + 64);
    if let Some(canvas) = extended(canvas, &pixels, &company) {
        let mut flags = 0;
        let mut set = |flag, when| flags |= if when { flag } else { 0 };
        set(Canvas::ALPHA, alpha);
        set(Canvas::ANIMATED, canvas.animated);
        set(Canvas::PROFILE, company.profile.is_some());
        set(Canvas::EXIF, company.exif.is_some());
        write(&mut out, *b"VP8X", &canvas.write(flags));
    }
    // In the order of the standard: a profile before the pixels, EXIF data behind them.
    if let Some(profile) = &company.profile {
        write(&mut out, *b"ICCP", profile);
    }
    out.extend(pixels);
    if let Some(exif) = &company.exif {
        write(&mut out, *b"EXIF", exif);
    }
    Ok(riff(&out))
}

/// The canvas to write, when one is needed: a file that is nothing but pixels goes without.
fn extended(canvas: Option<Canvas>, pixels: &[u8], company: &Company) -> Option<Canvas> {
    if canvas.is_some() || (company.exif.is_none() && company.profile.is_none()) {
        return canvas;
    }
    let picture = Picture::find(chunks(pixels)).ok()?;
    let (width, height) = picture.size().ok()?;
    Some(Canvas {
        animated: false,
        width,
        height,
    })
}

/// The chunks of a still picture's pixels, and whether they may not be opaque.
fn still(inside: &[u8], canvas: Option<&Canvas>) -> Result<(Vec<u8>, bool), CodecError> {
    let picture = Picture::find(chunks(inside))?;
    let size = picture.size()?;
    if canvas.is_some_and(|canvas| (canvas.width, canvas.height) != size) {
        return Err(CodecError::broken(
            "a picture of another size than its canvas",
        ));
    }
    let mut out = Vec::with_capacity(inside.len());
    picture.write(&mut out);
    Ok((out, picture.has_alpha()))
}

/// The chunks of an animation, and whether its frames may not be opaque.
fn animation(inside: &[u8], canvas: &Canvas) -> Result<(Vec<u8>, bool), CodecError> {
    let mut out = Vec::with_capacity(inside.len());
    let (mut begun, mut frames, mut alpha) = (false, 0, false);
    for chunk in chunks(inside) {
        let Chunk { kind, body } = chunk?;
        match &kind {
            b"ANIM" if !begun && body.len() == 6 => {
                begun = true;
                write(&mut out, kind, body);
            }
            b"ANMF" if begun => {
                let frame = AnimationFrame::read(body, canvas)?;
                frames += 1;
                alpha |= frame.picture.has_alpha();
                let mut clean = body[..FRAME_HEADER_BYTES].to_vec();
                // The other bits are reserved, and would be carried along.
                clean[15] &= 3;
                frame.picture.write(&mut clean);
                write(&mut out, kind, &clean);
            }
            b"ANIM" | b"ANMF" | b"VP8 " | b"VP8L" | b"ALPH" => {
                return Err(CodecError::broken("a chunk where it has no place"));
            }
            _ => {}
        }
    }
    if frames == 0 {
        return Err(CodecError::broken("an animation without a frame"));
    }
    Ok((out, alpha))
}
