//! Deleting, and the counts that go with it.

use std::collections::BTreeMap;

use business_media_gateway::MediaState;
use business_posts_gateway::{
    AuthorStats, CreatePostRequest, GetConversationRequest, Post, PostDeleted, Visibility, topics,
};
use infra_kernel::ErrorCode;
use proptest::prelude::*;

use crate::support::{World, context, photos, reply_to, text};

#[tokio::test]
async fn a_deleted_post_is_gone_from_everywhere_and_its_replies_stay() {
    let world = World::new().await;
    world.accounts.0.lock().unwrap().push((7, "ada"));
    world.album.add(5, 1, MediaState::Ready);
    let root = world.create(text(2, "root")).await.unwrap();
    let mut request = photos(1, &[5]);
    request.text = "@ada".into();
    request.in_reply_to_id = root.id;
    request.idempotency_key = "key".into();
    let post = world.create(request).await.unwrap();
    let reply = world.create(reply_to(3, post.id)).await.unwrap();

    let deleted = world.delete(1, post.id).await.unwrap();
    assert_eq!((deleted.replies_count, deleted.revision), (1, 1));
    let as_written = Post {
        replies_count: 0,
        ..deleted.clone()
    };
    assert_eq!(as_written, post);
    assert_eq!(world.get(post.id).await, None);
    assert!(world.heads(vec![post.id]).await.is_empty());
    for table in ["mentions", "shown_media", "idempotency_keys"] {
        assert_eq!(world.rows(table).await, 0, "{table}");
    }
    let parent = world.get(root.id).await.unwrap();
    assert_eq!((parent.replies_count, parent.revision), (0, 1));
    let kept = world.get(reply.id).await.unwrap();
    assert_eq!(
        (kept.in_reply_to_id, kept.in_reply_to_author_id),
        (post.id, 1)
    );
    assert_eq!((world.stats(1).await, world.count().await), ((0, 0), 2));

    let event = world.events().await.pop().unwrap();
    let told: PostDeleted = event.decode().unwrap();
    assert_eq!(
        (event.topic.as_str(), event.key),
        (topics::DELETED, post.id)
    );
    assert_eq!((told.head, told.media_ids), (Some(deleted.head()), vec![5]));

    // A reply to what is gone can be deleted, too, and is the start of what is left of its
    // conversation.
    let request = GetConversationRequest {
        post_id: reply.id,
        ancestors_max: 10,
        descendants_max: 10,
    };
    let around = world
        .posts
        .get_conversation(&context(), request)
        .await
        .unwrap();
    assert!(around.ancestors.is_empty());
    world.delete(3, reply.id).await.unwrap();
}

#[tokio::test]
async fn only_ones_own_post_can_be_deleted_and_only_once() {
    let world = World::new().await;
    let post = world.create(text(1, "mine")).await.unwrap();
    for (author, id) in [(2, post.id), (1, post.id + 1), (0, post.id)] {
        let error = world.delete(author, id).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::NotFound);
    }
    let (one, other) = tokio::join!(world.delete(1, post.id), world.delete(1, post.id));
    assert_eq!(u8::from(one.is_ok()) + u8::from(other.is_ok()), 1);
    assert_eq!(
        world.delete(1, post.id).await.unwrap_err().code(),
        ErrorCode::NotFound
    );
    assert_eq!((world.count().await, world.events().await.len()), (0, 2));
}

#[derive(Debug, Clone)]
enum Step {
    Create {
        author: u64,
    },
    Reply {
        author: u64,
        to: prop::sample::Index,
        visibility: Visibility,
    },
    Delete {
        which: prop::sample::Index,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let author = 1_u64..=3;
    let step = prop_oneof![
        author.clone().prop_map(|author| Step::Create { author }),
        (
            author,
            any::<prop::sample::Index>(),
            prop::sample::select(&Visibility::ALL[..])
        )
            .prop_map(|(author, to, visibility)| Step::Reply {
                author,
                to,
                visibility
            }),
        any::<prop::sample::Index>().prop_map(|which| Step::Delete { which }),
    ];
    proptest::collection::vec(step, 1..40)
}

async fn take(world: &World, oracle: &mut BTreeMap<u64, Post>, step: Step) {
    let ids: Vec<u64> = oracle.keys().copied().collect();
    let post = match step {
        Step::Create { author } => world.create(text(author, "a")).await.unwrap(),
        Step::Reply { .. } | Step::Delete { .. } if ids.is_empty() => return,
        Step::Reply {
            author,
            to,
            visibility,
        } => {
            let to = *to.get(&ids);
            let parent = oracle.get_mut(&to).unwrap();
            if visibility.is_open() {
                parent.replies_count += 1;
            }
            let request = CreatePostRequest {
                visibility: visibility.into(),
                ..reply_to(author, to)
            };
            world.create(request).await.unwrap()
        }
        Step::Delete { which } => {
            let expected = oracle.remove(which.get(&ids)).unwrap();
            if let Some(parent) = oracle.get_mut(&expected.in_reply_to_id)
                && expected.visibility().is_open()
            {
                parent.replies_count -= 1;
            }
            let deleted = world.delete(expected.author_id, expected.id).await.unwrap();
            assert_eq!(deleted, expected);
            return;
        }
    };
    oracle.insert(post.id, post);
}

async fn check(world: &World, oracle: &BTreeMap<u64, Post>) {
    for post in oracle.values() {
        assert_eq!(world.get(post.id).await.as_ref(), Some(post));
    }
    let open = || oracle.values().filter(|post| post.visibility().is_open());
    for author in 1..=3 {
        let own = open().filter(|post| post.author_id == author);
        let last = own.clone().next_back().map_or(0, |post| post.created_at_us);
        let top_level = own.clone().filter(|post| post.in_reply_to().is_none());
        assert_eq!(
            world.author_stats(author).await,
            AuthorStats {
                author_id: author,
                posts: own.count() as u64,
                last_posted_at_us: last,
                top_level_posts: top_level.count() as u64,
            }
        );
    }
    assert_eq!(world.count().await, open().count() as u64);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn counts_follow_every_change_and_revisions_none_of_them(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new().await;
            let mut oracle = BTreeMap::new();
            for step in steps {
                world.clock.advance(std::time::Duration::from_secs(1));
                take(&world, &mut oracle, step).await;
                check(&world, &oracle).await;
            }
            world.restart().await;
            check(&world, &oracle).await;
        });
    }
}
