//! A database that is gone, cut short or another's: the doctor says so and changes nothing, and
//! nothing starts as if it had never been.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use testing_kit::{charts, jpeg};

use crate::fixed_shape::commands::{fail, said, succeed};
use crate::harness::caller::{Upload, ids, text};
use crate::harness::server::heliograph;
use crate::harness::{Server, eventually};

/// The databases that cannot be made again, by domain.
const KEPT: [&str; 8] = [
    "accounts",
    "engagement",
    "graph",
    "media",
    "moderation",
    "notifications",
    "posts",
    "bus",
];

/// A folder in which somebody has posted a photo, of a server that has stopped.
async fn stopped() -> Server {
    let mut server = Server::start().await;
    let ada = server.person("ada").await;
    ada.say("kept?").await;
    ada.small_photo().await;
    server.ask_to_stop();
    server.ended().await;
    server
}

/// Every file of the folder with its content, but for the photos.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.is_file());
    files
        .filter(|path| !path.ends_with("ballast"))
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect()
}

/// Starts to serve, and says how it was refused.
pub(crate) fn refused(folder: &Path) -> String {
    let mut child = heliograph()
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let began = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if began.elapsed() > Duration::from_secs(30) {
            child.kill().unwrap();
            panic!("it serves: {}", said(&child.wait_with_output().unwrap()));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = child.wait_with_output().unwrap();
    assert!(!output.status.success(), "{}", said(&output));
    said(&output)
}

/// What has a database as these files hold it refused everywhere, with these words, and nothing
/// changed by any of it.
fn is_refused_everywhere(folder: &Path, file: &str, words: &str) {
    let before = contents(folder);
    for arguments in [
        &["doctor"][..],
        &["doctor"],
        &["migrate"],
        &["account", "list"],
        &["bus", "status"],
        &["media", "failed", "list"],
        &["feed", "rebuild"],
    ] {
        fail(folder, arguments, file);
    }
    let serve = refused(folder);
    assert!(serve.contains(file) && serve.contains(words), "{serve}");
    let after = contents(folder);
    assert_eq!(
        before.keys().collect::<Vec<_>>(),
        after.keys().collect::<Vec<_>>()
    );
    assert!(before == after, "a file was changed");
}

fn remove(folder: &Path, file: &str) {
    for ending in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(folder.join(format!("{file}{ending}")));
    }
}

#[tokio::test]
async fn a_database_that_is_gone_among_others_is_lost_until_it_is_restored_or_given_up() {
    let mut server = stopped().await;
    let folder = server.folder().to_owned();
    for domain in KEPT {
        let file = format!("{domain}.db");
        let kept = fs::read(folder.join(&file)).unwrap();
        remove(&folder, &file);
        is_refused_everywhere(&folder, &file, &format!("--accept-lost {domain}"));
        fs::write(folder.join(&file), kept).unwrap();
    }
    succeed(&folder, &["doctor"]);
    server.start_again().await;
    server.ask_to_stop();
    server.ended().await;

    remove(&folder, "posts.db");
    fail(&folder, &["migrate", "--accept-lost", "graph"], "posts.db");
    fail(&folder, &["migrate", "--accept-lost", "feed"], "feed");
    succeed(&folder, &["migrate", "--accept-lost", "posts"]);
    succeed(&folder, &["doctor"]);
    server.start_again().await;
}

#[tokio::test]
async fn what_is_no_whole_database_of_the_domain_is_named() {
    let server = stopped().await;
    let folder = server.folder().to_owned();
    let path = folder.join("posts.db");
    let kept = fs::read(&path).unwrap();
    let check = |content: &[u8], words: &str| {
        fs::write(&path, content).unwrap();
        is_refused_everywhere(&folder, "posts.db", words);
    };
    check(b"", "--accept-lost posts");
    check(&kept[..kept.len() / 2], "cut short");
    check(&kept[..kept.len() - 1], "cut short");
    check(&kept[..10], "damaged");
    check("this was a database".repeat(1_000).as_bytes(), "damaged");
    for other in ["accounts.db", "graph.db", "media.db", "feed.db", "bus.db"] {
        check(
            &fs::read(folder.join(other)).unwrap(),
            "not the one of posts",
        );
    }

    fs::write(&path, &kept).unwrap();
    let newer = Connection::open(&path).unwrap();
    newer
        .execute_batch(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES (9999, 'from the future', true, x'00', 1)",
        )
        .unwrap();
    newer.close().unwrap();
    is_refused_everywhere(&folder, "posts.db", "newer heliograph");

    fs::remove_file(&path).unwrap();
    let foreign = Connection::open(&path).unwrap();
    foreign
        .execute_batch("CREATE TABLE recipes (id INTEGER)")
        .unwrap();
    foreign.close().unwrap();
    is_refused_everywhere(&folder, "posts.db", "not the one of posts");
}

