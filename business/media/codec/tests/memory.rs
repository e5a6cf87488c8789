//! Whether a header's figure of memory is what processing then takes at its peak: an allocator
//! counts. A figure that is too low lets more pictures be worked on at once than there is memory
//! for.
//!
//! A program of its own, because the allocator is the whole program's, and with one test after the
//! other.

#![allow(clippy::unwrap_used)] // a test that cannot continue fails
#![allow(unsafe_code)] // an allocator cannot be written without

#[path = "../src/container/vp8l/made.rs"]
mod made;

use std::alloc::{GlobalAlloc, Layout, System};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use jpeg_encoder::{ColorType, Encoder};

use business_media_codec::{Format, FormatSet, Header, Job, Ladder, Limits, process, read_header};

struct Counting;

/// Bytes that are allocated, and the most that were since [`peak_of`] began.
static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

fn count(bytes: usize) {
    let live = LIVE.fetch_add(bytes, Ordering::Relaxed) + bytes;
    PEAK.fetch_max(live, Ordering::Relaxed);
}

// What grows is counted twice while it is copied, as the trait's own `realloc` does it.
//
// SAFETY: every call is handed to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's promise is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Held by the one test that runs.
static ALONE: Mutex<()> = Mutex::new(());

/// The most bytes that work held at once, beside what there was before.
fn peak_of<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let before = LIVE.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let made = work();
    (made, (PEAK.load(Ordering::Relaxed) - before) as u64)
}

/// Every file of the shared set's folder of this name; none when it is not there, which only CI
/// does not forgive.
fn photos(folder: &str) -> Vec<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3);
    let folder = workspace.unwrap().join("../shared/photos").join(folder);
    if !folder.is_dir() {
        assert!(std::env::var_os("CI").is_none(), "{folder:?} is missing");
        println!("skipped: {folder:?} is not there");
        return Vec::new();
    }
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// Reads a file's header and processes it, and holds what both took against the header's figure.
/// Gives the header, and whether it could be processed; nothing when the header is refused.
fn check(name: &str, file: &[u8], exceeded: &mut Vec<String>) -> Option<(Header, bool)> {
    let (limits, ladder) = (Limits::default(), Ladder::default());
    let (header, at_header) = peak_of(|| read_header(file, &limits, &FormatSet::read_here()));
    let bound = header
        .as_ref()
        .map_or(READ_BYTES_MAX, |header| header.memory_bytes);
    // What is told of a decoder's panic takes memory as well.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let (processed, peak) = peak_of(|| process(file, &Job::new(&limits, &ladder)));
    std::panic::set_hook(hook);
    let taken = at_header.max(peak) + file.len() as u64;
    println!(
        "{name}: {taken} of {bound} ({:.2}), {at_header} by the header",
        taken as f64 / bound as f64
    );
    if taken > bound {
        exceeded.push(format!("{name}: {taken} of {bound} bytes"));
    }
    Some((header.ok()?, processed.is_ok()))
}

/// What reading may take of a file that is refused, itself included.
const READ_BYTES_MAX: u64 = 32 * 1024 * 1024;

#[test]
fn no_photo_takes_more_memory_than_its_header_says() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut exceeded = Vec::new();
    let mut seen = Vec::new();
    for path in [photos("good"), photos("bad")].concat() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let file = std::fs::read(&path).unwrap();
        if let Some((header, true)) = check(&name, &file, &mut exceeded) {
            seen.push(header.format);
        }
    }
    assert!(exceeded.is_empty(), "{exceeded:#?}");
    let all = [Format::Jpeg, Format::Png, Format::WebP, Format::Gif];
    assert!(seen.is_empty() || all.iter().all(|format| seen.contains(format)));
}

/// As a file's chunk.
fn chunk(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_le_bytes();
    let mut chunk = [&kind[..], &length, body].concat();
    chunk.resize(chunk.len().next_multiple_of(2), 0);
    chunk
}

fn webp(chunks: &[Vec<u8>]) -> Vec<u8> {
    chunk(b"RIFF", &[b"WEBP".to_vec(), chunks.concat()].concat())
}

