//! GIF: a screen, then blocks; images are blocks among others.
//!
//! Read as browsers read it: what is not well formed ends the file, once there is an image.

mod lzw;

use super::{cut_off, take, take_array};
use crate::CodecError;

/// What stands before the blocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Screen<'b> {
    pub(crate) width: u16,
    pub(crate) height: u16,
    pub(crate) packed: u8,
    pub(crate) background: u8,
    /// The colours of images that have none of their own; may be empty.
    pub(crate) palette: &'b [u8],
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Block<'b> {
    /// How the image after it is shown.
    Control(Control),
    Image(Image<'b>),
    /// How often the animation runs beyond the first time; 0 is for ever.
    Loops(u16),
    /// Text drawn by the reader, which no reader does, or an image of no size. It uses up the
    /// control before it.
    Text,
    /// Comments and what programs note.
    Other,
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Control {
    pub(crate) packed: u8,
    pub(crate) delay_cs: u16,
    pub(crate) transparent: u8,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Image<'b> {
    pub(crate) descriptor: &'b [u8; 9],
    pub(crate) width: u16,
    pub(crate) height: u16,
    /// Its own colours; may be empty.
    pub(crate) palette: &'b [u8],
    pub(crate) code_size: u8,
    /// The coded pixels: pieces, each after its length, and a length of zero at the end, unless the
    /// file ends before it.
    data: &'b [u8],
}

impl<'b> Image<'b> {
    /// The pieces that the coded pixels are in.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = &'b [u8]> {
        let mut rest = self.data;
        std::iter::from_fn(move || {
            let (length, after) = rest.split_first()?;
            let (piece, after) = after.split_at(after.len().min(usize::from(*length)));
            rest = after;
            (!piece.is_empty()).then_some(piece)
        })
    }

    fn has_all_pixels(&self) -> bool {
        let bytes = self.pieces().flatten().copied();
        lzw::pixels(self.code_size, bytes) >= u64::from(self.width) * u64::from(self.height)
    }
}

/// A file's screen, and its blocks up to the end mark. A file that is cut off or continues with
/// something else counts as ended, if an image came before: some writers leave the mark out, and of
/// an animation that is cut off browsers show what is whole. Where the screen has no size, it is
/// that of the first image.
pub(crate) fn open(file: &[u8]) -> Result<(Screen<'_>, Blocks<'_>), CodecError> {
    let mut rest = file;
    if !matches!(take(&mut rest, 6)?, b"GIF87a" | b"GIF89a") {
        return Err(CodecError::broken("no GIF"));
    }
    let head: [u8; 7] = *take_array(&mut rest)?;
    let mut screen = Screen {
        width: u16::from_le_bytes([head[0], head[1]]),
        height: u16::from_le_bytes([head[2], head[3]]),
        packed: head[4],
        background: head[5],
        palette: palette(&mut rest, head[4])?,
    };
    let blocks = Blocks {
        rest,
        images: 0,
        ended: false,
    };
    if screen.width == 0 || screen.height == 0 {
        let first = blocks.clone().find_map(|block| match block {
            Ok(Block::Image(image)) => Some(image),
            _ => None,
        });
        let first = first.ok_or_else(|| CodecError::broken("a GIF without an image"))?;
        let [left, top] =
            [0, 2].map(|at| u16::from_le_bytes([first.descriptor[at], first.descriptor[at + 1]]));
        screen.width = left.saturating_add(first.width);
        screen.height = top.saturating_add(first.height);
    }
    Ok((screen, blocks))
}

#[derive(Debug, Clone)]
pub(crate) struct Blocks<'b> {
    rest: &'b [u8],
    images: usize,
    ended: bool,
}

impl<'b> Iterator for Blocks<'b> {
    type Item = Result<Block<'b>, CodecError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let block = match self.read() {
            Err(_) if self.images > 0 => None,
            block => block.transpose(),
        };
        self.ended = !matches!(block, Some(Ok(_)));
        block
    }
}

impl<'b> Blocks<'b> {
    fn read(&mut self) -> Result<Option<Block<'b>>, CodecError> {
        loop {
            let [kind] = *take_array(&mut self.rest)?;
            return match kind {
                // The end of a block, once too often.
                0 => continue,
                0x21 => self.extension().map(Some),
                0x2c => self.image().map(Some),
                0x3b => Ok(None),
                _ => Err(CodecError::broken("a block that GIF does not have")),
            };
        }
    }

    fn extension(&mut self) -> Result<Block<'b>, CodecError> {
        let [label] = *take_array(&mut self.rest)?;
        let body = pieces(&mut self.rest)?;
        Ok(match label {
            0xf9 => match *body {
                // One that is longer than the standard has it is read for what is known of it.
                [4..=255, packed, low, high, transparent, ..] => Block::Control(Control {
                    packed,
                    delay_cs: u16::from_le_bytes([low, high]),
                    transparent,
                }),
                _ => Block::Other,
            },
            0x01 => Block::Text,
            0xff => loops(body).map_or(Block::Other, Block::Loops),
            _ => Block::Other,
        })
    }

    /// An image that the file ends in is one if it has all its pixels; one of no size is skipped.
    fn image(&mut self) -> Result<Block<'b>, CodecError> {
        let descriptor: &[u8; 9] = take_array(&mut self.rest)?;
        let palette = palette(&mut self.rest, descriptor[8])?;
        let [code_size] = *take_array(&mut self.rest)?;
        let (data, is_cut) = match pieces(&mut self.rest) {
            Ok(data) => (data, false),
            Err(_) => (std::mem::take(&mut self.rest), true),
        };
        let image = Image {
            descriptor,
            width: u16::from_le_bytes([descriptor[4], descriptor[5]]),
            height: u16::from_le_bytes([descriptor[6], descriptor[7]]),
            palette,
            code_size,
            data,
        };
        if image.width == 0 || image.height == 0 {
            return Ok(Block::Text);
        }
        if is_cut && !image.has_all_pixels() {
            return Err(cut_off());
        }
        self.images += 1;
        Ok(Block::Image(image))
    }
}

fn palette<'b>(rest: &mut &'b [u8], packed: u8) -> Result<&'b [u8], CodecError> {
    let colors = if packed & 0x80 == 0 {
        0
    } else {
        2 << (packed & 7)
    };
    take(rest, colors * 3)
}

/// Pieces up to and with the length of zero that ends them.
fn pieces<'b>(rest: &mut &'b [u8]) -> Result<&'b [u8], CodecError> {
    let mut length = 0;
    loop {
        let piece = usize::from(*rest.get(length).ok_or_else(cut_off)?);
        length += 1 + piece;
        if piece == 0 {
            return take(rest, length);
        }
    }
}

fn loops(body: &[u8]) -> Option<u16> {
    let name = body.strip_prefix(b"\x0b")?;
    let after = name
        // Netscape's name for it, and one that other programs write.
        .strip_prefix(b"NETSCAPE2.0")
        .or_else(|| name.strip_prefix(b"ANIMEXTS1.0"))?;
    match *after {
        [3, 1, low, high, 0, ..] => Some(u16::from_le_bytes([low, high])),
        _ => None,
    }
}
