//! Home feeds of a crowd: random readers among many accounts, alone and beside posts at a fixed
//! pace.
//!
//! One hot reader flatters: everything it needs is in the processor's caches. Here each request is
//! another account's, and each feed 20 posts of 20 others. With `--binary` several programs are
//! measured by turns in one run, each on a folder of its own that was furnished alike, so that a
//! machine that changes its mind does so for all.

mod posting;
mod scene;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Result, ensure};
use clap::Args;

use super::http::Request;
use super::load::{self, Outcome, Runs};
use super::report::{Report, Spread};
use super::server::Server;
use super::{Bench, draw};

use posting::Posted;
use scene::{Kind, Scene};

/// Passwords are cheap: making the accounts is not what is measured. Only JPEGs are made: nothing
/// works in the background.
const SETTINGS: [(&str, &str); 3] = [
    ("HELIOGRAPH_ACCOUNTS__PASSWORD_MEMORY_BYTES", "8192"),
    ("HELIOGRAPH_ACCOUNTS__PASSWORD_ITERATIONS", "1"),
    ("HELIOGRAPH_MEDIA__ALTERNATES", "[]"),
];

/// How large the crowd is, and what it does.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// crowd-feed: how many accounts there are; each follows 20 others and has one post.
    #[arg(long, default_value_t = 1_500)]
    accounts: usize,
    /// crowd-feed: how many connections read concurrently.
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// crowd-feed: how many posts a second are made beside the readers.
    #[arg(long, default_value_t = 40)]
    posts_per_second: u32,
    /// crowd-feed: what is posted; both when it is not said.
    #[arg(long)]
    kind: Option<Kind>,
}

/// One program at work on its scene.
struct Subject {
    name: String,
    server: Server,
    scene: Scene,
    alone: Runs,
    beside: Runs,
    posted: Vec<Posted>,
}

pub(crate) fn measure(
    bench: &Bench,
    options: &Options,
    binaries: &[PathBuf],
    report: &mut Report,
) -> Result<()> {
    ensure!(
        options.accounts > scene::FOLLOWS,
        "--accounts must be more than {}",
        scene::FOLLOWS
    );
    ensure!(options.connections > 0, "--connections must be at least 1");
    ensure!(
        (1..=1_000).contains(&options.posts_per_second),
        "--posts-per-second must be 1 to 1,000"
    );
    let small = bench.photos.with_file_name("bench-small-photos");
    draw(&bench.root, &small, "noon-1.jpg", ["640", "480"])?;
    let photo = std::fs::read(small.join("noon-1.jpg"))?;
    let binaries = match binaries {
        [] => std::slice::from_ref(&bench.program),
        named => named,
    };
    let kinds = [Kind::Text, Kind::Photo].into_iter();
    for kind in kinds.filter(|kind| options.kind.is_none_or(|wanted| wanted == *kind)) {
        let mut subjects = Vec::new();
        for (number, binary) in binaries.iter().enumerate() {
            subjects.push(Subject::prepare_scene(
                bench, options, number, binary, kind, &photo,
            )?);
        }
        // All reads alone come first: what is posted beside them changes the feeds.
        for _ in 0..bench.runs {
            for subject in &mut subjects {
                subject.read_alone(bench, options)?;
            }
        }
        for _ in 0..bench.runs {
            for subject in &mut subjects {
                subject.read_beside_posts(bench, options)?;
            }
        }
        tell(report, options, kind, &subjects)?;
    }
    Ok(())
}

impl Subject {
    fn prepare_scene(
        bench: &Bench,
        options: &Options,
        number: usize,
        binary: &std::path::Path,
        kind: Kind,
        photo: &[u8],
    ) -> Result<Self> {
        let folder = bench.folder(&format!("crowd-feed-{number}"));
        let server = Server::start(binary, &folder, &SETTINGS)?;
        eprintln!(
            "{}: {} accounts, {} posts",
            binary.display(),
            options.accounts,
            kind.name()
        );
        let scene = Scene::prepare_scene(&server, options.accounts, kind, photo)?;
        server.settle()?;
        Ok(Self {
            name: binary.display().to_string(),
            server,
            scene,
            alone: Runs::default(),
            beside: Runs::default(),
            posted: Vec::new(),
        })
    }

