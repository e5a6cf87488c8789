//! Two processes that want the posts' database on a server (ADR 0026).

use std::sync::Arc;

use business_posts::{DATABASE, PostsCore, Settings};
use business_posts_gateway::{FollowTagRequest, ReshareRequest, Visibility};
use infra_db::Database;
use infra_domain::Domain as _;
use infra_kernel::{ManualClock, Timestamp};
use testing_databases::{Contest, compete};

use crate::support::{context, over, text};

#[tokio::test]
async fn posts_are_numbered_in_the_order_of_their_commits_over_a_take_over() {
    let Some(contest) = Contest::of(&DATABASE) else {
        return;
    };
    let start = Timestamp::from_milliseconds(1_800_000_000_000);
    let clock = Arc::new(ManualClock::at(start));
    let core = |database| core_over(database, &clock);
    let post = async |core: &Arc<PostsCore>, author: u64| {
        let (posts, request) = (core.gateway(), text(author, "words"));
        posts.create_post(&context(), request).await.map(drop)
    };
    let ids = "SELECT id FROM posts WHERE id > $1 ORDER BY id";
    compete(&contest, core, post, ids).await;
}

#[tokio::test]
async fn reshares_are_numbered_in_the_order_of_their_commits_over_a_take_over() {
    let Some(contest) = Contest::of(&DATABASE) else {
        return;
    };
    let start = Timestamp::from_milliseconds(1_800_000_000_000);
    let clock = Arc::new(ManualClock::at(start));
    let core = |database| core_over(database, &clock);
    // Each of a post of its own, which is there before it.
    let reshare = async |core: &Arc<PostsCore>, account: u64| {
        let posts = core.gateway();
        let post = posts
            .create_post(&context(), text(account, "words"))
            .await?;
        let request = ReshareRequest {
            account_id: account,
            post_id: post.post.unwrap().id,
            visibility: Visibility::Public.into(),
        };
        posts.reshare(&context(), request).await.map(drop)
    };
    let ids = "SELECT id FROM reshares WHERE id > $1 ORDER BY id";
    compete(&contest, core, reshare, ids).await;
}

#[tokio::test]
async fn followed_hashtags_are_numbered_in_the_order_of_their_commits_over_a_take_over() {
    let Some(contest) = Contest::of(&DATABASE) else {
        return;
    };
    let start = Timestamp::from_milliseconds(1_800_000_000_000);
    let clock = Arc::new(ManualClock::at(start));
    let core = |database| core_over(database, &clock);
    let follow = async |core: &Arc<PostsCore>, account_id: u64| {
        let name = "sea".to_owned();
        let request = FollowTagRequest { account_id, name };
        core.gateway()
            .follow_tag(&context(), request)
            .await
            .map(drop)
    };
    let ids = "SELECT id FROM followed_hashtags WHERE id > $1 ORDER BY id";
    compete(&contest, core, follow, ids).await;
}

fn core_over(database: Database, clock: &Arc<ManualClock>) -> Arc<PostsCore> {
    let (accounts, album) = (Arc::default(), Arc::default());
    over(database, clock, &accounts, &album, Settings::default())
}
