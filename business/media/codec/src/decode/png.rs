//! PNG: read row by row, so that what is held is the picture in the form that is worked on and no
//! other.

use ::png::{BitDepth, ColorType};

use super::decoded::{Decoded, pixels_decoded};
use crate::container::png::chunks;
use crate::orientation::Orientation;
use crate::png_reader::{CHUNK_BYTES_MAX, PngReader, open, profile_of, refused};
use crate::raster::{Channels, Raster};
use crate::raw_header::RawHeader;
use crate::samples::{flatten_on_white, rounded_to_bytes};
use crate::{CodecError, Format, Limits, animation, color};

/// What unpacking a profile takes at most, in bytes: a list that grows to twice its size is copied
/// from the old one.
const PROFILE_BYTES_MAX: usize = 3 * CHUNK_BYTES_MAX;

pub(super) fn read_header(bytes: &[u8], limits: &Limits) -> Result<RawHeader, CodecError> {
    // The size is checked before the decoder looks further: it is in the first chunk, at a fixed
    // place.
    let side = |at: usize| -> Option<u32> {
        Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
    };
    if bytes.get(12..16) == Some(b"CgBI") {
        return Err(CodecError::unsupported(
            "This is a PNG in a form of Apple's own (CgBI), which is not taken here. Saved again as an ordinary PNG, it is.",
        ));
    }
    let (Some(width), Some(height), Some(b"IHDR")) = (side(16), side(20), bytes.get(12..16)) else {
        return Err(CodecError::broken("no IHDR at the start"));
    };
    limits.check_size(width, height)?;
    let reader = open(bytes)?;
    let layout = Layout::of(&reader)?;
    let mut still_bytes = Raster::bytes(width, height, layout.channels)?;
    let outline = animation::outline(Format::Png, bytes, limits)?;
    // No row is whole before the last pass: what was read is held beside the picture.
    if reader.info().interlaced {
        still_bytes += whole_frame_bytes(&reader, layout)?;
    }
    Ok(RawHeader {
        width,
        height,
        frames: outline.map_or(1, |outline| outline.frames),
        orientation: Orientation::of_file(Format::Png, bytes),
        // One after the other: the still is made first, then the frames are gone through.
        decode_bytes: (still_bytes as u64)
            .max(outline.map_or(0, |outline| outline.decode_bytes(bytes.len())))
            + chunk_bytes(bytes) as u64
            + color::profile_work_bytes(reader.info().icc_profile.as_deref()),
        gone_bytes: 0,
        pixels_decoded: pixels_decoded(outline.as_ref(), width, height),
    })
}

/// What the decoder takes for chunks, in bytes.
fn chunk_bytes(file: &[u8]) -> usize {
    let as_stored = 2 * file.len().min(CHUNK_BYTES_MAX);
    let has_profile = chunks(file)
        .map_while(Result::ok)
        .any(|chunk| chunk.kind == *b"iCCP");
    as_stored + if has_profile { PROFILE_BYTES_MAX } else { 0 }
}

/// The first frame of an animation, and not the picture for readers that know no animation, where
/// they are not the same.
pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Decoded, CodecError> {
    let mut reader = open(bytes)?;
    let outline = animation::outline(Format::Png, bytes, limits)?;
    if outline.is_some_and(|outline| outline.has_other_still) {
        return Ok(Decoded {
            raster: animation::poster(Format::Png, bytes, limits)?,
            orientation: Orientation::of_file(Format::Png, bytes),
            profile: profile_of(&reader, bytes, Channels::Rgb),
        });
    }
    let layout = Layout::of(&reader)?;
    let channels = layout.channels;
    let (width, height) = reader.info().size();
    let mut pixels = vec![0; Raster::bytes(width, height, channels)?];
    if reader.info().interlaced {
        let mut frame = vec![0; whole_frame_bytes(&reader, layout)?];
        reader.next_frame(&mut frame).map_err(refused)?;
        layout.put(&mut frame, &mut pixels);
    } else {
        let mut read = Vec::new();
        for row in pixels.chunks_exact_mut(width as usize * channels.count()) {
            let Some(next) = reader.next_row().map_err(refused)? else {
                return Err(CodecError::broken("fewer rows than the header says"));
            };
            // A copy, because `put` overwrites what it reads.
            read.clear();
            read.extend_from_slice(next.data());
            layout.put(&mut read, row);
        }
    }
    Ok(Decoded {
        raster: Raster::new(width, height, channels, pixels)?,
        orientation: Orientation::of_file(Format::Png, bytes),
        profile: profile_of(&reader, bytes, channels),
    })
}

