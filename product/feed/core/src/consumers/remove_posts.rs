//! Takes deleted posts out of every timeline, a chunk of timelines at a time.

use std::sync::Arc;

use async_trait::async_trait;
use business_posts_gateway::{PostDeleted, PostId};
use infra_bus::{Event, Handler, HandlerError};
use infra_kernel::Context;

use super::empty_event;
use crate::timelines::Timelines;

pub(crate) struct RemovePosts {
    timelines: Arc<Timelines>,
}

impl RemovePosts {
    pub(crate) fn new(timelines: &Arc<Timelines>) -> Self {
        Self {
            timelines: Arc::clone(timelines),
        }
    }
}

#[async_trait]
impl Handler for RemovePosts {
    async fn handle(&self, _: &Context, event: &Event) -> Result<(), HandlerError> {
        let head = event
            .decode::<PostDeleted>()?
            .head
            .ok_or_else(empty_event)?;
        let post = PostId::new(head.id);
        let chunk = self.timelines.settings.chunk();
        // Ends: the first step keeps new copies from coming in, and each further one takes out a
        // chunk of those there are.
        while self.timelines.remove_post(post, chunk).await? >= chunk as usize {}
        Ok(())
    }
}
