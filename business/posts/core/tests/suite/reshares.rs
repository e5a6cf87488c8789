//! Posts that are shown again.

use std::collections::BTreeSet;
use std::time::Duration;

use business_posts::Settings;
use business_posts_gateway::{
    CreatePostRequest, GetResharedRequest, ListByAuthorRequest, ListResharesRequest, Post,
    PostHead, PostPublished, ReshareRequest, UnreshareRequest, Visibility, topics,
};
use infra_kernel::{ErrorCode, Page, Result};
use proptest::prelude::*;

use crate::support::{World, context, reply_to, text};

impl World {
    async fn reshare_for(
        &self,
        account_id: u64,
        post_id: u64,
        visibility: Visibility,
    ) -> Result<(Post, bool)> {
        let request = ReshareRequest {
            account_id,
            post_id,
            visibility: visibility.into(),
        };
        let reply = self.posts.reshare(&context(), request).await?;
        Ok((reply.reshare.unwrap(), reply.created))
    }

    async fn reshare(&self, account_id: u64, post_id: u64) -> Post {
        let reshared = self.reshare_for(account_id, post_id, Visibility::Public);
        reshared.await.unwrap().0
    }

    async fn unreshare(&self, account_id: u64, post_id: u64) -> bool {
        let request = UnreshareRequest {
            account_id,
            post_id,
        };
        let reply = self.posts.unreshare(&context(), request).await;
        reply.unwrap().removed
    }

    async fn reshares_count(&self, post: u64) -> u64 {
        self.heads(vec![post]).await[0].reshares_count
    }

    async fn reshared(&self, account_id: u64, post_ids: Vec<u64>) -> Vec<u64> {
        let request = GetResharedRequest {
            account_id,
            post_ids,
        };
        let reply = self.posts.get_reshared(&context(), request).await;
        reply.unwrap().post_ids
    }

    /// The reshares that everyone may see.
    async fn resharing(&self, post_id: u64) -> Vec<u64> {
        let request = ListResharesRequest {
            post_id,
            page: Some(Page::newest(9).into()),
        };
        let listed = self.posts.list_reshares(&context(), request).await;
        ids(&listed.unwrap().heads)
    }

    async fn of_author(&self, request: ListByAuthorRequest, limit: u32) -> Vec<u64> {
        let request = ListByAuthorRequest {
            page: Some(Page::newest(limit).into()),
            ..request
        };
        let reply = self.posts.list_by_author(&context(), request).await;
        ids(&reply.unwrap().heads)
    }

    /// Delivers what is in the outbox from this position on, and what comes of it.
    async fn deliver_from(&self, mut first: usize) {
        loop {
            let events = self.events().await;
            let Some(event) = events.get(first) else {
                return;
            };
            self.deliver(event).await.unwrap();
            first += 1;
        }
    }
}

fn ids(heads: &[PostHead]) -> Vec<u64> {
    heads.iter().map(|head| head.id).collect()
}

fn of(author_id: u64) -> ListByAuthorRequest {
    ListByAuthorRequest {
        author_id,
        ..Default::default()
    }
}

#[tokio::test]
async fn a_reshare_is_made_once_counted_and_announced() {
    let mut world = World::new().await;
    let post = world.create(text(1, "a lake")).await.unwrap();
    let (reshare, created) = world
        .reshare_for(2, post.id, Visibility::Unlisted)
        .await
        .unwrap();
    assert!(created && reshare.id > post.id);
    assert_eq!(
        (reshare.reshare_of_id, reshare.reshare_of_author_id),
        (post.id, 1)
    );
    assert_eq!(
        (reshare.author_id, reshare.visibility()),
        (2, Visibility::Unlisted)
    );
    let again = world.reshare_for(2, post.id, Visibility::Public).await;
    assert_eq!(again.unwrap(), (reshare.clone(), false));
    let event = world.events().await.pop().unwrap();
    assert_eq!(
        (event.topic.as_str(), event.key),
        (topics::PUBLISHED, reshare.id)
    );
    let told: PostPublished = event.decode().unwrap();
    assert_eq!(told.head, Some(reshare.head()));
    assert_eq!(world.rows("outbox").await, 2);
    for _ in 0..2 {
        assert_eq!(world.get(reshare.id).await.as_ref(), Some(&reshare));
        assert_eq!(
            world.heads(vec![reshare.id, post.id]).await[0],
            reshare.head()
        );
        assert_eq!(world.reshares_count(post.id).await, 1);
        assert_eq!(
            world.reshared(2, vec![9, post.id, reshare.id]).await,
            [post.id]
        );
        assert!(world.reshared(1, vec![post.id]).await.is_empty());
        // No post of anybody's: neither its author's numbers nor everyone's move.
        assert_eq!((world.stats(2).await, world.count().await), ((0, 0), 1));
        world.restart().await;
    }
    assert!(world.unreshare(2, post.id).await);
    assert!(!world.unreshare(2, post.id).await);
    assert_eq!(world.get(reshare.id).await, None);
    assert_eq!(world.reshares_count(post.id).await, 0);
    assert!(world.reshared(2, vec![post.id]).await.is_empty());
    assert_eq!(world.events().await.pop().unwrap().topic, topics::DELETED);
    // Once more is a reshare of its own.
    assert_ne!(world.reshare(2, post.id).await.id, reshare.id);
}

