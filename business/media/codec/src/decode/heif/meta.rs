//! What a file's `meta` box says of its items: which is the picture, what belongs to it, and where its bytes are.

use super::boxes::{Box, Reader, Walk, cut_off};
use crate::CodecError;

/// Items, references and properties looked at, each. A picture of 512-pixel tiles at the pixel limit has some 400.
const ENTRIES_MAX: usize = 10_000;

/// Everything that is needed of the box.
#[derive(Debug, Default)]
pub(super) struct Meta<'b> {
    pub(super) primary: Option<u32>,
    items: Vec<(u32, [u8; 4])>,
    /// Kind, from, to.
    references: Vec<([u8; 4], u32, Vec<u32>)>,
    properties: Vec<Box<'b>>,
    /// An item's properties in their order, counted from 1.
    associations: Vec<(u32, Vec<usize>)>,
    locations: Vec<Location>,
    data: &'b [u8],
}

/// Where an item's bytes are.
#[derive(Debug)]
struct Location {
    item: u32,
    /// In the file, or in the box itself.
    in_file: bool,
    extents: Vec<(u64, u64)>,
}

impl<'b> Meta<'b> {
    pub(super) fn read(walk: &mut Walk, body: &'b [u8]) -> Result<Self, CodecError> {
        let mut meta = Self::default();
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
                _ => {}
            }
        }
        Ok(meta)
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
        if count != boxes.len() || count > ENTRIES_MAX {
            return Err(CodecError::broken("another number of items than it says"));
        }
        for entry in boxes.iter().filter(|entry| &entry.kind == b"infe") {
            let mut reader = Reader::new(entry.body);
            let (version, _) = reader.version_and_flags()?;
            if version >= 2 {
                let item = reader.item(version > 2)?;
                let _protection = reader.u16()?;
                self.items.push((item, *reader.array()?));
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
            check_count(self.references.len() + count)?;
            let to: Result<Vec<u32>, _> = (0..count).map(|_| reader.item(version > 0)).collect();
            self.references.push((reference.kind, from, to?));
        }
        Ok(())
    }

    fn read_properties(&mut self, walk: &mut Walk, body: &'b [u8]) -> Result<(), CodecError> {
        for part in walk.boxes(body, false)? {
            match &part.kind {
                b"ipco" => self.properties = walk.boxes(part.body, false)?,
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
            let indexes: Result<Vec<usize>, CodecError> = (0..properties)
                .map(|_| {
                    // The highest bit says whether a reader must understand it.
                    if flags & 1 == 1 {
                        reader.u16().map(|index| usize::from(index & 0x7fff))
                    } else {
                        reader.u8().map(|index| usize::from(index & 0x7f))
                    }
                })
                .collect();
            self.associations.push((item, indexes?));
        }
        Ok(())
    }

    fn read_locations(&mut self, mut reader: Reader<'b>) -> Result<(), CodecError> {
        let (version, _) = reader.version_and_flags()?;
        let sizes = reader.u16()?;
        let size = |shift: u16| ((sizes >> shift) & 15) as u8;
        let (offset_size, length_size, base_size, index_size) =
            (size(12), size(8), size(4), size(0));
        let count = reader.item(version >= 2)? as usize;
        check_count(count)?;
        for _ in 0..count {
            let item = reader.item(version >= 2)?;
            let method = if version >= 1 { reader.u16()? & 15 } else { 0 };
            let _data_reference = reader.u16()?;
            let base = reader.sized(base_size)?;
            let extents = usize::from(reader.u16()?);
            check_count(extents)?;
            let mut location = Location {
                item,
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
                self.locations.push(location);
            }
        }
        Ok(())
    }

    /// What an item is: "hvc1", "grid", "Exif".
    pub(super) fn kind(&self, item: u32) -> Option<[u8; 4]> {
        let found = self.items.iter().find(|(id, _)| *id == item);
        found.map(|(_, kind)| *kind)
    }

    pub(super) fn item_of_kind(&self, kind: [u8; 4]) -> Option<u32> {
        let found = self.items.iter().find(|(_, found)| *found == kind);
        found.map(|(item, _)| *item)
    }

    /// The items that an item is made of, in their order.
    pub(super) fn parts(&self, item: u32) -> &[u32] {
        let found = self
            .references
            .iter()
            .find(|(kind, from, _)| kind == b"dimg" && *from == item);
        found.map_or(&[], |(_, _, to)| to)
    }

    /// An item's properties in the order in which they are applied.
    pub(super) fn properties(&self, item: u32) -> impl Iterator<Item = &Box<'b>> {
        self.associations
            .iter()
            .filter(move |(id, _)| *id == item)
            .flat_map(|(_, indexes)| indexes)
            .filter_map(|index| self.properties.get(index.checked_sub(1)?))
    }

    /// The bytes of an item of at most so many.
    ///
    /// # Errors
    /// When they are not all there, or too many.
    pub(super) fn bytes(
        &self,
        file: &'b [u8],
        item: u32,
        bytes_max: usize,
    ) -> Result<Vec<u8>, CodecError> {
        let mut bytes = Vec::new();
        for extent in self.extents(file, item)? {
            if bytes.len() + extent.len() > bytes_max {
                return Err(CodecError::broken("an item longer than any encoder writes"));
            }
            bytes.extend_from_slice(extent);
        }
        Ok(bytes)
    }

    /// The pieces of the file that an item's bytes are.
    pub(super) fn extents(&self, file: &'b [u8], item: u32) -> Result<Vec<&'b [u8]>, CodecError> {
        let location = self.locations.iter().find(|location| location.item == item);
        let location = location.ok_or_else(|| CodecError::broken("an item that is nowhere"))?;
        let within = if location.in_file { file } else { self.data };
        let extents = location.extents.iter().map(|(offset, length)| {
            let begin = usize::try_from(*offset).ok()?;
            // No length means all the rest.
            let end = match usize::try_from(*length).ok()? {
                0 => within.len(),
                length => begin.checked_add(length)?,
            };
            within.get(begin..end)
        });
        let extents: Option<Vec<&[u8]>> = extents.collect();
        extents.ok_or_else(|| CodecError::broken("an item that is cut off"))
    }
}

fn check_count(count: usize) -> Result<(), CodecError> {
    if count > ENTRIES_MAX {
        return Err(CodecError::broken("more entries than any encoder writes"));
    }
    Ok(())
}
