//! A move that is killed goes on, and what changes meanwhile is noticed.

use std::io::{BufRead as _, BufReader, PipeReader, PipeWriter};
use std::path::Path;
use std::process::Stdio;

use rusqlite::Connection;
use rustix::fs::{OFlags, fcntl_setfl};

use super::*;
use crate::fixed_shape::engine_schemas::psql;
use crate::harness::server::heliograph;

/// The domain and the table that the tests fill, so that a move takes many steps.
const DOMAIN: &str = "posts";
const BULK: &str = "idempotency_keys";
/// A table that is copied and verified before that one.
const EARLIER: &str = "author_stats";
const ROWS: u32 = 12_000;
/// How many databases are moved: one of each domain.
const DATABASES: usize = 8;

fn fill() -> String {
    format!(
        "WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < {ROWS}) \
        INSERT INTO {BULK} (author_id, key, post_id, created_at) \
        SELECT 1, 'key ' || n, n, 9000000000000000 FROM counted"
    )
}

/// A server, the URL of a database on it, and a folder in use that can be moved there.
async fn begin() -> Option<(Postgres, String, Place)> {
    let postgres = Postgres::start()?;
    let url = postgres.create_database("photos");
    Some((postgres, url, Place::begin().await))
}

/// Stops what uses the folder, and gives a move many steps.
async fn stop_and_fill(place: &mut Place) {
    place.stop().await;
    change(place.server.folder(), "posts.db", &fill());
}

/// Changes a database of the folder while nothing has it open.
pub(super) fn change(folder: &Path, file: &str, text: &str) {
    let connection = Connection::open(folder.join(file)).unwrap();
    connection.execute_batch(text).unwrap();
    connection.close().unwrap();
}

/// A pipe that takes each line on its own, and 16 at most that nobody has read: what writes them
/// waits then. So it is never further ahead of a test, however late that is.
pub(crate) fn pipe_of_lines() -> (PipeReader, PipeWriter) {
    let (lines, output) = std::io::pipe().unwrap();
    fcntl_setfl(&output, OFlags::DIRECT).unwrap();
    (lines, output)
}

/// Starts a move and kills it when it says that it has done this with some rows. More than 16 lines
/// follow.
fn kill_at(place: &Place, to: &str, url: &str, step: &str, table: &str) {
    let arguments = ["move", "databases", "--json", "--to", to];
    let mut command = place.command(&arguments, url);
    let (lines, output) = pipe_of_lines();
    let started = command.stdout(output).stderr(Stdio::null()).spawn();
    let mut child = started.unwrap();
    // The end of the lines is that of the child.
    drop(command);
    let lines = BufReader::new(lines).lines();
    let is_there = lines.map_while(Result::ok).any(|line| {
        let line: Value = serde_json::from_str(&line).unwrap();
        line["step"] == step && line["table"] == table
    });
    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert!(is_there && !status.success(), "{step} {table}: {status}");
}

#[tokio::test]
async fn a_move_that_is_killed_goes_on() {
    let Some((_postgres, url, mut place)) = begin().await else {
        return;
    };
    let before = place.read_after_start().await;
    stop_and_fill(&mut place).await;
    for (step, table) in [
        ("read", "follows"),
        ("copied", "accounts"),
        ("verified", "follows"),
        ("copied", BULK),
        ("copied", BULK),
        ("verified", EARLIER),
    ] {
        kill_at(&place, &url, "", step, table);
    }
    let count = format!("SELECT COUNT(*) FROM {DOMAIN}.{BULK}");
    let copied: u64 = psql(&url, &count).trim().parse().unwrap();
    assert!(copied > 0, "the kills were before the copy");
    let printed = place.moved(&url, "");
    assert!(printed.contains("verified"), "{printed}");
    assert_eq!(psql(&url, &count).trim(), ROWS.to_string());
    place.start_with(&url).await;
    assert_same(&before, &place.read().await);
    place.say("after the kills").await;
    let before = place.read_after_start().await;
    place.stop().await;
    for (step, table) in [
        ("copied", "accounts"),
        ("copied", BULK),
        ("verified", EARLIER),
    ] {
        kill_at(&place, "folder", &url, step, table);
    }
    // Nothing has changed for the folder yet.
    let migrated = place.run(&["migrate"], &url);
    assert!(migrated.status.success(), "{}", said(&migrated));
    place.moved("folder", &url);
    place.start_with("").await;
    assert_same(&before, &place.read().await);
}

