//! JPEG: segments that begin with markers, and coded data after those that are scans.

use super::{cut_off, take, take_array};
use crate::CodecError;

pub(crate) const START: u8 = 0xd8;
pub(crate) const END: u8 = 0xd9;
pub(crate) const SCAN: u8 = 0xda;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Segment<'b> {
    pub(crate) marker: u8,
    /// Without its length.
    pub(crate) body: &'b [u8],
    /// Of a scan, what is coded, with its restart markers.
    pub(crate) coded: &'b [u8],
}

/// The segments of a file, from after its start marker to its end marker, which is the last. Bytes that belong to none
/// are an error; repeated 0xff before a marker are allowed.
pub(crate) fn segments(file: &[u8]) -> impl Iterator<Item = Result<Segment<'_>, CodecError>> {
    let mut rest = file.strip_prefix(&[0xff, START]);
    std::iter::from_fn(move || {
        let segment = next(rest.as_mut()?);
        if !matches!(&segment, Ok(segment) if segment.marker != END) {
            rest = None;
        }
        Some(segment)
    })
}

fn next<'b>(rest: &mut &'b [u8]) -> Result<Segment<'b>, CodecError> {
    let fill = rest.iter().take_while(|byte| **byte == 0xff).count();
    if fill == 0 {
        return Err(CodecError::broken("bytes between segments"));
    }
    take(rest, fill)?;
    let [marker] = *take_array(rest)?;
    match marker {
        END => {
            return Ok(Segment {
                marker,
                body: &[],
                coded: &[],
            });
        }
        0x00 | 0x01 | 0xd0..=START => return Err(CodecError::broken("a marker out of place")),
        _ => {}
    }
    let length = usize::from(u16::from_be_bytes(*take_array(rest)?));
    let body = take(rest, length.checked_sub(2).ok_or_else(cut_off)?)?;
    let coded = if marker == SCAN {
        let length = coded_length(rest)?;
        take(rest, length)?
    } else {
        &[]
    };
    Ok(Segment {
        marker,
        body,
        coded,
    })
}

/// How far coded data reaches: to the next marker that is not a restart.
fn coded_length(bytes: &[u8]) -> Result<usize, CodecError> {
    let mut at = 0;
    loop {
        at += memchr::memchr(0xff, bytes.get(at..).ok_or_else(cut_off)?).ok_or_else(cut_off)?;
        match bytes.get(at + 1).ok_or_else(cut_off)? {
            0x00 | 0xd0..=0xd7 => at += 2,
            _ => return Ok(at),
        }
    }
}

/// The EXIF data of a file: of its first segment that has some.
pub(crate) fn exif(file: &[u8]) -> Option<&[u8]> {
    segments(file)
        .map_while(Result::ok)
        .take_while(|segment| segment.marker != SCAN)
        .filter(|segment| segment.marker == 0xe1)
        .find_map(|segment| segment.body.strip_prefix(b"Exif\0\0"))
}

const PROFILE: &[u8] = b"ICC_PROFILE\0";
/// Bytes of a profile that fit in one segment.
const PROFILE_PIECE_BYTES_MAX: usize = 0xffff - 2 - PROFILE.len() - 2;

/// The colour profile of a file, put together from its pieces; nothing when one is missing.
pub(crate) fn profile(file: &[u8]) -> Option<Vec<u8>> {
    let mut pieces: Vec<(u8, u8, &[u8])> = segments(file)
        .map_while(Result::ok)
        .take_while(|segment| segment.marker != SCAN)
        .filter(|segment| segment.marker == 0xe2)
        .filter_map(|segment| segment.body.strip_prefix(PROFILE))
        .filter_map(|body| match body {
            [position, count, piece @ ..] => Some((*position, *count, piece)),
            _ => None,
        })
        .collect();
    pieces.sort_by_key(|(position, ..)| *position);
    let whole = !pieces.is_empty()
        && (1..).zip(&pieces).all(|(expected, (position, count, _))| {
            *position == expected && usize::from(*count) == pieces.len()
        });
    whole.then(|| {
        pieces
            .iter()
            .flat_map(|(.., piece)| *piece)
            .copied()
            .collect()
    })
}

/// Appends a profile, in as many segments as it takes; nothing when 255 are too few.
pub(crate) fn write_profile(out: &mut Vec<u8>, profile: &[u8]) -> Option<()> {
    let count = u8::try_from(profile.len().div_ceil(PROFILE_PIECE_BYTES_MAX)).ok()?;
    for (position, piece) in (1..=count).zip(profile.chunks(PROFILE_PIECE_BYTES_MAX)) {
        write(out, 0xe2, &[PROFILE, &[position, count], piece].concat());
    }
    Some(())
}

/// Appends a segment. Its body is shorter than 65,534 bytes.
#[allow(clippy::cast_possible_truncation)] // see above
pub(crate) fn write(out: &mut Vec<u8>, marker: u8, body: &[u8]) {
    out.extend([0xff, marker]);
    out.extend((body.len() as u16 + 2).to_be_bytes());
    out.extend(body);
}
