//! JPEG: the decoder is `zune-jpeg`; what it forgives and we do not is checked here first.
//!
//! The decoder fills what a file lacks with gray and says nothing. So a file is walked marker by marker before: it must
//! reach its end marker, and its scans must be long enough to hold the pixels that its header claims. Bytes after the end
//! are no harm. Without those checks an upload that was cut off would be shown half gray, and 300 bytes could ask for
//! 300 megabytes.

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;

use super::Decoded;
use crate::header::RawHeader;
use crate::orientation::Orientation;
use crate::raster::{Channels, Raster};
use crate::{CodecError, Limits};

/// Scans taken in a progressive file; encoders write ten or so, and each costs a pass over the whole picture.
const SCANS_MAX: usize = 50;
/// Markers looked at; a large profile or preview takes some hundreds.
const MARKERS_MAX: usize = 20_000;

pub(super) fn read_header(bytes: &[u8], limits: &Limits) -> Result<RawHeader, CodecError> {
    let structure = Structure::read(bytes, limits)?;
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options(limits));
    decoder.decode_headers().map_err(refused)?;
    let channels = channels(&decoder)?.1;
    let mut raster = Raster::bytes(structure.width, structure.height, channels)? as u64;
    if channels == Channels::Cmyk {
        // Beside the ink stands what it is converted to, before it is scaled.
        raster += Raster::bytes(structure.width, structure.height, Channels::Rgb)? as u64;
    }
    let coefficients = if structure.progressive || structure.scans > 1 {
        structure.blocks * 64 * 2
    } else {
        0
    };
    Ok(RawHeader {
        width: structure.width,
        height: structure.height,
        frames: 1,
        orientation: orientation(&decoder),
        decode_bytes: raster + coefficients,
    })
}

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Decoded, CodecError> {
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options(limits));
    decoder.decode_headers().map_err(refused)?;
    let (stored, channels) = channels(&decoder)?;
    decoder.set_options(options(limits).jpeg_set_out_colorspace(stored));
    let (width, height) = decoder
        .dimensions()
        .ok_or_else(|| CodecError::broken("no size in the header"))?;
    let mut pixels = decoder.decode().map_err(refused)?;
    match stored {
        ColorSpace::CMYK => invert(&mut pixels),
        ColorSpace::YCCK => ycck_to_ink(&mut pixels),
        _ => {}
    }
    let size = |side: usize| u32::try_from(side).map_err(CodecError::broken);
    Ok(Decoded {
        raster: Raster::new(size(width)?, size(height)?, channels, pixels)?,
        orientation: orientation(&decoder),
        profile: decoder.icc_profile(),
    })
}

/// Whether a file decodes without anything that the decoder forgives in others.
pub(crate) fn is_flawless(bytes: &[u8], limits: &Limits) -> bool {
    let strict = options(limits).set_strict_mode(true);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), strict);
    decoder.decode().is_ok()
}

type Decoder<'b> = JpegDecoder<ZCursor<&'b [u8]>>;

fn options(limits: &Limits) -> DecoderOptions {
    DecoderOptions::new_fast()
        .set_max_width(limits.side_max as usize)
        .set_max_height(limits.side_max as usize)
        .jpeg_set_max_scans(SCANS_MAX)
}

/// The form to ask the decoder for, and what it makes of a pixel. Ink is taken as stored: the decoder's own way to RGB
/// knows no profile.
fn channels(decoder: &Decoder<'_>) -> Result<(ColorSpace, Channels), CodecError> {
    match decoder.input_colorspace() {
        Some(ColorSpace::Luma) => Ok((ColorSpace::Luma, Channels::Gray)),
        Some(ColorSpace::YCbCr | ColorSpace::RGB) => Ok((ColorSpace::RGB, Channels::Rgb)),
        Some(ink @ (ColorSpace::CMYK | ColorSpace::YCCK)) => Ok((ink, Channels::Cmyk)),
        other => Err(CodecError::broken(format!("a JPEG of {other:?} pixels"))),
    }
}

