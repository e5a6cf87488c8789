//! Files that one reader takes for this and another for that, and files that ask for more work than
//! they show: refused, or read the same way everywhere.

use std::time::{Duration, Instant};

use business_media_codec::{CodecError, Format, Limits, Purpose, read_header, strip};
use png::{BitDepth, ColorType};

use crate::pictures::{Rgb, every_format, exif, look, make, png};

/// Far more than it takes, and far less than what is asked for would.
const AT_ONCE: Duration = Duration::from_secs(1);

fn assert_refused(file: &[u8], what: &str) -> CodecError {
    let started = Instant::now();
    let refused = read_header(file, &Limits::default(), &every_format()).expect_err(what);
    assert!(
        started.elapsed() < AT_ONCE,
        "{what}: {:?}",
        started.elapsed()
    );
    refused
}

fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
    [&[0xff, marker], &length[..], body].concat()
}

fn frame(marker: u8, side: u16) -> Vec<u8> {
    let side = side.to_be_bytes();
    let components = [3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0];
    segment(marker, &[&[8], &side[..], &side, &components].concat())
}

/// Behind a marker that stands alone to some and has a length to others: a small frame for these, a
/// large one for those. Here as in browsers it stands alone, and what is made of the file has
/// nothing of the other frame.
#[test]
fn a_jpeg_that_hides_a_large_frame_from_some_readers() {
    let small = Rgb::plain(8, 8, [1, 2, 3]).jpeg(None, None, false);
    for alone in [0xd0, 0xd7, 0x01, 0xd8] {
        let tables = segment(0xdb, &[&[0][..], &[1; 64]].concat());
        let hidden = [frame(0xc0, 16_000), tables].concat();
        let cover = u16::try_from(hidden.len() + 2).unwrap().to_be_bytes();
        let shown = [&[0xff, alone, 0, 4, 0xff, 0xe3][..], &cover].concat();
        let file = [&small[..2], &shown, &hidden, &small[2..]].concat();
        if alone == 0xd8 {
            let refused = assert_refused(&file, "two files in one");
            assert!(matches!(refused, CodecError::Broken { .. }), "{refused:?}");
            continue;
        }
        let header = read_header(&file, &Limits::default(), &every_format()).unwrap();
        assert_eq!((header.width, header.height), (8, 8));
        let processed = make(&file).unwrap();
        let plain = make(&small).unwrap();
        assert_eq!(look(&processed, "full").pixels, look(&plain, "full").pixels);
        let shared = strip(&file, Format::Jpeg, Purpose::Shared).unwrap();
        assert_eq!(
            shared,
            strip(&small, Format::Jpeg, Purpose::Shared).unwrap()
        );
    }
}

/// Each scan is a pass over the whole picture, however few bytes it has.
#[test]
fn a_jpeg_with_more_scans_than_a_picture_has() {
    for (progressive, scans) in [(false, 1), (false, 3), (true, 60)] {
        let mut file = Rgb::plain(16, 16, [1, 2, 3]).jpeg(None, None, progressive);
        let scan = memchr::memmem::find(&file, b"\xff\xda").unwrap();
        let length = usize::from(u16::from_be_bytes([file[scan + 2], file[scan + 3]]));
        let header = file[scan..scan + 2 + length].to_vec();
        file.truncate(file.len() - 2);
        for _ in 0..scans {
            file.extend_from_slice(&header);
        }
        file.extend([0xff, 0xd9]);
        let refused = assert_refused(&file, "empty scans");
        assert!(matches!(refused, CodecError::Broken { .. }), "{refused:?}");
    }
}

/// Frames are decoded whole, also where they reach beyond the canvas.
#[test]
fn a_gif_whose_frames_are_larger_than_itself() {
    let mut file = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff".to_vec();
    let side = 4_000u16.to_le_bytes();
    for _ in 0..=Limits::default().animation_pixels_max / 16_000_000 {
        file.extend([0x2c, 0, 0, 0, 0]);
        file.extend([side, side].concat());
        file.extend([0, 2, 1, 0x2c, 0]);
    }
    file.push(0x3b);
    let refused = assert_refused(&file, "frames beyond the canvas");
    assert!(
        matches!(refused, CodecError::TooLarge { .. }),
        "{refused:?}"
    );
}

/// The size of the largest rendition, and what the shared original says of turning.
fn turned(format: Format, file: &[u8]) -> ((u32, u32), bool) {
    let processed = make(file).unwrap();
    let full = &processed.renditions[0];
    assert_eq!(
        (full.width, full.height),
        (processed.width, processed.height)
    );
    let shared = strip(file, format, Purpose::Shared).unwrap();
    let says = memchr::memmem::find(&shared, b"MM\0*").is_some();
    ((full.width, full.height), says)
}

#[test]
fn a_png_that_says_after_its_pixels_how_it_is_turned() {
    let upright = png(
        64,
        32,
        ColorType::Grayscale,
        BitDepth::Eight,
        &[9; 64 * 32],
        |_| (),
    );
    let end = upright.len() - 12;
    let data = exif(6);
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    let named = [b"eXIf", &data[..]].concat();
    let checksum = crc32fast::hash(&named).to_be_bytes();
    let chunk = [&length[..], &named, &checksum].concat();
    let late = [&upright[..end], &chunk, &upright[end..]].concat();
    assert_eq!(turned(Format::Png, &late), ((32, 64), true));
    assert_eq!(turned(Format::Png, &upright), ((64, 32), false));
}

#[test]
fn a_jpeg_that_says_twice_how_it_is_turned() {
    let picture = Rgb::plain(64, 32, [1, 2, 3]);
    for (first, second, expected) in [(1, 6, ((64, 32), false)), (6, 1, ((32, 64), true))] {
        let once = picture.jpeg(Some(&exif(first)), None, false);
        let again = segment(0xe1, &[b"Exif\0\0", &exif(second)[..]].concat());
        let at = memchr::memmem::find(&once, b"\xff\xdb").unwrap();
        let twice = [&once[..at], &again, &once[at..]].concat();
        assert_eq!(turned(Format::Jpeg, &twice), expected);
    }
}