#[tokio::test]
async fn home_timelines_are_made_again() {
    let mut server = stopped().await;
    let folder = server.folder().to_owned();
    remove(&folder, "feed.db");
    let told = succeed(&folder, &["doctor"]);
    assert!(told.contains("feed.db is lost; it is made again"), "{told}");
    assert!(!folder.join("feed.db").exists());
    server.start_again().await;
    assert!(server.said().contains("feed.db"), "{}", server.said());
}

#[tokio::test]
async fn the_list_of_databases_distinguishes_what_is_lost_from_what_is_new() {
    let mut server = stopped().await;
    let folder = server.folder().to_owned();
    let list = folder.join("databases.list");
    let names = fs::read_to_string(&list).unwrap();
    let is_database = |name: &str| name.ends_with(".db");
    let listed = names.lines().filter(|line| is_database(line)).count();
    let made = fs::read_dir(&folder).unwrap();
    let made = made.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(listed, made.filter(|name| is_database(name)).count());

    // The first version kept no list: what it made is known.
    fs::remove_file(&list).unwrap();
    succeed(&folder, &["doctor"]);
    let posts = fs::read(folder.join("posts.db")).unwrap();
    remove(&folder, "posts.db");
    is_refused_everywhere(&folder, "posts.db", "--accept-lost posts");
    fs::write(folder.join("posts.db"), &posts).unwrap();
    server.start_again().await;
    assert_eq!(fs::read_to_string(&list).unwrap(), names);
    server.ask_to_stop();
    server.ended().await;

    // One that this version adds has not been there; nor one that a first start, cut off, did not
    // come to. Such a start may leave an empty file, too.
    let before_it = names.replace("posts.db\n", "");
    for left in [None, Some(b"")] {
        fs::write(&list, &before_it).unwrap();
        remove(&folder, "posts.db");
        if let Some(bytes) = left {
            fs::write(folder.join("posts.db"), bytes).unwrap();
        }
        succeed(&folder, &["doctor"]);
        server.start_again().await;
        assert_eq!(fs::read_to_string(&list).unwrap(), names);
        server.ask_to_stop();
        server.ended().await;
    }
}

#[tokio::test]
async fn photos_without_their_files_are_not_served_as_if_nothing_were() {
    let mut server = stopped().await;
    let folder = server.folder().to_owned();
    let (media, away) = (folder.join("media"), folder.join("media.away"));
    fs::rename(&media, &away).unwrap();
    let check = || {
        fail(&folder, &["doctor"], "mount");
        let serve = refused(&folder);
        assert!(serve.contains("--accept-lost photos"), "{serve}");
    };
    check();
    // A disk that is not mounted is an empty folder.
    fs::create_dir(&media).unwrap();
    check();
    fs::remove_dir(&media).unwrap();
    fs::rename(&away, &media).unwrap();
    succeed(&folder, &["doctor"]);
    server.start_again().await;
}

/// A folder of before there was engagement, with a list or without.
#[tokio::test]
async fn a_domain_that_a_new_version_adds_begins_with_nothing() {
    let mut server = stopped().await;
    let folder = server.folder().to_owned();
    let list = folder.join("databases.list");
    let names = fs::read_to_string(&list).unwrap();
    for before in [Some(names.replace("engagement.db\n", "")), None] {
        remove(&folder, "engagement.db");
        match before {
            Some(before) => fs::write(&list, before).unwrap(),
            None => fs::remove_file(&list).unwrap(),
        }
        let said = succeed(&folder, &["doctor"]);
        assert!(said.contains("engagement.db is not there yet"), "{said}");
        server.start_again().await;
        assert_eq!(fs::read_to_string(&list).unwrap(), names);
        server.ask_to_stop();
        server.ended().await;
    }
    // From here on it can be lost as the others.
    remove(&folder, "engagement.db");
    assert!(refused(&folder).contains("--accept-lost engagement"));
}

