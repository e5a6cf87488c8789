//! HEIC and AVIF: the boxes, and the one that says what is in the file.

pub(crate) mod boxes;
pub(crate) mod meta;

use crate::CodecError;
use boxes::Walk;
use meta::Meta;

/// The largest camera data taken, in bytes.
const EXIF_BYTES_MAX: usize = 1024 * 1024;

/// The camera's data of a HEIC or AVIF file, a TIFF header and what follows, if there is some that
/// can be found.
pub(crate) fn exif(bytes: &[u8]) -> Option<Vec<u8>> {
    let meta = read_meta(bytes).ok()?;
    let item = meta.item_of_kind(*b"Exif")?;
    let mut exif = meta.bytes(bytes, item, EXIF_BYTES_MAX).ok()?;
    // Where the TIFF header begins after this number.
    let (offset, rest) = exif.split_first_chunk::<4>()?;
    let start = usize::try_from(u32::from_be_bytes(*offset)).ok()?;
    rest.get(start..)?;
    Some(exif.split_off(4 + start))
}

/// What the file says of the pictures in it.
pub(crate) fn read_meta(bytes: &[u8]) -> Result<Meta<'_>, CodecError> {
    let mut walk = Walk::default();
    let top = walk.boxes(bytes, true)?;
    let mut metas = top.iter().filter(|part| &part.kind == b"meta");
    match (metas.next(), metas.next()) {
        (Some(meta), None) => Meta::read(&mut walk, meta.body),
        (None, _) => Err(CodecError::unsupported(
            "This file holds a film and no still picture, which is not taken here.",
        )),
        // Another reader may believe the other.
        (Some(_), Some(_)) => Err(CodecError::broken("two descriptions of its pictures")),
    }
}
