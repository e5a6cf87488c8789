//! PNG and APNG: the chunks that pixels and animation are in, and those that say what numbers mean in light.

use std::io::Write;

use flate2::write::ZlibEncoder;
use flate2::{Compression, Decompress, FlushDecompress, Status};

use super::{Company, Purpose};
use crate::container::png::{Chunk, FrameControl, ImageHeader, SIGNATURE, chunks, write};
use crate::raster::Channels;
use crate::{CodecError, Format};

/// Bytes unpacked at once, only to see where compressed pixels end.
const WINDOW_BYTES: usize = 32 * 1024;

pub(super) fn strip(file: &[u8], purpose: Purpose) -> Result<Vec<u8>, CodecError> {
    let mut walk = Walk::default();
    let mut out = Vec::with_capacity(file.len());
    out.extend(SIGNATURE);
    for chunk in chunks(file) {
        let chunk = chunk?;
        if !walk.takes(&chunk)? {
            continue;
        }
        write(&mut out, chunk.kind, chunk.body);
        if chunk.kind == *b"IHDR" {
            let company = Company::of(file, Format::Png, channels(chunk.body), purpose)?;
            write_company(&mut out, &company)?;
            walk.profiled = company.profile.is_some();
        }
    }
    if !walk.ended {
        return Err(odd("end"));
    }
    Ok(out)
}

/// What a profile has to be made for: palettes and colours have the same.
fn channels(header: &[u8]) -> Channels {
    if header.get(9).is_some_and(|color| color & 2 == 0) {
        Channels::Gray
    } else {
        Channels::Rgb
    }
}

fn write_company(out: &mut Vec<u8>, company: &Company) -> Result<(), CodecError> {
    if let Some(profile) = &company.profile {
        let mut packed = ZlibEncoder::new(b"icc\0\0".to_vec(), Compression::default());
        packed.write_all(profile).map_err(CodecError::broken)?;
        write(out, *b"iCCP", &packed.finish().map_err(CodecError::broken)?);
    }
    if let Some(exif) = &company.exif {
        write(out, *b"eXIf", exif);
    }
    Ok(())
}

/// What was seen of a file so far.
#[derive(Default)]
struct Walk {
    image: Option<ImageHeader>,
    /// Whether a profile was written, beside which other words about colour would be one too many.
    profiled: bool,
    animated: bool,
    frames: Frames,
    pixels: Pixels,
    seen: Vec<[u8; 4]>,
    ended: bool,
}

#[derive(Default)]
struct Frames {
    expected: u32,
    seen: u32,
    sequence: u32,
    /// The size of the frame whose pixels come next.
    next: Option<(u32, u32)>,
}

impl Walk {
    /// Whether the chunk is to be kept.
    fn takes(&mut self, chunk: &Chunk<'_>) -> Result<bool, CodecError> {
        let Chunk { kind, body, .. } = *chunk;
        let Some(image) = self.image else {
            if kind != *b"IHDR" || !chunk.is_intact() {
                return Err(odd("beginning"));
            }
            self.image = Some(ImageHeader::read(body)?);
            return Ok(true);
        };
        let keep = match &kind {
            b"IDAT" => return self.default_pixels(chunk, &image),
            b"acTL" | b"fcTL" | b"fdAT" if self.is_still() => return Ok(false),
            b"acTL" => self.animation(body)?,
            b"fcTL" => self.frame(body, &image)?,
            b"fdAT" => return self.frame_pixels(chunk, &image),
            b"IEND" => self.end(body)?,
            b"PLTE" => self.once(kind)? && body.len() % 3 == 0 && (3..=768).contains(&body.len()),
            b"tRNS" => self.once(kind)? && body.len() <= 256,
            b"gAMA" => self.speaks_of_color(kind)? && body.len() == 4,
            b"cHRM" => self.speaks_of_color(kind)? && body.len() == 32,
            b"sRGB" => self.speaks_of_color(kind)? && body.len() == 1,
            b"cICP" => self.speaks_of_color(kind)? && body.len() == 4,
            // A capital letter says that the picture cannot be shown without.
            [first, ..] if first.is_ascii_uppercase() => return Err(odd("chunk")),
            _ => return Ok(false),
        };
        if keep && !chunk.is_intact() {
            return Err(odd("checksum"));
        }
        Ok(keep)
    }

    fn is_still(&self) -> bool {
        !self.animated && self.seen.contains(b"IDAT")
    }

    /// Refuses a chunk that comes twice, or after the pixels.
    fn once(&mut self, kind: [u8; 4]) -> Result<bool, CodecError> {
        if self.seen.contains(&kind) || self.seen.contains(b"IDAT") {
            return Err(odd("order"));
        }
        self.seen.push(kind);
        Ok(true)
    }

    fn speaks_of_color(&mut self, kind: [u8; 4]) -> Result<bool, CodecError> {
        Ok(self.once(kind)? && !self.profiled)
    }

    fn default_pixels(
        &mut self,
        chunk: &Chunk<'_>,
        image: &ImageHeader,
    ) -> Result<bool, CodecError> {
        if !self.seen.contains(b"IDAT") {
            self.seen.push(*b"IDAT");
            self.frames.next = None;
            self.pixels
                .begin(image.raw_bytes(image.width, image.height))?;
        } else if self.frames.next.is_some() || self.seen.contains(b"fdAT") {
            return Err(odd("order"));
        }
        self.pixels(chunk, chunk.body)
    }

