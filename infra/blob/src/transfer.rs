//! Copies what one store holds into another one, and reads the copy.
//!
//! It goes by pages of keys, in their order, so that a copy that was cut off can continue behind
//! the last page that was done. What is in the target already is not copied again; what is not what
//! its key says is never copied, for it would be kept under another key.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use futures::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    BlobError, BlobKey, BlobRead, BlobStore, ByteRange, Result, Stored, is_lost_to_the_disk,
};

/// The most blobs on a page.
const PAGE: usize = 500;
/// How many blobs are copied or read at a time.
pub const CONCURRENT_MAX: usize = 8;
/// How often something is tried while a store is away or slow, and the pause before the next time.
const ATTEMPTS_MAX: u32 = 10;
const ATTEMPT_PAUSE: Duration = Duration::from_secs(1);

/// How much there is of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// How many blobs there are.
    pub blobs: u64,
    /// Their length together, in bytes.
    pub bytes: u64,
}

impl Totals {
    /// Counts a blob, with its length.
    pub const fn add(&mut self, stored: Stored) {
        self.blobs += 1;
        self.bytes += stored.bytes;
    }
}

/// What there is by name, in the order of the keys.
#[derive(Debug, Default)]
pub struct Inventory {
    totals: Totals,
    digest: blake3::Hasher,
}

impl Inventory {
    /// Takes in the next one.
    pub fn add(&mut self, stored: Stored) {
        self.totals.add(stored);
        let line = format!("{} {}\n", stored.key, stored.bytes);
        self.digest.update(line.as_bytes());
    }

    /// How much there is.
    #[must_use]
    pub const fn totals(&self) -> Totals {
        self.totals
    }

    /// The BLAKE3 hash of all keys and lengths, in hexadecimal digits: two places with the same one
    /// hold the same.
    #[must_use]
    pub fn digest(&self) -> String {
        self.digest.finalize().to_hex().to_string()
    }
}

/// What of a copy is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verify {
    /// All of it, also what an earlier copy has put there.
    All,
    /// What is copied now; the rest was read before.
    Copied,
}

/// What became of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageCopied {
    /// The last key on it.
    pub last: BlobKey,
    /// What of it is in the target.
    pub there: Vec<Stored>,
    /// What of it was put there now.
    pub copied: Totals,
    /// What of it cannot be copied: in the source it is not what its key says, or cannot be read.
    pub damaged: Vec<BlobKey>,
}

/// What a store holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Survey {
    /// All of it, also what an earlier copy has come past.
    pub all: Totals,
    /// What an earlier copy has come past.
    pub done: Totals,
}

/// Where the bytes of a copy come from: any store, or what else has them.
#[async_trait]
pub trait BlobSource: Sync {
    /// Begins to read a blob from its beginning.
    ///
    /// # Errors
    /// [`BlobError::NotFound`], [`BlobError::Damaged`], or one of a disk that has lost it
    /// ([`is_lost_to_the_disk`]) when there is nothing whole to copy; any other ends the copy.
    async fn open(&self, key: BlobKey) -> Result<BlobRead>;
}

#[async_trait]
impl<S: BlobStore + ?Sized> BlobSource for S {
    async fn open(&self, key: BlobKey) -> Result<BlobRead> {
        self.read_for_work(key, ByteRange::ALL).await
    }
}

/// Counts what a store holds, of which an earlier copy has come to this key. Calls back after each
/// page.
///
/// # Errors
/// When it cannot be listed.
pub async fn survey(
    source: &dyn BlobStore,
    done_to: Option<BlobKey>,
    on_page: &mut (dyn FnMut(Totals) + Send),
) -> Result<Survey> {
    let (mut survey, mut after) = (Survey::default(), None);
    loop {
        let page = patiently(|| source.list(after, PAGE)).await?.blobs;
        let Some(last) = page.last() else {
            return Ok(survey);
        };
        after = Some(last.key);
        for stored in page {
            survey.all.add(stored);
            // Without an earlier copy there is nothing that this holds for: no key is below `None`.
            if Some(stored.key) <= done_to {
                survey.done.add(stored);
            }
        }
        on_page(survey.all);
    }
}

/// Copies the page of blobs whose keys come after this one. Returns nothing when there are no more.
///
/// # Errors
/// When one of the stores fails for longer than a moment or refuses, or the target returns
/// something else than what was put there.
pub async fn copy_page(
    source: &dyn BlobStore,
    target: &dyn BlobStore,
    after: Option<BlobKey>,
    verify: Verify,
) -> Result<Option<PageCopied>> {
    let page = patiently(|| source.list(after, PAGE)).await?.blobs;
    let Some(last) = page.last().map(|stored| stored.key) else {
        return Ok(None);
    };
    // By listing: asked one by one, each would be a request.
    let lengths = lengths(target, after, last).await?;
    let each = page.into_iter().map(|stored| {
        // With another length it is damaged, and is put again.
        let is_there = lengths.get(&stored.key) == Some(&stored.bytes);
        async move {
            let became = copy_one(source, target, stored.key, is_there, verify).await?;
            Ok::<_, BlobError>((stored, became))
        }
    });
    let each: Vec<_> = stream::iter(each)
        // In their order, so that `last` stands for everything before it.
        .buffered(CONCURRENT_MAX)
        .try_collect()
        .await?;
    let mut page = PageCopied {
        last,
        there: Vec::with_capacity(each.len()),
        copied: Totals::default(),
        damaged: Vec::new(),
    };
    for (stored, became) in each {
        match became {
            Became::WasThere => page.there.push(stored),
            Became::Copied(stored) => {
                page.there.push(stored);
                page.copied.add(stored);
            }
            Became::Damaged => page.damaged.push(stored.key),
        }
    }
    Ok(Some(page))
}

