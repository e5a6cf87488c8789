//! Tells accounts who asks to follow them, until that has ended.

use std::sync::Arc;

use async_trait::async_trait;
use business_graph_gateway::{FollowRequestEnded, FollowRequested, topics};
use infra_bus::{Event, Handler, HandlerError};
use infra_kernel::Context;
use product_notifications_gateway::Kind;

use super::{Happened, Told, take_back, tell};
use crate::state::State;
use crate::store::heard::What;

pub(super) struct FollowRequests(pub(super) Arc<State>);

#[async_trait]
impl Handler for FollowRequests {
    async fn handle(&self, context: &Context, event: &Event) -> Result<(), HandlerError> {
        let (what, kind) = (What::FollowRequest, Kind::FollowRequest);
        if event.topic == topics::FOLLOW_REQUEST_ENDED {
            let ended: FollowRequestEnded = event.decode()?;
            take_back(&self.0, what, kind, ended.request_id).await?;
            return Ok(());
        }
        let requested: FollowRequested = event.decode()?;
        let told = Told {
            account: requested.followee_id,
            kind,
            from: requested.follower_id,
            post: 0,
            source: requested.request_id,
        };
        let happened = Happened::new(event, what, requested.request_id, 0);
        tell(&self.0, context, happened, vec![told]).await?;
        Ok(())
    }
}
