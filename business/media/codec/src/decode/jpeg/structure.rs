//! What a file is made of, found by walking its segments. Every bound on what decoding takes is
//! estimated from this, and the decoder is handed nothing but what was found here
//! ([`super::canonical`]), so a file cannot be read in two ways.

use super::frame::Frame;
use crate::container::jpeg::{END, SCAN, Segment, adobe_transform, is_jfif, segments};
use crate::{CodecError, Limits};

/// Scans taken in a progressive file; encoders write ten or so, and each costs a pass over the
/// whole picture.
pub(super) const SCANS_MAX: usize = 50;
/// Segments looked at; a large profile or preview takes some hundreds.
const SEGMENTS_MAX: usize = 20_000;

/// How a pixel's numbers are coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Gray,
    YCbCr,
    Rgb,
    Cmyk,
    Ycck,
}

/// What the segments of a file say.
#[derive(Debug)]
pub(super) struct Structure<'b> {
    pub(super) frame: Frame,
    pub(super) coding: Coding,
    pub(super) scans: usize,
    /// The segments that the picture is made of, in their order.
    pub(super) segments: Vec<Segment<'b>>,
    /// What the file's scans and tables take, in bytes.
    pub(super) bytes: u64,
    /// Whether the file ends without saying so; [`check_end`](super::entropy::check_end) finds out
    /// whether it holds its pixels all the same.
    pub(super) lacks_end: bool,
}

impl<'b> Structure<'b> {
    /// Walks a file to its end marker, or to what follows its last scan.
    pub(super) fn read(file: &'b [u8], limits: &Limits) -> Result<Self, CodecError> {
        let mut found = Found::default();
        for (index, segment) in segments(file).enumerate() {
            if index >= SEGMENTS_MAX {
                return Err(CodecError::broken("more markers than any camera writes"));
            }
            match segment {
                Ok(segment) if segment.marker == END => return found.finish(false),
                Ok(segment) => found.take(segment, limits)?,
                Err(error) if found.scans.count == 0 => return Err(error),
                Err(_) => return found.finish(true),
            }
        }
        Err(CodecError::broken("cut off before its end marker"))
    }

    /// Whether a file that is not progressive has several scans: one for each colour, or for some
    /// of them.
    pub(super) const fn stores_colors_apart(&self) -> bool {
        !self.frame.progressive && self.scans > 1
    }
}

/// What was seen of a file so far.
#[derive(Default)]
struct Found<'b> {
    frame: Option<Frame>,
    scans: Scans,
    jfif: bool,
    /// How Adobe's segment says that colours are coded.
    adobe: Option<u8>,
    segments: Vec<Segment<'b>>,
}

impl<'b> Found<'b> {
    fn take(&mut self, segment: Segment<'b>, limits: &Limits) -> Result<(), CodecError> {
        let Segment { marker, body, .. } = segment;
        match marker {
            // What is made of the picture goes by the first; sizes estimated from another would be
            // no bound on it.
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf if self.frame.is_some() => {
                return Err(CodecError::broken("two frames"));
            }
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                self.frame = Some(Frame::read(body, marker, limits)?);
            }
            SCAN => {
                let frame = self.frame.as_ref();
                let frame = frame.ok_or_else(|| CodecError::broken("a scan of nothing"))?;
                self.scans.add(&segment, frame)?;
            }
            // Behind the first scan it is too late: libjpeg has decided by then.
            0xe0 if self.scans.count == 0 => self.jfif |= is_jfif(body),
            0xee if self.scans.count == 0 => self.adobe = adobe_transform(body).or(self.adobe),
            _ => {}
        }
        // Nothing else reaches the decoder.
        if matches!(marker, 0xc0..=0xc2 | 0xc4 | 0xdb | 0xdd | SCAN) {
            self.segments.push(segment);
        }
        Ok(())
    }

    fn finish(self, lacks_end: bool) -> Result<Structure<'b>, CodecError> {
        let frame = self
            .frame
            .ok_or_else(|| CodecError::broken("an end before a picture"))?;
        // A block takes at least one bit for its first coefficient, and one to say that it ends if
        // it is coded alone.
        let bits_min = if frame.progressive { 1 } else { 2 };
        if self.scans.bytes * 8 < frame.blocks * bits_min {
            return Err(CodecError::broken(
                "fewer bytes than its pixels take at the least",
            ));
        }
        if frame.progressive || self.scans.count > 1 {
            frame.refuse_between()?;
        }
        let bytes = |segment: &Segment<'_>| (segment.body.len() + segment.coded.len() + 4) as u64;
        Ok(Structure {
            coding: coding(&frame, self.jfif, self.adobe),
            scans: self.scans.count,
            bytes: self.segments.iter().map(bytes).sum(),
            segments: self.segments,
            frame,
            lacks_end,
        })
    }
}

/// How colours are coded, as libjpeg decides it: JFIF's segment before Adobe's, and the components'
/// names where neither is there.
fn coding(frame: &Frame, jfif: bool, adobe: Option<u8>) -> Coding {
    let names = frame.components.iter().map(|component| component.name);
    match (frame.components.len(), adobe) {
        (1, _) => Coding::Gray,
        (3, Some(0)) if !jfif => Coding::Rgb,
        (3, None) if !jfif && names.eq(*b"RGB") => Coding::Rgb,
        (4, None | Some(0)) => Coding::Cmyk,
        (4, Some(_)) => Coding::Ycck,
        _ => Coding::YCbCr,
    }
}

/// The scans so far.
#[derive(Default)]
struct Scans {
    count: usize,
    /// Components that they hold, each as often as a scan holds it.
    components: usize,
    /// Of what is coded.
    bytes: u64,
}

impl Scans {
    /// Adds one, or refuses one too many: each costs a pass over the picture, however short it is.
    fn add(&mut self, scan: &Segment<'_>, frame: &Frame) -> Result<(), CodecError> {
        self.count += 1;
        self.components += scan.body.first().copied().map_or(0, usize::from);
        self.bytes += scan.coded.len() as u64;
        let too_many = if frame.progressive {
            self.count > SCANS_MAX
        } else {
            // Where nothing is refined, each component is stored once.
            self.count > frame.components.len() || self.components > frame.components.len()
        };
        if too_many {
            return Err(CodecError::broken("more scans than a picture has"));
        }
        Ok(())
    }
}
