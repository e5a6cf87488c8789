//! Thousands of connections that all write, or all read: how much is served, how soon, and how soon
//! what is too much is refused.
//!
//! Each connection asks again as soon as it has a response; one that is refused waits as long as
//! the refusal says, as clients do.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::json;

use super::Bench;
use super::http::{Connection, Request};
use super::report::{Report, Spread};
use super::scene::{self, Person};
use super::server::Server;

/// Below the server's own bound, and so few that one process may have them open.
const CONNECTIONS: usize = 8_000;
/// The people they belong to.
const PEOPLE: usize = 64;
/// Each connection is a thread that mostly waits.
const STACK_BYTES: usize = 128 * 1024;
/// How long opening the connections may take: the server does not keep silent ones for long.
const OPEN_MAX: Duration = Duration::from_secs(25);
/// What the queue of those that are to be accepted surely holds: a connection that finds it full is
/// retried a second later.
const OPENED_TOGETHER: usize = 64;
const OPEN_PAUSE: Duration = Duration::from_millis(10);
/// From the last connection's opening to the first request: every thread has started by then.
const BEGIN_AFTER: Duration = Duration::from_secs(1);
const SETTINGS: [(&str, &str); 1] = [("HELIOGRAPH_CONNECTIONS_PER_ADDRESS_MAX", "0")];

/// What came of one crowd.
#[derive(Default)]
struct Outcome {
    /// Of what was served, in milliseconds, sorted.
    served_ms: Vec<f64>,
    /// Of what was refused.
    refused_ms: Vec<f64>,
    per_second: f64,
}

impl Outcome {
    fn refused_percent(&self) -> f64 {
        let (served, refused) = (self.served_ms.len() as f64, self.refused_ms.len() as f64);
        100.0 * refused / (served + refused).max(1.0)
    }

    fn p99(sorted: &[f64]) -> f64 {
        let at = sorted.len().saturating_sub(1) * 99 / 100;
        sorted.get(at).copied().unwrap_or_default()
    }
}

pub(crate) fn measure(bench: &Bench, report: &mut Report) -> Result<()> {
    report.heading(&format!("{CONNECTIONS} connections at once"));
    let server = Server::start(&bench.program, &bench.folder("connections"), &SETTINGS)?;
    let mut connection = Connection::open(&server.address)?;
    let application = scene::application(&mut connection)?;
    let mut people = Vec::new();
    for number in 0..PEOPLE {
        let name = format!("person{number}");
        people.push(scene::sign_up(&mut connection, &application, &name)?);
    }
    report.header(&[
        "what they do",
        "served a second",
        "served: p99, ms",
        "refused, %",
        "refused: p99, ms",
    ]);
    for (what, request) in [
        ("post", post as fn(&Person, usize) -> Request),
        ("read their feed", |person, _| {
            Request::get("/api/v1/timelines/home?limit=20", &person.token)
        }),
    ] {
        let mut runs = Vec::new();
        for _ in 0..bench.runs {
            runs.push(crowd(&server, &people, bench.time, request)?);
            server.rest()?;
        }
        let of = |pick: fn(&Outcome) -> f64| Spread::of(runs.iter().map(pick).collect());
        report.row(&[
            what.to_owned(),
            of(|run| run.per_second).shown(0),
            of(|run| Outcome::p99(&run.served_ms)).shown(0),
            of(Outcome::refused_percent).shown(1),
            of(|run| Outcome::p99(&run.refused_ms)).shown(0),
        ]);
    }
    report.note("Whoever is refused waits as long as `Retry-After` says. The load comes from the same two cores.");
    Ok(())
}

fn post(person: &Person, turn: usize) -> Request {
    let words = format!("Post {turn}: a few words about the light this morning.");
    let body = json!({"status": words, "visibility": "unlisted"});
    Request::post("/api/v1/statuses", &person.token, &body)
}

/// All connections are opened first; then they all begin at once.
fn crowd(
    server: &Server,
    people: &[Person],
    time: Duration,
    request: fn(&Person, usize) -> Request,
) -> Result<Outcome> {
    let connections = open(server)?;
    let begin = Instant::now() + BEGIN_AFTER;
    let parts: Vec<Result<Outcome>> = std::thread::scope(|scope| {
        let spawn = |(number, connection): (usize, Connection)| {
            let person = &people[number % people.len()];
            let builder = std::thread::Builder::new().stack_size(STACK_BYTES);
            builder.spawn_scoped(scope, move || {
                std::thread::sleep(begin.saturating_duration_since(Instant::now()));
                work(connection, time, |turn| request(person, turn))
            })
        };
        let handles: Vec<_> = connections.into_iter().enumerate().map(spawn).collect();
        let ended = handles.into_iter().map(|handle| {
            let ended = handle.context("no thread for a connection")?.join();
            ended.unwrap_or_else(|_| bail!("a connection failed"))
        });
        ended.collect()
    });
    gather(parts, begin.elapsed())
}

fn open(server: &Server) -> Result<Vec<Connection>> {
    let began = Instant::now();
    let mut connections = Vec::with_capacity(CONNECTIONS);
    for number in 0..CONNECTIONS {
        if number % OPENED_TOGETHER == 0 {
            std::thread::sleep(OPEN_PAUSE);
        }
        ensure!(began.elapsed() < OPEN_MAX, "the connections are not opened");
        connections.push(Connection::open(&server.address)?);
    }
    Ok(connections)
}

/// `elapsed` goes to the last response.
fn gather(parts: Vec<Result<Outcome>>, elapsed: Duration) -> Result<Outcome> {
    let mut all = Outcome::default();
    for part in parts {
        let part = part?;
        all.served_ms.extend(part.served_ms);
        all.refused_ms.extend(part.refused_ms);
    }
    ensure!(!all.served_ms.is_empty(), "nothing was served");
    all.per_second = all.served_ms.len() as f64 / elapsed.as_secs_f64();
    all.served_ms.sort_by(f64::total_cmp);
    all.refused_ms.sort_by(f64::total_cmp);
    Ok(all)
}

fn work(
    mut connection: Connection,
    time: Duration,
    request: impl Fn(usize) -> Request,
) -> Result<Outcome> {
    let began = Instant::now();
    let mut outcome = Outcome::default();
    for turn in 0.. {
        let rest = time.saturating_sub(began.elapsed());
        if rest.is_zero() {
            break;
        }
        let asked = Instant::now();
        let (status, body) = connection.send(&request(turn))?;
        let took_ms = asked.elapsed().as_secs_f64() * 1e3;
        match status {
            200 => outcome.served_ms.push(took_ms),
            503 => {
                outcome.refused_ms.push(took_ms);
                let wait = connection.retry_after().unwrap_or_default();
                std::thread::sleep(wait.min(rest));
            }
            _ => bail!("answered {status}: {}", String::from_utf8_lossy(body)),
        }
    }
    Ok(outcome)
}
