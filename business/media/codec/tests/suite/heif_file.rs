//! HEIC and AVIF files made box by box, as far as their headers are read. Their pictures hold
//! nothing that can be decoded.

/// A picture, or something that pictures are made of.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) id: u16,
    pub(crate) kind: [u8; 4],
    /// What its `ispe` says.
    pub(crate) size: (u32, u32),
    pub(crate) properties: Vec<Vec<u8>>,
    pub(crate) data: Vec<u8>,
}

impl Item {
    pub(crate) fn new(id: u16, kind: &[u8; 4], size: (u32, u32)) -> Self {
        Self {
            id,
            kind: *kind,
            size,
            properties: vec![hevc_of(8)],
            data: b"pixels".to_vec(),
        }
    }

    pub(crate) fn grid(id: u16, size: (u32, u32), columns: u8, rows: u8) -> Self {
        // With sides of 32 bits.
        let mut data = vec![0, 1, rows - 1, columns - 1];
        data.extend(size.0.to_be_bytes());
        data.extend(size.1.to_be_bytes());
        Self {
            properties: Vec::new(),
            data,
            ..Self::new(id, b"grid", size)
        }
    }

    pub(crate) fn overlay(id: u16, size: (u32, u32)) -> Self {
        // With sides of 32 bits, after what it is filled with.
        let mut data = vec![0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
        data.extend(size.0.to_be_bytes());
        data.extend(size.1.to_be_bytes());
        Self {
            properties: Vec::new(),
            data,
            ..Self::new(id, b"iovl", size)
        }
    }

    pub(crate) fn identity(id: u16, size: (u32, u32)) -> Self {
        Self {
            properties: Vec::new(),
            data: Vec::new(),
            ..Self::new(id, b"iden", size)
        }
    }

    pub(crate) fn av1(id: u16, size: (u32, u32)) -> Self {
        Self {
            properties: vec![av1_of(8)],
            ..Self::new(id, b"av01", size)
        }
    }

    pub(crate) fn with(mut self, property: Vec<u8>) -> Self {
        self.properties.push(property);
        self
    }
}

/// The configuration of a HEVC picture of so many bits a channel.
pub(crate) fn hevc_of(bits: u8) -> Vec<u8> {
    let mut body = vec![0; 23];
    body[17] = 0xf8 | (bits - 8);
    part(b"hvcC", &body)
}

/// The same of an AV1 picture.
pub(crate) fn av1_of(bits: u8) -> Vec<u8> {
    part(b"av1C", &[0x81, 0, if bits > 8 { 0x4c } else { 0x0c }, 0])
}

/// Says that an item is the opacity of another.
pub(crate) fn alpha() -> Vec<u8> {
    part(
        b"auxC",
        b"\0\0\0\0urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0",
    )
}

/// A file whose primary picture is its first item.
#[derive(Debug, Clone)]
pub(crate) struct File {
    pub(crate) brand: [u8; 4],
    pub(crate) items: Vec<Item>,
    /// Kind, from, to.
    pub(crate) references: Vec<([u8; 4], u16, Vec<u16>)>,
    /// Written after the boxes of `meta` that are made of the above.
    pub(crate) in_meta: Vec<u8>,
    /// The same of `iprp` and `iloc`; how many items that adds to `iloc`.
    pub(crate) in_properties: Vec<u8>,
    pub(crate) in_locations: (u16, Vec<u8>),
    /// Items whose bytes are in so many pieces: all of them, and then the first again and again.
    pub(crate) pieces: Vec<(u16, usize)>,
}

impl File {
    pub(crate) fn heic(items: Vec<Item>) -> Self {
        Self {
            brand: *b"heic",
            items,
            references: Vec::new(),
            in_meta: Vec::new(),
            in_properties: Vec::new(),
            in_locations: (0, Vec::new()),
            pieces: Vec::new(),
        }
    }

    pub(crate) fn avif(items: Vec<Item>) -> Self {
        Self {
            brand: *b"avif",
            ..Self::heic(items)
        }
    }

