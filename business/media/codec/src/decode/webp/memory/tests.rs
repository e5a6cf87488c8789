use std::time::{Duration, Instant};

use crate::container::vp8l::made;
use crate::container::webp::{Canvas, file, write};
use crate::{CodecError, Format, FormatSet, Header, Limits, read_header};

const MIB: u64 = 1024 * 1024;
/// The longest that a header may take on the slowest machine that runs tests, without optimisation.
const AT_ONCE: Duration = Duration::from_secs(4);
/// What the decoder was seen to take for 1,024 groups that are made here.
const TAKEN_BY_1024_GROUPS: u64 = 21 * MIB;

fn chunk(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut chunk = Vec::new();
    write(&mut chunk, *kind, body);
    chunk
}

fn canvas(flags: u8) -> Vec<u8> {
    let canvas = Canvas {
        animated: flags & Canvas::ANIMATED != 0,
        width: made::SIDE,
        height: made::SIDE,
    };
    chunk(b"VP8X", &canvas.write(flags))
}

/// The beginning of a lossy picture, which is all that is read of it.
fn lossy() -> Vec<u8> {
    chunk(b"VP8 ", b"\0\0\0\x9d\x01\x2a\x10\0\x10\0")
}

fn alpha(groups: u32) -> Vec<u8> {
    let stream = made::many_groups(groups, false);
    chunk(b"ALPH", &[&[1], &stream[..]].concat())
}

fn lossless(groups: u32) -> Vec<u8> {
    chunk(b"VP8L", &made::many_groups(groups, true))
}

fn animation(frames: &[&[u8]]) -> Vec<u8> {
    let frame = |picture: &&[u8]| {
        let header = [0, 0, 0, 0, 0, 0, 15, 0, 0, 15, 0, 0, 100, 0, 0, 0];
        chunk(b"ANMF", &[&header, *picture].concat())
    };
    let frames: Vec<u8> = frames.iter().flat_map(frame).collect();
    let control = chunk(b"ANIM", &[0; 6]);
    file(&[canvas(Canvas::ANIMATED | Canvas::ALPHA), control, frames].concat())
}

/// Lossless pixels, lossless opacity, and both in frames.
fn every_place(groups: u32) -> [(&'static str, Vec<u8>); 4] {
    let with_alpha = [canvas(Canvas::ALPHA), alpha(groups), lossy()].concat();
    let frame_with_alpha = [alpha(groups), lossy()].concat();
    [
        ("pixels", file(&lossless(groups))),
        ("opacity", file(&with_alpha)),
        (
            "pixels of a frame",
            animation(&[&lossless(1), &lossless(groups)]),
        ),
        ("opacity of a frame", animation(&[&frame_with_alpha])),
    ]
}

fn header(file: &[u8]) -> Result<Header, CodecError> {
    let started = Instant::now();
    let header = read_header(file, &Limits::default(), &FormatSet::new(Format::ALL));
    assert!(started.elapsed() < AT_ONCE, "took {:?}", started.elapsed());
    header
}

#[test]
fn tables_of_prefix_codes_are_counted() {
    for (place, file) in every_place(1_024) {
        let bytes = header(&file).unwrap().memory_bytes - file.len() as u64;
        let plausible = TAKEN_BY_1024_GROUPS..TAKEN_BY_1024_GROUPS * 5 / 4;
        assert!(plausible.contains(&bytes), "{place}: {bytes}");
    }
}

#[test]
fn a_small_file_cannot_ask_for_much_memory_by_its_prefix_codes() {
    for (place, file) in every_place(32_768) {
        let error = header(&file).unwrap_err();
        assert!(
            matches!(error, CodecError::TooLarge { .. }),
            "{place}: {error:?}"
        );
    }
}

#[test]
fn frames_are_estimated_one_at_a_time() {
    let one = header(&animation(&[&lossless(300)])).unwrap().memory_bytes;
    let file = animation(&[&lossless(300), &lossless(300), &lossless(1)]);
    let three = header(&file).unwrap().memory_bytes;
    assert!(three < one + file.len() as u64 * 3, "{three}, {one}");
}

/// The decoder does not care where the outermost chunk ends.
#[test]
fn pixels_behind_the_end_are_counted() {
    let extended = [canvas(0), lossless(1_024)].concat();
    for (chunks, outer_length) in [(lossless(1_024), 12), (extended, 4 + 18)] {
        let mut file = file(&chunks);
        file[4..8].copy_from_slice(&u32::to_le_bytes(outer_length));
        if let Ok(header) = header(&file) {
            assert!(header.memory_bytes > TAKEN_BY_1024_GROUPS);
        }
    }
}

#[test]
fn a_larger_picture_cannot_be_hidden_behind_the_end() {
    let large = chunk(b"VP8 ", b"\0\0\0\x9d\x01\x2a\xff\x3f\xff\x3f");
    let mut file = file(&[canvas(0), large].concat());
    file[4..8].copy_from_slice(&22_u32.to_le_bytes());
    assert!(matches!(header(&file), Err(CodecError::Broken { .. })));
}

/// The decoder would take the frame's lossless pixels for the picture's.
#[test]
fn a_frame_in_a_still_picture_is_refused() {
    let frame = [&[0; 16], &lossless(1_024)[..]].concat();
    let chunks = [canvas(0), lossy(), chunk(b"ANMF", &frame)].concat();
    assert!(matches!(
        header(&file(&chunks)),
        Err(CodecError::Broken { .. })
    ));
}

#[test]
fn lossless_opacity_of_lossy_pixels_costs_more() {
    const PIXELS: u64 = 4_096 * 4_096;
    const ONE_GROUP: u64 = 64 * 1024;
    let large_canvas = Canvas {
        animated: false,
        width: 4_096,
        height: 4_096,
    };
    let canvas = chunk(b"VP8X", &large_canvas.write(Canvas::ALPHA));
    let lossy = chunk(b"VP8 ", b"\0\0\0\x9d\x01\x2a\0\x10\0\x10");
    let bytes = |opacity: Vec<u8>| {
        let file = file(&[&canvas[..], &opacity, &lossy].concat());
        header(&file).unwrap().memory_bytes - file.len() as u64
    };
    let more = bytes(alpha(1)) - bytes(chunk(b"ALPH", &[0; 257]));
    assert!(
        (PIXELS * 3..PIXELS * 3 + ONE_GROUP).contains(&more),
        "{more}"
    );
}
