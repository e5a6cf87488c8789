//! The drill: a backup while people post, a restore elsewhere, and everything is there.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use testing_kit::{charts, jpeg, require};
use tokio::task::JoinHandle;

use crate::fixed_shape::commands::{run, said, succeed};
use crate::harness::caller::{Upload, multipart, text};
use crate::harness::leftovers::photo_files;
use crate::harness::person::PASSWORD;
use crate::harness::server::heliograph;
use crate::harness::{Caller, Person, Server, eventually};

/// A key of age, and whom it decrypts for.
pub(crate) const IDENTITY: &str =
    "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
const RECIPIENT: &str = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";

const PYTHON: &str = "HELIOGRAPH_TEST_PYTHON";
const PYTHON_INSTALL: &str = "the python of a virtual environment with `pip install pyrage`";

/// How long people rest between two posts.
const PACE: Duration = Duration::from_millis(20);

/// Backs this data folder up, and returns the summary.
pub(crate) fn back_up(folder: &Path, target: &Path, more: &[&str]) -> Value {
    let target = target.to_str().unwrap();
    let arguments = [&["backup", target, "--json"], more].concat();
    serde_json::from_str(&succeed(folder, &arguments)).unwrap()
}

/// Restores the last snapshot to this folder.
pub(crate) fn restore(source: &Path, folder: &Path, more: &[&str]) -> Output {
    let arguments = [&["restore", source.to_str().unwrap()], more].concat();
    run(folder, &arguments)
}

/// Compares every file of the backups with its checksum.
pub(crate) fn verify(target: &Path) -> Output {
    heliograph()
        .arg("backup")
        .arg(target)
        .arg("--verify")
        .output()
        .unwrap()
}

pub(crate) fn is_done(output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{}", said(output));
}

/// What was acknowledged: posts, and photos with the bytes of their originals.
#[derive(Default)]
pub(crate) struct Acknowledged {
    posts: Mutex<Vec<String>>,
    photos: Mutex<BTreeMap<String, Vec<u8>>>,
}

impl Acknowledged {
    pub(crate) fn posts(&self) -> Vec<String> {
        self.posts.lock().unwrap().clone()
    }

    pub(crate) fn photos(&self) -> BTreeMap<String, Vec<u8>> {
        self.photos.lock().unwrap().clone()
    }
}

/// Posts and uploads until the server goes away.
pub(crate) fn start_writers(
    author: &Person,
    acknowledged: &Arc<Acknowledged>,
) -> Vec<JoinHandle<()>> {
    let (poster, photographer) = (Caller::clone(author), Caller::clone(author));
    let (posts, photos) = (Arc::clone(acknowledged), Arc::clone(acknowledged));
    let posting = tokio::spawn(async move {
        for number in 0.. {
            let body = json!({"status": format!("number {number}")});
            let request = poster.request(Method::POST, "/api/v1/statuses").json(&body);
            let Some(reply) = poster.try_send(request).await else {
                return;
            };
            let id = text(&reply.expect(200), "/id");
            posts.posts.lock().unwrap().push(id);
            // A timeline holds so many.
            tokio::time::sleep(PACE).await;
        }
    });
    let uploading = tokio::spawn(async move {
        for number in 0.. {
            let bytes = jpeg::encode(&charts::corners(60 + number, 50), 80);
            let form = multipart("file", Upload::jpeg(bytes.clone()));
            let request = photographer
                .request(Method::POST, "/api/v2/media")
                .multipart(form);
            let Some(reply) = photographer.try_send(request).await else {
                return;
            };
            let id = text(&reply.ok(), "/id");
            photos.photos.lock().unwrap().insert(id, bytes);
        }
    });
    vec![posting, uploading]
}

pub(crate) async fn wait_for(acknowledged: &Acknowledged, posts: usize, photos: usize) {
    eventually("posts and photos that are acknowledged", async || {
        let is_enough =
            acknowledged.posts().len() >= posts && acknowledged.photos().len() >= photos;
        is_enough.then_some(())
    })
    .await;
}

