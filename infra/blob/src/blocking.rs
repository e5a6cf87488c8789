//! Work that waits for a disk.

use std::io;

use crate::{BlobError, Result};

/// Runs what waits for the disk where it may wait.
pub(crate) async fn blocking<T: Send + 'static>(
    operation: &'static str,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        // The work has panicked, or the runtime ends.
        .unwrap_or_else(|stopped| Err(io::Error::other(stopped)))
        .map_err(BlobError::io(operation))
}
