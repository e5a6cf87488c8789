//! What a file's `meta` box says of its items: which is the picture, what belongs to it, and where
//! its bytes are.

use std::collections::BTreeMap;

use crate::CodecError;
use crate::container::heif::boxes::{Box, Reader, Walk, cut_off};

/// Items, references and associations looked at, each, over the whole file. A picture of 512-pixel
/// tiles at the pixel limit has some 400.
const ENTRIES_MAX: usize = 10_000;
/// Pieces that the bytes of all items together are in.
const EXTENTS_MAX: usize = 20_000;
/// What opacity is called, in both formats and as older encoders wrote it.
const ALPHA_NAMES: [&[u8]; 3] = [
    b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha",
    b"urn:mpeg:hevc:2015:auxid:1",
    b"urn:mpeg:avc:2015:auxid:1",
];

/// Everything that is needed of the box.
#[derive(Debug, Default)]
pub(crate) struct Meta<'b> {
    pub(crate) primary: Option<u32>,
    items: BTreeMap<u32, [u8; 4]>,
    /// Reference boxes and what they name, counted together.
    reference_entries: usize,
    /// What a picture is made of, by the picture.
    parts: BTreeMap<u32, Vec<u32>>,
    /// What says more of a picture, as its opacity; of the rest, as its depth, only until all is
    /// read. By the picture.
    auxiliaries: BTreeMap<u32, Vec<u32>>,
    properties: Vec<Box<'b>>,
    /// An item's properties in their order, counted from 1.
    associations: BTreeMap<u32, Vec<u16>>,
    locations: BTreeMap<u32, Location>,
    data: &'b [u8],
}

/// Where an item's bytes are.
#[derive(Debug)]
struct Location {
    /// In the file, or in the box itself.
    in_file: bool,
    extents: Vec<(u64, u64)>,
}

impl<'b> Meta<'b> {
    /// Everything that the standard has once may be there once: of two, another reader may believe
    /// the other.
    pub(crate) fn read(walk: &mut Walk, body: &'b [u8]) -> Result<Self, CodecError> {
        let mut meta = Self::default();
        let mut seen = Vec::new();
        let body = body.get(4..).ok_or_else(cut_off)?;
        for part in walk.boxes(body, false)? {
            let reader = Reader::new(part.body);
            match &part.kind {
                b"pitm" => meta.read_primary(reader)?,
                b"iinf" => meta.read_items(walk, reader)?,
                b"iref" => meta.read_references(walk, reader)?,
                b"iprp" => meta.read_properties(walk, part.body)?,
                b"iloc" => meta.read_locations(reader)?,
                b"idat" => meta.data = part.body,
                _ => continue,
            }
            once(!seen.contains(&part.kind))?;
            seen.push(part.kind);
        }
        meta.keep_alphas();
        Ok(meta)
    }

    /// Leaves of what says more of pictures what is decoded with them.
    fn keep_alphas(&mut self) {
        let mut auxiliaries = std::mem::take(&mut self.auxiliaries);
        for items in auxiliaries.values_mut() {
            items.retain(|item| {
                let mut properties = self.properties(*item);
                properties.any(|part| &part.kind == b"auxC" && is_alpha(part.body))
            });
        }
        self.auxiliaries = auxiliaries;
    }

    fn read_primary(&mut self, mut reader: Reader<'b>) -> Result<(), CodecError> {
        let (version, _) = reader.version_and_flags()?;
        self.primary = Some(reader.item(version > 0)?);
        Ok(())
    }

    fn read_items(&mut self, walk: &mut Walk, mut reader: Reader<'b>) -> Result<(), CodecError> {
        let (version, _) = reader.version_and_flags()?;
        let count = reader.item(version > 0)? as usize;
        let boxes = walk.boxes(reader.rest(), false)?;
        // Of two numbers another reader may believe the other.
        if count != boxes.len() || count > ENTRIES_MAX {
            return Err(CodecError::broken("another number of items than it says"));
        }
        for entry in boxes.iter().filter(|entry| &entry.kind == b"infe") {
            let mut reader = Reader::new(entry.body);
            let (version, _) = reader.version_and_flags()?;
            // Older versions say no kind of item.
            if version >= 2 {
                let item = reader.item(version > 2)?;
                let _protection = reader.u16()?;
                once(self.items.insert(item, *reader.array()?).is_none())?;
            }
        }
        Ok(())
    }

