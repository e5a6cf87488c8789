//! Follows, unfollows and deletions show in the timeline.

use business_posts_gateway::Visibility;

use crate::bench::Bench;
use crate::world::NOTHING;

const ANN: u64 = 1;
const BEN: u64 = 2;
const CAT: u64 = 3;

#[tokio::test]
async fn a_follower_sees_what_is_published_before_and_after_the_follow() {
    let bench = Bench::new().await;
    assert_eq!(bench.home(BEN).await, NOTHING);
    let early = bench.publish(ANN).await;
    bench.publish(CAT).await;
    assert_eq!(bench.home(BEN).await, NOTHING, "nobody is followed yet");
    bench.follow(BEN, ANN).await;
    assert_eq!(bench.home(BEN).await, [early]);
    let late = bench.publish(ANN).await;
    assert_eq!(bench.home(BEN).await, [late, early]);
    assert_eq!(
        bench.home(ANN).await,
        [late, early],
        "one's own posts are there"
    );
}

#[tokio::test]
async fn a_follow_that_the_graph_does_not_know_yet_is_not_taken_for_its_end() {
    let bench = Bench::new().await;
    let early = bench.publish(ANN).await;
    assert_eq!(bench.home(BEN).await, NOTHING);
    let followed = bench.world.follow(BEN, ANN);
    // The graph responds as things stood a moment ago, then as they stand.
    bench.world.unfollow(BEN, ANN);
    bench.handle(&followed).await;
    bench.world.follow(BEN, ANN);
    assert_eq!(bench.home(BEN).await, [early]);
    let late = bench.publish(ANN).await;
    assert_eq!(bench.home(BEN).await, [late, early], "the fan-out reaches");
}

#[tokio::test]
async fn an_unfollow_that_the_graph_does_not_know_yet_shows_when_it_does() {
    let bench = Bench::new().await;
    bench.follow(BEN, ANN).await;
    let post = bench.publish(ANN).await;
    assert_eq!(bench.home(BEN).await, [post]);
    let unfollowed = bench.world.unfollow(BEN, ANN);
    bench.world.follow(BEN, ANN);
    bench.handle(&unfollowed).await;
    bench.world.unfollow(BEN, ANN);
    assert_eq!(bench.home(BEN).await, NOTHING);
}

#[tokio::test]
async fn unfollowing_takes_out_their_posts_and_only_theirs() {
    let bench = Bench::new().await;
    bench.follow(BEN, ANN).await;
    bench.follow(BEN, CAT).await;
    bench.home(BEN).await;
    bench.publish(ANN).await;
    let kept = bench.publish(CAT).await;
    bench.unfollow(BEN, ANN).await;
    assert_eq!(bench.home(BEN).await, [kept]);
    bench.publish(ANN).await;
    assert_eq!(bench.home(BEN).await, [kept]);
}

#[tokio::test]
async fn a_deleted_post_leaves_every_timeline_in_memory_and_in_the_database() {
    let mut bench = Bench::new().await;
    bench.follow(BEN, ANN).await;
    bench.follow(CAT, ANN).await;
    let kept = bench.publish(ANN).await;
    for reader in [ANN, BEN, CAT] {
        bench.home(reader).await;
    }
    let deleted = bench.publish(ANN).await;
    bench.delete(deleted).await;
    for reader in [ANN, BEN, CAT] {
        assert_eq!(bench.home(reader).await, [kept]);
    }
    bench.restart().await;
    for reader in [ANN, BEN, CAT] {
        assert_eq!(bench.home(reader).await, [kept]);
    }
}

#[tokio::test]
async fn a_direct_post_reaches_its_author_and_the_followers_it_mentions() {
    let bench = Bench::new().await;
    bench.follow(BEN, ANN).await;
    for reader in [ANN, BEN, CAT] {
        bench.home(reader).await;
    }
    let (post, event) = bench
        .world
        .publish_as(ANN, Visibility::Direct, &[BEN, CAT], None);
    bench.handle(&event).await;
    assert_eq!(bench.home(ANN).await, [post]);
    assert_eq!(bench.home(BEN).await, [post]);
    assert_eq!(
        bench.home(CAT).await,
        NOTHING,
        "Cat is mentioned, but does not follow Ann"
    );
}

#[tokio::test]
async fn a_reply_reaches_those_who_follow_both_and_leaves_with_either() {
    let mut bench = Bench::new().await;
    bench.follow(BEN, ANN).await;
    bench.home(BEN).await;
    let question = bench.publish(CAT).await;
    let (reply, event) = bench
        .world
        .publish_as(ANN, Visibility::Public, &[], Some(question));
    bench.handle(&event).await;
    let (again, event) = bench
        .world
        .publish_as(ANN, Visibility::Public, &[], Some(reply));
    bench.handle(&event).await;
    assert_eq!(
        bench.home(BEN).await,
        [again],
        "a reply to oneself is for all followers"
    );
    bench.follow(BEN, CAT).await;
    assert_eq!(bench.home(BEN).await, [again, reply, question]);
    bench.unfollow(BEN, CAT).await;
    assert_eq!(bench.home(BEN).await, [again]);
    bench.restart().await;
    assert_eq!(bench.home(BEN).await, [again]);
    assert_eq!(
        bench.home(ANN).await,
        [again, reply],
        "an author's own replies stay"
    );
    assert_eq!(
        bench.home(CAT).await,
        [question],
        "being answered is not following"
    );
}
