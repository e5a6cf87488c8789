#![no_main]

use business_media_codec::{Format, FormatSet, Purpose, sniff, strip};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    let Ok(format) = sniff(file, &FormatSet::read_here()) else {
        return;
    };
    for purpose in [Purpose::Published, Purpose::Shared] {
        let Ok(clean) = strip(file, format, purpose) else {
            continue;
        };
        assert!(
            strip(&clean, format, purpose).as_ref() == Ok(&clean),
            "not the same a second time"
        );
        let left = match format {
            Format::Jpeg => jpeg(&clean),
            Format::Png => png(&clean),
            Format::WebP => webp(&clean[12..]),
            _ => gif(&clean),
        };
        let shared = ["e1", "e2", "eXIf", "iCCP", "EXIF", "ICCP"];
        for part in left {
            assert!(
                purpose == Purpose::Shared && shared.contains(&&*part),
                "{part} is left"
            );
        }
    }
});

/// The segments that are not needed to show the picture.
fn jpeg(file: &[u8]) -> Vec<String> {
    let (mut left, mut at) = (Vec::new(), 2);
    while file[at + 1] != 0xd9 {
        let (marker, length) = (
            file[at + 1],
            usize::from(u16::from_be_bytes([file[at + 2], file[at + 3]])),
        );
        if !matches!(marker, 0xc0..=0xc2 | 0xc4 | 0xda | 0xdb | 0xdd | 0xee)
            && !(marker == 0xe0 && length == 16)
        {
            left.push(format!("{marker:02x}"));
        }
        at += 2 + length;
        if marker == 0xda {
            while file[at] != 0xff || matches!(file[at + 1], 0 | 0xd0..=0xd7) {
                at += 1;
            }
        }
    }
    assert_eq!(at + 2, file.len(), "something after the end");
    left
}

fn png(file: &[u8]) -> Vec<String> {
    let needed = [
        "IHDR", "PLTE", "tRNS", "IDAT", "IEND", "acTL", "fcTL", "fdAT", "gAMA", "cHRM", "sRGB",
        "cICP",
    ];
    let (mut left, mut at) = (Vec::new(), 8);
    while at < file.len() {
        let length = u32::from_be_bytes(file[at..at + 4].try_into().unwrap()) as usize;
        left.push(String::from_utf8_lossy(&file[at + 4..at + 8]).into_owned());
        at += length + 12;
    }
    assert_eq!(left.last().map(String::as_str), Some("IEND"));
    left.retain(|kind| !needed.contains(&&**kind));
    left
}

fn webp(mut chunks: &[u8]) -> Vec<String> {
    let needed = ["VP8X", "VP8 ", "VP8L", "ALPH", "ANIM", "ANMF"];
    let mut left = Vec::new();
    while !chunks.is_empty() {
        let kind = String::from_utf8_lossy(&chunks[..4]).into_owned();
        let length = u32::from_le_bytes(chunks[4..8].try_into().unwrap()) as usize;
        if kind == "ANMF" {
            left.extend(webp(&chunks[8 + 16..8 + length]));
        }
        left.push(kind);
        chunks = &chunks[8 + length + length % 2..];
    }
    left.retain(|kind| !needed.contains(&&**kind));
    left
}

/// Extensions that are neither control nor loop.
fn gif(file: &[u8]) -> Vec<String> {
    let palette = |packed: u8| {
        if packed & 0x80 == 0 {
            0
        } else {
            6 << (packed & 7)
        }
    };
    let pieces = |mut at: usize| {
        while file[at] != 0 {
            at += 1 + usize::from(file[at]);
        }
        at + 1
    };
    let (mut left, mut at) = (Vec::new(), 13 + palette(file[10]));
    loop {
        match file[at] {
            0x21 => {
                let name = &file[at + 2..];
                if !(file[at + 1] == 0xf9
                    || file[at + 1] == 0xff && name.starts_with(b"\x0bNETSCAPE2.0\x03\x01"))
                {
                    left.push(format!("{:02x}", file[at + 1]));
                }
                at = pieces(at + 2);
            }
            0x2c => at = pieces(at + 11 + palette(file[at + 9])),
            _ => break,
        }
    }
    assert_eq!(&file[at..], b"\x3b");
    left
}