    fn read_references(
        &mut self,
        walk: &mut Walk,
        mut reader: Reader<'b>,
    ) -> Result<(), CodecError> {
        let (version, _) = reader.version_and_flags()?;
        for reference in walk.boxes(reader.rest(), false)? {
            let mut reader = Reader::new(reference.body);
            let from = reader.item(version > 0)?;
            let count = usize::from(reader.u16()?);
            self.reference_entries += 1 + count;
            check_count(self.reference_entries)?;
            let to = (0..count).map(|_| reader.item(version > 0));
            let to: Vec<u32> = to.collect::<Result<_, _>>()?;
            match &reference.kind {
                b"dimg" => once(self.parts.insert(from, to).is_none())?,
                b"auxl" => {
                    for picture in to {
                        self.auxiliaries.entry(picture).or_default().push(from);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn read_properties(&mut self, walk: &mut Walk, body: &'b [u8]) -> Result<(), CodecError> {
        let mut has_properties = false;
        for part in walk.boxes(body, false)? {
            match &part.kind {
                b"ipco" => {
                    once(!has_properties)?;
                    has_properties = true;
                    self.properties = walk.boxes(part.body, false)?;
                }
                b"ipma" => self.read_associations(Reader::new(part.body))?,
                _ => {}
            }
        }
        Ok(())
    }

    fn read_associations(&mut self, mut reader: Reader<'b>) -> Result<(), CodecError> {
        let (version, flags) = reader.version_and_flags()?;
        let count = reader.u32()? as usize;
        check_count(self.associations.len().saturating_add(count))?;
        for _ in 0..count {
            let item = reader.item(version > 0)?;
            let properties = reader.u8()?;
            let indexes: Result<Vec<u16>, CodecError> = (0..properties)
                .map(|_| {
                    // The highest bit says whether a reader must understand it.
                    if flags & 1 == 1 {
                        reader.u16().map(|index| index & 0x7fff)
                    } else {
                        reader.u8().map(|index| u16::from(index & 0x7f))
                    }
                })
                .collect();
            once(self.associations.insert(item, indexes?).is_none())?;
        }
        Ok(())
    }

    fn read_locations(&mut self, mut reader: Reader<'b>) -> Result<(), CodecError> {
        let (version, _) = reader.version_and_flags()?;
        let sizes = reader.u16()?;
        let size = |shift: u16| ((sizes >> shift) & 15) as u8;
        let (offset_size, length_size, base_size, index_size) =
            (size(12), size(8), size(4), size(0));
        let extent_size = offset_size + length_size + if version >= 1 { index_size } else { 0 };
        let count = reader.item(version >= 2)? as usize;
        check_count(count)?;
        let mut extents_left = EXTENTS_MAX;
        for _ in 0..count {
            let item = reader.item(version >= 2)?;
            let method = if version >= 1 { reader.u16()? & 15 } else { 0 };
            let _data_reference = reader.u16()?;
            let base = reader.sized(base_size)?;
            let extents = usize::from(reader.u16()?);
            // Each would cost the file nothing and the reader a place in memory.
            if extents > 1 && extent_size == 0 {
                return Err(CodecError::broken("extents that take no bytes"));
            }
            let left = extents_left.checked_sub(extents);
            extents_left = left.ok_or_else(too_many)?;
            let mut location = Location {
                in_file: method == 0,
                extents: Vec::new(),
            };
            for _ in 0..extents {
                if version >= 1 {
                    reader.sized(index_size)?;
                }
                let offset = reader.sized(offset_size)?;
                let length = reader.sized(length_size)?;
                let offset = base.checked_add(offset).ok_or_else(cut_off)?;
                location.extents.push((offset, length));
            }
            // Bytes made of another item's are nothing that pictures or camera data are made of.
            if method <= 1 {
                once(self.locations.insert(item, location).is_none())?;
            }
        }
        Ok(())
    }

    /// What an item is: "hvc1", "grid", "Exif".
    pub(crate) fn kind(&self, item: u32) -> Option<[u8; 4]> {
        self.items.get(&item).copied()
    }

    pub(crate) fn item_of_kind(&self, kind: [u8; 4]) -> Option<u32> {
        let found = self.items.iter().find(|(_, found)| **found == kind);
        found.map(|(item, _)| *item)
    }

    /// The items that an item is made of, in their order.
    pub(crate) fn parts(&self, item: u32) -> &[u32] {
        self.parts.get(&item).map_or(&[], Vec::as_slice)
    }

    /// The items that hold an item's opacity: by the standard one at most.
    pub(crate) fn alphas(&self, item: u32) -> &[u32] {
        self.auxiliaries.get(&item).map_or(&[], Vec::as_slice)
    }

    /// An item's properties in the order in which they are applied.
    pub(crate) fn properties(&self, item: u32) -> impl Iterator<Item = &Box<'b>> {
        let indexes = self.associations.get(&item).map_or(&[][..], Vec::as_slice);
        indexes
            .iter()
            // 0 stands for no property.
            .filter_map(|index| self.properties.get(usize::from(*index).checked_sub(1)?))
    }

    /// The bytes of an item of at most so many.
    ///
    /// # Errors
    /// When they are not all there, or too many.
    pub(crate) fn bytes(
        &self,
        file: &'b [u8],
        item: u32,
        bytes_max: usize,
    ) -> Result<Vec<u8>, CodecError> {
        let mut bytes = Vec::new();
        let pieces = self
            .locations
            .get(&item)
            .map_or(0, |location| location.extents.len());
        // Some of them are empty then, and would only cost turns.
        if pieces > bytes_max {
            return Err(too_many());
        }
        for extent in self.extents(file, item)? {
            let extent = extent?;
            if bytes.len() + extent.len() > bytes_max {
                return Err(CodecError::broken("an item longer than any encoder writes"));
            }
            bytes.extend_from_slice(extent);
        }
        Ok(bytes)
    }

    /// The pieces of the file that an item's bytes are.
    pub(crate) fn extents(
        &self,
        file: &'b [u8],
        item: u32,
    ) -> Result<impl Iterator<Item = Result<&'b [u8], CodecError>>, CodecError> {
        let location = self.locations.get(&item);
        let location = location.ok_or_else(|| CodecError::broken("an item that is nowhere"))?;
        let within = if location.in_file { file } else { self.data };
        let extents = location.extents.iter();
        Ok(extents.map(move |(offset, length)| {
            let piece = piece(within, *offset, *length);
            piece.ok_or_else(|| CodecError::broken("an item that is cut off"))
        }))
    }
}

/// Whether the body of an `auxC` box says that its item is the opacity of another.
fn is_alpha(body: &[u8]) -> bool {
    let name = body.get(4..).unwrap_or_default();
    // Behind the name may stand more, which depends on it.
    let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
    ALPHA_NAMES.contains(&name)
}

/// No length means all the rest.
fn piece(within: &[u8], offset: u64, length: u64) -> Option<&[u8]> {
    let begin = usize::try_from(offset).ok()?;
    let end = match usize::try_from(length).ok()? {
        0 => within.len(),
        length => begin.checked_add(length)?,
    };
    within.get(begin..end)
}

fn check_count(count: usize) -> Result<(), CodecError> {
    if count > ENTRIES_MAX {
        return Err(too_many());
    }
    Ok(())
}

fn too_many() -> CodecError {
    CodecError::broken("more entries than any encoder writes")
}

fn once(is_first: bool) -> Result<(), CodecError> {
    if is_first {
        return Ok(());
    }
    Err(CodecError::broken("something said twice that is said once"))
}
