//! What the data folder is to others: closed, whole after a stop, and without what was deleted.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, lchown};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use crate::fixed_shape::commands::{said, succeed};
use crate::harness::caller::{ids, text};
use crate::harness::server::heliograph;
use crate::harness::{Server, eventually};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn open(path: &Path) -> Connection {
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
}

#[tokio::test]
async fn only_its_owner_can_read_what_is_in_it() {
    let mut server = Server::start().await;
    let ada = server.person("ada").await;
    ada.small_photo().await;
    let folder = server.folder().to_owned();
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path) & 0o077, 0, "{}", path.display());
    }
    assert_eq!(mode(&folder.join("media/incoming")) & 0o077, 0);

    // As an earlier version left it.
    server.ask_to_stop();
    server.ended().await;
    set_mode(&folder, 0o755);
    set_mode(&folder.join("accounts.db"), 0o644);
    assert!(succeed(&folder, &["doctor"]).contains("others than its owner may read"));
    server.start_again().await;
    assert_eq!(mode(&folder), 0o700);
    assert!(
        server.said().contains("others than its owner could read"),
        "{}",
        server.said()
    );
    assert!(!succeed(&folder, &["doctor"]).contains("others than its owner may read"));
}

/// Everything in a folder, however deep, and the folder.
fn all_in(folder: &Path) -> Vec<PathBuf> {
    let mut all = vec![folder.to_owned()];
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(all_in(&path));
        } else {
            all.push(path);
        }
    }
    all
}

#[tokio::test]
async fn what_root_does_does_not_lock_out_the_service() {
    const SERVICE: u32 = 65_534;
    let mut server = Server::start().await;
    server.person("ada").await.small_photo().await;
    server.ask_to_stop();
    server.ended().await;
    let folder = server.folder().to_owned();
    for path in all_in(&folder) {
        if lchown(&path, Some(SERVICE), Some(SERVICE)).is_err() {
            eprintln!("skipped: only root can give files away");
            return;
        }
    }
    for name in ["databases.list", "heliograph.lock", "feed.db"] {
        fs::remove_file(folder.join(name)).unwrap();
    }
    for blobs in fs::read_dir(folder.join("media")).unwrap() {
        fs::remove_dir_all(blobs.unwrap().path()).unwrap();
    }
    succeed(&folder, &["migrate"]);
    // A process of root's that makes everything: ballast, key and photos.
    let _ = fs::remove_file(folder.join("ballast"));
    fs::remove_file(folder.join("address-signing.key")).unwrap();
    succeed(&folder, &["migrate", "--accept-lost", "photos"]);
    server.start_again().await;
    server.person("bob").await.small_photo().await;
    server.ask_to_stop();
    server.ended().await;
    for path in all_in(&folder) {
        let owner = fs::metadata(&path).unwrap().uid();
        assert_eq!(owner, SERVICE, "{}", path.display());
    }
}

/// Whether the file holds these words.
fn holds(path: &Path, words: &str) -> bool {
    let bytes = fs::read(path).unwrap_or_default();
    let mut windows = bytes.windows(words.len());
    windows.any(|window| window == words.as_bytes())
}

#[tokio::test]
async fn a_stop_leaves_whole_files_also_while_somebody_reads() {
    const WORDS: &str = "unmistakably whole";
    let mut server = Server::start().await;
    let ada = server.person("ada").await;
    let folder = server.folder().to_owned();
    ada.say(WORDS).await;
    // Somebody looks at a database with a tool of their own, and has not finished.
    let reader = open(&folder.join("posts.db"));
    reader.execute_batch("BEGIN").unwrap();
    let tables = |connection: &Connection| -> i64 {
        let text = "SELECT count(*) FROM sqlite_master";
        connection.query_row(text, [], |row| row.get(0)).unwrap()
    };
    let read = tables(&reader);
    server.ask_to_stop();
    assert!(server.ended().await.success());

    let copies = tempfile::tempdir().unwrap();
    for name in ["accounts", "graph", "media", "posts", "feed", "bus"] {
        let file = format!("{name}.db");
        fs::copy(folder.join(&file), copies.path().join(&file)).unwrap();
        let log = fs::metadata(folder.join(format!("{file}-wal")));
        if name != "posts" {
            assert_eq!(log.map_or(0, |log| log.len()), 0, "{file}");
        }
    }
    assert!(holds(&copies.path().join("posts.db"), WORDS));
    let copy = open(&copies.path().join("posts.db"));
    assert_eq!(tables(&copy), read);
    copy.close().unwrap();
    reader.close().unwrap();
    server.start_again().await;
}

#[tokio::test]
async fn what_was_deleted_is_in_no_file_any_more() {
    const SECRET: &str = "heliotropically-unmistakable";
    let mut server = Server::start().await;
    let ada = server.person("ada").await;
    let folder = server.folder().to_owned();
    let post = ada.say(&format!("This is {SECRET}.")).await;
    let is_anywhere = || {
        fs::read_dir(&folder).unwrap().any(|entry| {
            let path = entry.unwrap().path();
            path.is_file() && !path.ends_with("ballast") && holds(&path, SECRET)
        })
    };
    assert!(is_anywhere());
    let id = post["id"].as_str().unwrap();
    ada.delete(&format!("/api/v1/statuses/{id}")).await.ok();
    eventually("the post is gone", async || {
        let reply = ada.get(&format!("/api/v1/statuses/{id}")).await;
        (reply.status == 404).then_some(())
    })
    .await;
    server.ask_to_stop();
    assert!(server.ended().await.success());
    assert!(!is_anywhere(), "what was deleted can still be read");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_served_by_one_process_and_by_the_next_one_after_a_kill() {
    let mut server = Server::start().await;
    let ada = server.person("ada").await;
    let by_the_first = text(&ada.say("by the first").await, "/id");
    let second = || {
        let mut second = heliograph();
        second.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]);
        second.arg(server.folder()).output().unwrap()
    };
    let (refused, still_by_the_first) = tokio::join!(
        async { tokio::task::block_in_place(second) },
        ada.say("while another one wants it"),
    );
    assert!(!refused.status.success());
    let words = said(&refused);
    assert!(words.contains("another heliograph serves from"), "{words}");
    server.kill();
    // A worker that it was starting has its lock open for a moment longer.
    let lock = fs::File::open(server.folder().join("heliograph.lock")).unwrap();
    eventually("nobody holds the folder", async || lock.try_lock().ok()).await;
    drop(lock);
    server.start_again().await;
    let by_the_next = text(&ada.say("by the next").await, "/id");
    let all = [by_the_next, text(&still_by_the_first, "/id"), by_the_first];
    assert_eq!(ids(&ada.home().await), all);
    let numbers = all.map(|id| id.parse::<u64>().unwrap());
    assert!(
        numbers.is_sorted_by(|newer, older| newer > older),
        "{numbers:?}"
    );
}