#[tokio::test]
async fn what_cannot_be_reshared_is_refused() {
    let world = World::new().await;
    let with = |visibility: Visibility| CreatePostRequest {
        visibility: visibility.into(),
        ..text(1, "words")
    };
    let open = world.create(text(1, "open")).await.unwrap();
    let hidden = world.create(with(Visibility::Private)).await.unwrap();
    let direct = world.create(with(Visibility::Direct)).await.unwrap();
    let reshare = world.reshare(2, open.id).await;
    let public = Visibility::Public;
    for (account, post, visibility, expected) in [
        (2, open.id + 1_000_000, public, ErrorCode::NotFound),
        (3, reshare.id, public, ErrorCode::NotFound),
        (2, hidden.id, public, ErrorCode::Forbidden),
        (1, direct.id, public, ErrorCode::Forbidden),
        (3, open.id, Visibility::Direct, ErrorCode::Invalid),
        (3, open.id, Visibility::Unspecified, ErrorCode::Invalid),
    ] {
        let refused = world.reshare_for(account, post, visibility).await;
        assert_eq!(
            refused.unwrap_err().code(),
            expected,
            "{account} {post} {visibility:?}"
        );
    }
    // One's own for followers, and for them alone: its count does not tell of it.
    let (own, _) = world.reshare_for(1, hidden.id, public).await.unwrap();
    assert_eq!(own.visibility(), Visibility::Private);
    let (hidden_one, _) = world
        .reshare_for(4, open.id, Visibility::Private)
        .await
        .unwrap();
    assert_eq!(world.resharing(open.id).await, [reshare.id]);
    assert_eq!(world.get(hidden_one.id).await, Some(hidden_one));
    assert_eq!(world.reshares_count(hidden.id).await, 0);
    // Nor can a reshare be replied to: what it shows can.
    let refused = world.create(reply_to(3, reshare.id)).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::NotFound);
}

#[tokio::test]
async fn reshares_stand_among_the_posts_of_who_made_them_unless_they_are_left_out() {
    let mut world = World::new().await;
    let lake = world.create(text(1, "a lake #light")).await.unwrap().id;
    let own = world.create(text(2, "my own")).await.unwrap().id;
    let reshare = world.reshare(2, lake).await.id;
    let reply = world.create(reply_to(2, lake)).await.unwrap().id;
    for _ in 0..2 {
        assert_eq!(world.of_author(of(2), 9).await, [reply, reshare, own]);
        let no_replies = ListByAuthorRequest {
            exclude_replies: true,
            ..of(2)
        };
        assert_eq!(world.of_author(no_replies, 9).await, [reshare, own]);
        let no_reshares = ListByAuthorRequest {
            exclude_reshares: true,
            ..of(2)
        };
        assert_eq!(world.of_author(no_reshares, 9).await, [reply, own]);
        for narrower in [
            ListByAuthorRequest {
                only_media: true,
                ..of(2)
            },
            ListByAuthorRequest {
                tag: "light".into(),
                ..of(2)
            },
        ] {
            assert!(world.of_author(narrower, 9).await.is_empty());
        }
        world.restart().await;
    }
    assert_eq!(world.resharing(lake).await, [reshare]);
    // By its own id as any post, and not by a stranger.
    let refused = world.delete(1, reshare).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::NotFound);
    assert_eq!(world.delete(2, reshare).await.unwrap().id, reshare);
    assert_eq!(world.of_author(of(2), 9).await, [reply, own]);
}

