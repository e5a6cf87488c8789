//! From a file to all that is served of it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::decode::{self, Decoded};
use crate::encode::encode_jpeg;
use crate::placeholder::{Placeholder, placeholder};
use crate::raster::Raster;
use crate::{
    Camera, CodecError, EncodedAnimation, Format, FormatSet, Header, Job, StoppedBy, animation,
    color, passthrough, read_header, scale,
};

/// What is served of a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Processed {
    /// Width in pixels of the upright picture as uploaded.
    pub width: u32,
    /// Height in pixels of the upright picture as uploaded.
    pub height: u32,
    /// One for each step of the ladder, largest first.
    pub renditions: Vec<EncodedRendition>,
    /// The blurhash: a blurred picture in some twenty characters.
    pub blurhash: String,
    /// The colour most of it has: "#rrggbb".
    pub dominant_color: String,
    /// What is served of it as an animation, when it is one; the renditions are then of its first
    /// frame.
    pub animation: Option<EncodedAnimation>,
    /// What its EXIF data says of camera and exposure; whether it is shown is the owner's choice.
    pub camera: Option<Camera>,
}

/// A picture in one size, as a file. It holds pixels and what is needed to decode them, and nothing
/// else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedRendition {
    /// The ladder's name for it.
    pub name: &'static str,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The media type: "image/jpeg" of every step of the ladder.
    pub content_type: &'static str,
    /// The encoded file.
    pub bytes: Vec<u8>,
}

/// Makes everything from one decoding. Each smaller rendition is made from the next larger; one
/// that would be as large as the next larger is the same file. Takes the memory that
/// [`read_header`] says, and CPU for as long as it takes: call it where it may block.
///
/// # Errors
/// When the file is of a kind that is not taken, larger than a limit, cut off, or broken;
/// [`CodecError::Stopped`] when its time is up, or when it is read by another process and that one
/// died or is not to be had.
pub fn process(bytes: &[u8], job: &Job<'_>) -> Result<Processed, CodecError> {
    let limits = job.limits.for_ladder(job.ladder);
    let header = read_header(bytes, &limits, &FormatSet::new(Format::ALL))?;
    guarded(|| {
        let decoded = decode_anywhere(&header, bytes, job)?;
        let own = passthrough::rendition(&header, bytes, &decoded, job.ladder, job.limits);
        let largest = make_largest(decoded, job)?;
        let (renditions, smallest) = downgrade(largest, own, job)?;
        let Placeholder {
            blurhash,
            dominant_color,
        } = placeholder(&smallest)?;
        Ok(Processed {
            width: header.width,
            height: header.height,
            renditions,
            blurhash,
            dominant_color,
            animation: animation::keep(header.format, bytes, job)?,
            camera: Camera::of_file(header.format, bytes),
        })
    })
}

/// Runs work on pixels; a panic in it is an error of that picture alone.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, CodecError>) -> Result<T, CodecError> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(CodecError::broken("the decoder panicked")))
}

/// The picture as the largest step shows it: no larger than that, upright, in sRGB.
pub(crate) fn decode_largest(
    header: &Header,
    bytes: &[u8],
    job: &Job<'_>,
) -> Result<Raster, CodecError> {
    make_largest(decode_anywhere(header, bytes, job)?, job)
}

fn make_largest(decoded: Decoded, job: &Job<'_>) -> Result<Raster, CodecError> {
    let Decoded {
        raster,
        orientation,
        profile,
    } = decoded;
    job.check_deadline()?;
    let raster = color::without_ink(raster, profile.as_deref());
    // Shrunk first: turning and converting colours then has fewer pixels to do.
    let raster = scale::shrink(&raster, job.ladder.side_max())?.unwrap_or(raster);
    job.check_deadline()?;
    Ok(orientation.apply(color::to_srgb(raster, profile.as_deref())))
}

/// Decodes here what is read here, and by another process what only that can read.
fn decode_anywhere(header: &Header, bytes: &[u8], job: &Job<'_>) -> Result<Decoded, CodecError> {
    job.check_deadline()?;
    let decoded = if header.format.is_read_here() {
        decode::decode(header.format, bytes, job.limits)?
    } else {
        decode_external(header, bytes, job)?
    };
    let (width, height) = (decoded.raster.width, decoded.raster.height);
    check_decoded_size(header, decoded.orientation.upright_size(width, height))?;
    Ok(decoded)
}

fn check_decoded_size(header: &Header, size: (u32, u32)) -> Result<(), CodecError> {
    if size == (header.width, header.height) {
        return Ok(());
    }
    Err(CodecError::broken(
        "pixels of another size than the header says",
    ))
}

fn decode_external(header: &Header, bytes: &[u8], job: &Job<'_>) -> Result<Decoded, CodecError> {
    let external_codecs = job.external_codecs.ok_or_else(|| CodecError::Stopped {
        by: StoppedBy::Absence,
        cause: format!("nothing reads {} here just now", header.format.name()),
    })?;
    let pixels =
        external_codecs.decode(header.format, bytes, job.limits.pixels_max, job.deadline)?;
    // Before anything is made of it: the size was held against the limits, and this was not.
    check_decoded_size(header, (pixels.width, pixels.height))?;
    decode::from_external(pixels)
}

/// The renditions, and the pixels of the smallest. `own` is the upload itself as the first, where
/// it fits.
fn downgrade(
    mut raster: Raster,
    mut own: Option<Vec<u8>>,
    job: &Job<'_>,
) -> Result<(Vec<EncodedRendition>, Raster), CodecError> {
    let mut renditions: Vec<EncodedRendition> = Vec::with_capacity(job.ladder.steps().len());
    for step in job.ladder.steps() {
        job.check_deadline()?;
        let smaller = scale::shrink(&raster, step.side_max)?;
        let same = smaller.is_none();
        raster = smaller.unwrap_or(raster);
        let bytes = match renditions.last() {
            Some(larger) if same => larger.bytes.clone(),
            // Only the first can be the upload itself: `take` leaves nothing for the smaller ones.
            _ => own
                .take()
                .map_or_else(|| encode_jpeg(&raster, step.quality), Ok)?,
        };
        renditions.push(EncodedRendition {
            name: step.name,
            width: raster.width,
            height: raster.height,
            content_type: "image/jpeg",
            bytes,
        });
    }
    Ok((renditions, raster))
}
