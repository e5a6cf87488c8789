//! GIF: the screen, the images and how they are shown, and how often they repeat.

use crate::CodecError;
use crate::container::gif::{Block, Control, Image, Screen, open};

/// The file with nothing but its images; decoders are given the same.
pub(crate) fn strip(file: &[u8]) -> Result<Vec<u8>, CodecError> {
    let (screen, blocks) = open(file)?;
    let mut out = Vec::with_capacity(file.len());
    write_screen(&mut out, &screen);
    let start = out.len();
    let (mut control, mut loops) = (None, None);
    for block in blocks {
        match block? {
            Block::Control(found) => control = Some(found),
            Block::Image(image) => {
                if let Some(control) = control.take() {
                    write_control(&mut out, control);
                }
                write_image(&mut out, &image);
            }
            // The first is what readers go by.
            Block::Loops(found) => loops = loops.or(Some(found)),
            Block::Text => control = None,
            Block::Other => {}
        }
    }
    if out.len() == start {
        return Err(CodecError::broken("a GIF without an image"));
    }
    if let Some(loops) = loops {
        let [low, high] = loops.to_le_bytes();
        let block = [b"\x21\xff\x0bNETSCAPE2.0\x03\x01", &[low, high, 0][..]].concat();
        // Before the first image, where readers look for it.
        out.splice(start..start, block);
    }
    out.push(0x3b);
    Ok(out)
}

fn write_screen(out: &mut Vec<u8>, screen: &Screen<'_>) {
    out.extend(b"GIF89a");
    out.extend(screen.width.to_le_bytes());
    out.extend(screen.height.to_le_bytes());
    // The last byte is the shape of a pixel: square.
    out.extend([screen.packed, screen.background, 0]);
    out.extend(screen.palette);
}

fn write_control(out: &mut Vec<u8>, control: Control) {
    let [low, high] = control.delay_cs.to_le_bytes();
    // Three bits are reserved, and one asks for a key to be pressed.
    let packed = control.packed & 0x1d;
    out.extend([0x21, 0xf9, 4, packed, low, high, control.transparent, 0]);
}

fn write_image(out: &mut Vec<u8>, image: &Image<'_>) {
    out.push(0x2c);
    out.extend(image.descriptor);
    out.extend(image.palette);
    out.push(image.code_size);
    for piece in image.pieces() {
        out.extend(u8::try_from(piece.len()));
        out.extend(piece);
    }
    out.push(0);
}
