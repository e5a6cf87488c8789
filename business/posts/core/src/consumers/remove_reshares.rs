//! Removes the reshares of every deleted post.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use business_posts_gateway::{Post, PostDeleted, PostId, topics};
use infra_bus::{Consumer, Event, Handler, HandlerError, RetryPolicy, Subscription};
use infra_db::DbError;
use infra_kernel::{Context, Error, ErrorCode};

use crate::error::PostsError;
use crate::service::reshare::tell_deleted;
use crate::state::State;
use crate::store::reshares;

/// What has to be left of an attempt for one more batch.
const TIME_LEFT_MIN: Duration = Duration::from_secs(5);
/// How many reshares one transaction removes: few enough that other writes do not wait for it.
const BATCH_MAX: u32 = 100;

pub(crate) fn consumer(state: &Arc<State>) -> Consumer {
    Consumer {
        subscription: Subscription {
            name: "posts.remove-reshares",
            topics: &[topics::DELETED],
            concurrency: 4,
            retry: RetryPolicy::default(),
        },
        handler: Arc::new(RemoveReshares(Arc::clone(state))),
    }
}

struct RemoveReshares(Arc<State>);

#[async_trait]
impl Handler for RemoveReshares {
    async fn handle(&self, context: &Context, event: &Event) -> Result<(), HandlerError> {
        let PostDeleted { head, .. } = event.decode()?;
        // Nothing reshares a reshare.
        let Some(head) = head.filter(|head| head.reshare_of().is_none()) else {
            return Ok(());
        };
        // An attempt that is cut off continues where it was: each batch is committed.
        while remove_some(&self.0, context, head.post())
            .await
            .map_err(Error::from)?
        {
            // Handled once more, and never given up for how many there are.
            if context.remaining() < TIME_LEFT_MIN {
                let sentence = "This takes longer than one attempt.";
                return Err(Error::new(ErrorCode::Unavailable, sentence).into());
            }
        }
        Ok(())
    }

    // Before the event is acknowledged (ADR 0032).
    async fn sync(&self) -> Result<(), DbError> {
        self.0.database.sync().await
    }
}

/// One batch; returns whether there may be more.
async fn remove_some(
    state: &Arc<State>,
    context: &Context,
    post: PostId,
) -> Result<bool, PostsError> {
    let (writing, context) = (Arc::clone(state), context.clone());
    let deleted = Arc::clone(state);
    let removed = state.database.write_then(
        move |connection| {
            Box::pin(async move {
                let removed = reshares::delete_some_of_post(connection, post, BATCH_MAX).await?;
                for reshare in &removed {
                    tell_deleted(connection, &writing, &context, reshare).await?;
                }
                Ok::<_, PostsError>(removed)
            })
        },
        move |removed: &Vec<Post>, _| {
            for reshare in removed {
                deleted.reshare_deleted(reshare);
            }
        },
    );
    Ok(removed.await?.len() == BATCH_MAX as usize)
}
