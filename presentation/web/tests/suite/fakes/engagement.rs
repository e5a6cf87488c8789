//! Who likes what: nobody, anything.

use business_engagement_gateway::*;
use infra_kernel::Result;

use super::Fakes;

#[allow(clippy::unused_async, reason = "the shape that the macro calls")]
impl Fakes {
    pub(super) async fn on_get_counts(&self, _: GetCountsRequest) -> Result<GetCountsReply> {
        Ok(GetCountsReply::default())
    }

    pub(super) async fn on_get_marks(&self, _: GetMarksRequest) -> Result<GetMarksReply> {
        Ok(GetMarksReply::default())
    }
}
