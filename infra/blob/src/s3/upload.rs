//! Sends files to an object store.

use std::io;

use bytes::Bytes;
use object_store::aws::AmazonS3;
use object_store::multipart::{MultipartStore as _, PartId};
use object_store::path::Path as ObjectPath;
use object_store::{MultipartId, ObjectStoreExt as _, PutPayload};

use tokio::sync::OwnedSemaphorePermit;

use super::client::{Patience, WORK_MAX, request_max, within};
use super::{Failure, S3Store};
use crate::blocking::blocking;
use crate::staging::Temporary;
use crate::{BlobError, Result, Stored};

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
    patience: Patience,
) -> Result<()> {
    let writes = &store.parts.writes;
    // Here and not in the task: who is refused a turn has begun nothing that goes on.
    let turn = writes.turn(patience, OPERATION).await?;
    let upload = Upload {
        path: store.path(stored.key),
        store: store.clone(),
        stored,
        patience,
    };
    let sent = tokio::spawn(upload.send(file, turn)).await;
    sent.unwrap_or_else(|stopped| Err(BlobError::io(OPERATION)(io::Error::other(stopped))))
}

struct Upload {
    store: S3Store,
    path: ObjectPath,
    stored: Stored,
    patience: Patience,
}

/// What was not sent.
struct Unsent {
    error: BlobError,
    /// Of it there may be parts.
    begun: Option<MultipartId>,
}

impl From<BlobError> for Unsent {
    fn from(error: BlobError) -> Self {
        Self { error, begun: None }
    }
}

impl Upload {
    async fn send(self, file: Temporary, turn: OwnedSemaphorePermit) -> Result<()> {
        let sent = if self.stored.bytes > PART_BYTES {
            self.send_in_parts(file).await
        } else {
            self.send_whole(file).await
        };
        let Err(Unsent { error, begun }) = sent else {
            return Ok(());
        };
        // Nothing of it is in memory any more, and removing its parts may take long.
        drop(turn);
        if let Some(id) = begun {
            let patience = self.patience;
            let aborting = tokio::spawn(async move { self.abort(&id).await });
            // Somebody who asks does not wait for that; the process of a command ends after it.
            if patience == Patience::Work {
                let _ = aborting.await;
            }
        }
        Err(error)
    }

    async fn send_whole(&self, file: Temporary) -> Result<(), Unsent> {
        // The file is removed when this returns: what is sent is in memory.
        let (_file, bytes) = self.part(file, 0).await?;
        let put = self.client().put(&self.path, bytes.into());
        self.request(self.stored.bytes, put).await?;
        Ok(())
    }

    async fn send_in_parts(&self, file: Temporary) -> Result<(), Unsent> {
        let create = self.client().create_multipart(&self.path);
        let id = self.request(0, create).await?;
        let sent = async {
            let parts = self.send_parts(file, &id).await?;
            let complete = self.client().complete_multipart(&self.path, &id, parts);
            // The server may put them together now.
            self.request(self.stored.bytes, complete).await
        };
        match sent.await {
            Ok(_) => Ok(()),
            Err(error) => Err(Unsent {
                error,
                begun: Some(id),
            }),
        }
    }

    async fn abort(&self, id: &MultipartId) {
        // With all its tries in any case: what stays, nobody finds again.
        let client = &self.store.parts.clients.retrying;
        let abort = within(WORK_MAX, OPERATION, async {
            let aborted = client.abort_multipart(&self.path, id).await;
            aborted.map_err(|error| Failure::of(error).during(OPERATION))
        });
        if let Err(left) = abort.await {
            tracing::warn!(
                error = %infra_kernel::Error::from(left).causes(),
                "parts of an object that was not finished stay in the bucket until its own rule removes them"
            );
        }
    }

    fn client(&self) -> &AmazonS3 {
        self.store.parts.clients.of(self.patience)
    }

    async fn send_parts(&self, mut file: Temporary, id: &MultipartId) -> Result<Vec<PartId>> {
        let count = usize::try_from(self.stored.bytes.div_ceil(PART_BYTES)).unwrap_or(usize::MAX);
        let mut parts = Vec::with_capacity(count);
        // One after the other: each part is in memory while it is sent.
        for number in 0..count {
            let (rest, bytes) = self.part(file, number as u64 * PART_BYTES).await?;
            file = rest;
            let length = bytes.len() as u64;
            let put = self.client();
            let put = put.put_part(&self.path, id, number, PutPayload::from(bytes));
            parts.push(self.request(length, put).await?);
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

    /// A request in which so many bytes travel.
    async fn request<T>(
        &self,
        bytes: u64,
        request: impl Future<Output = object_store::Result<T>>,
    ) -> Result<T> {
        let done = within(request_max(self.patience, bytes), OPERATION, async {
            request
                .await
                .map_err(|error| Failure::of(error).during(OPERATION))
        });
        let done = done.await;
        if let Err(error) = &done {
            // Here, before the turn is released: the next in line looks at it when it gets the
            // turn.
            self.store.parts.writes.note(error);
        }
        done
    }
}
