//! Deletes what was left behind, and asks for what is lacking. Everything is found by state, so a
//! round may be cut short anywhere and the next continues.

use std::sync::Arc;
use std::time::Duration;

use infra_kernel::Context;

use crate::error::MediaError;
use crate::library::sweep::{delete_unattached, forget_failed};
use crate::processing::backfill_alternates::backfill_alternates;
use crate::state::State;
use crate::uploads::session::sweep_uploads;

/// Items handled in one round.
const BATCH_MAX: i64 = 200;
/// How long one round may take.
const BUDGET: Duration = Duration::from_secs(60);

/// What one round did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SweepReport {
    /// Items deleted because nothing showed them for too long.
    pub items: u64,
    /// Originals of failed items that were released.
    pub originals: u64,
    /// Blobs deleted from the store, whatever had queued them.
    pub blobs: u64,
    /// Ready items that wait now for forms which they lack.
    pub alternates: u64,
}

pub(crate) async fn sweep(state: &Arc<State>) -> Result<SweepReport, MediaError> {
    let context = Context::background(BUDGET);
    let unused = delete_unattached(&state.library, &context, BATCH_MAX).await?;
    let failed = forget_failed(&state.library, &context, BATCH_MAX).await?;
    sweep_uploads(&state.uploads, BATCH_MAX).await?;
    state.queue.forget_old_minutes(BATCH_MAX).await?;
    state.blobs.store().remove_unfinished().await?;
    Ok(SweepReport {
        items: unused + failed.items,
        originals: failed.originals,
        // After the steps that queue blobs, so that this round deletes theirs.
        blobs: state.blobs.sweep().await?,
        alternates: backfill_alternates(&state.processing).await?,
    })
}
