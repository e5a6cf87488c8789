//! Files that are damaged or made to harm.

use std::time::{Duration, Instant};

use business_media_codec::{
    CodecError, ExternalCodecs as _, Format, FormatSet, Limits, StoppedBy, read_header,
};
use business_media_codec_worker::{CodecWorkers, Settings};

use crate::containers::{body, resized};
use crate::{PIXELS_MAX, decode, external_codecs, photos, program, soon};

/// What no bad file may take, header and pixels together.
const BAD_FILE_MAX: Duration = Duration::from_secs(20);

#[test]
fn bad_files_end_soon_and_the_next_is_read() {
    let Some(external_codecs) = external_codecs() else {
        return;
    };
    let good = std::fs::read(&photos("good", &["8bpc.yuv422.avif"])[0]).unwrap();
    let taken = FormatSet::new(Format::ALL);
    for path in photos("bad", &[".heic", ".avif", "heic_is.jpg"]) {
        let file = std::fs::read(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy();
        let begun = Instant::now();
        let header = read_header(&file, &Limits::default(), &taken);
        let pixels = decode(&external_codecs, &file);
        assert!(begun.elapsed() < BAD_FILE_MAX, "{name}");
        let is_whole = name.contains("bitflips") || name.contains("heic_is");
        assert!(is_whole || header.is_err(), "{name}: {header:?}");
        assert!(is_whole || pixels.is_err(), "{name}");
        decode(&external_codecs, &good).unwrap();
    }
}

#[test]
fn every_cut_of_a_file_is_refused_by_its_header() {
    let taken = FormatSet::new(Format::ALL);
    for ending in ["8bpc.yuv422.avif", "alpha.heif", "IMG_2927.heic"] {
        let file = std::fs::read(&photos("good", &[ending])[0]).unwrap();
        let mut cut = 1;
        while cut < file.len() {
            let header = read_header(&file[..cut], &Limits::default(), &taken);
            assert!(header.is_err(), "{ending} cut at {cut}: {header:?}");
            cut += cut / 40 + 1;
        }
    }
}

#[test]
fn more_pixels_than_are_allowed_are_not_decoded() {
    let file = std::fs::read(&photos("good", &["IMG_2927.heic"])[0]).unwrap();
    let Some(external_codecs) = external_codecs() else {
        return;
    };
    let error = external_codecs.decode(Format::Heic, &file, 1_000_000, soon());
    let error = error.map(|pixels| pixels.width);
    assert!(
        matches!(error, Err(CodecError::TooLarge { .. })),
        "{error:?}"
    );
}

#[test]
fn pixels_of_another_size_than_the_header_says_do_not_come_back() {
    let Some(external_codecs) = external_codecs() else {
        return;
    };
    let file = std::fs::read(&photos("good", &["fox.profile2.8bpc.yuv422.avif"])[0]).unwrap();
    let taken = FormatSet::new(Format::ALL);
    // Smaller than it is, larger, and as many pixels.
    for size in [(64, 48), (1_300, 900), (800, 1_204)] {
        let lies = resized(&file, size);
        let header = read_header(&lies, &Limits::default(), &taken).unwrap();
        assert_eq!((header.width, header.height), size);
        let error = decode(&external_codecs, &lies).map(|pixels| (pixels.width, pixels.height));
        let error = error.unwrap_err();
        assert!(matches!(error, CodecError::Broken { .. }), "{error:?}");
    }
    decode(&external_codecs, &file).unwrap();
}

#[test]
fn another_format_than_was_asked_for_is_not_decoded() {
    let Some(external_codecs) = external_codecs() else {
        return;
    };
    let file = std::fs::read(&photos("good", &["IMG_2927.heic"])[0]).unwrap();
    // Said to be AVIF, with pictures as HEIC has them.
    let mut dressed_up = file.clone();
    let brands = body(&file, b"ftyp").len();
    for brand in dressed_up[8..8 + brands].chunks_exact_mut(4) {
        if brand == b"heic" || brand == b"heix" {
            brand.copy_from_slice(b"avif");
        }
    }
    for (file, format) in [(&file, Format::Avif), (&dressed_up, Format::Avif)] {
        let error = external_codecs.decode(format, file, PIXELS_MAX, soon());
        let error = error.map(|pixels| pixels.width);
        assert!(
            matches!(error, Err(CodecError::Unsupported { .. })),
            "{error:?}"
        );
    }
}

#[test]
fn a_picture_that_takes_too_long_is_stopped_and_the_next_is_read() {
    let Some(external_codecs) = external_codecs() else {
        return;
    };
    let file = std::fs::read(&photos("good", &["IMG_2927.heic"])[0]).unwrap();
    let in_a_moment = Instant::now() + Duration::from_millis(20);
    let stopped = external_codecs.decode(Format::Heic, &file, PIXELS_MAX, in_a_moment);
    assert!(
        matches!(
            stopped,
            Err(CodecError::Stopped {
                by: StoppedBy::Deadline,
                ..
            })
        ),
        "{:?}",
        stopped.map(|pixels| pixels.width)
    );
    decode(&external_codecs, &file).unwrap();
}

#[test]
fn a_picture_that_takes_too_much_memory_is_an_error_and_the_next_is_read() {
    let settings = Settings {
        memory_bytes_max: 48 << 20,
        ..Settings::default()
    };
    let external_codecs = CodecWorkers::find(program(), &settings);
    let large = std::fs::read(&photos("good", &["IMG_2927.heic"])[0]).unwrap();
    let error = decode(&external_codecs, &large).map(|pixels| pixels.width);
    assert!(
        matches!(
            error,
            Err(CodecError::Broken { .. }
                | CodecError::Stopped {
                    by: StoppedBy::Crash,
                    ..
                })
        ),
        "{error:?}"
    );
    let small = std::fs::read(&photos("good", &["8bpc.yuv422.avif"])[0]).unwrap();
    decode(&external_codecs, &small).unwrap();
}
