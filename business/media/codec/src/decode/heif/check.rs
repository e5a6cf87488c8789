//! What is refused before another process decodes a picture, and what decoding it would cost.

use std::collections::BTreeSet;

use super::derived::{GRID_BYTES_MAX, Grid, LAYERS_MAX, OVERLAY_BYTES_MAX, overlay_size};
use super::size::{Size, upright_size};
use crate::container::heif::meta::Meta;
use crate::{CodecError, Format, Limits};

/// How often a picture may be made of others: layers of layers, and their opacity.
const DEPTH_MAX: u32 = 3;
/// Pictures, tiles and layers that are looked at, each as often as another is made of it.
const VISITS_MAX: u32 = 10_000;

/// Looks at the primary picture of a file and at everything that it is made of.
pub(super) struct Check<'c> {
    format: Format,
    file: &'c [u8],
    meta: &'c Meta<'c>,
    limits: &'c Limits,
    visits_left: u32,
    /// Compressed pictures that are all there.
    whole: BTreeSet<u32>,
    /// Of all pictures that may be held beside each other.
    pixels: u64,
    is_deep: bool,
}

impl<'c> Check<'c> {
    pub(super) const fn new(
        format: Format,
        file: &'c [u8],
        meta: &'c Meta<'c>,
        limits: &'c Limits,
    ) -> Self {
        Self {
            format,
            file,
            meta,
            limits,
            visits_left: VISITS_MAX,
            whole: BTreeSet::new(),
            pixels: 0,
            is_deep: false,
        }
    }

    /// Refuses pictures of a kind that is not decoded, and those whose bytes are not all there.
    /// Gives the size before the picture is turned or cropped.
    pub(super) fn primary(&mut self, item: u32) -> Result<Size, CodecError> {
        self.picture(item, DEPTH_MAX)
    }

    /// The pixels of the picture, and of its layers and their opacity: they are decoded one after
    /// the other, and what is held of each until the next is the library's choice.
    pub(super) const fn pixels(&self) -> u64 {
        self.pixels
    }

    /// Whether anything is compressed with more than 8 bits a channel.
    pub(super) const fn is_deep(&self) -> bool {
        self.is_deep
    }

    /// `depth` is how often the picture may still be made of others.
    fn picture(&mut self, item: u32, depth: u32) -> Result<Size, CodecError> {
        let size = self.visit(item)?;
        let kind = self.meta.kind(item);
        let kind = kind.ok_or_else(|| CodecError::broken("a picture that is no item"))?;
        self.pixels += size.pixels();
        match &kind {
            b"grid" => self.grid(item, size, depth)?,
            b"iovl" => self.overlay(item, size, depth)?,
            b"iden" => self.identity(item, size, depth)?,
            _ => self.coded(item)?,
        }
        self.alphas(item, depth)?;
        Ok(size)
    }

    fn visit(&mut self, item: u32) -> Result<Size, CodecError> {
        self.visits_left = self
            .visits_left
            .checked_sub(1)
            .ok_or_else(|| CodecError::broken("made of more pictures than any encoder writes"))?;
        let size = Size::of(self.meta, item)?;
        self.limits.check_size(size.width, size.height)?;
        Ok(size)
    }

    /// What shines through, which is decoded with the picture.
    fn alphas(&mut self, item: u32, depth: u32) -> Result<(), CodecError> {
        let meta = self.meta;
        for alpha in meta.alphas(item) {
            self.picture(*alpha, deeper(depth)?)?;
        }
        Ok(())
    }

    /// Others laid on each other.
    fn overlay(&mut self, item: u32, size: Size, depth: u32) -> Result<(), CodecError> {
        let (meta, depth) = (self.meta, deeper(depth)?);
        let layers = meta.parts(item);
        if !(1..=LAYERS_MAX).contains(&layers.len()) {
            return Err(CodecError::broken("more layers than any encoder writes"));
        }
        if overlay_size(&meta.bytes(self.file, item, OVERLAY_BYTES_MAX)?)? != size {
            return Err(CodecError::broken(
                "an overlay of another size than it says",
            ));
        }
        for layer in layers {
            self.picture(*layer, depth)?;
        }
        Ok(())
    }

