//! Containers taken apart and put together.

/// What a container says of a picture: its kind and its body.
pub(crate) type Property<'p> = (&'p [u8; 4], &'p [u8]);

/// Where something first is.
fn find(bytes: &[u8], what: &[u8]) -> usize {
    bytes
        .windows(what.len())
        .position(|window| window == what)
        .unwrap()
}

/// A box.
fn part(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut part = u32::try_from(8 + body.len())
        .unwrap()
        .to_be_bytes()
        .to_vec();
    part.extend(kind);
    part.extend(body);
    part
}

/// The body of the first box of this kind.
pub(crate) fn body<'f>(file: &'f [u8], kind: &[u8; 4]) -> &'f [u8] {
    let at = find(file, kind);
    let length = u32::from_be_bytes(file[at - 4..at].try_into().unwrap()) as usize;
    &file[at + 4..at - 4 + length]
}

/// The file's picture in a container of our own, with more properties, in this order.
pub(crate) fn rebuilt(file: &[u8], properties: &[Property<'_>]) -> Vec<u8> {
    let picture = body(file, b"mdat");
    let mut ipco = part(b"ispe", body(file, b"ispe"));
    ipco.extend(part(b"av1C", body(file, b"av1C")));
    let mut ipma = vec![0, 0, 0, 0, 0, 0, 0, 1, 0, 1];
    ipma.push(u8::try_from(2 + properties.len()).unwrap());
    ipma.extend([0x81, 0x82]);
    for ((kind, property), index) in properties.iter().zip(3..) {
        ipco.extend(part(kind, property));
        // It must be understood.
        ipma.push(0x80 | index);
    }
    let properties = [part(b"ipco", &ipco), part(b"ipma", &ipma)].concat();
    let make = |offset: usize| {
        let mut iloc = vec![0, 0, 0, 0, 0x44, 0, 0, 1, 0, 1, 0, 0, 0, 1];
        iloc.extend(u32::try_from(offset).unwrap().to_be_bytes());
        iloc.extend(u32::try_from(picture.len()).unwrap().to_be_bytes());
        let meta = [
            vec![0; 4],
            part(b"hdlr", body(file, b"hdlr")),
            part(b"pitm", &[0, 0, 0, 0, 0, 1]),
            part(b"iloc", &iloc),
            part(b"iinf", body(file, b"iinf")),
            part(b"iprp", &properties),
        ]
        .concat();
        [part(b"ftyp", body(file, b"ftyp")), part(b"meta", &meta)].concat()
    };
    let offset = make(0).len() + 8;
    [make(offset), part(b"mdat", picture)].concat()
}

/// The file with another size in the first box that says one.
pub(crate) fn resized(file: &[u8], (width, height): (u32, u32)) -> Vec<u8> {
    let at = find(file, b"ispe") + 8;
    let mut file = file.to_vec();
    file[at..at + 4].copy_from_slice(&width.to_be_bytes());
    file[at + 4..at + 8].copy_from_slice(&height.to_be_bytes());
    file
}

/// Two of the file's AV1 picture beside each other, as tiles of a grid; the grid has this `colr`,
/// the tiles none.
pub(crate) fn tiled(file: &[u8], colr: &[u8]) -> Vec<u8> {
    let picture = body(file, b"mdat");
    let side = |at: usize| u32::from_be_bytes(body(file, b"ispe")[at..at + 4].try_into().unwrap());
    let (width, height) = (side(4) * 2, side(8));
    let sides = [width.to_be_bytes(), height.to_be_bytes()].concat();
    let grid = [&[0, 1, 0, 1][..], &sides].concat();
    let ipco = [
        part(b"ispe", &[&[0; 4], &sides[..]].concat()),
        part(b"ispe", body(file, b"ispe")),
        part(b"av1C", body(file, b"av1C")),
        part(b"colr", colr),
    ];
    // The grid is item 1, the tile item 2.
    let ipma = [
        0, 0, 0, 0, 0, 0, 0, 2, 0, 1, 2, 0x81, 0x04, 0, 2, 2, 0x82, 0x83,
    ];
    let properties = [part(b"ipco", &ipco.concat()), part(b"ipma", &ipma)].concat();
    let entry =
        |id: u8, kind: &[u8]| part(b"infe", &[&[2, 0, 0, 0, 0, id, 0, 0], kind, &[0]].concat());
    let iinf = [
        &[0, 0, 0, 0, 0, 2][..],
        &entry(1, b"grid"),
        &entry(2, b"av01"),
    ]
    .concat();
    let iref = [&[0; 4][..], &part(b"dimg", &[0, 1, 0, 2, 0, 2, 0, 2])].concat();
    let make = |offset: usize| {
        // Version 1: the grid is in `idat`, the tile in the file.
        let mut iloc = vec![1, 0, 0, 0, 0x44, 0, 0, 2];
        for (head, offset, length) in [
            ([0, 1, 0, 1, 0, 0, 0, 1], 0, grid.len()),
            ([0, 2, 0, 0, 0, 0, 0, 1], offset, picture.len()),
        ] {
            iloc.extend(head);
            iloc.extend(u32::try_from(offset).unwrap().to_be_bytes());
            iloc.extend(u32::try_from(length).unwrap().to_be_bytes());
        }
        let meta = [
            vec![0; 4],
            part(b"hdlr", body(file, b"hdlr")),
            part(b"pitm", &[0, 0, 0, 0, 0, 1]),
            part(b"iloc", &iloc),
            part(b"iinf", &iinf),
            part(b"iref", &iref),
            part(b"iprp", &properties),
            part(b"idat", &grid),
        ];
        [
            part(b"ftyp", body(file, b"ftyp")),
            part(b"meta", &meta.concat()),
        ]
        .concat()
    };
    let offset = make(0).len() + 8;
    [make(offset), part(b"mdat", picture)].concat()
}
