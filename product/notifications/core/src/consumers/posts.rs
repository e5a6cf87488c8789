//! Tells those whom a post mentions or replies to, those whose post is reshared and those who want
//! to be told of each, and removes
//! what is about a post that was deleted and what came of a reshare that was taken back.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use business_posts_gateway::{PostDeleted, PostHead, PostPublished, Visibility, topics};
use infra_bus::{Event, Handler, HandlerError};
use infra_db::DbError;
use infra_kernel::Context;
use product_notifications_gateway::Kind;

use super::{Happened, Told, new_posts, take_back, tell};
use crate::state::State;
use crate::store::heard::{self, What};
use crate::store::{held, notifications};

/// How many notifications one transaction removes: few enough that other writes of the same group
/// do not wait for it.
const BATCH_MAX: u32 = 500;

pub(super) struct Posts(pub(super) Arc<State>);

#[async_trait]
impl Handler for Posts {
    async fn handle(&self, context: &Context, event: &Event) -> Result<(), HandlerError> {
        let is_deleted = event.topic == topics::DELETED;
        let head = if is_deleted {
            event.decode::<PostDeleted>()?.head
        } else {
            event.decode::<PostPublished>()?.head
        };
        // An event without a head names no post, and another attempt would not change that.
        let Some(head) = head else { return Ok(()) };
        if is_deleted && head.reshare_of_id != 0 {
            take_back(&self.0, What::Deleted, Kind::Reshare, head.id).await?;
            return Ok(());
        }
        if is_deleted {
            // An attempt that is cut off continues where it was: each batch is committed.
            while remove_some(&self.0, head.id).await? {}
            return Ok(());
        }
        let happened = Happened::to_post(event, What::Published, head.id, &head);
        let told = match head.reshare_of_id {
            0 => mentions_of(&head),
            // One that is not for everyone is for followers alone, and the author need be none.
            _ if !head.visibility().is_open() => Vec::new(),
            _ => vec![reshare_of(&head)],
        };
        tell(&self.0, context, happened, told).await?;
        // Last: those whom it is addressed to do not wait for those who only asked for it.
        new_posts::announce(&self.0, context, happened, &head).await?;
        Ok(())
    }
}

/// Those whom a post mentions and the author of what it replies to, each once. Whether they may see
/// the post is asked when they look.
fn mentions_of(head: &PostHead) -> Vec<Told> {
    // Who is not among those that a direct post mentions never sees it.
    let is_reply = head.in_reply_to_id != 0 && head.visibility() != Visibility::Direct;
    let replied_to = is_reply.then_some(head.in_reply_to_author_id);
    let mentioned = head.mentioned_ids.iter().copied();
    let accounts: BTreeSet<u64> = mentioned.chain(replied_to).collect();
    let mention = |account| Told {
        account,
        kind: Kind::Mention,
        from: head.author_id,
        post: head.id,
        source: head.id,
    };
    accounts.into_iter().map(mention).collect()
}

/// The author of what a reshare shows again.
const fn reshare_of(head: &PostHead) -> Told {
    Told {
        account: head.reshare_of_author_id,
        kind: Kind::Reshare,
        from: head.author_id,
        // The reshare has nothing of its own to show.
        post: head.reshare_of_id,
        source: head.id,
    }
}

/// One batch; returns whether there may be more.
async fn remove_some(state: &Arc<State>, post: u64) -> Result<bool, DbError> {
    let now = state.clock.now();
    let removed: u64 = state
        .database
        .write::<_, DbError, _>(move |connection| {
            Box::pin(async move {
                // With the first batch: what is heard of the post from now on is not told.
                heard::note(connection, What::Deleted, post, now).await?;
                let held = held::delete_some_of_post(connection, post, BATCH_MAX).await?;
                let left = BATCH_MAX.saturating_sub(u32::try_from(held).unwrap_or(BATCH_MAX));
                Ok(held + notifications::delete_some_of_post(connection, post, left).await?)
            })
        })
        .await?;
    Ok(removed == u64::from(BATCH_MAX))
}
