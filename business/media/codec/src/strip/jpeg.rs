//! JPEG: one frame, its scans, and of the tables before them those that they use; and of the
//! application segments the two that say how colours are coded.

mod scans;
mod tables;

use super::company::{Company, Purpose};
use crate::container::jpeg::{
    END, SCAN, START, Segment, adobe_transform, is_jfif, segments, write, write_profile,
};
use crate::raster::Channels;
use crate::{CodecError, Format};

use scans::{Frame, odd};
use tables::{HUFFMAN, QUANTIZATION, Tables};

const RESTART: u8 = 0xdd;

/// JFIF 1.01, square pixels, no thumbnail: all that a reader takes from it is how the colours are
/// coded.
const JFIF: &[u8] = b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0";
/// Scans in a file, as in decoding.
const SCANS_MAX: usize = 50;

pub(super) fn strip(file: &[u8], purpose: Purpose) -> Result<Vec<u8>, CodecError> {
    let mut picture = Picture {
        scans: Vec::with_capacity(file.len()),
        ..Picture::default()
    };
    for segment in segments(file) {
        picture.take(&segment?)?;
    }
    let channels = picture.finish()?;
    picture.prefer_jfif(channels)?;
    if purpose == Purpose::Published && picture.adobe.is_some() {
        return Err(CodecError::unsupported(
            "This picture's colours are coded in a rare way.",
        ));
    }
    let company = Company::of(file, Format::Jpeg, channels, purpose)?;
    picture.write(&company)
}

/// What was seen of a file so far.
#[derive(Debug, Default)]
struct Picture {
    jfif: bool,
    /// How Adobe's segment says that colours are coded.
    adobe: Option<u8>,
    /// The frame's marker and body.
    header: (u8, Vec<u8>),
    frame: Option<Frame>,
    tables: Tables,
    /// Units between restarts, as the file says and as was written; 0 for none.
    restart_interval: u16,
    restart_interval_written: u16,
    /// What was written of scans, each after the tables that it uses and that were not there yet.
    scans: Vec<u8>,
    scan_count: usize,
    ended: bool,
}

impl Picture {
    fn take(&mut self, segment: &Segment<'_>) -> Result<(), CodecError> {
        let Segment {
            marker,
            body,
            coded,
        } = *segment;
        match marker {
            END => self.ended = true,
            0xe0 => self.jfif |= is_jfif(body),
            0xee => self.adobe(body)?,
            0xe0..=0xef | 0xfe => {}
            QUANTIZATION => self.tables.take_quantization(body)?,
            HUFFMAN => self.tables.take_huffman(body)?,
            RESTART => {
                let interval: &[u8; 2] = body.try_into().map_err(|_| odd("restart interval"))?;
                self.restart_interval = u16::from_be_bytes(*interval);
            }
            0xc0..=0xc2 if self.frame.is_none() => {
                self.frame = Some(Frame::read(body, marker == 0xc2)?);
                self.header = (marker, body.to_vec());
            }
            SCAN => self.scan(body, coded)?,
            _ => return Err(odd("segment")),
        }
        Ok(())
    }

    /// Two that say different things are read differently.
    fn adobe(&mut self, body: &[u8]) -> Result<(), CodecError> {
        let transform = adobe_transform(body);
        if transform.is_some() && self.adobe.is_some_and(|before| transform != Some(before)) {
            return Err(odd("colour transform"));
        }
        self.adobe = self.adobe.or(transform);
        Ok(())
    }

    fn scan(&mut self, body: &[u8], coded: &[u8]) -> Result<(), CodecError> {
        let frame = self
            .frame
            .as_mut()
            .ok_or_else(|| odd("scan before the frame"))?;
        self.scan_count += 1;
        let scan = frame.scan(body)?;
        if self.scan_count > SCANS_MAX || coded.is_empty() {
            return Err(odd("scan"));
        }
        self.tables.use_by(&scan, &mut self.scans)?;
        let restarts = scan.restarts(self.restart_interval);
        if !restarts_are(coded, restarts) {
            return Err(odd("restart"));
        }
        // Where there is no restart, the interval says nothing.
        let interval = if restarts == 0 {
            0
        } else {
            self.restart_interval
        };
        if interval != self.restart_interval_written {
            write(&mut self.scans, RESTART, &interval.to_be_bytes());
            self.restart_interval_written = interval;
        }
        write(&mut self.scans, SCAN, &scan.header());
        self.scans.extend(coded);
        Ok(())
    }

    /// What Adobe's segment says of gray and of YCbCr, JFIF says too, and every reader understands.
    /// What only some readers know is refused.
    fn prefer_jfif(&mut self, channels: Channels) -> Result<(), CodecError> {
        match (channels, self.adobe) {
            (Channels::Gray, Some(_)) | (Channels::Rgb, Some(1)) => {
                self.jfif = true;
                self.adobe = None;
            }
            // Where the two disagree, every browser goes by JFIF.
            (Channels::Rgb, Some(_)) if self.jfif => self.adobe = None,
            (Channels::Rgb, Some(0)) => {}
            // JFIF knows no ink.
            (Channels::Cmyk, Some(0 | 2)) => self.jfif = false,
            (Channels::Rgb | Channels::Cmyk, Some(_)) => return Err(odd("colour transform")),
            (_, None) => {}
        }
        // By these names they are red, green and blue, and by JFIF they are not: readers differ.
        let is_named_rgb = self.frame.as_ref().is_some_and(Frame::is_named_rgb);
        if self.jfif && is_named_rgb {
            return Err(odd("colour transform"));
        }
        Ok(())
    }

    fn finish(&self) -> Result<Channels, CodecError> {
        let frame = self
            .frame
            .as_ref()
            .ok_or_else(|| odd("end before the frame"))?;
        if !self.ended || !frame.is_whole() {
            return Err(odd("end"));
        }
        match frame.component_count() {
            1 => Ok(Channels::Gray),
            3 => Ok(Channels::Rgb),
            4 => Ok(Channels::Cmyk),
            _ => Err(odd("number of components")),
        }
    }

    fn write(&self, company: &Company) -> Result<Vec<u8>, CodecError> {
        let mut out = Vec::with_capacity(self.scans.len() + 1_024);
        out.extend([0xff, START]);
        if self.jfif {
            write(&mut out, 0xe0, JFIF);
        }
        if let Some(exif) = &company.exif {
            write(&mut out, 0xe1, &[b"Exif\0\0", &exif[..]].concat());
        }
        if let Some(profile) = &company.profile {
            write_profile(&mut out, profile)
                .ok_or_else(|| CodecError::broken("a profile that does not fit"))?;
        }
        if let Some(transform) = self.adobe {
            let adobe = [b"Adobe\0\x64\0\0\0\0", &[transform][..]].concat();
            write(&mut out, 0xee, &adobe);
        }
        self.tables.write_quantization(&mut out);
        write(&mut out, self.header.0, &self.header.1);
        out.extend(&self.scans);
        out.extend([0xff, END]);
        Ok(out)
    }
}

/// Whether coded data has so many restarts, in their order.
fn restarts_are(coded: &[u8], count: u64) -> bool {
    let restarts = memchr::memchr_iter(0xff, coded)
        .filter_map(|at| coded.get(at + 1).copied())
        .filter(|next| *next != 0);
    let expected = (0xd0..=0xd7u8).cycle();
    let mut found = 0;
    for (restart, expected) in restarts.zip(expected) {
        found += 1;
        if restart != expected {
            return false;
        }
    }
    found == count
}
