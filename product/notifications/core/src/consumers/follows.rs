//! Tells accounts who follows them.

use std::sync::Arc;

use async_trait::async_trait;
use business_graph_gateway::{Followed, Unfollowed, topics};
use infra_bus::{Event, Handler, HandlerError};
use infra_kernel::Context;
use product_notifications_gateway::Kind;

use super::{Happened, Told, take_back, tell};
use crate::state::State;
use crate::store::heard::What;

pub(super) struct Follows(pub(super) Arc<State>);

#[async_trait]
impl Handler for Follows {
    async fn handle(&self, context: &Context, event: &Event) -> Result<(), HandlerError> {
        if event.topic == topics::UNFOLLOWED {
            let unfollowed: Unfollowed = event.decode()?;
            take_back(&self.0, What::Follow, Kind::Follow, unfollowed.follow_id).await?;
            return Ok(());
        }
        let followed: Followed = event.decode()?;
        let told = Told {
            account: followed.followee_id,
            kind: Kind::Follow,
            from: followed.follower_id,
            post: 0,
            source: followed.follow_id,
        };
        let happened = Happened::new(event, What::Follow, followed.follow_id, 0);
        tell(&self.0, context, happened, vec![told]).await?;
        Ok(())
    }
}
