//! Thousands of connections that all write, or all read: how much is served, how soon, and how soon
//! what is too much is refused.
//!
//! Each connection asks again as soon as it has a response; one that is refused waits as long as
//! the refusal says, as clients do. All of them are tasks of one thread: with a thread each, the
//! load takes more of the processor than the server, and their wake-ups count as its latency.

mod client;

use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::json;
use tokio::task::JoinSet;

use super::Bench;
use super::http::{Connection, Request};
use super::report::{Report, Spread};
use super::scene::{self, Person};
use super::server::{Server, Usage};
use client::Client;

/// Below the server's own bound, and so few that one process may have them open.
const CONNECTIONS: usize = 8_000;
/// The people they belong to.
const PEOPLE: usize = 64;
/// How long opening the connections may take: the server does not keep silent ones for long.
const OPEN_MAX: Duration = Duration::from_secs(25);
/// What the queue of those that are to be accepted surely holds: a connection that finds it full is
/// retried a second later.
const OPENED_TOGETHER: usize = 64;
const OPEN_PAUSE: Duration = Duration::from_millis(10);
/// From the last connection's opening to the first request: every task has started by then.
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
    /// How much of one core the server took, and how much the load.
    server_percent: f64,
    load_percent: f64,
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
    let people: Vec<Person> = (0..PEOPLE)
        .map(|number| {
            let name = format!("person{number}");
            scene::sign_up(&mut connection, &application, &name)
        })
        .collect::<Result<_>>()?;
    let people: Arc<[Person]> = people.into();
    report.header(&[
        "what they do",
        "served a second",
        "served: p99, ms",
        "refused, %",
        "refused: p99, ms",
        "the server's part of a core, %",
        "the load's",
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
            // What one crowd leaves to do must not slow the next.
            server.rest()?;
        }
        let of = |pick: fn(&Outcome) -> f64| Spread::of(runs.iter().map(pick).collect());
        report.row(&[
            what.to_owned(),
            of(|run| run.per_second).shown(0),
            of(|run| Outcome::p99(&run.served_ms)).shown(0),
            of(Outcome::refused_percent).shown(1),
            of(|run| Outcome::p99(&run.refused_ms)).shown(0),
            of(|run| run.server_percent).shown(0),
            of(|run| run.load_percent).shown(0),
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
    people: &Arc<[Person]>,
    time: Duration,
    request: fn(&Person, usize) -> Request,
) -> Result<Outcome> {
    // Blocking and outside the runtime: it is not measured, and paced by sleeping.
    let connections = open(server)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let used = || Ok::<_, anyhow::Error>((server.usage()?, Usage::of(std::process::id())?));
    let before = used()?;
    let begin = Instant::now() + BEGIN_AFTER;
    let parts = runtime.block_on(work_all(connections, people, begin, time, request))?;
    let elapsed = begin.elapsed();
    let after = used()?;
    let percent = |before: Usage, after: Usage| {
        let used = after.processor - before.processor;
        100.0 * used.as_secs_f64() / elapsed.as_secs_f64()
    };
    let mut outcome = gather(parts, elapsed)?;
    outcome.server_percent = percent(before.0, after.0);
    outcome.load_percent = percent(before.1, after.1);
    Ok(outcome)
}

/// Has each connection work in a task of its own.
async fn work_all(
    connections: Vec<TcpStream>,
    people: &Arc<[Person]>,
    begin: Instant,
    time: Duration,
    request: fn(&Person, usize) -> Request,
) -> Result<Vec<Outcome>> {
    let mut tasks = JoinSet::new();
    for (number, connection) in connections.into_iter().enumerate() {
        let client = Client::new(connection)?;
        let people = Arc::clone(people);
        tasks.spawn(async move {
            let person = &people[number % people.len()];
            tokio::time::sleep_until(begin.into()).await;
            work(client, time, |turn| request(person, turn)).await
        });
    }
    let mut parts = Vec::with_capacity(CONNECTIONS);
    while let Some(ended) = tasks.join_next().await {
        parts.push(ended.context("a connection failed")??);
    }
    Ok(parts)
}

fn open(server: &Server) -> Result<Vec<TcpStream>> {
    let began = Instant::now();
    let mut connections = Vec::with_capacity(CONNECTIONS);
    for number in 0..CONNECTIONS {
        if number % OPENED_TOGETHER == 0 {
            std::thread::sleep(OPEN_PAUSE);
        }
        ensure!(began.elapsed() < OPEN_MAX, "the connections are not opened");
        let connection = TcpStream::connect(&server.address);
        connections.push(connection.context("a connection is not accepted")?);
    }
    Ok(connections)
}

/// `elapsed` goes to the last response.
fn gather(parts: Vec<Outcome>, elapsed: Duration) -> Result<Outcome> {
    let mut all = Outcome::default();
    for part in parts {
        all.served_ms.extend(part.served_ms);
        all.refused_ms.extend(part.refused_ms);
    }
    ensure!(!all.served_ms.is_empty(), "nothing was served");
    all.per_second = all.served_ms.len() as f64 / elapsed.as_secs_f64();
    all.served_ms.sort_by(f64::total_cmp);
    all.refused_ms.sort_by(f64::total_cmp);
    Ok(all)
}

async fn work(
    mut client: Client,
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
        let head = client.send(&request(turn)).await?;
        let took_ms = asked.elapsed().as_secs_f64() * 1e3;
        match head.status {
            200 => outcome.served_ms.push(took_ms),
            503 => {
                outcome.refused_ms.push(took_ms);
                let wait = head.retry_after.unwrap_or_default();
                // No longer than the run: the last waits would make it longer and the rate lower.
                tokio::time::sleep(wait.min(rest)).await;
            }
            status => bail!("the server replied {status}: {}", client.body()),
        }
    }
    Ok(outcome)
}
