//! The same program on what is embedded in it and on servers: what each engine costs, and what it
//! takes to reach people.

mod deployment;

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::json;

use super::Bench;
use super::http::{Connection, Request};
use super::load::{self, Runs};
use super::report::{Report, Spread};
use super::scene::{self, Person};

pub(crate) use deployment::{Deployment, Shape};

/// What is measured when nobody says what.
const SHAPES: [Shape; 6] = [
    Shape::Embedded,
    Shape::Postgres,
    Shape::Nats,
    Shape::S3,
    Shape::Redis,
    Shape::Engines,
];
/// Those who write and are read, and who follow each other.
const PEOPLE: usize = 24;
const WRITERS: usize = 8;
const READERS: usize = 8;
const FOLLOWERS: usize = 4;
/// What a home feed is read of.
const POSTS: usize = 20;
/// How often a photo is followed on its way.
const WAYS: usize = 10;
const WAIT_MAX: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(1);
/// Making accounts is not what is measured: their passwords are cheap.
const SETTINGS: [(&str, &str); 2] = [
    ("HELIOGRAPH_ACCOUNTS__PASSWORD_MEMORY_BYTES", "8192"),
    ("HELIOGRAPH_ACCOUNTS__PASSWORD_ITERATIONS", "1"),
];

/// A deployment with people.
struct Scene {
    deployment: Deployment,
    people: Vec<Person>,
}

/// Requests of one kind, and what the engines spent on them.
#[derive(Default)]
struct Figures {
    runs: Runs,
    engines_us: Vec<f64>,
}

/// A photo's steps from the camera to a follower, in milliseconds.
#[derive(Default)]
struct Ways {
    taken: Vec<f64>,
    ready: Vec<f64>,
    posted: Vec<f64>,
    seen: Vec<f64>,
}

pub(crate) fn measure(bench: &Bench, shapes: &[Shape], report: &mut Report) -> Result<()> {
    let shapes = if shapes.is_empty() { &SHAPES } else { shapes };
    let scenes = shapes.iter().map(|shape| Scene::prepare(bench, *shape));
    // All before the first measurement: by turns, a change of the machine hits every shape.
    let scenes = scenes.collect::<Result<Vec<_>>>()?;
    requests(
        bench,
        &scenes,
        "Home feeds of 20 posts",
        Scene::read,
        report,
    )?;
    requests(bench, &scenes, "Text posts", Scene::write, report)?;
    requests(
        bench,
        &scenes,
        "Follows and their ends",
        Scene::follow,
        report,
    )?;
    ways(bench, &scenes, report)?;
    memory(&scenes, report)
}

/// A table of requests of one kind, measured by turns.
fn requests(
    bench: &Bench,
    scenes: &[Scene],
    what: &str,
    load: impl Fn(&Scene, usize, Duration) -> Result<load::Outcome>,
    report: &mut Report,
) -> Result<()> {
    report.heading(what);
    report.header(&[
        "engines",
        "a second",
        "server CPU, µs",
        "engines' CPU, µs",
        "median, µs",
        "p99, µs",
    ]);
    let mut figures: Vec<Figures> = scenes.iter().map(|_| Figures::default()).collect();
    for run in 0..bench.runs {
        for (scene, figures) in scenes.iter().zip(&mut figures) {
            let during = scene
                .deployment
                .engines_during(|_| load(scene, run, bench.time));
            let (outcome, engines) = during?;
            let requests = outcome.requests as f64;
            figures
                .engines_us
                .push(engines.as_secs_f64() * 1e6 / requests);
            figures.runs.0.push(outcome);
        }
    }
    for (scene, figures) in scenes.iter().zip(figures) {
        let runs = figures.runs;
        report.row(&[
            scene.deployment.shape.described().to_owned(),
            runs.spread(|run| run.per_second).shown(0),
            runs.spread(|run| run.processor_us).shown(0),
            Spread::of(figures.engines_us).shown(0),
            runs.spread(|run| run.median_us).shown(0),
            runs.spread(|run| run.p99_us).shown(0),
        ]);
    }
    Ok(())
}

/// A table of a photo's steps, by turns.
fn ways(bench: &Bench, scenes: &[Scene], report: &mut Report) -> Result<()> {
    report.heading("A photo's way, in milliseconds, each step by itself");
    report.header(&[
        "engines",
        "12-megapixel JPEG taken",
        "until it is ready",
        "until the post is acknowledged",
        "until it is in a follower's feed",
    ]);
    let photo = std::fs::read(bench.photos.join("noon-1.jpg"))?;
    let mut all: Vec<Ways> = scenes.iter().map(|_| Ways::default()).collect();
    for number in 0..WAYS {
        for (scene, ways) in scenes.iter().zip(&mut all) {
            // A byte after the end makes it another file.
            let bytes = [photo.as_slice(), format!("way {number}").as_bytes()].concat();
            scene.follow_photo(&bytes, ways)?;
        }
    }
    for (scene, ways) in scenes.iter().zip(all) {
        report.row(&[
            scene.deployment.shape.described().to_owned(),
            Spread::of(ways.taken).shown(0),
            Spread::of(ways.ready).shown(0),
            Spread::of(ways.posted).shown(1),
            Spread::of(ways.seen).shown(1),
        ]);
    }
    report.note("A follower looks every millisecond, and so does who waits for a photo.");
    Ok(())
}

