//! APNG: the parts are decoded by `png`, and composed as their control chunks say.

use std::io::Cursor;

use ::png::{
    BitDepth, BlendOp, ColorType, Decoder, DisposeOp, Limits as PngLimits, Reader, Transformations,
};

use super::canvas::{Disposal, Patch};
use super::outline::Outline;
use crate::container::png::{FrameControl, ImageHeader, chunks};
use crate::samples::rounded_to_bytes;
use crate::{CodecError, Limits};

/// Says what the chunks say; nothing when the file is a still picture, or its animation is not well
/// formed: then the picture for readers without animation is what everyone shows.
pub(super) fn outline(file: &[u8], limits: &Limits) -> Result<Option<Outline>, CodecError> {
    let mut image = None;
    let mut outline: Option<(Outline, u32)> = None;
    let mut pixels_seen = false;
    for chunk in chunks(file).map_while(Result::ok) {
        match (&chunk.kind, &mut outline, image) {
            (b"IHDR", ..) => image = ImageHeader::read(chunk.body).ok(),
            // The standard has it before the first pixels.
            (b"acTL", None, Some(image)) if !pixels_seen => {
                outline =
                    animation(chunk.body, &image).map(|found| (found, frames_claimed(chunk.body)));
            }
            (b"IDAT", None, _) => return Ok(None),
            (b"IDAT", Some((outline, _)), _) if !pixels_seen => {
                pixels_seen = true;
                // Without a control before it, the first picture is none of the frames.
                outline.has_other_still = outline.frames == 0;
            }
            (b"fcTL", Some((outline, _)), Some(image)) => {
                let Ok(frame) = FrameControl::read(chunk.body, &image) else {
                    return Ok(None);
                };
                outline.add((frame.width, frame.height), frame.duration_ms, limits)?;
            }
            _ => {}
        }
    }
    Ok(outline
        .filter(|(outline, claimed)| outline.frames == *claimed && *claimed > 0)
        .map(|(outline, _)| outline))
}

fn animation(body: &[u8], image: &ImageHeader) -> Option<Outline> {
    let plays = u32::from_be_bytes(*body.get(4..)?.first_chunk()?);
    Some(Outline {
        // An animated WebP, which it may become, counts no further.
        plays: u16::try_from(plays).unwrap_or(u16::MAX),
        // The decoder's buffer is as large as the canvas, whatever the parts are.
        patch_pixels_max: u64::from(image.width) * u64::from(image.height),
        ..Outline::new(image.width, image.height)
    })
}

fn frames_claimed(body: &[u8]) -> u32 {
    body.first_chunk()
        .map_or(0, |frames| u32::from_be_bytes(*frames))
}

pub(super) fn parts<'b>(
    file: &'b [u8],
    outline: &Outline,
) -> Result<impl Iterator<Item = Result<Patch, CodecError>> + 'b, CodecError> {
    /// For chunks. Texts and profiles are not read.
    const CHUNK_BYTES_MAX: usize = 4 * 1024 * 1024;
    // The decoder counts a row of every frame against its limit, and gives none back.
    let rows = outline.width as usize * 8 * (outline.frames as usize + 2);
    let limits = PngLimits {
        bytes: CHUNK_BYTES_MAX + rows,
    };
    let mut decoder = Decoder::new_with_limits(Cursor::new(file), limits);
    // Neither is needed, and both may be large once they are unpacked.
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(CodecError::broken)?;
    let mut buffer = vec![
        0;
        reader
            .output_buffer_size()
            .ok_or_else(|| CodecError::broken("too large"))?
    ];
    // It comes first in the file, and is not shown.
    if outline.has_other_still {
        reader.next_frame(&mut buffer).map_err(CodecError::broken)?;
    }
    Ok(std::iter::from_fn(move || {
        Some(next(&mut reader, &mut buffer))
    }))
}

fn next(reader: &mut Reader<Cursor<&[u8]>>, buffer: &mut [u8]) -> Result<Patch, CodecError> {
    let info = reader.next_frame(buffer).map_err(CodecError::broken)?;
    let control = *reader
        .info()
        .frame_control()
        .ok_or_else(|| CodecError::broken("a frame without its control"))?;
    if (info.width, info.height) != (control.width, control.height) {
        return Err(CodecError::broken("a frame of another size than it says"));
    }
    let mut numbers = buffer.get_mut(..info.buffer_size()).unwrap_or_default();
    if info.bit_depth == BitDepth::Sixteen {
        numbers = rounded_to_bytes(numbers);
    }
    // By the standard nothing stands for hundredths.
    let denominator = match control.delay_den {
        0 => 100,
        denominator => u32::from(denominator),
    };
    Ok(Patch {
        left: control.x_offset,
        top: control.y_offset,
        width: control.width,
        height: control.height,
        pixels: to_rgba(numbers, info.color_type)?,
        duration_ms: u32::from(control.delay_num) * 1_000 / denominator,
        blends: control.blend_op == BlendOp::Over,
        disposal: match control.dispose_op {
            DisposeOp::None => Disposal::Stays,
            DisposeOp::Background => Disposal::Cleared,
            DisposeOp::Previous => Disposal::TakenBack,
        },
    })
}

fn to_rgba(numbers: &[u8], color: ColorType) -> Result<Vec<u8>, CodecError> {
    Ok(match color {
        ColorType::Grayscale => numbers
            .iter()
            .flat_map(|gray| [*gray, *gray, *gray, 255])
            .collect(),
        ColorType::GrayscaleAlpha => {
            let (pixels, _) = numbers.as_chunks::<2>();
            pixels
                .iter()
                .flat_map(|[gray, alpha]| [*gray, *gray, *gray, *alpha])
                .collect()
        }
        ColorType::Rgb => {
            let (pixels, _) = numbers.as_chunks::<3>();
            pixels
                .iter()
                .flat_map(|[red, green, blue]| [*red, *green, *blue, 255])
                .collect()
        }
        ColorType::Rgba => numbers.to_vec(),
        ColorType::Indexed => return Err(CodecError::broken("colours that were not looked up")),
    })
}
