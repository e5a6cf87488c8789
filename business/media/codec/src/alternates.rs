//! The smaller forms in which renditions are offered beside their JPEGs: made later, by slow
//! encoders in another process.

use crate::external_codecs::{EncoderMemory, Encoding, ExternalCodecs, Pixels};
use crate::process::{decode_largest, guarded};
use crate::raster::Raster;
use crate::{CodecError, Format, FormatSet, Job, Ladder, Step, StoppedBy, read_header, scale};

/// How many hundredths of its JPEG's size a form may have to be worth keeping: what saves less than
/// a tenth costs more in storage and caches than it gives.
const PERCENT_MAX: u64 = 90;

/// A rendition in another form than JPEG.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alternate {
    /// The ladder's name for the step: "grid".
    pub name: &'static str,
    /// The encoding of the file.
    pub encoding: Encoding,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The encoded file, at least a tenth smaller than the JPEG.
    pub bytes: Vec<u8>,
}

/// What became of the forms that were asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Alternates {
    /// The forms that are worth keeping.
    pub made: Vec<Alternate>,
    /// Encodings that their encoder refused for some step, so that none of them is among what was
    /// made, and why. Nothing is known against the picture.
    pub refused: Vec<(Encoding, CodecError)>,
}

/// Makes other forms of a picture's renditions, by one more decoding of the original. `jpegs` names
/// each step whose forms are wanted, with the size of its JPEG in bytes; a form that is not at
/// least a tenth smaller is left out. Steps that are as large as the one before share their file,
/// as their JPEGs do.
///
/// # Errors
/// As [`crate::process()`] has them; [`CodecError::Stopped`] also when there is nothing that writes
/// a form that is asked for.
pub fn process_alternates(
    bytes: &[u8],
    job: &Job<'_>,
    encodings: &[Encoding],
    jpegs: &[(&str, u64)],
) -> Result<Alternates, CodecError> {
    let external_codecs = job.external_codecs.ok_or_else(|| CodecError::Stopped {
        by: StoppedBy::Absence,
        cause: "nothing writes other forms here just now".to_owned(),
    })?;
    let limits = job.limits.for_ladder(job.ladder);
    // Of any format: what is stored is worked on even where the format was switched off since.
    let header = read_header(bytes, &limits, &FormatSet::new(Format::ALL))?;
    guarded(|| {
        let mut raster = decode_largest(&header, bytes, job)?;
        let mut forms = Alternates::default();
        for step in job.ladder.steps() {
            // Made even where none of its forms is wanted: the next step is made from it.
            let smaller = scale::shrink(&raster, step.side_max)?;
            let is_as_before = smaller.is_none();
            raster = smaller.unwrap_or(raster);
            let Some((_, jpeg_bytes)) = jpegs.iter().find(|(name, _)| *name == step.name) else {
                continue;
            };
            let rendition = Rendition {
                raster: &raster,
                step,
                is_as_before,
                jpeg_bytes: *jpeg_bytes,
            };
            for encoding in encodings {
                forms.add(&rendition, *encoding, external_codecs, job)?;
            }
        }
        Ok(forms)
    })
}

/// The memory that [`process_alternates`] takes, that of the encoders' process included, in bytes:
/// of a picture whose [`Header::memory_bytes`](crate::Header::memory_bytes) are these, whose file
/// and size are these. Decoding and encoding come one after the other; beside an encoder there are
/// the largest rendition, a copy of it and what was made.
#[must_use]
pub fn alternates_memory_bytes(
    memory_bytes: u64,
    file_bytes: u64,
    (width, height): (u32, u32),
    ladder: &Ladder,
    encodings: &[Encoding],
    memory: EncoderMemory,
) -> u64 {
    /// Two rasters and, at most, as many bytes made.
    const BYTES_PER_PIXEL: u64 = 9;
    let (width, height) = scale::fit(width, height, ladder.side_max());
    let beside = file_bytes + u64::from(width) * u64::from(height) * BYTES_PER_PIXEL;
    // The most that one takes, not all together: they run one after the other.
    let encoder = encodings
        .iter()
        .map(|encoding| encoding.encoder_bytes(width, height, memory))
        .max();
    memory_bytes.max(beside + encoder.unwrap_or(0))
}

/// A rendition that forms are made of.
struct Rendition<'r> {
    raster: &'r Raster,
    step: &'r Step,
    /// Whether it is as large as the step before.
    is_as_before: bool,
    jpeg_bytes: u64,
}

