//! Takes a post that was deleted out of every filter that names it.

use std::sync::Arc;

use async_trait::async_trait;
use business_posts_gateway::{PostDeleted, PostId, topics};
use infra_bus::{Consumer, Event, Handler, HandlerError, RetryPolicy, Subscription};
use infra_db::DbError;
use infra_kernel::Context;

use crate::state::State;
use crate::store::filtered_posts;

/// Out of how many filters one transaction takes it: few enough that other writes of the same group
/// do not wait for it.
const BATCH_MAX: u32 = 500;

pub(crate) fn consumer(state: &Arc<State>) -> Consumer {
    Consumer {
        subscription: Subscription {
            name: "graph.remove-deleted",
            topics: &[topics::DELETED],
            concurrency: 4,
            retry: RetryPolicy::default(),
        },
        handler: Arc::new(RemoveDeleted(Arc::clone(state))),
    }
}

struct RemoveDeleted(Arc<State>);

#[async_trait]
impl Handler for RemoveDeleted {
    /// An attempt that is cut off continues where it was: each batch is committed.
    async fn handle(&self, _: &Context, event: &Event) -> Result<(), HandlerError> {
        let PostDeleted { head, .. } = event.decode()?;
        // An event without a head names no post, and another attempt would not change that.
        let Some(head) = head else { return Ok(()) };
        while remove_some(&self.0, PostId::new(head.id)).await? {}
        Ok(())
    }

    // Before the event is acknowledged (ADR 0032).
    async fn sync(&self) -> Result<(), DbError> {
        self.0.database.sync().await
    }
}

/// One batch; returns whether there may be more.
async fn remove_some(state: &Arc<State>, post: PostId) -> Result<bool, DbError> {
    let changed = Arc::clone(state);
    let owners = state
        .database
        .write_then(
            move |connection| {
                Box::pin(filtered_posts::delete_some_of_post(
                    connection, post, BATCH_MAX,
                ))
            },
            move |owners: &Vec<u64>, _| {
                for owner in owners {
                    changed.filters.invalidate(owner);
                }
            },
        )
        .await?;
    Ok(!owners.is_empty())
}
