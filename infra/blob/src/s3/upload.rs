//! Sends files to an object store.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use object_store::multipart::{MultipartStore as _, PartId};
use object_store::path::Path as ObjectPath;
use object_store::{MultipartId, ObjectStoreExt as _, PutPayload};

use super::client::{WORK_MAX, within};
use super::{Failure, S3Store};
use crate::blocking::blocking;
use crate::staging::Temporary;
use crate::{BlobError, Result, Stored};

/// The most files that are sent at a time: each has one part of it in memory.
pub(super) const WRITES_AT_ONCE_MAX: usize = 8;
/// How much is sent in one request, in bytes; what is longer is sent in parts of this size, of
/// which there may be 10,000. The library sends from memory, which is why it is not more.
const PART_BYTES: u64 = 8 * 1024 * 1024;

const OPERATION: &str = "keep a file";

/// Puts a file under its name. Once begun it comes to its end, or to that of its bounds, also when
/// its caller stops waiting: what was begun in parts is then completed or removed.
pub(super) async fn run_to_completion(
    store: &S3Store,
    file: Temporary,
    stored: Stored,
) -> Result<()> {
    let turn = Arc::clone(&store.parts.writes).acquire_owned().await;
    // Nobody closes it.
    let turn = turn.map_err(|_| BlobError::Busy)?;
    let store = store.clone();
    let sending = tokio::spawn(async move {
        let _turn = turn;
        let upload = Upload {
            path: store.path(stored.key),
            store,
            stored,
        };
        upload.send(file).await
    });
    let sent = sending.await;
    sent.unwrap_or_else(|stopped| Err(BlobError::io(OPERATION)(io::Error::other(stopped))))
}

struct Upload {
    store: S3Store,
    path: ObjectPath,
    stored: Stored,
}

impl Upload {
    async fn send(&self, file: Temporary) -> Result<()> {
        if self.stored.bytes > PART_BYTES {
            return self.send_in_parts(file).await;
        }
        let (_file, bytes) = self.part(file, 0).await?;
        let put = self
            .store
            .parts
            .clients
            .retrying
            .put(&self.path, bytes.into());
        self.request(put).await?;
        Ok(())
    }

    async fn send_in_parts(&self, file: Temporary) -> Result<()> {
        let client = &self.store.parts.clients.retrying;
        let id = self.request(client.create_multipart(&self.path)).await?;
        let sent = async {
            let parts = self.send_parts(file, &id).await?;
            let complete = client.complete_multipart(&self.path, &id, parts);
            self.request(complete).await
        };
        let Err(error) = sent.await else {
            return Ok(());
        };
        let abort = self.request(client.abort_multipart(&self.path, &id));
        if let Err(left) = abort.await {
            tracing::warn!(
                error = %infra_kernel::Error::from(left).causes(),
                "parts of an object that was not finished stay in the bucket until its own rule removes them"
            );
        }
        Err(error)
    }

    async fn send_parts(&self, mut file: Temporary, id: &MultipartId) -> Result<Vec<PartId>> {
        let client = &self.store.parts.clients.retrying;
        let count = usize::try_from(self.stored.bytes.div_ceil(PART_BYTES)).unwrap_or(usize::MAX);
        let mut parts = Vec::with_capacity(count);
        for number in 0..count {
            let (rest, bytes) = self.part(file, number as u64 * PART_BYTES).await?;
            file = rest;
            let put = client.put_part(&self.path, id, number, PutPayload::from(bytes));
            parts.push(self.request(put).await?);
        }
        Ok(parts)
    }

    /// What is sent in one request, from here on.
    async fn part(&self, mut file: Temporary, offset: u64) -> Result<(Temporary, Bytes)> {
        let length = (self.stored.bytes - offset).min(PART_BYTES);
        let read = blocking("read a file", move || {
            let bytes = file.read_part(offset, length)?;
            if bytes.len() as u64 != length {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            Ok((file, bytes))
        });
        read.await
    }

    async fn request<T>(
        &self,
        request: impl Future<Output = object_store::Result<T>>,
    ) -> Result<T> {
        within(WORK_MAX, OPERATION, async {
            request
                .await
                .map_err(|error| Failure::of(error).during(OPERATION))
        })
        .await
    }
}
