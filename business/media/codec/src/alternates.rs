//! The smaller forms in which renditions are offered beside their JPEGs: made later, by slow encoders in another process.

use crate::outside::{Encoding, OutsideCodecs, Pixels};
use crate::process::{decode_largest, guarded};
use crate::raster::Raster;
use crate::{CodecError, Format, FormatSet, Job, Step, StoppedBy, read_header, scale};

/// How many hundredths of its JPEG's size a form may have to be worth keeping: what saves less than a tenth costs more in
/// storage and caches than it gives.
const PERCENT_MAX: u64 = 90;

/// A rendition in another form than JPEG.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alternate {
    /// The ladder's name for the step: "grid".
    pub name: &'static str,
    /// What it is.
    pub encoding: Encoding,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The file.
    pub bytes: Vec<u8>,
}

/// Makes other forms of a picture's renditions, by one more decoding of the original. `jpegs` names each step whose forms
/// are wanted, with the size of its JPEG in bytes; a form that is not at least a tenth smaller is left out. Steps that
/// are as large as the one before share their file, as their JPEGs do.
///
/// # Errors
/// As [`crate::process()`] has them; [`CodecError::Stopped`] also when there is nothing that writes a form that is asked
/// for.
pub fn process_alternates(
    bytes: &[u8],
    job: &Job<'_>,
    encodings: &[Encoding],
    jpegs: &[(&str, u64)],
) -> Result<Vec<Alternate>, CodecError> {
    let outside = job.outside.ok_or_else(|| CodecError::Stopped {
        by: StoppedBy::Absence,
        cause: "nothing writes other forms here just now".to_owned(),
    })?;
    let header = read_header(bytes, job.limits, &FormatSet::new(Format::ALL))?;
    guarded(|| {
        let mut raster = decode_largest(&header, bytes, job)?;
        let mut made: Vec<Alternate> = Vec::new();
        for step in job.ladder.steps() {
            let smaller = scale::shrink(&raster, step.side_max)?;
            let same = smaller.is_none();
            raster = smaller.unwrap_or(raster);
            let Some((_, jpeg_bytes)) = jpegs.iter().find(|(name, _)| *name == step.name) else {
                continue;
            };
            for encoding in encodings {
                let larger = made.iter().rfind(|form| form.encoding == *encoding);
                let bytes = match larger.filter(|larger| same && is_size_of(larger, &raster)) {
                    Some(larger) => larger.bytes.clone(),
                    None => encode(&raster, step, *encoding, outside, job)?,
                };
                if bytes.len() as u64 * 100 > jpeg_bytes * PERCENT_MAX {
                    continue;
                }
                made.push(Alternate {
                    name: step.name,
                    encoding: *encoding,
                    width: raster.width,
                    height: raster.height,
                    bytes,
                });
            }
        }
        Ok(made)
    })
}

fn is_size_of(form: &Alternate, raster: &Raster) -> bool {
    (form.width, form.height) == (raster.width, raster.height)
}

fn encode(
    raster: &Raster,
    step: &Step,
    encoding: Encoding,
    outside: &dyn OutsideCodecs,
    job: &Job<'_>,
) -> Result<Vec<u8>, CodecError> {
    job.check_deadline()?;
    let pixels = Pixels {
        width: raster.width,
        height: raster.height,
        bytes: raster.pixels.clone(),
        has_alpha: false,
        profile: None,
    };
    outside.encode(&pixels, encoding, step.quality_of(encoding), job.deadline)
}
