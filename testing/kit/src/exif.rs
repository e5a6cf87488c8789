//! EXIF as cameras write it: a TIFF block with everything in it that a person would not want to
//! publish.

/// Texts that must not be found in anything the server serves. Each metadata block carries its own.
pub mod marks {
    /// The camera's maker, in EXIF.
    pub const MAKE: &str = "MarkMakeHeliostat";
    /// The artist and owner, in EXIF.
    pub const OWNER: &str = "MarkOwnerAdaNymous";
    /// The camera's serial number, in EXIF.
    pub const SERIAL: &str = "MarkSerial0451776";
    /// The maker's own block, in EXIF.
    pub const MAKER_NOTE: &str = "MarkMakerNoteBlock";
    /// In an XMP packet.
    pub const XMP: &str = "MarkXmpPacket";
    /// In an IPTC block.
    pub const IPTC: &str = "MarkIptcCaption";
    /// In a JPEG comment or a PNG text chunk.
    pub const COMMENT: &str = "MarkCommentText";
    /// After the end of the picture.
    pub const TRAILING: &str = "MarkTrailingBytes";

    /// Every variant, for tests over all of them.
    pub const ALL: [&str; 8] = [
        MAKE, OWNER, SERIAL, MAKER_NOTE, XMP, IPTC, COMMENT, TRAILING,
    ];
}

/// What an EXIF block says.
#[derive(Debug, Clone, Default)]
pub struct Exif {
    /// 1 to 8; none to leave the field out.
    pub orientation: Option<u8>,
    /// Degrees north and east.
    pub position: Option<(f64, f64)>,
    /// Make, owner, serial number and maker note.
    pub personal: bool,
    /// A small JPEG of its own.
    pub thumbnail: Option<Vec<u8>>,
}

/// The position that [`Exif::everything`] gives away: 47° 33' 21.06" north, 7° 35' 18.74" east.
pub const POSITION: (f64, f64) = (47.555_85, 7.588_54);

impl Exif {
    /// A block with all of it.
    #[must_use]
    pub fn everything(orientation: u8, thumbnail: Vec<u8>) -> Self {
        Self {
            orientation: Some(orientation),
            position: Some(POSITION),
            personal: true,
            thumbnail: Some(thumbnail),
        }
    }

    /// Only which way is up.
    #[must_use]
    pub fn oriented(orientation: u8) -> Self {
        Self {
            orientation: Some(orientation),
            ..Self::default()
        }
    }

    /// The TIFF block, as it stands in a PNG's `eXIf` or a WebP's `EXIF` chunk.
    #[must_use]
    pub fn to_tiff(&self) -> Vec<u8> {
        let mut main = Directory::default();
        let mut camera = Directory::default();
        if self.personal {
            // Tags rise within a directory, as TIFF has them.
            main.text(0x010f, marks::MAKE);
            camera.bytes(0x927c, marks::MAKER_NOTE.as_bytes());
            camera.text(0xa430, marks::OWNER);
            camera.text(0xa431, marks::SERIAL);
        }
        if let Some(orientation) = self.orientation {
            main.short(0x0112, u16::from(orientation));
        }
        if self.personal {
            main.text(0x013b, marks::OWNER);
        }
        let position = self.position.map(position_directory);
        let thumbnail = self.thumbnail.as_deref();
        assemble(main, &camera, position, thumbnail)
    }
}

/// The three rationals of a coordinate, as bytes: what a scanner looks for where the tags are gone.
#[must_use]
pub fn coordinate_bytes(degrees: f64) -> Vec<u8> {
    let degrees = degrees.abs();
    let minutes = degrees.fract() * 60.0;
    let hundredths = (minutes.fract() * 60.0 * 100.0).round() as u32;
    let parts = [(degrees as u32, 1), (minutes as u32, 1), (hundredths, 100)];
    let mut bytes = Vec::with_capacity(24);
    for (over, under) in parts {
        bytes.extend_from_slice(&over.to_le_bytes());
        bytes.extend_from_slice(&u32::to_le_bytes(under));
    }
    bytes
}

fn position_directory((north, east): (f64, f64)) -> Directory {
    let mut directory = Directory::default();
    directory.entry(0x0000, 1, 4, vec![2, 3, 0, 0]);
    directory.text(0x0001, if north >= 0.0 { "N" } else { "S" });
    directory.entry(0x0002, 5, 3, coordinate_bytes(north));
    directory.text(0x0003, if east >= 0.0 { "E" } else { "W" });
    directory.entry(0x0004, 5, 3, coordinate_bytes(east));
    directory
}

