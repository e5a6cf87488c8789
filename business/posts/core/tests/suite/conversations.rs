//! Conversations: long, wide, branched and broken ones.

use std::collections::BTreeMap;

use business_posts_gateway::{GetConversationReply, GetConversationRequest, PostHead};
use futures::future::join_all;
use infra_kernel::ErrorCode;
use proptest::prelude::*;

use crate::support::{World, context, reply_to, text};

async fn conversation(world: &World, post_id: u64, most: u32) -> GetConversationReply {
    let request = GetConversationRequest {
        post_id,
        ancestors_max: most,
        descendants_max: most,
    };
    world
        .posts
        .get_conversation(&context(), request)
        .await
        .unwrap()
}

fn ids(heads: &[PostHead]) -> Vec<u64> {
    heads.iter().map(|head| head.id).collect()
}

/// A chain as long as this, by statements: a reply at a time would wait for as many commits.
async fn insert_chain(world: &World, length: i64) {
    world
        .database
        .write::<_, infra_db::DbError, _>(move |connection| {
            Box::pin(async move {
                infra_db::query(
                    "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < $1) \
                     INSERT INTO posts (id, author_id, revision, visibility, text, sensitive, spoiler_text, language, media_ids, \
                     has_media, in_reply_to_id, in_reply_to_author_id, replies_count, application_id, created_at) \
                     SELECT n, 1, 1, 1, 'a', FALSE, '', '', '[]', FALSE, NULLIF(n - 1, 0), 1, 1, 0, 0 FROM numbers",
                )
                .bind(length)
                .execute(connection)
                .await?;
                Ok(())
            })
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn a_deep_conversation_is_cut_at_its_bounds() {
    let world = World::new().await;
    insert_chain(&world, 3_000).await;
    let around = conversation(&world, 2_000, u32::MAX).await;
    assert_eq!(ids(&around.ancestors), (1_900..2_000).collect::<Vec<_>>());
    assert_eq!(
        ids(&around.descendants),
        (2_001..=2_500).collect::<Vec<_>>()
    );
    let around = conversation(&world, 2_000, 3).await;
    assert_eq!(ids(&around.ancestors), [1_997, 1_998, 1_999]);
    assert_eq!(ids(&around.descendants), [2_001, 2_002, 2_003]);
    let around = conversation(&world, 2_000, 0).await;
    assert!(around.ancestors.is_empty() && around.descendants.is_empty());
}

#[tokio::test]
async fn a_circle_in_a_damaged_file_is_walked_once() {
    let world = World::new().await;
    insert_chain(&world, 5).await;
    world
        .database
        .write::<_, infra_db::DbError, _>(|connection| {
            Box::pin(async move {
                infra_db::query("UPDATE posts SET in_reply_to_id = 5 WHERE id = 1")
                    .execute(connection)
                    .await?;
                Ok(())
            })
        })
        .await
        .unwrap();
    let around = conversation(&world, 3, 100).await;
    assert_eq!(ids(&around.ancestors), [4, 5, 1, 2]);
    assert_eq!(ids(&around.descendants), [4, 5, 1, 2]);
}

#[tokio::test]
async fn a_wide_conversation_gives_the_oldest_answers() {
    let world = World::new().await;
    let root = world.create(text(1, "root")).await.unwrap();
    let replies = join_all((0..700).map(|_| world.create(reply_to(2, root.id)))).await;
    let mut replies: Vec<u64> = replies.into_iter().map(|post| post.unwrap().id).collect();
    replies.sort_unstable();
    let around = conversation(&world, root.id, u32::MAX).await;
    assert_eq!(ids(&around.descendants), replies[..500]);
    assert_eq!(world.get(root.id).await.unwrap().replies_count, 700);
}

#[tokio::test]
async fn there_is_no_conversation_round_what_is_not_there() {
    let world = World::new().await;
    let request = GetConversationRequest {
        post_id: 5,
        ancestors_max: 1,
        descendants_max: 1,
    };
    let error = world
        .posts
        .get_conversation(&context(), request)
        .await
        .unwrap_err();
    assert_eq!(error.code(), ErrorCode::NotFound);
}

fn walk(children: &BTreeMap<u64, Vec<u64>>, post: u64, walked: &mut Vec<u64>) {
    for child in children.get(&post).into_iter().flatten() {
        walked.push(*child);
        walk(children, *child, walked);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]

    #[test]
    fn any_tree_is_walked_depth_first(
        parents in proptest::collection::vec(any::<prop::sample::Index>(), 1..40),
        deleted in proptest::collection::vec(any::<prop::sample::Index>(), 0..4),
        most in 1_u32..50,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let world = World::new().await;
            let mut posts = vec![world.create(text(1, "root")).await.unwrap()];
            for parent in parents {
                let parent = parent.get(&posts).id;
                posts.push(world.create(reply_to(1, parent)).await.unwrap());
            }
            for which in deleted {
                if posts.len() > 1 {
                    let gone = posts.remove(1 + which.index(posts.len() - 1));
                    world.delete(1, gone.id).await.unwrap();
                }
            }
            let there: BTreeMap<u64, u64> = posts.iter().map(|it| (it.id, it.in_reply_to_id)).collect();
            let mut children: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
            for (id, parent) in &there {
                children.entry(*parent).or_default().push(*id);
            }
            for post in &posts {
                let mut below = Vec::new();
                walk(&children, post.id, &mut below);
                below.truncate(most as usize);
                let mut above = Vec::new();
                let mut next = post.in_reply_to_id;
                while let Some(parent) = there.get(&next)
                    && above.len() < most as usize
                {
                    above.insert(0, next);
                    next = *parent;
                }
                let around = conversation(&world, post.id, most).await;
                assert_eq!(ids(&around.descendants), below);
                assert_eq!(ids(&around.ancestors), above);
            }
        });
    }
}