/// How long what the target holds of a page is.
async fn lengths(
    target: &dyn BlobStore,
    mut after: Option<BlobKey>,
    last: BlobKey,
) -> Result<HashMap<BlobKey, u64>> {
    let mut lengths = HashMap::new();
    loop {
        let page = patiently(|| target.list(after, PAGE)).await?.blobs;
        let Some(end) = page.last().map(|stored| stored.key) else {
            return Ok(lengths);
        };
        let of_page = page.into_iter().filter(|stored| stored.key <= last);
        lengths.extend(of_page.map(|stored| (stored.key, stored.bytes)));
        // The target may have others in between, so one page is not always enough.
        if end >= last {
            return Ok(lengths);
        }
        after = Some(end);
    }
}

/// What became of a blob that was to be copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Became {
    /// The target had it.
    WasThere,
    /// It was put there, and read there.
    Copied(Stored),
    /// It cannot be copied: in the source it is not what its key says, or cannot be read.
    Damaged,
}

/// Copies a blob, unless the target has it whole, and reads it there.
///
/// # Errors
/// As of [`copy_page`].
pub async fn copy_blob<S: BlobSource + ?Sized>(
    source: &S,
    target: &dyn BlobStore,
    key: BlobKey,
) -> Result<Became> {
    match is_whole(target, key).await? {
        true => Ok(Became::WasThere),
        false => put_and_read(source, target, key).await,
    }
}

async fn copy_one(
    source: &dyn BlobStore,
    target: &dyn BlobStore,
    key: BlobKey,
    is_there: bool,
    verify: Verify,
) -> Result<Became> {
    match (is_there, verify) {
        (true, Verify::Copied) => Ok(Became::WasThere),
        (true, Verify::All) => copy_blob(source, target, key).await,
        (false, _) => put_and_read(source, target, key).await,
    }
}

async fn put_and_read<S: BlobSource + ?Sized>(
    source: &S,
    target: &dyn BlobStore,
    key: BlobKey,
) -> Result<Became> {
    // From the beginning each time: a writer that has failed cannot go on.
    let Some(stored) = patiently(|| put(source, target, key)).await? else {
        return Ok(Became::Damaged);
    };
    match is_whole(target, key).await? {
        true => Ok(Became::Copied(stored)),
        false => Err(BlobError::Damaged(key)),
    }
}

async fn is_whole(target: &dyn BlobStore, key: BlobKey) -> Result<bool> {
    match patiently(|| target.verify(key)).await {
        Ok(_) => Ok(true),
        Err(BlobError::Damaged(_) | BlobError::NotFound(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Puts a blob into the target; nothing when there is nothing whole to put.
async fn put<S: BlobSource + ?Sized>(
    source: &S,
    target: &dyn BlobStore,
    key: BlobKey,
) -> Result<Option<Stored>> {
    let unless_damaged = |error| match error {
        BlobError::Damaged(_) | BlobError::NotFound(_) => Ok(None),
        // A sector that cannot be read is none the next time either.
        BlobError::Io { source, .. } if is_lost_to_the_disk(&source) => Ok(None),
        error => Err(error),
    };
    let mut read = match source.open(key).await {
        Ok(read) => read,
        Err(error) => return unless_damaged(error),
    };
    let mut writer = target.begin_for_work().await?;
    while let Some(chunk) = read.chunks.next().await {
        match chunk {
            Ok(chunk) => writer.write(chunk).await?,
            Err(error) => return unless_damaged(error),
        }
    }
    // Dropped, it leaves nothing.
    if writer.key() != key {
        return Ok(None);
    }
    writer.finish().await.map(Some)
}

/// Does it, and again for a while when a store is away or slow.
///
/// # Errors
/// That of the last attempt; any but [`BlobError::Io`] and [`BlobError::Away`] at once.
pub async fn patiently<T, F>(work: impl Fn() -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let mut attempts = 1;
    loop {
        match work().await {
            Err(
                BlobError::Io { operation, source }
                | BlobError::Away {
                    operation, source, ..
                },
            ) if attempts < ATTEMPTS_MAX => {
                tracing::debug!(operation, error = %source, attempts, "tried again");
                attempts += 1;
                tokio::time::sleep(ATTEMPT_PAUSE).await;
            }
            done => return done,
        }
    }
}
