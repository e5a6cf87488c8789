//! What every store does, whatever is behind it.

use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt as _;
use infra_blob::{BlobError, BlobKey, ByteRange, CHUNK_BYTES, Stored};

use crate::fixture::{Fixture, name_of};
use crate::{content, read};

/// Each story on a directory, and on a bucket where there is one.
macro_rules! on_each_store {
    ($($story:ident),* $(,)?) => {
        mod directory {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $story() {
                super::$story(&crate::fixture::Fixture::directory().await).await;
            })*
        }
        mod s3 {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $story() {
                let Some(fixture) = crate::fixture::Fixture::s3().await else {
                    return;
                };
                super::$story(&fixture).await;
            })*
        }
    };
}

on_each_store!(
    what_is_written_in_pieces_is_read_whole_under_its_hash,
    writing_goes_on_after_a_look_at_what_was_written,
    a_writer_that_is_dropped_leaves_nothing,
    many_writers_of_the_same_content_make_one_blob,
    ranges_end_where_the_blob_does,
    an_empty_blob_is_a_blob,
    what_is_deleted_is_gone,
    a_blob_larger_than_asked_for_is_not_read,
    a_blob_that_was_cut_short_is_damaged_not_shorter,
    what_is_there_is_listed_in_order_in_pages_of_any_size,
    what_is_no_blob_is_reported_once_and_unfinished_files_are_not_listed,
    a_flipped_bit_is_found_and_repaired_by_writing_the_same_again,
    a_blob_of_many_parts_is_read_whole_and_in_parts,
);

async fn what_is_written_in_pieces_is_read_whole_under_its_hash(fixture: &Fixture) {
    let store = &fixture.store;
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
        read(&**store, stored.key, ByteRange::ALL).await.unwrap(),
        whole
    );
    assert_eq!(store.read_all(stored.key, 1_000_003).await.unwrap(), whole);
    assert_eq!(fixture.names(), [name_of(stored.key)]);
}

async fn writing_goes_on_after_a_look_at_what_was_written(fixture: &Fixture) {
    let store = &fixture.store;
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

async fn a_writer_that_is_dropped_leaves_nothing(fixture: &Fixture) {
    let mut writer = fixture.store.begin().await.unwrap();
    writer.write(content(300_000)).await.unwrap();
    assert_eq!(fixture.files().len(), 1);
    drop(writer);
    assert_eq!(fixture.files(), Vec::<String>::new());
    assert_eq!(fixture.names(), Vec::<String>::new());
}

async fn many_writers_of_the_same_content_make_one_blob(fixture: &Fixture) {
    let store = &fixture.store;
    let whole = content(500_000);
    let writers = (0..16).map(|_| {
        let (store, whole) = (Arc::clone(store), whole.clone());
        tokio::spawn(async move { store.put(whole).await.unwrap() })
    });
    let stored: Vec<Stored> = futures::stream::iter(writers)
        .buffer_unordered(16)
        .map(|stored| stored.unwrap())
        .collect()
        .await;
    assert_eq!(stored.len(), 16);
    assert!(stored.iter().all(|one| one.key == BlobKey::of(&whole)));
    assert_eq!(fixture.names().len(), 1);
    assert_eq!(store.read_all(stored[0].key, 500_000).await.unwrap(), whole);
}

async fn ranges_end_where_the_blob_does(fixture: &Fixture) {
    let store = &fixture.store;
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
        let bytes = read(&**store, key, ByteRange { offset, length })
            .await
            .unwrap();
        let start = usize::try_from(offset.min(total)).unwrap();
        let wanted = length.unwrap_or(u64::MAX).min(total - start as u64);
        let end = start + usize::try_from(wanted).unwrap();
        assert_eq!(bytes, &whole[start..end], "{offset} {length:?}");
    }
    for range in [
        ByteRange::ALL,
        ByteRange {
            offset: 9,
            length: Some(0),
        },
    ] {
        let absent = store.read(BlobKey::of(b"absent"), range).await;
        assert!(matches!(absent, Err(BlobError::NotFound(_))));
    }
}

