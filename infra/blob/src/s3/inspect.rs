//! Tries what a store needs of a bucket.

use object_store::ObjectStoreExt as _;
use object_store::path::Path as ObjectPath;

use super::client::{WORK_MAX, within};
use super::identity::{PROBE, new_id};
use super::{Failure, S3Store};
use crate::{BlobError, BlobStore as _, Result};

/// What was found out about a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct S3Facts {
    /// How far the server's clock is ahead of this machine's, in whole seconds, if it says what
    /// time it is.
    pub clock_ahead_s: Option<i64>,
    /// Whether the bucket keeps what is deleted from it, as a version of before.
    pub keeps_versions: bool,
}

impl S3Store {
    /// Writes an object of its own, reads it, lists, and deletes it.
    ///
    /// # Errors
    /// At the first thing that cannot be done: it is named, and what to look at.
    pub async fn inspect(&self) -> Result<S3Facts> {
        let content = new_id();
        let path = ObjectPath::from(format!("{}{PROBE}{content}", self.root()));
        let client = &self.parts.clients.retrying;
        let operation = "write an object to try the bucket";
        let put = client.put(&path, content.clone().into());
        let version = self.tried(operation, put).await?.version;
        let read = async {
            let found = client.get(&path).await?;
            found.bytes().await
        };
        let operation = "read an object to try the bucket";
        let read = self.tried(operation, read).await?;
        // Looked at below: what was written for the try goes first, whatever this says.
        let listed = self.list(None, 1).await;
        let operation = "delete an object to try the bucket";
        self.tried(operation, client.delete(&path)).await?;
        listed?;
        if read != content {
            let other = std::io::Error::other("what was read is not what was written");
            return Err(BlobError::io("read an object to try the bucket")(other));
        }
        Ok(S3Facts {
            clock_ahead_s: self.parts.clients.clock.ahead_s(),
            // A bucket that keeps versions no more calls each new one "null".
            keeps_versions: version.is_some_and(|version| version != "null"),
        })
    }

    async fn tried<T>(
        &self,
        operation: &'static str,
        request: impl Future<Output = object_store::Result<T>>,
    ) -> Result<T> {
        within(WORK_MAX, operation, async {
            let done = request.await;
            done.map_err(|error| Failure::of(error).during(operation))
        })
        .await
    }
}