/// What rows are made of.
#[derive(Debug, Clone, Copy)]
struct Layout {
    channels: Channels,
    /// Whether a pixel's last sample is its opacity.
    has_alpha: bool,
    /// Whether a sample has two bytes.
    is_deep: bool,
}

impl Layout {
    fn of(reader: &PngReader<'_>) -> Result<Self, CodecError> {
        let (color, depth) = reader.output_color_type();
        let (channels, has_alpha) = match color {
            ColorType::Grayscale => (Channels::Gray, false),
            ColorType::GrayscaleAlpha => (Channels::Gray, true),
            ColorType::Rgb => (Channels::Rgb, false),
            ColorType::Rgba => (Channels::Rgb, true),
            ColorType::Indexed => {
                return Err(CodecError::broken("colours that were not looked up"));
            }
        };
        let is_deep = match depth {
            BitDepth::Eight => false,
            BitDepth::Sixteen => true,
            other => return Err(CodecError::broken(format!("samples of {other:?} bits"))),
        };
        Ok(Self {
            channels,
            has_alpha,
            is_deep,
        })
    }

    /// Whole pixels as read become bytes without opacity. What was read is overwritten.
    fn put(self, read: &mut [u8], out: &mut [u8]) {
        let read = if self.is_deep {
            rounded_to_bytes(read)
        } else {
            read
        };
        if self.has_alpha {
            flatten_on_white(read, self.channels.count(), out);
        } else {
            let length = out.len().min(read.len());
            out[..length].copy_from_slice(&read[..length]);
        }
    }
}

fn whole_frame_bytes(reader: &PngReader<'_>, layout: Layout) -> Result<usize, CodecError> {
    let (width, height) = reader.info().size();
    let pixels = Raster::bytes(width, height, Channels::Gray)?;
    let samples = pixels * (layout.channels.count() + usize::from(layout.has_alpha));
    let expected = samples * if layout.is_deep { 2 } else { 1 };
    Ok(expected.max(reader.output_buffer_size().unwrap_or(expected)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deep(color: ColorType, samples: &[u16]) -> Vec<u8> {
        let samples_per_pixel = color.samples() as u32;
        let width = u32::try_from(samples.len()).unwrap_or(0) / samples_per_pixel;
        let mut file = Vec::new();
        let mut encoder = ::png::Encoder::new(&mut file, width, 1);
        encoder.set_color(color);
        encoder.set_depth(BitDepth::Sixteen);
        let bytes: Vec<u8> = samples.iter().flat_map(|deep| deep.to_be_bytes()).collect();
        let written = encoder
            .write_header()
            .and_then(|mut writer| writer.write_image_data(&bytes));
        assert!(written.is_ok(), "{written:?}");
        file
    }

    fn seen(file: &[u8]) -> Vec<u8> {
        decode(file, &Limits::default())
            .map(|decoded| decoded.raster.pixels)
            .unwrap_or_default()
    }

    #[test]
    fn sixteen_bits_are_rounded_to_the_nearest_eight() {
        let all: Vec<u16> = (0..=u16::MAX).step_by(13).collect();
        let nearest: Vec<u8> = all
            .iter()
            .map(|deep| (f64::from(*deep) / 257.0).round() as u8)
            .collect();
        for part in 0..all.len() / 4_096 + 1 {
            let range = part * 4_096..all.len().min((part + 1) * 4_096);
            let file = deep(ColorType::Grayscale, &all[range.clone()]);
            assert_eq!(seen(&file), &nearest[range]);
        }
    }

    #[test]
    fn deep_colors_and_opacity_are_rounded_too() {
        // Cut off, these would be 16, 32 and 63, and the last 191.
        assert_eq!(
            seen(&deep(ColorType::Rgb, &[0x10ff, 0x20ff, 0x3fff])),
            [17, 33, 64]
        );
        assert_eq!(
            seen(&deep(ColorType::Rgba, &[0x10ff, 0x20ff, 0x3fff, 0xffff])),
            [17, 33, 64]
        );
        assert_eq!(seen(&deep(ColorType::GrayscaleAlpha, &[0, 0x40ff])), [190]);
    }
}