/// Makes a backup of a server that works, in the background.
async fn back_up_meanwhile(server: &Server, target: &Path) -> Value {
    let (folder, target) = (server.folder().to_owned(), target.to_owned());
    tokio::task::spawn_blocking(move || back_up(&folder, &target, &[]))
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_that_was_acknowledged_before_a_backup_began_is_restored() {
    let mut server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    bob.follow(&ada).await;
    bob.home().await;
    let acknowledged = Arc::new(Acknowledged::default());
    let writers = start_writers(&ada, &acknowledged);
    wait_for(&acknowledged, 5, 5).await;
    let backups = tempfile::tempdir().unwrap();
    let target = backups.path().join("photos");
    back_up_meanwhile(&server, &target).await;
    let (posts, photos) = (acknowledged.posts(), acknowledged.photos());
    wait_for(&acknowledged, posts.len() + 5, photos.len() + 3).await;
    let second = back_up_meanwhile(&server, &target).await;
    assert!(
        second["copied_files"].as_u64() < second["photos_files"].as_u64(),
        "{second}"
    );
    assert_eq!(second["missing"]["count"], 0, "{second}");
    let after = acknowledged.posts().len();
    wait_for(&acknowledged, after + 5, 0).await;
    let doctor = succeed(server.folder(), &["doctor"]);
    assert!(
        doctor.contains("the last backup was made 0 minutes ago"),
        "{doctor}"
    );
    server.kill();
    for writer in writers {
        writer.await.unwrap();
    }
    is_done(&verify(&target));

    let restored = TempDir::new().unwrap();
    is_done(&restore(&target, restored.path(), &[]));
    server.move_to(restored);
    server.start_again().await;
    check_posts(&ada, &bob, &posts).await;
    check_photos(&ada, &photos).await;
    let web = server.web();
    web.sign_in("ada", PASSWORD).await;
    assert!(web.is_signed_in().await);
    // No id is made twice, not even those that only the lost server knew.
    let known = acknowledged.posts();
    for number in 0..5 {
        let id = text(&ada.say(&format!("after {number}")).await, "/id");
        assert!(!known.contains(&id), "the id {id} was made twice");
    }
    is_done(&run(server.folder(), &["media", "check"]));
    succeed(server.folder(), &["doctor"]);
}

/// All these posts are there, and the follower's timeline has what the author has.
pub(crate) async fn check_posts(author: &Person, follower: &Person, posts: &[String]) {
    let statuses = format!("/api/v1/accounts/{}/statuses?limit=40", author.id);
    let found = author.every_page(&statuses).await;
    for id in posts {
        assert!(found.contains(id), "post {id} is lost");
    }
    follower.finds_at_home(&found[0]).await;
    let home = follower.every_page("/api/v1/timelines/home?limit=40").await;
    assert_eq!(home, found);
}

/// All these photos become ready, and their originals are what was sent.
pub(crate) async fn check_photos(author: &Person, photos: &BTreeMap<String, Vec<u8>>) {
    for (id, bytes) in photos {
        let media = author.ready(id).await;
        let original = author.get(&text(&media, "/original_url")).await;
        assert!(
            original.body == *bytes,
            "photo {id} is another: {}",
            original.describe()
        );
        assert_eq!(author.get(&text(&media, "/url")).await.status, 200);
    }
}

/// A post with a photo.
pub(crate) struct Posted {
    ada: Person,
    media_id: String,
    bytes: Vec<u8>,
}

/// A server with a post with a photo, that has stopped.
pub(crate) async fn stopped_with_a_photo() -> (Server, Posted) {
    let mut server = Server::start().await;
    let ada = server.person("ada").await;
    let bytes = jpeg::encode(&charts::corners(120, 90), 80);
    let media = ada.photo(Upload::jpeg(bytes.clone())).await;
    let media_id = text(&media, "/id");
    let post = json!({"status": "the sea", "media_ids": [media_id]});
    ada.publish(&post).await;
    server.ask_to_stop();
    server.ended().await;
    let posted = Posted {
        ada,
        media_id,
        bytes,
    };
    (server, posted)
}

#[tokio::test]
async fn an_encrypted_backup_of_a_stopped_server_is_restored_with_its_key_alone() {
    let (mut server, posted) = stopped_with_a_photo().await;
    let backups = tempfile::tempdir().unwrap();
    let target = backups.path().join("photos");
    let first = back_up(server.folder(), &target, &["--recipient", RECIPIENT]);
    assert_eq!(first["encrypted"], true, "{first}");
    // What the databases hold and what the photo is are not to be seen.
    for (path, _) in crate::harness::leftovers::files(&target) {
        let content = fs::read(&path).unwrap();
        let shows = |text: &[u8]| content.windows(text.len()).any(|window| window == text);
        assert!(
            !shows(b"SQLite format") && !shows(&posted.bytes[..64]),
            "{}",
            path.display()
        );
    }
    let second = back_up(server.folder(), &target, &["--recipient", RECIPIENT]);
    assert_eq!(second["copied_files"], 0, "{second}");
    is_done(&verify(&target));

    let restored = TempDir::new().unwrap();
    let output = restore(&target, restored.path(), &[]);
    assert!(said(&output).contains("--identity"), "{}", said(&output));
    let key = backups.path().join("key.txt");
    fs::write(&key, format!("# public key: {RECIPIENT}\n{IDENTITY}\n")).unwrap();
    is_done(&restore(
        &target,
        restored.path(),
        &["--identity", key.to_str().unwrap()],
    ));
    server.move_to(restored);
    server.start_again().await;
    let media = posted.ada.ready(&posted.media_id).await;
    let original = posted.ada.get(&text(&media, "/original_url")).await;
    assert!(original.body == posted.bytes, "{}", original.describe());
}

#[tokio::test]
async fn another_program_of_age_decrypts_every_file_of_an_encrypted_backup() {
    let Some(python) = require::variable(PYTHON, PYTHON_INSTALL) else {
        return;
    };
    let (server, posted) = stopped_with_a_photo().await;
    let backups = tempfile::tempdir().unwrap();
    let target = backups.path().join("photos");
    back_up(server.folder(), &target, &["--recipient", RECIPIENT]);
    let (key, photo) = (
        backups.path().join("key.txt"),
        backups.path().join("photo.jpg"),
    );
    fs::write(&key, format!("# public key: {RECIPIENT}\n{IDENTITY}\n")).unwrap();
    fs::write(&photo, &posted.bytes).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/age_files.py");
    let arguments = [&script, &key, &target, &photo];
    let output = Command::new(python).args(arguments).output().unwrap();
    is_done(&output);
    assert!(
        said(&output).contains("all done with pyrage"),
        "{}",
        said(&output)
    );
}

#[tokio::test]
async fn snapshots_are_listed_restored_by_name_and_removed_when_they_are_too_many() {
    let (mut server, Posted { ada, .. }) = stopped_with_a_photo().await;
    let backups = tempfile::tempdir().unwrap();
    let target = backups.path().join("photos");
    let first = back_up(server.folder(), &target, &[]);
    server.start_again().await;
    ada.say("later").await;
    let second = back_up(server.folder(), &target, &["--keep", "2"]);
    assert_eq!(second["copied_files"], 0, "{second}");
    let restored = TempDir::new().unwrap();
    let name = first["snapshot"].as_str().unwrap();
    is_done(&restore(&target, restored.path(), &["--snapshot", name]));
    let third = back_up(server.folder(), &target, &["--keep", "2"]);
    assert_eq!(third["removed_snapshots"], json!([name]), "{third}");
    let list = heliograph()
        .arg("backup")
        .arg(&target)
        .args(["--list", "--json"])
        .output()
        .unwrap();
    let list: Value = serde_json::from_slice(&list.stdout).unwrap();
    let names: Vec<_> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["snapshot"])
        .collect();
    assert_eq!(names, [&second["snapshot"], &third["snapshot"]]);
    server.kill();
    server.move_to(restored);
    server.start_again().await;
    let statuses = ada
        .get(&format!("/api/v1/accounts/{}/statuses", ada.id))
        .await
        .list();
    assert_eq!(statuses.len(), 1, "the first snapshot has the first post");
}

