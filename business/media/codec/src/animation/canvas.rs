//! What frames are drawn on: each is a part of the canvas, laid on what the one before left there.

use crate::CodecError;
use crate::raster::{Channels, Raster};

/// A part of the canvas, as one frame draws it.
#[derive(Debug)]
pub(super) struct Patch {
    pub(super) left: u32,
    pub(super) top: u32,
    pub(super) width: u32,
    pub(super) height: u32,
    /// Red, green, blue, opacity.
    pub(super) pixels: Vec<u8>,
    pub(super) duration_ms: u32,
    /// Whether what is below shows through where it is not opaque; if not, it takes its place.
    pub(super) blends: bool,
    pub(super) disposal: Disposal,
}

/// What becomes of a part of the canvas before the next frame is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Disposal {
    Stays,
    /// It becomes transparent.
    Cleared,
    /// What was there before comes back.
    TakenBack,
}

#[derive(Debug)]
pub(super) struct Canvas {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
    /// What is to be done before the next frame.
    pending: Option<Pending>,
}

#[derive(Debug)]
enum Pending {
    Clear(Area),
    Restore(Vec<u8>),
}

/// A part of the canvas in whole pixels, inside it.
#[derive(Debug, Clone, Copy)]
struct Area {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
}

impl Canvas {
    /// Transparent until the first frame is drawn.
    pub(super) fn new(width: u32, height: u32) -> Result<Self, CodecError> {
        Ok(Self {
            width,
            height,
            // As large as ink: red, green, blue and opacity.
            pixels: vec![0; Raster::bytes(width, height, Channels::Cmyk)?],
            pending: None,
        })
    }

    pub(super) const fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    pub(super) fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// Draws the next frame. What of it lies outside is left out.
    #[allow(clippy::needless_pass_by_value)] // its pixels are not needed any longer
    pub(super) fn draw(&mut self, patch: Patch) {
        match self.pending.take() {
            Some(Pending::Clear(area)) => self.clear(area),
            Some(Pending::Restore(pixels)) => self.pixels = pixels,
            None => {}
        }
        let area = self.area(&patch);
        // Before the patch is drawn: what comes back is what was below it.
        self.pending = match patch.disposal {
            Disposal::Stays => None,
            Disposal::Cleared => Some(Pending::Clear(area)),
            Disposal::TakenBack => Some(Pending::Restore(self.pixels.clone())),
        };
        // A patch may have no width, and chunks of no bytes are a panic.
        let row_bytes = patch.width as usize * 4;
        for (row, from) in patch
            .pixels
            .chunks_exact(row_bytes.max(4))
            .take(area.height)
            .enumerate()
        {
            let to = self.row(area, row);
            let from = &from[..to.len()];
            if patch.blends {
                lay_over(from, to);
            } else {
                to.copy_from_slice(from);
            }
        }
    }

    fn area(&self, patch: &Patch) -> Area {
        let left = patch.left.min(self.width);
        let top = patch.top.min(self.height);
        Area {
            left: left as usize,
            top: top as usize,
            width: patch.width.min(self.width - left) as usize,
            height: patch.height.min(self.height - top) as usize,
        }
    }

    fn row(&mut self, area: Area, row: usize) -> &mut [u8] {
        let start = ((area.top + row) * self.width as usize + area.left) * 4;
        &mut self.pixels[start..start + area.width * 4]
    }

    fn clear(&mut self, area: Area) {
        for row in 0..area.height {
            self.row(area, row).fill(0);
        }
    }
}

/// Lays pixels over others. Colours are not multiplied by their opacity, before or after.
fn lay_over(from: &[u8], to: &mut [u8]) {
    let (from, _) = from.as_chunks::<4>();
    let (to, _) = to.as_chunks_mut::<4>();
    for (above, below) in from.iter().zip(to) {
        match above[3] {
            0 => {}
            255 => *below = *above,
            // What is fully transparent has a colour all the same, which must not be mixed in.
            _ if below[3] == 0 => *below = *above,
            _ => *below = mixed(*above, *below),
        }
    }
}

#[allow(clippy::cast_possible_truncation)] // means of bytes are bytes
fn mixed(above: [u8; 4], below: [u8; 4]) -> [u8; 4] {
    // In 1/255 of opacity.
    let over = u32::from(above[3]) * 255;
    let under = u32::from(below[3]) * (255 - u32::from(above[3]));
    let whole = over + under;
    let mix = |channel: usize| {
        let sum = u32::from(above[channel]) * over + u32::from(below[channel]) * under;
        ((sum + whole / 2) / whole) as u8
    };
    [mix(0), mix(1), mix(2), ((whole + 127) / 255) as u8]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patch(left: u32, color: [u8; 4], disposal: Disposal) -> Patch {
        Patch {
            left,
            top: 0,
            width: 2,
            height: 1,
            pixels: [color, color].concat(),
            duration_ms: 0,
            blends: true,
            disposal,
        }
    }

    #[test]
    fn a_frame_that_is_taken_back_leaves_what_was_there() {
        let (red, blue, clear) = ([255, 0, 0, 255], [0, 0, 255, 255], [0; 4]);
        let mut canvas = Canvas::new(3, 1).unwrap();
        canvas.draw(patch(0, red, Disposal::Stays));
        assert_eq!(canvas.pixels(), [red, red, clear].concat());
        canvas.draw(patch(1, blue, Disposal::TakenBack));
        assert_eq!(canvas.pixels(), [red, blue, blue].concat());
        // Reaches out of the canvas: the rest is left out.
        canvas.draw(patch(2, blue, Disposal::Cleared));
        assert_eq!(canvas.pixels(), [red, red, blue].concat());
        // What comes back is what was there when the frame was drawn: after the one before was
        // cleared.
        canvas.draw(patch(1, blue, Disposal::TakenBack));
        assert_eq!(canvas.pixels(), [red, blue, blue].concat());
        canvas.draw(patch(7, blue, Disposal::Stays));
        assert_eq!(canvas.pixels(), [red, red, clear].concat());
    }

    #[test]
    fn what_is_below_shows_through() {
        assert_eq!(
            mixed([255, 0, 0, 128], [0, 0, 255, 255]),
            [128, 0, 127, 255]
        );
        assert_eq!(
            mixed([200, 200, 200, 100], [200, 200, 200, 100])[..3],
            [200, 200, 200]
        );
    }
}
