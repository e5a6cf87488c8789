//! JPEG: tables, one frame, its scans; and of the application segments the two that say how colours are coded.

use super::{Company, Purpose};
use crate::container::jpeg::{END, SCAN, START, Segment, segments, write, write_profile};
use crate::raster::Channels;
use crate::{CodecError, Format};

const QUANTIZATION: u8 = 0xdb;
const HUFFMAN: u8 = 0xc4;
const RESTART: u8 = 0xdd;

/// JFIF 1.01, square pixels, no thumbnail: all that a reader takes from it is how the colours are coded.
const JFIF: &[u8] = b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0";
/// Bytes of tables in all. Sixteen a scan, made anew for each of fifty, take fewer; more would be a place to hide things.
const TABLE_BYTES_MAX: usize = 64 * 1024;
/// Scans in a file, as in decoding.
const SCANS_MAX: usize = 50;

pub(super) fn strip(file: &[u8], purpose: Purpose) -> Result<Vec<u8>, CodecError> {
    let mut picture = Picture::default();
    let mut body = Vec::with_capacity(file.len());
    for segment in segments(file) {
        let segment = segment?;
        if picture.takes(&segment)? {
            write(&mut body, segment.marker, segment.body);
            body.extend(segment.coded);
        }
    }
    let channels = picture.finish()?;
    picture.prefer_jfif(channels);
    if purpose == Purpose::Published && picture.adobe.is_some() {
        return Err(CodecError::unsupported(
            "This picture's colours are coded in a rare way.",
        ));
    }
    let mut out = Vec::with_capacity(body.len() + 64);
    out.extend([0xff, START]);
    if picture.jfif {
        write(&mut out, 0xe0, JFIF);
    }
    let company = Company::of(file, Format::Jpeg, channels, purpose)?;
    if let Some(exif) = company.exif {
        write(&mut out, 0xe1, &[b"Exif\0\0", &exif[..]].concat());
    }
    if let Some(profile) = company.profile {
        write_profile(&mut out, &profile)
            .ok_or_else(|| CodecError::broken("a profile that does not fit"))?;
    }
    if let Some(transform) = picture.adobe {
        write(
            &mut out,
            0xee,
            &[b"Adobe\0\x64\0\0\0\0", &[transform][..]].concat(),
        );
    }
    out.extend(body);
    out.extend([0xff, END]);
    Ok(out)
}

/// What was seen of a file so far.
#[derive(Debug, Default)]
struct Picture {
    jfif: bool,
    /// How Adobe's segment says that colours are coded.
    adobe: Option<u8>,
    frame: Option<Frame>,
    scans: usize,
    table_bytes: usize,
    /// Units between restarts; 0 for none.
    restart_interval: u16,
    ended: bool,
}

#[derive(Debug)]
struct Frame {
    progressive: bool,
    components: Vec<u8>,
}

impl Picture {
    /// Whether the segment is to be kept.
    fn takes(&mut self, segment: &Segment<'_>) -> Result<bool, CodecError> {
        let Segment {
            marker,
            body,
            coded,
        } = *segment;
        match marker {
            END => self.ended = true,
            0xe0 => self.jfif |= body.starts_with(b"JFIF\0"),
            0xee if self.adobe.is_none() => self.adobe = adobe(body),
            0xe0..=0xef | 0xfe => {}
            QUANTIZATION => return self.table(body, quantization(body)),
            HUFFMAN => return self.table(body, huffman(body)),
            RESTART => {
                let interval: &[u8; 2] = body.try_into().map_err(|_| odd("restart interval"))?;
                self.restart_interval = u16::from_be_bytes(*interval);
                return Ok(true);
            }
            0xc0..=0xc2 if self.frame.is_none() => {
                self.frame = Some(Frame::read(body, marker == 0xc2)?);
                return Ok(true);
            }
            SCAN => return self.scan(body, coded),
            _ => return Err(odd("segment")),
        }
        Ok(false)
    }

    fn table(&mut self, body: &[u8], well_formed: bool) -> Result<bool, CodecError> {
        self.table_bytes += body.len();
        if !well_formed || self.table_bytes > TABLE_BYTES_MAX {
            return Err(odd("table"));
        }
        Ok(true)
    }

