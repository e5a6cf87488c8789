//! Takes deleted posts out of every timeline, a chunk of timelines at a time.

use std::sync::Arc;

use async_trait::async_trait;
use business_posts_gateway::{PostDeleted, PostId};
use infra_bus::{Event, Handler, HandlerError};
use infra_db::DbError;
use infra_kernel::Context;

use super::empty_event;
use crate::state::State;

pub(crate) struct RemovePosts {
    state: Arc<State>,
}

impl RemovePosts {
    pub(crate) fn new(state: &Arc<State>) -> Self {
        Self {
            state: Arc::clone(state),
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
        let chunk = self.state.settings.chunk();
        // Ends: the first step keeps new copies from coming in, and each further one takes out a
        // chunk of those there are.
        while self.state.timelines.remove_post(post, chunk).await? >= chunk as usize {}
        Ok(())
    }

    async fn sync(&self) -> Result<(), DbError> {
        self.state.store.sync().await
    }
}