#[tokio::test]
async fn lost_files_are_accepted_once_and_until_there_are_files_again() {
    let mut server = stopped().await;
    let folder = server.folder().to_owned();
    let list = folder.join("databases.list");
    let is_accepted = || fs::read_to_string(&list).unwrap().contains("lost photos");
    fs::remove_dir_all(folder.join("media")).unwrap();
    refused(&folder);
    // What is done beside a server needs no files.
    succeed(&folder, &["account", "list"]);
    assert!(!is_accepted());
    succeed(&folder, &["migrate", "--accept-lost", "photos"]);
    for _ in 0..2 {
        assert!(is_accepted());
        succeed(&folder, &["doctor"]);
        server.start_again().await;
        server.ask_to_stop();
        server.ended().await;
    }
    server.start_again().await;
    server.person("bob").await.small_photo().await;
    server.ask_to_stop();
    server.ended().await;
    server.start_again().await;
    assert!(!is_accepted());
    server.ask_to_stop();
    server.ended().await;
    fs::remove_dir_all(folder.join("media")).unwrap();
    assert!(refused(&folder).contains("--accept-lost photos"));
}

#[tokio::test]
async fn photos_whose_database_was_lost_are_no_leftovers() {
    let mut server = stopped().await;
    let folder = server.folder().to_owned();
    remove(&folder, "media.db");
    succeed(&folder, &["migrate", "--accept-lost", "media"]);
    fail(&folder, &["media", "check", "--repair"], "may be photos");
    // Also when there are others.
    server.start_again().await;
    // Not the same photo, whose files it would name again.
    let other = Upload::jpeg(jpeg::encode(&charts::corners(320, 240), 90));
    server.person("bob").await.photo(other).await;
    server.ask_to_stop();
    server.ended().await;
    fail(&folder, &["media", "check", "--repair"], "may be photos");
    let delete = ["media", "check", "--repair", "--delete-unnamed"];
    assert!(succeed(&folder, &delete).contains("will be deleted"));
    assert!(succeed(&folder, &["media", "check"]).contains(" 0 findings"));
    let names = fs::read_to_string(folder.join("databases.list")).unwrap();
    assert!(
        !names.lines().any(|line| line.starts_with("lost")),
        "{names}"
    );
}

#[tokio::test]
async fn the_doctor_leaves_everything_as_it_is() {
    let mut server = stopped().await;
    let folder = server.folder().to_owned();
    let before = contents(&folder);
    succeed(&folder, &["doctor"]);
    assert!(before == contents(&folder), "the doctor changed something");
    // A key that is lost is reported, and made by who serves.
    fs::remove_file(folder.join("address-signing.key")).unwrap();
    let told = succeed(&folder, &["doctor"]);
    assert!(told.contains("address-signing.key"), "{told}");
    assert!(!folder.join("address-signing.key").exists());
    server.start_again().await;
    let (beside, while_serving) = (contents(&folder), succeed(&folder, &["doctor"]));
    assert!(!while_serving.contains("problem"), "{while_serving}");
    assert_eq!(
        beside.keys().collect::<Vec<_>>(),
        contents(&folder).keys().collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_feed_that_is_thrown_away_comes_back() {
    let mut server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    bob.follow(&ada).await;
    let mut made = Vec::new();
    for number in 0..5 {
        made.push(text(&ada.say(&format!("{number}")).await, "/id"));
    }
    bob.finds_at_home(&made[4]).await;
    server.kill();
    for entry in std::fs::read_dir(server.folder()).unwrap().flatten() {
        if entry.file_name().to_string_lossy().starts_with("feed.db") {
            std::fs::remove_file(entry.path()).unwrap();
        }
    }
    server.start_again().await;
    let home = eventually("the feed", async || {
        let home = bob.home().await;
        (home.len() == 5).then_some(home)
    })
    .await;
    made.reverse();
    assert_eq!(ids(&home), made);
}
