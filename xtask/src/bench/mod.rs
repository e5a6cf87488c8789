//! Benchmarks of the release binary, from outside: `cargo xtask bench <name>`.
//!
//! The load generator is a few hundred lines of its own (`http`, `load`), so that nothing has to be
//! installed (but for `media`, which is held against nginx, both asked by `wrk`). It runs on the
//! same machine as the server and takes its share of it; requests a second therefore say less than
//! the server's processor time for one request, which is read from `/proc` before and after.

mod animations;
mod build;
mod connections;
mod crowd;
mod crowd_feed;
mod engines;
mod fan_out;
mod http;
mod load;
mod media;
mod nginx;
mod photos;
mod pictures;
mod posts;
mod reads;
mod report;
mod scene;
mod server;
mod start;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use clap::{Args, ValueEnum};

use report::Report;

/// What to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Name {
    /// Start to first response, idle memory, size of the binary.
    Start,
    /// The home feed of 20 photo posts, beside the same bytes from memory; one post; one account.
    Reads,
    /// Text posts created, with 1 and 8 writers.
    Posts,
    /// 12-megapixel JPEGs from upload to ready.
    Photos,
    /// 200 uploads, 16 at a time, while a home feed is read.
    Crowd,
    /// A photo from upload to ready, alone and beside the animations of six other accounts. Meant
    /// for a quiet machine, so it is not part of `all`.
    Animations,
    /// Home feeds of random readers among many accounts, with and without posts beside them. Takes
    /// minutes to furnish, so it is not part of `all`.
    CrowdFeed,
    /// Photos' bytes, beside nginx: needs `nginx` and `wrk`, so it is not part of `all`.
    Media,
    /// One post to 10,000 followers (`--followers`), while others read their feeds.
    FanOut,
    /// Feeds, posts, follows and a photo's way on what is embedded beside servers, by turns. Needs
    /// the variables that name the engines' programs, as their tests do, so it is not part of
    /// `all`.
    Engines,
    /// 8,000 connections that all post, or all read: needs that many open files, so it is not part
    /// of `all`.
    Connections,
    /// The picture codec beside libvips and sharp: time, memory, and quality at a size. Fetches
    /// sharp and a metric, so it is not part of `all`.
    Pictures,
    /// A release build from nothing. Takes long, so it is not part of `all`.
    Build,
    /// All but those that say they are no part of it.
    All,
}

#[derive(Debug, Args)]
pub(crate) struct BenchArguments {
    /// What to measure.
    #[arg(value_enum, default_value = "all")]
    name: Name,
    /// How often each measurement is repeated; the median is reported.
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// How long one run under load lasts, in seconds.
    #[arg(long, default_value_t = 4)]
    seconds: u64,
    /// The profile that is measured: `release`, or `dist` for what is shipped.
    #[arg(long, default_value = "release")]
    profile: String,
    /// A program to measure in place of the one that is built from here. Repeat it for crowd-feed,
    /// to compare several by turns.
    #[arg(long = "binary")]
    binaries: Vec<PathBuf>,
    /// fan-out: how many followers the post goes to.
    #[arg(long, default_value_t = 10_000)]
    followers: usize,
    /// engines, fan-out: what the server keeps things on. Repeat it for engines, which without it
    /// measures all; fan-out is embedded without it.
    #[arg(long = "shape", value_enum)]
    shapes: Vec<engines::Shape>,
    #[command(flatten)]
    crowd_feed: crowd_feed::Options,
}

/// The quality at which a phone saves its photos.
const PHOTO_QUALITY: &str = "96";

/// What every benchmark needs.
pub(crate) struct Bench {
    runs: usize,
    time: Duration,
    root: PathBuf,
    program: PathBuf,
    /// Serves bytes from memory through the same listener: the limit that reads are held against.
    memory_server: PathBuf,
    /// The folder of drawn JPEGs of 12 megapixels, kept from run to run.
    photos: PathBuf,
}

pub(crate) fn run(root: &Path, arguments: &BenchArguments) -> Result<()> {
    ensure!(arguments.runs > 0, "--runs must be at least 1");
    let mut report = Report::new(root, &arguments.profile)?;
    // It builds into a folder of its own, and needs no server.
    if arguments.name == Name::Build {
        build::measure(root, &mut report)?;
        report.print();
        return Ok(());
    }
    if arguments.name == Name::Pictures {
        pictures::measure(root, arguments.runs, &mut report)?;
        report.print();
        return Ok(());
    }
    let bench = if arguments.binaries.is_empty() {
        prepare(root, arguments)?
    } else {
        elsewhere(root, arguments)?
    };
    measure(&bench, arguments, &mut report)?;
    report.print();
    Ok(())
}

