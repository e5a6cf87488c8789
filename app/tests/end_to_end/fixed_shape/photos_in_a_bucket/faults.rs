//! A bucket that fails, refuses, is slow or dies, while people upload: what was acknowledged is
//! there, whole, and what was not is said to be so.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use reqwest::Method;
use testing_engines::{HttpFault, HttpProxy};
use tokio::task::JoinHandle;

use super::*;
use crate::harness::Caller;
use crate::harness::caller::multipart;

/// How many people upload at a time.
const WRITERS: usize = 3;
/// How long each fault lasts.
const FAULT: Duration = Duration::from_millis(1_200);

/// What was acknowledged: the photo's id, and what was sent.
#[derive(Default)]
struct Uploads {
    kept: Mutex<Vec<(String, Vec<u8>)>>,
    refused: AtomicU32,
    next: AtomicU32,
    is_over: AtomicBool,
}

impl Uploads {
    fn count(&self) -> usize {
        self.kept.lock().unwrap().len()
    }

    fn start(self: &Arc<Self>, author: &Caller) -> Vec<JoinHandle<()>> {
        let write = |_| tokio::spawn(Arc::clone(self).write(author.clone()));
        (0..WRITERS).map(write).collect()
    }

    async fn write(self: Arc<Self>, author: Caller) {
        while !self.is_over.load(Ordering::SeqCst) {
            let bytes = photo(self.next.fetch_add(1, Ordering::SeqCst));
            let form = multipart("file", Upload::jpeg(bytes.clone()));
            let request = author.request(Method::POST, "/api/v2/media");
            let reply = author.try_send(request.multipart(form)).await;
            match reply.as_ref().map(|reply| reply.status) {
                Some(200 | 202) => {
                    let id = text(&reply.unwrap().json(), "/id");
                    self.kept.lock().unwrap().push((id, bytes));
                }
                Some(503 | 504) | None => {
                    self.refused.fetch_add(1, Ordering::SeqCst);
                    // As a client does that was asked to come again.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                Some(_) => panic!("{}", reply.unwrap().describe()),
            }
        }
    }

    /// Waits until more was acknowledged than by now.
    async fn grow(&self, what: &str) {
        let before = self.count();
        eventually(&format!("uploads {what}"), async || {
            (self.count() > before).then_some(())
        })
        .await;
    }
}

fn failing(status: &'static str, code: &str) -> HttpFault {
    HttpFault::Respond(status, format!("<Error><Code>{code}</Code></Error>"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_photo_that_was_acknowledged_is_lost() {
    let Some(mut s3) = S3::start() else { return };
    let proxy = HttpProxy::before(s3.port()).await;
    let settings = with(&bucket(&s3, "one"), ENDPOINT, &proxy.endpoint());
    let mut server = serve(&settings).await;
    let ada = server.person("ada").await;
    let uploads = Arc::new(Uploads::default());
    let writers = uploads.start(&ada);
    uploads.grow("at the beginning").await;
    for fault in [
        failing("500 Internal Server Error", "InternalError"),
        HttpFault::Delay(Duration::from_millis(700)),
        failing("403 Forbidden", "AccessDenied"),
        HttpFault::LoseResponse,
        HttpFault::CutResponse(20),
    ] {
        proxy.always("", fault.clone());
        tokio::time::sleep(FAULT).await;
        proxy.always("", HttpFault::Pass);
        uploads.grow(&format!("after {fault:?}")).await;
    }
    assert!(uploads.refused.load(Ordering::SeqCst) > 0, "nothing failed");
    for _ in 0..2 {
        s3.kill();
        tokio::time::sleep(Duration::from_millis(300)).await;
        s3.restart();
        uploads.grow("after a kill of the bucket's server").await;
        // It takes what is new before it can read what it has.
        eventually("the bucket can be read", async || {
            let checked = run(server.folder(), &["config", "check"], &settings);
            checked.status.success().then_some(())
        })
        .await;
        server.kill();
        // A worker that it was starting has its lock open for a moment longer.
        let lock = std::fs::File::open(server.folder().join("heliograph.lock")).unwrap();
        eventually("nobody holds the folder", async || lock.try_lock().ok()).await;
        drop(lock);
        server.start_again().await;
        uploads.grow("after a kill of this one").await;
    }
    uploads.is_over.store(true, Ordering::SeqCst);
    for writer in writers {
        writer.await.unwrap();
    }
    let kept = std::mem::take(&mut *uploads.kept.lock().unwrap());
    println!("{} photos were acknowledged", kept.len());
    for (id, bytes) in kept {
        let media = ada.ready(&id).await;
        let served = ada.get(&text(&media, "/url")).await;
        assert_eq!(served.status, 200, "{}", served.describe());
        let original = ada.get(&text(&media, "/original_url")).await;
        assert!(original.body == bytes, "{}", original.describe());
    }
    stop(&mut server).await;
    succeed(server.folder(), &["media", "check"], &settings);
}

/// How long somebody who uploads may wait for a refusal on a busy machine.
const SOON: Duration = Duration::from_secs(8);
/// How long until uploads are taken again: less than the sweeper's minute.
const TAKEN_MAX: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploads_are_refused_soon_while_the_bucket_is_away_and_taken_once_it_is_back() {
    let Some(mut s3) = S3::start() else { return };
    let settings = bucket(&s3, "one");
    let settings: Vec<_> = settings
        .iter()
        .map(|(name, value)| (*name, &**value))
        .collect();
    let server = Server::with(&settings).await;
    let ada = server.person("ada").await;
    let whole = photo(2);
    let parts = tus::begin(&ada, whole.len()).await;
    let first = tus::patch(&ada, &parts, "0", &[], &whole[..1_000]).await;
    assert_eq!(first.status, 204, "{}", first.describe());
    let by_form = async || {
        let form = multipart("file", Upload::jpeg(photo(1)));
        let request = ada.request(Method::POST, "/api/v2/media");
        ada.send(request.multipart(form)).await
    };
    let by_tus = async || tus::patch(&ada, &parts, "1000", &[], &whole[1_000..]).await;
    s3.kill();
    let begun = Instant::now();
    for refused in [by_form().await, by_tus().await] {
        assert_eq!(refused.status, 503, "{}", refused.describe());
        assert_eq!(refused.header("retry-after"), "2", "{}", refused.describe());
    }
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    s3.restart();
    let begun = Instant::now();
    // The same photos, whose files nobody has swept in between.
    let taken = eventually("an upload is taken", async || {
        Some(by_form().await).filter(|reply| reply.status < 300)
    })
    .await;
    let last = eventually("the rest is taken", async || {
        Some(by_tus().await).filter(|reply| reply.status < 300)
    })
    .await;
    assert!(begun.elapsed() < TAKEN_MAX, "{:?}", begun.elapsed());
    ada.ready(&text(&taken.json(), "/id")).await;
    ada.ready(last.header("heliograph-media-id")).await;
}
