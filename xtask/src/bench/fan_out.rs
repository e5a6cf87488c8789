//! One post to very many followers who have all been here recently, while others read their feeds.

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use serde_json::json;

use super::Bench;
use super::engines::{Deployment, Shape};
use super::http::{Connection, Request};
use super::load::{self, Outcome, Runs};
use super::report::{Report, Spread};
use super::scene::{self, Person};
use super::server::Server;

/// Followers whose feeds are looked at to see whether the post has arrived everywhere.
const WATCHED: usize = 40;
/// Others, who read their feeds meanwhile.
const READERS: usize = 4;
/// What the others' feeds hold.
const POSTS: usize = 20;
const FEED: &str = "/api/v1/timelines/home?limit=20";
const MAKERS: usize = 8;
/// How long making the followers may take.
const FURNISH_MAX: Duration = Duration::from_secs(1_800);
const WAIT_MAX: Duration = Duration::from_secs(120);
/// Making accounts is not what is measured: their passwords are cheap. Every author is fanned out.
const SETTINGS: [(&str, &str); 4] = [
    ("HELIOGRAPH_ACCOUNTS__PASSWORD_MEMORY_BYTES", "8192"),
    ("HELIOGRAPH_ACCOUNTS__PASSWORD_ITERATIONS", "1"),
    ("HELIOGRAPH_FEED__CACHED_TIMELINES_MAX", "4096"),
    ("HELIOGRAPH_FEED__MERGE_THRESHOLD", "1000000"),
];

struct Scene {
    deployment: Deployment,
    author: Person,
    watched: Vec<Person>,
    readers: Vec<Person>,
}

pub(crate) fn measure(
    bench: &Bench,
    followers: usize,
    shape: Shape,
    report: &mut Report,
) -> Result<()> {
    ensure!(
        followers >= WATCHED,
        "--followers must be {WATCHED} at least"
    );
    report.heading(&format!(
        "One post to very many followers ({})",
        shape.described()
    ));
    report.header(&[
        "followers",
        "post to the last feed, ms",
        "server CPU, ms",
        "others' feeds alone: p99, µs",
        "others' feeds meanwhile: p99, µs",
    ]);
    let scene = Scene::prepare(bench, followers, shape)?;
    let (mut waited, mut processor) = (Vec::new(), Vec::new());
    let (mut alone, mut meanwhile) = (Runs::default(), Runs::default());
    for run in 0..bench.runs {
        let (took, used) = scene.post_alone(2 * run)?;
        waited.push(took.as_secs_f64() * 1e3);
        processor.push(used.as_secs_f64() * 1e3);
        alone.0.push(scene.read(bench.time)?);
        meanwhile
            .0
            .push(scene.read_beside_a_post(bench.time, 2 * run + 1)?);
    }
    report.row(&[
        followers.to_string(),
        Spread::of(waited).shown(0),
        Spread::of(processor).shown(0),
        alone.spread(|run| run.p99_us).shown(0),
        meanwhile.spread(|run| run.p99_us).shown(0),
    ]);
    report.note(&format!(
        "The last feed: of {WATCHED} followers spread over all, whose feeds are read in a circle until each shows the \
         post; those reads are part of the figures. The others are {READERS} who read without a pause and follow \
         someone else. An author with so many followers is fanned out here because `feed.merge_threshold` says so; by \
         default the posts of those with more than 10,000 are merged when a feed is read."
    ));
    Ok(())
}

impl Scene {
    fn prepare(bench: &Bench, followers: usize, shape: Shape) -> Result<Self> {
        let folder = bench.folder("fan-out");
        let deployment = Deployment::start(shape, &bench.program, &folder, &SETTINGS)?;
        let server = &deployment.server;
        let mut connection = Connection::open(&server.address)?;
        let application = scene::application(&mut connection)?;
        let author = scene::sign_up(&mut connection, &application, "author")?;
        let readers = make_readers(&mut connection, &application)?;
        let made = make_followers(server, &application, &author, followers)?;
        // Over all, since feeds are not written at once, and the last one counts.
        let watched = made.into_iter().step_by(followers / WATCHED);
        server.rest()?;
        Ok(Self {
            watched: watched.collect(),
            deployment,
            author,
            readers,
        })
    }

