//! The commands alongside a running server, as the operator uses them.

use std::path::Path;
use std::process::Output;

use infra_db::{Database, DbError};
use serde_json::{Value, json};

use crate::harness::server::heliograph;
use crate::harness::{Server, eventually};

pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Output {
    heliograph()
        .args(arguments)
        .arg("--data-dir")
        .arg(folder)
        .env("HELIOGRAPH_ACCOUNTS__PASSWORD_MEMORY_BYTES", "65536")
        .env("HELIOGRAPH_ACCOUNTS__PASSWORD_ITERATIONS", "1")
        .output()
        .unwrap()
}

pub(crate) fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

pub(crate) fn succeed(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    assert!(
        output.status.success(),
        "{arguments:?} failed: {}",
        said(&output)
    );
    String::from_utf8(output.stdout).unwrap()
}

pub(crate) fn fail(folder: &Path, arguments: &[&str], expected: &str) {
    let output = run(folder, arguments);
    assert!(
        !output.status.success(),
        "{arguments:?} worked: {}",
        said(&output)
    );
    assert!(
        said(&output).contains(expected),
        "{arguments:?} does not say `{expected}`: {}",
        said(&output)
    );
}

pub(crate) fn json_output(folder: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&succeed(folder, arguments)).unwrap()
}

#[test]
fn a_command_ends_quietly_when_nobody_reads_what_it_prints() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["doctor"][..], &["config", "show"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let child = heliograph()
            .args(arguments)
            .arg("--data-dir")
            .arg(folder.path())
            .stdout(writer)
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(said(&output), "", "{arguments:?}");
        assert_eq!(output.status.code(), Some(141), "{arguments:?}");
    }
}

#[tokio::test]
async fn accounts_are_made_promoted_and_signed_out_alongside_a_running_server() {
    let server = Server::start().await;
    let folder = server.folder();
    let made = json_output(folder, &["account", "create", "ada", "--json"]);
    assert!(
        made["generated_password"].as_str().unwrap().len() >= 16,
        "{made}"
    );
    fail(folder, &["account", "create", "Ada"], "taken");
    fail(folder, &["account", "create", "not a name"], "letters");
    succeed(folder, &["account", "promote", "ada"]);
    let listed = json_output(folder, &["account", "list", "--json"]);
    assert_eq!(listed[0]["role"], "admin", "{listed}");
    fail(folder, &["account", "promote", "nobody"], "no such account");

    // A new password ends what the old one had opened, also in the server that runs.
    let bob = server.person("bob").await;
    succeed(folder, &["account", "reset-password", "bob"]);
    eventually("bob's token is refused", async || {
        let reply = bob.get("/api/v1/accounts/verify_credentials").await;
        (reply.status == 401).then_some(())
    })
    .await;
}

#[tokio::test]
async fn settings_are_shown_with_where_they_came_from_and_wrong_ones_are_named() {
    let folder = tempfile::tempdir().unwrap();
    succeed(folder.path(), &["config", "check"]);
    let file = folder.path().join("heliograph.toml");
    std::fs::write(&file, "[instance]\ntitle = 'Our photographs'\n").unwrap();
    let file = file.to_str().unwrap();
    let settings = json_output(
        folder.path(),
        &["config", "show", "--json", "--config", file],
    );
    let title = settings
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["setting"] == "instance.title")
        .unwrap();
    assert_eq!(title["value"], "\"Our photographs\"");
    assert_eq!(title["origin"], file);
    std::fs::write(file, "lisen = '127.0.0.1:1'\n").unwrap();
    fail(
        folder.path(),
        &["config", "check", "--config", file],
        "did you mean `listen`",
    );
    fail(folder.path(), &["serve", "--roles", "web,cook"], "cook");
    fail(
        folder.path(),
        &["config", "check", "--config", "/nowhere/at/all"],
        "/nowhere/at/all",
    );
}

/// The reference of the settings is made from the code; this holds the committed page against it.
#[test]
fn the_reference_of_settings_is_what_the_code_says() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/configuration.md");
    let committed = std::fs::read_to_string(&page).unwrap_or_default();
    assert_eq!(
        committed,
        heliograph::config::reference(),
        "renew it: cargo run -- config reference > docs/configuration.md"
    );
}

