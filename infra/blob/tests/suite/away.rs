//! A bucket that is away: who waits for it is refused soon, and uploads are taken as soon as it is
//! back.

use std::time::{Duration, Instant};

use bytes::Bytes;
use infra_blob::{BlobError, BlobStore as _, Result, S3Settings, S3Store, Stored};
use infra_kernel::{Error, ErrorCode};
use testing_engines::{Network, S3, Site};

use crate::content;
use crate::fixture::{open, open_with, settings};

/// How long a refusal may take on a busy machine where nothing has to be waited for.
const AT_ONCE: Duration = Duration::from_secs(5);
/// How long it may take on a line on which nothing arrives.
const SOON: Duration = Duration::from_secs(10);
/// How long until the first upload is taken by a server that can be reached again, on a busy
/// machine.
const TAKEN_MAX: Duration = Duration::from_secs(20);

/// As somebody does who waits for it.
async fn upload(store: &S3Store, bytes: Bytes) -> Result<Stored> {
    let mut writer = store.begin().await?;
    writer.write(bytes).await?;
    writer.finish().await
}

/// Refuses one within so long, and says when to come again. Returns the refusal.
async fn refuses(store: &S3Store, bytes: usize, within: Duration) -> BlobError {
    let begun = Instant::now();
    let refused = upload(store, content(bytes)).await.unwrap_err();
    let took = begun.elapsed();
    assert!(took < within, "{took:?}: {refused:?}");
    assert!(matches!(refused, BlobError::Away { .. }), "{refused:?}");
    refused
}

/// Takes one soon after this moment.
async fn takes_again(store: &S3Store, bytes: usize) {
    let begun = Instant::now();
    while let Err(error) = upload(store, content(bytes)).await {
        assert!(begun.elapsed() < TAKEN_MAX, "{error:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let took = begun.elapsed();
    assert!(took < TAKEN_MAX, "{took:?}");
}

#[tokio::test]
async fn uploads_to_a_server_that_was_killed_are_refused_at_once_and_taken_once_it_is_back() {
    let Some(mut server) = S3::start() else {
        return;
    };
    let staging = tempfile::tempdir().unwrap();
    let store = open(&server, "a", staging.path()).await;
    let key = upload(&store, content(1_000)).await.unwrap().key;
    server.kill();
    let refused = Error::from(refuses(&store, 2_000, AT_ONCE).await);
    assert_eq!(refused.code(), ErrorCode::Unavailable);
    assert!(refused.retry_after().is_some(), "{refused:?}");
    // In parts, too.
    refuses(&store, 9 * 1024 * 1024, AT_ONCE).await;
    // Nothing is deleted late that could not be asked for.
    let kept = store.delete(key).await.unwrap_err();
    assert!(!kept.may_yet_happen(), "{kept:?}");
    server.restart();
    takes_again(&store, 2_000).await;
    assert!(store.delete(key).await.unwrap());
}

#[tokio::test]
async fn uploads_over_a_line_that_is_cut_are_refused_soon_and_taken_once_it_is_whole() {
    let Some(network) = Network::lay() else {
        return;
    };
    let Some(server) = S3::start_at(&Site::in_network(&network)) else {
        return;
    };
    let staging = tempfile::tempdir().unwrap();
    let settings = S3Settings {
        // In a network of its own it is not on this machine.
        plain_http: true,
        ..settings(&server, &server.endpoint())
    };
    let store = open_with(&server.url("a"), &settings, staging.path()).await;
    let key = upload(&store, content(1_000)).await.unwrap().key;
    network.cut();
    // One over the connection that is there, which nobody has closed, and one over another.
    let (one, other, read) = tokio::join!(
        refuses(&store, 2_000, SOON),
        refuses(&store, 3_000, SOON),
        store.read_all(key, 1_000),
    );
    drop((one, other));
    assert!(matches!(read, Err(BlobError::Away { .. })), "{read:?}");
    network.restore();
    takes_again(&store, 2_000).await;
    assert_eq!(store.read_all(key, 1_000).await.unwrap(), content(1_000));
}
