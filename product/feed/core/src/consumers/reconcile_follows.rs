//! Brings timelines in line with whom their readers follow.

use std::sync::Arc;

use async_trait::async_trait;
use business_graph_gateway::{Followed, Unfollowed, topics};
use infra_bus::{Event, Handler, HandlerError};
use infra_db::DbError;
use infra_kernel::{AccountId, Context};

use super::empty_event;
use crate::state::State;

pub(crate) struct ReconcileFollows {
    state: Arc<State>,
}

impl ReconcileFollows {
    pub(crate) fn new(state: &Arc<State>) -> Self {
        Self {
            state: Arc::clone(state),
        }
    }
}

#[async_trait]
impl Handler for ReconcileFollows {
    async fn handle(&self, context: &Context, event: &Event) -> Result<(), HandlerError> {
        let ended = event.topic == topics::UNFOLLOWED;
        let (follower, followee) = if event.topic == topics::FOLLOWED {
            let followed: Followed = event.decode()?;
            (followed.follower_id, followed.followee_id)
        } else {
            let unfollowed: Unfollowed = event.decode()?;
            (unfollowed.follower_id, unfollowed.followee_id)
        };
        // An id of 0 is one that was not sent.
        if follower == 0 || followee == 0 {
            return Err(empty_event());
        }
        let (follower, followee) = (AccountId::new(follower), AccountId::new(followee));
        self.state
            .timelines
            .reconcile_follow(context, follower, followee, ended)
            .await?;
        Ok(())
    }

    async fn sync(&self) -> Result<(), DbError> {
        self.state.store.sync().await
    }
}