    /// Another picture with more done to it.
    fn identity(&mut self, item: u32, size: Size, depth: u32) -> Result<(), CodecError> {
        let &[part] = self.meta.parts(item) else {
            return Err(CodecError::broken("not one picture to do more to"));
        };
        let part_size = self.picture(part, deeper(depth)?)?;
        if upright_size(self.meta, part, part_size)? != (size.width, size.height) {
            return Err(CodecError::broken("a picture of another size than its own"));
        }
        Ok(())
    }

    /// A picture of tiles: they must be there, and cover the picture without more of them than that
    /// takes.
    fn grid(&mut self, item: u32, size: Size, depth: u32) -> Result<(), CodecError> {
        let meta = self.meta;
        let grid = Grid::read(&meta.bytes(self.file, item, GRID_BYTES_MAX)?)?;
        if grid.size != size {
            return Err(CodecError::broken("a grid of another size than it says"));
        }
        let tiles = meta.parts(item);
        if tiles.len() as u64 != u64::from(grid.columns) * u64::from(grid.rows) {
            return Err(CodecError::broken(
                "another number of tiles than the grid has",
            ));
        }
        let mut largest = 0;
        for tile in tiles {
            let tile_size = self.visit(*tile)?;
            if !grid.is_covered_by(tile_size) {
                return Err(CodecError::broken("tiles that do not make up the picture"));
            }
            self.coded(*tile)?;
            self.alphas(*tile, depth)?;
            largest = largest.max(tile_size.pixels());
        }
        // One of them is held beside the whole.
        self.pixels += largest;
        Ok(())
    }

    /// What is compressed itself, and as its format is: an operator who has switched a format off
    /// does not want its decoder run.
    fn coded(&mut self, item: u32) -> Result<(), CodecError> {
        // Its bytes are looked at once, however often a picture is made of it.
        if !self.whole.insert(item) {
            return Ok(());
        }
        let kind = self.meta.kind(item).unwrap_or_default();
        if !matches!(
            (self.format, &kind),
            (Format::Heic, b"hvc1" | b"hev1") | (Format::Avif, b"av01")
        ) {
            return Err(CodecError::unsupported(format!(
                "This is a rare kind of {} ({}), which is not taken here.",
                self.format.name(),
                kind.escape_ascii()
            )));
        }
        let mut length = 0_usize;
        for piece in self.meta.extents(self.file, item)? {
            length = length.saturating_add(piece?.len());
        }
        if length == 0 {
            return Err(CodecError::broken("a picture without bytes"));
        }
        self.is_deep |= is_deep(self.meta, item);
        Ok(())
    }
}

fn deeper(depth: u32) -> Result<u32, CodecError> {
    let depth = depth.checked_sub(1);
    depth.ok_or_else(|| CodecError::broken("more layers than any encoder writes"))
}

/// Whether something is compressed with more than 8 bits a channel. What does not say may be.
fn is_deep(meta: &Meta<'_>, item: u32) -> bool {
    let depths = meta.properties(item).filter_map(|part| match &part.kind {
        // ISO/IEC 14496-15, 8.3.3.1: the bits of brightness and of colours beyond eight.
        b"hvcC" => Some((part.body.get(17)? | part.body.get(18)?) & 7 > 0),
        // AV1 in ISOBMFF, 2.3.3: high_bitdepth.
        b"av1C" => Some(part.body.get(2)? & 0x40 > 0),
        _ => None,
    });
    // None at all is deep, and so is one of several.
    depths.reduce(|one, other| one || other).unwrap_or(true)
}

/// Whether a picture, or the first of its tiles, is compressed as brightness alone. Layers are not
/// asked: they may differ.
pub(super) fn is_of_one_channel(meta: &Meta<'_>, item: u32) -> bool {
    let mut item = item;
    for _ in 0..DEPTH_MAX {
        if let Some(b"grid" | b"iden") = meta.kind(item).as_ref() {
            item = meta.parts(item).first().copied().unwrap_or(item);
        }
    }
    let said = meta.properties(item).find_map(|part| match &part.kind {
        // ISO/IEC 14496-15, 8.3.3.1: chroma_format_idc.
        b"hvcC" => Some(part.body.get(16)? & 3 == 0),
        // AV1 in ISOBMFF, 2.3.3: monochrome.
        b"av1C" => Some(part.body.get(2)? & 0x10 > 0),
        _ => None,
    });
    said.unwrap_or(false)
}
