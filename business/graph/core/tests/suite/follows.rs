//! Following and ending it: what is stored, counted and published.

use std::collections::BTreeSet;

use business_graph::Settings;
use business_graph_gateway::{
    FollowRequest, Followed, GetRelationshipsRequest, GetStatsRequest, Unfollowed, topics,
};
use futures::future::join_all;
use infra_kernel::ErrorCode;
use proptest::prelude::*;
use prost::Message as _;

use crate::support::{ACCOUNTS, World, context, open};

#[tokio::test]
async fn a_follow_is_stored_counted_and_reported_once() {
    let world = World::new().await;
    assert!(world.follow(1, 2).await.unwrap());
    assert!(!world.follow(1, 2).await.unwrap());
    let there = world.relationship(1, 2).await;
    assert!(there.following && !there.followed_by && there.show_reblogs && !there.notify);
    let back = world.relationship(2, 1).await;
    assert!(!back.following && back.followed_by && !back.show_reblogs);
    assert_eq!(
        (world.stats(1).await, world.stats(2).await),
        ((0, 1), (1, 0))
    );

    world.unfollow(1, 2).await;
    world.unfollow(1, 2).await;
    assert!(!world.relationship(1, 2).await.following);
    assert_eq!(
        (world.stats(1).await, world.stats(2).await),
        ((0, 0), (0, 0))
    );

    let events = world.events().await;
    let told: Vec<_> = events.iter().map(|(topic, _)| topic.as_str()).collect();
    assert_eq!(told, [topics::FOLLOWED, topics::UNFOLLOWED]);
    let followed = Followed::decode(events[0].1.as_slice()).unwrap();
    let unfollowed = Unfollowed::decode(events[1].1.as_slice()).unwrap();
    assert_eq!(
        (followed.follower().get(), followed.followee().get()),
        (1, 2)
    );
    assert_eq!(followed.follow(), unfollowed.follow());
}

#[tokio::test]
async fn following_again_changes_only_the_options_that_are_given() {
    let world = World::new().await;
    let ask = |show_reblogs, notify| FollowRequest {
        follower_id: 1,
        followee_id: 2,
        show_reblogs,
        notify,
    };
    let first = world
        .graph
        .follow(&context(), ask(None, Some(true)))
        .await
        .unwrap();
    let again = world
        .graph
        .follow(&context(), ask(Some(false), None))
        .await
        .unwrap();
    assert!(first.created && !again.created);
    let (first, again) = (first.follow.unwrap(), again.follow.unwrap());
    assert_eq!(first.id, again.id);
    assert!(first.show_reblogs && first.notify && !again.show_reblogs && again.notify);
    let relationship = world.relationship(1, 2).await;
    assert!(!relationship.show_reblogs && relationship.notify);
    assert_eq!(world.events().await.len(), 1);
}

#[tokio::test]
async fn what_cannot_be_followed_is_refused_with_a_reason() {
    let world = World::new().await;
    let oneself = world.follow(1, 1).await.unwrap_err();
    assert_eq!(oneself.code(), ErrorCode::Invalid);
    for nobody in [0, ACCOUNTS + 1, u64::MAX] {
        let error = world.follow(1, nobody).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::NotFound, "{nobody}");
    }
    assert!(world.events().await.is_empty());
    assert_eq!(world.stats(1).await, (0, 0));
}

#[tokio::test]
async fn there_is_a_bound_on_whom_one_may_follow() {
    let following_max = 3;
    let world = World::with(Settings {
        following_max,
        ..Settings::default()
    })
    .await;
    let results = join_all((2..12).map(|followee| world.follow(1, followee))).await;
    let refused: Vec<_> = results.iter().filter_map(|it| it.as_ref().err()).collect();
    assert_eq!(refused.len(), 7);
    assert!(
        refused
            .iter()
            .all(|error| error.code() == ErrorCode::Invalid)
    );
    assert!(refused[0].public().contains("3 accounts"));
    assert_eq!(world.stats(1).await, (0, 3));
    assert_eq!(world.events().await.len(), 3);
    // What is followed already may be followed again, and there is room after one is unfollowed.
    let followed = (2..12).zip(&results).find(|(_, it)| it.is_ok()).unwrap().0;
    assert!(!world.follow(1, followed).await.unwrap());
    world.unfollow(1, followed).await;
    assert!(world.follow(1, 100).await.unwrap());
}

