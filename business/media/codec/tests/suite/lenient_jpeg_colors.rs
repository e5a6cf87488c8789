//! How colours and tables of rare JPEGs are read, and what no browser shows.

use business_media_codec::{CodecError, Limits, read_header};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use crate::jpeg_parts::{
    adobe, assert_shown_as, encoded, inserted, photo, picture, place, renamed, segment, shown,
    without,
};
use crate::pictures::{assert_close, every_format};

#[test]
fn colors_are_reported_as_libjpeg_reports_them() {
    let picture = picture();
    let mut rgb = Vec::new();
    // Three components as they are: encoded as if they were YCbCr's.
    let mut encoder = Encoder::new(&mut rgb, 95);
    encoder.set_sampling_factor(SamplingFactor::R_4_4_4);
    encoder
        .encode(&picture.pixels, 205, 147, ColorType::Ycbcr)
        .unwrap();
    let bare = without(&rgb, &[0xe0, 0xee]);
    for (what, file) in [
        ("Adobe 0, names 1 2 3", inserted(&bare, 2, &adobe(0))),
        ("named R, G, B", renamed(&bare, b"RGB")),
        (
            "Adobe 0, named R, G, B",
            inserted(&renamed(&bare, b"RGB"), 2, &adobe(0)),
        ),
    ] {
        let seen = shown(&file);
        for (x, y) in [(5, 5), (60, 20), (100, 100), (190, 140)] {
            assert_close(seen.at(x, y), picture.at(x, y), 40, what);
        }
    }
    let plain = photo(false);
    let expected = shown(&plain);
    let bare = without(&plain, &[0xe0, 0xee]);
    let jfif = segment(0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
    for (what, file) in [
        ("nothing", bare.clone()),
        ("names from 0", renamed(&bare, &[0, 1, 2])),
        ("Adobe 1", inserted(&bare, 2, &adobe(1))),
        ("an unknown transform", inserted(&bare, 2, &adobe(7))),
        (
            "Adobe 1, named R, G, B",
            inserted(&renamed(&bare, b"RGB"), 2, &adobe(1)),
        ),
        (
            "JFIF and Adobe 0",
            inserted(&bare, 2, &[jfif.clone(), adobe(0)].concat()),
        ),
        (
            "Adobe 0 and JFIF",
            inserted(&bare, 2, &[adobe(0), jfif.clone()].concat()),
        ),
        (
            "JFIF, named R, G, B",
            inserted(&renamed(&bare, b"RGB"), 2, &jfif),
        ),
        (
            "an Adobe segment that is too short",
            inserted(&plain, 2, &segment(0xee, b"Adobe\0\x64")),
        ),
    ] {
        assert_shown_as(&file, &expected, what);
    }
}

#[test]
fn tables_may_be_anywhere_or_those_of_motion_jpeg() {
    let plain = photo(false);
    let expected = shown(&plain);
    let frame = place(&plain, 0xc0);
    let header = plain[frame..frame + 19].to_vec();
    let early = inserted(&without(&plain, &[0xc0]), 2, &header);
    assert_shown_as(&early, &expected, "the frame before its tables");
    // This encoder's are the usual ones.
    assert_shown_as(&without(&plain, &[0xc4]), &expected, "no codes");
    let extended = {
        let mut file = plain.clone();
        file[frame + 1] = 0xc1;
        file
    };
    assert_shown_as(&extended, &expected, "extended");
    let no_restarts = inserted(&plain, place(&plain, 0xda), &segment(0xdd, &[0, 0]));
    assert_shown_as(&no_restarts, &expected, "an interval of nothing");
    let mut selection = plain.clone();
    let scan = place(&plain, 0xda);
    selection[scan + 12] = 0;
    assert_shown_as(
        &selection,
        &expected,
        "a scan that says it has nothing but means",
    );
    let deep = deep_quantization(&plain);
    assert_shown_as(&deep, &expected, "quantization in two bytes");
}

fn deep_quantization(file: &[u8]) -> Vec<u8> {
    let mut tables = Vec::new();
    let mut at = place(file, 0xdb);
    while file[at + 1] == 0xdb {
        let length = usize::from(u16::from_be_bytes([file[at + 2], file[at + 3]]));
        let table = &file[at + 4..at + 2 + length];
        let deep: Vec<u8> = table[1..].iter().flat_map(|step| [0, *step]).collect();
        tables.extend(segment(0xdb, &[&[0x10 | table[0]], &deep[..]].concat()));
        at += 2 + length;
    }
    let first = place(file, 0xdb);
    inserted(&without(file, &[0xdb]), first, &tables)
}

#[test]
fn rare_samplings_are_shown_in_their_colors() {
    let picture = picture();
    for sampling in [
        SamplingFactor::R_4_1_1,
        SamplingFactor::R_4_4_0,
        SamplingFactor::R_4_4_1,
        SamplingFactor::R_4_1_0,
        SamplingFactor::F_1_1,
        SamplingFactor::F_2_1,
    ] {
        for progressive in [false, true] {
            let mut file = Vec::new();
            let mut encoder = Encoder::new(&mut file, 95);
            encoder.set_sampling_factor(sampling);
            encoder.set_progressive(progressive);
            encoder
                .encode(&picture.pixels, 205, 147, ColorType::Rgb)
                .unwrap();
            let seen = shown(&file);
            // In the middle of squares, away from where colours mix.
            for (x, y) in [(20, 20), (60, 20), (100, 100), (180, 60)] {
                let what = format!("{sampling:?}, progressive: {progressive}");
                assert_close(seen.at(x, y), picture.at(x, y), 40, &what);
            }
        }
    }
}

#[test]
fn what_no_browser_shows_is_refused_by_name() {
    let plain = photo(false);
    let frame = place(&plain, 0xc0);
    let changed = |at: usize, byte: u8| {
        let mut file = plain.clone();
        file[at] = byte;
        file
    };
    let mut no_height = plain.clone();
    no_height[frame + 5..frame + 7].fill(0);
    let two = [
        &plain[..frame],
        &segment(0xc0, &[8, 0, 147, 0, 205, 2, 1, 0x11, 0, 2, 0x11, 0]),
        &plain[place(&plain, 0xc4)..],
    ]
    .concat();
    let fractions = changed(frame + 11, 0x31);
    let mut fractions = fractions;
    fractions[frame + 14] = 0x21;
    for (kind, file) in [
        ("lossless", changed(frame + 1, 0xc3)),
        ("hierarchy", changed(frame + 1, 0xc5)),
        ("arithmetic", changed(frame + 1, 0xc9)),
        ("arithmetic", changed(frame + 1, 0xca)),
        ("12 bits", changed(frame + 4, 12)),
        ("height", no_height),
        ("two components", two),
        ("fractions", fractions),
    ] {
        let refused = read_header(&file, &Limits::default(), &every_format()).unwrap_err();
        assert!(
            matches!(refused, CodecError::Unsupported { .. }),
            "{kind}: {refused:?}"
        );
        assert!(refused.to_string().contains(kind), "{kind}: {refused}");
    }
}

#[test]
fn ink_is_read_with_and_without_its_marker() {
    let ink: Vec<u8> = (0..205 * 147_u32)
        .flat_map(|index| [(index % 205) as u8, 40, 90, 20])
        .collect();
    for (color, transform) in [(ColorType::Cmyk, 0), (ColorType::CmykAsYcck, 2)] {
        for progressive in [false, true] {
            let file = encoded(progressive, color, &ink);
            let expected = shown(&file);
            let bare = without(&file, &[0xe0, 0xee]);
            let marked = inserted(&bare, 2, &adobe(transform));
            assert_shown_as(&marked, &expected, "ink with Adobe's marker");
            if transform == 0 {
                assert_shown_as(&bare, &expected, "ink without a marker");
            }
        }
    }
}
