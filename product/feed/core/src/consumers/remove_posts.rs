//! Takes deleted posts out of every timeline.

use std::sync::Arc;

use async_trait::async_trait;
use business_posts_gateway::PostDeleted;
use infra_bus::{Event, Handler, HandlerError};
use infra_db::DbError;
use infra_kernel::{AccountId, Context};

use super::empty_event;
use crate::followers::{FollowerPages, Holders};
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
    async fn handle(&self, context: &Context, event: &Event) -> Result<(), HandlerError> {
        let head = event
            .decode::<PostDeleted>()?
            .head
            .ok_or_else(empty_event)?;
        let State {
            sources,
            settings,
            timelines,
            merged,
            ..
        } = &*self.state;
        let author = AccountId::new(head.author_id);
        let followers = FollowerPages::new(&*sources.graph, context, author, settings);
        let mut holders = Holders::new(&head, merged, followers);
        timelines.kept.remove_post(&mut holders).await?;
        Ok(())
    }

    async fn sync(&self) -> Result<(), DbError> {
        self.state.store.sync().await
    }
}
