//! Reads: the home feed of 20 photo posts beside the same bytes from memory, one post, one account.

use std::process::Command;

use anyhow::{Result, ensure};
use serde_json::json;

use super::Bench;
use super::http::{Connection, Request};
use super::load::{self, Runs};
use super::report::Report;
use super::scene::{self, Person};
use super::server::Server;

const POSTS: usize = 20;
const AUTHORS: usize = 5;
const CONNECTIONS: [usize; 3] = [1, 16, 64];

struct Scene {
    reader: Person,
    author: Person,
    post: String,
}

pub(crate) fn measure(bench: &Bench, report: &mut Report) -> Result<()> {
    let folder = bench.folder("reads");
    let server = Server::start(&bench.program, &folder, &[])?;
    let mut connection = Connection::open(&server.address)?;
    let scene = prepare_scene(bench, &mut connection)?;
    for (what, path) in [
        (
            format!("Home feed, {POSTS} photo posts"),
            format!("/api/v1/timelines/home?limit={POSTS}"),
        ),
        (
            "One post".to_owned(),
            format!("/api/v1/statuses/{}", scene.post),
        ),
        (
            "One account".to_owned(),
            format!("/api/v1/accounts/{}", scene.author.id),
        ),
    ] {
        compare(bench, report, &server, &scene.reader, &what, &path)?;
    }
    Ok(())
}

fn prepare_scene(bench: &Bench, connection: &mut Connection) -> Result<Scene> {
    let application = scene::application(connection)?;
    let reader = scene::sign_up(connection, &application, "reader")?;
    let bytes = std::fs::read(bench.photos.join("dawn-1.jpg"))?;
    let mut authors = Vec::new();
    for number in 0..AUTHORS {
        let author = scene::sign_up(connection, &application, &format!("author{number}"))?;
        scene::follow(connection, &reader, &author)?;
        authors.push(author);
    }
    let mut post = String::new();
    for number in 0..POSTS {
        let author = &authors[number % AUTHORS];
        let media = scene::photo(connection, author, &bytes)?;
        let words = format!(
            "Photo {number}: first light on the lake, worth the cold feet. #dawn https://example.org/{number}"
        );
        let body = json!({"status": words, "media_ids": [media], "visibility": "public", "language": "en"});
        post = scene::publish(connection, author, &body)?;
    }
    for _ in 0..200 {
        if scene::home(connection, &reader, POSTS)?.len() == POSTS {
            return Ok(Scene {
                reader,
                author: authors.swap_remove(0),
                post,
            });
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    anyhow::bail!("the posts do not reach the reader's feed")
}

fn compare(
    bench: &Bench,
    report: &mut Report,
    server: &Server,
    reader: &Person,
    what: &str,
    path: &str,
) -> Result<()> {
    let request = || Request::get(path, &reader.token);
    let mut connection = Connection::open(&server.address)?;
    let (status, body) = connection.send(&request())?;
    ensure!(status == 200, "{path} answered {status}");
    report.heading(&format!("{what} ({:.1} KB)", body.len() as f64 / 1e3));
    let memory = serve_from_memory(bench, body)?;
    report.header(&[
        "connections",
        "",
        "requests/s",
        "server CPU, µs a request",
        "median, µs",
        "p99, µs",
    ]);
    for connections in CONNECTIONS {
        let (ours, limit) = by_turns(bench, connections, [server, &memory], request)?;
        row(report, connections, "Heliograph", &ours);
        row(report, connections, "same bytes from memory", &limit);
        ratio_row(report, connections, &ours, &limit);
    }
    Ok(())
}

/// A server that responds to everything with these bytes.
fn serve_from_memory(bench: &Bench, body: &[u8]) -> Result<Server> {
    let file = bench.folder("reads-body");
    std::fs::write(&file, body)?;
    let mut command = Command::new(&bench.memory_server);
    command.arg(&file).current_dir(&bench.root);
    let memory = Server::spawn(command);
    // It holds the bytes now.
    let _ = std::fs::remove_file(file);
    memory
}

/// The server and the limit by turns, so that a machine that changes its mind does so for both.
fn by_turns(
    bench: &Bench,
    connections: usize,
    [server, memory]: [&Server; 2],
    request: impl Fn() -> Request + Sync,
) -> Result<(Runs, Runs)> {
    let (mut ours, mut limit) = (Runs::default(), Runs::default());
    for _ in 0..bench.runs {
        for (of, runs) in [(server, &mut ours), (memory, &mut limit)] {
            let outcome = load::run(
                &of.address,
                of.process(),
                connections,
                bench.time,
                |_, _| request(),
            )?;
            runs.0.push(outcome);
        }
    }
    Ok((ours, limit))
}

fn ratio_row(report: &mut Report, connections: usize, ours: &Runs, limit: &Runs) {
    let ratio =
        |pick: fn(&load::Outcome) -> f64| ours.spread(pick).median / limit.spread(pick).median;
    report.row(&[
        connections.to_string(),
        "ratio".to_owned(),
        format!("{:.2}", ratio(|run| run.per_second)),
        format!("{:.2}", ratio(|run| run.processor_us)),
        format!("{:.2}", ratio(|run| run.median_us)),
        format!("{:.2}", ratio(|run| run.p99_us)),
    ]);
}

fn row(report: &mut Report, connections: usize, who: &str, runs: &Runs) {
    report.row(&[
        connections.to_string(),
        who.to_owned(),
        runs.spread(|run| run.per_second).shown(0),
        runs.spread(|run| run.processor_us).shown(1),
        runs.spread(|run| run.median_us).shown(0),
        runs.spread(|run| run.p99_us).shown(0),
    ]);
}