    fn read_alone(&mut self, bench: &Bench, options: &Options) -> Result<()> {
        let outcome = self.read(bench, options, self.alone.0.len())?;
        self.alone.0.push(outcome);
        Ok(())
    }

    fn read_beside_posts(&mut self, bench: &Bench, options: &Options) -> Result<()> {
        let (run, done) = (self.beside.0.len(), AtomicBool::new(false));
        let (outcome, posted) = std::thread::scope(|scope| {
            let posting = scope.spawn(|| {
                let (address, people) = (&self.server.address, &self.scene.people);
                posting::post_until(address, people, options.posts_per_second, run, &done)
            });
            let outcome = self.read(bench, options, run);
            done.store(true, Ordering::Relaxed);
            let posted = posting.join().unwrap_or_else(|_| Ok(Posted::default()));
            (outcome, posted)
        });
        self.beside.0.push(outcome?);
        self.posted.push(posted?);
        // What fans out late belongs to this run, not to the next.
        self.server.settle()
    }

    /// Each connection reads one random account's feed after another.
    fn read(&self, bench: &Bench, options: &Options, run: usize) -> Result<Outcome> {
        let people = &self.scene.people;
        load::run(
            &self.server.address,
            self.server.process(),
            options.connections,
            bench.time,
            |connection, turn| {
                // Of its own for each run, connection and turn, and the same for every program.
                let seed = ((run * options.connections + connection) as u64) << 32 | turn;
                let person = &people[scene::random(seed) as usize % people.len()];
                Request::get(scene::FEED, &person.token)
            },
        )
    }

    /// The server's processor time for one post beside the readers, in milliseconds: what is beyond
    /// the same reads alone.
    fn post_processor_ms(&self) -> Spread {
        let read_us = self.alone.spread(|run| run.processor_us).median;
        let runs = self.beside.0.iter().zip(&self.posted);
        Spread::of(
            runs.map(|(run, posted)| {
                let beyond_us = (run.processor_us - read_us) * run.requests as f64;
                beyond_us / 1e3 / posted.latencies_ms.len().max(1) as f64
            })
            .collect(),
        )
    }
}

fn tell(report: &mut Report, options: &Options, kind: Kind, subjects: &[Subject]) -> Result<()> {
    let bytes = subjects
        .first()
        .map_or(0, |subject| subject.scene.feed_bytes);
    report.heading(&format!(
        "Home feeds of {} accounts at random, 20 {} posts ({:.1} KB), {} connections",
        options.accounts,
        kind.name(),
        bytes as f64 / 1e3,
        options.connections
    ));
    report.header(&[
        "program",
        "",
        "feeds/s",
        "server CPU, µs a feed",
        "median, µs",
        "p99, µs",
    ]);
    for subject in subjects {
        row(report, &subject.name, "alone", &subject.alone);
        row(report, &subject.name, "beside posts", &subject.beside);
    }
    report.note(&format!(
        "Beside {} posts a second, each to some {} followers:\n",
        options.posts_per_second,
        scene::FOLLOWS
    ));
    report.header(&[
        "program",
        "posts/s",
        "median, ms",
        "p99, ms",
        "server CPU beyond the reads, ms a post",
    ]);
    for subject in subjects {
        let of = |pick: fn(&Posted) -> f64| {
            Spread::of(subject.posted.iter().map(pick).collect()).shown(1)
        };
        report.row(&[
            subject.name.clone(),
            of(Posted::per_second),
            of(|posted| posted.at(0.5)),
            of(|posted| posted.at(0.99)),
            subject.post_processor_ms().shown(2),
        ]);
    }
    Ok(())
}

fn row(report: &mut Report, program: &str, how: &str, runs: &Runs) {
    report.row(&[
        program.to_owned(),
        how.to_owned(),
        runs.spread(|run| run.per_second).shown(0),
        runs.spread(|run| run.processor_us).shown(1),
        runs.spread(|run| run.median_us).shown(0),
        runs.spread(|run| run.p99_us).shown(0),
    ]);
}
