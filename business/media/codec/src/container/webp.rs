//! WebP: a RIFF file, chunks inside it, and chunks inside those that are frames.

use super::{cut_off, take, take_array};
use crate::CodecError;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Chunk<'b> {
    pub(crate) kind: [u8; 4],
    pub(crate) body: &'b [u8],
}

/// Bytes of a file before its first chunk: what it is, its length, and what that is in particular.
const OUTER_HEADER_BYTES: usize = 12;

/// What is inside the file's outermost chunk. Bytes after it are no part of the picture.
pub(crate) fn inside(file: &[u8]) -> Result<&[u8], CodecError> {
    let mut rest = file;
    let (riff, length) = (
        take(&mut rest, 4)?,
        u32::from_le_bytes(*take_array(&mut rest)?),
    );
    let mut body = rest.get(..length as usize).ok_or_else(cut_off)?;
    if riff != b"RIFF" || take(&mut body, 4)? != b"WEBP" {
        return Err(CodecError::broken("no WebP"));
    }
    Ok(body)
}

/// The chunks that bytes are made of.
pub(crate) fn chunks(bytes: &[u8]) -> impl Iterator<Item = Result<Chunk<'_>, CodecError>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let chunk = next(&mut rest);
        if chunk.is_err() {
            rest = &[];
        }
        Some(chunk)
    })
}

/// The file's chunks as a reader sees them who does not care where the outermost one ends: up to
/// the end of the file, the last one perhaps cut off there.
pub(crate) fn chunks_to_the_end(file: &[u8]) -> impl Iterator<Item = Chunk<'_>> {
    let mut rest = file.get(OUTER_HEADER_BYTES..).unwrap_or_default();
    std::iter::from_fn(move || {
        let kind = *take_array(&mut rest).ok()?;
        let length = u32::from_le_bytes(*take_array(&mut rest).ok()?) as usize;
        let (body, after) = rest.split_at(length.min(rest.len()));
        rest = after.get(length % 2..).unwrap_or_default();
        Some(Chunk { kind, body })
    })
}

fn next<'b>(rest: &mut &'b [u8]) -> Result<Chunk<'b>, CodecError> {
    let kind = *take_array(rest)?;
    let length = u32::from_le_bytes(*take_array(rest)?) as usize;
    let body = take(rest, length)?;
    // Chunks begin at even places. Some writers leave the last one's filling out.
    if length % 2 == 1 && !rest.is_empty() {
        take(rest, 1)?;
    }
    Ok(Chunk { kind, body })
}

#[allow(clippy::cast_possible_truncation)] // bodies are parts of files far smaller than 4 GiB
pub(crate) fn write(out: &mut Vec<u8>, kind: [u8; 4], body: &[u8]) {
    out.extend(kind);
    out.extend((body.len() as u32).to_le_bytes());
    out.extend(body);
    if body.len() % 2 == 1 {
        out.push(0);
    }
}

/// A file of these chunks.
#[allow(clippy::cast_possible_truncation)] // as above
pub(crate) fn file(chunks: &[u8]) -> Vec<u8> {
    let mut out = b"RIFF".to_vec();
    out.extend((chunks.len() as u32 + 4).to_le_bytes());
    out.extend(b"WEBP");
    out.extend(chunks);
    out
}

/// A file of this picture, which has this size, and of nothing else.
pub(crate) fn still_file(picture: &Picture<'_>, (width, height): (u32, u32)) -> Vec<u8> {
    const HEADER_BYTES: usize = 64;
    let body = |chunk: Option<&[u8]>| chunk.map_or(0, <[u8]>::len);
    let bytes = body(picture.alpha) + picture.pixels.body.len();
    let mut out = Vec::with_capacity(bytes + HEADER_BYTES);
    // The length is put in at the end, which spares a copy of the picture.
    out.extend(b"RIFF\0\0\0\0WEBP");
    if picture.alpha.is_some() {
        let canvas = Canvas {
            animated: false,
            width,
            height,
        };
        write(&mut out, *b"VP8X", &canvas.write(Canvas::ALPHA));
    }
    picture.write(&mut out);
    let length = u32::try_from(out.len() - 8).unwrap_or(u32::MAX);
    out[4..8].copy_from_slice(&length.to_le_bytes());
    out
}

