//! What is particular to a bucket: a server that fails, refuses, is silent or dies.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use infra_blob::{BlobError, BlobKey, BlobStore, ByteRange, S3Settings, S3Store};
use infra_kernel::{Error, ErrorCode};
use tempfile::TempDir;
use testing_engines::{HttpFault, HttpProxy, S3};

use crate::fixture::{files, new_prefix, open, open_with, settings};
use crate::{content, read};

/// A server, and a store that reaches it through a proxy.
struct Faulty {
    server: S3,
    proxy: HttpProxy,
    store: S3Store,
    staging: TempDir,
}

impl Faulty {
    async fn start() -> Option<Self> {
        let server = S3::start()?;
        let proxy = HttpProxy::before(server.port()).await;
        let staging = tempfile::tempdir().unwrap();
        let settings = settings(&server, &proxy.endpoint());
        let url = server.url(&new_prefix());
        let store = open_with(&url, &settings, staging.path()).await;
        Some(Self {
            server,
            proxy,
            store,
            staging,
        })
    }
}

fn failing(status: &'static str, code: &str) -> HttpFault {
    HttpFault::Respond(status, format!("<Error><Code>{code}</Code></Error>"))
}

/// What the operator reads.
fn shown(error: BlobError) -> String {
    assert!(error.is_transient(), "{error:?}");
    let error = Error::from(error);
    assert_eq!(error.code(), ErrorCode::Unavailable);
    error.causes()
}

#[tokio::test]
async fn a_server_that_fails_for_a_moment_is_asked_again() {
    let Some(faulty) = Faulty::start().await else {
        return;
    };
    let (store, proxy) = (&faulty.store, &faulty.proxy);
    let whole = content(2 * 1024 * 1024);
    proxy.next([
        failing("500 Internal Server Error", "InternalError"),
        failing("503 Slow Down", "SlowDown"),
    ]);
    let key = store.put(whole.clone()).await.unwrap().key;
    assert_eq!(proxy.seen("PUT"), 3);
    // The response to what is written is lost: it is written again, to the same end.
    proxy.next([HttpFault::LoseResponse]);
    let other = store.put(content(1_000)).await.unwrap().key;
    assert_eq!(store.verify(other).await.unwrap(), 1_000);
    // Both responses to a read break off, in the head and in the body, and the rest is asked for.
    proxy.next([HttpFault::CutResponse(10), HttpFault::CutResponse(100_000)]);
    let all = read(store, key, ByteRange::ALL).await.unwrap();
    assert!(all == whole, "it is not what was written");
    proxy.next([HttpFault::CutResponse(900_000)]);
    assert!(store.read_all(key, 1 << 30).await.unwrap() == whole);
    assert!(files(faulty.staging.path()).is_empty());
}

#[tokio::test]
async fn a_server_that_keeps_failing_is_a_transient_failure_and_leaves_nothing() {
    let Some(mut faulty) = Faulty::start().await else {
        return;
    };
    let (store, proxy) = (faulty.store.clone(), &faulty.proxy);
    let key = store.put(content(10)).await.unwrap().key;
    proxy.always("", failing("500 Internal Server Error", "InternalError"));
    assert!(shown(store.put(content(20)).await.unwrap_err()).contains("InternalError"));
    shown(store.read_all(key, 10).await.unwrap_err());
    shown(store.length(key).await.unwrap_err());
    shown(store.list(None, 10).await.unwrap_err());
    // Deleting is tried once: a late second try could delete what was put there since.
    proxy.always(
        "DELETE",
        failing("500 Internal Server Error", "InternalError"),
    );
    shown(store.delete(key).await.unwrap_err());
    assert_eq!(proxy.seen("DELETE"), 1);
    assert!(files(faulty.staging.path()).is_empty());
    proxy.always("", HttpFault::Pass);
    assert!(store.delete(key).await.unwrap());
    faulty.server.kill();
    assert!(shown(store.put(content(20)).await.unwrap_err()).contains("keep a file"));
    faulty.server.restart();
    store.put(content(20)).await.unwrap();
}

