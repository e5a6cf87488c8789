//! Work that goes on when its caller has gone.

use tracing::Instrument as _;

use crate::error::MediaError;

/// Runs a change to its end even when its caller stops waiting: for what is more than one write,
/// such as files and the rows that name them. What only has to follow a commit is its hook
/// (`Library::write_then`).
pub(crate) async fn run_to_completion<T: Send + 'static>(
    change: impl Future<Output = Result<T, MediaError>> + Send + 'static,
) -> Result<T, MediaError> {
    tokio::spawn(change.in_current_span()).await?
}