/// Lossy pixels of one block, gray: both parts of the stream are zeros.
fn lossy() -> Vec<u8> {
    let (part, side) = (200_u32, made::SIDE as u8);
    let tag = (part << 5 | 1 << 4).to_le_bytes();
    let header = [&tag[..3], &[0x9d, 0x01, 0x2a, side, 0, side, 0]].concat();
    chunk(b"VP8 ", &[header, vec![0; 400]].concat())
}

/// What the file has beside pixels: opacity, and whether it moves.
fn canvas(flags: u8) -> Vec<u8> {
    let side = made::SIDE as u8 - 1;
    chunk(b"VP8X", &[flags, 0, 0, 0, side, 0, 0, side, 0, 0])
}

fn moving(picture: &[u8]) -> Vec<u8> {
    let side = made::SIDE as u8 - 1;
    let header = [0, 0, 0, 0, 0, 0, side, 0, 0, side, 0, 0, 100, 0, 0, 0];
    let frame = chunk(b"ANMF", &[&header, picture].concat());
    webp(&[canvas(0x12), chunk(b"ANIM", &[0; 6]), frame.clone(), frame])
}

#[test]
fn prefix_codes_of_webp_take_no_more_memory_than_its_header_says() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut exceeded = Vec::new();
    for groups in [1, 700, 8_000] {
        let pixels = chunk(b"VP8L", &made::many_groups(groups, true));
        let alpha = [vec![1], made::many_groups(groups, false)].concat();
        let lossy_with_alpha = [chunk(b"ALPH", &alpha), lossy()].concat();
        let parts = [canvas(0x10), lossy_with_alpha.clone()];
        for (name, file) in [
            ("pixels", webp(std::slice::from_ref(&pixels))),
            ("opacity", webp(&parts)),
            ("pixels that move", moving(&pixels)),
            ("opacity that moves", moving(&lossy_with_alpha)),
        ] {
            let name = format!("{name}, {groups} groups");
            let (header, processed) = check(&name, &file, &mut exceeded).unwrap();
            assert!(processed, "{name}");
            assert!(
                header.memory_bytes > u64::from(groups) * 20 * 1_024,
                "{name}"
            );
        }
    }
    for body in [made::every_part(), made::with_palette(9)] {
        let file = webp(&[chunk(b"VP8L", &body)]);
        assert!(check("a lossless picture", &file, &mut exceeded).unwrap().1);
    }
    assert!(exceeded.is_empty(), "{exceeded:#?}");
}

/// A colour profile of up to 4 MiB, nearly all of it one table, of numbers of one byte or two, that
/// it names for every direction and intent: the costliest that are applied.
fn large_profile(space: &[u8; 4], channels: u8, grid: u8, number_bytes: usize) -> Vec<u8> {
    const NAMES: [&[u8; 4]; 7] = [
        b"A2B0", b"A2B1", b"A2B2", b"B2A0", b"B2A1", b"B2A2", b"gamt",
    ];
    let kind = if number_bytes == 1 { b"mft1" } else { b"mft2" };
    let mut table = [&kind[..], &[0, 0, 0, 0, channels, 3, grid, 0]].concat();
    // A matrix that changes nothing, in 1/65,536.
    for at in 0..9 {
        table.extend((i32::from(at % 4 == 0) << 16).to_be_bytes());
    }
    if number_bytes == 2 {
        table.extend([1, 0, 1, 0]);
    }
    let points = usize::from(grid).pow(channels.into()) * 3;
    let numbers = 256 * usize::from(channels) + points + 256 * 3;
    table.extend((0..=255_u8).cycle().take(numbers * number_bytes));
    let start = 128 + 4 + 12 * NAMES.len() as u32;
    let mut profile = vec![0; 128];
    profile[..4].copy_from_slice(&(start + table.len() as u32).to_be_bytes());
    profile[8] = 2;
    profile[12..24].copy_from_slice(&[b"prtr", &space[..], b"Lab "].concat());
    profile[36..40].copy_from_slice(b"acsp");
    profile[68..80].copy_from_slice(&[0, 0, 0xf6, 0xd6, 0, 1, 0, 0, 0, 0, 0xd3, 0x2d]);
    profile.extend((NAMES.len() as u32).to_be_bytes());
    for name in NAMES {
        profile.extend(name);
        profile.extend(start.to_be_bytes());
        profile.extend((table.len() as u32).to_be_bytes());
    }
    profile.extend(table);
    profile
}