fn orientation(decoder: &Decoder<'_>) -> Orientation {
    decoder
        .exif()
        .map(|exif| Orientation::from_exif(exif))
        .unwrap_or_default()
}

fn refused(error: DecodeErrors) -> CodecError {
    match error {
        DecodeErrors::Unsupported(scheme) => CodecError::unsupported(format!(
            "This is a rare kind of JPEG ({scheme:?}), which is not taken here."
        )),
        error => CodecError::broken(error),
    }
}

/// Ink is stored inverted, as Adobe began and every browser assumes.
fn invert(pixels: &mut [u8]) {
    for channel in pixels {
        *channel = 255 - *channel;
    }
}

/// YCCK holds the ink of cyan, magenta and yellow as YCbCr (JFIF's equations, in 1/65,536) and black inverted.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // clamped to a byte
fn ycck_to_ink(pixels: &mut [u8]) {
    let byte = |value: i32| ((value + 32_768) >> 16).clamp(0, 255) as u8;
    let (pixels, _) = pixels.as_chunks_mut::<4>();
    for pixel in pixels {
        let [y, blue, red, black] = pixel.map(i32::from);
        let (y, blue, red) = (y << 16, blue - 128, red - 128);
        *pixel = [
            byte(y + 91_881 * red),
            byte(y - 22_554 * blue - 46_802 * red),
            byte(y + 116_130 * blue),
            (255 - black) as u8,
        ];
    }
}

/// What the markers of a file say.
#[derive(Debug)]
struct Structure {
    width: u32,
    height: u32,
    progressive: bool,
    scans: usize,
    /// Blocks of 8 by 8 coefficients that the picture is made of, all components together.
    blocks: u64,
}

impl Structure {
    /// Walks a file to its end marker.
    fn read(bytes: &[u8], limits: &Limits) -> Result<Self, CodecError> {
        let mut frame = None;
        let mut scans = 0;
        let mut scan_bytes = 0;
        let mut at = 2;
        for _ in 0..MARKERS_MAX {
            let (marker, body) = next_marker(bytes, at).ok_or_else(cut_off)?;
            let length = match marker {
                0xd9 => return Self::finish(frame, scans, scan_bytes),
                // Standing alone: restarts, and a start where none belongs.
                0x01 | 0xd0..=0xd8 => 0,
                _ => usize::from(u16_at(bytes, body).ok_or_else(cut_off)?),
            };
            at = body + length;
            match marker {
                // The decoder goes by the first; sizes reckoned from another would be no bound on what it takes.
                0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf if frame.is_some() => {
                    return Err(CodecError::broken("two frames"));
                }
                0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                    frame = Some(Frame::read(
                        bytes.get(body..at).ok_or_else(cut_off)?,
                        marker,
                        limits,
                    )?);
                }
                0xda => {
                    scans += 1;
                    let end = scan_end(bytes, at).ok_or_else(cut_off)?;
                    scan_bytes += (end - at) as u64;
                    at = end;
                }
                _ => {}
            }
        }
        Err(CodecError::broken("more markers than any camera writes"))
    }

    fn finish(frame: Option<Frame>, scans: usize, scan_bytes: u64) -> Result<Self, CodecError> {
        let frame = frame.ok_or_else(|| CodecError::broken("an end before a picture"))?;
        // A block takes at least one bit for its first coefficient, and one to say that it ends if it is coded alone.
        let bits_min = if frame.progressive { 1 } else { 2 };
        if scan_bytes * 8 < frame.blocks * bits_min {
            return Err(CodecError::broken(
                "fewer bytes than its pixels take at the least",
            ));
        }
        Ok(Self {
            width: frame.width,
            height: frame.height,
            progressive: frame.progressive,
            scans,
            blocks: frame.blocks,
        })
    }
}

struct Frame {
    width: u32,
    height: u32,
    progressive: bool,
    blocks: u64,
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
