//! GIF: a screen, then blocks; images are blocks among others.

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
    /// Text drawn by the reader, which no reader does. It uses up the control before it.
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
    /// The coded pixels: pieces, each after its length, and a length of zero at the end.
    pub(crate) data: &'b [u8],
}

/// A file's screen, and its blocks up to the end mark. A file that ends between two blocks counts as ended, if an image
/// came before: some writers leave the mark out.
pub(crate) fn open(file: &[u8]) -> Result<(Screen<'_>, Blocks<'_>), CodecError> {
    let mut rest = file;
    if !matches!(take(&mut rest, 6)?, b"GIF87a" | b"GIF89a") {
        return Err(CodecError::broken("no GIF"));
    }
    let head: [u8; 7] = *take_array(&mut rest)?;
    let screen = Screen {
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
    Ok((screen, blocks))
}

#[derive(Debug)]
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
        let block = self.read().transpose();
        self.ended = !matches!(block, Some(Ok(_)));
        block
    }
}

impl<'b> Blocks<'b> {
    fn read(&mut self) -> Result<Option<Block<'b>>, CodecError> {
        if self.rest.is_empty() && self.images > 0 {
            return Ok(None);
        }
        let [kind] = *take_array(&mut self.rest)?;
        match kind {
            0x21 => self.extension().map(Some),
            0x2c => {
                self.images += 1;
                self.image().map(|image| Some(Block::Image(image)))
            }
            0x3b => Ok(None),
            _ => Err(CodecError::broken("a block that GIF does not have")),
        }
    }

    fn extension(&mut self) -> Result<Block<'b>, CodecError> {
        let [label] = *take_array(&mut self.rest)?;
        let body = pieces(&mut self.rest)?;
        Ok(match label {
            0xf9 => match *body {
                [4, packed, low, high, transparent, 0] => Block::Control(Control {
                    packed,
                    delay_cs: u16::from_le_bytes([low, high]),
                    transparent,
                }),
                _ => return Err(CodecError::broken("a control block that GIF does not have")),
            },
            0x01 => Block::Text,
            0xff => loops(body).map_or(Block::Other, Block::Loops),
            _ => Block::Other,
        })
    }

    fn image(&mut self) -> Result<Image<'b>, CodecError> {
        let descriptor: &[u8; 9] = take_array(&mut self.rest)?;
        let palette = palette(&mut self.rest, descriptor[8])?;
        let [code_size] = *take_array(&mut self.rest)?;
        Ok(Image {
            descriptor,
            width: u16::from_le_bytes([descriptor[4], descriptor[5]]),
            height: u16::from_le_bytes([descriptor[6], descriptor[7]]),
            palette,
            code_size,
            data: pieces(&mut self.rest)?,
        })
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
        .strip_prefix(b"NETSCAPE2.0")
        .or_else(|| name.strip_prefix(b"ANIMEXTS1.0"))?;
    match *after {
        [3, 1, low, high, 0, ..] => Some(u16::from_le_bytes([low, high])),
        _ => None,
    }
}