#[test]
fn no_colour_profile_takes_more_memory_than_its_header_says() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut exceeded = Vec::new();
    for (space, channels, grid, number_bytes, color) in [
        (b"CMYK", 4, 34, 1, ColorType::Cmyk),
        (b"CMYK", 4, 28, 2, ColorType::Cmyk),
        (b"RGB ", 3, 111, 1, ColorType::Rgb),
        (b"RGB ", 3, 88, 2, ColorType::Rgb),
        (b"GRAY", 1, 255, 1, ColorType::Luma),
    ] {
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, 80);
        encoder
            .add_icc_profile(&large_profile(space, channels, grid, number_bytes))
            .unwrap();
        let pixels: Vec<u8> = (0..64 * 64 * usize::from(channels))
            .map(|at| at as u8)
            .collect();
        encoder.encode(&pixels, 64, 64, color).unwrap();
        let name = String::from_utf8_lossy(space);
        assert!(check(&name, &file, &mut exceeded).unwrap().1, "{name}");
    }
    assert!(exceeded.is_empty(), "{exceeded:#?}");
}

/// The same pixels, or as good as, as a file of every kind.
fn files(width: u16, height: u16) -> Vec<(String, Vec<u8>)> {
    let (wide, high) = (u32::from(width), u32::from(height));
    let numbers = |channels: u32| -> Vec<u8> {
        let count = wide * high * channels;
        (0..count).map(|at| (at / 7) as u8).collect()
    };
    let mut files = Vec::new();
    for (color, channels, progressive) in [
        (ColorType::Luma, 1, false),
        (ColorType::Luma, 1, true),
        (ColorType::Rgb, 3, false),
        (ColorType::Rgb, 3, true),
        // The encoder writes no progressive ink that others read.
        (ColorType::Cmyk, 4, false),
    ] {
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, 80);
        encoder.set_progressive(progressive);
        let encoded = encoder.encode(&numbers(channels), width, height, color);
        encoded.unwrap();
        files.push((
            format!("JPEG of {color:?}, progressive {progressive}"),
            file,
        ));
    }
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, wide, high);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Sixteen);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&numbers(8)).unwrap();
    writer.finish().unwrap();
    files.push(("PNG".to_owned(), file));
    let mut file = Vec::new();
    // Its decoder ends one pixel before.
    if wide.max(high) < 16_384 {
        let encoder = image_webp::WebPEncoder::new(&mut file);
        let encoded = encoder.encode(&numbers(3), wide, high, image_webp::ColorType::Rgb8);
        encoded.unwrap();
        files.push(("WebP".to_owned(), file));
    }
    let mut file = Vec::new();
    let mut encoder = gif::Encoder::new(&mut file, width, height, &[7; 768]).unwrap();
    for _ in 0..2 {
        let mut frame = gif::Frame::from_indexed_pixels(width, height, numbers(1), None);
        frame.dispose = gif::DisposalMethod::Previous;
        encoder.write_frame(&frame).unwrap();
    }
    drop(encoder);
    files.push(("GIF".to_owned(), file));
    files
}

/// What depends on one side more than on pixels: rows, blocks and the scaler's tables.
#[test]
fn no_narrow_picture_takes_more_memory_than_its_header_says() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut exceeded = Vec::new();
    for (long, short) in [
        (65_535, 1),
        (16_384, 1),
        (16_383, 17),
        (16_383, 100),
        (2_049, 9),
    ] {
        for (width, height) in [(long, short), (short, long)] {
            for (name, file) in files(width, height) {
                let name = format!("{width} by {height}, {name}");
                let processed = check(&name, &file, &mut exceeded).is_some_and(|(_, made)| made);
                // Progressive ink in coarser colours is rare, and not taken.
                assert!(
                    processed || name.ends_with("Cmyk, progressive true"),
                    "{name}"
                );
            }
        }
    }
    assert!(exceeded.is_empty(), "{exceeded:#?}");
}
