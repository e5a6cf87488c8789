//! What people have asked of a server that may go away at any moment, and what it has acknowledged.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use testing_kit::picture::Picture;
use testing_kit::{jpeg, scan};
use tokio::task::JoinHandle;

use super::caller::{Caller, Upload, multipart, text};
use super::person::Person;
use super::wait::eventually;

/// How many people write concurrently.
const WRITERS: usize = 3;

/// What was asked for and what was acknowledged, by idempotency key or by upload.
#[derive(Default)]
pub(crate) struct Ledger {
    /// Key to post id; `None` while no response has come back.
    posts: Mutex<BTreeMap<String, Option<String>>>,
    /// Media ids whose upload was acknowledged.
    uploads: Mutex<Vec<String>>,
    next: AtomicUsize,
}

impl Ledger {
    /// People who post and upload until the server goes away.
    pub(crate) fn start_writers(self: &Arc<Self>, author: &Person) -> Vec<JoinHandle<()>> {
        let write = |_| tokio::spawn(write_until_cut_off(Caller::clone(author), Arc::clone(self)));
        (0..WRITERS).map(write).collect()
    }

    /// Notes what is asked for next.
    pub(crate) fn begin(&self) -> Entry {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let key = format!("key-{number}");
        self.posts.lock().unwrap().insert(key.clone(), None);
        Entry { number, key }
    }

    /// Notes an upload that was acknowledged.
    pub(crate) fn uploaded(&self, media_id: &str) {
        self.uploads.lock().unwrap().push(media_id.to_owned());
    }

    /// Notes a post that was acknowledged.
    pub(crate) fn posted(&self, entry: Entry, id: String) {
        self.posts.lock().unwrap().insert(entry.key, Some(id));
    }

    /// Waits until an upload was acknowledged: on a machine that is slow just now, none may have
    /// been before each of the crashes.
    pub(crate) async fn wait_for_an_upload(&self) {
        eventually("an upload that is acknowledged", async || {
            (!self.uploads.lock().unwrap().is_empty()).then_some(())
        })
        .await;
    }

    /// Everything acknowledged is there once, for the author and for the follower; everything else
    /// can be sent again. Returns how many posts there are.
    pub(crate) async fn check(&self, author: &Person, follower: &Person) -> usize {
        let answered = retry_unanswered(author, self).await;
        check_author(author, &answered).await;
        check_feed(follower, &answered).await;
        check_uploads(author, self).await;
        answered.len()
    }
}

/// Posts and uploads until the server goes away.
async fn write_until_cut_off(author: Caller, ledger: Arc<Ledger>) {
    loop {
        let entry = ledger.begin();
        let mut post = entry.post();
        if entry.has_photo() {
            let Some(reply) = author.try_send(entry.upload(&author)).await else {
                return;
            };
            let media = text(&reply.ok(), "/id");
            ledger.uploaded(&media);
            post["media_ids"] = json!([media]);
        }
        let Some(id) = publish(&author, &entry.key, &post).await else {
            return;
        };
        ledger.posted(entry, id);
    }
}

/// Something that is asked for.
pub(crate) struct Entry {
    number: usize,
    pub(crate) key: String,
}

impl Entry {
    /// The post, without the photo that every third one has.
    pub(crate) fn post(&self) -> Value {
        json!({"status": format!("post {}.", self.key)})
    }

    pub(crate) const fn has_photo(&self) -> bool {
        self.number.is_multiple_of(3)
    }

    /// The request that uploads its photo, which no other has.
    pub(crate) fn upload(&self, author: &Caller) -> RequestBuilder {
        let shade = self.number as u8;
        let picture = Picture::from_fn(48, 32, |x, y| [(x * 5) as u8, (y * 7) as u8, shade]);
        let form = multipart("file", Upload::jpeg(jpeg::encode(&picture, 80)));
        let request = author.request(Method::POST, "/api/v2/media");
        request.multipart(form)
    }
}

async fn publish(author: &Caller, key: &str, post: &Value) -> Option<String> {
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

/// A client that got no response asks again with the same key: afterwards every key stands for one
/// post.
async fn retry_unanswered(ada: &Person, ledger: &Ledger) -> BTreeMap<String, String> {
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
    let found = ada
        .every_page(&format!("/api/v1/accounts/{}/statuses?limit=40", ada.id))
        .await;
    check_each_once("the author's posts", &found, answered);
}

async fn check_feed(bob: &Person, answered: &BTreeMap<String, String>) {
    let found = eventually("the feed to catch up", async || {
        let found = bob.every_page("/api/v1/timelines/home?limit=40").await;
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
