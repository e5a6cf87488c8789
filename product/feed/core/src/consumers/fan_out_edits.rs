//! Puts a direct post into the timelines of those whom it mentions since it was edited: it is for
//! them from then on. Any other post is for the same people, whatever it says.

use std::sync::Arc;

use async_trait::async_trait;
use business_posts_gateway::{PostEdited, PostHead, Visibility};
use infra_bus::{Event, Handler, HandlerError};
use infra_db::DbError;
use infra_kernel::Context;

use super::empty_event;
use super::fan_out_posts::FanOutPosts;
use crate::state::State;

pub(crate) struct FanOutEdits(FanOutPosts);

impl FanOutEdits {
    pub(crate) fn new(state: &Arc<State>) -> Self {
        Self(FanOutPosts::new(state))
    }
}

#[async_trait]
impl Handler for FanOutEdits {
    async fn handle(&self, context: &Context, event: &Event) -> Result<(), HandlerError> {
        let edited: PostEdited = event.decode()?;
        let head = edited.head.ok_or_else(empty_event)?;
        if head.visibility() != Visibility::Direct || edited.newly_mentioned_ids.is_empty() {
            return Ok(());
        }
        let to_them = PostHead {
            mentioned_ids: edited.newly_mentioned_ids,
            ..head
        };
        self.0.place(context, &to_them).await?;
        Ok(())
    }

    // Before the event is acknowledged (ADR 0032).
    async fn sync(&self) -> Result<(), DbError> {
        self.0.sync().await
    }
}
