//! What becomes of an item after an attempt that failed.

use std::sync::Arc;

use infra_bus::outbox;
use infra_kernel::{AccountId, Context};

use crate::error::MediaError;
use crate::events::{self, EVENT_BUDGET};
use crate::processing::Processing;
use crate::processing::verdict::{self, FailureVerdict};
use crate::store::queue::{self, Claimed, Failure};
use crate::tasks::run_to_completion;

pub(crate) async fn judge(
    processing: &Arc<Processing>,
    claimed: &Claimed,
    error: MediaError,
) -> Result<(), MediaError> {
    let verdict = verdict::on(error, claimed.tries(), rand::random());
    follow(processing, claimed, verdict).await
}

/// Does what a verdict says, if the item is still leased to the attempt that it is on.
pub(crate) async fn follow(
    processing: &Arc<Processing>,
    claimed: &Claimed,
    verdict: FailureVerdict,
) -> Result<(), MediaError> {
    let (processing, claimed) = (Arc::clone(processing), claimed.clone());
    run_to_completion(async move {
        let lease = claimed.lease();
        match verdict {
            FailureVerdict::Again {
                pause,
                cause,
                infra_failure,
            } => {
                let queue = &processing.queue;
                queue.pause(lease, pause, (cause, infra_failure)).await?;
            }
            FailureVerdict::GiveUp(failure) => give_up_on(&processing, &claimed, failure).await?,
        }
        // Also when it is to be retried: what is cached of it says that it is at work.
        processing.library.publish_processed(lease.id);
        Ok(())
    })
    .await
}

/// The row tells its owner why, and keeps the original for someone who looks into it, until its
/// time is over.
async fn give_up_on(
    processing: &Processing,
    claimed: &Claimed,
    failure: Failure,
) -> Result<(), MediaError> {
    let lease = claimed.lease();
    let (code, cause) = (failure.code, failure.cause.as_str());
    tracing::info!(media = %lease.id, attempts = lease.attempt, code, cause, "a picture is quarantined");
    let context = Context::system(claimed.correlation_id(), EVENT_BUDGET);
    let item = (lease.id, AccountId::from_sql(claimed.owner_id));
    let reason = failure.sentence.clone();
    let event = events::failed(&context, &processing.ids, item, reason);
    let now = processing.clock.now();
    processing
        .database
        .write(move |connection| {
            Box::pin(async move {
                if queue::mark_failed(connection, lease, &failure, now).await? {
                    outbox::append(connection, &event).await?;
                }
                Ok(())
            })
        })
        .await
}
