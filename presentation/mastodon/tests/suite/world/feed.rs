//! Timelines, as simple as they can be.

use async_trait::async_trait;
use infra_kernel::{Context, Result};
use product_feed_gateway::{
    FeedEntry, FindAudienceReply, FindAudienceRequest, GetHomeReply, GetHomeRequest,
    GetListTimelineReply, GetListTimelineRequest,
};
use testing_stubs::StubFeed;

use super::World;

#[async_trait]
impl StubFeed for World {
    async fn get_home(&self, _: &Context, request: GetHomeRequest) -> Result<GetHomeReply> {
        let entries = self
            .page(request.page, |_| true)
            .into_iter()
            .map(|head| FeedEntry {
                post_id: head.id,
                author_id: head.author_id,
            });
        Ok(GetHomeReply {
            entries: entries.collect(),
        })
    }

    async fn find_audience(
        &self,
        context: &Context,
        request: FindAudienceRequest,
    ) -> Result<FindAudienceReply> {
        context.caller().require_system()?;
        // Everyone who is asked about: what may not be seen is not to be told all the same.
        Ok(FindAudienceReply {
            account_ids: request.account_ids,
            list_ids: request.list_ids,
        })
    }

    async fn get_list_timeline(
        &self,
        _: &Context,
        request: GetListTimelineRequest,
    ) -> Result<GetListTimelineReply> {
        self.list_timeline(&request)
    }
}
