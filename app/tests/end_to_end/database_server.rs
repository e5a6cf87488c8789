//! A folder whose domains are on a server knows which: another database, or none, is refused as a
//! lost one is.

use std::process::Output;

use testing_engines::Postgres;

use crate::commands::said;
use crate::harness::Server;
use crate::harness::server::heliograph;

const URL: &str = "HELIOGRAPH_DATABASE_URL";

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
    for domain in ["accounts", "engagement", "graph", "media", "posts", "feed"] {
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
