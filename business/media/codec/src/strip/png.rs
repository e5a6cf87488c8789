//! PNG and APNG: the chunks that pixels and animation are in. What else says what numbers mean in
//! light becomes one profile, or nothing where that is sRGB.

mod pixels;

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::company::{Company, Purpose};
use crate::container::png::{
    Chunk, FrameControl, ImageHeader, SIGNATURE, begin, chunks, complete, write,
};
use crate::raster::Channels;
use crate::{CodecError, Format};

use pixels::{INDEXED, Indices, odd};

pub(super) fn strip(file: &[u8], purpose: Purpose) -> Result<Vec<u8>, CodecError> {
    let mut walk: Option<Walk> = None;
    let mut head = SIGNATURE.to_vec();
    for chunk in chunks(file) {
        let chunk = chunk?;
        if let Some(walk) = &mut walk {
            walk.take(&chunk)?;
            continue;
        }
        if chunk.kind != *b"IHDR" || !chunk.is_intact() {
            return Err(odd("beginning"));
        }
        let image = ImageHeader::read(chunk.body)?;
        write(&mut head, chunk.kind, chunk.body);
        let company = Company::of(file, Format::Png, channels(&image), purpose)?;
        write_company(&mut head, &company)?;
        walk = Some(Walk::of(image, file.len()));
    }
    let mut walk = walk.filter(|walk| walk.ended).ok_or_else(|| odd("end"))?;
    walk.write_palette(&mut head)?;
    head.extend(walk.body);
    Ok(head)
}