    fn scan(&mut self, body: &[u8], coded: &[u8]) -> Result<bool, CodecError> {
        let frame = self
            .frame
            .as_ref()
            .ok_or_else(|| odd("scan before the frame"))?;
        self.scans += 1;
        let [count, rest @ ..] = body else {
            return Err(odd("scan"));
        };
        let count = usize::from(*count);
        if self.scans > SCANS_MAX || !(1..=4).contains(&count) || rest.len() != count * 2 + 3 {
            return Err(odd("scan"));
        }
        let (components, selection) = rest.split_at(count * 2);
        let known =
            |component: &[u8]| frame.components.contains(&component[0]) && component[1] & 0xcc == 0;
        if !components.chunks_exact(2).all(known) || !frame.allows(selection) {
            return Err(odd("scan"));
        }
        if coded.is_empty() || !self.restarts_are_in_order(coded) {
            return Err(odd("scan"));
        }
        Ok(true)
    }

    fn restarts_are_in_order(&self, coded: &[u8]) -> bool {
        let restarts = memchr::memchr_iter(0xff, coded)
            .filter_map(|at| coded.get(at + 1).copied())
            .filter(|next| *next != 0);
        let mut expected = (0xd0..=0xd7u8).cycle();
        let mut in_order = restarts.map(|restart| expected.next() == Some(restart));
        if self.restart_interval == 0 {
            in_order.next().is_none()
        } else {
            in_order.all(|in_order| in_order)
        }
    }

    /// What Adobe's segment says of gray and of YCbCr, JFIF says too, and every reader understands.
    fn prefer_jfif(&mut self, channels: Channels) {
        let (gray, adobe) = (channels == Channels::Gray, self.adobe.is_some());
        if (gray && adobe) || (channels == Channels::Rgb && self.adobe == Some(1)) {
            self.jfif = true;
            self.adobe = None;
        }
    }

    fn finish(&self) -> Result<Channels, CodecError> {
        let frame = self
            .frame
            .as_ref()
            .ok_or_else(|| odd("end before the frame"))?;
        if !self.ended || self.scans == 0 {
            return Err(odd("end"));
        }
        match frame.components.len() {
            1 => Ok(Channels::Gray),
            3 => Ok(Channels::Rgb),
            4 => Ok(Channels::Cmyk),
            _ => Err(odd("number of components")),
        }
    }
}

impl Frame {
    fn read(body: &[u8], progressive: bool) -> Result<Self, CodecError> {
        let [8, rest @ ..] = body else {
            return Err(odd("depth"));
        };
        let [high, low, wide, narrow, count, components @ ..] = rest else {
            return Err(odd("frame"));
        };
        let sampling = |component: &[u8]| {
            let sides = [component[1] >> 4, component[1] & 15];
            sides.iter().all(|side| (1..=4).contains(side)) && component[2] < 4
        };
        let well_formed = [*high, *low] != [0, 0]
            && [*wide, *narrow] != [0, 0]
            && components.len() == usize::from(*count) * 3
            && components.chunks_exact(3).all(sampling);
        if !well_formed {
            return Err(odd("frame"));
        }
        Ok(Self {
            progressive,
            components: components
                .chunks_exact(3)
                .map(|component| component[0])
                .collect(),
        })
    }

    /// Whether its scans may be of these coefficients and bits.
    fn allows(&self, selection: &[u8]) -> bool {
        match *selection {
            [first, last, bits] if self.progressive => {
                first <= last && last < 64 && bits >> 4 <= 13 && bits & 15 <= 13
            }
            [first, last, bits] => [first, last, bits] == [0, 63, 0],
            _ => false,
        }
    }
}

/// How Adobe's segment says that colours are coded: 0 for as they are, 1 for YCbCr, 2 for YCCK.
fn adobe(body: &[u8]) -> Option<u8> {
    let after = body.strip_prefix(b"Adobe")?;
    after.get(6).copied().filter(|transform| *transform <= 2)
}

/// Whether a segment is quantization tables and nothing else.
fn quantization(mut body: &[u8]) -> bool {
    while let [head, after @ ..] = body {
        let bytes = match head >> 4 {
            0 => 64,
            1 => 128,
            _ => return false,
        };
        if head & 15 > 3 || after.len() < bytes {
            return false;
        }
        body = &after[bytes..];
    }
    true
}

/// Whether a segment is Huffman tables and nothing else.
fn huffman(mut body: &[u8]) -> bool {
    while let [head, after @ ..] = body {
        let Some((counts, after)) = after.split_first_chunk::<16>() else {
            return false;
        };
        let codes = counts
            .iter()
            .map(|count| usize::from(*count))
            .sum::<usize>();
        if head & 0xec != 0 || codes > 256 || after.len() < codes {
            return false;
        }
        body = &after[codes..];
    }
    true
}

fn odd(what: &str) -> CodecError {
    CodecError::broken(format!("a {what} that is not well formed"))
}
