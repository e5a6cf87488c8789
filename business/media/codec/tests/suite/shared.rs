//! The shared set of real and hostile pictures, where it is at hand: beside the workspace in
//! `../shared/photos`.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use business_media_codec::{CodecError, Limits, read_header};

use crate::clean::assert_clean;
use crate::pictures::{every_format, look, make};

/// The longest any one file may take, on a slow machine that does other things too.
const FILE_TIME_MAX: Duration = Duration::from_secs(10);

/// The set's folder of this name; nothing when it is not there, which only CI does not forgive.
pub(crate) fn folder(name: &str) -> Option<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(3)
        .unwrap();
    let folder = workspace.join("../shared/photos").join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "{} is missing",
        folder.display()
    );
    println!("skipped: {} is not there", folder.display());
    None
}

pub(crate) fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_none_or(|extension| extension != "md"))
        .map(|path| {
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                std::fs::read(&path).unwrap(),
            )
        })
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

#[test]
fn every_real_photo_of_a_kind_that_is_taken_becomes_ready() {
    let Some(folder) = folder("good") else { return };
    for (name, bytes) in files(&folder) {
        let taken = [".jpg", ".png", ".webp", ".gif"]
            .iter()
            .any(|kind| name.ends_with(kind));
        let started = Instant::now();
        match make(&bytes) {
            Ok(processed) if taken => {
                for rendition in &processed.renditions {
                    assert_clean(&rendition.bytes, &name);
                    look(&processed, rendition.name);
                }
            }
            Err(CodecError::Unsupported { .. } | CodecError::Stopped { .. }) if !taken => {}
            other => panic!(
                "{name}: {:?}",
                other.map(|processed| processed.dominant_color)
            ),
        }
        assert!(
            started.elapsed() < FILE_TIME_MAX,
            "{name} took {:?}",
            started.elapsed()
        );
    }
}

#[test]
fn the_eight_orientations_of_the_same_photo_look_the_same() {
    let Some(folder) = folder("good") else { return };
    let tiny = |orientation: u8| {
        let bytes =
            std::fs::read(folder.join(format!("orient__Landscape_{orientation}.jpg"))).unwrap();
        let processed = make(&bytes).unwrap();
        assert_eq!(
            (processed.width, processed.height),
            (1_800, 1_200),
            "orientation {orientation}"
        );
        blurhash::decode(&processed.blurhash, 12, 8, 1.0).unwrap()
    };
    let upright = tiny(1);
    for orientation in 2..=8 {
        let difference = tiny(orientation)
            .iter()
            .zip(&upright)
            .map(|(a, b)| u32::from(a.abs_diff(*b)))
            .sum::<u32>()
            / upright.len() as u32;
        assert!(
            difference < 12,
            "orientation {orientation} differs by {difference}"
        );
    }
}

#[test]
fn hostile_files_do_no_harm() {
    let Some(folder) = folder("bad") else { return };
    let must_be_refused = [
        "zero.jpg",
        "one_byte.png",
        "magic_only.jpg",
        "truncated_half.jpg",
        "truncated_60.jpg",
        "truncated_half.png",
        "truncated_60.png",
        "truncated_half.webp",
        "truncated_60.webp",
        "bomb_30kx30k.png",
        "header_65500x65500.jpg",
        "header_0x0.png",
        "header_2g.png",
        "header_65535.gif",
        "webp_16383sq.webp",
        "html.jpg",
        "html.png",
        "elf.jpg",
        "script.svg",
        "xxe.svg",
        "laughs.svg",
        "ssrf.svg",
        "script.svg.png",
        "mvg_push.jpg",
        "postscript.jpg",
        "ftyp_evil.mp4",
        "heic_huge_iinf.heic",
        "real_65536-uint32-limit.png",
        "wrong_ext_heic_is.jpg",
    ];
    let must_be_taken = [
        "ztxt_40mb.png",
        "iccp_bomb_64mb.png",
        "polyglot_html.jpg",
        "trailing_html.png",
        "trailing_zip.jpg",
        "exif_script.jpg",
        "exif_loop.jpg",
        "exif_orientation_99.jpg",
        "wrong_ext_png_is.jpg",
        "wrong_ext_jpg_is.png",
        "real_image00971.jpg",
        "real_image01137.jpg",
        "real_image01713.jpg",
        "real_image02206.jpg",
        "real_30-type_error.jpg",
        "real_45-gps_ifd.jpg",
    ];
    for (name, bytes) in files(&folder) {
        let started = Instant::now();
        let limits = Limits::default();
        if let Ok(header) = read_header(&bytes, &limits, &every_format()) {
            assert!(header.memory_bytes <= limits.memory_bytes_max, "{name}");
        }
        match make(&bytes) {
            Ok(processed) => {
                assert!(
                    !must_be_refused.contains(&name.as_str()),
                    "{name} was taken"
                );
                for rendition in &processed.renditions {
                    assert_clean(&rendition.bytes, &name);
                }
            }
            Err(error) => {
                assert!(!must_be_taken.contains(&name.as_str()), "{name}: {error:?}");
            }
        }
        assert!(
            started.elapsed() < FILE_TIME_MAX,
            "{name} took {:?}",
            started.elapsed()
        );
    }
}
