//! Announces a new post to those of its author's followers who want to be told of each, some at a
//! time.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use business_graph_gateway::{Follow, ListFollowsRequest};
use business_posts_gateway::{PostHead, Visibility};
use infra_db::{Connection, DbError};
use infra_kernel::{AccountId, Context, Error, ErrorCode, Page};
use product_notifications_gateway::Kind;

use super::{Happened, Told, store_all};
use crate::state::State;
use crate::store::heard::{self, What};

/// What has to be left of an attempt for one more batch.
const TIME_LEFT_MIN: Duration = Duration::from_secs(20);
/// How many are told in one transaction: few enough that other writes do not wait for it.
const BATCH_MAX: u32 = 100;

/// Tells those who want it of this post, whose publishing is what `happened`. An attempt that is
/// cut off continues where it was: how far it came is noted with each batch, so that nobody is told
/// again of what they dismissed meanwhile.
pub(super) async fn announce(
    state: &Arc<State>,
    context: &Context,
    happened: Happened,
    head: &PostHead,
) -> Result<(), Error> {
    if !is_announced(head) || state.is_forgotten(happened.at_us) {
        return Ok(());
    }
    let mut begun = heard::announced(&state.database, head.id).await?;
    let mut below = begun.unwrap_or(u64::MAX);
    while below > 0 {
        let page = Page {
            before: below,
            ..Page::newest(BATCH_MAX)
        };
        let request = ListFollowsRequest::new(AccountId::new(head.author_id), page);
        let follows = state.graph.list_notified_followers(context, request);
        let follows = follows.await?.follows;
        if follows.is_empty() && below == u64::MAX {
            // As for most authors: nothing is written.
            return Ok(());
        }
        below = match follows.last() {
            Some(last) if follows.len() >= BATCH_MAX as usize => last.id,
            _ => 0,
        };
        let batch = Batch {
            told: addressed(head, &follows),
            begun,
            below,
        };
        if !tell_some(state, context, happened, batch).await? {
            return Ok(());
        }
        begun = Some(below);
        // Handled once more, and never given up for how many there are.
        if below > 0 && context.remaining() < TIME_LEFT_MIN {
            let sentence = "This takes longer than one attempt.";
            return Err(Error::new(ErrorCode::Unavailable, sentence));
        }
    }
    Ok(())
}

/// Whether followers are told of it: as in Mastodon, of no reshare, of no reply to somebody else,
/// and of nothing that is for those alone whom it mentions.
fn is_announced(head: &PostHead) -> bool {
    let is_for_followers = matches!(
        head.visibility(),
        Visibility::Public | Visibility::Unlisted | Visibility::Private
    );
    let is_own = head.in_reply_to_id == 0 || head.in_reply_to_author_id == head.author_id;
    is_for_followers && is_own && head.reshare_of_id == 0
}

/// What these followers are told. Who is mentioned is told of that.
fn addressed(head: &PostHead, follows: &[Follow]) -> Vec<Told> {
    let mentioned: HashSet<u64> = head.mentioned_ids.iter().copied().collect();
    let others = follows
        .iter()
        .filter(|follow| !mentioned.contains(&follow.follower_id));
    let told = others.map(|follow| Told {
        account: follow.follower_id,
        kind: Kind::NewPost,
        from: head.author_id,
        post: head.id,
        source: head.id,
    });
    told.collect()
}

/// Followers who are told in one transaction.
struct Batch {
    told: Vec<Told>,
    /// How far the post was announced before.
    begun: Option<u64>,
    /// How far it is with this.
    below: u64,
}

/// One batch; returns whether the post is still there, and no other attempt came further.
async fn tell_some(
    state: &Arc<State>,
    context: &Context,
    happened: Happened,
    batch: Batch,
) -> Result<bool, DbError> {
    let (writing, context) = (Arc::clone(state), context.clone());
    state
        .database
        .write(move |connection| {
            Box::pin(async move { write(connection, &writing, &context, happened, &batch).await })
        })
        .await
}

async fn write(
    connection: &mut Connection,
    state: &State,
    context: &Context,
    happened: Happened,
    batch: &Batch,
) -> Result<bool, DbError> {
    // Its notifications are gone, or about to: none are to come after.
    if heard::is_heard(connection, What::Deleted, happened.post).await? {
        return Ok(false);
    }
    // An attempt that was cut off may have been written to its end.
    if heard::announced_so_far(connection, happened.post).await? != batch.begun {
        return Ok(false);
    }
    store_all(connection, state, context, happened, &batch.told).await?;
    heard::note_announced(connection, happened.post, batch.below, state.clock.now()).await?;
    Ok(true)
}
