//! The file that is served of an animation: the upload's own where it is small enough, else a
//! smaller one.

use std::time::Instant;

use super::frames::{frames, outline};
use super::outline::Outline;
use super::shrink::Shrunk;
use crate::error::StoppedBy;
use crate::orientation::Orientation;
use crate::raster::Channels;
use crate::strip::{Purpose, strip};
use crate::{CodecError, Encoding, ExternalCodecs, Format, Job, profile};

/// The longest side of an animation that is served, in pixels: as a column on a phone shows it. An
/// animation is never looked at as closely as a photo, and each of its pixels costs as often as it
/// has frames.
pub const ANIMATION_SIDE_MAX: u32 = 1_080;
/// The largest file that is served of an animation, in bytes: some seconds on a phone's connection.
/// 8 MiB.
pub const ANIMATION_BYTES_MAX: usize = 8 * 1024 * 1024;

/// What an animation that does not fit is tried to be encoded as, one after the other: longest side
/// and quality.
const ATTEMPTS: [(u32, u8); 2] = [(ANIMATION_SIDE_MAX, 75), (720, 60)];

/// An animation as a file. Its still is among the renditions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedAnimation {
    /// The file: nothing but frames and how they are shown.
    pub bytes: Vec<u8>,
    /// "image/gif", "image/png" or "image/webp".
    pub content_type: &'static str,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// How many pictures it is made of; at least two.
    pub frames: u32,
    /// How long it takes once, in milliseconds. Frames that say they last 10 ms or less count 100,
    /// as browsers show them.
    pub duration_ms: u64,
}

/// What is served of an animation: the upload without its metadata when it is no larger than
/// [`ANIMATION_SIDE_MAX`] and [`ANIMATION_BYTES_MAX`], upright, in sRGB, and decodes to its end;
/// else an animated WebP by a codec of another process. Nothing for a still picture, and when there
/// is no such codec, it fails or runs out of time, or what it makes is too large: then the still
/// stands for it.
pub(crate) fn keep(
    format: Format,
    file: &[u8],
    job: &Job<'_>,
) -> Result<Option<EncodedAnimation>, CodecError> {
    let Some(outline) = outline(format, file, job.limits)?.filter(|outline| outline.frames > 1)
    else {
        return Ok(None);
    };
    if let Some(bytes) = as_it_is(format, file, &outline, job) {
        return Ok(Some(EncodedAnimation {
            bytes,
            content_type: format.content_type(),
            width: outline.width,
            height: outline.height,
            frames: outline.frames,
            duration_ms: outline.duration_ms,
        }));
    }
    let Some(external_codecs) = job
        .external_codecs
        .filter(|external_codecs| external_codecs.writes().contains(&Encoding::WebP))
    else {
        return Ok(None);
    };
    for (side_max, quality) in ATTEMPTS {
        if job.check_deadline().is_err() {
            return Ok(None);
        }
        match encode(format, file, (side_max, quality), job, external_codecs) {
            Ok(Some((bytes, (width, height)))) if bytes.len() <= ANIMATION_BYTES_MAX => {
                return Ok(Some(EncodedAnimation {
                    bytes,
                    content_type: Encoding::WebP.content_type(),
                    width,
                    height,
                    frames: outline.frames,
                    duration_ms: outline.duration_ms,
                }));
            }
            Ok(_) => {}
            // It says nothing about the file, and is soon over.
            Err(
                error @ CodecError::Stopped {
                    by: StoppedBy::Absence,
                    ..
                },
            ) => return Err(error),
            Err(_) => return Ok(None),
        }
    }
    Ok(None)
}

fn as_it_is(format: Format, file: &[u8], outline: &Outline, job: &Job<'_>) -> Option<Vec<u8>> {
    if outline.width.max(outline.height) > ANIMATION_SIDE_MAX {
        return None;
    }
    let bytes = strip(file, format, Purpose::Published).ok()?;
    let fits = bytes.len() <= ANIMATION_BYTES_MAX;
    // What is tried is what would be served: the file without its metadata, not the upload.
    (fits && decodes(format, &bytes, job)).then_some(bytes)
}

/// Whether every frame decodes, in time.
fn decodes(format: Format, file: &[u8], job: &Job<'_>) -> bool {
    let Ok(Some(mut frames)) = frames(format, file, job.limits) else {
        return false;
    };
    while let Some(drawn) = frames.advance() {
        if drawn.is_err() || Instant::now() > job.deadline {
            return false;
        }
    }
    true
}

type File = (Vec<u8>, (u32, u32));

fn encode(
    format: Format,
    file: &[u8],
    (side_max, quality): (u32, u8),
    job: &Job<'_>,
    external_codecs: &dyn ExternalCodecs,
) -> Result<Option<File>, CodecError> {
    let Some(frames) = frames(format, file, job.limits)? else {
        return Ok(None);
    };
    let plays = outline(format, file, job.limits)?.map_or(0, |outline| outline.plays);
    let orientation = Orientation::of_file(format, file);
    let profile = profile::of_file(format, file, Channels::Rgb);
    let mut frames = Shrunk::new(frames, side_max, orientation, profile, job.deadline);
    let size = frames.size();
    let bytes =
        external_codecs.encode_animation(size, &mut frames, plays, quality, job.deadline)?;
    Ok(Some((bytes, size)))
}
