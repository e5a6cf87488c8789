//! Who likes what: nobody, anything.

use business_engagement_gateway::*;
use infra_kernel::Result;
use testing_stubs::{StubModeration, StubNotifications};

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

/// The page shows no notifications, and has no way to report.
impl StubNotifications for Fakes {}
impl StubModeration for Fakes {}