impl Alternates {
    fn add(
        &mut self,
        rendition: &Rendition<'_>,
        encoding: Encoding,
        external_codecs: &dyn ExternalCodecs,
        job: &Job<'_>,
    ) -> Result<(), CodecError> {
        if self.refused.iter().any(|(refused, _)| *refused == encoding) {
            return Ok(());
        }
        let Rendition { raster, step, .. } = *rendition;
        let mut made = self.made.iter().rev();
        let larger = made.find(|form| form.encoding == encoding);
        // The last one kept may be of a step further up, so the sizes are compared as well.
        let same = larger.filter(|larger| rendition.is_as_before && is_size_of(larger, raster));
        let bytes = match same {
            Some(same) => Ok(same.bytes.clone()),
            None => encode(raster, step, encoding, external_codecs, job),
        };
        let bytes = match bytes {
            Err(error) if error.is_refusal() => {
                self.made.retain(|form| form.encoding != encoding);
                self.refused.push((encoding, error));
                return Ok(());
            }
            bytes => bytes?,
        };
        if bytes.len() as u64 * 100 <= rendition.jpeg_bytes * PERCENT_MAX {
            self.made.push(Alternate {
                name: step.name,
                encoding,
                width: raster.width,
                height: raster.height,
                bytes,
            });
        }
        Ok(())
    }
}

fn is_size_of(form: &Alternate, raster: &Raster) -> bool {
    (form.width, form.height) == (raster.width, raster.height)
}

fn encode(
    raster: &Raster,
    step: &Step,
    encoding: Encoding,
    external_codecs: &dyn ExternalCodecs,
    job: &Job<'_>,
) -> Result<Vec<u8>, CodecError> {
    job.check_deadline()?;
    let pixels = Pixels {
        width: raster.width,
        height: raster.height,
        // A copy: the next step is made from these.
        bytes: raster.pixels.clone(),
        has_alpha: false,
        profile: None,
    };
    let quality = step.quality_of(encoding);
    external_codecs.encode(&pixels, encoding, quality, job.encoder_memory, job.deadline)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1024 * 1024;

    #[test]
    fn encoders_are_estimated_for_the_largest_rendition() {
        let estimate_as = |memory, side: u32, ladder_side: u32, encodings: &[Encoding]| {
            let ladder = Ladder::new(vec![Step {
                side_max: ladder_side,
                ..Ladder::default().steps()[0]
            }]);
            let size = (side, side / 4 * 3);
            alternates_memory_bytes(200 * MIB, 4 * MIB, size, &ladder, encodings, memory)
        };
        let estimate = |side, ladder_side, encodings: &[Encoding]| {
            estimate_as(EncoderMemory::Usual, side, ladder_side, encodings)
        };
        let both = [Encoding::WebP, Encoding::Avif];
        // What decoding takes is free again by then.
        assert_eq!(estimate(400, 2_048, &both), 200 * MIB);
        let usual = estimate(4_000, 2_048, &both);
        assert_eq!(usual, estimate(12_000, 2_048, &both));
        // 159 MB were measured in the encoder's process.
        assert!((200 * MIB..300 * MIB).contains(&usual), "{usual}");
        assert!(estimate(4_000, 2_048, &both[..1]) < usual);
        assert!(estimate(12_000, 4_096, &both) > usual * 3);
        assert_eq!(estimate(12_000, 4_096, &[]), 200 * MIB);
        // 388 MB were measured of a drawing.
        let most = |bytes_max| estimate_as(EncoderMemory::Most { bytes_max }, 4_000, 2_048, &both);
        assert!((500 * MIB..600 * MIB).contains(&most(u64::MAX)));
        assert!((300 * MIB..350 * MIB).contains(&most(300 * MIB)));
        assert_eq!(most(0), usual);
    }

    #[test]
    fn a_larger_picture_is_never_estimated_lower() {
        let most = EncoderMemory::Most {
            bytes_max: u64::MAX,
        };
        for memory in [EncoderMemory::Usual, most] {
            let sides = (100..3_000).step_by(10);
            let estimated: Vec<u64> = sides
                .map(|side| Encoding::Avif.encoder_bytes(side, side, memory))
                .collect();
            assert!(estimated.is_sorted(), "{memory:?}");
        }
    }
}