#[tokio::test]
async fn lists_longer_than_memory_hold_both_in_order() {
    let world = World::new().await;
    let mut expected = Vec::new();
    for number in 0..230 {
        let post = world.create(text(1, "of another")).await.unwrap().id;
        if number % 3 == 0 {
            expected.push(world.create(text(2, "own")).await.unwrap().id);
        }
        expected.push(world.reshare(2, post).await.id);
    }
    expected.reverse();
    assert_eq!(world.of_author(of(2), 400).await, expected);
    // More than are kept in memory: the oldest is found as well.
    let first = world.of_author(of(1), 400).await.pop().unwrap();
    for _ in 0..80 {
        let post = world.create(text(1, "of another")).await.unwrap().id;
        world.reshare(2, post).await;
    }
    assert_eq!(world.reshared(2, vec![first, 7]).await, [first]);
}

#[tokio::test]
async fn as_many_as_posts_can_be_reshared_within_a_day() {
    let settings = Settings {
        posts_per_day_max: 2,
        ..Settings::default()
    };
    let world = World::with(settings).await;
    let mut posts = Vec::new();
    for author in 1..=3 {
        posts.push(world.create(text(author, "words")).await.unwrap().id);
    }
    for post in &posts[..2] {
        world.reshare(9, *post).await;
    }
    let refused = world.reshare_for(9, posts[2], Visibility::Public).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::RateLimited);
    assert!(
        refused.to_string().contains("reshared 2 posts"),
        "{refused}"
    );
    // What is there already is none more.
    world.reshare(9, posts[0]).await;
    world.clock.advance(Duration::from_secs(24 * 60 * 60));
    world.reshare(9, posts[2]).await;
}

#[tokio::test]
async fn the_reshares_of_a_deleted_post_go_with_it() {
    let world = World::new().await;
    let post = world.create(text(1, "a lake")).await.unwrap();
    let other = world.create(text(1, "another")).await.unwrap();
    let mut reshares = BTreeSet::new();
    for account in 10..235 {
        reshares.insert(world.reshare(account, post.id).await.id);
    }
    let kept = world.reshare(2, other.id).await;
    assert_eq!(world.of_author(of(10), 9).await.len(), 1);
    let before = world.events().await.len();
    world.delete(1, post.id).await.unwrap();
    world.deliver_from(before).await;
    assert_eq!(world.rows("reshares").await, 1);
    assert!(world.of_author(of(10), 9).await.is_empty());
    assert!(world.reshared(10, vec![post.id]).await.is_empty());
    let told = world.events().await.split_off(before + 1);
    assert!(told.iter().all(|event| event.topic == topics::DELETED));
    assert_eq!(
        told.iter().map(|event| event.key).collect::<BTreeSet<_>>(),
        reshares
    );
    assert_eq!(world.get(kept.id).await, Some(kept));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    /// Whatever accounts reshare, take back and delete, the counts and the marks are those of the
    /// reshares that are there.
    #[test]
    fn counts_and_marks_are_what_is_there(
        steps in proptest::collection::vec((0_u64..4, 0_usize..4, 0_u8..5), 1..40)
    ) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let mut world = World::new().await;
            let mut posts = Vec::new();
            for _ in 0..4 {
                posts.push(world.create(text(1, "words")).await.unwrap().id);
            }
            let mut there: BTreeSet<(u64, u64, bool)> = BTreeSet::new();
            for (account, post, step) in steps {
                let (account, post) = (account + 10, posts[post]);
                let is_there = |&(one, of, _): &(u64, u64, bool)| (one, of) == (account, post);
                match step {
                    0 => {
                        there.retain(|one| !is_there(one));
                        world.unreshare(account, post).await;
                    }
                    1 => world.restart().await,
                    step => {
                        let visibility = [Visibility::Public, Visibility::Unlisted, Visibility::Private];
                        let visibility = visibility[usize::from(step) - 2];
                        world.reshare_for(account, post, visibility).await.unwrap();
                        if !there.iter().any(is_there) {
                            there.insert((account, post, visibility.is_open()));
                        }
                    }
                }
                for post in &posts {
                    let open = there.iter().filter(|(_, of, is_open)| of == post && *is_open);
                    assert_eq!(world.reshares_count(*post).await, open.count() as u64);
                }
                for account in 10..14 {
                    let marked = world.reshared(account, posts.clone()).await;
                    let mut expected = posts.clone();
                    expected.retain(|post| there.iter().any(|(one, of, _)| (*one, *of) == (account, *post)));
                    assert_eq!(marked, expected);
                    let listed = world.of_author(of(account), 40).await;
                    assert_eq!(listed.len(), expected.len());
                }
            }
        });
    }
}
