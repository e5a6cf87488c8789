//! What a file is made of, found by walking its markers. Every bound on what decoding takes is reckoned from this, so a file
//! that may be read in two ways is refused.

use super::Decoder;
use crate::{CodecError, Limits};

/// Scans taken in a progressive file; encoders write ten or so, and each costs a pass over the whole picture.
pub(super) const SCANS_MAX: usize = 50;
/// Markers looked at; a large profile or preview takes some hundreds.
const MARKERS_MAX: usize = 20_000;

/// What the markers of a file say.
#[derive(Debug)]
pub(super) struct Structure {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) progressive: bool,
    pub(super) scans: usize,
    /// Blocks of 8 by 8 coefficients that the picture is made of, all components together.
    pub(super) blocks: u64,
    /// Bytes up to the end marker that are no coded pixels.
    pub(super) data_bytes: u64,
    components: usize,
}

impl Structure {
    /// Walks a file to its end marker.
    pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Self, CodecError> {
        let mut frame: Option<Frame> = None;
        let mut scans = Scans::default();
        let mut at = 2;
        for _ in 0..MARKERS_MAX {
            let (marker, body) = next_marker(bytes, at).ok_or_else(cut_off)?;
            match marker {
                0xd9 => return Self::finish(frame, &scans, at as u64),
                // Some take these for segments with a length, and some do not: to one of them the rest is another file.
                0x01 | 0xd0..=0xd8 => return Err(CodecError::broken("a marker out of place")),
                _ => {}
            }
            let length = usize::from(u16_at(bytes, body).ok_or_else(cut_off)?);
            let segment = bytes.get(body..body + length).ok_or_else(cut_off)?;
            if length < 2 {
                return Err(CodecError::broken("a segment shorter than its length"));
            }
            at = body + length;
            match marker {
                // The decoder goes by the first; sizes reckoned from another would be no bound on what it takes.
                0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf if frame.is_some() => {
                    return Err(CodecError::broken("two frames"));
                }
                0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                    frame = Some(Frame::read(segment, marker, limits)?);
                }
                0xda => {
                    let frame = frame.as_ref();
                    let frame = frame.ok_or_else(|| CodecError::broken("a scan of nothing"))?;
                    let end = scan_end(bytes, at).ok_or_else(cut_off)?;
                    scans.add(segment, end - at, frame)?;
                    at = end;
                }
                _ => {}
            }
        }
        Err(CodecError::broken("more markers than any camera writes"))
    }

    fn finish(frame: Option<Frame>, scans: &Scans, end: u64) -> Result<Self, CodecError> {
        let frame = frame.ok_or_else(|| CodecError::broken("an end before a picture"))?;
        // A block takes at least one bit for its first coefficient, and one to say that it ends if it is coded alone.
        let bits_min = if frame.progressive { 1 } else { 2 };
        if scans.bytes * 8 < frame.blocks * bits_min {
            return Err(CodecError::broken(
                "fewer bytes than its pixels take at the least",
            ));
        }
        Ok(Self {
            width: frame.width,
            height: frame.height,
            progressive: frame.progressive,
            scans: scans.count,
            blocks: frame.blocks,
            data_bytes: end.saturating_sub(scans.bytes),
            components: frame.components,
        })
    }

    /// Whether a file that is not progressive has several scans: one for each colour, or for some of them.
    pub(super) const fn stores_colors_apart(&self) -> bool {
        !self.progressive && self.scans > 1
    }

    /// Refuses a file whose headers the decoder has read in another way.
    pub(super) fn check_agreement(&self, decoder: &Decoder<'_>) -> Result<(), CodecError> {
        let agrees = decoder.info().is_some_and(|info| {
            (u32::from(info.width), u32::from(info.height)) == (self.width, self.height)
                && usize::from(info.components) == self.components
                && info.sof.is_sequential_dct() != self.progressive
        });
        if agrees {
            return Ok(());
        }
        Err(CodecError::broken("headers that can be read in two ways"))
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
    fn add(&mut self, header: &[u8], coded: usize, frame: &Frame) -> Result<(), CodecError> {
        self.count += 1;
        self.components += header.get(2).copied().map_or(0, usize::from);
        self.bytes += coded as u64;
        let too_many = if frame.progressive {
            self.count > SCANS_MAX
        } else {
            // Where nothing is refined, each component is stored once.
            self.count > frame.components || self.components > frame.components
        };
        if too_many {
            return Err(CodecError::broken("more scans than a picture has"));
        }
        Ok(())
    }
}

struct Frame {
    width: u32,
    height: u32,
    progressive: bool,
    blocks: u64,
    components: usize,
}

impl Frame {
    /// Reads a start-of-frame segment, its length included.
    fn read(segment: &[u8], marker: u8, limits: &Limits) -> Result<Self, CodecError> {
        let short = || CodecError::broken("a frame header that is too short");
        let height = u32::from(u16_at(segment, 3).ok_or_else(short)?);
        let width = u32::from(u16_at(segment, 5).ok_or_else(short)?);
        limits.check_size(width, height)?;
        let count = usize::from(*segment.get(7).ok_or_else(short)?);
        let components = segment.get(8..8 + count * 3).ok_or_else(short)?;
        let sampling: Vec<(u32, u32)> = components
            .chunks_exact(3)
            .map(|component| (u32::from(component[1] >> 4), u32::from(component[1] & 15)))
            .collect();
        let in_bounds =
            |&(across, down): &(u32, u32)| (1..=4).contains(&across) && (1..=4).contains(&down);
        if sampling.is_empty() || sampling.len() > 4 || !sampling.iter().all(in_bounds) {
            return Err(CodecError::broken("components that JPEG does not have"));
        }
        let across_max = sampling
            .iter()
            .map(|(across, _)| *across)
            .max()
            .unwrap_or(1);
        let down_max = sampling.iter().map(|(_, down)| *down).max().unwrap_or(1);
        let blocks = |&(across, down): &(u32, u32)| {
            u64::from((width * across).div_ceil(across_max * 8))
                * u64::from((height * down).div_ceil(down_max * 8))
        };
        Ok(Self {
            width,
            height,
            progressive: matches!(marker, 0xc2 | 0xc6 | 0xca | 0xce),
            blocks: sampling.iter().map(blocks).sum(),
            components: sampling.len(),
        })
    }
}

fn cut_off() -> CodecError {
    CodecError::broken("cut off before its end marker")
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(
        bytes.get(at..at.checked_add(2)?)?.try_into().ok()?,
    ))
}

/// The next marker at or after `at`, and where its body begins. Stray bytes before it are passed over.
fn next_marker(bytes: &[u8], at: usize) -> Option<(u8, usize)> {
    let mut at = at;
    loop {
        at += memchr::memchr(0xff, bytes.get(at..)?)?;
        let fill = bytes[at..].iter().take_while(|byte| **byte == 0xff).count();
        at += fill;
        match bytes.get(at)? {
            0 => at += 1,
            marker => return Some((*marker, at + 1)),
        }
    }
}

/// Where the coded data that begins at `at` ends: at the next marker that is not a restart.
fn scan_end(bytes: &[u8], at: usize) -> Option<usize> {
    let mut from = at;
    loop {
        let (marker, body) = next_marker(bytes, from)?;
        if !(0xd0..=0xd7).contains(&marker) {
            return Some(body - 2);
        }
        from = body;
    }
}