#[tokio::test]
async fn a_bucket_that_is_full_asks_to_come_again() {
    let Some(faulty) = Faulty::start().await else {
        return;
    };
    for full in [
        failing("403 Forbidden", "QuotaExceeded"),
        failing("507 Insufficient Storage", "XMinioStorageFull"),
    ] {
        faulty.proxy.always("PUT", full);
        let error = faulty.store.put(content(10)).await.unwrap_err();
        assert_eq!(Error::from(error).code(), ErrorCode::StorageFull);
    }
}

/// A writer of the same content waits for a deletion that may yet happen, and for no other.
#[tokio::test]
async fn a_deletion_that_was_refused_will_not_happen_later() {
    let Some(faulty) = Faulty::start().await else {
        return;
    };
    let key = faulty.store.put(content(10)).await.unwrap().key;
    for refusal in [
        failing("403 Forbidden", "QuotaExceeded"),
        failing("403 Forbidden", "AccessDenied"),
        failing("400 Bad Request", "InvalidRequest"),
    ] {
        // Of the look before it, and of the deletion itself.
        for line in ["", "DELETE"] {
            faulty.proxy.always(line, refusal.clone());
            let error = faulty.store.delete(key).await.unwrap_err();
            assert!(!error.may_yet_happen(), "{line} {error:?}");
        }
    }
    faulty.proxy.always("DELETE", HttpFault::LoseResponse);
    let error = faulty.store.delete(key).await.unwrap_err();
    assert!(error.may_yet_happen(), "{error:?}");
}

#[tokio::test]
async fn a_refusal_says_what_to_look_at_and_no_photo_seems_lost() {
    let Some(server) = S3::start() else { return };
    let staging = tempfile::tempdir().unwrap();
    let (url, right) = (server.url("a"), settings(&server, &server.endpoint()));
    let wrong_secret = S3Settings {
        secret_access_key: "tulip".to_owned().into(),
        ..right.clone()
    };
    let wrong_key = S3Settings {
        access_key_id: "nobody".to_owned(),
        ..right.clone()
    };
    let no_bucket = url.replace("photos", "pictures");
    for (url, settings, named) in [
        (&url, &wrong_secret, "s3.secret_access_key"),
        (&url, &wrong_key, "s3.access_key_id"),
        (&no_bucket, &right, "no such bucket"),
    ] {
        let store = open_with(url, settings, staging.path()).await;
        let key = BlobKey::of(b"photo");
        let mut errors = vec![
            store.put(content(10)).await.unwrap_err(),
            store.read_all(key, 10).await.unwrap_err(),
            store.length(key).await.unwrap_err(),
            store.delete(key).await.unwrap_err(),
            store.list(None, 1).await.unwrap_err(),
            store.identity().await.unwrap_err(),
            store.inspect().await.unwrap_err(),
        ];
        errors.extend(store.read(key, ByteRange::ALL).await.err());
        assert_eq!(errors.len(), 8);
        for error in errors {
            let shown = shown(error);
            assert!(shown.contains(named), "{named}: {shown}");
            assert!(!shown.contains("tulip"), "{shown}");
        }
    }
    assert!(!format!("{wrong_secret:?}").contains("tulip"));
}

