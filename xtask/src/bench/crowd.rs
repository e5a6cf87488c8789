//! Many photos at once while somebody reads: 200 uploads, 16 at a time, beside a home feed that is
//! read all the while.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::Bench;
use super::http::{Connection, Request};
use super::report::Report;
use super::scene::{self, Person};
use super::server::Server;

const UPLOADS: usize = 200;
const UPLOADS_AT_A_TIME: usize = 16;
/// People who upload, so that no limit of one account is met.
const PEOPLE: usize = 8;
/// How often the feed is read. A fixed pace, so that a slow server is not asked less.
const READ_EVERY: Duration = Duration::from_millis(10);
/// How often the server's memory is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long the feed is read before the uploads begin.
const ALONE: Duration = Duration::from_secs(5);
/// The longest wait for the last photo to be ready.
const READY_WITHIN: Duration = Duration::from_secs(300);

pub(crate) fn measure(bench: &Bench, report: &mut Report) -> Result<()> {
    report.heading(&format!(
        "{UPLOADS} photos of 12 megapixels, {UPLOADS_AT_A_TIME} at a time, beside a feed reader"
    ));
    report.header(&[
        "feed reader",
        "reads",
        "median, ms",
        "p99, ms",
        "longest, ms",
    ]);
    let server = Server::start(&bench.program, &bench.folder("crowd"), &[])?;
    let mut connection = Connection::open(&server.address)?;
    let (reader, people) = make_people(bench, &mut connection)?;
    server.settle()?;
    let alone = read_until(&server.address, &reader, |began| began.elapsed() >= ALONE)?;
    alone.add_to(report, "alone");
    let done = AtomicBool::new(false);
    let began = Instant::now();
    let (during, uploaded, resident_bytes) = std::thread::scope(|scope| {
        let watching = scope.spawn(|| most_resident(&server, &done));
        let reading =
            scope.spawn(|| read_until(&server.address, &reader, |_| done.load(Ordering::Relaxed)));
        let uploaded = upload_all(bench, &server.address, &people);
        // Before anything is returned: the scope waits for the two that look at it.
        done.store(true, Ordering::Relaxed);
        let during = reading.join().unwrap_or_else(|_| Ok(Latencies::default()));
        let resident_bytes = watching.join().unwrap_or(Ok(0));
        (during, uploaded, resident_bytes)
    });
    let (ids, accepted_after) = uploaded?;
    let ready_after = began.elapsed();
    during?.add_to(report, "beside the uploads");
    ensure!(
        ids.len() == UPLOADS,
        "{} of {UPLOADS} photos are there",
        ids.len()
    );
    let usage = server.usage()?;
    report.note(&format!(
        "All {UPLOADS} photos were ready and none was lost: accepted after {:.1} s, ready after {:.1} s, {:.1} photos/s. \
         The server's peak memory was {} MiB, and {} MiB with its workers; its processor time {:.1} s.",
        accepted_after.as_secs_f64(),
        ready_after.as_secs_f64(),
        UPLOADS as f64 / ready_after.as_secs_f64(),
        usage.peak_resident_bytes >> 20,
        resident_bytes? >> 20,
        usage.processor.as_secs_f64(),
    ));
    Ok(())
}

/// The most memory that the server and the processes it started have had at one moment, looked at
/// again and again.
fn most_resident(server: &Server, done: &AtomicBool) -> Result<u64> {
    let mut most = 0;
    while !done.load(Ordering::Relaxed) {
        most = most.max(server.resident_bytes_with_workers()?);
        std::thread::sleep(LOOK_EVERY);
    }
    Ok(most)
}