/// A TIFF directory: tags in rising order, values longer than four bytes after it.
#[derive(Default)]
struct Directory {
    entries: Vec<(u16, u16, u32, Vec<u8>)>,
}

impl Directory {
    fn entry(&mut self, tag: u16, kind: u16, count: u32, value: Vec<u8>) {
        self.entries.push((tag, kind, count, value));
    }

    fn text(&mut self, tag: u16, text: &str) {
        let mut value = text.as_bytes().to_vec();
        value.push(0);
        self.entry(tag, 2, value.len() as u32, value);
    }

    fn bytes(&mut self, tag: u16, bytes: &[u8]) {
        self.entry(tag, 7, bytes.len() as u32, bytes.to_vec());
    }

    fn short(&mut self, tag: u16, value: u16) {
        let [low, high] = value.to_le_bytes();
        self.entry(tag, 3, 1, vec![low, high, 0, 0]);
    }

    fn long(&mut self, tag: u16, value: u32) {
        self.entry(tag, 4, 1, value.to_le_bytes().to_vec());
    }

    /// Bytes it takes, values included.
    fn size(&self) -> u32 {
        let values: usize = self
            .entries
            .iter()
            .map(|(.., value)| bytes_outside_entry(value))
            .sum();
        (2 + self.entries.len() * 12 + 4 + values) as u32
    }

    fn write(&self, at: u32, next: u32, out: &mut Vec<u8>) {
        let mut values = Vec::new();
        let values_at = at + 2 + self.entries.len() as u32 * 12 + 4;
        out.extend_from_slice(&(self.entries.len() as u16).to_le_bytes());
        for (tag, kind, count, value) in &self.entries {
            out.extend_from_slice(&tag.to_le_bytes());
            out.extend_from_slice(&kind.to_le_bytes());
            out.extend_from_slice(&count.to_le_bytes());
            if bytes_outside_entry(value) == 0 {
                let mut inline = value.clone();
                inline.resize(4, 0);
                out.extend_from_slice(&inline);
            } else {
                out.extend_from_slice(&(values_at + values.len() as u32).to_le_bytes());
                values.extend_from_slice(value);
                values.resize(values.len().next_multiple_of(2), 0);
            }
        }
        out.extend_from_slice(&next.to_le_bytes());
        out.extend_from_slice(&values);
    }
}

/// How many bytes of a value stand outside its entry.
fn bytes_outside_entry(value: &[u8]) -> usize {
    if value.len() <= 4 {
        0
    } else {
        value.len().next_multiple_of(2)
    }
}

fn assemble(
    mut main: Directory,
    camera: &Directory,
    position: Option<Directory>,
    thumbnail: Option<&[u8]>,
) -> Vec<u8> {
    const HEADER: u32 = 8;
    // The pointers' own entries count towards the size, so they go in before the offsets are
    // computed.
    let pointers = 1 + u32::from(position.is_some());
    let camera_at = HEADER + main.size() + pointers * 12;
    let position_at = camera_at + camera.size();
    let thumbnail_at = position_at + position.as_ref().map_or(0, Directory::size);
    main.long(0x8769, camera_at);
    if position.is_some() {
        main.long(0x8825, position_at);
    }
    let mut out = b"II\x2a\0\x08\0\0\0".to_vec();
    main.write(
        HEADER,
        if thumbnail.is_some() { thumbnail_at } else { 0 },
        &mut out,
    );
    camera.write(camera_at, 0, &mut out);
    if let Some(position) = position {
        position.write(position_at, 0, &mut out);
    }
    if let Some(picture) = thumbnail {
        let mut directory = Directory::default();
        directory.short(0x0103, 6);
        directory.long(0x0201, 0);
        directory.long(0x0202, picture.len() as u32);
        let picture_at = thumbnail_at + directory.size();
        // Only now: where the picture is depends on how long this directory is.
        directory.entries[1].3 = picture_at.to_le_bytes().to_vec();
        directory.write(thumbnail_at, 0, &mut out);
        out.extend_from_slice(picture);
    }
    out
}

/// An XMP packet with an owner and a place in it.
#[must_use]
pub fn xmp_packet() -> String {
    format!(
        r#"<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:GPSLatitude="47,33.351N" exif:GPSLongitude="7,35.312E" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:creator="{}"/></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"#,
        marks::XMP
    )
}
