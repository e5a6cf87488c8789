//! Reads of objects, in parts that fit into memory.

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use object_store::{GetOptions, GetRange, ObjectStore as _};

use super::client::{Patience, request_max, within};
use super::{Failure, S3Store};
use crate::reads::Reads;
use crate::{BlobError, BlobKey, BlobRead, ByteRange, CHUNK_BYTES, Result};

const OPERATION: &str = "read an object";
/// Beyond this offset there is no object, and some servers cannot read the number, in bytes.
const OFFSET_MAX: u64 = 1 << 50;

/// How reads of one kind are made.
struct Manner {
    turns: Reads,
    /// How much one request asks for, in bytes: so much of an object is in memory.
    window_bytes: u64,
    patience: Patience,
}

impl Manner {
    /// Waits for a request that asks for so much at the most, with all its tries.
    async fn within<T>(&self, bytes: u64, request: impl Future<Output = Result<T>>) -> Result<T> {
        within(request_max(self.patience, bytes), OPERATION, request).await
    }
}

/// A part of an object, and how long the whole is.
struct Window {
    total: u64,
    bytes: Bytes,
}

impl S3Store {
    fn asked(&self) -> Manner {
        Manner {
            turns: self.reads.clone(),
            // As many as people who read slowly, each of whom keeps one in memory.
            window_bytes: 256 * 1024,
            patience: Patience::Asked,
        }
    }

    fn for_upload(&self) -> Manner {
        Manner {
            patience: Patience::Asked,
            ..self.for_work()
        }
    }

    fn for_work(&self) -> Manner {
        Manner {
            turns: self.work_reads.clone(),
            // As few as workers are.
            window_bytes: 4 * 1024 * 1024,
            patience: Patience::Work,
        }
    }

    pub(super) async fn stream_asked(&self, key: BlobKey, range: ByteRange) -> Result<BlobRead> {
        self.stream(key, range, self.asked()).await
    }

    pub(super) async fn stream_for_upload(
        &self,
        key: BlobKey,
        range: ByteRange,
    ) -> Result<BlobRead> {
        self.stream(key, range, self.for_upload()).await
    }

    pub(super) async fn stream_for_work(&self, key: BlobKey, range: ByteRange) -> Result<BlobRead> {
        self.stream(key, range, self.for_work()).await
    }

    pub(super) async fn whole_asked(&self, key: BlobKey, bytes_max: u64) -> Result<Bytes> {
        self.whole(key, bytes_max, &self.asked()).await
    }

    pub(super) async fn whole_for_work(&self, key: BlobKey, bytes_max: u64) -> Result<Bytes> {
        self.whole(key, bytes_max, &self.for_work()).await
    }

    async fn stream(&self, key: BlobKey, range: ByteRange, manner: Manner) -> Result<BlobRead> {
        let first = {
            let _turn = manner.turns.turn_to_begin().await?;
            let first = self.first(key, range, &manner);
            manner.within(manner.window_bytes, first).await?
        };
        let total = first.total;
        let length = range.length_within(total);
        let reading = Reading {
            store: self.clone(),
            key,
            manner,
            total,
            // Offsets may come from outside, and be of any size.
            next: range.offset.saturating_add(first.bytes.len() as u64),
            end: range.offset.saturating_add(length),
            window: first.bytes,
        };
        let chunks = stream::try_unfold(reading, Reading::next_chunk);
        Ok(BlobRead {
            total,
            length,
            chunks: chunks.boxed(),
        })
    }

    /// The first window of a range, which may be empty.
    async fn first(&self, key: BlobKey, range: ByteRange, manner: &Manner) -> Result<Window> {
        let length = range.length.unwrap_or(u64::MAX).min(manner.window_bytes);
        // A range without a byte cannot be asked for: then only the length is.
        if length > 0 && range.offset < OFFSET_MAX {
            let patience = manner.patience;
            match self.window(key, range.offset, length, patience).await {
                Err(failure) if failure.is_beyond_the_end() => {}
                read => return read.map_err(|failure| Self::read_error(key, failure)),
            }
        }
        let path = self.path(key);
        let total = self.stat(&path, OPERATION, manner.patience).await?;
        Ok(Window {
            total: total.ok_or(BlobError::NotFound(key))?,
            bytes: Bytes::new(),
        })
    }

    async fn window(
        &self,
        key: BlobKey,
        offset: u64,
        length: u64,
        patience: Patience,
    ) -> Result<Window, Failure> {
        let options = GetOptions {
            range: Some(GetRange::Bounded(offset..offset + length)),
            ..GetOptions::default()
        };
        let path = self.path(key);
        let client = self.parts.clients.of(patience);
        let found = client.get_opts(&path, options).await.map_err(Failure::of)?;
        let total = found.meta.size;
        let bytes = found.bytes().await.map_err(Failure::of)?;
        Ok(Window { total, bytes })
    }

    /// In one request: most of what is read whole is a rendition.
    async fn whole(&self, key: BlobKey, bytes_max: u64, manner: &Manner) -> Result<Bytes> {
        let _turn = manner.turns.turn_to_begin().await?;
        let path = self.path(key);
        let requests = async {
            let client = self.parts.clients.of(manner.patience);
            let found = client.get_opts(&path, GetOptions::default()).await;
            let found = found.map_err(|error| Self::read_error(key, Failure::of(error)))?;
            let bytes = found.meta.size;
            // By the length that the server says and before the first byte.
            if bytes > bytes_max {
                return Err(BlobError::TooLarge {
                    key,
                    bytes,
                    bytes_max,
                });
            }
            let whole = found.bytes().await;
            whole.map_err(|error| Self::read_error(key, Failure::of(error)))
        };
        // All of it travels in this one request.
        manner.within(bytes_max, requests).await
    }
}

/// A read that has begun.
struct Reading {
    store: S3Store,
    key: BlobKey,
    manner: Manner,
    total: u64,
    /// Where the next window begins.
    next: u64,
    end: u64,
    /// What is left of the one before it.
    window: Bytes,
}

impl Reading {
    async fn next_chunk(mut self) -> Result<Option<(Bytes, Self)>> {
        if self.window.is_empty() && self.next < self.end {
            self.read_window().await?;
        }
        if self.window.is_empty() {
            return Ok(None);
        }
        let chunk = self.window.split_to(self.window.len().min(CHUNK_BYTES));
        Ok(Some((chunk, self)))
    }

    async fn read_window(&mut self) -> Result<()> {
        let (store, key) = (&self.store, self.key);
        let length = (self.end - self.next).min(self.manner.window_bytes);
        // What has begun waits for its turn as long as that takes: who reads slowly has none
        // meanwhile.
        let _turn = self.manner.turns.turn().await?;
        let read = async {
            let patience = self.manner.patience;
            match store.window(key, self.next, length, patience).await {
                Err(failure) if failure.is_beyond_the_end() => Err(BlobError::Damaged(key)),
                read => read.map_err(|failure| S3Store::read_error(key, failure)),
            }
        };
        let window = self.manner.within(length, read).await?;
        // Another object has taken its place, which is not of this content.
        if window.total != self.total {
            return Err(BlobError::Damaged(key));
        }
        // By what came: a server may send less than it was asked for.
        self.next += window.bytes.len() as u64;
        self.window = window.bytes;
        Ok(())
    }
}