async fn an_empty_blob_is_a_blob(fixture: &Fixture) {
    let store = &fixture.store;
    let key = store.put(Bytes::new()).await.unwrap().key;
    assert!(store.exists(key).await.unwrap());
    assert_eq!(store.length(key).await.unwrap(), Some(0));
    assert_eq!(store.read_all(key, 0).await.unwrap(), "");
    assert!(
        read(&**store, key, ByteRange::ALL)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(store.verify(key).await.unwrap(), 0);
}

async fn what_is_deleted_is_gone(fixture: &Fixture) {
    let store = &fixture.store;
    let key = store.put(content(10)).await.unwrap().key;
    assert!(store.exists(key).await.unwrap());
    assert!(store.delete(key).await.unwrap());
    assert!(!store.delete(key).await.unwrap());
    assert!(!store.exists(key).await.unwrap());
    assert!(matches!(
        store.read_all(key, 10).await,
        Err(BlobError::NotFound(_))
    ));
    assert!(matches!(
        store.read(key, ByteRange::ALL).await,
        Err(BlobError::NotFound(_))
    ));
    assert_eq!(fixture.names(), Vec::<String>::new());
}

async fn a_blob_larger_than_asked_for_is_not_read(fixture: &Fixture) {
    let store = &fixture.store;
    let key = store.put(content(100)).await.unwrap().key;
    assert!(matches!(
        store.read_all(key, 99).await,
        Err(BlobError::TooLarge { bytes: 100, .. })
    ));
    assert!(matches!(
        store.read_all_for_work(key, 99).await,
        Err(BlobError::TooLarge { bytes: 100, .. })
    ));
}

async fn a_blob_that_was_cut_short_is_damaged_not_shorter(fixture: &Fixture) {
    let store = &fixture.store;
    // More than any store reads ahead.
    let whole = content(3 * 1024 * 1024);
    let key = store.put(whole.clone()).await.unwrap().key;
    let mut read = store.read(key, ByteRange::ALL).await.unwrap();
    let cut = whole.slice(..CHUNK_BYTES);
    fixture.overwrite(&name_of(key), &cut);
    assert!(read.chunks.next().await.unwrap().is_ok());
    let end = loop {
        match read.chunks.next().await {
            Some(Ok(_)) => {}
            end => break end,
        }
    };
    assert!(
        matches!(end, Some(Err(BlobError::Damaged(damaged))) if damaged == key),
        "{end:?}"
    );
}

async fn what_is_there_is_listed_in_order_in_pages_of_any_size(fixture: &Fixture) {
    let store = &fixture.store;
    let mut stored = Vec::new();
    for length in 1..=60 {
        stored.push(store.put(content(length)).await.unwrap());
    }
    // Two in one folder, so that a page may end between them.
    let neighbour = format!("{}{}", &stored[0].key.to_string()[..4], "0".repeat(60));
    let neighbour = neighbour.parse().unwrap();
    fixture.overwrite(&name_of(neighbour), b"twin");
    stored.push(Stored {
        key: neighbour,
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

async fn what_is_no_blob_is_reported_once_and_unfinished_files_are_not_listed(fixture: &Fixture) {
    let store = &fixture.store;
    let key = store.put(content(10)).await.unwrap().key;
    let other = store.put(content(11)).await.unwrap().key;
    let unfinished = store.begin().await.unwrap();
    let name = name_of(key);
    // The right name in the wrong place is no blob: nobody would find it there.
    let misplaced = format!("{}/{}", &name[..5], "f".repeat(64));
    let mut expected = vec!["README".to_owned(), format!("{}/notes.txt", &name[..5])];
    expected.push(misplaced);
    for foreign in &expected {
        fixture.overwrite(foreign, b"mine");
    }
    let (mut foreign_files, mut blobs, mut after) = (Vec::new(), Vec::new(), None);
    loop {
        let page = store.list(after, 1).await.unwrap();
        foreign_files.extend(page.foreign_files);
        let Some(last) = page.blobs.last() else { break };
        after = Some(last.key);
        blobs.push(last.key);
    }
    foreign_files.sort_unstable();
    expected.sort_unstable();
    assert_eq!(foreign_files, expected);
    let mut both = [key, other];
    both.sort_unstable();
    assert_eq!(blobs, both);
    drop(unfinished);
}

async fn a_flipped_bit_is_found_and_repaired_by_writing_the_same_again(fixture: &Fixture) {
    let store = &fixture.store;
    let whole = content(CHUNK_BYTES * 2 + 5);
    let key = store.put(whole.clone()).await.unwrap().key;
    assert_eq!(store.verify(key).await.unwrap(), whole.len() as u64);
    assert_eq!(store.length(key).await.unwrap(), Some(whole.len() as u64));
    let mut flipped = whole.to_vec();
    flipped[whole.len() / 2] ^= 1;
    fixture.overwrite(&name_of(key), &flipped);
    assert!(matches!(
        store.verify(key).await,
        Err(BlobError::Damaged(damaged)) if damaged == key
    ));
    store.put(whole.clone()).await.unwrap();
    assert_eq!(store.verify(key).await.unwrap(), whole.len() as u64);
    // One that was cut short, too.
    fixture.overwrite(&name_of(key), b"short");
    assert!(store.verify(key).await.is_err());
    store.put(whole.clone()).await.unwrap();
    assert_eq!(store.read_all(key, 1_000_000).await.unwrap(), whole);
    assert_eq!(fixture.names().len(), 1);
    store.delete(key).await.unwrap();
    assert_eq!(store.length(key).await.unwrap(), None);
    assert!(matches!(
        store.verify(key).await,
        Err(BlobError::NotFound(_))
    ));
}

/// Larger than what is sent in one request, and than what is read in one.
async fn a_blob_of_many_parts_is_read_whole_and_in_parts(fixture: &Fixture) {
    let store = &fixture.store;
    let whole = content(17 * 1024 * 1024 + 3);
    let mut writer = store.begin().await.unwrap();
    for piece in whole.chunks(1024 * 1024) {
        writer.write(whole.slice_ref(piece)).await.unwrap();
    }
    let stored = writer.finish().await.unwrap();
    assert_eq!(stored.key, BlobKey::of(&whole));
    assert_eq!(store.verify(stored.key).await.unwrap(), whole.len() as u64);
    let read_all = store.read_all_for_work(stored.key, stored.bytes).await;
    assert!(read_all.unwrap() == whole, "it is not what was written");
    let range = ByteRange {
        offset: 5 * 1024 * 1024 - 1,
        length: Some(7 * 1024 * 1024),
    };
    let part = read(&**store, stored.key, range).await.unwrap();
    let start = usize::try_from(range.offset).unwrap();
    assert!(part == whole[start..start + part.len()], "another part");
    assert_eq!(part.len(), 7 * 1024 * 1024);
    assert_eq!(fixture.names().len(), 1);
    let incoming = fixture.folder().join("incoming");
    assert!(crate::fixture::files(&incoming).is_empty());
}