#[tokio::test]
async fn too_many_at_once_are_refused() {
    let world = World::new().await;
    let ids = |count: u64| (1..=count).collect::<Vec<_>>();
    let relationships = |target_ids| GetRelationshipsRequest {
        viewer_id: 1,
        target_ids,
        with_filters: false,
    };
    let stats = |account_ids| GetStatsRequest { account_ids };
    let graph = &world.graph;
    let answered = graph
        .get_relationships(&context(), relationships(ids(500)))
        .await
        .unwrap();
    assert_eq!(answered.relationships.len(), 500);
    let error = graph
        .get_relationships(&context(), relationships(ids(501)))
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), error.field()),
        (ErrorCode::Invalid, Some("target_ids"))
    );
    assert_eq!(
        graph
            .get_stats(&context(), stats(ids(500)))
            .await
            .unwrap()
            .stats
            .len(),
        500
    );
    let error = graph
        .get_stats(&context(), stats(ids(501)))
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), error.field()),
        (ErrorCode::Invalid, Some("account_ids"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn races_keep_the_counts_right() {
    let world = std::sync::Arc::new(World::new().await);
    let racers = (0..16_u64).map(|racer| {
        let world = world.clone();
        tokio::spawn(async move {
            for step in 0..40 {
                let (follower, followee) = (1 + (racer + step) % 3, 4 + step % 2);
                if (racer + step / 2) % 2 == 0 {
                    world.follow(follower, followee).await.unwrap();
                } else {
                    world.unfollow(follower, followee).await;
                }
            }
        })
    });
    for racer in join_all(racers).await {
        racer.unwrap();
    }
    let pairs: Vec<(i64, i64)> = infra_db::query("SELECT follower_id, followee_id FROM follows")
        .fetch_all(world.database.reader())
        .await
        .unwrap();
    for account in 1..=5 {
        let (followers, following) = world.stats(account).await;
        let count = |of: fn(&(i64, i64)) -> i64| {
            pairs
                .iter()
                .filter(|pair| of(pair) == account as i64)
                .count() as u64
        };
        assert_eq!((followers, following), (count(|it| it.1), count(|it| it.0)));
    }
    let mut told = 0_i64;
    for (topic, _) in world.events().await {
        told += if topic == topics::FOLLOWED { 1 } else { -1 };
    }
    assert_eq!(told, pairs.len() as i64);
}

const PEOPLE: u64 = 6;

async fn check(world: &World, follows: &BTreeSet<(u64, u64)>) {
    let everyone: Vec<u64> = (1..=PEOPLE).collect();
    for viewer_id in 1..=PEOPLE {
        let request = GetRelationshipsRequest {
            viewer_id,
            target_ids: everyone.clone(),
            with_filters: false,
        };
        let reply = world
            .graph
            .get_relationships(&context(), request)
            .await
            .unwrap();
        for relationship in reply.relationships {
            let target = relationship.target_id;
            assert_eq!(
                relationship.following,
                follows.contains(&(viewer_id, target))
            );
            assert_eq!(
                relationship.followed_by,
                follows.contains(&(target, viewer_id))
            );
        }
        let followers = follows.iter().filter(|pair| pair.1 == viewer_id).count() as u64;
        let following = follows.iter().filter(|pair| pair.0 == viewer_id).count() as u64;
        assert_eq!(world.stats(viewer_id).await, (followers, following));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn the_graph_is_a_set_of_pairs(
        steps in proptest::collection::vec((any::<bool>(), 1..=PEOPLE, 1..=PEOPLE), 1..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new().await;
            let mut follows = BTreeSet::new();
            for (follow, follower, followee) in steps {
                if follow {
                    let created = world.follow(follower, followee).await;
                    assert_eq!(created.is_ok(), follower != followee);
                    if let Ok(created) = created {
                        assert_eq!(created, follows.insert((follower, followee)));
                    }
                } else {
                    world.unfollow(follower, followee).await;
                    follows.remove(&(follower, followee));
                }
                check(&world, &follows).await;
            }
            // And memory said nothing that the disk does not.
            world.database.close().await;
            (world.database, world.graph) = open(world.folder.path(), Settings::default()).await;
            check(&world, &follows).await;
        });
    }
}
