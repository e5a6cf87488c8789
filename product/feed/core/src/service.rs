//! The contract, call by call.

mod find_audience;
mod get_home;
mod get_list_timeline;
mod rebuild_home;

use std::sync::Arc;

use async_trait::async_trait;
use business_graph_gateway::ListId;
use infra_kernel::{AccountId, Context, Result};
use infra_rpc::v1::Page;
use product_feed_gateway::{
    Feed, FeedEntry, FindAudienceReply, FindAudienceRequest, GetHomeReply, GetHomeRequest,
    GetListTimelineReply, GetListTimelineRequest, RebuildHomeReply, RebuildHomeRequest,
};

use crate::audience::Entry;
use crate::error::FeedError;
use crate::state::State;

/// The most entries in a page. Surfaces ask for less; the rest is room for what the rules take out.
const PAGE_MAX: u32 = 200;

pub(crate) struct FeedService {
    state: Arc<State>,
}

impl FeedService {
    pub(crate) const fn new(state: Arc<State>) -> Self {
        Self { state }
    }
}

#[async_trait]
impl Feed for FeedService {
    async fn get_home(&self, context: &Context, request: GetHomeRequest) -> Result<GetHomeReply> {
        let reader = AccountId::new(request.account_id);
        if reader.get() == 0 {
            return Err(FeedError::NoAccount.into());
        }
        context.caller().require_account(reader)?;
        let page = Page::required(request.page, PAGE_MAX)?;
        let entries = get_home::get_home(&self.state, context, reader, &page).await?;
        Ok(GetHomeReply {
            entries: entries.iter().map(entry).collect(),
        })
    }

    async fn get_list_timeline(
        &self,
        context: &Context,
        request: GetListTimelineRequest,
    ) -> Result<GetListTimelineReply> {
        let reader = AccountId::new(request.account_id);
        context.caller().require_account(reader)?;
        let page = Page::required(request.page, PAGE_MAX)?;
        let list = ListId::new(request.list_id);
        let entries =
            get_list_timeline::get_list_timeline(&self.state, context, reader, list, &page);
        Ok(GetListTimelineReply {
            entries: entries.await?.iter().map(entry).collect(),
        })
    }

    async fn find_audience(
        &self,
        context: &Context,
        request: FindAudienceRequest,
    ) -> Result<FindAudienceReply> {
        // It tells who follows what, and who is on whose lists.
        context.caller().require_system()?;
        Ok(find_audience::find_audience(&self.state, context, request).await?)
    }

    async fn rebuild_home(
        &self,
        context: &Context,
        request: RebuildHomeRequest,
    ) -> Result<RebuildHomeReply> {
        context.caller().require_system()?;
        let count = rebuild_home::rebuild_home(&self.state, context, request.account_id).await?;
        Ok(RebuildHomeReply { count })
    }
}

const fn entry(entry: &Entry) -> FeedEntry {
    FeedEntry {
        post_id: entry.post.get(),
        author_id: entry.author.get(),
    }
}
