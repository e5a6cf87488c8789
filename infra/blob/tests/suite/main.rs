//! The directory store through its trait.

#![allow(clippy::unwrap_used)] // a test that cannot continue fails

mod slow_disk;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use infra_blob::{
    BlobError, BlobKey, BlobStore, ByteRange, CHUNK_BYTES, DirectoryStore, Result, Stored,
};
use infra_kernel::{Error, ErrorCode};
use tempfile::TempDir;

async fn open() -> (TempDir, Arc<dyn BlobStore>) {
    let folder = tempfile::tempdir().unwrap();
    let store = DirectoryStore::open(folder.path()).await.unwrap();
    (folder, Arc::new(store))
}

/// Every file in a folder, at any depth.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

fn content(length: usize) -> Bytes {
    (0..length).map(|index| (index % 251) as u8).collect()
}

async fn read(store: &dyn BlobStore, key: BlobKey, range: ByteRange) -> Result<Vec<u8>> {
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
async fn what_is_written_in_pieces_is_read_whole_under_its_hash() {
    let (folder, store) = open().await;
    let whole = content(1_000_003);
    let mut writer = store.begin().await.unwrap();
    for piece in whole.chunks(70_001) {
        writer.write(Bytes::copy_from_slice(piece)).await.unwrap();
    }
    assert_eq!(writer.bytes(), 1_000_003);
    assert_eq!(writer.written(2_000_000).await.unwrap(), whole);
    let stored = writer.finish().await.unwrap();
    assert_eq!(
        stored,
        Stored {
            key: BlobKey::of(&whole),
            bytes: 1_000_003
        }
    );
    assert_eq!(
        read(&*store, stored.key, ByteRange::ALL).await.unwrap(),
        whole
    );
    assert_eq!(store.read_all(stored.key, 1_000_003).await.unwrap(), whole);
    let name = stored.key.to_string();
    let place = folder.path().join(&name[..2]).join(&name[2..4]).join(&name);
    assert_eq!(files(folder.path()), [place]);
}

#[tokio::test]
async fn writing_goes_on_after_a_look_at_what_was_written() {
    let (_folder, store) = open().await;
    let mut writer = store.begin().await.unwrap();
    writer.write(Bytes::from_static(b"one ")).await.unwrap();
    assert!(matches!(
        writer.written(3).await,
        Err(BlobError::TooLarge { bytes: 4, .. })
    ));
    assert_eq!(writer.written(4).await.unwrap(), "one ");
    writer.write(Bytes::from_static(b"two")).await.unwrap();
    let stored = writer.finish().await.unwrap();
    assert_eq!(store.read_all(stored.key, 100).await.unwrap(), "one two");
}

#[tokio::test]
async fn a_writer_that_is_dropped_leaves_nothing() {
    let (folder, store) = open().await;
    let mut writer = store.begin().await.unwrap();
    writer.write(content(300_000)).await.unwrap();
    assert_eq!(files(folder.path()).len(), 1);
    drop(writer);
    assert_eq!(files(folder.path()), Vec::<PathBuf>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_writers_of_the_same_content_make_one_blob() {
    let (folder, store) = open().await;
    let whole = content(500_000);
    let writers = (0..16).map(|_| {
        let (store, whole) = (Arc::clone(&store), whole.clone());
        tokio::spawn(async move { store.put(whole).await.unwrap() })
    });
    let stored: Vec<Stored> = futures::stream::iter(writers)
        .buffer_unordered(16)
        .map(|stored| stored.unwrap())
        .collect()
        .await;
    assert_eq!(stored.len(), 16);
    assert!(stored.iter().all(|one| one.key == BlobKey::of(&whole)));
    assert_eq!(files(folder.path()).len(), 1);
    assert_eq!(store.read_all(stored[0].key, 500_000).await.unwrap(), whole);
}

#[tokio::test]
async fn ranges_end_where_the_blob_does() {
    let (_folder, store) = open().await;
    let whole = content(CHUNK_BYTES * 2 + 10);
    let key = store.put(whole.clone()).await.unwrap().key;
    let total = whole.len() as u64;
    let cases = [
        (0, Some(1)),
        (0, Some(0)),
        (5, Some(CHUNK_BYTES as u64)),
        (total - 1, None),
        (total - 1, Some(5)),
        (total, None),
        (total + 1, Some(1)),
        (u64::MAX, None),
        (1, Some(u64::MAX)),
    ];
    for (offset, length) in cases {
        let bytes = read(&*store, key, ByteRange { offset, length })
            .await
            .unwrap();
        let start = usize::try_from(offset.min(total)).unwrap();
        let wanted = length.unwrap_or(u64::MAX).min(total - start as u64);
        let end = start + usize::try_from(wanted).unwrap();
        assert_eq!(bytes, &whole[start..end], "{offset} {length:?}");
    }
}

#[tokio::test]
async fn an_empty_blob_is_a_blob() {
    let (_folder, store) = open().await;
    let key = store.put(Bytes::new()).await.unwrap().key;
    assert!(store.exists(key).await.unwrap());
    assert_eq!(store.read_all(key, 0).await.unwrap(), "");
}

#[tokio::test]
async fn what_is_deleted_is_gone() {
    let (folder, store) = open().await;
    let key = store.put(content(10)).await.unwrap().key;
    assert!(store.exists(key).await.unwrap());
    assert!(store.delete(key).await.unwrap());
    assert!(!store.delete(key).await.unwrap());
    assert!(!store.exists(key).await.unwrap());
    assert!(matches!(
        store.read_all(key, 10).await,
        Err(BlobError::NotFound(_))
    ));
    assert_eq!(files(folder.path()), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn a_blob_larger_than_asked_for_is_not_read() {
    let (_folder, store) = open().await;
    let key = store.put(content(100)).await.unwrap().key;
    assert!(matches!(
        store.read_all(key, 99).await,
        Err(BlobError::TooLarge { bytes: 100, .. })
    ));
}

#[tokio::test]
async fn a_blob_that_was_cut_short_is_damaged_not_shorter() {
    let (folder, store) = open().await;
    let key = store.put(content(CHUNK_BYTES * 3)).await.unwrap().key;
    let mut read = store.read(key, ByteRange::ALL).await.unwrap();
    let path = files(folder.path()).remove(0);
    fs::File::options()
        .write(true)
        .open(path)
        .unwrap()
        .set_len(CHUNK_BYTES as u64)
        .unwrap();
    assert!(read.chunks.next().await.unwrap().is_ok());
    assert!(matches!(
        read.chunks.next().await,
        Some(Err(BlobError::Damaged(damaged))) if damaged == key
    ));
}

#[tokio::test]
async fn a_disk_that_refuses_is_a_transient_failure_and_leaves_nothing() {
    let (folder, store) = open().await;
    let whole = content(10);
    let name = BlobKey::of(&whole).to_string();
    // A file stands where the blob's folder has to be.
    fs::write(folder.path().join(&name[..2]), b"").unwrap();
    let error = store.put(whole).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    assert_eq!(Error::from(error).code(), ErrorCode::Unavailable);
    assert_eq!(
        files(&folder.path().join("incoming")),
        Vec::<PathBuf>::new()
    );

    fs::remove_dir(folder.path().join("incoming")).unwrap();
    assert!(store.put(content(11)).await.unwrap_err().is_transient());
}

/// The key of a blob and the file it is in.
fn file_of(folder: &TempDir, key: BlobKey) -> PathBuf {
    let name = key.to_string();
    folder.path().join(&name[..2]).join(&name[2..4]).join(&name)
}

fn flip_a_bit(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[tokio::test]
async fn what_is_there_is_listed_in_order_in_pages_of_any_size() {
    let (folder, store) = open().await;
    let mut stored = Vec::new();
    for length in 1..=60 {
        stored.push(store.put(content(length)).await.unwrap());
    }
    // Two in one folder, so that a page may end between them.
    let neighbour = format!("{}{}", &stored[0].key.to_string()[..4], "0".repeat(60));
    fs::write(file_of(&folder, neighbour.parse().unwrap()), b"twin").unwrap();
    stored.push(Stored {
        key: neighbour.parse().unwrap(),
        bytes: 4,
    });
    stored.sort_unstable_by_key(|one| one.key);
    for limit in [1, 2, 7, 60, 61, 1_000] {
        let (mut listed, mut after) = (Vec::new(), None);
        loop {
            let page = store.list(after, limit).await.unwrap();
            assert_eq!(page.foreign_files, Vec::<String>::new());
            assert!(page.blobs.len() <= limit);
            let Some(last) = page.blobs.last() else { break };
            after = Some(last.key);
            listed.extend(page.blobs);
        }
        assert_eq!(listed, stored, "in pages of {limit}");
    }
}

#[tokio::test]
async fn what_is_no_blob_is_reported_once_and_unfinished_files_are_not_listed() {
    let (folder, store) = open().await;
    let key = store.put(content(10)).await.unwrap().key;
    let other = store.put(content(11)).await.unwrap().key;
    let file = file_of(&folder, key);
    let folder_of = file.parent().unwrap();
    fs::write(folder_of.join("notes.txt"), b"mine").unwrap();
    fs::write(folder.path().join("README"), b"mine").unwrap();
    fs::create_dir(folder.path().join("lost+found")).unwrap();
    fs::write(folder.path().join("incoming").join("half"), b"ha").unwrap();
    // The right name in the wrong place is no blob: nobody would find it there.
    fs::write(folder_of.join("f".repeat(64)), b"mine").unwrap();
    let (mut foreign_files, mut blobs, mut after) = (Vec::new(), Vec::new(), None);
    loop {
        let page = store.list(after, 1).await.unwrap();
        foreign_files.extend(page.foreign_files);
        let Some(last) = page.blobs.last() else { break };
        after = Some(last.key);
        blobs.push(last.key);
    }
    foreign_files.sort_unstable();
    let name = key.to_string();
    let mut expected = vec![
        "README".to_owned(),
        format!("{}/{}/notes.txt", &name[..2], &name[2..4]),
        format!("{}/{}/{}", &name[..2], &name[2..4], "f".repeat(64)),
    ];
    expected.sort_unstable();
    assert_eq!(foreign_files, expected);
    let mut both = [key, other];
    both.sort_unstable();
    assert_eq!(blobs, both);
}

#[tokio::test]
async fn a_flipped_bit_is_found_and_repaired_by_writing_the_same_again() {
    let (folder, store) = open().await;
    let whole = content(CHUNK_BYTES * 2 + 5);
    let key = store.put(whole.clone()).await.unwrap().key;
    assert_eq!(store.verify(key).await.unwrap(), whole.len() as u64);
    assert_eq!(store.length(key).await.unwrap(), Some(whole.len() as u64));
    flip_a_bit(&file_of(&folder, key));
    assert!(matches!(
        store.verify(key).await,
        Err(BlobError::Damaged(damaged)) if damaged == key
    ));
    store.put(whole.clone()).await.unwrap();
    assert_eq!(store.verify(key).await.unwrap(), whole.len() as u64);
    // One that was cut short, too.
    fs::write(file_of(&folder, key), b"short").unwrap();
    assert!(store.verify(key).await.is_err());
    store.put(whole.clone()).await.unwrap();
    assert_eq!(store.read_all(key, 1_000_000).await.unwrap(), whole);
    assert_eq!(files(folder.path()).len(), 1);
    store.delete(key).await.unwrap();
    assert_eq!(store.length(key).await.unwrap(), None);
    assert!(matches!(
        store.verify(key).await,
        Err(BlobError::NotFound(_))
    ));
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
