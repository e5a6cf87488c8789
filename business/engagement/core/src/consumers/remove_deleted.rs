//! Removes what is left of a post that was deleted: its likes, its count, its bookmarks.

use std::sync::Arc;

use async_trait::async_trait;
use business_posts_gateway::{PostDeleted, topics};
use infra_bus::{Consumer, Event, Handler, HandlerError, RetryPolicy, Subscription};
use infra_db::{Connection, DbError};
use infra_kernel::Context;

use crate::state::State;
use crate::store::{self, bookmarks, counts, likes};

/// How many likes or bookmarks one transaction removes: few enough that other writes of the same
/// group do not wait for it.
const BATCH_MAX: u32 = 500;

pub(crate) fn consumer(state: &Arc<State>) -> Consumer {
    Consumer {
        subscription: Subscription {
            name: "engagement.remove-deleted",
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
        while remove_some(&self.0, head.id).await? {}
        Ok(())
    }
}

/// One batch; returns whether there may be more.
async fn remove_some(state: &Arc<State>, post: u64) -> Result<bool, DbError> {
    let changed = Arc::clone(state);
    let removed = state
        .database
        .write_then(
            move |connection| Box::pin(async move { write(connection, post).await }),
            move |removed: &Removed, _| {
                changed.count_changed(post, removed.likes_left);
                for account in &removed.accounts {
                    changed.marks_changed(*account, post);
                }
            },
        )
        .await?;
    Ok(!removed.accounts.is_empty())
}

struct Removed {
    likes_left: u64,
    /// Whose likes or bookmarks they were.
    accounts: Vec<u64>,
}

async fn write(connection: &mut Connection, post: u64) -> Result<Removed, DbError> {
    let mut accounts =
        store::delete_some_of_post(connection, likes::DELETE_SOME_OF_POST, post, BATCH_MAX).await?;
    let likes_left = match accounts.len() {
        // `subtract` needs a row, and a post that nobody likes has none.
        0 => counts::read(connection, post).await?,
        count => {
            let fewer = i64::try_from(count).unwrap_or(i64::MAX);
            counts::subtract(connection, post, fewer).await?
        }
    };
    counts::remove(connection, post).await?;
    accounts.extend(
        store::delete_some_of_post(connection, bookmarks::DELETE_SOME_OF_POST, post, BATCH_MAX)
            .await?,
    );
    Ok(Removed {
        likes_left,
        accounts,
    })
}