fn measure(bench: &Bench, arguments: &BenchArguments, report: &mut Report) -> Result<()> {
    let wanted = |name: Name| arguments.name == name || arguments.name == Name::All;
    if wanted(Name::Start) {
        start::measure(bench, report)?;
    }
    if wanted(Name::Reads) {
        reads::measure(bench, report)?;
    }
    if wanted(Name::Posts) {
        posts::measure(bench, report)?;
    }
    if wanted(Name::Photos) {
        photos::measure(bench, report)?;
    }
    if wanted(Name::Crowd) {
        crowd::measure(bench, report)?;
    }
    if arguments.name == Name::Animations {
        animations::measure(bench, report)?;
    }
    if arguments.name == Name::CrowdFeed {
        crowd_feed::measure(bench, &arguments.crowd_feed, &arguments.binaries, report)?;
    }
    if arguments.name == Name::Media {
        media::measure(bench, report)?;
    }
    if wanted(Name::FanOut) {
        let shape = arguments.shapes.first().copied();
        let shape = shape.unwrap_or(engines::Shape::Embedded);
        fan_out::measure(bench, arguments.followers, shape, report)?;
    }
    if arguments.name == Name::Engines {
        engines::measure(bench, &arguments.shapes, report)?;
    }
    if arguments.name == Name::Connections {
        connections::measure(bench, report)?;
    }
    Ok(())
}

impl Bench {
    /// A place for a benchmark's own files, on the same disk as the build.
    fn folder(&self, name: &str) -> PathBuf {
        self.photos
            // By process: two benchmarks may run, and one that was killed leaves its folder.
            .with_file_name(format!("bench-{name}-{}", std::process::id()))
    }
}

fn prepare(root: &Path, arguments: &BenchArguments) -> Result<Bench> {
    let profile = arguments.profile.as_str();
    cargo(
        root,
        &[
            "build",
            "--profile",
            profile,
            "-p",
            "heliograph",
            "--bin",
            "heliograph",
        ],
    )?;
    build_memory_server(root, arguments)?;
    let bench = placed(root, arguments)?;
    draw(root, &bench.photos, "noon-1.jpg", ["4032", "3024"])?;
    Ok(bench)
}

/// Builds what reads are held against, if they are measured.
///
/// It is an example of the edge and not of the program, whose dependencies would all be built once
/// more with what its tests ask for.
fn build_memory_server(root: &Path, arguments: &BenchArguments) -> Result<()> {
    if !matches!(arguments.name, Name::Reads | Name::All) {
        return Ok(());
    }
    let example = "-p edge-http --example bytes_from_memory";
    let mut words = vec!["build", "--profile", &arguments.profile];
    words.extend(example.split(' '));
    cargo(root, &words)
}

/// What is measured was built elsewhere.
fn elsewhere(root: &Path, arguments: &BenchArguments) -> Result<Bench> {
    let mut bench = placed(root, arguments)?;
    match (arguments.name, arguments.binaries.as_slice()) {
        // It takes several, and draws photos of its own.
        (Name::CrowdFeed, _) => {}
        (_, [binary]) => {
            bench.program.clone_from(binary);
            build_memory_server(root, arguments)?;
            draw(root, &bench.photos, "noon-1.jpg", ["4032", "3024"])?;
        }
        _ => bail!("this benchmark takes one --binary"),
    }
    Ok(bench)
}

/// Where everything is, built or not.
fn placed(root: &Path, arguments: &BenchArguments) -> Result<Bench> {
    let target = target_folder(root)?;
    let built = target.join(&arguments.profile);
    Ok(Bench {
        runs: arguments.runs,
        time: Duration::from_secs(arguments.seconds.max(1)),
        root: root.to_owned(),
        program: built.join("heliograph"),
        memory_server: built.join("examples/bytes_from_memory"),
        photos: target.join("bench-photos"),
    })
}

/// Draws photos of this size into a folder, unless this one of them is there.
fn draw(root: &Path, folder: &Path, name: &str, [width, height]: [&str; 2]) -> Result<()> {
    if folder.join(name).exists() {
        return Ok(());
    }
    std::fs::create_dir_all(folder)?;
    let folder = folder.to_string_lossy();
    let example = "run --quiet -p testing-kit --example landscapes --";
    let mut words: Vec<&str> = example.split(' ').collect();
    words.extend([&*folder, width, height, "1", PHOTO_QUALITY]);
    cargo(root, &words)
}

pub(crate) fn cargo(root: &Path, arguments: &[&str]) -> Result<()> {
    // The toolchain that runs this, not another that may come first in the path.
    let program = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let status = Command::new(program)
        .args(arguments)
        .current_dir(root)
        .status()
        .context("cargo does not run")?;
    ensure!(status.success(), "`cargo {}` failed", arguments.join(" "));
    Ok(())
}

pub(crate) fn target_folder(root: &Path) -> Result<PathBuf> {
    let metadata = cargo_metadata::MetadataCommand::new()
        .current_dir(root)
        .no_deps()
        .exec()?;
    Ok(metadata.target_directory.into_std_path_buf())
}