    fn pixels(&mut self, chunk: &Chunk<'_>, packed: &[u8]) -> Result<bool, CodecError> {
        if !chunk.is_intact() {
            return Err(odd("checksum"));
        }
        self.pixels.take(packed)?;
        Ok(true)
    }

    fn animation(&mut self, body: &[u8]) -> Result<bool, CodecError> {
        let (frames, rest) = body.split_first_chunk().ok_or_else(|| odd("animation"))?;
        self.once(*b"acTL")?;
        self.frames.expected = u32::from_be_bytes(*frames);
        self.animated = true;
        if self.frames.expected == 0 || rest.len() != 4 {
            return Err(odd("animation"));
        }
        Ok(true)
    }

    fn frame(&mut self, body: &[u8], image: &ImageHeader) -> Result<bool, CodecError> {
        self.count(body)?;
        let frame = FrameControl::read(body, image)?;
        let whole = (frame.width, frame.height) == (image.width, image.height)
            && (frame.left, frame.top) == (0, 0);
        let first = !self.seen.contains(b"IDAT");
        if self.frames.next.is_some() || (first && !whole) {
            return Err(odd("frame"));
        }
        self.frames.seen += 1;
        self.frames.next = Some((frame.width, frame.height));
        Ok(true)
    }

    fn frame_pixels(&mut self, chunk: &Chunk<'_>, image: &ImageHeader) -> Result<bool, CodecError> {
        self.count(chunk.body)?;
        if let Some((width, height)) = self.frames.next.take() {
            self.pixels.begin(image.raw_bytes(width, height))?;
            if !self.seen.contains(b"fdAT") {
                self.seen.push(*b"fdAT");
            }
        } else if !self.seen.contains(b"fdAT") {
            return Err(odd("order"));
        }
        if !self.seen.contains(b"IDAT") {
            return Err(odd("order"));
        }
        self.pixels(chunk, &chunk.body[4..])
    }

    /// Checks the number that counts the chunks of an animation.
    fn count(&mut self, body: &[u8]) -> Result<(), CodecError> {
        let number = body.first_chunk().map(|number| u32::from_be_bytes(*number));
        if number != Some(self.frames.sequence) {
            return Err(odd("animation"));
        }
        self.frames.sequence += 1;
        Ok(())
    }

    fn end(&mut self, body: &[u8]) -> Result<bool, CodecError> {
        let frames_missing = self.frames.seen != self.frames.expected || self.frames.next.is_some();
        if !body.is_empty() || !self.seen.contains(b"IDAT") || frames_missing {
            return Err(odd("end"));
        }
        self.pixels.finish()?;
        self.ended = true;
        Ok(true)
    }
}

/// Compressed pixels, unpacked to see that they end where their chunks do, and are as many as they should be: what
/// follows them there would be carried along unseen.
#[derive(Default)]
struct Pixels {
    unpacked: Option<Decompress>,
    expected: u64,
    ended: bool,
}

impl Pixels {
    fn begin(&mut self, expected: u64) -> Result<(), CodecError> {
        self.finish()?;
        *self = Self {
            unpacked: Some(Decompress::new(true)),
            expected,
            ended: false,
        };
        Ok(())
    }

    fn take(&mut self, mut packed: &[u8]) -> Result<(), CodecError> {
        let Some(unpacked) = &mut self.unpacked else {
            return Err(odd("order"));
        };
        let mut window = vec![0; WINDOW_BYTES];
        while !packed.is_empty() {
            let (in_before, out_before) = (unpacked.total_in(), unpacked.total_out());
            let status = unpacked.decompress(packed, &mut window, FlushDecompress::None);
            let taken = unpacked.total_in() - in_before;
            let idle = taken == 0 && unpacked.total_out() == out_before;
            let too_many = unpacked.total_out() > self.expected;
            if self.ended || idle || too_many {
                return Err(odd("end of the pixels"));
            }
            self.ended = status.map_err(CodecError::broken)? == Status::StreamEnd;
            packed = packed
                .get(usize::try_from(taken).unwrap_or(usize::MAX)..)
                .unwrap_or_default();
        }
        self.drain(&mut window)
    }

    /// What is unpacked of bytes already taken may be more than a window.
    fn drain(&mut self, window: &mut [u8]) -> Result<(), CodecError> {
        let Some(unpacked) = &mut self.unpacked else {
            return Ok(());
        };
        while !self.ended {
            let before = unpacked.total_out();
            let status = unpacked.decompress(&[], window, FlushDecompress::None);
            if unpacked.total_out() > self.expected {
                return Err(odd("end of the pixels"));
            }
            self.ended = matches!(status, Ok(Status::StreamEnd));
            if unpacked.total_out() == before {
                break;
            }
        }
        Ok(())
    }

    fn finish(&self) -> Result<(), CodecError> {
        match &self.unpacked {
            Some(unpacked) if !self.ended || unpacked.total_out() != self.expected => {
                Err(odd("end of the pixels"))
            }
            _ => Ok(()),
        }
    }
}

fn odd(what: &str) -> CodecError {
    CodecError::broken(format!("a PNG whose {what} is not well formed"))
}
