//! Which of its words about colour count for a PNG: the code points, else a profile that can be
//! used, else "sRGB", else gamma and primaries (PNG, third edition, 4.3). What is stripped says the
//! same in one word.

use business_media_codec::{Format, Purpose, strip};
use moxcms::ColorProfile;
use png::{BitDepth, ColorType};

use crate::hidden::with_chunks;
use crate::pictures::{Rgb, assert_close, look, make, png};

const STORED: [u8; 3] = [168, 95, 67];
/// What [`STORED`] is in sRGB if it is of Display P3, and if it is light; computed by the published
/// matrices and curves.
const OF_DISPLAY_P3: [u8; 3] = [180, 90, 60];
const OF_LIGHT: [u8; 3] = [211, 164, 140];

const LINEAR: &[u8] = &100_000_u32.to_be_bytes();
const USUAL: &[u8] = &45_455_u32.to_be_bytes();
/// White, red, green and blue of Display P3.
const P3_POINTS: [u32; 8] = [
    31_270, 32_900, 68_000, 32_000, 26_500, 69_000, 15_000, 6_000,
];

type Chunks<'c> = Vec<(&'c [u8; 4], &'c [u8])>;

fn icc(profile: &[u8]) -> Vec<u8> {
    // Stored, not compressed.
    let mut packed = vec![0x78, 1];
    for (at, piece) in profile.chunks(60_000).enumerate() {
        let length = u16::try_from(piece.len()).unwrap();
        packed.push(u8::from((at + 1) * 60_000 >= profile.len()));
        packed.extend(length.to_le_bytes());
        packed.extend((!length).to_le_bytes());
        packed.extend(piece);
    }
    let (low, high) = profile.iter().fold((1_u32, 0_u32), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % 65_521;
        (low, (high + low) % 65_521)
    });
    packed.extend((high << 16 | low).to_be_bytes());
    [&b"name\0\0"[..], &packed].concat()
}

fn primaries(points: [u32; 8]) -> Vec<u8> {
    points
        .iter()
        .flat_map(|point| point.to_be_bytes())
        .collect()
}

fn colored(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let picture = Rgb::plain(64, 64, STORED);
    let file = png(
        64,
        64,
        ColorType::Rgb,
        BitDepth::Eight,
        &picture.pixels,
        |_| (),
    );
    with_chunks(&file, chunks)
}

/// What is shown of the file, and of what others may download of it.
fn shown(file: &[u8]) -> [[u8; 3]; 2] {
    let shared = strip(file, Format::Png, Purpose::Shared).unwrap();
    for word in ["gAMA", "cHRM", "sRGB", "cICP"] {
        let found = memchr::memmem::find(&shared, word.as_bytes());
        assert_eq!(found, None, "{word} is left");
    }
    [file, &shared].map(|file| look(&make(file).unwrap(), "full").at(30, 30))
}

#[test]
fn the_first_word_that_can_be_understood_counts() {
    let p3 = icc(&ColorProfile::new_display_p3().encode().unwrap());
    let gray = icc(&ColorProfile::new_gray_with_gamma(1.0).encode().unwrap());
    let p3_points = primaries(P3_POINTS);
    let nonsense = primaries([0; 8]);
    let cases: Vec<(&str, Chunks<'_>, [u8; 3])> = vec![
        ("nothing", vec![], STORED),
        ("gamma", vec![(b"gAMA", LINEAR)], OF_LIGHT),
        ("no gamma", vec![(b"gAMA", &[0; 4])], STORED),
        ("the usual gamma", vec![(b"gAMA", USUAL)], STORED),
        (
            "primaries and gamma",
            vec![(b"gAMA", USUAL), (b"cHRM", &p3_points)],
            OF_DISPLAY_P3,
        ),
        ("primaries", vec![(b"cHRM", &p3_points)], OF_DISPLAY_P3),
        (
            "primaries that are none",
            vec![(b"gAMA", LINEAR), (b"cHRM", &nonsense)],
            OF_LIGHT,
        ),
        ("sRGB", vec![(b"sRGB", &[0]), (b"gAMA", LINEAR)], STORED),
        (
            "a profile",
            vec![(b"iCCP", &p3), (b"gAMA", LINEAR)],
            OF_DISPLAY_P3,
        ),
        (
            "a profile that is none",
            vec![(b"iCCP", b"name\0\0rubbish"), (b"gAMA", LINEAR)],
            OF_LIGHT,
        ),
        (
            "a profile of another kind",
            vec![(b"iCCP", &gray), (b"sRGB", &[0]), (b"gAMA", LINEAR)],
            STORED,
        ),
        (
            "code points",
            vec![(b"cICP", &[12, 13, 0, 1]), (b"gAMA", LINEAR)],
            OF_DISPLAY_P3,
        ),
        (
            "code points of sRGB",
            vec![(b"cICP", &[1, 13, 0, 1]), (b"iCCP", &p3), (b"gAMA", LINEAR)],
            STORED,
        ),
        (
            "code points that are none",
            vec![(b"cICP", &[99, 99, 0, 1]), (b"iCCP", &p3)],
            OF_DISPLAY_P3,
        ),
    ];
    for (what, chunks, expected) in cases {
        for seen in shown(&colored(&chunks)) {
            assert_close(seen, expected, 5, what);
        }
    }
}

#[test]
fn grays_are_as_light_as_their_gamma_says() {
    let gray = png(
        64,
        64,
        ColorType::Grayscale,
        BitDepth::Eight,
        &[95; 64 * 64],
        |_| (),
    );
    for chunks in [
        vec![(b"gAMA", LINEAR)],
        vec![(b"cICP", &[1, 8, 0, 1][..])],
        vec![(b"cICP", &[12, 8, 0, 1][..])],
    ] {
        for seen in shown(&with_chunks(&gray, &chunks)) {
            assert_close(seen, [164; 3], 4, "gray");
        }
    }
}

#[test]
fn what_is_published_of_a_png_has_the_colors_of_srgb() {
    let published =
        |chunks: &[(&[u8; 4], &[u8])]| strip(&colored(chunks), Format::Png, Purpose::Published);
    let plain = published(&[]).unwrap();
    assert!(published(&[(b"sRGB", &[3]), (b"gAMA", LINEAR)]).unwrap() == plain);
    assert!(published(&[(b"gAMA", USUAL)]).unwrap() == plain);
    assert!(published(&[(b"gAMA", LINEAR)]).is_err());
}
