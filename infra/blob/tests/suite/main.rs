//! Blob stores through their trait.

#![allow(clippy::unwrap_used)] // a test that cannot continue fails

mod away;
mod conformance;
mod fixture;
mod s3;
mod slow_disk;
mod transfer;

use std::fs;
use std::path::PathBuf;

use bytes::Bytes;
use futures::TryStreamExt as _;
use infra_blob::{BlobError, BlobKey, BlobStore, ByteRange, CHUNK_BYTES, DirectoryStore, Result};
use infra_kernel::{Error, ErrorCode};

use crate::fixture::{Fixture, files};

pub(crate) fn content(length: usize) -> Bytes {
    (0..length).map(|index| (index % 251) as u8).collect()
}

pub(crate) async fn read(store: &dyn BlobStore, key: BlobKey, range: ByteRange) -> Result<Vec<u8>> {
    let read = store.read(key, range).await?;
    let length = read.length;
    let chunks: Vec<Bytes> = read.chunks.try_collect().await?;
    assert!(
        chunks
            .iter()
            .all(|chunk| chunk.len() <= CHUNK_BYTES && !chunk.is_empty())
    );
    let all = chunks.concat();
    assert_eq!(all.len() as u64, length, "what was announced is what came");
    Ok(all)
}

#[tokio::test]
async fn a_disk_that_refuses_is_a_transient_failure_and_leaves_nothing() {
    let fixture = Fixture::directory().await;
    let (folder, store) = (fixture.folder(), &fixture.store);
    let whole = content(10);
    let name = BlobKey::of(&whole).to_string();
    // A file stands where the blob's folder has to be.
    fs::write(folder.join(&name[..2]), b"").unwrap();
    let error = store.put(whole).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    assert_eq!(Error::from(error).code(), ErrorCode::Unavailable);
    assert_eq!(files(&folder.join("incoming")), Vec::<PathBuf>::new());

    fs::remove_dir(folder.join("incoming")).unwrap();
    assert!(store.put(content(11)).await.unwrap_err().is_transient());
}

#[tokio::test]
async fn what_file_systems_put_at_the_top_is_not_foreign() {
    let fixture = Fixture::directory().await;
    fs::create_dir(fixture.folder().join("lost+found")).unwrap();
    fs::write(fixture.folder().join("incoming").join("half"), b"ha").unwrap();
    let page = fixture.store.list(None, 10).await.unwrap();
    assert_eq!(page, infra_blob::Page::default());
}

#[test]
fn a_full_disk_asks_to_come_again() {
    let error = BlobError::Io {
        operation: "write a file",
        source: std::io::ErrorKind::StorageFull.into(),
    };
    assert!(error.is_transient());
    let error = Error::from(error);
    assert_eq!(error.code(), ErrorCode::StorageFull);
    assert!(error.code().is_retryable());
}

#[tokio::test]
async fn what_is_begun_leaves_the_reserve_free() {
    let folder = tempfile::tempdir().unwrap();
    let store = DirectoryStore::open(folder.path()).await.unwrap();
    // Without a reserve the disk itself says no.
    store.require_room(u64::MAX).await.unwrap();
    let store = store.with_reserve(1);
    store.require_room(0).await.unwrap();
    let refused = store.require_room(u64::MAX).await.unwrap_err();
    assert!(matches!(refused, BlobError::NoRoom { .. }), "{refused}");
    assert_eq!(Error::from(refused).code(), ErrorCode::StorageFull);
    let refused = store.with_reserve(u64::MAX).require_room(0).await;
    assert!(refused.is_err());
}
