//! Releases the media of every deleted post.

use std::sync::Arc;

use async_trait::async_trait;
use business_posts_gateway::{PostDeleted, topics};
use infra_bus::{Consumer, Event, Handler, HandlerError, RetryPolicy, Subscription};
use infra_kernel::{Context, Error};

use crate::media;
use crate::state::State;

pub(crate) fn consumer(state: &Arc<State>) -> Consumer {
    Consumer {
        subscription: Subscription {
            name: "posts.release-media",
            topics: &[topics::DELETED],
            concurrency: 4,
            retry: RetryPolicy::default(),
        },
        handler: Arc::new(ReleaseMedia(Arc::clone(state))),
    }
}

struct ReleaseMedia(Arc<State>);

#[async_trait]
impl Handler for ReleaseMedia {
    async fn handle(&self, context: &Context, event: &Event) -> Result<(), HandlerError> {
        let PostDeleted {
            head, media_ids, ..
        } = event.decode()?;
        if let Some(head) = head
            && !media_ids.is_empty()
        {
            media::release(&self.0, context, &head)
                .await
                .map_err(Error::from)?;
        }
        Ok(())
    }
}
