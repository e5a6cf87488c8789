//! Puts a published post into the timelines it belongs in, a chunk of followers at a time.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use business_graph_gateway::GetStatsRequest;
use business_posts_gateway::{GetPostHeadsRequest, PostHead, PostPublished};
use infra_bus::{Event, Handler, HandlerError};
use infra_db::DbError;
use infra_kernel::{AccountId, Context};

use super::empty_event;
use crate::audience::{Delivery, Reach};
use crate::error::Result;
use crate::followers::{FollowerPages, followers_among};
use crate::kept::Mark;
use crate::state::State;

pub(crate) struct FanOutPosts {
    state: Arc<State>,
}

impl FanOutPosts {
    pub(crate) fn new(state: &Arc<State>) -> Self {
        Self {
            state: Arc::clone(state),
        }
    }

    /// Puts a post into the timelines that it belongs in, if it is still there.
    pub(super) async fn place(&self, context: &Context, head: &PostHead) -> Result<()> {
        // Before anything is looked at that the timelines are changed by.
        let mark = self.state.timelines.kept.mark().await?;
        if self.is_there(context, head.id).await? {
            self.fan_out(context, mark, &Delivery::of(head)).await?;
        }
        Ok(())
    }

    async fn fan_out(&self, context: &Context, mark: Mark, delivery: &Delivery) -> Result<()> {
        let author = delivery.timeline_entry.entry.author;
        let readers = match &delivery.reach {
            Reach::Nobody => vec![author],
            Reach::Mentioned(mentioned) => {
                let graph = &*self.state.sources.graph;
                let followers = followers_among(graph, context, author, mentioned).await?;
                let mut readers = self.for_them(context, delivery, followers).await?;
                readers.push(author);
                readers
            }
            Reach::Followers if self.is_merged(context, author).await? => vec![author],
            Reach::Followers => return self.to_followers(context, mark, delivery).await,
        };
        let timelines = &self.state.timelines;
        timelines
            .kept
            .place(mark, readers, delivery.timeline_entry)
            .await?;
        Ok(())
    }

    async fn to_followers(&self, context: &Context, mark: Mark, delivery: &Delivery) -> Result<()> {
        let author = delivery.timeline_entry.entry.author;
        let graph = &*self.state.sources.graph;
        let mut pages = FollowerPages::new(graph, context, author, &self.state.settings);
        // The author's own timeline is written with the first step.
        let mut readers = vec![author];
        for _ in 0..FollowerPages::fanned_out_max(&self.state.settings) {
            let Some(followers) = pages.next().await? else {
                return Ok(());
            };
            readers.extend(self.for_them(context, delivery, followers).await?);
            let kept = &self.state.timelines.kept;
            let some = std::mem::take(&mut readers);
            kept.place(mark, some, delivery.timeline_entry).await?;
        }
        if pages.is_at_end() {
            return Ok(());
        }
        // So many began to follow meanwhile that the author now counts among those who are merged.
        self.state
            .merged
            .note(author, self.state.clock.now())
            .await?;
        Ok(())
    }

    /// Whether the author's posts are merged when timelines are read, which is decided and noted
    /// here.
    async fn is_merged(&self, context: &Context, author: AccountId) -> Result<bool> {
        // Asked in memory: who is merged stays it, and their followers need no counting.
        if self.state.merged.contains(author).await? {
            return Ok(true);
        }
        let request = GetStatsRequest {
            account_ids: vec![author.get()],
        };
        let stats = self
            .state
            .sources
            .graph
            .get_stats(context, request)
            .await?
            .stats;
        let followers = stats.first().map_or(0, |stats| stats.followers);
        if followers <= u64::from(self.state.settings.merge_threshold) {
            return Ok(false);
        }
        self.state.merged.note(author, self.state.clock.now()).await
    }

    /// Those of an author's followers whom the post is for.
    async fn for_them(
        &self,
        context: &Context,
        delivery: &Delivery,
        followers: Vec<AccountId>,
    ) -> Result<Vec<AccountId>> {
        // It matters to nobody whom else they follow: the graph is not asked.
        let Some(replied_to) = delivery.timeline_entry.replied_to else {
            return Ok(followers
                .into_iter()
                .filter(|one| delivery.is_for(*one, |_| true))
                .collect());
        };
        let graph = &*self.state.sources.graph;
        let both = followers_among(graph, context, replied_to, &followers).await?;
        let both: HashSet<_> = both.into_iter().collect();
        Ok(followers
            .into_iter()
            .filter(|follower| delivery.is_for(*follower, |_| both.contains(follower)))
            .collect())
    }

    /// Whether the post is still there: an event may come after its post was deleted, even long
    /// after.
    async fn is_there(&self, context: &Context, post: u64) -> Result<bool> {
        let request = GetPostHeadsRequest { ids: vec![post] };
        let heads = self
            .state
            .sources
            .posts
            .get_post_heads(context, request)
            .await?
            .heads;
        Ok(!heads.is_empty())
    }
}

#[async_trait]
impl Handler for FanOutPosts {
    async fn handle(&self, context: &Context, event: &Event) -> Result<(), HandlerError> {
        let head = event
            .decode::<PostPublished>()?
            .head
            .ok_or_else(empty_event)?;
        self.place(context, &head).await?;
        Ok(())
    }

    // Before the event is acknowledged (ADR 0032).
    async fn sync(&self) -> Result<(), DbError> {
        self.state.store.sync().await
    }
}
