//! The feed's gateway.

use std::sync::Arc;

use async_trait::async_trait;
use infra_kernel::{AccountId, Context, Result};
use infra_rpc::v1::Page;
use product_feed_gateway::{
    Feed, FeedEntry, GetHomeReply, GetHomeRequest, RebuildHomeReply, RebuildHomeRequest,
};

use crate::error::FeedError;
use crate::home;
use crate::timelines::Timelines;

/// The most entries in a page. Surfaces ask for less; the rest is room for what the rules take out.
const PAGE_MAX: u32 = 200;

pub(crate) struct Service {
    timelines: Arc<Timelines>,
}

impl Service {
    pub(crate) const fn new(timelines: Arc<Timelines>) -> Self {
        Self { timelines }
    }
}

#[async_trait]
impl Feed for Service {
    async fn get_home(&self, context: &Context, request: GetHomeRequest) -> Result<GetHomeReply> {
        let reader = AccountId::new(request.account_id);
        if reader.get() == 0 {
            return Err(FeedError::NoAccount.into());
        }
        context.caller().require_account(reader)?;
        let page = Page::required(request.page, PAGE_MAX)?;
        let entries = home::read(&self.timelines, context, reader, &page).await?;
        let entry = |entry: &crate::audience::Entry| FeedEntry {
            post_id: entry.post.get(),
            author_id: entry.author.get(),
        };
        Ok(GetHomeReply {
            entries: entries.iter().map(entry).collect(),
        })
    }

    async fn rebuild_home(
        &self,
        context: &Context,
        request: RebuildHomeRequest,
    ) -> Result<RebuildHomeReply> {
        context.caller().require_system()?;
        let count = match request.account_id {
            0 => self.timelines.drop_all().await?,
            account => {
                self.timelines
                    .rebuild(context, AccountId::new(account))
                    .await?
            }
        };
        Ok(RebuildHomeReply { count })
    }
}
