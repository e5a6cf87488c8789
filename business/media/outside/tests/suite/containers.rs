//! Containers taken apart and put together.

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
pub(crate) fn rebuilt(file: &[u8], properties: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
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