#[tokio::test]
async fn the_last_good_original_stays_in_the_backups_and_comes_back_from_them() {
    let (mut server, posted) = stopped_with_a_photo().await;
    let backups = tempfile::tempdir().unwrap();
    let target = backups.path().join("photos");
    back_up(server.folder(), &target, &["--keep", "1"]);
    let files = photo_files(&server.folder().join("media")).into_keys();
    let is_original = |path: &PathBuf| fs::read(path).unwrap() == posted.bytes;
    let original = files.into_iter().find(is_original).unwrap();
    fs::write(&original, "damaged").unwrap();
    // The repair gives the original up, and the photo is shown as before.
    succeed(server.folder(), &["media", "check", "--repair"]);
    for _ in 0..3 {
        let made = back_up(server.folder(), &target, &["--keep", "1"]);
        let lost = (&made["missing"]["count"], &made["damaged"]["count"]);
        assert_eq!(lost, (&json!(0), &json!(0)), "{made}");
    }
    let restored = TempDir::new().unwrap();
    is_done(&restore(&target, restored.path(), &[]));
    let found = succeed(restored.path(), &["media", "check", "--repair"]);
    assert!(found.contains("original"), "{found}");
    server.move_to(restored);
    server.start_again().await;
    let media = posted.ada.ready(&posted.media_id).await;
    let original = posted.ada.get(&text(&media, "/original_url")).await;
    assert!(original.body == posted.bytes, "{}", original.describe());
}
