//! What is refused of HEIC and AVIF before another process sees them.

use std::time::{Duration, Instant};

use business_media_codec::{
    CodecError, EncoderMemory, Encoding, ExternalCodecs, Format, Frame, Header, Job, Ladder,
    Limits, Pixels, Processed, process, read_header,
};

use crate::heif_file::{File, Item, ipma, location, part, reference};
use crate::pictures::every_format;

/// Generous: what takes this long was made to.
const HEADER_TIME_MAX: Duration = Duration::from_secs(2);

pub(crate) fn header(file: &File) -> Result<Header, CodecError> {
    let (file, begun) = (file.bytes(), Instant::now());
    let header = read_header(&file, &Limits::default(), &every_format());
    assert!(begun.elapsed() < HEADER_TIME_MAX, "{:?}", begun.elapsed());
    header
}

pub(crate) fn assert_broken(file: &File, why: &str) {
    match header(file) {
        Err(CodecError::Broken { cause }) => assert!(cause.contains(why), "{cause}"),
        other => panic!("not broken: {other:?}"),
    }
}

/// One HEVC picture.
pub(crate) fn plain() -> File {
    File::heic(vec![Item::new(1, b"hvc1", (64, 48))])
}

/// Two by one tiles, which are the same.
pub(crate) fn grid() -> File {
    let items = vec![
        Item::grid(1, (128, 64), 2, 1),
        Item::new(2, b"hvc1", (64, 64)),
    ];
    File::heic(items).refer(b"dimg", 1, &[2, 2])
}

#[test]
fn pictures_and_grids_have_the_size_that_they_say() {
    for (file, size) in [(plain(), (64, 48)), (grid(), (128, 64))] {
        let header = header(&file).unwrap();
        assert_eq!((header.width, header.height), size);
    }
}

#[test]
fn extents_that_take_no_bytes_are_refused() {
    // Every size is nothing, so that each of the extents takes nothing.
    let entry = [&[0, 9, 0, 0][..], &10_000_u16.to_be_bytes()].concat();
    let mut iloc = vec![0, 0, 0, 0, 0, 0];
    iloc.extend(1_000_u16.to_be_bytes());
    iloc.extend(entry.repeat(1_000));
    let mut file = plain();
    file.in_meta = part(b"iloc", &iloc);
    assert_broken(&file, "");
    // As the only box of its kind.
    let mut file = plain().bytes();
    let at = file.windows(4).position(|kind| kind == b"iloc").unwrap();
    file[at..at + 4].copy_from_slice(b"free");
    let at = file.windows(4).position(|kind| kind == b"meta").unwrap();
    let more = part(b"iloc", &iloc);
    let length = (file.len() - at + 4 + more.len()) as u32;
    file[at - 4..at].copy_from_slice(&length.to_be_bytes());
    file.extend(more);
    let error = read_header(&file, &Limits::default(), &every_format()).unwrap_err();
    assert!(format!("{error:?}").contains("extents"), "{error:?}");
}

#[test]
fn extents_are_counted_over_all_items() {
    let mut file = plain();
    let extents = vec![(0, 1); 6_000];
    let entries = (10..14).flat_map(|item| location(item, &extents));
    file.in_locations = (4, entries.collect());
    assert_broken(&file, "more entries");
}

#[test]
fn what_may_be_there_once_is_not_there_twice() {
    for kind in [b"pitm", b"iinf", b"iref", b"iprp", b"iloc", b"idat"] {
        let mut file = plain();
        let bytes = file.bytes();
        let at = bytes.windows(4).position(|found| found == kind).unwrap();
        let length = u32::from_be_bytes(*bytes[..at].last_chunk().unwrap()) as usize;
        file.in_meta = bytes[at - 4..][..length].to_vec();
        assert_broken(&file, "twice");
    }
    let mut bytes = plain().bytes();
    let at = bytes.windows(4).position(|found| found == b"meta").unwrap();
    bytes.extend(bytes[at - 4..].to_vec());
    let error = read_header(&bytes, &Limits::default(), &every_format()).unwrap_err();
    assert!(matches!(error, CodecError::Broken { .. }), "{error:?}");
}

#[test]
fn references_are_counted_over_all_of_them() {
    let mut file = plain();
    for from in 10..14 {
        file.references.push((*b"cdsc", from, vec![1; 4_000]));
    }
    assert_broken(&file, "more entries");
    // Those that name nothing count, too.
    let mut file = plain();
    file.references = vec![(*b"cdsc", 9, Vec::new()); 11_000];
    assert_broken(&file, "more entries");
    assert_eq!(reference(b"cdsc", 9, &[]).len(), 12);
}

#[test]
fn one_item_has_its_properties_from_one_place() {
    let mut file = plain();
    file.in_properties = ipma(&[(1, vec![1])]);
    assert_broken(&file, "twice");
    // For another item it is allowed.
    file.in_properties = ipma(&[(2, vec![1])]);
    header(&file).unwrap();
}

/// Responds to every file with a picture of this size, of pixels that are as many as it says or
/// not.
struct FixedCodecs {
    size: (u32, u32),
    bytes: usize,
    has_alpha: bool,
}

impl ExternalCodecs for FixedCodecs {
    fn reads(&self) -> Vec<Format> {
        vec![Format::Heic]
    }

    fn writes(&self) -> Vec<Encoding> {
        Vec::new()
    }

    fn decode(&self, _: Format, _: &[u8], _: u64, _: Instant) -> Result<Pixels, CodecError> {
        Ok(Pixels {
            width: self.size.0,
            height: self.size.1,
            bytes: vec![100; self.bytes],
            has_alpha: self.has_alpha,
            profile: None,
        })
    }

    fn encode(
        &self,
        _: &Pixels,
        _: Encoding,
        _: u8,
        _: EncoderMemory,
        _: Instant,
    ) -> Result<Vec<u8>, CodecError> {
        panic!("nothing is encoded")
    }

    fn encode_animation(
        &self,
        _: (u32, u32),
        _: &mut dyn Iterator<Item = Result<Frame, CodecError>>,
        _: u16,
        _: u8,
        _: Instant,
    ) -> Result<Vec<u8>, CodecError> {
        panic!("nothing is encoded")
    }
}

fn process_with(size: (u32, u32), bytes: usize, has_alpha: bool) -> Result<Processed, CodecError> {
    let external_codecs = FixedCodecs {
        size,
        bytes,
        has_alpha,
    };
    let (limits, ladder) = (Limits::default(), Ladder::default());
    let job = Job {
        external_codecs: Some(&external_codecs),
        ..Job::new(&limits, &ladder)
    };
    process(&plain().bytes(), &job)
}

#[test]
fn a_response_of_another_size_than_the_header_says_is_refused_as_that() {
    let processed = process_with((64, 48), 64 * 48 * 4, true).unwrap();
    assert_eq!((processed.width, processed.height), (64, 48));
    // Before its pixels are counted: of the largest there is nowhere to put a picture without
    // opacity.
    for size in [(48, 64), (64, 47), (65, 48), (u32::MAX, u32::MAX)] {
        let error = process_with(size, 64 * 48 * 4, true).unwrap_err();
        assert!(
            error.cause().contains("another size"),
            "{size:?}: {error:?}"
        );
    }
    for (bytes, has_alpha) in [(64 * 48 * 3, true), (64 * 48 * 4, false), (0, false)] {
        let error = process_with((64, 48), bytes, has_alpha).unwrap_err();
        assert!(error.cause().contains("too few pixels"), "{error:?}");
    }
}
