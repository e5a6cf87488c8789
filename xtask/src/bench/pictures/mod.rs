//! The picture codec beside `vipsthumbnail` and `sharp`: the same photos, the same sizes, the same
//! qualities.

mod alternates;
mod quality;
mod shown;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::report::{Report, Spread};
use super::server::Usage;
use super::{PHOTO_QUALITY, cargo, target_folder};

/// Large photos of the shared set, from 8 to 22 megapixels, one of them progressive.
const PHOTOS: [&str; 5] = [
    "camera__Issue_266.jpg",
    "gps__Samsung_SM-G935L_Galaxy_S7_Edge_.jpg",
    "gps__Nexus_4.jpg",
    "rot__Canon_EOS_1000D.jpg",
    "progressive__japanese-shop.jpg",
];
/// The ladder's sides and qualities, in pixels.
const LADDER: [(u32, u8); 3] = [(2_048, 82), (1_080, 82), (400, 80)];
/// How often a process is looked at. What it used after the last look is not counted.
const LOOK: Duration = Duration::from_millis(5);
/// The version of sharp that is measured.
const SHARP: &str = "sharp@0.34.5";

/// What all measurements need.
struct Tools {
    /// The example that makes the ladder with our codec.
    renditions: PathBuf,
    /// The example of the codecs in worker processes.
    alternates: PathBuf,
    sharp: PathBuf,
    /// Where files may be written.
    folder: PathBuf,
}

/// What a command cost.
struct Cost {
    seconds: f64,
    processor_seconds: f64,
    peak_bytes: u64,
}

pub(super) fn measure(root: &Path, runs: usize, report: &mut Report) -> Result<()> {
    let tools = prepare(root)?;
    let photos = photos(root, &tools)?;
    report.heading("The ladder of 2,048, 1,080 and 400 pixels");
    report.header(&[
        "cores",
        "by",
        "photos a second",
        "CPU, ms a photo",
        "peak memory, MiB",
    ]);
    for cores in [1, 2] {
        for (name, commands) in contenders(&tools, &photos, cores) {
            let (mut rates, mut processor, mut peak) = (Vec::new(), Vec::new(), 0);
            for _ in 0..runs {
                let cost = run_all(commands.iter().map(|command| on_cores(command, cores)))?;
                rates.push(photos.len() as f64 / cost.seconds);
                processor.push(cost.processor_seconds * 1e3 / photos.len() as f64);
                peak = peak.max(cost.peak_bytes);
            }
            report.row(&[
                cores.to_string(),
                name,
                Spread::of(rates).shown(1),
                Spread::of(processor).shown(0),
                (peak >> 20).to_string(),
            ]);
        }
    }
    report.note(&format!(
        "{} photos of 8 to 24 megapixels, each JPEG. vipsthumbnail runs once for each size over all photos. Only ours makes a blurhash, and a rendition of colours converted to sRGB.",
        photos.len()
    ));
    let judge = quality::build_judge(root)?;
    quality::measure(&judge, root, &tools, report)?;
    alternates::measure(&judge, root, &tools, report)
}

fn prepare(root: &Path) -> Result<Tools> {
    let target = target_folder(root)?;
    for (package, example) in [
        ("business-media-codec", "renditions"),
        ("business-media-codec-worker", "alternates"),
    ] {
        cargo(
            root,
            &["build", "--release", "-p", package, "--example", example],
        )?;
    }
    let folder = target.join("bench-npm");
    std::fs::create_dir_all(&folder)?;
    if !folder.join("node_modules/sharp").exists() {
        let status = Command::new("npm")
            .args([
                "install",
                "--no-audit",
                "--no-fund",
                "--loglevel=error",
                SHARP,
            ])
            .current_dir(&folder)
            .status()
            .context("npm does not run")?;
        ensure!(status.success(), "npm could not install {SHARP}");
    }
    let sharp = folder.join("sharp.mjs");
    // Beside the `node_modules` in which node looks for sharp.
    std::fs::write(&sharp, include_str!("sharp.mjs"))?;
    Ok(Tools {
        renditions: target.join("release/examples/renditions"),
        alternates: target.join("release/examples/alternates"),
        sharp,
        folder,
    })
}

