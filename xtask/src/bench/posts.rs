//! Text posts created.

use anyhow::Result;
use serde_json::json;

use super::Bench;
use super::http::{Connection, Request};
use super::load::{self, Runs};
use super::report::Report;
use super::scene;
use super::server::Server;

const WRITERS: [usize; 2] = [1, 8];

pub(crate) fn measure(bench: &Bench, report: &mut Report) -> Result<()> {
    report.heading("Posts created");
    report.header(&[
        "writers",
        "posts/s",
        "server CPU, µs a post",
        "median, µs",
        "p99, µs",
    ]);
    let server = Server::start(&bench.program, &bench.folder("posts"), &[])?;
    let mut connection = Connection::open(&server.address)?;
    let application = scene::application(&mut connection)?;
    let mut people = Vec::new();
    for number in 0..WRITERS[1] {
        people.push(scene::sign_up(
            &mut connection,
            &application,
            &format!("writer{number}"),
        )?);
    }
    for writers in WRITERS {
        let mut runs = Runs::default();
        for run in 0..bench.runs {
            let outcome = load::run(
                &server.address,
                server.process(),
                writers,
                bench.time,
                |writer, turn| {
                    let words =
                        format!("Post {run}-{turn}: a few words about the light this morning.");
                    let key = format!("{run}-{writers}-{writer}-{turn}");
                    Request::post(
                        "/api/v1/statuses",
                        &people[writer].token,
                        &json!({"status": words}),
                    )
                    // As clients send it; a key of its own each time, so that each request is a
                    // post.
                    .with("Idempotency-Key", &key)
                },
            )?;
            runs.0.push(outcome);
        }
        report.row(&[
            writers.to_string(),
            runs.spread(|run| run.per_second).shown(0),
            runs.spread(|run| run.processor_us).shown(0),
            runs.spread(|run| run.median_us).shown(0),
            runs.spread(|run| run.p99_us).shown(0),
        ]);
    }
    report.note("Every post is on disk (SQLite, WAL, group commit, synced) before it is answered; the CPU includes the event, its relay and the author's own feed.");
    Ok(())
}