    /// How long a post took to the last feed, and the processor's time until a second later.
    fn post_alone(&self, number: usize) -> Result<(Duration, Duration)> {
        self.deployment.server.rest()?;
        let before = self.deployment.server.usage()?;
        let took = self.post_and_wait(number)?;
        // What follows the last feed, such as a sync to the disk, belongs to the post.
        std::thread::sleep(Duration::from_secs(1));
        let used = self.deployment.server.usage()?.processor - before.processor;
        Ok((took, used))
    }

    /// Others read their feeds for so long.
    fn read(&self, time: Duration) -> Result<Outcome> {
        let (address, process) = (
            &self.deployment.server.address,
            self.deployment.server.process(),
        );
        load::run(address, process, READERS, time, |reader, _| {
            Request::get(FEED, &self.readers[reader].token)
        })
    }

    /// The same with a post when they have begun.
    fn read_beside_a_post(&self, time: Duration, number: usize) -> Result<Outcome> {
        std::thread::scope(|scope| {
            let posting = scope.spawn(|| {
                std::thread::sleep(time / 10);
                self.post_and_wait(number)
            });
            let outcome = self.read(time);
            let posted = posting.join();
            posted.unwrap_or_else(|_| bail!("the post failed"))?;
            outcome
        })
    }

    fn post_and_wait(&self, number: usize) -> Result<Duration> {
        // The server does not keep a connection that says nothing for long.
        let mut connection = Connection::open(&self.deployment.server.address)?;
        let asked = Instant::now();
        let post = json!({"status": format!("Post {number}")});
        let post = scene::publish(&mut connection, &self.author, &post)?;
        wait_for_all(&mut connection, &self.watched, &post)?;
        Ok(asked.elapsed())
    }
}

/// People who follow someone with a page of posts.
fn make_readers(connection: &mut Connection, application: &str) -> Result<Vec<Person>> {
    let colleague = scene::sign_up(connection, application, "colleague")?;
    let mut readers = Vec::new();
    for number in 0..READERS {
        let reader = scene::sign_up(connection, application, &format!("reader{number}"))?;
        scene::follow(connection, &reader, &colleague)?;
        readers.push(reader);
    }
    for number in 0..POSTS {
        let post = json!({"status": format!("Post {number}: the light this morning.")});
        scene::publish(connection, &colleague, &post)?;
    }
    Ok(readers)
}

/// Signs followers up, lets them follow the author and look at their feeds, several at a time.
fn make_followers(
    server: &Server,
    application: &str,
    author: &Person,
    count: usize,
) -> Result<Vec<Person>> {
    let deadline = Instant::now() + FURNISH_MAX;
    let parts: Vec<Result<Vec<Person>>> = std::thread::scope(|scope| {
        let make = |maker: usize| {
            let mut connection = Connection::open(&server.address)?;
            let mut made = Vec::new();
            for number in (maker..count).step_by(MAKERS) {
                ensure!(Instant::now() < deadline, "furnishing takes too long");
                let follower =
                    scene::sign_up(&mut connection, application, &format!("follower{number}"))?;
                scene::follow(&mut connection, &follower, author)?;
                // Only the feeds of those who were here recently are written; others are made when
                // they return.
                scene::home(&mut connection, &follower, 1)?;
                made.push(follower);
            }
            Ok(made)
        };
        let handles: Vec<_> = (0..MAKERS)
            .map(|maker| scope.spawn(move || make(maker)))
            .collect();
        handles
            .into_iter()
            .map(|handle| {
                handle
                    .join()
                    .unwrap_or_else(|_| bail!("making followers failed"))
            })
            .collect()
    });
    let mut followers = Vec::new();
    for part in parts {
        followers.extend(part?);
    }
    ensure!(
        followers.len() == count,
        "{} followers were made",
        followers.len()
    );
    Ok(followers)
}

fn wait_for_all(connection: &mut Connection, watched: &[Person], post: &str) -> Result<()> {
    let began = Instant::now();
    let mut waiting: Vec<&Person> = watched.iter().collect();
    while !waiting.is_empty() {
        ensure!(
            began.elapsed() < WAIT_MAX,
            "{} feeds never show the post",
            waiting.len()
        );
        let mut still = Vec::new();
        for person in waiting {
            if scene::home(connection, person, 1)?
                .first()
                .map(String::as_str)
                != Some(post)
            {
                still.push(person);
            }
        }
        waiting = still;
    }
    Ok(())
}