#[tokio::test]
async fn a_server_that_is_silent_holds_nobody_up_for_long() {
    let Some(faulty) = Faulty::start().await else {
        return;
    };
    let store = &faulty.store;
    let key = store.put(content(10)).await.unwrap().key;
    faulty.proxy.always("GET", HttpFault::Silence);
    let error = store.read_all(key, 10).await.unwrap_err();
    let BlobError::Away { source, .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(source.kind(), std::io::ErrorKind::TimedOut);
    assert!(shown(error).contains("longer than"));
}

#[tokio::test]
async fn parts_of_what_could_not_be_sent_are_removed() {
    let Some(faulty) = Faulty::start().await else {
        return;
    };
    let (store, proxy) = (&faulty.store, &faulty.proxy);
    let whole = content(17 * 1024 * 1024);
    proxy.always("partNumber=2", failing("403 Forbidden", "AccessDenied"));
    let error = store.put(whole.clone()).await.unwrap_err();
    assert!(shown(error).contains("s3:PutObject"));
    assert_eq!(proxy.seen("DELETE"), 1, "the parts are removed");
    assert!(!store.exists(BlobKey::of(&whole)).await.unwrap());
    // Also when nobody waits any more.
    proxy.always("partNumber=2", HttpFault::Pass);
    let mut writer = store.begin().await.unwrap();
    writer.write(whole.clone()).await.unwrap();
    let mut finishing = writer.finish();
    while proxy.seen("partNumber=1") < 2 {
        let waited = tokio::time::timeout(Duration::from_millis(1), &mut finishing);
        assert!(waited.await.is_err(), "it has ended already");
    }
    drop(finishing);
    let is_there = async {
        while !store.exists(BlobKey::of(&whole)).await.unwrap() {
            tokio::task::yield_now().await;
        }
    };
    let ended = tokio::time::timeout(Duration::from_secs(60), is_there).await;
    ended.unwrap();
    assert_eq!(
        store.verify(BlobKey::of(&whole)).await.unwrap(),
        whole.len() as u64
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_outlives_a_killed_server() {
    let Some(mut server) = S3::start() else {
        return;
    };
    let staging = tempfile::tempdir().unwrap();
    let store = Arc::new(open(&server, "a", staging.path()).await);
    let mut kept = Vec::new();
    for round in 0..3_usize {
        let is_over = Arc::new(AtomicBool::new(false));
        let writers = (0..4_usize).map(|writer| {
            let (store, is_over) = (Arc::clone(&store), Arc::clone(&is_over));
            tokio::spawn(async move {
                let mut kept = Vec::new();
                for number in 0.. {
                    if is_over.load(Ordering::SeqCst) {
                        break;
                    }
                    let text = format!("{round} {writer} {number} ").repeat(10_000);
                    let put = store.put(Bytes::from(text)).await;
                    kept.extend(put.ok().map(|stored| stored.key));
                }
                kept
            })
        });
        let writers: Vec<_> = writers.collect();
        // Anywhere: requests are in flight.
        tokio::time::sleep(Duration::from_millis(150)).await;
        server.kill();
        is_over.store(true, Ordering::SeqCst);
        server.restart();
        for writer in writers {
            kept.extend(writer.await.unwrap());
        }
    }
    assert!(kept.len() > 10, "only {} were written", kept.len());
    for key in kept {
        whole_when_found(&store, key).await;
    }
}

/// A server that has begun again lists what it has before it can read all of it.
async fn whole_when_found(store: &S3Store, key: BlobKey) {
    let found = async {
        loop {
            match store.verify(key).await {
                Err(error) if error.is_transient() => {}
                verified => return verified,
            }
        }
    };
    let found = tokio::time::timeout(Duration::from_secs(60), found).await;
    found.expect("the server can read what it has").unwrap();
}

#[tokio::test]
async fn a_place_is_known_by_what_it_was_made_with() {
    let Some(server) = S3::start() else { return };
    let staging = tempfile::tempdir().unwrap();
    let (one, other) = (
        open(&server, "one", staging.path()).await,
        open(&server, "other/media", staging.path()).await,
    );
    assert_eq!(one.identity().await.unwrap(), None);
    let made = futures::stream::iter(0..8)
        .map(|_| async { one.claim(&S3Store::new_id()).await })
        .buffer_unordered(8)
        .collect::<Vec<_>>()
        .await;
    let id = one.identity().await.unwrap().unwrap();
    assert!(
        made.iter()
            .all(|made| made.as_ref().is_ok_and(|made| *made == id))
    );
    let mine = S3Store::new_id();
    assert_eq!(other.claim(&mine).await.unwrap(), mine);
    assert_ne!(mine, id);
    // Neither it nor what the store is tried with is taken for a photo or for a foreign file.
    let facts = one.inspect().await.unwrap();
    assert!(!facts.keeps_versions);
    assert!(facts.clock_ahead_s.is_some_and(|ahead| ahead.abs() <= 2));
    assert_eq!(
        one.list(None, 10).await.unwrap(),
        infra_blob::Page::default()
    );
}
