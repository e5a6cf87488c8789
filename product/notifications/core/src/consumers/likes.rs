//! Tells authors who likes their posts.

use std::sync::Arc;

use async_trait::async_trait;
use business_engagement_gateway::{Liked, Unliked, topics};
use infra_bus::{Event, Handler, HandlerError};
use infra_kernel::Context;
use product_notifications_gateway::Kind;

use super::{Happened, Told, take_back, tell};
use crate::state::State;
use crate::store::heard::What;

pub(super) struct Likes(pub(super) Arc<State>);

#[async_trait]
impl Handler for Likes {
    async fn handle(&self, context: &Context, event: &Event) -> Result<(), HandlerError> {
        if event.topic == topics::UNLIKED {
            let unliked: Unliked = event.decode()?;
            take_back(&self.0, What::Like, Kind::Favourite, unliked.like_id).await?;
            return Ok(());
        }
        let liked: Liked = event.decode()?;
        let told = Told {
            account: liked.author_id,
            kind: Kind::Favourite,
            from: liked.account_id,
            post: liked.post_id,
            source: liked.like_id,
        };
        let happened = Happened::new(event, What::Like, liked.like_id, liked.post_id);
        tell(&self.0, context, happened, vec![told]).await?;
        Ok(())
    }
}
