//! Places in a well-formed file where bytes go along that no reader shows, or that two readers show
//! differently.

use business_media_codec::{CodecError, Format, Purpose, strip};
use png::{BitDepth, ColorType};

use crate::moving::{apng, seen};
use crate::pictures::{Rgb, png};

/// A chunk of a PNG.
pub(crate) fn chunk(kind: &[u8], body: &[u8]) -> Vec<u8> {
    let named = [kind, body].concat();
    let length = u32::try_from(body.len()).unwrap();
    let checksum = crc32fast::hash(&named);
    [
        &length.to_be_bytes()[..],
        &named,
        &checksum.to_be_bytes()[..],
    ]
    .concat()
}

/// The chunks of a PNG, by kind and body.
fn chunks(file: &[u8]) -> Vec<([u8; 4], Vec<u8>)> {
    let mut rest = &file[8..];
    let mut found = Vec::new();
    while !rest.is_empty() {
        let length = u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize;
        found.push((rest[4..8].try_into().unwrap(), rest[8..8 + length].to_vec()));
        rest = &rest[12 + length..];
    }
    found
}

fn written(parts: &[([u8; 4], Vec<u8>)]) -> Vec<u8> {
    let chunks = parts.iter().flat_map(|(kind, body)| chunk(kind, body));
    [&b"\x89PNG\r\n\x1a\n"[..], &chunks.collect::<Vec<u8>>()].concat()
}

/// The file with these chunks between its header and the rest.
pub(crate) fn with_chunks(file: &[u8], added: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let mut parts = chunks(file);
    let added = added.iter().map(|(kind, body)| (**kind, body.to_vec()));
    parts.splice(1..1, added);
    written(&parts)
}

fn still() -> Vec<u8> {
    let picture = Rgb::quarters(16, 16);
    png(
        16,
        16,
        ColorType::Rgb,
        BitDepth::Eight,
        &picture.pixels,
        |_| (),
    )
}

#[track_caller]
fn assert_broken(file: &[u8], format: Format, what: &str) {
    let refused = strip(file, format, Purpose::Shared);
    assert!(
        matches!(refused, Err(CodecError::Broken { .. })),
        "{what}: {refused:?}"
    );
}

fn photo(restart_interval: u16) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut file, 90);
    encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::R_4_2_0);
    encoder.set_restart_interval(restart_interval);
    let picture = Rgb::quarters(120, 100);
    encoder
        .encode(&picture.pixels, 120, 100, jpeg_encoder::ColorType::Rgb)
        .unwrap();
    file
}

fn place(file: &[u8], marker: u8) -> usize {
    memchr::memmem::find(file, &[0xff, marker]).unwrap()
}

fn inserted(file: &[u8], at: usize, bytes: &[u8]) -> Vec<u8> {
    [&file[..at], bytes, &file[at..]].concat()
}

#[test]
fn what_no_scan_of_a_jpeg_uses_is_left_out() {
    let plain = photo(0);
    let clean = strip(&plain, Format::Jpeg, Purpose::Shared).unwrap();
    let (scan, end) = (place(&plain, 0xda), plain.len() - 2);
    let quantization = [&b"\xff\xdb\0\x43\x03"[..], &[b'S'; 64]].concat();
    // A code of one word in the last table of its kind.
    let huffman = [&b"\xff\xc4\0\x14\x13"[..], &[1], &[0; 15], &b"S"[..]].concat();
    let interval = b"\xff\xdd\0\x04SE";
    for (what, bytes) in [
        ("quantization", &quantization[..]),
        ("codes", &huffman),
        ("restarts", interval),
        ("restarts, twice", &interval.repeat(2)),
        ("fill", &[0xff; 40]),
        ("a comment of no length", b"\xff\xfe\0\0"),
    ] {
        for at in [scan, end] {
            let laden = inserted(&plain, at, bytes);
            assert!(
                strip(&laden, Format::Jpeg, Purpose::Shared).as_ref() == Ok(&clean),
                "{what} at {at}"
            );
        }
    }
    // Replaced before it was used.
    let first = place(&plain, 0xdb);
    let laden = inserted(
        &plain,
        first,
        &[&b"\xff\xdb\0\x43\0"[..], &[b'S'; 64]].concat(),
    );
    assert!(strip(&laden, Format::Jpeg, Purpose::Shared).as_ref() == Ok(&clean));
}