/// A reader whose feed holds 20 photo posts, and the people who upload.
fn make_people(bench: &Bench, connection: &mut Connection) -> Result<(Person, Vec<Person>)> {
    let application = scene::application(connection)?;
    let reader = scene::sign_up(connection, &application, "reader")?;
    let mut people = Vec::new();
    for number in 0..PEOPLE {
        let name = format!("photographer{number}");
        people.push(scene::sign_up(connection, &application, &name)?);
    }
    let author = people.first().context("there are people")?;
    scene::follow(connection, &reader, author)?;
    let photo = std::fs::read(bench.photos.join("noon-1.jpg"))?;
    for number in 0..20 {
        let unlike_others = [photo.as_slice(), format!("feed {number}").as_bytes()].concat();
        let id = scene::photo(connection, author, &unlike_others)?;
        let post = json!({"status": format!("Photo {number}"), "media_ids": [id]});
        scene::publish(connection, author, &post)?;
    }
    let deadline = Instant::now() + READY_WITHIN;
    while scene::home(connection, &reader, 20)?.len() < 20 {
        ensure!(Instant::now() < deadline, "the reader's feed does not fill");
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok((reader, people))
}

/// Uploads all photos and waits until each is ready. Returns their ids, and when the last one was
/// accepted.
fn upload_all(
    bench: &Bench,
    address: &str,
    people: &[Person],
) -> Result<(BTreeSet<String>, Duration)> {
    let photos: Vec<Vec<u8>> = ["dawn", "noon", "forest", "sea", "desert"]
        .iter()
        .map(|name| std::fs::read(bench.photos.join(format!("{name}-1.jpg"))))
        .collect::<std::io::Result<_>>()?;
    let (next, ids) = (AtomicUsize::new(0), Mutex::new(BTreeSet::new()));
    let began = Instant::now();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..UPLOADS_AT_A_TIME)
            .map(|_| scope.spawn(|| upload_some(address, people, &photos, &next, &ids)))
            .collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().unwrap_or(Ok(())))
    })?;
    let accepted_after = began.elapsed();
    let ids = ids.into_inner().unwrap_or_default();
    let mut connection = Connection::open(address)?;
    let reader = people.first().context("there are people")?;
    for (number, id) in &ids {
        // As it was chosen when this photo was uploaded: only the owner may ask for it.
        let owner = people.get(number % people.len()).unwrap_or(reader);
        wait_until_ready(&mut connection, owner, id)?;
    }
    Ok((ids.into_iter().map(|(_, id)| id).collect(), accepted_after))
}

fn upload_some(
    address: &str,
    people: &[Person],
    photos: &[Vec<u8>],
    next: &AtomicUsize,
    ids: &Mutex<BTreeSet<(usize, String)>>,
) -> Result<()> {
    let mut connection = Connection::open(address)?;
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= UPLOADS {
            return Ok(());
        }
        // A few bytes after the end make it another file, so that nothing is served from what is
        // there already.
        let photo = photos
            .get(number % photos.len())
            .context("there are photos")?;
        let bytes = [photo.as_slice(), format!("crowd {number}").as_bytes()].concat();
        let owner = people
            .get(number % people.len())
            .context("there are people")?;
        let media = connection.json(&Request::file("/api/v2/media", &owner.token, &bytes))?;
        let id = scene::text(&media, "id")?;
        if let Ok(mut ids) = ids.lock() {
            ids.insert((number, id));
        }
    }
}

fn wait_until_ready(connection: &mut Connection, owner: &Person, id: &str) -> Result<()> {
    let request = Request::get(&format!("/api/v1/media/{id}"), &owner.token);
    let deadline = Instant::now() + READY_WITHIN;
    loop {
        let (status, body) = connection.send(&request)?;
        match status {
            200 => return Ok(()),
            206 if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(20)),
            _ => anyhow::bail!("photo {id}: {status} {}", String::from_utf8_lossy(body)),
        }
    }
}

/// How long each read took, in milliseconds.
#[derive(Default)]
struct Latencies(Vec<f64>);

impl Latencies {
    fn add_to(mut self, report: &mut Report, name: &str) {
        self.0.sort_by(f64::total_cmp);
        let last = self.0.len().saturating_sub(1);
        let at = |part: f64| {
            let value = self.0.get((last as f64 * part) as usize).copied();
            format!("{:.1}", value.unwrap_or(f64::NAN))
        };
        report.row(&[
            name.to_owned(),
            self.0.len().to_string(),
            at(0.5),
            at(0.99),
            at(1.0),
        ]);
    }
}

/// Reads the home feed at a fixed pace. A read that is late counts from when it was due: waiting
/// for a slow response does not hide the ones that it delays.
fn read_until(
    address: &str,
    reader: &Person,
    is_over: impl Fn(Instant) -> bool,
) -> Result<Latencies> {
    let mut connection = Connection::open(address)?;
    let request = Request::get("/api/v1/timelines/home?limit=20", &reader.token);
    let began = Instant::now();
    let (mut latencies, mut due) = (Latencies::default(), began);
    while !is_over(began) {
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let (status, _) = connection.send(&request)?;
        ensure!(status == 200, "the feed answered {status}");
        latencies.0.push(due.elapsed().as_secs_f64() * 1e3);
        due += READ_EVERY;
    }
    Ok(latencies)
}
