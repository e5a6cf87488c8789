//! People who write and read without a pause, whatever happens to an engine meanwhile, and what
//! they have seen of it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use reqwest::RequestBuilder;
use serde_json::json;
use tokio::task::JoinHandle;

use super::caller::{Caller, text};
use super::ledger::{Entry, Ledger};
use super::person::Person;
use super::wait::eventually;

const WRITERS: usize = 3;
/// How long somebody waits before they ask again after a refusal.
const PAUSE: Duration = Duration::from_millis(50);
/// "Not now", "not in time" and "the disk is full": what may be said while an engine is away.
const NOT_NOW: [u16; 3] = [503, 504, 507];
/// A photo is not ready yet.
const NOT_READY: u16 = 422;

/// A load that goes on until it is ended.
pub(crate) struct Load {
    ledger: Arc<Ledger>,
    seen: Arc<Seen>,
    author: Person,
    follower: Person,
    people: Vec<JoinHandle<()>>,
}

/// What people saw.
#[derive(Default)]
struct Seen {
    is_over: AtomicBool,
    /// When each write was acknowledged.
    acknowledged: Mutex<Vec<Instant>>,
    /// How often a write was refused, by status.
    refused: Mutex<BTreeMap<u16, usize>>,
    /// How long each reading of a home feed took, and whether it was refused.
    readings: Mutex<Vec<(Duration, bool)>>,
}

impl Load {
    /// Lets an author write, and a follower read.
    pub(crate) async fn begin(author: &Person, follower: &Person) -> Self {
        let (ledger, seen) = (Arc::new(Ledger::default()), Arc::new(Seen::default()));
        let mut people = Vec::new();
        for _ in 0..WRITERS {
            let (author, ledger) = (Caller::clone(author), Arc::clone(&ledger));
            people.push(tokio::spawn(write(author, ledger, Arc::clone(&seen))));
        }
        people.push(tokio::spawn(read(
            Caller::clone(follower),
            Arc::clone(&seen),
        )));
        let load = Self {
            ledger,
            seen,
            author: author.clone(),
            follower: follower.clone(),
            people,
        };
        load.goes_on().await;
        load
    }

    /// Waits until writes are acknowledged that were asked for after this moment.
    pub(crate) async fn goes_on(&self) {
        let from = Instant::now();
        eventually("writes to go on", async || {
            let acknowledged = self.seen.acknowledged.lock().unwrap();
            let later = acknowledged.iter().filter(|moment| **moment > from);
            (later.count() > 2 * WRITERS).then_some(())
        })
        .await;
    }

    /// Ends it, and holds what was acknowledged against what is there. Prints what people saw.
    pub(crate) async fn check(self, what: &str) {
        self.seen.is_over.store(true, Ordering::Relaxed);
        for person in self.people {
            person.await.unwrap();
        }
        let posts = self.ledger.check(&self.author, &self.follower).await;
        println!("{what}: {posts} posts, {}", self.seen.described());
    }
}

impl Seen {
    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    fn acknowledge(&self) {
        self.acknowledged.lock().unwrap().push(Instant::now());
    }

    fn described(&self) -> String {
        let acknowledged = self.acknowledged.lock().unwrap();
        let pauses = acknowledged.windows(2).map(|pair| pair[1] - pair[0]);
        let pause = pauses.max().unwrap_or_default();
        let readings = self.readings.lock().unwrap();
        let refused = readings.iter().filter(|(_, is_refused)| *is_refused);
        let mut refusals = self.refused.lock().unwrap().clone();
        refusals.remove(&NOT_READY);
        let slowest = readings.iter().map(|(took, _)| *took).max();
        format!(
            "{} writes acknowledged, the longest pause between two {pause:.1?}, refusals by status \
             {refusals:?}; {} home feeds read, {} of them refused, the slowest {:.1?}",
            acknowledged.len(),
            readings.len(),
            refused.count(),
            slowest.unwrap_or_default(),
        )
    }
}

async fn write(author: Caller, ledger: Arc<Ledger>, seen: Arc<Seen>) {
    while !seen.is_over() {
        let entry = ledger.begin();
        let mut post = entry.post();
        if entry.has_photo() {
            let Some(media) = upload(&author, &entry, &seen).await else {
                return;
            };
            ledger.uploaded(&media);
            post["media_ids"] = json!([media]);
        }
        let publish = || {
            let request = author.request(reqwest::Method::POST, "/api/v1/statuses");
            let request = request.header("Idempotency-Key", &entry.key);
            request.json(&post)
        };
        let Some(id) = until_taken(&author, &seen, publish).await else {
            return;
        };
        ledger.posted(entry, id);
    }
}

async fn upload(author: &Caller, entry: &Entry, seen: &Seen) -> Option<String> {
    until_taken(author, seen, || entry.upload(author)).await
}

/// Asks again until it is taken; its id. Nothing when the load is over before that.
async fn until_taken(
    author: &Caller,
    seen: &Seen,
    request: impl Fn() -> RequestBuilder,
) -> Option<String> {
    while !seen.is_over() {
        let Some(reply) = author.try_send(request()).await else {
            seen.is_over.store(true, Ordering::Relaxed);
            panic!("the server has gone");
        };
        if reply.status != NOT_READY && !NOT_NOW.contains(&reply.status) {
            seen.acknowledge();
            return Some(text(&reply.ok(), "/id"));
        }
        *seen
            .refused
            .lock()
            .unwrap()
            .entry(reply.status)
            .or_default() += 1;
        tokio::time::sleep(PAUSE).await;
    }
    None
}

async fn read(follower: Caller, seen: Arc<Seen>) {
    while !seen.is_over() {
        let begun = Instant::now();
        let reply = follower.get("/api/v1/timelines/home?limit=20").await;
        let is_refused = NOT_NOW.contains(&reply.status);
        assert!(is_refused || reply.status == 200, "{}", reply.describe());
        let reading = (begun.elapsed(), is_refused);
        seen.readings.lock().unwrap().push(reading);
        tokio::time::sleep(PAUSE).await;
    }
}