    pub(crate) fn refer(mut self, kind: &[u8; 4], from: u16, to: &[u16]) -> Self {
        self.references.push((*kind, from, to.to_vec()));
        self
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let brands = [&self.brand[..], &[0; 4], b"mif1", &self.brand].concat();
        let meta = [
            vec![0; 4],
            part(
                b"pitm",
                &[&[0; 4], &self.items[0].id.to_be_bytes()[..]].concat(),
            ),
            part(b"iinf", &self.iinf()),
            part(b"iref", &self.iref()),
            part(b"iprp", &self.iprp()),
            part(b"iloc", &self.iloc()),
            part(b"idat", &self.idat()),
            self.in_meta.clone(),
        ];
        [part(b"ftyp", &brands), part(b"meta", &meta.concat())].concat()
    }

    fn iinf(&self) -> Vec<u8> {
        let mut body = vec![0; 4];
        body.extend(count(self.items.len()));
        for item in &self.items {
            let id = item.id.to_be_bytes();
            let entry = [&[2, 0, 0, 0], &id[..], &[0; 2], &item.kind, &[0]].concat();
            body.extend(part(b"infe", &entry));
        }
        body
    }

    fn iref(&self) -> Vec<u8> {
        let mut body = vec![0; 4];
        for (kind, from, to) in &self.references {
            body.extend(reference(kind, *from, to));
        }
        body
    }

    fn iprp(&self) -> Vec<u8> {
        let (mut ipco, mut associations, mut index) = (Vec::new(), Vec::new(), 0_u16);
        for item in &self.items {
            let mut properties = vec![ispe(item.size)];
            properties.extend(item.properties.clone());
            let indexes: Vec<u16> = properties.iter().map(|_| next(&mut index)).collect();
            ipco.extend(properties.concat());
            associations.push((item.id, indexes));
        }
        let ipma = ipma(&associations);
        [part(b"ipco", &ipco), ipma, self.in_properties.clone()].concat()
    }

    /// Version 1, with offsets and lengths of 4 bytes, in `idat`.
    fn iloc(&self) -> Vec<u8> {
        let (more, entries) = &self.in_locations;
        let mut body = vec![1, 0, 0, 0, 0x44, 0];
        body.extend(count(self.items.len() + usize::from(*more)));
        let mut offset = 0;
        for item in &self.items {
            let mut extents = vec![(offset, item.data.len())];
            for (_, count) in self.pieces.iter().filter(|(id, _)| *id == item.id) {
                extents.resize(*count, (offset, 1));
            }
            body.extend(location(item.id, &extents));
            offset += item.data.len();
        }
        body.extend(entries);
        body
    }

    fn idat(&self) -> Vec<u8> {
        self.items
            .iter()
            .flat_map(|item| item.data.clone())
            .collect()
    }
}

fn next(index: &mut u16) -> u16 {
    *index += 1;
    *index
}

fn count(count: usize) -> [u8; 2] {
    u16::try_from(count).unwrap().to_be_bytes()
}

/// A box.
pub(crate) fn part(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(8 + body.len()).unwrap();
    [&length.to_be_bytes()[..], kind, body].concat()
}

pub(crate) fn ispe((width, height): (u32, u32)) -> Vec<u8> {
    let sides = [width.to_be_bytes(), height.to_be_bytes()].concat();
    part(b"ispe", &[&[0; 4], &sides[..]].concat())
}

pub(crate) fn reference(kind: &[u8; 4], from: u16, to: &[u16]) -> Vec<u8> {
    let mut body = [from.to_be_bytes(), count(to.len())].concat();
    body.extend(to.iter().flat_map(|to| to.to_be_bytes()));
    part(kind, &body)
}

/// Indexes of 15 bits.
pub(crate) fn ipma(associations: &[(u16, Vec<u16>)]) -> Vec<u8> {
    let mut body = vec![0, 0, 0, 1];
    body.extend(u32::try_from(associations.len()).unwrap().to_be_bytes());
    for (item, indexes) in associations {
        body.extend(item.to_be_bytes());
        body.push(u8::try_from(indexes.len()).unwrap());
        body.extend(indexes.iter().flat_map(|index| index.to_be_bytes()));
    }
    part(b"ipma", &body)
}

/// Where an item is in `idat`: offsets and lengths.
pub(crate) fn location(item: u16, extents: &[(usize, usize)]) -> Vec<u8> {
    let mut body = [item.to_be_bytes(), [0, 1], [0, 0], count(extents.len())].concat();
    for (offset, length) in extents {
        body.extend(u32::try_from(*offset).unwrap().to_be_bytes());
        body.extend(u32::try_from(*length).unwrap().to_be_bytes());
    }
    body
}
