//! WebP and AVIF: what each encoder makes of the same pixels with its customary settings, judged as
//! Chromium shows it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use super::Tools;
use super::quality::{self, Judged, PHOTOS, jpegs, reference, said};
use super::shown::shown;
use crate::bench::report::Report;

struct Form {
    name: &'static str,
    word: &'static str,
    qualities: [u8; 4],
    note: &'static str,
}

const FORMS: [Form; 2] = [
    Form {
        name: "WebP",
        word: "webp",
        qualities: [74, 80, 85, 90],
        note: "Ours: libwebp in the worker, method 6, sharp YUV. The others with effort 4, which is what they choose themselves.",
    },
    Form {
        name: "AVIF",
        word: "avif",
        qualities: [52, 60, 66, 72],
        note: "Ours: libheif in the worker, speed 5 at this size, 4:4:4. The others with effort 4, which is speed 5; libvips in 4:2:0 and sharp, \
               with libraries of its own, in 4:4:4, which is what they choose themselves.",
    },
];
const ENCODERS: [&str; 3] = ["ours", "vips", "sharp"];
/// What our JPEGs have by default, and the alternates have to reach.
const JPEG_QUALITY: u8 = 82;

/// What an encoder made at one quality, and the processor time for one picture.
struct Made {
    judged: Judged,
    processor_ms: f64,
}

pub(super) fn measure(judge: &Path, root: &Path, tools: &Tools, report: &mut Report) -> Result<()> {
    let jpeg = jpegs("ours", JPEG_QUALITY, judge, root, tools)?;
    for form in &FORMS {
        report.heading(&format!(
            "{}: SSIMULACRA2, bytes and processor time of the same pixels",
            form.name
        ));
        report.header(&["quality", "Heliograph", "libvips", "sharp"]);
        let mut curves: [Vec<Judged>; 3] = Default::default();
        for quality in form.qualities {
            let mut cells = vec![quality.to_string()];
            for (encoder, curve) in ENCODERS.into_iter().zip(&mut curves) {
                let made = make(encoder, form.word, quality, judge, root, tools)?;
                let shown = made.judged.shown();
                cells.push(format!("{shown}, {:.0} ms", made.processor_ms));
                curve.push(made.judged);
            }
            report.row(&cells);
        }
        let mut cells = vec![format!("for {:.1}", jpeg.score)];
        cells.extend(curves.iter().map(|curve| at_score(curve, jpeg.score)));
        report.row(&cells);
        report.note(&format!(
            "Means of four photos at 1,080 pixels; times without start and reading. The last row is estimated between those above: \
             the size at the score of our JPEG of quality {JPEG_QUALITY}, which takes {:.0} KB. {}",
            jpeg.bytes / 1e3,
            form.note
        ));
    }
    Ok(())
}

fn make(
    encoder: &str,
    form: &str,
    quality: u8,
    judge: &Path,
    root: &Path,
    tools: &Tools,
) -> Result<Made> {
    let (mut references, mut files, mut processor_ms) = (Vec::new(), Vec::new(), 0.0);
    for (number, photo) in PHOTOS.into_iter().enumerate() {
        let pixels = reference(root, photo, tools)?;
        let named = format!("{encoder}-{quality}-{number}");
        let file = tools.folder.join(format!("{named}.{form}"));
        let nothing = tools.folder.join(format!("{named}.ppm"));
        processor_ms += encode(encoder, form, quality, &pixels, &file, tools)?
            - encode(encoder, "nothing", quality, &pixels, &nothing, tools)?;
        references.push(pixels);
        files.push(file);
    }
    let mut sum = Judged::default();
    for ((pixels, file), picture) in references.iter().zip(&files).zip(shown(&files)?) {
        sum.add(file, quality::score(judge, pixels, &picture)?)?;
    }
    Ok(Made {
        judged: sum.mean(),
        processor_ms: processor_ms / PHOTOS.len() as f64,
    })
}

/// Encodes a file, or only reads it, and says how much processor time that took, in milliseconds.
fn encode(
    encoder: &str,
    form: &str,
    quality: u8,
    pixels: &Path,
    out: &Path,
    tools: &Tools,
) -> Result<f64> {
    let (quality, out) = (quality.to_string(), out.to_string_lossy().into_owned());
    let pixels = pixels.to_string_lossy().into_owned();
    let words = |words: &[&str]| words.iter().map(PathBuf::from).collect::<Vec<_>>();
    let command = match (encoder, form) {
        ("ours", _) => [
            vec![tools.alternates.clone()],
            words(&[form, &quality, &out, &pixels]),
        ]
        .concat(),
        ("vips", "nothing") => words(&["vips", "copy", &pixels, &out]),
        ("vips", "webp") => words(&[
            "vips", "webpsave", &pixels, &out, "--Q", &quality, "--effort", "4", "--strip",
        ]),
        ("vips", _) => words(&[
            "vips",
            "heifsave",
            &pixels,
            &out,
            "--compression",
            "av1",
            "--Q",
            &quality,
            "--effort",
            "4",
            "--strip",
        ]),
        _ => [
            vec![PathBuf::from("node"), tools.sharp.clone()],
            words(&["form", form, &quality, &out, &pixels]),
        ]
        .concat(),
    };
    processor_ms(&command)
}

/// Runs a command; the shell knows what it and all that it started took.
fn processor_ms(command: &[PathBuf]) -> Result<f64> {
    // The command's errors go to stderr, so that stdout has nothing but the times.
    let script = "exec 3>&2; TIMEFORMAT='%3U %3S'; { time \"$@\" >/dev/null 2>&3; } 2>&1";
    let mut shell = Command::new("bash");
    shell
        .args(["-e", "-c", script, "bash"])
        .args(command)
        .env("VIPS_CONCURRENCY", "1");
    let times = said(&mut shell)?;
    let seconds = times
        .split_whitespace()
        .map(str::parse::<f64>)
        .sum::<Result<f64, _>>()
        .with_context(|| format!("{command:?} took {times:?}"))?;
    Ok(seconds * 1e3)
}

/// The bytes at a score, between the two qualities around it: they grow by factors as the score
/// grows by sums.
fn at_score(curve: &[Judged], score: f64) -> String {
    let around = curve
        .windows(2)
        .find(|pair| pair[0].score <= score && score <= pair[1].score);
    let Some([worse, better]) = around else {
        return "out of reach".to_owned();
    };
    let part = (score - worse.score) / (better.score - worse.score);
    let bytes = worse.bytes * (better.bytes / worse.bytes).powf(part);
    format!("{:.0} KB", bytes / 1e3)
}
