//! Home, with one post.

use infra_kernel::Result;
use product_feed_gateway::*;

use super::{BOB, Fakes, PUBLIC_POST};

#[allow(clippy::unused_async, reason = "the shape that the macro calls")]
impl Fakes {
    pub(super) async fn on_get_home(&self, _: GetHomeRequest) -> Result<GetHomeReply> {
        Ok(GetHomeReply {
            entries: vec![FeedEntry {
                post_id: PUBLIC_POST,
                author_id: BOB,
            }],
        })
    }
}