/// What a profile has to be made for: palettes and colours have the same.
pub(crate) const fn channels(image: &ImageHeader) -> Channels {
    if image.color & 2 == 0 {
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
struct Walk {
    image: ImageHeader,
    /// What is written from the animation's header on.
    body: Vec<u8>,
    palette: Option<Vec<u8>>,
    opacity: Option<Vec<u8>>,
    animated: bool,
    frames: Frames,
    /// The pixels whose chunk is being written.
    open: Option<Open>,
    indices: Indices,
    seen: Vec<[u8; 4]>,
    ended: bool,
}

#[derive(Default)]
struct Frames {
    expected: u32,
    seen: u32,
    /// Of what was read and of what was written, how many chunks of an animation were counted.
    sequence: u32,
    sequence_written: u32,
    /// The size of the frame whose pixels come next.
    next: Option<(u32, u32)>,
}

/// A chunk of pixels that is being put together from those of the file.
struct Open {
    kind: [u8; 4],
    size: (u32, u32),
    /// Where in what is written the chunk begins, and where its pixels do.
    chunk: usize,
    pixels: usize,
}

impl Walk {
    fn of(image: ImageHeader, file_bytes: usize) -> Self {
        Self {
            indices: Indices::of(&image),
            image,
            body: Vec::with_capacity(file_bytes),
            palette: None,
            opacity: None,
            animated: false,
            frames: Frames::default(),
            open: None,
            seen: Vec::new(),
            ended: false,
        }
    }

    fn take(&mut self, chunk: &Chunk<'_>) -> Result<(), CodecError> {
        let Chunk { kind, body, .. } = *chunk;
        // A picture's pixels may be in many chunks; another kind ends them.
        if self.open.as_ref().is_some_and(|open| open.kind != kind) {
            self.close()?;
        }
        let is_still = !self.animated && self.seen.contains(b"IDAT");
        let is_needed = match &kind {
            b"acTL" | b"fcTL" | b"fdAT" => !is_still,
            b"IDAT" | b"IEND" | b"PLTE" | b"tRNS" => true,
            // Its meaning is in the profile.
            b"gAMA" | b"cHRM" | b"sRGB" | b"cICP" => false,
            // A capital letter says that the picture cannot be shown without.
            [first, ..] if first.is_ascii_uppercase() => return Err(odd("chunk")),
            _ => false,
        };
        if !is_needed {
            return Ok(());
        }
        if !chunk.is_intact() {
            return Err(odd("checksum"));
        }
        match &kind {
            b"IDAT" => self.default_pixels(body),
            b"acTL" => self.animation(body),
            b"fcTL" => self.frame(body),
            b"fdAT" => self.frame_pixels(body),
            b"PLTE" => self.palette(body),
            b"tRNS" => self.opacity(body),
            _ => self.end(body),
        }
    }

    /// Refuses a chunk that comes twice, or after the pixels.
    fn once(&mut self, kind: [u8; 4]) -> Result<(), CodecError> {
        if self.seen.contains(&kind) || self.seen.contains(b"IDAT") {
            return Err(odd("order"));
        }
        self.seen.push(kind);
        Ok(())
    }

    /// Where there are colours without it, it is a suggestion that no browser follows.
    fn palette(&mut self, body: &[u8]) -> Result<(), CodecError> {
        self.once(*b"PLTE")?;
        if self.image.color != INDEXED {
            return Ok(());
        }
        let entries_max = 1_usize << self.image.depth;
        if !body.len().is_multiple_of(3) || !(1..=entries_max).contains(&(body.len() / 3)) {
            return Err(odd("palette"));
        }
        self.palette = Some(body.to_vec());
        Ok(())
    }

    /// The opacity of a palette's entries, or the one colour that is clear.
    fn opacity(&mut self, body: &[u8]) -> Result<(), CodecError> {
        self.once(*b"tRNS")?;
        let (samples, _) = body.as_chunks::<2>();
        let fits =
            |sample: &[u8; 2]| u32::from(u16::from_be_bytes(*sample)) < 1_u32 << self.image.depth;
        let well_formed = match self.image.color {
            0 => body.len() == 2 && samples.iter().all(fits),
            2 => body.len() == 6 && samples.iter().all(fits),
            INDEXED => {
                let entries = self.palette.as_ref().map_or(0, |palette| palette.len() / 3);
                (1..=entries).contains(&body.len())
            }
            _ => false,
        };
        if !well_formed {
            return Err(odd("opacity"));
        }
        self.opacity = Some(body.to_vec());
        Ok(())
    }

    fn default_pixels(&mut self, body: &[u8]) -> Result<(), CodecError> {
        if self.open.is_none() {
            if self.image.color == INDEXED && self.palette.is_none() {
                return Err(odd("palette"));
            }
            self.once(*b"IDAT")?;
            // If a control came before, these are the pixels of its frame.
            self.frames.next = None;
            self.open(*b"IDAT", (self.image.width, self.image.height));
        }
        self.body.extend(body);
        Ok(())
    }

    fn animation(&mut self, body: &[u8]) -> Result<(), CodecError> {
        let (frames, rest) = body.split_first_chunk().ok_or_else(|| odd("animation"))?;
        self.once(*b"acTL")?;
        self.frames.expected = u32::from_be_bytes(*frames);
        self.animated = true;
        if self.frames.expected == 0 || rest.len() != 4 {
            return Err(odd("animation"));
        }
        write(&mut self.body, *b"acTL", body);
        Ok(())
    }

    fn frame(&mut self, body: &[u8]) -> Result<(), CodecError> {
        let rest = self.count(body)?;
        let (image, frame) = (&self.image, FrameControl::read(body, &self.image)?);
        let whole = (frame.width, frame.height) == (image.width, image.height)
            && (frame.left, frame.top) == (0, 0);
        // By the standard a frame that is the picture itself is as large as it.
        let first = !self.seen.contains(b"IDAT");
        if self.frames.next.is_some() || (first && !whole) {
            return Err(odd("frame"));
        }
        self.frames.seen += 1;
        self.frames.next = Some((frame.width, frame.height));
        let numbered = [&self.number()[..], rest].concat();
        write(&mut self.body, *b"fcTL", &numbered);
        Ok(())
    }

    fn frame_pixels(&mut self, body: &[u8]) -> Result<(), CodecError> {
        let pixels = self.count(body)?;
        if !self.seen.contains(b"IDAT") {
            return Err(odd("order"));
        }
        if let Some(size) = self.frames.next.take() {
            self.open(*b"fdAT", size);
        } else if self.open.is_none() {
            return Err(odd("order"));
        }
        self.body.extend(pixels);
        Ok(())
    }

    /// Checks the number that counts the chunks of an animation; returns what follows it.
    fn count<'b>(&mut self, body: &'b [u8]) -> Result<&'b [u8], CodecError> {
        match body.split_first_chunk() {
            Some((number, rest)) if u32::from_be_bytes(*number) == self.frames.sequence => {
                self.frames.sequence += 1;
                Ok(rest)
            }
            _ => Err(odd("animation")),
        }
    }

    /// The number of the next chunk that is written.
    fn number(&mut self) -> [u8; 4] {
        let number = self.frames.sequence_written;
        self.frames.sequence_written += 1;
        number.to_be_bytes()
    }

    /// Begins a chunk that takes in all of this frame's: how many a file has of them says nothing.
    fn open(&mut self, kind: [u8; 4], size: (u32, u32)) {
        let chunk = begin(&mut self.body, kind);
        if kind == *b"fdAT" {
            let number = self.number();
            self.body.extend(number);
        }
        self.open = Some(Open {
            kind,
            size,
            chunk,
            pixels: self.body.len(),
        });
    }

    fn close(&mut self) -> Result<(), CodecError> {
        let Some(open) = self.open.take() else {
            return Ok(());
        };
        let packed = &self.body[open.pixels..];
        pixels::check(packed, &self.image, open.size, &mut self.indices)?;
        complete(&mut self.body, open.chunk).ok_or_else(|| odd("size"))
    }

    fn end(&mut self, body: &[u8]) -> Result<(), CodecError> {
        let frames_missing = self.frames.seen != self.frames.expected || self.frames.next.is_some();
        if !body.is_empty() || !self.seen.contains(b"IDAT") || frames_missing {
            return Err(odd("end"));
        }
        write(&mut self.body, *b"IEND", &[]);
        self.ended = true;
        Ok(())
    }

    /// Writes the palette and opacity as far as pixels use them: an entry that none uses is black,
    /// and the last is used.
    fn write_palette(&mut self, out: &mut Vec<u8>) -> Result<(), CodecError> {
        let Some(palette) = &mut self.palette else {
            if let Some(opacity) = &self.opacity {
                write(out, *b"tRNS", opacity);
            }
            return Ok(());
        };
        let count = self.indices.count();
        if count * 3 > palette.len() {
            return Err(odd("palette"));
        }
        palette.truncate(count * 3);
        let mut opacity = self.opacity.take().unwrap_or_default();
        opacity.truncate(count);
        for unused in (0..count).filter(|index| !self.indices.has(*index)) {
            palette[unused * 3..unused * 3 + 3].fill(0);
            if let Some(opacity) = opacity.get_mut(unused) {
                *opacity = u8::MAX;
            }
        }
        // What is not said is opaque.
        let last = opacity.iter().rposition(|opacity| *opacity != u8::MAX);
        opacity.truncate(last.map_or(0, |last| last + 1));
        write(out, *b"PLTE", palette);
        if !opacity.is_empty() {
            write(out, *b"tRNS", &opacity);
        }
        Ok(())
    }
}