fn memory(scenes: &[Scene], report: &mut Report) -> Result<()> {
    report.heading("Memory after all that, in MiB");
    report.header(&["engines", "server", "most it had", "the engines' processes"]);
    let shown = |bytes: u64| format!("{}", bytes / 1_024 / 1_024);
    for scene in scenes {
        let usage = scene.deployment.server.usage()?;
        report.row(&[
            scene.deployment.shape.described().to_owned(),
            shown(usage.resident_bytes),
            shown(usage.peak_resident_bytes),
            shown(scene.deployment.engines_usage()?.resident_bytes),
        ]);
    }
    report.note("Of the engines the sum of what is resident: pages that PostgreSQL's processes share count for each.");
    Ok(())
}

impl Scene {
    fn prepare(bench: &Bench, shape: Shape) -> Result<Self> {
        let folder = bench.folder(&format!("engines-{shape:?}"));
        let deployment = Deployment::start(shape, &bench.program, &folder, &SETTINGS)?;
        let mut connection = Connection::open(&deployment.server.address)?;
        let application = scene::application(&mut connection)?;
        let mut people = Vec::new();
        for number in 0..PEOPLE {
            let name = format!("person{number}");
            people.push(scene::sign_up(&mut connection, &application, &name)?);
        }
        let (author, others) = (&people[0], &people[1..]);
        for other in others {
            scene::follow(&mut connection, other, author)?;
        }
        for number in 0..POSTS {
            let post = json!({"status": format!("Post {number}: the light this morning.")});
            scene::publish(&mut connection, author, &post)?;
        }
        deployment.server.rest()?;
        Ok(Self { deployment, people })
    }

    fn load(
        &self,
        connections: usize,
        time: Duration,
        request: impl Fn(usize, u64) -> Request + Sync,
    ) -> Result<load::Outcome> {
        let server = &self.deployment.server;
        load::run(
            &server.address,
            server.process(),
            connections,
            time,
            request,
        )
    }

    fn read(&self, _run: usize, time: Duration) -> Result<load::Outcome> {
        self.load(READERS, time, |reader, turn| {
            let person = &self.people[1 + (reader + turn as usize) % (PEOPLE - 1)];
            Request::get("/api/v1/timelines/home?limit=20", &person.token)
        })
    }

    /// By those whom nobody follows: only the author's own feed is written.
    fn write(&self, run: usize, time: Duration) -> Result<load::Outcome> {
        self.load(WRITERS, time, |writer, turn| {
            let words = format!("Post {run}-{turn}: a few words about the light this morning.");
            let key = format!("{run}-{writer}-{turn}");
            let token = &self.people[1 + writer].token;
            Request::post("/api/v1/statuses", token, &json!({"status": words}))
                .with("Idempotency-Key", &key)
        })
    }

    /// Those who have written nothing follow those who have, and end it.
    fn follow(&self, _run: usize, time: Duration) -> Result<load::Outcome> {
        self.load(FOLLOWERS, time, |follower, turn| {
            let follower = &self.people[PEOPLE - 1 - follower];
            // A follow and its end go to the same one, so each request changes something.
            let followee = &self.people[1 + (turn as usize / 2) % WRITERS];
            let verb = ["follow", "unfollow"][turn as usize % 2];
            let path = format!("/api/v1/accounts/{}/{verb}", followee.id);
            Request::post(&path, &follower.token, &json!({}))
        })
    }

    fn follow_photo(&self, bytes: &[u8], ways: &mut Ways) -> Result<()> {
        let mut connection = Connection::open(&self.deployment.server.address)?;
        let (author, follower) = (&self.people[0], &self.people[PEOPLE - 1]);
        let mut step = Step::begin();
        let upload = Request::file("/api/v2/media", &author.token, bytes);
        let media = scene::text(&connection.json(&upload)?, "id")?;
        ways.taken.push(step.end());
        let path = format!("/api/v1/media/{media}");
        step.wait(|| Ok(connection.send(&Request::get(&path, &author.token))?.0 == 200))?;
        ways.ready.push(step.end());
        let post = json!({"status": "The light this morning.", "media_ids": [media]});
        let post = scene::publish(&mut connection, author, &post)?;
        ways.posted.push(step.end());
        step.wait(|| Ok(scene::home(&mut connection, follower, 1)?.contains(&post)))?;
        ways.seen.push(step.end());
        Ok(())
    }
}

/// How long one step takes after the one before it.
struct Step(Instant);

impl Step {
    fn begin() -> Self {
        Self(Instant::now())
    }

    /// In milliseconds; the next one begins.
    fn end(&mut self) -> f64 {
        let took = self.0.elapsed().as_secs_f64() * 1e3;
        self.0 = Instant::now();
        took
    }

    fn wait(&self, mut is_there: impl FnMut() -> Result<bool>) -> Result<()> {
        while !is_there()? {
            ensure!(self.0.elapsed() < WAIT_MAX, "a step takes too long");
            std::thread::sleep(LOOK);
        }
        Ok(())
    }
}
