//! JPEG: segments that begin with markers, and coded data after those that are scans.
//!
//! This is the one walk through a JPEG: the decoder, the metadata readers and the stripper all go
//! by it, so that what one of them skips the others do, too. It finds segments where libjpeg, and
//! so every browser, finds them.

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

/// The segments of a file, from after its start marker to its end marker, which is the last. Bytes
/// between two segments, repeated 0xff before a marker, 0xff with a zero after it, and markers that
/// stand alone are skipped. A scan that the file ends in is handed out with what there is of it,
/// and is followed by an error, as is all else that is not well formed.
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
    // Markers that stand alone where they have no meaning.
    let is_segment = |marker: u8| !matches!(marker, 0x01 | 0xd0..=0xd7);
    let at = marker_position(rest, is_segment).ok_or_else(cut_off)?;
    take(rest, at)?;
    let fill = rest.iter().take_while(|byte| **byte == 0xff).count();
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
        START => return Err(CodecError::broken("a second start")),
        _ => {}
    }
    let body = body(marker, rest)?;
    let coded = if marker == SCAN {
        // Restart markers belong to what is coded.
        let is_end = |marker: u8| !(0xd0..=0xd7).contains(&marker);
        let length = marker_position(rest, is_end).unwrap_or(rest.len());
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

/// What follows a marker, after its length. One that is shorter than itself is an error where the
/// picture depends on it, and empty in an application's segment or a comment, as libjpeg has it.
fn body<'b>(marker: u8, rest: &mut &'b [u8]) -> Result<&'b [u8], CodecError> {
    let length = usize::from(u16::from_be_bytes(*take_array(rest)?));
    match length.checked_sub(2) {
        Some(length) => take(rest, length),
        None if matches!(marker, 0xe0..=0xef | 0xfe) => Ok(&[]),
        None => Err(CodecError::broken("a segment shorter than its length")),
    }
}

/// Where the first marker of this kind begins: at 0xff, repeated or not, before anything but zero.
fn marker_position(bytes: &[u8], is_wanted: impl Fn(u8) -> bool) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr(0xff, bytes.get(at..)?)?;
        let fill = bytes[at..].iter().take_while(|byte| **byte == 0xff).count();
        let marker = *bytes.get(at + fill)?;
        if marker != 0 && is_wanted(marker) {
            return Some(at);
        }
        at += fill + 1;
    }
}

/// The EXIF data of a file: of its first segment that has some.
pub(crate) fn exif(file: &[u8]) -> Option<&[u8]> {
    segments(file)
        .map_while(Result::ok)
        .take_while(|segment| segment.marker != SCAN)
        .filter(|segment| segment.marker == 0xe1)
        // The byte after the zero is one that nobody looks at.
        .find_map(|segment| segment.body.strip_prefix(b"Exif\0")?.get(1..))
}

/// Whether this is the body of JFIF's segment: colours are then YCbCr, whatever other segments say.
pub(crate) fn is_jfif(body: &[u8]) -> bool {
    // libjpeg takes no shorter one for it.
    const BYTES_MIN: usize = 14;
    body.len() >= BYTES_MIN && body.starts_with(b"JFIF\0")
}

/// How the body of Adobe's segment says that colours are coded: 0 for as they are, 1 for YCbCr, 2
/// for YCCK.
pub(crate) fn adobe_transform(body: &[u8]) -> Option<u8> {
    body.strip_prefix(b"Adobe")?.get(6).copied()
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
    // They are numbered, because a writer need not keep their order.
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