/// What the VP8X chunk says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Canvas {
    pub(crate) animated: bool,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl Canvas {
    pub(crate) const ALPHA: u8 = 0x10;
    pub(crate) const EXIF: u8 = 0x08;
    pub(crate) const ANIMATED: u8 = 0x02;
    pub(crate) const PROFILE: u8 = 0x20;

    pub(crate) fn read(body: &[u8]) -> Result<Self, CodecError> {
        let body: &[u8; 10] = body.try_into().map_err(CodecError::broken)?;
        Ok(Self {
            animated: body[0] & Self::ANIMATED != 0,
            width: u24(body, 4) + 1,
            height: u24(body, 7) + 1,
        })
    }

    /// The chunk's body. `flags` are of those above.
    pub(crate) fn write(&self, flags: u8) -> [u8; 10] {
        let [width, height] = [self.width, self.height].map(|side| (side - 1).to_le_bytes());
        [
            flags, 0, 0, 0, width[0], width[1], width[2], height[0], height[1], height[2],
        ]
    }
}

/// Bytes of a frame before its picture.
pub(crate) const FRAME_HEADER_BYTES: usize = 16;

/// An ANMF chunk: a frame of an animation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AnimationFrame<'b> {
    pub(crate) left: u32,
    pub(crate) top: u32,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) duration_ms: u32,
    pub(crate) blends: bool,
    pub(crate) clears: bool,
    pub(crate) picture: Picture<'b>,
}

impl<'b> AnimationFrame<'b> {
    pub(crate) fn read(body: &'b [u8], canvas: &Canvas) -> Result<Self, CodecError> {
        let mut rest = body;
        let header: &[u8; FRAME_HEADER_BYTES] = take_array(&mut rest)?;
        let frame = Self {
            // Counted in steps of two pixels.
            left: u24(header, 0) * 2,
            top: u24(header, 3) * 2,
            width: u24(header, 6) + 1,
            height: u24(header, 9) + 1,
            duration_ms: u24(header, 12),
            // The bit says not to.
            blends: header[15] & 2 == 0,
            clears: header[15] & 1 == 1,
            picture: Picture::find(chunks(rest))?,
        };
        if frame.left + frame.width > canvas.width || frame.top + frame.height > canvas.height {
            return Err(CodecError::broken("a frame outside its canvas"));
        }
        if frame.picture.size()? != (frame.width, frame.height) {
            return Err(CodecError::broken(
                "a frame of another size than its picture",
            ));
        }
        Ok(frame)
    }
}

/// The chunks that pixels are in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Picture<'b> {
    pub(crate) alpha: Option<&'b [u8]>,
    pub(crate) pixels: Chunk<'b>,
}

impl<'b> Picture<'b> {
    /// The one picture among chunks; two are one too many.
    pub(crate) fn find(
        chunks: impl Iterator<Item = Result<Chunk<'b>, CodecError>>,
    ) -> Result<Self, CodecError> {
        let (mut alpha, mut pixels) = (None, None);
        for chunk in chunks {
            let chunk = chunk?;
            match &chunk.kind {
                b"ALPH" if alpha.is_none() && pixels.is_none() => alpha = Some(chunk.body),
                b"VP8 " if pixels.is_none() => pixels = Some(chunk),
                // Lossless pixels have their opacity with them.
                b"VP8L" if pixels.is_none() && alpha.is_none() => pixels = Some(chunk),
                b"ALPH" | b"VP8 " | b"VP8L" | b"ANMF" | b"ANIM" => {
                    return Err(CodecError::broken("a chunk where it has no place"));
                }
                _ => {}
            }
        }
        let pixels = pixels.ok_or_else(|| CodecError::broken("no pixels"))?;
        Ok(Self { alpha, pixels })
    }

    /// Width and height, as the pixels themselves say.
    pub(crate) fn size(&self) -> Result<(u32, u32), CodecError> {
        picture_size(self.pixels).ok_or_else(cut_off)
    }

    /// Whether it may have pixels that are not opaque.
    pub(crate) fn has_alpha(&self) -> bool {
        self.alpha.is_some()
            || (self.pixels.kind == *b"VP8L"
                && self.pixels.body.get(4).is_some_and(|byte| byte & 0x10 != 0))
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        if let Some(alpha) = self.alpha {
            write(out, *b"ALPH", alpha);
        }
        write(out, self.pixels.kind, self.pixels.body);
    }
}

/// The size that a chunk of pixels says it has; nothing for other chunks.
pub(crate) fn picture_size(chunk: Chunk<'_>) -> Option<(u32, u32)> {
    match &chunk.kind {
        b"VP8 " => {
            // The two bits above ask to be shown larger, which no reader does.
            let side = |at| {
                Some(u32::from(
                    u16::from_le_bytes(*chunk.body.get(at..)?.first_chunk()?) & 0x3fff,
                ))
            };
            Some((side(6)?, side(8)?))
        }
        b"VP8L" => {
            let packed = u32::from_le_bytes(*chunk.body.get(1..)?.first_chunk()?);
            Some(((packed & 0x3fff) + 1, ((packed >> 14) & 0x3fff) + 1))
        }
        _ => None,
    }
}

fn u24<const N: usize>(bytes: &[u8; N], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], 0])
}
