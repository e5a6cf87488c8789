//! A folder whose domains are on a server knows which: another database, or none, is refused as a
//! lost one is. And commands beside the one that serves, which is the home there.

use std::process::Output;

use testing_engines::{Postgres, Redis};
use testing_kit::{charts, png};

use crate::fixed_shape::commands::said;
use crate::harness::caller::Upload;
use crate::harness::server::heliograph;
use crate::harness::{Server, eventually};

const URL: &str = "HELIOGRAPH_DATABASE_URL";
const REDIS: &str = "HELIOGRAPH_REDIS_URL";

/// A command on the folder of a server that has stopped, with this URL.
fn run(server: &Server, arguments: &[&str], url: &str) -> Output {
    let mut command = server.command(arguments, URL, url);
    command.output().unwrap()
}

async fn stopped(url: &str) -> Server {
    let mut server = Server::with(&[(URL, url)]).await;
    server.person("ada").await.say("kept?").await;
    server.ask_to_stop();
    server.ended().await;
    server
}

#[tokio::test]
async fn another_database_is_refused_unless_the_operator_accepts_it() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let (first, other) = (
        postgres.create_database("one"),
        postgres.create_database("two"),
    );
    let server = stopped(&first).await;
    let refused = run(&server, &["migrate"], &other);
    assert!(!refused.status.success());
    assert!(
        said(&refused).contains("is not the one of"),
        "{}",
        said(&refused)
    );
    let again = run(&server, &["migrate"], &first);
    assert!(again.status.success(), "{}", said(&again));
    let mut accepted = vec!["migrate"];
    for domain in [
        "accounts",
        "engagement",
        "graph",
        "media",
        "moderation",
        "notifications",
        "posts",
        "feed",
    ] {
        accepted.extend(["--accept-lost", domain]);
    }
    // What is made again from the others is not asked for.
    accepted.truncate(accepted.len() - 2);
    let accepted = run(&server, &accepted, &other);
    assert!(accepted.status.success(), "{}", said(&accepted));
    let refused = run(&server, &["migrate"], &first);
    assert!(!refused.status.success(), "the other one is known now");
}

#[tokio::test]
async fn a_folder_of_a_server_does_not_begin_in_files_nor_the_other_way_round() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let url = postgres.create_database("one");
    let server = stopped(&url).await;
    let refused = run(&server, &["migrate"], "");
    assert!(!refused.status.success());
    assert!(
        said(&refused).contains("are on a server"),
        "{}",
        said(&refused)
    );
    let doctor = run(&server, &["doctor"], "");
    assert!(
        said(&doctor).contains("are on a server"),
        "{}",
        said(&doctor)
    );
    let check = said(&run(&server, &["config", "check"], &url));
    assert!(check.contains("no standby follows it"), "{check}");
    let check = run(&server, &["config", "check"], "postgres://127.0.0.1:1/one");
    assert!(!check.status.success());
    let mut embedded = Server::with(&[(URL, "")]).await;
    embedded.ask_to_stop();
    embedded.ended().await;
    let refused = run(&embedded, &["migrate"], &url);
    assert!(!refused.status.success());
    assert!(
        said(&refused).contains("holds what people have"),
        "{}",
        said(&refused)
    );
}

#[tokio::test]
async fn a_url_that_could_mean_something_else_is_refused_without_its_password() {
    for url in [
        "postgres://ada:tulip/1@one/photos",
        "postgres://ada:tulip@one",
        "postgres://ada:tulip@/photos",
        "mysql://ada:tulip@one/photos",
    ] {
        let folder = tempfile::TempDir::new().unwrap();
        let mut command = heliograph();
        command.args(["migrate", "--data-dir"]).arg(folder.path());
        let refused = command.env(URL, url).output().unwrap();
        assert!(!refused.status.success(), "{url}");
        assert!(!said(&refused).contains("tulip"), "{}", said(&refused));
    }
}

#[tokio::test]
async fn commands_that_ask_work_beside_the_home_and_the_others_say_what_to_do() {
    let (Some(postgres), Some(redis)) = (Postgres::start(), Redis::start()) else {
        return;
    };
    let url = postgres.create_database("one");
    // With the timelines on Redis, which a command that only asks must not take away.
    let mut server = Server::with(&[(URL, &url), (REDIS, &redis.url())]).await;
    let run = |server: &Server, arguments: &[&str], url: &str| {
        let mut command = server.command(arguments, URL, url);
        command.env(REDIS, redis.url()).output().unwrap()
    };
    let ada = server.person("ada").await;
    ada.small_photo().await;
    // A disk that stands still for some seconds takes the home away for as long.
    eventually("the home timeline", async || {
        let home = ada.get("/api/v1/timelines/home").await;
        (home.status == 200).then_some(())
    })
    .await;
    for (arguments, words) in [
        (&["account", "list"][..], "ada"),
        (&["bus", "status"], "feed.fan-out"),
        (&["bus", "dead", "list"], "no dead letters"),
        (&["media", "failed", "list"], "No photos have failed"),
        (&["media", "formats"], "image/jpeg"),
        (&["media", "check"], "1 photos"),
    ] {
        let done = run(&server, arguments, &url);
        let told = said(&done);
        assert!(done.status.success() && told.contains(words), "{told}");
    }
    for arguments in [
        &["account", "reset-password", "ada"][..],
        &["media", "check", "--repair"],
    ] {
        let refused = run(&server, arguments, &url);
        let told = said(&refused);
        assert!(!refused.status.success(), "{told}");
        assert!(
            told.contains("stop that one, give the command again"),
            "{told}"
        );
    }
    // Somebody whose connections are new: idle ones have ended in the meantime.
    server.person("bob").await.say("Goes on").await;
    server.ask_to_stop();
    server.ended().await;
    let done = run(&server, &["account", "reset-password", "ada"], &url);
    assert!(done.status.success(), "{}", said(&done));
}

#[tokio::test]
async fn the_doctor_looks_into_the_databases_of_a_server_beside_the_home_and_without_one() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let (url, other) = (
        postgres.create_database("one"),
        postgres.create_database("two"),
    );
    let mut server = Server::with(&[(URL, &url)]).await;
    let ada = server.person("ada").await;
    ada.small_photo().await;
    let doctor = |server: &Server, url: &str| {
        let looked = run(server, &["doctor"], url);
        (looked.status.success(), said(&looked))
    };
    let (is_well, told) = doctor(&server, &url);
    assert!(
        is_well && told.contains("schema media is there, and up to date"),
        "{told}"
    );
    let mut cut = png::encode(&charts::corners(640, 480));
    cut.truncate(cut.len() / 2);
    // A refusal when the failure is quick, an item that fails later when it is not.
    ada.upload(Upload::new(cut, "a.png", "image/png")).await;
    eventually("the doctor sees what failed", async || {
        let (_, told) = doctor(&server, &url);
        let is_seen = told.contains("1 photos could not be processed");
        is_seen.then_some(())
    })
    .await;
    server.ask_to_stop();
    server.ended().await;
    let (_, told) = doctor(&server, &url);
    assert!(told.contains("1 photos could not be processed"), "{told}");
    let (is_well, told) = doctor(&server, &other);
    assert!(
        !is_well && told.contains("is not the one of media"),
        "{told}"
    );
    let moved = server.folder().join("elsewhere");
    std::fs::rename(server.folder().join("media"), &moved).unwrap();
    let (is_well, told) = doctor(&server, &url);
    assert!(!is_well && told.contains("and there are photos"), "{told}");
}