#[tokio::test]
async fn a_server_that_is_killed_meanwhile_is_waited_for() {
    let Some((mut postgres, url, mut place)) = begin().await else {
        return;
    };
    stop_and_fill(&mut place).await;
    let arguments = ["move", "databases", "--json", "--to", &url];
    let mut command = place.command(&arguments, "");
    let (lines, output) = pipe_of_lines();
    let mut child = command.stdout(output).spawn().unwrap();
    drop(command);
    let lines = BufReader::new(lines).lines();
    let (mut is_killed, mut last) = (false, String::new());
    for line in lines.map_while(Result::ok) {
        if !is_killed && line.contains("copied") && line.contains(BULK) {
            postgres.kill_and_restart();
            is_killed = true;
        }
        last = line;
    }
    assert!(is_killed && child.wait().unwrap().success(), "{last}");
    let sums: Value = serde_json::from_str(&last).unwrap();
    assert_eq!(sums["moved"], true, "{sums}");
    let count = format!("SELECT COUNT(*) FROM {DOMAIN}.{BULK}");
    assert_eq!(psql(&url, &count).trim(), ROWS.to_string());
    place.start_with(&url).await;
    place.say("after the server's end").await;
}

#[tokio::test]
async fn what_is_written_between_two_runs_comes_over() {
    let Some((_postgres, url, mut place)) = begin().await else {
        return;
    };
    stop_and_fill(&mut place).await;
    kill_at(&place, &url, "", "copied", BULK);
    let claimed = "SELECT COUNT(*) FROM pg_class WHERE relname = '_heliograph_move'";
    let claims = psql(&url, claimed);
    assert_eq!(
        claims.trim(),
        DATABASES.to_string(),
        "also what comes later"
    );
    // Half a copy is served by nobody, and the folder as before.
    let other = tempfile::tempdir().unwrap();
    let mut command = heliograph();
    command.arg("migrate").arg("--data-dir").arg(other.path());
    let refused = command.env(URL, &url).output().unwrap();
    assert!(!refused.status.success());
    assert!(
        said(&refused).contains("are being moved"),
        "{}",
        said(&refused)
    );
    place.start_with("").await;
    place.say("meanwhile").await;
    let before = place.read_after_start().await;
    place.stop().await;
    place.moved(&url, "");
    place.start_with(&url).await;
    assert_same(&before, &place.read().await);
}

#[tokio::test]
async fn a_copy_that_is_not_what_was_read_is_refused() {
    let Some((_postgres, url, mut place)) = begin().await else {
        return;
    };
    let before = place.read_after_start().await;
    stop_and_fill(&mut place).await;
    kill_at(&place, &url, "", "copied", BULK);
    psql(
        &url,
        &format!("UPDATE {DOMAIN}.{EARLIER} SET last_posted_at = last_posted_at + 1"),
    );
    let refused = place.run(&["move", "databases", "--to", &url], "");
    assert!(!refused.status.success());
    let sentence = said(&refused);
    assert!(
        sentence.contains(EARLIER) && sentence.contains("checksum"),
        "{sentence}"
    );
    assert!(place.files().contains(&"posts.db".to_owned()));
    let migrated = place.run(&["migrate"], "");
    assert!(migrated.status.success(), "{}", said(&migrated));
    place.moved(&url, "");
    place.start_with(&url).await;
    assert_same(&before, &place.read().await);
}

