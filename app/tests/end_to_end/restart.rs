//! Power cuts: what was answered is there, nothing is there twice.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use testing_kit::picture::Picture;
use testing_kit::{jpeg, scan};

use crate::harness::caller::{Upload, ids, multipart, text};
use crate::harness::{Caller, Person, Server, eventually};

/// How many power cuts, unless `HELIOGRAPH_TEST_POWER_CUTS` says otherwise.
const POWER_CUTS: u64 = 20;
/// How many people write at the same time.
const WRITERS: usize = 3;

/// What was asked for and what was answered, by idempotency key or by upload.
#[derive(Default)]
struct Ledger {
    /// Key to post id; `None` while no answer has come back.
    posts: Mutex<BTreeMap<String, Option<String>>>,
    /// Media ids whose upload was answered with success.
    uploads: Mutex<Vec<String>>,
    next: AtomicUsize,
}

fn power_cuts() -> u64 {
    let set = std::env::var("HELIOGRAPH_TEST_POWER_CUTS").ok();
    set.and_then(|text| text.parse().ok()).unwrap_or(POWER_CUTS)
}

/// Posts and uploads until the server goes away.
async fn write_until_cut_off(author: Caller, ledger: Arc<Ledger>) {
    loop {
        let number = ledger.next.fetch_add(1, Ordering::Relaxed);
        let key = format!("key-{number}");
        ledger.posts.lock().unwrap().insert(key.clone(), None);
        let mut post = json!({"status": format!("post {key}.")});
        if number.is_multiple_of(3) {
            let Some(media) = upload(&author, number).await else {
                return;
            };
            ledger.uploads.lock().unwrap().push(media.clone());
            post["media_ids"] = json!([media]);
        }
        let Some(id) = publish(&author, &key, &post).await else {
            return;
        };
        ledger.posts.lock().unwrap().insert(key, Some(id));
    }
}

async fn upload(author: &Caller, number: usize) -> Option<String> {
    let picture = Picture::from_fn(48, 32, |x, y| [(x * 5) as u8, (y * 7) as u8, number as u8]);
    let form = multipart("file", Upload::jpeg(jpeg::encode(&picture, 80)));
    let reply = author
        .try_send(
            author
                .request(Method::POST, "/api/v2/media")
                .multipart(form),
        )
        .await?;
    Some(text(&reply.ok(), "/id"))
}

async fn publish(author: &Caller, key: &str, post: &serde_json::Value) -> Option<String> {
    for _ in 0..400 {
        let request = author
            .request(Method::POST, "/api/v1/statuses")
            .header("Idempotency-Key", key)
            .json(post);
        let reply = author.try_send(request).await?;
        // A photo that is still being processed is asked for again.
        if reply.status != 422 || post["media_ids"].is_null() {
            return Some(text(&reply.expect(200), "/id"));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{post} is never taken");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_was_answered_is_lost_and_nothing_is_doubled() {
    let mut server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    bob.follow(&ada).await;
    bob.home().await;
    let ledger = Arc::new(Ledger::default());
    let cuts = power_cuts();
    for cut in 0..cuts {
        let writers: Vec<_> = (0..WRITERS)
            .map(|_| {
                tokio::spawn(write_until_cut_off(
                    Caller::clone(&ada),
                    Arc::clone(&ledger),
                ))
            })
            .collect();
        // Anywhere from "nothing is done yet" to "everything is in flight"; the same in every run.
        tokio::time::sleep(Duration::from_millis(5 + cut * 7_919 % 260)).await;
        if cut + 1 == cuts {
            // On a machine that is slow just now, none may have been answered before each of the cuts.
            eventually("an upload that is answered", async || {
                (!ledger.uploads.lock().unwrap().is_empty()).then_some(())
            })
            .await;
        }
        server.kill();
        for writer in writers {
            writer.await.unwrap();
        }
        server.start_again().await;
    }
    let answered = retry_what_was_not_answered(&ada, &ledger).await;
    check_author(&ada, &answered).await;
    check_feed(&bob, &answered).await;
    check_uploads(&ada, &ledger).await;
    println!("{} posts and {cuts} power cuts", answered.len());
}

/// A client that got no answer asks again with the same key: afterwards every key stands for one post.
async fn retry_what_was_not_answered(ada: &Person, ledger: &Ledger) -> BTreeMap<String, String> {
    let known = ledger.posts.lock().unwrap().clone();
    let mut answered = BTreeMap::new();
    for (key, id) in known {
        let post = json!({"status": format!("post {key}.")});
        let again = publish(ada, &key, &post).await.expect("the server answers");
        if let Some(id) = id {
            assert_eq!(
                again, id,
                "{key} was answered before, and made a second post"
            );
        }
        answered.insert(key, again);
    }
    answered
}

async fn check_author(ada: &Person, answered: &BTreeMap<String, String>) {
    let found = everything(
        ada,
        &format!("/api/v1/accounts/{}/statuses?limit=40", ada.id),
    )
    .await;
    check_each_once("the author's posts", &found, answered);
}

async fn check_feed(bob: &Person, answered: &BTreeMap<String, String>) {
    let found = eventually("the feed to catch up", async || {
        let found = everything(bob, "/api/v1/timelines/home?limit=40").await;
        (found.len() >= answered.len()).then_some(found)
    })
    .await;
    check_each_once("the follower's feed", &found, answered);
}

fn check_each_once(what: &str, found: &[String], answered: &BTreeMap<String, String>) {
    let mut sorted: Vec<&String> = found.iter().collect();
    sorted.sort();
    let mut wanted: Vec<&String> = answered.values().collect();
    wanted.sort();
    assert_eq!(sorted, wanted, "{what}");
}

async fn everything(caller: &Caller, first: &str) -> Vec<String> {
    let (mut path, mut found) = (first.to_owned(), Vec::new());
    loop {
        let reply = caller.get(&path).await;
        let items = reply.list();
        found.extend(ids(&items));
        match reply.link("next") {
            Some(next) if !items.is_empty() => path = next,
            _ => return found,
        }
    }
}

async fn check_uploads(ada: &Person, ledger: &Ledger) {
    let uploads = ledger.uploads.lock().unwrap().clone();
    assert!(
        !uploads.is_empty(),
        "no upload was answered in all that time"
    );
    for id in uploads {
        let media = ada.ready(&id).await;
        let served = ada.get(&text(&media, "/url")).await;
        assert_eq!(served.status, 200, "{}", served.describe());
        assert_eq!(scan::findings(&served.body), []);
    }
}

#[tokio::test]
async fn follows_deletions_profiles_and_sessions_outlive_a_power_cut() {
    let mut server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let web = server.web();
    web.sign_up("carol").await;
    bob.follow(&ada).await;
    let (kept, gone) = (
        text(&ada.say("kept").await, "/id"),
        text(&ada.say("gone").await, "/id"),
    );
    ada.delete(&format!("/api/v1/statuses/{gone}"))
        .await
        .expect(200);
    ada.patch(
        "/api/v1/accounts/update_credentials",
        &json!({"display_name": "Ada"}),
    )
    .await
    .expect(200);
    server.kill();
    server.start_again().await;
    bob.finds_at_home(&kept).await;
    bob.misses_at_home(&gone).await;
    bob.get(&format!("/api/v1/statuses/{gone}"))
        .await
        .refused(404);
    let account = bob
        .get(&format!("/api/v1/accounts/{}", ada.id))
        .await
        .expect(200);
    assert_eq!(account["display_name"], "Ada");
    assert!(web.is_signed_in().await);
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
