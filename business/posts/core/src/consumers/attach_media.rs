//! Attaches the media of every published post. [`crate::service`] has usually done it right after
//! the commit; this is for the times when it could not.

use std::sync::Arc;

use async_trait::async_trait;
use business_posts_gateway::{PostPublished, topics};
use infra_bus::{Consumer, Event, Handler, HandlerError, RetryPolicy, Subscription};
use infra_kernel::{Context, Error};

use crate::media;
use crate::state::State;

pub(crate) fn consumer(state: &Arc<State>) -> Consumer {
    Consumer {
        subscription: Subscription {
            name: "posts.attach-media",
            topics: &[topics::PUBLISHED],
            concurrency: 4,
            retry: RetryPolicy::default(),
        },
        handler: Arc::new(AttachMedia(Arc::clone(state))),
    }
}

struct AttachMedia(Arc<State>);

#[async_trait]
impl Handler for AttachMedia {
    async fn handle(&self, context: &Context, event: &Event) -> Result<(), HandlerError> {
        let PostPublished { head, media_ids } = event.decode()?;
        if let Some(head) = head {
            media::attach(&self.0, context, &head, media_ids)
                .await
                .map_err(Error::from)?;
        }
        Ok(())
    }
}
