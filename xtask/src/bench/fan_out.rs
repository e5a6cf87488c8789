//! One post to 10,000 followers who have all been here recently.

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use serde_json::json;

use super::Bench;
use super::http::Connection;
use super::report::{Report, Spread};
use super::scene::{self, Person};
use super::server::Server;

const FOLLOWERS: usize = 10_000;
/// Followers whose feeds are looked at to see whether the post has arrived everywhere.
const WATCHED: usize = 40;
const MAKERS: usize = 8;
const WAIT_MAX: Duration = Duration::from_secs(120);

pub(crate) fn measure(bench: &Bench, report: &mut Report) -> Result<()> {
    report.heading("One post to 10,000 followers");
    // Making 10,000 accounts is not what is measured: their passwords are cheap.
    let cheap = [
        ("HELIOGRAPH_ACCOUNTS__PASSWORD_MEMORY_KIB", "8"),
        ("HELIOGRAPH_ACCOUNTS__PASSWORD_ITERATIONS", "1"),
        ("HELIOGRAPH_FEED__CACHED_TIMELINES_MAX", "4096"),
    ];
    let server = Server::start(&bench.program, &bench.folder("fan-out"), &cheap)?;
    let mut connection = Connection::open(&server.address)?;
    let application = scene::application(&mut connection)?;
    let author = scene::sign_up(&mut connection, &application, "author")?;
    let followers = make_followers(&server, &application, &author)?;
    // The server does not keep a connection that says nothing for so long.
    let mut connection = Connection::open(&server.address)?;
    let watched: Vec<&Person> = followers.iter().step_by(FOLLOWERS / WATCHED).collect();
    let (mut waited, mut processor) = (Vec::new(), Vec::new());
    for run in 0..bench.runs {
        std::thread::sleep(Duration::from_secs(1));
        let before = server.usage()?;
        let asked = Instant::now();
        let post = scene::publish(
            &mut connection,
            &author,
            &json!({"status": format!("Post {run}")}),
        )?;
        wait_for_all(&mut connection, &watched, &post)?;
        waited.push(asked.elapsed().as_secs_f64() * 1e3);
        std::thread::sleep(Duration::from_secs(1));
        processor.push((server.usage()?.processor - before.processor).as_secs_f64() * 1e3);
    }
    report.header(&["what", "figure"]);
    report.row(&[
        "post to the last feed, ms".to_owned(),
        Spread::of(waited).shown(0),
    ]);
    report.row(&[
        "server CPU in all, ms".to_owned(),
        Spread::of(processor).shown(0),
    ]);
    report.note(&format!(
        "The last feed: of {WATCHED} followers spread over all, whose feeds are read in a circle until each shows the post; \
         those reads are part of both figures."
    ));
    Ok(())
}

/// Signs followers up, lets them follow the author and look at their feeds, several at a time.
fn make_followers(server: &Server, application: &str, author: &Person) -> Result<Vec<Person>> {
    let parts: Vec<Result<Vec<Person>>> = std::thread::scope(|scope| {
        let make = |maker: usize| {
            let mut connection = Connection::open(&server.address)?;
            let mut made = Vec::new();
            for number in (maker..FOLLOWERS).step_by(MAKERS) {
                let follower =
                    scene::sign_up(&mut connection, application, &format!("follower{number}"))?;
                scene::follow(&mut connection, &follower, author)?;
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
        followers.len() == FOLLOWERS,
        "{} followers were made",
        followers.len()
    );
    Ok(followers)
}

fn wait_for_all(connection: &mut Connection, watched: &[&Person], post: &str) -> Result<()> {
    let began = Instant::now();
    let mut waiting: Vec<&Person> = watched.to_vec();
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