#[tokio::test]
async fn the_doctor_finds_what_is_damaged() {
    let mut server = Server::start().await;
    let folder = server.folder().to_owned();
    let healthy = json_output(&folder, &["doctor", "--json"]);
    assert!(
        healthy
            .as_array()
            .unwrap()
            .iter()
            .all(|row| row["level"] != "problem"),
        "{healthy}"
    );
    fail(&folder, &["migrate"], "another heliograph");
    server.ask_to_stop();
    server.ended().await;
    succeed(&folder, &["migrate"]);
    succeed(&folder, &["feed", "rebuild"]);
    std::fs::write(folder.join("posts.db"), "this was a database".repeat(1_000)).unwrap();
    for stale in ["posts.db-wal", "posts.db-shm"] {
        let _ = std::fs::remove_file(folder.join(stale));
    }
    fail(&folder, &["doctor"], "posts.db");
    fail(
        &folder.join("elsewhere"),
        &["account", "list"],
        "there is no data folder",
    );
}

/// Puts an event into a domain's outbox whose payload is no message of its topic.
async fn send_nonsense(folder: &Path) {
    let migrations = &business_posts::MIGRATIONS;
    let database = Database::open(&folder.join("posts.db"), migrations)
        .await
        .unwrap();
    database
        .write::<(), DbError, _>(|connection| {
            Box::pin(async move {
                let event = infra_bus::Event {
                    id: infra_kernel::EventId::new(4_711),
                    topic: "posts.published".to_owned(),
                    key: 4_711,
                    payload: vec![0xff; 7],
                    occurred_at: infra_kernel::Timestamp::from_milliseconds(1),
                    headers: infra_bus::Headers {
                        schema_version: 1,
                        correlation_id: "poison".to_owned(),
                        others: serde_json::Map::from_iter([("later".to_owned(), json!([1]))]),
                    },
                };
                infra_bus::outbox::append(connection, &event).await
            })
        })
        .await
        .unwrap();
    database.close().await;
}

#[tokio::test]
async fn what_cannot_be_handled_is_dead_lettered_looked_at_and_dropped() {
    let server = Server::start().await;
    let folder = server.folder();
    send_nonsense(folder).await;
    let list = [
        "bus",
        "dead",
        "list",
        "--subscription",
        "feed.fan-out",
        "--json",
    ];
    let dead = eventually("a dead letter", async || {
        json_output(folder, &list)
            .as_array()
            .unwrap()
            .first()
            .cloned()
    })
    .await;
    assert_eq!(dead["topic"], "posts.published");
    assert_eq!(dead["correlation_id"], "poison");
    assert_eq!(
        dead["headers"],
        json!({ "schema_version": 1, "correlation_id": "poison", "later": [1] })
    );
    assert!(!dead["error"].as_str().unwrap().is_empty());
    let id = dead["id"].to_string();
    let shown = succeed(folder, &["bus", "dead", "show", &id]);
    assert!(shown.contains("feed.fan-out") && shown.contains(r#""later":[1]"#));

    // The queue continues: what is posted after it arrives.
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    bob.follow(&ada).await;
    let post = ada.say("After the poison").await;
    bob.finds_at_home(post["id"].as_str().unwrap()).await;

    // Handed back, it fails again and gets a new number; dropped, it is gone.
    succeed(folder, &["bus", "dead", "replay", &id]);
    let again = eventually("the dead letter again", async || {
        let letters = json_output(folder, &list);
        let letter = letters.as_array().unwrap().first().cloned()?;
        (letter["id"] != dead["id"]).then_some(letter)
    })
    .await;
    succeed(folder, &["bus", "dead", "drop", &again["id"].to_string()]);
    assert_eq!(json_output(folder, &list), json!([]));
    fail(
        folder,
        &["bus", "dead", "show", &id],
        "there is no dead letter",
    );
    assert!(succeed(folder, &["bus", "status"]).contains("feed.fan-out"));
}