/// The real photos, and two drawn ones of 12 and 24 megapixels.
fn photos(root: &Path, tools: &Tools) -> Result<Vec<PathBuf>> {
    let good = root.join("../shared/photos/good");
    let mut photos: Vec<PathBuf> = PHOTOS.iter().map(|name| good.join(name)).collect();
    for (width, height) in [("4032", "3024"), ("6000", "4000")] {
        let folder = tools.folder.join(format!("landscape-{width}"));
        let photo = folder.join("noon-1.jpg");
        if !photo.exists() {
            std::fs::create_dir_all(&folder)?;
            let folder = folder.to_string_lossy().into_owned();
            let example = [
                "run",
                "--quiet",
                "-p",
                "testing-kit",
                "--example",
                "landscapes",
                "--",
            ];
            let drawn = [folder.as_str(), width, height, "1", PHOTO_QUALITY];
            cargo(root, &[&example[..], &drawn].concat())?;
        }
        photos.push(photo);
    }
    for photo in &photos {
        ensure!(photo.exists(), "{} is missing", photo.display());
    }
    Ok(photos)
}

/// Who makes the ladder, and by which commands.
fn contenders(tools: &Tools, photos: &[PathBuf], cores: usize) -> Vec<(String, Vec<Vec<String>>)> {
    let photos: Vec<String> = photos
        .iter()
        .map(|photo| photo.to_string_lossy().into_owned())
        .collect();
    let command = |words: &[&str]| -> Vec<String> {
        let words = words.iter().map(|word| (*word).to_owned());
        words.chain(photos.iter().cloned()).collect()
    };
    let threads = cores.to_string();
    let thumbnails = |linear: bool| {
        let sizes = LADDER.iter().map(|(side, quality)| {
            let (size, out) = (
                format!("{side}x{side}>"),
                tools
                    .folder
                    .join(format!("%s-{side}.jpg[Q={quality},strip]")),
            );
            let out = out.to_string_lossy();
            let mut words = vec!["vipsthumbnail", "--size", &size, "-o", &out];
            if linear {
                words.push("--linear");
            }
            command(&words)
        });
        sizes.collect()
    };
    let ours = tools.renditions.to_string_lossy();
    let sharp = tools.sharp.to_string_lossy();
    vec![
        (
            "Heliograph, linear light".to_owned(),
            vec![command(&[&ours, "--work", &threads])],
        ),
        ("vipsthumbnail".to_owned(), thumbnails(false)),
        ("vipsthumbnail, linear light".to_owned(), thumbnails(true)),
        (
            "sharp".to_owned(),
            vec![command(&["node", &sharp, "false", &threads])],
        ),
        (
            "sharp, mozjpeg".to_owned(),
            vec![command(&["node", &sharp, "true", &threads])],
        ),
    ]
}

/// The command, held to the first so many cores.
fn on_cores(words: &[String], cores: usize) -> Command {
    let mut command = Command::new("taskset");
    // Also what libvips and node start of their own stays within these.
    command.args(["-c", if cores == 1 { "0" } else { "0,1" }]);
    command
        .args(words)
        .env("VIPS_CONCURRENCY", cores.to_string());
    command
}

/// Runs one after the other: times add up, and the largest peak counts.
fn run_all(commands: impl Iterator<Item = Command>) -> Result<Cost> {
    let mut total = Cost {
        seconds: 0.0,
        processor_seconds: 0.0,
        peak_bytes: 0,
    };
    for command in commands {
        let cost = run(command)?;
        total.seconds += cost.seconds;
        total.processor_seconds += cost.processor_seconds;
        total.peak_bytes = total.peak_bytes.max(cost.peak_bytes);
    }
    Ok(total)
}

fn run(mut command: Command) -> Result<Cost> {
    let started = Instant::now();
    let mut child = command
        .stdout(Stdio::null())
        .spawn()
        .with_context(|| format!("{command:?} does not start"))?;
    let (mut processor, mut peak_bytes) = (Duration::ZERO, 0);
    loop {
        // Of a process that has ended and was not waited for, times can still be read; its memory
        // is gone.
        if let Ok(usage) = Usage::of(child.id()) {
            processor = processor.max(usage.processor);
            peak_bytes = peak_bytes.max(usage.peak_resident_bytes);
        }
        if let Some(status) = child.try_wait()? {
            ensure!(status.success(), "{command:?} failed");
            return Ok(Cost {
                seconds: started.elapsed().as_secs_f64(),
                processor_seconds: processor.as_secs_f64(),
                peak_bytes,
            });
        }
        std::thread::sleep(LOOK);
    }
}
