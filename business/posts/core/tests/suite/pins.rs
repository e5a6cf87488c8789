//! Posts on top of their author's page.

use std::time::Duration;

use business_posts_gateway::{
    CreatePostRequest, ListPinnedRequest, PinPostRequest, ReshareRequest, UnpinPostRequest,
    Visibility,
};
use infra_kernel::{ErrorCode, Result};

use crate::support::{World, context, text};

impl World {
    async fn pin(&self, author_id: u64, post_id: u64) -> Result<()> {
        let request = PinPostRequest { author_id, post_id };
        self.clock.advance(Duration::from_secs(1));
        self.posts.pin_post(&context(), request).await.map(drop)
    }

    async fn unpin(&self, author_id: u64, post_id: u64) {
        let request = UnpinPostRequest { author_id, post_id };
        self.posts.unpin_post(&context(), request).await.unwrap();
    }

    async fn pinned(&self, author_id: u64) -> Vec<u64> {
        let request = ListPinnedRequest { author_id };
        let reply = self.posts.list_pinned(&context(), request).await.unwrap();
        assert!(reply.heads.iter().all(|head| head.pinned));
        reply.heads.iter().map(|head| head.id).collect()
    }
}

#[tokio::test]
async fn the_latest_pinned_comes_first_and_is_gone_with_its_post() {
    let mut world = World::new().await;
    let mut posts = Vec::new();
    for _ in 0..3 {
        posts.push(world.create(text(1, "words")).await.unwrap().id);
    }
    for post in [posts[2], posts[0], posts[2]] {
        world.pin(1, post).await.unwrap();
    }
    for _ in 0..2 {
        assert_eq!(world.pinned(1).await, [posts[0], posts[2]]);
        let pinned = world.heads(posts.clone()).await;
        let pinned: Vec<bool> = pinned.iter().map(|head| head.pinned).collect();
        assert_eq!(pinned, [true, false, true]);
        world.restart().await;
    }
    world.unpin(2, posts[0]).await;
    for _ in 0..2 {
        world.unpin(1, posts[2]).await;
        assert_eq!(world.pinned(1).await, [posts[0]]);
    }
    assert!(!world.heads(vec![posts[2]]).await[0].pinned);
    world.delete(1, posts[0]).await.unwrap();
    assert!(world.pinned(1).await.is_empty());
}

#[tokio::test]
async fn what_cannot_be_pinned_is_refused_in_mastodons_words() {
    let world = World::new().await;
    let post = world.create(text(1, "words")).await.unwrap().id;
    let direct = CreatePostRequest {
        visibility: Visibility::Direct.into(),
        ..text(1, "psst")
    };
    let direct = world.create(direct).await.unwrap().id;
    let reshare = ReshareRequest {
        account_id: 1,
        post_id: post,
        visibility: Visibility::Public.into(),
    };
    let reshare = world.posts.reshare(&context(), reshare).await.unwrap();
    for (author, post, code, words) in [
        (2, post, ErrorCode::Invalid, "Someone else's post"),
        (1, direct, ErrorCode::Invalid, "mentioned users"),
        (
            1,
            reshare.reshare.unwrap().id,
            ErrorCode::Invalid,
            "A boost",
        ),
        (1, 7, ErrorCode::NotFound, "no such post"),
    ] {
        let refused = world.pin(author, post).await.unwrap_err();
        assert_eq!(refused.code(), code);
        assert!(refused.public().contains(words), "{refused}");
    }
    for _ in 0..5 {
        let post = world.create(text(1, "words")).await.unwrap().id;
        world.pin(1, post).await.unwrap();
    }
    let refused = world.pin(1, post).await.unwrap_err();
    assert!(refused.public().contains("maximum number"), "{refused}");
    assert_eq!(world.pinned(1).await.len(), 5);
    assert!(!world.heads(vec![post]).await[0].pinned);
}
