//! From a file to all that is served of it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use crate::decode::{Decoded, decode};
use crate::placeholder::{Placeholder, placeholder};
use crate::raster::Raster;
use crate::{
    Camera, CodecError, EncodedAnimation, Format, FormatSet, Ladder, Limits, OutsideCodecs, Step,
    animation, color, passthrough, read_header, scale,
};

/// The largest picture, by its longest side, whose colours are encoded as finely as its brightness. In small pictures a
/// coarser grid of colours shows at edges, and costs little to avoid; in large ones it does not show.
const FINE_COLORS_SIDE_MAX: u32 = 640;

/// What a file is processed with.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    /// What is refused.
    pub limits: &'a Limits,
    /// The sizes that are made.
    pub ladder: &'a Ladder,
    /// The codecs of another process, where there are some.
    pub outside: Option<&'a dyn OutsideCodecs>,
    /// When to give up. It is looked at between steps, each of which the limits bound.
    pub deadline: Instant,
}

impl<'a> Job<'a> {
    /// A job without codecs of another process, that may take a minute.
    #[must_use]
    pub fn new(limits: &'a Limits, ladder: &'a Ladder) -> Self {
        Self {
            limits,
            ladder,
            outside: None,
            deadline: Instant::now() + Duration::from_secs(60),
        }
    }
}

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
    /// What is served of it as an animation, when it is one; the renditions are then of its first frame.
    pub animation: Option<EncodedAnimation>,
    /// What its EXIF data says of camera and exposure; whether it is shown is the owner's choice.
    pub camera: Option<Camera>,
}

/// A picture in one size, as a file. It holds pixels and what is needed to decode them, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedRendition {
    /// The ladder's name for it.
    pub name: &'static str,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// "image/jpeg"
    pub content_type: &'static str,
    /// The file.
    pub bytes: Vec<u8>,
}

/// Makes everything from one decoding. Each smaller rendition is made from the next larger; one that would be as large as
/// the next larger is the same file. Takes the memory that [`read_header`] says, and CPU for as long as it takes: call it
/// where it may block.
///
/// # Errors
/// When the file is of a kind that is not taken, larger than a limit, cut off, or broken.
pub fn process(bytes: &[u8], job: &Job<'_>) -> Result<Processed, CodecError> {
    let Job { limits, ladder, .. } = *job;
    let header = read_header(bytes, limits, &FormatSet::new(Format::ALL))?;
    catch_unwind(AssertUnwindSafe(|| {
        let decoded = decode(header.format, bytes, limits)?;
        let own = passthrough::rendition(&header, bytes, &decoded, ladder, limits);
        let mut processed = make(decoded, ladder, own)?;
        processed.animation = animation::keep(header.format, bytes, job)?;
        processed.camera = Camera::of_file(header.format, bytes);
        Ok(processed)
    }))
    .unwrap_or_else(|_| Err(CodecError::broken("the decoder panicked")))
}

/// `own` is the upload as the first rendition, where it fits.
fn make(decoded: Decoded, ladder: &Ladder, own: Option<Vec<u8>>) -> Result<Processed, CodecError> {
    let Decoded {
        raster,
        orientation,
        profile,
    } = decoded;
    let (width, height) = orientation.upright_size(raster.width, raster.height);
    // Shrunk first: turning and converting colours then has fewer pixels to do.
    let side_max = ladder
        .steps()
        .first()
        .map_or(u32::MAX, |step| step.side_max);
    let raster = scale::shrink(&raster, side_max)?.unwrap_or(raster);
    let raster = orientation.apply(color::to_srgb(raster, profile.as_deref()));
    let (renditions, smallest) = climb_down(raster, ladder, own)?;
    let Placeholder {
        blurhash,
        dominant_color,
    } = placeholder(&smallest)?;
    Ok(Processed {
        width,
        height,
        renditions,
        blurhash,
        dominant_color,
        animation: None,
        camera: None,
    })
}

/// The renditions, and the pixels of the smallest.
fn climb_down(
    mut raster: Raster,
    ladder: &Ladder,
    mut own: Option<Vec<u8>>,
) -> Result<(Vec<EncodedRendition>, Raster), CodecError> {
    let mut renditions: Vec<EncodedRendition> = Vec::with_capacity(ladder.steps().len());
    for step in ladder.steps() {
        let smaller = scale::shrink(&raster, step.side_max)?;
        let same = smaller.is_none();
        raster = smaller.unwrap_or(raster);
        let bytes = match renditions.last() {
            Some(larger) if same => larger.bytes.clone(),
            _ => own.take().map_or_else(|| encode(&raster, step), Ok)?,
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

fn encode(raster: &Raster, step: &Step) -> Result<Vec<u8>, CodecError> {
    let side = |side: u32| u16::try_from(side).map_err(CodecError::broken);
    // About what quality 82 gives; a guess that is wrong costs one more allocation.
    let mut bytes = Vec::with_capacity(raster.pixels.len() / 16);
    let mut encoder = Encoder::new(&mut bytes, step.quality);
    encoder.set_sampling_factor(if raster.side() <= FINE_COLORS_SIDE_MAX {
        SamplingFactor::R_4_4_4
    } else {
        SamplingFactor::R_4_2_0
    });
    encoder
        .encode(
            &raster.pixels,
            side(raster.width)?,
            side(raster.height)?,
            ColorType::Rgb,
        )
        .map_err(CodecError::broken)?;
    Ok(bytes)
}