#[test]
fn a_jpeg_that_two_readers_may_show_differently_is_refused() {
    let plain = photo(0);
    let (scan, end) = (place(&plain, 0xda), plain.len() - 2);
    let twice = inserted(&plain, end, &plain[scan..end]);
    assert_broken(&twice, Format::Jpeg, "every colour a second time");
    let frame = place(&plain, 0xc0);
    let mut same = plain.clone();
    same[frame + 13] = same[frame + 10];
    assert_broken(&same, Format::Jpeg, "two colours of one name");
    let table = place(&plain, 0xdb);
    let mut missing = plain.clone();
    // Its number.
    missing[table + 4] = 3;
    assert_broken(&missing, Format::Jpeg, "a table that is not there");
    let adobe = |transform: u8| [&b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0"[..], &[transform]].concat();
    // Where JFIF and Adobe do not agree, every browser goes by JFIF, and nothing is left of the
    // other.
    let contradicts = inserted(&plain, scan, &adobe(0));
    let clean = strip(&plain, Format::Jpeg, Purpose::Shared).unwrap();
    assert!(strip(&contradicts, Format::Jpeg, Purpose::Shared).as_ref() == Ok(&clean));
    // But some go by names before JFIF.
    let mut named = plain.clone();
    for (place, name) in [(frame + 10, 0), (scan + 5, 0)] {
        for (index, letter) in b"RGB".iter().enumerate() {
            named[place + index * if place == frame + 10 { 3 } else { 2 } + name] = *letter;
        }
    }
    assert_broken(&named, Format::Jpeg, "named as colours, and JFIF");
    let both = inserted(&inserted(&plain, scan, &adobe(1)), scan, &adobe(0));
    assert_broken(&both, Format::Jpeg, "Adobe does not agree with itself");
}

#[test]
fn restarts_of_a_jpeg_are_where_they_have_to_be() {
    // 8 by 7 units of 16 by 16 pixels.
    let good = photo(10);
    let clean = strip(&good, Format::Jpeg, Purpose::Shared).unwrap();
    assert!(clean.windows(2).any(|two| two == b"\xff\xdd"));
    assert!(image::load_from_memory(&clean).unwrap() == image::load_from_memory(&good).unwrap());
    let restarts = (0xd0..=0xd7).filter(|marker| {
        memchr::memmem::find(&good[place(&good, 0xda)..], &[0xff, *marker]).is_some()
    });
    assert_eq!(restarts.count(), 5);
    let end = good.len() - 2;
    assert_broken(&inserted(&good, end, b"\xff\xd5"), Format::Jpeg, "one more");
    assert_broken(
        &inserted(&good, end, b"\xff\xd5SECRET"),
        Format::Jpeg,
        "one more and text",
    );
}

#[test]
fn what_no_pixel_of_a_png_uses_is_left_out() {
    let plain = still();
    let suggested = with_chunks(&plain, &[(b"PLTE", b"SECRET")]);
    assert!(strip(&suggested, Format::Png, Purpose::Shared).unwrap() == plain);
    let indexed = |palette: &[u8], opacity: Option<&[u8]>| {
        png(
            16,
            4,
            ColorType::Indexed,
            BitDepth::Two,
            // Colours 0 and 2.
            &[0b0010_0010; 16],
            |info| {
                info.palette = Some(palette.to_vec().into());
                info.trns = opacity.map(|opacity| opacity.to_vec().into());
            },
        )
    };
    for (opacity, cut) in [
        (None, None),
        (Some(&[9, 7, 9, 7][..]), Some(&[9, 255, 9][..])),
        (Some(&[9, 7]), Some(&[9])),
        (Some(&[255, 7, 255, 7]), None),
    ] {
        let file = indexed(b"\x01\x02\x03SEC\x04\x05\x06RET", opacity);
        let clean = strip(&file, Format::Png, Purpose::Shared).unwrap();
        assert!(
            clean == indexed(&[1, 2, 3, 0, 0, 0, 4, 5, 6], cut),
            "{opacity:?}"
        );
        let [before, after] =
            [&file, &clean].map(|file| image::load_from_memory(file).unwrap().to_rgba8());
        assert!(before == after);
    }
    let beyond = indexed(&[1, 2, 3, 4, 5, 6], None);
    assert_broken(&beyond, Format::Png, "a colour that is not there");
}

#[test]
fn opacity_where_a_png_has_none_to_say_is_refused() {
    let clear = png(
        16,
        16,
        ColorType::Rgba,
        BitDepth::Eight,
        &[9; 16 * 16 * 4],
        |_| (),
    );
    for (file, opacity) in [
        (&clear, &b"SECRET"[..]),
        (&still(), b"SECRET and more"),
        (&still(), b"S"),
        // Of eight bits, so that the upper half says nothing.
        (&still(), b"S\0E\0C\0"),
    ] {
        let file = with_chunks(file, &[(b"tRNS", opacity)]);
        assert_broken(&file, Format::Png, "opacity");
    }
    let good = with_chunks(&still(), &[(b"tRNS", b"\0S\0E\0C")]);
    assert!(strip(&good, Format::Png, Purpose::Shared).unwrap() == good);
}

/// The file with every chunk of pixels cut into chunks of a byte, and some of none.
fn cut(file: &[u8]) -> Vec<u8> {
    let mut parts = Vec::new();
    let mut sequence = 0_u32;
    let mut numbered = |body: &[u8]| {
        sequence += 1;
        [&(sequence - 1).to_be_bytes()[..], body].concat()
    };
    for (kind, body) in chunks(file) {
        match &kind {
            b"fcTL" => parts.push((kind, numbered(&body[4..]))),
            b"fdAT" => parts.extend(body[4..].iter().map(|byte| (kind, numbered(&[*byte])))),
            b"IDAT" => {
                parts.push((kind, Vec::new()));
                parts.extend(body.iter().map(|byte| (kind, vec![*byte])));
                parts.push((kind, Vec::new()));
            }
            _ => parts.push((kind, body)),
        }
    }
    written(&parts)
}

#[test]
fn how_a_png_is_cut_into_chunks_is_not_kept() {
    let moving = apng(true, png::BlendOp::Over);
    for whole in [still(), moving] {
        let laden = cut(&whole);
        assert!(laden.len() > whole.len() * 3);
        let clean = strip(&laden, Format::Png, Purpose::Shared).unwrap();
        assert!(clean == strip(&whole, Format::Png, Purpose::Shared).unwrap());
        let kinds: Vec<_> = chunks(&clean).into_iter().map(|(kind, _)| kind).collect();
        let pixels = kinds.iter().filter(|kind| **kind == *b"IDAT").count();
        assert_eq!(pixels, 1);
        let frames = |kind: &[u8; 4]| kinds.iter().filter(|found| *found == kind).count();
        assert!(frames(b"fdAT") <= frames(b"fcTL"));
        let looks = |file: &[u8]| {
            let frames = seen(Format::Png, file).into_iter();
            frames.map(|frame| frame.rgba).collect::<Vec<_>>()
        };
        assert!(looks(&clean) == looks(&laden));
    }
}

#[test]
fn pixels_of_a_png_that_something_lies_between_are_refused() {
    let mut parts = chunks(&cut(&still()));
    parts.insert(10, (*b"seCr", b"ET".to_vec()));
    assert_broken(&written(&parts), Format::Png, "a chunk between pixels");
}
