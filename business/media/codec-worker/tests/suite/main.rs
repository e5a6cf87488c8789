//! The codecs in C, through the codec's trait, in worker processes as they run in production.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // a test that cannot continue fails

mod bad;
mod colors;
mod containers;
mod decode;
mod encode;
mod found;
mod gray;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use business_media_codec::{CodecError, ExternalCodecs as _, Format, FormatSet, Pixels, sniff};
use business_media_codec_worker::{CodecWorkers, Program, Settings};
use testing_kit::require;

const PIXELS_MAX: u64 = 100_000_000;

fn program() -> Program {
    Program {
        path: env!("CARGO_BIN_EXE_business-media-codec-worker-test-worker").into(),
        arguments: Vec::new(),
    }
}

/// The codecs, where there are libheif and the photos to try it on; in CI there have to be.
fn external_codecs() -> Option<CodecWorkers> {
    require::shared_photos("good")?;
    let external_codecs = CodecWorkers::find(program(), &Settings::default());
    assert_eq!(external_codecs.report().absence, None);
    let is_whole = external_codecs.reads().contains(&Format::Heic);
    require::found(is_whole, "libheif", "Debian's package `libheif1`").then_some(external_codecs)
}

/// A generous end: what is asserted about time is asserted apart.
fn soon() -> Instant {
    Instant::now() + Duration::from_secs(120)
}

/// The shared photos of a kind, by the end of their names.
fn photos(folder: &str, endings: &[&str]) -> Vec<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/photos");
    let mut found: Vec<PathBuf> = std::fs::read_dir(root.join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            endings
                .iter()
                .any(|ending| path.to_string_lossy().ends_with(ending))
        })
        .collect();
    found.sort();
    assert!(!found.is_empty(), "no photos {endings:?} in {folder}");
    found
}

fn decode(external_codecs: &CodecWorkers, file: &[u8]) -> Result<Pixels, CodecError> {
    let format = sniff(file, &FormatSet::new(Format::ALL))?;
    external_codecs.decode(format, file, PIXELS_MAX, soon())
}
