//! What only the server itself asks, for all who listen to it.

use business_graph_gateway::{FindListsHoldingRequest, Graph};
use business_posts_gateway::{FindTagFollowersRequest, Posts};
use infra_rpc::Contract;
use product_feed_gateway::{Feed, FindAudienceRequest};

use super::{Call, calls};

pub(super) fn of_the_server() -> Vec<(String, Call)> {
    calls! {
        dyn Graph {
            find_lists_holding(member_id => FindListsHoldingRequest { member_id, ..Default::default() });
        }
        dyn Posts {
            find_tag_followers(id => FindTagFollowersRequest { account_ids: vec![id], ..Default::default() });
        }
        dyn Feed {
            find_audience(author_id => FindAudienceRequest { author_id, ..Default::default() });
        }
    }
}
