//! Copies from one store into another, of both kinds.

use futures::StreamExt as _;
use infra_blob::transfer::{
    Became, BlobSource, Survey, Totals, Verify, copy_blob, copy_page, survey,
};
use infra_blob::{BlobError, BlobKey, BlobRead, BlobStore, Stored};
use rustix::io::Errno;

use crate::content;
use crate::fixture::{Fixture, name_of};

/// More than fit on a page.
const BLOBS: usize = 620;

/// A folder and a bucket, if tests are to use S3.
async fn both() -> Option<(Fixture, Fixture)> {
    Some((Fixture::directory().await, Fixture::s3().await?))
}

async fn fill(store: &dyn BlobStore, blobs: usize) -> Vec<Stored> {
    let puts = (0..blobs).map(|number| store.put(format!("blob {number}").into()));
    let puts = futures::stream::iter(puts).buffer_unordered(16);
    let mut stored: Vec<Stored> = puts.map(Result::unwrap).collect().await;
    stored.sort_unstable_by_key(|stored| stored.key);
    stored
}

/// Copies from behind this key to the end. Returns what was there then, and what was copied.
async fn copy(
    source: &dyn BlobStore,
    target: &dyn BlobStore,
    mut after: Option<BlobKey>,
    verify: Verify,
) -> (Vec<Stored>, Totals) {
    let (mut there, mut copied) = (Vec::new(), Totals::default());
    while let Some(page) = copy_page(source, target, after, verify).await.unwrap() {
        assert_eq!(page.damaged, []);
        after = Some(page.last);
        there.extend(page.there);
        copied.blobs += page.copied.blobs;
        copied.bytes += page.copied.bytes;
    }
    (there, copied)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_copied_there_and_back_once() {
    let Some((folder, bucket)) = both().await else {
        return;
    };
    let stored = fill(&*folder.store, BLOBS).await;
    let mut totals = Totals::default();
    stored.iter().for_each(|stored| totals.add(*stored));
    let mut pages = 0;
    let surveyed = survey(&*folder.store, None, &mut |_| pages += 1).await;
    let (all, mut done) = (totals, Totals::default());
    assert_eq!((surveyed.unwrap(), pages), (Survey { all, done }, 2));
    stored[..510].iter().for_each(|stored| done.add(*stored));
    let surveyed = survey(&*folder.store, Some(stored[509].key), &mut |_| {}).await;
    assert_eq!(surveyed.unwrap(), Survey { all, done });
    let (there, copied) = copy(&*folder.store, &*bucket.store, None, Verify::All).await;
    assert_eq!((&there, copied), (&stored, totals));
    assert_eq!(bucket.names(), folder.names());
    // What is there is not copied again, and what came since is.
    let (there, copied) = copy(&*folder.store, &*bucket.store, None, Verify::Copied).await;
    assert_eq!((&there, copied), (&stored, Totals::default()));
    let late = folder.store.put(content(300_000)).await.unwrap();
    let (_, copied) = copy(&*folder.store, &*bucket.store, None, Verify::Copied).await;
    assert_eq!((copied.blobs, copied.bytes), (1, late.bytes));
    let back = Fixture::directory().await;
    let (there, _) = copy(&*bucket.store, &*back.store, None, Verify::All).await;
    assert_eq!(there.len(), BLOBS + 1);
    assert_eq!(back.names(), folder.names());
}

#[tokio::test]
async fn damage_in_the_target_is_repaired_and_in_the_source_left_behind() {
    let Some((folder, bucket)) = both().await else {
        return;
    };
    for (source, target) in [(&folder, &bucket), (&bucket, &folder)] {
        let stored = fill(&*source.store, 4).await;
        copy(&*source.store, &*target.store, None, Verify::All).await;
        let (one, other, third) = (stored[0].key, stored[1].key, stored[2].key);
        // Of the same length, of another one, and gone.
        target.overwrite(&name_of(one), &[0; 6]);
        target.overwrite(&name_of(other), b"short");
        target.store.delete(third).await.unwrap();
        let (there, copied) = copy(&*source.store, &*target.store, None, Verify::All).await;
        assert_eq!((&there, copied.blobs), (&stored, 3));
        for stored in &stored {
            target.store.verify(stored.key).await.unwrap();
        }
        source.overwrite(&name_of(one), &[0; 6]);
        target.store.delete(one).await.unwrap();
        let before = target.names();
        let page = copy_page(&*source.store, &*target.store, None, Verify::All).await;
        let page = page.unwrap().unwrap();
        assert_eq!(page.damaged, [one]);
        assert_eq!(page.there, &stored[1..]);
        assert_eq!(target.names(), before, "nothing is put under another name");
        source.store.delete(one).await.unwrap();
    }
}

#[tokio::test]
async fn a_target_that_gives_back_something_else_is_refused() {
    let Some((folder, bucket)) = both().await else {
        return;
    };
    let key = folder.store.put(content(10)).await.unwrap().key;
    let forgetful = Forgetful(bucket);
    let copied = copy_page(&*folder.store, &forgetful, None, Verify::Copied).await;
    assert!(matches!(copied, Err(BlobError::Damaged(found)) if found == key));
}

#[tokio::test]
async fn what_the_disk_has_lost_is_damaged_and_ends_no_copy() {
    let target = Fixture::directory().await;
    let key = BlobKey::of(b"half of it is gone");
    for code in [Errno::IO, Errno::BADMSG] {
        let source = LostSector(code);
        let became = copy_blob(&source, &*target.store, key).await.unwrap();
        assert_eq!(became, Became::Damaged);
    }
    assert!(target.names().is_empty());
}

/// A source on a disk that returns the beginning of a file and not the rest.
struct LostSector(Errno);

#[async_trait::async_trait]
impl BlobSource for LostSector {
    async fn open(&self, _key: BlobKey) -> infra_blob::Result<BlobRead> {
        let lost = BlobError::Io {
            operation: "read a file",
            source: self.0.into(),
        };
        let chunks = [Ok(bytes::Bytes::from_static(b"half")), Err(lost)];
        Ok(BlobRead {
            total: 18,
            length: 18,
            chunks: futures::stream::iter(chunks).boxed(),
        })
    }
}

/// A store that keeps other bytes than it is given.
struct Forgetful(Fixture);

#[async_trait::async_trait]
impl BlobStore for Forgetful {
    async fn begin(&self) -> infra_blob::Result<Box<dyn infra_blob::BlobWriter>> {
        self.0.store.begin().await
    }

    async fn read(
        &self,
        key: BlobKey,
        range: infra_blob::ByteRange,
    ) -> infra_blob::Result<infra_blob::BlobRead> {
        self.0.overwrite(&name_of(key), b"something");
        self.0.store.read(key, range).await
    }

    async fn delete(&self, key: BlobKey) -> infra_blob::Result<bool> {
        self.0.store.delete(key).await
    }

    async fn remove_unfinished(&self) -> infra_blob::Result<u64> {
        Ok(0)
    }

    async fn exists(&self, key: BlobKey) -> infra_blob::Result<bool> {
        self.0.store.exists(key).await
    }

    async fn list(
        &self,
        after: Option<BlobKey>,
        limit: usize,
    ) -> infra_blob::Result<infra_blob::Page> {
        self.0.store.list(after, limit).await
    }
}
