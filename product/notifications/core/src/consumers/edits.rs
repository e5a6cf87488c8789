//! Tells those whom a post mentions since it was changed, and those who reshared what it said
//! before.

use std::sync::Arc;

use async_trait::async_trait;
use business_posts_gateway::{PostEdited, topics};
use infra_bus::{Event, Handler, HandlerError};
use infra_kernel::Context;
use product_notifications_gateway::Kind;

use super::{Happened, Told, tell};
use crate::state::State;
use crate::store::heard::What;

pub(super) struct Edits(pub(super) Arc<State>);

#[async_trait]
impl Handler for Edits {
    async fn handle(&self, context: &Context, event: &Event) -> Result<(), HandlerError> {
        debug_assert_eq!(event.topic, topics::EDITED);
        let edited: PostEdited = event.decode()?;
        // An event without a head names no post, and another attempt would not change that.
        let Some(head) = edited.head else {
            return Ok(());
        };
        let told = |account, kind| Told {
            account,
            kind,
            from: head.author_id,
            post: head.id,
            source: head.id,
        };
        let mentioned = edited.newly_mentioned_ids.iter();
        let mentions = mentioned.map(|account| told(*account, Kind::Mention));
        // Once: who is mentioned now sees there what it says now.
        let is_mentioned = |account: &&u64| edited.newly_mentioned_ids.contains(account);
        let reshared_by = edited.reshared_by_ids.iter();
        let others = reshared_by.filter(|account| !is_mentioned(account));
        let edits = others.map(|account| told(*account, Kind::Edit));
        // A post is edited more than once: what was heard of is this change.
        let happened = Happened::to_post(event, What::Edited, event.id.get(), &head);
        tell(&self.0, context, happened, mentions.chain(edits).collect()).await?;
        Ok(())
    }
}