#[tokio::test]
async fn what_a_kill_after_the_switch_left_is_tidied_up() {
    let Some((postgres, url, mut place)) = begin().await else {
        return;
    };
    place.stop().await;
    place.moved(&url, "");
    let folder = place.server.folder().to_owned();
    let moved = place.files().into_iter();
    let moved: Vec<_> = moved.filter(|name| name.contains(".moved-")).collect();
    assert_eq!(moved.len(), DATABASES, "{moved:?}");
    // As it is right after the switch.
    let (_, name) = moved[0].split_once(".moved-").unwrap();
    for file in &moved {
        let (before, _) = file.split_once(".moved-").unwrap();
        std::fs::rename(folder.join(file), folder.join(before)).unwrap();
    }
    let list = folder.join("databases.list");
    let lines = std::fs::read_to_string(&list).unwrap();
    std::fs::write(&list, format!("{lines}moved {name} server\n")).unwrap();
    psql(
        &url,
        &format!("CREATE TABLE {DOMAIN}._heliograph_move (name TEXT PRIMARY KEY, value TEXT)"),
    );
    for configured in ["", url.as_str()] {
        let refused = place.run(&["migrate"], configured);
        assert!(!refused.status.success());
        assert!(said(&refused).contains("tidied up"), "{}", said(&refused));
    }
    let elsewhere = postgres.create_database("elsewhere");
    let refused = place.run(&["move", "databases", "--to", &elsewhere], "");
    assert!(
        said(&refused).contains("another server"),
        "{}",
        said(&refused)
    );
    place.moved(&url, "");
    assert!(place.has("posts.db.moved-") && !place.files().contains(&"posts.db".to_owned()));
    place.start_with(&url).await;
    place.say("well").await;
}

/// The line of the folder's list for each database on a server.
fn on_server(folder: &Path) -> Vec<String> {
    let list = std::fs::read_to_string(folder.join("databases.list")).unwrap();
    let lines = list.lines().map(str::to_owned);
    lines.filter(|line| line.starts_with("postgres ")).collect()
}

#[tokio::test]
async fn a_move_to_the_folder_is_finished_on_the_server_that_it_has_left() {
    let Some((postgres, url, mut place)) = begin().await else {
        return;
    };
    place.stop().await;
    place.moved(&url, "");
    let folder = place.server.folder().to_owned();
    let left = on_server(&folder);
    assert_eq!(left.len(), DATABASES, "{left:?}");
    let printed = place.moved("folder", &url);
    // As it is right after the switch.
    let (_, name) = printed.split_once("DROP SCHEMA posts_moved_").unwrap();
    let name = &name[..8];
    let mut lines = format!("moved {name} folder\n");
    for line in &left {
        let schema = line.split(' ').nth(1).unwrap();
        let renamed = format!("ALTER SCHEMA {schema}_moved_{name} RENAME TO {schema}");
        psql(&url, &renamed);
        lines += &format!("left {line}\n");
    }
    let list = folder.join("databases.list");
    let known = std::fs::read_to_string(&list).unwrap();
    std::fs::write(&list, known + &lines).unwrap();
    // Another installation's.
    let elsewhere = postgres.create_database("elsewhere");
    let other = tempfile::tempdir().unwrap();
    let mut command = heliograph();
    command.arg("migrate").arg("--data-dir").arg(other.path());
    let made = command.env(URL, &elsewhere).output().unwrap();
    assert!(made.status.success(), "{}", said(&made));
    let refused = place.run(&["move", "databases", "--to", "folder"], &elsewhere);
    assert!(!refused.status.success());
    assert!(
        said(&refused).contains("another server"),
        "{}",
        said(&refused)
    );
    let theirs = "SELECT COUNT(*) FROM pg_namespace WHERE nspname IN ('accounts', 'posts')";
    assert_eq!(psql(&elsewhere, theirs).trim(), "2");
    place.moved("folder", &url);
    assert_eq!(psql(&url, theirs).trim(), "0");
    let list = std::fs::read_to_string(&list).unwrap();
    assert!(
        !list.contains("left ") && !list.contains("moved "),
        "{list}"
    );
    place.start_with("").await;
    place.say("well").await;
}
