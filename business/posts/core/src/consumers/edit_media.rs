//! Attaches what an edited post shows, and releases what it does not show any more.
//! [`crate::service`] has usually done it right after the commit; this is for the times when it
//! could not.

use std::sync::Arc;

use async_trait::async_trait;
use business_posts_gateway::{PostEdited, topics};
use infra_bus::{Consumer, Event, Handler, HandlerError, RetryPolicy, Subscription};
use infra_kernel::{Context, Error};

use crate::media;
use crate::state::State;

pub(crate) fn consumer(state: &Arc<State>) -> Consumer {
    Consumer {
        subscription: Subscription {
            name: "posts.edit-media",
            topics: &[topics::EDITED],
            concurrency: 4,
            retry: RetryPolicy::default(),
        },
        handler: Arc::new(EditMedia(Arc::clone(state))),
    }
}

struct EditMedia(Arc<State>);

#[async_trait]
impl Handler for EditMedia {
    async fn handle(&self, context: &Context, event: &Event) -> Result<(), HandlerError> {
        let edited: PostEdited = event.decode()?;
        let Some(head) = edited.head else {
            return Ok(());
        };
        media::release_taken_out(&self.0, context, &head, edited.removed_media_ids)
            .await
            .map_err(Error::from)?;
        media::attach(&self.0, context, &head, edited.added_media_ids)
            .await
            .map_err(Error::from)?;
        Ok(())
    }
}
