//! Two processes that want the database of engagement on a server (ADR 0026).

use std::sync::Arc;

use business_engagement::{DATABASE, EngagementCore, Settings};
use business_engagement_gateway::{BookmarkRequest, LikeRequest};
use infra_domain::Domain as _;
use testing_databases::{Contest, compete};

use crate::support::{POSTS, over, signed_in};

fn core(database: infra_db::Database) -> EngagementCore {
    over(database, &Arc::default(), Settings::default())
}

#[tokio::test]
async fn likes_are_numbered_in_the_order_of_their_commits_over_a_take_over() {
    let Some(contest) = Contest::of(&DATABASE) else {
        return;
    };
    let like = async |core: &EngagementCore, account_id: u64| {
        let request = LikeRequest {
            account_id,
            post_id: 1 + account_id % POSTS,
        };
        let (engagement, context) = (core.gateway(), signed_in(account_id));
        engagement.like(&context, request).await.map(drop)
    };
    let ids = "SELECT id FROM likes WHERE id > $1 ORDER BY id";
    compete(&contest, core, like, ids).await;
}

#[tokio::test]
async fn bookmarks_are_numbered_in_the_order_of_their_commits_over_a_take_over() {
    let Some(contest) = Contest::of(&DATABASE) else {
        return;
    };
    let bookmark = async |core: &EngagementCore, account_id: u64| {
        let request = BookmarkRequest {
            account_id,
            post_id: 1 + account_id % POSTS,
        };
        let (engagement, context) = (core.gateway(), signed_in(account_id));
        engagement.bookmark(&context, request).await.map(drop)
    };
    let ids = "SELECT id FROM bookmarks WHERE id > $1 ORDER BY id";
    compete(&contest, core, bookmark, ids).await;
}
